/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/send_chunk.c: how large chunks are, whoever the content comes
 * from, and what becomes of them when one is refused.  How it is cut is read
 * from what the client sends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "wired.h"

#define LONG	 250000
#define ENVELOPE "MAIL FROM:<alice@a.test>\r\nRCPT TO:<bob@b.test>\r\n"

/* What has been announced, as far as it has come. */
#define CHUNKS_MAX 2000

static struct {
	size_t sizes[CHUNKS_MAX];
	size_t count;
	bool is_last;
	size_t lacking; /* of the octets of the last of them */
	struct octets content;
} chunks;

/* What a reader gives, a piece at a time. */
static struct {
	const char *data;
	size_t len, first, piece, at;
} given;

static char *text; /* of LONG octets, in lines that end in LF */

static void
set_up(void)
{
	size_t i;

	wired_set_up();
	ck_assert_int_eq(smtpc_session_set_chunking(session, 1), SMTPC_OK);
	text = malloc(LONG);
	ck_assert_ptr_nonnull(text);
	for (i = 0; i < LONG; i++)
		text[i] = i % 601 == 600 ? '\n'
					 : (char)('a' + (i * 7 + i / 900) % 26);
	memset(&chunks, 0, sizeof(chunks));
}

static void
tear_down(void)
{
	octets_clear(&chunks.content);
	wired_tear_down();
	free(text);
}

static int
read_given(void *buffer, size_t size, size_t *ret_len, void *userdata)
{
	size_t len = given.len - given.at;
	size_t piece = given.at == 0 ? given.first : given.piece;

	(void)userdata;
	if (len > piece)
		len = piece;
	if (len > size)
		len = size;
	memcpy(buffer, given.data + given.at, len);
	given.at += len;
	*ret_len = len;
	return SMTPC_OK;
}

static void
set_reader(const char *data, size_t len, size_t piece)
{
	given.data = data;
	given.len = len;
	given.first = given.piece = piece;
	given.at = 0;
	ck_assert_int_eq(smtpc_transaction_set_content_reader(mail, read_given,
							      -1, NULL),
			 SMTPC_OK);
}

/* Up to where the recipient is taken, and the content begins. */
static void
begin_content(void)
{
	wired_make_ready("PIPELINING\r\nCHUNKING");
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	wired_heard(ENVELOPE);
	ck_assert_int_eq(wired_process("250 ok\r\n250 ok\r\n"), SMTPC_AGAIN);
}

/* False: the line is not all there. */
static bool
hear_announcement(void)
{
	struct octets *out = &wired_wire.out;
	char line[40] = "";
	char *rest;
	const char *lf = memchr(out->data, '\n', out->len);
	size_t len;

	if (lf == NULL)
		return false;
	len = (size_t)(lf - out->data) + 1;
	ck_assert_uint_lt(len, sizeof(line));
	memcpy(line, out->data, len);
	ck_assert_msg(strncmp(line, "BDAT ", 5) == 0 && !chunks.is_last &&
			  chunks.count < CHUNKS_MAX,
		      "no chunk begins with %s", line);
	chunks.lacking = strtoul(line + 5, &rest, 10);
	chunks.sizes[chunks.count++] = chunks.lacking;
	chunks.is_last = strcmp(rest, " LAST\r\n") == 0;
	ck_assert(chunks.is_last || strcmp(rest, "\r\n") == 0);
	octets_consume(out, len);
	return true;
}

/* Takes in what the client has sent by now. */
static void
hear_chunks(void)
{
	struct octets *out = &wired_wire.out;
	size_t len;

	while (out->len > 0) {
		if (chunks.lacking == 0 && !hear_announcement())
			return;
		len = out->len < chunks.lacking ? out->len : chunks.lacking;
		octets_append(&chunks.content, out->data, len);
		octets_consume(out, len);
		chunks.lacking -= len;
	}
}

/* All that was given is there, with CRLF in place of each line end. */
static void
is_content(const char *data, size_t len)
{
	char *should = malloc(2 * len + 2);
	size_t at = 0;
	size_t i;

	ck_assert_ptr_nonnull(should);
	for (i = 0; i < len; i++) {
		if (data[i] != '\r' && data[i] != '\n') {
			should[at++] = data[i];
			continue;
		}
		should[at++] = '\r';
		should[at++] = '\n';
	}
	if (len > 0 && should[at - 1] != '\n') {
		should[at++] = '\r';
		should[at++] = '\n';
	}
	ck_assert(chunks.is_last && chunks.lacking == 0);
	ck_assert_uint_eq(chunks.content.len, at);
	ck_assert_msg(memcmp(chunks.content.data, should, at) == 0,
		      "the content is not what was given");
	free(should);
}

/* The server takes every chunk. */
static void
is_accepted(void)
{
	size_t i;

	for (i = 0; i < chunks.count; i++)
		wired_say("250 ok\r\n");
	ck_assert_int_eq(smtpc_process(session), SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_ACCEPTED);
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_READY);
}

/* None without octets but a last one, and none that is small. */
static void
are_large(void)
{
	size_t i;

	ck_assert_uint_ge(chunks.count, 2);
	for (i = 0; i < chunks.count; i++) {
		ck_assert_uint_le(chunks.sizes[i], 131072);
		if (i + 1 < chunks.count)
			ck_assert_uint_ge(chunks.sizes[i], 32768);
	}
}

/* As often as anything comes of it. */
static void
process_all(void)
{
	size_t before;

	do {
		before = chunks.content.len + chunks.count;
		ck_assert_int_eq(smtpc_process(session), SMTPC_AGAIN);
		hear_chunks();
	} while (chunks.content.len + chunks.count > before);
}

/*
 * How large they are.
 */

START_TEST(a_reader_of_small_pieces_makes_no_small_chunks)
{
	static const size_t pieces[] = { 1, 300, 1000, 65536 };

	set_reader(text, LONG, pieces[_i]);
	begin_content();
	process_all();
	is_content(text, LONG);
	are_large();
	is_accepted();
}
END_TEST

/* Whatever can be taken, with a turn for the session after each. */
static void
push(const char *data, size_t len, size_t piece)
{
	size_t at = 0;
	size_t idle = 0;
	size_t taken;
	int rc;

	while (at < len) {
		if (piece > len - at)
			piece = len - at;
		rc = smtpc_transaction_write(mail, data + at, piece, &taken);
		ck_assert(rc == SMTPC_OK || rc == SMTPC_FULL);
		if (rc == SMTPC_OK)
			at += taken;
		idle = rc == SMTPC_OK ? 0 : idle + 1;
		ck_assert_uint_lt(idle, 1000);
		ck_assert_int_ge(smtpc_process(session), SMTPC_OK);
		hear_chunks();
	}
}

static void
set_push(void)
{
	ck_assert_int_eq(smtpc_transaction_set_content_push(mail, -1),
			 SMTPC_OK);
}

START_TEST(content_that_is_pushed_in_small_pieces_makes_no_small_chunks)
{
	static const size_t pieces[] = { 1, 300, 1000, 65536 };

	set_push();
	begin_content();
	push(text, 65000, pieces[_i]);
	/* There is no telling yet how much it will be. */
	ck_assert_uint_eq(chunks.count, 0);
	push(text + 65000, LONG - 65000, pieces[_i]);
	ck_assert_int_eq(smtpc_transaction_end_content(mail), SMTPC_OK);
	process_all();
	is_content(text, LONG);
	are_large();
	is_accepted();
}
END_TEST

/* A CR may have nothing to send before it is known what follows. */
START_TEST(Q_092_no_chunk_but_a_last_one_is_empty)
{
	static const size_t lengths[] = { 1, 255, 256, 257, 300, 512, 70000 };
	size_t len = 1 + lengths[_i / 2];
	size_t i;

	text[0] = '\r';
	if (_i % 2 == 0) {
		set_push();
		begin_content();
		push(text, 1, 1);
		push(text + 1, len - 1, len - 1);
		ck_assert_int_eq(smtpc_transaction_end_content(mail), SMTPC_OK);
	} else {
		set_reader(text, len, len);
		given.first = 1;
		begin_content();
	}
	process_all();
	is_content(text, len);
	for (i = 0; i + 1 < chunks.count; i++)
		ck_assert_uint_gt(chunks.sizes[i], 0);
	is_accepted();
}
END_TEST

/*
 * What is pushed while one is on its way.
 */

START_TEST(what_is_pushed_in_the_midst_of_a_chunk_comes_behind_it)
{
	static const size_t first[] = { 60100, 65000, 65536, 30000 };
	static const size_t more[] = { 4000, 300, 1 };
	size_t begun = first[_i / 3];
	size_t end = begun + 40 * more[_i % 3];

	set_push();
	wired_make_ready("PIPELINING\r\nCHUNKING");
	push(text, begun, begun);
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	wired_heard(ENVELOPE);
	/* The server reads slowly. */
	memory_stream_limit(&wired_wire, 4096);
	ck_assert_int_eq(wired_process("250 ok\r\n250 ok\r\n"), SMTPC_AGAIN);
	push(text + begun, end - begun, more[_i % 3]);
	ck_assert_int_eq(smtpc_transaction_end_content(mail), SMTPC_OK);
	process_all();
	is_content(text, end);
	is_accepted();
}
END_TEST

/*
 * What is refused.
 */

static void
nobody_has_it(int result, int outcome)
{
	ck_assert_int_eq(smtpc_transaction_result(mail), result);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0), outcome);
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(mail, 0), 1);
}

/* However much the server would read now, nothing comes any more. */
static void
is_cut_off(void)
{
	size_t heard = wired_wire.out.len;

	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_DEAD);
	memory_stream_limit(&wired_wire, SIZE_MAX);
	ck_assert_int_le(smtpc_process(session), SMTPC_OK);
	ck_assert_uint_eq(wired_wire.out.len, heard);
}

START_TEST(A_122_a_refused_chunk_stops_the_one_that_is_on_its_way)
{
	set_reader(text, LONG, LONG);
	wired_make_ready("PIPELINING\r\nCHUNKING");
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	wired_heard(ENVELOPE);
	memory_stream_limit(&wired_wire, 4096);
	ck_assert_int_eq(wired_process("250 ok\r\n250 ok\r\n"), SMTPC_AGAIN);
	while (chunks.count < 2 || chunks.lacking == 0) {
		ck_assert_int_eq(smtpc_process(session), SMTPC_AGAIN);
		hear_chunks();
	}
	memory_stream_limit(&wired_wire, SIZE_MAX);
	wired_wire.is_stuck = true;
	ck_assert_int_eq(wired_process("452 4.3.1 no room\r\n"),
			 SMTPC_E_TRANSIENT);
	nobody_has_it(SMTPC_E_TRANSIENT, SMTPC_OUTCOME_TRANSIENT);
	is_cut_off();
}
END_TEST

/* One of the two is not true, and nobody knows which. */
START_TEST(A_122_a_last_chunk_that_is_taken_behind_a_refused_one_is_a_doubt)
{
	size_t i;

	set_reader(text, LONG, LONG);
	begin_content();
	process_all();
	ck_assert(chunks.is_last && chunks.lacking == 0);
	wired_say(_i == 0 ? "452 4.3.1 no room\r\n" : "552 too big\r\n");
	for (i = 1; i + 1 < chunks.count; i++)
		wired_say("503 and now?\r\n");
	ck_assert_int_eq(wired_process("250 taken\r\n"), SMTPC_IN_DOUBT);
	ck_assert_int_eq(smtpc_transaction_result(mail), SMTPC_IN_DOUBT);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_IN_DOUBT);
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(mail, 0), 0);
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_DEAD);
}
END_TEST

/* Its memory is the caller's again: it may hold anything. */
START_TEST(A_109_memory_of_a_refused_chunk_is_not_sent_any_more)
{
	char *data = malloc(LONG);

	ck_assert_ptr_nonnull(data);
	memset(data, 'a', LONG);
	ck_assert_int_eq(smtpc_session_set_pipelining(session,
						      SMTPC_PIPELINING_STREAM),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_chunk_threshold(session, LONG),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_content(mail, data, LONG),
			 SMTPC_OK);
	wired_make_ready("PIPELINING\r\nCHUNKING");
	memory_stream_limit(&wired_wire, 10000);
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	ck_assert_uint_eq(wired_wire.out.len, 10000);
	memory_stream_limit(&wired_wire, SIZE_MAX);
	wired_wire.is_stuck = true;
	ck_assert_int_eq(wired_process(
			     "250 ok\r\n550 not here\r\n554 for whom\r\n"),
			 SMTPC_E_PERMANENT);
	nobody_has_it(SMTPC_E_PERMANENT, SMTPC_OUTCOME_PERMANENT);
	smtpc_transaction_free(mail);
	mail = NULL;
	memset(data, '~', LONG);
	free(data);
	is_cut_off();
	ck_assert_ptr_null(
	    memchr(wired_wire.out.data, '~', wired_wire.out.len));
}
END_TEST

/* What ends the transaction is none of its octets. */
START_TEST(RSET_behind_a_refused_chunk_is_no_content)
{
	ck_assert_int_eq(smtpc_session_set_pipelining(session,
						      SMTPC_PIPELINING_OFF),
			 SMTPC_OK);
	set_reader(text, LONG, LONG);
	wired_make_ready("PIPELINING\r\nCHUNKING");
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("250 ok\r\n"), SMTPC_AGAIN);
	wired_heard(ENVELOPE);
	ck_assert_int_eq(wired_process("250 ok\r\n"), SMTPC_AGAIN);
	process_all();
	ck_assert_uint_eq(chunks.count, 1);
	ck_assert(!chunks.is_last && chunks.lacking == 0);
	ck_assert_int_eq(wired_process("552 too big\r\n"), SMTPC_AGAIN);
	wired_heard("RSET\r\n");
	ck_assert_int_eq(wired_process("250 reset\r\n"), SMTPC_E_PERMANENT);
	nobody_has_it(SMTPC_E_PERMANENT, SMTPC_OUTCOME_PERMANENT);
	ck_assert_int_eq(smtpc_transaction_octets_sent(mail),
			 (int64_t)chunks.sizes[0]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("send_chunk");
	TCase *tcase = suite_case(suite, "sizes");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase,
			    a_reader_of_small_pieces_makes_no_small_chunks, 0,
			    4);
	tcase_add_loop_test(
	    tcase, content_that_is_pushed_in_small_pieces_makes_no_small_chunks,
	    0, 4);
	tcase_add_loop_test(tcase, Q_092_no_chunk_but_a_last_one_is_empty, 0,
			    14);

	tcase = suite_case(suite, "push");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(
	    tcase, what_is_pushed_in_the_midst_of_a_chunk_comes_behind_it, 0,
	    12);

	tcase = suite_case(suite, "refusals");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase,
		       A_122_a_refused_chunk_stops_the_one_that_is_on_its_way);
	tcase_add_loop_test(
	    tcase,
	    A_122_a_last_chunk_that_is_taken_behind_a_refused_one_is_a_doubt, 0,
	    2);
	tcase_add_test(tcase,
		       A_109_memory_of_a_refused_chunk_is_not_sent_any_more);
	tcase_add_test(tcase, RSET_behind_a_refused_chunk_is_no_content);
	return suite_run(suite);
}

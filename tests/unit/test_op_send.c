/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/op_send.c where no dialogue will do: callbacks and calls that
 * get in the way, a clock that goes on while content moves, a caller who comes
 * late, memory that runs out inside the content, and what was sent before.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "wait.h"
#include "wired.h"

/*
 * Callbacks while smtpc_send() begins.
 */

enum meddling {
	MEDDLE_FREE_MAIL,
	MEDDLE_RESET,
	MEDDLE_SET_SENDER,
	MEDDLE_ADD_RECIPIENT,
	MEDDLE_SET_CONTENT,
	MEDDLE_SEND,
	MEDDLE_FREE_SESSION,
	MEDDLE_DISCONNECT,
	MEDDLE_KINDS
};

static unsigned int meddled;

static void
meddle(int kind, const char *text, size_t len, void *userdata)
{
	static char other[] = "Something else.\r\n";
	int rc = SMTPC_E_BUSY;

	(void)kind;
	(void)text;
	(void)len;
	meddled++;
	switch (*(const int *)userdata) {
	case MEDDLE_FREE_MAIL:
		smtpc_transaction_free(mail);
		break;
	case MEDDLE_RESET:
		rc = smtpc_transaction_reset(mail);
		break;
	case MEDDLE_SET_SENDER:
		rc = smtpc_transaction_set_sender(mail, "eve@e.test");
		break;
	case MEDDLE_ADD_RECIPIENT:
		rc = smtpc_transaction_add_recipient(mail, "eve@e.test", NULL);
		break;
	case MEDDLE_SET_CONTENT:
		rc = smtpc_transaction_set_content(mail, other, strlen(other));
		break;
	case MEDDLE_SEND:
		rc = smtpc_send(session, mail);
		break;
	case MEDDLE_FREE_SESSION:
		smtpc_session_free(session);
		break;
	default:
		rc = smtpc_disconnect(session);
		break;
	}
	ck_assert_int_eq(rc, SMTPC_E_BUSY);
}

/* A 421 that is there already is shown to the trace before anything else. */
START_TEST(a_callback_while_sending_begins_changes_nothing)
{
	wired_make_ready("PIPELINING");
	ck_assert_int_eq(smtpc_noop(session), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("250 ok\r\n421 closing\r\n"), SMTPC_OK);
	wired_heard("NOOP\r\n");
	ck_assert_int_eq(smtpc_session_set_trace(session, meddle, &_i),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_E_TRANSIENT);
	ck_assert_uint_eq(meddled, 1);
	wired_heard("");
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_DEAD);
	ck_assert_int_eq(smtpc_transaction_result(mail), SMTPC_E_TRANSIENT);
	ck_assert_uint_eq(smtpc_transaction_recipient_count(mail), 1);
	ck_assert_str_eq(mail->sender, "alice@a.test");
	ck_assert_uint_eq(mail->source.len, 8);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_NOT_ATTEMPTED);
	/* Now it may be changed. */
	ck_assert_int_eq(smtpc_transaction_set_sender(mail, ""), SMTPC_OK);
}
END_TEST

/* The same later, line by line, up to the verdict. */
START_TEST(a_callback_while_a_mail_is_sent_changes_nothing)
{
	wired_make_ready("PIPELINING");
	ck_assert_int_eq(smtpc_session_set_trace(session, meddle, &_i),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("250 ok\r\n250 ok\r\n354 go on\r\n"),
			 SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("250 taken\r\n"), SMTPC_OK);
	wired_heard("MAIL FROM:<alice@a.test>\r\nRCPT TO:<bob@b.test>\r\n"
		    "DATA\r\nHello.\r\n.\r\n");
	ck_assert_uint_ge(meddled, 7);
	ck_assert_int_eq(smtpc_session_set_trace(session, NULL, NULL),
			 SMTPC_OK);
}
END_TEST

/*
 * Calls beside the one that sends.
 */

static int
fail_to_wait(struct pollfd *items, nfds_t count, int timeout)
{
	(void)items;
	(void)count;
	(void)timeout;
	errno = EBADF;
	return -1;
}

static int
wait_and_fail(void)
{
	int (*real_wait)(struct pollfd *, nfds_t, int) = wait_source;
	int rc;

	wait_source = fail_to_wait;
	rc = smtpc_wait(session, 1000);
	wait_source = real_wait;
	return rc;
}

#define CALLS 12

/* Each fails: for its arguments, or because another step is in progress. */
static void
call_beside(int which)
{
	smtpc_transaction *ret;
	int rc = SMTPC_OK;

	switch (which) {
	case 0:
		rc = smtpc_connect(session, NULL, 0);
		break;
	case 1:
		rc = smtpc_connect_unix(session, NULL);
		break;
	case 2:
		rc = smtpc_open(session, NULL, 0);
		break;
	case 3:
		rc = smtpc_open_unix(session, NULL);
		break;
	case 4:
		rc = smtpc_attach(session, -1, "mx.example.test", 25);
		break;
	case 5:
		rc = smtpc_command(session, NULL, NULL);
		break;
	case 6:
		rc = smtpc_send(session, NULL);
		break;
	case 7:
		rc = smtpc_submit(session, NULL);
		break;
	case 8:
		rc = smtpc_noop(session);
		break;
	case 9:
		rc = smtpc_quit(session);
		break;
	case 10:
		rc = smtpc_collect(session, &ret);
		break;
	default:
		rc = wait_and_fail();
		break;
	}
	ck_assert_int_lt(rc, SMTPC_OK);
	/* Whoever finds it busy is told nothing more. */
	if (rc == SMTPC_E_BUSY)
		ck_assert_int_eq(smtpc_error_result(session), SMTPC_OK);
}

START_TEST(a_call_beside_is_not_why_a_mail_fails)
{
	wired_make_ready("PIPELINING");
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	call_beside(_i);
	memory_stream_end(&wired_wire);
	ck_assert_int_eq(smtpc_process(session), SMTPC_E_CLOSED);
	ck_assert_int_eq(smtpc_error_result(session), SMTPC_E_CLOSED);
	ck_assert_int_eq(smtpc_error_phase(session), SMTPC_PHASE_MAIL);
	ck_assert_int_eq(smtpc_error_errno(session), 0);
	ck_assert_int_eq(smtpc_transaction_result(mail), SMTPC_E_CLOSED);
	ck_assert_ptr_nonnull(strstr(smtpc_transaction_error_message(mail),
				     "closed the connection"));
}
END_TEST

START_TEST(a_call_beside_is_no_error_of_a_mail_that_is_sent)
{
	wired_make_ready("PIPELINING");
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("250 ok\r\n250 ok\r\n354 go on\r\n"),
			 SMTPC_AGAIN);
	call_beside(_i);
	ck_assert_int_eq(wired_process("250 taken\r\n"), SMTPC_OK);
	ck_assert_int_eq(smtpc_error_result(session), SMTPC_OK);
	ck_assert_str_eq(smtpc_error_message(session), "");
	ck_assert_int_eq(smtpc_transaction_result(mail), SMTPC_OK);
	ck_assert_str_eq(smtpc_transaction_error_message(mail), "");
	ck_assert_int_eq(smtpc_noop(session), SMTPC_AGAIN);
}
END_TEST

START_TEST(a_call_beside_is_not_why_a_mail_is_in_doubt)
{
	wired_make_ready("PIPELINING");
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("250 ok\r\n250 ok\r\n354 go on\r\n"),
			 SMTPC_AGAIN);
	call_beside(_i);
	memory_stream_end(&wired_wire);
	ck_assert_int_eq(smtpc_process(session), SMTPC_IN_DOUBT);
	ck_assert_int_eq(smtpc_error_result(session), SMTPC_IN_DOUBT);
	ck_assert_int_eq(smtpc_error_safe_to_retry(session), 0);
	ck_assert_ptr_nonnull(strstr(smtpc_transaction_error_message(mail),
				     "closed the connection"));
}
END_TEST

/* It is told all the same, until something else happens. */
START_TEST(a_call_beside_tells_why_it_fails)
{
	wired_make_ready("PIPELINING");
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	ck_assert_int_eq(wait_and_fail(), SMTPC_E_SYSTEM);
	ck_assert_int_eq(smtpc_error_result(session), SMTPC_E_SYSTEM);
	ck_assert_int_eq(smtpc_error_errno(session), EBADF);
	/* Who is refused for this reason changes nothing. */
	ck_assert_int_eq(smtpc_noop(session), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_error_errno(session), EBADF);
}
END_TEST

/*
 * What was sent before.
 */

/* All of it is with the server, and no verdict came. */
static void
leave_in_doubt(void)
{
	wired_make_ready("PIPELINING");
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("250 ok\r\n250 ok\r\n354 go on\r\n"),
			 SMTPC_AGAIN);
	memory_stream_end(&wired_wire);
	ck_assert_int_eq(smtpc_process(session), SMTPC_IN_DOUBT);
}

static void
is_still_in_doubt(void)
{
	ck_assert_int_eq(smtpc_transaction_result(mail), SMTPC_IN_DOUBT);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_IN_DOUBT);
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(mail, 0), 0);
	ck_assert_int_eq(smtpc_reply_code(
			     smtpc_transaction_recipient_reply(mail, 0)),
			 250);
	ck_assert_int_eq(smtpc_transaction_octets_sent(mail), 8);
	ck_assert_ptr_nonnull(
	    strstr(smtpc_transaction_error_message(mail), "no verdict"));
}

START_TEST(on_a_dead_session_a_doubt_stays_a_doubt)
{
	leave_in_doubt();
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_E_STATE);
	is_still_in_doubt();
	ck_assert_int_eq(smtpc_error_result(session), SMTPC_E_STATE);
}
END_TEST

START_TEST(where_TLS_is_required_a_doubt_stays_a_doubt)
{
	leave_in_doubt();
	wired_renew();
	ck_assert_int_eq(smtpc_session_set_tls_mode(session,
						    SMTPC_TLS_OPPORTUNISTIC),
			 SMTPC_OK);
	wired_make_ready("STARTTLS");
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_E_TLS_REQUIRED);
	wired_heard("");
	is_still_in_doubt();
}
END_TEST

START_TEST(an_incomplete_mail_leaves_a_doubt_a_doubt)
{
	leave_in_doubt();
	wired_renew();
	wired_make_ready("PIPELINING");
	source_clear(&mail->source);
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_E_INVALID);
	ck_assert_str_eq(smtpc_error_detail(session), "incomplete");
	wired_heard("");
	is_still_in_doubt();
}
END_TEST

START_TEST(a_parameter_that_is_not_offered_leaves_a_doubt_a_doubt)
{
	leave_in_doubt();
	wired_renew();
	wired_make_ready("PIPELINING");
	mail->parameters = strdup(" RET=HDRS");
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_E_NOEXTENSION);
	wired_heard("");
	is_still_in_doubt();
}
END_TEST

/*
 * Sent before, and submitted again behind another, whose turn never ends.
 */

static smtpc_transaction *other;

static void
make_other(void)
{
	ck_assert_int_eq(smtpc_transaction_new(&other), SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_sender(other, "alice@a.test"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_add_recipient(other, "zoe@z.test",
							 NULL),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_content(other, "two", 3),
			 SMTPC_OK);
}

enum earlier {
	EARLIER_OK,
	EARLIER_PARTIAL,
	EARLIER_IN_DOUBT
};

static int
send_before(enum earlier earlier)
{
	if (earlier == EARLIER_IN_DOUBT) {
		leave_in_doubt();
		wired_renew();
		wired_make_ready("PIPELINING");
		return SMTPC_IN_DOUBT;
	}
	if (earlier == EARLIER_PARTIAL)
		ck_assert_int_eq(smtpc_transaction_add_recipient(mail,
								 "carol@c.test",
								 NULL),
				 SMTPC_OK);
	wired_make_ready("PIPELINING");
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	wired_say("250 ok\r\n250 ok\r\n");
	if (earlier == EARLIER_PARTIAL)
		wired_say("550 not here\r\n");
	ck_assert_int_eq(wired_process("354 go on\r\n"), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("250 taken\r\n"),
			 earlier == EARLIER_OK ? SMTPC_OK : SMTPC_PARTIAL);
	return earlier == EARLIER_OK ? SMTPC_OK : SMTPC_PARTIAL;
}

static void
collect(smtpc_transaction *expected)
{
	smtpc_transaction *collected = NULL;

	ck_assert_int_eq(smtpc_collect(session, &collected), SMTPC_OK);
	ck_assert_ptr_eq(collected, expected);
}

/* The connection ends, this way or that; and all is handed back. */
static void
end_connection(int way)
{
	if (way == 0) {
		memory_stream_end(&wired_wire);
		ck_assert_int_eq(smtpc_process(session), SMTPC_OK);
	} else if (way == 1) {
		ck_assert_int_eq(smtpc_disconnect(session), SMTPC_OK);
	} else {
		smtpc_session_free(session);
		session = NULL;
		return;
	}
	collect(other);
	collect(mail);
}

/* _i: what came of it, and how the connection ends. */
START_TEST(what_some_may_have_is_not_forgotten_while_it_waits_again)
{
	int result = send_before((enum earlier)(_i / 3));
	int outcome = smtpc_transaction_recipient_outcome(mail, 0);
	int second;

	make_other();
	ck_assert_int_eq(smtpc_submit(session, other), SMTPC_OK);
	ck_assert_int_eq(smtpc_submit(session, mail), SMTPC_OK);
	ck_assert_int_eq(wired_process("250 ok\r\n"), SMTPC_AGAIN);
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(mail, 0), 0);
	end_connection(_i % 3);
	ck_assert_int_eq(smtpc_transaction_result(other),
			 _i % 3 == 0 ? SMTPC_E_CLOSED : SMTPC_E_CANCELLED);
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(other, 0),
			 1);
	ck_assert_int_eq(smtpc_transaction_result(mail), result);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0), outcome);
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(mail, 0), 0);
	if (_i / 3 == EARLIER_PARTIAL) {
		second = smtpc_transaction_recipient_outcome(mail, 1);
		ck_assert(second == SMTPC_OUTCOME_NOT_ATTEMPTED ||
			  second == SMTPC_OUTCOME_PERMANENT);
	}
	smtpc_transaction_free(other);
}
END_TEST

/* From MAIL on, it is the new time that counts. */
START_TEST(what_is_sent_again_has_a_new_fate)
{
	(void)send_before((enum earlier)_i);
	ck_assert_int_eq(smtpc_submit(session, mail), SMTPC_OK);
	ck_assert_int_eq(wired_process("550 not from you\r\n503 whom\r\n"),
			 SMTPC_AGAIN);
	if (_i == EARLIER_PARTIAL)
		ck_assert_int_eq(wired_process("503 whom\r\n"), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("503 what\r\n"), SMTPC_OK);
	collect(mail);
	ck_assert_int_eq(smtpc_transaction_result(mail), SMTPC_E_PERMANENT);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_NOT_ATTEMPTED);
	ck_assert_int_eq(smtpc_transaction_octets_sent(mail), 0);
}
END_TEST

/* Nobody has it: then the new reason counts. */
START_TEST(what_nobody_has_is_not_attempted_for_the_new_reason)
{
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_E_STATE);
	ck_assert_int_eq(smtpc_transaction_result(mail), SMTPC_E_STATE);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_NOT_ATTEMPTED);
	ck_assert_str_ne(smtpc_transaction_error_message(mail), "");
}
END_TEST

/*
 * Time.
 */

static unsigned int reads;

/* A second for each chunk; there is no end of it. */
static int
read_slowly(void *buffer, size_t size, size_t *ret_len, void *userdata)
{
	(void)userdata;
	ck_assert_uint_lt(reads++, 1000);
	wired_now += 1000;
	memset(buffer, 'x', size);
	*ret_len = size;
	return SMTPC_OK;
}

START_TEST(a_step_ends_in_time_though_content_moves)
{
	wired_make_ready("PIPELINING");
	ck_assert_int_eq(smtpc_session_set_operation_timeout(session, 20000),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_content_reader(mail, read_slowly,
							      -1, NULL),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("250 ok\r\n250 ok\r\n354 go on\r\n"),
			 SMTPC_E_TIMEOUT);
	ck_assert_uint_le(reads, 21);
	ck_assert_uint_gt(reads, 1);
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_DEAD);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_NOT_ATTEMPTED);
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(mail, 0), 1);
}
END_TEST

/* The server is in time; it is the caller who looks after hours. */
static int
process_late(const char *said)
{
	wired_say(said);
	wired_now += 3600 * 1000;
	return smtpc_process(session);
}

START_TEST(a_reply_that_is_read_late_counts)
{
	wired_make_ready(_i == 0 ? "PIPELINING" : "SIZE");
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	ck_assert_int_eq(process_late("250 ok\r\n"), SMTPC_AGAIN);
	ck_assert_int_eq(process_late("250 ok\r\n"), SMTPC_AGAIN);
	ck_assert_int_eq(process_late("354 go on\r\n"), SMTPC_AGAIN);
	ck_assert_int_eq(process_late("250 taken\r\n"), SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_result(mail), SMTPC_OK);
	ck_assert_int_eq(smtpc_noop(session), SMTPC_AGAIN);
	ck_assert_int_eq(process_late("250 ok\r\n"), SMTPC_OK);
}
END_TEST

/* Several that are there together, too, and what is sent upon them. */
START_TEST(replies_that_are_read_late_count)
{
	wired_make_ready("PIPELINING");
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	ck_assert_int_eq(process_late("250 ok\r\n250 ok\r\n354 go on\r\n"),
			 SMTPC_AGAIN);
	wired_heard("MAIL FROM:<alice@a.test>\r\nRCPT TO:<bob@b.test>\r\n"
		    "DATA\r\nHello.\r\n.\r\n");
	ck_assert_int_eq(process_late("250 taken\r\n"), SMTPC_OK);
}
END_TEST

/* A part of one does not. */
START_TEST(a_part_of_a_reply_that_is_read_late_does_not_count)
{
	wired_make_ready("PIPELINING");
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	ck_assert_int_eq(process_late(_i == 0 ? "250" : "250-ok\r\n"),
			 SMTPC_E_TIMEOUT);
}
END_TEST

/*
 * Memory.
 */

#define LINES 20000

/* Lines that have to be changed, with long ones between: 100,000 octets. */
static char *
make_content(size_t *ret_len)
{
	char *data = malloc(LINES * 5);
	size_t i;

	ck_assert_ptr_nonnull(data);
	for (i = 0; i < LINES; i++)
		memcpy(data + 5 * i, ".ab.\n", 5);
	memset(data + 50000, 'y', 2000);
	*ret_len = LINES * 5;
	return data;
}

static size_t whole; /* octets of a sending in which nothing fails */

/* One sending, with this allocation failing; false: none failed. */
static bool
send_without(unsigned int number, bool stays)
{
	static const char dot[] = "\r\n.\r\n";
	bool failed;
	int rc;

	wired_renew();
	wired_make_ready("PIPELINING");
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	wired_say("250 ok\r\n250 ok\r\n354 go on\r\n");
	/* The server reads little at a time, so that much is kept here. */
	memory_stream_limit(&wired_wire, 40000);
	if (stays)
		fault_from(number);
	else
		fault_at(number);
	do
		rc = smtpc_process(session);
	while (rc == SMTPC_AGAIN && channel_is_sending(&session->channel));
	failed = fault_end();
	if (!failed) {
		ck_assert_uint_eq(wired_wire.out.len, whole);
		ck_assert_int_eq(wired_process("250 taken\r\n"), SMTPC_OK);
	} else if (rc != SMTPC_AGAIN) {
		ck_assert_int_eq(rc, SMTPC_E_NOMEM);
		ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
				 SMTPC_OUTCOME_NOT_ATTEMPTED);
		ck_assert_ptr_null(memmem(wired_wire.out.data,
					  wired_wire.out.len, dot,
					  strlen(dot)));
	} else {
		/* What failed was not needed: then nothing is missing. */
		ck_assert_uint_eq(wired_wire.out.len, whole);
		ck_assert_int_eq(wired_process("250 taken\r\n"), SMTPC_OK);
	}
	ck_assert_int_eq(smtpc_disconnect(session), SMTPC_OK);
	return failed;
}

START_TEST(content_that_lacks_a_piece_never_gets_its_end)
{
	unsigned int i;
	size_t len;
	char *data = make_content(&len);

	ck_assert_int_eq(_i < 2 ? smtpc_transaction_set_content(mail, data, len)
				: smtpc_transaction_set_content_copy(mail, data,
								     len),
			 SMTPC_OK);
	/*
	 * MAIL, RCPT and DATA; a dot and a CR more for each line but for the
	 * 400 of the long one, whose end has no dot before it; the end.
	 */
	whole = 26 + 22 + 6 + len + 2 * (LINES - 400) - 1 + 3;
	for (i = 0; send_without(i, _i % 2 == 1); i++)
		ck_assert_uint_lt(i, 1000);
	/* Some there were. */
	ck_assert_uint_gt(i, 5);
	smtpc_transaction_free(mail);
	mail = NULL;
	free(data);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("op_send");
	TCase *tcase = suite_case(suite, "callbacks");

	tcase_add_checked_fixture(tcase, wired_set_up, wired_tear_down);
	tcase_add_loop_test(tcase,
			    a_callback_while_sending_begins_changes_nothing, 0,
			    MEDDLE_KINDS);
	tcase_add_loop_test(tcase,
			    a_callback_while_a_mail_is_sent_changes_nothing, 0,
			    MEDDLE_KINDS);

	tcase = suite_case(suite, "calls");
	tcase_add_checked_fixture(tcase, wired_set_up, wired_tear_down);
	tcase_add_loop_test(tcase, a_call_beside_is_not_why_a_mail_fails, 0,
			    CALLS);
	tcase_add_loop_test(tcase,
			    a_call_beside_is_no_error_of_a_mail_that_is_sent, 0,
			    CALLS);
	tcase_add_loop_test(tcase, a_call_beside_is_not_why_a_mail_is_in_doubt,
			    0, CALLS);
	tcase_add_test(tcase, a_call_beside_tells_why_it_fails);

	tcase = suite_case(suite, "before");
	tcase_add_checked_fixture(tcase, wired_set_up, wired_tear_down);
	tcase_add_test(tcase, on_a_dead_session_a_doubt_stays_a_doubt);
	tcase_add_test(tcase, where_TLS_is_required_a_doubt_stays_a_doubt);
	tcase_add_test(tcase, an_incomplete_mail_leaves_a_doubt_a_doubt);
	tcase_add_test(tcase,
		       a_parameter_that_is_not_offered_leaves_a_doubt_a_doubt);
	tcase_add_test(tcase,
		       what_nobody_has_is_not_attempted_for_the_new_reason);
	tcase_add_loop_test(
	    tcase, what_some_may_have_is_not_forgotten_while_it_waits_again, 0,
	    9);
	tcase_add_loop_test(tcase, what_is_sent_again_has_a_new_fate, 0, 3);

	tcase = suite_case(suite, "limits");
	tcase_add_checked_fixture(tcase, wired_set_up, wired_tear_down);
	tcase_add_test(tcase, a_step_ends_in_time_though_content_moves);
	tcase_add_loop_test(tcase, a_reply_that_is_read_late_counts, 0, 2);
	tcase_add_test(tcase, replies_that_are_read_late_count);
	tcase_add_loop_test(tcase,
			    a_part_of_a_reply_that_is_read_late_does_not_count,
			    0, 2);
	tcase_add_loop_test(tcase,
			    content_that_lacks_a_piece_never_gets_its_end, 0,
			    4);
	return suite_run(suite);
}

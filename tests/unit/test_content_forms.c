/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/send_check.c: what content may hold in which form, before it is
 * sent and in its midst; and content that is pushed.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"
#include "wired_mail.h"

#define RCPT_DATA "RCPT TO:<bob@b.test>\r\nDATA\r\n"

/* The connection was closed without the dot. */
static void
is_given_up(int result, const char *detail)
{
	ck_assert_int_eq(smtpc_transaction_result(mail), result);
	ck_assert_str_eq(smtpc_error_detail(session), detail);
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_DEAD);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_NOT_ATTEMPTED);
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(mail, 0), 1);
}

/* A file that nobody else knows, with this at its start. */
static int
file_with(const char *text, size_t len)
{
	char path[] = "/tmp/smtpc-check-XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	unlink(path);
	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/*
 * Forms of content.
 */

static const struct {
	const char *text;
	size_t len;
	const char *detail; /* in STRICT */
	const char *wire;   /* in TEXT */
} smuggled[] = {
	{ "a\n.\nb", 5, "content-bare-lf", "a\r\n..\r\nb\r\n.\r\n" },
	{ "a\n.\r\nb", 6, "content-bare-lf", "a\r\n..\r\nb\r\n.\r\n" },
	{ "a\r\n.\nb", 6, "content-bare-lf", "a\r\n..\r\nb\r\n.\r\n" },
	{ "a\r.\rb", 5, "content-bare-cr", "a\r\n..\r\nb\r\n.\r\n" },
	{ "a\r.\r\nb", 6, "content-bare-cr", "a\r\n..\r\nb\r\n.\r\n" },
	{ "a\r\n.\rb", 6, "content-bare-cr", "a\r\n..\r\nb\r\n.\r\n" },
	{ "a\r\r\n.\r\nb", 8, "content-bare-cr", "a\r\n\r\n..\r\nb\r\n.\r\n" },
	{ "a\n\n.\r\nb", 7, "content-bare-lf", "a\r\n\r\n..\r\nb\r\n.\r\n" },
	{ "a\r\n\n.\r\nb", 8, "content-bare-lf", "a\r\n\r\n..\r\nb\r\n.\r\n" },
	{ "a\r", 2, "content-bare-cr", "a\r\n.\r\n" },
};

START_TEST(B_062_Q_094_Q_095_smuggled_ends_are_refused_or_made_harmless)
{
	wired_make_ready("PIPELINING");
	set_content(smuggled[_i].text, smuggled[_i].len);
	set_form(SMTPC_CONTENT_STRICT);
	is_refused(SMTPC_E_INVALID, smuggled[_i].detail);
	set_form(SMTPC_CONTENT_TEXT);
	is_sent("MAIL FROM:<alice@a.test>\r\n" RCPT_DATA, smuggled[_i].wire);
}
END_TEST

/* The same of content that comes octet by octet, and only then is known. */
START_TEST(B_062_smuggled_ends_in_a_stream_end_the_connection)
{
	char text[16];

	memcpy(text, smuggled[_i].text, smuggled[_i].len);
	text[smuggled[_i].len] = '\0';
	wired_make_ready("PIPELINING");
	set_pieces(text, NULL, -1);
	set_form(SMTPC_CONTENT_STRICT);
	goes_on_as("MAIL FROM:<alice@a.test>\r\n" RCPT_DATA, SMTPC_E_CONTENT);
	is_given_up(SMTPC_E_CONTENT, smuggled[_i].detail);
	ck_assert(wired_wire.out.len < 3 ||
		  memcmp(wired_wire.out.data + wired_wire.out.len - 3, ".\r\n",
			 3) != 0);
}
END_TEST

START_TEST(B_064_line_ends_of_every_kind_become_CRLF)
{
	static const char *const texts[] = { "a\nb\n", "a\rb\r", "a\nb\r\n" };

	wired_make_ready("PIPELINING");
	set_text(texts[_i]);
	is_sent("MAIL FROM:<alice@a.test>\r\n" RCPT_DATA, "a\r\nb\r\n.\r\n");
}
END_TEST

START_TEST(B_065_B_060_the_last_line_gets_its_end_once)
{
	static const char *const texts[][2] = {
		{ "a", "a\r\n.\r\n" },
		{ "a\r", "a\r\n.\r\n" },
		{ "", ".\r\n" },
		{ ".", "..\r\n.\r\n" },
		{ ".\r\n", "..\r\n.\r\n" },
		{ "..\r\n", "...\r\n.\r\n" },
		{ ".x\r\n", "..x\r\n.\r\n" },
		{ "a\r\n.\r\nb", "a\r\n..\r\nb\r\n.\r\n" },
	};

	wired_make_ready("PIPELINING");
	set_text(texts[_i][0]);
	is_sent("MAIL FROM:<alice@a.test>\r\n" RCPT_DATA, texts[_i][1]);
}
END_TEST

START_TEST(B_066_a_CRLF_that_is_cut_is_one)
{
	wired_make_ready("PIPELINING");
	set_form(_i == 0 ? SMTPC_CONTENT_TEXT : SMTPC_CONTENT_STRICT);
	set_pieces("a\r", "\nb\r\n", -1);
	is_sent("MAIL FROM:<alice@a.test>\r\n" RCPT_DATA, "a\r\nb\r\n.\r\n");
}
END_TEST

/* A line of so many octets, and its CRLF. */
static char *
line_of(size_t len)
{
	char *text = malloc(len + 6);

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', len);
	memcpy(text + len, "\r\n.\r\n", 6);
	return text;
}

START_TEST(B_067_Q_096_lines_have_998_octets_or_are_sent_as_they_are)
{
	char *text = line_of(999);

	wired_make_ready("PIPELINING");
	set_form(SMTPC_CONTENT_STRICT);
	set_content(text, 1001);
	is_refused(SMTPC_E_INVALID, "content-long-line");
	set_form(SMTPC_CONTENT_TEXT);
	is_sent("MAIL FROM:<alice@a.test>\r\n" RCPT_DATA, text);
	free(text);
	text = line_of(998);
	set_form(SMTPC_CONTENT_STRICT);
	set_content(text, 1000);
	is_sent("MAIL FROM:<alice@a.test>\r\n" RCPT_DATA, text);
	free(text);
}
END_TEST

START_TEST(B_068_a_NUL_is_refused)
{
	wired_make_ready("PIPELINING\r\n8BITMIME");
	set_body(_i == 0 ? SMTPC_BODY_AUTO : SMTPC_BODY_8BITMIME);
	set_content("a\0b\r\n", 5);
	is_refused(SMTPC_E_INVALID, "content-nul");
	set_form(SMTPC_CONTENT_STRICT);
	is_refused(SMTPC_E_INVALID, "content-nul");
}
END_TEST

/* Longer than what is looked at before. */
static char *
long_text(size_t *ret_len)
{
	const size_t line = 64;
	char *text;
	size_t i;

	*ret_len = (1 << 20) + line;
	text = malloc(*ret_len);
	ck_assert_ptr_nonnull(text);
	for (i = 0; i < *ret_len; i++)
		text[i] = i % line == line - 2	 ? '\r'
			  : i % line == line - 1 ? '\n'
						 : 'x';
	return text;
}

START_TEST(long_memory_is_looked_at_as_it_is_sent)
{
	size_t len;
	char *text = long_text(&len);

	wired_make_ready("PIPELINING\r\n8BITMIME\r\nSIZE");
	text[len - 10] = '\0';
	ck_assert_int_eq(smtpc_transaction_set_content(mail, text, len),
			 SMTPC_OK);
	goes_on_as(
	    "MAIL FROM:<alice@a.test> BODY=8BITMIME SIZE=1048640\r\n" RCPT_DATA,
	    SMTPC_E_CONTENT);
	is_given_up(SMTPC_E_CONTENT, "content-nul");
	free(text);
}
END_TEST

/* Where that would be too late, all of it is. */
START_TEST(long_memory_is_looked_at_before_if_it_has_to_be)
{
	size_t len;
	char *text = long_text(&len);

	wired_make_ready(_i == 0 ? "PIPELINING" : "PIPELINING\r\n8BITMIME");
	text[len - 10] = '\xe4';
	if (_i == 1)
		text[len - 10] = '\r';
	if (_i == 1)
		set_form(SMTPC_CONTENT_STRICT);
	ck_assert_int_eq(smtpc_transaction_set_content(mail, text, len),
			 SMTPC_OK);
	is_refused(_i == 0 ? SMTPC_E_NOEXTENSION : SMTPC_E_INVALID,
		   _i == 0 ? "8bitmime" : "content-bare-cr");
	free(text);
}
END_TEST

START_TEST(a_file_is_looked_at_like_memory)
{
	int fd = file_with("p\xc3\xa4th\n", 6);

	wired_make_ready(_i == 0 ? "PIPELINING\r\nSIZE"
				 : "PIPELINING\r\n8BITMIME\r\nSIZE");
	ck_assert_int_eq(smtpc_transaction_set_content_fd(mail, fd), SMTPC_OK);
	if (_i == 0)
		is_refused(SMTPC_E_NOEXTENSION, "8bitmime");
	else
		is_sent("MAIL FROM:<alice@a.test> BODY=8BITMIME "
			"SIZE=7\r\n" RCPT_DATA,
			"p\xc3\xa4th\r\n.\r\n");
	close(fd);
}
END_TEST

/*
 * Content that is pushed.
 */

static void
push(const char *text, size_t len)
{
	size_t taken = 0;

	ck_assert_int_eq(smtpc_transaction_write(mail, text, len, &taken),
			 SMTPC_OK);
	ck_assert_uint_eq(taken, len);
}

static void
set_push(int64_t size)
{
	ck_assert_int_eq(smtpc_transaction_set_content_push(mail, size),
			 SMTPC_OK);
}

START_TEST(content_is_written_before_and_while_it_is_sent)
{
	wired_make_ready("PIPELINING");
	set_push(-1);
	push("one\n", 4);
	begins_as("MAIL FROM:<alice@a.test>\r\n" RCPT_DATA);
	wired_heard("one\r\n");
	push("two", 3);
	push("\n.\n", 3);
	ck_assert_int_eq(smtpc_process(session), SMTPC_AGAIN);
	wired_heard("two\r\n..\r\n");
	ck_assert_int_eq(smtpc_process(session), SMTPC_AGAIN);
	wired_heard("");
	ck_assert_int_eq(smtpc_transaction_end_content(mail), SMTPC_OK);
	ck_assert_int_eq(smtpc_process(session), SMTPC_AGAIN);
	wired_heard(".\r\n");
	ck_assert_int_eq(wired_process("250 taken\r\n"), SMTPC_OK);
	/* It is gone. */
	ck_assert_int_eq(smtpc_transaction_end_content(mail), SMTPC_E_STATE);
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_E_CONTENT);
	ck_assert_str_eq(smtpc_error_detail(session), "content-used-up");
}
END_TEST

START_TEST(a_full_buffer_takes_nothing_until_it_is_sent)
{
	static char text[70000];
	size_t taken = 99;

	memset(text, 'x', sizeof(text));
	wired_make_ready("PIPELINING");
	set_push(-1);
	ck_assert_int_eq(smtpc_transaction_write(mail, text, sizeof(text),
						 &taken),
			 SMTPC_OK);
	ck_assert_uint_eq(taken, 65536);
	taken = 99;
	ck_assert_int_eq(smtpc_transaction_write(mail, text, 1, &taken),
			 SMTPC_FULL);
	ck_assert_uint_eq(taken, 99);
	begins_as("MAIL FROM:<alice@a.test>\r\n" RCPT_DATA);
	ck_assert_uint_eq(wired_wire.out.len, 65536);
	octets_clear(&wired_wire.out);
	ck_assert_int_eq(smtpc_process(session), SMTPC_AGAIN);
	push("y\r\n", 3);
	ck_assert_int_eq(smtpc_transaction_end_content(mail), SMTPC_OK);
	ck_assert_int_eq(smtpc_process(session), SMTPC_AGAIN);
	wired_heard("y\r\n.\r\n");
	ck_assert_int_eq(wired_process("250 taken\r\n"), SMTPC_OK);
}
END_TEST

START_TEST(B_071_pushed_content_of_another_size_is_never_ended)
{
	size_t taken;

	wired_make_ready("PIPELINING\r\nSIZE");
	set_push(4);
	push("abc", 3);
	begins_as("MAIL FROM:<alice@a.test> SIZE=4\r\n" RCPT_DATA);
	wired_heard("abc");
	if (_i == 0)
		ck_assert_int_eq(smtpc_transaction_write(mail, "de", 2, &taken),
				 SMTPC_E_CONTENT);
	else
		ck_assert_int_eq(smtpc_transaction_end_content(mail),
				 SMTPC_E_CONTENT);
	ck_assert_int_eq(smtpc_process(session), SMTPC_E_CONTENT);
	wired_heard("");
	is_given_up(SMTPC_E_CONTENT, "content-size");
}
END_TEST

START_TEST(pushed_content_of_another_size_is_not_begun)
{
	size_t taken;

	wired_make_ready("PIPELINING");
	set_push(3);
	push("abc", 3);
	ck_assert_int_eq(smtpc_transaction_write(mail, "d", 1, &taken),
			 SMTPC_E_CONTENT);
	is_refused(SMTPC_E_CONTENT, "content-size");
	set_push(3);
	push("ab\n", 3);
	ck_assert_int_eq(smtpc_transaction_end_content(mail), SMTPC_OK);
	is_sent("MAIL FROM:<alice@a.test>\r\n" RCPT_DATA, "ab\r\n.\r\n");
}
END_TEST

/* Nothing of it was sent: it can be sent again. */
START_TEST(pushed_content_outlives_a_refusal_before_it)
{
	wired_make_ready("PIPELINING");
	set_push(-1);
	push("abc\r\n", 5);
	ck_assert_int_eq(smtpc_transaction_end_content(mail), SMTPC_OK);
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	wired_heard("MAIL FROM:<alice@a.test>\r\n" RCPT_DATA);
	ck_assert_int_eq(wired_process("250 ok\r\n450 later\r\n503 no\r\n"),
			 SMTPC_AGAIN);
	wired_heard("RSET\r\n");
	ck_assert_int_eq(wired_process("250 ok\r\n"), SMTPC_E_TRANSIENT);
	is_sent("MAIL FROM:<alice@a.test>\r\n" RCPT_DATA, "abc\r\n.\r\n");
}
END_TEST

START_TEST(in_a_blocking_session_content_is_pushed_whole)
{
	wired_make_ready("PIPELINING");
	set_push(-1);
	push("abc\r\n", 5);
	ck_assert_int_eq(smtpc_session_set_blocking(session, 1), SMTPC_OK);
	is_refused(SMTPC_E_CONTENT, "content-open");
	ck_assert_int_eq(smtpc_transaction_end_content(mail), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_blocking(session, 0), SMTPC_OK);
	is_sent("MAIL FROM:<alice@a.test>\r\n" RCPT_DATA, "abc\r\n.\r\n");
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(array[0])))

static void
add_content(Suite *suite)
{
	TCase *tcase = suite_case(suite, "content");

	tcase_add_checked_fixture(tcase, wired_set_up, wired_tear_down);
	tcase_add_loop_test(
	    tcase, B_062_Q_094_Q_095_smuggled_ends_are_refused_or_made_harmless,
	    0, COUNT(smuggled));
	tcase_add_loop_test(tcase,
			    B_062_smuggled_ends_in_a_stream_end_the_connection,
			    0, COUNT(smuggled));
	tcase_add_loop_test(tcase, B_064_line_ends_of_every_kind_become_CRLF, 0,
			    3);
	tcase_add_loop_test(tcase, B_065_B_060_the_last_line_gets_its_end_once,
			    0, 8);
	tcase_add_loop_test(tcase, B_066_a_CRLF_that_is_cut_is_one, 0, 2);
	tcase_add_test(
	    tcase, B_067_Q_096_lines_have_998_octets_or_are_sent_as_they_are);
	tcase_add_loop_test(tcase, B_068_a_NUL_is_refused, 0, 2);
	tcase_add_test(tcase, long_memory_is_looked_at_as_it_is_sent);
	tcase_add_loop_test(tcase,
			    long_memory_is_looked_at_before_if_it_has_to_be, 0,
			    2);
	tcase_add_loop_test(tcase, a_file_is_looked_at_like_memory, 0, 2);
}

int
main(void)
{
	Suite *suite = suite_create("content_forms");
	TCase *tcase;

	add_content(suite);
	tcase = suite_case(suite, "push");
	tcase_add_checked_fixture(tcase, wired_set_up, wired_tear_down);
	tcase_add_test(tcase, content_is_written_before_and_while_it_is_sent);
	tcase_add_test(tcase, a_full_buffer_takes_nothing_until_it_is_sent);
	tcase_add_loop_test(tcase,
			    B_071_pushed_content_of_another_size_is_never_ended,
			    0, 2);
	tcase_add_test(tcase, pushed_content_of_another_size_is_not_begun);
	tcase_add_test(tcase, pushed_content_outlives_a_refusal_before_it);
	tcase_add_test(tcase, in_a_blocking_session_content_is_pushed_whole);
	return suite_run(suite);
}

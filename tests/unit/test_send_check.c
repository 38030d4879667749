/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/send_check.c: what is refused before an octet is sent, what is
 * declared with MAIL, and what ends a transaction in the midst of its content.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "wired_mail.h"

#define RCPT_DATA "RCPT TO:<bob@b.test>\r\nDATA\r\n"

/*
 * SIZE.
 */

/* As it goes out with CRLF, before dots are doubled. */
static const struct {
	const char *text, *commands, *content;
} sizes[] = {
	{ "a\r\nb\r\n", "MAIL FROM:<alice@a.test> SIZE=6\r\n" RCPT_DATA,
	  "a\r\nb\r\n.\r\n" },
	{ "a\nb\n", "MAIL FROM:<alice@a.test> SIZE=6\r\n" RCPT_DATA,
	  "a\r\nb\r\n.\r\n" },
	{ "a\rb", "MAIL FROM:<alice@a.test> SIZE=6\r\n" RCPT_DATA,
	  "a\r\nb\r\n.\r\n" },
	{ ".\r\n..", "MAIL FROM:<alice@a.test> SIZE=7\r\n" RCPT_DATA,
	  "..\r\n...\r\n.\r\n" },
	{ "", "MAIL FROM:<alice@a.test> SIZE=0\r\n" RCPT_DATA, ".\r\n" },
};

START_TEST(size_is_that_of_lines_with_CRLF_before_dots_are_doubled)
{
	wired_make_ready("PIPELINING\r\nSIZE 1000");
	set_text(sizes[_i].text);
	is_sent(sizes[_i].commands, sizes[_i].content);
}
END_TEST

START_TEST(what_exceeds_the_limit_is_not_sent)
{
	wired_make_ready("PIPELINING\r\nSIZE 6");
	set_text("a\nb\nc");
	is_refused(SMTPC_E_LIMIT, "size");
	set_text("a\nbc\n");
	is_refused(SMTPC_E_LIMIT, "size");
	set_text("a\nb");
	is_sent("MAIL FROM:<alice@a.test> SIZE=6\r\n" RCPT_DATA,
		"a\r\nb\r\n.\r\n");
}
END_TEST

START_TEST(B_036_sizes_that_are_none_are_refused)
{
	wired_make_ready("PIPELINING\r\nSIZE 1000");
	ck_assert_int_eq(smtpc_transaction_set_content_reader(mail, read_pieces,
							      -2, NULL),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_set_content_reader(mail, read_pieces,
							      INT64_MAX, NULL),
			 SMTPC_OK);
	is_refused(SMTPC_E_LIMIT, "size");
	ck_assert_int_eq(smtpc_transaction_add_mail_parameter(
			     mail, "SIZE", "18446744073709551615"),
			 SMTPC_OK);
	is_refused(SMTPC_E_LIMIT, "size");
}
END_TEST

START_TEST(a_limit_of_0_is_none)
{
	wired_make_ready("PIPELINING\r\nSIZE 0");
	is_sent("MAIL FROM:<alice@a.test> SIZE=8\r\n" RCPT_DATA,
		"Hello.\r\n.\r\n");
}
END_TEST

START_TEST(a_size_is_declared_if_it_is_known)
{
	wired_make_ready("PIPELINING\r\nSIZE");
	set_pieces("a\r\n", NULL, -1);
	is_sent("MAIL FROM:<alice@a.test>\r\n" RCPT_DATA, "a\r\n.\r\n");
	set_pieces("a\r\n", NULL, 3);
	is_sent("MAIL FROM:<alice@a.test> SIZE=3\r\n" RCPT_DATA, "a\r\n.\r\n");
}
END_TEST

START_TEST(the_caller_s_own_size_goes_before)
{
	wired_make_ready("PIPELINING\r\nSIZE 1000");
	ck_assert_int_eq(smtpc_transaction_add_mail_parameter(mail, "SIZE",
							      "12"),
			 SMTPC_OK);
	is_sent("MAIL FROM:<alice@a.test> SIZE=12\r\n" RCPT_DATA,
		"Hello.\r\n.\r\n");
}
END_TEST

START_TEST(Q_072_nothing_is_declared_that_is_not_offered)
{
	wired_make_ready("PIPELINING");
	is_sent("MAIL FROM:<alice@a.test>\r\n" RCPT_DATA, "Hello.\r\n.\r\n");
}
END_TEST

/*
 * 8BITMIME and BINARYMIME.
 */

START_TEST(B_069_Q_097_8bit_content_is_declared_or_refused)
{
	wired_make_ready(_i == 0 ? "PIPELINING" : "PIPELINING\r\n8BITMIME");
	set_text("p\xc3\xa4th\r\n");
	if (_i == 0)
		is_refused(SMTPC_E_NOEXTENSION, "8bitmime");
	else
		is_sent("MAIL FROM:<alice@a.test> BODY=8BITMIME\r\n" RCPT_DATA,
			"p\xc3\xa4th\r\n.\r\n");
}
END_TEST

START_TEST(content_said_to_be_7bit_has_to_be)
{
	wired_make_ready("PIPELINING\r\n8BITMIME");
	set_body(SMTPC_BODY_7BIT);
	set_text("p\xc3\xa4th\r\n");
	is_refused(SMTPC_E_INVALID, "body-7bit");
	set_pieces("path\r\n", NULL, -1);
	is_sent("MAIL FROM:<alice@a.test>\r\n" RCPT_DATA, "path\r\n.\r\n");
	set_pieces("path\r\n", "p\xc3\xa4th\r\n", -1);
	goes_on_as("MAIL FROM:<alice@a.test>\r\n" RCPT_DATA, SMTPC_E_CONTENT);
	ck_assert_str_eq(smtpc_error_detail(session), "body-7bit");
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_DEAD);
	wired_heard("");
}
END_TEST

START_TEST(content_said_to_be_8bit_needs_the_extension)
{
	set_body(SMTPC_BODY_8BITMIME);
	wired_make_ready(_i == 0 ? "PIPELINING" : "PIPELINING\r\n8BITMIME");
	if (_i == 0)
		is_refused(SMTPC_E_NOEXTENSION, "8bitmime");
	else
		is_sent("MAIL FROM:<alice@a.test> BODY=8BITMIME\r\n" RCPT_DATA,
			"Hello.\r\n.\r\n");
}
END_TEST

START_TEST(binary_content_needs_BINARYMIME_and_CHUNKING)
{
	static const char *const offers[][2] = {
		{ "PIPELINING\r\nCHUNKING", "binarymime" },
		{ "PIPELINING\r\nBINARYMIME", "chunking" },
		{ "PIPELINING\r\nBINARYMIME\r\nCHUNKING", "body" },
	};

	wired_make_ready(offers[_i][0]);
	set_form(SMTPC_CONTENT_BINARY);
	if (_i == 2)
		set_body(SMTPC_BODY_8BITMIME);
	is_refused(_i == 2 ? SMTPC_E_INVALID : SMTPC_E_NOEXTENSION,
		   offers[_i][1]);
}
END_TEST

START_TEST(B_063_B_068_binary_content_goes_as_it_is)
{
	static const char text[] = "a\n.\n\0b\r\r\n.\r\nc\xff";
	struct content_encoder *encoder = &mail->turn.encoder;
	struct content_piece piece;

	wired_make_ready("PIPELINING\r\nBINARYMIME\r\nCHUNKING\r\nSIZE");
	set_form(SMTPC_CONTENT_BINARY);
	set_content(text, sizeof(text) - 1);
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	ck_assert(mail->needs_bdat);
	ck_assert_ptr_nonnull(
	    strstr(wired_wire.out.data,
		   "MAIL FROM:<alice@a.test> BODY=BINARYMIME SIZE=14\r\n"));
	content_begin(encoder, false);
	encoder->is_raw = true;
	ck_assert_uint_eq(content_next(encoder, text, sizeof(text) - 1, &piece),
			  sizeof(text) - 1);
	ck_assert_uint_eq(content_end(encoder).len, 0);
}
END_TEST

/*
 * SMTPUTF8.
 */

START_TEST(B_022_Q_098_a_local_part_beyond_ASCII_needs_SMTPUTF8)
{
	wired_make_ready(_i == 0 ? "PIPELINING"
				 : "PIPELINING\r\nSMTPUTF8\r\n8BITMIME");
	ck_assert_int_eq(
	    smtpc_transaction_set_sender(mail, "\xc3\xa4@b\xc3\xbc.test"),
	    SMTPC_OK);
	if (_i == 0) {
		is_refused(SMTPC_E_NOEXTENSION, "smtputf8");
		ck_assert_ptr_nonnull(
		    strstr(smtpc_error_message(session), "local-part"));
		return;
	}
	ck_assert_int_eq(smtpc_transaction_set_smtputf8(mail, 0), SMTPC_OK);
	is_refused(SMTPC_E_INVALID, "smtputf8");
	ck_assert_int_eq(smtpc_transaction_set_smtputf8(mail, -1), SMTPC_OK);
	is_sent("MAIL FROM:<\xc3\xa4@b\xc3\xbc.test> SMTPUTF8\r\n" RCPT_DATA,
		"Hello.\r\n.\r\n");
}
END_TEST

START_TEST(a_recipient_beyond_ASCII_goes_out_as_UTF_8)
{
	wired_make_ready("PIPELINING\r\nSMTPUTF8\r\n8BITMIME");
	ck_assert_int_eq(smtpc_transaction_add_recipient(mail,
							 "\xc3\xa4@c.test",
							 NULL),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	wired_heard("MAIL FROM:<alice@a.test> SMTPUTF8\r\n"
		    "RCPT TO:<bob@b.test>\r\nRCPT TO:<\xc3\xa4@c.test>\r\n"
		    "DATA\r\n");
}
END_TEST

START_TEST(a_domain_alone_does_not_need_SMTPUTF8)
{
	wired_make_ready("PIPELINING\r\nSMTPUTF8\r\n8BITMIME");
	ck_assert_int_eq(smtpc_transaction_set_sender(mail, "a@b\xc3\xbc.test"),
			 SMTPC_OK);
	if (_i == 0) {
		is_sent("MAIL FROM:<a@xn--b-eha.test>\r\n" RCPT_DATA,
			"Hello.\r\n.\r\n");
		return;
	}
	ck_assert_int_eq(smtpc_transaction_set_smtputf8(mail, 1), SMTPC_OK);
	is_sent("MAIL FROM:<a@b\xc3\xbc.test> SMTPUTF8\r\n" RCPT_DATA,
		"Hello.\r\n.\r\n");
}
END_TEST

START_TEST(Q_099_a_header_beyond_ASCII_needs_SMTPUTF8)
{
	static const char text[] = "Subject: p\xc3\xa4th\r\n\r\n";
	const int wish = _i % 3 - 1;

	wired_make_ready(_i < 3 ? "PIPELINING\r\n8BITMIME"
				: "PIPELINING\r\n8BITMIME\r\nSMTPUTF8");
	set_text(text);
	ck_assert_int_eq(smtpc_transaction_set_smtputf8(mail, wish), SMTPC_OK);
	if (wish != 0 && _i < 3)
		is_refused(SMTPC_E_NOEXTENSION, "smtputf8");
	else
		is_sent(
		    wish == 0
			? "MAIL FROM:<alice@a.test> BODY=8BITMIME\r\n" RCPT_DATA
			: "MAIL FROM:<alice@a.test> BODY=8BITMIME "
			  "SMTPUTF8\r\n" RCPT_DATA,
		    "Subject: p\xc3\xa4th\r\n\r\n.\r\n");
}
END_TEST

/*
 * Parameters and their extensions.
 */

static const struct {
	const char *keyword, *value, *detail, *offer;
} needs[] = {
	{ "RET", "HDRS", "dsn", "DSN" },
	{ "ENVID", "x", "dsn", "DSN" },
	{ "AUTH", "<>", "auth", "AUTH PLAIN" },
	{ "BY", "120;R", "deliverby", "DELIVERBY" },
	{ "HOLDFOR", "1", "futurerelease", "FUTURERELEASE" },
	{ "HOLDUNTIL", "2030-01-01T00:00:00Z", "futurerelease",
	  "FUTURERELEASE" },
	{ "MT-PRIORITY", "3", "mt-priority", "MT-PRIORITY" },
	{ "SIZE", "8", "size", "SIZE" },
};

START_TEST(Q_087_a_parameter_needs_its_extension)
{
	const bool is_disabled = _i % 2 != 0;
	char commands[200];
	char offers[100];

	_i /= 2;
	ck_assert_int_eq(smtpc_transaction_add_mail_parameter(mail,
							      needs[_i].keyword,
							      needs[_i].value),
			 SMTPC_OK);
	snprintf(offers, sizeof(offers), "PIPELINING\r\n%s", needs[_i].offer);
	wired_make_ready(offers);
	snprintf(commands, sizeof(commands),
		 "MAIL FROM:<alice@a.test> %s=%s\r\n" RCPT_DATA,
		 needs[_i].keyword, needs[_i].value);
	if (is_disabled) {
		ck_assert_int_eq(
		    smtpc_session_disable_extension(session, needs[_i].detail),
		    SMTPC_OK);
		is_refused(SMTPC_E_NOEXTENSION, needs[_i].detail);
	} else {
		is_sent(commands, "Hello.\r\n.\r\n");
	}
}
END_TEST

START_TEST(a_recipient_s_parameter_needs_its_extension)
{
	wired_make_ready("PIPELINING");
	ck_assert_int_eq(smtpc_transaction_add_recipient_parameter(
			     mail, 0, _i == 0 ? "NOTIFY" : "RRVS",
			     _i == 0 ? "NEVER" : "2014-04-03T23:01:00Z"),
			 SMTPC_OK);
	is_refused(SMTPC_E_NOEXTENSION, _i == 0 ? "dsn" : "rrvs");
}
END_TEST

START_TEST(REQUIRETLS_is_for_TLS_whatever_is_offered)
{
	wired_make_ready("PIPELINING\r\nREQUIRETLS");
	ck_assert_int_eq(smtpc_transaction_add_mail_parameter(mail,
							      "REQUIRETLS",
							      NULL),
			 SMTPC_OK);
	is_refused(SMTPC_E_TLS_REQUIRED, "requiretls");
	/* As if there were TLS. */
	session->tls_is_up = true;
	is_sent("MAIL FROM:<alice@a.test> REQUIRETLS\r\n" RCPT_DATA,
		"Hello.\r\n.\r\n");
	session->tls_is_up = false;
}
END_TEST

static const struct {
	const char *offer, *keyword, *value;
	bool is_good;
} limits[] = {
	{ "DELIVERBY 240", "BY", "239;R", false },
	{ "DELIVERBY 240", "BY", "240;R", true },
	{ "DELIVERBY 240", "BY", "10;N", true },
	{ "DELIVERBY", "BY", "1;R", true },
	{ "FUTURERELEASE 100 2030-01-01T00:00:00Z", "HOLDFOR", "101", false },
	{ "FUTURERELEASE 100 2030-01-01T00:00:00Z", "HOLDFOR", "100", true },
	{ "FUTURERELEASE 100 2030-01-01T00:00:00Z", "HOLDUNTIL",
	  "2030-01-01T00:00:01Z", false },
	{ "FUTURERELEASE 100 2030-01-01T00:00:00Z", "HOLDUNTIL",
	  "2030-01-01T01:00:00+01:00", true },
	{ "FUTURERELEASE 100 2030-01-01T00:00:00Z", "HOLDUNTIL",
	  "2029-12-31T23:30:00-01:00", false },
	{ "FUTURERELEASE", "HOLDFOR", "999999999", true },
};

START_TEST(what_exceeds_an_announced_limit_is_not_sent)
{
	char commands[200];
	char offers[100];

	snprintf(offers, sizeof(offers), "PIPELINING\r\n%s", limits[_i].offer);
	wired_make_ready(offers);
	ck_assert_int_eq(smtpc_transaction_add_mail_parameter(
			     mail, limits[_i].keyword, limits[_i].value),
			 SMTPC_OK);
	snprintf(commands, sizeof(commands),
		 "MAIL FROM:<alice@a.test> %s=%s\r\n" RCPT_DATA,
		 limits[_i].keyword, limits[_i].value);
	if (limits[_i].is_good)
		is_sent(commands, "Hello.\r\n.\r\n");
	else
		is_refused(SMTPC_E_LIMIT, limits[_i].offer[0] == 'D'
					      ? "deliverby"
					      : "futurerelease");
}
END_TEST

/* The line with a parameter of the caller's that makes it so long. */
static void
try_line(size_t len, bool is_good)
{
	static const char start[] = "MAIL FROM:<alice@a.test> X=";
	size_t rest = len - strlen(start) - 2;
	char *value = malloc(rest + 1);
	char *line = malloc(len + sizeof(RCPT_DATA));

	ck_assert(value != NULL && line != NULL);
	memset(value, 'v', rest);
	value[rest] = '\0';
	ck_assert_int_eq(smtpc_transaction_add_mail_parameter(mail, "X", value),
			 SMTPC_OK);
	snprintf(line, len + sizeof(RCPT_DATA), "%s%s\r\n" RCPT_DATA, start,
		 value);
	if (is_good)
		is_sent(line, "Hello.\r\n.\r\n");
	else
		is_refused(SMTPC_E_INVALID, "long-line");
	free(line);
	free(value);
}

START_TEST(B_019_a_line_is_as_long_as_the_extensions_allow)
{
	static const struct {
		const char *offers;
		size_t max;
	} lines[] = {
		{ "PIPELINING", 512 },
		{ "PIPELINING\r\n8BITMIME", 529 },
		{ "PIPELINING\r\nDSN", 612 },
		{ "PIPELINING\r\nAUTH PLAIN\r\nDELIVERBY\r\nFUTURERELEASE\r\n"
		  "MT-PRIORITY\r\nSMTPUTF8",
		  512 + 500 + 17 + 34 + 15 + 10 },
	};

	wired_make_ready(lines[_i / 2].offers);
	try_line(lines[_i / 2].max + _i % 2, _i % 2 == 0);
}
END_TEST

START_TEST(B_019_a_recipient_s_line_is_longer_with_DSN)
{
	char value[600];
	const size_t start = strlen("RCPT TO:<bob@b.test> X=");
	const size_t max = _i < 2 ? 512 : 1012;
	size_t len = (_i < 2 ? 512 : 598) - start - 2 + (size_t)(_i % 2);

	wired_make_ready(_i < 2 ? "PIPELINING" : "PIPELINING\r\nDSN");
	memset(value, 'v', sizeof(value));
	value[len] = '\0';
	ck_assert_int_eq(smtpc_transaction_add_recipient_parameter(mail, 0, "X",
								   value),
			 SMTPC_OK);
	if (start + len + 2 > max)
		is_refused(SMTPC_E_INVALID, "long-line");
	else
		ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(array[0])))

static void
add_declarations(Suite *suite)
{
	TCase *tcase = suite_case(suite, "declared");

	tcase_add_checked_fixture(tcase, wired_set_up, wired_tear_down);
	tcase_add_loop_test(
	    tcase, size_is_that_of_lines_with_CRLF_before_dots_are_doubled, 0,
	    COUNT(sizes));
	tcase_add_test(tcase, what_exceeds_the_limit_is_not_sent);
	tcase_add_test(tcase, B_036_sizes_that_are_none_are_refused);
	tcase_add_test(tcase, a_limit_of_0_is_none);
	tcase_add_test(tcase, a_size_is_declared_if_it_is_known);
	tcase_add_test(tcase, the_caller_s_own_size_goes_before);
	tcase_add_test(tcase, Q_072_nothing_is_declared_that_is_not_offered);
	tcase_add_loop_test(tcase,
			    B_069_Q_097_8bit_content_is_declared_or_refused, 0,
			    2);
	tcase_add_test(tcase, content_said_to_be_7bit_has_to_be);
	tcase_add_loop_test(tcase, content_said_to_be_8bit_needs_the_extension,
			    0, 2);
	tcase_add_loop_test(tcase, binary_content_needs_BINARYMIME_and_CHUNKING,
			    0, 3);
	tcase_add_test(tcase, B_063_B_068_binary_content_goes_as_it_is);
	tcase_add_loop_test(
	    tcase, B_022_Q_098_a_local_part_beyond_ASCII_needs_SMTPUTF8, 0, 2);
	tcase_add_test(tcase, a_recipient_beyond_ASCII_goes_out_as_UTF_8);
	tcase_add_loop_test(tcase, a_domain_alone_does_not_need_SMTPUTF8, 0, 2);
	tcase_add_loop_test(tcase, Q_099_a_header_beyond_ASCII_needs_SMTPUTF8,
			    0, 6);
}

int
main(void)
{
	Suite *suite = suite_create("send_check");
	TCase *tcase;

	add_declarations(suite);
	tcase = suite_case(suite, "parameters");
	tcase_add_checked_fixture(tcase, wired_set_up, wired_tear_down);
	tcase_add_loop_test(tcase, Q_087_a_parameter_needs_its_extension, 0,
			    2 * COUNT(needs));
	tcase_add_loop_test(tcase, a_recipient_s_parameter_needs_its_extension,
			    0, 2);
	tcase_add_test(tcase, REQUIRETLS_is_for_TLS_whatever_is_offered);
	tcase_add_loop_test(tcase, what_exceeds_an_announced_limit_is_not_sent,
			    0, COUNT(limits));
	tcase_add_loop_test(tcase,
			    B_019_a_line_is_as_long_as_the_extensions_allow, 0,
			    8);
	tcase_add_loop_test(tcase, B_019_a_recipient_s_line_is_longer_with_DSN,
			    0, 4);

	return suite_run(suite);
}

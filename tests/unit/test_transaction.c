/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/transaction.c: what each setter takes and refuses, that a reset
 * leaves nothing, and what there is to read before and after sending.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"
#include "memory_stream.h"
#include "steps.h"
#include "suite.h"

static smtpc_transaction *mail;
static smtpc_session *session;
static struct memory_stream wire;

static void
set_up(void)
{
	ck_assert_int_eq(smtpc_transaction_new(&mail), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_new(&session), SMTPC_OK);
	memory_stream_init(&wire);
}

static void
tear_down(void)
{
	smtpc_transaction_free(mail);
	smtpc_session_free(session);
	memory_stream_clear(&wire);
}

/* The last setter has failed, and says why. */
static void
refused(int rc, int result)
{
	ck_assert_int_eq(rc, result);
	ck_assert_str_ne(smtpc_transaction_error_message(mail), "");
}

/* It has not. */
static void
taken(int rc)
{
	ck_assert_int_eq(rc, SMTPC_OK);
	ck_assert_str_eq(smtpc_transaction_error_message(mail), "");
}

/*
 * The envelope.
 */

START_TEST(a_sender_is_a_mailbox_or_nothing)
{
	taken(smtpc_transaction_set_sender(mail, "alice@example.test"));
	ck_assert_str_eq(mail->sender, "alice@example.test");
	taken(smtpc_transaction_set_sender(mail, ""));
	ck_assert_str_eq(mail->sender, "");
	refused(smtpc_transaction_set_sender(mail, "alice"), SMTPC_E_INVALID);
	ck_assert_ptr_nonnull(
	    strstr(smtpc_transaction_error_message(mail), "sender"));
	refused(smtpc_transaction_set_sender(mail, "a@b\r\nDATA"),
		SMTPC_E_INVALID);
	refused(smtpc_transaction_set_sender(mail, "<a@b>"), SMTPC_E_INVALID);
	refused(smtpc_transaction_set_sender(mail, "postmaster"),
		SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_set_sender(mail, NULL),
			 SMTPC_E_INVALID);
	/* What was set still is; and a success forgets the failure. */
	ck_assert_str_eq(mail->sender, "");
	taken(smtpc_transaction_set_sender(mail, "bob@example.test"));
}
END_TEST

START_TEST(recipients_are_numbered_as_they_are_added)
{
	size_t index = 99;
	char name[32];
	size_t i;

	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "user%zu@example.test", i);
		taken(smtpc_transaction_add_recipient(mail, name, &index));
		ck_assert_uint_eq(index, i);
		ck_assert_uint_eq(smtpc_transaction_recipient_count(mail),
				  i + 1);
	}
	taken(smtpc_transaction_add_recipient(mail, "Postmaster", NULL));
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "user%zu@example.test", i);
		ck_assert_str_eq(smtpc_transaction_recipient(mail, i), name);
	}
	ck_assert_str_eq(smtpc_transaction_recipient(mail, 100), "Postmaster");
	ck_assert_ptr_null(smtpc_transaction_recipient(mail, 101));
}
END_TEST

START_TEST(an_index_is_written_only_when_there_is_one)
{
	size_t index = 99;

	refused(smtpc_transaction_add_recipient(mail, "bob", &index),
		SMTPC_E_INVALID);
	refused(smtpc_transaction_add_recipient(mail, "", &index),
		SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_add_recipient(mail, NULL, &index),
			 SMTPC_E_INVALID);
	ck_assert_uint_eq(index, 99);
	ck_assert_uint_eq(smtpc_transaction_recipient_count(mail), 0);
}
END_TEST

START_TEST(parameters_are_of_MAIL_or_of_one_recipient)
{
	taken(smtpc_transaction_add_recipient(mail, "a@b.test", NULL));
	taken(smtpc_transaction_add_recipient(mail, "c@d.test", NULL));
	taken(smtpc_transaction_add_mail_parameter(mail, "RET", "HDRS"));
	taken(smtpc_transaction_add_mail_parameter(mail, "XFLAG", NULL));
	taken(smtpc_transaction_add_recipient_parameter(mail, 1, "NOTIFY",
							"NEVER"));
	ck_assert_str_eq(mail->parameters, " RET=HDRS XFLAG");
	ck_assert_ptr_null(mail->recipients[0].parameters);
	ck_assert_str_eq(mail->recipients[1].parameters, " NOTIFY=NEVER");
}
END_TEST

static const struct {
	const char *keyword, *value;
} no_parameters[] = {
	{ NULL, "x" },	    { "", "x" },       { "A B", "x" },
	{ "-A", "x" },	    { "A", "" },       { "A", "b c" },
	{ "A", "b=c" },	    { "A", "b\r\n" },  { "A", "\xc3\xa4" },
	{ "BODY", "7BIT" }, { "AU\rTH", "x" },
};

START_TEST(what_is_no_parameter_is_refused)
{
	const char *keyword = no_parameters[_i].keyword;
	const char *value = no_parameters[_i].value;

	taken(smtpc_transaction_add_recipient(mail, "a@b.test", NULL));
	refused(smtpc_transaction_add_mail_parameter(mail, keyword, value),
		SMTPC_E_INVALID);
	ck_assert_ptr_null(mail->parameters);
	/* BODY, which the library sets by itself, is of MAIL alone. */
	if (keyword != NULL && strcmp(keyword, "BODY") == 0)
		return;
	refused(smtpc_transaction_add_recipient_parameter(mail, 0, keyword,
							  value),
		SMTPC_E_INVALID);
	ck_assert_ptr_null(mail->recipients[0].parameters);
}
END_TEST

START_TEST(a_recipient_that_is_not_there_has_no_parameters)
{
	refused(smtpc_transaction_add_recipient_parameter(mail, 0, "NOTIFY",
							  "NEVER"),
		SMTPC_E_INVALID);
	taken(smtpc_transaction_add_recipient(mail, "a@b.test", NULL));
	refused(smtpc_transaction_add_recipient_parameter(mail, 1, "NOTIFY",
							  "NEVER"),
		SMTPC_E_INVALID);
	refused(smtpc_transaction_add_recipient_parameter(mail, SIZE_MAX,
							  "NOTIFY", "NEVER"),
		SMTPC_E_INVALID);
}
END_TEST

START_TEST(all_or_none_is_on_or_off)
{
	ck_assert(!mail->all_or_none);
	taken(smtpc_transaction_set_all_or_none(mail, -3));
	ck_assert(mail->all_or_none);
	taken(smtpc_transaction_set_all_or_none(mail, 0));
	ck_assert(!mail->all_or_none);
}
END_TEST

START_TEST(settings_are_numbers_that_there_are)
{
	ck_assert_int_eq(mail->smtputf8, -1);
	taken(smtpc_transaction_set_smtputf8(mail, 1));
	refused(smtpc_transaction_set_smtputf8(mail, 2), SMTPC_E_INVALID);
	refused(smtpc_transaction_set_smtputf8(mail, -2), SMTPC_E_INVALID);
	ck_assert_int_eq(mail->smtputf8, 1);
	ck_assert_int_eq(mail->body, SMTPC_BODY_AUTO);
	taken(smtpc_transaction_set_body(mail, SMTPC_BODY_8BITMIME));
	refused(smtpc_transaction_set_body(mail, 3), SMTPC_E_INVALID);
	refused(smtpc_transaction_set_body(mail, -1), SMTPC_E_INVALID);
	ck_assert_int_eq(mail->body, SMTPC_BODY_8BITMIME);
	ck_assert_int_eq(mail->form, SMTPC_CONTENT_TEXT);
	taken(smtpc_transaction_set_content_form(mail, SMTPC_CONTENT_STRICT));
	refused(smtpc_transaction_set_content_form(mail, 3), SMTPC_E_INVALID);
	refused(smtpc_transaction_set_content_form(mail, -1), SMTPC_E_INVALID);
	ck_assert_int_eq(mail->form, SMTPC_CONTENT_STRICT);
}
END_TEST

START_TEST(a_mailbox_has_an_ASCII_form_if_its_local_part_is_ASCII)
{
	taken(smtpc_transaction_set_sender(mail, "a@b\xc3\xbc.test"));
	ck_assert_str_eq(mail->sender_ascii, "a@xn--b-eha.test");
	ck_assert(!mail->sender_needs_utf8);
	taken(smtpc_transaction_set_sender(mail, "\xc3\xa4@b\xc3\xbc.test"));
	ck_assert_ptr_null(mail->sender_ascii);
	ck_assert(mail->sender_needs_utf8);
	taken(smtpc_transaction_set_sender(mail, "a@b.test"));
	ck_assert_ptr_null(mail->sender_ascii);
	ck_assert(!mail->sender_needs_utf8);
	taken(smtpc_transaction_add_recipient(mail, "\xc3\xa4@b.test", NULL));
	ck_assert(mail->recipients[0].needs_utf8);
	ck_assert_ptr_null(mail->recipients[0].ascii);
	taken(smtpc_transaction_add_recipient(mail, "postmaster", NULL));
	ck_assert(!mail->recipients[1].needs_utf8);
	ck_assert_str_eq(smtpc_transaction_recipient(mail, 0),
			 "\xc3\xa4@b.test");
}
END_TEST

/*
 * The content.
 */

static int
read_nothing(void *buffer, size_t size, size_t *ret_len, void *userdata)
{
	(void)buffer;
	(void)size;
	(void)userdata;
	*ret_len = 0;
	return SMTPC_OK;
}

START_TEST(content_is_of_one_kind_at_a_time)
{
	int fd = open("/dev/null", O_RDONLY);

	ck_assert_int_eq(mail->source.kind, SOURCE_NONE);
	taken(smtpc_transaction_set_content(mail, "abc", 3));
	ck_assert_int_eq(mail->source.kind, SOURCE_MEMORY);
	ck_assert_ptr_null(mail->source.owned);
	taken(smtpc_transaction_set_content_copy(mail, "abc", 3));
	ck_assert_ptr_nonnull(mail->source.owned);
	taken(smtpc_transaction_set_content_fd(mail, fd));
	ck_assert_int_eq(mail->source.kind, SOURCE_DESCRIPTOR);
	ck_assert_ptr_null(mail->source.owned);
	taken(
	    smtpc_transaction_set_content_reader(mail, read_nothing, 0, NULL));
	ck_assert_int_eq(mail->source.kind, SOURCE_READER);
	ck_assert_int_eq(mail->source.size, 0);
	ck_assert_int_eq(mail->source.fd, -1);
	taken(smtpc_transaction_set_content(mail, NULL, 0));
	ck_assert_int_eq(mail->source.kind, SOURCE_MEMORY);
	taken(smtpc_transaction_set_content_copy(mail, NULL, 0));
	close(fd);
}
END_TEST

START_TEST(content_that_is_none_is_refused)
{
	taken(smtpc_transaction_set_content(mail, "abc", 3));
	ck_assert_int_eq(smtpc_transaction_set_content(mail, NULL, 1),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_set_content_copy(mail, NULL, 1),
			 SMTPC_E_INVALID);
	refused(smtpc_transaction_set_content_fd(mail, -1), SMTPC_E_INVALID);
	refused(smtpc_transaction_set_content_fd(mail, INT_MAX),
		SMTPC_E_INVALID);
	refused(smtpc_transaction_set_content_reader(mail, NULL, 3, NULL),
		SMTPC_E_INVALID);
	ck_assert_int_eq(mail->source.kind, SOURCE_MEMORY);
	ck_assert_uint_eq(mail->source.len, 3);
}
END_TEST

START_TEST(a_reader_s_size_is_known_or_not)
{
	static const int64_t bad[] = { -2, -100, INT64_MIN };
	size_t i;

	taken(
	    smtpc_transaction_set_content_reader(mail, read_nothing, -1, NULL));
	ck_assert_int_eq(mail->source.size, -1);
	taken(smtpc_transaction_set_content_reader(mail, read_nothing,
						   INT64_MAX, &mail));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused(smtpc_transaction_set_content_reader(mail, read_nothing,
							     bad[i], NULL),
			SMTPC_E_INVALID);
	ck_assert_int_eq(mail->source.size, INT64_MAX);
	ck_assert_ptr_eq(mail->source.userdata, &mail);
}
END_TEST

START_TEST(pushed_content_may_have_a_size)
{
	size_t taken_len = 77;

	taken(smtpc_transaction_set_content_push(mail, -1));
	ck_assert_int_eq(mail->source.kind, SOURCE_PUSH);
	refused(smtpc_transaction_set_content_push(mail, -2), SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_write(mail, "abc", 3, &taken_len),
			 SMTPC_OK);
	ck_assert_uint_eq(taken_len, 3);
	ck_assert_int_eq(smtpc_transaction_write(mail, NULL, 0, &taken_len),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_write(mail, "abc", 3, NULL),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_end_content(mail), SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_write(mail, "abc", 3, &taken_len),
			 SMTPC_E_STATE);
	ck_assert_int_eq(smtpc_transaction_end_content(mail), SMTPC_E_STATE);
	taken(smtpc_transaction_set_content_push(mail, 3));
	ck_assert_int_eq(mail->source.size, 3);
	taken(smtpc_transaction_set_content(mail, "abc", 3));
	ck_assert_int_eq(smtpc_transaction_write(mail, "abc", 3, &taken_len),
			 SMTPC_E_STATE);
}
END_TEST

/* What a scan tells, of octets by themselves. */
static const struct {
	const char *text;
	size_t len;
	uint32_t found;
} scans[] = {
	{ "", 0, 0 },
	{ "Subject: x\r\n\r\nHello.\r\n", 22, 0 },
	{ ".\r\n", 3, 0 },
	{ "no end", 6, 0 },
	{ "p\xc3\xa4th", 5, SMTPC_SCAN_8BIT },
	{ "Subject: p\xc3\xa4th\r\n\r\n", 18,
	  SMTPC_SCAN_8BIT | SMTPC_SCAN_UTF8_HEADERS },
	{ "Subject: x\r\n p\xc3\xa4th\r\n", 20,
	  SMTPC_SCAN_8BIT | SMTPC_SCAN_UTF8_HEADERS },
	{ "Subject: x\n\np\xc3\xa4th\n", 18,
	  SMTPC_SCAN_8BIT | SMTPC_SCAN_BARE_LF },
	{ "Subject: x\r\rp\xc3\xa4th\r", 18,
	  SMTPC_SCAN_8BIT | SMTPC_SCAN_BARE_CR },
	{ "Subject: x\r\n\r\np\xc3\xa4th\r\n", 21, SMTPC_SCAN_8BIT },
	/* Without a header section there is none that is UTF-8. */
	{ "no field\r\nX: p\xc3\xa4th\r\n", 20, SMTPC_SCAN_8BIT },
	{ " X: p\xc3\xa4th\r\n", 11, SMTPC_SCAN_8BIT },
	{ "X: y\r\nX\xc3\xa4: p\r\n", 14, SMTPC_SCAN_8BIT },
	{ "a\0b", 3, SMTPC_SCAN_NUL },
	{ "a\rb\nc\r\n", 7, SMTPC_SCAN_BARE_CR | SMTPC_SCAN_BARE_LF },
	{ "a\r", 2, SMTPC_SCAN_BARE_CR },
};

START_TEST(a_scan_tells_what_octets_hold)
{
	char line[1010];

	ck_assert_uint_eq(smtpc_scan_content(scans[_i].text, scans[_i].len),
			  scans[_i].found);
	memset(line, 'x', sizeof(line));
	ck_assert_uint_eq(smtpc_scan_content(line, 998), 0);
	ck_assert_uint_eq(smtpc_scan_content(line, 999), SMTPC_SCAN_LONG_LINE);
	memcpy(line + 998, "\r\ny\r\n", 5);
	ck_assert_uint_eq(smtpc_scan_content(line, 1003), 0);
	memcpy(line + 998, "x\r\ny\r\n", 6);
	ck_assert_uint_eq(smtpc_scan_content(line, 1004), SMTPC_SCAN_LONG_LINE);
}
END_TEST

/*
 * The remainder.
 */

/* As if a limit of the server's had left the second and the third over. */
static void
leave_over(void)
{
	taken(smtpc_transaction_set_sender(mail, "a@b\xc3\xbc.test"));
	taken(smtpc_transaction_add_recipient(mail, "one@b.test", NULL));
	taken(
	    smtpc_transaction_add_recipient(mail, "two@b\xc3\xbc.test", NULL));
	taken(smtpc_transaction_add_recipient(mail, "\xc3\xa4@b.test", NULL));
	taken(smtpc_transaction_add_recipient(mail, "four@b.test", NULL));
	taken(smtpc_transaction_set_dsn(mail, "HDRS", "x"));
	taken(smtpc_transaction_set_recipient_dsn(mail, 1, "NEVER", NULL));
	taken(smtpc_transaction_set_all_or_none(mail, 1));
	taken(smtpc_transaction_set_smtputf8(mail, 1));
	taken(smtpc_transaction_set_body(mail, SMTPC_BODY_8BITMIME));
	taken(smtpc_transaction_set_content_form(mail, SMTPC_CONTENT_STRICT));
	taken(smtpc_transaction_set_content(mail, "abc", 3));
	mail->recipients[0].outcome = SMTPC_OUTCOME_ACCEPTED;
	mail->recipients[1].outcome = SMTPC_OUTCOME_TRANSIENT;
	mail->recipients[2].outcome = SMTPC_OUTCOME_NOT_ATTEMPTED;
	mail->recipients[3].outcome = SMTPC_OUTCOME_IN_DOUBT;
	mail->recipients[1].left_over = mail->recipients[2].left_over = true;
	/* Whatever was marked: who may have it is not tried again. */
	mail->recipients[0].left_over = mail->recipients[3].left_over = true;
}

START_TEST(Q_088_the_remainder_is_the_same_for_those_left_over)
{
	smtpc_transaction *rest = NULL;

	leave_over();
	ck_assert_int_eq(smtpc_transaction_remainder(mail, &rest), SMTPC_OK);
	ck_assert_uint_eq(smtpc_transaction_recipient_count(rest), 2);
	ck_assert_str_eq(smtpc_transaction_recipient(rest, 0),
			 "two@b\xc3\xbc.test");
	ck_assert_str_eq(rest->recipients[0].ascii, "two@xn--b-eha.test");
	ck_assert_str_eq(rest->recipients[0].parameters, " NOTIFY=NEVER");
	ck_assert_str_eq(smtpc_transaction_recipient(rest, 1),
			 "\xc3\xa4@b.test");
	ck_assert(rest->recipients[1].needs_utf8);
	ck_assert(!rest->recipients[1].left_over);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(rest, 0),
			 SMTPC_OUTCOME_PENDING);
	ck_assert_str_eq(rest->sender, mail->sender);
	ck_assert_str_eq(rest->sender_ascii, mail->sender_ascii);
	ck_assert_str_eq(rest->parameters, " RET=HDRS ENVID=x");
	ck_assert(rest->all_or_none);
	ck_assert_int_eq(rest->smtputf8, 1);
	ck_assert_int_eq(rest->body, SMTPC_BODY_8BITMIME);
	ck_assert_int_eq(rest->form, SMTPC_CONTENT_STRICT);
	ck_assert_ptr_eq(rest->source.data, mail->source.data);
	ck_assert_int_eq(smtpc_transaction_result(rest), SMTPC_E_STATE);
	/* And it is its own. */
	taken(smtpc_transaction_reset(mail));
	ck_assert_str_eq(rest->sender, "a@b\xc3\xbc.test");
	smtpc_transaction_free(rest);
}
END_TEST

START_TEST(without_anybody_left_over_there_is_no_remainder)
{
	smtpc_transaction *rest = NULL;

	leave_over();
	mail->recipients[1].left_over = mail->recipients[2].left_over = false;
	ck_assert_int_eq(smtpc_transaction_remainder(mail, &rest),
			 SMTPC_E_STATE);
	ck_assert_int_eq(smtpc_transaction_remainder(NULL, &rest),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_remainder(mail, NULL),
			 SMTPC_E_INVALID);
	ck_assert_ptr_null(rest);
}
END_TEST

START_TEST(content_that_is_read_once_has_no_remainder)
{
	smtpc_transaction *rest = NULL;

	leave_over();
	taken(
	    smtpc_transaction_set_content_reader(mail, read_nothing, -1, NULL));
	ck_assert_int_eq(smtpc_transaction_remainder(mail, &rest),
			 SMTPC_E_STATE);
	taken(smtpc_transaction_set_content_push(mail, -1));
	ck_assert_int_eq(smtpc_transaction_remainder(mail, &rest),
			 SMTPC_E_STATE);
	ck_assert_ptr_null(rest);
}
END_TEST

START_TEST(without_memory_there_is_no_remainder)
{
	smtpc_transaction *rest = NULL;
	bool more = true;
	unsigned int i;
	int rc;

	leave_over();
	taken(smtpc_transaction_set_content_copy(mail, "abc", 3));
	for (i = 0; more; i++) {
		fault_at(i);
		rc = smtpc_transaction_remainder(mail, &rest);
		more = fault_end();
		ck_assert_int_eq(rc, more ? SMTPC_E_NOMEM : SMTPC_OK);
		ck_assert_int_eq(rest == NULL, more);
	}
	ck_assert_uint_ge(i, 10);
	smtpc_transaction_free(rest);
}
END_TEST

/*
 * The whole.
 */

/* As a new one, octet by octet. */
static void
is_as_new(void)
{
	smtpc_transaction *fresh;

	ck_assert_int_eq(smtpc_transaction_new(&fresh), SMTPC_OK);
	ck_assert_mem_eq(mail, fresh, sizeof(*mail));
	smtpc_transaction_free(fresh);
	ck_assert_int_eq(smtpc_transaction_result(mail), SMTPC_E_STATE);
	ck_assert_ptr_null(smtpc_transaction_reply(mail));
	ck_assert_str_eq(smtpc_transaction_error_message(mail), "");
	ck_assert_int_eq(smtpc_transaction_octets_sent(mail), 0);
	ck_assert_uint_eq(smtpc_transaction_recipient_count(mail), 0);
}

static void
fill_in(void)
{
	taken(smtpc_transaction_set_sender(mail, "alice@example.test"));
	taken(smtpc_transaction_add_recipient(mail, "bob@example.test", NULL));
	taken(smtpc_transaction_add_recipient(mail, "eve@example.test", NULL));
	taken(smtpc_transaction_set_content_copy(mail, "Hello.\n", 7));
}

static void
say(const char *text)
{
	octets_append(&wire.in, text, strlen(text));
}

/* Not blocking, and after EHLO. */
static void
make_ready(void)
{
	ck_assert_int_eq(smtpc_session_set_blocking(session, 0), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_tls_mode(session, SMTPC_TLS_NONE),
			 SMTPC_OK);
	say("220 mx.example.test\r\n");
	ck_assert_int_eq(steps_attach(session, &wire.base, "mx.example.test",
				      587),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_ehlo(session), SMTPC_AGAIN);
	say("250-mx.example.test\r\n250 PIPELINING\r\n");
	ck_assert_int_eq(smtpc_process(session), SMTPC_OK);
	octets_clear(&wire.out);
}

/* One recipient has it, and one is refused. */
static void
send_to_one(void)
{
	make_ready();
	fill_in();
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	ck_assert_int_eq(smtpc_transaction_result(mail), SMTPC_AGAIN);
	say("250 ok\r\n250 ok\r\n550 5.1.1 not here\r\n354 go on\r\n");
	ck_assert_int_eq(smtpc_process(session), SMTPC_AGAIN);
	say("250 2.0.0 taken\r\n");
	ck_assert_int_eq(smtpc_process(session), SMTPC_PARTIAL);
}

START_TEST(a_new_one_has_no_result)
{
	is_as_new();
	ck_assert_int_eq(smtpc_transaction_new(NULL), SMTPC_E_INVALID);
	smtpc_transaction_free(NULL);
}
END_TEST

START_TEST(before_it_is_sent_nobody_has_an_outcome)
{
	fill_in();
	ck_assert_int_eq(smtpc_transaction_result(mail), SMTPC_E_STATE);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_PENDING);
	ck_assert_ptr_null(smtpc_transaction_recipient_reply(mail, 0));
	/* Nothing was tried, so nothing is to be tried again. */
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(mail, 0), 0);
}
END_TEST

START_TEST(after_it_was_sent_all_can_be_read)
{
	send_to_one();
	ck_assert_int_eq(smtpc_transaction_result(mail), SMTPC_PARTIAL);
	ck_assert_int_eq(smtpc_reply_code(smtpc_transaction_reply(mail)), 250);
	ck_assert_int_eq(smtpc_transaction_octets_sent(mail), 8);
	ck_assert_ptr_nonnull(
	    strstr(smtpc_transaction_error_message(mail), "5.1.1"));
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_ACCEPTED);
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(mail, 0), 0);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 1),
			 SMTPC_OUTCOME_PERMANENT);
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(mail, 1), 1);
	ck_assert_int_eq(smtpc_reply_code(
			     smtpc_transaction_recipient_reply(mail, 1)),
			 550);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 2),
			 SMTPC_E_INVALID);
}
END_TEST

START_TEST(a_reset_leaves_nothing)
{
	send_to_one();
	taken(smtpc_transaction_add_mail_parameter(mail, "RET", "HDRS"));
	taken(smtpc_transaction_add_recipient_parameter(mail, 0, "NOTIFY",
							"NEVER"));
	taken(smtpc_transaction_set_all_or_none(mail, 1));
	taken(smtpc_transaction_set_smtputf8(mail, 1));
	taken(smtpc_transaction_set_body(mail, SMTPC_BODY_7BIT));
	taken(smtpc_transaction_set_content_form(mail, SMTPC_CONTENT_STRICT));
	taken(smtpc_transaction_set_sender(mail, "a@b\xc3\xbc.test"));
	refused(smtpc_transaction_set_sender(mail, "x"), SMTPC_E_INVALID);
	taken(smtpc_transaction_reset(mail));
	is_as_new();
	/* And it can be used again. */
	fill_in();
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	ck_assert_int_eq(smtpc_transaction_reset(mail), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_disconnect(session), SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_result(mail), SMTPC_E_CANCELLED);
	taken(smtpc_transaction_reset(mail));
	is_as_new();
}
END_TEST

START_TEST(while_it_is_sent_each_setter_is_busy)
{
	smtpc_transaction *rest;

	make_ready();
	fill_in();
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	ck_assert_int_eq(smtpc_transaction_set_sender(mail, ""), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_add_recipient(mail, "a@b.test",
							 NULL),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_add_mail_parameter(mail, "A", NULL),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_add_recipient_parameter(mail, 0, "A",
								   NULL),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_content(mail, "", 0),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_content_copy(mail, "", 0),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_content_fd(mail, -1),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_content_reader(mail,
							      read_nothing, -1,
							      NULL),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_all_or_none(mail, 1),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_content_push(mail, -1),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_dsn(mail, "FULL", NULL),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_recipient_dsn(mail, 0, "NEVER",
							     NULL),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_smtputf8(mail, 1), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_body(mail, 1), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_content_form(mail, 1),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_remainder(mail, &rest),
			 SMTPC_E_BUSY);
	/* This one is of another kind. */
	ck_assert_int_eq(smtpc_transaction_end_content(mail), SMTPC_E_STATE);
	ck_assert_int_eq(smtpc_transaction_reset(mail), SMTPC_E_BUSY);
	/* No more than a second time by another session. */
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_E_BUSY);
}
END_TEST

START_TEST(NULL_is_no_transaction)
{
	size_t len;

	ck_assert_int_eq(smtpc_transaction_reset(NULL), SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_set_sender(NULL, ""),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_add_recipient(NULL, "a@b.test",
							 NULL),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_add_mail_parameter(NULL, "A", NULL),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_add_recipient_parameter(NULL, 0, "A",
								   NULL),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_set_content(NULL, "", 0),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_set_content_copy(NULL, "", 0),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_set_content_fd(NULL, 0),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_set_content_reader(NULL,
							      read_nothing, -1,
							      NULL),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_set_all_or_none(NULL, 1),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_set_content_push(NULL, -1),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_write(NULL, "", 0, &len),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_end_content(NULL), SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_set_dsn(NULL, NULL, NULL),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_set_recipient_dsn(NULL, 0, NULL,
							     NULL),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_set_smtputf8(NULL, 1),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_set_body(NULL, 1), SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_transaction_set_content_form(NULL, 1),
			 SMTPC_E_INVALID);
	ck_assert_uint_eq(smtpc_scan_content(NULL, 0), 0);
	ck_assert_int_eq(smtpc_transaction_result(NULL), SMTPC_E_INVALID);
	ck_assert_ptr_null(smtpc_transaction_reply(NULL));
	ck_assert_str_ne(smtpc_transaction_error_message(NULL), "");
	ck_assert_int_eq(smtpc_transaction_octets_sent(NULL), 0);
	ck_assert_uint_eq(smtpc_transaction_recipient_count(NULL), 0);
	ck_assert_ptr_null(smtpc_transaction_recipient(NULL, 0));
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(NULL, 0),
			 SMTPC_E_INVALID);
	ck_assert_ptr_null(smtpc_transaction_recipient_reply(NULL, 0));
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(NULL, 0), 0);
}
END_TEST

/* What each setter does at its one or two allocations. */
static int
set_number(int number)
{
	switch (number) {
	case 0:
		return smtpc_transaction_set_sender(mail, "x@example.test");
	case 1:
		return smtpc_transaction_add_recipient(mail, "a@b.test", NULL);
	case 2:
		return smtpc_transaction_add_mail_parameter(mail, "A", "b");
	case 3:
		return smtpc_transaction_add_recipient_parameter(mail, 0, "A",
								 "b");
	case 4:
		return smtpc_transaction_set_sender(mail, "x@\xc3\xbc.test");
	case 5:
		return smtpc_transaction_add_recipient(mail, "x@\xc3\xbc.test",
						       NULL);
	case 6:
		return smtpc_transaction_set_dsn(mail, "FULL", "x");
	case 7:
		return smtpc_transaction_set_recipient_dsn(mail, 0, "NEVER",
							   "a@b.test");
	default:
		return smtpc_transaction_set_content_copy(mail, "x", 1);
	}
}

START_TEST(without_memory_a_setter_changes_nothing)
{
	smtpc_transaction before;
	unsigned int i;
	bool more = true;
	int rc;

	fill_in();
	/* So that the next recipient needs more room. */
	taken(smtpc_transaction_add_recipient(mail, "c@example.test", NULL));
	taken(smtpc_transaction_add_recipient(mail, "d@example.test", NULL));
	before = *mail;
	for (i = 0; more; i++) {
		fault_at(i);
		rc = set_number(_i);
		more = fault_end();
		ck_assert_int_eq(rc, more ? SMTPC_E_NOMEM : SMTPC_OK);
		if (!more)
			break;
		ck_assert_str_eq(mail->sender, "alice@example.test");
		ck_assert_uint_eq(mail->recipient_count,
				  before.recipient_count);
		ck_assert_ptr_null(mail->parameters);
		ck_assert_ptr_null(mail->recipients[0].parameters);
		ck_assert_uint_eq(mail->source.len, 7);
	}
	ck_assert_uint_ge(i, 1);
}
END_TEST

static void
add_settings(Suite *suite)
{
	TCase *tcase = suite_case(suite, "envelope");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_sender_is_a_mailbox_or_nothing);
	tcase_add_test(tcase, recipients_are_numbered_as_they_are_added);
	tcase_add_test(tcase, an_index_is_written_only_when_there_is_one);
	tcase_add_test(tcase, parameters_are_of_MAIL_or_of_one_recipient);
	tcase_add_loop_test(tcase, what_is_no_parameter_is_refused, 0,
			    (int)(sizeof(no_parameters) /
				  sizeof(no_parameters[0])));
	tcase_add_test(tcase, a_recipient_that_is_not_there_has_no_parameters);
	tcase_add_test(tcase, all_or_none_is_on_or_off);
	tcase_add_test(tcase, settings_are_numbers_that_there_are);
	tcase_add_test(tcase,
		       a_mailbox_has_an_ASCII_form_if_its_local_part_is_ASCII);

	tcase = suite_case(suite, "content");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, content_is_of_one_kind_at_a_time);
	tcase_add_test(tcase, content_that_is_none_is_refused);
	tcase_add_test(tcase, a_reader_s_size_is_known_or_not);
	tcase_add_test(tcase, pushed_content_may_have_a_size);
	tcase_add_loop_test(tcase, a_scan_tells_what_octets_hold, 0,
			    (int)(sizeof(scans) / sizeof(scans[0])));

	tcase = suite_case(suite, "remainder");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase,
		       Q_088_the_remainder_is_the_same_for_those_left_over);
	tcase_add_test(tcase, without_anybody_left_over_there_is_no_remainder);
	tcase_add_test(tcase, content_that_is_read_once_has_no_remainder);
	tcase_add_test(tcase, without_memory_there_is_no_remainder);
}

int
main(void)
{
	Suite *suite = suite_create("transaction");
	TCase *tcase;

	add_settings(suite);
	tcase = suite_case(suite, "whole");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_new_one_has_no_result);
	tcase_add_test(tcase, before_it_is_sent_nobody_has_an_outcome);
	tcase_add_test(tcase, after_it_was_sent_all_can_be_read);
	tcase_add_test(tcase, a_reset_leaves_nothing);
	tcase_add_test(tcase, while_it_is_sent_each_setter_is_busy);
	tcase_add_test(tcase, NULL_is_no_transaction);
	tcase_add_loop_test(tcase, without_memory_a_setter_changes_nothing, 0,
			    9);
	return suite_run(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of what an application may put into an envelope: what is no mailbox
 * and no parameter is refused by the setter, on a session that is connected
 * and hears nothing of it; what is one goes out just as it was written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "suite.h"
#include "wired.h"

static void
set_up(void)
{
	wired_set_up();
	wired_make_ready("PIPELINING\r\nDSN\r\nAUTH PLAIN\r\nSIZE\r\n"
			 "DELIVERBY\r\nFUTURERELEASE 1000 "
			 "2040-01-01T00:00:00Z\r\nMT-PRIORITY\r\nRRVS");
}

/* The last setter has refused what it was given, and nothing came of that. */
static void
nothing_came_of_it(int rc)
{
	ck_assert_int_eq(rc, SMTPC_E_INVALID);
	ck_assert_str_ne(smtpc_transaction_error_message(mail), "");
	wired_heard("");
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_READY);
	ck_assert_int_eq(smtpc_transaction_result(mail), SMTPC_E_STATE);
	ck_assert_uint_eq(smtpc_transaction_recipient_count(mail), 1);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_PENDING);
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(mail, 0), 0);
	ck_assert_str_eq(mail->sender, "alice@a.test");
}

static void
is_no_mailbox(const char *text)
{
	size_t index = 99;

	nothing_came_of_it(smtpc_transaction_set_sender(mail, text));
	nothing_came_of_it(smtpc_transaction_add_recipient(mail, text, &index));
	ck_assert_uint_eq(index, 99);
}

/* Sends the mail to its end; these are the commands before the content. */
static void
goes_out_as(const char *commands)
{
	size_t count = smtpc_transaction_recipient_count(mail);

	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	wired_heard(commands);
	wired_say("250 ok\r\n");
	for (; count > 0; count--)
		wired_say("250 ok\r\n");
	ck_assert_int_eq(wired_process("354 go on\r\n"), SMTPC_AGAIN);
	wired_heard("Hello.\r\n.\r\n");
	ck_assert_int_eq(wired_process("250 taken\r\n"), SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_ACCEPTED);
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_READY);
}

static void
is_sent_as(const char *text, const char *path)
{
	char *commands;

	ck_assert_int_eq(smtpc_transaction_set_sender(mail, text), SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_add_recipient(mail, text, NULL),
			 SMTPC_OK);
	commands = mem_format("MAIL FROM:<%s> SIZE=8\r\n"
			      "RCPT TO:<bob@b.test>\r\nRCPT TO:<%s>\r\n"
			      "DATA\r\n",
			      path, path);
	goes_out_as(commands);
	mem_free(commands);
}

static void
is_mailbox(const char *text)
{
	is_sent_as(text, text);
}

/*
 * Mailboxes.
 */

START_TEST(B_001_B_002_B_003_commands_in_a_mailbox_are_refused)
{
	is_no_mailbox("a@b\r\nRCPT TO:<x@y>");
	is_no_mailbox("a@b\nDATA");
	is_no_mailbox("a@b\rDATA");
	is_no_mailbox("a\r\n@b");
	is_no_mailbox("\r\na@b");
}
END_TEST

START_TEST(B_005_a_control_octet_is_refused_in_every_place)
{
	char text[] = "ab@cd";
	static const size_t places[] = { 1, 2, 4 };
	size_t i;
	int c;

	for (c = 1; c < 0x100; c++) {
		if (c > 0x1f && c < 0x7f)
			continue;
		for (i = 0; i < 3; i++) {
			memcpy(text, "ab@cd", sizeof(text));
			text[places[i]] = (char)c;
			is_no_mailbox(text);
		}
	}
}
END_TEST

START_TEST(B_006_B_008_brackets_and_parameters_are_refused)
{
	is_no_mailbox("u@e.com> AUTH=<x@y");
	is_no_mailbox("<a@b>");
	is_no_mailbox("a@b>");
	is_no_mailbox("<a@b");
	is_no_mailbox("\"a>\"@b");
}
END_TEST

START_TEST(B_007_blanks_outside_quotes_are_refused)
{
	is_no_mailbox(" a@b");
	is_no_mailbox("a@b ");
	is_no_mailbox("a b@c");
	is_no_mailbox("\ta@b");
	is_no_mailbox("a@b\t");
	is_no_mailbox("a\tb@c");
}
END_TEST

START_TEST(B_009_B_010_quotes_hide_no_control_octet)
{
	is_no_mailbox("\"a\r\nb\"@c");
	is_no_mailbox("\"a\\\r\"@c");
	is_no_mailbox("\"a\\\n\"@c");
	is_no_mailbox("\"a\\");
}
END_TEST

START_TEST(B_011_B_012_a_quoted_local_part_goes_out_as_it_is)
{
	static const char *const mailboxes[] = {
		"\"a b\"@c", "\"a\\\"b\"@c", "\"a@b\"@c",
		"\"x@evil.example y\"@good.example"
	};

	is_mailbox(mailboxes[_i]);
}
END_TEST

START_TEST(B_013_B_014_what_does_not_fit_the_grammar_is_refused)
{
	static const char *const texts[] = {
		"\"abc@d", "abc\"@d", "a\"b\"c@d", "\"a\"b@d", "a@b@c",
		"@b",	   "a@",      "a",	   "a@b,c@d",
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		is_no_mailbox(texts[i]);
}
END_TEST

START_TEST(B_015_only_a_sender_may_be_empty)
{
	nothing_came_of_it(smtpc_transaction_add_recipient(mail, "", NULL));
	ck_assert_int_eq(smtpc_transaction_set_sender(mail, ""), SMTPC_OK);
	goes_out_as("MAIL FROM:<> SIZE=8\r\nRCPT TO:<bob@b.test>\r\nDATA\r\n");
}
END_TEST

START_TEST(B_016_source_routes_are_refused_and_the_postmaster_is_none)
{
	is_no_mailbox("@a,@b:c@d");
	nothing_came_of_it(smtpc_transaction_set_sender(mail, "postmaster"));
	ck_assert_int_eq(smtpc_transaction_add_recipient(mail, "postmaster",
							 NULL),
			 SMTPC_OK);
	goes_out_as("MAIL FROM:<alice@a.test> SIZE=8\r\n"
		    "RCPT TO:<bob@b.test>\r\nRCPT TO:<postmaster>\r\n"
		    "DATA\r\n");
}
END_TEST

static void
fill(char *text, char c, size_t count)
{
	size_t len = strlen(text);

	memset(text + len, c, count);
	text[len + count] = '\0';
}

START_TEST(B_017_a_local_part_has_64_octets)
{
	char text[100] = "";
	bool is_quoted = _i % 2 != 0;
	bool is_long = _i / 2 != 0;

	if (is_quoted)
		fill(text, '"', 1);
	fill(text, 'a', (is_quoted ? 62 : 64) + (is_long ? 1 : 0));
	if (is_quoted)
		fill(text, '"', 1);
	strncat(text, "@b", 3);
	if (is_long)
		is_no_mailbox(text);
	else
		is_mailbox(text);
}
END_TEST

START_TEST(B_018_labels_and_paths_end_where_they_end)
{
	char text[300] = "a@";

	fill(text, 'b', 63);
	fill(text, 'c', 1);
	is_no_mailbox(text);
	text[65] = '.';
	fill(text, 'c', 63);
	fill(text, '.', 1);
	fill(text, 'd', 63);
	fill(text, '.', 1);
	fill(text, 'e', 254 - strlen(text));
	ck_assert_uint_eq(strlen(text), 254);
	fill(text, 'e', 1);
	is_no_mailbox(text);
	text[254] = '\0';
	is_mailbox(text);
}
END_TEST

START_TEST(B_020_domains_of_other_characters_are_refused)
{
	static const char *const domains[] = { "a_b.c", "a..b", ".a",  "a.",
					       "-a.b",	"a-.b", "a.b!" };
	char text[20] = "x@";

	strncat(text, domains[_i], 10);
	is_no_mailbox(text);
}
END_TEST

START_TEST(B_021_address_literals_are_addresses)
{
	static const char *const bad[] = {
		"a@[1.2.3]",	  "a@[256.1.1.1]", "a@[IPv6:zz]",
		"a@[ 127.0.0.1]", "a@[127.0.0.1",  "a@127.0.0.1",
		"a@[tag:x]",	  "a@[]",	   "a@[IPv6:]",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_no_mailbox(bad[i]);
	is_mailbox(_i == 0 ? "a@[127.0.0.1]" : "a@[IPv6:::1]");
}
END_TEST

START_TEST(B_023_what_is_no_UTF_8_is_refused)
{
	static const char *const octets[] = {
		"\xc3\x28",	"\xc0\x8a",	    "\xe0\x80\x8a",
		"\xed\xa0\x80", "\xf5\x80\x80\x80", "\xc3",
	};
	char text[20] = "";

	snprintf(text, sizeof(text), "a%s@b.test", octets[_i]);
	is_no_mailbox(text);
	snprintf(text, sizeof(text), "a@b%s.test", octets[_i]);
	is_no_mailbox(text);
	snprintf(text, sizeof(text), "\"a%s\"@b.test", octets[_i]);
	is_no_mailbox(text);
}
END_TEST

START_TEST(B_024_characters_that_deceive_are_refused)
{
	static const char *const octets[] = {
		"\xc2\x85",	"\xc2\x80",	"\xe2\x80\xa8", "\xe2\x80\xa9",
		"\xe2\x80\x8e", "\xe2\x80\xae", "\xe2\x81\xa7", "\xd8\x9c",
	};
	char text[20];

	snprintf(text, sizeof(text), "a%s@b.test", octets[_i]);
	is_no_mailbox(text);
	snprintf(text, sizeof(text), "a@b%s.test", octets[_i]);
	is_no_mailbox(text);
}
END_TEST

START_TEST(B_024_wide_delimiters_delimit_nothing)
{
	is_no_mailbox("a\xef\xbc\xa0"
		      "b");
	is_no_mailbox("a@b\xef\xbc\x8etest");
	/* In a local-part they are letters like others, and no end of it. */
	ck_assert_int_eq(smtpc_transaction_set_sender(mail, "a\xef\xbc\xa0"
							    "evil.test@b.test"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_E_NOEXTENSION);
	wired_heard("");
}
END_TEST

START_TEST(B_025_domains_have_an_ASCII_form)
{
	static const char *const mailboxes[][2] = {
		{ "a@b\xc3\xbc"
		  "cher.example",
		  "a@xn--bcher-kva.example" },
		{ "a@fa\xc3\x9f.de", "a@xn--fa-hia.de" },
		{ "a@\xce\xb2\xcf\x8c\xce\xbb\xce\xbf\xcf\x82.gr",
		  "a@xn--nxasmm1c.gr" },
		{ "\"a@\\\"b\"@b\xc3\xbc"
		  "cher.example",
		  "\"a@\\\"b\"@xn--bcher-kva.example" },
	};

	is_sent_as(mailboxes[_i][0], mailboxes[_i][1]);
}
END_TEST

START_TEST(B_025_a_label_that_would_be_too_long_is_refused)
{
	char text[100] = "a@\xc3\xbc";

	fill(text, 'a', 60);
	strncat(text, ".test", 6);
	is_no_mailbox(text);
}
END_TEST

START_TEST(B_026_odd_A_labels_are_refused_or_left_alone)
{
	is_no_mailbox("a@xn--\x80.test");
	is_no_mailbox("a@xn--a-.test");
	is_mailbox(_i == 0 ? "a@xn--zzzzzzzzzz99999999.test"
			   : "a@XN--bcher-KVA.test");
}
END_TEST

START_TEST(B_027_a_homograph_goes_out_as_its_own_A_label)
{
	is_sent_as("a@\xd0\xb0pple.example", "a@xn--pple-43d.example");
}
END_TEST

START_TEST(B_028_huge_text_is_refused)
{
	static const char octets[] = "a\"[\\@.";
	const size_t size = 1 << 20;
	char *text = malloc(size + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, octets[_i], size);
	text[size] = '\0';
	is_no_mailbox(text);
	text[0] = '"';
	is_no_mailbox(text);
	free(text);
}
END_TEST

START_TEST(B_029_an_option_of_a_program_is_a_mailbox_like_others)
{
	is_mailbox("-oQ/spool@x");
}
END_TEST

START_TEST(B_030_Q_090_who_is_added_twice_is_sent_twice)
{
	ck_assert_int_eq(smtpc_transaction_add_recipient(mail, "bob@b.test",
							 NULL),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_add_recipient(mail, "BOB@b.test",
							 NULL),
			 SMTPC_OK);
	goes_out_as("MAIL FROM:<alice@a.test> SIZE=8\r\n"
		    "RCPT TO:<bob@b.test>\r\nRCPT TO:<bob@b.test>\r\n"
		    "RCPT TO:<BOB@b.test>\r\nDATA\r\n");
}
END_TEST

START_TEST(B_030_100000_recipients_take_little_memory_each)
{
	char name[32];
	int i;

	ck_assert_uint_le(sizeof(struct recipient), 64);
	for (i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "u%d@b.test", i);
		ck_assert_int_eq(smtpc_transaction_add_recipient(mail, name,
								 NULL),
				 SMTPC_OK);
	}
	ck_assert_uint_eq(smtpc_transaction_recipient_count(mail), 100001);
	ck_assert_str_eq(smtpc_transaction_recipient(mail, 100000),
			 "u99999@b.test");
	ck_assert_int_eq(smtpc_transaction_reset(mail), SMTPC_OK);
}
END_TEST

START_TEST(Q_070_no_blank_stands_between_the_colon_and_the_path)
{
	goes_out_as("MAIL FROM:<alice@a.test> SIZE=8\r\n"
		    "RCPT TO:<bob@b.test>\r\nDATA\r\n");
}
END_TEST

/*
 * Parameters.
 */

static void
is_no_parameter(const char *keyword, const char *value)
{
	nothing_came_of_it(
	    smtpc_transaction_add_mail_parameter(mail, keyword, value));
	nothing_came_of_it(
	    smtpc_transaction_add_recipient_parameter(mail, 0, keyword, value));
	ck_assert_ptr_null(mail->parameters);
	ck_assert_ptr_null(mail->recipients[0].parameters);
}

START_TEST(B_039_what_is_no_parameter_is_refused)
{
	is_no_parameter("A B", "x");
	is_no_parameter("A=", "x");
	is_no_parameter("", "x");
	is_no_parameter("\xc3\x84", "x");
	is_no_parameter("A", "x y");
	is_no_parameter("A", "x=y");
	is_no_parameter("A", "x\r");
	is_no_parameter("A", "x\r\nDATA");
	is_no_parameter("-A", "x");
	is_no_parameter("A", "");
}
END_TEST

/* Values that the extension's own document does not permit. */
static const struct {
	const char *keyword, *value;
} bad_values[] = {
	{ "RET", "ALL" },	  { "RET", NULL },
	{ "ENVID", "a+2" },	  { "ENVID", "a+2b" },
	{ "BY", "120" },	  { "BY", "120;X" },
	{ "BY", "-1;R" },	  { "BY", "0;R" },
	{ "BY", "1234567890;N" }, { "BY", "1;NTT" },
	{ "HOLDFOR", "-1" },	  { "HOLDFOR", "1234567890" },
	{ "HOLDUNTIL", "now" },	  { "HOLDUNTIL", "2030-02-30T00:00:00Z" },
	{ "MT-PRIORITY", "10" },  { "MT-PRIORITY", "-0" },
	{ "MT-PRIORITY", "+1" },  { "REQUIRETLS", "YES" },
	{ "SIZE", "-1" },	  { "SIZE", "123456789012345678901" },
	{ "AUTH", "a+0" },	  { "AUTH", "<a>+" },
	{ "NOTIFY", "NEVER" },	  { "ORCPT", "rfc822;a" },
};

START_TEST(B_041_values_are_those_of_the_extension)
{
	nothing_came_of_it(
	    smtpc_transaction_add_mail_parameter(mail, bad_values[_i].keyword,
						 bad_values[_i].value));
	ck_assert_ptr_null(mail->parameters);
}
END_TEST

START_TEST(B_041_NOTIFY_is_NEVER_or_a_list)
{
	static const char *const values[] = {
		"NEVER,SUCCESS", "SUCCESS,NEVER", "SUCCESS,",	   ",SUCCESS",
		"SOMETIMES",	 "DELAY,DELAY",	  "SUCCESS DELAY",
	};

	nothing_came_of_it(
	    smtpc_transaction_set_recipient_dsn(mail, 0, values[_i], NULL));
	nothing_came_of_it(
	    smtpc_transaction_add_recipient_parameter(mail, 0, "NOTIFY",
						      values[_i]));
	ck_assert_ptr_null(mail->recipients[0].parameters);
}
END_TEST

START_TEST(B_041_what_is_good_goes_out)
{
	ck_assert_int_eq(smtpc_transaction_set_dsn(mail, "HDRS", "q+1=x y"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_add_mail_parameter(mail, "BY",
							      "-120;NT"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_add_mail_parameter(mail, "HOLDFOR",
							      "1000"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_add_mail_parameter(mail,
							      "MT-PRIORITY",
							      "-9"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_recipient_dsn(
			     mail, 0, "SUCCESS,DELAY", "bob+tag=x@b.test"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_add_recipient_parameter(
			     mail, 0, "RRVS", "2014-04-03T23:01:00Z;C"),
			 SMTPC_OK);
	goes_out_as("MAIL FROM:<alice@a.test> SIZE=8 RET=HDRS "
		    "ENVID=q+2B1+3Dx+20y BY=-120;NT HOLDFOR=1000 "
		    "MT-PRIORITY=-9\r\n"
		    "RCPT TO:<bob@b.test> NOTIFY=SUCCESS,DELAY "
		    "ORCPT=rfc822;bob+2Btag+3Dx@b.test "
		    "RRVS=2014-04-03T23:01:00Z;C\r\nDATA\r\n");
}
END_TEST

START_TEST(B_037_an_envelope_identifier_is_never_sent_raw)
{
	nothing_came_of_it(smtpc_transaction_set_dsn(mail, NULL, "a\r\nb"));
	nothing_came_of_it(smtpc_transaction_set_dsn(mail, NULL, "a\nb"));
	nothing_came_of_it(smtpc_transaction_set_dsn(mail, NULL, ""));
	nothing_came_of_it(smtpc_transaction_set_dsn(mail, NULL, "\xc3\xa4"));
	nothing_came_of_it(
	    smtpc_transaction_set_recipient_dsn(mail, 0, NULL,
						"rfc822;a\r\nb"));
	nothing_came_of_it(
	    smtpc_transaction_set_recipient_dsn(mail, 0, NULL,
						"rfc822;\xc3\xa4"));
	nothing_came_of_it(
	    smtpc_transaction_set_recipient_dsn(mail, 0, NULL, "x"));
	ck_assert_ptr_null(mail->parameters);
	ck_assert_ptr_null(mail->recipients[0].parameters);
}
END_TEST

/* How ORCPT comes out. */
static const char *const original[][2] = {
	{ "carol@c.test", "rfc822;carol@c.test" },
	{ "rfc822;Carol <c>", "rfc822;Carol+20<c>" },
	{ "x400;/S=carol/", "x400;/S+3Dcarol/" },
	{ "\xc3\xa4@c.test", "utf-8;\\x{E4}@c.test" },
	{ "utf-8;a b+c=\\d", "utf-8;a\\x{20}b\\x{2B}c\\x{3D}\\x{5C}d" },
	{ "utf-8;\xf0\x9f\x93\xa7\xe2\x82\xac@c",
	  "utf-8;\\x{1F4E7}\\x{20AC}@c" },
};

START_TEST(B_037_an_original_recipient_is_encoded_as_its_type_wants)
{
	char commands[300];

	ck_assert_int_eq(smtpc_transaction_set_recipient_dsn(mail, 0, NULL,
							     original[_i][0]),
			 SMTPC_OK);
	snprintf(commands, sizeof(commands),
		 "MAIL FROM:<alice@a.test> SIZE=8\r\n"
		 "RCPT TO:<bob@b.test> ORCPT=%s\r\nDATA\r\n",
		 original[_i][1]);
	goes_out_as(commands);
}
END_TEST

START_TEST(B_038_an_envelope_identifier_has_100_octets)
{
	char text[200] = "";

	fill(text, 'x', 101);
	nothing_came_of_it(smtpc_transaction_set_dsn(mail, NULL, text));
	nothing_came_of_it(
	    smtpc_transaction_add_mail_parameter(mail, "ENVID", text));
	/* Encoded, that is. */
	text[97] = '+';
	text[98] = '\0';
	ck_assert_int_eq(smtpc_transaction_set_dsn(mail, NULL, text), SMTPC_OK);
	text[98] = 'x';
	text[99] = '\0';
	nothing_came_of_it(smtpc_transaction_set_dsn(mail, NULL, text));
	text[97] = 'x';
	text[100] = '\0';
	text[99] = 'x';
	ck_assert_int_eq(smtpc_transaction_set_dsn(mail, NULL, text), SMTPC_OK);
	ck_assert_uint_eq(strlen(mail->parameters), strlen(" ENVID=") + 100);
}
END_TEST

START_TEST(B_040_Q_071_AUTH_is_xtext_or_brackets_and_only_by_wish)
{
	nothing_came_of_it(
	    smtpc_transaction_add_mail_parameter(mail, "AUTH", "a\r\nb"));
	nothing_came_of_it(
	    smtpc_transaction_add_mail_parameter(mail, "AUTH", "\xc3\xa4"));
	nothing_came_of_it(
	    smtpc_transaction_add_mail_parameter(mail, "AUTH", "a=b"));
	ck_assert_int_eq(smtpc_transaction_add_mail_parameter(
			     mail, "AUTH", _i == 0 ? "<>" : "e+3Dmc2@b.test"),
			 SMTPC_OK);
	goes_out_as(_i == 0 ? "MAIL FROM:<alice@a.test> SIZE=8 AUTH=<>\r\n"
			      "RCPT TO:<bob@b.test>\r\nDATA\r\n"
			    : "MAIL FROM:<alice@a.test> SIZE=8 "
			      "AUTH=e+3Dmc2@b.test\r\n"
			      "RCPT TO:<bob@b.test>\r\nDATA\r\n");
}
END_TEST

START_TEST(B_035_a_size_of_20_digits_is_sent_as_it_is)
{
	ck_assert_int_eq(smtpc_transaction_add_mail_parameter(
			     mail, "SIZE", "18446744073709551615"),
			 SMTPC_OK);
	goes_out_as("MAIL FROM:<alice@a.test> SIZE=18446744073709551615\r\n"
		    "RCPT TO:<bob@b.test>\r\nDATA\r\n");
}
END_TEST

START_TEST(a_parameter_stands_once)
{
	ck_assert_int_eq(smtpc_transaction_add_mail_parameter(mail, "HOLDFOR",
							      "1"),
			 SMTPC_OK);
	nothing_came_of_it(
	    smtpc_transaction_add_mail_parameter(mail, "holdfor", "2"));
	nothing_came_of_it(
	    smtpc_transaction_add_mail_parameter(mail, "HOLDUNTIL",
						 "2030-01-01T00:00:00Z"));
	ck_assert_str_eq(mail->parameters, " HOLDFOR=1");
}
END_TEST

START_TEST(notifications_are_set_together_and_replaced)
{
	ck_assert_int_eq(smtpc_transaction_add_mail_parameter(mail, "XFLAG",
							      NULL),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_dsn(mail, "FULL", "one"),
			 SMTPC_OK);
	ck_assert_str_eq(mail->parameters, " XFLAG RET=FULL ENVID=one");
	nothing_came_of_it(smtpc_transaction_set_dsn(mail, "NONE", "two"));
	nothing_came_of_it(smtpc_transaction_set_dsn(mail, "HDRS", "\n"));
	ck_assert_str_eq(mail->parameters, " XFLAG RET=FULL ENVID=one");
	ck_assert_int_eq(smtpc_transaction_set_dsn(mail, NULL, "two"),
			 SMTPC_OK);
	ck_assert_str_eq(mail->parameters, " XFLAG ENVID=two");
	ck_assert_int_eq(smtpc_transaction_set_dsn(mail, NULL, NULL), SMTPC_OK);
	ck_assert_str_eq(mail->parameters, " XFLAG");
	nothing_came_of_it(
	    smtpc_transaction_set_recipient_dsn(mail, 1, "NEVER", NULL));
	ck_assert_int_eq(smtpc_transaction_set_recipient_dsn(mail, 0, "NEVER",
							     NULL),
			 SMTPC_OK);
	ck_assert_str_eq(mail->recipients[0].parameters, " NOTIFY=NEVER");
	ck_assert_int_eq(smtpc_transaction_set_recipient_dsn(mail, 0, NULL,
							     NULL),
			 SMTPC_OK);
	ck_assert_ptr_null(mail->recipients[0].parameters);
}
END_TEST

static void
add_mailboxes(TCase *tcase)
{
	tcase_add_test(tcase,
		       B_001_B_002_B_003_commands_in_a_mailbox_are_refused);
	tcase_add_test(tcase, B_005_a_control_octet_is_refused_in_every_place);
	tcase_add_test(tcase, B_006_B_008_brackets_and_parameters_are_refused);
	tcase_add_test(tcase, B_007_blanks_outside_quotes_are_refused);
	tcase_add_test(tcase, B_009_B_010_quotes_hide_no_control_octet);
	tcase_add_loop_test(tcase,
			    B_011_B_012_a_quoted_local_part_goes_out_as_it_is,
			    0, 4);
	tcase_add_test(tcase,
		       B_013_B_014_what_does_not_fit_the_grammar_is_refused);
	tcase_add_test(tcase, B_015_only_a_sender_may_be_empty);
	tcase_add_test(
	    tcase, B_016_source_routes_are_refused_and_the_postmaster_is_none);
	tcase_add_loop_test(tcase, B_017_a_local_part_has_64_octets, 0, 4);
	tcase_add_test(tcase, B_018_labels_and_paths_end_where_they_end);
	tcase_add_loop_test(tcase,
			    B_020_domains_of_other_characters_are_refused, 0,
			    7);
	tcase_add_loop_test(tcase, B_021_address_literals_are_addresses, 0, 2);
	tcase_add_loop_test(tcase, B_023_what_is_no_UTF_8_is_refused, 0, 6);
	tcase_add_loop_test(tcase, B_024_characters_that_deceive_are_refused, 0,
			    8);
	tcase_add_test(tcase, B_024_wide_delimiters_delimit_nothing);
	tcase_add_loop_test(tcase, B_025_domains_have_an_ASCII_form, 0, 4);
	tcase_add_test(tcase, B_025_a_label_that_would_be_too_long_is_refused);
	tcase_add_loop_test(tcase, B_026_odd_A_labels_are_refused_or_left_alone,
			    0, 2);
	tcase_add_test(tcase, B_027_a_homograph_goes_out_as_its_own_A_label);
	tcase_add_loop_test(tcase, B_028_huge_text_is_refused, 0, 6);
	tcase_add_test(tcase,
		       B_029_an_option_of_a_program_is_a_mailbox_like_others);
	tcase_add_test(tcase, B_030_Q_090_who_is_added_twice_is_sent_twice);
	tcase_add_test(tcase, B_030_100000_recipients_take_little_memory_each);
	tcase_add_test(tcase,
		       Q_070_no_blank_stands_between_the_colon_and_the_path);
}

int
main(void)
{
	Suite *suite = suite_create("envelope");
	TCase *tcase = suite_case(suite, "mailbox");

	tcase_add_checked_fixture(tcase, set_up, wired_tear_down);
	add_mailboxes(tcase);
	tcase = suite_case(suite, "parameter");
	tcase_add_checked_fixture(tcase, set_up, wired_tear_down);
	tcase_add_test(tcase, B_039_what_is_no_parameter_is_refused);
	tcase_add_loop_test(tcase, B_041_values_are_those_of_the_extension, 0,
			    (int)(sizeof(bad_values) / sizeof(bad_values[0])));
	tcase_add_loop_test(tcase, B_041_NOTIFY_is_NEVER_or_a_list, 0, 7);
	tcase_add_test(tcase, B_041_what_is_good_goes_out);
	tcase_add_test(tcase, B_037_an_envelope_identifier_is_never_sent_raw);
	tcase_add_loop_test(
	    tcase, B_037_an_original_recipient_is_encoded_as_its_type_wants, 0,
	    (int)(sizeof(original) / sizeof(original[0])));
	tcase_add_test(tcase, B_038_an_envelope_identifier_has_100_octets);
	tcase_add_loop_test(
	    tcase, B_040_Q_071_AUTH_is_xtext_or_brackets_and_only_by_wish, 0,
	    2);
	tcase_add_test(tcase, B_035_a_size_of_20_digits_is_sent_as_it_is);
	tcase_add_test(tcase, a_parameter_stands_once);
	tcase_add_test(tcase, notifications_are_set_together_and_replaced);
	return suite_run(suite);
}

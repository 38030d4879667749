/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of tools/compose.c and tools/date.c: composed messages. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "compose.h"
#include "date.h"
#include "text.h"

/* No test needs so long, but a busy machine may. */
#define CASE_SECONDS 60

static char alice[] = "alice@example.test";
static char bob[] = "bob@example.test";
static char *both[] = { alice, bob };
static struct compose input;
static struct text out;

static void
set_up(void)
{
	memset(&input, 0, sizeof(input));
	input.sender = alice;
	input.recipients = both;
	input.recipient_count = 2;
	input.subject = "Hello";
	input.text = "Hello, world\n";
	input.text_len = strlen(input.text);
	input.now = 1709633472000;
	memcpy(input.id,
	       "\x00\x01\xfe\xff"
	       "abcdefghijkl",
	       COMPOSE_ID_SIZE);
	text_init(&out, 1024 * 1024);
}

static void
tear_down(void)
{
	text_clear(&out);
}

static void
compose(void)
{
	const char *wrong;

	text_clear(&out);
	wrong = compose_message(&input, &out);
	ck_assert_msg(wrong == NULL, "%s", wrong);
}

static void
refused(const char *because)
{
	const char *wrong;

	text_clear(&out);
	wrong = compose_message(&input, &out);
	ck_assert_ptr_nonnull(wrong);
	ck_assert_msg(strstr(wrong, because) != NULL, "%s", wrong);
	ck_assert_uint_eq(out.len, 0);
}

static void
has(const char *part)
{
	ck_assert_msg(strstr(out.data, part) != NULL, "no %s in\n%s", part,
		      out.data);
}

static void
set_text(const char *text)
{
	input.text = text;
	input.text_len = strlen(text);
}

START_TEST(ascii_message_is_composed_so)
{
	compose();
	ck_assert_str_eq(out.data,
			 "Date: Tue, 05 Mar 2024 10:11:12 +0000\r\n"
			 "From: alice@example.test\r\n"
			 "To: alice@example.test, bob@example.test\r\n"
			 "Subject: Hello\r\n"
			 "Message-ID: <0001feff6162636465666768696a6b6c"
			 "@example.test>\r\n"
			 "MIME-Version: 1.0\r\n"
			 "Content-Type: text/plain; charset=us-ascii\r\n"
			 "Content-Transfer-Encoding: 7bit\r\n"
			 "\r\n"
			 "Hello, world\r\n");
}
END_TEST

START_TEST(line_ends_become_crlf_and_the_last_is_added)
{
	set_text("a\nb\r\nc\rd\n\n\r\r\n.e");
	compose();
	ck_assert_str_eq(strstr(out.data, "\r\n\r\n") + 4,
			 "a\r\nb\r\nc\r\nd\r\n\r\n\r\n\r\n.e\r\n");
}
END_TEST

START_TEST(empty_text_and_no_subject_are_a_message)
{
	input.subject = NULL;
	set_text("");
	compose();
	ck_assert_ptr_null(strstr(out.data, "Subject"));
	ck_assert_str_eq(strstr(out.data, "\r\n\r\n"), "\r\n\r\n");
	/* As it comes from an empty standard input. */
	input.text = NULL;
	compose();
}
END_TEST

START_TEST(the_shorter_encoding_is_taken)
{
	set_text("na\xc3\xafve caf\xc3\xa9 and more of plain text\n");
	compose();
	has("charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n");
	has("\r\n\r\nna=C3=AFve caf=C3=A9 and");
	set_text("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\n");
	compose();
	has("charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
	    "\r\n5pel5pys6KqeDQo=\r\n");
}
END_TEST

START_TEST(long_ascii_line_is_encoded)
{
	char text[1010] = "a\nb\n";

	memset(text + 4, 'a', 998);
	set_text(text);
	compose();
	has("Content-Transfer-Encoding: 7bit");
	text[4 + 998] = 'a';
	set_text(text);
	compose();
	has("charset=us-ascii\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n"
	    "\r\na\r\nb\r\naaa");
	has("aaa=\r\naaa");
}
END_TEST

START_TEST(long_plain_subject_is_folded_before_blanks)
{
	input.subject = "aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeee "
			"fffffffff ggggggg  hhhhhhhhh i";
	compose();
	has("Subject: aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeee "
	    "fffffffff ggggggg\r\n  hhhhhhhhh i\r\n");
}
END_TEST

START_TEST(subject_that_can_not_stand_as_it_is_is_encoded)
{
	char subject[100];

	memset(subject, 'a', sizeof(subject));
	subject[67] = '\0';
	input.subject = subject;
	compose();
	has("Subject: aaaa");
	subject[67] = 'a';
	subject[68] = '\0';
	compose();
	has("Subject: =?UTF-8?Q?aaaa");
	input.subject = "a =?UTF-8?Q?b?=";
	compose();
	has("Subject: =?UTF-8?B?");
	input.subject = " a";
	compose();
	has("Subject: =?UTF-8?Q?_a?=\r\n");
	input.subject = "a ";
	compose();
	has("Subject: =?UTF-8?Q?a_?=\r\n");
	input.subject = "\xe4\xbb\xb6";
	compose();
	has("Subject: =?UTF-8?B?5Lu2?=\r\n");
	input.subject = "";
	compose();
	has("Subject: \r\nMessage-ID");
}
END_TEST

START_TEST(subject_with_a_control_character_is_refused)
{
	static const char *const subjects[] = {
		"a\nBcc: x@y", "a\rb", "\r\n", "a\tb", "a\x7f", "\x1b[m"
	};
	size_t i;

	for (i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		input.subject = subjects[i];
		refused("subject holds");
	}
}
END_TEST

START_TEST(what_is_not_utf8_is_refused)
{
	input.subject = "caf\xe9";
	refused("subject is not UTF-8");
	input.subject = "caf\xc3";
	refused("subject is not UTF-8");
	input.subject = "Hello";
	set_text("caf\xe9\n");
	refused("text is not UTF-8");
	set_text("\xed\xa0\x80");
	refused("text is not UTF-8");
	input.text = "a\0b";
	input.text_len = 3;
	refused("NUL");
}
END_TEST

START_TEST(odd_mailboxes_are_refused)
{
	char mailboxes[][24] = {
		"a@x\r\nBcc: b@x",
		"Alice <a@x>",
		"a@x, b@x",
		"a@m\xc3\xbcller.x",
		"root",
		"\"a@x",
		"",
	};
	char *one[1];
	size_t i;

	for (i = 0; i < sizeof(mailboxes) / sizeof(mailboxes[0]); i++) {
		one[0] = mailboxes[i];
		input.recipients = one;
		input.recipient_count = 1;
		refused("plain mailboxes");
		if (mailboxes[i][0] != '\0') {
			input.recipients = both;
			input.sender = mailboxes[i];
			refused("plain mailboxes");
			input.sender = alice;
		}
	}
	input.sender = "";
	refused("needs a sender");
}
END_TEST

START_TEST(quoted_local_part_and_literal_stand_as_they_are)
{
	input.sender = "\"a@b c\"@[192.0.2.1]";
	compose();
	has("From: \"a@b c\"@[192.0.2.1]\r\n");
	has("@[192.0.2.1]>\r\nMIME");
}
END_TEST

START_TEST(many_recipients_are_folded)
{
	char *many[12];
	size_t i, len;
	const char *line;

	for (i = 0; i < 12; i++)
		many[i] = both[i % 2];
	input.recipients = many;
	input.recipient_count = 12;
	compose();
	line = strstr(out.data, "To: ");
	for (i = 0; i < 4; i++) {
		len = strcspn(line, "\r");
		ck_assert_uint_le(len, 78);
		ck_assert_uint_ge(len, 40);
		line += len + 2;
	}
	has("bob@example.test,\r\n alice@example.test");
}
END_TEST

START_TEST(too_long_text_is_refused)
{
	text_clear(&out);
	text_init(&out, 300);
	input.text = "Hello, world, Hello, world, Hello, world, Hello, world";
	input.text_len = strlen(input.text);
	ck_assert_str_eq(compose_message(&input, &out), "the text is too long");
}
END_TEST

static void
date_is(int64_t milliseconds, const char *header, const char *people)
{
	char buffer[DATE_SIZE];

	date_for_header(buffer, milliseconds);
	ck_assert_str_eq(buffer, header);
	date_for_people(buffer, milliseconds);
	ck_assert_str_eq(buffer, people);
}

START_TEST(dates_are_utc_in_every_locale_and_zone)
{
	setenv("TZ", "Asia/Tokyo", 1);
	setenv("LC_ALL", "ja_JP.UTF-8", 1);
	date_is(0, "Thu, 01 Jan 1970 00:00:00 +0000",
		"1970-01-01 00:00:00 UTC");
	date_is(951827696999, "Tue, 29 Feb 2000 12:34:56 +0000",
		"2000-02-29 12:34:56 UTC");
	date_is(-1, "Wed, 31 Dec 1969 23:59:59 +0000",
		"1969-12-31 23:59:59 UTC");
	date_is(253402300799000, "Fri, 31 Dec 9999 23:59:59 +0000",
		"9999-12-31 23:59:59 UTC");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_compose");
	TCase *tcase = tcase_create("compose_message");
	SRunner *runner;

	tcase_set_timeout(tcase, CASE_SECONDS);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, ascii_message_is_composed_so);
	tcase_add_test(tcase, line_ends_become_crlf_and_the_last_is_added);
	tcase_add_test(tcase, empty_text_and_no_subject_are_a_message);
	tcase_add_test(tcase, the_shorter_encoding_is_taken);
	tcase_add_test(tcase, long_ascii_line_is_encoded);
	tcase_add_test(tcase, long_plain_subject_is_folded_before_blanks);
	tcase_add_test(tcase, subject_that_can_not_stand_as_it_is_is_encoded);
	tcase_add_test(tcase, subject_with_a_control_character_is_refused);
	tcase_add_test(tcase, what_is_not_utf8_is_refused);
	tcase_add_test(tcase, odd_mailboxes_are_refused);
	tcase_add_test(tcase, quoted_local_part_and_literal_stand_as_they_are);
	tcase_add_test(tcase, many_recipients_are_folded);
	tcase_add_test(tcase, too_long_text_is_refused);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("date");
	tcase_set_timeout(tcase, CASE_SECONDS);
	tcase_add_test(tcase, dates_are_utc_in_every_locale_and_zone);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	return EXIT_SUCCESS;
}

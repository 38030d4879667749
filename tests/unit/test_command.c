/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/command.c: nothing leaves but one line of printable ASCII. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "suite.h"

/* What is in the buffer before a line is written, and must stay. */
static const char before[] = "NOOP\r\n";

static struct buffer out;

static void
set_up(void)
{
	buffer_init(&out, 100000);
	buffer_append_text(&out, before);
}

static void
tear_down(void)
{
	buffer_clear(&out);
}

static const char *
written(void)
{
	static char text[20000];
	size_t len = buffer_length(&out) - strlen(before);

	ck_assert_uint_lt(len, sizeof(text));
	ck_assert_mem_eq(buffer_data(&out), before, strlen(before));
	memcpy(text, buffer_data(&out) + strlen(before), len);
	text[len] = '\0';
	buffer_truncate(&out, strlen(before));
	return text;
}

/* count times c, the caller's to free. */
static char *
many(char c, size_t count)
{
	char *text = malloc(count + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, c, count);
	text[count] = '\0';
	return text;
}

START_TEST(verb_stands_alone_or_before_its_argument)
{
	ck_assert(command_write(&out, "QUIT", NULL));
	ck_assert_str_eq(written(), "QUIT\r\n");
	ck_assert(command_write(&out, "EHLO", "[192.0.2.1]"));
	ck_assert_str_eq(written(), "EHLO [192.0.2.1]\r\n");
}
END_TEST

START_TEST(paths_stand_between_brackets)
{
	ck_assert(command_write_mail(&out, "", "", ""));
	ck_assert_str_eq(written(), "MAIL FROM:<>\r\n");
	ck_assert(command_write_mail(&out, "\"a b\"@c.test", " BODY=8BITMIME",
				     " SIZE=12"));
	ck_assert_str_eq(written(), "MAIL FROM:<\"a b\"@c.test> "
				    "BODY=8BITMIME SIZE=12\r\n");
	ck_assert(command_write_rcpt(&out, "bob@c.test", " NOTIFY=NEVER"));
	ck_assert_str_eq(written(), "RCPT TO:<bob@c.test> NOTIFY=NEVER\r\n");
	ck_assert(command_write_rcpt(&out, "Postmaster", ""));
	ck_assert_str_eq(written(), "RCPT TO:<Postmaster>\r\n");
}
END_TEST

START_TEST(with_SMTPUTF8_a_path_may_be_UTF_8)
{
	static const char *const bad[] = {
		"\xff@b",
		"a\r\n@b",
		"\xc3\xa4\x7f@b",
		"\xc3@b",
	};
	size_t i;

	ck_assert(command_write_mail_utf8(&out, "\xc3\xa4@b", " SMTPUTF8",
					  " RET=HDRS"));
	ck_assert_str_eq(written(),
			 "MAIL FROM:<\xc3\xa4@b> SMTPUTF8 RET=HDRS\r\n");
	ck_assert(command_write_rcpt_utf8(&out, "\xc3\xa4@b", " X"));
	ck_assert_str_eq(written(), "RCPT TO:<\xc3\xa4@b> X\r\n");
	ck_assert(!command_write_mail(&out, "\xc3\xa4@b", "", ""));
	ck_assert(!command_write_rcpt(&out, "\xc3\xa4@b", ""));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert(!command_write_mail_utf8(&out, bad[i], "", ""));
		ck_assert(!command_write_rcpt_utf8(&out, bad[i], ""));
		ck_assert_str_eq(written(), "");
	}
}
END_TEST

START_TEST(bdat_says_how_much_and_whether_that_is_all)
{
	ck_assert(command_write_bdat(&out, 0, true));
	ck_assert_str_eq(written(), "BDAT 0 LAST\r\n");
	ck_assert(command_write_bdat(&out, 1048576, false));
	ck_assert_str_eq(written(), "BDAT 1048576\r\n");
	ck_assert(command_write_bdat(&out, UINT64_MAX, true));
	ck_assert_str_eq(written(), "BDAT 18446744073709551615 LAST\r\n");
}
END_TEST

START_TEST(auth_stands_with_or_without_an_initial_response)
{
	struct buffer initial;

	buffer_init(&initial, 100);
	ck_assert(command_write_auth(&out, "LOGIN", NULL));
	ck_assert_str_eq(written(), "AUTH LOGIN\r\n");
	buffer_append_text(&initial, "AGEAYg==");
	ck_assert(command_write_auth(&out, "PLAIN", &initial));
	ck_assert_str_eq(written(), "AUTH PLAIN AGEAYg==\r\n");
	ck_assert(command_write_response(&out, &initial));
	ck_assert_str_eq(written(), "AGEAYg==\r\n");
	buffer_clear(&initial);
	ck_assert(command_write_response(&out, &initial));
	ck_assert_str_eq(written(), "\r\n");
}
END_TEST

/* Each place where text goes in. */
static bool
write_with(int place, const char *text)
{
	struct buffer encoded;
	bool ok;

	switch (place) {
	case 0:
		return command_write(&out, text, NULL);
	case 1:
		return command_write(&out, "VRFY", text);
	case 2:
		return command_write_mail(&out, text, "", "");
	case 3:
		return command_write_mail(&out, "a@b", text, "");
	case 4:
		return command_write_mail(&out, "a@b", "", text);
	case 5:
		return command_write_rcpt(&out, text, "");
	case 6:
		return command_write_rcpt(&out, "a@b", text);
	case 7:
		return command_write_auth(&out, text, NULL);
	default:
		break;
	}
	buffer_init(&encoded, 20000);
	buffer_append_text(&encoded, text);
	ok = place == 8 ? command_write_auth(&out, "PLAIN", &encoded)
			: command_write_response(&out, &encoded);
	buffer_clear(&encoded);
	return ok;
}

#define PLACES 10

START_TEST(no_control_or_8bit_octet_leaves_in_any_place)
{
	char text[] = "abc";
	int c;
	size_t at;

	for (c = 1; c < 256; c++) {
		if (c >= 0x20 && c <= 0x7e)
			continue;
		for (at = 0; at < 3; at++) {
			memcpy(text, "abc", 3);
			text[at] = (char)c;
			ck_assert_msg(!write_with(_i, text),
				      "octet 0x%02x was written",
				      (unsigned int)c);
			ck_assert_str_eq(written(), "");
			ck_assert(!out.failed);
		}
	}
	ck_assert(write_with(_i, "abc"));
}
END_TEST

START_TEST(injected_line_does_not_leave)
{
	ck_assert(!command_write_rcpt(&out, "a@b>\r\nRCPT TO:<x@y", ""));
	ck_assert_str_eq(written(), "");
	ck_assert(!command_write(&out, "EHLO", "x\r\nMAIL FROM:<a@b>"));
	ck_assert_str_eq(written(), "");
}
END_TEST

/* The longest text in a place that makes a line of max, CRLF and all. */
static void
longest_is(int place, size_t max)
{
	size_t overhead, len;
	char *text;

	ck_assert(write_with(place, "x"));
	overhead = strlen(written()) - 1;
	len = max - overhead;
	text = many('x', len);
	ck_assert_msg(write_with(place, text), "place %d, %zu octets", place,
		      max);
	ck_assert_uint_eq(strlen(written()), max);
	free(text);

	text = many('x', len + 1);
	ck_assert_msg(!write_with(place, text), "place %d, %zu octets", place,
		      max + 1);
	ck_assert_str_eq(written(), "");
	ck_assert(!out.failed);
	free(text);
}

START_TEST(longest_line_is_exact)
{
	longest_is(0, 512);
	longest_is(1, 512);
	longest_is(2, 512 + 1536);
	longest_is(4, 512 + 1536);
	longest_is(6, 512 + 1536);
	longest_is(7, 512);
	longest_is(8, 512);
	longest_is(9, 12288 + 2);
}
END_TEST

START_TEST(line_without_room_is_not_written_at_all)
{
	size_t max;

	for (max = 0; max < strlen("MAIL FROM:<a@b> BODY=8BITMIME\r\n");
	     max++) {
		struct buffer small;

		buffer_init(&small, max);
		ck_assert(
		    !command_write_mail(&small, "a@b", " BODY=8BITMIME", ""));
		ck_assert_uint_eq(buffer_length(&small), 0);
		buffer_clear(&small);
	}
}
END_TEST

START_TEST(line_without_memory_is_not_written_at_all)
{
	bool more = true;
	unsigned int i;
	char *text = many('x', 400);

	for (i = 0; more; i++) {
		struct buffer fresh;
		bool ok;

		buffer_init(&fresh, 10000);
		fault_at(i);
		ok = command_write(&fresh, "VRFY", text);
		more = fault_end();
		ck_assert_int_eq(ok, !more);
		ck_assert_uint_eq(buffer_length(&fresh),
				  more ? 0 : 400 + strlen("VRFY \r\n"));
		buffer_clear(&fresh);
	}
	ck_assert_uint_gt(i, 1);
	free(text);
}
END_TEST

START_TEST(verb_is_letters_digits_and_hyphens)
{
	char *text;
	int c;

	ck_assert(command_is_verb("NOOP"));
	ck_assert(command_is_verb("noop"));
	ck_assert(command_is_verb("X-EXPS"));
	ck_assert(command_is_verb("8BITMIME"));
	ck_assert(!command_is_verb(""));
	ck_assert(!command_is_verb("-X"));
	for (c = 1; c < 256; c++) {
		char verb[] = "AxB";

		verb[1] = (char)c;
		ck_assert_msg(command_is_verb(verb) ==
				  ((c >= '0' && c <= '9') ||
				   (c >= 'A' && c <= 'Z') ||
				   (c >= 'a' && c <= 'z') || c == '-'),
			      "octet 0x%02x", (unsigned int)c);
	}
	text = many('A', 510);
	ck_assert(command_is_verb(text));
	ck_assert(command_write(&out, text, NULL));
	free(text);
	text = many('A', 511);
	ck_assert(!command_is_verb(text));
	free(text);
}
END_TEST

START_TEST(argument_is_printable_ascii)
{
	char *text;
	int c;

	ck_assert(command_is_argument("ADDR=192.0.2.1 NAME=a b"));
	for (c = 1; c < 256; c++) {
		char argument[] = "AxB";

		argument[1] = (char)c;
		ck_assert_int_eq(command_is_argument(argument),
				 c >= 0x20 && c <= 0x7e);
	}
	text = many(' ', 509);
	ck_assert(command_is_argument(text));
	free(text);
	text = many(' ', 510);
	ck_assert(!command_is_argument(text));
	free(text);
}
END_TEST

START_TEST(parameter_is_a_keyword_and_a_value_without_blanks)
{
	int c;

	ck_assert(command_is_parameter("SIZE", "1000"));
	ck_assert(command_is_parameter("SMTPUTF8", NULL));
	ck_assert(command_is_parameter("ORCPT", "rfc822;a+2Bb@c"));
	ck_assert(!command_is_parameter("SIZE", ""));
	ck_assert(!command_is_parameter("", "1"));
	ck_assert(!command_is_parameter("", NULL));
	ck_assert(!command_is_parameter("A B", "1"));
	ck_assert(!command_is_parameter("A=", "1"));
	ck_assert(!command_is_parameter("\xc3\x84", NULL));
	ck_assert(!command_is_parameter("-A", NULL));
	for (c = 1; c < 256; c++) {
		char value[] = "AxB";

		value[1] = (char)c;
		ck_assert_int_eq(command_is_parameter("K", value),
				 c > 0x20 && c <= 0x7e && c != '=');
	}
}
END_TEST

START_TEST(longest_parameter_value_is_exact)
{
	char *text = many('v', 1536);

	ck_assert(command_is_parameter("K", text));
	free(text);
	text = many('v', 1537);
	ck_assert(!command_is_parameter("K", text));
	free(text);
	text = many('v', 1000000);
	ck_assert(!command_is_parameter("K", text));
	ck_assert(!command_is_verb(text));
	ck_assert(!command_is_argument(text));
	free(text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("command");
	TCase *tcase = suite_case(suite, "command_write");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, verb_stands_alone_or_before_its_argument);
	tcase_add_test(tcase, paths_stand_between_brackets);
	tcase_add_test(tcase, with_SMTPUTF8_a_path_may_be_UTF_8);
	tcase_add_test(tcase, bdat_says_how_much_and_whether_that_is_all);
	tcase_add_test(tcase, auth_stands_with_or_without_an_initial_response);
	tcase_add_loop_test(tcase, no_control_or_8bit_octet_leaves_in_any_place,
			    0, PLACES);
	tcase_add_test(tcase, injected_line_does_not_leave);
	tcase_add_test(tcase, longest_line_is_exact);
	tcase_add_test(tcase, line_without_room_is_not_written_at_all);
	tcase_add_test(tcase, line_without_memory_is_not_written_at_all);

	tcase = suite_case(suite, "command_is");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, verb_is_letters_digits_and_hyphens);
	tcase_add_test(tcase, argument_is_printable_ascii);
	tcase_add_test(tcase,
		       parameter_is_a_keyword_and_a_value_without_blanks);
	tcase_add_test(tcase, longest_parameter_value_is_exact);
	return suite_run(suite);
}

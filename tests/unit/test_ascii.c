/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/ascii.c: the same answers in every locale. */
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "mem.h"
#include "suite.h"

/* The octets for which a function should say yes, as a list. */
static void
says_yes_to(bool (*is)(char c), const char *octets)
{
	size_t len = strlen(octets);
	int c;

	for (c = 0; c < 256; c++)
		ck_assert_msg(is((char)c) == (memchr(octets, c, len) != NULL),
			      "octet 0x%02x", (unsigned int)c);
}

START_TEST(each_class_has_its_octets_and_no_other)
{
	char printable[96];
	char c;

	says_yes_to(ascii_is_digit, "0123456789");
	says_yes_to(ascii_is_hex, "0123456789abcdefABCDEF");
	says_yes_to(ascii_is_alnum, "0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	says_yes_to(ascii_is_atext, "!#$%&'*+-/0123456789=?"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`"
				    "abcdefghijklmnopqrstuvwxyz{|}~");
	for (c = 0x20; c <= 0x7e; c++)
		printable[c - 0x20] = c;
	printable[95] = '\0';
	says_yes_to(ascii_is_printable, printable);
}
END_TEST

START_TEST(one_bad_octet_anywhere_makes_text_unprintable)
{
	char text[] = "mailbox";
	size_t i;

	ck_assert(ascii_all_printable("", 0));
	ck_assert(ascii_all_printable(text, 7));
	for (i = 0; i < 7; i++) {
		char saved = text[i];

		text[i] = '\x1b';
		ck_assert(!ascii_all_printable(text, 7));
		ck_assert(ascii_all_printable(text, i));
		text[i] = saved;
	}
	ck_assert(!ascii_all_printable("a\0b", 3));
}
END_TEST

START_TEST(only_small_letters_change_in_upper_case)
{
	int c;

	for (c = 0; c < 256; c++)
		ck_assert_int_eq(ascii_upper((char)c), c >= 'a' && c <= 'z'
							   ? (char)(c - 32)
							   : (char)c);
}
END_TEST

START_TEST(case_alone_makes_no_difference)
{
	ck_assert(ascii_equal_text("StartTLS", "STARTtls"));
	ck_assert(ascii_equal_text("", ""));
	ck_assert(!ascii_equal_text("STARTTLS", "STARTTL"));
	ck_assert(!ascii_equal_text("", "A"));
	/* 32 apart, but no letters. */
	ck_assert(!ascii_equal_text("[", "{"));
	ck_assert(!ascii_equal_text("@", "`"));
	ck_assert(!ascii_equal_text("\xc4", "\xe4"));
	ck_assert(ascii_equal("auth", 4, "AUTHX", 4));
	ck_assert(!ascii_equal("a\0b", 3, "a\0c", 3));
}
END_TEST

/* An upper i in Turkish is not I. */
START_TEST(no_locale_makes_a_difference)
{
	static const char *const names[] = { "tr_TR.UTF-8", "de_DE.ISO-8859-1",
					     "C.UTF-8", "" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		setlocale(LC_ALL, names[i]);
		ck_assert_int_eq(ascii_upper('i'), 'I');
		ck_assert(!ascii_is_alnum('\xe4'));
		ck_assert(!ascii_is_printable('\xe4'));
	}
}
END_TEST

static void
escapes_to(const char *text, size_t len, size_t max, const char *expected)
{
	char *escaped = ascii_escape(text, len, max);

	ck_assert_ptr_nonnull(escaped);
	ck_assert_str_eq(escaped, expected);
	mem_free(escaped);
}

START_TEST(escaped_text_is_printable)
{
	escapes_to("", 0, 100, "");
	escapes_to("550 no ~ user!", 14, 100, "550 no ~ user!");
	escapes_to("a\\b", 3, 100, "a\\\\b");
	escapes_to("a\0b\r\n\t", 6, 100, "a\\x00b\\x0d\\x0a\\x09");
	escapes_to("\x1b[2J\x7f", 5, 100, "\\x1b[2J\\x7f");
	escapes_to("\xc2\x9b\xe2\x80\xae\xff", 6, 100,
		   "\\xc2\\x9b\\xe2\\x80\\xae\\xff");
	escapes_to("%s%n", 4, 100, "%s%n");
}
END_TEST

START_TEST(every_octet_can_be_told_from_its_escape)
{
	char c, *escaped, *end;
	int i;

	for (i = 0; i < 256; i++) {
		c = (char)i;
		escaped = ascii_escape(&c, 1, 1);
		ck_assert_ptr_nonnull(escaped);
		ck_assert(ascii_all_printable(escaped, strlen(escaped)));
		if (i == '\\') {
			ck_assert_str_eq(escaped, "\\\\");
		} else if (escaped[0] == '\\') {
			ck_assert_uint_eq(strlen(escaped), 4);
			ck_assert_int_eq(escaped[1], 'x');
			ck_assert_int_eq(strtol(escaped + 2, &end, 16), i);
			ck_assert_ptr_eq(end, escaped + 4);
		} else {
			ck_assert_int_eq(escaped[0], c);
			ck_assert_int_eq(escaped[1], '\0');
		}
		mem_free(escaped);
	}
}
END_TEST

START_TEST(what_is_not_printable_can_be_replaced)
{
	char text[] = "caf\xc3\xa9: a\tb\x7f\x1b[2J \\?";
	char all[256];
	int i;

	ascii_make_printable(text);
	ck_assert_str_eq(text, "caf??: a?b??[2J \\?");
	for (i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	all[255] = '\0';
	ascii_make_printable(all);
	ck_assert_uint_eq(strlen(all), 255);
	ck_assert(ascii_all_printable(all, 255));
	ck_assert_int_eq(all['a' - 1], 'a');
	all[0] = '\0';
	ascii_make_printable(all);
	ck_assert_str_eq(all, "");
}
END_TEST

START_TEST(long_text_is_cut_and_says_so)
{
	escapes_to("abcdef", 6, 6, "abcdef");
	escapes_to("abcdef", 6, 5, "abcde...");
	escapes_to("abcdef", 6, 0, "...");
	escapes_to("\r\n\r\n", 4, 3, "\\x0d\\x0a\\x0d...");
}
END_TEST

START_TEST(without_memory_nothing_is_escaped)
{
	char *escaped;

	fault_at(0);
	escaped = ascii_escape("a", 1, 1);
	ck_assert(fault_end());
	ck_assert_ptr_null(escaped);
}
END_TEST

START_TEST(text_is_7bit_only_if_every_octet_is)
{
	char text[40];
	size_t len, at;

	for (len = 0; len < sizeof(text); len++) {
		memset(text, 0x7f, sizeof(text));
		text[len] = '\x80';
		ck_assert(ascii_is_7bit(text, len));
		for (at = 0; at < len; at++) {
			text[at] = '\x80';
			ck_assert(!ascii_is_7bit(text, len));
			text[at] = '\0';
		}
	}
}
END_TEST

START_TEST(numbers_are_decimal)
{
	char digits[ASCII_NUMBER_MAX];

	ck_assert_str_eq(ascii_number(0, digits), "0");
	ck_assert_str_eq(ascii_number(9, digits), "9");
	ck_assert_str_eq(ascii_number(1050, digits), "1050");
	ck_assert_str_eq(ascii_number(UINT64_MAX, digits),
			 "18446744073709551615");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ascii");
	TCase *tcase = suite_case(suite, "ascii_is");

	tcase_add_test(tcase, each_class_has_its_octets_and_no_other);
	tcase_add_test(tcase, one_bad_octet_anywhere_makes_text_unprintable);
	tcase_add_test(tcase, text_is_7bit_only_if_every_octet_is);
	tcase_add_test(tcase, numbers_are_decimal);
	tcase_add_test(tcase, only_small_letters_change_in_upper_case);
	tcase_add_test(tcase, case_alone_makes_no_difference);
	tcase_add_test(tcase, no_locale_makes_a_difference);

	tcase = suite_case(suite, "ascii_escape");
	tcase_add_test(tcase, escaped_text_is_printable);
	tcase_add_test(tcase, every_octet_can_be_told_from_its_escape);
	tcase_add_test(tcase, what_is_not_printable_can_be_replaced);
	tcase_add_test(tcase, long_text_is_cut_and_says_so);
	tcase_add_test(tcase, without_memory_nothing_is_escaped);
	return suite_run(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/utf8.c: every character there is, and nothing else. */
#include <stdint.h>
#include <string.h>

#include "suite.h"
#include "utf8.h"

/* How RFC 3629, section 3, writes a character; 0: it is none. */
static size_t
write_character(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c >= 0xd800 && c <= 0xdfff)
		return 0;
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 63));
		out[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	if (c > 0x10ffff)
		return 0;
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 63));
	out[2] = (char)(0x80 | (c >> 6 & 63));
	out[3] = (char)(0x80 | (c & 63));
	return 4;
}

START_TEST(every_character_is_valid_and_none_of_its_beginnings)
{
	uint32_t c, characters = 0;
	char text[4];
	size_t len, part;

	for (c = 0; c <= 0x10ffff; c++) {
		len = write_character(c, text);
		characters += len > 0;
		if (!utf8_is_valid(text, len))
			ck_abort_msg("U+%04X", c);
		for (part = 1; part < len; part++)
			if (utf8_is_valid(text, part))
				ck_abort_msg("%zu octets of U+%04X", part, c);
	}
	ck_assert_uint_eq(characters, 0x110000 - 0x800);
}
END_TEST

/* Of all strings of one to three octets, as many are valid as should be. */
START_TEST(nothing_else_is_valid)
{
	/* Characters of each length. */
	const uint32_t one = 0x80, two = 0x800 - 0x80;
	const uint32_t three = 0x10000 - 0x800 - 0x800;
	uint32_t counts[4] = { 0 };
	uint32_t i;
	char text[3];

	for (i = 0; i < 0x1000000; i++) {
		text[0] = (char)(i >> 16);
		text[1] = (char)(i >> 8);
		text[2] = (char)i;
		counts[3] += utf8_is_valid(text, 3);
		if (i % 0x100 == 0)
			counts[2] += utf8_is_valid(text, 2);
		if (i % 0x10000 == 0)
			counts[1] += utf8_is_valid(text, 1);
	}
	ck_assert_uint_eq(counts[1], one);
	ck_assert_uint_eq(counts[2], one * one + two);
	ck_assert_uint_eq(counts[3], one * one * one + 2 * one * two + three);
}
END_TEST

/* Of four octets, those whose last two vary least. */
START_TEST(no_four_octets_are_valid_but_the_right_ones)
{
	uint32_t first, second, third, fourth, valid = 0;
	char text[4];

	for (first = 0xf0; first < 0x100; first++) {
		for (second = 0; second < 0x100; second++) {
			for (third = 0; third < 0x100; third++) {
				for (fourth = 0x7f; fourth <= 0xc0; fourth++) {
					text[0] = (char)first;
					text[1] = (char)second;
					text[2] = (char)third;
					text[3] = (char)fourth;
					valid += utf8_is_valid(text, 4);
				}
			}
		}
	}
	ck_assert_uint_eq(valid, 0x110000 - 0x10000);
}
END_TEST

START_TEST(known_attacks_are_refused)
{
	static const char *const bad[] = {
		"\xc3\x28",
		"\xc0\x8a",
		"\xe0\x80\x8a",
		"\xed\xa0\x80",
		"\xf5\x80\x80\x80",
		"\xe2\x82",
		"\xf0\x80\x80\xaf",
		"\xf4\x90\x80\x80",
		"a\xff",
		"\x80",
		"\xc3\xa4\xa4",
		"\xed\xbf\xbf",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!utf8_is_valid(bad[i], strlen(bad[i])),
			      "number %zu", i);
	ck_assert(utf8_is_valid("", 0));
	ck_assert(utf8_is_valid("p\xc3\xa4ssword \xf0\x9f\x94\x91", 14));
	ck_assert(utf8_is_valid("a\0b", 3));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("utf8");
	TCase *tcase = suite_case(suite, "utf8_is_valid");

	tcase_add_test(tcase,
		       every_character_is_valid_and_none_of_its_beginnings);
	tcase_add_test(tcase, nothing_else_is_valid);
	tcase_add_test(tcase, no_four_octets_are_valid_but_the_right_ones);
	tcase_add_test(tcase, known_attacks_are_refused);
	return suite_run(suite);
}

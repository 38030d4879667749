/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of tools/encode.c: UTF-8, base64, quoted-printable, encoded-words. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "encode.h"
#include "text.h"

/* No test needs so long, but a busy machine may. */
#define CASE_SECONDS 60

static struct text out;

static void
set_up(void)
{
	text_init(&out, 1024 * 1024);
}

static void
tear_down(void)
{
	text_clear(&out);
}

START_TEST(valid_utf8_is_measured)
{
	ck_assert_uint_eq(encode_utf8_length("a", 1), 1);
	ck_assert_uint_eq(encode_utf8_length("\0", 1), 1);
	ck_assert_uint_eq(encode_utf8_length("\xc2\x80", 2), 2);
	ck_assert_uint_eq(encode_utf8_length("\xdf\xbfx", 3), 2);
	ck_assert_uint_eq(encode_utf8_length("\xe0\xa0\x80", 3), 3);
	ck_assert_uint_eq(encode_utf8_length("\xed\x9f\xbf", 3), 3);
	ck_assert_uint_eq(encode_utf8_length("\xef\xbf\xbf", 3), 3);
	ck_assert_uint_eq(encode_utf8_length("\xf0\x90\x80\x80", 4), 4);
	ck_assert_uint_eq(encode_utf8_length("\xf4\x8f\xbf\xbf", 4), 4);
	ck_assert(encode_is_utf8("", 0));
}
END_TEST

START_TEST(invalid_utf8_is_noticed)
{
	static const char *const strings[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc3",
		"\xc3(",
		"\xe0\x9f\xbf",
		"\xe3\x81",
		"\xe3\x81(",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf0\x8f\xbf\xbf",
		"\xf0\x9f\x98",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xf8\x88\x80\x80",
		"\xfe",
		"\xff",
	};
	char longer[16];
	size_t i;

	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		size_t len = strlen(strings[i]);

		ck_assert_uint_eq(encode_utf8_length(strings[i], len), 0);
		longer[0] = 'a';
		memcpy(longer + 1, strings[i], len);
		ck_assert(!encode_is_utf8(longer, len + 1));
	}
	ck_assert_uint_eq(encode_utf8_length("", 0), 0);
}
END_TEST

static void
base64_gives(const char *text, const char *expected)
{
	text_clear(&out);
	encode_base64(&out, text, strlen(text));
	ck_assert_str_eq(out.data != NULL ? out.data : "", expected);
}

START_TEST(base64_is_that_of_rfc_4648)
{
	base64_gives("", "");
	base64_gives("f", "Zg==\r\n");
	base64_gives("fo", "Zm8=\r\n");
	base64_gives("foo", "Zm9v\r\n");
	base64_gives("foob", "Zm9vYg==\r\n");
	base64_gives("fooba", "Zm9vYmE=\r\n");
	base64_gives("foobar", "Zm9vYmFy\r\n");
	base64_gives("\xff\xfe\xfb\xef", "//777w==\r\n");
}
END_TEST

START_TEST(base64_lines_have_76_octets)
{
	char text[58];

	memset(text, 0, sizeof(text));
	encode_base64(&out, text, 57);
	ck_assert_uint_eq(out.len, 78);
	text_clear(&out);
	encode_base64(&out, text, 58);
	ck_assert_uint_eq(out.len, 78 + 6);
	ck_assert_mem_eq(out.data + 76, "\r\nAA==\r\n", 8);
}
END_TEST

static void
quoted_gives(const char *text, const char *expected)
{
	text_clear(&out);
	encode_quoted_printable(&out, text, strlen(text));
	ck_assert_str_eq(out.data != NULL ? out.data : "", expected);
}

START_TEST(quoted_printable_quotes_what_it_must)
{
	quoted_gives("", "");
	quoted_gives("a=b\r\n", "a=3Db\r\n");
	quoted_gives("\xc3\xa4\r\n", "=C3=A4\r\n");
	quoted_gives("a \r\n", "a=20\r\n");
	quoted_gives("a\t\r\n", "a=09\r\n");
	quoted_gives("a \t b\r\n", "a \t b\r\n");
	quoted_gives(" \r\n\r\n \r\n", "=20\r\n\r\n=20\r\n");
	quoted_gives("a\x01\x7f\r\n", "a=01=7F\r\n");
	quoted_gives("a\rb\nc\r\n", "a=0Db=0Ac\r\n");
	quoted_gives("no line end ", "no line end=20");
	quoted_gives("!~\r\n", "!~\r\n");
}
END_TEST

START_TEST(quoted_printable_lines_have_76_octets_at_most)
{
	char text[160];
	size_t len, begin, end;

	memset(text, 'a', sizeof(text));
	memcpy(text + 76, "\r\n", 3);
	quoted_gives(text, text);

	memset(text, 'a', 77);
	text[77] = '\0';
	text_clear(&out);
	encode_quoted_printable(&out, text, 77);
	ck_assert_uint_eq(out.len, 80);
	ck_assert_str_eq(out.data + 75, "=\r\naa");

	/* A soft line break takes a column and splits no "=XX". */
	for (len = 70; len < 84; len++) {
		memset(text, 'a', len);
		memcpy(text + len, "\xc3\xa4\xc3\xa4 \r\n", 8);
		text_clear(&out);
		encode_quoted_printable(&out, text, strlen(text));
		for (begin = 0; begin < out.len; begin = end + 2) {
			end = (size_t)(strstr(out.data + begin, "\r\n") -
				       out.data);
			ck_assert_uint_le(end - begin, 76);
			ck_assert_int_ne(out.data[end - 1], ' ');
			if (out.data[end - 1] != '=')
				ck_assert_mem_eq(out.data + end - 3, "=20", 3);
		}
		ck_assert_ptr_null(strstr(out.data, "==\r\n"));
	}
}
END_TEST

static void
words_give(const char *text, size_t column, const char *expected)
{
	text_clear(&out);
	encode_words(&out, text, strlen(text), column);
	ck_assert_str_eq(out.data, expected);
}

START_TEST(encoded_word_takes_the_shorter_encoding)
{
	words_give("caf\xc3\xa9 ol\xc3\xa9? =_.", 9,
		   "=?UTF-8?B?Y2Fmw6kgb2zDqT8gPV8u?=");
	words_give("a caf\xc3\xa9 in Paris", 9,
		   "=?UTF-8?Q?a_caf=C3=A9_in_Paris?=");
	words_give("\xe6\x97\xa5", 9, "=?UTF-8?B?5pel?=");
	words_give("a!*+-/z \xc3\xa4", 9, "=?UTF-8?Q?a!*+-/z_=C3=A4?=");
	words_give("?=_", 9, "=?UTF-8?B?Pz1f?=");
}
END_TEST

/* Each word by itself is valid UTF-8 within the limits of RFC 2047. */
static void
check_words(const char *text, size_t column)
{
	const char *word;
	size_t line, begin, end;

	text_clear(&out);
	encode_words(&out, text, strlen(text), column);
	for (begin = 0; begin < out.len; begin = end + 3) {
		word = out.data + begin;
		end = begin + strcspn(word, "\r");
		line = end - begin + (begin == 0 ? column : 1);
		ck_assert_uint_le(line, 76);
		ck_assert_uint_le(end - begin, 75);
		ck_assert_mem_eq(word, "=?UTF-8?", 8);
		ck_assert_mem_eq(out.data + end - 2, "?=", 2);
		if (end < out.len)
			ck_assert_mem_eq(out.data + end, "\r\n ", 3);
		/* No character is split: the first octet begins one. */
		if (word[8] == 'Q' && word[10] == '=')
			ck_assert_int_ne(word[11] == '8' || word[11] == '9' ||
					     word[11] == 'A' || word[11] == 'B',
					 1);
	}
}

START_TEST(encoded_words_fit_their_lines_and_split_no_character)
{
	/* One, two, three and four octets a character. */
	static const char *const characters[] = { "?", "\xc3\xa4",
						  "\xe6\x97\xa5",
						  "\xf0\x9f\x98\x80" };
	char text[600];
	size_t i, before, count, n;

	for (i = 0; i < 4; i++) {
		for (before = 0; before < 70; before++) {
			count = 0;
			memset(text, 'a', before);
			text[before] = '\0';
			for (n = 0; n < 90; n++)
				strncat(text, characters[i], 5);
			for (count = 0; count < 32; count++)
				check_words(text, count);
		}
	}
}
END_TEST

START_TEST(encoded_words_are_as_long_as_they_may_be)
{
	char text[131];

	memset(text, 'a', 130);
	text[130] = '\0';
	encode_words(&out, text, 130, 9);
	ck_assert_uint_eq(strcspn(out.data, "\r"), 76 - 9);
	ck_assert_uint_eq(strcspn(out.data + 76 - 9 + 3, "\r"), 75);
	ck_assert_str_eq(strrchr(out.data, ' '), " =?UTF-8?Q?aaaaaaaaaaaa?=");
}
END_TEST

START_TEST(long_japanese_text_is_folded_so)
{
	words_give("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe4\xbb"
		   "\xb6\xe5\x90\x8d\xe3\x81\xaf\xe9\x95\xb7\xe3\x81\x8f\xe3"
		   "\x81\xa6\xe3\x82\x82\xe5\xa3\x8a\xe3\x82\x8c\xe3\x81\xaa"
		   "\xe3\x81\x84",
		   9,
		   "=?UTF-8?B?5pel5pys6Kqe44Gu5Lu25ZCN44Gv6ZW344GP44Gm44KC5aOK"
		   "44KM?=\r\n =?UTF-8?B?44Gq44GE?=");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_encode");
	TCase *tcase = tcase_create("encode");
	SRunner *runner;

	tcase_set_timeout(tcase, CASE_SECONDS);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, valid_utf8_is_measured);
	tcase_add_test(tcase, invalid_utf8_is_noticed);
	tcase_add_test(tcase, base64_is_that_of_rfc_4648);
	tcase_add_test(tcase, base64_lines_have_76_octets);
	tcase_add_test(tcase, quoted_printable_quotes_what_it_must);
	tcase_add_test(tcase, quoted_printable_lines_have_76_octets_at_most);
	tcase_add_test(tcase, encoded_word_takes_the_shorter_encoding);
	tcase_add_test(tcase,
		       encoded_words_fit_their_lines_and_split_no_character);
	tcase_add_test(tcase, encoded_words_are_as_long_as_they_may_be);
	tcase_add_test(tcase, long_japanese_text_is_folded_so);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	return EXIT_SUCCESS;
}

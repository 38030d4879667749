/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/system_error.c: the same words in every locale and thread. */
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <string.h>

#include "suite.h"
#include "system_error.h"

START_TEST(known_error_is_told_in_english)
{
	static const char *const locales[] = { "C", "de_DE.UTF-8", "" };
	size_t i;

	for (i = 0; i < 3; i++) {
		setlocale(LC_ALL, locales[i]);
		ck_assert_str_eq(system_error_text(ECONNREFUSED),
				 "Connection refused");
		ck_assert_str_eq(system_error_text(EPIPE), "Broken pipe");
	}
}
END_TEST

START_TEST(words_of_one_error_outlast_those_of_another)
{
	const char *first = system_error_text(ENOENT);

	ck_assert_str_ne(system_error_text(EMFILE), first);
	ck_assert_str_eq(first, "No such file or directory");
	ck_assert_ptr_eq(system_error_text(ENOENT), first);
}
END_TEST

START_TEST(any_other_number_is_unknown)
{
	static const int numbers[] = { -1, INT_MIN, 100000, INT_MAX };
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		ck_assert_str_eq(system_error_text(numbers[i]),
				 "unknown system error");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("system_error");
	TCase *tcase = suite_case(suite, "system_error_text");

	tcase_add_test(tcase, known_error_is_told_in_english);
	tcase_add_test(tcase, words_of_one_error_outlast_those_of_another);
	tcase_add_test(tcase, any_other_number_is_unknown);
	return suite_run(suite);
}

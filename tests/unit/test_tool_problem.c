/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of tools/problem.c: the problems of a certificate by name. */
#include <check.h>
#include <smtpc/smtpc.h>
#include <stdlib.h>
#include <string.h>

#include "problem.h"

START_TEST(every_problem_that_the_library_knows_has_a_name)
{
	uint32_t flag, found;
	size_t count = 0;

	for (flag = 1; flag != 0; flag <<= 1) {
		const char *text = smtpc_certificate_problem_text(flag);
		const char *name = problem_name(flag);

		if (strncmp(text, "unknown", strlen("unknown")) == 0) {
			ck_assert_str_eq(name, "?");
			continue;
		}
		ck_assert_msg(problem_find(name, strlen(name), &found), "%s",
			      text);
		ck_assert_uint_eq(found, flag);
		count++;
	}
	ck_assert_uint_ge(count, 15);
}
END_TEST

START_TEST(name_is_found_as_a_whole_only)
{
	uint32_t flag = 7;

	ck_assert(problem_find("expired,self-signed", 7, &flag));
	ck_assert_uint_eq(flag, SMTPC_CERTIFICATE_EXPIRED);
	flag = 7;
	ck_assert(!problem_find("expired", 6, &flag));
	ck_assert(!problem_find("expired ", 8, &flag));
	ck_assert(!problem_find("Expired", 7, &flag));
	ck_assert(!problem_find("", 0, &flag));
	ck_assert(!problem_find("?", 1, &flag));
	ck_assert_uint_eq(flag, 7);
}
END_TEST

START_TEST(names_are_all_but_the_one_that_is_never_overlooked)
{
	char names[PROBLEM_NAMES_SIZE];

	problem_names(names);
	ck_assert_ptr_nonnull(strstr(names, "untrusted-issuer, self-signed, "));
	ck_assert_ptr_nonnull(strstr(names, ", other"));
	ck_assert_ptr_null(strstr(names, "pin-mismatch"));
	/* Nothing was cut off. */
	ck_assert_uint_lt(strlen(names), PROBLEM_NAMES_SIZE - 1);
	ck_assert_int_ne(names[strlen(names) - 1], ',');
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_problem");
	TCase *tcase = tcase_create("problem");
	SRunner *runner;

	tcase_add_test(tcase, every_problem_that_the_library_knows_has_a_name);
	tcase_add_test(tcase, name_is_found_as_a_whole_only);
	tcase_add_test(tcase,
		       names_are_all_but_the_one_that_is_never_overlooked);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	return EXIT_SUCCESS;
}

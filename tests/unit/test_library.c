/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/library.c: every enumerator has a name, and others have none. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <smtpc/smtpc.h>

#include "ascii.h"
#include "suite.h"

START_TEST(version_is_that_of_the_header)
{
	char text[40];

	ck_assert_int_eq(smtpc_version(), SMTPC_VERSION);
	ck_assert_str_eq(smtpc_version_string(), SMTPC_VERSION_STRING);
	snprintf(text, sizeof(text), "%d.%d.%d", SMTPC_VERSION_MAJOR,
		 SMTPC_VERSION_MINOR, SMTPC_VERSION_PATCH);
	ck_assert_str_eq(smtpc_version_string(), text);
}
END_TEST

/* Names from first to last differ, are printable, and are not other. */
static void
names_differ(const char *(*name)(int), int first, int last, const char *other)
{
	int i, j;

	for (i = first; i <= last; i++) {
		ck_assert_ptr_nonnull(name(i));
		ck_assert_str_ne(name(i), "");
		ck_assert_msg(strcmp(name(i), other) != 0, "%d has no name", i);
		ck_assert(ascii_all_printable(name(i), strlen(name(i))));
		for (j = first; j < i; j++)
			ck_assert_str_ne(name(i), name(j));
	}
}

START_TEST(every_result_has_a_text)
{
	names_differ(smtpc_strerror, SMTPC_E_CONTENT, SMTPC_E_NOMEM,
		     "unknown error");
	names_differ(smtpc_strerror, SMTPC_OK, SMTPC_FULL, "unknown result");
}
END_TEST

START_TEST(every_state_phase_and_outcome_has_a_name)
{
	names_differ(smtpc_state_name, SMTPC_STATE_DISCONNECTED,
		     SMTPC_STATE_DEAD, "unknown");
	names_differ(smtpc_phase_name, SMTPC_PHASE_NONE, SMTPC_PHASE_IDLE,
		     "unknown");
	names_differ(smtpc_outcome_name, SMTPC_OUTCOME_PENDING,
		     SMTPC_OUTCOME_IN_DOUBT, "unknown");
}
END_TEST

START_TEST(any_other_number_is_unknown)
{
	static const int numbers[] = { INT_MIN, INT_MIN + 1, -1000000, 1000000,
				       INT_MAX };
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		ck_assert_str_eq(smtpc_strerror(numbers[i]),
				 numbers[i] < 0 ? "unknown error"
						: "unknown result");
		ck_assert_str_eq(smtpc_state_name(numbers[i]), "unknown");
		ck_assert_str_eq(smtpc_phase_name(numbers[i]), "unknown");
		ck_assert_str_eq(smtpc_outcome_name(numbers[i]), "unknown");
	}
	ck_assert_str_eq(smtpc_strerror(SMTPC_E_CONTENT - 1), "unknown error");
	ck_assert_str_eq(smtpc_strerror(SMTPC_FULL + 1), "unknown result");
	ck_assert_str_eq(smtpc_state_name(SMTPC_STATE_DEAD + 1), "unknown");
	ck_assert_str_eq(smtpc_state_name(-1), "unknown");
	ck_assert_str_eq(smtpc_phase_name(SMTPC_PHASE_IDLE + 1), "unknown");
	ck_assert_str_eq(smtpc_outcome_name(SMTPC_OUTCOME_IN_DOUBT + 1),
			 "unknown");
}
END_TEST

/* One flag a bit. */
static const char *
problem_name(int bit)
{
	return smtpc_certificate_problem_text(1u << bit);
}

START_TEST(every_problem_of_a_certificate_has_a_text)
{
	ck_assert_uint_eq(SMTPC_CERTIFICATE_UNTRUSTED_ISSUER, 1u << 0);
	ck_assert_uint_eq(SMTPC_CERTIFICATE_OTHER, 1u << 12);
	ck_assert_uint_eq(SMTPC_CERTIFICATE_PIN_MISMATCH, 1u << 14);
	names_differ(problem_name, 0, 14, "unknown problem");
	ck_assert_str_eq(problem_name(15), "unknown problem");
	ck_assert_str_eq(smtpc_certificate_problem_text(0), "unknown problem");
	ck_assert_str_eq(smtpc_certificate_problem_text(3), "unknown problem");
	ck_assert_str_eq(smtpc_certificate_problem_text(UINT32_MAX),
			 "unknown problem");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("library");
	TCase *tcase = suite_case(suite, "library");

	tcase_add_test(tcase, version_is_that_of_the_header);
	tcase_add_test(tcase, every_result_has_a_text);
	tcase_add_test(tcase, every_state_phase_and_outcome_has_a_name);
	tcase_add_test(tcase, any_other_number_is_unknown);
	tcase_add_test(tcase, every_problem_of_a_certificate_has_a_text);
	return suite_run(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of tools/secret.c: where the password comes from. */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"
#include "secret.h"

/* No test needs so long, but a busy machine may. */
#define CASE_SECONDS 60

static const char *file;
static int ends[2];
static struct secret secret;

static void
set_up(void)
{
	scratch_empty();
	file = scratch_path("secret");
	ck_assert_int_eq(pipe(ends), 0);
	memset(&secret, 'x', sizeof(secret));
}

static void
tear_down(void)
{
	close(ends[0]);
	close(ends[1]);
	unsetenv("SMTPC_TEST_SECRET");
}

static bool
is_wiped(void)
{
	static const struct secret zeros;

	return memcmp(&secret, &zeros, sizeof(secret)) == 0;
}

static const char *
from_file(const void *content, size_t len)
{
	FILE *stream = fopen(file, "wb");

	ck_assert_ptr_nonnull(stream);
	ck_assert_uint_eq(fwrite(content, 1, len, stream), len);
	ck_assert_int_eq(fclose(stream), 0);
	return secret_from_file(file, &secret);
}

START_TEST(first_line_of_a_file_is_taken)
{
	static const char *const contents[] = { "wonderland", "wonderland\n",
						"wonderland\r\n",
						"wonderland\nsecond\n" };
	size_t i;

	for (i = 0; i < 4; i++) {
		ck_assert_ptr_null(from_file(contents[i], strlen(contents[i])));
		ck_assert_str_eq(secret.data, "wonderland");
		ck_assert_uint_eq(secret.len, 10);
	}
}
END_TEST

START_TEST(blanks_and_any_octet_but_nul_are_kept)
{
	ck_assert_ptr_null(from_file(" p\xc3\xa4ss\tword\r 2 \n", 16));
	ck_assert_str_eq(secret.data, " p\xc3\xa4ss\tword\r 2 ");
}
END_TEST

START_TEST(empty_password_is_refused)
{
	ck_assert_str_eq(from_file("", 0), "it is empty");
	ck_assert_str_eq(from_file("\n", 1), "it is empty");
	ck_assert_str_eq(from_file("\r\nx", 3), "it is empty");
}
END_TEST

START_TEST(nul_is_refused_and_nothing_stays)
{
	ck_assert_str_eq(from_file("pass\0word\n", 10),
			 "it holds a NUL character");
	ck_assert(is_wiped());
}
END_TEST

START_TEST(too_long_is_refused_and_nothing_stays)
{
	static char content[SECRET_MAX + 2];

	memset(content, 'p', sizeof(content));
	content[SECRET_MAX] = '\n';
	ck_assert_ptr_null(from_file(content, SECRET_MAX + 1));
	ck_assert_uint_eq(secret.len, SECRET_MAX);
	content[SECRET_MAX] = 'p';
	ck_assert_str_eq(from_file(content, SECRET_MAX + 1), "it is too long");
	ck_assert(is_wiped());
}
END_TEST

/* It has no line end, and no end. */
START_TEST(endless_file_is_refused)
{
	ck_assert_str_eq(secret_from_file("/dev/zero", &secret),
			 "it is too long");
}
END_TEST

START_TEST(missing_file_is_refused_with_the_reason)
{
	ck_assert_str_eq(secret_from_file("/nonexistent/file", &secret),
			 "No such file or directory");
	ck_assert_str_eq(secret_from_file("/", &secret), "Is a directory");
}
END_TEST

START_TEST(no_octet_behind_the_line_is_taken)
{
	char rest[32];

	ck_assert_int_eq(write(ends[1], "one\ntwo\r\nSubject: x\n", 20), 20);
	ck_assert_ptr_null(secret_from_fd(ends[0], &secret));
	ck_assert_str_eq(secret.data, "one");
	ck_assert_ptr_null(secret_from_fd(ends[0], &secret));
	ck_assert_str_eq(secret.data, "two");
	ck_assert_int_eq(read(ends[0], rest, sizeof(rest)), 11);
	ck_assert_mem_eq(rest, "Subject: x\n", 11);
}
END_TEST

START_TEST(bad_descriptor_is_refused)
{
	close(ends[0]);
	ck_assert_str_eq(secret_from_fd(ends[0], &secret),
			 "Bad file descriptor");
}
END_TEST

START_TEST(whole_variable_of_the_environment_is_taken)
{
	setenv("SMTPC_TEST_SECRET", "two\nlines", 1);
	ck_assert_ptr_null(
	    secret_from_environment("SMTPC_TEST_SECRET", &secret));
	ck_assert_str_eq(secret.data, "two\nlines");
	secret_wipe(&secret);
	ck_assert(is_wiped());
}
END_TEST

START_TEST(bad_variable_of_the_environment_is_refused)
{
	static char value[SECRET_MAX + 2];

	ck_assert_str_eq(secret_from_environment("SMTPC_TEST_SECRET", &secret),
			 "it is not set");
	setenv("SMTPC_TEST_SECRET", "", 1);
	ck_assert_str_eq(secret_from_environment("SMTPC_TEST_SECRET", &secret),
			 "it is empty");
	memset(value, 'p', sizeof(value));
	value[SECRET_MAX] = '\0';
	setenv("SMTPC_TEST_SECRET", value, 1);
	ck_assert_ptr_null(
	    secret_from_environment("SMTPC_TEST_SECRET", &secret));
	ck_assert_str_eq(secret.data, value);
	value[SECRET_MAX] = 'p';
	value[SECRET_MAX + 1] = '\0';
	setenv("SMTPC_TEST_SECRET", value, 1);
	ck_assert_str_eq(secret_from_environment("SMTPC_TEST_SECRET", &secret),
			 "it is too long");
	ck_assert(is_wiped());
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_secret");
	TCase *tcase = tcase_create("secret");
	SRunner *runner;

	tcase_set_timeout(tcase, CASE_SECONDS);
	scratch_add(tcase);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, first_line_of_a_file_is_taken);
	tcase_add_test(tcase, blanks_and_any_octet_but_nul_are_kept);
	tcase_add_test(tcase, empty_password_is_refused);
	tcase_add_test(tcase, nul_is_refused_and_nothing_stays);
	tcase_add_test(tcase, too_long_is_refused_and_nothing_stays);
	tcase_add_test(tcase, endless_file_is_refused);
	tcase_add_test(tcase, missing_file_is_refused_with_the_reason);
	tcase_add_test(tcase, no_octet_behind_the_line_is_taken);
	tcase_add_test(tcase, bad_descriptor_is_refused);
	tcase_add_test(tcase, whole_variable_of_the_environment_is_taken);
	tcase_add_test(tcase, bad_variable_of_the_environment_is_refused);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	return EXIT_SUCCESS;
}

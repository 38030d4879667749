/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of tools/exit.c and tools/progress.c: what the caller gets to see. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exit.h"
#include "progress.h"

/* No test needs so long, but a busy machine may. */
#define CASE_SECONDS 60

/* What is written to standard error between the two goes to a file. */
static FILE *captured;
static int real_stderr;
static char output[8192];

static void
capture(void)
{
	captured = tmpfile();
	ck_assert_ptr_nonnull(captured);
	real_stderr = dup(STDERR_FILENO);
	ck_assert_int_ge(dup2(fileno(captured), STDERR_FILENO), 0);
}

static const char *
release(void)
{
	size_t len;

	fflush(stderr);
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	rewind(captured);
	len = fread(output, 1, sizeof(output) - 1, captured);
	output[len] = '\0';
	fclose(captured);
	return output;
}

static int
code(int result)
{
	return exit_code(result, SMTPC_PHASE_NONE, 0);
}

START_TEST(success_is_0_and_doubt_is_80)
{
	ck_assert_int_eq(code(SMTPC_OK), 0);
	ck_assert_int_eq(code(SMTPC_IN_DOUBT), 80);
	ck_assert_int_eq(code(SMTPC_PARTIAL), 69);
}
END_TEST

START_TEST(what_may_pass_is_75)
{
	ck_assert_int_eq(code(SMTPC_E_TRANSIENT), 75);
	ck_assert_int_eq(code(SMTPC_E_TIMEOUT), 75);
	ck_assert_int_eq(code(SMTPC_E_CLOSED), 75);
	ck_assert_int_eq(code(SMTPC_E_RESOLVE_LATER), 75);
	ck_assert_int_eq(code(SMTPC_E_AUTH_LATER), 75);
	ck_assert_int_eq(exit_code(SMTPC_E_SYSTEM, SMTPC_PHASE_CONNECT,
				   ECONNREFUSED),
			 75);
	ck_assert_int_eq(exit_code(SMTPC_E_SYSTEM, SMTPC_PHASE_MAIL,
				   ECONNRESET),
			 75);
}
END_TEST

START_TEST(every_other_failure_has_its_code)
{
	ck_assert_int_eq(code(SMTPC_E_INVALID), 64);
	ck_assert_int_eq(code(SMTPC_E_CONTENT), 65);
	ck_assert_int_eq(exit_code(SMTPC_E_CONTENT, SMTPC_PHASE_CONTENT, EIO),
			 74);
	ck_assert_int_eq(code(SMTPC_E_RESOLVE), 68);
	ck_assert_int_eq(exit_code(SMTPC_E_SYSTEM, SMTPC_PHASE_CONNECT, ENOENT),
			 68);
	ck_assert_int_eq(code(SMTPC_E_PERMANENT), 69);
	ck_assert_int_eq(code(SMTPC_E_LIMIT), 69);
	ck_assert_int_eq(code(SMTPC_E_NOEXTENSION), 69);
	ck_assert_int_eq(code(SMTPC_E_STATE), 70);
	ck_assert_int_eq(code(SMTPC_E_BUSY), 70);
	ck_assert_int_eq(code(SMTPC_E_NOMEM), 71);
	ck_assert_int_eq(exit_code(SMTPC_E_SYSTEM, SMTPC_PHASE_CONNECT, EMFILE),
			 71);
	ck_assert_int_eq(code(SMTPC_E_PROTOCOL), 76);
	ck_assert_int_eq(code(SMTPC_E_TLS), 76);
	ck_assert_int_eq(code(SMTPC_E_AUTH_PROTOCOL), 76);
	ck_assert_int_eq(code(SMTPC_E_TLS_REQUIRED), 77);
	ck_assert_int_eq(code(SMTPC_E_CERTIFICATE), 77);
	ck_assert_int_eq(code(SMTPC_E_AUTH_REJECTED), 77);
	ck_assert_int_eq(code(SMTPC_E_AUTH_POLICY), 77);
	ck_assert_int_eq(code(SMTPC_E_AUTH_UNAVAILABLE), 77);
	ck_assert_int_eq(code(SMTPC_E_AUTH_TOKEN), 77);
	ck_assert_int_eq(exit_code(SMTPC_E_NOEXTENSION, SMTPC_PHASE_STARTTLS,
				   0),
			 77);
}
END_TEST

START_TEST(unknown_result_is_judged_by_its_sign)
{
	ck_assert_int_eq(code(1000), 80);
	ck_assert_int_eq(code(-1000), 70);
}
END_TEST

START_TEST(complaint_is_one_line_of_printable_ascii)
{
	capture();
	complain("%s", "a\r\nQUIT\x1b[2J\x7f p\xc3\xa4ss ~!");
	ck_assert_str_eq(release(), "smtpc: a\\x0D\\x0AQUIT\\x1B[2J\\x7F "
				    "p\\xC3\\xA4ss ~!\n");
}
END_TEST

START_TEST(long_complaint_is_cut)
{
	char text[5000];

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	capture();
	complain("%s", text);
	release();
	ck_assert_uint_eq(strlen(output), strlen("smtpc: ") + 4095 + 1);
	ck_assert_int_eq(output[strlen(output) - 1], '\n');
}
END_TEST

static void
bar_is(int64_t done, int64_t total, const char *expected)
{
	char line[PROGRESS_LINE_SIZE];

	progress_format(line, done, total);
	ck_assert_str_eq(line, expected);
}

START_TEST(bar_shows_the_share)
{
	bar_is(0, 10485760,
	       "[----------------------------------------]   0% of 10.0 MiB");
	bar_is(5242880, 10485760,
	       "[####################--------------------]  50% of 10.0 MiB");
	bar_is(10485760, 10485760,
	       "[########################################] 100% of 10.0 MiB");
	bar_is(10485759, 10485760,
	       "[#######################################-]  99% of 10.0 MiB");
	bar_is(20000000, 10485760,
	       "[########################################] 100% of 10.0 MiB");
	bar_is(0, 0,
	       "[########################################] 100% of 0.0 MiB");
}
END_TEST

START_TEST(without_a_total_the_amount_is_shown)
{
	bar_is(1572864, -1, "       1.5 MiB sent");
}
END_TEST

START_TEST(bar_fits_its_line_for_any_size)
{
	char line[PROGRESS_LINE_SIZE];

	ck_assert_uint_lt(progress_format(line, INT64_MAX, INT64_MAX),
			  sizeof(line));
	ck_assert_uint_lt(progress_format(line, INT64_MAX, -1), sizeof(line));
}
END_TEST

/* Standard error is a file here. */
START_TEST(bar_is_drawn_only_when_forced_if_there_is_no_terminal)
{
	struct progress progress;

	capture();
	progress_init(&progress, PROGRESS_AUTO, 100000000);
	progress_update(&progress, 50000000);
	progress_end(&progress);
	progress_init(&progress, PROGRESS_NEVER, 100000000);
	progress_update(&progress, 50000000);
	progress_end(&progress);
	ck_assert_str_eq(release(), "");

	capture();
	progress_init(&progress, PROGRESS_ALWAYS, 4);
	progress_update(&progress, 2);
	progress_update(&progress, 4);
	progress_end(&progress);
	progress_end(&progress);
	ck_assert_str_eq(release(), "\r[####################-------------------"
				    "-]  50% of 0.0 MiB\r[###################"
				    "#####################] 100% of 0.0 "
				    "MiB\n");
}
END_TEST

START_TEST(bar_is_not_drawn_for_every_octet)
{
	struct progress progress;
	int64_t done;
	size_t lines = 0;
	const char *s;

	capture();
	progress_init(&progress, PROGRESS_ALWAYS, 100000);
	for (done = 1; done <= 100000; done++)
		progress_update(&progress, done);
	progress_end(&progress);
	for (s = release(); *s != '\0'; s++)
		lines += *s == '\r';
	ck_assert_uint_ge(lines, 99);
	ck_assert_uint_le(lines, 101);
	ck_assert_ptr_nonnull(strstr(output, "100%"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_exit");
	TCase *tcase = tcase_create("exit");
	SRunner *runner;

	tcase_set_timeout(tcase, CASE_SECONDS);
	tcase_add_test(tcase, success_is_0_and_doubt_is_80);
	tcase_add_test(tcase, what_may_pass_is_75);
	tcase_add_test(tcase, every_other_failure_has_its_code);
	tcase_add_test(tcase, unknown_result_is_judged_by_its_sign);
	tcase_add_test(tcase, complaint_is_one_line_of_printable_ascii);
	tcase_add_test(tcase, long_complaint_is_cut);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("progress");
	tcase_set_timeout(tcase, CASE_SECONDS);
	tcase_add_test(tcase, bar_shows_the_share);
	tcase_add_test(tcase, without_a_total_the_amount_is_shown);
	tcase_add_test(tcase, bar_fits_its_line_for_any_size);
	tcase_add_test(tcase,
		       bar_is_drawn_only_when_forced_if_there_is_no_terminal);
	tcase_add_test(tcase, bar_is_not_drawn_for_every_octet);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	return EXIT_SUCCESS;
}

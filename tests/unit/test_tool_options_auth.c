/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of tools/options_auth.c: who the user is, and how that is proved. */
#include <check.h>
#include <getopt.h>
#include <smtpc/smtpc.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "options.h"
#include "options_auth.h"

/* No test needs so long, but a busy machine may. */
#define CASE_SECONDS 60

#define ARGUMENTS_MAX 16
#define BASE	      "-s|smtp://h|-f|a@b|c@d|"

static struct options options;
static char program[] = "smtpc";
static char copy[4096];
static char *arguments[ARGUMENTS_MAX + 2];

static void
set_up(void)
{
	unsetenv("SMTPC_SERVER");
}

/* The command line in one string, "|" between its arguments. */
static int
parse(const char *line)
{
	char *rest = copy;
	int count = 0;

	ck_assert_uint_lt(strlen(line), sizeof(copy));
	memcpy(copy, line, strlen(line) + 1);
	arguments[count++] = program;
	while (rest != NULL && count <= ARGUMENTS_MAX)
		arguments[count++] = strsep(&rest, "|");
	ck_assert_ptr_null(rest);
	arguments[count] = NULL;
	/* glibc's getopt begins anew with 0. */
	optind = 0;
	return options_parse(&options, count, arguments);
}

static void
good(const char *line)
{
	ck_assert_msg(parse(line) == EX_OK, "%s", line);
}

static void
bad(const char *line)
{
	ck_assert_msg(parse(line) == EX_USAGE, "%s", line);
}

START_TEST(every_option_arrives)
{
	good(BASE "-u|x|--token-file=F|--authzid=y|--auth-attempts=5|"
		  "--channel-binding=unique|--scram-iterations=1000");
	ck_assert_str_eq(options.token_file, "F");
	ck_assert_str_eq(options.authzid, "y");
	ck_assert_int_eq(options.attempts, 5);
	ck_assert_int_eq(options.binding, SMTPC_CHANNEL_BINDING_UNIQUE);
	ck_assert_int_eq(options.iterations, 1000);
	good(BASE "-u|x|--token-env=T");
	ck_assert_str_eq(options.token_environment, "T");
	good(BASE "-u|x|--token-fd=7");
	ck_assert_int_eq(options.bearer_fd, 7);
}
END_TEST

START_TEST(what_is_not_given_is_the_library_s_to_say)
{
	good(BASE "-u|x|--token-file=F");
	ck_assert_int_eq(options.attempts, 0);
	ck_assert_int_eq(options.iterations, 0);
	ck_assert_int_eq(options.binding, SMTPC_CHANNEL_BINDING_AUTO);
}
END_TEST

START_TEST(every_type_of_channel_binding_is_known)
{
	good(BASE "--channel-binding=auto");
	ck_assert_int_eq(options.binding, SMTPC_CHANNEL_BINDING_AUTO);
	good(BASE "--channel-binding=none");
	ck_assert_int_eq(options.binding, SMTPC_CHANNEL_BINDING_NONE);
	good(BASE "--channel-binding=exporter");
	ck_assert_int_eq(options.binding, SMTPC_CHANNEL_BINDING_EXPORTER);
	good(BASE "--channel-binding=server-end-point");
	ck_assert_int_eq(options.binding,
			 SMTPC_CHANNEL_BINDING_SERVER_END_POINT);
	bad(BASE "--channel-binding=");
	bad(BASE "--channel-binding=tls-unique");
}
END_TEST

START_TEST(numbers_have_limits)
{
	good(BASE "--auth-attempts=1");
	good(BASE "--auth-attempts=100");
	bad(BASE "--auth-attempts=0");
	bad(BASE "--auth-attempts=101");
	bad(BASE "--auth-attempts=-1");
	bad(BASE "--auth-attempts=2x");
	good(BASE "--scram-iterations=1");
	good(BASE "--scram-iterations=65536");
	bad(BASE "--scram-iterations=0");
	bad(BASE "--scram-iterations=65537");
	bad(BASE "-u|x|--token-fd=-1");
	bad(BASE "-u|x|--token-fd=4294967296");
	bad(BASE "-u|x|--token-fd=");
}
END_TEST

START_TEST(secret_comes_from_one_place)
{
	bad(BASE "-u|x|--token-file=F|--token-env=T");
	bad(BASE "-u|x|--token-fd=3|--token-env=T");
	bad(BASE "-u|x|--token-file=F|--password-env=P");
	bad(BASE "-u|x|--password-file=F|--password-env=P");
	bad(BASE "--password-file=F");
	good(BASE "-u|x|--password-file=F");
}
END_TEST

START_TEST(token_needs_no_user)
{
	good(BASE "--token-file=F");
	ck_assert_ptr_null(options.user);
}
END_TEST

START_TEST(user_needs_no_secret_where_something_else_proves_it)
{
	static const char *const lines[] = {
		BASE "-u|x|--mechanisms|EXTERNAL",
		BASE "-u|x|--mechanisms|PLAIN  GSSAPI ",
		BASE "-u|x|--mechanisms|GSS-SPNEGO",
		BASE "-u|x|--mechanisms|ANONYMOUS PLAIN",
		BASE "-u|x|--certificate|C",
		BASE "-u|x|--pkcs12|C",
		BASE "--authzid|x|--certificate|C",
		BASE "--mechanisms|EXTERNAL",
		BASE "--certificate|C|--mechanisms|EXTERNAL",
	};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		good(lines[i]);
	bad(BASE "-u|x");
	bad(BASE "-u|x|--mechanisms|PLAIN");
	bad(BASE "-u|x|--mechanisms|EXTERNALS XGSSAPI");
	bad(BASE "-u|x|--mechanisms|");
	bad(BASE "--authzid|x");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_options_auth");
	TCase *tcase = tcase_create("options_parse_auth");
	SRunner *runner;

	tcase_set_timeout(tcase, CASE_SECONDS);
	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, every_option_arrives);
	tcase_add_test(tcase, what_is_not_given_is_the_library_s_to_say);
	tcase_add_test(tcase, every_type_of_channel_binding_is_known);
	tcase_add_test(tcase, numbers_have_limits);
	tcase_add_test(tcase, secret_comes_from_one_place);
	tcase_add_test(tcase, token_needs_no_user);
	tcase_add_test(tcase,
		       user_needs_no_secret_where_something_else_proves_it);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	return EXIT_SUCCESS;
}

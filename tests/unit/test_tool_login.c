/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of tools/login.c: what a session is told, without a server. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "login.h"
#include "options.h"
#include "scratch.h"

/* No test needs so long, but a busy machine may. */
#define CASE_SECONDS 60

static struct options options;
static smtpc_session *session;

static void
set_up(void)
{
	scratch_empty();
	memset(&options, 0, sizeof(options));
	ck_assert_int_eq(smtpc_session_new(&session), SMTPC_OK);
}

static void
tear_down(void)
{
	smtpc_session_free(session);
	unsetenv("SMTPC_TEST_SECRET");
}

START_TEST(advice_names_the_option_that_helps)
{
	static const struct {
		const char *detail;
		const char *word;
	} advices[] = {
		{ "plaintext-auth", "--plaintext-auth" },
		{ "tls-required-by-server", "--tls" },
		{ "password-disabled", "--token-file" },
		{ "no-token", "--token-file" },
		{ "no-secret", "--user" },
		{ "oauth-refused", "scope" },
		{ "password-transition", "--mechanisms PLAIN" },
		{ "channel-binding", "--channel-binding" },
		{ "weak-iterations", "--scram-iterations" },
	};
	size_t i;

	for (i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		const char *advice = login_advice(advices[i].detail, &options);

		ck_assert_ptr_nonnull(advice);
		ck_assert_msg(strstr(advice, advices[i].word) != NULL, "%s",
			      advice);
	}
}
END_TEST

START_TEST(where_nothing_helps_there_is_no_advice)
{
	ck_assert_ptr_null(login_advice("", &options));
	ck_assert_ptr_null(login_advice("server-not-proven", &options));
	ck_assert_ptr_null(login_advice("no-such-token", &options));
}
END_TEST

START_TEST(who_has_set_the_limit_of_iterations_hears_other_words)
{
	ck_assert_ptr_nonnull(
	    strstr(login_advice("weak-iterations", &options), "old"));
	options.iterations = 10000;
	ck_assert_ptr_nonnull(
	    strstr(login_advice("weak-iterations", &options), "fewer than"));
}
END_TEST

START_TEST(rules_are_handed_on)
{
	options.mechanisms = "SCRAM-SHA-256-PLUS XOAUTH2 EXTERNAL";
	options.attempts = 5;
	options.binding = SMTPC_CHANNEL_BINDING_SERVER_END_POINT;
	options.iterations = 10000;
	ck_assert_int_eq(login_set_rules(session, &options), EX_OK);
	options.mechanisms = "PLAIN,LOGIN";
	ck_assert_int_eq(login_set_rules(session, &options), EX_USAGE);
	options.mechanisms = "";
	ck_assert_int_eq(login_set_rules(session, &options), EX_USAGE);
}
END_TEST

START_TEST(rule_that_the_library_refuses_is_no_success)
{
	options.attempts = 101;
	ck_assert_int_eq(login_set_rules(session, &options), EX_USAGE);
	options.attempts = 0;
	options.binding = 99;
	ck_assert_int_eq(login_set_rules(session, &options), EX_USAGE);
	options.binding = 0;
	options.iterations = -1;
	ck_assert_int_eq(login_set_rules(session, &options), EX_USAGE);
}
END_TEST

START_TEST(token_is_taken_with_a_user_and_without)
{
	setenv("SMTPC_TEST_SECRET", "ya29.abc-~+/=", 1);
	options.token_environment = "SMTPC_TEST_SECRET";
	ck_assert_int_eq(login_set_secret(session, &options), EX_OK);
	options.user = "alice@example.test";
	ck_assert_int_eq(login_set_secret(session, &options), EX_OK);
}
END_TEST

START_TEST(longest_token_is_taken_from_a_file)
{
	const char *path = scratch_path("token");
	FILE *file = fopen(path, "wb");
	int i;

	ck_assert_ptr_nonnull(file);
	for (i = 0; i < 8192; i++)
		fputc('t', file);
	fputs("\nsecond\n", file);
	ck_assert_int_eq(fclose(file), 0);
	options.token_file = path;
	ck_assert_int_eq(login_set_secret(session, &options), EX_OK);
}
END_TEST

/* Longer than a token may be, and not than a password. */
START_TEST(longer_token_can_not_be_had)
{
	static char value[8194];

	memset(value, 't', sizeof(value) - 1);
	setenv("SMTPC_TEST_SECRET", value, 1);
	options.token_environment = "SMTPC_TEST_SECRET";
	ck_assert_int_eq(login_set_secret(session, &options), EX_NOINPUT);
}
END_TEST

START_TEST(longest_password_is_taken)
{
	static char value[65536];

	memset(value, 'p', sizeof(value) - 1);
	setenv("SMTPC_TEST_SECRET", value, 1);
	options.user = "alice";
	options.password_environment = "SMTPC_TEST_SECRET";
	ck_assert_int_eq(login_set_secret(session, &options), EX_OK);
}
END_TEST

/* What the last call has written to standard error. */
static const char *
complaint_of_setting_a_secret(void)
{
	static char text[512];
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t len;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(saved, 0);
	ck_assert_int_ge(dup2(fileno(file), STDERR_FILENO), 0);
	ck_assert_int_eq(login_set_secret(session, &options), EX_USAGE);
	ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
	close(saved);
	rewind(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	return text;
}

START_TEST(name_that_can_not_be_is_named_with_its_option)
{
	static char name[1002];
	const char *text;

	options.user = "";
	text = complaint_of_setting_a_secret();
	ck_assert_msg(strstr(text, "--user") && strstr(text, "empty"), "%s",
		      text);
	memset(name, 'n', 1001);
	options.user = name;
	text = complaint_of_setting_a_secret();
	ck_assert_msg(strstr(text, "--user") && strstr(text, "1000"), "%s",
		      text);
	options.user = "alice";
	options.authzid = name;
	text = complaint_of_setting_a_secret();
	ck_assert_msg(strstr(text, "--authzid") && strstr(text, "1000"), "%s",
		      text);
	name[1000] = '\0';
	options.user = name;
	ck_assert_int_eq(login_set_secret(session, &options), EX_OK);
}
END_TEST

START_TEST(token_that_is_none_is_bad_data)
{
	static const char *const tokens[] = { "to ken", "to\x01ken", "to\nken",
					      "t\xc3\xb6ken" };
	size_t i;

	options.token_environment = "SMTPC_TEST_SECRET";
	for (i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		setenv("SMTPC_TEST_SECRET", tokens[i], 1);
		ck_assert_int_eq(login_set_secret(session, &options),
				 EX_DATAERR);
	}
}
END_TEST

START_TEST(secret_that_can_not_be_had_is_no_input)
{
	options.token_environment = "SMTPC_TEST_SECRET";
	ck_assert_int_eq(login_set_secret(session, &options), EX_NOINPUT);
	options.token_environment = NULL;
	options.token_file = "/nonexistent/file";
	ck_assert_int_eq(login_set_secret(session, &options), EX_NOINPUT);
	options.token_file = NULL;
	options.user = "alice";
	options.password_file = "/nonexistent/file";
	ck_assert_int_eq(login_set_secret(session, &options), EX_NOINPUT);
}
END_TEST

START_TEST(user_alone_is_taken)
{
	options.user = "alice";
	ck_assert_int_eq(login_set_secret(session, &options), EX_OK);
	options.user = NULL;
	options.authzid = "alice";
	ck_assert_int_eq(login_set_secret(session, &options), EX_OK);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_login");
	TCase *tcase = tcase_create("login");
	SRunner *runner;

	tcase_set_timeout(tcase, CASE_SECONDS);
	scratch_add(tcase);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, advice_names_the_option_that_helps);
	tcase_add_test(tcase, where_nothing_helps_there_is_no_advice);
	tcase_add_test(tcase,
		       who_has_set_the_limit_of_iterations_hears_other_words);
	tcase_add_test(tcase, rules_are_handed_on);
	tcase_add_test(tcase, longer_token_can_not_be_had);
	tcase_add_test(tcase, longest_password_is_taken);
	tcase_add_test(tcase, name_that_can_not_be_is_named_with_its_option);
	tcase_add_test(tcase, rule_that_the_library_refuses_is_no_success);
	tcase_add_test(tcase, token_is_taken_with_a_user_and_without);
	tcase_add_test(tcase, longest_token_is_taken_from_a_file);
	tcase_add_test(tcase, token_that_is_none_is_bad_data);
	tcase_add_test(tcase, secret_that_can_not_be_had_is_no_input);
	tcase_add_test(tcase, user_alone_is_taken);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	return EXIT_SUCCESS;
}

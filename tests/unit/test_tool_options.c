/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of tools/options.c: the command line. */
#include <check.h>
#include <getopt.h>
#include <smtpc/smtpc.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "options.h"

/* No test needs so long, but a busy machine may. */
#define CASE_SECONDS 60

#define ARGUMENTS_MAX 16
#define SHA256                                                                 \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

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

START_TEST(plain_command_line_is_understood)
{
	good("-s|smtp://mx.test|-f|a@b|c@d|e@f");
	ck_assert_str_eq(options.url.host, "mx.test");
	ck_assert_str_eq(options.sender, "a@b");
	ck_assert_uint_eq(options.recipient_count, 2);
	ck_assert_str_eq(options.recipients[0], "c@d");
	ck_assert_str_eq(options.recipients[1], "e@f");
	ck_assert_int_eq(options.tls_mode, SMTPC_TLS_AUTO);
	ck_assert_int_eq(options.timeout_ms, SMTPC_FOREVER);
	ck_assert_ptr_null(options.user);
	ck_assert_int_eq(options.progress_wish, PROGRESS_AUTO);
}
END_TEST

START_TEST(every_option_arrives)
{
	good("--server=smtp://mx.test|--sender=|--user=x|--password-env=P|"
	     "--tls=none|--ca-file=ca.pem|"
	     "--mechanisms=PLAIN LOGIN|--client-domain=me.test|"
	     "--no-pipelining|--all-or-none|--plaintext-auth|--timeout=30|"
	     "--trace|-t|--accept-certificate=" SHA256 "|c@d");
	ck_assert_str_eq(options.sender, "");
	ck_assert_int_eq(options.tls_mode, SMTPC_TLS_NONE);
	ck_assert_str_eq(options.ca_file, "ca.pem");
	ck_assert_str_eq(options.user, "x");
	ck_assert_str_eq(options.password_environment, "P");
	ck_assert_str_eq(options.mechanisms, "PLAIN LOGIN");
	ck_assert_str_eq(options.client_domain, "me.test");
	ck_assert_int_eq(options.no_pipelining, 1);
	ck_assert_int_eq(options.all_or_none, 1);
	ck_assert_int_eq(options.plaintext_auth, 1);
	ck_assert_int_eq(options.timeout_ms, 30000);
	ck_assert_int_eq(options.trace, 1);
	ck_assert_int_eq(options.from_header, 1);
	ck_assert_str_eq(options.fingerprint, SHA256);
	ck_assert_int_eq(options.progress_wish, PROGRESS_NEVER);
}
END_TEST

START_TEST(what_is_dangerous_is_off_by_default)
{
	good("-s|smtp://h|-f|a@b|c@d");
	ck_assert_int_eq(options.plaintext_auth, 0);
	ck_assert_str_eq(options.fingerprint, "");
}
END_TEST

START_TEST(server_may_come_from_the_environment)
{
	bad("-f|a@b|c@d");
	setenv("SMTPC_SERVER", "smtps://mx.test", 1);
	good("-f|a@b|c@d");
	ck_assert_str_eq(options.url.host, "mx.test");
	good("-s|smtp://other.test|-f|a@b|c@d");
	ck_assert_str_eq(options.url.host, "other.test");
	setenv("SMTPC_SERVER", "", 1);
	bad("-f|a@b|c@d");
	setenv("SMTPC_SERVER", "nonsense", 1);
	bad("-f|a@b|c@d");
}
END_TEST

START_TEST(address_of_a_link_without_its_zone_is_no_host)
{
	ck_assert_int_eq(parse("-s|smtp://[fe80::1]:1|-f|a@b|c@d"), EX_NOHOST);
	good("-s|smtp://[fe80::1%25lo]:1|-f|a@b|c@d");
	ck_assert_str_eq(options.url.host, "fe80::1%lo");
}
END_TEST

START_TEST(user_comes_from_the_option_or_the_url)
{
	good("-s|smtp://x%40y@h|--password-fd|0|c@d");
	ck_assert_str_eq(options.user, "x@y");
	ck_assert_str_eq(options.sender, "x@y");
	good("-s|smtp://x%40y@h|-u|z|-f|a@b|--password-env|P|c@d");
	ck_assert_str_eq(options.user, "z");
	ck_assert_str_eq(options.sender, "a@b");
}
END_TEST

START_TEST(sender_is_needed_unless_the_user_is_a_mailbox)
{
	bad("-s|smtp://h|c@d");
	bad("-s|smtp://h|-u|z|--password-env|P|c@d");
	good("-s|smtp://h|-u|z@y|--password-env|P|c@d");
	good("-s|smtp://h|--probe");
}
END_TEST

START_TEST(user_and_password_belong_together)
{
	bad("-s|smtp://h|-f|a@b|-u|z|c@d");
	bad("-s|smtp://z@h|-f|a@b|c@d");
	bad("-s|smtp://h|-f|a@b|--password-file|F|c@d");
	bad("-s|smtp://h|-f|a@b|-u|z|--password-file|F|--password-env|P|c@d");
	good("-s|smtp://z@h|--probe");
}
END_TEST

START_TEST(descriptor_is_a_number)
{
	good("-s|smtp://h|-f|a@b|-u|z|--password-fd|7|c@d");
	ck_assert_int_eq(options.secret_fd, 7);
	bad("-s|smtp://h|-f|a@b|-u|z|--password-fd|-1|c@d");
	bad("-s|smtp://h|-f|a@b|-u|z|--password-fd|x|c@d");
	bad("-s|smtp://h|-f|a@b|-u|z|--password-fd||c@d");
	bad("-s|smtp://h|-f|a@b|-u|z|--password-fd|4294967296|c@d");
	bad("-s|smtp://h|-f|a@b|-u|z|--password-fd|3x|c@d");
}
END_TEST

START_TEST(time_out_is_a_number_of_seconds)
{
	good("-s|smtp://h|-f|a@b|--timeout|1|c@d");
	ck_assert_int_eq(options.timeout_ms, 1000);
	good("-s|smtp://h|-f|a@b|--timeout|1000000|c@d");
	bad("-s|smtp://h|-f|a@b|--timeout|1000001|c@d");
	bad("-s|smtp://h|-f|a@b|--timeout|0|c@d");
	bad("-s|smtp://h|-f|a@b|--timeout|-1|c@d");
	bad("-s|smtp://h|-f|a@b|--timeout|1s|c@d");
	bad("-s|smtp://h|-f|a@b|--timeout| 1|c@d");
	bad("-s|smtp://h|-f|a@b|--timeout|99999999999999999999|c@d");
}
END_TEST

START_TEST(every_tls_mode_is_known)
{
	good("-s|smtp://h|-f|a@b|--tls|auto|c@d");
	ck_assert_int_eq(options.tls_mode, SMTPC_TLS_AUTO);
	good("-s|smtp://h|-f|a@b|--tls|implicit|c@d");
	ck_assert_int_eq(options.tls_mode, SMTPC_TLS_IMPLICIT);
	good("-s|smtp://h|-f|a@b|--tls|starttls|c@d");
	ck_assert_int_eq(options.tls_mode, SMTPC_TLS_STARTTLS);
	good("-s|smtp://h|-f|a@b|--tls|opportunistic|c@d");
	ck_assert_int_eq(options.tls_mode, SMTPC_TLS_OPPORTUNISTIC);
	bad("-s|smtp://h|-f|a@b|--tls|no|c@d");
	bad("-s|smtp://h|-f|a@b|--tls||c@d");
}
END_TEST

START_TEST(smtps_is_implicit_tls_and_nothing_else)
{
	good("-s|smtps://h|-f|a@b|c@d");
	ck_assert_int_eq(options.tls_mode, SMTPC_TLS_IMPLICIT);
	good("-s|smtps://h|-f|a@b|--tls|implicit|c@d");
	bad("-s|smtps://h|-f|a@b|--tls|starttls|c@d");
	bad("-s|smtps://h|-f|a@b|--tls|opportunistic|c@d");
	bad("-s|smtps://h|-f|a@b|--tls|none|c@d");
}
END_TEST

START_TEST(fingerprint_may_have_colons_and_capitals)
{
	good("-s|smtp://h|-f|a@b|--accept-certificate|"
	     "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
	     "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff|c@d");
	ck_assert_str_eq(options.fingerprint, SHA256);
}
END_TEST

START_TEST(bad_fingerprint_is_refused)
{
	bad("-s|smtp://h|-f|a@b|--accept-certificate||c@d");
	bad("-s|smtp://h|-f|a@b|--accept-certificate|00|c@d");
	bad("-s|smtp://h|-f|a@b|--accept-certificate|" SHA256 "0|c@d");
	bad("-s|smtp://h|-f|a@b|--accept-certificate|" SHA256 ":|c@d");
	bad("-s|smtp://h|-f|a@b|--accept-certificate|:" SHA256 "|c@d");
	bad("-s|smtp://h|-f|a@b|--accept-certificate|"
	    "g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	    "|c@d");
	bad("-s|smtp://h|-f|a@b|--accept-certificate|"
	    "0:0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	    "|c@d");
}
END_TEST

START_TEST(contradictions_are_refused)
{
	bad("-s|smtp://h|-f|a@b");
	bad("-s|smtp://h|-f|a@b|--quiet|--progress|c@d");
	good("-s|smtp://h|-f|a@b|--quiet|c@d");
	good("-s|smtp://h|-f|a@b|--progress|c@d");
	ck_assert_int_eq(options.progress_wish, PROGRESS_ALWAYS);
	bad("-s|smtp://h|--probe|c@d");
	bad("-s|smtp://h|--probe|-t");
	bad("-s|smtp://h|--probe|--text|x");
	bad("-s|smtp://h|--probe|--subject|x");
	bad("-s|smtp://h|-f|a@b|-t|--text|x|c@d");
	bad("-s|smtp://h|-f|a@b|--subject|x|c@d");
	bad("-s|smtp://h|-f|a@b|--text|x");
	good("-s|smtp://h|-f|a@b|-t");
	good("-s|smtp://h|-f|a@b|--text|x|c@d");
}
END_TEST

START_TEST(unknown_and_incomplete_options_are_refused)
{
	bad("--nonsense");
	bad("-x");
	bad("-s");
	bad("--server");
	bad("--password=secret|-s|smtp://h|c@d");
	bad("--quiet=yes|-s|smtp://h|-f|a@b|c@d");
}
END_TEST

START_TEST(recipient_that_looks_like_an_option_follows_two_dashes)
{
	good("-s|smtp://h|-f|a@b|--|-t@c|--text@d");
	ck_assert_uint_eq(options.recipient_count, 2);
	ck_assert_int_eq(options.from_header, 0);
}
END_TEST

START_TEST(help_and_version_need_nothing_else)
{
	good("--help");
	ck_assert_int_eq(options.help, 1);
	good("--version");
	ck_assert_int_eq(options.version, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_options");
	TCase *tcase = tcase_create("options_parse");
	SRunner *runner;

	tcase_set_timeout(tcase, CASE_SECONDS);
	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, plain_command_line_is_understood);
	tcase_add_test(tcase, every_option_arrives);
	tcase_add_test(tcase, what_is_dangerous_is_off_by_default);
	tcase_add_test(tcase, server_may_come_from_the_environment);
	tcase_add_test(tcase, address_of_a_link_without_its_zone_is_no_host);
	tcase_add_test(tcase, user_comes_from_the_option_or_the_url);
	tcase_add_test(tcase, sender_is_needed_unless_the_user_is_a_mailbox);
	tcase_add_test(tcase, user_and_password_belong_together);
	tcase_add_test(tcase, descriptor_is_a_number);
	tcase_add_test(tcase, time_out_is_a_number_of_seconds);
	tcase_add_test(tcase, every_tls_mode_is_known);
	tcase_add_test(tcase, smtps_is_implicit_tls_and_nothing_else);
	tcase_add_test(tcase, fingerprint_may_have_colons_and_capitals);
	tcase_add_test(tcase, bad_fingerprint_is_refused);
	tcase_add_test(tcase, contradictions_are_refused);
	tcase_add_test(tcase, unknown_and_incomplete_options_are_refused);
	tcase_add_test(tcase,
		       recipient_that_looks_like_an_option_follows_two_dashes);
	tcase_add_test(tcase, help_and_version_need_nothing_else);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	return EXIT_SUCCESS;
}

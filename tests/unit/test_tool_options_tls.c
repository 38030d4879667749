/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of tools/options_tls.c: what the command line says about TLS. */
#include <check.h>
#include <getopt.h>
#include <smtpc/smtpc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "options.h"
#include "options_tls.h"

/* No test needs so long, but a busy machine may. */
#define CASE_SECONDS 60

#define ARGUMENTS_MAX 48
#define SHA256                                                                 \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct options options;
static char copy[8192];
static char program[] = "smtpc";
static char server[] = "--server=smtp://mx.test";
static char sender[] = "--sender=a@b";
static char recipient[] = "c@d";

/* What is said beside a server, a sender and a recipient; "|" in between. */
static int
parse(const char *line)
{
	char *arguments[ARGUMENTS_MAX + 5];
	char *rest = copy;
	int count = 0;

	ck_assert_uint_lt(strlen(line), sizeof(copy));
	memcpy(copy, line, strlen(line) + 1);
	arguments[count++] = program;
	arguments[count++] = server;
	arguments[count++] = sender;
	while (rest != NULL && count <= ARGUMENTS_MAX)
		arguments[count++] = strsep(&rest, "|");
	ck_assert_ptr_null(rest);
	arguments[count++] = recipient;
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
	good("--tls-minimum=1.3|--tls-priority=NORMAL|--ca-file=ca.pem|"
	     "--ca-directory=cas|--verify-name=mail.test|--accept=expired|"
	     "--pin=" SHA256 "|--certificate=me.pem|--key=me.key|"
	     "--key-password-env=P");
	ck_assert_int_eq(options.tls_minimum_version, SMTPC_TLS_1_3);
	ck_assert_str_eq(options.tls_priority, "NORMAL");
	ck_assert_str_eq(options.ca_file, "ca.pem");
	ck_assert_str_eq(options.ca_directory, "cas");
	ck_assert_str_eq(options.verify_name, "mail.test");
	ck_assert_uint_eq(options.exceptions, SMTPC_CERTIFICATE_EXPIRED);
	ck_assert_uint_eq(options.pin_count, 1);
	ck_assert_str_eq(options.pin_digits[0], SHA256);
	ck_assert_str_eq(options.certificate, "me.pem");
	ck_assert_str_eq(options.key, "me.key");
	ck_assert_str_eq(options.key_password_environment, "P");
	good("--pkcs12=me.p12|--key-password-file=password");
	ck_assert_str_eq(options.pkcs12, "me.p12");
	ck_assert_str_eq(options.key_password_file, "password");
}
END_TEST

START_TEST(nothing_is_less_strict_by_default)
{
	good("--tls=auto");
	ck_assert_uint_eq(options.exceptions, 0);
	ck_assert_uint_eq(options.pin_count, 0);
	/* The library's own default. */
	ck_assert_int_eq(options.tls_minimum_version, 0);
	ck_assert_ptr_null(options.tls_priority);
	ck_assert_ptr_null(options.verify_name);
	ck_assert_ptr_null(options.certificate);
}
END_TEST

START_TEST(minimum_is_one_of_four_versions)
{
	good("--tls-minimum=1.0");
	ck_assert_int_eq(options.tls_minimum_version, SMTPC_TLS_1_0);
	good("--tls-minimum=1.1");
	ck_assert_int_eq(options.tls_minimum_version, SMTPC_TLS_1_1);
	good("--tls-minimum=1.2");
	ck_assert_int_eq(options.tls_minimum_version, SMTPC_TLS_1_2);
	bad("--tls-minimum=");
	bad("--tls-minimum=1");
	bad("--tls-minimum=1.4");
	bad("--tls-minimum=TLS1.2");
	bad("--tls-minimum=1.2 ");
}
END_TEST

START_TEST(problems_are_a_list_of_names)
{
	good("--accept=self-signed,expired,wrong-name");
	ck_assert_uint_eq(options.exceptions, SMTPC_CERTIFICATE_SELF_SIGNED |
						  SMTPC_CERTIFICATE_EXPIRED |
						  SMTPC_CERTIFICATE_WRONG_NAME);
	good("--accept=name-in-cn");
	ck_assert_uint_eq(options.exceptions, SMTPC_CERTIFICATE_NAME_IN_CN);
}
END_TEST

START_TEST(unknown_problems_are_refused)
{
	bad("--accept=");
	bad("--accept=all");
	bad("--accept=expired,");
	bad("--accept=,expired");
	bad("--accept=expired,,self-signed");
	bad("--accept=expired, self-signed");
	bad("--accept=expire");
	bad("--accept=pin-mismatch");
	bad("--accept=expired,pin-mismatch");
}
END_TEST

START_TEST(pins_add_up)
{
	good("--pin=" SHA256
	     "|--pin=FF:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
	     "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff");
	ck_assert_uint_eq(options.pin_count, 2);
	ck_assert_str_eq(options.pin_digits[0], SHA256);
	ck_assert_str_eq(
	    options.pin_digits[1],
	    "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
}
END_TEST

START_TEST(bad_pins_are_refused)
{
	bad("--pin=");
	bad("--pin=00");
	bad("--pin=" SHA256 "0");
	bad("--pin=" SHA256 "|--pin=x");
	bad("--pin=g0112233445566778899aabbccddeeff00112233445566778899aabbccdd"
	    "eeff");
}
END_TEST

/* COUNT times the same pin. */
static void
repeat_pin(char *line, size_t size, size_t count)
{
	size_t len = 0;
	size_t i;

	for (i = 0; i < count; i++)
		len += (size_t)snprintf(line + len, size - len, "%s--pin=%s",
					i > 0 ? "|" : "", SHA256);
	ck_assert_uint_lt(len, size);
}

START_TEST(there_is_room_for_so_many_pins_and_no_more)
{
	char line[4096];

	repeat_pin(line, sizeof(line), PINS_MAX);
	good(line);
	ck_assert_uint_eq(options.pin_count, PINS_MAX);
	ck_assert_str_eq(options.pin_digits[PINS_MAX - 1], SHA256);
	repeat_pin(line, sizeof(line), PINS_MAX + 1);
	bad(line);
	repeat_pin(line, sizeof(line), 2 * PINS_MAX);
	bad(line);
}
END_TEST

START_TEST(certificate_and_key_belong_together)
{
	good("--certificate=me.pem");
	good("--certificate=me.pem|--key=me.key");
	good("--certificate=me.pem|--key-password-file=P");
	bad("--key=me.key");
	bad("--key=me.key|--pkcs12=me.p12");
	bad("--certificate=me.pem|--pkcs12=me.p12");
	bad("--key-password-file=P");
	bad("--key-password-env=P");
	bad("--certificate=me.pem|--key-password-env=P|--key-password-file=P");
	/* Never in the arguments, which everybody can read. */
	bad("--certificate=me.pem|--key-password=P");
}
END_TEST

START_TEST(token_holds_certificate_and_key)
{
	good("--certificate=pkcs11:token=me|--key-password-env=PIN");
	ck_assert(options_is_token(options.certificate));
	bad("--certificate=pkcs11:token=me|--key=me.key");
	ck_assert(!options_is_token("./pkcs11:token"));
	ck_assert(!options_is_token("pkcs11"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_options_tls");
	TCase *tcase = tcase_create("options_parse_tls");
	SRunner *runner;

	tcase_set_timeout(tcase, CASE_SECONDS);
	tcase_add_test(tcase, every_option_arrives);
	tcase_add_test(tcase, nothing_is_less_strict_by_default);
	tcase_add_test(tcase, minimum_is_one_of_four_versions);
	tcase_add_test(tcase, problems_are_a_list_of_names);
	tcase_add_test(tcase, unknown_problems_are_refused);
	tcase_add_test(tcase, pins_add_up);
	tcase_add_test(tcase, bad_pins_are_refused);
	tcase_add_test(tcase, there_is_room_for_so_many_pins_and_no_more);
	tcase_add_test(tcase, certificate_and_key_belong_together);
	tcase_add_test(tcase, token_holds_certificate_and_key);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	return EXIT_SUCCESS;
}

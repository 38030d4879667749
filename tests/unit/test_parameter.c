/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/parameter.c: parameters of MAIL and RCPT. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "mem.h"
#include "parameter.h"
#include "suite.h"

static char *list;
static struct extension_list extensions;

static void
set_up(void)
{
	struct smtpc_reply *reply =
	    reply_of("250-mx\r\n250-SIZE\r\n250-Dsn\r\n250 X-OWN\r\n");

	ck_assert_int_eq(extension_parse(&extensions, reply), SMTPC_OK);
	reply_release(reply);
}

static void
tear_down(void)
{
	mem_free(list);
	extension_clear(&extensions);
}

START_TEST(each_follows_the_others_behind_a_blank)
{
	ck_assert_int_eq(parameter_append(&list, "RET", "HDRS"), SMTPC_OK);
	ck_assert_str_eq(list, " RET=HDRS");
	ck_assert_int_eq(parameter_append(&list, "SMTPUTF8", NULL), SMTPC_OK);
	ck_assert_int_eq(parameter_append(&list, "envid", "a+2Bb"), SMTPC_OK);
	ck_assert_str_eq(list, " RET=HDRS SMTPUTF8 envid=a+2Bb");
}
END_TEST

START_TEST(refused_one_changes_nothing)
{
	static const char *const bad[][2] = {
		{ "A B", "1" },
		{ "A=", "1" },
		{ "", "1" },
		{ "\xc3\x84", "1" },
		{ "A", "" },
		{ "A", "b c" },
		{ "A", "b=c" },
		{ "A", "b\r\nDATA" },
		{ "A", "b\xe4" },
		{ "A\r", NULL },
		{ "BODY", "8BITMIME" },
		{ "body", "7BIT" },
		{ "Body", NULL },
	};
	size_t i;

	ck_assert_int_eq(parameter_append(&list, "RET", "HDRS"), SMTPC_OK);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(parameter_append(&list, bad[i][0], bad[i][1]) ==
				  SMTPC_E_INVALID,
			      "%s was taken", bad[i][0]);
		ck_assert_str_eq(list, " RET=HDRS");
	}
}
END_TEST

/* Whatever fits the list fits the line, whatever the library adds. */
START_TEST(longest_list_still_fits_its_line)
{
	static const char local[] = "0123456789012345678901234567890123456789"
				    "012345678901234567890123";
	char *value = malloc(2000);
	struct buffer out;
	char mailbox[300];
	size_t len;
	int rc = SMTPC_OK;

	ck_assert_ptr_nonnull(value);
	memset(value, 'v', 2000);
	for (len = 1400; rc == SMTPC_OK && len < 1900; len++) {
		mem_free(list);
		list = NULL;
		value[len] = '\0';
		rc = parameter_append(&list, "K", value);
		value[len] = 'v';
	}
	ck_assert_int_eq(rc, SMTPC_E_INVALID);
	value[len - 2] = '\0';
	ck_assert_int_eq(parameter_append(&list, "K", value), SMTPC_OK);
	ck_assert_int_eq(parameter_append(&list, "L", NULL), SMTPC_E_INVALID);

	memset(mailbox, 'a', sizeof(mailbox));
	memcpy(mailbox, local, 64);
	mailbox[64] = '@';
	mailbox[254] = '\0';
	buffer_init(&out, 10000);
	ck_assert(command_write_mail(&out, mailbox, " BODY=8BITMIME", list));
	buffer_clear(&out);
	free(value);
}
END_TEST

START_TEST(without_memory_nothing_is_appended)
{
	ck_assert_int_eq(parameter_append(&list, "RET", "HDRS"), SMTPC_OK);
	fault_at(0);
	ck_assert_int_eq(parameter_append(&list, "ENVID", "x"), SMTPC_E_NOMEM);
	ck_assert(fault_end());
	ck_assert_str_eq(list, " RET=HDRS");
}
END_TEST

START_TEST(what_is_offered_is_not_lacking)
{
	ck_assert_ptr_null(parameter_lacks(NULL, &extensions));
	ck_assert_ptr_null(parameter_lacks("", &extensions));
	ck_assert_ptr_null(parameter_lacks(" SIZE=1", &extensions));
	ck_assert_ptr_null(parameter_lacks(" RET=HDRS ENVID=x NOTIFY=NEVER "
					   "ORCPT=rfc822;a SIZE=1",
					   &extensions));
	ck_assert_ptr_null(parameter_lacks(" ret=HDRS", &extensions));
}
END_TEST

START_TEST(extension_that_a_parameter_needs_is_named)
{
	static const char *const needs[][2] = {
		{ " SMTPUTF8", "SMTPUTF8" },
		{ " smtputf8", "SMTPUTF8" },
		{ " AUTH=<>", "AUTH" },
		{ " BY=120;R", "DELIVERBY" },
		{ " HOLDFOR=1", "FUTURERELEASE" },
		{ " HOLDUNTIL=2030-01-01T00:00:00Z", "FUTURERELEASE" },
		{ " MT-PRIORITY=3", "MT-PRIORITY" },
		{ " REQUIRETLS", "REQUIRETLS" },
		{ " RRVS=2030-01-01T00:00:00Z", "RRVS" },
		{ " SIZE=1 RET=FULL BY=120;R SMTPUTF8", "DELIVERBY" },
	};
	size_t i;

	for (i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		ck_assert_str_eq(parameter_lacks(needs[i][0], &extensions),
				 needs[i][1]);
	extension_clear(&extensions);
	ck_assert_str_eq(parameter_lacks(" SIZE=1", &extensions), "SIZE");
	ck_assert_str_eq(parameter_lacks(" ENVID=x", &extensions), "DSN");
}
END_TEST

START_TEST(unknown_parameter_is_the_callers_affair)
{
	ck_assert_ptr_null(parameter_lacks(" X-OWN=1 XOTHER", &extensions));
	/* Only whole keywords count, and no values. */
	ck_assert_ptr_null(
	    parameter_lacks(" SMTPUTF8X BYE=1 X=BY", &extensions));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("parameter");
	TCase *tcase = suite_case(suite, "parameter_append");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, each_follows_the_others_behind_a_blank);
	tcase_add_test(tcase, refused_one_changes_nothing);
	tcase_add_test(tcase, longest_list_still_fits_its_line);
	tcase_add_test(tcase, without_memory_nothing_is_appended);

	tcase = suite_case(suite, "parameter_lacks");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, what_is_offered_is_not_lacking);
	tcase_add_test(tcase, extension_that_a_parameter_needs_is_named);
	tcase_add_test(tcase, unknown_parameter_is_the_callers_affair);
	return suite_run(suite);
}

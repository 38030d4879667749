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

static int
append(const char *keyword, const char *value)
{
	const char *problem = "?";
	int rc = parameter_append(&list, PARAMETER_OF_MAIL, keyword, value,
				  &problem);

	ck_assert_int_eq(problem == NULL, rc != SMTPC_E_INVALID);
	return rc;
}

/* The extension that is lacking, or NULL. */
static const char *
lacks(const char *parameters)
{
	const struct parameter_need *need =
	    parameter_lacks(parameters, &extensions);

	return need != NULL ? need->extension : NULL;
}

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
	ck_assert_int_eq(append("RET", "HDRS"), SMTPC_OK);
	ck_assert_str_eq(list, " RET=HDRS");
	ck_assert_int_eq(append("XFLAG", NULL), SMTPC_OK);
	ck_assert_int_eq(append("envid", "a+2Bb"), SMTPC_OK);
	ck_assert_str_eq(list, " RET=HDRS XFLAG envid=a+2Bb");
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
		{ "SMTPUTF8", NULL },
		{ "ret", "FULL" },
		{ "NOTIFY", "NEVER" },
	};
	size_t i;

	ck_assert_int_eq(append("RET", "HDRS"), SMTPC_OK);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(append(bad[i][0], bad[i][1]) == SMTPC_E_INVALID,
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
		rc = append("K", value);
		value[len] = 'v';
	}
	ck_assert_int_eq(rc, SMTPC_E_INVALID);
	value[len - 2] = '\0';
	ck_assert_int_eq(append("K", value), SMTPC_OK);
	ck_assert_int_eq(append("L", NULL), SMTPC_E_INVALID);

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
	ck_assert_int_eq(append("RET", "HDRS"), SMTPC_OK);
	fault_at(0);
	ck_assert_int_eq(append("ENVID", "x"), SMTPC_E_NOMEM);
	ck_assert(fault_end());
	ck_assert_str_eq(list, " RET=HDRS");
}
END_TEST

START_TEST(what_is_offered_is_not_lacking)
{
	ck_assert_ptr_null(lacks(NULL));
	ck_assert_ptr_null(lacks(""));
	ck_assert_ptr_null(lacks(" SIZE=1"));
	ck_assert_ptr_null(lacks(" RET=HDRS ENVID=x NOTIFY=NEVER "
				 "ORCPT=rfc822;a SIZE=1"));
	ck_assert_ptr_null(lacks(" ret=HDRS"));
}
END_TEST

START_TEST(extension_that_a_parameter_needs_is_named)
{
	static const char *const needs[][2] = {
		{ " AUTH=<>", "AUTH" },
		{ " BY=120;R", "DELIVERBY" },
		{ " HOLDFOR=1", "FUTURERELEASE" },
		{ " HOLDUNTIL=2030-01-01T00:00:00Z", "FUTURERELEASE" },
		{ " MT-PRIORITY=3", "MT-PRIORITY" },
		{ " REQUIRETLS", "REQUIRETLS" },
		{ " RRVS=2030-01-01T00:00:00Z", "RRVS" },
		{ " SIZE=1 RET=FULL BY=120;R REQUIRETLS", "DELIVERBY" },
	};
	size_t i;

	for (i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		ck_assert_str_eq(lacks(needs[i][0]), needs[i][1]);
	extension_clear(&extensions);
	ck_assert_str_eq(lacks(" SIZE=1"), "SIZE");
	ck_assert_str_eq(lacks(" ENVID=x"), "DSN");
}
END_TEST

START_TEST(unknown_parameter_is_the_callers_affair)
{
	ck_assert_ptr_null(lacks(" X-OWN=1 XOTHER"));
	/* Only whole keywords count, and no values. */
	ck_assert_ptr_null(lacks(" SMTPUTF8X BYE=1 X=BY"));
}
END_TEST

START_TEST(value_is_found_and_taken_out)
{
	static const char text[] = " RET=HDRS XFLAG SIZE=12 XSIZE=7";
	char changed[sizeof(text)];
	const char *value;
	size_t len = 77;

	value = parameter_find(text, "size", &len);
	ck_assert_ptr_eq(value, strstr(text, "12"));
	ck_assert_uint_eq(len, 2);
	ck_assert_ptr_null(parameter_find(text, "XFLAG", &len));
	ck_assert_ptr_null(parameter_find(text, "XFLA", &len));
	ck_assert_ptr_null(parameter_find(NULL, "XFLAG", &len));
	ck_assert(parameter_has(text, "XFLAG"));
	ck_assert(!parameter_has(text, "HDRS"));
	memcpy(changed, text, sizeof(text));
	parameter_remove(changed, "XFLAG");
	ck_assert_str_eq(changed, " RET=HDRS SIZE=12 XSIZE=7");
	parameter_remove(changed, "FLAG");
	parameter_remove(changed, "XSIZE");
	ck_assert_str_eq(changed, " RET=HDRS SIZE=12");
	parameter_remove(changed, "RET");
	parameter_remove(changed, "SIZE");
	ck_assert_str_eq(changed, "");
	parameter_remove(NULL, "SIZE");
}
END_TEST

START_TEST(parameter_belongs_to_its_command)
{
	const char *problem;

	ck_assert_int_eq(parameter_append(&list, PARAMETER_OF_RECIPIENT, "RET",
					  "HDRS", &problem),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(parameter_append(&list, PARAMETER_OF_RECIPIENT, "SIZE",
					  "1", &problem),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(parameter_append(&list, PARAMETER_OF_RECIPIENT,
					  "NOTIFY", "NEVER", &problem),
			 SMTPC_OK);
	ck_assert_int_eq(parameter_append(&list, PARAMETER_OF_RECIPIENT, "XOWN",
					  NULL, &problem),
			 SMTPC_OK);
	ck_assert_str_eq(list, " NOTIFY=NEVER XOWN");
}
END_TEST

START_TEST(detail_is_the_keyword_in_small_letters)
{
	static const char *const lists[] = {
		" AUTH=<>",	  " BY=1;N",	 " HOLDFOR=1",
		" MT-PRIORITY=1", " REQUIRETLS", " RRVS=x",
	};
	const struct parameter_need *need;
	size_t i, k;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		need = parameter_lacks(lists[i], &extensions);
		ck_assert_uint_eq(strlen(need->detail),
				  strlen(need->extension));
		for (k = 0; need->detail[k] != '\0'; k++)
			ck_assert_int_eq(need->detail[k],
					 need->extension[k] >= 'A' &&
						 need->extension[k] <= 'Z'
					     ? need->extension[k] + 32
					     : need->extension[k]);
	}
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
	tcase_add_test(tcase, value_is_found_and_taken_out);
	tcase_add_test(tcase, parameter_belongs_to_its_command);
	tcase_add_test(tcase, detail_is_the_keyword_in_small_letters);
	return suite_run(suite);
}

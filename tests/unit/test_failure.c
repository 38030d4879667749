/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/failure.c: the first cause is kept, and nothing is leaked. */
#include <stdio.h>
#include <string.h>

#include "failure.h"
#include "suite.h"

static struct failure failure;

static void
tear_down(void)
{
	failure_clear(&failure);
}

START_TEST(failure_says_what_where_and_why)
{
	failure_set(&failure, SMTPC_E_TLS, SMTPC_PHASE_TLS, "tls-alert",
		    "%s: %d%%", "TLS", 100);
	ck_assert_int_eq(failure.result, SMTPC_E_TLS);
	ck_assert_int_eq(failure.phase, SMTPC_PHASE_TLS);
	ck_assert_str_eq(failure.detail, "tls-alert");
	ck_assert_str_eq(failure.message, "TLS: 100%");
	ck_assert_ptr_null(failure.reply);
}
END_TEST

START_TEST(first_failure_stands)
{
	failure_set(&failure, SMTPC_E_TLS, SMTPC_PHASE_TLS, NULL, "first");
	failure_set(&failure, SMTPC_E_CLOSED, SMTPC_PHASE_EHLO, "x", "second");
	ck_assert_int_eq(failure.result, SMTPC_E_TLS);
	ck_assert_int_eq(failure.phase, SMTPC_PHASE_TLS);
	ck_assert_ptr_null(failure.detail);
	ck_assert_str_eq(failure.message, "first");
}
END_TEST

START_TEST(cleared_failure_can_be_set_again)
{
	failure_set(&failure, SMTPC_E_TLS, SMTPC_PHASE_TLS, "x", "first");
	failure.tls_error = -1;
	failure.system_error = 2;
	failure.reply = reply_of("550 no\r\n");
	failure_clear(&failure);
	ck_assert_int_eq(failure.result, SMTPC_OK);
	ck_assert_ptr_null(failure.message);
	ck_assert_ptr_null(failure.detail);
	ck_assert_ptr_null(failure.reply);
	ck_assert_int_eq(failure.tls_error, 0);
	ck_assert_int_eq(failure.system_error, 0);
	failure_clear(&failure);
	failure_set(&failure, SMTPC_E_CLOSED, SMTPC_PHASE_EHLO, NULL, "second");
	ck_assert_int_eq(failure.result, SMTPC_E_CLOSED);
	ck_assert_str_eq(failure.message, "second");
}
END_TEST

START_TEST(message_is_one_line_of_printable_ascii)
{
	failure_set(&failure, SMTPC_E_TLS, SMTPC_PHASE_TLS, NULL, "%s",
		    "a\r\nQUIT\x1b[2J p\xc3\xa4ss");
	ck_assert_str_eq(failure.message, "a??QUIT?[2J p??ss");
}
END_TEST

START_TEST(long_message_is_cut)
{
	failure_set(&failure, SMTPC_E_TLS, SMTPC_PHASE_TLS, NULL, "%01100d|",
		    7);
	ck_assert_uint_eq(strlen(failure.message), 1023);
}
END_TEST

START_TEST(copy_lives_on_its_own)
{
	struct failure copy;
	struct smtpc_reply *reply = reply_of("550 5.1.1 no\r\n");

	memset(&copy, 0, sizeof(copy));
	failure_set(&copy, SMTPC_E_NOMEM, SMTPC_PHASE_NONE, NULL, "old");
	failure_set(&failure, SMTPC_E_PERMANENT, SMTPC_PHASE_RCPT, "detail",
		    "why");
	failure.system_error = 3;
	failure.tls_error = -4;
	failure.reply = reply_hold(reply);
	failure_copy(&copy, &failure);
	failure_clear(&failure);

	ck_assert_int_eq(copy.result, SMTPC_E_PERMANENT);
	ck_assert_int_eq(copy.phase, SMTPC_PHASE_RCPT);
	ck_assert_str_eq(copy.detail, "detail");
	ck_assert_str_eq(copy.message, "why");
	ck_assert_int_eq(copy.system_error, 3);
	ck_assert_int_eq(copy.tls_error, -4);
	ck_assert_ptr_eq(copy.reply, reply);
	failure_clear(&copy);
	ck_assert_int_eq(reply->code, 550);
	ck_assert_uint_eq(reply->holds, 1);
	reply_release(reply);
}
END_TEST

START_TEST(without_memory_only_the_message_is_missing)
{
	struct failure copy;

	memset(&copy, 0, sizeof(copy));
	fault_at(0);
	failure_set(&failure, SMTPC_E_TLS, SMTPC_PHASE_TLS, "x", "why");
	ck_assert(fault_end());
	ck_assert_int_eq(failure.result, SMTPC_E_TLS);
	ck_assert_str_eq(failure.detail, "x");
	ck_assert_ptr_null(failure.message);

	failure_copy(&copy, &failure);
	ck_assert_ptr_null(copy.message);
	failure_clear(&failure);
	failure_set(&failure, SMTPC_E_TLS, SMTPC_PHASE_TLS, "x", "why");
	fault_at(0);
	failure_copy(&copy, &failure);
	ck_assert(fault_end());
	ck_assert_int_eq(copy.result, SMTPC_E_TLS);
	ck_assert_ptr_null(copy.message);
	failure_clear(&copy);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("failure");
	TCase *tcase = suite_case(suite, "failure");

	tcase_add_checked_fixture(tcase, NULL, tear_down);
	tcase_add_test(tcase, failure_says_what_where_and_why);
	tcase_add_test(tcase, first_failure_stands);
	tcase_add_test(tcase, cleared_failure_can_be_set_again);
	tcase_add_test(tcase, message_is_one_line_of_printable_ascii);
	tcase_add_test(tcase, long_message_is_cut);
	tcase_add_test(tcase, copy_lives_on_its_own);
	tcase_add_test(tcase, without_memory_only_the_message_is_missing);
	return suite_run(suite);
}

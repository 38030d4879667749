/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A machine that has Cyrus SASL's library, but no module: SASL_PATH leads
 * nowhere, which is what main() makes sure of.
 */
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "visit.h"

START_TEST(PLAIN_needs_no_module)
{
	visit_says("PLAIN", "AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=\r\n");
}
END_TEST

START_TEST(LOGIN_needs_no_module)
{
	visit_says("LOGIN", "AUTH LOGIN\r\nYWxpY2U=\r\nd29uZGVybGFuZA==\r\n");
}
END_TEST

START_TEST(XOAUTH2_needs_no_module)
{
	visit_says("XOAUTH2",
		   "AUTH XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJlYXJlciB5YTI5LnRva2VuA"
		   "QE=\r\n");
}
END_TEST

START_TEST(OAUTHBEARER_needs_no_module)
{
	visit_says("OAUTHBEARER",
		   "AUTH OAUTHBEARER bixhPWFsaWNlLAFob3N0PW14LmV4YW1wbGUudGVzd"
		   "AFwb3J0PTU4NwFhdXRoPUJlYXJlciB5YTI5LnRva2VuAQE=\r\n");
}
END_TEST

START_TEST(EXTERNAL_needs_no_module)
{
	visit_says("EXTERNAL", "AUTH EXTERNAL =\r\n");
}
END_TEST

/* It is told what to install, nothing is sent, and the session goes on. */
static void
misses(const char *mechanism, const char *package)
{
	static struct visit visit;
	smtpc_session *session;

	visit_begin(&visit, mechanism);
	session = visit.session;
	ck_assert_int_eq(smtpc_auth(session), SMTPC_E_AUTH_UNAVAILABLE);
	ck_assert_str_eq(smtpc_error_detail(session), "module-missing");
	ck_assert_msg(strstr(smtpc_error_message(session), package) != NULL,
		      "%s", smtpc_error_message(session));
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_READY);
	ck_assert_int_eq(smtpc_error_safe_to_retry(session), 1);
	ck_assert_ptr_null(smtpc_session_mechanism(session));
	visit_end(&visit);
	ck_assert_str_eq(visit.server.heard,
			 "EHLO client.example.test\r\nQUIT\r\n");
}

START_TEST(without_its_module_SCRAM_names_the_package)
{
	misses("SCRAM-SHA-256", "libsasl2-modules");
	misses("SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1", "libsasl2-modules");
}
END_TEST

START_TEST(so_do_the_mechanisms_with_MD5)
{
	misses("CRAM-MD5", "libsasl2-modules");
	misses("DIGEST-MD5", "libsasl2-modules");
}
END_TEST

START_TEST(GSSAPI_has_a_package_of_its_own)
{
	misses("GSSAPI", "libsasl2-modules-gssapi-mit");
}
END_TEST

/* What is missing is skipped, and costs no attempt. */
START_TEST(a_missing_module_does_not_keep_PLAIN_from_being_used)
{
	static struct visit visit;
	const smtpc_reply *reply;
	const char *mechanism, *message;
	int rc;

	visit_begin(&visit, "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN");
	ck_assert_int_eq(smtpc_session_set_auth_attempts(visit.session, 1),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_auth(visit.session), SMTPC_OK);
	ck_assert_str_eq(smtpc_session_mechanism(visit.session), "PLAIN");
	ck_assert_uint_eq(smtpc_session_auth_attempt_count(visit.session), 3);
	ck_assert_int_eq(smtpc_session_auth_attempt_at(visit.session, 0,
						       &mechanism, &rc, &reply,
						       &message),
			 SMTPC_OK);
	ck_assert_str_eq(mechanism, "SCRAM-SHA-256");
	ck_assert_int_eq(rc, SMTPC_E_AUTH_UNAVAILABLE);
	ck_assert_ptr_null(reply);
	ck_assert_str_ne(message, "");
	visit_end(&visit);
	ck_assert_str_eq(visit.server.heard,
			 "EHLO client.example.test\r\n"
			 "AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=\r\n"
			 "QUIT\r\n");
}
END_TEST

int
main(void)
{
	TCase *tcase = tcase_create("bare");

	if (setenv("SASL_PATH", "/nonexistent", 1) != 0)
		return EXIT_FAILURE;
	tcase_add_test(tcase, PLAIN_needs_no_module);
	tcase_add_test(tcase, LOGIN_needs_no_module);
	tcase_add_test(tcase, XOAUTH2_needs_no_module);
	tcase_add_test(tcase, OAUTHBEARER_needs_no_module);
	tcase_add_test(tcase, EXTERNAL_needs_no_module);
	tcase_add_test(tcase, without_its_module_SCRAM_names_the_package);
	tcase_add_test(tcase, so_do_the_mechanisms_with_MD5);
	tcase_add_test(tcase, GSSAPI_has_a_package_of_its_own);
	tcase_add_test(tcase,
		       a_missing_module_does_not_keep_PLAIN_from_being_used);
	return run_suite("bare", tcase);
}

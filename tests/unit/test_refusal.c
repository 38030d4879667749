/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/refusal.c: what servers mean that refuse AUTH. */
#include <string.h>

#include <smtpc/smtpc.h>

#include "refusal.h"
#include "suite.h"

/* What can be done about it. */
enum remedy {
	NOTHING,
	NEXT,  /* another mechanism */
	SECRET /* another password or token */
};

static const struct {
	const char *reply;
	int result;
	const char *detail; /* NULL: none */
	enum remedy remedy;
} refusals[] = {
	{ "454 4.7.0 not now\r\n", SMTPC_E_AUTH_LATER, NULL, NOTHING },
	{ "451 no\r\n", SMTPC_E_AUTH_LATER, NULL, NOTHING },
	{ "421 4.7.0 mechanism\r\n", SMTPC_E_AUTH_LATER, NULL, NOTHING },
	{ "432 4.7.12 A password transition is needed\r\n", SMTPC_E_AUTH_LATER,
	  "password-transition", NOTHING },
	/* Of another class than the code's. */
	{ "451 5.7.3 STARTTLS is required to send mail\r\n", SMTPC_E_AUTH_LATER,
	  NULL, NOTHING },

	{ "530 5.7.0 Must issue a STARTTLS command first\r\n",
	  SMTPC_E_TLS_REQUIRED, "tls-required-by-server", NOTHING },
	{ "538 5.7.11 Encryption required\r\n", SMTPC_E_TLS_REQUIRED,
	  "tls-required-by-server", NOTHING },
	{ "538 no\r\n", SMTPC_E_TLS_REQUIRED, "tls-required-by-server",
	  NOTHING },
	{ "535 5.7.11 no\r\n", SMTPC_E_TLS_REQUIRED, "tls-required-by-server",
	  NOTHING },
	{ "554 5.7.10 no\r\n", SMTPC_E_TLS_REQUIRED, "tls-required-by-server",
	  NOTHING },

	{ "534-5.7.9 Application-specific password required. For more\r\n"
	  "534 5.7.9 information, go to https://support.example.test/\r\n",
	  SMTPC_E_AUTH_POLICY, "app-password", NOTHING },
	{ "534 5.7.9 use an APP PASSWORD\r\n", SMTPC_E_AUTH_POLICY,
	  "app-password", NOTHING },
	{ "534 5.7.9 InvalidSecondFactor\r\n", SMTPC_E_AUTH_POLICY,
	  "app-password", NOTHING },
	{ "534 5.7.14 go there\r\n", SMTPC_E_AUTH_POLICY, "web-login",
	  NOTHING },
	{ "534-5.7.9 Please log in with your\r\n534 5.7.9 web browser\r\n",
	  SMTPC_E_AUTH_POLICY, "web-login", NOTHING },
	{ "535 5.7.139 Authentication unsuccessful, the user credentials were "
	  "incorrect.\r\n",
	  SMTPC_E_AUTH_POLICY, "account-policy", NOTHING },
	{ "535 5.7.139 Authentication unsuccessful, basic authentication is "
	  "disabled.\r\n",
	  SMTPC_E_AUTH_POLICY, "password-disabled", NOTHING },
	{ "550 5.7.30 Basic authentication is not supported\r\n",
	  SMTPC_E_AUTH_POLICY, "password-disabled", NOTHING },
	{ "525 5.7.13 User account disabled\r\n", SMTPC_E_AUTH_POLICY,
	  "account-disabled", NOTHING },
	{ "535 5.7.13 User account disabled\r\n", SMTPC_E_AUTH_POLICY,
	  "account-disabled", NOTHING },

	{ "534 5.7.9 Authentication mechanism is too weak\r\n",
	  SMTPC_E_AUTH_POLICY, "mechanism-too-weak", NEXT },
	{ "500 no\r\n", SMTPC_E_AUTH_UNAVAILABLE, "mechanism-refused", NEXT },
	{ "501 no\r\n", SMTPC_E_AUTH_UNAVAILABLE, "mechanism-refused", NEXT },
	{ "502 no\r\n", SMTPC_E_AUTH_UNAVAILABLE, "mechanism-refused", NEXT },
	{ "504 no\r\n", SMTPC_E_AUTH_UNAVAILABLE, "mechanism-refused", NEXT },
	{ "553 no\r\n", SMTPC_E_AUTH_UNAVAILABLE, "mechanism-refused", NEXT },
	{ "555 no\r\n", SMTPC_E_AUTH_UNAVAILABLE, "mechanism-refused", NEXT },
	{ "535 5.7.8 unsupported mechanism\r\n", SMTPC_E_AUTH_UNAVAILABLE,
	  "mechanism-refused", NEXT },
	{ "503 5.5.1 not now\r\n", SMTPC_E_AUTH_UNAVAILABLE,
	  "mechanism-refused", NOTHING },

	{ "535 5.7.8 no\r\n", SMTPC_E_AUTH_REJECTED, NULL, SECRET },
	{ "535 \r\n", SMTPC_E_AUTH_REJECTED, NULL, SECRET },
	{ "535 5.7.3 Authentication unsuccessful\r\n", SMTPC_E_AUTH_REJECTED,
	  NULL, SECRET },
	{ "550 no\r\n", SMTPC_E_AUTH_REJECTED, NULL, SECRET },
	{ "554 mechanism\r\n", SMTPC_E_AUTH_REJECTED, NULL, SECRET },
	{ "599 no\r\n", SMTPC_E_AUTH_REJECTED, NULL, SECRET },
	/* Not quite any of those above. */
	{ "535 5.7.1 no\r\n", SMTPC_E_AUTH_REJECTED, NULL, SECRET },
	{ "535 5.7.14 no\r\n", SMTPC_E_AUTH_REJECTED, NULL, SECRET },
	{ "535 5.7.8 see https://web.example.test/\r\n", SMTPC_E_AUTH_REJECTED,
	  NULL, SECRET },
	{ "535 5.6.139 no\r\n", SMTPC_E_AUTH_REJECTED, NULL, SECRET },
	{ "535 basic authentication is disabled\r\n", SMTPC_E_AUTH_REJECTED,
	  NULL, SECRET },
};

START_TEST(each_refusal_has_its_meaning)
{
	struct smtpc_reply *reply = reply_of(refusals[_i].reply);
	struct refusal refusal;

	memset(&refusal, 0xff, sizeof(refusal));
	refusal_judge(reply, &refusal);
	ck_assert_int_eq(refusal.result, refusals[_i].result);
	if (refusals[_i].detail == NULL)
		ck_assert_ptr_null(refusal.detail);
	else
		ck_assert_str_eq(refusal.detail, refusals[_i].detail);
	ck_assert_int_eq(refusal.try_next, refusals[_i].remedy == NEXT);
	ck_assert_int_eq(refusal.try_secret, refusals[_i].remedy == SECRET);
	reply_release(reply);
}
END_TEST

START_TEST(Q_067_where_passwords_are_off_the_advice_is_OAuth)
{
	static const char *const replies[] = {
		"550 5.7.30 Basic authentication is not supported\r\n",
		"535 5.7.139 Basic authentication is disabled\r\n",
		"534 5.7.9 Application-specific password required\r\n",
	};
	struct smtpc_reply *reply = reply_of(replies[_i]);
	struct refusal refusal;

	refusal_judge(reply, &refusal);
	ck_assert_ptr_nonnull(strstr(refusal.advice, "OAuth"));
	reply_release(reply);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("refusal");
	TCase *tcase = suite_case(suite, "refusal_judge");

	tcase_add_loop_test(tcase, each_refusal_has_its_meaning, 0,
			    sizeof(refusals) / sizeof(refusals[0]));
	tcase_add_loop_test(tcase,
			    Q_067_where_passwords_are_off_the_advice_is_OAuth,
			    0, 3);
	return suite_run(suite);
}

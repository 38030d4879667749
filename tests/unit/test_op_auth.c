/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/op_auth.c where no dialogue will do: what the trace gets to see
 * of a reply that quotes a secret, and a mechanism that never has enough, for
 * which Cyrus SASL's own function is replaced.
 */
#include <sasl/sasl.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"
#include "wired.h"

int __real_sasl_client_step(sasl_conn_t *sasl, const char *challenge,
			    unsigned int len, sasl_interact_t **interact,
			    const char **ret_answer, unsigned int *ret_len);
int __wrap_sasl_client_step(sasl_conn_t *sasl, const char *challenge,
			    unsigned int len, sasl_interact_t **interact,
			    const char **ret_answer, unsigned int *ret_len);

/* SASL_CONTINUE for ever; or until so many steps are done. */
static bool is_endless;
static unsigned int steps, enough;

int
__wrap_sasl_client_step(sasl_conn_t *sasl, const char *challenge,
			unsigned int len, sasl_interact_t **interact,
			const char **ret_answer, unsigned int *ret_len)
{
	/* The library wipes what it gets. */
	static char more[5];

	steps++;
	if (!is_endless)
		return __real_sasl_client_step(sasl, challenge, len, interact,
					       ret_answer, ret_len);
	memcpy(more, "more", 5);
	*ret_answer = more;
	*ret_len = 4;
	return steps == enough ? SASL_OK : SASL_CONTINUE;
}

static char traced[4096];

static void
remember(int kind, const char *text, size_t len, void *userdata)
{
	size_t used = strlen(traced);

	(void)userdata;
	snprintf(traced + used, sizeof(traced) - used, "%c %.*s\n", "CS*"[kind],
		 (int)len, text);
}

/* AUTH has begun, with this mechanism and the password "secret". */
static void
begin(const char *mechanism)
{
	char offer[64];

	is_endless = false;
	steps = enough = 0;
	ck_assert_int_eq(smtpc_session_set_credentials(session, NULL, "alice",
						       "secret"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_plaintext_auth(session, 1),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_mechanisms(session, mechanism),
			 SMTPC_OK);
	snprintf(offer, sizeof(offer), "AUTH %s", mechanism);
	wired_make_ready(offer);
	ck_assert_int_eq(smtpc_session_set_trace(session, remember, NULL),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_auth(session), SMTPC_AGAIN);
}

/* Nothing that anybody can read has this in it. */
static void
is_hidden(const char *secret)
{
	const smtpc_reply *reply = smtpc_session_reply(session);
	const char *text;
	size_t i, len;

	ck_assert_ptr_null(strstr(traced, secret));
	ck_assert_ptr_null(strstr(smtpc_error_message(session), secret));
	for (i = 0; i < smtpc_reply_line_count(reply); i++) {
		ck_assert_int_eq(smtpc_reply_line(reply, i, &text, &len),
				 SMTPC_OK);
		ck_assert_ptr_null(memmem(text, len, secret, strlen(secret)));
	}
}

/* alice, secret */
#define PLAIN_RESPONSE "AGFsaWNlAHNlY3JldA=="
#define SECRET_BASE64  "c2VjcmV0"

START_TEST(a_quoted_secret_is_shown_to_nobody)
{
	begin("PLAIN");
	wired_heard("AUTH PLAIN " PLAIN_RESPONSE "\r\n");
	ck_assert_int_eq(wired_process(
			     "535-5.7.8 bad: AUTH PLAIN " PLAIN_RESPONSE "\r\n"
			     "535 5.7.8 that is \"secret\" or " PLAIN_RESPONSE
			     "\r\n"),
			 SMTPC_E_AUTH_REJECTED);
	is_hidden("secret");
	is_hidden(PLAIN_RESPONSE);
	ck_assert_str_eq(traced,
			 "C AUTH PLAIN [hidden]\n"
			 "S 535-5.7.8 bad: AUTH PLAIN ********************\n"
			 "S 535 5.7.8 that is \"******\" or "
			 "********************\n");
}
END_TEST

START_TEST(a_quoted_response_is_shown_to_nobody)
{
	begin("LOGIN");
	ck_assert_int_eq(wired_process("334 VXNlcm5hbWU6\r\n"), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("334 UGFzc3dvcmQ6\r\n"), SMTPC_AGAIN);
	wired_heard("AUTH LOGIN\r\nYWxpY2U=\r\n" SECRET_BASE64 "\r\n");
	ck_assert_int_eq(wired_process("500 unknown command " SECRET_BASE64
				       "\r\n"),
			 SMTPC_E_AUTH_UNAVAILABLE);
	is_hidden("secret");
	is_hidden(SECRET_BASE64);
	ck_assert_ptr_nonnull(
	    strstr(traced, "S 500 unknown command ********\n"));
}
END_TEST

/* What is no reply at all may be an echo, too. */
START_TEST(an_echo_is_shown_to_nobody)
{
	begin("PLAIN");
	ck_assert_int_eq(wired_process("AUTH PLAIN " PLAIN_RESPONSE "\r\n"),
			 SMTPC_E_PROTOCOL);
	is_hidden(PLAIN_RESPONSE);
	ck_assert_ptr_nonnull(strstr(smtpc_error_message(session), "[hidden]"));
}
END_TEST

/* A session that is past AUTH hides nothing of an honest reply. */
START_TEST(what_is_said_later_is_left_as_it_is)
{
	const char *text;
	size_t len;

	begin("PLAIN");
	ck_assert_int_eq(wired_process("235 welcome\r\n"), SMTPC_OK);
	ck_assert_int_eq(smtpc_noop(session), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("250 no secrets\r\n"), SMTPC_OK);
	ck_assert_int_eq(smtpc_reply_line(smtpc_session_reply(session), 0,
					  &text, &len),
			 SMTPC_OK);
	ck_assert_str_eq(text, "no secrets");
}
END_TEST

#define CHALLENGES_MAX 16

START_TEST(after_sixteen_challenges_there_is_no_answer)
{
	int i;

	begin("LOGIN");
	is_endless = true;
	wired_heard("AUTH LOGIN\r\n");
	for (i = 0; i < CHALLENGES_MAX; i++) {
		ck_assert_int_eq(wired_process("334 bW9yZQ==\r\n"),
				 SMTPC_AGAIN);
		wired_heard("bW9yZQ==\r\n");
	}
	ck_assert_uint_eq(steps, CHALLENGES_MAX);
	ck_assert_int_eq(wired_process("334 bW9yZQ==\r\n"), SMTPC_AGAIN);
	ck_assert_uint_eq(steps, CHALLENGES_MAX);
	wired_heard("*\r\n");
	ck_assert_int_eq(wired_process("501 as you like\r\n"),
			 SMTPC_E_AUTH_PROTOCOL);
	ck_assert_str_eq(smtpc_error_detail(session), "auth-cancelled");
	ck_assert_ptr_nonnull(
	    strstr(smtpc_error_message(session), "too many challenges"));
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_READY);
	ck_assert_ptr_null(smtpc_session_mechanism(session));
}
END_TEST

START_TEST(sixteen_challenges_are_answered)
{
	int i;

	begin("LOGIN");
	is_endless = true;
	enough = CHALLENGES_MAX;
	for (i = 0; i < CHALLENGES_MAX; i++)
		ck_assert_int_eq(wired_process("334 bW9yZQ==\r\n"),
				 SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("235 welcome\r\n"), SMTPC_OK);
	ck_assert_str_eq(smtpc_session_mechanism(session), "LOGIN");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("op_auth");
	TCase *tcase = suite_case(suite, "auth");

	tcase_add_checked_fixture(tcase, wired_set_up, wired_tear_down);
	tcase_add_test(tcase, a_quoted_secret_is_shown_to_nobody);
	tcase_add_test(tcase, a_quoted_response_is_shown_to_nobody);
	tcase_add_test(tcase, an_echo_is_shown_to_nobody);
	tcase_add_test(tcase, what_is_said_later_is_left_as_it_is);
	tcase_add_test(tcase, after_sixteen_challenges_there_is_no_answer);
	tcase_add_test(tcase, sixteen_challenges_are_answered);
	return suite_run(suite);
}

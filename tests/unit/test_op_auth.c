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
	ck_assert_int_eq(smtpc_session_set_oauth_token(session, "alice",
						       "ya29.x"),
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

/*
 * The trace, line by line.
 */

START_TEST(A_074_the_trace_of_PLAIN_is_hidden)
{
	begin("PLAIN");
	ck_assert_int_eq(wired_process("235 2.7.0 welcome\r\n"), SMTPC_OK);
	ck_assert_str_eq(traced, "C AUTH PLAIN [hidden]\n"
				 "S 235 2.7.0 welcome\n");
}
END_TEST

START_TEST(A_074_the_trace_of_LOGIN_is_hidden)
{
	begin("LOGIN");
	ck_assert_int_eq(wired_process("334 VXNlcm5hbWU6\r\n"), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("334 UGFzc3dvcmQ6\r\n"), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("235 2.7.0 welcome\r\n"), SMTPC_OK);
	ck_assert_str_eq(traced, "C AUTH LOGIN\n"
				 "S 334 [hidden]\n"
				 "C [hidden]\n"
				 "S 334 [hidden]\n"
				 "C [hidden]\n"
				 "S 235 2.7.0 welcome\n");
}
END_TEST

START_TEST(A_074_the_trace_of_CRAM_MD5_is_hidden)
{
	begin("CRAM-MD5");
	ck_assert_int_eq(wired_process("334 PDE4OTZAbXg+\r\n"), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("535 no\r\n"), SMTPC_E_AUTH_REJECTED);
	ck_assert_str_eq(traced, "C AUTH CRAM-MD5\n"
				 "S 334 [hidden]\n"
				 "C [hidden]\n"
				 "S 535 no\n");
}
END_TEST

START_TEST(A_074_the_trace_of_SCRAM_is_hidden)
{
	begin("SCRAM-SHA-256");
	ck_assert_int_eq(wired_process("334 cj14LHM9eCxpPTE=\r\n"),
			 SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("501 as you like\r\n"),
			 SMTPC_E_AUTH_PROTOCOL);
	ck_assert_str_eq(traced, "C AUTH SCRAM-SHA-256 [hidden]\n"
				 "S 334 [hidden]\n"
				 "C *\n"
				 "S 501 as you like\n");
}
END_TEST

/* "{"status":"400"}" */
#define STATUS_400 "eyJzdGF0dXMiOiI0MDAifQ=="

START_TEST(A_074_the_trace_of_XOAUTH2_is_hidden)
{
	begin("XOAUTH2");
	ck_assert_int_eq(wired_process("334 " STATUS_400 "\r\n"), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("535 5.7.8 no\r\n"), SMTPC_E_AUTH_TOKEN);
	ck_assert_str_eq(traced, "C AUTH XOAUTH2 [hidden]\n"
				 "S 334 [hidden]\n"
				 "C [hidden]\n"
				 "S 535 5.7.8 no\n");
}
END_TEST

START_TEST(A_074_the_trace_of_a_second_attempt_is_hidden)
{
	begin("PLAIN");
	ck_assert_int_eq(wired_process("501 no\r\n"), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("334 \r\n"), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("535 " PLAIN_RESPONSE "\r\n"),
			 SMTPC_E_AUTH_REJECTED);
	ck_assert_str_eq(traced, "C AUTH PLAIN [hidden]\n"
				 "S 501 no\n"
				 "C AUTH PLAIN\n"
				 "S 334 [hidden]\n"
				 "C [hidden]\n"
				 "S 535 ********************\n");
}
END_TEST

/*
 * What a caller sees meanwhile.
 */

static const char *tried, *said;
static const smtpc_reply *ended;
static int came_to;

static int
look_at(size_t index)
{
	return smtpc_session_auth_attempt_at(session, index, &tried, &came_to,
					     &ended, &said);
}

START_TEST(attempts_are_seen_as_they_come)
{
	ck_assert_uint_eq(smtpc_session_auth_attempt_count(session), 0);
	ck_assert_int_eq(look_at(0), SMTPC_E_INVALID);
	begin("PLAIN");
	ck_assert_uint_eq(smtpc_session_auth_attempt_count(session), 1);
	ck_assert_int_eq(look_at(0), SMTPC_OK);
	ck_assert_str_eq(tried, "PLAIN");
	ck_assert_int_eq(came_to, SMTPC_AGAIN);
	ck_assert_ptr_null(ended);
	ck_assert_str_eq(said, "");
	ck_assert_int_eq(wired_process("501 5.5.4 no\r\n"), SMTPC_AGAIN);
	ck_assert_uint_eq(smtpc_session_auth_attempt_count(session), 2);
	ck_assert_int_eq(look_at(0), SMTPC_OK);
	ck_assert_int_eq(came_to, SMTPC_E_AUTH_UNAVAILABLE);
	ck_assert_int_eq(smtpc_reply_code(ended), 501);
	ck_assert_ptr_nonnull(strstr(said, "5.5.4 no"));
	ck_assert_int_eq(look_at(1), SMTPC_OK);
	ck_assert_int_eq(came_to, SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("334 \r\n"), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("235 welcome\r\n"), SMTPC_OK);
	ck_assert_int_eq(look_at(1), SMTPC_OK);
	ck_assert_int_eq(came_to, SMTPC_OK);
	ck_assert_int_eq(smtpc_reply_code(ended), 235);
	ck_assert_str_eq(said, "");
	ck_assert_int_eq(look_at(2), SMTPC_E_INVALID);
	ck_assert_int_eq(look_at((size_t)-1), SMTPC_E_INVALID);
}
END_TEST

/* They tell of the last smtpc_auth(), whatever is done after it. */
START_TEST(attempts_stay_until_the_next_time)
{
	begin("PLAIN");
	ck_assert_int_eq(wired_process("535 no\r\n"), SMTPC_E_AUTH_REJECTED);
	ck_assert_int_eq(smtpc_noop(session), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("250 ok\r\n"), SMTPC_OK);
	ck_assert_uint_eq(smtpc_session_auth_attempt_count(session), 1);
	ck_assert_int_eq(look_at(0), SMTPC_OK);
	ck_assert_int_eq(smtpc_reply_code(ended), 535);
	ck_assert_int_eq(smtpc_session_set_credentials(session, NULL, NULL,
						       NULL),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_oauth_token(session, NULL, NULL),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_auth(session), SMTPC_E_INVALID);
	ck_assert_uint_eq(smtpc_session_auth_attempt_count(session), 0);
}
END_TEST

/* The server may quote the token; nobody gets to see it. */
START_TEST(a_token_in_the_challenge_is_blotted_out)
{
	size_t len = 1;
	const char *text;

	ck_assert_ptr_null(smtpc_session_auth_challenge(session, &len));
	begin("XOAUTH2");
	/* "token: ya29.x!" */
	ck_assert_int_eq(wired_process("334 dG9rZW46IHlhMjkueCE=\r\n"),
			 SMTPC_AGAIN);
	text = smtpc_session_auth_challenge(session, &len);
	ck_assert_uint_eq(len, 14);
	ck_assert_int_eq(memcmp(text, "token: ******!", len), 0);
}
END_TEST

/*
 * Settings while something is in progress.
 */

static int
set_password(void)
{
	return smtpc_session_set_credentials(session, NULL, "alice", "secret");
}

static int
set_token(void)
{
	return smtpc_session_set_oauth_token(session, "alice", "ya29.x");
}

static void
nothing_can_be_set(void)
{
	ck_assert_int_eq(smtpc_session_set_mechanisms(session, "PLAIN"),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_session_set_auth_attempts(session, 1),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_session_set_channel_binding(session, 0),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_session_set_scram_iterations(session, 1),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_session_set_plaintext_auth(session, 1),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_session_set_secret_callback(session, NULL, NULL),
			 SMTPC_E_BUSY);
}

START_TEST(while_AUTH_goes_on_no_secret_can_be_set)
{
	begin("PLAIN");
	ck_assert_int_eq(set_password(), SMTPC_E_BUSY);
	ck_assert_int_eq(set_token(), SMTPC_E_BUSY);
	nothing_can_be_set();
	ck_assert_int_eq(wired_process("235 welcome\r\n"), SMTPC_OK);
	ck_assert_int_eq(set_password(), SMTPC_OK);
}
END_TEST

static int kinds[8], reasons[8], answer;
static char statuses[8][32];
static size_t asked;

static int
be_asked(smtpc_session *who, int kind, int reason, const char *status,
	 void *userdata)
{
	ck_assert_ptr_eq(who, session);
	ck_assert_ptr_eq(userdata, &asked);
	kinds[asked] = kind;
	reasons[asked] = reason;
	snprintf(statuses[asked], sizeof(statuses[0]), "%s", status);
	asked++;
	nothing_can_be_set();
	ck_assert_int_eq(smtpc_auth(session), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_process(session), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_READY);
	return answer;
}

/* AUTH waits for a token of the caller's. */
static void
begin_and_wait(void)
{
	asked = 0;
	answer = SMTPC_AGAIN;
	ck_assert_int_eq(smtpc_session_set_plaintext_auth(session, 1),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_secret_callback(session, be_asked,
							   &asked),
			 SMTPC_OK);
	wired_make_ready("AUTH XOAUTH2");
	ck_assert_int_eq(smtpc_auth(session), SMTPC_AGAIN);
	ck_assert_uint_eq(asked, 1);
	ck_assert_int_eq(kinds[0], SMTPC_SECRET_TOKEN);
	ck_assert_int_eq(reasons[0], SMTPC_SECRET_FIRST);
	ck_assert_str_eq(statuses[0], "");
}

/* user=alice, auth=Bearer ya29.x */
#define BEARER_RESPONSE "dXNlcj1hbGljZQFhdXRoPUJlYXJlciB5YTI5LngBAQ=="

START_TEST(while_a_secret_is_waited_for_it_can_be_set)
{
	begin_and_wait();
	nothing_can_be_set();
	ck_assert_int_eq(set_token(), SMTPC_OK);
	wired_heard("");
	ck_assert_int_eq(smtpc_process(session), SMTPC_AGAIN);
	wired_heard("AUTH XOAUTH2 " BEARER_RESPONSE "\r\n");
	ck_assert_int_eq(set_token(), SMTPC_E_BUSY);
	ck_assert_int_eq(wired_process("235 welcome\r\n"), SMTPC_OK);
	ck_assert_uint_eq(asked, 1);
}
END_TEST

/* However often the event loop comes by. */
START_TEST(who_is_asked_is_not_asked_again_meanwhile)
{
	int i;

	begin_and_wait();
	for (i = 0; i < 5; i++)
		ck_assert_int_eq(smtpc_process(session), SMTPC_AGAIN);
	ck_assert_uint_eq(asked, 1);
	wired_heard("");
}
END_TEST

START_TEST(who_has_none_says_so_by_setting_none)
{
	begin_and_wait();
	ck_assert_int_eq(smtpc_session_set_oauth_token(session, NULL, NULL),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_process(session), SMTPC_E_AUTH_TOKEN);
	ck_assert_str_eq(smtpc_error_detail(session), "no-token");
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_READY);
	wired_heard("");
}
END_TEST

START_TEST(a_server_that_closes_meanwhile_is_noticed)
{
	begin_and_wait();
	ck_assert_int_eq(wired_process("421 4.4.2 too slow\r\n"),
			 SMTPC_E_TRANSIENT);
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_DEAD);
	wired_heard("");
}
END_TEST

START_TEST(a_refused_token_is_asked_for_with_its_status)
{
	answer = SMTPC_AGAIN;
	begin("XOAUTH2");
	ck_assert_int_eq(wired_process("535 5.7.8 no\r\n"), SMTPC_E_AUTH_TOKEN);
	asked = 0;
	ck_assert_int_eq(smtpc_session_set_secret_callback(session, be_asked,
							   &asked),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_auth(session), SMTPC_AGAIN);
	ck_assert_uint_eq(asked, 0);
	octets_clear(&wired_wire.out);
	ck_assert_int_eq(wired_process("535 5.7.3 no\r\n"), SMTPC_AGAIN);
	ck_assert_uint_eq(asked, 1);
	ck_assert_int_eq(reasons[0], SMTPC_SECRET_REJECTED);
	ck_assert_str_eq(statuses[0], "5.7.3");
	ck_assert_int_eq(smtpc_session_set_oauth_token(session, "alice",
						       "ya29.y"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_process(session), SMTPC_AGAIN);
	wired_heard("AUTH XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJlYXJlciB5YTI5LnkBAQ=="
		    "\r\n");
	ck_assert_int_eq(wired_process("334 " STATUS_400 "\r\n"), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("535 5.7.3 no\r\n"), SMTPC_E_AUTH_TOKEN);
	ck_assert_uint_eq(asked, 1);
}
END_TEST

/*
 * Challenges without end.
 */

#define CHALLENGES_MAX 16

START_TEST(A_080_after_sixteen_challenges_there_is_no_answer)
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
	tcase_add_test(tcase, A_074_the_trace_of_PLAIN_is_hidden);
	tcase_add_test(tcase, A_074_the_trace_of_LOGIN_is_hidden);
	tcase_add_test(tcase, A_074_the_trace_of_CRAM_MD5_is_hidden);
	tcase_add_test(tcase, A_074_the_trace_of_SCRAM_is_hidden);
	tcase_add_test(tcase, A_074_the_trace_of_XOAUTH2_is_hidden);
	tcase_add_test(tcase, A_074_the_trace_of_a_second_attempt_is_hidden);
	tcase_add_test(tcase, attempts_are_seen_as_they_come);
	tcase_add_test(tcase, attempts_stay_until_the_next_time);
	tcase_add_test(tcase, a_token_in_the_challenge_is_blotted_out);
	tcase_add_test(tcase, while_AUTH_goes_on_no_secret_can_be_set);
	tcase_add_test(tcase, while_a_secret_is_waited_for_it_can_be_set);
	tcase_add_test(tcase, who_is_asked_is_not_asked_again_meanwhile);
	tcase_add_test(tcase, who_has_none_says_so_by_setting_none);
	tcase_add_test(tcase, a_server_that_closes_meanwhile_is_noticed);
	tcase_add_test(tcase, a_refused_token_is_asked_for_with_its_status);
	tcase_add_test(tcase,
		       A_080_after_sixteen_challenges_there_is_no_answer);
	tcase_add_test(tcase, sixteen_challenges_are_answered);
	return suite_run(suite);
}

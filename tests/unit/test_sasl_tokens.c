/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * OAUTHBEARER (RFC 7628) and XOAUTH2, by whole sessions against a server that
 * reads them as strictly as their texts say: good and bad tokens, the JSON of a
 * refusal, and a caller who is asked for another token.
 */
#include <stdio.h>
#include <string.h>

#include "auth_lab.h"

#define TOKEN	    "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg=="
#define STALE_TOKEN "ya29.stale"
#define TOKEN_MAX   8192

static struct auth_lab lab;

static const char *const mechanisms[] = { "OAUTHBEARER", "XOAUTH2", NULL };

static bool
is_bearer(const char *mechanism)
{
	return strcmp(mechanism, "OAUTHBEARER") == 0;
}

static bool
is_google(const char *mechanism)
{
	return !is_bearer(mechanism);
}

static void
set_token(const char *user, const char *token)
{
	ck_assert_int_eq(smtpc_session_set_oauth_token(lab.session, user,
						       token),
			 SMTPC_OK);
}

/* A server that takes TOKEN alone, and says this about others. */
static void
set_up(const char *mechanism, const char *challenge)
{
	auth_lab_init(&lab);
	lab.offers = mechanism;
	lab.token = TOKEN;
	lab.challenge = challenge;
}

/* Line number index is what the text says, with "^" for its separator. */
static void
said_is(size_t index, const char *text)
{
	const char *said;
	size_t i, len;

	said = auth_lab_decoded(&lab, index, &len);
	ck_assert_uint_eq(len, strlen(text));
	for (i = 0; i < len; i++)
		ck_assert_msg(said[i] == (text[i] == '^' ? '\x01' : text[i]),
			      "octet %zu of %s", i, said);
}

static void
said_is_right(const char *mechanism)
{
	if (is_bearer(mechanism))
		said_is(0, "n,a=alice,^host=mx.example.test^port=587^"
			   "auth=Bearer " TOKEN "^^");
	else
		said_is(0, "user=alice^auth=Bearer " TOKEN "^^");
	ck_assert_ptr_null(auth_lab_line(&lab, 1));
}

/* By default, where there is a token. */
static void
works(const char *mechanism)
{
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	ck_assert_ptr_null(lab.wrong);
	ck_assert_str_eq(lab.claim.token, TOKEN);
	said_is_right(mechanism);
	auth_lab_clear(&lab);
}

static void
works_over_tls_1_3(const char *mechanism)
{
	set_up(mechanism, NULL);
	lab.priority = AUTH_LAB_TLS_1_3;
	set_token(PEER_SASL_USER, TOKEN);
	works(mechanism);
}

static void
works_over_tls_1_2(const char *mechanism)
{
	set_up(mechanism, NULL);
	lab.priority = AUTH_LAB_TLS_1_2;
	set_token(PEER_SASL_USER, TOKEN);
	works(mechanism);
}

static void
works_in_a_blocking_session(const char *mechanism)
{
	set_up(mechanism, NULL);
	ck_assert_int_eq(smtpc_session_set_blocking(lab.session, 1), SMTPC_OK);
	set_token(PEER_SASL_USER, TOKEN);
	works(mechanism);
}

static void
works_octet_by_octet(const char *mechanism)
{
	set_up(mechanism, NULL);
	lab.step = 1;
	set_token(PEER_SASL_USER, TOKEN);
	works(mechanism);
}

static void
works_in_clear_if_told_so(const char *mechanism)
{
	set_up(mechanism, NULL);
	lab.in_clear = true;
	set_token(PEER_SASL_USER, TOKEN);
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_TLS_REQUIRED);
	auth_lab_result(&lab, SMTPC_E_TLS_REQUIRED, "plaintext-auth",
			SMTPC_STATE_READY);
	auth_lab_heard(&lab, "");
	smtpc_session_set_plaintext_auth(lab.session, 1);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	said_is_right(mechanism);
	auth_lab_clear(&lab);
}

/* RFC 7628, section 3.1: who it is, the token may say by itself. */
static void
works_without_a_name(const char *mechanism)
{
	set_up(mechanism, NULL);
	set_token(NULL, TOKEN);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, "");
	said_is(0, "n,,^host=mx.example.test^port=587^auth=Bearer " TOKEN "^^");
	auth_lab_clear(&lab);
}

static void
needs_a_name(const char *mechanism)
{
	set_up(mechanism, NULL);
	set_token(NULL, TOKEN);
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_UNAVAILABLE);
	auth_lab_result(&lab, SMTPC_E_AUTH_UNAVAILABLE, "credentials-unfit",
			SMTPC_STATE_READY);
	auth_lab_heard(&lab, "");
	/* That of the credentials will do. */
	ck_assert_int_eq(smtpc_session_set_credentials(lab.session, NULL,
						       PEER_SASL_USER, NULL),
			 SMTPC_OK);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	said_is_right(mechanism);
	auth_lab_clear(&lab);
}

static void
works_with_a_name_beyond_ascii(const char *mechanism)
{
	static const char name[] = "j\xc3\xb6rg,=@example.test";

	set_up(mechanism, NULL);
	set_token(name, TOKEN);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, name);
	if (is_bearer(mechanism))
		said_is(0, "n,a=j\xc3\xb6rg=2C=3D@example.test,^host=mx.example"
			   ".test^port=587^auth=Bearer " TOKEN "^^");
	auth_lab_clear(&lab);
}

/* Then AUTH goes alone, and the response follows an empty challenge. */
static void
works_with_the_longest_token(const char *mechanism)
{
	static char token[TOKEN_MAX + 2];

	memset(token, 't', TOKEN_MAX);
	set_up(mechanism, NULL);
	lab.token = token;
	set_token(PEER_SASL_USER, token);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	ck_assert_uint_eq(lab.auths, 1);
	ck_assert_str_eq(auth_lab_line(&lab, 0) + 5, mechanism);
	ck_assert_ptr_nonnull(auth_lab_line(&lab, 1));
	ck_assert_ptr_null(auth_lab_line(&lab, 2));
	/* One more is too many, and the last one stays. */
	token[TOKEN_MAX] = 't';
	ck_assert_int_eq(smtpc_session_set_oauth_token(lab.session,
						       PEER_SASL_USER, token),
			 SMTPC_E_INVALID);
	auth_lab_clear(&lab);
}

/* On either side of the longest line that may have an initial response. */
static void
goes_with_auth_if_the_line_is_short_enough(const char *mechanism)
{
	static char token[600];
	bool is_short = true;
	size_t len, lines;

	for (len = 250; len < 400; len++) {
		memset(token, 't', len);
		token[len] = '\0';
		set_up(mechanism, NULL);
		lab.in_clear = true;
		lab.token = token;
		set_token(PEER_SASL_USER, token);
		smtpc_session_set_plaintext_auth(lab.session, 1);
		auth_lab_open(&lab);
		auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
		lines = auth_lab_line(&lab, 1) == NULL ? 1 : 2;
		if (lines == 1) {
			ck_assert(is_short);
			ck_assert_uint_le(strlen(auth_lab_line(&lab, 0)), 510);
		} else if (is_short) {
			/* The first one that did not fit. */
			is_short = false;
			ck_assert_uint_gt(strlen(auth_lab_line(&lab, 0)) + 1 +
					      strlen(auth_lab_line(&lab, 1)),
					  510);
		}
		auth_lab_clear(&lab);
	}
	ck_assert(!is_short);
}

static void
takes_no_token_that_could_not_be_sent(const char *mechanism)
{
	static const char *const tokens[] = {
		"",	 "a b",	 "a\001auth=Bearer b", "t\xc3\xb6ken", "a\r\nb",
		"a\x7f", "a\tb",
	};
	size_t i;

	set_up(mechanism, NULL);
	for (i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
		ck_assert_int_eq(smtpc_session_set_oauth_token(lab.session,
							       PEER_SASL_USER,
							       tokens[i]),
				 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_set_oauth_token(lab.session,
						       "a\001auth=Bearer b",
						       TOKEN),
			 SMTPC_E_INVALID);
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_INVALID);
	auth_lab_heard(&lab, "");
	auth_lab_clear(&lab);
}

/* After a challenge with this JSON. */
static void
is_refused(const char *mechanism, const char *json, int result,
	   const char *detail)
{
	const char *challenge;
	size_t len;

	set_up(mechanism, json);
	set_token(PEER_SASL_USER, STALE_TOKEN);
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), result);
	auth_lab_result(&lab, result, detail, SMTPC_STATE_READY);
	ck_assert_uint_eq(lab.auths, 1);
	ck_assert_ptr_null(lab.wrong);
	ck_assert_str_eq(auth_lab_line(&lab, 1),
			 is_bearer(mechanism) ? "AQ==" : "");
	ck_assert_ptr_null(auth_lab_line(&lab, 2));
	ck_assert_int_eq(smtpc_reply_code(smtpc_error_reply(lab.session)), 535);
	challenge = smtpc_session_auth_challenge(lab.session, &len);
	ck_assert_ptr_nonnull(challenge);
	ck_assert_uint_eq(len, strlen(json));
	ck_assert_mem_eq(challenge, json, len);
	auth_lab_clear(&lab);
}

static void
is_refused_by_json(const char *mechanism)
{
	is_refused(mechanism,
		   "{\"status\":\"400\",\"schemes\":\"Bearer\","
		   "\"scope\":\"https://mail.example.test/\"}",
		   SMTPC_E_AUTH_TOKEN, "token-expired");
	is_refused(mechanism,
		   "{\"status\":\"invalid_token\",\"scope\":\"a b\"}",
		   SMTPC_E_AUTH_TOKEN, "token-expired");
	is_refused(mechanism, "{}", SMTPC_E_AUTH_TOKEN, "token-rejected");
	is_refused(mechanism, "not JSON", SMTPC_E_AUTH_TOKEN, "token-rejected");
	is_refused(mechanism, "{\"status\":\"401\"}", SMTPC_E_AUTH_REJECTED,
		   "oauth-refused");
	is_refused(mechanism, "{\"status\":\"insufficient_scope\"}",
		   SMTPC_E_AUTH_REJECTED, "oauth-refused");
}

static void
is_refused_at_once(const char *mechanism)
{
	size_t len;

	set_up(mechanism, NULL);
	set_token(PEER_SASL_USER, STALE_TOKEN);
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_TOKEN);
	auth_lab_result(&lab, SMTPC_E_AUTH_TOKEN, "token-rejected",
			SMTPC_STATE_READY);
	ck_assert_uint_eq(lab.auths, 1);
	ck_assert_ptr_null(auth_lab_line(&lab, 1));
	ck_assert_ptr_null(smtpc_session_auth_challenge(lab.session, &len));
	/* By hand, the same that a callback does. */
	octets_clear(&lab.heard);
	set_token(PEER_SASL_USER, TOKEN);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	said_is_right(mechanism);
	auth_lab_clear(&lab);
}

/*
 * A caller who can get tokens.
 */

static struct {
	const char *tokens[4]; /* one after the other */
	bool later;	       /* first SMTPC_AGAIN */
	unsigned int count;
	int reasons[4];
	char statuses[4][40];
} tokens;

static int
get_token(smtpc_session *session, int kind, int reason, const char *status,
	  void *userdata)
{
	const char *token;

	ck_assert_ptr_eq(session, lab.session);
	ck_assert_int_eq(kind, SMTPC_SECRET_TOKEN);
	ck_assert_ptr_eq(userdata, &tokens);
	ck_assert_uint_lt(tokens.count, 4);
	tokens.reasons[tokens.count] = reason;
	snprintf(tokens.statuses[tokens.count], sizeof(tokens.statuses[0]),
		 "%s", status);
	token = tokens.tokens[tokens.count++];
	if (tokens.later)
		return SMTPC_AGAIN;
	if (token != NULL)
		set_token(PEER_SASL_USER, token);
	return SMTPC_OK;
}

static void
set_tokens(const char *first, const char *second)
{
	memset(&tokens, 0, sizeof(tokens));
	tokens.tokens[0] = first;
	tokens.tokens[1] = second;
	smtpc_session_set_secret_callback(lab.session, get_token, &tokens);
}

static void
is_asked_for_when_it_is_needed(const char *mechanism)
{
	set_up(mechanism, NULL);
	set_tokens(TOKEN, NULL);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	ck_assert_uint_eq(tokens.count, 1);
	ck_assert_int_eq(tokens.reasons[0], SMTPC_SECRET_FIRST);
	ck_assert_str_eq(tokens.statuses[0], "");
	said_is_right(mechanism);
	auth_lab_clear(&lab);
}

static void
is_renewed(const char *mechanism, const char *json, int reason,
	   const char *status)
{
	set_up(mechanism, json);
	set_tokens(TOKEN, NULL);
	set_token(PEER_SASL_USER, STALE_TOKEN);
	auth_lab_open(&lab);
	auth_lab_succeeds(&lab, mechanism, PEER_SASL_USER);
	ck_assert_uint_eq(lab.auths, 2);
	ck_assert_uint_eq(tokens.count, 1);
	ck_assert_int_eq(tokens.reasons[0], reason);
	ck_assert_str_eq(tokens.statuses[0], status);
	ck_assert_uint_eq(smtpc_session_auth_attempt_count(lab.session), 2);
	auth_lab_clear(&lab);
}

static void
is_renewed_after_a_refusal(const char *mechanism)
{
	is_renewed(mechanism, "{\"status\":\"400\"}", SMTPC_SECRET_EXPIRED,
		   "400");
	is_renewed(mechanism, "{\"status\":\"invalid_token\"}",
		   SMTPC_SECRET_EXPIRED, "invalid_token");
	is_renewed(mechanism, "{}", SMTPC_SECRET_REJECTED, "5.7.8");
	is_renewed(mechanism, NULL, SMTPC_SECRET_REJECTED, "5.7.3");
}

static void
is_renewed_while_the_caller_waits(const char *mechanism)
{
	int rc;

	set_up(mechanism, "{\"status\":\"400\"}");
	set_tokens(NULL, NULL);
	tokens.later = true;
	set_token(PEER_SASL_USER, STALE_TOKEN);
	auth_lab_open(&lab);
	rc = smtpc_auth(lab.session);
	ck_assert_int_eq(rc, SMTPC_AGAIN);
	/* Until it has been refused and the callback has been asked. */
	while (tokens.count == 0) {
		ck_assert_int_eq(rc, SMTPC_AGAIN);
		rc = auth_lab_turn(&lab);
	}
	ck_assert_int_eq(rc, SMTPC_AGAIN);
	/* Nothing happens by itself, and nobody is asked twice. */
	ck_assert_int_eq(auth_lab_turn(&lab), SMTPC_AGAIN);
	ck_assert_uint_eq(tokens.count, 1);
	ck_assert_uint_eq(lab.auths, 1);
	octets_clear(&lab.heard);
	set_token(PEER_SASL_USER, TOKEN);
	ck_assert_int_eq(auth_lab_run(&lab, smtpc_process(lab.session)),
			 SMTPC_OK);
	ck_assert(lab.accepted);
	ck_assert_uint_eq(lab.auths, 2);
	ck_assert_uint_eq(tokens.count, 1);
	said_is_right(mechanism);
	auth_lab_clear(&lab);
}

/* There is none to be had, or no other than before. */
static void
is_not_sent_twice(const char *mechanism)
{
	static const char *const seconds[] = { NULL, STALE_TOKEN };
	size_t i;

	for (i = 0; i < 2; i++) {
		set_up(mechanism, "{\"status\":\"400\"}");
		set_tokens(seconds[i], NULL);
		set_token(PEER_SASL_USER, STALE_TOKEN);
		auth_lab_open(&lab);
		ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_TOKEN);
		auth_lab_result(&lab, SMTPC_E_AUTH_TOKEN, "token-expired",
				SMTPC_STATE_READY);
		ck_assert_uint_eq(lab.auths, 1);
		ck_assert_uint_eq(tokens.count, 1);
		auth_lab_clear(&lab);
	}
}

/* The second one is no better: it is asked for once. */
static void
is_renewed_once(const char *mechanism)
{
	set_up(mechanism, "{\"status\":\"400\"}");
	set_tokens("ya29.another", "ya29.third");
	set_token(PEER_SASL_USER, STALE_TOKEN);
	ck_assert_int_eq(smtpc_session_set_auth_attempts(lab.session, 9),
			 SMTPC_OK);
	auth_lab_open(&lab);
	ck_assert_int_eq(auth_lab_auth(&lab), SMTPC_E_AUTH_TOKEN);
	auth_lab_result(&lab, SMTPC_E_AUTH_TOKEN, "token-expired",
			SMTPC_STATE_READY);
	ck_assert_uint_eq(lab.auths, 2);
	ck_assert_uint_eq(tokens.count, 1);
	auth_lab_clear(&lab);
}

static void
is_preferred_where_both_are_offered(const char *mechanism)
{
	set_up("PLAIN XOAUTH2 OAUTHBEARER", NULL);
	set_token(PEER_SASL_USER, TOKEN);
	works(mechanism);
}

static void
is_what_a_token_is_for_where_passwords_are_taken_too(const char *mechanism)
{
	set_up("LOGIN XOAUTH2", NULL);
	set_token(PEER_SASL_USER, TOKEN);
	works(mechanism);
}

static const struct auth_lab_case cases[] = {
	{ "works_over_TLS_1_3", works_over_tls_1_3, NULL },
	{ "works_over_TLS_1_2", works_over_tls_1_2, NULL },
	{ "works_in_a_blocking_session", works_in_a_blocking_session, NULL },
	{ "works_octet_by_octet", works_octet_by_octet, NULL },
	{ "works_in_clear_if_told_so", works_in_clear_if_told_so, NULL },
	{ "works_without_a_name", works_without_a_name, is_bearer },
	{ "needs_a_name", needs_a_name, is_google },
	{ "works_with_a_name_beyond_ASCII", works_with_a_name_beyond_ascii,
	  NULL },
	{ "works_with_the_longest_token", works_with_the_longest_token, NULL },
	{ "goes_with_AUTH_if_the_line_is_short_enough",
	  goes_with_auth_if_the_line_is_short_enough, NULL },
	{ "takes_no_token_that_could_not_be_sent",
	  takes_no_token_that_could_not_be_sent, NULL },
	{ "is_refused_by_JSON", is_refused_by_json, NULL },
	{ "is_refused_at_once", is_refused_at_once, NULL },
	{ "is_asked_for_when_it_is_needed", is_asked_for_when_it_is_needed,
	  NULL },
	{ "is_renewed_after_a_refusal", is_renewed_after_a_refusal, NULL },
	{ "is_renewed_while_the_caller_waits",
	  is_renewed_while_the_caller_waits, NULL },
	{ "is_not_sent_twice", is_not_sent_twice, NULL },
	{ "is_renewed_once", is_renewed_once, NULL },
	{ "is_preferred_where_both_are_offered",
	  is_preferred_where_both_are_offered, is_bearer },
	{ "is_what_a_token_is_for_where_passwords_are_taken_too",
	  is_what_a_token_is_for_where_passwords_are_taken_too, is_google },
	{ NULL, NULL, NULL },
};

int
main(void)
{
	return auth_lab_main("sasl_tokens", mechanisms, cases);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session's settings for AUTH, and what has come of it.
 */
#include "challenge.h"
#include "engine.h"
#include "mechanism.h"
#include "session.h"

#define ATTEMPTS_MAX 100

/* Secrets may also be set where the library asks for them. */
static int
may_set_secret(const struct smtpc_session *session)
{
	if (session == NULL)
		return SMTPC_E_INVALID;
	if (session->auth.in_callback)
		return SMTPC_OK;
	if (session->operation != NULL && !engine_in_callback(session) &&
	    session->operation->wants_secret != NULL &&
	    session->operation->wants_secret(session))
		return SMTPC_OK;
	return session_may_set(session);
}

static int
secret_was_set(smtpc_session *session, int rc)
{
	if (rc == SMTPC_OK)
		session->auth.secret_came = true;
	return rc;
}

/* What the server refused was something else. */
static void
choose_anew(smtpc_session *session)
{
	session->auth.hopeless = 0;
	session->auth.only_bound = false;
}

int
smtpc_session_set_credentials(smtpc_session *session, const char *authzid,
			      const char *authcid, const char *password)
{
	int rc = may_set_secret(session);

	if (rc != SMTPC_OK)
		return rc;
	rc = credentials_set(&session->auth.credentials, authzid, authcid,
			     password);
	return secret_was_set(session, rc);
}

int
smtpc_session_set_oauth_token(smtpc_session *session, const char *authcid,
			      const char *token)
{
	int rc = may_set_secret(session);

	if (rc != SMTPC_OK)
		return rc;
	rc = credentials_set_token(&session->auth.credentials, authcid, token);
	return secret_was_set(session, rc);
}

int
smtpc_session_set_secret_callback(smtpc_session *session,
				  smtpc_secret_fn function, void *userdata)
{
	int rc = session_may_set(session);

	if (rc != SMTPC_OK)
		return rc;
	session->auth.ask = function;
	session->auth.ask_userdata = userdata;
	return SMTPC_OK;
}

int
smtpc_session_set_mechanisms(smtpc_session *session, const char *mechanisms)
{
	int rc = session_may_set(session);

	if (rc != SMTPC_OK)
		return rc;
	if (mechanisms != NULL && !mechanism_list_is_valid(mechanisms))
		return SMTPC_E_INVALID;
	choose_anew(session);
	return session_set_text(&session->auth.mechanisms, mechanisms);
}

int
smtpc_session_set_auth_attempts(smtpc_session *session, int attempts)
{
	int rc = session_may_set(session);

	if (rc != SMTPC_OK)
		return rc;
	if (attempts < 1 || attempts > ATTEMPTS_MAX)
		return SMTPC_E_INVALID;
	session->auth.attempts_max = attempts;
	return SMTPC_OK;
}

int
smtpc_session_set_channel_binding(smtpc_session *session, int type)
{
	int rc = session_may_set(session);

	if (rc != SMTPC_OK)
		return rc;
	if (type < SMTPC_CHANNEL_BINDING_AUTO ||
	    type > SMTPC_CHANNEL_BINDING_SERVER_END_POINT)
		return SMTPC_E_INVALID;
	choose_anew(session);
	session->auth.binding = type;
	return SMTPC_OK;
}

int
smtpc_session_set_scram_iterations(smtpc_session *session, int minimum)
{
	int rc = session_may_set(session);

	if (rc != SMTPC_OK)
		return rc;
	if (minimum < 1 || minimum > CHALLENGE_ITERATIONS_MAX)
		return SMTPC_E_INVALID;
	session->auth.iterations_min = minimum;
	return SMTPC_OK;
}

int
smtpc_session_set_plaintext_auth(smtpc_session *session, int allow)
{
	int rc = session_may_set(session);

	if (rc == SMTPC_OK)
		session->auth.plaintext_allowed = allow != 0;
	return rc;
}

const char *
smtpc_session_mechanism(const smtpc_session *session)
{
	return session != NULL ? session->mechanism : NULL;
}

size_t
smtpc_session_auth_attempt_count(const smtpc_session *session)
{
	return session != NULL ? session->attempts.count : 0;
}

int
smtpc_session_auth_attempt_at(const smtpc_session *session, size_t index,
			      const char **ret_mechanism, int *ret_result,
			      const smtpc_reply **ret_reply,
			      const char **ret_message)
{
	const struct attempt *attempt;

	if (session == NULL || index >= session->attempts.count ||
	    ret_mechanism == NULL || ret_result == NULL || ret_reply == NULL ||
	    ret_message == NULL)
		return SMTPC_E_INVALID;
	attempt = &session->attempts.items[index];
	*ret_mechanism = attempt->mechanism;
	*ret_result = attempt->is_over ? attempt->end.result : SMTPC_AGAIN;
	*ret_reply = attempt->end.reply;
	*ret_message = "";
	if (attempt->end.message != NULL)
		*ret_message = attempt->end.message;
	else if (attempt->end.result < 0)
		*ret_message = smtpc_strerror(attempt->end.result);
	return SMTPC_OK;
}

const char *
smtpc_session_auth_challenge(const smtpc_session *session, size_t *ret_len)
{
	if (session == NULL || ret_len == NULL ||
	    buffer_length(&session->challenge) == 0)
		return NULL;
	*ret_len = buffer_length(&session->challenge);
	return buffer_data(&session->challenge);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which mechanism comes next in smtpc_auth(), and why there is none.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ascii.h"
#include "auth.h"
#include "mem.h"
#include "tls_binding.h"

/* As much of the server's list as a message shows. */
#define SHOWN_MAX 200

bool
auth_is_possible(const struct smtpc_session *session)
{
	const struct auth_settings *settings = &session->auth;

	return credentials_are_set(&settings->credentials) ||
	       settings->ask != NULL ||
	       mechanism_list_needs_no_secret(settings->mechanisms);
}

static const char *
offered_list(const struct smtpc_session *session)
{
	const char *offered = extension_find(&session->extensions, "AUTH");

	return offered != NULL ? offered : "";
}

static const char *
allowed_list(const struct smtpc_session *session)
{
	return session->auth.mechanisms != NULL ? session->auth.mechanisms
						: mechanism_default_list();
}

int
auth_load_binding(struct smtpc_session *session, struct authenticating *auth)
{
	if (!session->tls_is_up)
		return SMTPC_OK;
	auth->binding_name = tls_binding(session->channel.stream,
					 session->auth.binding, &auth->binding);
	/* Not knowing is no reason to do without. */
	if (auth->binding.failed)
		return engine_fail(session, SMTPC_E_NOMEM, NULL,
				   "AUTH: out of memory");
	return SMTPC_OK;
}

/*
 * Why no mechanism can be used, in words and as a token.
 */

struct reason {
	unsigned int lacks; /* MECHANISM_LACKS_... */
	int result;
	const char *detail;
	const char *words;
};

/* The first that fits. */
static const struct reason reasons[] = {
	{ MECHANISM_LACKS_SAFETY, SMTPC_E_TLS_REQUIRED, "plaintext-auth",
	  "the password or token would cross a channel that anybody can read" },
	{ MECHANISM_LACKS_PASSWORD, SMTPC_E_AUTH_UNAVAILABLE, "no-secret",
	  "no password is set" },
	{ MECHANISM_LACKS_TOKEN, SMTPC_E_AUTH_TOKEN, "no-token",
	  "no OAuth token is set" },
	{ MECHANISM_LACKS_TEXT, SMTPC_E_AUTH_UNAVAILABLE, "credentials-unfit",
	  "user name, password or identity can't be said in any of the "
	  "mechanisms" },
	{ MECHANISM_LACKS_BINDING, SMTPC_E_AUTH_UNAVAILABLE, "no-binding",
	  "this connection can't be bound to" },
	{ 0, SMTPC_E_AUTH_UNAVAILABLE, "no-mechanism",
	  "there is no mechanism that can be used" },
};

static int
explain(struct smtpc_session *session, unsigned int lacks)
{
	const char *offered = offered_list(session);
	char *shown = ascii_escape(offered, strlen(offered), SHOWN_MAX);
	const struct reason *reason = reasons;
	int rc;

	while (reason->lacks != 0 && !(reason->lacks & lacks))
		reason++;
	rc = engine_fail(session, reason->result, reason->detail,
			 "AUTH: %s: the server offers \"%s\", and allowed "
			 "are \"%s\"",
			 reason->words, shown != NULL ? shown : "",
			 allowed_list(session));
	mem_free(shown);
	return rc;
}

/* The end of all attempts: what the last one met tells most. */
static int
give_up(struct smtpc_session *session, unsigned int lacks)
{
	const struct attempt *last = attempts_last_refused(&session->attempts);

	if (last == NULL && !(lacks & MECHANISM_LACKS_SAFETY))
		last = attempts_last(&session->attempts);
	if (last != NULL) {
		failure_copy(&session->error, &last->end);
		return last->end.result;
	}
	return explain(session, lacks);
}

void
auth_leave_mechanism(struct authenticating *auth)
{
	sasl_exchange_free(auth->exchange);
	auth->exchange = NULL;
	buffer_clear_secret(&auth->initial);
	buffer_clear_secret(&auth->answer);
	auth->sent = false;
	auth->initial_waits = false;
	auth->rounds = 0;
	auth->status[0] = '\0';
}

int
auth_begin_mechanism(struct smtpc_session *session, struct authenticating *auth)
{
	const struct mechanism *mechanism = auth->mechanism;
	bool has_name = session->port != 0;
	struct sasl_terms terms = {
		.mechanism = mechanism->name,
		.host = has_name ? session->host : "localhost",
		.port = session->port,
		.credentials = &session->auth.credentials,
		.plaintext_allowed = policy_channel_is_safe(session) ||
				     session->auth.plaintext_allowed,
		.serial = (mechanism->flags & MECHANISM_SERIAL) != 0,
		.threaded = session->helper_thread,
		.binding_name = auth->binding_name,
		.binding_data = &auth->binding,
	};
	int rc;

	auth_leave_mechanism(auth);
	challenge_check_init(&auth->check, mechanism,
			     session->auth.iterations_min);
	if (mechanism->flags & MECHANISM_BINDS)
		terms.binding = SASL_BINDING_USED;
	else if ((mechanism->flags & MECHANISM_SCRAM) &&
		 auth->binding_name != NULL &&
		 !mechanism_server_binds(mechanism, offered_list(session)))
		terms.binding = SASL_BINDING_UNUSED;
	rc = sasl_exchange_begin(&auth->exchange, &terms);
	if (rc != SMTPC_OK)
		return engine_fail(session, rc, NULL,
				   "AUTH: it could not be begun");
	return SMTPC_AGAIN;
}

int
auth_skip(struct smtpc_session *session, struct authenticating *auth,
	  const char *detail, const char *format, ...)
{
	struct attempt *attempt =
	    attempts_add(&session->attempts, auth->mechanism->name);
	char message[400];
	va_list args;

	if (attempt == NULL)
		return engine_fail(session, SMTPC_E_NOMEM, NULL,
				   "AUTH: out of memory");
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	attempt->is_over = true;
	failure_set(&attempt->end, SMTPC_E_AUTH_UNAVAILABLE, SMTPC_PHASE_AUTH,
		    detail, "AUTH %s: %s", attempt->mechanism, message);
	return auth_next(session, auth);
}

/* Get what the mechanism needs; what was asked for once is not asked again. */
static int
get_secret(struct smtpc_session *session, struct authenticating *auth,
	   unsigned int secret)
{
	int rc;

	auth->may_ask &= ~secret;
	auth->renewing = false;
	rc = auth_ask(session, auth, secret, SMTPC_SECRET_FIRST, "");
	return rc == SMTPC_E_AUTH_TOKEN ? SMTPC_OK : rc;
}

static void
get_terms(const struct smtpc_session *session,
	  const struct authenticating *auth, struct mechanism_terms *terms)
{
	const struct auth_settings *settings = &session->auth;

	memset(terms, 0, sizeof(*terms));
	terms->offered = offered_list(session);
	terms->wanted = settings->mechanisms;
	terms->credentials = &settings->credentials;
	terms->may_ask = auth->may_ask;
	terms->channel_is_safe = policy_channel_is_safe(session);
	terms->plaintext_allowed = settings->plaintext_allowed;
	terms->can_bind = auth->binding_name != NULL;
	terms->must_bind = settings->binding > SMTPC_CHANNEL_BINDING_NONE;
	terms->only_bound = settings->only_bound;
	terms->has_certificate =
	    session->tls_is_up && tls_has_identity(session->tls);
}

bool
auth_still_fits(const struct smtpc_session *session,
		const struct authenticating *auth)
{
	struct mechanism_terms terms;

	get_terms(session, auth, &terms);
	terms.may_ask = 0;
	return mechanism_lacks(auth->mechanism, &terms) == 0;
}

int
auth_next(struct smtpc_session *session, struct authenticating *auth)
{
	struct mechanism_terms terms;
	unsigned int secret;
	unsigned int lacks = 0;
	int rc = SMTPC_OK;

	auth_leave_mechanism(auth);
	auth->turned = false;
	while (rc == SMTPC_OK && auth->attempts_left > 0) {
		get_terms(session, auth, &terms);
		auth->mechanism =
		    mechanism_choose(&terms, &auth->tried, &lacks);
		if (auth->mechanism == NULL && auth->spared == 0)
			break;
		/* With nothing else left, what seemed hopeless may do. */
		if (auth->mechanism == NULL) {
			auth->tried &= ~auth->spared;
			auth->spared = 0;
			continue;
		}
		secret =
		    mechanism_lacks_secret(auth->mechanism, terms.credentials);
		if (secret == 0)
			return auth_begin_mechanism(session, auth);
		/* With the secret there may be a better one. */
		auth->tried &= ~mechanism_bit(auth->mechanism);
		rc = get_secret(session, auth, secret);
	}
	return rc == SMTPC_OK ? give_up(session, lacks) : rc;
}

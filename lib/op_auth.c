/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * AUTH: RFC 4954.  Cyrus SASL says what to answer; which mechanism it may be,
 * how the lines look, and whether the end is a success is decided here.
 */
#include <string.h>

#include "ascii.h"
#include "command.h"
#include "engine.h"
#include "mechanism.h"
#include "mem.h"
#include "sasl.h"

/* No mechanism needs nearly as many challenges. */
#define ROUNDS_MAX 16

struct authenticating {
	struct sasl_exchange *exchange;
	const char *mechanism; /* the one at hand */
	unsigned int tried;
	bool sent;	       /* AUTH has gone out */
	struct buffer initial; /* the initial response, encoded */
	bool initial_waits;    /* for an empty challenge */
	bool cancelled;
	int rounds;
	struct buffer answer;
};

static void
free_exchange(struct authenticating *auth)
{
	sasl_exchange_free(auth->exchange);
	auth->exchange = NULL;
	buffer_clear_secret(&auth->initial);
	buffer_clear_secret(&auth->answer);
}

/* The secrets go with the exchange, whatever its end. */
static int
auth_end(struct smtpc_session *session, int rc)
{
	struct authenticating *auth = session->operation_state;

	free_exchange(auth);
	mem_free(auth);
	session->operation_state = NULL;
	return rc;
}

static int
nothing_acceptable(struct smtpc_session *session, const char *offered)
{
	char *shown = ascii_escape(offered, strlen(offered), 200);

	engine_fail(session, SMTPC_E_AUTH_UNAVAILABLE, "no-mechanism",
		    "AUTH: no mechanism can be used: the server offers \"%s\", "
		    "and of \"%s\" none that fits the channel and the "
		    "credentials is installed (Debian: libsasl2-modules)",
		    shown != NULL ? shown : "",
		    session->mechanisms != NULL ? session->mechanisms
						: mechanism_default_list());
	mem_free(shown);
	return SMTPC_E_AUTH_UNAVAILABLE;
}

/* Take up the next mechanism that both sides can use. */
static int
next_mechanism(struct smtpc_session *session, struct authenticating *auth)
{
	const char *offered = extension_find(&session->extensions, "AUTH");
	struct mechanism_terms terms = {
		.offered = offered != NULL ? offered : "",
		.wanted = session->mechanisms,
		.credentials = &session->credentials,
		.channel_is_safe = policy_channel_is_safe(session),
		.plaintext_allowed = session->plaintext_auth,
	};
	int rc;

	free_exchange(auth);
	auth->mechanism = mechanism_choose(&terms, &auth->tried);
	if (auth->mechanism == NULL)
		return nothing_acceptable(session, terms.offered);
	rc = sasl_exchange_begin(
	    &auth->exchange, session->port != 0 ? session->host : "localhost",
	    &session->credentials,
	    terms.channel_is_safe || terms.plaintext_allowed,
	    session->helper_thread);
	if (rc != SMTPC_OK)
		return engine_fail(session, rc, NULL,
				   "AUTH: it could not be begun");
	return SMTPC_AGAIN;
}

static int
auth_begin(struct smtpc_session *session, const void *argument)
{
	struct authenticating *auth;
	int rc;

	(void)argument;
	if (session->mechanism != NULL)
		return engine_fail(session, SMTPC_E_STATE, NULL,
				   "AUTH: the session is authenticated "
				   "already");
	if (!credentials_are_set(&session->credentials))
		return engine_fail(session, SMTPC_E_INVALID, "no-credentials",
				   "AUTH: no credentials are set");
	rc = policy_check(session);
	if (rc != SMTPC_OK)
		return rc;
	if (!engine_offers(session, EXTENSION_AUTH))
		return engine_fail(session, SMTPC_E_AUTH_UNAVAILABLE,
				   "auth-not-offered",
				   "the server does not offer AUTH");
	auth = mem_zalloc(sizeof(*auth));
	if (auth == NULL)
		return engine_fail(session, SMTPC_E_NOMEM, NULL,
				   "out of memory");
	buffer_init(&auth->initial, COMMAND_AUTH_MAX);
	buffer_init(&auth->answer, COMMAND_AUTH_MAX);
	session->operation_state = auth;
	engine_set_phase(session, SMTPC_PHASE_AUTH);
	rc = next_mechanism(session, auth);
	return rc == SMTPC_AGAIN ? rc : auth_end(session, rc);
}

/*
 * Send AUTH.  The initial response goes with it if the line is not too long
 * (RFC 4954, section 4); otherwise it waits for the server to ask.
 */
static int
send_auth(struct smtpc_session *session, struct authenticating *auth,
	  bool has_initial)
{
	struct buffer *out = &session->channel.out;
	size_t len = strlen("AUTH  \r\n") + strlen(auth->mechanism) +
		     buffer_length(&auth->initial);
	bool fits = has_initial && len <= COMMAND_LINE_MAX;
	char shown[32 + MECHANISM_NAME_MAX] = "AUTH ";
	bool ok;

	if (has_initial && buffer_length(&auth->initial) == 0)
		buffer_append(&auth->initial, "=", 1);
	ok = command_write_auth(out, auth->mechanism,
				fits ? &auth->initial : NULL);
	auth->sent = true;
	auth->initial_waits = has_initial && !fits;
	memccpy(shown + 5, auth->mechanism, '\0', MECHANISM_NAME_MAX + 1);
	if (fits)
		memccpy(shown + strlen(shown), " [hidden]", '\0', 10);
	return engine_send(session, ok, shown, SMTPC_PHASE_AUTH, 0);
}

/* The exchange is made: start it, or try another mechanism. */
static int
start_mechanism(struct smtpc_session *session, struct authenticating *auth)
{
	bool has_initial = false;
	int rc;

	rc = sasl_exchange_start(auth->exchange, auth->mechanism,
				 &auth->initial, &has_initial);
	if (rc == SMTPC_OK)
		return send_auth(session, auth, has_initial);
	if (rc == SMTPC_E_AUTH_UNAVAILABLE)
		return next_mechanism(session, auth);
	return engine_fail(session, rc, NULL, "AUTH: out of memory");
}

static int
auth_fill(struct smtpc_session *session)
{
	struct authenticating *auth = session->operation_state;
	int rc = SMTPC_AGAIN;

	while (rc == SMTPC_AGAIN && !auth->sent) {
		rc = sasl_exchange_poll(auth->exchange);
		if (rc == SMTPC_AGAIN)
			return rc;
		if (rc == SMTPC_OK)
			rc = start_mechanism(session, auth);
		else if (rc == SMTPC_E_AUTH_UNAVAILABLE)
			rc = engine_fail(session, rc, "sasl",
					 "AUTH: Cyrus SASL does not work: %s",
					 sasl_exchange_message(auth->exchange));
		else
			engine_fail(session, rc, NULL, "AUTH: out of memory");
	}
	return rc;
}

static int
send_answer(struct smtpc_session *session, const struct buffer *answer)
{
	bool ok = command_write_response(&session->channel.out, answer);

	return engine_send(session, ok, "[hidden]", SMTPC_PHASE_AUTH, 0);
}

/* Give the exchange up: RFC 4954, section 4.  The reply to "*" ends it. */
static int
cancel(struct smtpc_session *session, struct authenticating *auth,
       const char *why)
{
	bool ok;

	engine_fail(session, SMTPC_E_AUTH_PROTOCOL, "auth-cancelled",
		    "AUTH %s: given up: %s", auth->mechanism, why);
	auth->cancelled = true;
	ok = command_write(&session->channel.out, "*", NULL);
	return engine_send(session, ok, NULL, SMTPC_PHASE_AUTH, 0);
}

static int
take_challenge(struct smtpc_session *session, struct authenticating *auth,
	       const struct smtpc_reply *reply)
{
	size_t len;
	const char *challenge = reply_line(reply, 0, &len);
	int rc;

	if (auth->cancelled)
		return engine_break(session, SMTPC_E_AUTH_PROTOCOL, NULL,
				    "AUTH: the server goes on after \"*\"");
	if (reply->line_count > 1)
		return cancel(session, auth, "the challenge has several lines");
	if (auth->rounds++ == ROUNDS_MAX)
		return cancel(session, auth, "too many challenges");
	if (auth->initial_waits) {
		auth->initial_waits = false;
		if (len > 0)
			return cancel(session, auth,
				      "the first challenge is not empty");
		return send_answer(session, &auth->initial);
	}
	buffer_truncate(&auth->answer, 0);
	rc = sasl_exchange_step(auth->exchange, challenge, len, &auth->answer);
	if (rc == SMTPC_OK)
		return send_answer(session, &auth->answer);
	if (rc == SMTPC_E_NOMEM)
		return engine_break(session, rc, NULL, "AUTH: out of memory");
	return cancel(session, auth, sasl_exchange_message(auth->exchange));
}

/* Success is a success only if the mechanism is satisfied, too. */
static int
take_success(struct smtpc_session *session, struct authenticating *auth)
{
	if (auth->cancelled)
		return engine_break(session, SMTPC_E_AUTH_PROTOCOL, NULL,
				    "AUTH: the server accepts what was given "
				    "up");
	if (auth->initial_waits || !sasl_exchange_is_complete(auth->exchange))
		return engine_break(session, SMTPC_E_AUTH_PROTOCOL,
				    "server-not-proven",
				    "AUTH %s: the server says that all is "
				    "well, but has not proved that it knows "
				    "the password",
				    auth->mechanism);
	session->mechanism = auth->mechanism;
	return SMTPC_OK;
}

/* RFC 4954, section 6, and what providers make of it. */
static int
result_of_refusal(const struct smtpc_reply *reply)
{
	if (reply_class(reply) == 4)
		return SMTPC_E_AUTH_LATER;
	switch (reply->code) {
	case 500:
	case 501:
	case 502:
	case 503:
	case 504:
		return SMTPC_E_AUTH_UNAVAILABLE;
	case 530:
	case 538:
		return SMTPC_E_TLS_REQUIRED;
	case 534:
		return SMTPC_E_AUTH_POLICY;
	default:
		return SMTPC_E_AUTH_REJECTED;
	}
}

static int
auth_reply(struct smtpc_session *session, const struct awaited *awaited,
	   struct smtpc_reply *reply)
{
	struct authenticating *auth = session->operation_state;
	char what[8 + MECHANISM_NAME_MAX] = "AUTH ";

	(void)awaited;
	if (reply->code == 334)
		return take_challenge(session, auth, reply);
	if (reply_class(reply) == 2)
		return take_success(session, auth);
	if (reply_class(reply) == 3)
		return engine_break(session, SMTPC_E_AUTH_PROTOCOL, NULL,
				    "AUTH is answered with code %d",
				    reply->code);
	if (auth->cancelled)
		return session->error.result;
	memccpy(what + 5, auth->mechanism, '\0', MECHANISM_NAME_MAX + 1);
	return engine_refused(session, result_of_refusal(reply), reply, what);
}

/* Some servers quote what they did not understand. */
static void
auth_censor(const struct smtpc_session *session, struct smtpc_reply *reply)
{
	const struct authenticating *auth = session->operation_state;
	const struct credentials *credentials = &session->credentials;

	/* Challenges are needed as they are, and never shown. */
	if (reply->code == 334)
		return;
	reply_blot(reply, buffer_data(&auth->initial),
		   buffer_length(&auth->initial));
	reply_blot(reply, buffer_data(&auth->answer),
		   buffer_length(&auth->answer));
	reply_blot(reply, credentials->password, credentials->password_len);
}

static int
auth_waits_for(const struct smtpc_session *session)
{
	const struct authenticating *auth = session->operation_state;

	return auth->sent ? -1 : sasl_exchange_descriptor(auth->exchange);
}

const struct operation op_auth = {
	.phase = SMTPC_PHASE_AUTH,
	.states = IN(SMTPC_STATE_READY),
	.in_silence = true,
	.begin = auth_begin,
	.fill = auth_fill,
	.reply = auth_reply,
	.censor = auth_censor,
	.end = auth_end,
	.waits_for = auth_waits_for,
};

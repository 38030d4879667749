/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * AUTH: RFC 4954.  Cyrus SASL says what to answer; how the lines look, whether
 * the end is a success, and what a refusal leads to is decided here.
 */
#include <string.h>

#include "auth.h"
#include "base64.h"
#include "blot.h"
#include "command.h"
#include "mem.h"

/* No mechanism needs nearly as many challenges. */
#define ROUNDS_MAX 16

/* What an encoded line of the exchange may hold. */
#define DECODED_MAX (COMMAND_AUTH_MAX / 4 * 3)

static bool
has_open_attempt(const struct smtpc_session *session)
{
	const struct attempt *last = attempts_last(&session->attempts);

	return last != NULL && !last->is_over;
}

/* Whether what was to be said next was another thing than what was refused. */
static bool
was_going_on(const struct authenticating *auth, const struct attempt *refused)
{
	return auth->wanted == 0 &&
	       (auth->renewed ||
		strcmp(auth->mechanism->name, refused->mechanism) != 0);
}

/*
 * The server has gone away after a refusal.  If it was before it could answer
 * the next attempt, that belongs to another connection.
 */
static int
explain_close(struct smtpc_session *session, const struct authenticating *auth,
	      int rc)
{
	const struct smtpc_reply *reply = session->error.reply;
	const struct attempt *refused =
	    attempts_last_refused(&session->attempts);
	bool is_closed = rc == SMTPC_E_CLOSED || rc == SMTPC_E_SYSTEM ||
			 (reply != NULL && reply->code == 421);

	if (session->state != SMTPC_STATE_DEAD || refused == NULL || !is_closed)
		return rc;
	if (!was_going_on(auth, refused)) {
		failure_copy(&session->error, &refused->end);
		return refused->end.result;
	}
	if (auth->rounds > 0)
		return rc;
	session->auth.hopeless |= auth->refused;
	failure_clear(&session->error);
	return engine_fail(session, SMTPC_E_AUTH_UNAVAILABLE, "reconnect",
			   "AUTH: the server refused %s and closed the "
			   "connection: connect again, and %s is tried next",
			   refused->mechanism, auth->mechanism->name);
}

/* The secrets go with the exchange, whatever its end. */
static int
auth_end(struct smtpc_session *session, int rc)
{
	struct authenticating *auth = session->operation_state;

	if (has_open_attempt(session))
		auth_end_attempt(session, rc < 0 ? &session->error : NULL,
				 NULL);
	if (rc < 0)
		rc = explain_close(session, auth, rc);
	auth_leave_mechanism(auth);
	buffer_clear_secret(&auth->binding);
	mem_free(auth);
	session->operation_state = NULL;
	return rc;
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
	attempts_clear(&session->attempts);
	buffer_clear(&session->challenge);
	if (!auth_is_possible(session) && !tls_has_identity(session->tls))
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
	buffer_init(&auth->binding, AUTH_BINDING_MAX);
	auth->attempts_left = session->auth.attempts_max;
	auth->tried = auth->spared = session->auth.hopeless;
	if (session->auth.ask != NULL)
		auth->may_ask = MECHANISM_PASSWORD | MECHANISM_TOKEN;
	session->operation_state = auth;
	engine_set_phase(session, SMTPC_PHASE_AUTH);
	rc = auth_load_binding(session, auth);
	if (rc == SMTPC_OK)
		rc = auth_next(session, auth);
	return rc == SMTPC_AGAIN ? rc : auth_end(session, rc);
}

/*
 * The beginning of an exchange.
 */

/*
 * Send AUTH.  The initial response goes with it if the line is not too long
 * (RFC 4954, section 4) and the server has not just refused that; otherwise it
 * waits for the server to ask.
 */
static int
send_auth(struct smtpc_session *session, struct authenticating *auth,
	  bool has_initial)
{
	const char *name = auth->mechanism->name;
	size_t len =
	    strlen("AUTH  \r\n") + strlen(name) + buffer_length(&auth->initial);
	bool is_late =
	    auth->turned && !(auth->mechanism->flags & MECHANISM_SERVER_FIRST);
	bool fits = has_initial && !is_late && len <= COMMAND_LINE_MAX;
	char shown[32 + MECHANISM_NAME_MAX] = "AUTH ";
	bool ok;

	if (attempts_add(&session->attempts, name) == NULL)
		return engine_fail(session, SMTPC_E_NOMEM, NULL,
				   "AUTH: out of memory");
	auth->attempts_left--;
	if (fits && buffer_length(&auth->initial) == 0)
		buffer_append(&auth->initial, "=", 1);
	ok = command_write_auth(&session->channel.out, name,
				fits ? &auth->initial : NULL);
	auth->sent = true;
	session->auth.may_echo = true;
	auth->initial_waits = has_initial && !fits;
	memccpy(shown + 5, name, '\0', MECHANISM_NAME_MAX + 1);
	if (fits)
		memccpy(shown + strlen(shown), " [hidden]", '\0', 10);
	return engine_send(session, ok, shown, SMTPC_PHASE_AUTH);
}

static int
encode(struct buffer *out, const struct buffer *said)
{
	base64_encode(out, buffer_data(said), buffer_length(said));
	return out->failed ? SMTPC_E_NOMEM : SMTPC_OK;
}

/* What the mechanism says first, if it does. */
static int
get_initial(struct authenticating *auth, bool *ret_has)
{
	bool server_first = auth->mechanism->flags & MECHANISM_SERVER_FIRST;
	struct buffer said;
	int rc;

	buffer_init(&said, DECODED_MAX);
	rc = sasl_exchange_start(auth->exchange, &said, ret_has);
	/*
	 * DIGEST-MD5 has a short cut for those who come again, which it takes
	 * for all who come to the same host: it is not said.
	 */
	if (server_first) {
		buffer_truncate(&said, 0);
		*ret_has = false;
	}
	/* Some servers want LOGIN's user name at once. */
	if (rc == SMTPC_OK && server_first && auth->turned) {
		rc = sasl_exchange_step(auth->exchange, "", 0, &said);
		*ret_has = true;
	}
	if (rc == SMTPC_OK) {
		challenge_check_initial(&auth->check, buffer_data(&said),
					buffer_length(&said));
		rc = encode(&auth->initial, &said);
	}
	buffer_clear_secret(&said);
	return rc;
}

/* The exchange is made: start it, or try another mechanism. */
static int
start_mechanism(struct smtpc_session *session, struct authenticating *auth)
{
	bool has_initial = false;
	int rc = get_initial(auth, &has_initial);

	switch (rc) {
	case SMTPC_OK:
		return send_auth(session, auth, has_initial);
	case SMTPC_E_NOMEM:
		return engine_fail(session, rc, NULL, "AUTH: out of memory");
	case SMTPC_E_NOEXTENSION:
		return auth_skip(session, auth, "module-missing",
				 "Cyrus SASL has no plug-in for it (Debian: "
				 "%s)",
				 strncmp(auth->mechanism->name, "GSS", 3) == 0
				     ? "libsasl2-modules-gssapi-mit"
				     : "libsasl2-modules");
	default:
		return auth_skip(session, auth, "mechanism-failed",
				 "it can't be used: %s",
				 sasl_exchange_message(auth->exchange));
	}
}

/*
 * The exchange.
 */

static int
send_answer(struct smtpc_session *session, const struct buffer *answer)
{
	bool ok = command_write_response(&session->channel.out, answer);

	return engine_send(session, ok, "[hidden]", SMTPC_PHASE_AUTH);
}

/* Give the exchange up: RFC 4954, section 4.  The reply to "*" ends it. */
static int
cancel(struct smtpc_session *session, struct authenticating *auth,
       const char *detail, const char *why)
{
	bool ok;

	engine_fail(session, SMTPC_E_AUTH_PROTOCOL, detail,
		    "AUTH %s: given up: %s", auth->mechanism->name, why);
	auth->cancelled = true;
	ok = command_write(&session->channel.out, "*", NULL);
	return engine_send(session, ok, NULL, SMTPC_PHASE_AUTH);
}

/* Why a token is not taken; should the server quote it, nobody sees it. */
static int
keep_challenge(struct smtpc_session *session, struct authenticating *auth,
	       const struct buffer *challenge)
{
	const struct credentials *credentials = &session->auth.credentials;
	struct buffer *kept = &session->challenge;
	size_t len = buffer_length(challenge);

	oauth_status(buffer_data(challenge), len, auth->status);
	buffer_clear(kept);
	buffer_append(kept, buffer_data(challenge), len);
	if (kept->failed)
		return engine_break(session, SMTPC_E_NOMEM, NULL,
				    "AUTH: out of memory");
	if (len > 0) {
		blot(kept->data + kept->start, len, credentials->token,
		     credentials->token_len);
		blot(kept->data + kept->start, len, buffer_data(&auth->initial),
		     buffer_length(&auth->initial));
	}
	return SMTPC_AGAIN;
}

/* The mechanism's answer to a challenge that has been decoded. */
static int
answer(struct smtpc_session *session, struct authenticating *auth,
       const struct buffer *challenge)
{
	const char *text = buffer_data(challenge);
	size_t len = buffer_length(challenge);
	const char *detail = NULL;
	const char *problem;
	struct buffer said;
	int rc;

	if ((auth->mechanism->flags & MECHANISM_TOKEN) &&
	    keep_challenge(session, auth, challenge) != SMTPC_AGAIN)
		return SMTPC_E_NOMEM;
	problem = challenge_problem(&auth->check, text, len, &detail);
	if (problem != NULL)
		return cancel(session, auth, detail, problem);
	buffer_init(&said, DECODED_MAX);
	rc = sasl_exchange_step(auth->exchange, text, len, &said);
	buffer_truncate(&auth->answer, 0);
	if (rc == SMTPC_OK)
		rc = encode(&auth->answer, &said);
	buffer_clear_secret(&said);
	if (rc == SMTPC_OK)
		return send_answer(session, &auth->answer);
	if (rc == SMTPC_E_NOMEM)
		return engine_break(session, rc, NULL, "AUTH: out of memory");
	return cancel(session, auth, "auth-cancelled",
		      sasl_exchange_message(auth->exchange));
}

/*
 * The challenge for an initial response that is held back is empty; where it
 * is none that can be decoded, it is words for people.
 */
static int
take_invitation(struct smtpc_session *session, struct authenticating *auth,
		bool is_decoded, size_t len)
{
	auth->initial_waits = false;
	if (is_decoded && len > 0)
		return cancel(session, auth, "auth-cancelled",
			      "the first challenge is not empty");
	return send_answer(session, &auth->initial);
}

static int
take_challenge(struct smtpc_session *session, struct authenticating *auth,
	       const struct smtpc_reply *reply)
{
	struct buffer decoded;
	const char *line;
	bool is_decoded;
	size_t len;
	int rc;

	if (auth->cancelled)
		return engine_break(session, SMTPC_E_AUTH_PROTOCOL, NULL,
				    "AUTH: the server goes on after \"*\"");
	if (reply->line_count > 1)
		return cancel(session, auth, "auth-cancelled",
			      "the challenge has several lines");
	if (auth->rounds++ == ROUNDS_MAX)
		return cancel(session, auth, "auth-cancelled",
			      "too many challenges");
	line = reply_line(reply, 0, &len);
	buffer_init(&decoded, COMMAND_AUTH_MAX);
	is_decoded = base64_decode(&decoded, line, len);
	if (decoded.failed)
		rc = engine_break(session, SMTPC_E_NOMEM, NULL,
				  "AUTH: out of memory");
	else if (auth->initial_waits)
		rc = take_invitation(session, auth, is_decoded,
				     buffer_length(&decoded));
	else if (!is_decoded)
		rc = cancel(session, auth, "auth-cancelled",
			    "the challenge is not base64");
	else
		rc = answer(session, auth, &decoded);
	buffer_clear_secret(&decoded);
	return rc;
}

/* Success is a success only if the mechanism is satisfied, too. */
static int
take_success(struct smtpc_session *session, struct authenticating *auth,
	     struct smtpc_reply *reply)
{
	if (auth->cancelled)
		return engine_break(session, SMTPC_E_AUTH_PROTOCOL, NULL,
				    "AUTH: the server accepts what was given "
				    "up");
	if (auth->initial_waits || !sasl_exchange_is_complete(auth->exchange)) {
		engine_break(session, SMTPC_E_AUTH_PROTOCOL,
			     "server-not-proven",
			     "AUTH %s: the server says that all is well, but "
			     "the exchange is not over: either it has not been "
			     "told the password, or it has not proved that it "
			     "knows it",
			     auth->mechanism->name);
		auth_end_attempt(session, &session->error, reply);
		return SMTPC_E_AUTH_PROTOCOL;
	}
	auth_end_attempt(session, NULL, reply);
	session->mechanism = auth->mechanism->name;
	return SMTPC_OK;
}

static int
auth_reply(struct smtpc_session *session, const struct awaited *awaited,
	   struct smtpc_reply *reply)
{
	struct authenticating *auth = session->operation_state;

	(void)awaited;
	if (reply->code == 334)
		return take_challenge(session, auth, reply);
	if (reply_class(reply) == 2)
		return take_success(session, auth, reply);
	if (reply_class(reply) == 3)
		return engine_break(session, SMTPC_E_AUTH_PROTOCOL, NULL,
				    "AUTH is answered with code %d",
				    reply->code);
	if (auth->cancelled) {
		auth_end_attempt(session, &session->error, reply);
		return session->error.result;
	}
	return auth_refused(session, auth, reply);
}

static int
auth_fill(struct smtpc_session *session)
{
	struct authenticating *auth = session->operation_state;
	int rc = SMTPC_AGAIN;

	if (auth->wanted != 0)
		rc = auth_secret_came(session, auth);
	while (rc == SMTPC_AGAIN && auth->wanted == 0 && !auth->sent) {
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

/* Some servers quote what they did not understand. */
static void
auth_censor(const struct smtpc_session *session, struct smtpc_reply *reply)
{
	struct authenticating *auth = session->operation_state;
	const struct credentials *credentials = &session->auth.credentials;

	/* Challenges are needed as they are, and never shown. */
	if (reply->code == 334)
		return;
	/* What it means is read off the server's own words. */
	if (reply_class(reply) >= 4)
		auth_judge(auth, reply);
	reply_blot(reply, buffer_data(&auth->initial),
		   buffer_length(&auth->initial));
	reply_blot(reply, buffer_data(&auth->answer),
		   buffer_length(&auth->answer));
	reply_blot(reply, credentials->password, credentials->password_len);
	reply_blot(reply, credentials->token, credentials->token_len);
}

static const char *
auth_hint(const struct smtpc_session *session)
{
	const struct authenticating *auth = session->operation_state;

	return auth->wanted != 0 ? " waiting for a secret" : "";
}

static int
auth_waits_for(const struct smtpc_session *session)
{
	const struct authenticating *auth = session->operation_state;

	return auth->sent || auth->exchange == NULL
		   ? -1
		   : sasl_exchange_descriptor(auth->exchange);
}

static bool
auth_wants_secret(const struct smtpc_session *session)
{
	const struct authenticating *auth = session->operation_state;

	return auth->wanted != 0;
}

const struct operation op_auth = {
	.phase = SMTPC_PHASE_AUTH,
	.states = IN(SMTPC_STATE_READY),
	.in_silence = true,
	.begin = auth_begin,
	.fill = auth_fill,
	.reply = auth_reply,
	.censor = auth_censor,
	.hint = auth_hint,
	.end = auth_end,
	.waits_for = auth_waits_for,
	.wants_secret = auth_wants_secret,
};

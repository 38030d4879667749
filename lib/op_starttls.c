/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * STARTTLS: RFC 3207.
 */
#include "command.h"
#include "engine.h"

static int
starttls_begin(struct smtpc_session *session, const void *argument)
{
	bool ok;
	int rc;

	(void)argument;
	if (session->tls_is_up)
		return engine_fail(session, SMTPC_E_STATE, NULL,
				   "STARTTLS: TLS is up already");
	if (!engine_offers(session, EXTENSION_STARTTLS))
		return engine_fail(session, SMTPC_E_NOEXTENSION,
				   "starttls-not-offered",
				   "the server does not offer STARTTLS");
	rc = handshake_prepare(session);
	if (rc != SMTPC_OK)
		return rc;
	ok = command_write(&session->channel.out, "STARTTLS", NULL);
	return engine_send(session, ok, NULL, SMTPC_PHASE_STARTTLS);
}

static int
starttls_reply(struct smtpc_session *session, const struct awaited *awaited,
	       struct smtpc_reply *reply)
{
	(void)awaited;
	/*
	 * Anything behind the reply came in the clear, from whomever, and
	 * would be taken for the server's words under TLS.
	 */
	if (!engine_is_silent(session))
		return engine_break(session, SMTPC_E_PROTOCOL,
				    "starttls-injection",
				    "something was sent in the clear behind "
				    "the reply to STARTTLS: this is an attack");
	if (reply_class(reply) >= 4)
		return engine_refused(session, outcome_refused_result(reply),
				      reply, "STARTTLS");
	if (reply->code != 220)
		return engine_break(session, SMTPC_E_PROTOCOL, "starttls-code",
				    "STARTTLS is answered with code %d",
				    reply->code);
	engine_forget(session);
	return handshake_begin(session);
}

static int
starttls_opened(struct smtpc_session *session, int rc)
{
	rc = handshake_end(session, rc);
	if (rc == SMTPC_OK)
		session->state = SMTPC_STATE_CONNECTED;
	return rc;
}

const struct operation op_starttls = {
	.phase = SMTPC_PHASE_STARTTLS,
	.states = IN(SMTPC_STATE_READY),
	.in_silence = true,
	.begin = starttls_begin,
	.opened = starttls_opened,
	.reply = starttls_reply,
};

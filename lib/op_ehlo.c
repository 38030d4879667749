/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * EHLO, and HELO for servers of the last century: RFC 5321, section 4.1.1.1.
 */
#include "command.h"
#include "engine.h"

static int
send_hello(struct smtpc_session *session, const char *verb)
{
	const char *domain = session->client_domain != NULL
				 ? session->client_domain
				 : session->local_literal;
	bool ok = command_write(&session->channel.out, verb, domain);

	return engine_send(session, ok, NULL, SMTPC_PHASE_EHLO);
}

/* LMTP's greeting is another word for EHLO: RFC 2033, section 4.1. */
static const char *
hello(const struct smtpc_session *session)
{
	return session->protocol == SMTPC_PROTOCOL_LMTP ? "LHLO" : "EHLO";
}

static int
ehlo_begin(struct smtpc_session *session, const void *argument)
{
	(void)argument;
	session->fell_back = false;
	return send_hello(session, hello(session));
}

/*
 * Whether HELO may be tried after this refusal.  HELO gives neither STARTTLS
 * nor AUTH, so never where one of them is needed; and a server that has once
 * understood EHLO has not unlearnt it.
 */
static bool
may_fall_back(struct smtpc_session *session, const struct smtpc_reply *reply)
{
	bool unknown = reply->code == 500 || reply->code == 501 ||
		       reply->code == 502 || reply->code == 504;
	bool needs_tls = policy_demands_tls(session) && !session->tls_is_up;

	return unknown && !session->knows_ehlo && !needs_tls &&
	       session->protocol == SMTPC_PROTOCOL_SMTP &&
	       !auth_is_possible(session);
}

static int
ehlo_reply(struct smtpc_session *session, const struct awaited *awaited,
	   struct smtpc_reply *reply)
{
	const char *verb = session->fell_back ? "HELO" : hello(session);
	int rc;

	(void)awaited;
	if (reply_class(reply) >= 4) {
		if (!session->fell_back && may_fall_back(session, reply)) {
			session->fell_back = true;
			return send_hello(session, "HELO");
		}
		return engine_refused(session, outcome_refused_result(reply),
				      reply, verb);
	}
	if (reply->code != 250)
		return engine_break(session, SMTPC_E_PROTOCOL, "ehlo-code",
				    "%s is answered with code %d", verb,
				    reply->code);
	if (session->fell_back) {
		extension_clear(&session->extensions);
	} else {
		rc = extension_parse(&session->extensions, reply);
		if (rc != SMTPC_OK)
			return engine_break(session, rc, NULL, "out of memory");
		session->knows_ehlo = true;
		session->knows_starttls |=
		    engine_offers(session, EXTENSION_STARTTLS);
	}
	session->state = SMTPC_STATE_READY;
	return SMTPC_OK;
}

const struct operation op_ehlo = {
	.phase = SMTPC_PHASE_EHLO,
	.states = IN(SMTPC_STATE_CONNECTED) | IN(SMTPC_STATE_READY),
	.in_silence = true,
	.begin = ehlo_begin,
	.reply = ehlo_reply,
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What each TLS mode asks for, and whether the channel is good enough.
 */
#include "engine.h"

#define PORT_SUBMISSIONS 465 /* RFC 8314, section 3.3 */

bool
policy_tls_first(const struct smtpc_session *session)
{
	return session->tls_mode == SMTPC_TLS_IMPLICIT ||
	       (session->tls_mode == SMTPC_TLS_AUTO &&
		session->port == PORT_SUBMISSIONS);
}

bool
policy_demands_tls(const struct smtpc_session *session)
{
	switch (session->tls_mode) {
	case SMTPC_TLS_NONE:
	case SMTPC_TLS_OPPORTUNISTIC:
		return false;
	case SMTPC_TLS_AUTO:
		/* Nobody listens in on a UNIX socket. */
		return session->port != 0;
	default:
		return true;
	}
}

bool
policy_wants_starttls(const struct smtpc_session *session)
{
	if (session->tls_is_up)
		return false;
	/* Offered once, and then no more, is not "not offered". */
	return policy_demands_tls(session) ||
	       (session->tls_mode == SMTPC_TLS_OPPORTUNISTIC &&
		session->knows_starttls);
}

/* Whether nobody knows yet if TLS can be had, and it is wanted. */
static bool
is_too_early(const struct smtpc_session *session)
{
	return !session->tls_is_up && !session->knows_ehlo &&
	       session->state == SMTPC_STATE_CONNECTED &&
	       (policy_demands_tls(session) ||
		session->tls_mode == SMTPC_TLS_OPPORTUNISTIC);
}

int
policy_check(struct smtpc_session *session)
{
	const char *phase = smtpc_phase_name(session->phase);

	if (is_too_early(session))
		return engine_fail(session, SMTPC_E_TLS_REQUIRED, "tls-unknown",
				   "%s: not before EHLO has told whether the "
				   "server offers STARTTLS",
				   phase);
	if (!policy_wants_starttls(session))
		return SMTPC_OK;
	if (engine_offers(session, EXTENSION_STARTTLS))
		return engine_fail(session, SMTPC_E_TLS_REQUIRED, "tls-unused",
				   "%s: not without TLS: the server offers "
				   "STARTTLS, so use it first",
				   phase);
	if (extension_is_masked(&session->extensions))
		return engine_fail(
		    session, SMTPC_E_TLS_REQUIRED, "starttls-stripped",
		    "%s: not without TLS, and something between "
		    "here and the server has overwritten what it "
		    "offers, as some firewalls do: try implicit "
		    "TLS (port 465), or have the firewall's SMTP "
		    "inspection switched off",
		    phase);
	return engine_fail(session, SMTPC_E_TLS_REQUIRED, "tls-not-offered",
			   "%s: not without TLS, and the server does not offer "
			   "STARTTLS: try implicit TLS (port 465), or switch "
			   "TLS off if the network can be trusted",
			   phase);
}

bool
policy_channel_is_safe(const struct smtpc_session *session)
{
	return session->port == 0 ||
	       (session->tls_is_up && session->trust != SMTPC_TRUST_NONE);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The TLS handshake and the verdict on the server's certificate, for the
 * operations in which they happen.
 */
#include "engine.h"

#include "mem.h"

/* The name that a certificate must have for a server without one. */
static const char local_name[] = "localhost";

/* The settings that were given, or settings of the session's own. */
static int
get_settings(struct smtpc_session *session)
{
	char *message = NULL;
	int rc = SMTPC_OK;

	if (session->tls == NULL)
		rc = smtpc_tls_new(&session->tls);
	if (rc == SMTPC_OK)
		rc = tls_freeze(session->tls, &message);
	if (rc != SMTPC_OK)
		engine_break(session, rc, "tls-settings", "TLS: %s",
			     message != NULL ? message : smtpc_strerror(rc));
	mem_free(message);
	return rc;
}

int
handshake_begin(struct smtpc_session *session)
{
	struct channel *channel = &session->channel;
	const char *host = session->port != 0 ? session->host : local_name;
	struct stream *tls;
	int rc;

	engine_set_phase(session, SMTPC_PHASE_TLS);
	rc = get_settings(session);
	if (rc != SMTPC_OK)
		return rc;
	rc = tls_wrap(session->tls, channel->stream, host, &tls);
	if (rc != SMTPC_OK)
		return engine_break(session, rc, NULL,
				    "TLS: it could not be set up");
	(void)channel_detach(channel);
	channel_attach(channel, tls, true);
	return SMTPC_AGAIN;
}

/* The first problem, in words. */
static const char *
problem_text(uint32_t problems)
{
	uint32_t flag = 1;

	while (flag != 0 && !(problems & flag))
		flag <<= 1;
	return smtpc_certificate_problem_text(flag);
}

int
handshake_end(struct smtpc_session *session, int rc)
{
	const struct stream *stream = session->channel.stream;

	if (rc == SMTPC_E_TIMEOUT)
		return engine_break(session, rc, NULL,
				    "TLS: the handshake timed out");
	if (rc != SMTPC_OK)
		return engine_lost(session, rc, &stream->fault);
	session->tls_is_up = true;
	if (tls_verify(stream, &session->problems) != SMTPC_OK)
		return engine_break(session, SMTPC_E_TLS, "no-verification",
				    "TLS: the certificate could not be "
				    "verified at all");
	trace_note(&session->trace, "%s, %s", tls_version(stream),
		   tls_cipher(stream));
	if (session->problems == 0) {
		session->trust = SMTPC_TRUST_VERIFIED;
		return SMTPC_OK;
	}
	session->state = SMTPC_STATE_UNTRUSTED;
	return engine_fail(session, SMTPC_E_CERTIFICATE, "certificate",
			   "the certificate of %s is not to be trusted: %s",
			   session->host, problem_text(session->problems));
}

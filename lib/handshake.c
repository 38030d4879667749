/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The TLS handshake and the verdict on the server's certificate, for the
 * operations in which they happen.
 */
#include "engine.h"

#include <assert.h>

#include "mem.h"

/* The name that a certificate must have for a server without one. */
static const char local_name[] = "localhost";

int
handshake_prepare(struct smtpc_session *session)
{
	char *message = NULL;
	int rc = SMTPC_OK;

	if (session->tls == NULL)
		rc = smtpc_tls_new(&session->tls);
	if (rc == SMTPC_OK)
		rc = tls_freeze(session->tls, &message);
	if (rc != SMTPC_OK)
		engine_fail(session, rc, "tls-settings", "TLS: %s",
			    message != NULL ? message : smtpc_strerror(rc));
	mem_free(message);
	return rc;
}

/* The name that the certificate must have. */
static const char *
name_to_verify(const struct smtpc_session *session)
{
	if (session->tls_verify_name != NULL)
		return session->tls_verify_name;
	return session->port != 0 ? session->host : local_name;
}

/*
 * TLS sessions may be resumed between connections that are alike in all of
 * this, so that no decision of one caller serves another.
 */
static char *
resumption_key(const struct smtpc_session *session, const char *name)
{
	const struct trust_rules *rules = &session->trust_rules;

	return mem_format("%s %d %s %x %s", session->host, session->port, name,
			  (unsigned int)rules->exceptions,
			  rules->pins != NULL ? rules->pins : "");
}

int
handshake_begin(struct smtpc_session *session)
{
	struct channel *channel = &session->channel;
	const char *name = name_to_verify(session);
	struct stream *tls;
	char *key;
	int rc;

	engine_set_phase(session, SMTPC_PHASE_TLS);
	assert(session->tls != NULL);
	key = resumption_key(session, name);
	rc = tls_wrap(session->tls, channel->stream, name, key, &tls);
	mem_free(key);
	if (rc != SMTPC_OK)
		return engine_break(session, rc, NULL,
				    "TLS: it could not be set up");
	(void)channel_detach(channel);
	channel_attach(channel, tls, true);
	return SMTPC_AGAIN;
}

/* All problems, in words; memory of its own, or NULL. */
static char *
problems_text(uint32_t problems)
{
	char *text = mem_copy_text("");
	char *longer;
	uint32_t flag;

	for (flag = 1; text != NULL && flag <= problems; flag <<= 1) {
		if (!(problems & flag))
			continue;
		longer = mem_format("%s%s%s", text, *text != '\0' ? "; " : "",
				    smtpc_certificate_problem_text(flag));
		mem_free(text);
		text = longer;
	}
	return text;
}

const char *
handshake_detail(uint32_t problems)
{
	return problems & SMTPC_CERTIFICATE_PIN_MISMATCH ? "pin-mismatch"
							 : "certificate";
}

static int
not_trusted(struct smtpc_session *session, uint32_t left)
{
	char *text = problems_text(left);

	session->state = SMTPC_STATE_UNTRUSTED;
	/* For whoever asks after the connection has ended. */
	if (session->chain == NULL)
		session->chain = tls_chain_load(session->channel.stream);
	engine_fail(session, SMTPC_E_CERTIFICATE, handshake_detail(left),
		    "the certificate of %s is not to be trusted: %s",
		    name_to_verify(session), text != NULL ? text : "");
	mem_free(text);
	return SMTPC_E_CERTIFICATE;
}

int
handshake_end(struct smtpc_session *session, int rc)
{
	struct stream *stream = session->channel.stream;
	char key_sha256[TLS_DIGEST_TEXT] = "";
	bool has_pins = session->trust_rules.pins != NULL;
	uint32_t left;

	if (rc == SMTPC_E_TIMEOUT)
		return engine_break(session, rc, NULL,
				    "TLS: the handshake timed out");
	if (rc != SMTPC_OK)
		return engine_lost(session, rc, &stream->fault);
	session->tls_is_up = true;
	rc = tls_verify(stream, &session->problems,
			has_pins ? key_sha256 : NULL);
	if (rc == SMTPC_E_NOMEM)
		return engine_break(session, rc, NULL, "out of memory");
	if (rc != SMTPC_OK)
		return engine_break(session, SMTPC_E_TLS, "no-verification",
				    "TLS: the certificate could not be "
				    "verified at all");
	trace_note(&session->trace, "%s, %s%s", tls_version(stream),
		   tls_cipher(stream),
		   tls_is_resumed(stream) ? ", resumed" : "");
	session->trust = trust_judge(&session->trust_rules, key_sha256,
				     &session->problems, &left);
	if (session->trust == SMTPC_TRUST_NONE)
		return not_trusted(session, left);
	if (session->trust != SMTPC_TRUST_EXCEPTED)
		tls_keep(stream);
	return SMTPC_OK;
}

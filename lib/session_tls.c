/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session's settings for TLS.
 */
#include "engine.h"
#include "idna.h"
#include "mailbox.h"
#include "mem.h"
#include "session.h"

/* A connection has these from its beginning to its end. */
static int
may_set_disconnected(const struct smtpc_session *session)
{
	int rc = session_may_set(session);

	if (rc != SMTPC_OK)
		return rc;
	return session->state == SMTPC_STATE_DISCONNECTED ||
		       session->state == SMTPC_STATE_DEAD
		   ? SMTPC_OK
		   : SMTPC_E_STATE;
}

int
smtpc_session_set_tls_mode(smtpc_session *session, int mode)
{
	int rc = may_set_disconnected(session);

	if (rc != SMTPC_OK)
		return rc;
	if (mode < SMTPC_TLS_AUTO || mode > SMTPC_TLS_NONE)
		return SMTPC_E_INVALID;
	session->tls_mode = mode;
	return SMTPC_OK;
}

int
smtpc_session_set_tls(smtpc_session *session, smtpc_tls *tls)
{
	int rc = may_set_disconnected(session);

	if (rc != SMTPC_OK)
		return rc;
	if (tls == NULL)
		return SMTPC_E_INVALID;
	rc = tls_freeze(tls, NULL);
	if (rc != SMTPC_OK)
		return rc;
	tls_hold(tls);
	smtpc_tls_free(session->tls);
	session->tls = tls;
	return SMTPC_OK;
}

int
smtpc_session_set_tls_verify_name(smtpc_session *session, const char *name)
{
	int rc = may_set_disconnected(session);
	char *ascii = NULL;

	if (rc != SMTPC_OK)
		return rc;
	if (name != NULL) {
		rc = idna_to_ascii(name, &ascii);
		if (rc != SMTPC_OK)
			return rc;
		if (mailbox_host_problem(ascii) != NULL) {
			mem_free(ascii);
			return SMTPC_E_INVALID;
		}
	}
	mem_free(session->tls_verify_name);
	session->tls_verify_name = ascii;
	return SMTPC_OK;
}

int
smtpc_session_set_tls_exceptions(smtpc_session *session, uint32_t problems)
{
	int rc = may_set_disconnected(session);

	if (rc != SMTPC_OK)
		return rc;
	return trust_set_exceptions(&session->trust_rules, problems);
}

int
smtpc_session_add_tls_pin(smtpc_session *session, const char *spki_sha256)
{
	int rc = may_set_disconnected(session);

	if (rc != SMTPC_OK)
		return rc;
	return trust_add_pin(&session->trust_rules, spki_sha256);
}

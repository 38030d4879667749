/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session's settings for sending.
 */
#include "engine.h"
#include "session.h"

int
smtpc_session_set_protocol(smtpc_session *session, int protocol)
{
	int rc = session_may_set(session);

	if (rc != SMTPC_OK)
		return rc;
	if (protocol != SMTPC_PROTOCOL_SMTP && protocol != SMTPC_PROTOCOL_LMTP)
		return SMTPC_E_INVALID;
	if (session->state != SMTPC_STATE_DISCONNECTED &&
	    session->state != SMTPC_STATE_DEAD)
		return SMTPC_E_STATE;
	session->protocol = protocol;
	return SMTPC_OK;
}

int
smtpc_session_set_pipelining(smtpc_session *session, int level)
{
	int rc = session_may_set(session);

	if (rc != SMTPC_OK)
		return rc;
	if (level < SMTPC_PIPELINING_OFF || level > SMTPC_PIPELINING_STREAM)
		return SMTPC_E_INVALID;
	session->pipelining = level;
	return SMTPC_OK;
}

int
smtpc_session_set_chunking(smtpc_session *session, int on)
{
	int rc = session_may_set(session);

	if (rc != SMTPC_OK)
		return rc;
	session->chunking = on != 0;
	session->chunking_is_broken = false;
	return SMTPC_OK;
}

int
smtpc_session_set_chunk_threshold(smtpc_session *session, int64_t octets)
{
	int rc = session_may_set(session);

	if (rc != SMTPC_OK)
		return rc;
	if (octets < 0)
		return SMTPC_E_INVALID;
	session->chunk_threshold = octets;
	return SMTPC_OK;
}

int
smtpc_session_set_window(smtpc_session *session, int64_t octets,
			 size_t transactions)
{
	int rc = session_may_set(session);

	if (rc != SMTPC_OK)
		return rc;
	if (octets < 1 || transactions < 1)
		return SMTPC_E_INVALID;
	session->pipeline.window_octets = octets;
	session->pipeline.window_count = transactions;
	return SMTPC_OK;
}

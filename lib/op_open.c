/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * smtpc_open() climbs a ladder of other operations: this says which comes next.
 */
#include "engine.h"

static int
next_rung(struct smtpc_session *session, const struct operation **ret_next)
{
	*ret_next = NULL;
	switch (session->state) {
	case SMTPC_STATE_UNTRUSTED:
		return engine_fail(session, SMTPC_E_CERTIFICATE,
				   handshake_detail(session->problems),
				   "the certificate of %s is still to be "
				   "accepted",
				   session->host);
	case SMTPC_STATE_CONNECTED:
		*ret_next = &op_ehlo;
		return SMTPC_OK;
	case SMTPC_STATE_READY:
		break;
	default:
		*ret_next = &op_connect;
		return SMTPC_OK;
	}
	if (policy_wants_starttls(session)) {
		session->phase = SMTPC_PHASE_STARTTLS;
		if (!engine_offers(session, EXTENSION_STARTTLS))
			return policy_check(session);
		*ret_next = &op_starttls;
	} else if (session->mechanism == NULL && auth_is_possible(session)) {
		*ret_next = &op_auth;
	}
	return SMTPC_OK;
}

/*
 * A session that is connected already, by whatever step, is carried on with;
 * that it is to the same server was seen to when the first one was named.
 */
int
open_begin(struct smtpc_session *session, const struct endpoint *endpoint)
{
	const struct operation *first;
	int rc;

	failure_clear(&session->error);
	session->phase = SMTPC_PHASE_CONNECT;
	rc = connect_check(session, endpoint);
	if (rc == SMTPC_OK)
		rc = next_rung(session, &first);
	if (rc != SMTPC_OK)
		return rc;
	/* Nothing remains, but that the connection may be lost by now. */
	if (first == NULL)
		return engine_process(session);
	session->next = next_rung;
	return engine_begin(session, first, endpoint);
}

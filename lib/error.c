/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why the last step failed, for the caller to read.
 */
#include "engine.h"

int
smtpc_error_result(const smtpc_session *session)
{
	return session != NULL ? session->error.result : SMTPC_E_INVALID;
}

const char *
smtpc_error_detail(const smtpc_session *session)
{
	if (session == NULL || session->error.detail == NULL)
		return "";
	return session->error.detail;
}

const char *
smtpc_error_message(const smtpc_session *session)
{
	if (session == NULL)
		return "no session";
	if (session->error.message != NULL)
		return session->error.message;
	return session->error.result != SMTPC_OK
		   ? smtpc_strerror(session->error.result)
		   : "";
}

int
smtpc_error_phase(const smtpc_session *session)
{
	return session != NULL ? session->error.phase : SMTPC_PHASE_NONE;
}

int
smtpc_error_errno(const smtpc_session *session)
{
	return session != NULL ? session->error.system_error : 0;
}

int
smtpc_error_tls(const smtpc_session *session)
{
	return session != NULL ? session->error.tls_error : 0;
}

const smtpc_reply *
smtpc_error_reply(const smtpc_session *session)
{
	return session != NULL ? session->error.reply : NULL;
}

/*
 * Whoever has, or may have, the message makes the result positive; but a stream
 * of messages has one result for all.
 */
int
smtpc_error_safe_to_retry(const smtpc_session *session)
{
	return session != NULL && session->error.result < 0 &&
	       !session->pipeline.has_doubts;
}

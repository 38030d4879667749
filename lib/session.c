/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session's life, and its settings but for those of TLS and AUTH.
 */
#include "session.h"

#include <string.h>

#include "challenge.h"
#include "command.h"
#include "engine.h"
#include "mailbox.h"
#include "mem.h"

/* Enough for one mechanism that the server can't really do. */
#define AUTH_ATTEMPTS_DEFAULT 2
/* What of content is sent before an answer, and how much at once. */
#define CHUNK_THRESHOLD_DEFAULT 65536
#define WINDOW_OCTETS_DEFAULT	131072
#define WINDOW_COUNT_DEFAULT	100

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)

/* RFC 5321, section 4.5.3.2, where it says anything. */
static const int64_t default_timeouts[PHASE_COUNT] = {
	[SMTPC_PHASE_NONE] = SMTPC_FOREVER,
	[SMTPC_PHASE_RESOLVE] = 30 * SECOND,
	[SMTPC_PHASE_CONNECT] = 30 * SECOND,
	[SMTPC_PHASE_TLS] = MINUTE,
	[SMTPC_PHASE_GREETING] = 5 * MINUTE,
	[SMTPC_PHASE_EHLO] = 5 * MINUTE,
	[SMTPC_PHASE_STARTTLS] = 5 * MINUTE,
	[SMTPC_PHASE_AUTH] = 5 * MINUTE,
	[SMTPC_PHASE_MAIL] = 5 * MINUTE,
	[SMTPC_PHASE_RCPT] = 5 * MINUTE,
	[SMTPC_PHASE_DATA] = 2 * MINUTE,
	[SMTPC_PHASE_CONTENT] = 3 * MINUTE,
	[SMTPC_PHASE_END_OF_DATA] = 10 * MINUTE,
	[SMTPC_PHASE_RSET] = 5 * MINUTE,
	[SMTPC_PHASE_NOOP] = 5 * MINUTE,
	[SMTPC_PHASE_COMMAND] = 5 * MINUTE,
	[SMTPC_PHASE_QUIT] = 5 * SECOND,
	[SMTPC_PHASE_IDLE] = SMTPC_FOREVER,
};

int
smtpc_session_new(smtpc_session **ret_session)
{
	smtpc_session *session;

	if (ret_session == NULL)
		return SMTPC_E_INVALID;
	session = mem_zalloc(sizeof(*session));
	if (session == NULL)
		return SMTPC_E_NOMEM;
	interrupt_init(&session->interrupt);
	session->blocking = true;
	session->helper_thread = true;
	session->pipelining = SMTPC_PIPELINING_SAFE;
	session->chunk_threshold = CHUNK_THRESHOLD_DEFAULT;
	session->pipeline.window_octets = WINDOW_OCTETS_DEFAULT;
	session->pipeline.window_count = WINDOW_COUNT_DEFAULT;
	session->operation_timeout = SMTPC_FOREVER;
	session->phase = SMTPC_PHASE_NONE;
	session->auth.attempts_max = AUTH_ATTEMPTS_DEFAULT;
	session->auth.iterations_min = CHALLENGE_ITERATIONS_MIN;
	buffer_init(&session->challenge, COMMAND_AUTH_MAX);
	memcpy(session->timeouts, default_timeouts, sizeof(default_timeouts));
	trace_init(&session->trace);
	channel_init(&session->channel);
	reply_parser_init(&session->parser);
	*ret_session = session;
	return SMTPC_OK;
}

void
smtpc_session_free(smtpc_session *session)
{
	if (session == NULL || engine_in_callback(session))
		return;
	engine_close(session, SMTPC_E_CANCELLED);
	/* Their fates are known now, and stay readable. */
	while (session->pipeline.oldest != NULL)
		pipeline_remove(session, session->pipeline.oldest);
	extension_free(&session->extensions);
	reply_release(session->greeting);
	reply_release(session->reply);
	tls_chain_free(session->chain);
	smtpc_tls_free(session->tls);
	trust_clear(&session->trust_rules);
	mem_free(session->tls_verify_name);
	credentials_clear(&session->auth.credentials);
	failure_clear(&session->error);
	mem_free(session->local_literal);
	mem_free(session->peer_address);
	mem_free(session->client_domain);
	mem_free(session->auth.mechanisms);
	attempts_clear(&session->attempts);
	buffer_clear(&session->challenge);
	mem_free(session->host);
	interrupt_end(&session->interrupt);
	mem_free(session);
}

int
session_may_set(const struct smtpc_session *session)
{
	if (session == NULL)
		return SMTPC_E_INVALID;
	if (session->operation != NULL || engine_in_callback(session))
		return SMTPC_E_BUSY;
	return SMTPC_OK;
}

int
smtpc_session_set_blocking(smtpc_session *session, int on)
{
	int rc = session_may_set(session);

	if (rc == SMTPC_OK)
		session->blocking = on != 0;
	return rc;
}

int
smtpc_session_set_timeout(smtpc_session *session, int phase,
			  int64_t milliseconds)
{
	int rc = session_may_set(session);

	if (rc != SMTPC_OK)
		return rc;
	if (phase <= SMTPC_PHASE_NONE || phase >= SMTPC_PHASE_IDLE ||
	    milliseconds < SMTPC_FOREVER)
		return SMTPC_E_INVALID;
	session->timeouts[phase] = milliseconds;
	return SMTPC_OK;
}

int
smtpc_session_set_operation_timeout(smtpc_session *session,
				    int64_t milliseconds)
{
	int rc = session_may_set(session);

	if (rc != SMTPC_OK)
		return rc;
	if (milliseconds < SMTPC_FOREVER)
		return SMTPC_E_INVALID;
	session->operation_timeout = milliseconds;
	return SMTPC_OK;
}

int
session_set_text(char **place, const char *text)
{
	char *copy = NULL;

	if (text != NULL) {
		copy = mem_copy_text(text);
		if (copy == NULL)
			return SMTPC_E_NOMEM;
	}
	mem_free(*place);
	*place = copy;
	return SMTPC_OK;
}

int
smtpc_session_set_client_domain(smtpc_session *session, const char *domain)
{
	int rc = session_may_set(session);

	if (rc != SMTPC_OK)
		return rc;
	if (domain != NULL && mailbox_client_domain_problem(domain) != NULL)
		return SMTPC_E_INVALID;
	return session_set_text(&session->client_domain, domain);
}

int
smtpc_session_set_helper_thread(smtpc_session *session, int on)
{
	int rc = session_may_set(session);

	if (rc == SMTPC_OK)
		session->helper_thread = on != 0;
	return rc;
}

int
smtpc_session_disable_extension(smtpc_session *session, const char *keyword)
{
	int rc = session_may_set(session);

	if (rc != SMTPC_OK)
		return rc;
	if (keyword == NULL)
		return SMTPC_E_INVALID;
	return extension_disable(&session->extensions, keyword);
}

int
smtpc_session_set_userdata(smtpc_session *session, void *userdata)
{
	if (session == NULL)
		return SMTPC_E_INVALID;
	session->userdata = userdata;
	return SMTPC_OK;
}

void *
smtpc_session_userdata(const smtpc_session *session)
{
	return session != NULL ? session->userdata : NULL;
}

int
smtpc_session_set_trace(smtpc_session *session, smtpc_trace_fn function,
			void *userdata)
{
	int rc = session_may_set(session);

	if (rc != SMTPC_OK)
		return rc;
	session->trace.function = function;
	session->trace.userdata = userdata;
	return SMTPC_OK;
}

int
smtpc_session_set_trace_fd(smtpc_session *session, int fd)
{
	int rc = session_may_set(session);

	if (rc != SMTPC_OK)
		return rc;
	if (fd < -1)
		return SMTPC_E_INVALID;
	session->trace.fd = fd;
	return SMTPC_OK;
}

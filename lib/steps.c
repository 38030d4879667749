/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The steps: each begins an operation and, in a blocking session, waits until
 * it is done.
 */
#include "steps.h"

#include <errno.h>

#include "engine.h"
#include "send.h"
#include "socket.h"
#include "system_error.h"
#include "wait.h"

static const char no_host[] = "there is no host, or its port is 0";
static const char no_path[] = "there is no path";
static const char no_transaction[] = "there is no transaction";

/* What every step asks first. */
static int
may_step(const struct smtpc_session *session)
{
	if (session == NULL)
		return SMTPC_E_INVALID;
	if (session->operation != NULL || session->pipeline.count > 0 ||
	    engine_in_callback(session))
		return SMTPC_E_BUSY;
	return SMTPC_OK;
}

/* The same, and whether its arguments are good; else why not, in words. */
static int
may_step_with(struct smtpc_session *session, bool good, const char *problem)
{
	int rc = may_step(session);

	if (rc != SMTPC_OK || good)
		return rc;
	failure_clear(&session->error);
	session->phase = SMTPC_PHASE_NONE;
	return engine_fail(session, SMTPC_E_INVALID, "argument", "%s", problem);
}

/* A step that is one operation. */
static int
run(struct smtpc_session *session, const struct operation *operation,
    const void *argument)
{
	int rc = may_step(session);

	if (rc != SMTPC_OK)
		return rc;
	rc = engine_begin(session, operation, argument);
	return wait_until_done(session, rc);
}

int
smtpc_connect(smtpc_session *session, const char *host, int port)
{
	struct endpoint endpoint = { host, port, NULL };
	/* Port 0 is a UNIX socket inside, and nothing outside. */
	bool good = host != NULL && port != 0;
	int rc = may_step_with(session, good, no_host);

	return rc == SMTPC_OK ? run(session, &op_connect, &endpoint) : rc;
}

int
smtpc_connect_unix(smtpc_session *session, const char *path)
{
	struct endpoint endpoint = { path, 0, NULL };
	int rc = may_step_with(session, path != NULL, no_path);

	return rc == SMTPC_OK ? run(session, &op_connect, &endpoint) : rc;
}

int
steps_attach(smtpc_session *session, struct stream *stream, const char *host,
	     int port)
{
	struct endpoint endpoint = { host, port, &stream };
	int rc = run(session, &op_connect, &endpoint);

	if (stream != NULL)
		stream->operations->free(stream);
	return rc;
}

static int
attach_failed(struct smtpc_session *session, int rc, int system_error)
{
	failure_clear(&session->error);
	session->phase = SMTPC_PHASE_CONNECT;
	engine_fail(session, rc, NULL, "the socket can't be taken over: %s",
		    rc == SMTPC_E_SYSTEM ? system_error_text(system_error)
					 : smtpc_strerror(rc));
	session->error.system_error = rc == SMTPC_E_SYSTEM ? system_error : 0;
	return rc;
}

int
smtpc_attach(smtpc_session *session, int fd, const char *host, int port)
{
	struct stream *stream;
	bool good = host != NULL && port != 0;
	int rc = may_step_with(session, good, no_host);

	if (rc != SMTPC_OK)
		return rc;
	rc = socket_attach(fd, &stream);
	if (rc == SMTPC_E_INVALID)
		return may_step_with(session, false,
				     "the descriptor is no stream socket");
	if (rc != SMTPC_OK)
		return attach_failed(session, rc, errno);
	rc = steps_attach(session, stream, host, port);
	if (rc >= 0)
		socket_close(fd);
	return rc;
}

int
smtpc_ehlo(smtpc_session *session)
{
	return run(session, &op_ehlo, NULL);
}

int
smtpc_starttls(smtpc_session *session)
{
	return run(session, &op_starttls, NULL);
}

int
smtpc_accept_certificate(smtpc_session *session)
{
	return run(session, &op_accept, NULL);
}

int
smtpc_auth(smtpc_session *session)
{
	return run(session, &op_auth, NULL);
}

int
smtpc_rset(smtpc_session *session)
{
	return run(session, &op_rset, NULL);
}

int
smtpc_noop(smtpc_session *session)
{
	return run(session, &op_noop, NULL);
}

int
smtpc_command(smtpc_session *session, const char *verb, const char *argument)
{
	struct command_line line = { verb, argument };
	int rc = may_step_with(session, verb != NULL, "there is no verb");

	return rc == SMTPC_OK ? run(session, &op_command, &line) : rc;
}

/*
 * Hand a transaction over: SMTPC_AGAIN, or why that can't be.  Nobody gets it
 * then.
 */
static int
submit(struct smtpc_session *session, struct smtpc_transaction *transaction,
       bool is_alone)
{
	int rc;

	if (transaction->session != NULL)
		return SMTPC_E_BUSY;
	/* From here on no callback can change or free it. */
	transaction->session = session;
	transaction->is_alone = is_alone;
	if (session->operation == NULL) {
		rc = engine_begin(session, &op_send, transaction);
	} else {
		failure_clear(&session->error);
		rc = send_submit(session, transaction);
		engine_set_aside(session);
	}
	if (transaction->stage != STAGE_NONE || transaction->session == NULL)
		return rc;
	transaction->session = NULL;
	outcome_not_begun(transaction, &session->error);
	return rc;
}

int
smtpc_send(smtpc_session *session, smtpc_transaction *transaction)
{
	int rc = may_step_with(session, transaction != NULL, no_transaction);

	if (rc != SMTPC_OK)
		return rc;
	rc = submit(session, transaction, true);
	return wait_until_done(session, rc);
}

/*
 * Whether a stream goes on, or another may begin: no other operation is in
 * progress, nor is there one transaction that is sent by itself.
 */
static int
may_stream(const struct smtpc_session *session)
{
	if (session == NULL)
		return SMTPC_E_INVALID;
	if (engine_in_callback(session) ||
	    (session->operation != NULL && session->pipeline.count == 0) ||
	    (session->pipeline.count > 0 && session->pipeline.oldest->is_alone))
		return SMTPC_E_BUSY;
	return SMTPC_OK;
}

/* Whether nothing goes out behind what is in progress. */
static bool
is_quitting(const struct smtpc_session *session)
{
	return session->pipeline.is_closing || session->operation == &op_quit;
}

static bool
has_room(const struct smtpc_session *session)
{
	return !pipeline_is_full(session);
}

int
smtpc_submit(smtpc_session *session, smtpc_transaction *transaction)
{
	int rc = may_stream(session);

	if (rc != SMTPC_OK || transaction == NULL)
		return rc != SMTPC_OK ? rc : SMTPC_E_INVALID;
	if (transaction->session != NULL || is_quitting(session))
		return SMTPC_E_BUSY;
	if (pipeline_is_full(session)) {
		if (!session->blocking)
			return SMTPC_FULL;
		wait_until(session, has_room);
	}
	rc = submit(session, transaction, false);
	/* What comes of it now is its fate, and no longer ours to tell. */
	return transaction->session != NULL ? SMTPC_OK : rc;
}

int
smtpc_collect(smtpc_session *session, smtpc_transaction **ret_transaction)
{
	int rc = may_stream(session);

	if (rc != SMTPC_OK)
		return rc;
	if (ret_transaction == NULL)
		return SMTPC_E_INVALID;
	if (session->pipeline.count == 0)
		return SMTPC_E_STATE;
	if (session->blocking)
		wait_until(session, pipeline_can_take);
	if (!pipeline_can_take(session))
		return SMTPC_AGAIN;
	*ret_transaction = pipeline_take(session);
	return SMTPC_OK;
}

size_t
smtpc_session_outstanding(const smtpc_session *session)
{
	return session != NULL ? session->pipeline.count : 0;
}

/* QUIT behind those that are under way, where they need not be waited for. */
static int
quit_behind(struct smtpc_session *session)
{
	int rc = may_stream(session);

	if (rc != SMTPC_OK)
		return rc;
	if (session->pipelining != SMTPC_PIPELINING_STREAM ||
	    is_quitting(session))
		return SMTPC_E_BUSY;
	if (session->operation == NULL) {
		rc = engine_begin(session, &op_quit, NULL);
	} else {
		session->pipeline.is_closing = true;
		rc = engine_process(session);
	}
	return wait_until_done(session, rc);
}

int
smtpc_quit(smtpc_session *session)
{
	int rc;

	if (smtpc_session_outstanding(session) > 0)
		return quit_behind(session);
	rc = may_step(session);
	/* Nothing may be sent to a server that is not trusted. */
	if (rc == SMTPC_OK && session->state == SMTPC_STATE_UNTRUSTED &&
	    !interrupt_is_requested(&session->interrupt))
		return smtpc_disconnect(session);
	return run(session, &op_quit, NULL);
}

int
smtpc_disconnect(smtpc_session *session)
{
	if (session == NULL)
		return SMTPC_E_INVALID;
	if (engine_in_callback(session))
		return SMTPC_E_BUSY;
	failure_clear(&session->error);
	engine_close(session, SMTPC_E_CANCELLED);
	interrupt_clear(&session->interrupt);
	return SMTPC_OK;
}

int
smtpc_cancel(smtpc_session *session)
{
	if (session == NULL)
		return SMTPC_E_INVALID;
	interrupt_request(&session->interrupt);
	return SMTPC_OK;
}

static int
open_endpoint(struct smtpc_session *session, const struct endpoint *endpoint,
	      bool good, const char *problem)
{
	int rc = may_step_with(session, good, problem);

	if (rc != SMTPC_OK)
		return rc;
	rc = open_begin(session, endpoint);
	return wait_until_done(session, rc);
}

int
smtpc_open(smtpc_session *session, const char *host, int port)
{
	struct endpoint endpoint = { host, port, NULL };

	return open_endpoint(session, &endpoint, host != NULL && port != 0,
			     no_host);
}

int
smtpc_open_unix(smtpc_session *session, const char *path)
{
	struct endpoint endpoint = { path, 0, NULL };

	return open_endpoint(session, &endpoint, path != NULL, no_path);
}

int
smtpc_process(smtpc_session *session)
{
	int rc;

	if (session == NULL)
		return SMTPC_E_INVALID;
	if (engine_in_callback(session))
		return SMTPC_E_BUSY;
	rc = engine_process(session);
	if (session->pipeline.count == 0)
		return rc;
	return pipeline_can_take(session) ? SMTPC_OK : SMTPC_AGAIN;
}

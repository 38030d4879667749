/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mail transactions, one behind the other: each has its turn to be sent, and
 * what comes back follows the queue of awaited replies.  Neither waits for the
 * other more than the protocol, and the caller, demand.
 */
#include <string.h>

#include "clock.h"
#include "command.h"
#include "send.h"

int
send_submit(struct smtpc_session *session,
	    struct smtpc_transaction *transaction)
{
	int rc = send_check(session, transaction);

	if (rc != SMTPC_OK)
		return rc;
	pipeline_add(session, transaction);
	return SMTPC_AGAIN;
}

static int
send_begin(struct smtpc_session *session, const void *argument)
{
	/* The engine hands the argument through as it came. */
	return send_submit(session, (void *)(uintptr_t)argument);
}

/* Whether it has put in all that it can for now without an answer. */
static bool
has_had_its_turn(const struct smtpc_transaction *transaction)
{
	return transaction->stage == STAGE_VERDICT ||
	       transaction->stage == STAGE_RSET ||
	       transaction->stage == STAGE_SETTLED;
}

/*
 * The one whose content is waited for: its verdict, or, with nothing left to be
 * answered, its octets.  NULL: something else is waited for.
 */
static const struct smtpc_transaction *
find_content(const struct smtpc_session *session)
{
	const struct smtpc_transaction *transaction = session->transaction;
	const struct awaited *first;

	if (!engine_is_awaiting(session))
		return transaction != NULL &&
			       transaction->stage == STAGE_CONTENT
			   ? transaction
			   : NULL;
	first = awaited_first(&session->awaited);
	return first->phase == SMTPC_PHASE_END_OF_DATA ||
		       first->phase == SMTPC_PHASE_CONTENT
		   ? first->transaction
		   : NULL;
}

/*
 * As long as content leaves, the server is alive; once all has left, it is the
 * verdict that is waited for.  While it is the source that has nothing, the
 * server is not to blame, and no time-out runs.
 */
static void
send_watch(struct smtpc_session *session)
{
	const struct smtpc_transaction *transaction = find_content(session);
	struct send_watch now;

	if (transaction == NULL)
		return;
	memset(&now, 0, sizeof(now));
	now.transaction = transaction;
	now.is_whole = content_may_be_whole(session, transaction);
	if (!now.is_whole)
		now.progress = channel_progress(&session->channel);
	now.is_paused = transaction->turn.is_paused &&
			transaction->stage == STAGE_CONTENT &&
			!channel_is_sending(&session->channel);
	if (memcmp(&now, &session->pipeline.watch, sizeof(now)) == 0)
		return;
	session->pipeline.watch = now;
	engine_set_phase(session, now.is_whole ? SMTPC_PHASE_END_OF_DATA
					       : SMTPC_PHASE_CONTENT);
	if (now.is_paused && !session->last_words)
		session->deadline = CLOCK_NEVER;
}

/* QUIT goes out behind the last one, without waiting for any verdict. */
static int
send_quit(struct smtpc_session *session)
{
	struct pipeline *pipeline = &session->pipeline;
	bool ok;

	if (!pipeline->is_closing || pipeline->has_quit ||
	    session->transaction != NULL || pipeline->queued != NULL ||
	    !send_may_pipeline(session))
		return SMTPC_AGAIN;
	pipeline->has_quit = true;
	ok = command_write(&session->channel.out, "QUIT", NULL);
	return engine_send(session, ok, NULL, SMTPC_PHASE_QUIT);
}

static int
send_fill(struct smtpc_session *session)
{
	struct smtpc_transaction *transaction;
	int rc = SMTPC_AGAIN;

	for (;;) {
		transaction = session->transaction;
		if (transaction == NULL)
			transaction = pipeline_next(session);
		if (transaction == NULL)
			break;
		rc = envelope_send(session, transaction);
		if (rc == SMTPC_AGAIN && transaction->stage == STAGE_CONTENT)
			rc = content_send(session, transaction);
		if (rc == SMTPC_AGAIN && transaction->stage == STAGE_FAILED &&
		    transaction == pipeline_open(session))
			rc = content_close(session, transaction);
		if (rc != SMTPC_AGAIN || !has_had_its_turn(transaction))
			break;
		session->transaction = NULL;
	}
	if (rc == SMTPC_AGAIN)
		rc = send_quit(session);
	/* What was there to be sent may have been withdrawn. */
	return rc == SMTPC_AGAIN ? pipeline_result(session) : rc;
}

bool
send_is_odd(const struct smtpc_reply *reply)
{
	int second = reply->code / 10 % 10;

	return reply_class(reply) == 3 ||
	       (reply_class(reply) == 2 && second >= 1 && second <= 3);
}

int
send_unexpected(struct smtpc_session *session, const struct smtpc_reply *reply)
{
	return engine_break(session, SMTPC_E_PROTOCOL, "reply-code",
			    "%s is answered with code %d",
			    smtpc_phase_name(session->phase), reply->code);
}

static int
send_reply(struct smtpc_session *session, const struct awaited *awaited,
	   struct smtpc_reply *reply)
{
	switch (awaited->phase) {
	case SMTPC_PHASE_CONTENT:
	case SMTPC_PHASE_END_OF_DATA:
		return content_reply(session, awaited, reply);
	case SMTPC_PHASE_QUIT:
		return SMTPC_OK;
	default:
		return envelope_reply(session, awaited, reply);
	}
}

/* Whatever is still open is settled by how it ended. */
static int
send_end(struct smtpc_session *session, int rc)
{
	struct pipeline *pipeline = &session->pipeline;
	bool has_quit = pipeline->has_quit && pipeline->open == NULL;
	struct smtpc_transaction *transaction;

	while ((transaction = pipeline_open(session)) != NULL)
		pipeline_settle(session, transaction, &session->error);
	pipeline->is_closing = pipeline->has_quit = false;
	if (has_quit)
		return quit_end(session, rc);
	transaction = pipeline->oldest;
	if (transaction == NULL || !transaction->is_alone)
		return rc;
	pipeline_take(session);
	failure_copy(&session->error, &transaction->failure);
	return transaction->result;
}

static int
send_waits_for(const struct smtpc_session *session)
{
	const struct smtpc_transaction *transaction = session->transaction;

	if (transaction == NULL || transaction->stage != STAGE_CONTENT ||
	    !transaction->turn.is_paused)
		return -1;
	return source_waits_for(&transaction->source);
}

const struct operation op_send = {
	.phase = SMTPC_PHASE_MAIL,
	.states = IN(SMTPC_STATE_READY),
	.after_rest = true,
	.begin = send_begin,
	.fill = send_fill,
	.watch = send_watch,
	.reply = send_reply,
	.end = send_end,
	.waits_for = send_waits_for,
};

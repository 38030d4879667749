/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The transactions that a session has been given, from the first that was
 * submitted to the last: settled ones, which wait to be collected; those under
 * way; and those that have to wait for their turn.
 */
#include <assert.h>
#include <string.h>

#include "clock.h"
#include "send.h"

void
pipeline_add(struct smtpc_session *session,
	     struct smtpc_transaction *transaction)
{
	struct pipeline *pipeline = &session->pipeline;

	transaction->session = session;
	transaction->younger = NULL;
	transaction->stage = STAGE_QUEUED;
	if (pipeline->youngest != NULL)
		pipeline->youngest->younger = transaction;
	else
		pipeline->oldest = transaction;
	pipeline->youngest = transaction;
	if (pipeline->open == NULL)
		pipeline->open = transaction;
	if (pipeline->queued == NULL)
		pipeline->queued = transaction;
	pipeline->count++;
	pipeline->open_count++;
	if (pipeline->open_count >= pipeline->window_count)
		pipeline->is_full = true;
}

/* One less is under way; a pipeline that was full has to be half empty. */
static void
count_down(struct pipeline *pipeline)
{
	pipeline->open_count--;
	if (pipeline->open_count <= pipeline->window_count / 2)
		pipeline->is_full = false;
}

bool
pipeline_is_full(const struct smtpc_session *session)
{
	return session->pipeline.is_full;
}

struct smtpc_transaction *
pipeline_open(const struct smtpc_session *session)
{
	return session->pipeline.open;
}

static void
begin(struct smtpc_session *session, struct smtpc_transaction *transaction)
{
	struct pipeline *pipeline = &session->pipeline;
	struct turn *turn = &transaction->turn;

	outcome_begin(transaction);
	turn->uses_bdat = transaction->needs_bdat ||
			  (session->chunking && !session->chunking_is_broken &&
			   engine_offers(session, EXTENSION_CHUNKING));
	turn->wants_rset =
	    pipeline->last_used_bdat && transaction != pipeline->open;
	turn->begun_at = session->channel.put;
	pipeline->last_used_bdat = turn->uses_bdat;
	pipeline->queued = transaction->younger;
	transaction->stage = STAGE_MAIL;
	session->transaction = transaction;
}

/*
 * A window that was full is filled again only when half of it is empty, so that
 * messages leave in batches.
 */
static bool
has_room(struct smtpc_session *session)
{
	struct pipeline *pipeline = &session->pipeline;
	uint64_t window = (uint64_t)pipeline->window_octets;
	uint64_t under_way = 0;

	if (pipeline->open->stage != STAGE_QUEUED)
		under_way =
		    session->channel.put - pipeline->open->turn.begun_at;
	if (pipeline->is_throttled)
		window /= 2;
	pipeline->is_throttled = under_way >= window && under_way > 0;
	return !pipeline->is_throttled;
}

/* Whether the next one may be sent before the verdict on those before it. */
static bool
may_follow(struct smtpc_session *session)
{
	return send_is_streaming(session) && send_may_pipeline(session) &&
	       has_room(session);
}

struct smtpc_transaction *
pipeline_next(struct smtpc_session *session)
{
	struct pipeline *pipeline = &session->pipeline;
	struct failure why = { 0 };
	bool is_beyond = false;

	/* Those that the server would not take have their turn, too. */
	while (pipeline->queued != NULL) {
		is_beyond = send_check_count(session, &why) != SMTPC_OK;
		if (!is_beyond || pipeline->queued != pipeline->open)
			break;
		pipeline_settle(session, pipeline->open, &why);
	}
	failure_clear(&why);
	if (pipeline->queued == NULL || is_beyond ||
	    (pipeline->queued != pipeline->open && !may_follow(session)))
		return NULL;
	begin(session, pipeline->queued);
	return session->transaction;
}

/* What is to be said about a message that some have, or may have. */
static void
describe_fate(struct smtpc_transaction *transaction)
{
	struct failure *failure = &transaction->failure;
	struct failure cause = *failure;

	if (transaction->result < 0)
		return;
	memset(failure, 0, sizeof(*failure));
	if (transaction->result == SMTPC_IN_DOUBT) {
		failure_set(failure, SMTPC_IN_DOUBT, cause.phase, cause.detail,
			    "the message was handed over whole, but no "
			    "verdict was read, so it may have been delivered: "
			    "%s",
			    cause.message != NULL ? cause.message : "");
		failure->system_error = cause.system_error;
		failure->tls_error = cause.tls_error;
		reply_keep(&failure->reply, cause.reply);
	} else if (transaction->result == SMTPC_PARTIAL) {
		envelope_fail_by_recipient(transaction);
		/* Nobody was refused: then a limit was told beforehand. */
		if (failure->message == NULL)
			failure_set(failure, SMTPC_PARTIAL, SMTPC_PHASE_RCPT,
				    "recipients",
				    "the server does not take that many "
				    "recipients at a time: the others are for "
				    "another transaction");
		failure->result = SMTPC_PARTIAL;
	}
	failure_clear(&cause);
}

/* The fate of one that has had its turn. */
static void
settle_begun(struct smtpc_session *session,
	     struct smtpc_transaction *transaction, const struct failure *why)
{
	if (content_may_be_whole(session, transaction))
		outcome_in_doubt(transaction);
	transaction->octets_sent = send_octets(transaction);
	source_end(&transaction->source);
	/* What failed first is why; what failed in its wake is not. */
	if (transaction->failure.result == SMTPC_OK && why->result < 0)
		failure_copy(&transaction->failure, why);
	outcome_settle(transaction, transaction->failure.result);
	describe_fate(transaction);
}

void
pipeline_settle(struct smtpc_session *session,
		struct smtpc_transaction *transaction,
		const struct failure *why)
{
	struct pipeline *pipeline = &session->pipeline;

	/* Those that come before it were settled before it. */
	assert(transaction == pipeline->open);
	if (transaction->stage == STAGE_QUEUED)
		outcome_not_begun(transaction, why);
	else
		settle_begun(session, transaction, why);
	transaction->stage = STAGE_SETTLED;
	if (transaction->result == SMTPC_IN_DOUBT)
		pipeline->has_doubts = true;
	pipeline->open = transaction->younger;
	count_down(pipeline);
	if (pipeline->queued == transaction)
		pipeline->queued = transaction->younger;
	if (session->transaction == transaction)
		session->transaction = NULL;
	/* What the timer was set for may be there again, as another. */
	memset(&pipeline->watch, 0, sizeof(pipeline->watch));
	session->operation_deadline = clock_after(session->operation_timeout);
}

int
pipeline_conclude(struct smtpc_session *session,
		  struct smtpc_transaction *transaction)
{
	pipeline_settle(session, transaction, &transaction->failure);
	return pipeline_result(session);
}

bool
pipeline_can_take(const struct smtpc_session *session)
{
	const struct smtpc_transaction *oldest = session->pipeline.oldest;

	return oldest != NULL && oldest->stage == STAGE_SETTLED;
}

int
pipeline_result(const struct smtpc_session *session)
{
	const struct pipeline *pipeline = &session->pipeline;

	return pipeline->open != NULL || pipeline->is_closing ? SMTPC_AGAIN
							      : SMTPC_OK;
}

void
pipeline_remove(struct smtpc_session *session,
		struct smtpc_transaction *transaction)
{
	struct pipeline *pipeline = &session->pipeline;
	struct smtpc_transaction **place = &pipeline->oldest;
	struct smtpc_transaction *older = NULL;

	while (*place != transaction) {
		older = *place;
		place = &older->younger;
	}
	*place = transaction->younger;
	if (pipeline->youngest == transaction)
		pipeline->youngest = older;
	if (pipeline->open == transaction)
		pipeline->open = transaction->younger;
	if (pipeline->queued == transaction)
		pipeline->queued = transaction->younger;
	pipeline->count--;
	if (transaction->stage != STAGE_SETTLED)
		count_down(pipeline);
	transaction->younger = NULL;
	transaction->session = NULL;
	transaction->stage = STAGE_NONE;
}

struct smtpc_transaction *
pipeline_take(struct smtpc_session *session)
{
	struct smtpc_transaction *transaction = session->pipeline.oldest;

	assert(transaction->stage == STAGE_SETTLED);
	pipeline_remove(session, transaction);
	return transaction;
}

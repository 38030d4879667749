/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What comes back for the content: a reply to each chunk, and the verdict.
 */
#include "send.h"

/* The refusal of the whole is the refusal of everybody who was taken. */
static void
refuse_all(struct smtpc_transaction *transaction, struct smtpc_reply *reply)
{
	reply_keep(&transaction->reply, reply);
	outcome_of_taken(transaction, outcome_refused(reply), reply);
	envelope_refused(transaction, outcome_refused_result(reply),
			 SMTPC_PHASE_END_OF_DATA, reply,
			 "the message is refused");
}

/* It may not want to read on: the rest is not sent, nor its end. */
static int
stop_sending(struct smtpc_session *session,
	     struct smtpc_transaction *transaction)
{
	const struct failure *failure = &transaction->failure;

	pipeline_settle(session, transaction, failure->result);
	return engine_break(session, failure->result, NULL, "%s",
			    failure->message != NULL
				? failure->message
				: "the message is refused");
}

/* One chunk of several; the last one brings the verdict. */
static int
chunk_reply(struct smtpc_session *session, const struct awaited *awaited,
	    struct smtpc_reply *reply)
{
	struct smtpc_transaction *transaction = awaited->transaction;
	bool is_early = channel_left(&session->channel) < awaited->position;

	if (reply_class(reply) == 3)
		return send_unexpected(session, reply);
	if (reply_class(reply) == 2 && !is_early)
		return SMTPC_AGAIN;
	if (reply_class(reply) == 2)
		return engine_break(session, SMTPC_E_PROTOCOL, "early-reply",
				    "the server accepts a chunk that it can't "
				    "have yet");
	if (transaction->turn.taken > 0)
		refuse_all(transaction, reply);
	envelope_fail_by_recipient(transaction);
	transaction->turn.is_stopped = true;
	return is_early ? stop_sending(session, transaction) : SMTPC_AGAIN;
}

/* LMTP has one verdict for each recipient that was taken, in their order. */
static int
lmtp_verdict(struct smtpc_session *session,
	     struct smtpc_transaction *transaction, struct smtpc_reply *reply)
{
	struct turn *turn = &transaction->turn;
	size_t index = outcome_next_taken(transaction, turn->verdict);

	outcome_of_one(transaction, index, reply);
	turn->verdict = index + 1;
	index = outcome_next_taken(transaction, turn->verdict);
	if (index < transaction->recipient_count) {
		turn->unanswered++;
		return engine_await_next(session, SMTPC_PHASE_END_OF_DATA,
					 transaction);
	}
	reply_keep(&transaction->reply, reply);
	envelope_fail_by_recipient(transaction);
	return pipeline_conclude(session, transaction);
}

static int
verdict(struct smtpc_session *session, struct smtpc_transaction *transaction,
	struct smtpc_reply *reply)
{
	const struct turn *turn = &transaction->turn;
	bool whole = content_may_be_whole(session, transaction);

	if (reply_class(reply) == 3)
		return send_unexpected(session, reply);
	/* RFC 3030, section 2: for the server, it does not end with that. */
	if (reply_class(reply) != 2 && turn->uses_bdat)
		session->pipeline.needs_rset = true;
	/* Nobody was to get it: the refusals before it stand. */
	if (turn->taken == 0 || turn->is_stopped) {
		envelope_fail_by_recipient(transaction);
		return pipeline_conclude(session, transaction);
	}
	if (session->protocol == SMTPC_PROTOCOL_LMTP && whole)
		return lmtp_verdict(session, transaction, reply);
	if (reply_class(reply) != 2) {
		refuse_all(transaction, reply);
		return whole ? pipeline_conclude(session, transaction)
			     : stop_sending(session, transaction);
	}
	if (!whole)
		return engine_break(session, SMTPC_E_PROTOCOL, "early-reply",
				    "the server accepts a message that it "
				    "can't have yet");
	reply_keep(&transaction->reply, reply);
	outcome_of_taken(transaction, SMTPC_OUTCOME_ACCEPTED, reply);
	return pipeline_conclude(session, transaction);
}

int
content_reply(struct smtpc_session *session, const struct awaited *awaited,
	      struct smtpc_reply *reply)
{
	struct smtpc_transaction *transaction = awaited->transaction;
	struct turn *turn = &transaction->turn;
	int rc;

	turn->unanswered--;
	if (awaited->phase == SMTPC_PHASE_END_OF_DATA)
		return verdict(session, transaction, reply);
	rc = chunk_reply(session, awaited, reply);
	/* With all replies in, what there is of the message is thrown away. */
	if (rc == SMTPC_AGAIN && turn->is_stopped && turn->unanswered == 0 &&
	    transaction->stage == STAGE_CONTENT)
		return envelope_give_up(session, transaction);
	return rc;
}

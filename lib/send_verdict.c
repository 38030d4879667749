/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What comes back for the content: a reply to each chunk, and the verdict.
 */
#include "send.h"

static void
refuse_message(struct smtpc_transaction *transaction, struct smtpc_reply *reply)
{
	envelope_refuse_taken(transaction, SMTPC_PHASE_END_OF_DATA, reply,
			      "the message is refused");
}

/*
 * Whether some of the content that was begun has not left: a server that has
 * answered may not want to read on, and its end must not follow.
 */
static bool
is_cut_short(const struct smtpc_session *session,
	     const struct smtpc_transaction *transaction)
{
	const struct turn *turn = &transaction->turn;
	uint64_t end = session->channel.put;

	if (turn->content_start == 0)
		return false;
	if (transaction->stage == STAGE_VERDICT)
		end = turn->content_end;
	else if (!turn->uses_bdat || turn->chunk.is_open)
		return true;
	return channel_left(&session->channel) < end;
}

/* The server has said yes to what it had said no to: nobody knows. */
static int
contradicted(struct smtpc_session *session,
	     struct smtpc_transaction *transaction, const char *what)
{
	failure_clear(&transaction->failure);
	return engine_break(session, SMTPC_E_PROTOCOL, "reply-code",
			    "the message is accepted though %s", what);
}

/* It refuses a command that it does not have, or not here. */
static bool
is_about_command(const struct smtpc_reply *reply)
{
	return reply->code == 500 || reply->code == 502 || reply->code == 503 ||
	       reply->code == 504;
}

/*
 * Whether a server that offers chunks does not know them: it has taken a
 * recipient, and does not have the first BDAT of a connection.
 */
static bool
is_without_chunks(const struct smtpc_session *session,
		  const struct smtpc_transaction *transaction,
		  const struct smtpc_reply *reply)
{
	return transaction->turn.uses_bdat && transaction->turn.taken > 0 &&
	       !transaction->turn.is_stopped && !session->pipeline.bdat_works &&
	       is_about_command(reply);
}

/*
 * Nobody has the message, and it is not the message that is refused.  What the
 * chunk holds may have been read as commands: no answer is one to what comes
 * next any more.
 */
static int
do_without_chunks(struct smtpc_session *session,
		  struct smtpc_transaction *transaction,
		  const struct smtpc_reply *reply)
{
	session->chunking_is_broken = true;
	envelope_refused(transaction, SMTPC_E_PROTOCOL, SMTPC_PHASE_CONTENT,
			 reply,
			 "the server offers CHUNKING and does not have it");
	transaction->failure.detail = "chunking-broken";
	transaction->stage = STAGE_FAILED;
	return content_close(session, transaction);
}

/* One chunk of several; the last one brings the verdict. */
static int
chunk_reply(struct smtpc_session *session, const struct awaited *awaited,
	    struct smtpc_reply *reply)
{
	struct smtpc_transaction *transaction = awaited->transaction;
	bool is_early = channel_left(&session->channel) < awaited->position;

	if (send_is_odd(reply))
		return send_unexpected(session, reply);
	if (reply_class(reply) == 2 && !is_early)
		return SMTPC_AGAIN;
	if (is_without_chunks(session, transaction, reply))
		return do_without_chunks(session, transaction, reply);
	if (reply_class(reply) == 2)
		return engine_break(session, SMTPC_E_PROTOCOL, "early-reply",
				    "the server accepts a chunk that it can't "
				    "have yet");
	/* The first refusal is why; others come in its wake. */
	if (transaction->turn.taken > 0 && !transaction->turn.is_stopped)
		refuse_message(transaction, reply);
	envelope_fail_by_recipient(transaction);
	transaction->turn.is_stopped = true;
	return is_cut_short(session, transaction)
		   ? content_close(session, transaction)
		   : SMTPC_AGAIN;
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

/* Nobody was to get it any more: the refusals before it stand. */
static int
verdict_for_nobody(struct smtpc_session *session,
		   struct smtpc_transaction *transaction,
		   const struct smtpc_reply *reply)
{
	const struct turn *turn = &transaction->turn;

	if (reply_class(reply) == 2 && turn->is_muddled)
		return contradicted(session, transaction,
				    "its sender was refused");
	if (reply_class(reply) == 2 && turn->is_stopped && turn->taken > 0) {
		outcome_contradicted(transaction);
		return contradicted(session, transaction,
				    "part of it was refused");
	}
	/* It has said no to all of it, after all. */
	transaction->turn.is_muddled = false;
	envelope_fail_by_recipient(transaction);
	return is_cut_short(session, transaction)
		   ? content_close(session, transaction)
		   : pipeline_conclude(session, transaction);
}

/*
 * RFC 3030, section 2: for the server, a message that is refused by chunks does
 * not end with that.  Whether it is ended already by the one behind it.
 */
static bool
is_reset(const struct smtpc_transaction *transaction)
{
	const struct smtpc_transaction *next = transaction->younger;

	return next != NULL && next->stage != STAGE_QUEUED &&
	       !next->turn.wants_rset;
}

static int
verdict(struct smtpc_session *session, struct smtpc_transaction *transaction,
	struct smtpc_reply *reply)
{
	const struct turn *turn = &transaction->turn;
	bool whole = content_may_be_whole(session, transaction);

	if (send_is_odd(reply))
		return send_unexpected(session, reply);
	if (reply_class(reply) != 2 && turn->uses_bdat &&
	    !is_reset(transaction))
		session->pipeline.needs_rset = true;
	if (turn->taken == 0 || turn->is_stopped)
		return verdict_for_nobody(session, transaction, reply);
	/* It is one of several, and they count as they are. */
	if (session->protocol == SMTPC_PROTOCOL_LMTP && whole)
		return lmtp_verdict(session, transaction, reply);
	if (is_without_chunks(session, transaction, reply))
		return do_without_chunks(session, transaction, reply);
	if (reply_class(reply) != 2) {
		refuse_message(transaction, reply);
		return whole ? pipeline_conclude(session, transaction)
			     : content_close(session, transaction);
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
	if (turn->uses_bdat && !is_about_command(reply))
		session->pipeline.bdat_works = true;
	if (awaited->phase == SMTPC_PHASE_END_OF_DATA)
		return verdict(session, transaction, reply);
	rc = chunk_reply(session, awaited, reply);
	/* With all replies in, what there is of the message is thrown away. */
	if (rc == SMTPC_AGAIN && turn->is_stopped && turn->unanswered == 0 &&
	    transaction->stage == STAGE_CONTENT)
		return envelope_give_up(session, transaction);
	return rc;
}

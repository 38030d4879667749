/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * MAIL, RCPT and DATA, and what is answered to them: RFC 5321, section 3.3, and
 * RFC 2920 for sending them together.
 */
#include <string.h>

#include "command.h"
#include "mem.h"
#include "send.h"

/*
 * What is sent.
 */

static bool
is_pipelining(const struct smtpc_session *session)
{
	return session->pipelining != SMTPC_PIPELINING_OFF &&
	       engine_offers(session, EXTENSION_PIPELINING);
}

bool
send_is_streaming(const struct smtpc_session *session)
{
	return session->pipelining == SMTPC_PIPELINING_STREAM &&
	       is_pipelining(session);
}

bool
send_may_pipeline(const struct smtpc_session *session)
{
	if (!engine_is_awaiting(session))
		return true;
	return is_pipelining(session) && engine_may_await_more(session) &&
	       channel_has_room(&session->channel);
}

static int
send_line(struct smtpc_session *session, struct smtpc_transaction *transaction,
	  bool ok, int phase, size_t recipient)
{
	transaction->turn.unanswered++;
	return engine_send_for(session, ok, phase, transaction, recipient);
}

/*
 * A message that is refused by chunks leaves the server in its transaction: RFC
 * 3030, section 2.  The one before may still be.  After DATA none ever is.
 */
static bool
needs_rset(const struct smtpc_session *session,
	   const struct smtpc_transaction *transaction)
{
	return session->pipeline.needs_rset ||
	       (transaction->turn.wants_rset &&
		transaction != pipeline_open(session));
}

static int
send_mail(struct smtpc_session *session, struct smtpc_transaction *transaction)
{
	struct buffer *out = &session->channel.out;
	int rc = SMTPC_AGAIN;
	bool ok;

	if (needs_rset(session, transaction)) {
		session->pipeline.needs_rset = false;
		transaction->turn.wants_rset = false;
		ok = command_write(out, "RSET", NULL);
		rc = engine_send(session, ok, NULL, SMTPC_PHASE_RSET);
		if (rc != SMTPC_AGAIN || !send_may_pipeline(session))
			return rc;
	}
	session->pipeline.begun++;
	ok = send_write_mail(out, transaction);
	transaction->stage = STAGE_RECIPIENTS;
	return send_line(session, transaction, ok, SMTPC_PHASE_MAIL, 0);
}

/* Passes over those who are held back. */
static bool
find_recipient(struct smtpc_transaction *transaction)
{
	struct turn *turn = &transaction->turn;

	while (turn->next < transaction->recipient_count &&
	       transaction->recipients[turn->next].held_back)
		turn->next++;
	return turn->next < transaction->recipient_count;
}

static int
send_recipients(struct smtpc_session *session,
		struct smtpc_transaction *transaction)
{
	struct turn *turn = &transaction->turn;
	int rc = SMTPC_AGAIN;
	bool ok;

	while (rc == SMTPC_AGAIN && send_may_pipeline(session)) {
		if (turn->mail_refused || !find_recipient(transaction)) {
			transaction->stage = STAGE_DATA;
			return SMTPC_AGAIN;
		}
		ok = send_write_recipient(&session->channel.out, transaction,
					  turn->next);
		rc = send_line(session, transaction, ok, SMTPC_PHASE_RCPT,
			       turn->next);
		turn->next++;
	}
	return rc;
}

void
envelope_refused(struct smtpc_transaction *transaction, int result, int phase,
		 const struct smtpc_reply *reply, const char *what)
{
	struct failure *failure = &transaction->failure;
	char *text;

	if (failure->result != SMTPC_OK)
		return;
	text = reply_describe(reply);
	failure_set(failure, result, phase, NULL, "%s: %s", what,
		    text != NULL ? text : "refused");
	/* Only held: a reply never changes. */
	failure->reply = reply_hold((struct smtpc_reply *)(uintptr_t)reply);
	mem_free(text);
}

void
envelope_refuse_taken(struct smtpc_transaction *transaction, int phase,
		      struct smtpc_reply *reply, const char *what)
{
	reply_keep(&transaction->reply, reply);
	outcome_of_taken(transaction, outcome_refused(reply), reply);
	envelope_refused(transaction, outcome_refused_result(reply), phase,
			 reply, what);
}

void
envelope_fail_by_recipient(struct smtpc_transaction *transaction)
{
	const struct recipient *worst = NULL;
	const struct recipient *recipient;
	size_t i;

	for (i = 0; i < transaction->recipient_count; i++) {
		recipient = &transaction->recipients[i];
		if (recipient->outcome == SMTPC_OUTCOME_TRANSIENT)
			worst = recipient;
		if (worst == NULL &&
		    recipient->outcome == SMTPC_OUTCOME_PERMANENT)
			worst = recipient;
		if (worst != NULL && worst->outcome == SMTPC_OUTCOME_TRANSIENT)
			break;
	}
	if (worst != NULL)
		envelope_refused(transaction,
				 worst->outcome == SMTPC_OUTCOME_TRANSIENT
				     ? SMTPC_E_TRANSIENT
				     : SMTPC_E_PERMANENT,
				 SMTPC_PHASE_RCPT, worst->reply,
				 worst->mailbox);
}

int
envelope_give_up(struct smtpc_session *session,
		 struct smtpc_transaction *transaction)
{
	bool ok;

	envelope_fail_by_recipient(transaction);
	if (!transaction->turn.mail_taken)
		return pipeline_conclude(session, transaction);
	transaction->stage = STAGE_RSET;
	transaction->turn.content_end = session->channel.put;
	session->pipeline.needs_rset = session->pipeline.last_used_bdat = false;
	ok = command_write(&session->channel.out, "RSET", NULL);
	return send_line(session, transaction, ok, SMTPC_PHASE_RSET, 0);
}

/*
 * Content may follow the recipients without waiting for their replies only
 * where it is short and the caller knows the server: one that refuses all of
 * them may take the content for commands.
 */
static bool
may_send_blindly(const struct smtpc_session *session,
		 const struct smtpc_transaction *transaction)
{
	int64_t size;

	if (!send_is_streaming(session) || transaction->all_or_none)
		return false;
	size = source_size(&transaction->source);
	return size >= 0 && size <= session->chunk_threshold;
}

/*
 * DATA may go behind the recipients without waiting for their replies, unless
 * one refusal is to stop it all (RFC 2920, section 3.1).
 */
static int
send_data(struct smtpc_session *session, struct smtpc_transaction *transaction)
{
	bool answered = transaction->turn.unanswered == 0;
	bool ok;

	if (answered &&
	    (transaction->turn.mail_refused || transaction->turn.taken == 0 ||
	     (transaction->all_or_none && transaction->turn.refused > 0)))
		return envelope_give_up(session, transaction);
	if (transaction->turn.uses_bdat)
		return answered || (!transaction->turn.mail_refused &&
				    may_send_blindly(session, transaction))
			   ? content_start(session, transaction)
			   : SMTPC_AGAIN;
	if (!answered &&
	    (!send_may_pipeline(session) || transaction->all_or_none ||
	     transaction->turn.mail_refused))
		return SMTPC_AGAIN;
	transaction->stage = STAGE_AWAIT_DATA;
	ok = command_write(&session->channel.out, "DATA", NULL);
	return send_line(session, transaction, ok, SMTPC_PHASE_DATA, 0);
}

int
envelope_send(struct smtpc_session *session,
	      struct smtpc_transaction *transaction)
{
	int rc = SMTPC_AGAIN;

	if (transaction->stage == STAGE_MAIL && send_may_pipeline(session))
		rc = send_mail(session, transaction);
	if (rc == SMTPC_AGAIN && transaction->stage == STAGE_RECIPIENTS)
		rc = send_recipients(session, transaction);
	if (rc == SMTPC_AGAIN && transaction->stage == STAGE_DATA)
		rc = send_data(session, transaction);
	return rc;
}

/*
 * What comes back.
 */

static int
mail_reply(struct smtpc_session *session, struct smtpc_transaction *transaction,
	   struct smtpc_reply *reply)
{
	if (send_is_odd(reply))
		return send_unexpected(session, reply);
	if (reply_class(reply) == 2) {
		transaction->turn.mail_taken = true;
		return SMTPC_AGAIN;
	}
	transaction->turn.mail_refused = true;
	reply_keep(&transaction->reply, reply);
	envelope_refused(transaction, outcome_refused_result(reply),
			 SMTPC_PHASE_MAIL, reply, "the sender is refused");
	return SMTPC_AGAIN;
}

/* Without a sender, whatever is said to a recipient is not about it. */
static int
rcpt_reply(struct smtpc_session *session, struct smtpc_transaction *transaction,
	   size_t recipient, struct smtpc_reply *reply)
{
	if (send_is_odd(reply))
		return send_unexpected(session, reply);
	if (transaction->turn.mail_taken)
		outcome_of_recipient(transaction, recipient, reply);
	else if (reply_class(reply) == 2)
		transaction->turn.is_muddled = true;
	return SMTPC_AGAIN;
}

static int
data_refused(struct smtpc_session *session,
	     struct smtpc_transaction *transaction, struct smtpc_reply *reply)
{
	if (transaction->turn.taken > 0)
		envelope_refuse_taken(transaction, SMTPC_PHASE_DATA, reply,
				      "DATA is refused");
	if (reply->code != 421)
		return envelope_give_up(session, transaction);
	envelope_fail_by_recipient(transaction);
	return pipeline_conclude(session, transaction);
}

static int
data_reply(struct smtpc_session *session, struct smtpc_transaction *transaction,
	   struct smtpc_reply *reply)
{
	bool ok;

	if (reply_class(reply) >= 4)
		return data_refused(session, transaction, reply);
	if (reply->code != 354)
		return send_unexpected(session, reply);
	if (transaction->turn.taken > 0)
		return content_start(session, transaction);
	envelope_fail_by_recipient(transaction);
	/* To this server, a dot might be a message for somebody. */
	if (transaction->turn.is_muddled) {
		(void)pipeline_conclude(session, transaction);
		return engine_break(session, SMTPC_E_PROTOCOL, "reply-code",
				    "recipients and DATA are accepted though "
				    "the sender was refused");
	}
	/*
	 * DATA was pipelined behind recipients who were all refused, and the
	 * server takes content for nobody: RFC 2920, section 3.1.
	 */
	transaction->stage = STAGE_VERDICT;
	ok = command_write(&session->channel.out, ".", NULL);
	return send_line(session, transaction, ok, SMTPC_PHASE_END_OF_DATA, 0);
}

/* Whatever it brings, the refusal before it stands. */
static int
rset_reply(struct smtpc_session *session, struct smtpc_transaction *transaction,
	   const struct smtpc_reply *reply)
{
	if (transaction != NULL)
		(void)pipeline_conclude(session, transaction);
	if (reply_class(reply) != 2 && reply->code != 421)
		return engine_break(session, SMTPC_E_PROTOCOL, "rset",
				    "RSET is refused");
	return pipeline_result(session);
}

int
envelope_reply(struct smtpc_session *session, const struct awaited *awaited,
	       struct smtpc_reply *reply)
{
	struct smtpc_transaction *transaction = awaited->transaction;

	if (transaction != NULL)
		transaction->turn.unanswered--;
	switch (awaited->phase) {
	case SMTPC_PHASE_MAIL:
		return mail_reply(session, transaction, reply);
	case SMTPC_PHASE_RCPT:
		return rcpt_reply(session, transaction, awaited->recipient,
				  reply);
	case SMTPC_PHASE_DATA:
		return data_reply(session, transaction, reply);
	default:
		return rset_reply(session, transaction, reply);
	}
}

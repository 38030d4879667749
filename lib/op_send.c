/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One mail transaction: RFC 5321, section 3.3, and its pipelining, RFC 2920.
 *
 * What is sent follows the transaction's stage; what comes back follows the
 * queue of awaited replies.  Neither waits for the other more than the
 * protocol demands.
 */
#include <string.h>

#include "clock.h"
#include "command.h"
#include "content.h"
#include "engine.h"
#include "parameter.h"

/*
 * Before an octet is sent.
 */

static int
check_envelope(struct smtpc_session *session,
	       const struct smtpc_transaction *transaction)
{
	const char *lack = NULL;

	if (transaction->sender == NULL)
		lack = "a sender";
	else if (transaction->recipient_count == 0)
		lack = "a recipient";
	else if (transaction->source.kind == SOURCE_NONE)
		lack = "content";
	if (lack == NULL)
		return SMTPC_OK;
	return engine_fail(session, SMTPC_E_INVALID, "incomplete",
			   "the transaction lacks %s", lack);
}

static int
check_content(struct smtpc_session *session,
	      struct smtpc_transaction *transaction)
{
	bool offered = engine_offers(session, EXTENSION_8BITMIME);
	uint32_t found;
	bool known;

	if (!source_can_begin(&transaction->source))
		return engine_fail(session, SMTPC_E_CONTENT, "content-used-up",
				   "the content was read before and can't be "
				   "read again: set it anew");
	known =
	    source_scan(&transaction->source, !offered, content_scan, &found);
	if (found & CONTENT_NUL)
		return engine_fail(session, SMTPC_E_INVALID, "content-nul",
				   "the content holds a NUL, which no message "
				   "may");
	if ((found & CONTENT_8BIT) && !offered)
		return engine_fail(session, SMTPC_E_NOEXTENSION, "8bitmime",
				   "the content is not plain ASCII, and the "
				   "server does not offer 8BITMIME: encode it");
	/* What can't be known yet may turn out to need it. */
	transaction->is_8bit = offered && (!known || (found & CONTENT_8BIT));
	return SMTPC_OK;
}

static int
check_parameters(struct smtpc_session *session,
		 const struct smtpc_transaction *transaction)
{
	const struct extension_list *offered = &session->extensions;
	const char *lacking = parameter_lacks(transaction->parameters, offered);
	size_t i;

	for (i = 0; lacking == NULL && i < transaction->recipient_count; i++)
		lacking = parameter_lacks(transaction->recipients[i].parameters,
					  offered);
	if (lacking == NULL)
		return SMTPC_OK;
	return engine_fail(session, SMTPC_E_NOEXTENSION, "parameter",
			   "the server does not offer %s, which a parameter "
			   "needs",
			   lacking);
}

static void
begin_progress(struct smtpc_transaction *transaction)
{
	transaction->mail_taken = transaction->mail_refused = false;
	transaction->is_muddled = transaction->is_paused = false;
	transaction->next = 0;
	transaction->content_start = transaction->content_end = 0;
	transaction->is_watched = false;
	transaction->stage = STAGE_MAIL;
}

static int
send_begin(struct smtpc_session *session, const void *argument)
{
	/* The engine hands the argument through as it came. */
	struct smtpc_transaction *transaction = (void *)(uintptr_t)argument;
	int rc;

	rc = check_envelope(session, transaction);
	if (rc == SMTPC_OK)
		rc = policy_check(session);
	if (rc == SMTPC_OK)
		rc = check_parameters(session, transaction);
	if (rc == SMTPC_OK)
		rc = check_content(session, transaction);
	if (rc != SMTPC_OK)
		return rc;
	outcome_begin(transaction);
	begin_progress(transaction);
	session->transaction = transaction;
	return SMTPC_AGAIN;
}

/*
 * What is sent.
 */

static bool
is_pipelining(const struct smtpc_session *session)
{
	return session->pipelining != SMTPC_PIPELINING_OFF &&
	       engine_offers(session, EXTENSION_PIPELINING);
}

/* Whether another command may go out before what was sent is answered. */
static bool
may_send(const struct smtpc_session *session)
{
	if (!engine_is_awaiting(session))
		return true;
	return is_pipelining(session) && engine_may_await_more(session) &&
	       channel_has_room(&session->channel);
}

static int
send_mail(struct smtpc_session *session, struct smtpc_transaction *transaction)
{
	const char *parameters = transaction->parameters;
	bool ok;

	ok = command_write_mail(&session->channel.out, transaction->sender,
				transaction->is_8bit ? " BODY=8BITMIME" : "",
				parameters != NULL ? parameters : "");
	transaction->stage = STAGE_RECIPIENTS;
	return engine_send(session, ok, NULL, SMTPC_PHASE_MAIL, 0);
}

static int
send_recipients(struct smtpc_session *session,
		struct smtpc_transaction *transaction)
{
	const struct recipient *recipient;
	int rc = SMTPC_AGAIN;
	bool ok;

	while (rc == SMTPC_AGAIN && may_send(session)) {
		if (transaction->next == transaction->recipient_count ||
		    transaction->mail_refused) {
			transaction->stage = STAGE_DATA;
			return SMTPC_AGAIN;
		}
		recipient = &transaction->recipients[transaction->next];
		ok = command_write_rcpt(&session->channel.out,
					recipient->mailbox,
					recipient->parameters != NULL
					    ? recipient->parameters
					    : "");
		rc = engine_send(session, ok, NULL, SMTPC_PHASE_RCPT,
				 transaction->next);
		transaction->next++;
	}
	return rc;
}

/* Say which of the refused recipients decided. */
static void
fail_by_recipient(struct smtpc_session *session,
		  const struct smtpc_transaction *transaction)
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
	if (worst == NULL || session->error.result != SMTPC_OK)
		return;
	engine_refused(session,
		       worst->outcome == SMTPC_OUTCOME_TRANSIENT
			   ? SMTPC_E_TRANSIENT
			   : SMTPC_E_PERMANENT,
		       worst->reply, worst->mailbox);
	session->error.phase = SMTPC_PHASE_RCPT;
}

/* Nobody is to get it: put the server back to where it was. */
static int
give_up(struct smtpc_session *session, struct smtpc_transaction *transaction)
{
	bool ok;

	fail_by_recipient(session, transaction);
	if (!transaction->mail_taken)
		return session->error.result;
	transaction->stage = STAGE_RSET;
	ok = command_write(&session->channel.out, "RSET", NULL);
	return engine_send(session, ok, NULL, SMTPC_PHASE_RSET, 0);
}

/*
 * DATA may go behind the recipients without waiting for their replies, unless
 * one refusal is to stop it all (RFC 2920, section 3.1).
 */
static int
send_data(struct smtpc_session *session, struct smtpc_transaction *transaction)
{
	bool answered = !engine_is_awaiting(session);
	bool ok;

	if (answered &&
	    (transaction->mail_refused || transaction->taken == 0 ||
	     (transaction->all_or_none && transaction->refused > 0)))
		return give_up(session, transaction);
	if (!answered && (!may_send(session) || transaction->all_or_none ||
			  transaction->mail_refused))
		return SMTPC_AGAIN;
	transaction->stage = STAGE_AWAIT_DATA;
	ok = command_write(&session->channel.out, "DATA", NULL);
	return engine_send(session, ok, NULL, SMTPC_PHASE_DATA, 0);
}

/* The content would lack a piece: its end must not be sent. */
static int
out_of_memory(struct smtpc_session *session)
{
	return engine_break(session, SMTPC_E_NOMEM, NULL, "out of memory");
}

/*
 * The content can't be had.  Without the final dot the server has nothing, and
 * so it must not be sent.
 */
static int
content_failed(struct smtpc_session *session, const struct source *source,
	       int rc)
{
	if (rc == SMTPC_E_NOMEM)
		return out_of_memory(session);
	engine_break(session, rc, source->detail,
		     "the content could not be read to its end");
	session->error.system_error = source->system_error;
	return rc;
}

/* A fresh chunk may hold what was not known when MAIL was sent. */
static int
check_chunk(struct smtpc_session *session,
	    const struct smtpc_transaction *transaction, const char *data,
	    size_t len)
{
	uint32_t found;

	if (transaction->source.kind == SOURCE_MEMORY ||
	    transaction->source.taken > 0)
		return SMTPC_OK;
	found = content_scan(data, len);
	if (found & CONTENT_NUL)
		return engine_break(session, SMTPC_E_CONTENT, "content-nul",
				    "the content holds a NUL, which no "
				    "message may");
	if ((found & CONTENT_8BIT) && !transaction->is_8bit)
		return engine_break(session, SMTPC_E_NOEXTENSION, "8bitmime",
				    "the content is not plain ASCII, and the "
				    "server does not offer 8BITMIME: encode "
				    "it");
	return SMTPC_OK;
}

/* All of the content is in the channel; what ends it follows. */
static int
end_content(struct smtpc_session *session,
	    struct smtpc_transaction *transaction)
{
	struct content_piece end = content_end(&transaction->encoder);
	uint64_t len = session->channel.put - transaction->content_start;

	trace_note(&session->trace, "%llu octets of content",
		   (unsigned long long)len);
	channel_put(&session->channel, end.data, end.len);
	if (session->channel.out.failed)
		return out_of_memory(session);
	transaction->content_end = session->channel.put;
	transaction->stage = STAGE_VERDICT;
	return SMTPC_AGAIN;
}

/* SMTPC_AGAIN: the caller's source has nothing yet. */
static int
pause_content(struct smtpc_session *session,
	      struct smtpc_transaction *transaction)
{
	if (session->blocking && transaction->source.kind == SOURCE_READER)
		return engine_break(session, SMTPC_E_CONTENT, "reader-paused",
				    "the reader of a blocking session may not "
				    "pause");
	transaction->is_paused = true;
	return SMTPC_AGAIN;
}

static int
send_content(struct smtpc_session *session,
	     struct smtpc_transaction *transaction)
{
	struct channel *channel = &session->channel;
	struct source *source = &transaction->source;
	struct content_piece piece;
	const char *data;
	size_t len;
	int rc;

	transaction->is_paused = false;
	while (channel_has_room(channel)) {
		if (source_is_used_up(source) && channel_is_borrowing(channel))
			return SMTPC_AGAIN;
		rc = source_look(source, &data, &len);
		if (rc == SMTPC_AGAIN)
			return pause_content(session, transaction);
		if (rc != SMTPC_OK)
			return content_failed(session, source, rc);
		if (len == 0)
			return end_content(session, transaction);
		rc = check_chunk(session, transaction, data, len);
		if (rc != SMTPC_OK)
			return rc;
		source_take(source, content_next(&transaction->encoder, data,
						 len, &piece));
		channel_put(channel, piece.data, piece.len);
		if (channel->out.failed)
			return out_of_memory(session);
	}
	return SMTPC_AGAIN;
}

/* Whether the server may have all of the content, end and all. */
static bool
may_be_whole(const struct smtpc_session *session,
	     const struct smtpc_transaction *transaction)
{
	return transaction->stage == STAGE_VERDICT &&
	       channel_left(&session->channel) >= transaction->content_end;
}

/* Whether it has: nothing of it is still here. */
static bool
is_whole(const struct smtpc_session *session,
	 const struct smtpc_transaction *transaction)
{
	return may_be_whole(session, transaction) &&
	       !channel_is_holding(&session->channel);
}

/*
 * As long as content leaves, the server is alive; once all has left, it is the
 * verdict that is waited for.  While it is the source that has nothing, the
 * server is not to blame, and no time-out runs.
 */
static void
watch_content(struct smtpc_session *session,
	      struct smtpc_transaction *transaction)
{
	uint64_t progress = channel_progress(&session->channel);

	if (transaction->is_paused && !channel_is_sending(&session->channel)) {
		transaction->is_watched = false;
		if (!session->last_words)
			session->deadline = CLOCK_NEVER;
		return;
	}
	if (transaction->is_watched && progress == transaction->progress_before)
		return;
	transaction->is_watched = true;
	transaction->progress_before = progress;
	engine_set_phase(session, is_whole(session, transaction)
				      ? SMTPC_PHASE_END_OF_DATA
				      : SMTPC_PHASE_CONTENT);
}

static int
send_fill(struct smtpc_session *session)
{
	struct smtpc_transaction *transaction = session->transaction;
	int rc = SMTPC_AGAIN;

	if (transaction->stage == STAGE_MAIL)
		rc = send_mail(session, transaction);
	if (rc == SMTPC_AGAIN && transaction->stage == STAGE_RECIPIENTS)
		rc = send_recipients(session, transaction);
	if (rc == SMTPC_AGAIN && transaction->stage == STAGE_DATA)
		rc = send_data(session, transaction);
	if (rc == SMTPC_AGAIN && transaction->stage == STAGE_CONTENT)
		rc = send_content(session, transaction);
	if (transaction->stage == STAGE_CONTENT ||
	    transaction->stage == STAGE_VERDICT)
		watch_content(session, transaction);
	return rc;
}

/*
 * What comes back.
 */

static int
unexpected(struct smtpc_session *session, const struct smtpc_reply *reply)
{
	return engine_break(session, SMTPC_E_PROTOCOL, "reply-code",
			    "%s is answered with code %d",
			    smtpc_phase_name(session->phase), reply->code);
}

static int
mail_reply(struct smtpc_session *session, struct smtpc_transaction *transaction,
	   struct smtpc_reply *reply)
{
	if (reply_class(reply) == 3)
		return unexpected(session, reply);
	if (reply_class(reply) == 2) {
		transaction->mail_taken = true;
		return SMTPC_AGAIN;
	}
	transaction->mail_refused = true;
	reply_keep(&transaction->reply, reply);
	engine_refused(session, outcome_refused_result(reply), reply,
		       "the sender is refused");
	return SMTPC_AGAIN;
}

/* Without a sender, whatever is said to a recipient is not about it. */
static int
rcpt_reply(struct smtpc_session *session, struct smtpc_transaction *transaction,
	   size_t recipient, struct smtpc_reply *reply)
{
	if (reply_class(reply) == 3)
		return unexpected(session, reply);
	if (transaction->mail_taken)
		outcome_of_recipient(transaction, recipient, reply);
	else if (reply_class(reply) == 2)
		transaction->is_muddled = true;
	return SMTPC_AGAIN;
}

/* The refusal of the whole is the refusal of everybody who was taken. */
static int
all_refused(struct smtpc_session *session,
	    struct smtpc_transaction *transaction, struct smtpc_reply *reply,
	    const char *what)
{
	reply_keep(&transaction->reply, reply);
	outcome_of_taken(transaction, outcome_refused(reply), reply);
	return engine_refused(session, outcome_refused_result(reply), reply,
			      what);
}

static int
data_reply(struct smtpc_session *session, struct smtpc_transaction *transaction,
	   struct smtpc_reply *reply)
{
	bool ok;
	int rc;

	if (reply_class(reply) >= 4) {
		if (transaction->taken > 0)
			all_refused(session, transaction, reply,
				    "DATA is refused");
		fail_by_recipient(session, transaction);
		return reply->code == 421 ? session->error.result
					  : give_up(session, transaction);
	}
	if (reply->code != 354)
		return unexpected(session, reply);
	if (transaction->taken > 0) {
		transaction->stage = STAGE_CONTENT;
		transaction->content_start = session->channel.put;
		content_begin(&transaction->encoder);
		source_begin(&transaction->source);
		rc = engine_await(session, SMTPC_PHASE_END_OF_DATA);
		engine_set_phase(session, SMTPC_PHASE_CONTENT);
		return rc;
	}
	/* To this server, a dot might be a message for somebody. */
	if (transaction->is_muddled) {
		session->state = SMTPC_STATE_DEAD;
		return session->error.result;
	}
	/*
	 * DATA was pipelined behind recipients who were all refused, and the
	 * server takes content for nobody: RFC 2920, section 3.1.
	 */
	fail_by_recipient(session, transaction);
	transaction->stage = STAGE_VERDICT;
	ok = command_write(&session->channel.out, ".", NULL);
	return engine_send(session, ok, NULL, SMTPC_PHASE_END_OF_DATA, 0);
}

static int
verdict(struct smtpc_session *session, struct smtpc_transaction *transaction,
	struct smtpc_reply *reply)
{
	bool whole = is_whole(session, transaction);

	if (reply_class(reply) == 3)
		return unexpected(session, reply);
	if (transaction->taken == 0)
		return session->error.result;
	if (reply_class(reply) == 2) {
		if (!whole)
			return engine_break(session, SMTPC_E_PROTOCOL,
					    "early-reply",
					    "the server accepts a message "
					    "that it can't have yet");
		reply_keep(&transaction->reply, reply);
		outcome_of_taken(transaction, SMTPC_OUTCOME_ACCEPTED, reply);
		return SMTPC_OK;
	}
	/* It may not want to read on: the rest is not sent, nor the dot. */
	if (!whole)
		session->state = SMTPC_STATE_DEAD;
	return all_refused(session, transaction, reply,
			   "the message is refused");
}

static int
send_reply(struct smtpc_session *session, const struct awaited *awaited,
	   struct smtpc_reply *reply)
{
	struct smtpc_transaction *transaction = awaited->transaction;

	switch (awaited->phase) {
	case SMTPC_PHASE_MAIL:
		return mail_reply(session, transaction, reply);
	case SMTPC_PHASE_RCPT:
		return rcpt_reply(session, transaction, awaited->recipient,
				  reply);
	case SMTPC_PHASE_DATA:
		return data_reply(session, transaction, reply);
	case SMTPC_PHASE_END_OF_DATA:
		return verdict(session, transaction, reply);
	default:
		/* RSET.  Whatever it brings, the refusal stands. */
		if (reply_class(reply) != 2)
			session->state = SMTPC_STATE_DEAD;
		return session->error.result;
	}
}

/*
 * The end.
 */

int64_t
send_octets(const struct smtpc_transaction *transaction)
{
	const size_t end_len = strlen(".\r\n");
	uint64_t left;

	if (transaction->stage == STAGE_NONE)
		return transaction->octets_sent;
	if (transaction->content_start == 0)
		return 0;
	left = channel_left(&transaction->session->channel);
	if (transaction->stage == STAGE_VERDICT &&
	    left > transaction->content_end - end_len)
		left = transaction->content_end - end_len;
	return left > transaction->content_start
		   ? (int64_t)(left - transaction->content_start)
		   : 0;
}

/* What is to be said about a message that some have, or may have. */
static void
describe_fate(struct smtpc_session *session,
	      const struct smtpc_transaction *transaction)
{
	struct failure cause = session->error;

	if (transaction->result < 0)
		return;
	memset(&session->error, 0, sizeof(session->error));
	if (transaction->result == SMTPC_IN_DOUBT) {
		engine_fail(session, SMTPC_IN_DOUBT, cause.detail,
			    "the message was handed over whole, but no "
			    "verdict was read, so it may have been delivered: "
			    "%s",
			    cause.message != NULL ? cause.message : "");
		session->error.system_error = cause.system_error;
		session->error.tls_error = cause.tls_error;
		reply_keep(&session->error.reply, cause.reply);
	} else if (transaction->result == SMTPC_PARTIAL) {
		fail_by_recipient(session, transaction);
		session->error.result = SMTPC_PARTIAL;
	}
	failure_clear(&cause);
}

static int
send_end(struct smtpc_session *session, int rc)
{
	struct smtpc_transaction *transaction = session->transaction;

	/* Only those who have no outcome yet are in doubt. */
	if (may_be_whole(session, transaction))
		outcome_of_taken(transaction, SMTPC_OUTCOME_IN_DOUBT, NULL);
	transaction->octets_sent = send_octets(transaction);
	source_end(&transaction->source);
	session->transaction = NULL;
	rc = outcome_settle(transaction, rc);
	describe_fate(session, transaction);
	failure_copy(&transaction->failure, &session->error);
	return rc;
}

static int
send_waits_for(const struct smtpc_session *session)
{
	const struct smtpc_transaction *transaction = session->transaction;

	if (transaction->stage != STAGE_CONTENT || !transaction->is_paused)
		return -1;
	return source_waits_for(&transaction->source);
}

const struct operation op_send = {
	.phase = SMTPC_PHASE_MAIL,
	.states = IN(SMTPC_STATE_READY),
	.begin = send_begin,
	.fill = send_fill,
	.reply = send_reply,
	.end = send_end,
	.waits_for = send_waits_for,
};

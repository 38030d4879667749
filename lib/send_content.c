/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The content, by DATA (RFC 5321, section 4.1.1.4) or in chunks by BDAT (RFC
 * 3030), and the verdict on it.
 */
#include <stdio.h>
#include <string.h>

#include "content.h"
#include "send.h"

/* Memory is cut into chunks of this size; other sources give smaller ones. */
#define CHUNK_MAX (4 * 1024 * 1024)

#define SEND_PART (256 * 1024)

/* "BDAT 9223372036854775807 LAST" and its CRLF. */
#define BDAT_MAX 40

/*
 * Failures that leave no way to end the content: without its end the server has
 * nothing.
 */

static int
out_of_memory(struct smtpc_session *session)
{
	return engine_break(session, SMTPC_E_NOMEM, NULL, "out of memory");
}

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

/*
 * What is sent.
 */

int
content_start(struct smtpc_session *session,
	      struct smtpc_transaction *transaction)
{
	transaction->stage = STAGE_CONTENT;
	transaction->content_start = session->channel.put;
	source_begin(&transaction->source);
	send_begin_encoding(transaction, transaction->uses_bdat);
	if (transaction->uses_bdat)
		return SMTPC_AGAIN;
	transaction->unanswered++;
	if (engine_await(session, SMTPC_PHASE_END_OF_DATA, transaction) !=
	    SMTPC_AGAIN)
		return SMTPC_E_NOMEM;
	engine_set_phase(session, SMTPC_PHASE_CONTENT);
	return SMTPC_AGAIN;
}

/* All of the content is in the channel, end and all. */
static int
content_is_in(struct smtpc_session *session,
	      struct smtpc_transaction *transaction)
{
	uint64_t len = session->channel.put - transaction->content_start -
		       transaction->overhead;

	if (session->channel.out.failed)
		return out_of_memory(session);
	trace_note(&session->trace, "%llu octets of content",
		   (unsigned long long)len);
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

/*
 * Put in what data stands for, as far as there is room for pieces; with channel
 * NULL nothing, and only its length is found out.
 */
static uint64_t
encode(struct content_encoder *encoder, struct channel *channel,
       const char *data, size_t len, size_t *ret_taken)
{
	struct content_piece piece;
	uint64_t total = 0;
	size_t taken = 0;

	while (taken < len && (channel == NULL || channel_has_room(channel))) {
		taken +=
		    content_next(encoder, data + taken, len - taken, &piece);
		total += piece.len;
		if (channel != NULL)
			channel_put(channel, piece.data, piece.len);
	}
	if (ret_taken != NULL)
		*ret_taken = taken;
	return total;
}

static int
end_data(struct smtpc_session *session, struct smtpc_transaction *transaction)
{
	static const char dot[] = ".\r\n";
	struct content_piece end = content_end(&transaction->encoder);

	channel_put(&session->channel, end.data, end.len);
	transaction->overhead += sizeof(dot) - 1;
	channel_put(&session->channel, dot, sizeof(dot) - 1);
	return content_is_in(session, transaction);
}

static int
send_data(struct smtpc_session *session, struct smtpc_transaction *transaction,
	  const char *data, size_t len)
{
	struct channel *channel = &session->channel;
	size_t taken;

	if (len == 0)
		return end_data(session, transaction);
	encode(&transaction->encoder, channel, data, len, &taken);
	source_take(&transaction->source, taken);
	return channel->out.failed ? out_of_memory(session) : SMTPC_AGAIN;
}

/* Announce a chunk; its octets follow.  Each has a reply of its own. */
static int
begin_chunk(struct smtpc_session *session,
	    struct smtpc_transaction *transaction, uint64_t len, bool is_last)
{
	struct channel *channel = &session->channel;
	uint64_t before = channel->put;
	char line[BDAT_MAX];
	size_t line_len;

	line_len =
	    (size_t)snprintf(line, sizeof(line), "BDAT %llu%s\r\n",
			     (unsigned long long)len, is_last ? " LAST" : "");
	trace_line(&session->trace, SMTPC_TRACE_CLIENT, line, line_len - 2);
	channel_put(channel, line, line_len);
	transaction->overhead += channel->put - before;
	transaction->unanswered++;
	if (is_last)
		return engine_await(session, SMTPC_PHASE_END_OF_DATA,
				    transaction);
	return engine_await_at(session, SMTPC_PHASE_CONTENT, transaction,
			       channel->put + len);
}

/* A chunk of this much of the source, behind what was kept back for it. */
static int
open_chunk(struct smtpc_session *session, struct smtpc_transaction *transaction,
	   const char *data, size_t len, bool is_last)
{
	struct content_encoder trial = transaction->encoder;
	uint64_t total;

	total = encode(&trial, NULL, transaction->tail, transaction->tail_len,
		       NULL);
	total += encode(&trial, NULL, data, len, NULL);
	if (is_last)
		total += content_end(&trial).len;
	transaction->in_chunk = true;
	transaction->chunk_is_last = is_last;
	transaction->chunk_left = len;
	return begin_chunk(session, transaction, total, is_last);
}

/*
 * The last octets of what a source gives are kept back until it is known
 * whether there are more behind them: servers were seen that don't take an
 * empty last chunk.
 */
static int
next_chunk(struct smtpc_session *session, struct smtpc_transaction *transaction,
	   const char *data, size_t len)
{
	const size_t room = sizeof(transaction->tail);
	size_t kept = len < room ? len : room;
	size_t old = transaction->tail_len;

	if (len == 0)
		return open_chunk(session, transaction, data, 0, true);
	if (transaction->source.kind == SOURCE_MEMORY)
		return len > CHUNK_MAX
			   ? open_chunk(session, transaction, data, CHUNK_MAX,
					false)
			   : open_chunk(session, transaction, data, len, true);
	if (old + len > room)
		return open_chunk(session, transaction, data, len - kept,
				  false);
	memcpy(transaction->tail + old, data, len);
	transaction->tail_len += len;
	source_take(&transaction->source, len);
	return SMTPC_AGAIN;
}

/* All that was announced is in; the source's last octets may be left. */
static int
close_chunk(struct smtpc_session *session,
	    struct smtpc_transaction *transaction)
{
	struct source *source = &transaction->source;
	struct content_piece end;
	const char *data;
	size_t len;

	transaction->in_chunk = false;
	if (transaction->chunk_is_last) {
		end = content_end(&transaction->encoder);
		channel_put(&session->channel, end.data, end.len);
		return content_is_in(session, transaction);
	}
	if (source->kind == SOURCE_MEMORY)
		return SMTPC_AGAIN;
	(void)source_look(source, &data, &len);
	memcpy(transaction->tail, data, len);
	transaction->tail_len = len;
	source_take(source, len);
	return SMTPC_AGAIN;
}

static int
fill_chunk(struct smtpc_session *session, struct smtpc_transaction *transaction)
{
	struct channel *channel = &session->channel;
	const char *data;
	size_t len, taken;

	encode(&transaction->encoder, channel, transaction->tail,
	       transaction->tail_len, &taken);
	transaction->tail_len -= taken;
	memmove(transaction->tail, transaction->tail + taken,
		transaction->tail_len);
	if (transaction->tail_len == 0 && transaction->chunk_left > 0) {
		(void)source_look(&transaction->source, &data, &len);
		if (len > transaction->chunk_left)
			len = transaction->chunk_left;
		encode(&transaction->encoder, channel, data, len, &taken);
		source_take(&transaction->source, taken);
		transaction->chunk_left -= taken;
	}
	if (channel->out.failed)
		return out_of_memory(session);
	if (transaction->tail_len > 0 || transaction->chunk_left > 0)
		return SMTPC_AGAIN;
	return close_chunk(session, transaction);
}

/* More of the content; len 0 is its end. */
static int
take_data(struct smtpc_session *session, struct smtpc_transaction *transaction,
	  const char *data, size_t len)
{
	int rc;

	/* Long memory is looked at in parts, as it is sent. */
	if (!transaction->is_scanned && !transaction->uses_bdat &&
	    len > SEND_PART)
		len = SEND_PART;
	rc = len > 0 ? send_check_chunk(session, transaction, data,
					len < CHUNK_MAX ? len : CHUNK_MAX)
		     : send_check_end(session, transaction);
	if (rc != SMTPC_OK)
		return rc;
	return transaction->uses_bdat
		   ? next_chunk(session, transaction, data, len)
		   : send_data(session, transaction, data, len);
}

static int
send_pieces(struct smtpc_session *session,
	    struct smtpc_transaction *transaction)
{
	struct channel *channel = &session->channel;
	struct source *source = &transaction->source;
	const char *data;
	size_t len;
	int rc = SMTPC_AGAIN;

	transaction->is_paused = false;
	while (rc == SMTPC_AGAIN && transaction->stage == STAGE_CONTENT &&
	       channel_has_room(channel)) {
		if (transaction->in_chunk) {
			rc = fill_chunk(session, transaction);
			continue;
		}
		if (transaction->is_stopped ||
		    (transaction->uses_bdat && !send_may_pipeline(session)))
			return SMTPC_AGAIN;
		if (source_is_used_up(source) &&
		    channel_is_borrowing(channel)) {
			channel->is_missed = true;
			return SMTPC_AGAIN;
		}
		rc = source_look(source, &data, &len);
		if (rc == SMTPC_AGAIN)
			return pause_content(session, transaction);
		if (rc != SMTPC_OK)
			return content_failed(session, source, rc);
		rc = take_data(session, transaction, data, len);
	}
	return rc;
}

int
content_send(struct smtpc_session *session,
	     struct smtpc_transaction *transaction)
{
	int phase = session->phase;
	int rc;

	/* What fails here fails for what is sent, whatever is awaited. */
	session->phase = SMTPC_PHASE_CONTENT;
	rc = send_pieces(session, transaction);
	if (rc == SMTPC_AGAIN)
		session->phase = phase;
	return rc;
}

/*
 * What comes back.
 */

bool
content_may_be_whole(const struct smtpc_session *session,
		     const struct smtpc_transaction *transaction)
{
	return transaction->stage == STAGE_VERDICT &&
	       transaction->content_end > 0 &&
	       channel_left(&session->channel) >= transaction->content_end;
}

static int
unexpected(struct smtpc_session *session, const struct smtpc_reply *reply)
{
	return engine_break(session, SMTPC_E_PROTOCOL, "reply-code",
			    "%s is answered with code %d",
			    smtpc_phase_name(session->phase), reply->code);
}

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
	pipeline_settle(session, transaction, transaction->failure.result);
	return engine_break(session, transaction->failure.result, NULL, "%s",
			    transaction->failure.message != NULL
				? transaction->failure.message
				: "the message is refused");
}

static int
settle(struct smtpc_session *session, struct smtpc_transaction *transaction)
{
	pipeline_settle(session, transaction, transaction->failure.result);
	return pipeline_result(session);
}

/* One chunk of several; the last one brings the verdict. */
static int
chunk_reply(struct smtpc_session *session, const struct awaited *awaited,
	    struct smtpc_reply *reply)
{
	struct smtpc_transaction *transaction = awaited->transaction;
	bool is_early = channel_left(&session->channel) < awaited->position;

	if (reply_class(reply) == 3)
		return unexpected(session, reply);
	if (reply_class(reply) == 2 && !is_early)
		return SMTPC_AGAIN;
	if (reply_class(reply) == 2)
		return engine_break(session, SMTPC_E_PROTOCOL, "early-reply",
				    "the server accepts a chunk that it can't "
				    "have yet");
	if (transaction->taken > 0)
		refuse_all(transaction, reply);
	envelope_fail_by_recipient(transaction);
	transaction->is_stopped = true;
	return is_early ? stop_sending(session, transaction) : SMTPC_AGAIN;
}

/* LMTP has one verdict for each recipient that was taken, in their order. */
static int
lmtp_verdict(struct smtpc_session *session,
	     struct smtpc_transaction *transaction, struct smtpc_reply *reply)
{
	size_t index = outcome_next_taken(transaction, transaction->verdict);
	int rc = SMTPC_AGAIN;

	outcome_of_one(transaction, index, reply);
	transaction->verdict = index + 1;
	index = outcome_next_taken(transaction, transaction->verdict);
	if (index < transaction->recipient_count) {
		transaction->unanswered++;
		return engine_await_next(session, SMTPC_PHASE_END_OF_DATA,
					 transaction);
	}
	reply_keep(&transaction->reply, reply);
	envelope_fail_by_recipient(transaction);
	rc = settle(session, transaction);
	return rc;
}

static int
verdict(struct smtpc_session *session, struct smtpc_transaction *transaction,
	struct smtpc_reply *reply)
{
	bool whole = content_may_be_whole(session, transaction);

	if (reply_class(reply) == 3)
		return unexpected(session, reply);
	/* RFC 3030, section 2: a refused chunk does not end it for the server.
	 */
	if (reply_class(reply) != 2 && transaction->uses_bdat)
		session->pipeline.needs_rset = true;
	/* Nobody was to get it: the refusals before it stand. */
	if (transaction->taken == 0 || transaction->is_stopped) {
		envelope_fail_by_recipient(transaction);
		return settle(session, transaction);
	}
	if (session->protocol == SMTPC_PROTOCOL_LMTP && whole)
		return lmtp_verdict(session, transaction, reply);
	if (reply_class(reply) != 2) {
		refuse_all(transaction, reply);
		return whole ? settle(session, transaction)
			     : stop_sending(session, transaction);
	}
	if (!whole)
		return engine_break(session, SMTPC_E_PROTOCOL, "early-reply",
				    "the server accepts a message that it "
				    "can't have yet");
	reply_keep(&transaction->reply, reply);
	outcome_of_taken(transaction, SMTPC_OUTCOME_ACCEPTED, reply);
	return settle(session, transaction);
}

int
content_reply(struct smtpc_session *session, const struct awaited *awaited,
	      struct smtpc_reply *reply)
{
	struct smtpc_transaction *transaction = awaited->transaction;
	int rc;

	transaction->unanswered--;
	if (awaited->phase == SMTPC_PHASE_END_OF_DATA)
		return verdict(session, transaction, reply);
	rc = chunk_reply(session, awaited, reply);
	/* With all replies in, what there is of the message is thrown away. */
	if (rc == SMTPC_AGAIN && transaction->is_stopped &&
	    transaction->unanswered == 0 && transaction->stage == STAGE_CONTENT)
		return envelope_give_up(session, transaction);
	return rc;
}

int64_t
send_octets(const struct smtpc_transaction *transaction)
{
	uint64_t left, start = transaction->content_start;

	if (transaction->stage == STAGE_NONE ||
	    transaction->stage == STAGE_SETTLED)
		return transaction->octets_sent;
	if (start == 0)
		return 0;
	left = channel_left(&transaction->session->channel);
	if (transaction->stage == STAGE_VERDICT &&
	    left > transaction->content_end)
		left = transaction->content_end;
	/* The dot comes behind all content, what announces a chunk before. */
	if (transaction->uses_bdat)
		start += transaction->overhead;
	else if (transaction->stage == STAGE_VERDICT &&
		 left > transaction->content_end - transaction->overhead)
		left = transaction->content_end - transaction->overhead;
	return left > start ? (int64_t)(left - start) : 0;
}

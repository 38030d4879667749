/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The content on its way: by DATA (RFC 5321, section 4.1.1.4), or into chunks.
 */
#include "content.h"
#include "send.h"

/*
 * Memory is taken in parts: of what has not been looked at yet, as much as is
 * looked at before it is sent; and a chunk is no larger than this.
 */
#define DATA_PART  (256 * 1024)
#define CHUNK_PART (512 * 1024)

/*
 * Failures.
 */

/*
 * It can't be sent to its end, for the reason recorded in it: nothing more is
 * sent at all, and when those before it have their verdicts, the connection
 * goes.
 */
static int
fail(struct smtpc_transaction *transaction)
{
	transaction->stage = STAGE_FAILED;
	return SMTPC_AGAIN;
}

static int
out_of_memory(struct smtpc_transaction *transaction)
{
	failure_set(&transaction->failure, SMTPC_E_NOMEM, SMTPC_PHASE_CONTENT,
		    NULL, "out of memory");
	return fail(transaction);
}

static int
source_failed(struct smtpc_transaction *transaction, int rc)
{
	const struct source *source = &transaction->source;

	if (rc == SMTPC_E_NOMEM)
		return out_of_memory(transaction);
	failure_set(&transaction->failure, rc, SMTPC_PHASE_CONTENT,
		    source->detail, "the content could not be read to its end");
	transaction->failure.system_error = source->system_error;
	return fail(transaction);
}

int
content_close(struct smtpc_session *session,
	      struct smtpc_transaction *transaction)
{
	struct failure why = { 0 };

	/* Those behind it have failed for no reason of their own. */
	failure_copy(&why, &transaction->failure);
	(void)pipeline_conclude(session, transaction);
	engine_break(session, SMTPC_E_CLOSED, "given-up",
		     "the connection was closed in the midst of a message: %s",
		     why.message != NULL ? why.message : "it failed");
	failure_clear(&why);
	return SMTPC_E_CLOSED;
}

int
content_start(struct smtpc_session *session,
	      struct smtpc_transaction *transaction)
{
	struct turn *turn = &transaction->turn;

	transaction->stage = STAGE_CONTENT;
	turn->content_start = session->channel.put;
	/* Each chunk costs a reply. */
	source_begin(&transaction->source, turn->uses_bdat);
	send_begin_encoding(transaction, turn->uses_bdat);
	if (turn->uses_bdat)
		return SMTPC_AGAIN;
	turn->unanswered++;
	if (engine_await(session, SMTPC_PHASE_END_OF_DATA, transaction) !=
	    SMTPC_AGAIN)
		return SMTPC_E_NOMEM;
	engine_set_phase(session, SMTPC_PHASE_CONTENT);
	return SMTPC_AGAIN;
}

int
content_put_end(struct smtpc_session *session,
		struct smtpc_transaction *transaction)
{
	static const char dot[] = ".\r\n";
	struct channel *channel = &session->channel;
	struct turn *turn = &transaction->turn;
	struct content_piece end = content_end(&turn->encoder);
	uint64_t len;

	channel_put(channel, end.data, end.len);
	len = channel->put - turn->content_start - turn->overhead;
	if (!turn->uses_bdat) {
		turn->overhead += sizeof(dot) - 1;
		channel_put(channel, dot, sizeof(dot) - 1);
	}
	/* What is not all there has no end. */
	if (channel->out.failed)
		return out_of_memory(transaction);
	trace_note(&session->trace, "%llu octets of content",
		   (unsigned long long)len);
	turn->content_end = channel->put;
	transaction->stage = STAGE_VERDICT;
	return SMTPC_AGAIN;
}

/* SMTPC_AGAIN: the caller's source has nothing yet. */
static int
pause_content(struct smtpc_session *session,
	      struct smtpc_transaction *transaction)
{
	if (!session->blocking || transaction->source.kind != SOURCE_READER) {
		transaction->turn.is_paused = true;
		return SMTPC_AGAIN;
	}
	failure_set(&transaction->failure, SMTPC_E_CONTENT, SMTPC_PHASE_CONTENT,
		    "reader-paused",
		    "the reader of a blocking session may not pause");
	return fail(transaction);
}

uint64_t
content_encode(struct content_encoder *encoder, struct channel *channel,
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

/* More of the content, which is to be sent next; len 0 is its end. */
static int
put_data(struct smtpc_session *session, struct smtpc_transaction *transaction,
	 const char *data, size_t len)
{
	size_t taken;

	if (len == 0)
		return content_put_end(session, transaction);
	content_encode(&transaction->turn.encoder, &session->channel, data, len,
		       &taken);
	source_take(&transaction->source, taken);
	return SMTPC_AGAIN;
}

/* The same, once it has been looked at. */
static int
take_data(struct smtpc_session *session, struct smtpc_transaction *transaction,
	  const char *data, size_t len)
{
	bool uses_bdat = transaction->turn.uses_bdat;
	size_t part = len;
	bool ok;

	if (uses_bdat && len > CHUNK_PART)
		part = CHUNK_PART;
	if (!uses_bdat && !transaction->is_scanned && len > DATA_PART)
		part = DATA_PART;
	ok = part > 0 ? send_check_part(transaction, data, part)
		      : send_check_end(transaction);
	if (!ok)
		return fail(transaction);
	return uses_bdat ? chunk_begin(session, transaction, data, part)
			 : put_data(session, transaction, data, part);
}

/* Put in what comes next of the source, if it has anything. */
static int
put_next(struct smtpc_session *session, struct smtpc_transaction *transaction)
{
	struct source *source = &transaction->source;
	const char *data;
	size_t len;
	int rc = source_look(source, &data, &len);

	if (rc == SMTPC_AGAIN)
		return pause_content(session, transaction);
	if (rc != SMTPC_OK)
		return source_failed(transaction, rc);
	return take_data(session, transaction, data, len);
}

/* Whether something is in the way of what comes next. */
static bool
has_to_wait(struct smtpc_session *session,
	    const struct smtpc_transaction *transaction)
{
	const struct turn *turn = &transaction->turn;
	struct channel *channel = &session->channel;

	if (turn->is_stopped ||
	    (turn->uses_bdat && !send_may_pipeline(session)))
		return true;
	if (!source_is_used_up(&transaction->source) ||
	    !channel_is_borrowing(channel))
		return false;
	channel->is_missed = true;
	return true;
}

static int
put_content(struct smtpc_session *session,
	    struct smtpc_transaction *transaction)
{
	struct channel *channel = &session->channel;
	struct turn *turn = &transaction->turn;
	int rc = SMTPC_AGAIN;

	turn->is_paused = false;
	while (rc == SMTPC_AGAIN && transaction->stage == STAGE_CONTENT &&
	       !turn->is_paused && channel_has_room(channel)) {
		if (turn->chunk.is_open)
			rc = chunk_fill(session, transaction);
		else if (has_to_wait(session, transaction))
			break;
		else
			rc = put_next(session, transaction);
		if (rc == SMTPC_AGAIN && channel->out.failed)
			rc = out_of_memory(transaction);
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
	rc = put_content(session, transaction);
	if (rc == SMTPC_AGAIN)
		session->phase = phase;
	return rc;
}

/*
 * How far it has got.
 */

bool
content_may_be_whole(const struct smtpc_session *session,
		     const struct smtpc_transaction *transaction)
{
	uint64_t end = transaction->turn.content_end;

	return transaction->stage == STAGE_VERDICT && end > 0 &&
	       channel_left(&session->channel) >= end;
}

int64_t
send_octets(const struct smtpc_transaction *transaction)
{
	const struct turn *turn = &transaction->turn;
	uint64_t start = turn->content_start;
	uint64_t left, end;

	if (transaction->stage == STAGE_NONE ||
	    transaction->stage == STAGE_QUEUED ||
	    transaction->stage == STAGE_SETTLED)
		return transaction->octets_sent;
	if (start == 0)
		return 0;
	left = channel_left(&transaction->session->channel);
	end = turn->content_end > 0 ? turn->content_end : left;
	/* What announces a chunk comes before all content, the dot behind. */
	if (turn->uses_bdat)
		start += turn->overhead;
	else if (transaction->stage == STAGE_VERDICT)
		end -= turn->overhead;
	if (left > end)
		left = end;
	return left > start ? (int64_t)(left - start) : 0;
}

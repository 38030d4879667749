/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The content in chunks, by BDAT: RFC 3030, section 2.
 */
#include <string.h>

#include "command.h"
#include "send.h"

/* How many octets go out for the tail and what comes behind it. */
static uint64_t
measure(const struct turn *turn, const char *data, size_t len, bool is_last)
{
	struct content_encoder trial = turn->encoder;
	uint64_t total;

	total = content_encode(&trial, NULL, turn->chunk.tail,
			       turn->chunk.tail_len, NULL) +
		content_encode(&trial, NULL, data, len, NULL);
	if (is_last)
		total += content_end(&trial).len;
	return total;
}

/* Tell the server of it.  Each chunk has a reply of its own. */
static int
announce(struct smtpc_session *session, struct smtpc_transaction *transaction,
	 uint64_t len, bool is_last)
{
	struct turn *turn = &transaction->turn;
	struct channel *channel = &session->channel;
	uint64_t before = channel->put;
	bool ok = command_write_bdat(&channel->out, len, is_last);
	int phase = is_last ? SMTPC_PHASE_END_OF_DATA : SMTPC_PHASE_CONTENT;
	int rc;

	turn->unanswered++;
	rc = engine_send_chunk(session, ok, phase, transaction, len);
	turn->overhead += channel->put - before;
	return rc;
}

/*
 * A chunk of this much of the source, behind what was kept back for it; so much
 * behind it is kept for the next one.
 */
static int
open_chunk(struct smtpc_session *session, struct smtpc_transaction *transaction,
	   const char *data, size_t len, size_t kept, bool is_last)
{
	struct chunk *chunk = &transaction->turn.chunk;
	uint64_t total = measure(&transaction->turn, data, len, is_last);

	chunk->is_open = true;
	chunk->is_last = is_last;
	chunk->left = len;
	chunk->kept = kept;
	/* All there is may be a CR that waits for its LF. */
	if (total == 0 && !is_last)
		return SMTPC_AGAIN;
	return announce(session, transaction, total, is_last);
}

/*
 * The last octets of what a source gives are kept back until it is known
 * whether there are more behind them: servers were seen that don't take an
 * empty last chunk.
 */
int
chunk_begin(struct smtpc_session *session,
	    struct smtpc_transaction *transaction, const char *data, size_t len)
{
	struct chunk *chunk = &transaction->turn.chunk;
	struct source *source = &transaction->source;
	const size_t room = sizeof(chunk->tail);
	size_t kept = len < room ? len : room;

	if (len == 0)
		return open_chunk(session, transaction, data, 0, 0, true);
	if (source->kind == SOURCE_MEMORY)
		return open_chunk(session, transaction, data, len, 0,
				  source->taken + len == source->len);
	if (chunk->tail_len + len > room)
		return open_chunk(session, transaction, data, len - kept, kept,
				  false);
	memcpy(chunk->tail + chunk->tail_len, data, len);
	chunk->tail_len += len;
	source_take(source, len);
	return SMTPC_AGAIN;
}

/* All that was announced is in. */
static int
close_chunk(struct smtpc_session *session,
	    struct smtpc_transaction *transaction)
{
	struct chunk *chunk = &transaction->turn.chunk;
	const char *data;
	size_t len;

	chunk->is_open = false;
	if (chunk->is_last)
		return content_put_end(session, transaction);
	/* There may be more behind it by now, for the chunk that is next. */
	(void)source_look(&transaction->source, &data, &len);
	memcpy(chunk->tail, data, chunk->kept);
	chunk->tail_len = chunk->kept;
	source_take(&transaction->source, chunk->kept);
	return SMTPC_AGAIN;
}

int
chunk_fill(struct smtpc_session *session, struct smtpc_transaction *transaction)
{
	struct content_encoder *encoder = &transaction->turn.encoder;
	struct chunk *chunk = &transaction->turn.chunk;
	struct channel *channel = &session->channel;
	const char *data;
	size_t len, taken;

	content_encode(encoder, channel, chunk->tail, chunk->tail_len, &taken);
	chunk->tail_len -= taken;
	memmove(chunk->tail, chunk->tail + taken, chunk->tail_len);
	if (chunk->tail_len == 0 && chunk->left > 0) {
		(void)source_look(&transaction->source, &data, &len);
		if (len > chunk->left)
			len = chunk->left;
		content_encode(encoder, channel, data, len, &taken);
		source_take(&transaction->source, taken);
		chunk->left -= taken;
	}
	if (chunk->tail_len > 0 || chunk->left > 0)
		return SMTPC_AGAIN;
	return close_chunk(session, transaction);
}

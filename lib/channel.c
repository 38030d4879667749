/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The octets on their way to and from a stream.
 */
#include "channel.h"

#include <assert.h>
#include <string.h>

/* Below this, a copy costs less than a piece of its own. */
#define COPY_MAX 512

/* So much is read at least: the replies to a message are no more, mostly. */
#define IN_LEAST 1024

void
channel_init(struct channel *channel)
{
	memset(channel, 0, sizeof(*channel));
	buffer_init(&channel->in, CHANNEL_IN_MAX);
	buffer_init(&channel->out, CHANNEL_OUT_MAX);
	buffer_init(&channel->segments, CHANNEL_SEGMENTS_SIZE);
}

static struct channel_segment *
segments_of(const struct channel *channel)
{
	return (void *)(uintptr_t)buffer_data(&channel->segments);
}

static size_t
segment_count(const struct channel *channel)
{
	return buffer_length(&channel->segments) /
	       sizeof(struct channel_segment);
}

void
channel_attach(struct channel *channel, struct stream *stream, bool opening)
{
	assert(channel->stream == NULL);
	assert(segment_count(channel) == 0 && buffer_length(&channel->in) == 0);
	channel->stream = stream;
	channel->opening = opening;
	channel->put = 0;
	channel->read_rc = channel->write_rc = SMTPC_OK;
}

struct stream *
channel_detach(struct channel *channel)
{
	struct stream *stream = channel->stream;

	channel->stream = NULL;
	return stream;
}

void
channel_close(struct channel *channel)
{
	struct stream *stream = channel->stream;

	buffer_clear_secret(&channel->in);
	buffer_clear_secret(&channel->out);
	buffer_clear(&channel->segments);
	channel_init(channel);
	if (stream != NULL)
		stream->operations->free(stream);
}

void
channel_rest(struct channel *channel)
{
	struct stream *stream = channel->stream;

	if (buffer_length(&channel->in) == 0)
		buffer_clear_secret(&channel->in);
	if (buffer_length(&channel->out) == 0)
		buffer_clear_secret(&channel->out);
	if (segment_count(channel) == 0)
		buffer_clear(&channel->segments);
	if (stream != NULL && stream->operations->rest != NULL)
		stream->operations->rest(stream);
}

static void
add_segment(struct channel *channel, const char *borrowed, size_t len)
{
	const size_t size = sizeof(struct channel_segment);
	struct channel_segment *segment =
	    (void *)buffer_room(&channel->segments, size);

	if (segment == NULL) {
		channel->out.failed = true;
		return;
	}
	segment->borrowed = borrowed;
	segment->len = len;
	buffer_added(&channel->segments, size);
	channel->put += len;
}

void
channel_commit(struct channel *channel)
{
	size_t len = buffer_length(&channel->out) - channel->committed;
	size_t count = segment_count(channel);
	struct channel_segment *last = NULL;

	if (len == 0)
		return;
	if (count > 0)
		last = segments_of(channel) + count - 1;
	channel->committed += len;
	if (last != NULL && last->borrowed == NULL) {
		last->len += len;
		channel->put += len;
	} else {
		add_segment(channel, NULL, len);
	}
}

void
channel_put(struct channel *channel, const char *data, size_t len)
{
	if (len <= COPY_MAX) {
		buffer_append(&channel->out, data, len);
		channel_commit(channel);
	} else {
		add_segment(channel, data, len);
	}
}

bool
channel_is_sending(const struct channel *channel)
{
	const struct stream *stream = channel->stream;

	return segment_count(channel) > 0 ||
	       (stream != NULL &&
		(stream->operations->wants(stream) & SMTPC_WANT_WRITE) != 0);
}

bool
channel_is_borrowing(const struct channel *channel)
{
	const struct channel_segment *segments = segments_of(channel);
	size_t i;

	for (i = 0; i < segment_count(channel); i++)
		if (segments[i].borrowed != NULL)
			return true;
	return false;
}

uint64_t
channel_progress(const struct channel *channel)
{
	const struct stream *stream = channel->stream;

	if (stream == NULL)
		return 0;
	while (stream->inner != NULL)
		stream = stream->inner;
	return stream->left;
}

void
channel_wake(struct channel *channel)
{
	if (channel->stream != NULL)
		channel->stream->operations->wake(channel->stream);
}

int
channel_open(struct channel *channel)
{
	int rc = channel->stream->operations->open(channel->stream);

	if (rc == SMTPC_OK)
		channel->opening = false;
	return rc;
}

/* The segments as pieces for one write. */
static int
gather(const struct channel *channel, struct iovec *pieces)
{
	const struct channel_segment *segments = segments_of(channel);
	const char *owned = buffer_data(&channel->out);
	size_t count = segment_count(channel);
	const char *data;
	size_t i;

	for (i = 0; i < count; i++) {
		data = segments[i].borrowed;
		if (data == NULL) {
			data = owned;
			owned += segments[i].len;
		}
		/* An iovec can't say that it is only read. */
		pieces[i].iov_base = (void *)(uintptr_t)data;
		pieces[i].iov_len = segments[i].len;
	}
	return (int)count;
}

/* Forget the first len octets: the stream has them. */
static void
drop(struct channel *channel, size_t len)
{
	struct channel_segment *first;
	size_t part;

	for (; len > 0; len -= part) {
		first = segments_of(channel);
		part = len < first->len ? len : first->len;
		if (first->borrowed != NULL) {
			first->borrowed += part;
		} else {
			buffer_consume(&channel->out, part);
			channel->committed -= part;
		}
		first->len -= part;
		if (first->len == 0)
			buffer_consume(&channel->segments, sizeof(*first));
	}
}

/* Write until nothing is left or the stream takes no more. */
static int
pump_out(struct channel *channel)
{
	const struct stream_operations *stream = channel->stream->operations;
	struct iovec pieces[CHANNEL_SEGMENTS];
	size_t taken;
	int count, rc;

	/* There was no memory to put something in: it would be missing. */
	if (channel->segments.failed)
		return SMTPC_E_NOMEM;
	while (segment_count(channel) > 0) {
		count = gather(channel, pieces);
		rc = stream->write(channel->stream, pieces, count, &taken);
		if (rc != SMTPC_OK)
			return rc;
		drop(channel, taken);
	}
	return stream->flush(channel->stream);
}

/* Read until the queue is full or nothing more is there. */
static int
pump_in(struct channel *channel, bool *ret_moved)
{
	const struct stream_operations *stream = channel->stream->operations;
	struct buffer *in = &channel->in;
	size_t left, len;
	char *room;
	int rc;

	while ((left = CHANNEL_IN_MAX - buffer_length(in)) > 0) {
		room = buffer_room(in, left < IN_LEAST ? left : IN_LEAST);
		if (room == NULL)
			return SMTPC_E_NOMEM;
		rc =
		    stream->read(channel->stream, room, buffer_spare(in), &len);
		if (rc != SMTPC_OK)
			return rc;
		buffer_added(in, len);
		*ret_moved = true;
	}
	return SMTPC_AGAIN;
}

int
channel_pump(struct channel *channel, bool *ret_moved)
{
	bool had_room = channel_has_room(channel) && !channel->is_missed;
	uint64_t before = channel_progress(channel);
	int rc;

	if (channel->write_rc == SMTPC_OK) {
		rc = pump_out(channel);
		/* Room matters only to those who lacked it. */
		if (channel_progress(channel) != before && !had_room) {
			channel->is_missed = false;
			*ret_moved = true;
		}
		if (rc < 0) {
			channel->write_rc = rc;
			channel->write_fault = channel->stream->fault;
		}
	}
	if (channel->read_rc == SMTPC_OK) {
		rc = pump_in(channel, ret_moved);
		if (rc < 0)
			channel->read_rc = rc;
	}
	return channel->read_rc != SMTPC_OK ? channel->read_rc : SMTPC_AGAIN;
}

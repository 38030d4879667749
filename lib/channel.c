/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The octets on their way to and from a stream.
 */
#include "channel.h"

#include <assert.h>
#include <string.h>

/* Below this, a copy costs less than a piece of its own. */
#define COPY_MAX 512

void
channel_init(struct channel *channel)
{
	memset(channel, 0, sizeof(*channel));
	buffer_init(&channel->in, CHANNEL_IN_MAX);
	buffer_init(&channel->out, CHANNEL_OUT_MAX);
}

void
channel_attach(struct channel *channel, struct stream *stream, bool opening)
{
	assert(channel->stream == NULL);
	assert(channel->segment_count == 0 && buffer_length(&channel->in) == 0);
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
	channel_init(channel);
	if (stream != NULL)
		stream->operations->free(stream);
}

void
channel_rest(struct channel *channel)
{
	if (buffer_length(&channel->in) == 0)
		buffer_clear_secret(&channel->in);
	if (buffer_length(&channel->out) == 0)
		buffer_clear_secret(&channel->out);
}

static struct channel_segment *
add_segment(struct channel *channel, const char *borrowed, size_t len)
{
	struct channel_segment *segment;

	assert(channel->segment_count < CHANNEL_SEGMENTS);
	segment = &channel->segments[channel->segment_count++];
	segment->borrowed = borrowed;
	segment->len = len;
	return segment;
}

void
channel_commit(struct channel *channel)
{
	size_t len = buffer_length(&channel->out) - channel->committed;
	struct channel_segment *last = NULL;

	if (len == 0)
		return;
	if (channel->segment_count > 0)
		last = &channel->segments[channel->segment_count - 1];
	if (last != NULL && last->borrowed == NULL)
		last->len += len;
	else
		add_segment(channel, NULL, len);
	channel->committed += len;
	channel->put += len;
}

void
channel_put(struct channel *channel, const char *data, size_t len)
{
	if (len <= COPY_MAX) {
		buffer_append(&channel->out, data, len);
		channel_commit(channel);
	} else {
		add_segment(channel, data, len);
		channel->put += len;
	}
}

bool
channel_has_room(const struct channel *channel)
{
	/* One segment for what is borrowed, one for what is copied behind. */
	return channel->segment_count + 2 <= CHANNEL_SEGMENTS &&
	       buffer_length(&channel->out) < CHANNEL_OUT_HIGH;
}

bool
channel_is_sending(const struct channel *channel)
{
	const struct stream *stream = channel->stream;

	return channel->segment_count > 0 ||
	       (stream != NULL &&
		(stream->operations->wants(stream) & SMTPC_WANT_WRITE) != 0);
}

bool
channel_is_holding(const struct channel *channel)
{
	return channel_left(channel) < channel->put;
}

bool
channel_is_borrowing(const struct channel *channel)
{
	size_t i;

	for (i = 0; i < channel->segment_count; i++)
		if (channel->segments[i].borrowed != NULL)
			return true;
	return false;
}

uint64_t
channel_left(const struct channel *channel)
{
	return channel->stream != NULL ? channel->stream->left : 0;
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
	const char *owned = buffer_data(&channel->out);
	const struct channel_segment *segment;
	size_t i;

	for (i = 0; i < channel->segment_count; i++) {
		segment = &channel->segments[i];
		pieces[i].iov_len = segment->len;
		/* An iovec can't say that it is only read. */
		if (segment->borrowed != NULL) {
			pieces[i].iov_base =
			    (void *)(uintptr_t)segment->borrowed;
		} else {
			pieces[i].iov_base = (void *)(uintptr_t)owned;
			owned += segment->len;
		}
	}
	return (int)channel->segment_count;
}

/* Forget the first len octets: the stream has them. */
static void
drop(struct channel *channel, size_t len)
{
	struct channel_segment *first = channel->segments;
	size_t part;

	while (len > 0) {
		part = len < first->len ? len : first->len;
		if (first->borrowed != NULL) {
			first->borrowed += part;
		} else {
			buffer_consume(&channel->out, part);
			channel->committed -= part;
		}
		first->len -= part;
		len -= part;
		if (first->len > 0)
			break;
		channel->segment_count--;
		memmove(first, first + 1,
			channel->segment_count * sizeof(*first));
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

	while (channel->segment_count > 0) {
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
	size_t size, len;
	char *room;
	int rc;

	while (buffer_length(&channel->in) < CHANNEL_IN_MAX) {
		size = CHANNEL_IN_MAX - buffer_length(&channel->in);
		room = buffer_room(&channel->in, size);
		if (room == NULL)
			return SMTPC_E_NOMEM;
		rc = stream->read(channel->stream, room, size, &len);
		if (rc != SMTPC_OK)
			return rc;
		buffer_added(&channel->in, len);
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

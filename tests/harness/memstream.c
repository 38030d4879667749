/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection in memory, as the library sees it and as a test does. */
#include "memstream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"

struct memory_stream {
	struct stream base;
	struct memory_link *link;
};

static struct memory_link *
link_of(const struct stream *stream)
{
	return ((const struct memory_stream *)(const void *)stream)->link;
}

static int
fail(struct stream *stream, int system_error)
{
	memset(&stream->fault, 0, sizeof(stream->fault));
	stream->fault.system_error = system_error;
	return SMTPC_E_SYSTEM;
}

static int
memory_open(struct stream *stream)
{
	int result = link_of(stream)->open_result;

	return result == SMTPC_E_SYSTEM ? fail(stream, ECONNREFUSED) : result;
}

static size_t
least(size_t one, size_t other)
{
	return one < other ? one : other;
}

static int
memory_read(struct stream *stream, char *data, size_t size, size_t *ret_len)
{
	struct memory_link *link = link_of(stream);
	size_t len = least(least(size, link->step), link->to_client.len);

	if (!link->may_read)
		return SMTPC_AGAIN;
	if (len > 0) {
		memcpy(data, octets_data(&link->to_client), len);
		octets_consume(&link->to_client, len);
		link->moved = true;
		link->may_read = link->step == MEMORY_UNLIMITED;
		*ret_len = len;
		return SMTPC_OK;
	}
	if (link->read_error != 0)
		return fail(stream, link->read_error);
	return link->ended ? SMTPC_E_CLOSED : SMTPC_AGAIN;
}

/* How many octets may be written now. */
static size_t
room(const struct memory_link *link)
{
	size_t written = (size_t)link->written;
	size_t len = link->window > written ? link->window - written : 0;

	len = least(len, link->step);
	return least(len, link->write_limit - written);
}

static int
memory_write(struct stream *stream, const struct iovec *pieces, int count,
	     size_t *ret_taken)
{
	struct memory_link *link = link_of(stream);
	size_t left = room(link);
	size_t taken = 0;
	size_t len;
	int i;

	if (link->written >= link->write_limit)
		return fail(stream, link->write_error);
	if (!link->may_write)
		return SMTPC_AGAIN;
	for (i = 0; i < count && left > 0; i++) {
		len = least(pieces[i].iov_len, left);
		octets_append(&link->to_server, pieces[i].iov_base, len);
		taken += len;
		left -= len;
	}
	if (taken == 0)
		return SMTPC_AGAIN;
	link->moved = true;
	link->may_write = link->step == MEMORY_UNLIMITED;
	link->written += taken;
	stream->left += taken;
	*ret_taken = taken;
	return SMTPC_OK;
}

static int
memory_flush(struct stream *stream)
{
	(void)stream;
	return SMTPC_OK;
}

static void
memory_wake(struct stream *stream)
{
	struct memory_link *link = link_of(stream);

	link->may_read = link->may_write = true;
}

static int
memory_descriptor(const struct stream *stream)
{
	(void)stream;
	return -1;
}

static uint32_t
memory_wants(const struct stream *stream)
{
	(void)stream;
	return SMTPC_WANT_READ;
}

static void
memory_end(struct stream *stream)
{
	(void)stream;
}

static void
memory_free(struct stream *stream)
{
	link_of(stream)->is_open = false;
	free(stream);
}

static const struct stream_operations operations = {
	.open = memory_open,
	.read = memory_read,
	.write = memory_write,
	.flush = memory_flush,
	.wake = memory_wake,
	.descriptor = memory_descriptor,
	.wants = memory_wants,
	.end = memory_end,
	.free = memory_free,
};

void
memory_link_init(struct memory_link *link, size_t step)
{
	memset(link, 0, sizeof(*link));
	link->step = step;
	link->window = link->write_limit = MEMORY_UNLIMITED;
	link->write_error = EPIPE;
	link->may_read = link->may_write = true;
}

void
memory_link_clear(struct memory_link *link)
{
	octets_clear(&link->to_server);
	octets_clear(&link->to_client);
}

struct stream *
memory_stream_new(struct memory_link *link)
{
	struct memory_stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL)
		abort();
	stream->base.operations = &operations;
	stream->link = link;
	link->is_open = true;
	return &stream->base;
}

void
memory_link_reset(struct memory_link *link)
{
	link->read_error = ECONNRESET;
	link->write_limit = 0;
}

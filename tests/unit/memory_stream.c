/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream in memory, as slow and as broken as a test wants it. */
#include "memory_stream.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

void
octets_append(struct octets *octets, const void *data, size_t len)
{
	if (len == 0)
		return;
	/* Not the library's memory, which may be made to run out. */
	octets->data = realloc(octets->data, octets->len + len);
	ck_assert_ptr_nonnull(octets->data);
	memcpy(octets->data + octets->len, data, len);
	octets->len += len;
}

void
octets_consume(struct octets *octets, size_t len)
{
	ck_assert_uint_le(len, octets->len);
	octets->len -= len;
	if (octets->len > 0)
		memmove(octets->data, octets->data + len, octets->len);
}

void
octets_clear(struct octets *octets)
{
	free(octets->data);
	memset(octets, 0, sizeof(*octets));
}

static struct memory_stream *
from_stream(struct stream *stream)
{
	return (struct memory_stream *)(void *)stream;
}

static int
memory_open(struct stream *stream)
{
	return from_stream(stream)->open_rc;
}

static int
memory_read(struct stream *stream, char *data, size_t size, size_t *ret_len)
{
	struct memory_stream *self = from_stream(stream);
	size_t len = self->in.len;

	self->reads++;
	ck_assert_uint_gt(size, 0);
	if (len > size)
		len = size;
	if (len > self->read_left)
		len = self->read_left;
	if (len == 0)
		return self->in.len > 0 ? SMTPC_AGAIN : self->read_rc;
	memcpy(data, self->in.data, len);
	octets_consume(&self->in, len);
	self->read_left -= len;
	*ret_len = len;
	return SMTPC_OK;
}

static int
memory_write(struct stream *stream, const struct iovec *pieces, int count,
	     size_t *ret_taken)
{
	struct memory_stream *self = from_stream(stream);
	size_t taken = 0;
	size_t len;
	int i;

	self->writes++;
	self->pieces = count;
	if (self->write_rc < 0 || self->write_left == 0 || self->is_stuck)
		return self->write_rc;
	for (i = 0; i < count; i++) {
		len = pieces[i].iov_len;
		if (len > self->write_left)
			len = self->write_left;
		octets_append(&self->out, pieces[i].iov_base, len);
		self->write_left -= len;
		taken += len;
	}
	ck_assert_uint_gt(taken, 0);
	stream->left += taken;
	*ret_taken = taken;
	return SMTPC_OK;
}

static int
memory_flush(struct stream *stream)
{
	struct memory_stream *self = from_stream(stream);

	self->flushes++;
	return self->flush_rc;
}

static void
memory_wake(struct stream *stream)
{
	struct memory_stream *self = from_stream(stream);

	self->wakes++;
	self->read_left = self->write_left = self->turn;
}

static int
memory_descriptor(const struct stream *stream)
{
	(void)stream;
	return 1234;
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
	from_stream(stream)->ends++;
}

static void
memory_free(struct stream *stream)
{
	from_stream(stream)->frees++;
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
memory_stream_init(struct memory_stream *stream)
{
	memset(stream, 0, sizeof(*stream));
	stream->base.operations = &operations;
	stream->read_rc = stream->write_rc = SMTPC_AGAIN;
	memory_stream_limit(stream, SIZE_MAX);
}

void
memory_stream_clear(struct memory_stream *stream)
{
	octets_clear(&stream->in);
	octets_clear(&stream->out);
}

void
memory_stream_limit(struct memory_stream *stream, size_t turn)
{
	stream->turn = stream->read_left = stream->write_left = turn;
}

void
memory_stream_end(struct memory_stream *stream)
{
	stream->read_rc = SMTPC_E_CLOSED;
}

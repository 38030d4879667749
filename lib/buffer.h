/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_BUFFER_H
#define SMTPC_BUFFER_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A queue of octets with a maximum: appended at the end, consumed at the
 * start.  A failure (no memory, or the maximum) sticks: append freely and ask
 * once at the end.
 */
struct buffer {
	char *data;
	/* The octets held are data[start] to data[end - 1]. */
	uint32_t start, end;
	uint32_t used; /* nothing was ever written behind that */
	uint32_t size; /* allocated */
	uint32_t max;
	bool failed;
};

void buffer_init(struct buffer *buffer, size_t max);

/* Gives the memory back; the buffer is empty and good again. */
void buffer_clear(struct buffer *buffer);
void buffer_clear_secret(struct buffer *buffer);

/* Throws the octets away, wipes them, and keeps the memory. */
void buffer_empty_secret(struct buffer *buffer);

static inline const char *
buffer_data(const struct buffer *buffer)
{
	return buffer->data != NULL ? buffer->data + buffer->start : "";
}

static inline size_t
buffer_length(const struct buffer *buffer)
{
	return buffer->end - buffer->start;
}

void buffer_append(struct buffer *buffer, const void *data, size_t len);
void buffer_append_text(struct buffer *buffer, const char *text);

/* How much room there is behind the end as it is. */
static inline size_t
buffer_spare(const struct buffer *buffer)
{
	return buffer->size - buffer->end;
}

/* What buffer_room() does where there is not enough. */
char *buffer_make_room(struct buffer *buffer, size_t size);

/*
 * Room for size octets at the end, to be filled and then added; or NULL.  What
 * is not added must not have been written.
 */
static inline char *
buffer_room(struct buffer *buffer, size_t size)
{
	if (size <= buffer_spare(buffer) && buffer->data != NULL &&
	    !buffer->failed)
		return buffer->data + buffer->end;
	return buffer_make_room(buffer, size);
}

static inline void
buffer_added(struct buffer *buffer, size_t len)
{
	assert(len <= buffer_spare(buffer));
	buffer->end += (uint32_t)len;
	if (buffer->used < buffer->end)
		buffer->used = buffer->end;
}

static inline void
buffer_consume(struct buffer *buffer, size_t len)
{
	assert(len <= buffer_length(buffer));
	buffer->start += (uint32_t)len;
	if (buffer->start == buffer->end)
		buffer->start = buffer->end = 0;
}

/* Forgets the octets beyond the first len. */
static inline void
buffer_truncate(struct buffer *buffer, size_t len)
{
	assert(len <= buffer_length(buffer));
	buffer->end = buffer->start + (uint32_t)len;
}

#endif

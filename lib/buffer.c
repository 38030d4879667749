/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A queue of octets with a maximum and failures that stick.
 */
#include "buffer.h"

#include <assert.h>
#include <string.h>

#include "mem.h"

#define SIZE_FIRST 256

void
buffer_init(struct buffer *buffer, size_t max)
{
	memset(buffer, 0, sizeof(*buffer));
	buffer->max = max;
}

void
buffer_clear(struct buffer *buffer)
{
	mem_free(buffer->data);
	buffer_init(buffer, buffer->max);
}

void
buffer_clear_secret(struct buffer *buffer)
{
	mem_wipe(buffer->data, buffer->size);
	buffer_clear(buffer);
}

const char *
buffer_data(const struct buffer *buffer)
{
	return buffer->data != NULL ? buffer->data + buffer->start : "";
}

size_t
buffer_length(const struct buffer *buffer)
{
	return buffer->end - buffer->start;
}

/*
 * Move what is held into memory of another size.  The old memory is wiped:
 * realloc would leave a copy of a secret behind.
 */
static bool
move(struct buffer *buffer, size_t size)
{
	size_t len = buffer_length(buffer);
	char *data = mem_alloc(size);

	if (data == NULL)
		return false;
	if (len > 0)
		memcpy(data, buffer->data + buffer->start, len);
	mem_free_secret(buffer->data, buffer->size);
	buffer->data = data;
	buffer->size = size;
	buffer->start = 0;
	buffer->end = len;
	return true;
}

char *
buffer_room(struct buffer *buffer, size_t size)
{
	size_t len = buffer_length(buffer);
	size_t wanted;

	if (buffer->failed || size > buffer->max || len > buffer->max - size) {
		buffer->failed = true;
		return NULL;
	}
	if (buffer->size - buffer->end >= size && buffer->data != NULL)
		return buffer->data + buffer->end;
	if (buffer->size - len >= size && buffer->start >= len) {
		memcpy(buffer->data, buffer->data + buffer->start, len);
		buffer->start = 0;
		buffer->end = len;
		return buffer->data + len;
	}

	wanted = buffer->size > 0 ? buffer->size : SIZE_FIRST;
	while (wanted - len < size)
		wanted *= 2;
	if (wanted > buffer->max)
		wanted = buffer->max;
	if (!move(buffer, wanted)) {
		buffer->failed = true;
		return NULL;
	}
	return buffer->data + buffer->end;
}

void
buffer_added(struct buffer *buffer, size_t len)
{
	assert(len <= buffer->size - buffer->end);
	buffer->end += len;
}

void
buffer_append(struct buffer *buffer, const void *data, size_t len)
{
	char *room;

	if (len == 0)
		return;
	room = buffer_room(buffer, len);
	if (room == NULL)
		return;
	memcpy(room, data, len);
	buffer_added(buffer, len);
}

void
buffer_append_text(struct buffer *buffer, const char *text)
{
	buffer_append(buffer, text, strlen(text));
}

void
buffer_consume(struct buffer *buffer, size_t len)
{
	assert(len <= buffer_length(buffer));
	buffer->start += len;
	if (buffer->start == buffer->end)
		buffer->start = buffer->end = 0;
}

void
buffer_truncate(struct buffer *buffer, size_t len)
{
	assert(len <= buffer_length(buffer));
	buffer->end = buffer->start + len;
}

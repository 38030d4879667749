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
	assert(max <= UINT32_MAX);
	memset(buffer, 0, sizeof(*buffer));
	buffer->max = (uint32_t)max;
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
	mem_wipe(buffer->data, buffer->used);
	buffer_clear(buffer);
}

void
buffer_empty_secret(struct buffer *buffer)
{
	mem_wipe(buffer->data, buffer->used);
	buffer->start = buffer->end = buffer->used = 0;
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
	mem_free_secret(buffer->data, buffer->used);
	buffer->data = data;
	buffer->size = (uint32_t)size;
	buffer->start = 0;
	buffer->end = buffer->used = (uint32_t)len;
	return true;
}

/* There is not enough room behind the end, but the maximum allows for it. */
static bool
find_room(struct buffer *buffer, size_t size)
{
	size_t len = buffer_length(buffer);
	size_t wanted = buffer->size > 0 ? buffer->size : SIZE_FIRST;

	if (buffer->size - len >= size && buffer->start >= len) {
		memcpy(buffer->data, buffer->data + buffer->start, len);
		buffer->start = 0;
		buffer->end = (uint32_t)len;
		return true;
	}
	while (wanted - len < size)
		wanted *= 2;
	return move(buffer, wanted < buffer->max ? wanted : buffer->max);
}

char *
buffer_make_room(struct buffer *buffer, size_t size)
{
	if (buffer->failed || size > buffer->max - buffer_length(buffer) ||
	    !find_room(buffer, size)) {
		buffer->failed = true;
		return NULL;
	}
	return buffer->data + buffer->end;
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

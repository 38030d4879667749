/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_BUFFER_H
#define SMTPC_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A queue of octets with a maximum: appended at the end, consumed at the
 * start.  A failure (no memory, or the maximum) sticks: append freely and ask
 * once at the end.
 */
struct buffer {
	char *data;
	size_t start,
	    end;     /* the octets held are data[start] to data[end - 1] */
	size_t size; /* allocated */
	size_t max;
	bool failed;
};

void buffer_init(struct buffer *buffer, size_t max);

/* Gives the memory back; the buffer is empty and good again. */
void buffer_clear(struct buffer *buffer);
void buffer_clear_secret(struct buffer *buffer);

const char *buffer_data(const struct buffer *buffer);
size_t buffer_length(const struct buffer *buffer);

void buffer_append(struct buffer *buffer, const void *data, size_t len);
void buffer_append_text(struct buffer *buffer, const char *text);

/* Room for size octets at the end, to be filled and then added; or NULL. */
char *buffer_room(struct buffer *buffer, size_t size);
void buffer_added(struct buffer *buffer, size_t len);

void buffer_consume(struct buffer *buffer, size_t len);

/* Forgets the octets beyond the first len. */
void buffer_truncate(struct buffer *buffer, size_t len);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A growing run of octets with a maximum. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A failure, for want of memory or beyond the maximum, sticks: write all, then
 * look at failed once.  data is NULL or ends in a NUL that len does not count.
 */
struct text {
	char *data;
	size_t len;
	size_t size;
	size_t max;
	bool failed;
};

void text_init(struct text *text, size_t max);

/* Frees what it holds; it is empty then and can be used again. */
void text_clear(struct text *text);

void text_append(struct text *text, const void *data, size_t len);
void text_add(struct text *text, const char *string);
void text_add_octet(struct text *text, char octet);

/*
 * At least one octet of room at the end, to be written directly; NULL on
 * failure.  text_grew() says how much was written.
 */
char *text_room(struct text *text, size_t *ret_len);
void text_grew(struct text *text, size_t len);

#endif

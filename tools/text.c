/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A growing run of octets with a maximum. */
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define SMALLEST_SIZE 256

void
text_init(struct text *text, size_t max)
{
	memset(text, 0, sizeof(*text));
	text->max = max;
}

void
text_clear(struct text *text)
{
	free(text->data);
	text_init(text, text->max);
}

/* Makes room for len octets and the NUL behind them. */
static bool
reserve(struct text *text, size_t len)
{
	size_t size = text->size;
	char *data;

	if (text->failed || len > text->max - text->len) {
		text->failed = true;
		return false;
	}
	if (text->len + len < size)
		return true;

	size = size < SMALLEST_SIZE ? SMALLEST_SIZE : size;
	while (size <= text->len + len)
		size *= 2;
	data = realloc(text->data, size);
	if (data == NULL) {
		text->failed = true;
		return false;
	}
	text->data = data;
	text->size = size;
	return true;
}

void
text_append(struct text *text, const void *data, size_t len)
{
	if (!reserve(text, len))
		return;
	if (len > 0)
		memcpy(text->data + text->len, data, len);
	text->len += len;
	text->data[text->len] = '\0';
}

void
text_add(struct text *text, const char *string)
{
	text_append(text, string, strlen(string));
}

void
text_add_octet(struct text *text, char octet)
{
	text_append(text, &octet, 1);
}

char *
text_room(struct text *text, size_t *ret_len)
{
	if (!reserve(text, 1))
		return NULL;
	*ret_len = text->size - text->len - 1;
	if (*ret_len > text->max - text->len)
		*ret_len = text->max - text->len;
	return text->data + text->len;
}

void
text_grew(struct text *text, size_t len)
{
	text->len += len;
	text->data[text->len] = '\0';
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Octets that grow. */
#include "octets.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"

/* Make room for len more and a NUL. */
static void
grow(struct octets *octets, size_t len)
{
	size_t size = octets->size > 0 ? octets->size : 64;

	if (octets->start > 0 && octets->start >= octets->len) {
		memmove(octets->data, octets->data + octets->start,
			octets->len);
		octets->start = 0;
	}
	while (size < octets->start + octets->len + len + 1)
		size *= 2;
	if (size == octets->size)
		return;
	octets->data = heap_uncounted_realloc(octets->data, size);
	if (octets->data == NULL)
		abort();
	octets->size = size;
}

void
octets_append(struct octets *octets, const void *data, size_t len)
{
	grow(octets, len);
	if (len > 0)
		memcpy(octets->data + octets->start + octets->len, data, len);
	octets->len += len;
	octets->data[octets->start + octets->len] = '\0';
}

void
octets_append_text(struct octets *octets, const char *text)
{
	octets_append(octets, text, strlen(text));
}

void
octets_printf(struct octets *octets, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		abort();
	grow(octets, (size_t)len);
	va_start(args, format);
	vsnprintf(octets->data + octets->start + octets->len, (size_t)len + 1,
		  format, args);
	va_end(args);
	octets->len += (size_t)len;
}

const char *
octets_data(const struct octets *octets)
{
	return octets->data != NULL ? octets->data + octets->start : "";
}

void
octets_consume(struct octets *octets, size_t len)
{
	octets->start += len;
	octets->len -= len;
	if (octets->len == 0)
		octets->start = 0;
}

void
octets_clear(struct octets *octets)
{
	heap_uncounted_free(octets->data);
	memset(octets, 0, sizeof(*octets));
}

void
octets_append_escaped(struct octets *octets, const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (data[i] == '\r')
			octets_append_text(octets, "\\r");
		else if (data[i] == '\n')
			octets_append_text(octets, "\\n");
		else if (data[i] < ' ' || data[i] > '~')
			octets_printf(octets, "\\x%02x",
				      (unsigned int)(unsigned char)data[i]);
		else
			octets_append(octets, data + i, 1);
	}
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory: the library's only way to allocate any.
 */
#include "mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool (*mem_fault)(void);

static bool
fails(void)
{
	return mem_fault != NULL && mem_fault();
}

void *
mem_alloc(size_t size)
{
	return fails() ? NULL : malloc(size);
}

void *
mem_zalloc(size_t size)
{
	return fails() ? NULL : calloc(1, size);
}

void *
mem_resize(void *memory, size_t size)
{
	return fails() ? NULL : realloc(memory, size);
}

char *
mem_copy(const void *data, size_t len)
{
	char *copy = mem_alloc(len + 1);

	if (copy == NULL)
		return NULL;
	if (len > 0)
		memcpy(copy, data, len);
	copy[len] = '\0';
	return copy;
}

char *
mem_copy_text(const char *text)
{
	return mem_copy(text, strlen(text));
}

char *
mem_format(const char *format, ...)
{
	va_list args, again;
	char *text = NULL;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	if (len >= 0)
		text = mem_alloc((size_t)len + 1);
	if (text != NULL)
		vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}

void
mem_wipe(void *memory, size_t size)
{
	if (memory != NULL)
		explicit_bzero(memory, size);
}

void
mem_free_secret(void *memory, size_t size)
{
	mem_wipe(memory, size);
	mem_free(memory);
}

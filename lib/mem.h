/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_MEM_H
#define SMTPC_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/*
 * All of the library's own allocations go through here, so that a test can
 * make any of them fail.  Each returns NULL when there is no memory.
 */
void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
void *mem_resize(void *memory, size_t size);

static inline void
mem_free(void *memory)
{
	if (memory != NULL)
		free(memory);
}

/* A copy of len octets, followed by a NUL that is not counted. */
char *mem_copy(const void *data, size_t len);
char *mem_copy_text(const char *text);

/* printf into memory of its own. */
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For secrets: the compiler may not leave the wiping out. */
void mem_wipe(void *memory, size_t size);
void mem_free_secret(void *memory, size_t size);

/* A test's say: true makes the allocation at hand fail.  NULL otherwise. */
extern bool (*mem_fault)(void);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts what goes in and out between a test and malloc(). */
#include "heap.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

/* The linker makes these of the names without __wrap_, and with __real_. */
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);

static atomic_long blocks, octets, peak;

static void *
count_in(void *memory)
{
	long now;

	if (memory == NULL)
		return NULL;
	atomic_fetch_add(&blocks, 1);
	now = (long)malloc_usable_size(memory);
	now += atomic_fetch_add(&octets, now);
	if (now > atomic_load(&peak))
		atomic_store(&peak, now);
	return memory;
}

static void
count_out(void *memory)
{
	if (memory == NULL)
		return;
	atomic_fetch_sub(&blocks, 1);
	atomic_fetch_sub(&octets, (long)malloc_usable_size(memory));
}

void *
__wrap_malloc(size_t size)
{
	return count_in(__real_malloc(size));
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return count_in(__real_calloc(count, size));
}

void *
__wrap_realloc(void *memory, size_t size)
{
	void *resized;

	count_out(memory);
	resized = __real_realloc(memory, size);
	count_in(resized != NULL ? resized : memory);
	return resized;
}

void
__wrap_free(void *memory)
{
	count_out(memory);
	__real_free(memory);
}

void *
heap_uncounted_realloc(void *memory, size_t size)
{
	return __real_realloc(memory, size);
}

void
heap_uncounted_free(void *memory)
{
	__real_free(memory);
}

long
heap_blocks(void)
{
	return atomic_load(&blocks);
}

long
heap_octets(void)
{
	return atomic_load(&octets);
}

long
heap_peak(void)
{
	return atomic_load(&peak);
}

void
heap_forget_peak(void)
{
	atomic_store(&peak, atomic_load(&octets));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counts the memory of a test program: of the library, which is linked
 * statically, and of the test itself, but not of shared libraries.  A program
 * that links heap_dep has its malloc() and friends replaced by the linker.
 */
#ifndef HARNESS_HEAP_H
#define HARNESS_HEAP_H

#include <stddef.h>

/* The C library's own, for what is not to be counted. */
void *heap_uncounted_realloc(void *memory, size_t size);
void heap_uncounted_free(void *memory);

/*
 * How many blocks are in use, more or less than at any other time: what the
 * C library has allocated by itself is counted only when it is freed.
 */
long heap_blocks(void);

/* The same of octets; and the most since the peak was forgotten. */
long heap_octets(void);
long heap_peak(void);
void heap_forget_peak(void);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Octets that grow: what the scripted peer and its player work with.  Their
 * memory is not counted as the library's is.
 */
#ifndef HARNESS_OCTETS_H
#define HARNESS_OCTETS_H

#include <stddef.h>

/* All zero is empty.  Without memory the program ends. */
struct octets {
	char *data; /* NULL, or a NUL follows the last octet */
	size_t start, len, size;
};

void octets_append(struct octets *octets, const void *data, size_t len);
void octets_append_text(struct octets *octets, const char *text);
void octets_printf(struct octets *octets, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The first of them; never NULL. */
const char *octets_data(const struct octets *octets);

/* Takes len away at the start. */
void octets_consume(struct octets *octets, size_t len);

/* Gives the memory back: empty again. */
void octets_clear(struct octets *octets);

/* What is printed of octets: control characters and the like escaped. */
void octets_append_escaped(struct octets *octets, const char *data, size_t len);

#endif

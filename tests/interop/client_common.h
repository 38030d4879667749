/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the clients of the interop tests share: their complaints, and the
 * members of the JSON objects that they print.
 */
#ifndef INTEROP_CLIENT_COMMON_H
#define INTEROP_CLIENT_COMMON_H

#include <stddef.h>

/* Ends the program, which was not called as it should be. */
_Noreturn void complain(const char *what);

long number_of(const char *text);

/* Each member but the first of an object; text NULL: null. */
void print_text(const char *key, const char *text);
void print_octets(const char *key, const char *text, size_t len);
void print_number(const char *key, long number);

#endif

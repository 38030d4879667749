/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small correct message out of a subject and a text. */
#ifndef COMPOSE_H
#define COMPOSE_H

#include <stddef.h>
#include <stdint.h>

struct text;

#define COMPOSE_ID_SIZE 16

struct compose {
	const char *sender;
	char *const *recipients;
	size_t recipient_count;
	const char *subject; /* NULL: none */
	const char *text;
	size_t text_len;
	int64_t now; /* milliseconds since 1970-01-01 UTC */
	unsigned char id[COMPOSE_ID_SIZE]; /* random */
};

/* Appends the message to out.  NULL if all is well, else what is wrong. */
const char *compose_message(const struct compose *compose, struct text *out);

#endif

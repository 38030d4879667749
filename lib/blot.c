/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Secrets that a server quotes.
 */
#include "blot.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "ascii.h"
#include "mem.h"

/* Fewer octets are no secret, and words of the text would go with them. */
#define WHOLE_MIN 4
/* Parts of a longer one that give something away. */
#define PART 8
/* Servers quote the beginning of what they don't understand. */
#define SECRET_MAX 4096

#define HASH_BITS 14

/* The parts of a secret, by their hashes: most of a text has none of them. */
struct parts {
	const char *secret;
	size_t count;
	uint8_t seen[1 << (HASH_BITS - 3)];
};

/* Of PART octets, whatever their case. */
static unsigned int
hash(const char *text)
{
	uint32_t value = 0;
	size_t i;

	for (i = 0; i < PART; i++)
		value = value * 31 + (unsigned char)ascii_upper(text[i]);
	value *= UINT32_C(2654435769);
	return value >> (32 - HASH_BITS);
}

static void
take_parts(struct parts *parts, const char *secret, size_t len)
{
	unsigned int value;
	size_t i;

	memset(parts, 0, sizeof(*parts));
	if (len > SECRET_MAX)
		len = SECRET_MAX;
	parts->secret = secret;
	parts->count = len - PART + 1;
	for (i = 0; i < parts->count; i++) {
		value = hash(secret + i);
		parts->seen[value / 8] |= (uint8_t)(1u << value % 8);
	}
}

static bool
is_part(const struct parts *parts, const char *text)
{
	unsigned int value = hash(text);
	size_t i;

	if (!(parts->seen[value / 8] & 1u << value % 8))
		return false;
	for (i = 0; i < parts->count; i++)
		if (ascii_equal(text, PART, parts->secret + i, PART))
			return true;
	return false;
}

static void
blot_parts(char *text, size_t len, const char *secret, size_t secret_len)
{
	struct parts parts;
	size_t end = 0; /* of what is to go */
	size_t i;

	take_parts(&parts, secret, secret_len);
	for (i = 0; i < len; i++) {
		if (len - i >= PART && is_part(&parts, text + i))
			end = i + PART;
		/* Nothing looks back at it. */
		if (i < end)
			text[i] = '*';
	}
	mem_wipe(&parts, sizeof(parts));
}

static void
blot_whole(char *text, size_t len, const char *secret, size_t secret_len)
{
	char *end = text + len;

	while ((text = memmem(text, (size_t)(end - text), secret,
			      secret_len)) != NULL) {
		memset(text, '*', secret_len);
		text += secret_len;
	}
}

void
blot(char *text, size_t len, const char *secret, size_t secret_len)
{
	if (secret_len >= PART)
		blot_parts(text, len, secret, secret_len);
	else if (secret_len >= WHOLE_MIN)
		blot_whole(text, len, secret, secret_len);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Base64: RFC 4648, section 4.
 */
#include "base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz0123456789+/";

size_t
base64_length(size_t len)
{
	return (len + 2) / 3 * 4;
}

void
base64_encode(struct buffer *out, const void *data, size_t len)
{
	const unsigned char *in = data;
	uint32_t bits;
	char four[4];
	size_t left;

	for (left = len; left > 0; left -= left < 3 ? left : 3) {
		bits = (uint32_t)in[0] << 16;
		if (left > 1)
			bits |= (uint32_t)in[1] << 8;
		if (left > 2)
			bits |= in[2];
		four[0] = alphabet[bits >> 18];
		four[1] = alphabet[bits >> 12 & 63];
		four[2] = left > 1 ? alphabet[bits >> 6 & 63] : '=';
		four[3] = left > 2 ? alphabet[bits & 63] : '=';
		buffer_append(out, four, sizeof(four));
		in += 3;
	}
}

/* The six bits that c stands for, or -1. */
static int
value(char c)
{
	const char *at = c != '\0' ? strchr(alphabet, c) : NULL;

	return at != NULL ? (int)(at - alphabet) : -1;
}

/* Decode one group of four, of which the last pad octets are padding. */
static bool
decode_group(struct buffer *out, const char *four, size_t pad)
{
	unsigned char three[3];
	uint32_t bits = 0;
	size_t i;
	int six;

	for (i = 0; i < 4; i++) {
		six = i < 4 - pad ? value(four[i]) : 0;
		if (six < 0)
			return false;
		bits = bits << 6 | (uint32_t)six;
	}
	three[0] = (unsigned char)(bits >> 16);
	three[1] = (unsigned char)(bits >> 8);
	three[2] = (unsigned char)bits;
	if ((pad > 0 && three[2] != 0) || (pad > 1 && three[1] != 0))
		return false;
	buffer_append(out, three, 3 - pad);
	return !out->failed;
}

bool
base64_decode(struct buffer *out, const char *text, size_t len)
{
	size_t pad = 0;
	size_t i;

	if (len % 4 != 0)
		return false;
	if (len > 0 && text[len - 1] == '=')
		pad = text[len - 2] == '=' ? 2 : 1;
	for (i = 0; i < len; i += 4)
		if (!decode_group(out, text + i, i + 4 == len ? pad : 0))
			return false;
	return true;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Base64 for AUTH. */
#include "loopback_base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz"
			       "0123456789+/";

char *
base64_encode(const void *data, size_t len)
{
	const unsigned char *octets;
	char *text, *out;
	uint32_t group;
	size_t i;

	octets = data;
	text = malloc(len / 3 * 4 + 5);
	if (text == NULL)
		return NULL;
	out = text;
	for (i = 0; i < len; i += 3) {
		group = (uint32_t)octets[i] << 16;
		if (i + 1 < len)
			group |= (uint32_t)octets[i + 1] << 8;
		if (i + 2 < len)
			group |= octets[i + 2];
		*out++ = alphabet[group >> 18];
		*out++ = alphabet[group >> 12 & 63];
		*out++ = i + 1 < len ? alphabet[group >> 6 & 63] : '=';
		*out++ = i + 2 < len ? alphabet[group & 63] : '=';
	}
	*out = '\0';
	return text;
}

/* Four characters, the last of which may be padding; octets, or -1. */
static int
decode_group(const char *text, int padding, char *out)
{
	const char *place;
	uint32_t group;
	int i;

	group = 0;
	for (i = 0; i < 4; i++) {
		place = NULL;
		if (i < 4 - padding)
			place = memchr(alphabet, text[i], 64);
		else if (text[i] == '=')
			place = alphabet;
		if (place == NULL)
			return -1;
		group = group << 6 | (uint32_t)(place - alphabet);
	}
	if ((padding == 1 && (group & 0xff) != 0) ||
	    (padding == 2 && (group & 0xffff) != 0))
		return -1;
	out[0] = (char)(group >> 16);
	out[1] = (char)(group >> 8 & 0xff);
	out[2] = (char)(group & 0xff);
	return 3 - padding;
}

char *
base64_decode(const char *text, size_t *ret_len)
{
	size_t i, len, used;
	char *data;
	int octets, padding;

	len = strlen(text);
	if (len % 4 != 0)
		return NULL;
	data = malloc(len / 4 * 3 + 1);
	if (data == NULL)
		return NULL;
	used = 0;
	for (i = 0; i < len; i += 4) {
		padding = 0;
		if (i + 4 == len && text[len - 1] == '=')
			padding = text[len - 2] == '=' ? 2 : 1;
		octets = decode_group(text + i, padding, data + used);
		if (octets < 0) {
			free(data);
			return NULL;
		}
		used += (size_t)octets;
	}
	data[used] = '\0';
	*ret_len = used;
	return data;
}

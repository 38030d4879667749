/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * UTF-8: RFC 3629.
 */
#include "utf8.h"

/*
 * The length of a character by its first octet, 0 if none begins so; and the
 * range of the second octet, which is what rules the bad forms out.
 */
static size_t
character_length(unsigned char first, unsigned char *ret_low,
		 unsigned char *ret_high)
{
	*ret_low = 0x80;
	*ret_high = 0xbf;
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	if (first < 0xe0)
		return 2;
	if (first == 0xe0)
		*ret_low = 0xa0;
	if (first == 0xed)
		*ret_high = 0x9f;
	if (first < 0xf0)
		return 3;
	if (first == 0xf0)
		*ret_low = 0x90;
	if (first == 0xf4)
		*ret_high = 0x8f;
	return 4;
}

bool
utf8_is_valid(const char *text, size_t len)
{
	const unsigned char *at = (const unsigned char *)text;
	unsigned char low, high;
	size_t i, count;

	for (; len > 0; at += count, len -= count) {
		count = character_length(at[0], &low, &high);
		if (count == 0 || count > len)
			return false;
		if (count > 1 && (at[1] < low || at[1] > high))
			return false;
		for (i = 2; i < count; i++)
			if (at[i] < 0x80 || at[i] > 0xbf)
				return false;
	}
	return true;
}

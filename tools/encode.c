/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UTF-8, and the encodings of MIME (RFC 2045, RFC 2047). */
#include "encode.h"

#include <assert.h>
#include <string.h>

#include "octet.h"
#include "text.h"

#define LINE_MAX_LEN 76

/* RFC 2047, 2: an encoded-word has 75 octets at most. */
#define WORD_START	 "=?UTF-8?"
#define WORD_FRAME	 (sizeof(WORD_START) - 1 + 4) /* "B?" and "?=" */
#define WORD_CONTENT_MAX (75 - WORD_FRAME)

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char hex_digits[] = "0123456789ABCDEF";

static bool
is_continuation(const char *s, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return false;
	}
	return true;
}

/*
 * RFC 3629, 4: what the first octet says about the second, so that there are
 * no surrogates, nothing over-long and nothing above U+10FFFF.
 */
struct utf8_start {
	unsigned char first, last;
	unsigned char second_from, second_to;
	size_t count;
};

static const struct utf8_start *
find_start(unsigned char first)
{
	static const struct utf8_start starts[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	size_t i;

	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		if (first >= starts[i].first && first <= starts[i].last)
			return &starts[i];
	}
	return NULL;
}

size_t
encode_utf8_length(const char *s, size_t len)
{
	const struct utf8_start *start;
	unsigned char second;

	if (len == 0 || octet_is_ascii(s[0]))
		return len > 0;
	start = find_start((unsigned char)s[0]);
	if (start == NULL || start->count > len)
		return 0;
	second = (unsigned char)s[1];
	if (second < start->second_from || second > start->second_to ||
	    !is_continuation(s + 2, start->count - 2))
		return 0;
	return start->count;
}

bool
encode_is_utf8(const char *s, size_t len)
{
	size_t count;

	while (len > 0) {
		count = encode_utf8_length(s, len);
		if (count == 0)
			return false;
		s += count;
		len -= count;
	}
	return true;
}

static void
add_base64(struct text *out, const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	char four[4];
	unsigned long bits;
	size_t i;

	for (i = 0; i < len; i += 3) {
		bits = (unsigned long)u[i] << 16;
		if (i + 1 < len)
			bits |= (unsigned long)u[i + 1] << 8;
		if (i + 2 < len)
			bits |= u[i + 2];
		four[0] = base64_digits[bits >> 18];
		four[1] = base64_digits[bits >> 12 & 63];
		four[2] = i + 1 < len ? base64_digits[bits >> 6 & 63] : '=';
		four[3] = i + 2 < len ? base64_digits[bits & 63] : '=';
		text_append(out, four, sizeof(four));
	}
}

void
encode_base64(struct text *out, const char *s, size_t len)
{
	const size_t line = LINE_MAX_LEN / 4 * 3;

	while (len > 0) {
		size_t count = len < line ? len : line;

		add_base64(out, s, count);
		text_add(out, "\r\n");
		s += count;
		len -= count;
	}
}

static void
add_hex(struct text *out, char prefix, char c)
{
	char three[3];

	three[0] = prefix;
	three[1] = hex_digits[(unsigned char)c >> 4];
	three[2] = hex_digits[(unsigned char)c & 15];
	text_append(out, three, sizeof(three));
}

/* One line without its line end. */
static void
quote_line(struct text *out, const char *s, size_t len)
{
	size_t column = 0;
	size_t i, width;
	bool plain;

	for (i = 0; i < len; i++) {
		/* RFC 2045, 6.7 (3): no blank may end a line. */
		if (s[i] == ' ' || s[i] == '\t')
			plain = i + 1 < len;
		else
			plain = s[i] > ' ' && s[i] < 0x7f && s[i] != '=';
		width = plain ? 1 : 3;
		/* One column is kept for the "=" of a soft line break. */
		if (column + width > LINE_MAX_LEN - (i + 1 < len)) {
			text_add(out, "=\r\n");
			column = 0;
		}
		if (plain)
			text_add_octet(out, s[i]);
		else
			add_hex(out, '=', s[i]);
		column += width;
	}
}

void
encode_quoted_printable(struct text *out, const char *s, size_t len)
{
	const char *end;
	size_t line;

	while (len > 0) {
		end = memmem(s, len, "\r\n", 2);
		line = end == NULL ? len : (size_t)(end - s);
		quote_line(out, s, line);
		if (end == NULL)
			return;
		text_add(out, "\r\n");
		s += line + 2;
		len -= line + 2;
	}
}

/* RFC 2047, 4.2 and 5: what stands for itself wherever a word may be. */
static size_t
q_width(char c)
{
	if (octet_is_alpha(c) || octet_is_digit(c) || c == ' ')
		return 1;
	return c != '\0' && strchr("!*+-/", c) != NULL ? 1 : 3;
}

static size_t
q_length(const char *s, size_t len)
{
	size_t i;
	size_t sum = 0;

	for (i = 0; i < len; i++)
		sum += q_width(s[i]);
	return sum;
}

static void
add_q(struct text *out, const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (s[i] == ' ')
			text_add_octet(out, '_');
		else if (q_width(s[i]) == 1)
			text_add_octet(out, s[i]);
		else
			add_hex(out, '=', s[i]);
	}
}

static size_t
encoded_length(const char *s, size_t len, bool base64)
{
	return base64 ? (len + 2) / 3 * 4 : q_length(s, len);
}

/* As many whole characters as fit into room octets when encoded. */
static size_t
characters_that_fit(const char *s, size_t len, size_t room, bool base64)
{
	size_t taken = 0;
	size_t count;

	while (taken < len) {
		count = encode_utf8_length(s + taken, len - taken);
		assert(count > 0);
		if (encoded_length(s, taken + count, base64) > room)
			break;
		taken += count;
	}
	return taken;
}

void
encode_words(struct text *out, const char *s, size_t len, size_t column)
{
	bool base64 = (len + 2) / 3 * 4 < q_length(s, len);
	size_t room, taken;

	assert(column < 32);
	while (len > 0) {
		room = LINE_MAX_LEN - WORD_FRAME - column;
		if (room > WORD_CONTENT_MAX)
			room = WORD_CONTENT_MAX;
		taken = characters_that_fit(s, len, room, base64);

		text_add(out, WORD_START);
		text_add(out, base64 ? "B?" : "Q?");
		if (base64)
			add_base64(out, s, taken);
		else
			add_q(out, s, taken);
		text_add(out, "?=");

		s += taken;
		len -= taken;
		if (len > 0)
			text_add(out, "\r\n ");
		column = 1;
	}
}

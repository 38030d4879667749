/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Characters as SMTP knows them.
 */
#include "ascii.h"

#include <string.h>

#include "mem.h"

#define LETTER (ASCII_PRINTABLE | ASCII_ATEXT | ASCII_ALNUM)
#define ATEXT  (ASCII_PRINTABLE | ASCII_ATEXT)

const unsigned char ascii_classes[256] = {
	['0' ... '9'] = LETTER | ASCII_HEX | ASCII_DIGIT,
	['A' ... 'F'] = LETTER | ASCII_HEX,
	['G' ... 'Z'] = LETTER,
	['a' ... 'f'] = LETTER | ASCII_HEX,
	['g' ... 'z'] = LETTER,
	['!'] = ATEXT,
	['#' ... '\''] = ATEXT,
	['*' ... '+'] = ATEXT,
	['-'] = ATEXT,
	['/'] = ATEXT,
	['='] = ATEXT,
	['?'] = ATEXT,
	['^' ... '`'] = ATEXT,
	['{' ... '~'] = ATEXT,
	[' '] = ASCII_PRINTABLE,
	['"'] = ASCII_PRINTABLE,
	['(' ... ')'] = ASCII_PRINTABLE,
	[','] = ASCII_PRINTABLE,
	['.'] = ASCII_PRINTABLE,
	[':' ... '<'] = ASCII_PRINTABLE,
	['>'] = ASCII_PRINTABLE,
	['@'] = ASCII_PRINTABLE,
	['[' ... ']'] = ASCII_PRINTABLE,
};

#define WORD	    sizeof(uint64_t)
#define EACH(octet) (UINT64_C(0x0101010101010101) * (octet))

static uint64_t
word_at(const char *text)
{
	uint64_t word;

	memcpy(&word, text, sizeof(word));
	return word;
}

/* What is left over is shorter than a word: some is looked at again. */
bool
ascii_is_7bit(const char *text, size_t len)
{
	uint64_t all = 0;
	size_t i;

	for (i = 0; i + WORD <= len; i += WORD)
		all |= word_at(text + i);
	if (len >= WORD)
		return !((all | word_at(text + len - WORD)) & EACH(0x80));
	for (; i < len; i++)
		all |= (unsigned char)text[i];
	return !(all & 0x80);
}

/* An octet's top bit is set by what is below 0x20, or above 0x7e. */
static uint64_t
not_printable(uint64_t word)
{
	return (word - EACH(0x20)) | (word + EACH(1)) | word;
}

bool
ascii_all_printable(const char *text, size_t len)
{
	uint64_t bad = 0;
	size_t i;

	for (i = 0; i + WORD <= len; i += WORD)
		bad |= not_printable(word_at(text + i));
	if (len >= WORD)
		return !((bad | not_printable(word_at(text + len - WORD))) &
			 EACH(0x80));
	for (; i < len; i++)
		if (!ascii_is_printable(text[i]))
			return false;
	return true;
}

char
ascii_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool
ascii_equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t i;

	if (a_len != b_len)
		return false;
	for (i = 0; i < a_len; i++)
		if (ascii_upper(a[i]) != ascii_upper(b[i]))
			return false;
	return true;
}

bool
ascii_equal_text(const char *a, const char *b)
{
	return ascii_equal(a, strlen(a), b, strlen(b));
}

const char *
ascii_number(uint64_t number, char digits[ASCII_NUMBER_MAX])
{
	char *at = digits + ASCII_NUMBER_MAX - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return at;
}

void
ascii_make_printable(char *text)
{
	for (; *text != '\0'; text++)
		if (!ascii_is_printable(*text))
			*text = '?';
}

char *
ascii_escape(const char *text, size_t len, size_t max)
{
	static const char digits[] = "0123456789abcdef";
	static const char cut[] = "...";
	size_t used = len < max ? len : max;
	char *escaped = mem_alloc(4 * used + sizeof(cut));
	char *out = escaped;
	size_t i;

	if (escaped == NULL)
		return NULL;
	for (i = 0; i < used; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\\') {
			*out++ = '\\';
			*out++ = '\\';
		} else if (ascii_is_printable(text[i])) {
			*out++ = text[i];
		} else {
			*out++ = '\\';
			*out++ = 'x';
			*out++ = digits[c >> 4];
			*out++ = digits[c & 15];
		}
	}
	memcpy(out, used < len ? cut : "", used < len ? sizeof(cut) : 1);
	return escaped;
}

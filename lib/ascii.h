/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_ASCII_H
#define SMTPC_ASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Characters as SMTP knows them: ASCII, whatever the locale says.
 */

/* What each is, as bits. */
#define ASCII_DIGIT	1u
#define ASCII_ALNUM	2u
#define ASCII_HEX	4u
#define ASCII_PRINTABLE 8u
#define ASCII_ATEXT	16u

extern const unsigned char ascii_classes[256];

static inline bool
ascii_is(char c, unsigned int classes)
{
	return ascii_classes[(unsigned char)c] & classes;
}

static inline bool
ascii_is_digit(char c)
{
	return ascii_is(c, ASCII_DIGIT);
}

static inline bool
ascii_is_alnum(char c)
{
	return ascii_is(c, ASCII_ALNUM);
}

static inline bool
ascii_is_hex(char c)
{
	return ascii_is(c, ASCII_HEX);
}

/* 0x20 to 0x7e. */
static inline bool
ascii_is_printable(char c)
{
	return ascii_is(c, ASCII_PRINTABLE);
}

/* atext of RFC 5322, section 3.2.3. */
static inline bool
ascii_is_atext(char c)
{
	return ascii_is(c, ASCII_ATEXT);
}

/* Whether no octet has its top bit set. */
bool ascii_is_7bit(const char *text, size_t len);

/* Whether every octet is printable. */
bool ascii_all_printable(const char *text, size_t len);

char ascii_upper(char c);

/* Equal but for the case of ASCII letters. */
bool ascii_equal(const char *a, size_t a_len, const char *b, size_t b_len);
bool ascii_equal_text(const char *a, const char *b);

/* "18446744073709551615" and a NUL. */
#define ASCII_NUMBER_MAX 21

/*
 * A number in decimal: text inside digits.  printf takes as long as all the
 * rest of a command.
 */
const char *ascii_number(uint64_t number, char digits[ASCII_NUMBER_MAX]);

/* Puts a "?" in the place of every octet that is not printable. */
void ascii_make_printable(char *text);

/*
 * Text from outside made fit for a message or a log: printable ASCII, with
 * the rest as \xNN and a backslash doubled.  Cut at max octets of input.
 * Memory of its own; NULL when there is none.
 */
char *ascii_escape(const char *text, size_t len, size_t max);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions about single octets, answered the same way in every locale. */
#ifndef OCTET_H
#define OCTET_H

#include <stdbool.h>

static inline bool
octet_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
octet_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* 8-bit octets are no controls: they may be UTF-8. */
static inline bool
octet_is_control(char c)
{
	unsigned char u = (unsigned char)c;

	return u < 0x20 || u == 0x7f;
}

static inline bool
octet_is_ascii(char c)
{
	return (unsigned char)c < 0x80;
}

static inline char
octet_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline char
octet_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* 0 to 15, or -1 if it is no hexadecimal digit. */
static inline int
octet_hex_value(char c)
{
	if (octet_is_digit(c))
		return c - '0';
	c = octet_lower(c);
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UTF-8, and the encodings of MIME (RFC 2045, RFC 2047). */
#ifndef ENCODE_H
#define ENCODE_H

#include <stdbool.h>
#include <stddef.h>

struct text;

/* Octets of the character at the start; 0 if that is no valid UTF-8. */
size_t encode_utf8_length(const char *s, size_t len);
bool encode_is_utf8(const char *s, size_t len);

/*
 * Both take text whose lines end in CR LF and end each line of theirs so;
 * in quoted-printable the text's own last line end may be missing.
 */
void encode_base64(struct text *out, const char *s, size_t len);
void encode_quoted_printable(struct text *out, const char *s, size_t len);

/*
 * Valid UTF-8 without controls as RFC 2047's encoded-words, in lines of 76 at
 * most; column (below 32) is what stands before the first one on its line.
 */
void encode_words(struct text *out, const char *s, size_t len, size_t column);

#endif

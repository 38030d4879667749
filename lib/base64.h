/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_BASE64_H
#define SMTPC_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

/* Appends the encoding (RFC 4648, section 4) of len octets, on one line. */
void base64_encode(struct buffer *out, const void *data, size_t len);

/* How long that is. */
size_t base64_length(size_t len);

/*
 * Appends what text encodes.  Strict, as RFC 4954 section 4 demands: false for
 * any octet outside the alphabet, misplaced or missing padding, or bits left
 * over.
 */
bool base64_decode(struct buffer *out, const char *text, size_t len);

#endif

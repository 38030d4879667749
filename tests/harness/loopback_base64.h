/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Base64 (RFC 4648, section 4) as strictly as RFC 4954 wants it read. */
#ifndef HARNESS_LOOPBACK_BASE64_H
#define HARNESS_LOOPBACK_BASE64_H

#include <stddef.h>

/* Text to be freed, or NULL without memory. */
char *
base64_encode(const void *data, size_t len);

/*
 * Octets to be freed; NULL when text has a character too many, lacks padding,
 * or has bits set that encode nothing.
 */
char *
base64_decode(const char *text, size_t *ret_len);

#endif

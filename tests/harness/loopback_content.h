/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The content of a message, from behind 354 to the end of data. */
#ifndef HARNESS_LOOPBACK_CONTENT_H
#define HARNESS_LOOPBACK_CONTENT_H

#include <stdbool.h>
#include <stddef.h>

#include "loopback_connection.h"

struct content {
	char *data; /* without the dots that were added for the way */
	size_t length;
	bool has_bare_cr;
	bool has_bare_lf;
	bool has_8bit;
	bool is_too_large; /* data holds only what was permitted */
};

/*
 * Read to CRLF.CRLF and nothing less, octet by octet.  A content of more
 * than limit octets is read, but not kept.  When drop_at is not negative, the
 * connection is cut behind so many octets.  False: the connection has ended.
 */
bool
content_read(struct content *content, struct connection *connection,
    size_t limit, long drop_at);

void
content_clear(struct content *content);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Protocols that are met on a wrong port, by the first thing that their
 * servers say.
 */
#include "foreign.h"

#include <string.h>

static const struct {
	const char *begins;
	enum foreign what;
	const char *name;
} protocols[] = {
	/* Record type "alert" or "handshake", version 3.x: RFC 8446, 5.1. */
	{ "\x15\x03", FOREIGN_TLS, "TLS" },
	{ "\x16\x03", FOREIGN_TLS, "TLS" },
	{ "* OK", FOREIGN_OTHER, "IMAP" },
	{ "* PREAUTH", FOREIGN_OTHER, "IMAP" },
	{ "* BYE", FOREIGN_OTHER, "IMAP" },
	{ "+OK", FOREIGN_OTHER, "POP3" },
	{ "-ERR", FOREIGN_OTHER, "POP3" },
	{ "HTTP/", FOREIGN_OTHER, "HTTP" },
	{ "SSH-", FOREIGN_OTHER, "SSH" },
};

enum foreign
foreign_look(const char *data, size_t len, const char **ret_name)
{
	enum foreign what = FOREIGN_UNKNOWN;
	size_t i, whole, part;

	for (i = 0; len > 0 && i < sizeof(protocols) / sizeof(protocols[0]);
	     i++) {
		whole = strlen(protocols[i].begins);
		part = len < whole ? len : whole;
		if (memcmp(protocols[i].begins, data, part) != 0)
			continue;
		if (part == whole) {
			*ret_name = protocols[i].name;
			return protocols[i].what;
		}
		what = FOREIGN_MAYBE;
	}
	return what;
}

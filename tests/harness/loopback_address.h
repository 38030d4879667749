/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The syntax of RFC 5321, section 4.1.2, read strictly. */
#ifndef HARNESS_LOOPBACK_ADDRESS_H
#define HARNESS_LOOPBACK_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

/* RFC 5321, 4.5.3.1: 64 octets before the @, 255 behind it. */
#define ADDRESS_LOCAL_MAX  64
#define ADDRESS_DOMAIN_MAX 255

struct address {
	char local_part[ADDRESS_LOCAL_MAX + 1]; /* without quotes */
	char domain[ADDRESS_DOMAIN_MAX + 1];	/* empty: <postmaster>, <> */
};

/*
 * Read a path, "<" to ">", at the beginning of text: with a source route or
 * without, and the null reverse-path.  NULL if it is none, or what follows.
 */
const char *
address_parse_path(const char *text, struct address *ret_address);

/* Is all of text a domain or an address literal, as EHLO has it? */
bool
address_is_host(const char *text);

#endif

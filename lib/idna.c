/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Host names with letters beyond ASCII, by GnuTLS.
 */
#include "idna.h"

#include <gnutls/gnutls.h>
#include <string.h>

#include <smtpc/smtpc.h>

#include "mem.h"

/* No domain is longer than 255 octets; in UTF-8 each may become four. */
#define HOST_MAX 1020

static int
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return 0;
	return 1;
}

int
idna_to_ascii(const char *host, char **ret_ascii)
{
	size_t len = strnlen(host, HOST_MAX + 1);
	gnutls_datum_t mapped = { NULL, 0 };
	char *ascii;

	if (len > HOST_MAX)
		return SMTPC_E_INVALID;
	if (is_ascii(host)) {
		ascii = mem_copy(host, len);
	} else {
		if (gnutls_idna_map(host, (unsigned int)len, &mapped, 0) != 0)
			return SMTPC_E_INVALID;
		ascii = mem_copy(mapped.data, mapped.size);
		gnutls_free(mapped.data);
	}
	if (ascii == NULL)
		return SMTPC_E_NOMEM;
	*ret_ascii = ascii;
	return SMTPC_OK;
}

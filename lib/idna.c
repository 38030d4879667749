/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Host names with letters beyond ASCII, by GnuTLS.
 */
#include "idna.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <string.h>

#include <smtpc/smtpc.h>

#include "ascii.h"
#include "mem.h"

/* No domain is longer than 255 octets; in UTF-8 each may become four. */
#define HOST_MAX 1020

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

/*
 * Whether mapped stands for host and nothing else.  GnuTLS is lenient: it
 * leaves out what no name may hold, and so may arrive at another host's name.
 * A U-label that needs no leniency comes back as it was (RFC 5891, section
 * 5.3), but for the case of its ASCII letters.
 */
static bool
comes_back(const char *host, size_t len, const gnutls_datum_t *mapped)
{
	gnutls_datum_t back = { NULL, 0 };
	bool same;

	if (gnutls_idna_reverse_map((const char *)mapped->data, mapped->size,
				    &back, 0) != 0)
		return false;
	same = ascii_equal((const char *)back.data, back.size, host, len);
	gnutls_free(back.data);
	return same;
}

int
idna_to_ascii(const char *host, char **ret_ascii)
{
	size_t len = strnlen(host, HOST_MAX + 1);
	gnutls_datum_t mapped = { NULL, 0 };
	char *ascii = NULL;
	int rc = SMTPC_E_NOMEM;

	if (len > HOST_MAX)
		return SMTPC_E_INVALID;
	if (is_ascii(host)) {
		ascii = mem_copy(host, len);
	} else {
		if (gnutls_idna_map(host, (unsigned int)len, &mapped,
				    GNUTLS_IDNA_FORCE_2008) != 0)
			return SMTPC_E_INVALID;
		if (comes_back(host, len, &mapped))
			ascii = mem_copy(mapped.data, mapped.size);
		else
			rc = SMTPC_E_INVALID;
		gnutls_free(mapped.data);
	}
	if (ascii == NULL)
		return rc;
	*ret_ascii = ascii;
	return SMTPC_OK;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TLS records made by hand, with the keys of a session of GnuTLS's: what no
 * library would ever send, and yet is correctly encrypted.
 */
#ifndef HARNESS_TLS_FORGE_H
#define HARNESS_TLS_FORGE_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>

#include "octets.h"

/* Types of records: RFC 8446, B.1. */
#define RECORD_CCS	 20
#define RECORD_ALERT	 21
#define RECORD_HANDSHAKE 22
#define RECORD_DATA	 23

/*
 * Appends one record to out, as the next that the session sends; AES-GCM in
 * TLS 1.2 or 1.3 only.  0 or a GnuTLS error.
 */
int tls_forge(gnutls_session_t session, unsigned int type, const void *data,
	      size_t len, struct octets *out);

#endif

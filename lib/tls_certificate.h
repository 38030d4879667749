/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_TLS_CERTIFICATE_H
#define SMTPC_TLS_CERTIFICATE_H

#include <gnutls/x509.h>
#include <stdbool.h>

#include "tls.h"

/* The caller frees it with gnutls_x509_crt_deinit(). */
bool tls_certificate_read(gnutls_x509_crt_t *ret_crt,
			  const gnutls_datum_t *der);

/* The digest of its public key, SubjectPublicKeyInfo as a whole. */
bool tls_certificate_key_digest(gnutls_x509_crt_t crt,
				char text[TLS_DIGEST_TEXT]);

#endif

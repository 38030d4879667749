/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * OCSP responses of every kind, good and bad: RFC 6960.  GnuTLS reads them
 * but makes none, so they are written here octet by octet.
 */
#ifndef HARNESS_TLS_STAPLE_H
#define HARNESS_TLS_STAPLE_H

#include "certs.h"
#include "octets.h"

/*
 * Makes the response of this name about certificate, which issuer has issued;
 * outsider is an authority that has nothing to do with it.  False: there is no
 * such name.
 *
 * good revoked unknown		what the issuer says
 * try-later unauthorized	no answer but an error
 * expired future		good, but not now
 * other-certificate		good, of another serial number
 * outsider			good, signed by somebody else
 * second-revoked		of two certificates: the other, and ours
 */
bool tls_staple(const char *name, gnutls_x509_crt_t certificate,
		const struct credentials *issuer,
		const struct credentials *outsider, struct octets *ret_der);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DER by hand, for what GnuTLS refuses to make.  Without memory the program
 * ends.
 */
#ifndef HARNESS_CERTS_DER_H
#define HARNESS_CERTS_DER_H

#include <stddef.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define DER_OID	     0x06u
#define DER_IA5	     0x16u
#define DER_SEQUENCE 0x30u

/* The tag of what is numbered by its context: plain, or made of others. */
#define DER_CONTEXT(number) (0x80u | (number))
#define DER_NESTED(number)  (0xa0u | (number))

/* All zero is empty. */
struct der {
	unsigned char *data;
	size_t len, size;
};

void der_append(struct der *der, const void *data, size_t len);
void der_append_element(struct der *der, unsigned int tag, const void *content,
    size_t len);
void der_clear(struct der *der);

/*
 * Each element of from that is just find, as it stands, becomes put; lengths
 * around it follow.
 */
void der_replace(struct der *der, const gnutls_datum_t *from,
    const gnutls_datum_t *find, const gnutls_datum_t *put);

/*
 * The certificate, signed again: find became put in it.  0 or a GnuTLS error;
 * the result is freed with gnutls_free().
 */
int der_change_certificate(const gnutls_datum_t *certificate,
    const gnutls_datum_t *find, const gnutls_datum_t *put,
    gnutls_x509_privkey_t issuer_key, gnutls_datum_t *ret_changed);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the peer's certificates say.
 */
#include "tls_certificate.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>

#include "mem.h"
#include "tls.h"
#include "tls_stream.h"

#define SHA256_SIZE 32

bool
tls_certificate_read(gnutls_x509_crt_t *ret_crt, const gnutls_datum_t *der)
{
	gnutls_x509_crt_t crt;

	if (gnutls_x509_crt_init(&crt) != 0)
		return false;
	if (gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) != 0) {
		gnutls_x509_crt_deinit(crt);
		return false;
	}
	*ret_crt = crt;
	return true;
}

static void
set_hex(char text[TLS_DIGEST_TEXT], const unsigned char digest[SHA256_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < SHA256_SIZE; i++) {
		text[2 * i] = digits[digest[i] >> 4];
		text[2 * i + 1] = digits[digest[i] & 15];
	}
	text[2 * SHA256_SIZE] = '\0';
}

/* A distinguished name as RFC 4514 writes it. */
static char *
name_text(gnutls_x509_crt_t crt,
	  int (*get)(gnutls_x509_crt_t, gnutls_datum_t *, unsigned int))
{
	gnutls_datum_t name = { NULL, 0 };
	char *text;

	if (get(crt, &name, 0) != 0)
		return mem_copy_text("");
	text = mem_copy(name.data, name.size);
	gnutls_free(name.data);
	return text;
}

bool
tls_certificate_key_digest(gnutls_x509_crt_t crt, char text[TLS_DIGEST_TEXT])
{
	unsigned char digest[SHA256_SIZE];
	size_t size = sizeof(digest);

	if (gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, digest,
				       &size) != 0)
		return false;
	set_hex(text, digest);
	return true;
}

static void
set_digests(struct tls_certificate *certificate, gnutls_x509_crt_t crt,
	    const gnutls_datum_t *der)
{
	unsigned char digest[SHA256_SIZE];

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, der->data, der->size, digest) ==
	    0)
		set_hex(certificate->sha256, digest);
	(void)tls_certificate_key_digest(crt, certificate->spki_sha256);
}

/* A certificate that can't be read keeps its DER and says nothing else. */
static bool
load_certificate(struct tls_certificate *certificate, const gnutls_datum_t *der)
{
	gnutls_x509_crt_t crt;

	certificate->der = mem_copy(der->data, der->size);
	certificate->der_len = der->size;
	if (!tls_certificate_read(&crt, der)) {
		certificate->subject = mem_copy_text("");
		certificate->issuer = mem_copy_text("");
	} else {
		certificate->subject = name_text(crt, gnutls_x509_crt_get_dn3);
		certificate->issuer =
		    name_text(crt, gnutls_x509_crt_get_issuer_dn3);
		certificate->not_before =
		    (int64_t)gnutls_x509_crt_get_activation_time(crt) * 1000;
		certificate->not_after =
		    (int64_t)gnutls_x509_crt_get_expiration_time(crt) * 1000;
		set_digests(certificate, crt, der);
		gnutls_x509_crt_deinit(crt);
	}
	return certificate->der != NULL && certificate->subject != NULL &&
	       certificate->issuer != NULL;
}

struct tls_chain *
tls_chain_load(const struct stream *stream)
{
	const struct tls_stream *self = (const void *)stream;
	const gnutls_datum_t *ders;
	struct tls_chain *chain;
	unsigned int count = 0;

	ders = gnutls_certificate_get_peers(self->session, &count);
	if (ders == NULL)
		return NULL;
	chain =
	    mem_zalloc(sizeof(*chain) + count * sizeof(chain->certificates[0]));
	if (chain == NULL)
		return NULL;
	for (; chain->count < count; chain->count++) {
		if (!load_certificate(&chain->certificates[chain->count],
				      &ders[chain->count])) {
			chain->count++;
			tls_chain_free(chain);
			return NULL;
		}
	}
	return chain;
}

void
tls_chain_free(struct tls_chain *chain)
{
	size_t i;

	if (chain == NULL)
		return;
	for (i = 0; i < chain->count; i++) {
		mem_free(chain->certificates[i].der);
		mem_free(chain->certificates[i].subject);
		mem_free(chain->certificates[i].issuer);
	}
	mem_free(chain);
}

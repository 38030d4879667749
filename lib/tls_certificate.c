/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The peer's certificates: whether they are good, and what they say.
 */
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>

#include "mem.h"
#include "tls.h"
#include "tls_stream.h"

#define SHA256_SIZE 32

/* GnuTLS's findings and ours. */
static const struct {
	unsigned int status;
	uint32_t problem;
} findings[] = {
	{ GNUTLS_CERT_SIGNER_NOT_FOUND, SMTPC_CERTIFICATE_UNTRUSTED_ISSUER },
	{ GNUTLS_CERT_SIGNER_NOT_CA, SMTPC_CERTIFICATE_UNTRUSTED_ISSUER },
	{ GNUTLS_CERT_EXPIRED, SMTPC_CERTIFICATE_EXPIRED },
	{ GNUTLS_CERT_NOT_ACTIVATED, SMTPC_CERTIFICATE_NOT_YET_VALID },
	{ GNUTLS_CERT_UNEXPECTED_OWNER, SMTPC_CERTIFICATE_WRONG_NAME },
	{ GNUTLS_CERT_PURPOSE_MISMATCH, SMTPC_CERTIFICATE_WRONG_PURPOSE },
	{ GNUTLS_CERT_REVOKED, SMTPC_CERTIFICATE_REVOKED },
	{ GNUTLS_CERT_INSECURE_ALGORITHM, SMTPC_CERTIFICATE_WEAK_ALGORITHM },
	{ GNUTLS_CERT_SIGNATURE_FAILURE, SMTPC_CERTIFICATE_BAD_SIGNATURE },
	{ GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE,
	  SMTPC_CERTIFICATE_BAD_CONSTRAINTS },
	{ GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED,
	  SMTPC_CERTIFICATE_BAD_STATUS },
	{ GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE,
	  SMTPC_CERTIFICATE_BAD_STATUS },
	{ GNUTLS_CERT_MISSING_OCSP_STATUS, SMTPC_CERTIFICATE_BAD_STATUS },
	{ GNUTLS_CERT_INVALID_OCSP_STATUS, SMTPC_CERTIFICATE_BAD_STATUS },
	{ GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS,
	  SMTPC_CERTIFICATE_UNKNOWN_EXTENSION },
};

/* Whatever GnuTLS finds, now or in a later version, is a problem. */
static uint32_t
problems_of(unsigned int status)
{
	uint32_t problems = 0;
	unsigned int rest = status & ~(unsigned int)GNUTLS_CERT_INVALID;
	size_t i;

	for (i = 0; i < sizeof(findings) / sizeof(findings[0]); i++) {
		if (rest & findings[i].status)
			problems |= findings[i].problem;
		rest &= ~findings[i].status;
	}
	if (rest != 0 || (status != 0 && problems == 0))
		problems |= SMTPC_CERTIFICATE_OTHER;
	return problems;
}

static bool
read_certificate(gnutls_x509_crt_t *ret_crt, const gnutls_datum_t *der)
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

static bool
is_self_signed(const gnutls_datum_t *der)
{
	gnutls_x509_crt_t crt;
	bool yes;

	if (!read_certificate(&crt, der))
		return false;
	yes = gnutls_x509_crt_check_issuer(crt, crt) != 0;
	gnutls_x509_crt_deinit(crt);
	return yes;
}

int
tls_verify(const struct stream *stream, uint32_t *ret_problems)
{
	const struct tls_stream *self = (const void *)stream;
	gnutls_typed_vdata_st wanted[2];
	const gnutls_datum_t *chain;
	unsigned int status = GNUTLS_CERT_INVALID;
	unsigned int count = 0;
	uint32_t problems;

	memset(wanted, 0, sizeof(wanted));
	wanted[0].type = GNUTLS_DT_DNS_HOSTNAME;
	wanted[0].data = (unsigned char *)self->host;
	wanted[1].type = GNUTLS_DT_KEY_PURPOSE_OID;
	wanted[1].data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER;

	chain = gnutls_certificate_get_peers(self->session, &count);
	if (chain == NULL || count == 0)
		return SMTPC_E_TLS;
	if (gnutls_certificate_verify_peers(self->session, wanted, 2,
					    &status) != 0)
		return SMTPC_E_TLS;
	problems = problems_of(status);
	if ((problems & SMTPC_CERTIFICATE_UNTRUSTED_ISSUER) &&
	    is_self_signed(&chain[0]))
		problems |= SMTPC_CERTIFICATE_SELF_SIGNED;
	*ret_problems = problems;
	return SMTPC_OK;
}

static void
set_hex(char text[2 * SHA256_SIZE + 1], const unsigned char digest[SHA256_SIZE])
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

static void
set_digests(struct tls_certificate *certificate, gnutls_x509_crt_t crt,
	    const gnutls_datum_t *der)
{
	unsigned char digest[SHA256_SIZE];
	size_t size = sizeof(digest);

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, der->data, der->size, digest) ==
	    0)
		set_hex(certificate->sha256, digest);
	if (gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, digest,
				       &size) == 0)
		set_hex(certificate->spki_sha256, digest);
}

/* A certificate that can't be read keeps its DER and says nothing else. */
static bool
load_certificate(struct tls_certificate *certificate, const gnutls_datum_t *der)
{
	gnutls_x509_crt_t crt;

	certificate->der = mem_copy(der->data, der->size);
	certificate->der_len = der->size;
	if (!read_certificate(&crt, der)) {
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

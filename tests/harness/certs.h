/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A certificate factory for tests: authorities and leaves, made in memory
 * over the GnuTLS API, so that no file with a date in it is ever committed.
 *
 * By name, for servers and scripted peers:
 *
 *	struct certificates *certificates = certificates_new();
 *	const struct credentials *server;
 *
 *	server = certificates_get(certificates, "server");
 *	credentials_hand_over(server, gnutls_credentials);
 *	credentials_pem(certificates_get(certificates, "ca"), &ca_pem);
 *
 * By hand, for a certificate that has no name yet: fill in a struct
 * certificate_parameters, from "= { 0 }" so that new fields stay at their
 * defaults, and call credentials_new().
 */
#ifndef HARNESS_CERTS_H
#define HARNESS_CERTS_H

#include <stdbool.h>
#include <stddef.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

enum certificate_key {
	CERTIFICATE_KEY_P256, /* the default */
	CERTIFICATE_KEY_RSA2048,
};

/* What the extended key usage says; without a flag there is none. */
#define CERTIFICATE_FOR_SERVER 0x1u
#define CERTIFICATE_FOR_CLIENT 0x2u

/* One subject alternative name; a list ends with a value of NULL. */
struct certificate_name {
	gnutls_x509_subject_alt_name_t type;
	const char *value; /* addresses in text form */
};

/* An issuer's or a subject's certificates, its own first, and its key. */
struct credentials {
	gnutls_x509_crt_t *chain;
	size_t chain_length;
	gnutls_x509_privkey_t key;
};

struct certificate_parameters {
	const char *common_name;
	const struct certificate_name *names; /* or NULL */
	/* Seconds from now; both 0: from an hour ago for a year. */
	long not_before;
	long not_after;
	enum certificate_key key;
	unsigned int purposes;
	bool is_authority;
	const struct credentials *issuer; /* NULL: signs itself */
};

/* The result is the caller's to free; NULL when GnuTLS fails. */
struct credentials *
credentials_new(const struct certificate_parameters *parameters);

void
credentials_free(struct credentials *credentials);

/* 0 or a GnuTLS error.  GnuTLS copies what it is given. */
int
credentials_hand_over(const struct credentials *credentials,
    gnutls_certificate_credentials_t target);

/* The chain, or the key, as text; freed with gnutls_free(ret_pem->data). */
int
credentials_pem(const struct credentials *credentials, gnutls_datum_t *ret_pem);

int
credentials_key_pem(const struct credentials *credentials,
    gnutls_datum_t *ret_pem);

/* Write DIRECTORY/NAME.pem and, if with_key, DIRECTORY/NAME.key; 0 or -1. */
int
credentials_write(const struct credentials *credentials, const char *directory,
    const char *name, bool with_key);

/*
 * The ready-made kinds.  Each is made when it is first asked for, and belongs
 * to the factory: what one factory hands out fits together.
 *
 * ca             the authority that tests trust
 * other-ca       an authority that nobody trusts
 * server         localhost, mx.example.test, 127.0.0.1, ::1; by ca
 * server-rsa     the same with an RSA key
 * expired        the same, until yesterday
 * not-yet-valid  the same, from tomorrow
 * wrong-name     for wrong.invalid only
 * untrusted      as server, but by other-ca
 * self-signed    as server, but signed by itself
 * cn-only        localhost as common name, without alternative names
 * wildcard       for *.example.test
 * client         of alice@example.test, for clients
 * wrong-purpose  as server, but for clients only
 */
struct certificates *
certificates_new(void);

void
certificates_free(struct certificates *certificates);

/* NULL for a name that is not in the list, or when GnuTLS fails. */
const struct credentials *
certificates_get(struct certificates *certificates, const char *name);

/* The names in the list above, by number; NULL behind the last. */
const char *
certificates_name(size_t index);

#endif

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
	CERTIFICATE_KEY_RSA1024,
	CERTIFICATE_KEY_RSA2048,
};

/* What is wrong with the octets that are sent. */
enum certificate_damage {
	CERTIFICATE_INTACT,
	CERTIFICATE_SIGNATURE, /* a bit of the signature is another */
	CERTIFICATE_CURVE,     /* the key's curve is secp160r1 */
	CERTIFICATE_TRUNCATED, /* half of it is missing */
	CERTIFICATE_GARBAGE,   /* this is no DER */
	CERTIFICATE_KEY,       /* nobody has the key that belongs to it */
};

/* What the extended key usage says; without a flag there is none. */
#define CERTIFICATE_FOR_SERVER 0x1u
#define CERTIFICATE_FOR_CLIENT 0x2u

/*
 * GNUTLS_SAN_DNSNAME, _RFC822NAME, _URI, _IPADDRESS or _OTHERNAME_SRV; a list
 * ends with a value of NULL.  \xNN in any name is one octet.
 */
struct certificate_name {
	gnutls_x509_subject_alt_name_t type;
	const char *value; /* addresses in text form */
};

struct certificate_constraints {
	const struct certificate_name *permitted, *excluded; /* or NULL */
	unsigned int excluded_count; /* so many generated ones */
};

/* An issuer's or a subject's certificates, its own first, and its key. */
struct credentials {
	gnutls_x509_crt_t *chain;
	size_t chain_length;
	gnutls_x509_privkey_t key;
	gnutls_datum_t damaged; /* what is sent in place of the first */
};

struct certificate_parameters {
	const char *common_name;	      /* NULL: there is none */
	const struct certificate_name *names; /* or NULL */
	unsigned int names_count;	      /* so many generated ones first */
	/* Seconds from now; both 0: from an hour ago for a year. */
	long not_before;
	long not_after;
	enum certificate_key key;
	gnutls_digest_algorithm_t digest; /* of its signature; 0: SHA-256 */
	unsigned int purposes;
	unsigned int usage; /* GNUTLS_KEY_...; 0: what is usual */
	bool is_authority;
	bool has_path_length;
	int path_length;
	struct certificate_constraints constraints;
	bool is_version_1;	 /* without extensions, then */
	bool is_hard_to_read;	 /* a critical extension that nobody knows */
	bool must_staple;	 /* RFC 7633 */
	unsigned int filler;	 /* octets of an extension that says nothing */
	enum certificate_damage damage;
	const struct credentials *key_of; /* has its key, and its name */
	/* Has its name and its key's identifier, but a key of its own. */
	const struct credentials *poses_as;
	const struct credentials *issuer; /* NULL: signs itself */
};

/*
 * The chain goes on with the issuer's certificates, up to but without the one
 * that is signed by itself.  The result is the caller's to free; NULL when
 * GnuTLS fails.
 */
struct credentials *
credentials_new(const struct certificate_parameters *parameters);

/* The chain goes on with the first certificates of these; 0 or an error. */
int
credentials_send(struct credentials *credentials,
    const struct credentials *const *issuers, size_t count);

void
credentials_free(struct credentials *credentials);

/* 0 or a GnuTLS error.  GnuTLS copies what it is given. */
int
credentials_hand_over(const struct credentials *credentials,
    gnutls_certificate_credentials_t target);

/* What the server sends at this index; freed with gnutls_free(). */
int
credentials_der(const struct credentials *credentials, size_t index,
    gnutls_datum_t *ret_der);

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
 * to the factory: what one factory hands out fits together.  certs_kinds.c
 * lists them, with what is right or wrong with each.
 *
 * A name with a colon in it describes one that is good in all but its names:
 * "cn:localhost,dns:*.example.test,ip:192.0.2.1", with uri:, email: and srv:
 * besides.
 */
struct certificates *
certificates_new(void);

void
certificates_free(struct certificates *certificates);

/* NULL for a name that is not in the list, or when GnuTLS fails. */
const struct credentials *
certificates_get(struct certificates *certificates, const char *name);

/* The names in the list, by number; NULL behind the last. */
const char *
certificates_name(size_t index);

/*
 * For certs.c's neighbours: as certificates_get() has it, by the issuer.
 */
struct credentials *
credentials_describe(const char *text, const struct credentials *issuer);

#endif

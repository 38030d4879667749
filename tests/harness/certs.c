/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Authorities and leaf certificates for tests, made when they are needed. */
#include "certs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>

#include "certs_extensions.h"

#define HOUR 3600L
#define DAY  (24 * HOUR)

/* RFC 5280, 4.1.2.2: positive and unique; nobody counts them here. */
static int
set_serial(gnutls_x509_crt_t certificate)
{
	unsigned char serial[16];
	int rc;

	rc = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));
	if (rc < 0)
		return rc;
	serial[0] = (unsigned char)((serial[0] & 0x3f) | 0x40);
	return gnutls_x509_crt_set_serial(certificate, serial, sizeof(serial));
}

static int
set_validity(gnutls_x509_crt_t certificate,
	     const struct certificate_parameters *parameters)
{
	bool is_default;
	time_t now;
	int rc;

	is_default = parameters->not_before == 0 && parameters->not_after == 0;
	now = time(NULL);
	rc = gnutls_x509_crt_set_activation_time(
	    certificate, now + (is_default ? -HOUR : parameters->not_before));
	if (rc < 0)
		return rc;
	return gnutls_x509_crt_set_expiration_time(
	    certificate,
	    now + (is_default ? 365 * DAY : parameters->not_after));
}

static int
set_common_name(gnutls_x509_crt_t certificate,
		const struct certificate_parameters *parameters)
{
	char *name;
	size_t len;
	int rc;

	if (parameters->common_name == NULL)
		return 0;
	name = certificate_text(parameters->common_name, &len);
	rc = gnutls_x509_crt_set_dn_by_oid(certificate,
					   GNUTLS_OID_X520_COMMON_NAME, 0, name,
					   (unsigned int)len);
	free(name);
	return rc;
}

static int
set_purposes(gnutls_x509_crt_t certificate,
	     const struct certificate_parameters *parameters)
{
	unsigned int usage;
	int rc;

	usage = GNUTLS_KEY_DIGITAL_SIGNATURE;
	if (parameters->is_authority)
		usage = GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN;
	else if (parameters->key != CERTIFICATE_KEY_P256)
		usage |= GNUTLS_KEY_KEY_ENCIPHERMENT;

	if (parameters->usage != 0)
		usage = parameters->usage;

	rc = gnutls_x509_crt_set_basic_constraints(
	    certificate, parameters->is_authority ? 1 : 0,
	    parameters->has_path_length ? parameters->path_length : -1);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_usage(certificate, usage);
	if (rc >= 0 && (parameters->purposes & CERTIFICATE_FOR_SERVER) != 0)
		rc = gnutls_x509_crt_set_key_purpose_oid(
		    certificate, GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (rc >= 0 && (parameters->purposes & CERTIFICATE_FOR_CLIENT) != 0)
		rc = gnutls_x509_crt_set_key_purpose_oid(
		    certificate, GNUTLS_KP_TLS_WWW_CLIENT, 0);
	return rc;
}

static int
set_key_ids(gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer,
	    const struct credentials *poses_as)
{
	unsigned char id[64];
	size_t len;
	int rc;

	len = sizeof(id);
	if (poses_as != NULL)
		rc = gnutls_x509_crt_get_subject_key_id(poses_as->chain[0], id,
							&len, NULL);
	else
		rc = gnutls_x509_crt_get_key_id(certificate, 0, id, &len);
	if (rc < 0)
		return rc;
	rc = gnutls_x509_crt_set_subject_key_id(certificate, id, len);
	if (rc < 0)
		return rc;
	len = sizeof(id);
	/* Version 1 has none. */
	if (gnutls_x509_crt_get_subject_key_id(issuer, id, &len, NULL) < 0)
		return 0;
	return gnutls_x509_crt_set_authority_key_id(certificate, id, len);
}

static int
set_extensions(gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer,
	       const struct certificate_parameters *parameters)
{
	int rc = set_purposes(certificate, parameters);

	if (rc >= 0)
		rc = certificate_set_extensions(certificate, parameters);
	if (rc >= 0)
		rc = set_key_ids(certificate, issuer, parameters->poses_as);
	return rc;
}

/* Everything but the key, which is already in place. */
static int
fill_in(struct credentials *credentials,
	const struct certificate_parameters *parameters)
{
	const struct credentials *issuer;
	gnutls_digest_algorithm_t digest;
	gnutls_x509_crt_t certificate;
	int rc;

	issuer = parameters->issuer != NULL ? parameters->issuer : credentials;
	digest =
	    parameters->digest != 0 ? parameters->digest : GNUTLS_DIG_SHA256;
	certificate = credentials->chain[0];
	rc = gnutls_x509_crt_set_version(certificate,
					 parameters->is_version_1 ? 1 : 3);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key(certificate, credentials->key);
	if (rc >= 0)
		rc = set_serial(certificate);
	if (rc >= 0)
		rc = set_validity(certificate, parameters);
	if (rc >= 0)
		rc = set_common_name(certificate, parameters);
	if (rc >= 0 && !parameters->is_version_1)
		rc = set_extensions(certificate, issuer->chain[0], parameters);
	if (rc >= 0)
		rc = gnutls_x509_crt_sign2(certificate, issuer->chain[0],
					   issuer->key, digest, 0);
	return rc;
}

static int
read_certificate(gnutls_x509_crt_t *ret_certificate, const gnutls_datum_t *der)
{
	gnutls_x509_crt_t certificate;
	int rc = gnutls_x509_crt_init(&certificate);

	if (rc < 0)
		return rc;
	rc = gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER);
	if (rc >= 0)
		*ret_certificate = certificate;
	else
		gnutls_x509_crt_deinit(certificate);
	return rc;
}

/*
 * GnuTLS keeps in a certificate what it has parsed, and nothing was parsed in
 * one that was made: verified as it is, it would have no alternative names.
 */
static int
parse_again(gnutls_x509_crt_t *certificate)
{
	gnutls_x509_crt_t parsed;
	gnutls_datum_t der;
	int rc;

	rc = gnutls_x509_crt_export2(*certificate, GNUTLS_X509_FMT_DER, &der);
	if (rc < 0)
		return rc;
	rc = read_certificate(&parsed, &der);
	if (rc >= 0) {
		gnutls_x509_crt_deinit(*certificate);
		*certificate = parsed;
	}
	gnutls_free(der.data);
	return rc;
}

static int
make_key(struct credentials *credentials,
	 const struct certificate_parameters *parameters)
{
	unsigned int bits =
	    parameters->key == CERTIFICATE_KEY_RSA1024 ? 1024 : 2048;

	if (parameters->key_of != NULL)
		return gnutls_x509_privkey_cpy(credentials->key,
					       parameters->key_of->key);
	if (parameters->key != CERTIFICATE_KEY_P256)
		return gnutls_x509_privkey_generate(credentials->key,
						    GNUTLS_PK_RSA, bits, 0);
	return gnutls_x509_privkey_generate(credentials->key, GNUTLS_PK_ECDSA,
					    GNUTLS_CURVE_TO_BITS(
						GNUTLS_ECC_CURVE_SECP256R1),
					    0);
}

static int
add_to_chain(struct credentials *credentials, gnutls_x509_crt_t certificate)
{
	gnutls_x509_crt_t *grown;
	gnutls_datum_t der;
	int rc;

	grown = realloc(credentials->chain,
			(credentials->chain_length + 1) * sizeof(*grown));
	if (grown == NULL)
		return GNUTLS_E_MEMORY_ERROR;
	credentials->chain = grown;
	rc = gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_DER, &der);
	if (rc < 0)
		return rc;
	rc = read_certificate(&grown[credentials->chain_length], &der);
	if (rc >= 0)
		credentials->chain_length++;
	gnutls_free(der.data);
	return rc;
}

static int
add_issuers(struct credentials *credentials, const struct credentials *issuer)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc >= 0 && issuer != NULL && i < issuer->chain_length; i++)
		if (!gnutls_x509_crt_check_issuer(issuer->chain[i],
						  issuer->chain[i]))
			rc = add_to_chain(credentials, issuer->chain[i]);
	return rc;
}

static int
complete(struct credentials *credentials,
	 const struct certificate_parameters *parameters)
{
	int rc = gnutls_x509_crt_init(&credentials->chain[0]);

	if (rc >= 0) {
		credentials->chain_length = 1;
		rc = gnutls_x509_privkey_init(&credentials->key);
	}
	if (rc >= 0)
		rc = make_key(credentials, parameters);
	if (rc >= 0)
		rc = fill_in(credentials, parameters);
	if (rc >= 0)
		rc = parse_again(&credentials->chain[0]);
	if (rc >= 0)
		rc = add_issuers(credentials, parameters->issuer);
	if (rc >= 0)
		rc = certificate_spoil(credentials, parameters);
	return rc;
}

struct credentials *
credentials_new(const struct certificate_parameters *parameters)
{
	struct credentials *credentials;
	int rc;

	credentials = calloc(1, sizeof(*credentials));
	if (credentials == NULL)
		return NULL;
	credentials->chain = calloc(1, sizeof(*credentials->chain));
	if (credentials->chain == NULL) {
		credentials_free(credentials);
		return NULL;
	}
	rc = complete(credentials, parameters);
	if (rc < 0) {
		fprintf(stderr, "certificate %s: %s\n",
			parameters->common_name != NULL
			    ? parameters->common_name
			    : "without a name",
			gnutls_strerror(rc));
		credentials_free(credentials);
		return NULL;
	}
	return credentials;
}

int
credentials_send(struct credentials *credentials,
		 const struct credentials *const *issuers, size_t count)
{
	size_t i;
	int rc = 0;

	while (credentials->chain_length > 1)
		gnutls_x509_crt_deinit(
		    credentials->chain[--credentials->chain_length]);
	for (i = 0; rc >= 0 && i < count; i++)
		rc = add_to_chain(credentials, issuers[i]->chain[0]);
	return rc;
}

void
credentials_free(struct credentials *credentials)
{
	size_t i;

	if (credentials == NULL)
		return;
	for (i = 0; i < credentials->chain_length; i++)
		gnutls_x509_crt_deinit(credentials->chain[i]);
	free(credentials->chain);
	gnutls_x509_privkey_deinit(credentials->key);
	gnutls_free(credentials->damaged.data);
	free(credentials);
}

int
credentials_der(const struct credentials *credentials, size_t index,
		gnutls_datum_t *ret_der)
{
	const gnutls_datum_t *damaged = &credentials->damaged;

	if (index > 0 || damaged->data == NULL)
		return gnutls_x509_crt_export2(credentials->chain[index],
					       GNUTLS_X509_FMT_DER, ret_der);
	ret_der->data = gnutls_malloc(damaged->size);
	if (ret_der->data == NULL)
		return GNUTLS_E_MEMORY_ERROR;
	memcpy(ret_der->data, damaged->data, damaged->size);
	ret_der->size = damaged->size;
	return 0;
}

/*
 * GnuTLS parses no certificate that comes in this form, and takes the key's
 * word for what is in it: so it will also send what it would refuse.
 */
static int
make_list(const struct credentials *credentials, gnutls_privkey_t key,
	  gnutls_pcert_st *list)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc >= 0 && i < credentials->chain_length; i++) {
		list[i].type = GNUTLS_CRT_X509;
		rc = credentials_der(credentials, i, &list[i].cert);
	}
	if (rc >= 0)
		rc = gnutls_pubkey_init(&list[0].pubkey);
	if (rc >= 0)
		rc = gnutls_pubkey_import_privkey(list[0].pubkey, key, 0, 0);
	return rc;
}

int
credentials_hand_over(const struct credentials *credentials,
		      gnutls_certificate_credentials_t target)
{
	/* GnuTLS reads a certificate to know its names, unless told. */
	const char *names[] = { "a name of a certificate that is damaged" };
	int names_count = credentials->damaged.data != NULL ? 1 : 0;
	size_t count = credentials->chain_length;
	gnutls_pcert_st *list = calloc(count, sizeof(*list));
	gnutls_privkey_t key;
	int rc = GNUTLS_E_MEMORY_ERROR;

	if (list == NULL || gnutls_privkey_init(&key) < 0) {
		free(list);
		return rc;
	}
	rc = gnutls_privkey_import_x509(key, credentials->key,
					GNUTLS_PRIVKEY_IMPORT_COPY);
	if (rc >= 0)
		rc = make_list(credentials, key, list);
	if (rc >= 0)
		rc = gnutls_certificate_set_key(target,
						names_count > 0 ? names : NULL,
						names_count, list, (int)count,
						key);
	/* What the list holds is the target's, now. */
	if (rc < 0) {
		while (count-- > 0)
			gnutls_pcert_deinit(&list[count]);
		gnutls_privkey_deinit(key);
	}
	free(list);
	return rc < 0 ? rc : 0;
}

static int
pem_at(const struct credentials *credentials, size_t index,
       gnutls_datum_t *ret_pem)
{
	gnutls_datum_t der;
	int rc = credentials_der(credentials, index, &der);

	if (rc < 0)
		return rc;
	rc = gnutls_pem_base64_encode2("CERTIFICATE", &der, ret_pem);
	gnutls_free(der.data);
	return rc;
}

int
credentials_pem(const struct credentials *credentials, gnutls_datum_t *ret_pem)
{
	gnutls_datum_t all = { NULL, 0 };
	gnutls_datum_t one;
	unsigned char *grown;
	size_t i;
	int rc;

	for (i = 0; i < credentials->chain_length; i++) {
		rc = pem_at(credentials, i, &one);
		if (rc < 0) {
			gnutls_free(all.data);
			return rc;
		}
		grown = gnutls_realloc(all.data, all.size + one.size);
		if (grown == NULL) {
			gnutls_free(one.data);
			gnutls_free(all.data);
			return GNUTLS_E_MEMORY_ERROR;
		}
		memcpy(grown + all.size, one.data, one.size);
		all.data = grown;
		all.size += one.size;
		gnutls_free(one.data);
	}
	*ret_pem = all;
	return 0;
}

int
credentials_key_pem(const struct credentials *credentials,
		    gnutls_datum_t *ret_pem)
{
	return gnutls_x509_privkey_export2_pkcs8(credentials->key,
						 GNUTLS_X509_FMT_PEM, NULL,
						 GNUTLS_PKCS_PLAIN, ret_pem);
}

static int
write_file(const char *directory, const char *name, const char *suffix,
	   const gnutls_datum_t *text)
{
	char path[1024];
	FILE *file;
	int len, rc;

	len = snprintf(path, sizeof(path), "%s/%s%s", directory, name, suffix);
	if (len < 0 || (size_t)len >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	file = fopen(path, "we");
	if (file == NULL)
		return -1;
	rc = fwrite(text->data, 1, text->size, file) == text->size ? 0 : -1;
	if (fclose(file) != 0)
		rc = -1;
	return rc;
}

int
credentials_write(const struct credentials *credentials, const char *directory,
		  const char *name, bool with_key)
{
	gnutls_datum_t pem = { NULL, 0 };
	int rc;

	if (credentials_pem(credentials, &pem) < 0)
		return -1;
	rc = write_file(directory, name, ".pem", &pem);
	gnutls_free(pem.data);
	if (rc < 0 || !with_key)
		return rc;
	if (credentials_key_pem(credentials, &pem) < 0)
		return -1;
	rc = write_file(directory, name, ".key", &pem);
	gnutls_free(pem.data);
	return rc;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Authorities and leaf certificates for tests, made when they are needed. */
#include "certs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gnutls/crypto.h>

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
add_name(gnutls_x509_crt_t certificate, const struct certificate_name *name)
{
	unsigned char address[16];
	const void *data;
	size_t len;

	data = name->value;
	len = strlen(name->value);
	if (name->type == GNUTLS_SAN_IPADDRESS) {
		data = address;
		if (inet_pton(AF_INET, name->value, address) == 1)
			len = 4;
		else if (inet_pton(AF_INET6, name->value, address) == 1)
			len = 16;
		else
			return GNUTLS_E_INVALID_REQUEST;
	}
	return gnutls_x509_crt_set_subject_alt_name(certificate, name->type,
						    data, (unsigned int)len,
						    GNUTLS_FSAN_APPEND);
}

static int
set_names(gnutls_x509_crt_t certificate,
	  const struct certificate_parameters *parameters)
{
	const struct certificate_name *name;
	int rc;

	rc = gnutls_x509_crt_set_dn_by_oid(certificate,
					   GNUTLS_OID_X520_COMMON_NAME, 0,
					   parameters->common_name,
					   (unsigned int)strlen(
					       parameters->common_name));
	for (name = parameters->names;
	     rc >= 0 && name != NULL && name->value != NULL; name++)
		rc = add_name(certificate, name);
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
	else if (parameters->key == CERTIFICATE_KEY_RSA2048)
		usage |= GNUTLS_KEY_KEY_ENCIPHERMENT;

	rc = gnutls_x509_crt_set_basic_constraints(certificate,
						   parameters->is_authority ? 1
									    : 0,
						   -1);
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
set_key_ids(gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer)
{
	unsigned char id[64];
	size_t len;
	int rc;

	len = sizeof(id);
	rc = gnutls_x509_crt_get_key_id(certificate, 0, id, &len);
	if (rc < 0)
		return rc;
	rc = gnutls_x509_crt_set_subject_key_id(certificate, id, len);
	if (rc < 0)
		return rc;
	len = sizeof(id);
	rc = gnutls_x509_crt_get_subject_key_id(issuer, id, &len, NULL);
	if (rc < 0)
		return rc;
	return gnutls_x509_crt_set_authority_key_id(certificate, id, len);
}

/* Everything but the key, which is already in place. */
static int
fill_in(struct credentials *credentials,
	const struct certificate_parameters *parameters)
{
	const struct credentials *issuer;
	gnutls_x509_crt_t certificate;
	int rc;

	issuer = parameters->issuer != NULL ? parameters->issuer : credentials;
	certificate = credentials->chain[0];
	rc = gnutls_x509_crt_set_version(certificate, 3);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key(certificate, credentials->key);
	if (rc >= 0)
		rc = set_serial(certificate);
	if (rc >= 0)
		rc = set_validity(certificate, parameters);
	if (rc >= 0)
		rc = set_names(certificate, parameters);
	if (rc >= 0)
		rc = set_purposes(certificate, parameters);
	if (rc >= 0)
		rc = set_key_ids(certificate, issuer->chain[0]);
	if (rc >= 0)
		rc = gnutls_x509_crt_sign2(certificate, issuer->chain[0],
					   issuer->key, GNUTLS_DIG_SHA256, 0);
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
	rc = gnutls_x509_crt_init(&parsed);
	if (rc >= 0) {
		rc = gnutls_x509_crt_import(parsed, &der, GNUTLS_X509_FMT_DER);
		if (rc >= 0) {
			gnutls_x509_crt_deinit(*certificate);
			*certificate = parsed;
		} else {
			gnutls_x509_crt_deinit(parsed);
		}
	}
	gnutls_free(der.data);
	return rc;
}

static int
make_key(gnutls_x509_privkey_t key, enum certificate_key kind)
{
	if (kind == CERTIFICATE_KEY_RSA2048)
		return gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA, 2048,
						    0);
	return gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
					    GNUTLS_CURVE_TO_BITS(
						GNUTLS_ECC_CURVE_SECP256R1),
					    0);
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
	rc = gnutls_x509_crt_init(&credentials->chain[0]);
	if (rc >= 0) {
		credentials->chain_length = 1;
		rc = gnutls_x509_privkey_init(&credentials->key);
	}
	if (rc >= 0)
		rc = make_key(credentials->key, parameters->key);
	if (rc >= 0)
		rc = fill_in(credentials, parameters);
	if (rc >= 0)
		rc = parse_again(&credentials->chain[0]);
	if (rc < 0) {
		fprintf(stderr, "certificate %s: %s\n", parameters->common_name,
			gnutls_strerror(rc));
		credentials_free(credentials);
		return NULL;
	}
	return credentials;
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
	free(credentials);
}

int
credentials_hand_over(const struct credentials *credentials,
		      gnutls_certificate_credentials_t target)
{
	int rc;

	rc = gnutls_certificate_set_x509_key(target, credentials->chain,
					     (int)credentials->chain_length,
					     credentials->key);
	return rc < 0 ? rc : 0;
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
		rc = gnutls_x509_crt_export2(credentials->chain[i],
					     GNUTLS_X509_FMT_PEM, &one);
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

/* The ready-made kinds. */

static const struct certificate_name server_names[] = {
	{ GNUTLS_SAN_DNSNAME, "localhost" },
	{ GNUTLS_SAN_DNSNAME, "mx.example.test" },
	{ GNUTLS_SAN_IPADDRESS, "127.0.0.1" },
	{ GNUTLS_SAN_IPADDRESS, "::1" },
	{ GNUTLS_SAN_DNSNAME, NULL },
};

static const struct certificate_name wrong_names[] = {
	{ GNUTLS_SAN_DNSNAME, "wrong.invalid" },
	{ GNUTLS_SAN_DNSNAME, NULL },
};

static const struct certificate_name wildcard_names[] = {
	{ GNUTLS_SAN_DNSNAME, "*.example.test" },
	{ GNUTLS_SAN_DNSNAME, NULL },
};

static const struct certificate_name client_names[] = {
	{ GNUTLS_SAN_RFC822NAME, "alice@example.test" },
	{ GNUTLS_SAN_DNSNAME, NULL },
};

/* The issuer is a name here, and resolved when the certificate is made. */
struct kind {
	const char *name;
	const char *issuer;
	struct certificate_parameters parameters;
};

static const struct kind kinds[] = {
	{ "ca", NULL, { .common_name = "Test CA", .is_authority = true } },
	{ "other-ca",
	  NULL,
	  { .common_name = "Unrelated CA", .is_authority = true } },
	{ "server",
	  "ca",
	  { .common_name = "localhost",
	    .names = server_names,
	    .purposes = CERTIFICATE_FOR_SERVER } },
	{ "server-rsa",
	  "ca",
	  { .common_name = "localhost",
	    .names = server_names,
	    .key = CERTIFICATE_KEY_RSA2048,
	    .purposes = CERTIFICATE_FOR_SERVER } },
	{ "expired",
	  "ca",
	  { .common_name = "localhost",
	    .names = server_names,
	    .not_before = -30 * DAY,
	    .not_after = -DAY,
	    .purposes = CERTIFICATE_FOR_SERVER } },
	{ "not-yet-valid",
	  "ca",
	  { .common_name = "localhost",
	    .names = server_names,
	    .not_before = DAY,
	    .not_after = 30 * DAY,
	    .purposes = CERTIFICATE_FOR_SERVER } },
	{ "wrong-name",
	  "ca",
	  { .common_name = "wrong.invalid",
	    .names = wrong_names,
	    .purposes = CERTIFICATE_FOR_SERVER } },
	{ "untrusted",
	  "other-ca",
	  { .common_name = "localhost",
	    .names = server_names,
	    .purposes = CERTIFICATE_FOR_SERVER } },
	{ "self-signed",
	  NULL,
	  { .common_name = "localhost",
	    .names = server_names,
	    .purposes = CERTIFICATE_FOR_SERVER } },
	{ "cn-only",
	  "ca",
	  { .common_name = "localhost", .purposes = CERTIFICATE_FOR_SERVER } },
	{ "wildcard",
	  "ca",
	  { .common_name = "any host",
	    .names = wildcard_names,
	    .purposes = CERTIFICATE_FOR_SERVER } },
	{ "client",
	  "ca",
	  { .common_name = "alice@example.test",
	    .names = client_names,
	    .purposes = CERTIFICATE_FOR_CLIENT } },
	{ "wrong-purpose",
	  "ca",
	  { .common_name = "localhost",
	    .names = server_names,
	    .purposes = CERTIFICATE_FOR_CLIENT } },
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

struct certificates {
	struct credentials *made[KIND_COUNT];
};

struct certificates *
certificates_new(void)
{
	return calloc(1, sizeof(struct certificates));
}

void
certificates_free(struct certificates *certificates)
{
	size_t i;

	if (certificates == NULL)
		return;
	for (i = 0; i < KIND_COUNT; i++)
		credentials_free(certificates->made[i]);
	free(certificates);
}

const char *
certificates_name(size_t index)
{
	return index < KIND_COUNT ? kinds[index].name : NULL;
}

const struct credentials *
certificates_get(struct certificates *certificates, const char *name)
{
	struct certificate_parameters parameters;
	size_t i;

	for (i = 0; i < KIND_COUNT; i++)
		if (strcmp(kinds[i].name, name) == 0)
			break;
	if (i == KIND_COUNT)
		return NULL;
	if (certificates->made[i] == NULL) {
		parameters = kinds[i].parameters;
		if (kinds[i].issuer != NULL) {
			parameters.issuer =
			    certificates_get(certificates, kinds[i].issuer);
			if (parameters.issuer == NULL)
				return NULL;
		}
		certificates->made[i] = credentials_new(&parameters);
	}
	return certificates->made[i];
}

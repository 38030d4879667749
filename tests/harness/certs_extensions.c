/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Extensions out of octets: GnuTLS takes its time for many names, and does not
 * take each.  And certificates that are spoiled when they are done.
 */
#include "certs_extensions.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs_der.h"

#define OID_ALTERNATIVE_NAMES "2.5.29.17"
#define OID_NAME_CONSTRAINTS  "2.5.29.30"
#define OID_COMMENT	      "2.16.840.1.113730.1.13"
#define OID_TLS_FEATURES      "1.3.6.1.5.5.7.1.24"
/* An arc for examples; what is below it means nothing to anybody. */
#define OID_UNKNOWN "2.999.1"

/* -1: it is none of 0-9a-f. */
static int
digit_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c != '\0' ? strchr(digits, c) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

char *
certificate_text(const char *text, size_t *ret_len)
{
	char *copy = strdup(text);
	const char *from = copy;
	char *to = copy;

	if (copy == NULL)
		abort();
	while (*from != '\0') {
		if (from[0] == '\\' && from[1] == 'x' &&
		    digit_value(from[2]) >= 0 && digit_value(from[3]) >= 0) {
			*to++ = (char)(16 * digit_value(from[2]) +
				       digit_value(from[3]));
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*ret_len = (size_t)(to - copy);
	return copy;
}

/* RFC 4985: id-on-dnsSRV. */
static const unsigned char oid_srv[] = { 0x2b, 0x06, 0x01, 0x05,
					 0x05, 0x07, 0x08, 0x07 };

/* RFC 5280, 4.2.1.6: an address is four octets, or sixteen. */
static bool
append_address(struct der *der, const char *text)
{
	unsigned char address[16];

	if (inet_pton(AF_INET, text, address) == 1)
		der_append_element(der, DER_CONTEXT(7), address, 4);
	else if (inet_pton(AF_INET6, text, address) == 1)
		der_append_element(der, DER_CONTEXT(7), address, 16);
	else
		return false;
	return true;
}

static void
append_srv(struct der *der, const char *text, size_t len)
{
	struct der value = { 0 };
	struct der name = { 0 };

	der_append_element(&value, DER_IA5, text, len);
	der_append_element(&name, DER_OID, oid_srv, sizeof(oid_srv));
	der_append_element(&name, DER_NESTED(0), value.data, value.len);
	der_append_element(der, DER_NESTED(0), name.data, name.len);
	der_clear(&name);
	der_clear(&value);
}

/* False: there is no such name. */
static bool
append_name(struct der *der, const struct certificate_name *name)
{
	static const struct {
		gnutls_x509_subject_alt_name_t type;
		unsigned int number;
	} types[] = {
		{ GNUTLS_SAN_RFC822NAME, 1 },
		{ GNUTLS_SAN_DNSNAME, 2 },
		{ GNUTLS_SAN_URI, 6 },
	};
	char *text;
	size_t i, len;

	if (name->type == GNUTLS_SAN_IPADDRESS)
		return append_address(der, name->value);
	text = certificate_text(name->value, &len);
	if (name->type == GNUTLS_SAN_OTHERNAME_SRV)
		append_srv(der, text, len);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == name->type)
			der_append_element(der, DER_CONTEXT(types[i].number),
					   text, len);
	free(text);
	return true;
}

static void
append_generated_name(struct der *der, unsigned int number, const char *domain)
{
	char text[64];
	struct certificate_name name = { GNUTLS_SAN_DNSNAME, text };

	snprintf(text, sizeof(text), "n%u.%s", number, domain);
	append_name(der, &name);
}

static int
set_extension(gnutls_x509_crt_t certificate, const char *oid,
	      const struct der *content, bool is_critical)
{
	return gnutls_x509_crt_set_extension_by_oid(certificate, oid,
						    content->data, content->len,
						    is_critical);
}

static int
set_names(gnutls_x509_crt_t certificate,
	  const struct certificate_parameters *parameters)
{
	const struct certificate_name *name = parameters->names;
	struct der names = { 0 };
	struct der all = { 0 };
	unsigned int i;
	int rc = 0;

	for (i = 0; i < parameters->names_count; i++)
		append_generated_name(&names, i, "example.test");
	for (; rc == 0 && name != NULL && name->value != NULL; name++)
		if (!append_name(&names, name))
			rc = GNUTLS_E_INVALID_REQUEST;
	der_append_element(&all, DER_SEQUENCE, names.data, names.len);
	if (rc == 0 && names.len > 0)
		rc = set_extension(certificate, OID_ALTERNATIVE_NAMES, &all,
				   false);
	der_clear(&names);
	der_clear(&all);
	return rc;
}

/* RFC 5280, 4.2.1.10: each is a sequence with the name alone. */
static int
append_subtrees(struct der *der, unsigned int tag,
		const struct certificate_name *name, unsigned int count)
{
	struct der all = { 0 };
	struct der one = { 0 };
	unsigned int i;
	int rc = 0;

	for (i = 0; i < count; i++) {
		append_generated_name(&one, i, "wrong.invalid");
		der_append_element(&all, DER_SEQUENCE, one.data, one.len);
		one.len = 0;
	}
	for (; rc == 0 && name != NULL && name->value != NULL; name++) {
		if (!append_name(&one, name))
			rc = GNUTLS_E_INVALID_REQUEST;
		der_append_element(&all, DER_SEQUENCE, one.data, one.len);
		one.len = 0;
	}
	if (all.len > 0)
		der_append_element(der, tag, all.data, all.len);
	der_clear(&one);
	der_clear(&all);
	return rc;
}

static int
set_constraints(gnutls_x509_crt_t certificate,
		const struct certificate_constraints *constraints)
{
	struct der subtrees = { 0 };
	struct der all = { 0 };
	int rc;

	rc = append_subtrees(&subtrees, DER_NESTED(0), constraints->permitted,
			     0);
	if (rc == 0)
		rc = append_subtrees(&subtrees, DER_NESTED(1),
				     constraints->excluded,
				     constraints->excluded_count);
	der_append_element(&all, DER_SEQUENCE, subtrees.data, subtrees.len);
	if (rc == 0 && subtrees.len > 0)
		rc = set_extension(certificate, OID_NAME_CONSTRAINTS, &all,
				   true);
	der_clear(&subtrees);
	der_clear(&all);
	return rc;
}

/* A comment, as browsers of old had it. */
static int
set_filler(gnutls_x509_crt_t certificate, size_t size)
{
	struct der comment = { 0 };
	char *text = calloc(1, size + 1);
	int rc;

	if (text == NULL)
		return GNUTLS_E_MEMORY_ERROR;
	memset(text, 'x', size);
	der_append_element(&comment, DER_IA5, text, size);
	rc = set_extension(certificate, OID_COMMENT, &comment, false);
	der_clear(&comment);
	free(text);
	return rc;
}

int
certificate_set_extensions(gnutls_x509_crt_t certificate,
			   const struct certificate_parameters *parameters)
{
	/* RFC 7633, 4: a sequence of the numbers of TLS's extensions. */
	static unsigned char status_request[] = { 0x30, 3, 0x02, 1, 5 };
	static unsigned char anything[] = { 0x05, 0 };
	struct der features = { status_request, sizeof(status_request), 0 };
	struct der unknown = { anything, sizeof(anything), 0 };
	int rc = set_names(certificate, parameters);

	if (rc >= 0)
		rc = set_constraints(certificate, &parameters->constraints);
	if (rc >= 0 && parameters->filler > 0)
		rc = set_filler(certificate, parameters->filler);
	if (rc >= 0 && parameters->must_staple)
		rc = set_extension(certificate, OID_TLS_FEATURES, &features,
				   false);
	if (rc >= 0 && parameters->is_hard_to_read)
		rc = set_extension(certificate, OID_UNKNOWN, &unknown, true);
	return rc;
}

/*
 * What is spoiled.
 */

/* prime256v1 becomes secp160r1. */
static int
change_curve(struct credentials *credentials,
	     const struct certificate_parameters *parameters,
	     const gnutls_datum_t *der)
{
	static unsigned char p256[] = { 0x06, 8,    0x2a, 0x86, 0x48,
					0xce, 0x3d, 0x03, 0x01, 0x07 };
	static unsigned char p160[] = { 0x06, 5, 0x2b, 0x81, 0x04, 0x00, 0x08 };
	const gnutls_datum_t find = { p256, sizeof(p256) };
	const gnutls_datum_t put = { p160, sizeof(p160) };

	return der_change_certificate(der, &find, &put, parameters->issuer->key,
				      &credentials->damaged);
}

/* The octets that are sent are others than those of a certificate. */
static int
spoil(struct credentials *credentials,
      const struct certificate_parameters *parameters, gnutls_datum_t *der)
{
	unsigned int i;

	switch (parameters->damage) {
	case CERTIFICATE_CURVE:
		return change_curve(credentials, parameters, der);
	case CERTIFICATE_SIGNATURE:
		der->data[der->size - 1] ^= 1;
		break;
	case CERTIFICATE_TRUNCATED:
		der->size /= 2;
		break;
	default:
		for (i = 0; i < der->size; i++)
			der->data[i] = (unsigned char)(0xa5 + 7 * i);
		break;
	}
	credentials->damaged = *der;
	der->data = NULL;
	return 0;
}

int
certificate_spoil(struct credentials *credentials,
		  const struct certificate_parameters *parameters)
{
	gnutls_datum_t der;
	int rc;

	if (parameters->damage == CERTIFICATE_INTACT)
		return 0;
	if (parameters->damage == CERTIFICATE_KEY) {
		gnutls_x509_privkey_deinit(credentials->key);
		credentials->key = NULL;
		rc = gnutls_x509_privkey_init(&credentials->key);
		if (rc < 0)
			return rc;
		return gnutls_x509_privkey_generate(
		    credentials->key, GNUTLS_PK_ECDSA,
		    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	}
	rc = gnutls_x509_crt_export2(credentials->chain[0], GNUTLS_X509_FMT_DER,
				     &der);
	if (rc < 0)
		return rc;
	rc = spoil(credentials, parameters, &der);
	gnutls_free(der.data);
	return rc;
}

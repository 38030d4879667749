/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DER by hand: elements, and certificates that are changed and signed again. */
#include "certs_der.h"

#include <stdlib.h>
#include <string.h>

#include <gnutls/abstract.h>

#define DER_BIT_STRING 0x03u
#define DER_IS_NESTED  0x20u

void
der_append(struct der *der, const void *data, size_t len)
{
	size_t size = der->size > 0 ? der->size : 256;

	while (size - der->len < len)
		size *= 2;
	if (size > der->size) {
		der->data = realloc(der->data, size);
		if (der->data == NULL)
			abort();
		der->size = size;
	}
	if (len > 0)
		memcpy(der->data + der->len, data, len);
	der->len += len;
}

static void
append_octet(struct der *der, size_t octet)
{
	unsigned char c = (unsigned char)octet;

	der_append(der, &c, 1);
}

void
der_append_element(struct der *der, unsigned int tag, const void *content,
		   size_t len)
{
	size_t count = 0;

	append_octet(der, tag);
	if (len >= 0x80) {
		while (len >> (8 * count) != 0)
			count++;
		append_octet(der, 0x80 | count);
		while (--count > 0)
			append_octet(der, len >> (8 * count));
	}
	append_octet(der, len);
	der_append(der, content, len);
}

void
der_clear(struct der *der)
{
	free(der->data);
	memset(der, 0, sizeof(*der));
}

/* One element: its header's size, and its content's. */
struct element {
	size_t header, content;
};

/* What this module reads is well-formed; the size is checked all the same. */
static struct element
read_element(const unsigned char *data, size_t size)
{
	struct element element = { 2, 0 };
	size_t count;

	if (size < 2)
		abort();
	element.content = data[1];
	if (data[1] >= 0x80) {
		count = data[1] & 0x7fu;
		element.header += count;
		if (count > sizeof(size_t) || element.header > size)
			abort();
		element.content = 0;
		for (; count > 0; count--)
			element.content =
			    element.content << 8 | data[element.header - count];
	}
	if (element.content > size - element.header)
		abort();
	return element;
}

static void
replace_in(struct der *der, const unsigned char *data, size_t len,
	   const gnutls_datum_t *find, const gnutls_datum_t *put)
{
	struct element element;
	struct der inner;
	size_t whole;

	for (; len > 0; data += whole, len -= whole) {
		element = read_element(data, len);
		whole = element.header + element.content;
		if (whole == find->size &&
		    memcmp(data, find->data, whole) == 0) {
			der_append(der, put->data, put->size);
		} else if ((data[0] & DER_IS_NESTED) != 0) {
			memset(&inner, 0, sizeof(inner));
			replace_in(&inner, data + element.header,
				   element.content, find, put);
			der_append_element(der, data[0], inner.data, inner.len);
			der_clear(&inner);
		} else {
			der_append(der, data, whole);
		}
	}
}

void
der_replace(struct der *der, const gnutls_datum_t *from,
	    const gnutls_datum_t *find, const gnutls_datum_t *put)
{
	replace_in(der, from->data, from->size, find, put);
}

static int
sign(const unsigned char *data, size_t len, gnutls_x509_privkey_t key,
     gnutls_datum_t *ret_signature)
{
	gnutls_datum_t text = { (unsigned char *)(size_t)data,
				(unsigned int)len };
	gnutls_privkey_t signer;
	int rc;

	rc = gnutls_privkey_init(&signer);
	if (rc < 0)
		return rc;
	rc = gnutls_privkey_import_x509(signer, key, 0);
	if (rc >= 0)
		rc = gnutls_privkey_sign_data(signer, GNUTLS_DIG_SHA256, 0,
					      &text, ret_signature);
	gnutls_privkey_deinit(signer);
	return rc;
}

int
der_change_certificate(const gnutls_datum_t *certificate,
		       const gnutls_datum_t *find, const gnutls_datum_t *put,
		       gnutls_x509_privkey_t issuer_key,
		       gnutls_datum_t *ret_changed)
{
	struct der changed = { 0 };
	struct der whole = { 0 };
	struct der bits = { 0 };
	struct element outer, body, algorithm;
	gnutls_datum_t signature;
	size_t len;
	int rc;

	/* RFC 5280, 4.1: the body, the signature's algorithm, its bits. */
	der_replace(&changed, certificate, find, put);
	outer = read_element(changed.data, changed.len);
	body = read_element(changed.data + outer.header, outer.content);
	len = body.header + body.content;
	algorithm = read_element(changed.data + outer.header + len,
				 outer.content - len);
	rc = sign(changed.data + outer.header, len, issuer_key, &signature);
	if (rc < 0) {
		der_clear(&changed);
		return rc;
	}
	append_octet(&bits, 0);
	der_append(&bits, signature.data, signature.size);
	gnutls_free(signature.data);
	len += algorithm.header + algorithm.content;
	memmove(changed.data, changed.data + outer.header, len);
	changed.len = len;
	der_append_element(&changed, DER_BIT_STRING, bits.data, bits.len);
	der_append_element(&whole, DER_SEQUENCE, changed.data, changed.len);
	ret_changed->size = (unsigned int)whole.len;
	ret_changed->data = gnutls_malloc(whole.len);
	if (ret_changed->data == NULL)
		rc = GNUTLS_E_MEMORY_ERROR;
	else
		memcpy(ret_changed->data, whole.data, whole.len);
	der_clear(&bits);
	der_clear(&changed);
	der_clear(&whole);
	return rc;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The client's own certificate and key, for servers that ask for one.
 */
#include <gnutls/pkcs11.h>
#include <stdint.h>
#include <string.h>

#include "mem.h"
#include "tls.h"
#include "tls_settings.h"

/* The same object in a token under two types: RFC 7512, section 2.3. */
static const char type_attribute[] = "type=";

/* A setter's beginning: what there was is forgotten, whatever comes now. */
static int
begin_identity(smtpc_tls *tls)
{
	int rc = tls_begin_change(tls);

	if (rc != SMTPC_OK)
		return rc;
	gnutls_certificate_free_keys(tls->credentials);
	if (tls->pin != NULL)
		mem_free_secret(tls->pin, strlen(tls->pin));
	tls->pin = NULL;
	tls->has_identity = false;
	return SMTPC_OK;
}

/* Why GnuTLS would not have it, in words that tell what to do. */
static const char *
reason(int error, const char *password)
{
	switch (error) {
	case GNUTLS_E_DECRYPTION_FAILED:
	case GNUTLS_E_MAC_VERIFY_FAILED:
	case GNUTLS_E_PKCS11_PIN_ERROR:
		return password != NULL
			   ? "the password is wrong"
			   : "it is encrypted, and there is no password";
	case GNUTLS_E_CERTIFICATE_KEY_MISMATCH:
		return "the key does not belong to the certificate";
	case GNUTLS_E_FILE_ERROR:
		return "the file can't be read";
	case GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE:
		return "there is no such certificate, or no such key";
	default:
		return gnutls_strerror(error);
	}
}

/* What GnuTLS made of a certificate and a key. */
static int
end_identity(smtpc_tls *tls, int error, const char *source,
	     const char *password)
{
	tls->has_identity = error >= 0;
	if (error >= 0)
		return SMTPC_OK;
	/* Half of it may have been taken. */
	gnutls_certificate_free_keys(tls->credentials);
	if (error == GNUTLS_E_MEMORY_ERROR)
		return tls_fail(tls, SMTPC_E_NOMEM, NULL);
	return tls_fail(tls, SMTPC_E_TLS,
			mem_format("client certificate, %s: %s", source,
				   reason(error, password)));
}

int
smtpc_tls_set_certificate_file(smtpc_tls *tls, const char *certificate,
			       const char *key, const char *password)
{
	int rc = begin_identity(tls);

	if (rc != SMTPC_OK)
		return rc;
	if (certificate == NULL)
		return tls_invalid(tls, "there is no file");
	if (key == NULL)
		key = certificate;
	rc =
	    gnutls_certificate_set_x509_key_file2(tls->credentials, certificate,
						  key, GNUTLS_X509_FMT_PEM,
						  password, 0);
	return end_identity(tls, rc, certificate, password);
}

int
smtpc_tls_set_certificate_memory(smtpc_tls *tls, const void *certificate,
				 size_t certificate_len, const void *key,
				 size_t key_len, const char *password)
{
	gnutls_datum_t certificate_pem, key_pem;
	int rc = begin_identity(tls);

	if (rc != SMTPC_OK)
		return rc;
	if (key == NULL) {
		key = certificate;
		key_len = certificate_len;
	}
	if (certificate == NULL || certificate_len > TLS_DATUM_MAX ||
	    key_len > TLS_DATUM_MAX)
		return tls_invalid(tls, "there is no certificate");
	certificate_pem = tls_datum(certificate, certificate_len);
	key_pem = tls_datum(key, key_len);
	rc = gnutls_certificate_set_x509_key_mem2(tls->credentials,
						  &certificate_pem, &key_pem,
						  GNUTLS_X509_FMT_PEM, password,
						  0);
	return end_identity(tls, rc, "memory", password);
}

int
smtpc_tls_set_certificate_pkcs12(smtpc_tls *tls, const char *file,
				 const char *password)
{
	int rc = begin_identity(tls);

	if (rc != SMTPC_OK)
		return rc;
	if (file == NULL)
		return tls_invalid(tls, "there is no file");
	/* To GnuTLS, no password and an empty one are two things. */
	rc = gnutls_certificate_set_x509_simple_pkcs12_file(
	    tls->credentials, file, GNUTLS_X509_FMT_DER,
	    password != NULL ? password : "");
	return end_identity(tls, rc, file, password);
}

/* The token asks for its PIN. */
static int
tell_pin(void *userdata, int attempt, const char *token_url,
	 const char *token_label, unsigned int flags, char *pin, size_t pin_max)
{
	const smtpc_tls *tls = userdata;
	size_t len;

	(void)token_url;
	(void)token_label;
	(void)flags;
	/* Asked again, it was wrong: a token locks itself after a few. */
	if (tls->pin == NULL || attempt > 0)
		return GNUTLS_E_PKCS11_PIN_ERROR;
	len = strlen(tls->pin);
	if (len >= pin_max)
		return GNUTLS_E_PKCS11_PIN_ERROR;
	memcpy(pin, tls->pin, len + 1);
	return 0;
}

/* Where the attribute begins in a URL's path, or where the path ends. */
static size_t
find_type(const char *url)
{
	size_t path = strcspn(url, "?"); /* behind it: how to get at it */
	const char *at = url;

	/* In the middle of a word it is none. */
	while ((at = strstr(at, type_attribute)) != NULL &&
	       (size_t)(at - url) < path) {
		if (at[-1] == ';' || at[-1] == ':')
			return (size_t)(at - url);
		at += strlen(type_attribute);
	}
	return path;
}

/* A copy of the URL that names the object of this type. */
static char *
url_with_type(const char *url, const char *type)
{
	size_t before = find_type(url);
	size_t behind = before;
	const char *separator = ";";

	if (url[before] != '?' && url[before] != '\0') {
		behind += strcspn(url + before, ";?");
		separator = "";
	}
	return mem_format("%.*s%s%s%s%s", (int)before, url, separator,
			  type_attribute, type, url + behind);
}

static int
load_pkcs11(smtpc_tls *tls, const char *url)
{
	char *certificate = url_with_type(url, "cert");
	char *key = url_with_type(url, "private");
	int rc = GNUTLS_E_MEMORY_ERROR;

	if (certificate != NULL && key != NULL)
		rc = gnutls_certificate_set_x509_key_file2(tls->credentials,
							   certificate, key,
							   GNUTLS_X509_FMT_PEM,
							   NULL, 0);
	mem_free(certificate);
	mem_free(key);
	return rc;
}

int
smtpc_tls_set_certificate_pkcs11(smtpc_tls *tls, const char *url,
				 const char *pin)
{
	int rc = begin_identity(tls);

	if (rc != SMTPC_OK)
		return rc;
	if (url == NULL || strncmp(url, "pkcs11:", 7) != 0)
		return tls_invalid(tls, "this is no URL of a PKCS#11 token");
	if (pin != NULL) {
		tls->pin = mem_copy_text(pin);
		if (tls->pin == NULL)
			return tls_fail(tls, SMTPC_E_NOMEM, NULL);
	}
	gnutls_certificate_set_pin_function(tls->credentials, tell_pin, tls);
	/* The URL may hold a PIN: it goes into no message. */
	return end_identity(tls, load_pkcs11(tls, url), "PKCS#11 token", pin);
}

bool
tls_has_identity(const smtpc_tls *tls)
{
	return tls != NULL && tls->has_identity;
}

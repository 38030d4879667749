/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/tls_identity.c: the client's certificate in each form that it
 * comes in, and that nothing is kept of one that is no good.  Tokens are what
 * GnuTLS is asked for here; real ones are another test's affair.
 */
#include <gnutls/pkcs11.h>
#include <gnutls/pkcs12.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "mem.h"
#include "scratch.h"
#include "suite.h"
#include "tls.h"
#include "tls_settings.h"

#define PASSWORD "open sesame"

/* What GnuTLS is asked for, and made to return; REAL: what it does. */
#define REAL 1000000

static int file_result;
static char asked_certificate[512], asked_key[512];
static bool asked_password;

int __real_gnutls_certificate_set_x509_key_file2(
    gnutls_certificate_credentials_t credentials, const char *certificate,
    const char *key, gnutls_x509_crt_fmt_t format, const char *password,
    unsigned int flags);
int __wrap_gnutls_certificate_set_x509_key_file2(
    gnutls_certificate_credentials_t credentials, const char *certificate,
    const char *key, gnutls_x509_crt_fmt_t format, const char *password,
    unsigned int flags);
void __real_gnutls_certificate_set_pin_function(
    gnutls_certificate_credentials_t credentials, gnutls_pin_callback_t tell,
    void *userdata);
void __wrap_gnutls_certificate_set_pin_function(
    gnutls_certificate_credentials_t credentials, gnutls_pin_callback_t tell,
    void *userdata);

int
__wrap_gnutls_certificate_set_x509_key_file2(
    gnutls_certificate_credentials_t credentials, const char *certificate,
    const char *key, gnutls_x509_crt_fmt_t format, const char *password,
    unsigned int flags)
{
	snprintf(asked_certificate, sizeof(asked_certificate), "%s",
		 certificate);
	snprintf(asked_key, sizeof(asked_key), "%s", key);
	asked_password = password != NULL;
	if (file_result != REAL)
		return file_result;
	return __real_gnutls_certificate_set_x509_key_file2(credentials,
							    certificate, key,
							    format, password,
							    flags);
}

static gnutls_pin_callback_t tell;
static void *tell_userdata;

void
__wrap_gnutls_certificate_set_pin_function(
    gnutls_certificate_credentials_t credentials, gnutls_pin_callback_t given,
    void *userdata)
{
	tell = given;
	tell_userdata = userdata;
	__real_gnutls_certificate_set_pin_function(credentials, given,
						   userdata);
}

static struct certificates *certificates;
static const struct credentials *client, *server;
static smtpc_tls *tls;

/* The client's and the server's, in PEM; and the client's key, encrypted. */
static gnutls_datum_t certificate_pem, key_pem, encrypted_pem;
static gnutls_datum_t other_pem, other_key_pem;

static void
make_certificates(void)
{
	certificates = certificates_new();
	ck_assert_ptr_nonnull(certificates);
	client = certificates_get(certificates, "client");
	server = certificates_get(certificates, "server");
	ck_assert(client != NULL && server != NULL);
	ck_assert_int_eq(credentials_pem(client, &certificate_pem), 0);
	ck_assert_int_eq(credentials_key_pem(client, &key_pem), 0);
	ck_assert_int_eq(gnutls_x509_privkey_export2_pkcs8(
			     client->key, GNUTLS_X509_FMT_PEM, PASSWORD,
			     GNUTLS_PKCS_PBES2_AES_256, &encrypted_pem),
			 0);
	ck_assert_int_eq(credentials_pem(server, &other_pem), 0);
	ck_assert_int_eq(credentials_key_pem(server, &other_key_pem), 0);
}

static void
free_certificates(void)
{
	gnutls_free(certificate_pem.data);
	gnutls_free(key_pem.data);
	gnutls_free(encrypted_pem.data);
	gnutls_free(other_pem.data);
	gnutls_free(other_key_pem.data);
	certificates_free(certificates);
}

static void
set_up(void)
{
	file_result = REAL;
	tell = NULL;
	ck_assert_int_eq(smtpc_tls_new(&tls), SMTPC_OK);
	scratch_empty();
}

static void
tear_down(void)
{
	smtpc_tls_free(tls);
}

/* A file with these in it, one behind the other. */
static const char *
file_with(const char *name, const gnutls_datum_t *first,
	  const gnutls_datum_t *second)
{
	const char *path = scratch_path(name);
	FILE *file = fopen(path, "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(first->data, 1, first->size, file),
			  first->size);
	if (second != NULL)
		ck_assert_uint_eq(fwrite(second->data, 1, second->size, file),
				  second->size);
	ck_assert_int_eq(fclose(file), 0);
	return path;
}

/* Whose certificate is configured, with its key; NULL: nobody's. */
static void
identity_is(const struct credentials *expected)
{
	gnutls_datum_t der = { NULL, 0 };
	gnutls_datum_t expected_der;
	gnutls_x509_privkey_t key;

	if (gnutls_certificate_get_crt_raw(tls->credentials, 0, 0, &der) != 0) {
		ck_assert_ptr_null(expected);
		return;
	}
	ck_assert_ptr_nonnull(expected);
	ck_assert_int_eq(credentials_der(expected, 0, &expected_der), 0);
	ck_assert_uint_eq(der.size, expected_der.size);
	ck_assert_mem_eq(der.data, expected_der.data, der.size);
	gnutls_free(expected_der.data);
	ck_assert_int_eq(gnutls_certificate_get_x509_key(tls->credentials, 0,
							 &key),
			 0);
	gnutls_x509_privkey_deinit(key);
	/* There is one, and no other. */
	ck_assert_int_lt(gnutls_certificate_get_crt_raw(tls->credentials, 1, 0,
							&der),
			 0);
}

/* The setter has failed with words like these, and nothing is kept. */
static void
failed(int rc, const char *words)
{
	ck_assert_int_eq(rc, SMTPC_E_TLS);
	ck_assert_msg(strstr(smtpc_tls_error_message(tls), words) != NULL,
		      "\"%s\" is not in: %s", words,
		      smtpc_tls_error_message(tls));
	ck_assert_ptr_null(strstr(smtpc_tls_error_message(tls), PASSWORD));
	identity_is(NULL);
}

static void
succeeded(int rc, const struct credentials *whose)
{
	ck_assert_msg(rc == SMTPC_OK, "%s", smtpc_tls_error_message(tls));
	ck_assert_str_eq(smtpc_tls_error_message(tls), "");
	identity_is(whose);
}

/* Something is set already; what comes now replaces or removes it. */
static void
set_other(void)
{
	succeeded(smtpc_tls_set_certificate_memory(tls, other_pem.data,
						   other_pem.size,
						   other_key_pem.data,
						   other_key_pem.size, NULL),
		  server);
}

START_TEST(a_certificate_and_its_key_come_from_two_files)
{
	const char *certificate = file_with("c", &certificate_pem, NULL);
	const char *key = file_with("k", &key_pem, NULL);

	set_other();
	succeeded(smtpc_tls_set_certificate_file(tls, certificate, key, NULL),
		  client);
	ck_assert_str_eq(asked_certificate, certificate);
	ck_assert_str_eq(asked_key, key);
	ck_assert(!asked_password);
}
END_TEST

START_TEST(a_certificate_and_its_key_come_from_one_file)
{
	const char *both = file_with("both", &certificate_pem, &key_pem);

	succeeded(smtpc_tls_set_certificate_file(tls, both, NULL, NULL),
		  client);
	ck_assert_str_eq(asked_key, both);
	/* A password that is not needed does no harm. */
	succeeded(smtpc_tls_set_certificate_file(tls, both, NULL, PASSWORD),
		  client);
}
END_TEST

START_TEST(an_encrypted_key_is_decrypted)
{
	const char *certificate = file_with("c", &certificate_pem, NULL);
	const char *key = file_with("k", &encrypted_pem, NULL);

	succeeded(smtpc_tls_set_certificate_file(tls, certificate, key,
						 PASSWORD),
		  client);
}
END_TEST

static const struct {
	const char *password, *words;
} passwords[] = {
	{ NULL, "there is no password" },
	{ "", "the password is wrong" },
	{ "open sesam", "the password is wrong" },
	{ PASSWORD "!", "the password is wrong" },
};

START_TEST(a_wrong_password_is_told_from_none)
{
	const char *certificate = file_with("c", &certificate_pem, NULL);
	const char *key = file_with("k", &encrypted_pem, NULL);

	set_other();
	failed(smtpc_tls_set_certificate_file(tls, certificate, key,
					      passwords[_i].password),
	       passwords[_i].words);
	ck_assert_ptr_nonnull(
	    strstr(smtpc_tls_error_message(tls), certificate));
	set_other();
	failed(smtpc_tls_set_certificate_memory(tls, certificate_pem.data,
						certificate_pem.size,
						encrypted_pem.data,
						encrypted_pem.size,
						passwords[_i].password),
	       passwords[_i].words);
}
END_TEST

START_TEST(a_key_that_does_not_fit_is_refused)
{
	const char *certificate = file_with("c", &certificate_pem, NULL);
	const char *key = file_with("k", &other_key_pem, NULL);

	set_other();
	failed(smtpc_tls_set_certificate_file(tls, certificate, key, NULL),
	       "does not belong to the certificate");
	set_other();
	failed(smtpc_tls_set_certificate_memory(tls, certificate_pem.data,
						certificate_pem.size,
						other_key_pem.data,
						other_key_pem.size, NULL),
	       "does not belong to the certificate");
}
END_TEST

START_TEST(a_file_that_is_missing_is_told)
{
	const char *certificate = file_with("c", &certificate_pem, NULL);
	const char *missing = scratch_path("missing");

	set_other();
	failed(smtpc_tls_set_certificate_file(tls, missing, NULL, NULL),
	       missing);
	ck_assert_ptr_nonnull(
	    strstr(smtpc_tls_error_message(tls), "can't be read"));
	set_other();
	failed(smtpc_tls_set_certificate_file(tls, certificate, missing, NULL),
	       "can't be read");
	set_other();
	failed(smtpc_tls_set_certificate_pkcs12(tls, missing, NULL), missing);
	ck_assert_ptr_nonnull(
	    strstr(smtpc_tls_error_message(tls), "can't be read"));
}
END_TEST

/*
 * GnuTLS 3.7.9 itself leaks a certificate that it can't read.  These are there
 * only with a sanitizer that minds.
 */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

static void
mind_leaks(bool on)
{
	if (on && __lsan_enable != NULL)
		__lsan_enable();
	if (!on && __lsan_disable != NULL)
		__lsan_disable();
}

static const char *const junk[] = {
	"",
	"no certificate\n",
	"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
	"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
};

/* The certificate, the key or both: nothing is kept of the good half. */
START_TEST(what_is_no_certificate_or_no_key_is_refused)
{
	gnutls_datum_t text = { (unsigned char *)(uintptr_t)junk[_i],
				(unsigned int)strlen(junk[_i]) };
	const char *bad = file_with("junk", &text, NULL);
	const char *good = file_with("c", &certificate_pem, NULL);
	const char *key = file_with("k", &key_pem, NULL);

	set_other();
	mind_leaks(false);
	failed(smtpc_tls_set_certificate_file(tls, bad, key, NULL), bad);
	mind_leaks(true);
	failed(smtpc_tls_set_certificate_file(tls, good, bad, NULL), good);
	failed(smtpc_tls_set_certificate_file(tls, good, NULL, NULL), good);
	failed(smtpc_tls_set_certificate_file(tls, key, NULL, NULL), key);
	failed(smtpc_tls_set_certificate_pkcs12(tls, bad, NULL), bad);
	set_other();
	mind_leaks(false);
	failed(smtpc_tls_set_certificate_memory(tls, text.data, text.size,
						key_pem.data, key_pem.size,
						NULL),
	       "memory");
	mind_leaks(true);
	failed(smtpc_tls_set_certificate_memory(tls, certificate_pem.data,
						certificate_pem.size, text.data,
						text.size, NULL),
	       "memory");
}
END_TEST

START_TEST(memory_holds_both_or_each)
{
	gnutls_datum_t both;

	both.size = certificate_pem.size + key_pem.size;
	both.data = malloc(both.size);
	ck_assert_ptr_nonnull(both.data);
	memcpy(both.data, certificate_pem.data, certificate_pem.size);
	memcpy(both.data + certificate_pem.size, key_pem.data, key_pem.size);
	succeeded(smtpc_tls_set_certificate_memory(tls, both.data, both.size,
						   NULL, 0, NULL),
		  client);
	/* It is copied. */
	memset(both.data, 'x', both.size);
	free(both.data);
	identity_is(client);
	set_other();
	succeeded(smtpc_tls_set_certificate_memory(
		      tls, certificate_pem.data, certificate_pem.size,
		      encrypted_pem.data, encrypted_pem.size, PASSWORD),
		  client);
}
END_TEST

/*
 * PKCS#12.
 */

static void
put_bag(gnutls_pkcs12_t store, gnutls_pkcs12_bag_t bag, const char *password)
{
	if (password != NULL)
		ck_assert_int_eq(gnutls_pkcs12_bag_encrypt(
				     bag, password, GNUTLS_PKCS_PBES2_AES_256),
				 0);
	ck_assert_int_eq(gnutls_pkcs12_set_bag(store, bag), 0);
	gnutls_pkcs12_bag_deinit(bag);
}

/* The client's certificate and somebody's key, behind this password. */
static const char *
store_with(const struct credentials *key_of, const char *password)
{
	unsigned char id[20];
	size_t id_size = sizeof(id);
	gnutls_pkcs12_bag_t bag;
	gnutls_pkcs12_t store;
	gnutls_datum_t der, key;
	const char *path;
	int index;

	ck_assert_int_eq(gnutls_x509_privkey_get_key_id(key_of->key, 0, id,
							&id_size),
			 0);
	ck_assert_int_eq(gnutls_pkcs12_init(&store), 0);
	ck_assert_int_eq(gnutls_pkcs12_bag_init(&bag), 0);
	index = gnutls_pkcs12_bag_set_crt(bag, client->chain[0]);
	ck_assert_int_ge(index, 0);
	der.data = id;
	der.size = (unsigned int)id_size;
	ck_assert_int_eq(gnutls_pkcs12_bag_set_key_id(bag, (unsigned int)index,
						      &der),
			 0);
	put_bag(store, bag, password);
	ck_assert_int_eq(gnutls_x509_privkey_export2_pkcs8(
			     key_of->key, GNUTLS_X509_FMT_DER, password,
			     GNUTLS_PKCS_PBES2_AES_256, &key),
			 0);
	ck_assert_int_eq(gnutls_pkcs12_bag_init(&bag), 0);
	index = gnutls_pkcs12_bag_set_data(bag, GNUTLS_BAG_PKCS8_ENCRYPTED_KEY,
					   &key);
	ck_assert_int_ge(index, 0);
	ck_assert_int_eq(gnutls_pkcs12_bag_set_key_id(bag, (unsigned int)index,
						      &der),
			 0);
	put_bag(store, bag, NULL);
	gnutls_free(key.data);
	ck_assert_int_eq(gnutls_pkcs12_generate_mac(store, password), 0);
	ck_assert_int_eq(gnutls_pkcs12_export2(store, GNUTLS_X509_FMT_DER,
					       &der),
			 0);
	gnutls_pkcs12_deinit(store);
	path = file_with("client.p12", &der, NULL);
	gnutls_free(der.data);
	return path;
}

START_TEST(a_store_has_a_certificate_and_its_key)
{
	set_other();
	succeeded(smtpc_tls_set_certificate_pkcs12(tls,
						   store_with(client, PASSWORD),
						   PASSWORD),
		  client);
}
END_TEST

/* No password and an empty one are the same here. */
START_TEST(a_store_may_have_an_empty_password)
{
	const char *store = store_with(client, "");

	succeeded(smtpc_tls_set_certificate_pkcs12(tls, store, ""), client);
	succeeded(smtpc_tls_set_certificate_pkcs12(tls, store, NULL), client);
	failed(smtpc_tls_set_certificate_pkcs12(tls, store, "x"),
	       "the password is wrong");
}
END_TEST

START_TEST(a_store_with_another_password_stays_closed)
{
	const char *store = store_with(client, PASSWORD);

	set_other();
	failed(smtpc_tls_set_certificate_pkcs12(tls, store, "open sesam"),
	       "the password is wrong");
	ck_assert_ptr_nonnull(strstr(smtpc_tls_error_message(tls), store));
	set_other();
	failed(smtpc_tls_set_certificate_pkcs12(tls, store, NULL),
	       "there is no password");
}
END_TEST

START_TEST(a_store_whose_key_does_not_fit_is_refused)
{
	set_other();
	failed(smtpc_tls_set_certificate_pkcs12(tls,
						store_with(server, PASSWORD),
						PASSWORD),
	       "");
}
END_TEST

/*
 * PKCS#11.
 */

/* The URL of each, and what GnuTLS is to be asked for. */
static const struct {
	const char *url, *certificate, *key;
} urls[] = {
	{ "pkcs11:token=t;object=client",
	  "pkcs11:token=t;object=client;type=cert",
	  "pkcs11:token=t;object=client;type=private" },
	{ "pkcs11:token=t;object=client;type=cert",
	  "pkcs11:token=t;object=client;type=cert",
	  "pkcs11:token=t;object=client;type=private" },
	{ "pkcs11:token=t;type=private;object=client",
	  "pkcs11:token=t;type=cert;object=client",
	  "pkcs11:token=t;type=private;object=client" },
	{ "pkcs11:type=cert;token=t", "pkcs11:type=cert;token=t",
	  "pkcs11:type=private;token=t" },
	{ "pkcs11:type=cert", "pkcs11:type=cert", "pkcs11:type=private" },
	{ "pkcs11:object=x;type=", "pkcs11:object=x;type=cert",
	  "pkcs11:object=x;type=private" },
	/* What the module is to be told stays behind. */
	{ "pkcs11:object=x?pin-value=1234",
	  "pkcs11:object=x;type=cert?pin-value=1234",
	  "pkcs11:object=x;type=private?pin-value=1234" },
	{ "pkcs11:type=cert?pin-value=1234&module-name=m",
	  "pkcs11:type=cert?pin-value=1234&module-name=m",
	  "pkcs11:type=private?pin-value=1234&module-name=m" },
	{ "pkcs11:object=a?pin-value=1",
	  "pkcs11:object=a;type=cert?pin-value=1",
	  "pkcs11:object=a;type=private?pin-value=1" },
	{ "pkcs11:type=cert;object=x", "pkcs11:type=cert;object=x",
	  "pkcs11:type=private;object=x" },
	/* In the middle of a word it is none, wherever the true one is. */
	{ "pkcs11:token=prototype=1;object=b;type=cert",
	  "pkcs11:token=prototype=1;object=b;type=cert",
	  "pkcs11:token=prototype=1;object=b;type=private" },
	{ "pkcs11:token=prototype=1;object=b",
	  "pkcs11:token=prototype=1;object=b;type=cert",
	  "pkcs11:token=prototype=1;object=b;type=private" },
	{ "pkcs11:x-type=y;type=private;object=b?type=z",
	  "pkcs11:x-type=y;type=cert;object=b?type=z",
	  "pkcs11:x-type=y;type=private;object=b?type=z" },
	{ "pkcs11:x-type=y?pin-value=1;type=z",
	  "pkcs11:x-type=y;type=cert?pin-value=1;type=z",
	  "pkcs11:x-type=y;type=private?pin-value=1;type=z" },
	/* The type of something else. */
	{ "pkcs11:object=x;x-type=y", "pkcs11:object=x;x-type=y;type=cert",
	  "pkcs11:object=x;x-type=y;type=private" },
	{ "pkcs11:object=x?x=a;type=b", "pkcs11:object=x;type=cert?x=a;type=b",
	  "pkcs11:object=x;type=private?x=a;type=b" },
	{ "pkcs11:object=x?type=y", "pkcs11:object=x;type=cert?type=y",
	  "pkcs11:object=x;type=private?type=y" },
};

#define URLS ((int)(sizeof(urls) / sizeof(urls[0])))

START_TEST(a_URL_names_the_certificate_and_the_key)
{
	file_result = 0;
	ck_assert_int_eq(smtpc_tls_set_certificate_pkcs11(tls, urls[_i].url,
							  NULL),
			 SMTPC_OK);
	ck_assert_str_eq(asked_certificate, urls[_i].certificate);
	ck_assert_str_eq(asked_key, urls[_i].key);
	ck_assert_str_eq(smtpc_tls_error_message(tls), "");
}
END_TEST

static const char *const no_urls[] = {
	"",	   "pkcs11",	  "PKCS11:object=x",   "/etc/client.pem",
	"pkcs12:", "tpmkey:file", "\tpkcs11:object=x",
};

#define NO_URLS ((int)(sizeof(no_urls) / sizeof(no_urls[0])))

START_TEST(what_is_no_URL_is_refused_and_nothing_is_asked_for)
{
	set_other();
	asked_certificate[0] = '\0';
	ck_assert_int_eq(smtpc_tls_set_certificate_pkcs11(tls, no_urls[_i],
							  "1234"),
			 SMTPC_E_INVALID);
	ck_assert_str_ne(smtpc_tls_error_message(tls), "");
	ck_assert_str_eq(asked_certificate, "");
	ck_assert_ptr_null(tls->pin);
	identity_is(NULL);
}
END_TEST

static const struct {
	int error;
	const char *pin, *words;
} token_errors[] = {
	{ GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE, "1234",
	  "no such certificate, or no such key" },
	{ GNUTLS_E_PKCS11_PIN_ERROR, "1234", "the password is wrong" },
	{ GNUTLS_E_PKCS11_PIN_ERROR, NULL, "there is no password" },
	{ GNUTLS_E_PKCS11_PIN_LOCKED, "1234", "PKCS #11" },
};

/* The URL may hold a PIN: it is not shown. */
START_TEST(a_token_that_fails_is_told_without_its_URL)
{
	set_other();
	file_result = token_errors[_i].error;
	failed(smtpc_tls_set_certificate_pkcs11(
		   tls, "pkcs11:object=x?pin-value=98765",
		   token_errors[_i].pin),
	       token_errors[_i].words);
	ck_assert_ptr_null(strstr(smtpc_tls_error_message(tls), "98765"));
	ck_assert_ptr_null(strstr(smtpc_tls_error_message(tls), "1234"));
}
END_TEST

START_TEST(the_PIN_is_told_once)
{
	char pin[8] = "";

	file_result = 0;
	ck_assert_int_eq(smtpc_tls_set_certificate_pkcs11(tls,
							  "pkcs11:object=x",
							  "1234567"),
			 SMTPC_OK);
	ck_assert_ptr_nonnull(tell);
	ck_assert_int_eq(tell(tell_userdata, 0, "pkcs11:", "label", 0, pin,
			      sizeof(pin)),
			 0);
	ck_assert_str_eq(pin, "1234567");
	/* A token that asks again does not like it; soon it would lock. */
	ck_assert_int_lt(tell(tell_userdata, 1, "pkcs11:", "label",
			      GNUTLS_PIN_WRONG, pin, sizeof(pin)),
			 0);
	/* It does not fit. */
	ck_assert_int_lt(tell(tell_userdata, 0, "pkcs11:", "label", 0, pin, 7),
			 0);
}
END_TEST

START_TEST(without_a_PIN_none_is_told)
{
	char pin[8] = "";

	file_result = 0;
	ck_assert_int_eq(smtpc_tls_set_certificate_pkcs11(tls,
							  "pkcs11:object=x",
							  NULL),
			 SMTPC_OK);
	ck_assert_int_lt(tell(tell_userdata, 0, "pkcs11:", "label", 0, pin,
			      sizeof(pin)),
			 0);
	ck_assert_str_eq(pin, "");
}
END_TEST

START_TEST(the_PIN_is_forgotten_with_the_certificate)
{
	wipe_watch("1234567");
	file_result = 0;
	ck_assert_int_eq(smtpc_tls_set_certificate_pkcs11(tls,
							  "pkcs11:object=x",
							  "1234567"),
			 SMTPC_OK);
	ck_assert_uint_eq(wipe_count(), 0);
	file_result = REAL;
	set_other();
	ck_assert_ptr_null(tls->pin);
	ck_assert_uint_eq(wipe_count(), 1);
	file_result = 0;
	ck_assert_int_eq(smtpc_tls_set_certificate_pkcs11(tls,
							  "pkcs11:object=x",
							  "1234567"),
			 SMTPC_OK);
	smtpc_tls_free(tls);
	ck_assert_uint_eq(wipe_count(), 2);
	ck_assert_int_eq(smtpc_tls_new(&tls), SMTPC_OK);
}
END_TEST

/*
 * All of them.
 */

static int
set_any(int number, const char *path)
{
	switch (number) {
	case 0:
		return smtpc_tls_set_certificate_file(tls, path, NULL, NULL);
	case 1:
		return smtpc_tls_set_certificate_memory(tls, path, 1, NULL, 0,
							NULL);
	case 2:
		return smtpc_tls_set_certificate_pkcs12(tls, path, NULL);
	default:
		return smtpc_tls_set_certificate_pkcs11(tls, path, NULL);
	}
}

START_TEST(NULL_is_refused)
{
	set_other();
	ck_assert_int_eq(set_any(_i, NULL), SMTPC_E_INVALID);
	ck_assert_str_ne(smtpc_tls_error_message(tls), "");
	smtpc_tls_free(tls);
	tls = NULL;
	ck_assert_int_eq(set_any(_i, "pkcs11:"), SMTPC_E_INVALID);
}
END_TEST

START_TEST(frozen_settings_keep_what_they_have)
{
	ck_assert_int_eq(smtpc_tls_add_trust_memory(tls, other_pem.data,
						    other_pem.size),
			 SMTPC_OK);
	set_other();
	ck_assert_int_eq(tls_freeze(tls, NULL), SMTPC_OK);
	ck_assert_int_eq(set_any(_i, "pkcs11:"), SMTPC_E_STATE);
	ck_assert_int_eq(set_any(_i, NULL), SMTPC_E_STATE);
	identity_is(server);
}
END_TEST

START_TEST(without_memory_a_setter_fails_and_keeps_nothing)
{
	set_other();
	file_result = GNUTLS_E_MEMORY_ERROR;
	ck_assert_int_eq(smtpc_tls_set_certificate_file(tls, "x", NULL, NULL),
			 SMTPC_E_NOMEM);
	ck_assert_str_eq(smtpc_tls_error_message(tls),
			 smtpc_strerror(SMTPC_E_NOMEM));
	identity_is(NULL);
}
END_TEST

START_TEST(without_memory_no_token_is_asked)
{
	bool more = true;
	unsigned int i;

	for (i = 0; more; i++) {
		file_result = REAL;
		set_other();
		file_result = 0;
		asked_certificate[0] = '\0';
		fault_at(i);
		ck_assert_int_eq(smtpc_tls_set_certificate_pkcs11(
				     tls, "pkcs11:object=x", "1234"),
				 i < 3 ? SMTPC_E_NOMEM : SMTPC_OK);
		more = fault_end();
		ck_assert_int_eq(asked_certificate[0] != '\0', !more);
		identity_is(NULL);
	}
	ck_assert_uint_eq(i, 4);
}
END_TEST

static TCase *
add_case(Suite *suite, const char *name)
{
	TCase *tcase = suite_case(suite, name);

	tcase_add_unchecked_fixture(tcase, make_certificates,
				    free_certificates);
	scratch_add(tcase);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	return tcase;
}

static void
add_pem(Suite *suite)
{
	TCase *tcase = add_case(suite, "pem");

	tcase_add_test(tcase, a_certificate_and_its_key_come_from_two_files);
	tcase_add_test(tcase, a_certificate_and_its_key_come_from_one_file);
	tcase_add_test(tcase, an_encrypted_key_is_decrypted);
	tcase_add_loop_test(tcase, a_wrong_password_is_told_from_none, 0, 4);
	tcase_add_test(tcase, a_key_that_does_not_fit_is_refused);
	tcase_add_test(tcase, a_file_that_is_missing_is_told);
	tcase_add_loop_test(tcase, what_is_no_certificate_or_no_key_is_refused,
			    0, 4);
	tcase_add_test(tcase, memory_holds_both_or_each);
}

static void
add_stores(Suite *suite)
{
	TCase *tcase = add_case(suite, "pkcs12");

	tcase_add_test(tcase, a_store_has_a_certificate_and_its_key);
	tcase_add_test(tcase, a_store_may_have_an_empty_password);
	tcase_add_test(tcase, a_store_with_another_password_stays_closed);
	tcase_add_test(tcase, a_store_whose_key_does_not_fit_is_refused);

	tcase = add_case(suite, "pkcs11");
	tcase_add_loop_test(tcase, a_URL_names_the_certificate_and_the_key, 0,
			    URLS);
	tcase_add_loop_test(tcase,
			    what_is_no_URL_is_refused_and_nothing_is_asked_for,
			    0, NO_URLS);
	tcase_add_loop_test(tcase, a_token_that_fails_is_told_without_its_URL,
			    0, 4);
	tcase_add_test(tcase, the_PIN_is_told_once);
	tcase_add_test(tcase, without_a_PIN_none_is_told);
	tcase_add_test(tcase, the_PIN_is_forgotten_with_the_certificate);
}

int
main(void)
{
	Suite *suite = suite_create("tls_identity");
	TCase *tcase;

	add_pem(suite);
	add_stores(suite);
	tcase = add_case(suite, "all");
	tcase_add_loop_test(tcase, NULL_is_refused, 0, 4);
	tcase_add_loop_test(tcase, frozen_settings_keep_what_they_have, 0, 4);
	tcase_add_test(tcase, without_memory_a_setter_fails_and_keeps_nothing);
	tcase_add_test(tcase, without_memory_no_token_is_asked);
	return suite_run(suite);
}

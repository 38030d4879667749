/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each kind of certificate has the fault that its name promises, and no other.
 */
#include "certs.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct expectation {
	const char *name;
	const char *host;
	const char *purpose;
	unsigned int status; /* beside GNUTLS_CERT_INVALID */
	const char *trusted; /* NULL: "ca" */
};

static const struct expectation expectations[] = {
	{ "server", "localhost", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "server", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "server", "127.0.0.1", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "server", "::1", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "server", "example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_UNEXPECTED_OWNER, NULL },
	{ "server", "127.0.0.2", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_UNEXPECTED_OWNER, NULL },
	{ "server", "localhost", GNUTLS_KP_TLS_WWW_CLIENT,
	  GNUTLS_CERT_PURPOSE_MISMATCH, NULL },
	{ "server-rsa", "localhost", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "expired", "localhost", GNUTLS_KP_TLS_WWW_SERVER, GNUTLS_CERT_EXPIRED,
	  NULL },
	{ "not-yet-valid", "localhost", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_NOT_ACTIVATED, NULL },
	{ "wrong-name", "localhost", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_UNEXPECTED_OWNER, NULL },
	{ "wrong-name", "wrong.invalid", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "untrusted", "localhost", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_SIGNER_NOT_FOUND, NULL },
	{ "self-signed", "localhost", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_SIGNER_NOT_FOUND, NULL },
	{ "cn-only", "localhost", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "wildcard", "any.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "wildcard", "a.b.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_UNEXPECTED_OWNER, NULL },
	{ "client", NULL, GNUTLS_KP_TLS_WWW_CLIENT, 0, NULL },
	{ "client", NULL, GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_PURPOSE_MISMATCH, NULL },
	{ "wrong-purpose", "localhost", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_PURPOSE_MISMATCH, NULL },
	{ "expired-wrong-name", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_EXPIRED | GNUTLS_CERT_UNEXPECTED_OWNER, NULL },
	{ "by-intermediate", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0,
	  NULL },
	{ "by-lower", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "by-last", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "by-permitting", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0,
	  NULL },
	{ "unsorted", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "unsorted-root", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0,
	  NULL },
	{ "duplicate", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "fifty-names", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "some-names", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "many-names", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "by-some-exclusions", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0,
	  NULL },
	{ "by-many-exclusions", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0,
	  NULL },
	{ "long-chain", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "by-renewed-intermediate", "mx.example.test",
	  GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "by-old-cross", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0,
	  NULL },
	{ "cross-signed", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0,
	  NULL },
	{ "must-staple", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "fifty-names", "n48.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0,
	  NULL },
	{ "fifty-names", "n49.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_UNEXPECTED_OWNER, NULL },
	{ "many-names", "n14999.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0,
	  NULL },
	{ "by-sha1-ca", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER, 0,
	  "sha1-ca" },
	{ "by-expired-ca", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_EXPIRED, "expired-ca" },
	{ "alone", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_SIGNER_NOT_FOUND, NULL },
	{ "by-untrusted-intermediate", "mx.example.test",
	  GNUTLS_KP_TLS_WWW_SERVER, GNUTLS_CERT_SIGNER_NOT_FOUND, NULL },
	{ "by-expired-intermediate", "mx.example.test",
	  GNUTLS_KP_TLS_WWW_SERVER, GNUTLS_CERT_EXPIRED, NULL },
	{ "by-intermediate-to-renew", "mx.example.test",
	  GNUTLS_KP_TLS_WWW_SERVER, GNUTLS_CERT_EXPIRED, NULL },
	{ "by-future-intermediate", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_NOT_ACTIVATED, NULL },
	{ "by-sha1-intermediate", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_INSECURE_ALGORITHM, NULL },
	{ "by-clients-intermediate", "mx.example.test",
	  GNUTLS_KP_TLS_WWW_SERVER, GNUTLS_CERT_PURPOSE_MISMATCH, NULL },
	/* Further than to the true one, GnuTLS does not look. */
	{ "by-false-behind-true", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_EXPIRED, NULL },
	{ "by-false-lower", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_EXPIRED, NULL },
	{ "by-below-expired", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_EXPIRED, NULL },
	{ "by-false-before-true", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_SIGNATURE_FAILURE, NULL },
	{ "by-v1", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_SIGNER_NOT_CA, NULL },
	{ "by-below-last", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, NULL },
	{ "by-excluding", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, NULL },
	{ "by-excluding-capitals", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, NULL },
	{ "by-only-excluding", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, NULL },
	{ "sha1", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_INSECURE_ALGORITHM, NULL },
	{ "md5", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_INSECURE_ALGORITHM, NULL },
	{ "unknown-extension", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS, NULL },
	{ "long-name", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_UNEXPECTED_OWNER, NULL },
	{ "dns:a.test,dns:b.test", "mx.example.test", GNUTLS_KP_TLS_WWW_SERVER,
	  GNUTLS_CERT_UNEXPECTED_OWNER, NULL },
	{ "dns:mx.example.test\\x00", "mx.example.test",
	  GNUTLS_KP_TLS_WWW_SERVER, GNUTLS_CERT_UNEXPECTED_OWNER, NULL },
	{ "dns:a.test,dns:mx.example.test", "mx.example.test",
	  GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "ip:192.0.2.1", "192.0.2.1", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "ip:2001:db8::1", "2001:db8::1", GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
	{ "dns:\\x6dx.example.test", "mx.example.test",
	  GNUTLS_KP_TLS_WWW_SERVER, 0, NULL },
};

#define EXPECTATION_COUNT                                                      \
	((int)(sizeof(expectations) / sizeof(expectations[0])))

static struct certificates *certificates;

static void
set_up(void)
{
	certificates = certificates_new();
	ck_assert_ptr_nonnull(certificates);
}

static void
tear_down(void)
{
	certificates_free(certificates);
}

static unsigned int
verify(const struct credentials *credentials, const char *host,
       const char *purpose, const char *trusted)
{
	gnutls_typed_vdata_st data[2] = {
		{ GNUTLS_DT_KEY_PURPOSE_OID, NULL, 0 },
		{ GNUTLS_DT_DNS_HOSTNAME, NULL, 0 },
	};
	gnutls_x509_trust_list_t list;
	const struct credentials *ca;
	char oid[64], name[64];
	unsigned int status;
	int rc;

	ca = certificates_get(certificates, trusted != NULL ? trusted : "ca");
	ck_assert_ptr_nonnull(ca);
	ck_assert_int_eq(gnutls_x509_trust_list_init(&list, 0), 0);
	ck_assert_int_eq(gnutls_x509_trust_list_add_cas(list, ca->chain, 1, 0),
			 1);
	snprintf(oid, sizeof(oid), "%s", purpose);
	data[0].data = (unsigned char *)oid;
	if (host != NULL) {
		snprintf(name, sizeof(name), "%s", host);
		data[1].data = (unsigned char *)name;
	}
	rc = gnutls_x509_trust_list_verify_crt2(
	    list, credentials->chain, (unsigned int)credentials->chain_length,
	    data, host != NULL ? 2 : 1, 0, &status, NULL);
	ck_assert_int_eq(rc, 0);
	gnutls_x509_trust_list_deinit(list, 0);
	return status;
}

START_TEST(each_kind_has_the_fault_it_is_named_after)
{
	const struct expectation *expected;
	const struct credentials *credentials;

	expected = &expectations[_i];
	credentials = certificates_get(certificates, expected->name);
	ck_assert_ptr_nonnull(credentials);
	ck_assert_uint_eq(verify(credentials, expected->host, expected->purpose,
				 expected->trusted),
			  expected->status == 0
			      ? 0
			      : expected->status | GNUTLS_CERT_INVALID);
}
END_TEST

START_TEST(each_kind_is_made_once)
{
	const struct credentials *credentials;
	const char *name;
	size_t i;

	for (i = 0; (name = certificates_name(i)) != NULL; i++) {
		credentials = certificates_get(certificates, name);
		ck_assert_ptr_nonnull(credentials);
		ck_assert_ptr_eq(credentials,
				 certificates_get(certificates, name));
	}
	ck_assert_uint_gt(i, 13);
	ck_assert_ptr_null(certificates_get(certificates, "golden"));
	ck_assert_ptr_null(certificates_get(certificates, "golden:name"));
	ck_assert_ptr_null(certificates_get(certificates, "ip:nowhere"));
}
END_TEST

START_TEST(serial_numbers_differ_and_are_positive)
{
	unsigned char serials[2][64];
	size_t lengths[2];
	size_t i;

	for (i = 0; i < 2; i++) {
		lengths[i] = sizeof(serials[i]);
		ck_assert_int_eq(gnutls_x509_crt_get_serial(
				     certificates_get(certificates,
						      i == 0 ? "ca" : "server")
					 ->chain[0],
				     serials[i], &lengths[i]),
				 0);
		ck_assert_uint_eq(lengths[i], 16);
		ck_assert_uint_lt(serials[i][0], 0x80);
	}
	ck_assert_mem_ne(serials[0], serials[1], 16);
}
END_TEST

START_TEST(only_cn_only_has_no_alternative_name)
{
	static const char *const names[] = { "server", "cn-only" };
	unsigned char name[64];
	size_t i, size;
	int rc;

	for (i = 0; i < 2; i++) {
		size = sizeof(name);
		rc = gnutls_x509_crt_get_subject_alt_name(
		    certificates_get(certificates, names[i])->chain[0], 0, name,
		    &size, NULL);
		if (i == 0)
			ck_assert_int_eq(rc, GNUTLS_SAN_DNSNAME);
		else
			ck_assert_int_eq(rc,
					 GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE);
	}
}
END_TEST

START_TEST(keys_are_of_the_kind_that_was_asked_for)
{
	unsigned int bits;
	int algorithm;

	algorithm = gnutls_x509_crt_get_pk_algorithm(
	    certificates_get(certificates, "server")->chain[0], &bits);
	ck_assert_int_eq(algorithm, GNUTLS_PK_ECDSA);
	ck_assert_uint_eq(bits, 256);
	algorithm = gnutls_x509_crt_get_pk_algorithm(
	    certificates_get(certificates, "server-rsa")->chain[0], &bits);
	ck_assert_int_eq(algorithm, GNUTLS_PK_RSA);
	ck_assert_uint_eq(bits, 2048);
}
END_TEST

START_TEST(weak_keys_are_weak)
{
	unsigned int bits;
	int algorithm;

	algorithm = gnutls_x509_crt_get_pk_algorithm(
	    certificates_get(certificates, "rsa1024")->chain[0], &bits);
	ck_assert_int_eq(algorithm, GNUTLS_PK_RSA);
	ck_assert_uint_eq(bits, 1024);
	algorithm = gnutls_x509_crt_get_pk_algorithm(
	    certificates_get(certificates, "by-rsa1024")->chain[1], &bits);
	ck_assert_int_eq(algorithm, GNUTLS_PK_RSA);
	ck_assert_uint_eq(bits, 1024);
}
END_TEST

/* How GnuTLS reads what is sent of a kind. */
static int
read_sent(const char *name, gnutls_x509_crt_t certificate)
{
	gnutls_datum_t der;
	int rc;

	ck_assert_int_eq(credentials_der(certificates_get(certificates, name),
					 0, &der),
			 0);
	rc = gnutls_x509_crt_import(certificate, &der, GNUTLS_X509_FMT_DER);
	gnutls_free(der.data);
	return rc;
}

START_TEST(damaged_certificates_are_damaged_as_their_names_promise)
{
	const struct credentials *ca = certificates_get(certificates, "ca");
	gnutls_x509_crt_t certificate;
	unsigned int status, bits;

	ck_assert_int_eq(gnutls_x509_crt_init(&certificate), 0);
	ck_assert_int_lt(read_sent("garbage", certificate), 0);
	ck_assert_int_lt(read_sent("truncated", certificate), 0);
	ck_assert_int_eq(read_sent("bad-signature", certificate), 0);
	ck_assert_int_eq(gnutls_x509_crt_verify(certificate, ca->chain, 1, 0,
						&status),
			 0);
	ck_assert_uint_eq(status,
			  GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNATURE_FAILURE);
	gnutls_x509_crt_deinit(certificate);

	/* It is well signed: only its key is of a kind that nobody knows. */
	ck_assert_int_eq(gnutls_x509_crt_init(&certificate), 0);
	ck_assert_int_eq(read_sent("ecc160", certificate), 0);
	ck_assert_int_eq(gnutls_x509_crt_verify(certificate, ca->chain, 1, 0,
						&status),
			 0);
	ck_assert_uint_eq(status, 0);
	(void)gnutls_x509_crt_get_pk_algorithm(certificate, &bits);
	ck_assert_uint_eq(bits, 0);
	gnutls_x509_crt_deinit(certificate);
}
END_TEST

START_TEST(nobody_has_the_key_of_a_certificate_with_a_wrong_one)
{
	const struct credentials *wrong =
	    certificates_get(certificates, "wrong-key");
	unsigned char ids[2][32];
	size_t size = sizeof(ids[0]);

	ck_assert_int_eq(gnutls_x509_crt_get_key_id(wrong->chain[0],
						    GNUTLS_KEYID_USE_SHA256,
						    ids[0], &size),
			 0);
	ck_assert_int_eq(gnutls_x509_privkey_get_key_id(wrong->key,
							GNUTLS_KEYID_USE_SHA256,
							ids[1], &size),
			 0);
	ck_assert_mem_ne(ids[0], ids[1], sizeof(ids[0]));
}
END_TEST

START_TEST(what_is_sent_is_the_chain_without_its_root)
{
	static const struct {
		const char *name;
		size_t count;
	} chains[] = {
		{ "server", 1 },	  { "self-signed", 1 },
		{ "by-intermediate", 2 }, { "alone", 1 },
		{ "by-lower", 3 },	  { "unsorted", 3 },
		{ "duplicate", 4 },	  { "by-server", 2 },
		{ "long-chain", 100 },	  { "cross-signed", 3 },
		{ "intermediate", 1 },
	};
	size_t i;

	for (i = 0; i < sizeof(chains) / sizeof(chains[0]); i++)
		ck_assert_uint_eq(certificates_get(certificates, chains[i].name)
				      ->chain_length,
				  chains[i].count);
}
END_TEST

START_TEST(pem_text_makes_working_credentials)
{
	gnutls_certificate_credentials_t target;
	const struct credentials *server;
	gnutls_datum_t certificate, key;

	server = certificates_get(certificates, "server");
	ck_assert_ptr_nonnull(server);
	ck_assert_int_eq(gnutls_certificate_allocate_credentials(&target), 0);
	ck_assert_int_eq(credentials_hand_over(server, target), 0);
	ck_assert_int_eq(credentials_pem(server, &certificate), 0);
	ck_assert_int_eq(credentials_key_pem(server, &key), 0);
	ck_assert_int_ge(gnutls_certificate_set_x509_key_mem(
			     target, &certificate, &key, GNUTLS_X509_FMT_PEM),
			 0);
	gnutls_free(certificate.data);
	gnutls_free(key.data);
	gnutls_certificate_free_credentials(target);
}
END_TEST

START_TEST(parameters_that_make_no_sense_make_no_certificate)
{
	static const struct certificate_name names[] = {
		{ GNUTLS_SAN_IPADDRESS, "127.0.0" },
		{ GNUTLS_SAN_DNSNAME, NULL },
	};
	const struct certificate_parameters parameters = {
		.common_name = "bad address",
		.names = names,
	};

	ck_assert_ptr_null(credentials_new(&parameters));
}
END_TEST

int
main(void)
{
	SRunner *runner;
	Suite *suite;
	TCase *tcase;

	suite = suite_create("certs");
	tcase = tcase_create("certs");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, each_kind_has_the_fault_it_is_named_after, 0,
			    EXPECTATION_COUNT);
	tcase_add_test(tcase, each_kind_is_made_once);
	tcase_add_test(tcase, serial_numbers_differ_and_are_positive);
	tcase_add_test(tcase, only_cn_only_has_no_alternative_name);
	tcase_add_test(tcase, keys_are_of_the_kind_that_was_asked_for);
	tcase_add_test(tcase, weak_keys_are_weak);
	tcase_add_test(tcase,
		       damaged_certificates_are_damaged_as_their_names_promise);
	tcase_add_test(tcase,
		       nobody_has_the_key_of_a_certificate_with_a_wrong_one);
	tcase_add_test(tcase, what_is_sent_is_the_chain_without_its_root);
	tcase_add_test(tcase, pem_text_makes_working_credentials);
	tcase_add_test(tcase,
		       parameters_that_make_no_sense_make_no_certificate);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	/* TAP has told. */
	return EXIT_SUCCESS;
}

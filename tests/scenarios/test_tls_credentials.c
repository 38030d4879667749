/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The client's own certificate and key: what can't be used is told by the
 * setter, and what can is what a server gets that asks.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tls_lab.h"

static struct tls_lab lab;
static char directory[] = "/tmp/smtpc-credentials-XXXXXX";

/* The certificate; its key, plain and encrypted; somebody else's key. */
static gnutls_datum_t certificate, key, locked, other;

static void
lock_key(const struct credentials *client)
{
	ck_assert_int_eq(gnutls_x509_privkey_export2_pkcs8(
			     client->key, GNUTLS_X509_FMT_PEM, "open sesame",
			     GNUTLS_PKCS_PBES2_AES_256, &locked),
			 0);
}

static void
write_file(const char *name, const gnutls_datum_t *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text->data, 1, text->size, file), text->size);
	ck_assert_int_eq(fclose(file), 0);
}

static const char *const file_names[] = { "certificate", "key", "locked",
					  "other" };

static void
set_up(void)
{
	const struct credentials *client, *server;
	const gnutls_datum_t *const texts[] = { &certificate, &key, &locked,
						&other };
	size_t i;

	lab_init(&lab);
	client = certificates_get(lab.certificates, "client");
	server = certificates_get(lab.certificates, "server");
	ck_assert_int_eq(credentials_pem(client, &certificate), 0);
	ck_assert_int_eq(credentials_key_pem(client, &key), 0);
	ck_assert_int_eq(credentials_key_pem(server, &other), 0);
	lock_key(client);
	for (i = 0; i < 4; i++)
		write_file(file_names[i], texts[i]);
}

static void
tear_down(void)
{
	gnutls_free(certificate.data);
	gnutls_free(key.data);
	gnutls_free(locked.data);
	gnutls_free(other.data);
	lab_clear(&lab);
}

/* Of the process of all tests: a test that fails leaves nothing behind. */
static void
make_directory(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void
remove_directory(void)
{
	char path[128];
	size_t i;

	for (i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, file_names[i]);
		unlink(path);
	}
	rmdir(directory);
}

/* Both ways of saying the same: 0 is memory, 1 is files. */
static int
set(int way, const gnutls_datum_t *of_key, const char *key_name,
    const char *password)
{
	char certificate_path[128], key_path[128];

	if (way == 0)
		return smtpc_tls_set_certificate_memory(lab.tls,
							certificate.data,
							certificate.size,
							of_key->data,
							of_key->size, password);
	snprintf(certificate_path, sizeof(certificate_path), "%s/certificate",
		 directory);
	snprintf(key_path, sizeof(key_path), "%s/%s", directory, key_name);
	return smtpc_tls_set_certificate_file(lab.tls, certificate_path,
					      key_path, password);
}

static void
check_told(int rc, const char *why)
{
	const char *message = smtpc_tls_error_message(lab.tls);

	ck_assert_int_eq(rc, SMTPC_E_TLS);
	ck_assert_msg(strstr(message, why) != NULL, "the message is: %s",
		      message);
	ck_assert_ptr_null(strstr(message, "sesame"));
}

/* A server that asks gets so many certificates. */
static void
check_sent(unsigned int count)
{
	lab.client_authority = "ca";
	ck_assert_int_eq(lab_visit(&lab, lab.tls, LAB_HOST, LAB_PORT),
			 SMTPC_OK);
	ck_assert_uint_eq(lab.client_certificates, count);
}

START_TEST(D_086_a_key_of_another_certificate_is_told_by_the_setter)
{
	check_told(set(_i, &other, "other", NULL), "does not belong");
	check_sent(0);
}
END_TEST

START_TEST(D_086_an_encrypted_key_without_a_password_is_told_by_the_setter)
{
	check_told(set(_i, &locked, "locked", NULL), "encrypted");
	check_sent(0);
}
END_TEST

START_TEST(D_086_a_wrong_password_is_told_by_the_setter)
{
	check_told(set(_i, &locked, "locked", "open the sesame"), "wrong");
	check_sent(0);
}
END_TEST

START_TEST(D_086_an_encrypted_key_with_its_password_is_used)
{
	ck_assert_int_eq(set(_i, &locked, "locked", "open sesame"), SMTPC_OK);
	ck_assert_str_eq(smtpc_tls_error_message(lab.tls), "");
	check_sent(1);
}
END_TEST

START_TEST(D_086_a_key_that_fits_is_used)
{
	ck_assert_int_eq(set(_i, &key, "key", NULL), SMTPC_OK);
	check_sent(1);
}
END_TEST

/* What was set before does not stay behind what failed. */
START_TEST(D_086_after_a_failure_there_is_no_certificate)
{
	ck_assert_int_eq(set(_i, &key, "key", NULL), SMTPC_OK);
	check_told(set(_i, &other, "other", NULL), "does not belong");
	check_sent(0);
}
END_TEST

START_TEST(D_087_a_server_that_does_not_ask_gets_no_certificate)
{
	ck_assert_int_eq(set(_i, &key, "key", NULL), SMTPC_OK);
	ck_assert_int_eq(lab_visit(&lab, lab.tls, LAB_HOST, LAB_PORT),
			 SMTPC_OK);
	ck_assert_uint_eq(lab.client_certificates, 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		D_086_a_key_of_another_certificate_is_told_by_the_setter,
		D_086_an_encrypted_key_without_a_password_is_told_by_the_setter,
		D_086_a_wrong_password_is_told_by_the_setter,
		D_086_an_encrypted_key_with_its_password_is_used,
		D_086_a_key_that_fits_is_used,
		D_086_after_a_failure_there_is_no_certificate,
		D_087_a_server_that_does_not_ask_gets_no_certificate,
	};
	Suite *suite = suite_create("tls_credentials");
	TCase *tcase = tcase_create("credentials");
	SRunner *runner = srunner_create(suite);
	int failed;
	size_t i;

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, make_directory, remove_directory);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_loop_test(tcase, tests[i], 0, 2);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

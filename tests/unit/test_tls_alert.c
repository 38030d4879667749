/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/tls_alert.c: every alert that there is has a token of its own
 * and a text, and any other number has one, too.
 */
#include <stdio.h>
#include <string.h>

#include "ascii.h"
#include "suite.h"
#include "tls_alert.h"

/*
 * The numbers of RFC 8446, section 6, and of RFC 5246's; the token is the name
 * that they have there, which is GnuTLS's only now and then.
 */
static const struct {
	int number;
	const char *token;
} alerts[] = {
	{ 10, "alert-unexpected-message" },
	{ 20, "alert-bad-record-mac" },
	{ 21, "alert-decryption-failed" },
	{ 22, "alert-record-overflow" },
	{ 30, "alert-decompression-failure" },
	{ 40, "alert-handshake-failure" },
	{ 42, "alert-bad-certificate" },
	{ 43, "alert-unsupported-certificate" },
	{ 44, "alert-certificate-revoked" },
	{ 45, "alert-certificate-expired" },
	{ 46, "alert-certificate-unknown" },
	{ 47, "alert-illegal-parameter" },
	{ 48, "alert-unknown-ca" },
	{ 49, "alert-access-denied" },
	{ 50, "alert-decode-error" },
	{ 51, "alert-decrypt-error" },
	{ 70, "alert-protocol-version" },
	{ 71, "alert-insufficient-security" },
	{ 80, "alert-internal-error" },
	{ 86, "alert-inappropriate-fallback" },
	{ 90, "alert-user-canceled" },
	{ 100, "alert-no-renegotiation" },
	{ 109, "alert-missing-extension" },
	{ 110, "alert-unsupported-extension" },
	{ 112, "alert-unrecognized-name" },
	{ 116, "alert-certificate-required" },
	{ 120, "alert-no-application-protocol" },
};

#define ALERTS (sizeof(alerts) / sizeof(alerts[0]))

/* The token that number should have. */
static const char *
expected(int number)
{
	size_t i;

	for (i = 0; i < ALERTS; i++)
		if (alerts[i].number == number)
			return alerts[i].token;
	return "alert-other";
}

START_TEST(each_number_has_its_token)
{
	int number;

	for (number = -1; number <= 256; number++)
		ck_assert_str_eq(tls_alert_token(
				     (gnutls_alert_description_t)number),
				 expected(number));
}
END_TEST

START_TEST(each_alert_has_a_text_in_printable_words)
{
	const char *text;
	int number;

	for (number = -1; number <= 256; number++) {
		text = tls_alert_text((gnutls_alert_description_t)number);
		ck_assert_ptr_nonnull(text);
		ck_assert_str_ne(text, "");
		ck_assert(ascii_all_printable(text, strlen(text)));
		ck_assert_int_eq(strcmp(text, tls_alert_text(255)) == 0,
				 strcmp(expected(number), "alert-other") == 0);
	}
}
END_TEST

/* Where it is for the caller to do something, the text says what. */
START_TEST(texts_say_whose_certificate_it_is)
{
	static const int numbers[] = { 42, 43, 44, 45, 46, 48, 49, 116 };
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		ck_assert_ptr_nonnull(strstr(
		    tls_alert_text((gnutls_alert_description_t)numbers[i]),
		    "client"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls_alert");
	TCase *tcase = suite_case(suite, "tls_alert");

	tcase_add_test(tcase, each_number_has_its_token);
	tcase_add_test(tcase, each_alert_has_a_text_in_printable_words);
	tcase_add_test(tcase, texts_say_whose_certificate_it_is);
	return suite_run(suite);
}

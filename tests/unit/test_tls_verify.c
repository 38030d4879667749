/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/tls_verify.c: names in all the places where they may stand, and
 * that of several problems each is told.  One problem at a time is the affair
 * of test_tls_certificate.c.
 */
#include <stdio.h>
#include <string.h>

#include "certs.h"
#include "suite.h"
#include "tls.h"
#include "tls_peer.h"
#include "tls_settings.h"

#define UNTRUSTED SMTPC_CERTIFICATE_UNTRUSTED_ISSUER
#define SELF	  SMTPC_CERTIFICATE_SELF_SIGNED
#define EXPIRED	  SMTPC_CERTIFICATE_EXPIRED
#define NAME	  SMTPC_CERTIFICATE_WRONG_NAME
#define IN_CN	  SMTPC_CERTIFICATE_NAME_IN_CN
#define PURPOSE	  SMTPC_CERTIFICATE_WRONG_PURPOSE
#define WEAK	  SMTPC_CERTIFICATE_WEAK_ALGORITHM

static struct certificates *certificates;
static smtpc_tls *settings;
static struct memory_stream wire;
static struct tls_peer peer;
static struct stream *client;

static void
make_certificates(void)
{
	certificates = certificates_new();
	ck_assert_ptr_nonnull(certificates);
	ck_assert_ptr_nonnull(certificates_get(certificates, "ca"));
}

static void
free_certificates(void)
{
	certificates_free(certificates);
}

static void
set_up(void)
{
	const struct credentials *ca = certificates_get(certificates, "ca");

	ck_assert_int_eq(smtpc_tls_new(&settings), SMTPC_OK);
	ck_assert_int_eq(smtpc_tls_set_trust_system(settings, 0), SMTPC_OK);
	/* What GnuTLS would not even shake hands with is another's affair. */
	ck_assert_int_eq(smtpc_tls_set_priority(settings,
						"NORMAL:%PROFILE_LOW"),
			 SMTPC_OK);
	ck_assert_int_eq(gnutls_certificate_set_x509_trust(
			     settings->credentials, ca->chain, 1),
			 1);
	settings->authorities = 1;
	ck_assert_int_eq(tls_freeze(settings, NULL), SMTPC_OK);
	memory_stream_init(&wire);
	tls_peer_init(&peer, &wire, NULL);
}

static void
tear_down(void)
{
	if (client != NULL)
		client->operations->free(client);
	client = NULL;
	tls_peer_clear(&peer);
	memory_stream_clear(&wire);
	smtpc_tls_free(settings);
}

/* What is found about a server with this certificate. */
static uint32_t
problems_of(const char *kind, const char *host)
{
	const struct credentials *found = certificates_get(certificates, kind);
	uint32_t problems = 0xdead;
	char key[65];

	ck_assert_msg(found != NULL, "there is no %s", kind);
	ck_assert_int_eq(credentials_hand_over(found, peer.credentials), 0);
	ck_assert_int_eq(tls_wrap(settings, &wire.base, host, NULL, &client),
			 SMTPC_OK);
	ck_assert_int_eq(tls_peer_open(&peer, client), SMTPC_OK);
	ck_assert_int_eq(tls_verify(client, &problems, key), SMTPC_OK);
	ck_assert_uint_eq(strspn(key, "0123456789abcdef"), 64);
	ck_assert_uint_eq(strlen(key), 64);
	return problems;
}

/* A certificate as the factory describes it, a host, what is wrong. */
struct sample {
	const char *kind, *host;
	uint32_t problems;
};

/* RFC 9525, section 6.3: a whole label, the first one, or none at all. */
static const struct sample wildcards[] = {
	{ "dns:*.example.test", "mx.example.test", 0 },
	{ "dns:*.EXAMPLE.test", "mx.example.TEST", 0 },
	{ "dns:*.example.test", "example.test", NAME },
	{ "dns:*.example.test", "a.mx.example.test", NAME },
	{ "dns:*x.example.test", "mx.example.test", NAME },
	{ "dns:*mx.example.test", "mx.example.test", NAME },
	{ "dns:m*.example.test", "mx.example.test", NAME },
	{ "dns:m*x.example.test", "mx.example.test", NAME },
	{ "dns:mx*.example.test", "mx.example.test", NAME },
	{ "dns:**.example.test", "mx.example.test", NAME },
	{ "dns:*.*.test", "mx.example.test", NAME },
	{ "dns:mx.*.test", "mx.example.test", NAME },
	{ "dns:mx.example.*", "mx.example.test", NAME },
	{ "dns:*.test", "example.test", NAME },
	{ "dns:*", "localhost", NAME },
	/* The one that is partial does no harm to the one that is good. */
	{ "dns:*x.example.test,dns:mx.example.test", "mx.example.test", 0 },
	{ "dns:*x.example.test,dns:*.example.test", "mx.example.test", 0 },
	{ "dns:*x.example.test,dns:*y.example.test", "mx.example.test", NAME },
	/* Part of an A-label is none of the name that it stands for. */
	{ "dns:xn--*.example.test", "xn--bcher-kva.example.test", NAME },
};

/* Where there is another name, the common name counts for nothing. */
static const struct sample common_names[] = {
	{ "cn:mx.example.test", "mx.example.test", IN_CN },
	{ "cn:MX.example.test", "mx.EXAMPLE.test", IN_CN },
	{ "cn:*.example.test", "mx.example.test", IN_CN },
	{ "cn:mx.example.test", "example.test", NAME },
	{ "cn:mx.example.test,email:mx@example.test", "mx.example.test",
	  IN_CN },
	{ "cn:mx.example.test,dns:other.test", "mx.example.test", NAME },
	{ "cn:mx.example.test,dns:mx.example.test", "mx.example.test", 0 },
	{ "cn:other.test,dns:mx.example.test", "mx.example.test", 0 },
	{ "cn:other.test,dns:mx.example.test", "other.test", NAME },
	{ "ip:192.0.2.1", "192.0.2.1", 0 },
	{ "ip:192.0.2.1", "192.0.2.2", NAME },
	{ "dns:192.0.2.1", "192.0.2.1", NAME },
	{ "ip:2001:db8::1", "2001:DB8:0::1", 0 },
	/* "%" and what follows is the system's, and a dot the resolver's. */
	{ "ip:fe80::1", "fe80::1%eth0", 0 },
	{ "dns:mx.example.test", "mx.example.test.", 0 },
};

/* Problems that come together, each found for its own reason. */
static const struct sample combinations[] = {
	{ "server", "mx.example.test", 0 },
	{ "expired-wrong-name", "mx.example.test", EXPIRED | NAME },
	{ "untrusted-wrong-name", "mx.example.test", UNTRUSTED | NAME },
	{ "untrusted-expired", "mx.example.test", UNTRUSTED | EXPIRED },
	{ "untrusted-for-clients", "mx.example.test", UNTRUSTED | PURPOSE },
	{ "untrusted-sha1", "mx.example.test", UNTRUSTED | WEAK },
	{ "untrusted-expired", "other.test", UNTRUSTED | EXPIRED | NAME },
	{ "untrusted-expired-complete", "mx.example.test",
	  UNTRUSTED | EXPIRED },
	{ "self-signed-expired", "mx.example.test",
	  UNTRUSTED | SELF | EXPIRED },
	{ "self-signed-for-clients", "mx.example.test",
	  UNTRUSTED | SELF | PURPOSE },
	{ "self-signed-expired", "other.test",
	  UNTRUSTED | SELF | EXPIRED | NAME },
	{ "client", "mx.example.test", PURPOSE | NAME },
	/* A key below 112 bits, the leaf's or an issuer's. */
	{ "rsa1024", "mx.example.test", WEAK },
	{ "rsa1024", "other.test", WEAK | NAME },
	{ "by-rsa1024", "mx.example.test", WEAK },
	{ "server-rsa", "mx.example.test", 0 },
};

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static void
check(const struct sample *sample)
{
	uint32_t problems = problems_of(sample->kind, sample->host);

	ck_assert_msg(problems == sample->problems,
		      "%s for %s: the problems are %#x, not %#x", sample->kind,
		      sample->host, problems, sample->problems);
}

START_TEST(a_wildcard_is_the_whole_first_label)
{
	check(&wildcards[_i]);
}
END_TEST

START_TEST(a_name_counts_where_names_stand)
{
	check(&common_names[_i]);
}
END_TEST

START_TEST(all_problems_are_told_and_no_other)
{
	check(&combinations[_i]);
}
END_TEST

/* Two certificates, one key: two keys, two digests. */
START_TEST(the_digest_is_that_of_the_leaf_s_key)
{
	static const char *const kinds[] = { "server", "server-rsa",
					     "by-intermediate" };
	const struct credentials *found =
	    certificates_get(certificates, kinds[_i]);
	unsigned char digest[32];
	size_t size = sizeof(digest);
	uint32_t problems;
	char key[65], octet[3];
	size_t i;

	ck_assert_uint_eq(problems_of(kinds[_i], "mx.example.test"), 0);
	ck_assert_int_eq(tls_verify(client, &problems, key), SMTPC_OK);
	ck_assert_int_eq(gnutls_x509_crt_get_key_id(found->chain[0],
						    GNUTLS_KEYID_USE_SHA256,
						    digest, &size),
			 0);
	for (i = 0; i < 32; i++) {
		snprintf(octet, sizeof(octet), "%02x", digest[i]);
		ck_assert_mem_eq(key + 2 * i, octet, 2);
	}
}
END_TEST

START_TEST(without_memory_there_is_no_verdict)
{
	uint32_t problems = 0xdead;
	char key[65];

	ck_assert_uint_eq(problems_of("server", "mx.example.test"), 0);
	fault_at(0);
	ck_assert_int_eq(tls_verify(client, &problems, key), SMTPC_E_NOMEM);
	ck_assert(fault_end());
	ck_assert_uint_eq(problems, 0xdead);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls_verify");
	TCase *tcase = suite_case(suite, "tls_verify");

	tcase_add_unchecked_fixture(tcase, make_certificates,
				    free_certificates);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, a_wildcard_is_the_whole_first_label, 0,
			    COUNT(wildcards));
	tcase_add_loop_test(tcase, a_name_counts_where_names_stand, 0,
			    COUNT(common_names));
	tcase_add_loop_test(tcase, all_problems_are_told_and_no_other, 0,
			    COUNT(combinations));
	tcase_add_loop_test(tcase, the_digest_is_that_of_the_leaf_s_key, 0, 3);
	tcase_add_test(tcase, without_memory_there_is_no_verdict);
	return suite_run(suite);
}

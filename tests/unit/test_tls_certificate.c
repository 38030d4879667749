/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/tls_certificate.c: each fault of a certificate is found and told
 * by its name, and when in doubt there is a fault.
 */
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509-ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "certs.h"
#include "mem.h"
#include "suite.h"
#include "tls.h"
#include "tls_peer.h"
#include "tls_settings.h"

/* What GnuTLS is made to say; see the functions below. */
static bool no_chain, no_verdict, no_certificate, no_name;
static unsigned int verdict;
static char key_digest[65];

int __real_gnutls_certificate_verify_peers(gnutls_session_t session,
					   gnutls_typed_vdata_st *data,
					   unsigned int elements,
					   unsigned int *ret_status);
int __wrap_gnutls_certificate_verify_peers(gnutls_session_t session,
					   gnutls_typed_vdata_st *data,
					   unsigned int elements,
					   unsigned int *ret_status);
const gnutls_datum_t *
__real_gnutls_certificate_get_peers(gnutls_session_t session,
				    unsigned int *ret_count);
const gnutls_datum_t *
__wrap_gnutls_certificate_get_peers(gnutls_session_t session,
				    unsigned int *ret_count);

int __real_gnutls_x509_crt_init(gnutls_x509_crt_t *ret_crt);
int __wrap_gnutls_x509_crt_init(gnutls_x509_crt_t *ret_crt);
int __real_gnutls_x509_crt_get_dn3(gnutls_x509_crt_t crt, gnutls_datum_t *name,
				   unsigned int flags);
int __wrap_gnutls_x509_crt_get_dn3(gnutls_x509_crt_t crt, gnutls_datum_t *name,
				   unsigned int flags);

int
__wrap_gnutls_x509_crt_init(gnutls_x509_crt_t *ret_crt)
{
	return no_certificate ? GNUTLS_E_MEMORY_ERROR
			      : __real_gnutls_x509_crt_init(ret_crt);
}

int
__wrap_gnutls_x509_crt_get_dn3(gnutls_x509_crt_t crt, gnutls_datum_t *name,
			       unsigned int flags)
{
	return no_name ? GNUTLS_E_MEMORY_ERROR
		       : __real_gnutls_x509_crt_get_dn3(crt, name, flags);
}

int
__wrap_gnutls_certificate_verify_peers(gnutls_session_t session,
				       gnutls_typed_vdata_st *data,
				       unsigned int elements,
				       unsigned int *ret_status)
{
	if (no_verdict)
		return GNUTLS_E_CERTIFICATE_ERROR;
	if (verdict != 0) {
		*ret_status = verdict;
		return 0;
	}
	return __real_gnutls_certificate_verify_peers(session, data, elements,
						      ret_status);
}

const gnutls_datum_t *
__wrap_gnutls_certificate_get_peers(gnutls_session_t session,
				    unsigned int *ret_count)
{
	if (no_chain)
		return NULL;
	return __real_gnutls_certificate_get_peers(session, ret_count);
}

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
	ck_assert_ptr_nonnull(certificates_get(certificates, "server"));
}

static void
free_certificates(void)
{
	certificates_free(certificates);
}

static const struct credentials *
get(const char *kind)
{
	const struct credentials *found = certificates_get(certificates, kind);

	ck_assert_ptr_nonnull(found);
	return found;
}

static void
set_up(void)
{
	no_chain = no_verdict = no_certificate = no_name = false;
	verdict = 0;
	ck_assert_int_eq(smtpc_tls_new(&settings), SMTPC_OK);
	ck_assert_int_eq(smtpc_tls_set_trust_system(settings, 0), SMTPC_OK);
	ck_assert_int_eq(gnutls_certificate_set_x509_trust(
			     settings->credentials, get("ca")->chain, 1),
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

/* Shakes hands with a server that already has its certificate. */
static void
connect_to(const char *host)
{
	ck_assert_int_eq(tls_wrap(settings, &wire.base, host, NULL, &client),
			 SMTPC_OK);
	ck_assert_int_eq(tls_peer_open(&peer, client), SMTPC_OK);
}

/* What is found about a server whose certificates and key these are. */
static uint32_t
problems_of(const char *host, const struct credentials *credentials)
{
	uint32_t problems = 0xdead;

	ck_assert_int_eq(credentials_hand_over(credentials, peer.credentials),
			 0);
	connect_to(host);
	ck_assert_int_eq(tls_verify(client, &problems, key_digest), SMTPC_OK);
	return problems;
}

static const struct {
	const char *kind, *host;
	uint32_t problems;
} kinds[] = {
	{ "server", "localhost", 0 },
	{ "server", "mx.example.test", 0 },
	{ "server", "MX.Example.TEST", 0 },
	{ "server", "mx.example.test.", 0 },
	{ "server", "127.0.0.1", 0 },
	{ "server", "::1", 0 },
	{ "server", "0:0:0:0:0:0:0:1", 0 },
	{ "server-rsa", "localhost", 0 },
	{ "wildcard", "mx.example.test", 0 },

	{ "server", "example.test", SMTPC_CERTIFICATE_WRONG_NAME },
	{ "server", "x.example.test", SMTPC_CERTIFICATE_WRONG_NAME },
	{ "server", "mx.example.tes", SMTPC_CERTIFICATE_WRONG_NAME },
	{ "server", "x.example.test.evil.test", SMTPC_CERTIFICATE_WRONG_NAME },
	{ "server", "evilmx.example.test", SMTPC_CERTIFICATE_WRONG_NAME },
	{ "server", "127.0.0.2", SMTPC_CERTIFICATE_WRONG_NAME },
	{ "server", "::ffff:127.0.0.1", SMTPC_CERTIFICATE_WRONG_NAME },
	{ "wrong-name", "localhost", SMTPC_CERTIFICATE_WRONG_NAME },
	{ "wildcard", "example.test", SMTPC_CERTIFICATE_WRONG_NAME },
	{ "wildcard", "a.b.example.test", SMTPC_CERTIFICATE_WRONG_NAME },
	{ "client", "localhost",
	  SMTPC_CERTIFICATE_WRONG_NAME | SMTPC_CERTIFICATE_WRONG_PURPOSE },

	{ "expired", "localhost", SMTPC_CERTIFICATE_EXPIRED },
	{ "not-yet-valid", "localhost", SMTPC_CERTIFICATE_NOT_YET_VALID },
	{ "wrong-purpose", "localhost", SMTPC_CERTIFICATE_WRONG_PURPOSE },
	{ "untrusted", "localhost", SMTPC_CERTIFICATE_UNTRUSTED_ISSUER },
	{ "self-signed", "localhost",
	  SMTPC_CERTIFICATE_UNTRUSTED_ISSUER | SMTPC_CERTIFICATE_SELF_SIGNED },
	/* All that is wrong is told. */
	{ "expired", "example.test",
	  SMTPC_CERTIFICATE_EXPIRED | SMTPC_CERTIFICATE_WRONG_NAME },
};

#define KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

START_TEST(each_certificate_has_its_problems)
{
	ck_assert_uint_eq(problems_of(kinds[_i].host, get(kinds[_i].kind)),
			  kinds[_i].problems);
}
END_TEST

/* Names that a certificate may or may not stand for. */
static const struct {
	gnutls_x509_subject_alt_name_t type;
	const char *value, *host;
	uint32_t problems;
} names[] = {
	{ GNUTLS_SAN_DNSNAME, "*.mx.example.test", "a.mx.example.test", 0 },
	{ GNUTLS_SAN_DNSNAME, "*.example.test", "xn--bcher-kva.example.test",
	  0 },
	{ GNUTLS_SAN_DNSNAME, "*", "localhost", SMTPC_CERTIFICATE_WRONG_NAME },
	{ GNUTLS_SAN_DNSNAME, "*.test", "example.test",
	  SMTPC_CERTIFICATE_WRONG_NAME },
	{ GNUTLS_SAN_DNSNAME, "m*.example.test", "mx.example.test",
	  SMTPC_CERTIFICATE_WRONG_NAME },
	{ GNUTLS_SAN_DNSNAME, "mx.*.test", "mx.example.test",
	  SMTPC_CERTIFICATE_WRONG_NAME },
	{ GNUTLS_SAN_DNSNAME, "*.*.test", "mx.example.test",
	  SMTPC_CERTIFICATE_WRONG_NAME },
	{ GNUTLS_SAN_DNSNAME, "127.0.0.1", "127.0.0.1",
	  SMTPC_CERTIFICATE_WRONG_NAME },
	{ GNUTLS_SAN_DNSNAME, "*.0.0.1", "127.0.0.1",
	  SMTPC_CERTIFICATE_WRONG_NAME },
	{ GNUTLS_SAN_IPADDRESS, "127.0.0.1", "localhost",
	  SMTPC_CERTIFICATE_WRONG_NAME },
	{ GNUTLS_SAN_IPADDRESS, "2001:db8::1", "2001:DB8:0::1", 0 },
	{ GNUTLS_SAN_RFC822NAME, "alice@localhost", "localhost",
	  SMTPC_CERTIFICATE_WRONG_NAME },
};

#define NAMES ((int)(sizeof(names) / sizeof(names[0])))

/* The same for a certificate with one alternative name. */
static uint32_t
problems_of_name(gnutls_x509_subject_alt_name_t type, const char *value,
		 const char *host)
{
	const struct certificate_name list[] = {
		{ type, value },
		{ GNUTLS_SAN_DNSNAME, NULL },
	};
	const struct certificate_parameters parameters = {
		.common_name = "somebody else",
		.names = list,
		.purposes = CERTIFICATE_FOR_SERVER,
		.issuer = get("ca"),
	};
	struct credentials *leaf = credentials_new(&parameters);
	uint32_t problems;

	ck_assert_ptr_nonnull(leaf);
	problems = problems_of(host, leaf);
	credentials_free(leaf);
	return problems;
}

START_TEST(only_a_whole_name_matches)
{
	ck_assert_uint_eq(problems_of_name(names[_i].type, names[_i].value,
					   names[_i].host),
			  names[_i].problems);
}
END_TEST

/*
 * What RFC 9525 does not allow any more, and GnuTLS does: a name without any
 * alternative name, and a wildcard for the beginning of a label.
 */
START_TEST(leniency_of_gnutls_is_not_ours)
{
	if (_i == 0)
		ck_assert_uint_eq(problems_of("localhost", get("cn-only")),
				  SMTPC_CERTIFICATE_NAME_IN_CN);
	else
		ck_assert_uint_eq(problems_of_name(GNUTLS_SAN_DNSNAME,
						   "*x.example.test",
						   "mx.example.test"),
				  SMTPC_CERTIFICATE_WRONG_NAME);
}
END_TEST

static const struct certificate_name localhost[] = {
	{ GNUTLS_SAN_DNSNAME, "localhost" },
	{ GNUTLS_SAN_DNSNAME, NULL },
};

/*
 * A server's certificate for localhost by issuer; change may put something
 * more in before it is signed again, with this digest.
 */
static struct credentials *
make_leaf(const struct credentials *issuer, void (*change)(gnutls_x509_crt_t),
	  gnutls_digest_algorithm_t digest)
{
	const struct certificate_parameters parameters = {
		.common_name = "localhost",
		.names = localhost,
		.purposes = CERTIFICATE_FOR_SERVER,
		.issuer = issuer,
	};
	struct credentials *leaf = credentials_new(&parameters);
	gnutls_datum_t der;

	ck_assert_ptr_nonnull(leaf);
	if (change != NULL)
		change(leaf->chain[0]);
	ck_assert_int_eq(gnutls_x509_crt_sign2(leaf->chain[0], issuer->chain[0],
					       issuer->key, digest, 0),
			 0);
	/* GnuTLS believes what it has parsed only. */
	ck_assert_int_eq(gnutls_x509_crt_export2(leaf->chain[0],
						 GNUTLS_X509_FMT_DER, &der),
			 0);
	gnutls_x509_crt_deinit(leaf->chain[0]);
	ck_assert_int_eq(gnutls_x509_crt_init(&leaf->chain[0]), 0);
	ck_assert_int_eq(gnutls_x509_crt_import(leaf->chain[0], &der,
						GNUTLS_X509_FMT_DER),
			 0);
	gnutls_free(der.data);
	return leaf;
}

static void
add_unknown_extension(gnutls_x509_crt_t crt)
{
	static const unsigned char null[] = { 5, 0 };

	ck_assert_int_eq(
	    gnutls_x509_crt_set_extension_by_oid(crt, "1.3.6.1.4.1.11591.999.1",
						 null, sizeof(null), 1),
	    0);
}

/* The certificate must come with a proof that it is not revoked. */
static void
add_must_staple(gnutls_x509_crt_t crt)
{
	gnutls_x509_tlsfeatures_t features;

	ck_assert_int_eq(gnutls_x509_tlsfeatures_init(&features), 0);
	ck_assert_int_eq(gnutls_x509_tlsfeatures_add(features, 5), 0);
	ck_assert_int_eq(gnutls_x509_crt_set_tlsfeatures(crt, features), 0);
	gnutls_x509_tlsfeatures_deinit(features);
}

static const struct {
	void (*change)(gnutls_x509_crt_t);
	gnutls_digest_algorithm_t digest;
	uint32_t problems;
} changes[] = {
	{ NULL, GNUTLS_DIG_SHA256, 0 },
	{ NULL, GNUTLS_DIG_SHA1, SMTPC_CERTIFICATE_WEAK_ALGORITHM },
	{ add_unknown_extension, GNUTLS_DIG_SHA256,
	  SMTPC_CERTIFICATE_UNKNOWN_EXTENSION },
	{ add_must_staple, GNUTLS_DIG_SHA256, SMTPC_CERTIFICATE_BAD_STATUS },
};

START_TEST(rarer_faults_are_found_too)
{
	struct credentials *leaf =
	    make_leaf(get("ca"), changes[_i].change, changes[_i].digest);

	ck_assert_uint_eq(problems_of("localhost", leaf), changes[_i].problems);
	credentials_free(leaf);
}
END_TEST

START_TEST(forged_signature_is_found)
{
	struct credentials *leaf =
	    make_leaf(get("ca"), NULL, GNUTLS_DIG_SHA256);
	gnutls_datum_t der;

	ck_assert_int_eq(gnutls_x509_crt_export2(leaf->chain[0],
						 GNUTLS_X509_FMT_DER, &der),
			 0);
	der.data[der.size - 1] ^= 1;
	gnutls_x509_crt_deinit(leaf->chain[0]);
	ck_assert_int_eq(gnutls_x509_crt_init(&leaf->chain[0]), 0);
	ck_assert_int_eq(gnutls_x509_crt_import(leaf->chain[0], &der,
						GNUTLS_X509_FMT_DER),
			 0);
	gnutls_free(der.data);
	ck_assert(problems_of("localhost", leaf) &
		  SMTPC_CERTIFICATE_BAD_SIGNATURE);
	credentials_free(leaf);
}
END_TEST

/* A list, made now, of what its authority does not stand for any more. */
static void
revoke(const struct credentials *leaf)
{
	const struct credentials *ca = get("ca");
	time_t now = time(NULL);
	gnutls_x509_crl_t list;

	ck_assert_int_eq(gnutls_x509_crl_init(&list), 0);
	ck_assert_int_eq(gnutls_x509_crl_set_version(list, 2), 0);
	ck_assert_int_eq(gnutls_x509_crl_set_this_update(list, now - 3600), 0);
	ck_assert_int_eq(gnutls_x509_crl_set_next_update(list, now + 3600), 0);
	ck_assert_int_eq(gnutls_x509_crl_set_crt(list, leaf->chain[0],
						 now - 3600),
			 0);
	ck_assert_int_eq(gnutls_x509_crl_set_number(list, "\x01", 1), 0);
	ck_assert_int_eq(gnutls_x509_crl_sign2(list, ca->chain[0], ca->key,
					       GNUTLS_DIG_SHA256, 0),
			 0);
	ck_assert_int_eq(gnutls_certificate_set_x509_crl(settings->credentials,
							 &list, 1),
			 1);
	gnutls_x509_crl_deinit(list);
}

START_TEST(revoked_certificate_is_found)
{
	revoke(get("server"));
	ck_assert_uint_eq(problems_of("localhost", get("server")),
			  SMTPC_CERTIFICATE_REVOKED);
}
END_TEST

/* An issuer between the authority and the leaf. */
static struct credentials *
make_issuer(bool is_authority, long not_after)
{
	const struct certificate_parameters parameters = {
		.common_name = "Between",
		.is_authority = is_authority,
		.not_before = not_after != 0 ? -7200 : 0,
		.not_after = not_after,
		.issuer = get("ca"),
	};
	struct credentials *issuer = credentials_new(&parameters);

	ck_assert_ptr_nonnull(issuer);
	return issuer;
}

/* What is found of a leaf by that issuer, which is sent along or not. */
static uint32_t
problems_behind(struct credentials *issuer, bool is_sent)
{
	struct credentials *leaf = make_leaf(issuer, NULL, GNUTLS_DIG_SHA256);
	gnutls_x509_crt_t both[2] = { leaf->chain[0], issuer->chain[0] };
	struct credentials sent = { .chain = both,
				    .chain_length = is_sent ? 2 : 1,
				    .key = leaf->key };
	uint32_t problems = problems_of("localhost", &sent);

	credentials_free(leaf);
	credentials_free(issuer);
	return problems;
}

START_TEST(issuer_may_stand_in_between)
{
	ck_assert_uint_eq(problems_behind(make_issuer(true, 0), true), 0);
}
END_TEST

START_TEST(issuer_that_is_missing_is_not_fetched)
{
	ck_assert_uint_eq(problems_behind(make_issuer(true, 0), false),
			  SMTPC_CERTIFICATE_UNTRUSTED_ISSUER);
}
END_TEST

START_TEST(issuer_that_may_not_issue_is_not_trusted)
{
	ck_assert_uint_eq(problems_behind(make_issuer(false, 0), true),
			  SMTPC_CERTIFICATE_UNTRUSTED_ISSUER |
			      SMTPC_CERTIFICATE_BAD_CONSTRAINTS);
}
END_TEST

START_TEST(issuer_that_has_expired_is_found)
{
	ck_assert_uint_eq(problems_behind(make_issuer(true, -3600), true),
			  SMTPC_CERTIFICATE_EXPIRED);
}
END_TEST

static void
permit_other_names_only(gnutls_x509_crt_t crt)
{
	gnutls_x509_name_constraints_t constraints;
	char name[] = "example.test";
	gnutls_datum_t datum = { (unsigned char *)name, 12 };

	ck_assert_int_eq(gnutls_x509_name_constraints_init(&constraints), 0);
	ck_assert_int_eq(gnutls_x509_name_constraints_add_permitted(
			     constraints, GNUTLS_SAN_DNSNAME, &datum),
			 0);
	ck_assert_int_eq(gnutls_x509_crt_set_name_constraints(crt, constraints,
							      1),
			 0);
	gnutls_x509_name_constraints_deinit(constraints);
}

START_TEST(issuer_for_other_names_may_not_issue_this_one)
{
	struct credentials *issuer = make_issuer(true, 0);
	const struct credentials *ca = get("ca");
	gnutls_datum_t der;

	permit_other_names_only(issuer->chain[0]);
	ck_assert_int_eq(gnutls_x509_crt_sign2(issuer->chain[0], ca->chain[0],
					       ca->key, GNUTLS_DIG_SHA256, 0),
			 0);
	ck_assert_int_eq(gnutls_x509_crt_export2(issuer->chain[0],
						 GNUTLS_X509_FMT_DER, &der),
			 0);
	gnutls_x509_crt_deinit(issuer->chain[0]);
	ck_assert_int_eq(gnutls_x509_crt_init(&issuer->chain[0]), 0);
	ck_assert_int_eq(gnutls_x509_crt_import(issuer->chain[0], &der,
						GNUTLS_X509_FMT_DER),
			 0);
	gnutls_free(der.data);
	ck_assert_uint_eq(problems_behind(issuer, true),
			  SMTPC_CERTIFICATE_BAD_CONSTRAINTS);
}
END_TEST

/* Whatever GnuTLS says that is not "good" is a problem. */
START_TEST(unknown_verdict_is_a_problem)
{
	static const unsigned int verdicts[] = {
		GNUTLS_CERT_INVALID,
		GNUTLS_CERT_INVALID | GNUTLS_CERT_MISMATCH,
		GNUTLS_CERT_MISMATCH,
		1u << 30,
		1u << 31,
	};
	uint32_t problems = 0;

	ck_assert_uint_eq(problems_of("localhost", get("server")), 0);
	verdict = verdicts[_i];
	ck_assert_int_eq(tls_verify(client, &problems, key_digest), SMTPC_OK);
	ck_assert_uint_eq(problems, SMTPC_CERTIFICATE_OTHER);
}
END_TEST

#define VERDICTS 5

START_TEST(each_known_verdict_has_its_flag)
{
	static const struct {
		unsigned int verdict;
		uint32_t problem;
	} known[] = {
		{ GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED,
		  SMTPC_CERTIFICATE_BAD_STATUS },
		{ GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE,
		  SMTPC_CERTIFICATE_BAD_STATUS },
		{ GNUTLS_CERT_INVALID_OCSP_STATUS,
		  SMTPC_CERTIFICATE_BAD_STATUS },
		{ GNUTLS_CERT_SIGNER_NOT_CA,
		  SMTPC_CERTIFICATE_UNTRUSTED_ISSUER },
		{ GNUTLS_CERT_EXPIRED | GNUTLS_CERT_REVOKED,
		  SMTPC_CERTIFICATE_EXPIRED | SMTPC_CERTIFICATE_REVOKED },
	};
	uint32_t problems = 0;

	ck_assert_uint_eq(problems_of("localhost", get("server")), 0);
	verdict = known[_i].verdict | (_i % 2 == 0 ? GNUTLS_CERT_INVALID : 0);
	ck_assert_int_eq(tls_verify(client, &problems, key_digest), SMTPC_OK);
	ck_assert_uint_eq(problems, known[_i].problem);
}
END_TEST

#define KNOWN 5

START_TEST(without_a_verdict_verifying_fails)
{
	uint32_t problems = 0xdead;

	ck_assert_uint_eq(problems_of("localhost", get("server")), 0);
	no_verdict = true;
	ck_assert_int_eq(tls_verify(client, &problems, key_digest),
			 SMTPC_E_TLS);
	no_verdict = false;
	no_chain = true;
	ck_assert_int_eq(tls_verify(client, &problems, key_digest),
			 SMTPC_E_TLS);
	ck_assert_ptr_null(tls_chain_load(client));
	/* Written only when there is something to say. */
	ck_assert_uint_eq(problems, 0xdead);
}
END_TEST

/* 64 hexadecimal digits. */
static void
is_hex_of(const char *text, const unsigned char digest[32])
{
	char expected[65];
	size_t i;

	for (i = 0; i < 32; i++)
		snprintf(expected + 2 * i, 3, "%02x", digest[i]);
	ck_assert_str_eq(text, expected);
}

/* Everything that is told about one certificate, got in another way. */
static void
tells_about(const struct tls_certificate *told, gnutls_x509_crt_t crt)
{
	unsigned char digest[32];
	size_t size = sizeof(digest);
	gnutls_datum_t der;

	ck_assert_int_eq(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER,
						 &der),
			 0);
	ck_assert_uint_eq(told->der_len, der.size);
	ck_assert_mem_eq(told->der, der.data, der.size);
	gnutls_free(der.data);
	ck_assert_int_eq(gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256,
							 digest, &size),
			 0);
	is_hex_of(told->sha256, digest);
	size = sizeof(digest);
	ck_assert_int_eq(gnutls_x509_crt_get_key_id(crt,
						    GNUTLS_KEYID_USE_SHA256,
						    digest, &size),
			 0);
	is_hex_of(told->spki_sha256, digest);
	ck_assert_int_eq(told->not_before,
			 gnutls_x509_crt_get_activation_time(crt) * 1000);
	ck_assert_int_eq(told->not_after,
			 gnutls_x509_crt_get_expiration_time(crt) * 1000);
}

START_TEST(chain_is_told_as_it_was_sent)
{
	struct credentials *issuer = make_issuer(true, 0);
	struct credentials *leaf = make_leaf(issuer, NULL, GNUTLS_DIG_SHA256);
	gnutls_x509_crt_t both[2] = { leaf->chain[0], issuer->chain[0] };
	const struct credentials sent = { .chain = both,
					  .chain_length = 2,
					  .key = leaf->key };
	struct tls_chain *chain;

	ck_assert_uint_eq(problems_of("localhost", &sent), 0);
	chain = tls_chain_load(client);
	ck_assert_ptr_nonnull(chain);
	ck_assert_uint_eq(chain->count, 2);
	tells_about(&chain->certificates[0], leaf->chain[0]);
	tells_about(&chain->certificates[1], issuer->chain[0]);
	ck_assert_str_eq(chain->certificates[0].subject, "CN=localhost");
	ck_assert_str_eq(chain->certificates[0].issuer, "CN=Between");
	ck_assert_str_eq(chain->certificates[1].subject, "CN=Between");
	ck_assert_str_eq(chain->certificates[1].issuer, "CN=Test CA");
	tls_chain_free(chain);
	tls_chain_free(NULL);
	credentials_free(leaf);
	credentials_free(issuer);
}
END_TEST

/* GnuTLS, too, may be short of memory: what can't be read is left out. */
START_TEST(what_cannot_be_read_is_empty)
{
	struct tls_chain *chain;
	uint32_t problems = 0;

	ck_assert_uint_ne(problems_of("localhost", get("self-signed")), 0);
	no_name = true;
	chain = tls_chain_load(client);
	ck_assert_ptr_nonnull(chain);
	ck_assert_str_eq(chain->certificates[0].subject, "");
	ck_assert_str_eq(chain->certificates[0].issuer, "CN=localhost");
	tls_chain_free(chain);
	no_certificate = true;
	chain = tls_chain_load(client);
	ck_assert_ptr_nonnull(chain);
	ck_assert_str_eq(chain->certificates[0].issuer, "");
	ck_assert_str_eq(chain->certificates[0].sha256, "");
	ck_assert_uint_gt(chain->certificates[0].der_len, 0);
	tls_chain_free(chain);
	/* It is no better for that. */
	ck_assert_int_eq(tls_verify(client, &problems, key_digest),
			 SMTPC_E_TLS);
}
END_TEST

START_TEST(without_memory_no_chain_is_told)
{
	struct tls_chain *chain;
	bool more = true;
	unsigned int i;

	ck_assert_uint_eq(problems_of("localhost", get("server")), 0);
	for (i = 0; more; i++) {
		fault_at(i);
		chain = tls_chain_load(client);
		more = fault_end();
		ck_assert_int_eq(chain == NULL, more);
		tls_chain_free(chain);
	}
	ck_assert_uint_eq(i, 5);
}
END_TEST

/* Behind a good leaf, something that is no certificate at all. */
static gnutls_pcert_st garbled[2];
static gnutls_privkey_t garbled_key;

static int
give_garbled(gnutls_session_t session, const gnutls_datum_t *authorities,
	     int authority_count, const gnutls_pk_algorithm_t *algorithms,
	     int algorithm_count, gnutls_pcert_st **ret_chain,
	     unsigned int *ret_count, gnutls_privkey_t *ret_key)
{
	(void)session;
	(void)authorities;
	(void)authority_count;
	(void)algorithms;
	(void)algorithm_count;
	*ret_chain = garbled;
	*ret_count = 2;
	*ret_key = garbled_key;
	return 0;
}

START_TEST(garbled_certificate_is_told_as_octets_and_not_trusted)
{
	static unsigned char garbage[] = "this is no certificate";
	const struct credentials *server = get("server");
	struct tls_chain *chain;
	uint32_t problems = 0;

	ck_assert_int_eq(gnutls_pcert_import_x509(&garbled[0], server->chain[0],
						  0),
			 0);
	garbled[1] = garbled[0];
	garbled[1].cert.data = garbage;
	garbled[1].cert.size = sizeof(garbage);
	ck_assert_int_eq(gnutls_privkey_init(&garbled_key), 0);
	ck_assert_int_eq(gnutls_privkey_import_x509(garbled_key, server->key,
						    0),
			 0);
	gnutls_certificate_set_retrieve_function2(peer.credentials,
						  give_garbled);
	connect_to("localhost");

	chain = tls_chain_load(client);
	ck_assert_ptr_nonnull(chain);
	ck_assert_uint_eq(chain->count, 2);
	ck_assert_str_eq(chain->certificates[0].subject, "CN=localhost");
	ck_assert_str_eq(chain->certificates[1].subject, "");
	ck_assert_str_eq(chain->certificates[1].issuer, "");
	ck_assert_str_eq(chain->certificates[1].sha256, "");
	ck_assert_uint_eq(chain->certificates[1].der_len, sizeof(garbage));
	ck_assert_mem_eq(chain->certificates[1].der, garbage, sizeof(garbage));
	tls_chain_free(chain);
	if (tls_verify(client, &problems, key_digest) == SMTPC_OK)
		ck_assert_uint_ne(problems, 0);
	gnutls_pcert_deinit(&garbled[0]);
	gnutls_privkey_deinit(garbled_key);
}
END_TEST

static TCase *
add_case(Suite *suite, const char *name)
{
	TCase *tcase = suite_case(suite, name);

	tcase_add_unchecked_fixture(tcase, make_certificates,
				    free_certificates);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	return tcase;
}

int
main(void)
{
	Suite *suite = suite_create("tls_certificate");
	TCase *tcase = add_case(suite, "tls_verify");

	tcase_add_loop_test(tcase, each_certificate_has_its_problems, 0, KINDS);
	tcase_add_loop_test(tcase, only_a_whole_name_matches, 0, NAMES);
	tcase_add_loop_test(tcase, leniency_of_gnutls_is_not_ours, 0, 2);
	tcase_add_loop_test(tcase, rarer_faults_are_found_too, 0, 4);
	tcase_add_test(tcase, forged_signature_is_found);
	tcase_add_test(tcase, revoked_certificate_is_found);
	tcase_add_test(tcase, issuer_may_stand_in_between);
	tcase_add_test(tcase, issuer_that_is_missing_is_not_fetched);
	tcase_add_test(tcase, issuer_that_may_not_issue_is_not_trusted);
	tcase_add_test(tcase, issuer_that_has_expired_is_found);
	tcase_add_test(tcase, issuer_for_other_names_may_not_issue_this_one);
	tcase_add_loop_test(tcase, unknown_verdict_is_a_problem, 0, VERDICTS);
	tcase_add_loop_test(tcase, each_known_verdict_has_its_flag, 0, KNOWN);
	tcase_add_test(tcase, without_a_verdict_verifying_fails);

	tcase = add_case(suite, "tls_chain_load");
	tcase_add_test(tcase, chain_is_told_as_it_was_sent);
	tcase_add_test(tcase, what_cannot_be_read_is_empty);
	tcase_add_test(tcase, without_memory_no_chain_is_told);
	tcase_add_test(tcase,
		       garbled_certificate_is_told_as_octets_and_not_trusted);
	return suite_run(suite);
}

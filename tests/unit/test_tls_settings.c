/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/tls_settings.c: whom to trust, and never everybody.  What GnuTLS
 * finds on this machine is replaced by the linker.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "certs.h"
#include "mem.h"
#include "scratch.h"
#include "suite.h"
#include "tls.h"
#include "tls_peer.h"
#include "tls_settings.h"

/* What GnuTLS is made to return; REAL: what it does. */
#define REAL 1000000

static int system_trust, priority, allocation;
static int system_trust_calls, priority_calls;

/* Who is in the system's store, besides; or NULL. */
static const struct credentials *system_authority;

int __real_gnutls_certificate_set_x509_system_trust(
    gnutls_certificate_credentials_t credentials);
int __wrap_gnutls_certificate_set_x509_system_trust(
    gnutls_certificate_credentials_t credentials);
int __real_gnutls_priority_init2(gnutls_priority_t *ret_priority,
				 const char *text, const char **ret_error,
				 unsigned int flags);
int __wrap_gnutls_priority_init2(gnutls_priority_t *ret_priority,
				 const char *text, const char **ret_error,
				 unsigned int flags);
int __real_gnutls_certificate_allocate_credentials(
    gnutls_certificate_credentials_t *ret_credentials);
int __wrap_gnutls_certificate_allocate_credentials(
    gnutls_certificate_credentials_t *ret_credentials);

int
__wrap_gnutls_certificate_set_x509_system_trust(
    gnutls_certificate_credentials_t credentials)
{
	system_trust_calls++;
	if (system_authority != NULL)
		ck_assert_int_eq(gnutls_certificate_set_x509_trust(
				     credentials, system_authority->chain, 1),
				 1);
	if (system_trust != REAL)
		return system_trust;
	return __real_gnutls_certificate_set_x509_system_trust(credentials);
}

int
__wrap_gnutls_priority_init2(gnutls_priority_t *ret_priority, const char *text,
			     const char **ret_error, unsigned int flags)
{
	priority_calls++;
	if (priority != REAL)
		return priority;
	return __real_gnutls_priority_init2(ret_priority, text, ret_error,
					    flags);
}

int
__wrap_gnutls_certificate_allocate_credentials(
    gnutls_certificate_credentials_t *ret_credentials)
{
	if (allocation != REAL)
		return allocation;
	return __real_gnutls_certificate_allocate_credentials(ret_credentials);
}

static smtpc_tls *tls;
static const char *file;

static void
set_up(void)
{
	system_trust = priority = allocation = REAL;
	system_trust_calls = priority_calls = 0;
	system_authority = NULL;
	ck_assert_int_eq(smtpc_tls_new(&tls), SMTPC_OK);
	scratch_empty();
	file = scratch_path("trust.pem");
}

static void
tear_down(void)
{
	smtpc_tls_free(tls);
}

static void
write_file(const void *data, size_t len)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_APPEND, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	close(fd);
}

/* Appends an authority to the file. */
static void
write_authority(void)
{
	const struct certificate_parameters parameters = {
		.common_name = "An authority",
		.is_authority = true,
	};
	struct credentials *authority = credentials_new(&parameters);
	gnutls_datum_t pem;

	ck_assert_ptr_nonnull(authority);
	ck_assert_int_eq(credentials_pem(authority, &pem), 0);
	write_file(pem.data, pem.size);
	gnutls_free(pem.data);
	credentials_free(authority);
}

static int
freeze(void)
{
	char *message = NULL;
	int rc = tls_freeze(tls, &message);

	if (rc == SMTPC_OK) {
		ck_assert_ptr_null(message);
	} else {
		ck_assert_str_eq(message, smtpc_tls_error_message(tls));
		ck_assert_str_ne(message, "");
	}
	mem_free(message);
	return rc;
}

START_TEST(system_is_trusted_by_default)
{
	ck_assert_str_eq(smtpc_tls_error_message(tls), "");
	/* A machine without authorities is another test's affair. */
	system_trust = 140;
	ck_assert_int_eq(freeze(), SMTPC_OK);
	ck_assert_int_eq(system_trust_calls, 1);
	ck_assert_int_eq(tls->authorities, 140);
	/* Once is enough. */
	ck_assert_int_eq(freeze(), SMTPC_OK);
	ck_assert_int_eq(system_trust_calls, 1);
}
END_TEST

START_TEST(system_is_not_trusted_if_that_is_not_wanted)
{
	write_authority();
	ck_assert_int_eq(smtpc_tls_set_trust_system(tls, 0), SMTPC_OK);
	ck_assert_int_eq(smtpc_tls_add_trust_file(tls, file), SMTPC_OK);
	ck_assert_int_eq(freeze(), SMTPC_OK);
	ck_assert_int_eq(system_trust_calls, 0);
	ck_assert_int_eq(tls->authorities, 1);
}
END_TEST

START_TEST(files_add_to_the_system)
{
	write_authority();
	system_trust = 140;
	ck_assert_int_eq(smtpc_tls_set_trust_system(tls, 0), SMTPC_OK);
	ck_assert_int_eq(smtpc_tls_set_trust_system(tls, 1), SMTPC_OK);
	ck_assert_int_eq(smtpc_tls_add_trust_file(tls, file), SMTPC_OK);
	write_authority();
	ck_assert_int_eq(smtpc_tls_add_trust_file(tls, file), SMTPC_OK);
	ck_assert_int_eq(freeze(), SMTPC_OK);
	ck_assert_int_gt(tls->authorities, 141);
}
END_TEST

/* What the system has or says when there is nothing to trust. */
static const int nothing[] = { 0, -1, GNUTLS_E_UNIMPLEMENTED_FEATURE };

START_TEST(without_any_authority_nobody_is_trusted)
{
	system_trust = nothing[_i];
	ck_assert_int_eq(freeze(), SMTPC_E_TLS);
	ck_assert_ptr_nonnull(
	    strstr(smtpc_tls_error_message(tls), "ca-certificates"));
	ck_assert(!tls->frozen);
	/* Which can be mended. */
	write_authority();
	ck_assert_int_eq(smtpc_tls_add_trust_file(tls, file), SMTPC_OK);
	ck_assert_str_eq(smtpc_tls_error_message(tls), "");
	ck_assert_int_eq(freeze(), SMTPC_OK);
}
END_TEST

START_TEST(nobody_at_all_is_nobody)
{
	system_trust = 140;
	ck_assert_int_eq(smtpc_tls_set_trust_system(tls, 0), SMTPC_OK);
	ck_assert_int_eq(freeze(), SMTPC_E_TLS);
	ck_assert_ptr_nonnull(
	    strstr(smtpc_tls_error_message(tls), "no certificate authority"));
	ck_assert_int_eq(smtpc_tls_set_trust_system(tls, 1), SMTPC_OK);
	ck_assert_int_eq(freeze(), SMTPC_OK);
}
END_TEST

/* Files that hold no certificate: what is in them. */
static const char *const no_certificates[] = {
	"",
	"\n\n",
	"These are no certificates.\n",
	"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
	"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	"-----BEGIN CERTIFICATE-----\nnot base64\n",
};

START_TEST(file_without_certificates_is_refused)
{
	write_file(no_certificates[_i], strlen(no_certificates[_i]));
	ck_assert_int_eq(smtpc_tls_add_trust_file(tls, file), SMTPC_E_TLS);
	ck_assert_ptr_nonnull(strstr(smtpc_tls_error_message(tls), file));
	ck_assert_int_eq(tls->authorities, 0);
	ck_assert_int_eq(smtpc_tls_set_trust_system(tls, 0), SMTPC_OK);
	ck_assert_str_eq(smtpc_tls_error_message(tls), "");
	ck_assert_int_eq(freeze(), SMTPC_E_TLS);
}
END_TEST

#define NO_CERTIFICATES                                                        \
	((int)(sizeof(no_certificates) / sizeof(no_certificates[0])))

START_TEST(file_that_cannot_be_read_is_refused)
{
	ck_assert_int_eq(smtpc_tls_add_trust_file(tls, file), SMTPC_E_TLS);
	ck_assert_ptr_nonnull(strstr(smtpc_tls_error_message(tls), file));
	/* Once more, in the same words. */
	ck_assert_int_eq(smtpc_tls_add_trust_file(tls, file), SMTPC_E_TLS);
	ck_assert_ptr_nonnull(strstr(smtpc_tls_error_message(tls), file));
	ck_assert_int_eq(smtpc_tls_add_trust_file(tls, scratch_directory()),
			 SMTPC_E_TLS);
	ck_assert_ptr_nonnull(
	    strstr(smtpc_tls_error_message(tls), scratch_directory()));
	ck_assert_int_eq(smtpc_tls_add_trust_file(tls, ""), SMTPC_E_TLS);
	ck_assert_int_eq(tls->authorities, 0);
}
END_TEST

START_TEST(message_is_one_line_of_printable_ascii)
{
	ck_assert_int_eq(smtpc_tls_add_trust_file(tls,
						  "/j\xc3\xbcrgen\n/\x1b[2J"),
			 SMTPC_E_TLS);
	ck_assert_ptr_nonnull(
	    strstr(smtpc_tls_error_message(tls), "/j??rgen?/?[2J"));
}
END_TEST

START_TEST(authorities_come_from_memory_and_directories_too)
{
	static char pem[8192];
	FILE *stream;
	size_t len;

	write_authority();
	write_authority();
	stream = fopen(file, "rb");
	ck_assert_ptr_nonnull(stream);
	len = fread(pem, 1, sizeof(pem), stream);
	fclose(stream);
	ck_assert_uint_lt(len, sizeof(pem));
	ck_assert_int_eq(smtpc_tls_add_trust_memory(tls, pem, len), SMTPC_OK);
	ck_assert_int_eq(tls->authorities, 2);
	memset(pem, 'x', sizeof(pem));
	ck_assert_int_eq(smtpc_tls_add_trust_directory(tls,
						       scratch_directory()),
			 SMTPC_OK);
	ck_assert_int_ge(tls->authorities, 2);
	ck_assert_int_eq(smtpc_tls_set_trust_system(tls, 0), SMTPC_OK);
	ck_assert_int_eq(freeze(), SMTPC_OK);
	ck_assert_int_eq(system_trust_calls, 0);
}
END_TEST

START_TEST(what_holds_no_authorities_is_refused)
{
	ck_assert_int_eq(smtpc_tls_add_trust_memory(tls, "junk", 4),
			 SMTPC_E_TLS);
	ck_assert_ptr_nonnull(strstr(smtpc_tls_error_message(tls), "memory"));
	ck_assert_int_eq(smtpc_tls_add_trust_memory(tls, "junk", 0),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_tls_add_trust_memory(tls, NULL, 4),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_tls_add_trust_memory(tls, "junk", SIZE_MAX),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_tls_add_trust_directory(tls,
						       scratch_directory()),
			 SMTPC_E_TLS);
	ck_assert_ptr_nonnull(
	    strstr(smtpc_tls_error_message(tls), scratch_directory()));
	ck_assert_int_eq(smtpc_tls_add_trust_directory(tls, file), SMTPC_E_TLS);
	ck_assert_int_eq(smtpc_tls_add_trust_directory(tls, NULL),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(tls->authorities, 0);
}
END_TEST

/*
 * Versions and ciphers.
 */

/* Whether the frozen priorities have this version. */
static bool
speaks(gnutls_protocol_t version)
{
	const unsigned int *list;
	int i, count = gnutls_priority_protocol_list(tls->priority, &list);

	for (i = 0; i < count; i++)
		if (list[i] == (unsigned int)version)
			return true;
	return false;
}

static const int versions[] = { SMTPC_TLS_1_0, SMTPC_TLS_1_1, SMTPC_TLS_1_2,
				SMTPC_TLS_1_3 };

/* With the system's priorities, and with the caller's own. */
START_TEST(no_version_below_the_lowest_is_spoken)
{
	static const gnutls_protocol_t all[] = { GNUTLS_TLS1_0, GNUTLS_TLS1_1,
						 GNUTLS_TLS1_2, GNUTLS_TLS1_3 };
	int lowest = _i % 4;
	int i;

	system_trust = 140;
	if (_i >= 4)
		ck_assert_int_eq(smtpc_tls_set_priority(
				     tls, "NORMAL:+VERS-TLS1.0:+VERS-TLS1.1"),
				 SMTPC_OK);
	ck_assert_int_eq(smtpc_tls_set_minimum_version(tls, versions[lowest]),
			 SMTPC_OK);
	ck_assert_int_eq(freeze(), SMTPC_OK);
	for (i = 0; i < lowest; i++)
		ck_assert(!speaks(all[i]));
	ck_assert(speaks(GNUTLS_TLS1_3));
	/* What the caller has asked for by both calls is there. */
	for (i = lowest; _i >= 4 && i < 4; i++)
		ck_assert(speaks(all[i]));
}
END_TEST

START_TEST(by_default_nothing_below_1_2_is_spoken)
{
	system_trust = 140;
	ck_assert_int_eq(freeze(), SMTPC_OK);
	ck_assert(!speaks(GNUTLS_TLS1_0));
	ck_assert(!speaks(GNUTLS_TLS1_1));
	ck_assert(speaks(GNUTLS_TLS1_2));
	ck_assert(speaks(GNUTLS_TLS1_3));
}
END_TEST

START_TEST(other_numbers_are_no_version)
{
	static const int numbers[] = { 0, 1, 0x0300, 0x0305, -1, 12, 0xfefd };

	ck_assert_int_eq(smtpc_tls_set_minimum_version(tls, SMTPC_TLS_1_3),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_tls_set_minimum_version(tls, numbers[_i]),
			 SMTPC_E_INVALID);
	ck_assert_str_ne(smtpc_tls_error_message(tls), "");
	ck_assert_int_eq(tls->minimum_version, SMTPC_TLS_1_3);
}
END_TEST

START_TEST(a_priority_string_is_looked_at_at_once)
{
	system_trust = 140;
	ck_assert_int_eq(smtpc_tls_set_priority(tls, "NORMAL:+NONSENSE"),
			 SMTPC_E_INVALID);
	ck_assert_ptr_nonnull(strstr(smtpc_tls_error_message(tls), "NONSENSE"));
	ck_assert_ptr_null(tls->priority_text);
	ck_assert_int_eq(smtpc_tls_set_priority(tls, "SECURE256"), SMTPC_OK);
	ck_assert_str_eq(smtpc_tls_error_message(tls), "");
	ck_assert_int_eq(smtpc_tls_set_priority(tls, "nonsense"),
			 SMTPC_E_INVALID);
	ck_assert_str_eq(tls->priority_text, "SECURE256");
	fault_at(0);
	ck_assert_int_eq(smtpc_tls_set_priority(tls, "NORMAL"), SMTPC_E_NOMEM);
	ck_assert(fault_end());
	ck_assert_str_eq(tls->priority_text, "SECURE256");
	ck_assert_int_eq(smtpc_tls_set_priority(tls, NULL), SMTPC_OK);
	ck_assert_ptr_null(tls->priority_text);
	ck_assert_int_eq(freeze(), SMTPC_OK);
}
END_TEST

START_TEST(priorities_below_the_lowest_version_leave_nothing)
{
	system_trust = 140;
	ck_assert_int_eq(
	    smtpc_tls_set_priority(tls, "NORMAL:-VERS-ALL:+VERS-TLS1.1"),
	    SMTPC_OK);
	ck_assert_int_eq(freeze(), SMTPC_E_TLS);
	ck_assert_ptr_nonnull(
	    strstr(smtpc_tls_error_message(tls), "priorities"));
	/* It takes both calls to get below. */
	ck_assert_int_eq(smtpc_tls_set_minimum_version(tls, SMTPC_TLS_1_1),
			 SMTPC_OK);
	ck_assert_int_eq(freeze(), SMTPC_OK);
	ck_assert(speaks(GNUTLS_TLS1_1));
	ck_assert(!speaks(GNUTLS_TLS1_2));
}
END_TEST

/* Whether the frozen priorities have this way to agree on a key. */
static bool
agrees_by(gnutls_kx_algorithm_t way)
{
	const unsigned int *list;
	int i, count = gnutls_priority_kx_list(tls->priority, &list);

	for (i = 0; i < count; i++)
		if (list[i] == (unsigned int)way)
			return true;
	return false;
}

/* Without forward secrecy, unless the caller names it; NULL: the system's. */
static const struct {
	const char *text;
	gnutls_kx_algorithm_t named; /* or 0 */
} strings[] = {
	{ NULL, 0 },
	{ "NORMAL", 0 },
	{ "SECURE128", 0 },
	{ "PERFORMANCE", 0 },
	{ "LEGACY", 0 },
	{ "NORMAL:%COMPAT", 0 },
	{ "NORMAL:-VERS-TLS1.3:+CIPHER-ALL", 0 },
	{ "NORMAL:+RSA", GNUTLS_KX_RSA },
	{ "NORMAL:-KX-ALL:+ECDHE-ECDSA:+RSA:%COMPAT", GNUTLS_KX_RSA },
	{ "NORMAL:+PSK", GNUTLS_KX_PSK },
	{ "NORMAL:+RSA-PSK", GNUTLS_KX_RSA_PSK },
	{ "NORMAL:+RSA:-RSA", 0 },
};

#define STRINGS ((int)(sizeof(strings) / sizeof(strings[0])))

START_TEST(keys_that_stay_are_for_those_who_name_them)
{
	static const gnutls_kx_algorithm_t ways[] = { GNUTLS_KX_RSA,
						      GNUTLS_KX_PSK,
						      GNUTLS_KX_RSA_PSK };
	size_t i;

	system_trust = 140;
	ck_assert_int_eq(smtpc_tls_set_priority(tls, strings[_i].text),
			 SMTPC_OK);
	ck_assert_int_eq(freeze(), SMTPC_OK);
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		ck_assert_int_eq(agrees_by(ways[i]),
				 ways[i] == strings[_i].named);
	ck_assert(agrees_by(GNUTLS_KX_ECDHE_ECDSA));
	/* And the floor stays where it is. */
	ck_assert(!speaks(GNUTLS_TLS1_1));
	ck_assert(speaks(GNUTLS_TLS1_2));
}
END_TEST

START_TEST(a_session_cache_is_on_or_off)
{
	ck_assert(tls->caches_sessions);
	ck_assert_int_eq(smtpc_tls_set_session_cache(tls, 0), SMTPC_OK);
	ck_assert(!tls->caches_sessions);
	ck_assert_int_eq(smtpc_tls_set_session_cache(tls, -1), SMTPC_OK);
	ck_assert(tls->caches_sessions);
	ck_assert_int_eq(smtpc_tls_set_session_cache(NULL, 1), SMTPC_E_INVALID);
}
END_TEST

START_TEST(frozen_settings_do_not_change)
{
	write_authority();
	system_trust = 140;
	ck_assert_int_eq(freeze(), SMTPC_OK);
	ck_assert_int_eq(smtpc_tls_set_trust_system(tls, 0), SMTPC_E_STATE);
	ck_assert_int_eq(smtpc_tls_add_trust_file(tls, file), SMTPC_E_STATE);
	ck_assert_int_eq(smtpc_tls_add_trust_directory(tls, file),
			 SMTPC_E_STATE);
	ck_assert_int_eq(smtpc_tls_add_trust_memory(tls, "x", 1),
			 SMTPC_E_STATE);
	ck_assert_int_eq(smtpc_tls_set_minimum_version(tls, SMTPC_TLS_1_3),
			 SMTPC_E_STATE);
	ck_assert_int_eq(smtpc_tls_set_priority(tls, NULL), SMTPC_E_STATE);
	ck_assert_int_eq(smtpc_tls_set_session_cache(tls, 0), SMTPC_E_STATE);
	ck_assert_int_eq(tls->authorities, 140);
	ck_assert(tls->trust_system);
}
END_TEST

START_TEST(policy_that_leaves_nothing_is_an_error)
{
	system_trust = 140;
	priority = GNUTLS_E_INVALID_REQUEST;
	ck_assert_int_eq(freeze(), SMTPC_E_TLS);
	ck_assert_ptr_nonnull(
	    strstr(smtpc_tls_error_message(tls),
		   gnutls_strerror(GNUTLS_E_INVALID_REQUEST)));
	ck_assert_ptr_null(tls->priority);
	ck_assert(!tls->frozen);
	/* The same again, until something is changed. */
	priority = REAL;
	ck_assert_int_eq(freeze(), SMTPC_E_TLS);
	/* What failed has left nothing behind. */
	ck_assert_int_eq(system_trust_calls, 0);
	ck_assert_int_eq(tls->authorities, 0);
	ck_assert_int_eq(smtpc_tls_set_trust_system(tls, 1), SMTPC_OK);
	ck_assert_int_eq(freeze(), SMTPC_OK);
	ck_assert_ptr_nonnull(tls->priority);
}
END_TEST

/*
 * What failed.
 */

/* What a handshake with this server's certificate brings to light. */
static uint32_t
problems_of(const struct credentials *server)
{
	struct memory_stream wire;
	struct tls_peer peer;
	struct stream *client;
	uint32_t problems = ~(uint32_t)0;
	char digest[TLS_DIGEST_TEXT];

	memory_stream_init(&wire);
	tls_peer_init(&peer, &wire, NULL);
	ck_assert_int_eq(credentials_hand_over(server, peer.credentials), 0);
	ck_assert_int_eq(tls_wrap(tls, &wire.base, "localhost", NULL, &client),
			 SMTPC_OK);
	ck_assert_int_eq(tls_peer_open(&peer, client), SMTPC_OK);
	ck_assert_int_eq(tls_verify(client, &problems, digest), SMTPC_OK);
	client->operations->free(client);
	tls_peer_clear(&peer);
	memory_stream_clear(&wire);
	return problems;
}

/* A string that leaves no version above the floor. */
#define NOTHING_LEFT "NORMAL:-VERS-ALL:+VERS-TLS1.1"

/* The third time the system is trusted after all, so that it could be. */
START_TEST(what_failed_leaves_nothing_of_the_system_behind)
{
	struct certificates *certificates = certificates_new();
	gnutls_datum_t own;

	ck_assert_ptr_nonnull(certificates);
	system_authority = certificates_get(certificates, "ca");
	system_trust = 1;
	if (_i > 0) {
		ck_assert_int_eq(smtpc_tls_set_priority(tls, NOTHING_LEFT),
				 SMTPC_OK);
		ck_assert_int_eq(freeze(), SMTPC_E_TLS);
		ck_assert_int_eq(smtpc_tls_set_priority(tls, NULL), SMTPC_OK);
	}
	ck_assert_int_eq(smtpc_tls_set_trust_system(tls, _i == 2), SMTPC_OK);
	ck_assert_int_eq(
	    credentials_pem(certificates_get(certificates, "other-ca"), &own),
	    0);
	ck_assert_int_eq(smtpc_tls_add_trust_memory(tls, own.data, own.size),
			 SMTPC_OK);
	ck_assert_int_eq(freeze(), SMTPC_OK);
	ck_assert_int_eq(tls->authorities, _i == 2 ? 2 : 1);
	ck_assert_uint_eq(problems_of(certificates_get(certificates, "server")),
			  _i == 2 ? 0 : SMTPC_CERTIFICATE_UNTRUSTED_ISSUER);
	ck_assert_uint_eq(problems_of(
			      certificates_get(certificates, "untrusted")),
			  0);
	gnutls_free(own.data);
	certificates_free(certificates);
}
END_TEST

/* Nobody to trust, or nothing to speak. */
static const char *
let_freezing_fail(int number)
{
	if (number == 0) {
		system_trust = 0;
		return "ca-certificates";
	}
	system_trust = 140;
	ck_assert_int_eq(smtpc_tls_set_priority(tls, NOTHING_LEFT), SMTPC_OK);
	return "priorities";
}

START_TEST(what_failed_fails_again_and_loads_nothing)
{
	const char *words = let_freezing_fail(_i);
	const char *message;
	int trusts, priorities, i;

	ck_assert_int_eq(freeze(), SMTPC_E_TLS);
	message = smtpc_tls_error_message(tls);
	ck_assert_ptr_nonnull(strstr(message, words));
	trusts = system_trust_calls;
	priorities = priority_calls;
	/* The store has been filled since: nobody looks. */
	system_trust = 140;
	for (i = 0; i < 5; i++) {
		ck_assert_int_eq(freeze(), SMTPC_E_TLS);
		/* Somebody may be reading it, in another thread. */
		ck_assert_ptr_eq(smtpc_tls_error_message(tls), message);
		ck_assert_ptr_nonnull(strstr(message, words));
	}
	ck_assert_int_eq(system_trust_calls, trusts);
	ck_assert_int_eq(priority_calls, priorities);
	ck_assert_int_eq(tls->authorities, 0);
	ck_assert_ptr_null(tls->priority);
	ck_assert(!tls->frozen);
}
END_TEST

/* Any setter, even if it has failed. */
static int
set_anything(int number)
{
	switch (number) {
	case 0:
		return smtpc_tls_set_trust_system(tls, 1);
	case 1:
		return smtpc_tls_add_trust_file(tls, file);
	case 2:
		return smtpc_tls_add_trust_directory(tls, file);
	case 3:
		return smtpc_tls_add_trust_memory(tls, NULL, 0);
	case 4:
		return smtpc_tls_set_minimum_version(tls, SMTPC_TLS_1_2);
	case 5:
		return smtpc_tls_set_priority(tls, NULL);
	case 6:
		return smtpc_tls_set_session_cache(tls, 1);
	default:
		return smtpc_tls_set_certificate_file(tls, file, NULL, NULL);
	}
}

#define SETTERS 8

START_TEST(any_setter_is_a_reason_to_load_again)
{
	int rc;

	let_freezing_fail(0);
	ck_assert_int_eq(freeze(), SMTPC_E_TLS);
	ck_assert_int_eq(freeze(), SMTPC_E_TLS);
	ck_assert_int_eq(system_trust_calls, 1);
	rc = set_anything(_i);
	ck_assert_int_eq(strcmp(smtpc_tls_error_message(tls), "") == 0,
			 rc == SMTPC_OK);
	ck_assert_int_eq(freeze(), SMTPC_E_TLS);
	ck_assert_int_eq(system_trust_calls, 2);
	ck_assert_ptr_nonnull(
	    strstr(smtpc_tls_error_message(tls), "ca-certificates"));
	(void)set_anything(_i);
	system_trust = 140;
	ck_assert_int_eq(freeze(), SMTPC_OK);
	ck_assert_int_eq(system_trust_calls, 3);
	ck_assert_int_eq(tls->authorities, 140);
}
END_TEST

/* Which may be back without anybody's setting anything. */
START_TEST(without_memory_freezing_is_tried_again)
{
	system_trust = 140;
	fault_at(0);
	ck_assert_int_eq(tls_freeze(tls, NULL), SMTPC_E_NOMEM);
	ck_assert(fault_end());
	priority = GNUTLS_E_MEMORY_ERROR;
	ck_assert_int_eq(tls_freeze(tls, NULL), SMTPC_E_NOMEM);
	ck_assert_int_eq(system_trust_calls, 0);
	priority = REAL;
	ck_assert_int_eq(freeze(), SMTPC_OK);
	ck_assert_int_eq(tls->authorities, 140);
}
END_TEST

/* Another session, in another thread even, may fail with the same settings. */
START_TEST(message_lasts_though_freezing_fails_again)
{
	char *first = NULL;
	char *second = NULL;

	system_trust = 0;
	ck_assert_int_eq(tls_freeze(tls, &first), SMTPC_E_TLS);
	ck_assert_int_eq(smtpc_tls_set_trust_system(tls, 1), SMTPC_OK);
	system_trust = 140;
	priority = GNUTLS_E_INVALID_REQUEST;
	ck_assert_int_eq(tls_freeze(tls, &second), SMTPC_E_TLS);
	ck_assert_ptr_nonnull(strstr(first, "ca-certificates"));
	ck_assert_ptr_nonnull(strstr(second, "priorities"));
	mem_free(first);
	mem_free(second);
	ck_assert_int_eq(tls_freeze(tls, NULL), SMTPC_E_TLS);
}
END_TEST

START_TEST(without_memory_freezing_fails_without_words)
{
	char *message = NULL;

	system_trust = 0;
	fault_from(0);
	ck_assert_int_eq(tls_freeze(tls, &message), SMTPC_E_NOMEM);
	ck_assert(fault_end());
	ck_assert_ptr_null(message);
	/* Only the words fail. */
	fault_from(1);
	ck_assert_int_eq(tls_freeze(tls, &message), SMTPC_E_TLS);
	ck_assert(fault_end());
	ck_assert_ptr_null(message);
	ck_assert_str_eq(smtpc_tls_error_message(tls),
			 smtpc_strerror(SMTPC_E_TLS));
}
END_TEST

START_TEST(settings_live_as_long_as_somebody_holds_them)
{
	ck_assert_ptr_eq(tls_hold(tls), tls);
	smtpc_tls_free(tls);
	ck_assert_int_eq(smtpc_tls_set_trust_system(tls, 0), SMTPC_OK);
	ck_assert_uint_eq(tls->holds, 1);
	smtpc_tls_free(NULL);
}
END_TEST

START_TEST(null_is_refused)
{
	const int calls = system_trust_calls;

	ck_assert_int_eq(smtpc_tls_new(NULL), SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_tls_set_trust_system(NULL, 1), SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_tls_add_trust_file(NULL, "/"), SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_tls_add_trust_file(tls, NULL), SMTPC_E_INVALID);
	ck_assert_str_ne(smtpc_tls_error_message(tls), "");
	ck_assert_str_ne(smtpc_tls_error_message(NULL), "");
	ck_assert_int_eq(system_trust_calls, calls);
}
END_TEST

START_TEST(without_memory_there_are_no_settings)
{
	smtpc_tls *other = NULL;
	bool more = true;
	unsigned int i;

	fault_at(0);
	ck_assert_int_eq(smtpc_tls_new(&other), SMTPC_E_NOMEM);
	ck_assert(fault_end());
	allocation = GNUTLS_E_MEMORY_ERROR;
	ck_assert_int_eq(smtpc_tls_new(&other), SMTPC_E_NOMEM);
	ck_assert_ptr_null(other);

	/* A message of some kind there always is. */
	for (i = 0; more; i++) {
		fault_at(i);
		ck_assert_int_eq(smtpc_tls_add_trust_file(tls, file),
				 SMTPC_E_TLS);
		more = fault_end();
		ck_assert_str_ne(smtpc_tls_error_message(tls), "");
	}
}
END_TEST

static void *
freeze_in_a_thread(void *argument)
{
	char *message = NULL;
	int rc = tls_freeze(argument, &message);

	mem_free(message);
	return rc == SMTPC_OK ? argument : NULL;
}

START_TEST(several_threads_may_freeze_them_at_once)
{
	pthread_t threads[8];
	void *result;
	size_t i;

	system_trust = _i == 0 ? 140 : 0;
	for (i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL,
						freeze_in_a_thread, tls),
				 0);
	for (i = 0; i < 8; i++) {
		pthread_join(threads[i], &result);
		ck_assert_ptr_eq(result, _i == 0 ? tls : NULL);
	}
	ck_assert_int_eq(system_trust_calls, 1);
	ck_assert_int_eq(tls->authorities, system_trust);
}
END_TEST

static void
add_setters(Suite *suite)
{
	TCase *tcase = suite_case(suite, "set");

	scratch_add(tcase);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, authorities_come_from_memory_and_directories_too);
	tcase_add_test(tcase, what_holds_no_authorities_is_refused);
	tcase_add_loop_test(tcase, no_version_below_the_lowest_is_spoken, 0, 8);
	tcase_add_test(tcase, by_default_nothing_below_1_2_is_spoken);
	tcase_add_loop_test(tcase, other_numbers_are_no_version, 0, 7);
	tcase_add_test(tcase, a_priority_string_is_looked_at_at_once);
	tcase_add_test(tcase,
		       priorities_below_the_lowest_version_leave_nothing);
	tcase_add_loop_test(tcase, keys_that_stay_are_for_those_who_name_them,
			    0, STRINGS);
	tcase_add_test(tcase, a_session_cache_is_on_or_off);
}

static void
add_failures(Suite *suite)
{
	TCase *tcase = suite_case(suite, "failed");

	scratch_add(tcase);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase,
			    what_failed_leaves_nothing_of_the_system_behind, 0,
			    3);
	tcase_add_loop_test(tcase, what_failed_fails_again_and_loads_nothing, 0,
			    2);
	tcase_add_loop_test(tcase, any_setter_is_a_reason_to_load_again, 0,
			    SETTERS);
	tcase_add_test(tcase, without_memory_freezing_is_tried_again);
}

int
main(void)
{
	Suite *suite = suite_create("tls_settings");
	TCase *tcase = suite_case(suite, "tls_freeze");

	add_setters(suite);
	add_failures(suite);
	scratch_add(tcase);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, system_is_trusted_by_default);
	tcase_add_test(tcase, system_is_not_trusted_if_that_is_not_wanted);
	tcase_add_test(tcase, files_add_to_the_system);
	tcase_add_loop_test(tcase, without_any_authority_nobody_is_trusted, 0,
			    3);
	tcase_add_test(tcase, nobody_at_all_is_nobody);
	tcase_add_test(tcase, frozen_settings_do_not_change);
	tcase_add_test(tcase, policy_that_leaves_nothing_is_an_error);
	tcase_add_test(tcase, message_lasts_though_freezing_fails_again);
	tcase_add_test(tcase, without_memory_freezing_fails_without_words);
	tcase_add_loop_test(tcase, several_threads_may_freeze_them_at_once, 0,
			    2);

	tcase = suite_case(suite, "smtpc_tls");
	scratch_add(tcase);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, file_without_certificates_is_refused, 0,
			    NO_CERTIFICATES);
	tcase_add_test(tcase, file_that_cannot_be_read_is_refused);
	tcase_add_test(tcase, message_is_one_line_of_printable_ascii);
	tcase_add_test(tcase, settings_live_as_long_as_somebody_holds_them);
	tcase_add_test(tcase, null_is_refused);
	tcase_add_test(tcase, without_memory_there_are_no_settings);
	return suite_run(suite);
}

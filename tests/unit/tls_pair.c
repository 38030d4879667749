/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fixture of tests that need both ends of a TLS connection. */
#include "tls_pair.h"

#include "certs.h"
#include "suite.h"
#include "tls_settings.h"

smtpc_tls *settings;
struct memory_stream wire;
struct tls_peer peer;
struct stream *client;

const char *const versions[2] = { TLS_1_3_ONLY, TLS_1_2_ONLY };

static struct certificates *certificates;

/* The factory is made once: every test is a child of its process. */
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

static void
set_up(void)
{
	ck_assert_int_eq(smtpc_tls_new(&settings), SMTPC_OK);
	ck_assert_int_eq(smtpc_tls_set_trust_system(settings, 0), SMTPC_OK);
	/* Verifying is another module's affair. */
	settings->authorities = 1;
	ck_assert_int_eq(tls_freeze(settings, NULL), SMTPC_OK);
	memory_stream_init(&wire);
	client = NULL;
}

static void
tear_down(void)
{
	unsigned int frees = wire.frees;

	if (client != NULL) {
		client->operations->free(client);
		ck_assert_uint_eq(wire.frees, frees + 1);
	}
	if (peer.session != NULL)
		tls_peer_clear(&peer);
	memory_stream_clear(&wire);
	ck_assert_uint_eq(settings->holds, 1);
	smtpc_tls_free(settings);
}

void
pair_meet(const char *host, const char *priority)
{
	tls_peer_init(&peer, &wire, priority);
	ck_assert_int_eq(credentials_hand_over(certificates_get(certificates,
								"server"),
					       peer.credentials),
			 0);
	ck_assert_int_eq(tls_wrap(settings, &wire.base, host, NULL, &client),
			 SMTPC_OK);
}

void
pair_talk(const char *priority)
{
	pair_meet("localhost", priority);
	tls_peer_give_tickets(&peer);
	ck_assert_int_eq(tls_peer_open(&peer, client), SMTPC_OK);
}

TCase *
pair_case(Suite *suite, const char *name)
{
	TCase *tcase = suite_case(suite, name);

	tcase_add_unchecked_fixture(tcase, make_certificates,
				    free_certificates);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	return tcase;
}

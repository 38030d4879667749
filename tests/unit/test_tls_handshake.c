/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of the handshake of lib/tls.c, and of the ways in which it fails.  The
 * linker lets calls of GnuTLS fail, too.
 */
#include <string.h>

#include "suite.h"
#include "tls_pair.h"
#include "tls_settings.h"
#include "tls_alert.h"
#include "tls_stream.h"

/* Which of these fails, counted from 1, and with what. */
static int failing, failure;

int __real_gnutls_init(gnutls_session_t *ret_session, unsigned int flags);
int __wrap_gnutls_init(gnutls_session_t *ret_session, unsigned int flags);
int __real_gnutls_priority_set(gnutls_session_t session,
			       gnutls_priority_t priority);
int __wrap_gnutls_priority_set(gnutls_session_t session,
			       gnutls_priority_t priority);
int __real_gnutls_credentials_set(gnutls_session_t session,
				  gnutls_credentials_type_t type,
				  void *credentials);
int __wrap_gnutls_credentials_set(gnutls_session_t session,
				  gnutls_credentials_type_t type,
				  void *credentials);
int __real_gnutls_server_name_set(gnutls_session_t session,
				  gnutls_server_name_type_t type,
				  const void *name, size_t len);
int __wrap_gnutls_server_name_set(gnutls_session_t session,
				  gnutls_server_name_type_t type,
				  const void *name, size_t len);

int
__wrap_gnutls_init(gnutls_session_t *ret_session, unsigned int flags)
{
	return failing == 1 ? failure : __real_gnutls_init(ret_session, flags);
}

int
__wrap_gnutls_priority_set(gnutls_session_t session, gnutls_priority_t priority)
{
	return failing == 2 ? failure
			    : __real_gnutls_priority_set(session, priority);
}

int
__wrap_gnutls_credentials_set(gnutls_session_t session,
			      gnutls_credentials_type_t type, void *credentials)
{
	return failing == 3
		   ? failure
		   : __real_gnutls_credentials_set(session, type, credentials);
}

int
__wrap_gnutls_server_name_set(gnutls_session_t session,
			      gnutls_server_name_type_t type, const void *name,
			      size_t len)
{
	return failing == 4
		   ? failure
		   : __real_gnutls_server_name_set(session, type, name, len);
}

START_TEST(server_that_speaks_clear_is_told_from_one_that_fails)
{
	pair_meet("localhost", NULL);
	octets_append(&wire.in, "220 mx.example.test ESMTP\r\n", 27);
	ck_assert_int_eq(client->operations->open(client), SMTPC_E_TLS);
	ck_assert_str_eq(client->fault.detail, "wrong-tls-mode");
	ck_assert_int_lt(client->fault.tls_error, 0);
}
END_TEST

START_TEST(handshake_failures_are_told_by_the_alert)
{
	/* A server without a certificate has nothing to offer. */
	tls_peer_init(&peer, &wire, NULL);
	ck_assert_int_eq(tls_wrap(settings, &wire.base, "localhost", NULL,
				  &client),
			 SMTPC_OK);
	ck_assert_int_eq(tls_peer_open(&peer, client), SMTPC_E_TLS);
	ck_assert_str_eq(client->fault.detail, "alert-handshake-failure");
	ck_assert_int_eq(client->fault.tls_error,
			 GNUTLS_E_FATAL_ALERT_RECEIVED);
	ck_assert_str_eq(client->fault.text,
			 tls_alert_text(GNUTLS_A_HANDSHAKE_FAILURE));
}
END_TEST

START_TEST(old_versions_and_weak_ciphers_are_refused)
{
	static const char *const weak[] = {
		"NORMAL:-VERS-ALL:+VERS-TLS1.1",
		"NORMAL:-VERS-ALL:+VERS-TLS1.0",
		"NONE:+VERS-TLS1.2:+MAC-ALL:+SIGN-ALL:+COMP-NULL:+GROUP-ALL:"
		"+ECDHE-ECDSA:+ARCFOUR-128",
		"NONE:+VERS-TLS1.2:+MAC-ALL:+SIGN-ALL:+COMP-NULL:+GROUP-ALL:"
		"+ECDHE-ECDSA:+NULL",
		"NONE:+VERS-TLS1.2:+CIPHER-ALL:+MAC-ALL:+SIGN-ALL:+COMP-NULL:"
		"+GROUP-ALL:+ANON-ECDH",
	};

	pair_meet("localhost", weak[_i]);
	ck_assert_int_eq(tls_peer_open(&peer, client), SMTPC_E_TLS);
	/* The server has been told. */
	tls_peer_shake(&peer);
	ck_assert(!peer.is_up);
}
END_TEST

/* A server hello, by hand, of a server that knows TLS 1.1 at best. */
START_TEST(server_that_knows_only_old_versions_is_told_so)
{
	static const char hello[] = "\x16\x03\x02\x00\x2a"
				    "\x02\x00\x00\x26\x03\x02"
				    "0123456789abcdef0123456789abcdef"
				    "\x00\xc0\x09\x00";

	ck_assert_uint_eq(sizeof(hello) - 1, 5 + 0x2a);
	pair_meet("localhost", NULL);
	octets_append(&wire.in, hello, sizeof(hello) - 1);
	ck_assert_int_eq(client->operations->open(client), SMTPC_E_TLS);
	ck_assert_str_eq(client->fault.detail, "tls-version");
	ck_assert_int_eq(client->fault.tls_error,
			 GNUTLS_E_UNSUPPORTED_VERSION_PACKET);
}
END_TEST

START_TEST(connection_that_ends_in_the_handshake_says_so)
{
	pair_meet("localhost", NULL);
	memory_stream_end(&wire);
	ck_assert_int_eq(client->operations->open(client), SMTPC_E_TLS);
	ck_assert_str_eq(client->fault.detail, "tls-closed");
}
END_TEST

START_TEST(failure_below_ends_the_handshake_as_it_is)
{
	pair_meet("localhost", NULL);
	if (_i == 0)
		wire.read_rc = SMTPC_E_SYSTEM;
	else
		wire.write_rc = SMTPC_E_SYSTEM;
	wire.base.fault.system_error = 104;
	ck_assert_int_eq(client->operations->open(client), SMTPC_E_SYSTEM);
	ck_assert_int_eq(client->fault.system_error, 104);
}
END_TEST

/* Shakes hands with a server whose flight ends after cut octets; or false. */
static bool
shake_with_cut(const char *priority, size_t cut)
{
	bool is_cut;

	memory_stream_init(&wire);
	pair_meet("localhost", priority);
	ck_assert_int_eq(client->operations->open(client), SMTPC_AGAIN);
	tls_peer_shake(&peer);
	/* Signatures have not always the same length. */
	is_cut = cut < wire.in.len;
	if (is_cut)
		wire.in.len = cut;
	memory_stream_end(&wire);
	if (is_cut) {
		ck_assert_int_eq(client->operations->open(client), SMTPC_E_TLS);
		ck_assert_msg(client->fault.detail != NULL &&
				  strcmp(client->fault.detail, "tls-closed") ==
				      0,
			      "cut at %zu: %s", cut, client->fault.text);
	}
	client->operations->free(client);
	client = NULL;
	tls_peer_clear(&peer);
	memory_stream_clear(&wire);
	return is_cut;
}

/* The server's flight, cut after each octet. */
START_TEST(handshake_cut_anywhere_ends_in_a_failure)
{
	size_t cut = 0;

	while (shake_with_cut(versions[_i], cut))
		cut++;
	ck_assert_uint_gt(cut, 500);
}
END_TEST

/* The name that the client asks for, or "". */
static const char *
name_asked_for(const char *host)
{
	static char name[300];
	size_t size = sizeof(name);
	unsigned int type;

	pair_meet(host, NULL);
	ck_assert_int_eq(tls_peer_open(&peer, client), SMTPC_OK);
	if (gnutls_server_name_get(peer.session, name, &size, &type, 0) != 0)
		return "";
	ck_assert_uint_eq(type, GNUTLS_NAME_DNS);
	return name;
}

START_TEST(server_is_told_the_name_that_is_wanted)
{
	static const char *const names[][2] = {
		{ "mx.example.test", "mx.example.test" },
		{ "mx.example.test.", "mx.example.test" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
	};

	ck_assert_str_eq(name_asked_for(names[_i][0]), names[_i][1]);
}
END_TEST

START_TEST(no_address_is_sent_as_a_name)
{
	static const char *const addresses[] = { "192.0.2.1", "2001:db8::1",
						 "::ffff:192.0.2.1",
						 "fe80::1%eth0" };

	ck_assert_str_eq(name_asked_for(addresses[_i]), "");
}
END_TEST

START_TEST(without_memory_the_stream_below_stays_the_callers)
{
	bool more = true;
	unsigned int i;
	int rc;

	for (i = 0; more; i++) {
		fault_at(i);
		rc = tls_wrap(settings, &wire.base, "localhost", NULL, &client);
		more = fault_end();
		ck_assert_int_eq(rc, more ? SMTPC_E_NOMEM : SMTPC_OK);
		ck_assert_uint_eq(wire.frees, 0);
		ck_assert_uint_eq(settings->holds, more ? 1 : 2);
	}
	ck_assert_uint_eq(i, 3);
}
END_TEST

START_TEST(without_gnutls_the_stream_below_stays_the_callers)
{
	failing = _i / 2 + 1;
	failure = _i % 2 == 0 ? GNUTLS_E_MEMORY_ERROR : GNUTLS_E_INTERNAL_ERROR;
	ck_assert_int_eq(tls_wrap(settings, &wire.base, "localhost", NULL,
				  &client),
			 _i % 2 == 0 ? SMTPC_E_NOMEM : SMTPC_E_TLS);
	failing = 0;
	ck_assert_ptr_null(client);
	ck_assert_uint_eq(wire.frees, 0);
	ck_assert_uint_eq(settings->holds, 1);
}
END_TEST

/* Wherever memory runs out, for once or for good. */
START_TEST(without_memory_the_handshake_fails)
{
	bool more = true;
	unsigned int i;
	int rc;

	for (i = 0; more; i++) {
		memory_stream_init(&wire);
		pair_meet("localhost", TLS_1_3_ONLY);
		if (_i == 0)
			fault_at(i);
		else
			fault_from(i);
		rc = tls_peer_open(&peer, client);
		more = fault_end();
		ck_assert_int_eq(rc, more ? SMTPC_E_NOMEM : SMTPC_OK);
		client->operations->free(client);
		client = NULL;
		tls_peer_clear(&peer);
		memory_stream_clear(&wire);
	}
	ck_assert_uint_ge(i, 3);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls_handshake");
	TCase *tcase = pair_case(suite, "tls_open");

	tcase_add_test(tcase,
		       server_that_speaks_clear_is_told_from_one_that_fails);
	tcase_add_test(tcase, handshake_failures_are_told_by_the_alert);
	tcase_add_loop_test(tcase, old_versions_and_weak_ciphers_are_refused, 0,
			    5);
	tcase_add_test(tcase, server_that_knows_only_old_versions_is_told_so);
	tcase_add_test(tcase, connection_that_ends_in_the_handshake_says_so);
	tcase_add_loop_test(tcase, failure_below_ends_the_handshake_as_it_is, 0,
			    2);
	tcase_add_loop_test(tcase, handshake_cut_anywhere_ends_in_a_failure, 0,
			    2);
	tcase_add_loop_test(tcase, server_is_told_the_name_that_is_wanted, 0,
			    3);
	tcase_add_loop_test(tcase, no_address_is_sent_as_a_name, 0, 4);
	tcase_add_test(tcase,
		       without_memory_the_stream_below_stays_the_callers);
	tcase_add_loop_test(tcase,
			    without_gnutls_the_stream_below_stays_the_callers,
			    0, 8);
	tcase_add_loop_test(tcase, without_memory_the_handshake_fails, 0, 2);
	return suite_run(suite);
}

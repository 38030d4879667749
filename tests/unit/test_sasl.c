/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/sasl.c against Cyrus SASL's own server.  syslog() is the test's
 * own, so that it can see who logs; the linker lets calls of Cyrus SASL fail.
 */
#include "sasl.h"

#include <poll.h>
#include <sasl/sasl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <smtpc/smtpc.h>

#include "base64.h"
#include "sasl_peer.h"
#include "suite.h"

static int logged;

/* What fortified programs call. */
void __syslog_chk(int priority, int flag, const char *format, ...);
void __vsyslog_chk(int priority, int flag, const char *format, va_list args);

void
syslog(int priority, const char *format, ...)
{
	(void)priority;
	(void)format;
	logged++;
}

void
vsyslog(int priority, const char *format, va_list args)
{
	(void)priority;
	(void)format;
	(void)args;
	logged++;
}

void
__syslog_chk(int priority, int flag, const char *format, ...)
{
	(void)priority;
	(void)flag;
	(void)format;
	logged++;
}

void
__vsyslog_chk(int priority, int flag, const char *format, va_list args)
{
	(void)priority;
	(void)flag;
	(void)format;
	(void)args;
	logged++;
}

/* What the two return instead of doing anything; SASL_OK: nothing. */
static int init_rc, new_rc;

int __real_sasl_client_init(const sasl_callback_t *callbacks);
int __wrap_sasl_client_init(const sasl_callback_t *callbacks);
int __real_sasl_client_new(const char *service, const char *host,
			   const char *local, const char *remote,
			   const sasl_callback_t *callbacks, unsigned int flags,
			   sasl_conn_t **ret_sasl);
int __wrap_sasl_client_new(const char *service, const char *host,
			   const char *local, const char *remote,
			   const sasl_callback_t *callbacks, unsigned int flags,
			   sasl_conn_t **ret_sasl);

int
__wrap_sasl_client_init(const sasl_callback_t *callbacks)
{
	/* Nobody else's callbacks are replaced. */
	ck_assert_ptr_null(callbacks);
	return init_rc != SASL_OK ? init_rc
				  : __real_sasl_client_init(callbacks);
}

int
__wrap_sasl_client_new(const char *service, const char *host, const char *local,
		       const char *remote, const sasl_callback_t *callbacks,
		       unsigned int flags, sasl_conn_t **ret_sasl)
{
	return new_rc != SASL_OK
		   ? new_rc
		   : __real_sasl_client_new(service, host, local, remote,
					    callbacks, flags, ret_sasl);
}

static char authzid[100], authcid[100], password[1000];
static struct credentials credentials;
static struct sasl_exchange *exchange;
static struct buffer out;
static struct sasl_peer *peer;

static void
set_up(void)
{
	snprintf(authzid, sizeof(authzid), "%s", "");
	snprintf(authcid, sizeof(authcid), "%s", SASL_PEER_USER);
	snprintf(password, sizeof(password), "%s", SASL_PEER_PASSWORD);
	credentials.authzid = authzid;
	credentials.authcid = authcid;
	credentials.password = password;
	credentials.password_len = strlen(password);
	buffer_init(&out, 20000);
}

static void
tear_down(void)
{
	sasl_exchange_free(exchange);
	exchange = NULL;
	if (peer != NULL)
		sasl_peer_free(peer);
	peer = NULL;
	buffer_clear(&out);
}

static void
set_password(const char *text)
{
	snprintf(password, sizeof(password), "%s", text);
	credentials.password_len = strlen(password);
}

static void
make(bool plaintext_allowed)
{
	ck_assert_int_eq(sasl_exchange_begin(&exchange, "mx.example.test",
					     &credentials, plaintext_allowed,
					     false),
			 SMTPC_OK);
	ck_assert_int_eq(sasl_exchange_descriptor(exchange), -1);
	ck_assert_int_eq(sasl_exchange_poll(exchange), SMTPC_OK);
}

/* What the client said, in base64; the buffer is empty then. */
static const char *
said(void)
{
	static char text[20000];
	size_t len = buffer_length(&out);

	ck_assert(!out.failed);
	memcpy(text, buffer_data(&out), len);
	text[len] = '\0';
	buffer_consume(&out, len);
	return text;
}

/* Begins the mechanism on both sides; the server's first challenge. */
static const char *
begin(const char *mechanism)
{
	bool initial = false;

	make(true);
	peer = sasl_peer_new(mechanism);
	ck_assert_int_eq(sasl_exchange_start(exchange, mechanism, &out,
					     &initial),
			 SMTPC_OK);
	if (!initial)
		ck_assert_uint_eq(buffer_length(&out), 0);
	return sasl_peer_step(peer, initial ? said() : NULL);
}

static int
step(const char *challenge)
{
	return sasl_exchange_step(exchange, challenge, strlen(challenge), &out);
}

/* All of it, until the server has decided or the client gives up. */
static int
authenticate(const char *mechanism)
{
	const char *challenge = begin(mechanism);
	int rc;

	while (challenge != NULL) {
		rc = step(challenge);
		if (rc != SMTPC_OK)
			return rc;
		challenge = sasl_peer_step(peer, said());
	}
	return SMTPC_OK;
}

static const struct {
	const char *name;
	bool has_initial;
	bool proves_server;
} mechanisms[] = {
	{ "PLAIN", true, false },	 { "LOGIN", false, false },
	{ "CRAM-MD5", false, false },	 { "SCRAM-SHA-1", true, true },
	{ "SCRAM-SHA-224", true, true }, { "SCRAM-SHA-256", true, true },
	{ "SCRAM-SHA-384", true, true }, { "SCRAM-SHA-512", true, true },
};

#define MECHANISMS ((int)(sizeof(mechanisms) / sizeof(mechanisms[0])))

START_TEST(right_password_is_accepted)
{
	ck_assert_int_eq(authenticate(mechanisms[_i].name), SMTPC_OK);
	ck_assert(sasl_exchange_is_complete(exchange));
	ck_assert_str_eq(sasl_peer_user(peer), SASL_PEER_USER);
}
END_TEST

START_TEST(wrong_password_is_not)
{
	set_password("looking-glass");
	ck_assert_int_eq(authenticate(mechanisms[_i].name), SMTPC_OK);
	ck_assert_ptr_null(sasl_peer_user(peer));
	/* A mechanism that proves the server has got no proof. */
	if (mechanisms[_i].proves_server)
		ck_assert(!sasl_exchange_is_complete(exchange));
}
END_TEST

START_TEST(initial_response_is_told_from_none)
{
	bool initial = !mechanisms[_i].has_initial;

	make(true);
	ck_assert_int_eq(sasl_exchange_start(exchange, mechanisms[_i].name,
					     &out, &initial),
			 SMTPC_OK);
	ck_assert_int_eq(initial, mechanisms[_i].has_initial);
	ck_assert_int_eq(buffer_length(&out) > 0, initial);
	/* PLAIN has said it all. */
	ck_assert_int_eq(sasl_exchange_is_complete(exchange), _i == 0);
}
END_TEST

START_TEST(plain_says_what_rfc_4616_says)
{
	struct buffer decoded;
	bool initial;

	snprintf(authzid, sizeof(authzid), "%s", "boss");
	make(true);
	ck_assert_int_eq(sasl_exchange_start(exchange, "PLAIN", &out, &initial),
			 SMTPC_OK);
	buffer_init(&decoded, 100);
	ck_assert(
	    base64_decode(&decoded, buffer_data(&out), buffer_length(&out)));
	ck_assert_uint_eq(buffer_length(&decoded), 21);
	ck_assert_mem_eq(buffer_data(&decoded), "boss\0alice\0wonderland", 21);
	buffer_clear(&decoded);
}
END_TEST

START_TEST(somebody_can_act_for_another)
{
	static const char *const names[] = { "PLAIN", "SCRAM-SHA-256" };

	snprintf(authzid, sizeof(authzid), "%s", "boss");
	ck_assert_int_eq(authenticate(names[_i]), SMTPC_OK);
	ck_assert_str_eq(sasl_peer_user(peer), "boss");
}
END_TEST

/* In names and passwords, whatever a mechanism has to escape or encode. */
START_TEST(odd_passwords_arrive)
{
	char text[600];
	const char *found;
	bool initial;
	struct buffer decoded;

	memset(text, 'x', sizeof(text));
	memcpy(text, "p\xc3\xa4ss,w=rd \r\n%s", 15);
	text[599] = '\0';
	set_password(text);
	make(true);
	ck_assert_int_eq(sasl_exchange_start(exchange, "PLAIN", &out, &initial),
			 SMTPC_OK);
	buffer_init(&decoded, 1000);
	ck_assert(
	    base64_decode(&decoded, buffer_data(&out), buffer_length(&out)));
	found =
	    memmem(buffer_data(&decoded), buffer_length(&decoded), text, 599);
	ck_assert_ptr_nonnull(found);
	buffer_clear(&decoded);
}
END_TEST

START_TEST(no_password_is_sent_where_that_is_not_allowed)
{
	static const char *const names[] = { "PLAIN", "LOGIN" };
	bool initial;

	make(false);
	ck_assert_int_eq(sasl_exchange_start(exchange, names[_i], &out,
					     &initial),
			 SMTPC_E_AUTH_UNAVAILABLE);
	ck_assert_str_ne(sasl_exchange_message(exchange), "");
	ck_assert_uint_eq(buffer_length(&out), 0);
	ck_assert(!sasl_exchange_is_complete(exchange));
	/* Another one may still do. */
	ck_assert_int_eq(sasl_exchange_start(exchange, "SCRAM-SHA-256", &out,
					     &initial),
			 SMTPC_OK);
}
END_TEST

/* What does not fit is not said, but wiped all the same. */
START_TEST(answer_that_is_too_long_is_not_said)
{
	const char *challenge;
	bool initial;

	make(true);
	buffer_init(&out, 10);
	wipe_watch(SASL_PEER_PASSWORD);
	ck_assert_int_eq(sasl_exchange_start(exchange, "PLAIN", &out, &initial),
			 SMTPC_E_AUTH_UNAVAILABLE);
	ck_assert_uint_eq(wipe_count(), 1);
	ck_assert_str_ne(sasl_exchange_message(exchange), "");
	ck_assert_uint_eq(buffer_length(&out), 0);
	tear_down();

	buffer_init(&out, 10);
	challenge = begin("CRAM-MD5");
	ck_assert_int_eq(step(challenge), SMTPC_E_AUTH_PROTOCOL);
	ck_assert_str_ne(sasl_exchange_message(exchange), "");
	ck_assert_uint_eq(buffer_length(&out), 0);
}
END_TEST

START_TEST(mechanism_that_is_not_there_is_unavailable)
{
	static const char *const names[] = { "X-UNKNOWN", "ANONYMOUS", "" };
	bool initial;

	make(true);
	ck_assert_str_eq(sasl_exchange_message(exchange), "");
	ck_assert_int_eq(sasl_exchange_start(exchange, names[_i], &out,
					     &initial),
			 SMTPC_E_AUTH_UNAVAILABLE);
	ck_assert_str_ne(sasl_exchange_message(exchange), "");
	ck_assert_uint_eq(buffer_length(&out), 0);
}
END_TEST

START_TEST(challenge_that_is_no_base64_breaks_the_exchange)
{
	static const char *const challenges[] = {
		"A", "AAA", "====", "A===", "AA\r\n", "Zh==", "ab c"
	};

	ck_assert_ptr_nonnull(begin("CRAM-MD5"));
	ck_assert_int_eq(step(challenges[_i]), SMTPC_E_AUTH_PROTOCOL);
	ck_assert_str_ne(sasl_exchange_message(exchange), "");
	ck_assert_uint_eq(buffer_length(&out), 0);
	ck_assert(!sasl_exchange_is_complete(exchange));
}
END_TEST

START_TEST(longest_challenge_is_exact)
{
	char *challenge = malloc(12292);

	ck_assert_ptr_nonnull(challenge);
	memset(challenge, 'A', 12292);
	ck_assert_ptr_nonnull(begin("CRAM-MD5"));
	ck_assert_int_eq(sasl_exchange_step(exchange, challenge, 12292, &out),
			 SMTPC_E_AUTH_PROTOCOL);
	ck_assert_str_eq(sasl_exchange_message(exchange),
			 "the challenge is not base64");
	free(challenge);
}
END_TEST

/* Puts text for the part of a challenge that begins so, up to a comma. */
static const char *
forge(const char *challenge, const char *part, const char *text)
{
	static char forged[3000];
	struct buffer decoded, encoded;
	const char *start;
	char plain[2000];
	size_t rest;

	buffer_init(&decoded, sizeof(plain) - 1);
	ck_assert(base64_decode(&decoded, challenge, strlen(challenge)));
	memcpy(plain, buffer_data(&decoded), buffer_length(&decoded));
	plain[buffer_length(&decoded)] = '\0';
	buffer_clear(&decoded);
	start = strstr(plain, part);
	ck_assert_ptr_nonnull(start);
	rest = strlen(part) + strcspn(start + strlen(part), ",");
	buffer_init(&encoded, sizeof(forged) - 1);
	buffer_init(&decoded, sizeof(forged) - 1);
	buffer_append(&decoded, plain, (size_t)(start - plain));
	buffer_append_text(&decoded, text);
	buffer_append_text(&decoded, start + rest);
	base64_encode(&encoded, buffer_data(&decoded), buffer_length(&decoded));
	memcpy(forged, buffer_data(&encoded), buffer_length(&encoded));
	forged[buffer_length(&encoded)] = '\0';
	buffer_clear(&decoded);
	buffer_clear(&encoded);
	return forged;
}

START_TEST(server_that_does_not_know_the_password_is_found_out)
{
	const char *challenge = begin("SCRAM-SHA-256");

	ck_assert_int_eq(step(challenge), SMTPC_OK);
	challenge = sasl_peer_step(peer, said());
	ck_assert_ptr_nonnull(challenge);
	ck_assert(!sasl_exchange_is_complete(exchange));
	challenge =
	    forge(challenge,
		  "v=", "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	ck_assert_int_eq(step(challenge), SMTPC_E_AUTH_PROTOCOL);
	ck_assert(!sasl_exchange_is_complete(exchange));
	ck_assert_str_ne(sasl_exchange_message(exchange), "");
}
END_TEST

START_TEST(answer_to_somebody_else_is_found_out)
{
	static const char *const forgeries[][2] = {
		{ "r=", "r=another" }, { "r=", "x=another" },  { "s=", "s=" },
		{ "i=", "i=x" },       { "i=", "i=99999999" },
	};
	const char *challenge = begin("SCRAM-SHA-256");

	challenge = forge(challenge, forgeries[_i][0], forgeries[_i][1]);
	ck_assert_int_eq(step(challenge), SMTPC_E_AUTH_PROTOCOL);
	ck_assert_uint_eq(buffer_length(&out), 0);
	ck_assert(!sasl_exchange_is_complete(exchange));
}
END_TEST

START_TEST(nothing_more_is_said_when_all_is_said)
{
	ck_assert_int_eq(authenticate("SCRAM-SHA-256"), SMTPC_OK);
	ck_assert_int_eq(step("dj1B"), SMTPC_E_AUTH_PROTOCOL);
	ck_assert_uint_eq(buffer_length(&out), 0);
}
END_TEST

/* Cyrus SASL's first use loads its plug-ins, which takes its time. */
START_TEST(exchange_is_made_in_a_thread)
{
	struct pollfd ready = { -1, POLLIN, 0 };
	unsigned int threads = threads_count();
	bool initial;

	ck_assert_int_eq(sasl_exchange_begin(&exchange, "mx.example.test",
					     &credentials, true, true),
			 SMTPC_OK);
	ready.fd = sasl_exchange_descriptor(exchange);
	ck_assert_int_ge(ready.fd, 0);
	/* They are copied. */
	set_password("something else");
	ck_assert_int_eq(poll(&ready, 1, -1), 1);
	ck_assert_int_eq(sasl_exchange_poll(exchange), SMTPC_OK);
	ck_assert_int_eq(sasl_exchange_start(exchange, "PLAIN", &out, &initial),
			 SMTPC_OK);
	ck_assert_str_eq(said(), "AGFsaWNlAHdvbmRlcmxhbmQ=");
	threads_wait(threads);
}
END_TEST

START_TEST(exchange_can_be_given_up_while_it_is_made)
{
	unsigned int threads = threads_count();
	int i;

	for (i = 0; i < 20; i++) {
		ck_assert_int_eq(sasl_exchange_begin(&exchange,
						     "mx.example.test",
						     &credentials, true, true),
				 SMTPC_OK);
		(void)sasl_exchange_poll(exchange);
		sasl_exchange_free(exchange);
	}
	exchange = NULL;
	ck_assert_int_eq(authenticate("PLAIN"), SMTPC_OK);
	threads_wait(threads);
}
END_TEST

START_TEST(several_exchanges_do_not_disturb_one_another)
{
	struct sasl_exchange *first;
	struct sasl_peer *first_peer;
	const char *challenge = begin("SCRAM-SHA-256");

	ck_assert_int_eq(step(challenge), SMTPC_OK);
	challenge = sasl_peer_step(peer, said());
	ck_assert_ptr_nonnull(challenge);
	first = exchange;
	first_peer = peer;

	set_password("looking-glass");
	ck_assert_int_eq(authenticate("PLAIN"), SMTPC_OK);
	ck_assert_ptr_null(sasl_peer_user(peer));
	tear_down();

	exchange = first;
	peer = first_peer;
	ck_assert_int_eq(step(challenge), SMTPC_OK);
	ck_assert(sasl_exchange_is_complete(exchange));
	ck_assert_ptr_null(sasl_peer_step(peer, said()));
	ck_assert_str_eq(sasl_peer_user(peer), SASL_PEER_USER);
}
END_TEST

START_TEST(secrets_are_wiped)
{
	bool initial;

	make(true);
	wipe_watch(SASL_PEER_PASSWORD);
	ck_assert_int_eq(sasl_exchange_start(exchange, "PLAIN", &out, &initial),
			 SMTPC_OK);
	/* What Cyrus SASL made of it. */
	ck_assert_uint_eq(wipe_count(), 1);
	wipe_watch(SASL_PEER_PASSWORD);
	sasl_exchange_free(exchange);
	exchange = NULL;
	/* The copy, and the copy that Cyrus SASL sees. */
	ck_assert_uint_eq(wipe_count(), 2);
}
END_TEST

/* Starts the mechanism, and steps for as long as it takes this challenge. */
static void
misuse(const char *mechanism, const char *challenge, bool plaintext_allowed)
{
	bool initial;
	int i;

	make(plaintext_allowed);
	if (sasl_exchange_start(exchange, mechanism, &out, &initial) ==
	    SMTPC_OK)
		for (i = 0; i < 4 && step(challenge) == SMTPC_OK; i++)
			;
	tear_down();
	buffer_init(&out, 20000);
}

/* Neither success nor failure of any kind; the server's log shows the trap. */
START_TEST(client_logs_nothing)
{
	static const char *const names[] = { "PLAIN",	      "LOGIN",
					     "CRAM-MD5",      "SCRAM-SHA-1",
					     "SCRAM-SHA-256", "ANONYMOUS",
					     "GSSAPI",	      "X-UNKNOWN" };
	static const char *const challenges[] = { "", "AAAA",
						  "cj1hLHM9YSxpPTE=", "!" };
	size_t i, j;
	int before;

	ck_assert_int_eq(authenticate("PLAIN"), SMTPC_OK);
	ck_assert_int_eq(logged, 0);
	/* The server is over and done with: it complains. */
	ck_assert_ptr_null(sasl_peer_step(peer, "AAAA"));
	ck_assert_int_gt(logged, 0);
	tear_down();

	before = logged;
	buffer_init(&out, 20000);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (j = 0; j < sizeof(challenges) / sizeof(challenges[0]); j++)
			misuse(names[i], challenges[j], j % 2 == 0);
	ck_assert_int_eq(logged, before);
}
END_TEST

START_TEST(exchange_that_cannot_be_made_says_why)
{
	static const int results[][2] = {
		{ SASL_NOMECH, SMTPC_E_AUTH_UNAVAILABLE },
		{ SASL_FAIL, SMTPC_E_AUTH_UNAVAILABLE },
		{ SASL_NOMEM, SMTPC_E_NOMEM },
	};

	if (_i % 2 == 0)
		init_rc = results[_i / 2][0];
	else
		new_rc = results[_i / 2][0];
	ck_assert_int_eq(sasl_exchange_begin(&exchange, "mx.example.test",
					     &credentials, true, false),
			 SMTPC_OK);
	ck_assert_int_eq(sasl_exchange_poll(exchange), results[_i / 2][1]);
	ck_assert_str_ne(sasl_exchange_message(exchange), "");
	sasl_exchange_free(exchange);
	/* The next one may do better. */
	init_rc = new_rc = SASL_OK;
	make(true);
}
END_TEST

START_TEST(without_memory_no_exchange_is_begun)
{
	bool more = true;
	unsigned int i;
	int rc;

	for (i = 0; more; i++) {
		wipe_watch(SASL_PEER_PASSWORD);
		fault_at(i);
		rc = sasl_exchange_begin(&exchange, "mx.example.test",
					 &credentials, true, false);
		more = fault_end();
		ck_assert_int_eq(rc, more ? SMTPC_E_NOMEM : SMTPC_OK);
	}
	ck_assert_uint_eq(i, 9);
}
END_TEST

/* A challenge that leaves no room for the NUL behind it, at first. */
START_TEST(without_memory_no_challenge_is_taken)
{
	char plain[256];
	struct buffer challenge;
	bool more = true;
	unsigned int i;
	int rc;

	memset(plain, 'c', sizeof(plain));
	buffer_init(&challenge, 1000);
	base64_encode(&challenge, plain, sizeof(plain));
	for (i = 0; more; i++) {
		ck_assert_ptr_nonnull(begin("CRAM-MD5"));
		fault_at(i);
		rc = sasl_exchange_step(exchange, buffer_data(&challenge),
					buffer_length(&challenge), &out);
		more = fault_end();
		ck_assert_int_eq(rc, more ? SMTPC_E_NOMEM : SMTPC_OK);
		tear_down();
		buffer_init(&out, 20000);
	}
	ck_assert_uint_eq(i, 4);
	buffer_clear(&challenge);
}
END_TEST

START_TEST(without_memory_nothing_is_said)
{
	const char *challenge;
	bool more = true;
	bool initial;
	unsigned int i;
	int rc;

	make(true);
	fault_at(0);
	rc = sasl_exchange_start(exchange, "PLAIN", &out, &initial);
	ck_assert(fault_end());
	ck_assert_int_eq(rc, SMTPC_E_NOMEM);
	tear_down();

	for (i = 0; more; i++) {
		set_up();
		challenge = begin("CRAM-MD5");
		fault_at(i);
		rc = step(challenge);
		more = fault_end();
		ck_assert_int_eq(rc, more ? SMTPC_E_NOMEM : SMTPC_OK);
		tear_down();
	}
	ck_assert_uint_eq(i, 3);
}
END_TEST

static TCase *
add_case(Suite *suite, const char *name)
{
	TCase *tcase = suite_case(suite, name);

	tcase_add_unchecked_fixture(tcase, sasl_peer_init, NULL);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	return tcase;
}

static void
add_making(Suite *suite)
{
	TCase *tcase = add_case(suite, "sasl_exchange_begin");

	tcase_add_test(tcase, exchange_is_made_in_a_thread);
	tcase_add_test(tcase, exchange_can_be_given_up_while_it_is_made);
	tcase_add_test(tcase, several_exchanges_do_not_disturb_one_another);
	tcase_add_test(tcase, secrets_are_wiped);
	tcase_add_test(tcase, client_logs_nothing);
	tcase_add_loop_test(tcase, exchange_that_cannot_be_made_says_why, 0, 6);
	tcase_add_test(tcase, without_memory_no_exchange_is_begun);
	tcase_add_test(tcase, without_memory_no_challenge_is_taken);
	tcase_add_test(tcase, without_memory_nothing_is_said);
}

int
main(void)
{
	Suite *suite = suite_create("sasl");
	TCase *tcase = add_case(suite, "mechanisms");

	tcase_add_loop_test(tcase, right_password_is_accepted, 0, MECHANISMS);
	tcase_add_loop_test(tcase, wrong_password_is_not, 0, MECHANISMS);
	tcase_add_loop_test(tcase, initial_response_is_told_from_none, 0,
			    MECHANISMS);
	tcase_add_test(tcase, plain_says_what_rfc_4616_says);
	tcase_add_loop_test(tcase, somebody_can_act_for_another, 0, 2);
	tcase_add_test(tcase, odd_passwords_arrive);

	add_making(suite);

	tcase = add_case(suite, "sasl_exchange_start");
	tcase_add_loop_test(tcase,
			    no_password_is_sent_where_that_is_not_allowed, 0,
			    2);
	tcase_add_test(tcase, answer_that_is_too_long_is_not_said);
	tcase_add_loop_test(tcase, mechanism_that_is_not_there_is_unavailable,
			    0, 3);

	tcase = add_case(suite, "sasl_exchange_step");
	tcase_add_loop_test(tcase,
			    challenge_that_is_no_base64_breaks_the_exchange, 0,
			    7);
	tcase_add_test(tcase, longest_challenge_is_exact);
	tcase_add_test(tcase,
		       server_that_does_not_know_the_password_is_found_out);
	tcase_add_loop_test(tcase, answer_to_somebody_else_is_found_out, 0, 5);
	tcase_add_test(tcase, nothing_more_is_said_when_all_is_said);
	return suite_run(suite);
}

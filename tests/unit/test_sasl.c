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

#include "sasl_pair.h"
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

/* What is allocated for an exchange, and for one step of CRAM-MD5's. */
#define BEGIN_ALLOCATIONS 12
#define STEP_ALLOCATIONS  3

/*
 * What can't be used.
 */

START_TEST(no_password_is_sent_where_that_is_not_allowed)
{
	static const char *const names[] = { "PLAIN", "LOGIN", "OAUTHBEARER",
					     "XOAUTH2" };
	bool initial;

	terms.plaintext_allowed = false;
	make(names[_i]);
	ck_assert_int_ne(start(&initial), SMTPC_OK);
	ck_assert_str_ne(sasl_exchange_message(exchange), "");
	ck_assert_uint_eq(buffer_length(&out), 0);
	ck_assert(!sasl_exchange_is_complete(exchange));
	sasl_exchange_free(exchange);
	/* Another one may still do. */
	make("SCRAM-SHA-256");
	ck_assert_int_eq(start(&initial), SMTPC_OK);
}
END_TEST

/* Cyrus SASL is not asked for what is not there. */
START_TEST(mechanism_without_its_password_is_not_used)
{
	static const char *const names[] = { "SCRAM-SHA-256", "CRAM-MD5",
					     "DIGEST-MD5", "NTLM" };
	bool initial;

	credentials.password = NULL;
	credentials.password_len = 0;
	make(names[_i]);
	ck_assert_int_ne(start(&initial), SMTPC_OK);
	ck_assert_str_ne(sasl_exchange_message(exchange), "");
	ck_assert_uint_eq(buffer_length(&out), 0);
}
END_TEST

/* What does not fit is not said, but wiped all the same. */
START_TEST(answer_that_is_too_long_is_not_said)
{
	bool initial;

	make("PLAIN");
	buffer_init(&out, 10);
	wipe_watch(PEER_SASL_PASSWORD);
	ck_assert_int_eq(start(&initial), SMTPC_E_AUTH_UNAVAILABLE);
	ck_assert_uint_eq(wipe_count(), 1);
	ck_assert_str_ne(sasl_exchange_message(exchange), "");
	ck_assert_uint_eq(buffer_length(&out), 0);
	leave();

	buffer_init(&out, 10);
	ck_assert(begin("CRAM-MD5"));
	ck_assert_int_eq(step(challenge, challenge_len), SMTPC_E_AUTH_PROTOCOL);
	ck_assert_str_ne(sasl_exchange_message(exchange), "");
	ck_assert_uint_eq(buffer_length(&out), 0);
}
END_TEST

START_TEST(mechanism_that_is_not_there_is_told)
{
	static const char *const names[] = { "X-UNKNOWN", "KERBEROS_V4" };
	bool initial;

	make(names[_i]);
	ck_assert_str_eq(sasl_exchange_message(exchange), "");
	ck_assert_int_eq(start(&initial), SMTPC_E_NOEXTENSION);
	ck_assert_str_ne(sasl_exchange_message(exchange), "");
	ck_assert_uint_eq(buffer_length(&out), 0);
}
END_TEST

/* Cyrus SASL's first use loads its plug-ins, which takes its time. */
START_TEST(exchange_is_made_in_a_thread)
{
	struct pollfd ready = { -1, POLLIN, 0 };
	unsigned int threads = threads_count();
	bool initial;

	terms.mechanism = "PLAIN";
	terms.threaded = true;
	ck_assert_int_eq(sasl_exchange_begin(&exchange, &terms), SMTPC_OK);
	ready.fd = sasl_exchange_descriptor(exchange);
	ck_assert_int_ge(ready.fd, 0);
	/* They are copied. */
	set_password("something else");
	ck_assert_int_eq(poll(&ready, 1, -1), 1);
	ck_assert_int_eq(sasl_exchange_poll(exchange), SMTPC_OK);
	ck_assert_int_eq(start(&initial), SMTPC_OK);
	ck_assert_uint_eq(buffer_length(&out), 17);
	ck_assert_mem_eq(buffer_data(&out), "\0alice\0wonderland", 17);
	threads_wait(threads);
}
END_TEST

START_TEST(exchange_can_be_given_up_while_it_is_made)
{
	unsigned int threads = threads_count();
	int i;

	terms.mechanism = "PLAIN";
	terms.threaded = true;
	for (i = 0; i < 20; i++) {
		ck_assert_int_eq(sasl_exchange_begin(&exchange, &terms),
				 SMTPC_OK);
		(void)sasl_exchange_poll(exchange);
		sasl_exchange_free(exchange);
	}
	exchange = NULL;
	terms.threaded = false;
	ck_assert_int_eq(authenticate("PLAIN"), SMTPC_OK);
	threads_wait(threads);
}
END_TEST

START_TEST(several_exchanges_do_not_disturb_one_another)
{
	struct sasl_exchange *first;
	struct peer_sasl *first_peer;
	const char *first_challenge;
	size_t first_len;

	ck_assert(begin("SCRAM-SHA-256"));
	ck_assert_int_eq(step(challenge, challenge_len), SMTPC_OK);
	ck_assert(pass_on());
	first = exchange;
	first_peer = authority;
	first_challenge = challenge;
	first_len = challenge_len;

	exchange = NULL;
	authority = NULL;
	set_password("looking-glass");
	ck_assert_int_eq(authenticate("PLAIN"), SMTPC_OK);
	ck_assert(!is_accepted);
	leave();

	exchange = first;
	authority = first_peer;
	ck_assert_int_eq(step(first_challenge, first_len), SMTPC_OK);
	ck_assert(sasl_exchange_is_complete(exchange));
	ck_assert(!pass_on());
	ck_assert(is_accepted);
	ck_assert_str_eq(peer_sasl_user(authority), PEER_SASL_USER);
}
END_TEST

static const char *const secrets[] = { PEER_SASL_PASSWORD, "ya29.token" };

START_TEST(secrets_are_wiped)
{
	static const char *const names[] = { "PLAIN", "XOAUTH2" };
	bool initial;

	make(names[_i]);
	wipe_watch(secrets[_i]);
	ck_assert_int_eq(start(&initial), SMTPC_OK);
	/* What the mechanism made of it. */
	ck_assert_uint_eq(wipe_count(), 1);
	wipe_watch(secrets[_i]);
	sasl_exchange_free(exchange);
	exchange = NULL;
	/* The copy; and of a password, the copy that Cyrus SASL sees. */
	ck_assert_uint_eq(wipe_count(), _i == 0 ? 2 : 1);
}
END_TEST

/* Starts the mechanism, and steps for as long as it takes this challenge. */
static void
misuse(const char *mechanism, const char *text, bool plaintext_allowed)
{
	bool initial;
	int i;

	terms.plaintext_allowed = plaintext_allowed;
	make(mechanism);
	if (start(&initial) == SMTPC_OK)
		for (i = 0; i < 4 && step(text, strlen(text)) == SMTPC_OK; i++)
			;
	leave();
	buffer_init(&out, SAID_MAX);
}

/* Neither success nor failure of any kind; the server's log shows the trap. */
START_TEST(client_logs_nothing)
{
	/* NTLM's own code tells syslog() its steps, past all callbacks. */
	static const char *const names[] = {
		"PLAIN",      "LOGIN",	       "CRAM-MD5",  "SCRAM-SHA-1",
		"EXTERNAL",   "SCRAM-SHA-256", "ANONYMOUS", "X-UNKNOWN",
		"DIGEST-MD5", "OAUTHBEARER",
	};
	static const char *const challenges[] = { "", "AAAA", "r=a,s=a,i=1",
						  "nonce=\"a\"" };
	size_t i, j;
	int before;

	ck_assert_int_eq(authenticate("PLAIN"), SMTPC_OK);
	ck_assert_int_eq(logged, 0);
	/* The server is over and done with: it complains. */
	ck_assert(!pass_on());
	ck_assert_int_gt(logged, 0);
	leave();

	before = logged;
	buffer_init(&out, SAID_MAX);
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

	terms.mechanism = "PLAIN";
	if (_i % 2 == 0)
		init_rc = results[_i / 2][0];
	else
		new_rc = results[_i / 2][0];
	ck_assert_int_eq(sasl_exchange_begin(&exchange, &terms), SMTPC_OK);
	ck_assert_int_eq(sasl_exchange_poll(exchange), results[_i / 2][1]);
	ck_assert_str_ne(sasl_exchange_message(exchange), "");
	sasl_exchange_free(exchange);
	/* The next one may do better. */
	init_rc = new_rc = SASL_OK;
	make("PLAIN");
}
END_TEST

/* So many allocations, each of which fails once. */
START_TEST(without_memory_no_exchange_is_begun)
{
	bool more = true;
	unsigned int i;
	int rc;

	credentials.token_user = authcid;
	terms.mechanism = "SCRAM-SHA-1-PLUS";
	terms.binding = SASL_BINDING_USED;
	terms.binding_name = "tls-unique";
	buffer_append(&binding, "data", 4);
	terms.binding_data = &binding;
	for (i = 0; more; i++) {
		fault_at(i);
		rc = sasl_exchange_begin(&exchange, &terms);
		more = fault_end();
		ck_assert_int_eq(rc, more ? SMTPC_E_NOMEM : SMTPC_OK);
	}
	ck_assert_uint_eq(i, BEGIN_ALLOCATIONS + 1);
}
END_TEST

/* A challenge that leaves no room for the NUL behind it, at first. */
START_TEST(without_memory_no_challenge_is_taken)
{
	char text[256];
	bool more = true;
	unsigned int i;
	int rc;

	memset(text, 'c', sizeof(text));
	for (i = 0; more; i++) {
		ck_assert(begin("CRAM-MD5"));
		fault_at(i);
		rc = step(text, sizeof(text));
		more = fault_end();
		ck_assert_int_eq(rc, more ? SMTPC_E_NOMEM : SMTPC_OK);
		leave();
		buffer_init(&out, SAID_MAX);
	}
	ck_assert_uint_eq(i, STEP_ALLOCATIONS + 1);
}
END_TEST

/* Neither Cyrus SASL's mechanisms, nor ours. */
START_TEST(without_memory_nothing_is_said)
{
	bool more = true;
	bool initial;
	unsigned int i;
	int rc;

	for (i = 0; more; i++) {
		make(mechanisms[_i].name);
		fault_at(i);
		rc = start(&initial);
		more = fault_end();
		ck_assert_int_eq(rc, more ? SMTPC_E_NOMEM : SMTPC_OK);
		leave();
		buffer_init(&out, SAID_MAX);
	}
	/* Without an initial response Cyrus SASL alone allocates. */
	if (mechanisms[_i].has_initial)
		ck_assert_uint_gt(i, 1);
}
END_TEST

static void
add_making(Suite *suite)
{
	TCase *tcase = sasl_pair_case(suite, "sasl_exchange_begin");

	tcase_add_test(tcase, exchange_is_made_in_a_thread);
	tcase_add_test(tcase, exchange_can_be_given_up_while_it_is_made);
	tcase_add_test(tcase, several_exchanges_do_not_disturb_one_another);
	tcase_add_loop_test(tcase, secrets_are_wiped, 0, 2);
	tcase_add_test(tcase, client_logs_nothing);
	tcase_add_loop_test(tcase, exchange_that_cannot_be_made_says_why, 0, 6);
	tcase_add_test(tcase, without_memory_no_exchange_is_begun);
	tcase_add_test(tcase, without_memory_no_challenge_is_taken);
	tcase_add_loop_test(tcase, without_memory_nothing_is_said, 0,
			    mechanism_count);
}

int
main(void)
{
	Suite *suite = suite_create("sasl");
	TCase *tcase;

	peer_sasl_prepare(true);
	add_making(suite);

	tcase = sasl_pair_case(suite, "sasl_exchange_start");
	tcase_add_loop_test(tcase,
			    no_password_is_sent_where_that_is_not_allowed, 0,
			    4);
	tcase_add_loop_test(tcase, mechanism_without_its_password_is_not_used,
			    0, 4);
	tcase_add_test(tcase, answer_that_is_too_long_is_not_said);
	tcase_add_loop_test(tcase, mechanism_that_is_not_there_is_told, 0, 2);
	return suite_run(suite);
}

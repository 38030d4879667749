/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One smtpc_tls, shared by 64 threads that have sessions of their own, over
 * pairs of sockets.  It makes most sense under ThreadSanitizer:
 *
 *	meson setup build-threads -Db_sanitize=thread -Db_lundef=false
 *	ninja -C build-threads tests/scenarios/test_tls_threads
 *	build-threads/tests/scenarios/test_tls_threads
 */
#include <check.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <smtpc/smtpc.h>

#include "certs.h"

#define THREADS	 64
#define SESSIONS 4

/* Fewer ports than threads: they take each other's tickets. */
#define PORTS 8

static struct certificates *certificates;
static gnutls_certificate_credentials_t server_credentials;
static gnutls_datum_t ticket_key;
static smtpc_tls *shared;
static atomic_int good, resumed, agreed;

/*
 * A server for one connection, in a thread of its own.
 */

struct server {
	pthread_t thread;
	int fd;
	bool is_resumed;
};

static bool
say(gnutls_session_t session, const char *text)
{
	return gnutls_record_send(session, text, strlen(text)) > 0;
}

/* One answer a line, and lines come one at a time. */
static void
talk(gnutls_session_t session)
{
	char line[1024];
	ssize_t len;

	if (!say(session, "220 mx.example.test ESMTP\r\n"))
		return;
	for (;;) {
		do
			len = gnutls_record_recv(session, line, sizeof(line));
		while (len == GNUTLS_E_AGAIN || len == GNUTLS_E_INTERRUPTED);
		if (len <= 0)
			return;
		if (!say(session, memcmp(line, "QUIT", 4) == 0
				      ? "221 bye\r\n"
				      : "250 mx.example.test\r\n"))
			return;
	}
}

static void *
serve(void *argument)
{
	struct server *server = argument;
	gnutls_session_t session;
	int rc;

	if (gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL) < 0)
		return NULL;
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
			       server_credentials);
	gnutls_session_ticket_enable_server(session, &ticket_key);
	gnutls_transport_set_int(session, server->fd);
	do
		rc = gnutls_handshake(session);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	if (rc == 0) {
		server->is_resumed = gnutls_session_is_resumed(session) != 0;
		talk(session);
	}
	gnutls_deinit(session);
	close(server->fd);
	return NULL;
}

/*
 * A client: several sessions, one after the other.
 */

static bool
prepare(smtpc_session *session)
{
	return smtpc_session_set_tls_mode(session, SMTPC_TLS_IMPLICIT) ==
		   SMTPC_OK &&
	       smtpc_session_set_client_domain(session,
					       "client.example.test") ==
		   SMTPC_OK &&
	       smtpc_session_set_tls(session, shared) == SMTPC_OK;
}

static bool
visit(smtpc_session *session, int fd, int port)
{
	int rc = smtpc_attach(session, fd, "mx.example.test", port);

	if (rc < 0)
		close(fd);
	return rc == SMTPC_OK && smtpc_ehlo(session) == SMTPC_OK &&
	       smtpc_session_tls_trust(session) == SMTPC_TRUST_VERIFIED;
}

static void
run_session(int port)
{
	struct server server = { .fd = -1 };
	smtpc_session *session;
	bool says_resumed = false;
	bool is_good = false;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return;
	server.fd = ends[1];
	if (pthread_create(&server.thread, NULL, serve, &server) != 0)
		return;
	if (smtpc_session_new(&session) == SMTPC_OK) {
		is_good = prepare(session) && visit(session, ends[0], port);
		says_resumed = smtpc_session_tls_is_resumed(session) == 1;
		is_good = smtpc_quit(session) == SMTPC_OK && is_good;
		smtpc_session_free(session);
	}
	pthread_join(server.thread, NULL);
	atomic_fetch_add(&good, is_good);
	atomic_fetch_add(&resumed, server.is_resumed);
	atomic_fetch_add(&agreed, server.is_resumed == says_resumed);
}

static void *
run_sessions(void *argument)
{
	const int *number = argument;
	int i;

	for (i = 0; i < SESSIONS; i++)
		run_session(1000 + *number % PORTS);
	return NULL;
}

static void
set_up(void)
{
	gnutls_datum_t pem;

	certificates = certificates_new();
	ck_assert_ptr_nonnull(certificates);
	ck_assert_int_eq(gnutls_certificate_allocate_credentials(
			     &server_credentials),
			 0);
	ck_assert_int_eq(credentials_hand_over(certificates_get(certificates,
								"server"),
					       server_credentials),
			 0);
	ck_assert_int_eq(gnutls_session_ticket_key_generate(&ticket_key), 0);
	ck_assert_int_eq(credentials_pem(certificates_get(certificates, "ca"),
					 &pem),
			 0);
	ck_assert_int_eq(smtpc_tls_new(&shared), SMTPC_OK);
	ck_assert_int_eq(smtpc_tls_set_trust_system(shared, 0), SMTPC_OK);
	ck_assert_int_eq(smtpc_tls_add_trust_memory(shared, pem.data, pem.size),
			 SMTPC_OK);
	gnutls_free(pem.data);
}

static void
tear_down(void)
{
	smtpc_tls_free(shared);
	gnutls_certificate_free_credentials(server_credentials);
	gnutls_free(ticket_key.data);
	certificates_free(certificates);
}

START_TEST(D_101_64_threads_share_settings_and_resume_one_another_s_sessions)
{
	pthread_t threads[THREADS];
	int numbers[THREADS];
	int i;

	for (i = 0; i < THREADS; i++) {
		numbers[i] = i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, run_sessions,
						&numbers[i]),
				 0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(atomic_load(&good), THREADS * SESSIONS);
	ck_assert_int_eq(atomic_load(&agreed), THREADS * SESSIONS);
	/* Each thread's second session finds a ticket, unless it was taken. */
	ck_assert_int_gt(atomic_load(&resumed), THREADS);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls_threads");
	TCase *tcase = tcase_create("threads");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 280);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(
	    tcase,
	    D_101_64_threads_share_settings_and_resume_one_another_s_sessions);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

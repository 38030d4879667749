/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * 64 threads that authenticate at the same time, each as a user of its own,
 * by mechanisms of the library's and of Cyrus SASL's modules, from the first
 * use of Cyrus SASL in the process on.  It makes most sense under
 * ThreadSanitizer:
 *
 *	meson setup build-threads -Db_sanitize=thread -Db_lundef=false
 *	ninja -C build-threads tests/scenarios/test_auth_threads
 *	build-threads/tests/scenarios/test_auth_threads
 */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <smtpc/smtpc.h>

#include "auth_server.h"

#define THREADS	 64
#define SESSIONS 8

/* DIGEST-MD5 keeps what it knows of a server for all sessions with it. */
static const char *const mechanisms[] = {
	"SCRAM-SHA-256", "DIGEST-MD5", "PLAIN",	      "XOAUTH2",
	"SCRAM-SHA-512", "LOGIN",      "OAUTHBEARER", "CRAM-MD5",
};

#define MECHANISMS (sizeof(mechanisms) / sizeof(mechanisms[0]))

static atomic_int right, wrong;
static pthread_barrier_t barrier;

struct person {
	int number;
	char name[32], password[32], token[32];
	struct auth_server server;
};

static bool
introduce(smtpc_session *session, struct person *person, const char *mechanism)
{
	return smtpc_session_set_tls_mode(session, SMTPC_TLS_NONE) ==
		   SMTPC_OK &&
	       smtpc_session_set_plaintext_auth(session, 1) == SMTPC_OK &&
	       smtpc_session_set_client_domain(session,
					       "client.example.test") ==
		   SMTPC_OK &&
	       smtpc_session_set_mechanisms(session, mechanism) == SMTPC_OK &&
	       smtpc_session_set_credentials(session, NULL, person->name,
					     person->password) == SMTPC_OK &&
	       smtpc_session_set_oauth_token(session, person->name,
					     person->token) == SMTPC_OK;
}

/* What came of AUTH; SMTPC_E_SYSTEM if it did not come so far. */
static int
visit(smtpc_session *session, struct person *person, const char *mechanism,
      int fd)
{
	int rc = SMTPC_E_SYSTEM;

	if (introduce(session, person, mechanism) &&
	    smtpc_attach(session, fd, AUTH_SERVER_HOST, 587) == SMTPC_OK &&
	    smtpc_ehlo(session) == SMTPC_OK)
		rc = smtpc_auth(session);
	smtpc_quit(session);
	return rc;
}

/* Each server knows one user, and every third time another than who comes. */
static void
run_session(struct person *person, int session_number)
{
	const char *mechanism =
	    mechanisms[(size_t)(person->number + session_number) % MECHANISMS];
	bool is_right = session_number % 3 != 2;
	struct auth_server *server = &person->server;
	smtpc_session *session;
	int fd, rc;

	memset(server, 0, sizeof(*server));
	server->mechanisms = mechanism;
	server->user = person->name;
	server->password = is_right ? person->password : "another";
	server->token = is_right ? person->token : "another";
	fd = auth_server_start(server);
	if (fd < 0)
		return;
	if (smtpc_session_new(&session) == SMTPC_OK) {
		rc = visit(session, person, mechanism, fd);
		atomic_fetch_add(&right, is_right && rc == SMTPC_OK);
		atomic_fetch_add(&wrong,
				 !is_right && rc == SMTPC_E_AUTH_REJECTED);
		if (is_right != (rc == SMTPC_OK))
			printf("# %s: %d: %s\n", mechanism, rc,
			       smtpc_error_message(session));
		smtpc_session_free(session);
	}
	auth_server_join(server);
}

static void *
run_sessions(void *argument)
{
	struct person *person = calloc(1, sizeof(*person));
	int i;

	if (person == NULL)
		return NULL;
	person->number = *(const int *)argument;
	snprintf(person->name, sizeof(person->name), "user%d", person->number);
	snprintf(person->password, sizeof(person->password), "password%d",
		 person->number * 7919);
	snprintf(person->token, sizeof(person->token), "token%d",
		 person->number * 7919);
	pthread_barrier_wait(&barrier);
	for (i = 0; i < SESSIONS; i++)
		run_session(person, i);
	free(person);
	return NULL;
}

START_TEST(sixty_four_threads_authenticate_as_users_of_their_own)
{
	pthread_t threads[THREADS];
	int numbers[THREADS];
	int i;

	ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, THREADS), 0);
	for (i = 0; i < THREADS; i++) {
		numbers[i] = i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, run_sessions,
						&numbers[i]),
				 0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	/* Sessions 2 and 5 of each thread's eight are refused. */
	ck_assert_int_eq(atomic_load(&right), THREADS * 6);
	ck_assert_int_eq(atomic_load(&wrong), THREADS * 2);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("auth_threads");
	TCase *tcase = tcase_create("threads");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 280);
	tcase_add_test(tcase,
		       sixty_four_threads_authenticate_as_users_of_their_own);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The library as a plug-in's: loaded at run time, used in a thread, unloaded.
 * It is not linked; SMTPC_LIBRARY names it.
 */
#include <check.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sasl/sasl.h>
#include <stdlib.h>
#include <string.h>

#include <smtpc/smtpc.h>

#include "auth_server.h"

struct calls {
	int (*version)(void);
	int (*session_new)(smtpc_session **ret_session);
	void (*session_free)(smtpc_session *session);
	int (*set_blocking)(smtpc_session *session, int on);
	int (*set_tls)(smtpc_session *session, smtpc_tls *tls);
	int (*set_credentials)(smtpc_session *session, const char *authzid,
			       const char *authcid, const char *password);
	int (*state)(const smtpc_session *session);
	int (*connect)(smtpc_session *session, const char *host, int port);
	int (*connect_unix)(smtpc_session *session, const char *path);
	const char *(*error_message)(const smtpc_session *session);
	int (*tls_new)(smtpc_tls **ret_tls);
	void (*tls_free)(smtpc_tls *tls);
	const char *wrong; /* what use() met, or NULL */
};

static void *
load(void)
{
	const char *file = getenv("SMTPC_LIBRARY");
	void *library;

	ck_assert_msg(file != NULL, "SMTPC_LIBRARY is not set");
	library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	ck_assert_msg(library != NULL, "%s", dlerror());
	return library;
}

/* POSIX has a pointer to a function fit into one to an object. */
static void
find(void *library, const char *name, void *ret_function)
{
	void *symbol;

	symbol = dlsym(library, name);
	ck_assert_msg(symbol != NULL, "%s", dlerror());
	memcpy(ret_function, &symbol, sizeof(symbol));
}

static void
find_calls(void *library, struct calls *calls)
{
	find(library, "smtpc_version", &calls->version);
	find(library, "smtpc_session_new", &calls->session_new);
	find(library, "smtpc_session_free", &calls->session_free);
	find(library, "smtpc_session_set_blocking", &calls->set_blocking);
	find(library, "smtpc_session_set_tls", &calls->set_tls);
	find(library, "smtpc_session_set_credentials", &calls->set_credentials);
	find(library, "smtpc_session_state", &calls->state);
	find(library, "smtpc_connect", &calls->connect);
	find(library, "smtpc_connect_unix", &calls->connect_unix);
	find(library, "smtpc_error_message", &calls->error_message);
	find(library, "smtpc_tls_new", &calls->tls_new);
	find(library, "smtpc_tls_free", &calls->tls_free);
}

/* A thread's function: as much as goes without a server. */
static void *
use(void *userdata)
{
	struct calls *calls = userdata;
	smtpc_session *session = NULL;
	smtpc_tls *tls = NULL;

	calls->wrong = NULL;
	if (calls->version() != SMTPC_VERSION)
		calls->wrong = "the version is another";
	else if (calls->session_new(&session) != SMTPC_OK)
		calls->wrong = "no session";
	else if (calls->tls_new(&tls) != SMTPC_OK)
		calls->wrong = "no TLS settings";
	else if (calls->set_tls(session, tls) != SMTPC_OK)
		calls->wrong = "TLS settings are not taken";
	else if (calls->set_credentials(session, NULL, "u", "p") != SMTPC_OK)
		calls->wrong = "credentials are not taken";
	else if (calls->connect_unix(session, "/nonexistent/socket") >= 0)
		calls->wrong = "connected to nothing";
	else if (calls->error_message(session)[0] == '\0')
		calls->wrong = "no error message";

	calls->tls_free(tls);
	calls->session_free(session);
	return NULL;
}

START_TEST(library_that_is_loaded_at_run_time_works_in_a_thread)
{
	struct calls calls;
	pthread_t thread;
	void *library;

	library = load();
	find_calls(library, &calls);
	ck_assert_int_eq(pthread_create(&thread, NULL, use, &calls), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_msg(calls.wrong == NULL, "%s", calls.wrong);
	ck_assert_int_eq(dlclose(library), 0);
}
END_TEST

START_TEST(library_that_was_unloaded_stays_in_memory)
{
	const char *file = getenv("SMTPC_LIBRARY");
	struct calls calls;
	void *library;

	library = load();
	find_calls(library, &calls);
	ck_assert_int_eq(dlclose(library), 0);
	ck_assert_ptr_nonnull(dlopen(file, RTLD_NOW | RTLD_NOLOAD));
	use(&calls);
	ck_assert_msg(calls.wrong == NULL, "%s", calls.wrong);
}
END_TEST

START_TEST(library_can_be_loaded_again_and_again)
{
	struct calls calls;
	void *library;
	int i;

	for (i = 0; i < 5; i++) {
		library = load();
		find_calls(library, &calls);
		use(&calls);
		ck_assert_msg(calls.wrong == NULL, "%s", calls.wrong);
		ck_assert_int_eq(dlclose(library), 0);
	}
}
END_TEST

/* What it takes to authenticate. */
struct auth_calls {
	int (*session_new)(smtpc_session **ret_session);
	void (*session_free)(smtpc_session *session);
	int (*set_tls_mode)(smtpc_session *session, int mode);
	int (*set_plaintext_auth)(smtpc_session *session, int allow);
	int (*set_credentials)(smtpc_session *session, const char *authzid,
			       const char *authcid, const char *password);
	int (*attach)(smtpc_session *session, int fd, const char *host,
		      int port);
	int (*ehlo)(smtpc_session *session);
	int (*auth)(smtpc_session *session);
};

static void
find_auth_calls(void *library, struct auth_calls *calls)
{
	find(library, "smtpc_session_new", &calls->session_new);
	find(library, "smtpc_session_free", &calls->session_free);
	find(library, "smtpc_session_set_tls_mode", &calls->set_tls_mode);
	find(library, "smtpc_session_set_plaintext_auth",
	     &calls->set_plaintext_auth);
	find(library, "smtpc_session_set_credentials", &calls->set_credentials);
	find(library, "smtpc_attach", &calls->attach);
	find(library, "smtpc_ehlo", &calls->ehlo);
	find(library, "smtpc_auth", &calls->auth);
}

/* The library is loaded, authenticates, and is unloaded. */
static void
load_and_authenticate(const char *mechanism)
{
	static struct auth_server server;
	struct auth_calls calls;
	smtpc_session *session;
	void *library;
	int fd;

	library = load();
	find_auth_calls(library, &calls);
	memset(&server, 0, sizeof(server));
	server.mechanisms = mechanism;
	server.password = "wonderland";
	fd = auth_server_start(&server);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(calls.session_new(&session), SMTPC_OK);
	ck_assert_int_eq(calls.set_tls_mode(session, SMTPC_TLS_NONE), SMTPC_OK);
	calls.set_plaintext_auth(session, 1);
	ck_assert_int_eq(calls.set_credentials(session, NULL, "alice",
					       "wonderland"),
			 SMTPC_OK);
	ck_assert_int_eq(calls.attach(session, fd, AUTH_SERVER_HOST, 587),
			 SMTPC_OK);
	ck_assert_int_eq(calls.ehlo(session), SMTPC_OK);
	ck_assert_int_eq(calls.auth(session), SMTPC_OK);
	calls.session_free(session);
	auth_server_join(&server);
	ck_assert_int_eq(dlclose(library), 0);
}

/* Plug-ins that were registered, and are no more mapped, would be called. */
static void
list_mechanisms(void)
{
	sasl_conn_t *sasl = NULL;
	const char *list, *used, *out;
	unsigned int len;

	ck_assert_int_eq(sasl_client_new("ldap", "ldap.example.test", NULL,
					 NULL, NULL, 0, &sasl),
			 SASL_OK);
	ck_assert_int_eq(sasl_listmech(sasl, NULL, " ", " ", " ", &list, NULL,
				       NULL),
			 SASL_OK);
	ck_assert_ptr_nonnull(strstr(list, " EXTERNAL "));
	ck_assert_int_lt(sasl_client_start(sasl, "NONE", NULL, &out, &len,
					   &used),
			 0);
	sasl_dispose(&sasl);
}

START_TEST(another_user_of_Cyrus_SASL_goes_on_when_the_library_has_gone)
{
	ck_assert_int_eq(sasl_client_init(NULL), SASL_OK);
	load_and_authenticate("PLAIN");
	list_mechanisms();
	load_and_authenticate("SCRAM-SHA-256");
	list_mechanisms();
	sasl_client_done();
	load_and_authenticate("LOGIN");
}
END_TEST

START_TEST(and_so_does_one_who_comes_afterwards)
{
	load_and_authenticate("PLAIN");
	ck_assert_int_eq(sasl_client_init(NULL), SASL_OK);
	list_mechanisms();
	sasl_client_done();
	sasl_done();
	load_and_authenticate("PLAIN");
}
END_TEST

/*
 * The helper thread looks a name up while session and library go.  The last
 * thread to end ends the process, with 0; nothing waits for a certain time.
 */
START_TEST(helper_thread_outlives_session_and_library)
{
	smtpc_session *session;
	struct calls calls;
	void *library;
	int rc;

	library = load();
	find_calls(library, &calls);
	if (calls.session_new(&session) != SMTPC_OK ||
	    calls.set_blocking(session, 0) != SMTPC_OK)
		exit(1);
	/* A fast helper has been refused by now. */
	rc = calls.connect(session, "localhost", 1);
	if (rc >= 0 && rc != SMTPC_AGAIN)
		exit(2);
	calls.session_free(session);
	if (dlclose(library) != 0)
		exit(3);
	pthread_exit(NULL);
}
END_TEST

int
main(void)
{
	SRunner *runner;
	Suite *suite;
	TCase *tcase;
	int failed;

	suite = suite_create("dlopen");
	tcase = tcase_create("dlopen");
	tcase_add_test(tcase,
		       library_that_is_loaded_at_run_time_works_in_a_thread);
	tcase_add_test(tcase, library_that_was_unloaded_stays_in_memory);
	tcase_add_test(tcase, library_can_be_loaded_again_and_again);
	tcase_add_test(
	    tcase,
	    another_user_of_Cyrus_SASL_goes_on_when_the_library_has_gone);
	tcase_add_test(tcase, and_so_does_one_who_comes_afterwards);
	tcase_add_exit_test(tcase, helper_thread_outlives_session_and_library,
			    0);
	suite_add_tcase(suite, tcase);

	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connecting for real: over TCP on the loopback interface and over a UNIX
 * socket, with a name service of the test's own, in the caller's thread or
 * with the helper; and authentication with the helper.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "driving.h"
#include "resolve.h"
#include "scratch.h"

static struct driven driven;
static size_t descriptors_before, threads_before;
static int listener;
static int port;

static struct sockaddr_in
loopback(int number)
{
	struct sockaddr_in address;

	memset(&address, 0, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)number);
	return address;
}

/* A listening socket, on a port that is free. */
static int
listen_somewhere(int *ret_port)
{
	struct sockaddr_in address = loopback(0);
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

/* A port on which nobody listens: bound, so that nobody else will. */
static int
bind_deaf(int *ret_port)
{
	struct sockaddr_in address = loopback(0);
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static void
set_up(void)
{
	descriptors_before = descriptors_open();
	threads_before = threads_running();
	driven_new(&driven);
	listener = listen_somewhere(&port);
}

/* A thread that helped ends in its own time; then nothing is left. */
static void
tear_down(void)
{
	driven_free(&driven);
	close(listener);
	while (threads_running() != threads_before)
		sched_yield();
	ck_assert_uint_eq(descriptors_open(), descriptors_before);
}

/* Until the step is over, or the server has something to do. */
static int
wait_and_process(void)
{
	ck_assert_int_eq(smtpc_wait(driven.session, SMTPC_FOREVER), SMTPC_OK);
	return smtpc_process(driven.session);
}

/* Whether somebody has connected. */
static bool
is_called(void)
{
	struct pollfd call = { listener, POLLIN, 0 };

	return poll(&call, 1, 0) == 1;
}

static void
accept_and_greet(void)
{
	driven.server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(driven.server, 0);
	driven_say(&driven, "220 mx.example.test\r\n");
}

static int
finish(void)
{
	int rc;

	do
		rc = wait_and_process();
	while (rc == SMTPC_AGAIN);
	return rc;
}

/*
 * Addresses.
 */

START_TEST(a_numeric_host_is_connected_to)
{
	char peer[32];

	ck_assert_int_eq(smtpc_connect(driven.session, "127.0.0.1", port),
			 SMTPC_AGAIN);
	accept_and_greet();
	ck_assert_int_eq(finish(), SMTPC_OK);
	snprintf(peer, sizeof(peer), "127.0.0.1:%d", port);
	ck_assert_str_eq(smtpc_session_peer_address(driven.session), peer);
}
END_TEST

START_TEST(the_local_address_is_the_argument_of_EHLO)
{
	ck_assert_int_eq(smtpc_session_set_client_domain(driven.session, NULL),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_connect(driven.session, "127.0.0.1", port),
			 SMTPC_AGAIN);
	accept_and_greet();
	ck_assert_int_eq(finish(), SMTPC_OK);
	ck_assert_int_eq(smtpc_ehlo(driven.session), SMTPC_AGAIN);
	driven_expect(&driven, "EHLO [127.0.0.1]\r\n");
}
END_TEST

START_TEST(a_port_on_which_nobody_listens_is_refused)
{
	int deaf_port;
	int deaf = bind_deaf(&deaf_port);
	int rc = smtpc_connect(driven.session, "127.0.0.1", deaf_port);

	if (rc == SMTPC_AGAIN)
		rc = finish();
	ck_assert_int_eq(rc, SMTPC_E_SYSTEM);
	ck_assert_int_eq(smtpc_error_errno(driven.session), ECONNREFUSED);
	ck_assert_int_eq(smtpc_error_phase(driven.session),
			 SMTPC_PHASE_CONNECT);
	ck_assert_int_eq(smtpc_error_safe_to_retry(driven.session), 1);
	ck_assert_int_eq(smtpc_session_state(driven.session), SMTPC_STATE_DEAD);
	close(deaf);
}
END_TEST

/* The listener listens on a path from now on. */
static void
listen_on_a_path(void)
{
	struct sockaddr_un name;

	scratch_empty();
	memset(&name, 0, sizeof(name));
	name.sun_family = AF_UNIX;
	snprintf(name.sun_path, sizeof(name.sun_path), "%s",
		 scratch_path("smtp"));
	close(listener);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&name, sizeof(name)),
			 0);
	ck_assert_int_eq(listen(listener, 5), 0);
}

START_TEST(a_UNIX_socket_is_connected_to)
{
	const char *path = scratch_path("smtp");

	listen_on_a_path();
	ck_assert_int_eq(smtpc_connect_unix(driven.session, path), SMTPC_AGAIN);
	accept_and_greet();
	ck_assert_int_eq(finish(), SMTPC_OK);
	ck_assert_str_eq(smtpc_session_peer_address(driven.session), path);
	ck_assert_int_eq(smtpc_disconnect(driven.session), SMTPC_OK);
	unlink(path);
	/* Now there is no such socket. */
	ck_assert_int_eq(smtpc_connect_unix(driven.session, path),
			 SMTPC_E_SYSTEM);
	ck_assert_int_eq(smtpc_error_errno(driven.session), ENOENT);
}
END_TEST

/* Nobody listens in on it, and no certificate is for a path. */
START_TEST(over_a_UNIX_socket_no_TLS_is_needed_unless_it_is_demanded)
{
	static const int modes[] = { SMTPC_TLS_AUTO, SMTPC_TLS_OPPORTUNISTIC,
				     SMTPC_TLS_STARTTLS };
	bool is_demanded = modes[_i] == SMTPC_TLS_STARTTLS;

	ck_assert_int_eq(smtpc_session_set_tls_mode(driven.session, modes[_i]),
			 SMTPC_OK);
	listen_on_a_path();
	ck_assert_int_eq(smtpc_connect_unix(driven.session,
					    scratch_path("smtp")),
			 SMTPC_AGAIN);
	accept_and_greet();
	ck_assert_int_eq(finish(), SMTPC_OK);
	ck_assert_int_eq(smtpc_ehlo(driven.session), SMTPC_AGAIN);
	driven_expect(&driven, "EHLO client.example.test\r\n");
	driven_say(&driven, "250-mx.example.test\r\n250 PIPELINING\r\n");
	ck_assert_int_eq(finish(), SMTPC_OK);
	if (is_demanded) {
		ck_assert_int_eq(smtpc_send(driven.session, driven.mail),
				 SMTPC_E_TLS_REQUIRED);
		ck_assert_str_eq(smtpc_error_detail(driven.session),
				 "tls-not-offered");
		driven_expect(&driven, "");
	} else {
		driven_begin_mail(&driven);
	}
}
END_TEST

START_TEST(a_path_that_is_none_is_refused)
{
	char path[300];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(smtpc_connect_unix(driven.session, path),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_connect_unix(driven.session, ""),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_connect_unix(driven.session, NULL),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_state(driven.session),
			 SMTPC_STATE_DISCONNECTED);
}
END_TEST

/*
 * Names.  The name service is the test's; it can be made to wait.
 */

static struct {
	int result;   /* EAI_..., or 0 */
	int ports[4]; /* of the addresses, up to a 0 */
	bool waits;   /* for go */
	sem_t go, asked, leaving;
	char host[64];
} names;

/* As getaddrinfo() makes it, so that freeaddrinfo() can have it. */
static struct addrinfo *
make_address(int number)
{
	struct addrinfo hints, *found = NULL;
	char service[16];

	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_INET;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
	snprintf(service, sizeof(service), "%d", number);
	ck_assert_int_eq(getaddrinfo("127.0.0.1", service, &hints, &found), 0);
	return found;
}

static int
look_up(const char *host, const char *service, const struct addrinfo *hints,
	struct addrinfo **ret_found)
{
	struct addrinfo **end = ret_found;
	int i;

	(void)service;
	if (hints->ai_flags & AI_NUMERICHOST)
		return EAI_NONAME;
	snprintf(names.host, sizeof(names.host), "%s", host);
	sem_post(&names.asked);
	if (names.waits)
		sem_wait(&names.go);
	*ret_found = NULL;
	for (i = 0; names.result == 0 && names.ports[i] != 0; i++) {
		*end = make_address(names.ports[i]);
		end = &(*end)->ai_next;
	}
	sem_post(&names.leaving);
	return names.result;
}

static void
set_up_names(void)
{
	set_up();
	memset(&names, 0, sizeof(names));
	sem_init(&names.go, 0, 0);
	sem_init(&names.asked, 0, 0);
	sem_init(&names.leaving, 0, 0);
	resolve_source = look_up;
	names.ports[0] = port;
}

START_TEST(a_name_is_looked_up_without_blocking)
{
	uint32_t events;
	int fd;

	names.waits = true;
	ck_assert_int_eq(smtpc_connect(driven.session, "mx.example.test", port),
			 SMTPC_AGAIN);
	sem_wait(&names.asked);
	ck_assert_uint_eq(smtpc_session_fd_count(driven.session), 1);
	ck_assert_int_eq(smtpc_session_fd_at(driven.session, 0, &fd, &events),
			 SMTPC_OK);
	ck_assert_uint_eq(events, SMTPC_WANT_READ);
	ck_assert_int_gt(smtpc_session_next_timeout(driven.session), 0);
	ck_assert_int_le(smtpc_session_next_timeout(driven.session), 30000);
	ck_assert_int_eq(smtpc_wait(driven.session, 0), SMTPC_AGAIN);
	ck_assert_int_eq(smtpc_process(driven.session), SMTPC_AGAIN);
	sem_post(&names.go);
	ck_assert_int_eq(wait_and_process(), SMTPC_AGAIN);
	accept_and_greet();
	ck_assert_int_eq(finish(), SMTPC_OK);
	ck_assert_str_eq(names.host, "mx.example.test");
}
END_TEST

START_TEST(a_look_up_that_takes_too_long_ends_in_a_time_out)
{
	names.waits = true;
	ck_assert_int_eq(smtpc_session_set_timeout(driven.session,
						   SMTPC_PHASE_RESOLVE, 1),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_blocking(driven.session, 1),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_connect(driven.session, "mx.example.test", port),
			 SMTPC_E_TIMEOUT);
	ck_assert_int_eq(smtpc_error_phase(driven.session),
			 SMTPC_PHASE_RESOLVE);
	/* The thread ends by itself. */
	sem_post(&names.go);
	sem_wait(&names.leaving);
}
END_TEST

START_TEST(a_look_up_can_be_given_up)
{
	names.waits = true;
	ck_assert_int_eq(smtpc_connect(driven.session, "mx.example.test", port),
			 SMTPC_AGAIN);
	sem_wait(&names.asked);
	ck_assert_int_eq(smtpc_disconnect(driven.session), SMTPC_OK);
	ck_assert_uint_eq(smtpc_session_fd_count(driven.session), 0);
	names.waits = false;
	sem_post(&names.go);
	sem_wait(&names.leaving);
	/* And done again, which has nothing to do with the one before. */
	ck_assert_int_eq(smtpc_connect(driven.session, "mx.example.test", port),
			 SMTPC_AGAIN);
	while (!is_called())
		ck_assert_int_eq(wait_and_process(), SMTPC_AGAIN);
	accept_and_greet();
	ck_assert_int_eq(finish(), SMTPC_OK);
}
END_TEST

START_TEST(a_session_can_be_freed_while_its_host_is_looked_up)
{
	names.waits = true;
	ck_assert_int_eq(smtpc_connect(driven.session, "mx.example.test", port),
			 SMTPC_AGAIN);
	sem_wait(&names.asked);
	smtpc_session_free(driven.session);
	driven.session = NULL;
	sem_post(&names.go);
	sem_wait(&names.leaving);
}
END_TEST

static void
check_look_up_fails(int result, int expected)
{
	names.result = result;
	ck_assert_int_eq(smtpc_session_set_blocking(driven.session, 1),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_connect(driven.session, "mx.example.test", port),
			 expected);
	ck_assert_int_eq(smtpc_error_phase(driven.session),
			 SMTPC_PHASE_RESOLVE);
	ck_assert_int_eq(smtpc_session_state(driven.session), SMTPC_STATE_DEAD);
}

START_TEST(a_name_that_there_is_not)
{
	check_look_up_fails(EAI_NONAME, SMTPC_E_RESOLVE);
}
END_TEST

START_TEST(a_name_service_that_fails_for_now)
{
	check_look_up_fails(EAI_AGAIN, SMTPC_E_RESOLVE_LATER);
}
END_TEST

START_TEST(a_name_without_any_address)
{
	names.ports[0] = 0;
	check_look_up_fails(0, SMTPC_E_RESOLVE);
}
END_TEST

START_TEST(each_address_is_tried)
{
	int deaf = bind_deaf(&names.ports[0]);

	names.ports[1] = port;
	ck_assert_int_eq(smtpc_connect(driven.session, "mx.example.test", port),
			 SMTPC_AGAIN);
	while (!is_called())
		ck_assert_int_eq(wait_and_process(), SMTPC_AGAIN);
	accept_and_greet();
	ck_assert_int_eq(finish(), SMTPC_OK);
	close(deaf);
}
END_TEST

START_TEST(when_no_address_answers_the_last_failure_is_told)
{
	int deaf = bind_deaf(&names.ports[0]);
	int other = bind_deaf(&names.ports[1]);

	ck_assert_int_eq(smtpc_session_set_blocking(driven.session, 1),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_connect(driven.session, "mx.example.test", port),
			 SMTPC_E_SYSTEM);
	ck_assert_int_eq(smtpc_error_errno(driven.session), ECONNREFUSED);
	close(deaf);
	close(other);
}
END_TEST

START_TEST(without_the_helper_the_name_is_looked_up_at_once)
{
	ck_assert_int_eq(smtpc_session_set_helper_thread(driven.session, 0),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_connect(driven.session, "mx.example.test", port),
			 SMTPC_AGAIN);
	/* It was in this thread, or this would not be there yet. */
	ck_assert_int_eq(sem_trywait(&names.leaving), 0);
	accept_and_greet();
	ck_assert_int_eq(finish(), SMTPC_OK);
}
END_TEST

/*
 * A blocking session, whose server has to be somewhere else.
 */

static void
answer(int fd, const char *expected, const char *reply)
{
	char heard[512];
	size_t len = 0;
	ssize_t more;

	while (len < strlen(expected)) {
		more = recv(fd, heard + len, sizeof(heard) - 1 - len, 0);
		if (more <= 0)
			return;
		len += (size_t)more;
	}
	(void)send(fd, reply, strlen(reply), MSG_NOSIGNAL);
}

static void *
serve(void *unused)
{
	static const char greeting[] = "220 mx.example.test\r\n";
	static const char envelope[] = "MAIL FROM:<alice@example.test>\r\n"
				       "RCPT TO:<bob@example.test>\r\nDATA\r\n";
	static const char hello[] = "Subject: hello\r\n\r\nHello.\r\n.\r\n";
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return unused;
	(void)send(fd, greeting, strlen(greeting), MSG_NOSIGNAL);
	answer(fd, "EHLO client.example.test\r\n",
	       "250-mx.example.test\r\n250 PIPELINING\r\n");
	answer(fd, envelope, "250 ok\r\n250 ok\r\n354 go on\r\n");
	answer(fd, hello, "250 taken\r\n");
	answer(fd, "QUIT\r\n", "221 bye\r\n");
	close(fd);
	return unused;
}

START_TEST(a_blocking_session_sends_a_message_over_TCP)
{
	pthread_t server;

	ck_assert_int_eq(pthread_create(&server, NULL, serve, NULL), 0);
	ck_assert_int_eq(smtpc_session_set_blocking(driven.session, 1),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_open(driven.session, "mx.example.test", port),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_send(driven.session, driven.mail), SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(driven.mail, 0),
			 SMTPC_OUTCOME_ACCEPTED);
	ck_assert_int_eq(smtpc_quit(driven.session), SMTPC_OK);
	pthread_join(server, NULL);
}
END_TEST

/*
 * The helper of AUTH: Cyrus SASL is used for the first time, which reads its
 * plug-ins.
 */

static void
begin_auth(void)
{
	driven_make_ready(&driven);
	ck_assert_int_eq(smtpc_session_set_credentials(driven.session, NULL,
						       "alice", "secret"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_plaintext_auth(driven.session, 1),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_mechanisms(driven.session, "PLAIN"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_auth(driven.session), SMTPC_AGAIN);
}

START_TEST(authentication_waits_for_its_helper)
{
	char octet;
	ssize_t len;

	begin_auth();
	/* Until there is something for the server. */
	for (;;) {
		len = recv(driven.server, &octet, 1, MSG_DONTWAIT | MSG_PEEK);
		if (len == 1)
			break;
		ck_assert_int_eq(wait_and_process(), SMTPC_AGAIN);
	}
	driven_expect(&driven, "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n");
	driven_say(&driven, "235 welcome\r\n");
	ck_assert_int_eq(finish(), SMTPC_OK);
	ck_assert_str_eq(smtpc_session_mechanism(driven.session), "PLAIN");
}
END_TEST

START_TEST(authentication_can_be_given_up_with_its_helper_at_work)
{
	begin_auth();
	ck_assert_int_eq(smtpc_disconnect(driven.session), SMTPC_OK);
	driven_hang_up(&driven);
	ck_assert_int_eq(smtpc_session_state(driven.session),
			 SMTPC_STATE_DISCONNECTED);
}
END_TEST

static void
add_addresses(Suite *suite)
{
	TCase *tcase = tcase_create("addresses");

	scratch_add(tcase);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_numeric_host_is_connected_to);
	tcase_add_test(tcase, the_local_address_is_the_argument_of_EHLO);
	tcase_add_test(tcase, a_port_on_which_nobody_listens_is_refused);
	tcase_add_test(tcase, a_UNIX_socket_is_connected_to);
	tcase_add_loop_test(
	    tcase, over_a_UNIX_socket_no_TLS_is_needed_unless_it_is_demanded, 0,
	    3);
	tcase_add_test(tcase, a_path_that_is_none_is_refused);
	tcase_add_test(tcase, authentication_waits_for_its_helper);
	tcase_add_test(tcase,
		       authentication_can_be_given_up_with_its_helper_at_work);
	suite_add_tcase(suite, tcase);
}

static void
add_names(Suite *suite)
{
	TCase *tcase = tcase_create("names");

	tcase_add_checked_fixture(tcase, set_up_names, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_name_is_looked_up_without_blocking);
	tcase_add_test(tcase, a_look_up_that_takes_too_long_ends_in_a_time_out);
	tcase_add_test(tcase, a_look_up_can_be_given_up);
	tcase_add_test(tcase,
		       a_session_can_be_freed_while_its_host_is_looked_up);
	tcase_add_test(tcase, a_name_that_there_is_not);
	tcase_add_test(tcase, a_name_service_that_fails_for_now);
	tcase_add_test(tcase, a_name_without_any_address);
	tcase_add_test(tcase, each_address_is_tried);
	tcase_add_test(tcase, when_no_address_answers_the_last_failure_is_told);
	tcase_add_test(tcase, without_the_helper_the_name_is_looked_up_at_once);
	tcase_add_test(tcase, a_blocking_session_sends_a_message_over_TCP);
	suite_add_tcase(suite, tcase);
}

int
main(void)
{
	Suite *suite = suite_create("connecting");
	SRunner *runner;
	int failed;

	add_addresses(suite);
	add_names(suite);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

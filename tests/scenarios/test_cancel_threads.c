/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * smtpc_cancel() from another thread, over real sockets: whatever a session
 * waits for, it is woken, and what was handed over whole is in doubt.  Each
 * test hangs if nobody is woken.  It makes most sense under ThreadSanitizer,
 * as test_tls_threads.c says.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driving.h"
#include "resolve.h"
#include "wait.h"

/* More than the sockets hold. */
#define LONG_CONTENT ((size_t)8 << 20)

/* Each test is done with a descriptor to be woken by, and without. */
#define WAYS 2

static struct driven driven;
static size_t descriptors_before, threads_before;
static bool no_event;

int __real_eventfd(unsigned int count, int flags);
int __wrap_eventfd(unsigned int count, int flags);

/* The helper thread's, which may block, is to be had in any case. */
int
__wrap_eventfd(unsigned int count, int flags)
{
	if (no_event && (flags & EFD_NONBLOCK))
		return -1;
	return __real_eventfd(count, flags);
}

/* What the session waits for with nothing there, as poll() calls it; or 0. */
static atomic_int waits_for;

/* And for what, besides the request to stop. */
static int
watch_and_poll(struct pollfd *items, nfds_t count, int timeout)
{
	int ready = poll(items, count, 0);

	if (ready != 0)
		return ready;
	atomic_store(&waits_for, items[0].events);
	ready = poll(items, count, timeout);
	atomic_store(&waits_for, 0);
	return ready;
}

static void *
do_nothing(void *argument)
{
	return argument;
}

static void
set_up(void)
{
	pthread_t first;

	/* With it a sanitizer has its own. */
	ck_assert_int_eq(pthread_create(&first, NULL, do_nothing, NULL), 0);
	pthread_join(first, NULL);
	descriptors_before = descriptors_open();
	threads_before = threads_running();
	no_event = false;
	wait_source = watch_and_poll;
	driven_new(&driven);
}

/* A thread that helped ends in its own time; then nothing is left. */
static void
tear_down(void)
{
	driven_free(&driven);
	while (threads_running() > threads_before)
		sched_yield();
	ck_assert_uint_eq(descriptors_open(), descriptors_before);
}

static void
begin(int way)
{
	no_event = way != 0;
	ck_assert_int_eq(smtpc_session_set_blocking(driven.session, 1),
			 SMTPC_OK);
}

/*
 * The other thread: first it is the server, and when that has no more to say,
 * and the session waits, it cancels.
 */

struct canceller {
	pthread_t thread;
	void (*serve)(void); /* or NULL */
	int when;	     /* it waits for this, POLLIN or POLLOUT */
	int rc;
};

static void *
serve_and_cancel(void *argument)
{
	struct canceller *canceller = argument;

	if (canceller->serve != NULL)
		canceller->serve();
	while (!(atomic_load(&waits_for) & canceller->when))
		sched_yield();
	canceller->rc = smtpc_cancel(driven.session);
	return NULL;
}

static struct canceller canceller;

static void
cancel_behind(void (*serve)(void), int when)
{
	canceller.serve = serve;
	canceller.when = when;
	canceller.rc = SMTPC_E_SYSTEM;
	ck_assert_int_eq(pthread_create(&canceller.thread, NULL,
					serve_and_cancel, &canceller),
			 0);
}

static void
join_canceller(void)
{
	pthread_join(canceller.thread, NULL);
	ck_assert_int_eq(canceller.rc, SMTPC_OK);
}

/* Until the server has heard this much, at the end. */
static void
hear_until(const char *end)
{
	static char heard[4096];
	size_t len = 0, end_len = strlen(end);
	ssize_t more;

	while (len < end_len || memcmp(heard + len - end_len, end, end_len)) {
		more = recv(driven.server, heard + len, sizeof(heard) - len, 0);
		if (more <= 0)
			return;
		len += (size_t)more;
	}
}

static void
say(const char *text)
{
	(void)send(driven.server, text, strlen(text), MSG_NOSIGNAL);
}

/*
 * How it ends.
 */

/* Nothing goes on until smtpc_disconnect(), and after it everything does. */
static void
check_stays(int port)
{
	char octets[4096];

	ck_assert_int_eq(smtpc_session_state(driven.session), SMTPC_STATE_DEAD);
	ck_assert_uint_eq(smtpc_session_fd_count(driven.session), 0);
	ck_assert_int_eq(smtpc_noop(driven.session), SMTPC_E_CANCELLED);
	ck_assert_int_eq(smtpc_open(driven.session, "mx.example.test", port),
			 SMTPC_E_CANCELLED);
	ck_assert_int_eq(smtpc_process(driven.session), SMTPC_E_CANCELLED);
	ck_assert_int_eq(smtpc_session_state(driven.session), SMTPC_STATE_DEAD);
	/* The connection is closed; what had left before that is there. */
	if (driven.server >= 0) {
		while (recv(driven.server, octets, sizeof(octets), 0) > 0)
			;
		driven_hang_up(&driven);
	}
	ck_assert_int_eq(smtpc_disconnect(driven.session), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_state(driven.session),
			 SMTPC_STATE_DISCONNECTED);
	ck_assert_int_eq(smtpc_error_result(driven.session), SMTPC_OK);
	ck_assert_int_eq(smtpc_noop(driven.session), SMTPC_E_STATE);
}

static void
check_works_again(void)
{
	ck_assert_int_eq(smtpc_session_set_blocking(driven.session, 0),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_tls_mode(driven.session,
						    SMTPC_TLS_NONE),
			 SMTPC_OK);
	driven_make_ready(&driven);
	ck_assert_int_eq(smtpc_wait(driven.session, 0), SMTPC_AGAIN);
	driven_begin_mail(&driven);
}

static void
check_cancelled(int rc, int phase)
{
	join_canceller();
	ck_assert_int_eq(rc, SMTPC_E_CANCELLED);
	ck_assert_int_eq(smtpc_error_result(driven.session), SMTPC_E_CANCELLED);
	ck_assert_int_eq(smtpc_error_phase(driven.session), phase);
	ck_assert_int_eq(smtpc_error_safe_to_retry(driven.session), 1);
	check_stays(587);
	check_works_again();
}

static void
check_fate(const smtpc_transaction *mail, int result, int outcome)
{
	ck_assert_int_eq(smtpc_transaction_result(mail), result);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0), outcome);
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(mail, 0),
			 outcome == SMTPC_OUTCOME_NOT_ATTEMPTED);
}

/* A fresh pair of sockets; smtpc_attach()'s own result. */
static int
attach(void)
{
	int ends[2], rc;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    ends),
			 0);
	driven.server = ends[1];
	rc = smtpc_attach(driven.session, ends[0], "mx.example.test", 587);
	/* It is not taken over by a step that fails. */
	if (rc < 0)
		close(ends[0]);
	return rc;
}

/*
 * What is waited for.
 */

START_TEST(the_greeting_is_waited_for_no_longer)
{
	begin(_i);
	cancel_behind(NULL, POLLIN);
	check_cancelled(attach(), SMTPC_PHASE_GREETING);
}
END_TEST

START_TEST(a_reply_is_waited_for_no_longer)
{
	driven_make_ready(&driven);
	begin(_i);
	cancel_behind(NULL, POLLIN);
	check_cancelled(smtpc_noop(driven.session), SMTPC_PHASE_NOOP);
}
END_TEST

static void
hear_hello_of_TLS(void)
{
	char octet;

	(void)recv(driven.server, &octet, 1, 0);
}

START_TEST(TLS_is_not_waited_for)
{
	int ends[2], rc;

	begin(_i);
	ck_assert_int_eq(smtpc_session_set_tls_mode(driven.session,
						    SMTPC_TLS_IMPLICIT),
			 SMTPC_OK);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    ends),
			 0);
	driven.server = ends[1];
	cancel_behind(hear_hello_of_TLS, POLLIN);
	rc = smtpc_attach(driven.session, ends[0], "mx.example.test", 465);
	close(ends[0]);
	join_canceller();
	ck_assert_int_eq(rc, SMTPC_E_CANCELLED);
	ck_assert_int_eq(smtpc_error_phase(driven.session), SMTPC_PHASE_TLS);
	check_stays(465);
}
END_TEST

static void
go_on_and_read_nothing(void)
{
	hear_until("DATA\r\n");
	say("250 ok\r\n250 ok\r\n354 go on\r\n");
}

START_TEST(content_that_the_server_does_not_read_is_not_attempted)
{
	char *content = calloc(1, LONG_CONTENT);

	ck_assert_ptr_nonnull(content);
	memset(content, '\n', LONG_CONTENT);
	ck_assert_int_eq(smtpc_transaction_set_content(driven.mail, content,
						       LONG_CONTENT),
			 SMTPC_OK);
	driven_make_ready(&driven);
	begin(_i);
	cancel_behind(go_on_and_read_nothing, POLLOUT);
	ck_assert_int_eq(smtpc_send(driven.session, driven.mail),
			 SMTPC_E_CANCELLED);
	check_fate(driven.mail, SMTPC_E_CANCELLED, SMTPC_OUTCOME_NOT_ATTEMPTED);
	check_cancelled(smtpc_error_result(driven.session),
			SMTPC_PHASE_CONTENT);
	smtpc_transaction_free(driven.mail);
	driven.mail = NULL;
	free(content);
}
END_TEST

static void
take_content_and_say_nothing(void)
{
	go_on_and_read_nothing();
	hear_until("\r\n.\r\n");
}

START_TEST(without_a_verdict_the_mail_is_in_doubt)
{
	driven_make_ready(&driven);
	begin(_i);
	cancel_behind(take_content_and_say_nothing, POLLIN);
	ck_assert_int_eq(smtpc_send(driven.session, driven.mail),
			 SMTPC_IN_DOUBT);
	join_canceller();
	check_fate(driven.mail, SMTPC_IN_DOUBT, SMTPC_OUTCOME_IN_DOUBT);
	ck_assert_int_eq(smtpc_error_safe_to_retry(driven.session), 0);
	ck_assert_int_eq(smtpc_process(driven.session), SMTPC_E_CANCELLED);
	check_stays(587);
	check_works_again();
}
END_TEST

/*
 * Streams.
 */

static const char hello[] = "Subject: hello\r\n\r\nHello.\r\n";

static smtpc_transaction *
new_mail(const char *content, size_t len)
{
	smtpc_transaction *mail;

	ck_assert_int_eq(smtpc_transaction_new(&mail), SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_sender(mail,
						      "alice@example.test"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_add_recipient(mail,
							 "bob@example.test",
							 NULL),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_content(mail, content, len),
			 SMTPC_OK);
	return mail;
}

static void
submit(smtpc_transaction *mail)
{
	ck_assert_int_eq(smtpc_submit(driven.session, mail), SMTPC_OK);
}

static void
collect(const smtpc_transaction *mail, int result, int outcome)
{
	smtpc_transaction *back = NULL;

	ck_assert_int_eq(smtpc_collect(driven.session, &back), SMTPC_OK);
	ck_assert_ptr_eq(back, mail);
	check_fate(back, result, outcome);
	smtpc_transaction_free(back);
}

/* The first has a verdict, the second none, and the third is not all there. */
static void
serve_two_and_read_nothing(void)
{
	go_on_and_read_nothing();
	hear_until("\r\n.\r\nMAIL FROM:<alice@example.test>\r\n"
		   "RCPT TO:<bob@example.test>\r\nDATA\r\n");
	say("250 taken\r\n250 ok\r\n250 ok\r\n354 go on\r\n");
	hear_until("\r\n.\r\nMAIL FROM:<alice@example.test>\r\n"
		   "RCPT TO:<bob@example.test>\r\nDATA\r\n");
}

START_TEST(who_collects_is_woken_and_collects_all)
{
	smtpc_transaction *mails[4];
	int i;

	ck_assert_int_eq(smtpc_session_set_pipelining(driven.session,
						      SMTPC_PIPELINING_STREAM),
			 SMTPC_OK);
	driven_make_ready(&driven);
	begin(_i);
	for (i = 0; i < 4; i++)
		mails[i] = new_mail(hello, strlen(hello));
	cancel_behind(serve_two_and_read_nothing, POLLIN);
	for (i = 0; i < 4; i++)
		submit(mails[i]);
	collect(mails[0], SMTPC_OK, SMTPC_OUTCOME_ACCEPTED);
	collect(mails[1], SMTPC_IN_DOUBT, SMTPC_OUTCOME_IN_DOUBT);
	join_canceller();
	ck_assert_uint_eq(smtpc_session_outstanding(driven.session), 2);
	ck_assert_int_eq(smtpc_session_state(driven.session), SMTPC_STATE_DEAD);
	collect(mails[2], SMTPC_E_CANCELLED, SMTPC_OUTCOME_NOT_ATTEMPTED);
	collect(mails[3], SMTPC_E_CANCELLED, SMTPC_OUTCOME_NOT_ATTEMPTED);
	check_stays(587);
	check_works_again();
}
END_TEST

/* The window is full, and the server says nothing. */
START_TEST(who_waits_for_room_is_woken)
{
	smtpc_transaction *first, *second;

	ck_assert_int_eq(smtpc_session_set_window(driven.session, 1 << 20, 1),
			 SMTPC_OK);
	driven_make_ready(&driven);
	begin(_i);
	first = new_mail(hello, strlen(hello));
	second = new_mail(hello, strlen(hello));
	cancel_behind(NULL, POLLIN);
	submit(first);
	ck_assert_int_eq(smtpc_submit(driven.session, second),
			 SMTPC_E_CANCELLED);
	join_canceller();
	check_fate(second, SMTPC_E_CANCELLED, SMTPC_OUTCOME_NOT_ATTEMPTED);
	smtpc_transaction_free(second);
	collect(first, SMTPC_E_CANCELLED, SMTPC_OUTCOME_NOT_ATTEMPTED);
	check_stays(587);
	check_works_again();
}
END_TEST

/*
 * A name service that says nothing until it is told to.
 */

static sem_t asked, go;

static int
look_up(const char *host, const char *service, const struct addrinfo *hints,
	struct addrinfo **ret_found)
{
	(void)host;
	(void)service;
	(void)hints;
	(void)ret_found;
	sem_post(&asked);
	sem_wait(&go);
	return EAI_AGAIN;
}

static void
be_asked(void)
{
	sem_wait(&asked);
}

START_TEST(a_name_is_looked_up_no_longer)
{
	sem_init(&asked, 0, 0);
	sem_init(&go, 0, 0);
	resolve_source = look_up;
	begin(_i);
	cancel_behind(be_asked, POLLIN);
	ck_assert_int_eq(smtpc_connect(driven.session, "mx.example.test", 587),
			 SMTPC_E_CANCELLED);
	check_cancelled(smtpc_error_result(driven.session),
			SMTPC_PHASE_RESOLVE);
	sem_post(&go);
}
END_TEST

/*
 * Sessions that do nothing, or do not block.
 */

static void *
cancel(void *unused)
{
	canceller.rc = smtpc_cancel(driven.session);
	return unused;
}

static void
cancel_now(void)
{
	ck_assert_int_eq(pthread_create(&canceller.thread, NULL, cancel, NULL),
			 0);
	join_canceller();
}

START_TEST(a_session_that_rests_does_nothing_more)
{
	driven_make_ready(&driven);
	begin(_i);
	cancel_now();
	/* Nobody has noticed yet. */
	ck_assert_int_eq(smtpc_session_state(driven.session),
			 SMTPC_STATE_READY);
	ck_assert_int_eq(smtpc_send(driven.session, driven.mail),
			 SMTPC_E_CANCELLED);
	check_fate(driven.mail, SMTPC_E_CANCELLED, SMTPC_OUTCOME_NOT_ATTEMPTED);
	ck_assert(driven_is_hung_up(&driven));
	check_stays(587);
	check_works_again();
}
END_TEST

/* smtpc_open() has nothing to do, and notices all the same. */
START_TEST(a_session_that_is_open_is_not_said_to_be)
{
	driven_make_ready(&driven);
	begin(_i);
	cancel_now();
	ck_assert_int_eq(smtpc_open(driven.session, "mx.example.test", 587),
			 SMTPC_E_CANCELLED);
	ck_assert(driven_is_hung_up(&driven));
	check_stays(587);
	check_works_again();
}
END_TEST

START_TEST(a_session_that_rests_in_an_event_loop_is_woken)
{
	driven_make_ready(&driven);
	no_event = _i != 0;
	cancel_behind(NULL, POLLIN);
	while (smtpc_wait(driven.session, SMTPC_FOREVER) != SMTPC_OK)
		ck_assert(no_event);
	check_cancelled(smtpc_process(driven.session), SMTPC_PHASE_IDLE);
}
END_TEST

START_TEST(before_the_first_step_there_is_none)
{
	begin(_i);
	cancel_now();
	ck_assert_int_eq(smtpc_session_state(driven.session),
			 SMTPC_STATE_DISCONNECTED);
	/* The socket stays the caller's. */
	ck_assert_int_eq(attach(), SMTPC_E_CANCELLED);
	ck_assert(driven_is_hung_up(&driven));
	check_stays(587);
	check_works_again();
}
END_TEST

/* An event loop of the caller's own looks with the next smtpc_process(). */
START_TEST(a_step_in_progress_ends_with_the_next_smtpc_process)
{
	driven_make_ready(&driven);
	no_event = _i != 0;
	driven_begin_mail(&driven);
	cancel_now();
	driven_say(&driven, "250 ok\r\n250 ok\r\n354 go on\r\n");
	ck_assert_int_eq(smtpc_process(driven.session), SMTPC_E_CANCELLED);
	check_fate(driven.mail, SMTPC_E_CANCELLED, SMTPC_OUTCOME_NOT_ATTEMPTED);
	check_stays(587);
	check_works_again();
}
END_TEST

START_TEST(a_mail_that_is_taken_back_does_not_take_the_request_back)
{
	driven_make_ready(&driven);
	no_event = _i != 0;
	driven_begin_mail(&driven);
	cancel_now();
	smtpc_transaction_free(driven.mail);
	driven.mail = new_mail(hello, strlen(hello));
	check_stays(587);
	check_works_again();
}
END_TEST

/*
 * At any moment of a session that does everything again and again: nobody
 * hangs, and what is told is true.
 */

#define ROUNDS 200

static void *
serve_sessions(void *argument)
{
	const int *listener = argument;
	char heard[4096];
	int fd;

	while ((fd = accept4(*listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		(void)send(fd, "220 mx\r\n", 8, MSG_NOSIGNAL);
		while (recv(fd, heard, sizeof(heard), 0) > 0)
			(void)send(fd, "250 mx\r\n", 8, MSG_NOSIGNAL);
		close(fd);
	}
	return NULL;
}

static pthread_barrier_t barrier;

static void *
cancel_at_once(void *unused)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&barrier);
		(void)smtpc_cancel(driven.session);
		pthread_barrier_wait(&barrier);
	}
	return unused;
}

static void
run_until_cancelled(int port)
{
	int rc = smtpc_connect(driven.session, "127.0.0.1", port);

	if (rc == SMTPC_OK)
		rc = smtpc_ehlo(driven.session);
	while (rc == SMTPC_OK)
		rc = smtpc_noop(driven.session);
	ck_assert_int_eq(rc, SMTPC_E_CANCELLED);
	ck_assert_int_eq(smtpc_session_state(driven.session), SMTPC_STATE_DEAD);
}

START_TEST(whenever_it_comes_it_is_noticed)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	pthread_t server, other;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int i;

	memset(&address, 0, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(listen(listener, 5), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address,
				     &len),
			 0);
	begin(_i);
	pthread_barrier_init(&barrier, NULL, 2);
	ck_assert_int_eq(pthread_create(&server, NULL, serve_sessions,
					&listener),
			 0);
	ck_assert_int_eq(pthread_create(&other, NULL, cancel_at_once, NULL), 0);
	for (i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&barrier);
		run_until_cancelled(ntohs(address.sin_port));
		pthread_barrier_wait(&barrier);
		ck_assert_int_eq(smtpc_disconnect(driven.session), SMTPC_OK);
	}
	pthread_join(other, NULL);
	shutdown(listener, SHUT_RDWR);
	pthread_join(server, NULL);
	pthread_barrier_destroy(&barrier);
	close(listener);
}
END_TEST

static void
add_tests(TCase *tcase)
{
	static const TTest *const *const tests[] = {
		&the_greeting_is_waited_for_no_longer,
		&a_reply_is_waited_for_no_longer,
		&TLS_is_not_waited_for,
		&content_that_the_server_does_not_read_is_not_attempted,
		&without_a_verdict_the_mail_is_in_doubt,
		&who_collects_is_woken_and_collects_all,
		&who_waits_for_room_is_woken,
		&a_name_is_looked_up_no_longer,
		&a_session_that_rests_does_nothing_more,
		&a_session_that_is_open_is_not_said_to_be,
		&a_session_that_rests_in_an_event_loop_is_woken,
		&before_the_first_step_there_is_none,
		&a_step_in_progress_ends_with_the_next_smtpc_process,
		&a_mail_that_is_taken_back_does_not_take_the_request_back,
		&whenever_it_comes_it_is_noticed,
	};
	size_t i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_loop_test(tcase, *tests[i], 0, WAYS);
}

int
main(void)
{
	Suite *suite = suite_create("cancel_threads");
	TCase *tcase = tcase_create("threads");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	add_tests(tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

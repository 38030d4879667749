/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/wait.c: what there is to wait for and for how long, and what
 * becomes of poll()'s own results.  Time and poll() are the test's.
 */
#include "wait.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "memory_stream.h"
#include "steps.h"
#include "suite.h"

static smtpc_session *session;
static struct memory_stream wire;
static int64_t now;

/* What poll() is asked, and what it answers: error, or how many are ready. */
static struct {
	unsigned int calls;
	struct pollfd items[4];
	nfds_t count;
	int timeout;
	int ready;
	int error; /* the first time, or always */
	bool is_stubborn;
	int64_t takes;	  /* time goes on by this */
	const char *says; /* and the server says this */
} asked;

static int
answer(struct pollfd *items, nfds_t count, int timeout)
{
	asked.calls++;
	ck_assert_uint_le(count, 4);
	memcpy(asked.items, items, count * sizeof(*items));
	asked.count = count;
	asked.timeout = timeout;
	now += asked.takes;
	if (asked.error != 0 && (asked.calls == 1 || asked.is_stubborn)) {
		errno = asked.error;
		return -1;
	}
	if (asked.says != NULL)
		octets_append(&wire.in, asked.says, strlen(asked.says));
	asked.says = NULL;
	return asked.ready;
}

static int64_t
tell_time(void)
{
	return now;
}

static void
set_up(void)
{
	now = 1000000;
	memset(&asked, 0, sizeof(asked));
	clock_source = tell_time;
	wait_source = answer;
	ck_assert_int_eq(smtpc_session_new(&session), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_blocking(session, 0), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_tls_mode(session, SMTPC_TLS_NONE),
			 SMTPC_OK);
	memory_stream_init(&wire);
}

static void
tear_down(void)
{
	smtpc_session_free(session);
	memory_stream_clear(&wire);
}

static void
say(const char *text)
{
	octets_append(&wire.in, text, strlen(text));
}

static void
greet(void)
{
	say("220 mx.example.test\r\n");
	ck_assert_int_eq(steps_attach(session, &wire.base, "mx.example.test",
				      587),
			 SMTPC_OK);
}

/* So many of the session's, and behind them the one of smtpc_cancel(). */
static void
expect_items(nfds_t count)
{
	int event = session->interrupt.event;

	ck_assert_int_ge(event, 0);
	ck_assert_uint_eq(asked.count, count + 1);
	ck_assert_int_eq(asked.items[count].fd, event);
	ck_assert_int_eq(asked.items[count].events, POLLIN);
}

START_TEST(with_nothing_to_wait_for_and_no_deadline_nobody_waits)
{
	ck_assert_int_eq(smtpc_wait(session, SMTPC_FOREVER), SMTPC_E_STATE);
	ck_assert_uint_eq(asked.calls, 0);
	/* A time of one's own can be waited. */
	ck_assert_int_eq(smtpc_wait(session, 50), SMTPC_AGAIN);
	ck_assert_uint_eq(asked.calls, 1);
	expect_items(0);
	ck_assert_int_eq(asked.timeout, 50);
	/* Nor for a connection that is lost. */
	greet();
	memory_stream_end(&wire);
	ck_assert_int_eq(smtpc_process(session), SMTPC_E_CLOSED);
	ck_assert_int_eq(smtpc_wait(session, SMTPC_FOREVER), SMTPC_E_STATE);
}
END_TEST

START_TEST(an_untrusted_server_is_not_waited_for)
{
	int fd = 99;
	uint32_t events = 99;

	greet();
	ck_assert_uint_eq(smtpc_session_fd_count(session), 1);
	session->state = SMTPC_STATE_UNTRUSTED;
	ck_assert_uint_eq(smtpc_session_fd_count(session), 0);
	ck_assert_int_eq(smtpc_session_fd_at(session, 0, &fd, &events),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(fd, 99);
	ck_assert_int_eq(smtpc_wait(session, SMTPC_FOREVER), SMTPC_E_STATE);
	ck_assert_int_eq(smtpc_session_next_timeout(session), SMTPC_FOREVER);
	/* Nor is it read. */
	say("220 words\r\n");
	ck_assert_int_eq(smtpc_process(session), SMTPC_OK);
	ck_assert_uint_eq(wire.in.len, 11);
}
END_TEST

START_TEST(a_signal_is_no_failure)
{
	greet();
	asked.error = EINTR;
	ck_assert_int_eq(smtpc_wait(session, SMTPC_FOREVER), SMTPC_AGAIN);
	ck_assert_uint_eq(asked.calls, 1);
	ck_assert_int_eq(smtpc_error_result(session), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_CONNECTED);
}
END_TEST

START_TEST(what_poll_does_not_like_is_a_failure)
{
	greet();
	asked.error = EINVAL;
	ck_assert_int_eq(smtpc_wait(session, 5), SMTPC_E_SYSTEM);
	ck_assert_int_eq(smtpc_error_errno(session), EINVAL);
	/* The connection has nothing to do with it. */
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_CONNECTED);
}
END_TEST

START_TEST(a_blocking_step_is_carried_on_after_a_signal)
{
	greet();
	ck_assert_int_eq(smtpc_session_set_blocking(session, 1), SMTPC_OK);
	asked.error = EINTR;
	asked.ready = 1;
	asked.says = "250 ok\r\n";
	ck_assert_int_eq(smtpc_noop(session), SMTPC_OK);
	ck_assert_uint_eq(asked.calls, 2);
}
END_TEST

START_TEST(a_blocking_step_ends_where_nobody_can_wait)
{
	greet();
	ck_assert_int_eq(smtpc_session_set_blocking(session, 1), SMTPC_OK);
	asked.error = ENOMEM;
	asked.is_stubborn = true;
	ck_assert_int_eq(smtpc_noop(session), SMTPC_E_SYSTEM);
	ck_assert_int_eq(smtpc_error_errno(session), ENOMEM);
	ck_assert_int_eq(smtpc_error_phase(session), SMTPC_PHASE_NOOP);
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_DEAD);
	ck_assert_uint_eq(asked.calls, 1);
	ck_assert_uint_eq(wire.frees, 1);
}
END_TEST

START_TEST(what_is_ready_ends_the_wait)
{
	greet();
	asked.ready = 1;
	ck_assert_int_eq(smtpc_wait(session, SMTPC_FOREVER), SMTPC_OK);
	ck_assert_int_eq(asked.timeout, -1);
	expect_items(1);
	ck_assert_int_eq(asked.items[0].fd, 1234);
	ck_assert_int_eq(asked.items[0].events, POLLIN);
	asked.ready = 0;
	ck_assert_int_eq(smtpc_wait(session, 7), SMTPC_AGAIN);
	ck_assert_int_eq(asked.timeout, 7);
}
END_TEST

START_TEST(nobody_waits_longer_than_the_phase_may_last)
{
	greet();
	ck_assert_int_eq(smtpc_session_set_timeout(session, SMTPC_PHASE_NOOP,
						   100),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_noop(session), SMTPC_AGAIN);
	asked.takes = 40;
	ck_assert_int_eq(smtpc_wait(session, 40), SMTPC_AGAIN);
	ck_assert_int_eq(asked.timeout, 40);
	ck_assert_int_eq(smtpc_session_next_timeout(session), 60);
	asked.takes = 60;
	/* It is over: that is something to be done. */
	ck_assert_int_eq(smtpc_wait(session, 61), SMTPC_OK);
	ck_assert_int_eq(asked.timeout, 60);
	ck_assert_int_eq(smtpc_session_next_timeout(session), 0);
	ck_assert_int_eq(smtpc_wait(session, SMTPC_FOREVER), SMTPC_OK);
	ck_assert_int_eq(asked.timeout, 0);
	ck_assert_int_eq(smtpc_process(session), SMTPC_E_TIMEOUT);
}
END_TEST

START_TEST(a_long_time_is_as_long_as_poll_can_wait)
{
	greet();
	ck_assert_int_eq(smtpc_wait(session, INT64_MAX - 1), SMTPC_AGAIN);
	ck_assert(asked.timeout == INT_MAX || asked.timeout == -1);
	ck_assert_int_eq(smtpc_wait(session, (int64_t)INT_MAX + 1),
			 SMTPC_AGAIN);
	ck_assert_int_eq(asked.timeout, INT_MAX);
}
END_TEST

START_TEST(what_can_t_leave_is_waited_for_in_both_directions)
{
	uint64_t generation;
	uint32_t events;
	int fd;

	greet();
	generation = smtpc_session_fd_generation(session);
	ck_assert_uint_eq(smtpc_session_fd_generation(session), generation);
	wire.turn = wire.write_left = 0;
	ck_assert_int_eq(smtpc_noop(session), SMTPC_AGAIN);
	ck_assert_int_eq(smtpc_session_fd_at(session, 0, &fd, &events),
			 SMTPC_OK);
	ck_assert_int_eq(fd, 1234);
	ck_assert_uint_eq(events, SMTPC_WANT_READ | SMTPC_WANT_WRITE);
	ck_assert_uint_ne(smtpc_session_fd_generation(session), generation);
	(void)smtpc_wait(session, 0);
	ck_assert_int_eq(asked.items[0].events, POLLIN | POLLOUT);
	/* When nothing more goes out, only last words may come. */
	wire.write_rc = SMTPC_E_SYSTEM;
	ck_assert_int_eq(smtpc_process(session), SMTPC_AGAIN);
	ck_assert_int_eq(smtpc_session_fd_at(session, 0, &fd, &events),
			 SMTPC_OK);
	ck_assert_uint_eq(events, SMTPC_WANT_READ);
}
END_TEST

/*
 * smtpc_cancel(), here from within the wait or before it.
 */

static int
cancel_and_answer(struct pollfd *items, nfds_t count, int timeout)
{
	(void)answer(items, count, timeout);
	ck_assert_int_eq(smtpc_cancel(session), SMTPC_OK);
	return count > 1 ? poll(items + 1, 1, 0) : 0;
}

START_TEST(who_waits_is_woken_by_smtpc_cancel)
{
	greet();
	ck_assert_int_eq(smtpc_session_set_blocking(session, 1), SMTPC_OK);
	wait_source = cancel_and_answer;
	ck_assert_int_eq(smtpc_noop(session), SMTPC_E_CANCELLED);
	ck_assert_uint_eq(asked.calls, 1);
	ck_assert_int_eq(smtpc_error_result(session), SMTPC_E_CANCELLED);
	ck_assert_int_eq(smtpc_error_phase(session), SMTPC_PHASE_NOOP);
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_DEAD);
	ck_assert_uint_eq(wire.frees, 1);
}
END_TEST

START_TEST(smtpc_wait_is_woken_by_smtpc_cancel)
{
	greet();
	ck_assert_int_eq(smtpc_noop(session), SMTPC_AGAIN);
	wait_source = cancel_and_answer;
	ck_assert_int_eq(smtpc_wait(session, SMTPC_FOREVER), SMTPC_OK);
	/* It changes nothing by itself. */
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_CONNECTED);
	ck_assert_int_eq(smtpc_error_result(session), SMTPC_OK);
	/* Once requested, nobody waits any more. */
	ck_assert_int_eq(smtpc_wait(session, SMTPC_FOREVER), SMTPC_OK);
	ck_assert_uint_eq(asked.calls, 1);
	ck_assert_int_eq(smtpc_process(session), SMTPC_E_CANCELLED);
}
END_TEST

START_TEST(the_descriptor_of_smtpc_cancel_is_not_the_caller_s_to_wait_for)
{
	uint64_t generation;
	uint32_t events;
	int fd = -1;

	greet();
	(void)smtpc_session_fd_generation(session);
	generation = smtpc_session_fd_generation(session);
	(void)smtpc_wait(session, 0);
	expect_items(1);
	ck_assert_int_eq(smtpc_cancel(session), SMTPC_OK);
	ck_assert_uint_eq(smtpc_session_fd_count(session), 1);
	ck_assert_int_eq(smtpc_session_fd_at(session, 1, &fd, &events),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(fd, -1);
	ck_assert_uint_eq(smtpc_session_fd_generation(session), generation);
}
END_TEST

START_TEST(after_smtpc_disconnect_there_is_waiting_again)
{
	greet();
	(void)smtpc_wait(session, 0);
	ck_assert_int_eq(smtpc_cancel(session), SMTPC_OK);
	ck_assert_int_eq(smtpc_disconnect(session), SMTPC_OK);
	wait_source = poll;
	ck_assert_int_eq(smtpc_wait(session, 0), SMTPC_AGAIN);
}
END_TEST

/* Without the descriptor, the request is looked for every now and then. */
START_TEST(without_a_descriptor_a_request_is_looked_for)
{
	greet();
	ck_assert_int_eq(smtpc_session_set_blocking(session, 1), SMTPC_OK);
	descriptors_run_out(true);
	wait_source = cancel_and_answer;
	ck_assert_int_eq(smtpc_noop(session), SMTPC_E_CANCELLED);
	descriptors_run_out(false);
	ck_assert_uint_eq(asked.calls, 1);
	ck_assert_uint_eq(asked.count, 1);
	ck_assert_int_gt(asked.timeout, 0);
	ck_assert_int_le(asked.timeout, 1000);
}
END_TEST

/* What smtpc_cancel() wakes by; a disconnection may come just before it. */
static bool disconnects;

ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);

ssize_t
__wrap_write(int fd, const void *data, size_t size)
{
	if (disconnects) {
		disconnects = false;
		(void)smtpc_disconnect(session);
	}
	return __real_write(fd, data, size);
}

START_TEST(a_request_that_is_taken_back_half_way_wakes_nobody_for_ever)
{
	wait_source = poll;
	(void)smtpc_wait(session, 0);
	disconnects = true;
	ck_assert_int_eq(smtpc_cancel(session), SMTPC_OK);
	/* Once may be; but nothing is requested. */
	(void)smtpc_wait(session, 0);
	ck_assert_int_eq(smtpc_wait(session, 0), SMTPC_AGAIN);
	ck_assert_int_eq(smtpc_noop(session), SMTPC_E_STATE);
}
END_TEST

START_TEST(a_child_that_frees_its_session_takes_no_request_away)
{
	struct pollfd item = { -1, POLLIN, 0 };
	int status;
	pid_t child;

	wait_source = poll;
	(void)smtpc_wait(session, 0);
	ck_assert_int_eq(smtpc_cancel(session), SMTPC_OK);
	child = fork();
	if (child == 0) {
		smtpc_session_free(session);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	/* Somebody may be in the midst of waiting. */
	item.fd = session->interrupt.event;
	ck_assert_int_eq(poll(&item, 1, 0), 1);
}
END_TEST

/* Looking for a request every now and then is no reason to come back. */
START_TEST(without_a_descriptor_smtpc_wait_lasts_as_long)
{
	int64_t began = now;

	greet();
	descriptors_run_out(true);
	asked.takes = 100;
	ck_assert_int_eq(smtpc_wait(session, 1000), SMTPC_AGAIN);
	descriptors_run_out(false);
	ck_assert_int_eq(now - began, 1000);
}
END_TEST

START_TEST(an_untrusted_session_that_is_cancelled_says_so)
{
	greet();
	session->state = SMTPC_STATE_UNTRUSTED;
	ck_assert_int_eq(smtpc_cancel(session), SMTPC_OK);
	ck_assert_int_eq(smtpc_quit(session), SMTPC_E_CANCELLED);
	ck_assert_int_eq(smtpc_noop(session), SMTPC_E_CANCELLED);
}
END_TEST

START_TEST(nonsense_is_refused)
{
	uint32_t events;
	int fd;

	ck_assert_int_eq(smtpc_cancel(NULL), SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_wait(NULL, 0), SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_wait(session, -2), SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_wait(session, INT64_MIN), SMTPC_E_INVALID);
	ck_assert_uint_eq(smtpc_session_fd_count(NULL), 0);
	ck_assert_int_eq(smtpc_session_fd_at(NULL, 0, &fd, &events),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_fd_at(session, 0, NULL, &events),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_fd_at(session, 0, &fd, NULL),
			 SMTPC_E_INVALID);
	ck_assert_uint_eq(smtpc_session_fd_generation(NULL), 0);
	ck_assert_int_eq(smtpc_session_next_timeout(NULL), SMTPC_FOREVER);
	ck_assert_uint_eq(asked.calls, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("wait");
	TCase *tcase = suite_case(suite, "wait");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase,
		       with_nothing_to_wait_for_and_no_deadline_nobody_waits);
	tcase_add_test(tcase, an_untrusted_server_is_not_waited_for);
	tcase_add_test(tcase, a_signal_is_no_failure);
	tcase_add_test(tcase, what_poll_does_not_like_is_a_failure);
	tcase_add_test(tcase, a_blocking_step_is_carried_on_after_a_signal);
	tcase_add_test(tcase, a_blocking_step_ends_where_nobody_can_wait);
	tcase_add_test(tcase, what_is_ready_ends_the_wait);
	tcase_add_test(tcase, nobody_waits_longer_than_the_phase_may_last);
	tcase_add_test(tcase, a_long_time_is_as_long_as_poll_can_wait);
	tcase_add_test(tcase,
		       what_can_t_leave_is_waited_for_in_both_directions);
	tcase_add_test(tcase, who_waits_is_woken_by_smtpc_cancel);
	tcase_add_test(tcase, smtpc_wait_is_woken_by_smtpc_cancel);
	tcase_add_test(
	    tcase,
	    the_descriptor_of_smtpc_cancel_is_not_the_caller_s_to_wait_for);
	tcase_add_test(tcase, after_smtpc_disconnect_there_is_waiting_again);
	tcase_add_test(tcase, without_a_descriptor_a_request_is_looked_for);
	tcase_add_test(
	    tcase, a_request_that_is_taken_back_half_way_wakes_nobody_for_ever);
	tcase_add_test(tcase,
		       a_child_that_frees_its_session_takes_no_request_away);
	tcase_add_test(tcase, without_a_descriptor_smtpc_wait_lasts_as_long);
	tcase_add_test(tcase, an_untrusted_session_that_is_cancelled_says_so);
	tcase_add_test(tcase, nonsense_is_refused);
	return suite_run(suite);
}

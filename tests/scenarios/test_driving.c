/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Driving a session that does not block, over real sockets: what there is to
 * wait for, when something is permitted, and how a session ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driving.h"

static struct driven driven;
static size_t descriptors_before;

static void
set_up(void)
{
	descriptors_before = descriptors_open();
	driven_new(&driven);
}

static void
tear_down(void)
{
	driven_free(&driven);
	ck_assert_uint_eq(descriptors_open(), descriptors_before);
}

static int
state(void)
{
	return smtpc_session_state(driven.session);
}

/* The one descriptor that there is to wait for, and what for. */
static int
the_descriptor(uint32_t *ret_events)
{
	int fd = -1;

	ck_assert_uint_eq(smtpc_session_fd_count(driven.session), 1);
	ck_assert_int_eq(smtpc_session_fd_at(driven.session, 0, &fd,
					     ret_events),
			 SMTPC_OK);
	ck_assert_int_ge(fd, 0);
	return fd;
}

/*
 * What there is to wait for.
 */

START_TEST(without_a_connection_there_is_nothing_to_wait_for)
{
	uint32_t events;
	int fd;

	ck_assert_uint_eq(smtpc_session_fd_count(driven.session), 0);
	ck_assert_int_eq(smtpc_session_fd_at(driven.session, 0, &fd, &events),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_next_timeout(driven.session),
			 SMTPC_FOREVER);
	ck_assert_int_eq(smtpc_process(driven.session), SMTPC_OK);
	ck_assert_int_eq(smtpc_wait(driven.session, 0), SMTPC_AGAIN);
}
END_TEST

START_TEST(a_connection_in_progress_is_waited_for_and_has_a_deadline)
{
	int64_t timeout;
	uint32_t events;
	int fd;

	driven_attach(&driven);
	fd = the_descriptor(&events);
	ck_assert_uint_eq(events, SMTPC_WANT_READ);
	ck_assert_int_eq(smtpc_session_fd_at(driven.session, 1, &fd, &events),
			 SMTPC_E_INVALID);
	timeout = smtpc_session_next_timeout(driven.session);
	ck_assert_int_gt(timeout, 0);
	ck_assert_int_le(timeout, 300000);
}
END_TEST

START_TEST(a_session_at_rest_wants_to_read_and_has_no_deadline)
{
	uint32_t events;

	driven_make_ready(&driven);
	(void)the_descriptor(&events);
	ck_assert_uint_eq(events, SMTPC_WANT_READ);
	ck_assert_int_eq(smtpc_session_next_timeout(driven.session),
			 SMTPC_FOREVER);
}
END_TEST

START_TEST(the_session_s_descriptor_is_closed_on_exec)
{
	uint32_t events;

	driven_make_ready(&driven);
	ck_assert_int_ne(fcntl(the_descriptor(&events), F_GETFD) & FD_CLOEXEC,
			 0);
}
END_TEST

START_TEST(the_generation_changes_with_what_there_is_to_wait_for)
{
	uint64_t generation, attached;

	generation = smtpc_session_fd_generation(driven.session);
	ck_assert_uint_eq(smtpc_session_fd_generation(driven.session),
			  generation);
	driven_make_ready(&driven);
	attached = smtpc_session_fd_generation(driven.session);
	ck_assert_uint_ne(attached, generation);
	ck_assert_int_eq(smtpc_noop(driven.session), SMTPC_AGAIN);
	driven_say(&driven, "250 ok\r\n");
	ck_assert_int_eq(driven_process(&driven), SMTPC_OK);
	ck_assert_uint_eq(smtpc_session_fd_generation(driven.session),
			  attached);
	ck_assert_int_eq(smtpc_disconnect(driven.session), SMTPC_OK);
	ck_assert_uint_ne(smtpc_session_fd_generation(driven.session),
			  attached);
}
END_TEST

/* The new descriptor may well have the number of the old one. */
START_TEST(another_connection_is_another_generation)
{
	uint64_t generation;

	driven_greet(&driven);
	generation = smtpc_session_fd_generation(driven.session);
	ck_assert_int_eq(smtpc_disconnect(driven.session), SMTPC_OK);
	driven_hang_up(&driven);
	driven_greet(&driven);
	ck_assert_uint_ne(smtpc_session_fd_generation(driven.session),
			  generation);
}
END_TEST

/* Much content, and a server that does not read it. */
START_TEST(what_can_t_be_sent_yet_is_waited_for)
{
	static char much[1000000];
	uint64_t generation;
	uint32_t events;

	memset(much, 'x', sizeof(much));
	ck_assert_int_eq(smtpc_transaction_set_content(driven.mail, much,
						       sizeof(much)),
			 SMTPC_OK);
	driven_make_ready(&driven);
	driven_begin_mail(&driven);
	generation = smtpc_session_fd_generation(driven.session);
	driven_say(&driven, "250 ok\r\n250 ok\r\n354 go on\r\n");
	ck_assert_int_eq(driven_process(&driven), SMTPC_AGAIN);
	(void)the_descriptor(&events);
	ck_assert_uint_eq(events, SMTPC_WANT_READ | SMTPC_WANT_WRITE);
	ck_assert_uint_ne(smtpc_session_fd_generation(driven.session),
			  generation);
	ck_assert_int_le(smtpc_session_next_timeout(driven.session), 180000);
	ck_assert_int_gt(smtpc_transaction_octets_sent(driven.mail), 0);
	ck_assert_int_lt(smtpc_transaction_octets_sent(driven.mail), 1000000);
}
END_TEST

START_TEST(content_from_a_pipe_is_waited_for_beside_the_connection)
{
	uint32_t events;
	int ends[2], fd;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(smtpc_transaction_set_content_fd(driven.mail, ends[0]),
			 SMTPC_OK);
	driven_make_ready(&driven);
	driven_begin_mail(&driven);
	driven_say(&driven, "250 ok\r\n250 ok\r\n354 go on\r\n");
	ck_assert_int_eq(driven_process(&driven), SMTPC_AGAIN);
	ck_assert_uint_eq(smtpc_session_fd_count(driven.session), 2);
	ck_assert_int_eq(smtpc_session_fd_at(driven.session, 1, &fd, &events),
			 SMTPC_OK);
	ck_assert_int_eq(fd, ends[0]);
	ck_assert_uint_eq(events, SMTPC_WANT_READ);
	ck_assert_int_eq(smtpc_wait(driven.session, 0), SMTPC_AGAIN);
	ck_assert_int_eq(write(ends[1], "first\r\n", 7), 7);
	ck_assert_int_eq(smtpc_wait(driven.session, SMTPC_FOREVER), SMTPC_OK);
	ck_assert_int_eq(driven_process(&driven), SMTPC_AGAIN);
	driven_expect(&driven, "first\r\n");
	close(ends[1]);
	ck_assert_int_eq(driven_process(&driven), SMTPC_AGAIN);
	driven_expect(&driven, ".\r\n");
	ck_assert_uint_eq(smtpc_session_fd_count(driven.session), 1);
	driven_say(&driven, "250 taken\r\n");
	ck_assert_int_eq(driven_process(&driven), SMTPC_OK);
	close(ends[0]);
}
END_TEST

/* As much as the pipe takes. */
static void
fill_pipe(int fd)
{
	static char much[65536];

	memset(much, 'x', sizeof(much));
	while (write(fd, much, sizeof(much)) > 0)
		;
	ck_assert_int_eq(errno, EAGAIN);
}

static bool
is_readable(int fd)
{
	struct pollfd item = { fd, POLLIN, 0 };

	return poll(&item, 1, 0) == 1;
}

/* Whoever waits for it as well goes round in circles. */
START_TEST(a_full_pipe_is_not_waited_for_while_nobody_reads)
{
	uint32_t events;
	int64_t sent;
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(smtpc_transaction_set_content_fd(driven.mail, ends[0]),
			 SMTPC_OK);
	driven_make_ready(&driven);
	driven_begin_mail(&driven);
	driven_say(&driven, "250 ok\r\n250 ok\r\n354 go on\r\n");
	/* Until nobody takes any more, and the pipe is full. */
	do {
		sent = smtpc_transaction_octets_sent(driven.mail);
		fill_pipe(ends[1]);
		ck_assert_int_eq(smtpc_process(driven.session), SMTPC_AGAIN);
	} while (smtpc_transaction_octets_sent(driven.mail) > sent);
	fill_pipe(ends[1]);
	ck_assert_int_eq(smtpc_process(driven.session), SMTPC_AGAIN);
	ck_assert(is_readable(ends[0]));
	(void)the_descriptor(&events);
	ck_assert_uint_eq(events, SMTPC_WANT_READ | SMTPC_WANT_WRITE);
	ck_assert_int_eq(smtpc_wait(driven.session, 0), SMTPC_AGAIN);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

START_TEST(waiting_ends_when_there_is_something_or_the_time_is_over)
{
	driven_make_ready(&driven);
	ck_assert_int_eq(smtpc_wait(driven.session, 0), SMTPC_AGAIN);
	ck_assert_int_eq(smtpc_wait(driven.session, 1), SMTPC_AGAIN);
	ck_assert_int_eq(smtpc_wait(driven.session, -2), SMTPC_E_INVALID);
	driven_say(&driven, "421 closing\r\n");
	ck_assert_int_eq(smtpc_wait(driven.session, SMTPC_FOREVER), SMTPC_OK);
	ck_assert_int_eq(smtpc_wait(driven.session, 0), SMTPC_OK);
}
END_TEST

/* Waiting longer than the phase may last, is waiting for the time-out. */
START_TEST(waiting_ends_with_the_phase)
{
	driven_make_ready(&driven);
	ck_assert_int_eq(smtpc_session_set_timeout(driven.session,
						   SMTPC_PHASE_NOOP, 1),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_noop(driven.session), SMTPC_AGAIN);
	ck_assert_int_eq(smtpc_wait(driven.session, SMTPC_FOREVER), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_next_timeout(driven.session), 0);
	ck_assert_int_eq(driven_process(&driven), SMTPC_E_TIMEOUT);
	ck_assert_int_eq(state(), SMTPC_STATE_DEAD);
}
END_TEST

/*
 * A session at rest.
 */

START_TEST(at_rest_a_421_is_noticed)
{
	driven_make_ready(&driven);
	driven_say(&driven, "421 4.3.2 closing\r\n");
	ck_assert_int_eq(smtpc_process(driven.session), SMTPC_E_TRANSIENT);
	ck_assert_int_eq(state(), SMTPC_STATE_DEAD);
	ck_assert_int_eq(smtpc_reply_code(smtpc_error_reply(driven.session)),
			 421);
	ck_assert_uint_eq(smtpc_session_fd_count(driven.session), 0);
	ck_assert(driven_is_hung_up(&driven));
}
END_TEST

START_TEST(at_rest_the_end_is_noticed)
{
	driven_make_ready(&driven);
	driven_hang_up(&driven);
	ck_assert_int_eq(smtpc_wait(driven.session, SMTPC_FOREVER), SMTPC_OK);
	ck_assert_int_eq(smtpc_process(driven.session), SMTPC_E_CLOSED);
	ck_assert_int_eq(state(), SMTPC_STATE_DEAD);
	ck_assert_uint_eq(smtpc_session_fd_count(driven.session), 0);
}
END_TEST

START_TEST(at_rest_nothing_is_nothing)
{
	driven_make_ready(&driven);
	ck_assert_int_eq(smtpc_process(driven.session), SMTPC_OK);
	ck_assert_int_eq(smtpc_process(driven.session), SMTPC_OK);
	ck_assert_int_eq(state(), SMTPC_STATE_READY);
}
END_TEST

/* No signal: its default would end this test. */
START_TEST(writing_to_nobody_is_a_failure_and_no_signal)
{
	int rc;

	driven_make_ready(&driven);
	driven_hang_up(&driven);
	rc = smtpc_send(driven.session, driven.mail);
	if (rc == SMTPC_AGAIN)
		rc = driven_process(&driven);
	ck_assert_int_lt(rc, 0);
	ck_assert_int_eq(state(), SMTPC_STATE_DEAD);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(driven.mail, 0),
			 SMTPC_OUTCOME_NOT_ATTEMPTED);
}
END_TEST

/*
 * One thing at a time.
 */

/* Everything that is busy while something is in progress. */
static void
check_steps_are_busy(void)
{
	smtpc_session *session = driven.session;
	int fd = driven.server;

	ck_assert_int_eq(smtpc_connect(session, "mx.example.test", 25),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_connect_unix(session, "/nonexistent"),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_attach(session, fd, "mx.example.test", 25),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_open(session, "mx.example.test", 25),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_ehlo(session), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_starttls(session), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_accept_certificate(session), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_auth(session), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_send(session, driven.mail), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_rset(session), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_noop(session), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_command(session, "VRFY", "bob"), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_quit(session), SMTPC_E_BUSY);
}

static void
check_session_setters_are_busy(void)
{
	smtpc_session *session = driven.session;

	ck_assert_int_eq(smtpc_session_set_blocking(session, 1), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_session_set_timeout(session, SMTPC_PHASE_NOOP,
						   1),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_session_set_operation_timeout(session, 1),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_session_set_client_domain(session, "x.test"),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_session_set_helper_thread(session, 0),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_session_set_pipelining(session,
						      SMTPC_PIPELINING_OFF),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_session_set_tls_mode(session, SMTPC_TLS_AUTO),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_session_set_credentials(session, NULL, "alice",
						       "secret"),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_session_set_mechanisms(session, "PLAIN"),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_session_set_plaintext_auth(session, 1),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_session_set_trace(session, NULL, NULL),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_session_set_trace_fd(session, -1), SMTPC_E_BUSY);
}

static void
check_mail_is_busy(void)
{
	smtpc_transaction *mail = driven.mail;

	ck_assert_int_eq(smtpc_transaction_reset(mail), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_sender(mail, ""), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_add_recipient(mail, "x@example.test",
							 NULL),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_add_mail_parameter(mail, "RET",
							      "FULL"),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_add_recipient_parameter(mail, 0,
								   "NOTIFY",
								   "NEVER"),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_content(mail, "x", 1),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_content_copy(mail, "x", 1),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_content_fd(mail, 0),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_all_or_none(mail, 1),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_result(mail), SMTPC_AGAIN);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_PENDING);
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(mail, 0), 0);
}

START_TEST(while_something_is_in_progress_nothing_else_is_begun)
{
	driven_make_ready(&driven);
	ck_assert_int_eq(smtpc_noop(driven.session), SMTPC_AGAIN);
	check_steps_are_busy();
	check_session_setters_are_busy();
	/* What is in progress has not noticed any of it. */
	driven_expect(&driven, "NOOP\r\n");
	driven_say(&driven, "250 ok\r\n");
	ck_assert_int_eq(driven_process(&driven), SMTPC_OK);
	ck_assert_int_eq(state(), SMTPC_STATE_READY);
}
END_TEST

START_TEST(while_a_mail_is_sent_it_can_t_be_changed)
{
	smtpc_session *other;

	driven_make_ready(&driven);
	driven_begin_mail(&driven);
	check_steps_are_busy();
	check_mail_is_busy();
	ck_assert_int_eq(smtpc_session_new(&other), SMTPC_OK);
	ck_assert_int_eq(smtpc_send(other, driven.mail), SMTPC_E_BUSY);
	smtpc_session_free(other);
	driven_say(&driven, "250 ok\r\n250 ok\r\n354 go on\r\n250 taken\r\n");
	/* The verdict came before the content: that is no good server. */
	ck_assert_int_eq(driven_process(&driven), SMTPC_E_PROTOCOL);
	ck_assert_int_eq(smtpc_transaction_reset(driven.mail), SMTPC_OK);
}
END_TEST

static int calls;

static void
check_in_trace(int kind, const char *text, size_t len, void *userdata)
{
	(void)kind;
	(void)text;
	(void)len;
	ck_assert_ptr_eq(userdata, &driven);
	calls++;
	check_steps_are_busy();
	check_session_setters_are_busy();
	ck_assert_int_eq(smtpc_process(driven.session), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_wait(driven.session, 0), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_disconnect(driven.session), SMTPC_E_BUSY);
	/* Nothing happens: the object is in use. */
	smtpc_session_free(driven.session);
	ck_assert_int_eq(smtpc_session_state(driven.session),
			 SMTPC_STATE_READY);
}

START_TEST(in_a_trace_callback_hardly_anything_is_permitted)
{
	driven_make_ready(&driven);
	ck_assert_int_eq(smtpc_session_set_trace(driven.session, check_in_trace,
						 &driven),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_noop(driven.session), SMTPC_AGAIN);
	driven_say(&driven, "250-one\r\n250 two\r\n");
	ck_assert_int_eq(driven_process(&driven), SMTPC_OK);
	ck_assert_int_eq(calls, 3);
	ck_assert_int_eq(smtpc_session_set_trace(driven.session, NULL, NULL),
			 SMTPC_OK);
}
END_TEST

static int
check_in_reader(void *buffer, size_t size, size_t *ret_len, void *userdata)
{
	ck_assert_uint_gt(size, 0);
	ck_assert_ptr_eq(userdata, &driven);
	check_steps_are_busy();
	check_session_setters_are_busy();
	check_mail_is_busy();
	ck_assert_int_eq(smtpc_process(driven.session), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_disconnect(driven.session), SMTPC_E_BUSY);
	smtpc_session_free(driven.session);
	smtpc_transaction_free(driven.mail);
	*ret_len = 0;
	if (calls++ == 0) {
		memcpy(buffer, "hello", 5);
		*ret_len = 5;
	}
	return SMTPC_OK;
}

START_TEST(in_a_reader_hardly_anything_is_permitted)
{
	ck_assert_int_eq(smtpc_transaction_set_content_reader(driven.mail,
							      check_in_reader,
							      -1, &driven),
			 SMTPC_OK);
	driven_make_ready(&driven);
	driven_begin_mail(&driven);
	driven_say(&driven, "250 ok\r\n250 ok\r\n354 go on\r\n");
	ck_assert_int_eq(driven_process(&driven), SMTPC_AGAIN);
	driven_expect(&driven, "hello\r\n.\r\n");
	driven_say(&driven, "250 taken\r\n");
	ck_assert_int_eq(driven_process(&driven), SMTPC_OK);
	ck_assert_int_eq(calls, 2);
}
END_TEST

/*
 * Ends.
 */

static void
check_outcome(int result, int outcome)
{
	ck_assert_int_eq(smtpc_transaction_result(driven.mail), result);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(driven.mail, 0),
			 outcome);
}

START_TEST(disconnecting_ends_what_is_in_progress)
{
	driven_make_ready(&driven);
	ck_assert_int_eq(smtpc_noop(driven.session), SMTPC_AGAIN);
	driven_expect(&driven, "NOOP\r\n");
	ck_assert_int_eq(smtpc_disconnect(driven.session), SMTPC_OK);
	ck_assert_int_eq(state(), SMTPC_STATE_DISCONNECTED);
	ck_assert(driven_is_hung_up(&driven));
	ck_assert_int_eq(smtpc_process(driven.session), SMTPC_OK);
}
END_TEST

START_TEST(disconnecting_before_the_final_dot_leaves_nothing_attempted)
{
	driven_make_ready(&driven);
	driven_begin_mail(&driven);
	ck_assert_int_eq(smtpc_disconnect(driven.session), SMTPC_OK);
	check_outcome(SMTPC_E_CANCELLED, SMTPC_OUTCOME_NOT_ATTEMPTED);
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(driven.mail,
								   0),
			 1);
	ck_assert(driven_is_hung_up(&driven));
}
END_TEST

static void
begin_and_send_content(void)
{
	driven_make_ready(&driven);
	driven_begin_mail(&driven);
	driven_say(&driven, "250 ok\r\n250 ok\r\n354 go on\r\n");
	ck_assert_int_eq(driven_process(&driven), SMTPC_AGAIN);
	driven_expect(&driven, "Subject: hello\r\n\r\nHello.\r\n.\r\n");
}

START_TEST(disconnecting_after_the_final_dot_leaves_a_doubt)
{
	begin_and_send_content();
	ck_assert_int_eq(smtpc_disconnect(driven.session), SMTPC_OK);
	check_outcome(SMTPC_IN_DOUBT, SMTPC_OUTCOME_IN_DOUBT);
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(driven.mail,
								   0),
			 0);
}
END_TEST

START_TEST(freeing_the_session_leaves_the_mail_with_its_fate)
{
	begin_and_send_content();
	smtpc_session_free(driven.session);
	driven.session = NULL;
	check_outcome(SMTPC_IN_DOUBT, SMTPC_OUTCOME_IN_DOUBT);
	ck_assert_int_eq(smtpc_transaction_octets_sent(driven.mail), 26);
	ck_assert_int_eq(smtpc_reply_code(
			     smtpc_transaction_recipient_reply(driven.mail, 0)),
			 250);
	ck_assert(driven_is_hung_up(&driven));
	ck_assert_int_eq(smtpc_transaction_reset(driven.mail), SMTPC_OK);
}
END_TEST

START_TEST(freeing_a_mail_that_is_sent_closes_without_a_dot)
{
	driven_make_ready(&driven);
	driven_begin_mail(&driven);
	smtpc_transaction_free(driven.mail);
	driven.mail = NULL;
	ck_assert_int_eq(state(), SMTPC_STATE_DEAD);
	ck_assert(driven_is_hung_up(&driven));
	ck_assert_int_eq(smtpc_process(driven.session), SMTPC_E_CANCELLED);
	ck_assert_int_eq(smtpc_noop(driven.session), SMTPC_E_STATE);
}
END_TEST

START_TEST(freeing_a_mail_that_was_sent_leaves_the_session)
{
	begin_and_send_content();
	driven_say(&driven, "250 taken\r\n");
	ck_assert_int_eq(driven_process(&driven), SMTPC_OK);
	smtpc_transaction_free(driven.mail);
	driven.mail = NULL;
	ck_assert_int_eq(state(), SMTPC_STATE_READY);
	ck_assert_int_eq(smtpc_noop(driven.session), SMTPC_AGAIN);
	driven_say(&driven, "250 ok\r\n");
	ck_assert_int_eq(driven_process(&driven), SMTPC_OK);
}
END_TEST

START_TEST(freeing_nothing_is_nothing)
{
	smtpc_session_free(NULL);
	smtpc_transaction_free(NULL);
	smtpc_tls_free(NULL);
}
END_TEST

START_TEST(what_was_borrowed_lives_until_the_next_step)
{
	const smtpc_reply *reply;

	driven_make_ready(&driven);
	reply = smtpc_session_reply(driven.session);
	ck_assert_int_eq(smtpc_process(driven.session), SMTPC_OK);
	ck_assert_ptr_eq(smtpc_session_reply(driven.session), reply);
	ck_assert_int_eq(smtpc_reply_code(reply), 250);
	ck_assert_ptr_eq(smtpc_session_extension(driven.session, "auth"),
			 smtpc_session_extension(driven.session, "AUTH"));
}
END_TEST

/*
 * Attaching.
 */

START_TEST(a_descriptor_that_is_taken_belongs_to_the_session)
{
	driven_attach(&driven);
	/* It was copied: the number that was given is free again. */
	ck_assert_int_eq(fcntl(driven.attached, F_GETFD), -1);
	ck_assert_int_eq(smtpc_disconnect(driven.session), SMTPC_OK);
	ck_assert(driven_is_hung_up(&driven));
}
END_TEST

static void
check_not_taken(int fd, const char *host, int port, int result)
{
	ck_assert_int_eq(smtpc_attach(driven.session, fd, host, port), result);
	ck_assert_int_ne(fcntl(fd, F_GETFD), -1);
}

START_TEST(a_descriptor_that_is_not_taken_is_still_the_caller_s)
{
	int ends[2], pipes[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	check_not_taken(ends[0], "not a host", 25, SMTPC_E_INVALID);
	check_not_taken(ends[0], "mx.example.test", 0, SMTPC_E_INVALID);
	check_not_taken(ends[0], "mx.example.test", -1, SMTPC_E_INVALID);
	check_not_taken(ends[0], "mx.example.test", 65536, SMTPC_E_INVALID);
	check_not_taken(ends[0], NULL, 25, SMTPC_E_INVALID);
	check_not_taken(pipes[0], "mx.example.test", 25, SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_attach(driven.session, -1, "mx.example.test",
				      25),
			 SMTPC_E_INVALID);
	driven_greet(&driven);
	check_not_taken(ends[0], "mx.example.test", 587, SMTPC_E_STATE);
	ck_assert_int_eq(smtpc_noop(driven.session), SMTPC_AGAIN);
	check_not_taken(ends[0], "mx.example.test", 587, SMTPC_E_BUSY);
	close(ends[0]);
	close(ends[1]);
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

/* A blocking descriptor is not waited on all the same. */
START_TEST(a_descriptor_s_own_flags_do_not_matter)
{
	driven_greet(&driven);
	ck_assert_int_eq(fcntl(driven.server, F_SETFL, 0), 0);
	ck_assert_int_eq(smtpc_noop(driven.session), SMTPC_AGAIN);
	ck_assert_int_eq(smtpc_process(driven.session), SMTPC_AGAIN);
}
END_TEST

static TCase *
add(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static void
add_waiting(Suite *suite)
{
	TCase *tcase = add(suite, "waiting");

	tcase_add_test(tcase,
		       without_a_connection_there_is_nothing_to_wait_for);
	tcase_add_test(
	    tcase, a_connection_in_progress_is_waited_for_and_has_a_deadline);
	tcase_add_test(tcase,
		       a_session_at_rest_wants_to_read_and_has_no_deadline);
	tcase_add_test(tcase, the_session_s_descriptor_is_closed_on_exec);
	tcase_add_test(tcase,
		       the_generation_changes_with_what_there_is_to_wait_for);
	tcase_add_test(tcase, another_connection_is_another_generation);
	tcase_add_test(tcase, what_can_t_be_sent_yet_is_waited_for);
	tcase_add_test(tcase,
		       content_from_a_pipe_is_waited_for_beside_the_connection);
	tcase_add_test(tcase, a_full_pipe_is_not_waited_for_while_nobody_reads);
	tcase_add_test(
	    tcase, waiting_ends_when_there_is_something_or_the_time_is_over);
	tcase_add_test(tcase, waiting_ends_with_the_phase);
}

static void
add_rest_and_busy(Suite *suite)
{
	TCase *tcase = add(suite, "rest");

	tcase_add_test(tcase, at_rest_a_421_is_noticed);
	tcase_add_test(tcase, at_rest_the_end_is_noticed);
	tcase_add_test(tcase, at_rest_nothing_is_nothing);
	tcase_add_test(tcase, writing_to_nobody_is_a_failure_and_no_signal);
	tcase = add(suite, "busy");
	tcase_add_test(tcase,
		       while_something_is_in_progress_nothing_else_is_begun);
	tcase_add_test(tcase, while_a_mail_is_sent_it_can_t_be_changed);
	tcase_add_test(tcase, in_a_trace_callback_hardly_anything_is_permitted);
	tcase_add_test(tcase, in_a_reader_hardly_anything_is_permitted);
}

static void
add_ends_and_attaching(Suite *suite)
{
	TCase *tcase = add(suite, "ends");

	tcase_add_test(tcase, disconnecting_ends_what_is_in_progress);
	tcase_add_test(
	    tcase, disconnecting_before_the_final_dot_leaves_nothing_attempted);
	tcase_add_test(tcase, disconnecting_after_the_final_dot_leaves_a_doubt);
	tcase_add_test(tcase,
		       freeing_the_session_leaves_the_mail_with_its_fate);
	tcase_add_test(tcase, freeing_a_mail_that_is_sent_closes_without_a_dot);
	tcase_add_test(tcase, freeing_a_mail_that_was_sent_leaves_the_session);
	tcase_add_test(tcase, freeing_nothing_is_nothing);
	tcase_add_test(tcase, what_was_borrowed_lives_until_the_next_step);
	tcase = add(suite, "attaching");
	tcase_add_test(tcase,
		       a_descriptor_that_is_taken_belongs_to_the_session);
	tcase_add_test(tcase,
		       a_descriptor_that_is_not_taken_is_still_the_caller_s);
	tcase_add_test(tcase, a_descriptor_s_own_flags_do_not_matter);
}

int
main(void)
{
	Suite *suite = suite_create("driving");
	SRunner *runner;
	int failed;

	add_waiting(suite);
	add_rest_and_busy(suite);
	add_ends_and_attaching(suite);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/engine.c and lib/steps.c where no dialogue will do: what is
 * known of a connection that is lost, what is forgotten with it, and replies
 * to what has not left.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mem.h"
#include "steps.h"
#include "suite.h"
#include "wired.h"

/* The record of why the session died is this, and stays so. */
static void
died(int result, int phase, const char *detail, int code)
{
	const smtpc_reply *reply = smtpc_error_reply(session);

	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_DEAD);
	ck_assert_int_eq(smtpc_error_result(session), result);
	ck_assert_int_eq(smtpc_error_phase(session), phase);
	ck_assert_str_eq(smtpc_error_detail(session), detail);
	ck_assert_str_ne(smtpc_error_message(session), "");
	ck_assert_int_eq(reply != NULL ? smtpc_reply_code(reply) : 0, code);
}

/* How a session at rest dies. */
static const struct {
	const char *said;
	bool ends;
	int result;
	const char *detail;
	int code;
} deaths[] = {
	{ "421 4.3.2 closing\r\n", false, SMTPC_E_TRANSIENT, "", 421 },
	{ "250 what\r\n", false, SMTPC_E_PROTOCOL, "unsolicited-reply", 250 },
	{ "junk\r\n", false, SMTPC_E_PROTOCOL, "reply-unparsable", 0 },
	{ "", true, SMTPC_E_CLOSED, "", 0 },
};

START_TEST(a_dead_session_says_again_and_again_why_it_died)
{
	const char *message;
	int i;

	wired_make_ready("DSN");
	if (deaths[_i].ends)
		memory_stream_end(&wired_wire);
	ck_assert_int_eq(wired_process(deaths[_i].said), deaths[_i].result);
	message = smtpc_error_message(session);
	for (i = 0; i < 3; i++) {
		died(deaths[_i].result, SMTPC_PHASE_IDLE, deaths[_i].detail,
		     deaths[_i].code);
		ck_assert_int_eq(smtpc_process(session), deaths[_i].result);
		ck_assert_ptr_eq(smtpc_error_message(session), message);
	}
	ck_assert_uint_eq(wired_wire.frees, 1);
}
END_TEST

START_TEST(after_a_step_that_was_not_possible_that_is_what_is_told)
{
	wired_make_ready("DSN");
	memory_stream_end(&wired_wire);
	ck_assert_int_eq(smtpc_process(session), SMTPC_E_CLOSED);
	ck_assert_int_eq(smtpc_noop(session), SMTPC_E_STATE);
	ck_assert_int_eq(smtpc_process(session), SMTPC_E_STATE);
	/* After a disconnect there is nothing to tell. */
	ck_assert_int_eq(smtpc_disconnect(session), SMTPC_OK);
	ck_assert_int_eq(smtpc_process(session), SMTPC_OK);
	ck_assert_int_eq(smtpc_error_result(session), SMTPC_OK);
}
END_TEST

/*
 * What is forgotten.
 */

static void
lose(int how)
{
	if (how == 0) {
		ck_assert_int_eq(smtpc_disconnect(session), SMTPC_OK);
	} else if (how == 1) {
		memory_stream_end(&wired_wire);
		ck_assert_int_eq(smtpc_process(session), SMTPC_E_CLOSED);
	} else {
		ck_assert_int_eq(smtpc_quit(session), SMTPC_AGAIN);
		ck_assert_int_eq(wired_process("221 bye\r\n"), SMTPC_OK);
	}
}

START_TEST(trust_and_mechanism_end_with_the_connection)
{
	wired_make_ready("DSN");
	session->trust = SMTPC_TRUST_PINNED;
	session->mechanism = "PLAIN";
	session->problems = SMTPC_CERTIFICATE_EXPIRED;
	lose(_i);
	ck_assert_int_eq(smtpc_session_tls_trust(session), SMTPC_TRUST_NONE);
	ck_assert_ptr_null(smtpc_session_mechanism(session));
	ck_assert_ptr_null(smtpc_session_tls_version(session));
	/* What was wrong can still be read. */
	ck_assert_uint_eq(smtpc_session_certificate_problems(session),
			  SMTPC_CERTIFICATE_EXPIRED);
}
END_TEST

START_TEST(nothing_of_the_server_s_outlives_the_next_connection)
{
	wired_make_ready("DSN");
	session->problems = SMTPC_CERTIFICATE_EXPIRED;
	session->chain = calloc(1, sizeof(*session->chain));
	mem_free(session->peer_address);
	session->peer_address = mem_copy_text("192.0.2.1:587");
	lose(_i);
	ck_assert_str_eq(smtpc_session_peer_address(session), "192.0.2.1:587");
	wired_renew();
	/* It is not connected before this says so. */
	wired_wire.open_rc = SMTPC_AGAIN;
	ck_assert_int_eq(wired_attach(), SMTPC_AGAIN);
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_CONNECTING);
	ck_assert_ptr_null(smtpc_session_peer_address(session));
	ck_assert_uint_eq(smtpc_session_certificate_problems(session), 0);
	ck_assert_ptr_null(session->chain);
	ck_assert_ptr_null(session->local_literal);
	ck_assert_ptr_null(smtpc_session_greeting(session));
	ck_assert_ptr_null(smtpc_session_reply(session));
	ck_assert_uint_eq(smtpc_session_extension_count(session), 0);
	ck_assert(!session->knows_ehlo);
	wired_wire.open_rc = SMTPC_OK;
	ck_assert_int_eq(wired_process("220 again\r\n"), SMTPC_OK);
	ck_assert_ptr_nonnull(smtpc_session_peer_address(session));
}
END_TEST

/*
 * Replies to what is still here.
 */

/* Nothing leaves any more. */
static int
write_nothing(struct stream *stream, const struct iovec *pieces, int count,
	      size_t *ret_taken)
{
	(void)stream;
	(void)pieces;
	(void)count;
	(void)ret_taken;
	return SMTPC_AGAIN;
}

static struct stream_operations deaf;

static void
become_deaf(void)
{
	deaf = *wired_wire.base.operations;
	deaf.write = write_nothing;
	wired_wire.base.operations = &deaf;
}

START_TEST(a_reply_to_a_command_that_is_still_here_is_early)
{
	wired_make_ready("PIPELINING");
	become_deaf();
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("250 ok\r\n"), SMTPC_E_PROTOCOL);
	died(SMTPC_E_PROTOCOL, SMTPC_PHASE_MAIL, "early-reply", 0);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_NOT_ATTEMPTED);
}
END_TEST

/* The first command has left, and nothing of the second. */
START_TEST(a_reply_to_the_next_command_is_early_too)
{
	wired_make_ready("PIPELINING");
	wired_wire.turn = wired_wire.write_left =
	    strlen("MAIL FROM:<alice@a.test>\r\n");
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	wired_heard("MAIL FROM:<alice@a.test>\r\n");
	become_deaf();
	ck_assert_int_eq(wired_process("250 ok\r\n"), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("250 ok\r\n"), SMTPC_E_PROTOCOL);
	died(SMTPC_E_PROTOCOL, SMTPC_PHASE_RCPT, "early-reply", 0);
}
END_TEST

START_TEST(a_421_may_come_at_any_time)
{
	wired_make_ready("PIPELINING");
	become_deaf();
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("421 closing\r\n"), SMTPC_E_TRANSIENT);
	died(SMTPC_E_TRANSIENT, SMTPC_PHASE_MAIL, "", 421);
}
END_TEST

/*
 * Attaching.
 */

START_TEST(a_socket_that_can_t_be_taken_over_leaves_a_record)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	/* The record of an earlier step must not be taken for this one's. */
	ck_assert_int_eq(smtpc_noop(session), SMTPC_E_STATE);
	descriptors_run_out(true);
	ck_assert_int_eq(smtpc_attach(session, ends[0], "mx.example.test", 25),
			 SMTPC_E_SYSTEM);
	descriptors_run_out(false);
	ck_assert_int_eq(smtpc_error_result(session), SMTPC_E_SYSTEM);
	ck_assert_int_eq(smtpc_error_errno(session), EMFILE);
	ck_assert_int_eq(smtpc_error_phase(session), SMTPC_PHASE_CONNECT);
	ck_assert_ptr_nonnull(strstr(smtpc_error_message(session), "socket"));
	ck_assert_int_eq(smtpc_session_state(session),
			 SMTPC_STATE_DISCONNECTED);

	fault_at(0);
	ck_assert_int_eq(smtpc_attach(session, ends[0], "mx.example.test", 25),
			 SMTPC_E_NOMEM);
	ck_assert(fault_end());
	ck_assert_int_eq(smtpc_error_result(session), SMTPC_E_NOMEM);
	ck_assert_int_eq(smtpc_error_errno(session), 0);
	/* It is still the caller's. */
	ck_assert_int_eq(close(ends[0]), 0);
	ck_assert_int_eq(close(ends[1]), 0);
}
END_TEST

START_TEST(what_is_no_socket_leaves_a_record)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(smtpc_attach(session, ends[0], "mx.example.test", 25),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_error_result(session), SMTPC_E_INVALID);
	ck_assert_str_eq(smtpc_error_detail(session), "argument");
	ck_assert_int_eq(close(ends[0]), 0);
	ck_assert_int_eq(close(ends[1]), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("engine");
	TCase *tcase = suite_case(suite, "dead");

	tcase_add_checked_fixture(tcase, wired_set_up, wired_tear_down);
	tcase_add_loop_test(tcase,
			    a_dead_session_says_again_and_again_why_it_died, 0,
			    4);
	tcase_add_test(tcase,
		       after_a_step_that_was_not_possible_that_is_what_is_told);
	tcase_add_loop_test(tcase, trust_and_mechanism_end_with_the_connection,
			    0, 3);
	tcase_add_loop_test(
	    tcase, nothing_of_the_server_s_outlives_the_next_connection, 0, 3);

	tcase = suite_case(suite, "early");
	tcase_add_checked_fixture(tcase, wired_set_up, wired_tear_down);
	tcase_add_test(tcase, a_reply_to_a_command_that_is_still_here_is_early);
	tcase_add_test(tcase, a_reply_to_the_next_command_is_early_too);
	tcase_add_test(tcase, a_421_may_come_at_any_time);

	tcase = suite_case(suite, "attach");
	tcase_add_checked_fixture(tcase, wired_set_up, wired_tear_down);
	tcase_add_test(tcase,
		       a_socket_that_can_t_be_taken_over_leaves_a_record);
	tcase_add_test(tcase, what_is_no_socket_leaves_a_record);
	return suite_run(suite);
}

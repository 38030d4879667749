/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose a submitted transaction is, and what of it is left when the session, or
 * it itself, goes before its time.  The server is the other end of a pair of
 * sockets.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <smtpc/smtpc.h>

#define MAILS 3

static smtpc_session *session;
static smtpc_transaction *mails[MAILS];
static int server;

static void
say(const char *lines)
{
	ck_assert_int_eq(write(server, lines, strlen(lines)),
			 (ssize_t)strlen(lines));
}

/* All that the client has sent by now, NUL behind it. */
static const char *
heard(void)
{
	static char text[4096];
	ssize_t len = recv(server, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[len > 0 ? len : 0] = '\0';
	return text;
}

static void
must_be_done(int rc)
{
	if (rc == SMTPC_AGAIN)
		rc = smtpc_process(session);
	ck_assert_int_eq(rc, SMTPC_OK);
}

static smtpc_transaction *
new_mail(void)
{
	smtpc_transaction *mail;

	ck_assert_int_eq(smtpc_transaction_new(&mail), SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_sender(mail, "a@example.test"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_add_recipient(mail, "b@example.test",
							 NULL),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_content(mail, "hello", 5),
			 SMTPC_OK);
	return mail;
}

static smtpc_session *
new_session(int level, int *ret_server)
{
	smtpc_session *made;
	int ends[2];

	ck_assert_int_eq(smtpc_session_new(&made), SMTPC_OK);
	(void)smtpc_session_set_blocking(made, 0);
	ck_assert_int_eq(smtpc_session_set_tls_mode(made, SMTPC_TLS_NONE),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_pipelining(made, level), SMTPC_OK);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	*ret_server = ends[0];
	session = made;
	server = ends[0];
	say("220 mx.example.test\r\n");
	must_be_done(smtpc_attach(made, ends[1], "mx.example.test", 25));
	ck_assert_int_eq(smtpc_ehlo(made), SMTPC_AGAIN);
	say("250-mx.example.test\r\n250 PIPELINING\r\n");
	must_be_done(SMTPC_AGAIN);
	(void)heard();
	return made;
}

static void
submit_all(void)
{
	size_t i;

	for (i = 0; i < MAILS; i++)
		ck_assert_int_eq(smtpc_submit(session, mails[i]), SMTPC_OK);
	ck_assert_uint_eq(smtpc_session_outstanding(session), MAILS);
}

static void
setup(void)
{
	size_t i;

	session = new_session(SMTPC_PIPELINING_STREAM, &server);
	for (i = 0; i < MAILS; i++)
		mails[i] = new_mail();
}

static void
teardown(void)
{
	size_t i;

	smtpc_session_free(session);
	for (i = 0; i < MAILS; i++)
		smtpc_transaction_free(mails[i]);
	close(server);
}

static void
must_be(size_t index, int result, int outcome)
{
	const smtpc_transaction *mail = mails[index];

	ck_assert_int_eq(smtpc_transaction_result(mail), result);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0), outcome);
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(mail, 0),
			 outcome == SMTPC_OUTCOME_NOT_ATTEMPTED);
}

/* The first is all there, its verdict open; the second has begun. */
static void
send_the_first(void)
{
	submit_all();
	say("250 ok\r\n250 ok\r\n354 go on\r\n");
	ck_assert_int_eq(smtpc_process(session), SMTPC_AGAIN);
	ck_assert_ptr_nonnull(strstr(heard(), "\r\nhello\r\n.\r\nMAIL "));
}

START_TEST(the_end_of_the_session_settles_all_that_is_outstanding)
{
	send_the_first();
	smtpc_session_free(session);
	session = NULL;
	must_be(0, SMTPC_IN_DOUBT, SMTPC_OUTCOME_IN_DOUBT);
	must_be(1, SMTPC_E_CANCELLED, SMTPC_OUTCOME_NOT_ATTEMPTED);
	must_be(2, SMTPC_E_CANCELLED, SMTPC_OUTCOME_NOT_ATTEMPTED);
	ck_assert_str_ne(smtpc_transaction_error_message(mails[0]), "");
	ck_assert_str_eq(heard(), "");
}
END_TEST

START_TEST(after_the_end_of_the_session_they_are_the_caller_s_again)
{
	send_the_first();
	smtpc_session_free(session);
	close(server);
	ck_assert_int_eq(smtpc_transaction_reset(mails[0]), SMTPC_OK);
	session = new_session(SMTPC_PIPELINING_STREAM, &server);
	ck_assert_int_eq(smtpc_submit(session, mails[1]), SMTPC_OK);
	say("250 ok\r\n250 ok\r\n354 go on\r\n");
	ck_assert_int_eq(smtpc_process(session), SMTPC_AGAIN);
	say("250 taken\r\n");
	ck_assert_int_eq(smtpc_process(session), SMTPC_OK);
	ck_assert_int_eq(smtpc_collect(session, &mails[1]), SMTPC_OK);
	must_be(1, SMTPC_OK, SMTPC_OUTCOME_ACCEPTED);
}
END_TEST

START_TEST(what_is_outstanding_can_not_be_changed)
{
	smtpc_transaction *mail = mails[2];
	size_t index;

	submit_all();
	ck_assert_int_eq(smtpc_transaction_reset(mail), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_sender(mail, ""), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_add_recipient(mail, "c@example.test",
							 &index),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_content(mail, "", 0),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_set_all_or_none(mail, 1),
			 SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_transaction_result(mail), SMTPC_AGAIN);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_PENDING);
	ck_assert_int_eq(smtpc_transaction_recipient_safe_to_retry(mail, 0), 0);
}
END_TEST

START_TEST(what_is_settled_can_not_be_changed_before_it_is_collected)
{
	smtpc_transaction *mail;

	send_the_first();
	(void)smtpc_disconnect(session);
	ck_assert_int_eq(smtpc_transaction_reset(mails[0]), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_collect(session, &mail), SMTPC_OK);
	ck_assert_ptr_eq(mail, mails[0]);
	ck_assert_int_eq(smtpc_transaction_reset(mails[0]), SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_reset(mails[1]), SMTPC_E_BUSY);
}
END_TEST

START_TEST(one_session_s_transaction_is_not_another_s)
{
	smtpc_session *first = session;
	int first_server = server, other_server;
	smtpc_session *other =
	    new_session(SMTPC_PIPELINING_STREAM, &other_server);

	session = first;
	server = first_server;
	submit_all();
	ck_assert_int_eq(smtpc_submit(other, mails[1]), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_send(other, mails[1]), SMTPC_E_BUSY);
	ck_assert_uint_eq(smtpc_session_outstanding(other), 0);
	smtpc_session_free(other);
	close(other_server);
}
END_TEST

/* _i: 6 orders of three transactions, with the session at any place. */
START_TEST(they_can_be_freed_in_any_order)
{
	static const int orders[6][MAILS] = { { 0, 1, 2 }, { 0, 2, 1 },
					      { 1, 0, 2 }, { 1, 2, 0 },
					      { 2, 0, 1 }, { 2, 1, 0 } };
	const int *order = orders[_i / (MAILS + 1)];
	int session_at = _i % (MAILS + 1);
	int i;

	send_the_first();
	for (i = 0; i <= MAILS; i++) {
		if (i == session_at) {
			smtpc_session_free(session);
			session = NULL;
		}
		if (i == MAILS)
			break;
		smtpc_transaction_free(mails[order[i]]);
		mails[order[i]] = NULL;
		if (session != NULL)
			ck_assert_uint_eq(smtpc_session_outstanding(session),
					  (size_t)(MAILS - 1 - i));
	}
	/* Whatever the order, the server is not told that all is there. */
	ck_assert_ptr_null(strstr(heard(), "\r\n.\r\n"));
}
END_TEST

START_TEST(one_that_has_not_begun_is_withdrawn_when_it_is_freed)
{
	smtpc_session_free(session);
	close(server);
	session = new_session(SMTPC_PIPELINING_SAFE, &server);
	submit_all();
	smtpc_transaction_free(mails[1]);
	mails[1] = NULL;
	ck_assert_uint_eq(smtpc_session_outstanding(session), 2);
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_READY);
	say("250 ok\r\n250 ok\r\n354 go on\r\n");
	ck_assert_int_eq(smtpc_process(session), SMTPC_AGAIN);
	say("250 taken\r\n");
	ck_assert_int_eq(smtpc_process(session), SMTPC_OK);
	ck_assert_int_eq(smtpc_collect(session, &mails[0]), SMTPC_OK);
	must_be(0, SMTPC_OK, SMTPC_OUTCOME_ACCEPTED);
	ck_assert_int_eq(smtpc_transaction_result(mails[2]), SMTPC_AGAIN);
}
END_TEST

START_TEST(one_that_has_begun_ends_the_connection_when_it_is_freed)
{
	send_the_first();
	smtpc_transaction_free(mails[0]);
	mails[0] = NULL;
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_DEAD);
	must_be(1, SMTPC_E_CANCELLED, SMTPC_OUTCOME_NOT_ATTEMPTED);
	must_be(2, SMTPC_E_CANCELLED, SMTPC_OUTCOME_NOT_ATTEMPTED);
	ck_assert_uint_eq(smtpc_session_outstanding(session), 2);
	ck_assert_int_eq(smtpc_collect(session, &mails[1]), SMTPC_OK);
	ck_assert_int_eq(smtpc_collect(session, &mails[2]), SMTPC_OK);
	ck_assert_uint_eq(smtpc_session_outstanding(session), 0);
}
END_TEST

/* Long enough for any clock to show it. */
static void
let_time_pass(void)
{
	const struct timespec while_resting = { 0, 5000000 };

	ck_assert_int_eq(nanosleep(&while_resting, NULL), 0);
}

/* _i: what the server says unasked, long before the next message. */
START_TEST(Q_106_what_came_while_the_session_rested_is_no_answer_to_MAIL)
{
	static const char *const lines[] = {
		"250 and delivered\r\n",
		"554 what you sent before was spam\r\n",
		"354 go on\r\n",
	};

	say(lines[_i % 3]);
	let_time_pass();
	ck_assert_int_eq(_i < 3 ? smtpc_submit(session, mails[0])
				: smtpc_send(session, mails[0]),
			 SMTPC_E_PROTOCOL);
	ck_assert_str_eq(smtpc_error_detail(session), "unsolicited-reply");
	ck_assert_int_eq(smtpc_session_state(session), SMTPC_STATE_DEAD);
	must_be(0, SMTPC_E_PROTOCOL, SMTPC_OUTCOME_NOT_ATTEMPTED);
	ck_assert_str_eq(heard(), "");
}
END_TEST

START_TEST(bad_arguments_change_nothing)
{
	smtpc_transaction *mail = mails[0];

	ck_assert_int_eq(smtpc_session_set_window(session, 0, 1),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_set_window(session, 1, 0),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_set_chunk_threshold(session, -1),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_set_protocol(session, 2),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_session_set_pipelining(session, 3),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(smtpc_collect(session, &mail), SMTPC_E_STATE);
	ck_assert_ptr_eq(mail, mails[0]);
	submit_all();
	ck_assert_int_eq(smtpc_session_set_window(session, 1, 1), SMTPC_E_BUSY);
	ck_assert_int_eq(smtpc_session_set_chunking(session, 1), SMTPC_E_BUSY);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ownership");
	TCase *tcase = tcase_create("ownership");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase,
		       the_end_of_the_session_settles_all_that_is_outstanding);
	tcase_add_test(
	    tcase, after_the_end_of_the_session_they_are_the_caller_s_again);
	tcase_add_test(tcase, what_is_outstanding_can_not_be_changed);
	tcase_add_test(
	    tcase, what_is_settled_can_not_be_changed_before_it_is_collected);
	tcase_add_test(tcase, one_session_s_transaction_is_not_another_s);
	tcase_add_loop_test(tcase, they_can_be_freed_in_any_order, 0,
			    6 * (MAILS + 1));
	tcase_add_test(tcase,
		       one_that_has_not_begun_is_withdrawn_when_it_is_freed);
	tcase_add_test(tcase,
		       one_that_has_begun_ends_the_connection_when_it_is_freed);
	tcase_add_loop_test(
	    tcase,
	    Q_106_what_came_while_the_session_rested_is_no_answer_to_MAIL, 0,
	    6);
	tcase_add_test(tcase, bad_arguments_change_nothing);
	suite_add_tcase(suite, tcase);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/outcome.c.  For every combination of outcomes the result is
 * compared with what the caller was promised, spelt out again here.
 */
#include <string.h>

#include "suite.h"
#include "transaction.h"

#define RECIPIENTS 3

static struct smtpc_transaction transaction;
static struct recipient recipients[RECIPIENTS];
static struct smtpc_reply *taken, *later, *never, *verdict;

static void
set_up(void)
{
	taken = reply_of("250 2.1.5 ok\r\n");
	later = reply_of("451 4.2.1 later\r\n");
	never = reply_of("550 5.1.1 never\r\n");
	verdict = reply_of("250 2.0.0 queued\r\n");
	memset(&transaction, 0, sizeof(transaction));
	memset(recipients, 0, sizeof(recipients));
	transaction.recipients = recipients;
	transaction.recipient_count = RECIPIENTS;
	outcome_begin(&transaction);
}

static void
tear_down(void)
{
	outcome_begin(&transaction);
	reply_release(taken);
	reply_release(later);
	reply_release(never);
	reply_release(verdict);
}

static void
outcomes_are(int first, int second, int third)
{
	ck_assert_int_eq(recipients[0].outcome, first);
	ck_assert_int_eq(recipients[1].outcome, second);
	ck_assert_int_eq(recipients[2].outcome, third);
}

START_TEST(at_the_beginning_nobody_has_an_outcome)
{
	/* Whatever came of it the last time. */
	outcome_of_recipient(&transaction, 0, taken);
	outcome_of_recipient(&transaction, 1, never);
	outcome_of_taken(&transaction, SMTPC_OUTCOME_ACCEPTED, verdict);
	reply_keep(&transaction.reply, verdict);
	failure_set(&transaction.failure, SMTPC_E_PERMANENT, SMTPC_PHASE_RCPT,
		    NULL, "why");
	transaction.octets_sent = 7;
	outcome_settle(&transaction, SMTPC_E_CLOSED);

	outcome_begin(&transaction);
	outcomes_are(SMTPC_OUTCOME_PENDING, SMTPC_OUTCOME_PENDING,
		     SMTPC_OUTCOME_PENDING);
	ck_assert_ptr_null(recipients[0].reply);
	ck_assert_ptr_null(recipients[1].reply);
	ck_assert_uint_eq(transaction.turn.taken, 0);
	ck_assert_uint_eq(transaction.turn.refused, 0);
	ck_assert_int_eq(transaction.octets_sent, 0);
	ck_assert_int_eq(transaction.result, SMTPC_AGAIN);
	ck_assert_ptr_null(transaction.reply);
	ck_assert_int_eq(transaction.failure.result, SMTPC_OK);
	ck_assert_uint_eq(verdict->holds, 1);
	ck_assert_uint_eq(never->holds, 1);
}
END_TEST

START_TEST(recipient_is_taken_or_refused_by_its_reply)
{
	outcome_of_recipient(&transaction, 0, taken);
	outcome_of_recipient(&transaction, 1, later);
	outcome_of_recipient(&transaction, 2, never);
	/* Taken is not accepted yet. */
	outcomes_are(SMTPC_OUTCOME_PENDING, SMTPC_OUTCOME_TRANSIENT,
		     SMTPC_OUTCOME_PERMANENT);
	ck_assert_ptr_eq(recipients[0].reply, taken);
	ck_assert_ptr_eq(recipients[1].reply, later);
	ck_assert_ptr_eq(recipients[2].reply, never);
	ck_assert_uint_eq(transaction.turn.taken, 1);
	ck_assert_uint_eq(transaction.turn.refused, 2);
}
END_TEST

/* What is neither is a refusal for good: nobody may believe it was taken. */
START_TEST(class_of_the_reply_decides)
{
	static const struct {
		const char *text;
		int outcome, rc;
	} replies[] = {
		{ "421 x\r\n", SMTPC_OUTCOME_TRANSIENT, SMTPC_E_TRANSIENT },
		{ "499 x\r\n", SMTPC_OUTCOME_TRANSIENT, SMTPC_E_TRANSIENT },
		{ "500 x\r\n", SMTPC_OUTCOME_PERMANENT, SMTPC_E_PERMANENT },
		{ "599 x\r\n", SMTPC_OUTCOME_PERMANENT, SMTPC_E_PERMANENT },
		{ "354 x\r\n", SMTPC_OUTCOME_PERMANENT, SMTPC_E_PERMANENT },
		/* The code counts, not what the enhanced one says. */
		{ "451 5.1.1 x\r\n", SMTPC_OUTCOME_TRANSIENT,
		  SMTPC_E_TRANSIENT },
	};
	struct smtpc_reply *reply = reply_of(replies[_i].text);

	ck_assert_int_eq(outcome_refused(reply), replies[_i].outcome);
	ck_assert_int_eq(outcome_refused_result(reply), replies[_i].rc);
	outcome_of_recipient(&transaction, 1, reply);
	ck_assert_int_eq(recipients[1].outcome, replies[_i].outcome);
	ck_assert_uint_eq(transaction.turn.refused, 1);
	ck_assert_uint_eq(transaction.turn.taken, 0);
	reply_release(reply);
}
END_TEST

#define REPLIES 6

/* RFC 5321, section 4.5.3.1.10; no other 552 is meant. */
START_TEST(too_many_recipients_are_too_many_for_now)
{
	static const struct {
		const char *text;
		int outcome;
	} replies[] = {
		{ "552 too many recipients\r\n", SMTPC_OUTCOME_TRANSIENT },
		{ "552 5.5.3 too many recipients\r\n",
		  SMTPC_OUTCOME_TRANSIENT },
		{ "552 4.5.3 too many recipients\r\n",
		  SMTPC_OUTCOME_TRANSIENT },
		{ "552 5.2.2 mailbox full\r\n", SMTPC_OUTCOME_PERMANENT },
		{ "552 5.5.33 x\r\n", SMTPC_OUTCOME_PERMANENT },
		{ "550 5.5.3 x\r\n", SMTPC_OUTCOME_TRANSIENT },
		{ "554 5.5.3 x\r\n", SMTPC_OUTCOME_PERMANENT },
		{ "550 x\r\n", SMTPC_OUTCOME_PERMANENT },
	};
	struct smtpc_reply *reply = reply_of(replies[_i].text);

	outcome_of_recipient(&transaction, 0, reply);
	ck_assert_int_eq(recipients[0].outcome, replies[_i].outcome);
	reply_release(reply);
}
END_TEST

START_TEST(any_2yz_takes_a_recipient)
{
	struct smtpc_reply *reply = reply_of("251 will forward\r\n");

	outcome_of_recipient(&transaction, 0, reply);
	ck_assert_uint_eq(transaction.turn.taken, 1);
	reply_release(reply);
}
END_TEST

START_TEST(verdict_is_for_those_who_were_taken)
{
	outcome_of_recipient(&transaction, 0, taken);
	outcome_of_recipient(&transaction, 1, never);
	outcome_of_taken(&transaction, SMTPC_OUTCOME_ACCEPTED, verdict);
	outcomes_are(SMTPC_OUTCOME_ACCEPTED, SMTPC_OUTCOME_PERMANENT,
		     SMTPC_OUTCOME_PENDING);
	ck_assert_ptr_eq(recipients[0].reply, verdict);
	ck_assert_ptr_eq(recipients[1].reply, never);
	ck_assert_ptr_null(recipients[2].reply);
	/* Only once. */
	outcome_of_taken(&transaction, SMTPC_OUTCOME_IN_DOUBT, NULL);
	ck_assert_int_eq(recipients[0].outcome, SMTPC_OUTCOME_ACCEPTED);
	ck_assert_int_eq(outcome_settle(&transaction, SMTPC_E_CLOSED),
			 SMTPC_PARTIAL);
	outcomes_are(SMTPC_OUTCOME_ACCEPTED, SMTPC_OUTCOME_PERMANENT,
		     SMTPC_OUTCOME_NOT_ATTEMPTED);
}
END_TEST

START_TEST(without_a_verdict_the_reply_to_rcpt_stays)
{
	outcome_of_recipient(&transaction, 0, taken);
	outcome_of_taken(&transaction, SMTPC_OUTCOME_IN_DOUBT, NULL);
	ck_assert_int_eq(recipients[0].outcome, SMTPC_OUTCOME_IN_DOUBT);
	ck_assert_ptr_eq(recipients[0].reply, taken);
	ck_assert_int_eq(outcome_settle(&transaction, SMTPC_E_CLOSED),
			 SMTPC_IN_DOUBT);
}
END_TEST

START_TEST(who_has_no_outcome_in_the_end_was_not_attempted)
{
	ck_assert_int_eq(outcome_settle(&transaction, SMTPC_E_TIMEOUT),
			 SMTPC_E_TIMEOUT);
	ck_assert_int_eq(transaction.result, SMTPC_E_TIMEOUT);
	outcomes_are(SMTPC_OUTCOME_NOT_ATTEMPTED, SMTPC_OUTCOME_NOT_ATTEMPTED,
		     SMTPC_OUTCOME_NOT_ATTEMPTED);
}
END_TEST

/* What the caller is promised, in the order of importance. */
static int
promised(const int outcomes[RECIPIENTS], int failed)
{
	int accepted = 0, in_doubt = 0;
	size_t i;

	for (i = 0; i < RECIPIENTS; i++) {
		accepted += outcomes[i] == SMTPC_OUTCOME_ACCEPTED;
		in_doubt += outcomes[i] == SMTPC_OUTCOME_IN_DOUBT;
	}
	if (in_doubt > 0)
		return SMTPC_IN_DOUBT;
	if (accepted == RECIPIENTS)
		return SMTPC_OK;
	return accepted > 0 ? SMTPC_PARTIAL : failed;
}

START_TEST(result_is_right_for_all_combinations_of_outcomes)
{
	int outcomes[RECIPIENTS];
	int number, rest, rc;
	size_t i;

	for (number = 0; number < 6 * 6 * 6; number++) {
		outcome_begin(&transaction);
		for (rest = number, i = 0; i < RECIPIENTS; i++, rest /= 6) {
			outcomes[i] = rest % 6;
			recipients[i].outcome = outcomes[i];
		}
		rc = outcome_settle(&transaction, SMTPC_E_CLOSED);
		ck_assert_int_eq(rc, promised(outcomes, SMTPC_E_CLOSED));
		ck_assert_int_eq(transaction.result, rc);
		for (i = 0; i < RECIPIENTS; i++) {
			ck_assert_int_eq(recipients[i].outcome,
					 outcomes[i] == SMTPC_OUTCOME_PENDING
					     ? SMTPC_OUTCOME_NOT_ATTEMPTED
					     : outcomes[i]);
			/* Negative: nobody has it, or may have it. */
			if (rc < 0)
				ck_assert(
				    outcomes[i] != SMTPC_OUTCOME_ACCEPTED &&
				    outcomes[i] != SMTPC_OUTCOME_IN_DOUBT);
		}
	}
}
END_TEST

/* Whoever settles it is wrong about that: nobody is told of a success. */
START_TEST(what_nobody_has_is_no_success)
{
	static const int successes[] = { SMTPC_OK, SMTPC_AGAIN, SMTPC_PARTIAL,
					 SMTPC_IN_DOUBT };
	const int outcomes[] = { SMTPC_OUTCOME_TRANSIENT,
				 SMTPC_OUTCOME_PERMANENT,
				 SMTPC_OUTCOME_PENDING };
	size_t i, j;

	for (i = 0; i < sizeof(successes) / sizeof(successes[0]); i++) {
		outcome_begin(&transaction);
		for (j = 0; j < RECIPIENTS; j++)
			recipients[j].outcome = outcomes[j];
		ck_assert_int_eq(outcome_settle(&transaction, successes[i]),
				 SMTPC_E_PROTOCOL);
		ck_assert_int_eq(transaction.result, SMTPC_E_PROTOCOL);
		outcomes_are(SMTPC_OUTCOME_TRANSIENT, SMTPC_OUTCOME_PERMANENT,
			     SMTPC_OUTCOME_NOT_ATTEMPTED);
	}
}
END_TEST

/* What it was before, and whether that is kept. */
static const struct {
	int before[RECIPIENTS];
	bool is_kept;
} earlier[] = {
	{ { SMTPC_OUTCOME_PENDING, SMTPC_OUTCOME_PENDING,
	    SMTPC_OUTCOME_PENDING },
	  false },
	{ { SMTPC_OUTCOME_TRANSIENT, SMTPC_OUTCOME_PERMANENT,
	    SMTPC_OUTCOME_NOT_ATTEMPTED },
	  false },
	{ { SMTPC_OUTCOME_PERMANENT, SMTPC_OUTCOME_NOT_ATTEMPTED,
	    SMTPC_OUTCOME_IN_DOUBT },
	  true },
	{ { SMTPC_OUTCOME_ACCEPTED, SMTPC_OUTCOME_PERMANENT,
	    SMTPC_OUTCOME_PERMANENT },
	  true },
	{ { SMTPC_OUTCOME_IN_DOUBT, SMTPC_OUTCOME_IN_DOUBT,
	    SMTPC_OUTCOME_IN_DOUBT },
	  true },
};

START_TEST(what_was_not_begun_takes_nothing_back)
{
	struct failure failure = { 0 };
	size_t i;

	for (i = 0; i < RECIPIENTS; i++)
		recipients[i].outcome = earlier[_i].before[i];
	recipients[0].reply = reply_hold(never);
	transaction.result = SMTPC_IN_DOUBT;
	transaction.octets_sent = 7;
	failure_set(&failure, SMTPC_E_STATE, SMTPC_PHASE_MAIL, "why", "dead");

	outcome_not_begun(&transaction, &failure);
	ck_assert_int_eq(transaction.stage, STAGE_NONE);
	for (i = 0; i < RECIPIENTS; i++)
		ck_assert_int_eq(recipients[i].outcome,
				 earlier[_i].is_kept
				     ? earlier[_i].before[i]
				     : SMTPC_OUTCOME_NOT_ATTEMPTED);
	ck_assert_int_eq(transaction.result,
			 earlier[_i].is_kept ? SMTPC_IN_DOUBT : SMTPC_E_STATE);
	ck_assert_int_eq(transaction.octets_sent, earlier[_i].is_kept ? 7 : 0);
	ck_assert_int_eq(recipients[0].reply == never, earlier[_i].is_kept);
	if (earlier[_i].is_kept) {
		ck_assert_int_eq(transaction.failure.result, SMTPC_OK);
	} else {
		ck_assert_int_eq(transaction.failure.result, SMTPC_E_STATE);
		ck_assert_str_eq(transaction.failure.message, "dead");
	}
	failure_clear(&failure);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("outcome");
	TCase *tcase = suite_case(suite, "outcome");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, at_the_beginning_nobody_has_an_outcome);
	tcase_add_test(tcase, recipient_is_taken_or_refused_by_its_reply);
	tcase_add_loop_test(tcase, class_of_the_reply_decides, 0, REPLIES);
	tcase_add_loop_test(tcase, too_many_recipients_are_too_many_for_now, 0,
			    8);
	tcase_add_test(tcase, any_2yz_takes_a_recipient);
	tcase_add_test(tcase, verdict_is_for_those_who_were_taken);
	tcase_add_test(tcase, without_a_verdict_the_reply_to_rcpt_stays);

	tcase = suite_case(suite, "outcome_settle");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, who_has_no_outcome_in_the_end_was_not_attempted);
	tcase_add_loop_test(tcase, what_was_not_begun_takes_nothing_back, 0, 5);
	tcase_add_test(tcase, result_is_right_for_all_combinations_of_outcomes);
	tcase_add_test(tcase, what_nobody_has_is_no_success);
	return suite_run(suite);
}

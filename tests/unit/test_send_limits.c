/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/send_limits.c: who is held back of very many, and that the next
 * time leaves it so.  limits_costs_test.py has Valgrind count what it takes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "wired.h"

/* limits_costs_test.py has other numbers. */
static size_t many = 20000;

/* bob@b.test; then all the domains in capitals, then in small letters. */
static void
add_recipients(size_t count, size_t domains)
{
	char mailbox[64];
	size_t i;

	for (i = 1; i < count; i++) {
		snprintf(mailbox, sizeof(mailbox),
			 i < domains ? "r%zu@D%zu.TEST" : "r%zu@d%zu.test", i,
			 i % domains);
		ck_assert_int_eq(smtpc_transaction_add_recipient(mail, mailbox,
								 NULL),
				 SMTPC_OK);
	}
}

/* To a server that takes so many domains; no recipient is answered yet. */
static void
send_to(size_t count, size_t domains, size_t max)
{
	char offers[64];

	snprintf(offers, sizeof(offers),
		 "PIPELINING\r\nLIMITS RCPTDOMAINMAX=%zu", max);
	wired_make_ready(offers);
	add_recipients(count, domains);
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
}

/* It is how many, and which is the first of them? */
static size_t
held_back(size_t *ret_first)
{
	size_t count = 0;
	size_t i;

	for (i = mail->recipient_count; i-- > 0;) {
		if (!mail->recipients[i].held_back)
			continue;
		*ret_first = i;
		count++;
	}
	return count;
}

START_TEST(of_very_many_domains_one_too_many_is_held_back)
{
	size_t first = 0;

	send_to(many, many, many - 1);
	ck_assert_uint_eq(held_back(&first), 1);
	ck_assert_uint_eq(first, many - 1);
}
END_TEST

START_TEST(as_many_domains_as_the_limit_are_all_sent_to)
{
	size_t first;

	send_to(many, many, many);
	ck_assert_uint_eq(held_back(&first), 0);
}
END_TEST

/* b.test, D1.TEST and so on; d0.test, the one too many, comes behind them. */
START_TEST(domains_in_either_case_are_found_again_among_very_many)
{
	size_t first = 0;

	send_to(many, many / 2, many / 2);
	ck_assert_uint_eq(held_back(&first), 1);
	ck_assert_uint_eq(first, many / 2);
}
END_TEST

/*
 * A second time that is not begun: what is left over from the first stays so.
 */

/* Bob has it; carol and dave, who were too many, don't. */
static void
send_to_the_first_of_three(void)
{
	wired_make_ready("PIPELINING\r\nLIMITS RCPTMAX=1");
	ck_assert_int_eq(smtpc_transaction_add_recipient(mail, "carol@b.test",
							 NULL),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_add_recipient(mail, "dave@c.test",
							 NULL),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_send(session, mail), SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("250 ok\r\n250 ok\r\n354 go on\r\n"),
			 SMTPC_AGAIN);
	ck_assert_int_eq(wired_process("250 taken\r\n"), SMTPC_PARTIAL);
	ck_assert_int_eq(smtpc_disconnect(session), SMTPC_OK);
	wired_renew();
}

static void
are_two_left_over(void)
{
	smtpc_transaction *rest;

	ck_assert_int_eq(smtpc_transaction_result(mail), SMTPC_PARTIAL);
	ck_assert_int_eq(smtpc_transaction_recipient_outcome(mail, 0),
			 SMTPC_OUTCOME_ACCEPTED);
	ck_assert_int_eq(smtpc_transaction_remainder(mail, &rest), SMTPC_OK);
	ck_assert_uint_eq(smtpc_transaction_recipient_count(rest), 2);
	ck_assert_str_eq(smtpc_transaction_recipient(rest, 0), "carol@b.test");
	ck_assert_str_eq(smtpc_transaction_recipient(rest, 1), "dave@c.test");
	smtpc_transaction_free(rest);
}

static const struct {
	const char *offers;
	bool all_or_none;
	int form;
	int result;
} refusals[] = {
	{ "PIPELINING\r\nSIZE 5", false, SMTPC_CONTENT_TEXT, SMTPC_E_LIMIT },
	{ "PIPELINING", false, SMTPC_CONTENT_BINARY, SMTPC_E_NOEXTENSION },
	/* Now only dave is too many. */
	{ "LIMITS RCPTMAX=2", true, SMTPC_CONTENT_TEXT, SMTPC_E_LIMIT },
	{ "LIMITS RCPTDOMAINMAX=1", true, SMTPC_CONTENT_TEXT, SMTPC_E_LIMIT },
};

START_TEST(Q_088_what_is_refused_here_the_second_time_leaves_the_remainder)
{
	send_to_the_first_of_three();
	wired_make_ready(refusals[_i].offers);
	ck_assert_int_eq(
	    smtpc_transaction_set_all_or_none(mail, refusals[_i].all_or_none),
	    SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_content_form(mail,
							    refusals[_i].form),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_send(session, mail), refusals[_i].result);
	wired_heard("");
	are_two_left_over();
}
END_TEST

/* Until there is enough of it for the transaction to begin. */
START_TEST(Q_088_so_does_what_there_is_no_memory_for)
{
	unsigned int i;
	int rc;

	send_to_the_first_of_three();
	wired_make_ready("LIMITS RCPTDOMAINMAX=1");
	for (i = 0; smtpc_transaction_result(mail) == SMTPC_PARTIAL; i++) {
		are_two_left_over();
		fault_at(i);
		rc = smtpc_send(session, mail);
		(void)fault_end();
		ck_assert(rc == SMTPC_E_NOMEM || rc == SMTPC_AGAIN);
	}
	ck_assert_uint_gt(i, 1);
}
END_TEST

/* It waits for its turn, which never comes. */
START_TEST(Q_088_so_does_what_waits_in_vain)
{
	smtpc_transaction *first;
	smtpc_transaction *collected;

	send_to_the_first_of_three();
	wired_make_ready("PIPELINING");
	ck_assert_int_eq(smtpc_transaction_new(&first), SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_sender(first, ""), SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_add_recipient(first, "eve@b.test",
							 NULL),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_transaction_set_content(first, "x", 1),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_submit(session, first), SMTPC_OK);
	ck_assert_int_eq(smtpc_submit(session, mail), SMTPC_OK);
	ck_assert_int_eq(smtpc_disconnect(session), SMTPC_OK);
	ck_assert_int_eq(smtpc_collect(session, &collected), SMTPC_OK);
	ck_assert_ptr_eq(collected, first);
	ck_assert_int_eq(smtpc_collect(session, &collected), SMTPC_OK);
	ck_assert_ptr_eq(collected, mail);
	are_two_left_over();
	smtpc_transaction_free(first);
}
END_TEST

int
main(int argc, char **argv)
{
	Suite *suite;
	TCase *tcase;
	char *end;

	if (argc == 2)
		many = strtoul(argv[1], &end, 10);
	suite = suite_create("send_limits");
	tcase = suite_case(suite, "domains");
	tcase_add_checked_fixture(tcase, wired_set_up, wired_tear_down);
	tcase_add_test(tcase, of_very_many_domains_one_too_many_is_held_back);
	tcase_add_test(tcase, as_many_domains_as_the_limit_are_all_sent_to);
	tcase_add_test(tcase,
		       domains_in_either_case_are_found_again_among_very_many);
	tcase = suite_case(suite, "left_over");
	tcase_add_checked_fixture(tcase, wired_set_up, wired_tear_down);
	tcase_add_loop_test(
	    tcase,
	    Q_088_what_is_refused_here_the_second_time_leaves_the_remainder, 0,
	    (int)(sizeof(refusals) / sizeof(refusals[0])));
	tcase_add_test(tcase, Q_088_so_does_what_there_is_no_memory_for);
	tcase_add_test(tcase, Q_088_so_does_what_waits_in_vain);
	return suite_run(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Servers that never stop: whatever they send, and however fast, the session
 * ends in its time, and takes no memory for what it does not need.  And
 * servers that never begin, for which nobody may spin.
 */
#include <check.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "tls_forge.h"
#include "tls_lab.h"

/* An endless flood is given up here: one octet after that is a failure. */
#define RECORDS_MAX 200000

/* RFC 8446, 4.6.1: what a ticket may cost, times any number: nothing. */
#define GROWTH_MAX 65536

static struct tls_lab lab;

static void
set_up(void)
{
	lab_init(&lab);
	lab_session(&lab, lab.tls);
}

static void
tear_down(void)
{
	lab_clear(&lab);
}

/*
 * Floods: whenever the client has read all, there is one more, and it took a
 * tenth of a second.
 */

static void
count(void)
{
	ck_assert_msg(lab.given++ < RECORDS_MAX,
		      "after %d records, the session still listens",
		      RECORDS_MAX);
	lab.now += 100;
}

static void
more_warnings(struct tls_lab *at)
{
	if (!at->is_up)
		return;
	count();
	ck_assert_int_eq(gnutls_alert_send(at->server, GNUTLS_AL_WARNING,
					   GNUTLS_A_NO_RENEGOTIATION),
			 0);
}

static void
more_hello_requests(struct tls_lab *at)
{
	if (!at->is_up)
		return;
	count();
	ck_assert_int_eq(gnutls_rehandshake(at->server), 0);
}

static void
more_tickets(struct tls_lab *at)
{
	if (!at->is_up)
		return;
	count();
	ck_assert_int_eq(gnutls_session_ticket_send(at->server, 1, 0), 0);
}

static void
more_key_updates(struct tls_lab *at)
{
	if (!at->is_up)
		return;
	count();
	ck_assert_int_eq(gnutls_session_key_update(at->server, 0), 0);
}

static void
more_empty_records(struct tls_lab *at)
{
	if (!at->is_up)
		return;
	count();
	ck_assert_int_eq(tls_forge(at->server, RECORD_DATA, NULL, 0,
				   &at->link.to_client),
			 0);
}

/* Before there are keys, a warning is in clear. */
static void
more_warnings_in_the_handshake(struct tls_lab *at)
{
	if (at->hello.len == 0)
		return;
	count();
	octets_append(&at->link.to_client, "\x15\x03\x03\x00\x02\x01\x5a", 7);
}

/* A handshake message of 16 MiB that comes octet by octet. */
static void
more_handshake(struct tls_lab *at)
{
	if (at->hello.len == 0)
		return;
	if (at->given == 0)
		octets_append(&at->link.to_client,
			      "\x16\x03\x03\x00\x04\x02\xff\xff\xff", 9);
	count();
	octets_append(&at->link.to_client, "\x16\x03\x03\x00\x01\x00", 6);
}

/* The server that floods does not answer. */
static int
run_silently(int rc)
{
	while (rc == SMTPC_AGAIN)
		rc = smtpc_process(lab.session);
	return rc;
}

static void
check_dead(int rc, int phase)
{
	ck_assert_msg(rc == SMTPC_E_TIMEOUT || rc == SMTPC_E_TLS ||
			  rc == SMTPC_E_PROTOCOL,
		      "the result is %d", rc);
	ck_assert_int_eq(smtpc_error_phase(lab.session), phase);
	ck_assert_int_eq(smtpc_session_state(lab.session), SMTPC_STATE_DEAD);
	ck_assert_int_eq(smtpc_error_safe_to_retry(lab.session), 1);
	ck_assert(!lab.link.is_open);
}

static void
flood(const char *priority, void (*more)(struct tls_lab *at))
{
	lab.priority = priority;
	ck_assert_int_eq(lab_connect(&lab), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_timeout(lab.session,
						   SMTPC_PHASE_EHLO, 60000),
			 SMTPC_OK);
	lab.more = more;
	check_dead(run_silently(smtpc_ehlo(lab.session)), SMTPC_PHASE_EHLO);
	ck_assert_uint_gt(lab.given, 0);
	while (lab_turn(&lab))
		;
	ck_assert_uint_le(lab.heard.len,
			  strlen("EHLO client.example.test\r\n"));
}

#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

START_TEST(D_080_warnings_without_end_do_not_hold_the_session)
{
	flood(TLS12, more_warnings);
}
END_TEST

START_TEST(D_080_key_updates_without_end_do_not_hold_the_session)
{
	flood(TLS13, more_key_updates);
}
END_TEST

START_TEST(D_078_empty_records_without_end_do_not_hold_the_session)
{
	flood(_i == 0 ? TLS13 : TLS12, more_empty_records);
}
END_TEST

START_TEST(D_081_tickets_without_end_do_not_hold_the_session)
{
	flood(TLS13, more_tickets);
}
END_TEST

START_TEST(D_082_wishes_for_a_renegotiation_without_end_do_not_hold_it)
{
	flood(TLS12, more_hello_requests);
}
END_TEST

static void
flood_handshake(void (*more)(struct tls_lab *at))
{
	int rc = lab_begin(&lab, LAB_HOST, LAB_PORT);

	ck_assert_int_eq(rc, SMTPC_AGAIN);
	/* The ClientHello goes nowhere but here. */
	ck_assert_int_eq(smtpc_process(lab.session), SMTPC_AGAIN);
	octets_append(&lab.hello, "-", 1);
	lab.more = more;
	check_dead(run_silently(smtpc_process(lab.session)), SMTPC_PHASE_TLS);
	ck_assert_uint_gt(lab.given, 0);
}

START_TEST(D_080_warnings_without_end_do_not_hold_the_handshake)
{
	flood_handshake(more_warnings_in_the_handshake);
}
END_TEST

START_TEST(D_091_a_message_without_end_does_not_hold_the_handshake)
{
	flood_handshake(more_handshake);
}
END_TEST

/*
 * Memory.
 */

/* All that this process has in use, of GnuTLS's too. */
static long
in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return (long)(info.uordblks + info.hblkhd);
}

static void
give_tickets(size_t number)
{
	while (number-- > 0)
		ck_assert_int_eq(gnutls_session_ticket_send(lab.server, 1, 0),
				 0);
}

/* In parts: what waits in the laboratory's own queue is memory, too. */
static void
take_tickets(size_t number)
{
	size_t i;

	for (i = 0; i < number / 100; i++) {
		give_tickets(100);
		ck_assert_int_eq(smtpc_process(lab.session), SMTPC_OK);
		ck_assert_uint_eq(lab.link.to_client.len, 0);
	}
}

START_TEST(D_081_ten_thousand_tickets_take_no_memory)
{
	long all, own;

	lab.priority = TLS13;
	ck_assert_int_eq(lab_connect(&lab), SMTPC_OK);
	ck_assert_int_eq(lab_run(&lab, smtpc_ehlo(lab.session)), SMTPC_OK);
	take_tickets(200);
	all = in_use();
	own = heap_octets();
	heap_forget_peak();
	take_tickets(10000);
	ck_assert_int_le(heap_octets() - own, GROWTH_MAX);
	ck_assert_int_le(heap_peak() - own, GROWTH_MAX);
	ck_assert_int_le(in_use() - all, GROWTH_MAX);
	ck_assert_int_eq(lab_run(&lab, smtpc_noop(lab.session)), SMTPC_OK);
	ck_assert_int_eq(lab_run(&lab, smtpc_quit(lab.session)), SMTPC_OK);
}
END_TEST

/*
 * Whoever waits does just that.
 */

START_TEST(D_092_a_handshake_that_does_not_go_on_is_not_spun_for)
{
	size_t i;
	int rc = lab_begin(&lab, LAB_HOST, LAB_PORT);

	ck_assert_int_eq(rc, SMTPC_AGAIN);
	ck_assert_int_eq(smtpc_process(lab.session), SMTPC_AGAIN);
	lab.reads = 0;
	for (i = 0; i < 100000; i++)
		ck_assert_int_eq(smtpc_process(lab.session), SMTPC_AGAIN);
	/* One look each time, and then it is the caller's turn to wait. */
	ck_assert_uint_le(lab.reads, 2 * 100000);
	ck_assert_int_eq(lab_run(&lab, SMTPC_AGAIN), SMTPC_OK);
}
END_TEST

START_TEST(D_092_octet_by_octet_each_is_looked_at_a_few_times)
{
	size_t octets;

	lab.step = 1;
	ck_assert_int_eq(lab_connect(&lab), SMTPC_OK);
	octets = 2000;
	ck_assert_uint_lt(lab.reads, 4 * octets);
}
END_TEST

int
main(void)
{
	const struct {
		const TTest *test;
		int times;
	} tests[] = {
		{ D_080_warnings_without_end_do_not_hold_the_session, 1 },
		{ D_080_key_updates_without_end_do_not_hold_the_session, 1 },
		{ D_078_empty_records_without_end_do_not_hold_the_session, 2 },
		{ D_081_tickets_without_end_do_not_hold_the_session, 1 },
		{ D_082_wishes_for_a_renegotiation_without_end_do_not_hold_it,
		  1 },
		{ D_080_warnings_without_end_do_not_hold_the_handshake, 1 },
		{ D_091_a_message_without_end_does_not_hold_the_handshake, 1 },
		{ D_081_ten_thousand_tickets_take_no_memory, 1 },
		{ D_092_a_handshake_that_does_not_go_on_is_not_spun_for, 1 },
		{ D_092_octet_by_octet_each_is_looked_at_a_few_times, 1 },
	};
	Suite *suite = suite_create("tls_floods");
	TCase *tcase = tcase_create("floods");
	SRunner *runner = srunner_create(suite);
	int failed;
	size_t i;

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_loop_test(tcase, tests[i].test, 0, tests[i].times);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/interrupt.c: a request stays until it is cleared, and whoever
 * waits for the descriptor hears of it, in whatever order they come.
 */
#include "interrupt.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>

#include "suite.h"

static struct interrupt interrupt;

static void
set_up(void)
{
	interrupt_init(&interrupt);
}

static void
tear_down(void)
{
	interrupt_end(&interrupt);
}

static bool
is_readable(int fd)
{
	struct pollfd item = { fd, POLLIN, 0 };

	return poll(&item, 1, 0) == 1;
}

START_TEST(at_first_nothing_is_requested_and_there_is_no_descriptor)
{
	ck_assert(!interrupt_is_requested(&interrupt));
	ck_assert_int_eq(interrupt.event, -1);
	interrupt_clear(&interrupt);
	ck_assert(!interrupt_is_requested(&interrupt));
}
END_TEST

START_TEST(a_request_stays_until_it_is_cleared)
{
	interrupt_request(&interrupt);
	ck_assert(interrupt_is_requested(&interrupt));
	ck_assert(interrupt_is_requested(&interrupt));
	interrupt_clear(&interrupt);
	ck_assert(!interrupt_is_requested(&interrupt));
	interrupt_request(&interrupt);
	ck_assert(interrupt_is_requested(&interrupt));
}
END_TEST

START_TEST(the_descriptor_is_readable_until_the_request_is_cleared)
{
	int fd = interrupt_descriptor(&interrupt);

	ck_assert_int_ge(fd, 0);
	ck_assert(!is_readable(fd));
	interrupt_request(&interrupt);
	ck_assert(is_readable(fd));
	/* Nobody takes it away by looking. */
	ck_assert(interrupt_is_requested(&interrupt));
	ck_assert(is_readable(fd));
	interrupt_clear(&interrupt);
	ck_assert(!is_readable(fd));
	interrupt_request(&interrupt);
	ck_assert(is_readable(fd));
}
END_TEST

START_TEST(several_requests_are_cleared_at_once)
{
	int fd = interrupt_descriptor(&interrupt);
	int i;

	for (i = 0; i < 1000; i++)
		interrupt_request(&interrupt);
	ck_assert(is_readable(fd));
	interrupt_clear(&interrupt);
	ck_assert(!interrupt_is_requested(&interrupt));
	ck_assert(!is_readable(fd));
}
END_TEST

START_TEST(the_descriptor_is_made_once_and_is_not_inherited)
{
	int fd = interrupt_descriptor(&interrupt);

	ck_assert_int_eq(interrupt_descriptor(&interrupt), fd);
	interrupt_request(&interrupt);
	interrupt_clear(&interrupt);
	ck_assert_int_eq(interrupt_descriptor(&interrupt), fd);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	/* Clearing never waits. */
	ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	interrupt_clear(&interrupt);
	interrupt_clear(&interrupt);
}
END_TEST

START_TEST(the_descriptor_goes_with_its_owner)
{
	int fd = interrupt_descriptor(&interrupt);

	interrupt_end(&interrupt);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	interrupt_init(&interrupt);
}
END_TEST

START_TEST(without_a_descriptor_a_request_stays_all_the_same)
{
	descriptors_run_out(true);
	ck_assert_int_eq(interrupt_descriptor(&interrupt), -1);
	interrupt_request(&interrupt);
	descriptors_run_out(false);
	ck_assert(interrupt_is_requested(&interrupt));
	interrupt_clear(&interrupt);
	ck_assert(!interrupt_is_requested(&interrupt));
	/* It is tried again the next time. */
	ck_assert_int_ge(interrupt_descriptor(&interrupt), 0);
}
END_TEST

/*
 * Two threads that begin at the same moment, in the order that each of them
 * has to keep.
 */

static pthread_barrier_t barrier;

static void *
request(void *unused)
{
	pthread_barrier_wait(&barrier);
	interrupt_request(&interrupt);
	return unused;
}

/* Whoever waits hangs here if neither the mark nor the descriptor tells. */
START_TEST(a_request_that_comes_while_the_descriptor_is_made_is_noticed)
{
	struct pollfd item = { -1, POLLIN, 0 };
	pthread_t thread;
	int i;

	pthread_barrier_init(&barrier, NULL, 2);
	for (i = 0; i < 500; i++) {
		interrupt_init(&interrupt);
		ck_assert_int_eq(pthread_create(&thread, NULL, request, NULL),
				 0);
		pthread_barrier_wait(&barrier);
		item.fd = interrupt_descriptor(&interrupt);
		if (!interrupt_is_requested(&interrupt))
			ck_assert_int_eq(poll(&item, 1, -1), 1);
		ck_assert(interrupt_is_requested(&interrupt));
		pthread_join(thread, NULL);
		interrupt_end(&interrupt);
	}
	pthread_barrier_destroy(&barrier);
	interrupt_init(&interrupt);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("interrupt");
	TCase *tcase = suite_case(suite, "interrupt");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(
	    tcase, at_first_nothing_is_requested_and_there_is_no_descriptor);
	tcase_add_test(tcase, a_request_stays_until_it_is_cleared);
	tcase_add_test(tcase,
		       the_descriptor_is_readable_until_the_request_is_cleared);
	tcase_add_test(tcase, several_requests_are_cleared_at_once);
	tcase_add_test(tcase, the_descriptor_is_made_once_and_is_not_inherited);
	tcase_add_test(tcase, the_descriptor_goes_with_its_owner);
	tcase_add_test(tcase,
		       without_a_descriptor_a_request_stays_all_the_same);
	tcase_add_test(
	    tcase,
	    a_request_that_comes_while_the_descriptor_is_made_is_noticed);
	return suite_run(suite);
}

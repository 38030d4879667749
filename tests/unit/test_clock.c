/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/clock.c: deadlines that can't overflow, on a test's clock. */
#include <time.h>

#include "clock.h"
#include "suite.h"

static int64_t now;

static int64_t
fake(void)
{
	return now;
}

START_TEST(time_does_not_run_backwards)
{
	int64_t before = clock_now();
	int64_t after;
	int i;

	ck_assert_int_gt(before, 0);
	for (i = 0; i < 1000; i++) {
		after = clock_now();
		ck_assert_int_ge(after, before);
		before = after;
	}
}
END_TEST

START_TEST(time_is_milliseconds_of_the_monotonic_clock)
{
	struct timespec before, after;
	int64_t at;

	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &before), 0);
	at = clock_now();
	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &after), 0);
	ck_assert_int_ge(at, (int64_t)before.tv_sec * 1000 +
				 before.tv_nsec / 1000000);
	ck_assert_int_le(at, (int64_t)after.tv_sec * 1000 +
				 after.tv_nsec / 1000000);
}
END_TEST

START_TEST(test_can_set_the_clock)
{
	clock_source = fake;
	now = 12345;
	ck_assert_int_eq(clock_now(), 12345);
	ck_assert_int_eq(clock_after(0), 12345);
	ck_assert_int_eq(clock_after(300000), 312345);
	now = 12346;
	ck_assert_int_eq(clock_after(1), 12347);
}
END_TEST

START_TEST(no_limit_is_never)
{
	clock_source = fake;
	now = 1;
	ck_assert(clock_after(-1) == CLOCK_NEVER);
	ck_assert(clock_after(INT64_MIN) == CLOCK_NEVER);
}
END_TEST

START_TEST(far_future_is_never_and_does_not_wrap_around)
{
	clock_source = fake;
	now = 1000;
	ck_assert(clock_after(INT64_MAX) == CLOCK_NEVER);
	ck_assert(clock_after(INT64_MAX - 999) == CLOCK_NEVER);
	ck_assert(clock_after(INT64_MAX - 1000) == INT64_MAX);
	ck_assert(clock_after(INT64_MAX - 1001) == INT64_MAX - 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("clock");
	TCase *tcase = suite_case(suite, "clock");

	tcase_add_test(tcase, time_does_not_run_backwards);
	tcase_add_test(tcase, time_is_milliseconds_of_the_monotonic_clock);
	tcase_add_test(tcase, test_can_set_the_clock);
	tcase_add_test(tcase, no_limit_is_never);
	tcase_add_test(tcase, far_future_is_never_and_does_not_wrap_around);
	return suite_run(suite);
}

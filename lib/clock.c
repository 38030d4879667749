/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Time, on a clock that nobody sets.
 */
#include "clock.h"

#include <time.h>

static int64_t
monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t (*clock_source)(void) = monotonic;

int64_t
clock_now(void)
{
	return clock_source();
}

int64_t
clock_after(int64_t milliseconds)
{
	int64_t now;

	if (milliseconds < 0)
		return CLOCK_NEVER;
	now = clock_now();
	return milliseconds > CLOCK_NEVER - now ? CLOCK_NEVER
						: now + milliseconds;
}

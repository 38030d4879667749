/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dates as text, the same in every locale and time zone. */
#include "date.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Rounds down, before 1970 as well. */
static void
split(int64_t milliseconds, struct tm *ret_tm)
{
	time_t seconds = (time_t)(milliseconds / 1000);

	if (milliseconds % 1000 < 0)
		seconds--;
	/* Fails only for years that do not fit an int. */
	if (gmtime_r(&seconds, ret_tm) == NULL)
		memset(ret_tm, 0, sizeof(*ret_tm));
}

void
date_for_header(char buffer[DATE_SIZE], int64_t milliseconds)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed",
					"Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr",
					  "May", "Jun", "Jul", "Aug",
					  "Sep", "Oct", "Nov", "Dec" };
	struct tm tm;

	split(milliseconds, &tm);
	snprintf(buffer, DATE_SIZE, "%s, %02d %s %04ld %02d:%02d:%02d +0000",
		 days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
		 tm.tm_year + 1900L, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void
date_for_people(char buffer[DATE_SIZE], int64_t milliseconds)
{
	struct tm tm;

	split(milliseconds, &tm);
	snprintf(buffer, DATE_SIZE, "%04ld-%02d-%02d %02d:%02d:%02d UTC",
		 tm.tm_year + 1900L, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		 tm.tm_min, tm.tm_sec);
}

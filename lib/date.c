/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Dates as parameters and extensions have them: RFC 3339, section 5.6.
 */
#include "date.h"

#include <string.h>

#include "ascii.h"

struct moment {
	int year, month, day, hour, minute, second;
};

/* Take the number that count digits at *text are. */
static bool
take_number(const char **text, const char *end, int count, int *ret_number)
{
	int value = 0;

	for (; count > 0; count--, ++*text) {
		if (*text == end || !ascii_is_digit(**text))
			return false;
		value = value * 10 + (**text - '0');
	}
	*ret_number = value;
	return true;
}

static bool
take_mark(const char **text, const char *end, char mark)
{
	if (*text == end || ascii_upper(**text) != mark)
		return false;
	++*text;
	return true;
}

static bool
is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool
is_possible(const struct moment *moment)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30,
				       31, 31, 30, 31, 30, 31 };
	int days;

	if (moment->month < 1 || moment->month > 12)
		return false;
	days = lengths[moment->month - 1];
	if (moment->month == 2 && is_leap(moment->year))
		days++;
	/* A leap second is one. */
	return moment->day >= 1 && moment->day <= days && moment->hour <= 23 &&
	       moment->minute <= 59 && moment->second <= 60;
}

static int64_t
seconds_of(const struct moment *moment)
{
	static const int before[] = { 0,   31,	59,  90,  120, 151,
				      181, 212, 243, 273, 304, 334 };
	int64_t past = moment->year - 1;
	int64_t days = past * 365 + past / 4 - past / 100 + past / 400;

	days += before[moment->month - 1] + moment->day - 1;
	if (moment->month > 2 && is_leap(moment->year))
		days++;
	days -= 719162; /* from the year 1 to 1970 */
	return ((days * 24 + moment->hour) * 60 + moment->minute) * 60 +
	       moment->second;
}

/* "Z", or what the time is ahead of that: "+01:00". */
static bool
take_zone(const char **text, const char *end, int64_t *ret_seconds)
{
	bool is_behind;
	int hours, minutes;

	*ret_seconds = 0;
	if (take_mark(text, end, 'Z'))
		return true;
	is_behind = *text < end && **text == '-';
	if (!is_behind && (*text == end || **text != '+'))
		return false;
	++*text;
	if (!take_number(text, end, 2, &hours) || !take_mark(text, end, ':') ||
	    !take_number(text, end, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret_seconds = (hours * 60 + minutes) * 60;
	if (is_behind)
		*ret_seconds = -*ret_seconds;
	return true;
}

static bool
take_date(const char **text, const char *end, struct moment *moment)
{
	return take_number(text, end, 4, &moment->year) && moment->year >= 1 &&
	       take_mark(text, end, '-') &&
	       take_number(text, end, 2, &moment->month) &&
	       take_mark(text, end, '-') &&
	       take_number(text, end, 2, &moment->day);
}

static bool
take_time(const char **text, const char *end, struct moment *moment)
{
	return take_number(text, end, 2, &moment->hour) &&
	       take_mark(text, end, ':') &&
	       take_number(text, end, 2, &moment->minute) &&
	       take_mark(text, end, ':') &&
	       take_number(text, end, 2, &moment->second);
}

/* "." and digits, if they are there. */
static bool
skip_fraction(const char **text, const char *end)
{
	const char *start;

	if (!take_mark(text, end, '.'))
		return true;
	for (start = *text; *text < end && ascii_is_digit(**text); ++*text)
		;
	return *text > start;
}

bool
date_parse(const char *text, size_t len, int64_t *ret_seconds)
{
	const char *end = text + len;
	struct moment moment;
	int64_t zone;

	if (!take_date(&text, end, &moment) || !take_mark(&text, end, 'T') ||
	    !take_time(&text, end, &moment) || !skip_fraction(&text, end) ||
	    !take_zone(&text, end, &zone) || text != end ||
	    !is_possible(&moment))
		return false;
	*ret_seconds = seconds_of(&moment) - zone;
	return true;
}

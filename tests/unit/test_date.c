/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/date.c: dates and times of RFC 3339. */
#include <string.h>

#include "date.h"
#include "suite.h"

static const struct {
	const char *text;
	int64_t seconds;
} good[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "1969-12-31T23:59:59Z", -1 },
	{ "2000-02-29T12:34:56Z", 951827696 },
	{ "2000-03-01T00:00:00z", 951868800 },
	{ "2026-11-22t06:27:17Z", 1795328837 },
	{ "2026-11-22T06:27:17.123Z", 1795328837 },
	{ "2026-11-22T07:57:17+01:30", 1795328837 },
	{ "2026-11-22T01:27:17-05:00", 1795328837 },
	{ "2016-12-31T23:59:60Z", 1483228800 },
	{ "9999-12-31T23:59:59Z", 253402300799 },
	{ "0001-01-01T00:00:00Z", -62135596800 },
};

START_TEST(a_date_is_so_many_seconds)
{
	int64_t seconds = 77;

	ck_assert(date_parse(good[_i].text, strlen(good[_i].text), &seconds));
	ck_assert_int_eq(seconds, good[_i].seconds);
}
END_TEST

static const char *const bad[] = {
	"",
	"2026-11-22",
	"2026-11-22T06:27:17",
	"2026-11-22 06:27:17Z",
	"2026-11-22T06:27Z",
	"2026-13-22T06:27:17Z",
	"2026-00-22T06:27:17Z",
	"2026-11-00T06:27:17Z",
	"2026-11-31T06:27:17Z",
	"2026-02-29T06:27:17Z",
	"1900-02-29T06:27:17Z",
	"2026-11-22T24:27:17Z",
	"2026-11-22T06:60:17Z",
	"2026-11-22T06:27:61Z",
	"2026-11-22T06:27:17.Z",
	"2026-11-22T06:27:17+24:00",
	"2026-11-22T06:27:17+01:60",
	"2026-11-22T06:27:17+0100",
	"2026-11-22T06:27:17ZZ",
	"0000-11-22T06:27:17Z",
	"26-11-22T06:27:17Z",
	"2026-1-22T06:27:17Z",
};

START_TEST(what_is_none_is_refused)
{
	int64_t seconds = 77;

	ck_assert(!date_parse(bad[_i], strlen(bad[_i]), &seconds));
	ck_assert_int_eq(seconds, 77);
}
END_TEST

START_TEST(a_date_ends_where_it_is_said_to)
{
	static const char text[] = "1970-01-01T00:00:01Z;C";
	int64_t seconds;
	size_t len;

	for (len = 0; len < strlen(text); len++)
		ck_assert_int_eq(date_parse(text, len, &seconds), len == 20);
	ck_assert(date_parse(text, 20, &seconds));
	ck_assert_int_eq(seconds, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("date");
	TCase *tcase = suite_case(suite, "date_parse");

	tcase_add_loop_test(tcase, a_date_is_so_many_seconds, 0,
			    (int)(sizeof(good) / sizeof(good[0])));
	tcase_add_loop_test(tcase, what_is_none_is_refused, 0,
			    (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tcase, a_date_ends_where_it_is_said_to);
	return suite_run(suite);
}

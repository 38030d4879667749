/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/glance.c: one octet that is not right is seen wherever it is,
 * with the widest vectors and without.
 */
#include <string.h>

#include "glance.h"
#include "suite.h"

#define LEN_MAX 300

/* "." is put in the place of the octets that must not be looked at. */
static char text[1 + LEN_MAX + GLANCE_AHEAD + 1];

static void
set_up(void)
{
	glance_narrowly = false;
	memset(text, 'x', sizeof(text));
}

static struct glance
look(size_t len)
{
	return glance_over(text + 1, len);
}

static void
is_fine(size_t len)
{
	struct glance glance = look(len);

	ck_assert(glance.is_clean && glance.is_paired && !glance.has_dot);
}

START_TEST(each_octet_is_looked_at_and_no_other)
{
	struct glance glance;
	size_t len, at;

	glance_narrowly = _i != 0;
	for (len = GLANCE_MIN; len <= LEN_MAX; len++) {
		is_fine(len);
		for (at = 0; at < len + 4; at++) {
			if (at >= sizeof(text))
				break;
			text[at] = at % 2 ? '\0' : '\xff';
			glance = look(len);
			ck_assert_int_eq(glance.is_clean, at == 0 || at > len);
			ck_assert(glance.is_paired && !glance.has_dot);
			text[at] = 'x';
		}
	}
}
END_TEST

START_TEST(what_is_ASCII_is_clean)
{
	int c;

	glance_narrowly = _i != 0;
	for (c = 0; c < 0x100; c++) {
		text[20] = (char)c;
		ck_assert_int_eq(look(40).is_clean, c > 0 && c < 0x80);
	}
}
END_TEST

START_TEST(a_line_end_without_its_half_is_seen)
{
	size_t len, at;

	glance_narrowly = _i != 0;
	for (len = GLANCE_MIN; len <= LEN_MAX; len += 7) {
		/* Position 0 is before them, and len + 1 the first behind. */
		for (at = 1; at <= len; at++) {
			text[at] = '\r';
			ck_assert(!look(len).is_paired);
			text[at + 1] = '\n';
			is_fine(len);
			text[at] = 'x';
			ck_assert(!look(len).is_paired);
			text[at + 1] = 'x';
		}
		text[1] = '\n';
		is_fine(len);
		text[1] = 'x';
		text[len + 1] = '\r';
		is_fine(len);
		text[len + 1] = 'x';
	}
}
END_TEST

START_TEST(a_dot_behind_an_LF_is_seen)
{
	size_t len, at;

	glance_narrowly = _i != 0;
	for (len = GLANCE_MIN; len <= LEN_MAX; len += 7) {
		for (at = 1; at <= len; at++) {
			text[at] = '\r';
			text[at + 1] = '\n';
			text[at + 2] = '.';
			ck_assert(look(len).has_dot);
			ck_assert(look(len).is_paired);
			text[at + 1] = 'x';
			ck_assert(!look(len).has_dot);
			memset(text + at, 'x', 3);
		}
	}
}
END_TEST

START_TEST(the_first_dot_behind_an_LF_is_found)
{
	size_t len, at;

	glance_narrowly = _i != 0;
	for (len = 0; len <= 100; len++) {
		/* Behind them is what must not be looked at. */
		text[len] = text[len + 1] = '.';
		ck_assert_uint_eq(glance_to_dot(text, len), len);
		for (at = 0; at + 1 < len; at++) {
			text[at] = '\n';
			ck_assert_uint_eq(glance_to_dot(text, len), len);
			text[at + 1] = '.';
			text[len - 1] = '.';
			ck_assert_uint_eq(glance_to_dot(text, len), at + 1);
			memset(text, 'x', len);
		}
		text[len] = text[len + 1] = 'x';
	}
	memcpy(text, ".\r\nx\n.\n.", 8);
	ck_assert_uint_eq(glance_to_dot(text, 8), 5);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("glance");
	TCase *tcase = suite_case(suite, "glance_over");

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_loop_test(tcase, each_octet_is_looked_at_and_no_other, 0, 2);
	tcase_add_loop_test(tcase, what_is_ASCII_is_clean, 0, 2);
	tcase_add_loop_test(tcase, a_line_end_without_its_half_is_seen, 0, 2);
	tcase_add_loop_test(tcase, a_dot_behind_an_LF_is_seen, 0, 2);
	tcase_add_loop_test(tcase, the_first_dot_behind_an_LF_is_found, 0, 2);
	return suite_run(suite);
}

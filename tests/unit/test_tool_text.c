/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of tools/text.c and tools/input.c: octets that grow up to a maximum. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "text.h"

/* No test needs so long, but a busy machine may. */
#define CASE_SECONDS 60

static struct text text;

static void
tear_down(void)
{
	text_clear(&text);
}

START_TEST(what_is_appended_is_there_and_ends_in_nul)
{
	char expected[3001] = "";
	size_t i;

	text_init(&text, 3000);
	for (i = 0; i < 1000; i++) {
		text_add(&text, "ab");
		text_add_octet(&text, 'c');
		strncat(expected, "abc", 4);
		ck_assert_uint_eq(text.data[text.len], '\0');
	}
	ck_assert(!text.failed);
	ck_assert_uint_eq(text.len, 3000);
	ck_assert_str_eq(text.data, expected);
}
END_TEST

START_TEST(nothing_goes_beyond_the_maximum)
{
	text_init(&text, 5);
	text_add(&text, "abc");
	text_add(&text, "def");
	ck_assert(text.failed);
	ck_assert_str_eq(text.data, "abc");
}
END_TEST

START_TEST(failure_sticks_until_cleared)
{
	text_init(&text, 5);
	text_add(&text, "abcdef");
	text_add(&text, "a");
	ck_assert(text.failed);
	ck_assert_uint_eq(text.len, 0);
	text_clear(&text);
	text_add(&text, "abcde");
	ck_assert(!text.failed);
	ck_assert_str_eq(text.data, "abcde");
}
END_TEST

START_TEST(nothing_may_be_appended_from_nowhere)
{
	text_init(&text, 5);
	text_append(&text, NULL, 0);
	ck_assert(!text.failed);
	ck_assert_uint_eq(text.len, 0);
	ck_assert_str_eq(text.data, "");
}
END_TEST

START_TEST(room_ends_at_the_maximum)
{
	size_t len;

	text_init(&text, 300);
	while (text_room(&text, &len) != NULL) {
		ck_assert_uint_gt(len, 0);
		ck_assert_uint_le(len, 300 - text.len);
		memset(text.data + text.len, 'a', len);
		text_grew(&text, len);
	}
	ck_assert(text.failed);
	ck_assert_uint_eq(text.len, 300);
	ck_assert_uint_eq(strlen(text.data), 300);
}
END_TEST

static void
fill_pipe(int ends[2], const char *data)
{
	ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
	ck_assert_int_eq(write(ends[1], data, strlen(data)),
			 (ssize_t)strlen(data));
}

START_TEST(all_of_a_descriptor_is_read)
{
	int ends[2];

	fill_pipe(ends, "0123456789");
	close(ends[1]);
	text_init(&text, 11);
	ck_assert_int_eq(input_read_all(ends[0], &text), 0);
	ck_assert_str_eq(text.data, "0123456789");
	close(ends[0]);
}
END_TEST

START_TEST(more_than_the_maximum_is_not_read)
{
	int ends[2];

	fill_pipe(ends, "0123456789a");
	close(ends[1]);
	text_init(&text, 10);
	ck_assert_int_eq(input_read_all(ends[0], &text), -1);
	ck_assert_int_eq(errno, EFBIG);
	close(ends[0]);
}
END_TEST

/* The descriptor is non-blocking, and its writer takes its time. */
START_TEST(what_is_not_there_yet_is_waited_for)
{
	int ends[2], go[2];
	char c;

	fill_pipe(ends, "first ");
	ck_assert_int_eq(pipe(go), 0);
	if (fork() == 0) {
		/* Not before the other has read what was there. */
		close(ends[0]);
		if (read(go[0], &c, 1) != 1 || write(ends[1], "second", 6) != 6)
			_exit(1);
		_exit(0);
	}
	close(ends[1]);
	text_init(&text, 100);
	ck_assert_int_eq(input_read(ends[0], &c, 1), 1);
	ck_assert_int_eq(write(go[1], "", 1), 1);
	ck_assert_int_eq(input_read_all(ends[0], &text), 0);
	ck_assert_str_eq(text.data, "irst second");
	close(ends[0]);
	close(go[0]);
	close(go[1]);
}
END_TEST

START_TEST(bad_descriptor_fails_with_its_errno)
{
	text_init(&text, 100);
	ck_assert_int_eq(input_read_all(-1, &text), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_text");
	TCase *tcase = tcase_create("text");
	SRunner *runner;

	tcase_set_timeout(tcase, CASE_SECONDS);
	tcase_add_checked_fixture(tcase, NULL, tear_down);
	tcase_add_test(tcase, what_is_appended_is_there_and_ends_in_nul);
	tcase_add_test(tcase, nothing_goes_beyond_the_maximum);
	tcase_add_test(tcase, failure_sticks_until_cleared);
	tcase_add_test(tcase, nothing_may_be_appended_from_nowhere);
	tcase_add_test(tcase, room_ends_at_the_maximum);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("input");
	tcase_set_timeout(tcase, CASE_SECONDS);
	tcase_add_checked_fixture(tcase, NULL, tear_down);
	tcase_add_test(tcase, all_of_a_descriptor_is_read);
	tcase_add_test(tcase, more_than_the_maximum_is_not_read);
	tcase_add_test(tcase, what_is_not_there_yet_is_waited_for);
	tcase_add_test(tcase, bad_descriptor_fails_with_its_errno);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	return EXIT_SUCCESS;
}

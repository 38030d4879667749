/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/source.c: content that its caller pushes. */
#include <stdlib.h>
#include <string.h>

#include "source.h"
#include "suite.h"

static struct source source;

static void
set_up(void)
{
	source_clear(&source);
}

static void
tear_down(void)
{
	source_clear(&source);
}

/* Octets, each as its place says; more than a chunk. */
static char *
long_data(void)
{
	char *data = malloc(SOURCE_CHUNK + 1);
	size_t i;

	ck_assert_ptr_nonnull(data);
	for (i = 0; i <= SOURCE_CHUNK; i++)
		data[i] = (char)('a' + (i * 7 + i / 1000) % 26);
	return data;
}

static void
push(const char *text, size_t len, size_t expected)
{
	size_t taken = 77;

	ck_assert_int_eq(source_write(&source, text, len, &taken), SMTPC_OK);
	ck_assert_uint_eq(taken, expected);
}

static void
comes(const char *text, size_t len)
{
	const char *data;
	size_t got;

	ck_assert_int_eq(source_look(&source, &data, &got), SMTPC_OK);
	ck_assert_uint_eq(got, len);
	ck_assert_mem_eq(data, text, len);
	source_take(&source, len);
}

START_TEST(what_is_pushed_comes_in_its_order)
{
	const char *data;
	size_t len;

	source_set_push(&source, -1);
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_AGAIN);
	push("abc", 3, 3);
	push("", 0, 0);
	source_begin(&source, false);
	ck_assert(!source_is_used_up(&source));
	comes("abc", 3);
	/* What is in use is not overwritten before the next look. */
	push("def", 3, 3);
	ck_assert_mem_eq(source.owned, "abcdef", 6);
	comes("def", 3);
	ck_assert(source_is_used_up(&source));
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_AGAIN);
	push("g", 1, 1);
	ck_assert_int_eq(source_close(&source), SMTPC_OK);
	comes("g", 1);
	comes("", 0);
	comes("", 0);
	ck_assert_int_eq(source.passed, 7);
	ck_assert_int_eq(source_close(&source), SMTPC_E_STATE);
	ck_assert_int_eq(source_write(&source, "x", 1, &len), SMTPC_E_STATE);
}
END_TEST

START_TEST(no_more_is_pushed_than_there_is_room_for)
{
	char *data = long_data();
	size_t taken = 77;
	const char *seen;

	source_set_push(&source, -1);
	push(data, SOURCE_CHUNK - 1, SOURCE_CHUNK - 1);
	push(data + SOURCE_CHUNK - 1, 2, 1);
	ck_assert_int_eq(source_write(&source, "x", 1, &taken), SMTPC_FULL);
	ck_assert_uint_eq(taken, 77);
	push("", 0, 0);
	source_begin(&source, false);
	comes(data, SOURCE_CHUNK);
	ck_assert_int_eq(source_write(&source, "x", 1, &taken), SMTPC_FULL);
	ck_assert_int_eq(source_look(&source, &seen, &taken), SMTPC_AGAIN);
	push("x", 1, 1);
	comes("x", 1);
	free(data);
}
END_TEST

START_TEST(pushed_content_is_of_the_size_that_was_promised)
{
	const char *data;
	size_t len = 77;

	source_set_push(&source, 3);
	ck_assert_int_eq(source_size(&source), 3);
	push("ab", 2, 2);
	if (_i == 0)
		ck_assert_int_eq(source_write(&source, "cd", 2, &len),
				 SMTPC_E_CONTENT);
	else
		ck_assert_int_eq(source_close(&source), SMTPC_E_CONTENT);
	ck_assert_str_eq(source.detail, "content-size");
	ck_assert_uint_eq(len, 77);
	/* That sticks. */
	ck_assert_int_ne(source_write(&source, "c", 1, &len), SMTPC_OK);
	source_begin(&source, false);
	ck_assert_int_eq(source_look(&source, &data, &len), SMTPC_E_CONTENT);
	source_set_push(&source, 2);
	push("ab", 2, 2);
	ck_assert_int_eq(source_close(&source), SMTPC_OK);
}
END_TEST

START_TEST(pushed_content_is_there_until_some_of_it_is_taken)
{
	source_set_push(&source, -1);
	push("abc", 3, 3);
	ck_assert_int_eq(source_close(&source), SMTPC_OK);
	ck_assert_int_eq(source_size(&source), 3);
	source_begin(&source, false);
	source_end(&source);
	ck_assert(source_can_begin(&source));
	source_begin(&source, false);
	comes("abc", 3);
	source_end(&source);
	ck_assert_ptr_null(source.owned);
	ck_assert(!source_can_begin(&source));
}
END_TEST

START_TEST(without_memory_nothing_is_pushed)
{
	size_t taken = 77;

	source_set_push(&source, -1);
	fault_at(0);
	ck_assert_int_eq(source_write(&source, "abc", 3, &taken),
			 SMTPC_E_NOMEM);
	ck_assert(fault_end());
	ck_assert_uint_eq(taken, 77);
	push("abc", 3, 3);
	source_set_memory(&source, "x", 1);
	ck_assert_int_eq(source_write(&source, "abc", 3, &taken),
			 SMTPC_E_STATE);
	ck_assert_int_eq(source_close(&source), SMTPC_E_STATE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("source_push");
	TCase *tcase = suite_case(suite, "push");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, what_is_pushed_comes_in_its_order);
	tcase_add_test(tcase, no_more_is_pushed_than_there_is_room_for);
	tcase_add_loop_test(tcase,
			    pushed_content_is_of_the_size_that_was_promised, 0,
			    2);
	tcase_add_test(tcase,
		       pushed_content_is_there_until_some_of_it_is_taken);
	tcase_add_test(tcase, without_memory_nothing_is_pushed);
	return suite_run(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/buffer.c: a queue of octets that never exceeds its maximum. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "suite.h"

static void
holds(const struct buffer *buffer, const char *expected, size_t len)
{
	ck_assert_uint_eq(buffer_length(buffer), len);
	ck_assert_mem_eq(buffer_data(buffer), expected, len);
}

START_TEST(new_buffer_is_empty_and_takes_no_memory)
{
	struct buffer buffer;

	buffer_init(&buffer, 10);
	ck_assert_ptr_nonnull(buffer_data(&buffer));
	ck_assert_uint_eq(buffer_length(&buffer), 0);
	ck_assert_uint_eq(buffer.size, 0);
	ck_assert(!buffer.failed);
}
END_TEST

START_TEST(first_in_is_first_out)
{
	struct buffer buffer;

	buffer_init(&buffer, 1000);
	buffer_append(&buffer, "abc", 3);
	buffer_append_text(&buffer, "def");
	buffer_append(&buffer, "", 0);
	holds(&buffer, "abcdef", 6);
	buffer_consume(&buffer, 2);
	holds(&buffer, "cdef", 4);
	buffer_append(&buffer, "g\0h", 3);
	holds(&buffer, "cdefg\0h", 7);
	buffer_truncate(&buffer, 3);
	holds(&buffer, "cde", 3);
	buffer_append_text(&buffer, "x");
	holds(&buffer, "cdex", 4);
	buffer_consume(&buffer, 4);
	ck_assert_uint_eq(buffer_length(&buffer), 0);
	buffer_clear(&buffer);
}
END_TEST

START_TEST(room_is_filled_and_then_added)
{
	struct buffer buffer;
	char *room;

	buffer_init(&buffer, 1000);
	buffer_append_text(&buffer, "a");
	room = buffer_room(&buffer, 100);
	ck_assert_ptr_nonnull(room);
	memset(room, 'b', 100);
	holds(&buffer, "a", 1);
	buffer_added(&buffer, 2);
	holds(&buffer, "abb", 3);
	buffer_added(&buffer, 0);
	holds(&buffer, "abb", 3);
	buffer_clear(&buffer);
}
END_TEST

START_TEST(maximum_is_exact)
{
	struct buffer buffer;
	char data[1000];
	size_t max;

	memset(data, 'x', sizeof(data));
	for (max = 1; max < sizeof(data); max++) {
		buffer_init(&buffer, max);
		buffer_append(&buffer, data, max);
		ck_assert(!buffer.failed);
		ck_assert_uint_eq(buffer_length(&buffer), max);
		ck_assert_uint_le(buffer.size, max);
		buffer_append(&buffer, data, 1);
		ck_assert(buffer.failed);
		ck_assert_uint_eq(buffer_length(&buffer), max);
		buffer_clear(&buffer);
	}
}
END_TEST

START_TEST(what_was_consumed_makes_room_again)
{
	struct buffer buffer;
	int i;

	buffer_init(&buffer, 10);
	buffer_append_text(&buffer, "0123456789");
	for (i = 0; i < 100; i++) {
		buffer_consume(&buffer, 7);
		buffer_append_text(&buffer, "abcdefg");
		ck_assert(!buffer.failed);
		ck_assert_uint_eq(buffer_length(&buffer), 10);
		ck_assert_mem_eq(buffer_data(&buffer) + 3, "abcdefg", 7);
	}
	buffer_clear(&buffer);
}
END_TEST

START_TEST(length_that_would_wrap_around_is_refused)
{
	struct buffer buffer;

	buffer_init(&buffer, 100);
	buffer_append_text(&buffer, "abc");
	ck_assert_ptr_null(buffer_room(&buffer, SIZE_MAX));
	ck_assert(buffer.failed);
	buffer_clear(&buffer);
	buffer_append_text(&buffer, "abc");
	ck_assert_ptr_null(buffer_room(&buffer, SIZE_MAX - 2));
	ck_assert(buffer.failed);
	holds(&buffer, "abc", 3);
	buffer_clear(&buffer);
}
END_TEST

START_TEST(failure_sticks_until_the_buffer_is_cleared)
{
	struct buffer buffer;

	buffer_init(&buffer, 3);
	buffer_append_text(&buffer, "ab");
	buffer_append_text(&buffer, "cd");
	ck_assert(buffer.failed);
	buffer_append_text(&buffer, "c");
	ck_assert(buffer.failed);
	holds(&buffer, "ab", 2);
	ck_assert_ptr_null(buffer_room(&buffer, 1));

	buffer_clear(&buffer);
	ck_assert(!buffer.failed);
	ck_assert_uint_eq(buffer_length(&buffer), 0);
	buffer_append_text(&buffer, "abc");
	holds(&buffer, "abc", 3);
	buffer_append_text(&buffer, "d");
	ck_assert(buffer.failed);
	buffer_clear_secret(&buffer);
	ck_assert(!buffer.failed);
	buffer_clear(&buffer);
}
END_TEST

START_TEST(without_memory_append_fails_and_keeps_what_was_there)
{
	struct buffer buffer;
	char data[400];

	memset(data, 'x', sizeof(data));
	buffer_init(&buffer, 1000);
	fault_at(0);
	buffer_append(&buffer, data, 10);
	ck_assert(fault_end());
	ck_assert(buffer.failed);
	ck_assert_uint_eq(buffer_length(&buffer), 0);
	buffer_clear(&buffer);

	buffer_append_text(&buffer, "abc");
	fault_at(0);
	buffer_append(&buffer, data, sizeof(data));
	ck_assert(fault_end());
	ck_assert(buffer.failed);
	holds(&buffer, "abc", 3);
	buffer_clear(&buffer);
}
END_TEST

/* What a buffer is: an array from which the front is taken away. */
struct model {
	char data[2000];
	size_t len;
};

/* The same numbers in every run. */
static uint32_t
next_number(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void
append_both(struct buffer *buffer, struct model *model, uint32_t *state)
{
	char data[200];
	size_t len = next_number(state) % (sizeof(data) + 1);
	size_t i;

	for (i = 0; i < len; i++)
		data[i] = (char)next_number(state);
	if (next_number(state) % 2 == 0) {
		buffer_append(buffer, data, len);
	} else if (len > 0) {
		/* More room than is used. */
		char *room =
		    buffer_room(buffer,
				len + (buffer->max - model->len - len) / 2);

		ck_assert_ptr_nonnull(room);
		memcpy(room, data, len);
		buffer_added(buffer, len);
	}
	memcpy(model->data + model->len, data, len);
	model->len += len;
}

static void
one_operation(struct buffer *buffer, struct model *model, uint32_t *state)
{
	size_t part = next_number(state) % (model->len + 1);

	switch (next_number(state) % 8) {
	case 0:
		buffer_truncate(buffer, part);
		model->len = part;
		break;
	case 1:
	case 2:
	case 3:
		buffer_consume(buffer, part);
		model->len -= part;
		memmove(model->data, model->data + part, model->len);
		break;
	default:
		if (model->len + 200 <= buffer->max)
			append_both(buffer, model, state);
		break;
	}
	if (next_number(state) % 500 == 0) {
		buffer_clear(buffer);
		model->len = 0;
	}
}

static bool
is_as(const struct buffer *buffer, const struct model *model)
{
	return !buffer->failed && buffer->size <= buffer->max &&
	       buffer_length(buffer) == model->len &&
	       memcmp(buffer_data(buffer), model->data, model->len) == 0;
}

START_TEST(random_operations_do_what_an_array_would)
{
	static struct model model;
	struct buffer buffer;
	uint32_t state = (uint32_t)_i;
	int i;

	model.len = 0;
	buffer_init(&buffer, 300 + (size_t)_i * 100);
	for (i = 0; i < 20000; i++) {
		one_operation(&buffer, &model, &state);
		if (!is_as(&buffer, &model))
			ck_abort_msg("after operation %d", i);
	}
	buffer_clear(&buffer);
}
END_TEST

/* Growing moves what is held: nothing may stay behind. */
START_TEST(outgrown_memory_is_wiped)
{
	static const char secret[] = "a secret that nobody may find";
	struct buffer buffer;
	char grown[300];

	memset(grown, 'x', sizeof(grown));
	buffer_init(&buffer, 1000);
	buffer_append_text(&buffer, secret);
	wipe_watch(secret);
	buffer_append(&buffer, grown, sizeof(grown));
	ck_assert(!buffer.failed);
	ck_assert_uint_eq(wipe_count(), 1);
	buffer_clear(&buffer);
}
END_TEST

START_TEST(secret_is_wiped_even_if_it_was_consumed)
{
	static const char secret[] = "a secret that nobody may find";
	struct buffer buffer;

	buffer_init(&buffer, 1000);
	buffer_append_text(&buffer, secret);
	buffer_consume(&buffer, strlen(secret));
	wipe_watch(secret);
	buffer_clear_secret(&buffer);
	ck_assert_uint_eq(wipe_count(), 1);
	buffer_clear_secret(&buffer);
}
END_TEST

/* However little of the memory is in use when the end comes. */
START_TEST(secret_is_wiped_even_if_less_was_written_over_it)
{
	static const char secret[] = "a secret that nobody may find";
	struct buffer buffer;

	buffer_init(&buffer, 1000);
	buffer_append_text(&buffer, "before ");
	buffer_append_text(&buffer, secret);
	buffer_truncate(&buffer, 7);
	buffer_consume(&buffer, 7);
	buffer_append_text(&buffer, "after");
	wipe_watch(secret);
	buffer_clear_secret(&buffer);
	ck_assert_uint_eq(wipe_count(), 1);
}
END_TEST

START_TEST(emptied_buffer_is_wiped_and_keeps_its_memory)
{
	static const char secret[] = "a secret that nobody may find";
	struct buffer buffer;
	const char *data;

	buffer_init(&buffer, 1000);
	buffer_append_text(&buffer, secret);
	data = buffer.data;
	wipe_watch(secret);
	buffer_empty_secret(&buffer);
	ck_assert_uint_eq(wipe_count(), 1);
	ck_assert_uint_eq(buffer_length(&buffer), 0);
	buffer_append_text(&buffer, "another");
	holds(&buffer, "another", 7);
	ck_assert_ptr_eq(buffer.data, data);
	buffer_clear(&buffer);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("buffer");
	TCase *tcase = suite_case(suite, "buffer");

	tcase_add_test(tcase, new_buffer_is_empty_and_takes_no_memory);
	tcase_add_test(tcase, first_in_is_first_out);
	tcase_add_test(tcase, room_is_filled_and_then_added);
	tcase_add_test(tcase, what_was_consumed_makes_room_again);
	tcase_add_loop_test(tcase, random_operations_do_what_an_array_would, 0,
			    8);

	tcase = suite_case(suite, "wiping");
	tcase_add_test(tcase, outgrown_memory_is_wiped);
	tcase_add_test(tcase, secret_is_wiped_even_if_it_was_consumed);
	tcase_add_test(tcase, secret_is_wiped_even_if_less_was_written_over_it);
	tcase_add_test(tcase, emptied_buffer_is_wiped_and_keeps_its_memory);

	tcase = suite_case(suite, "failed");
	tcase_add_test(tcase, maximum_is_exact);
	tcase_add_test(tcase, length_that_would_wrap_around_is_refused);
	tcase_add_test(tcase, failure_sticks_until_the_buffer_is_cleared);
	tcase_add_test(tcase,
		       without_memory_append_fails_and_keeps_what_was_there);
	return suite_run(suite);
}

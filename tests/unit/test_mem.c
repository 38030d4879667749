/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/mem.c: allocations that a test can make fail, and wiping. */
#include <string.h>

#include "mem.h"
#include "suite.h"

START_TEST(memory_can_be_had_resized_and_given_back)
{
	static const char zeros[1000];
	char *memory = mem_zalloc(sizeof(zeros));

	ck_assert_ptr_nonnull(memory);
	ck_assert_mem_eq(memory, zeros, sizeof(zeros));
	memset(memory, 'x', sizeof(zeros));
	memory = mem_resize(memory, 100000);
	ck_assert_ptr_nonnull(memory);
	ck_assert_int_eq(memory[999], 'x');
	memory[99999] = 'y';
	mem_free(memory);
	mem_free(NULL);
	memory = mem_alloc(10);
	ck_assert_ptr_nonnull(memory);
	memset(memory, 'x', 10);
	mem_free(memory);
}
END_TEST

START_TEST(copy_ends_in_a_nul_and_may_hold_some)
{
	char *copy = mem_copy("a\0b", 3);

	ck_assert_ptr_nonnull(copy);
	ck_assert_mem_eq(copy, "a\0b", 4);
	mem_free(copy);
	copy = mem_copy(NULL, 0);
	ck_assert_ptr_nonnull(copy);
	ck_assert_str_eq(copy, "");
	mem_free(copy);
	copy = mem_copy_text("text");
	ck_assert_ptr_nonnull(copy);
	ck_assert_str_eq(copy, "text");
	mem_free(copy);
}
END_TEST

START_TEST(format_has_the_length_that_it_needs)
{
	char *text = mem_format("%s=%d", "SIZE", 1000);

	ck_assert_ptr_nonnull(text);
	ck_assert_str_eq(text, "SIZE=1000");
	mem_free(text);
	text = mem_format("%s", "");
	ck_assert_ptr_nonnull(text);
	ck_assert_str_eq(text, "");
	mem_free(text);
	text = mem_format("%5000d|", 1);
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(strlen(text), 5001);
	ck_assert_int_eq(text[5000], '|');
	mem_free(text);
}
END_TEST

START_TEST(secret_is_wiped_before_it_is_freed)
{
	static const char secret[] = "wonderland";
	char *memory = mem_copy_text(secret);
	char place[sizeof(secret)];

	ck_assert_ptr_nonnull(memory);
	wipe_watch(secret);
	mem_free_secret(memory, strlen(secret));
	ck_assert_uint_eq(wipe_count(), 1);
	mem_free_secret(NULL, 10);

	memcpy(place, secret, sizeof(secret));
	mem_wipe(place, 6);
	ck_assert_mem_eq(place, "\0\0\0\0\0\0land", sizeof(secret));
	mem_wipe(NULL, 10);
}
END_TEST

/* Each way to get memory, as a function that says whether it got any. */
static bool
get(int way)
{
	char *memory, *larger;

	switch (way) {
	case 0:
		memory = mem_alloc(10);
		break;
	case 1:
		memory = mem_zalloc(10);
		break;
	case 2:
		memory = mem_copy("a", 1);
		break;
	case 3:
		memory = mem_copy_text("a");
		break;
	case 4:
		memory = mem_format("%d", 1);
		break;
	default:
		memory = mem_alloc(10);
		larger = mem_resize(memory, 100);
		/* What was there is still there. */
		if (larger == NULL)
			mem_free(memory);
		memory = larger;
		break;
	}
	mem_free(memory);
	return memory != NULL;
}

START_TEST(each_way_to_get_memory_can_fail)
{
	unsigned int number = _i == 5 ? 1 : 0;

	fault_at(number);
	ck_assert(!get(_i));
	ck_assert(get(_i));
	ck_assert(fault_end());
	ck_assert(get(_i));
	fault_at(number + 1);
	ck_assert(get(_i));
	ck_assert(!fault_end());
}
END_TEST

START_TEST(memory_can_run_out_for_good)
{
	fault_from(2);
	ck_assert(get(0));
	ck_assert(get(0));
	ck_assert(!get(0));
	ck_assert(!get(1));
	ck_assert(fault_end());
	ck_assert(get(0));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("mem");
	TCase *tcase = suite_case(suite, "mem");

	tcase_add_test(tcase, memory_can_be_had_resized_and_given_back);
	tcase_add_test(tcase, copy_ends_in_a_nul_and_may_hold_some);
	tcase_add_test(tcase, format_has_the_length_that_it_needs);
	tcase_add_test(tcase, secret_is_wiped_before_it_is_freed);

	tcase = suite_case(suite, "mem_fault");
	tcase_add_loop_test(tcase, each_way_to_get_memory_can_fail, 0, 6);
	tcase_add_test(tcase, memory_can_run_out_for_good);
	return suite_run(suite);
}

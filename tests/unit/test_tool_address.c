/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of tools/address.c: mailboxes out of address lists. */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"

/* No test needs so long, but a busy machine may. */
#define CASE_SECONDS 60

#define MEBIBYTE (1024 * 1024)

static struct mailboxes list;

static void
set_up(void)
{
	mailboxes_init(&list);
}

static void
tear_down(void)
{
	mailboxes_clear(&list);
}

/* From memory that ends with the value, so that a step too far is noticed. */
static const char *
parse(const char *value, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);
	const char *wrong;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, value, len);
	mailboxes_clear(&list);
	wrong = address_parse(copy, len, &list);
	free(copy);
	return wrong;
}

/* The mailboxes with a line end behind each. */
static void
gives_of(const char *value, size_t len, const char *mailboxes)
{
	char *joined;
	const char *wrong;
	size_t i;

	wrong = parse(value, len);
	ck_assert_msg(wrong == NULL, "%s: %s", value, wrong);
	joined = calloc(1, len * 2 + 64);
	ck_assert_ptr_nonnull(joined);
	for (i = 0; i < list.count; i++) {
		strncat(joined, list.items[i], len * 2);
		strncat(joined, "\n", 2);
	}
	ck_assert_str_eq(joined, mailboxes);
	free(joined);
}

static void
gives(const char *value, const char *mailboxes)
{
	gives_of(value, strlen(value), mailboxes);
}

static void
fails_of(const char *value, size_t len, const char *because)
{
	const char *wrong;

	wrong = parse(value, len);
	ck_assert_msg(wrong != NULL, "%.40s was taken", value);
	ck_assert_msg(strstr(wrong, because) != NULL, "%.40s: %s", value,
		      wrong);
}

static void
fails(const char *value, const char *because)
{
	fails_of(value, strlen(value), because);
}

START_TEST(plain_mailboxes_are_taken)
{
	gives("a@b.test", "a@b.test\n");
	gives("a@b.test, c@d.test,e.f+g@h.test",
	      "a@b.test\nc@d.test\ne.f+g@h.test\n");
	gives("", "");
	gives(" \t ", "");
}
END_TEST

START_TEST(display_names_are_dropped)
{
	gives("Alice <a@b.test>", "a@b.test\n");
	gives("Alice in Wonderland <a@b.test>", "a@b.test\n");
	gives("\"Liddell, Alice <x@y>\" <a@b.test>, B <c@d.test>",
	      "a@b.test\nc@d.test\n");
	gives("John Q. Public <a@b.test>", "a@b.test\n");
	gives("\"a\" b \"c\" <a@b.test>", "a@b.test\n");
	gives("<a@b.test>", "a@b.test\n");
	gives("=?UTF-8?B?5pel?= =?UTF-8?Q?=E6_?= <a@b.test>", "a@b.test\n");
	gives("\xe6\x97\xa5\xe6\x9c\xac <a@b.test>", "a@b.test\n");
}
END_TEST

START_TEST(comments_are_dropped_wherever_they_are)
{
	gives("a@b.test (Alice)", "a@b.test\n");
	gives("(x) a (y) @ (z) b (w) . test (v), c@d", "a@b.test\nc@d\n");
	gives("(a(b(c)d)e) a@b (, x@y ,)", "a@b\n");
	gives("(\\) \\( \") a@b", "a@b\n");
	gives("A (;) <(x)a@b(y)>(z)", "a@b\n");
	gives("(\\))a@b", "a@b\n");
	gives("(nobody)", "");
}
END_TEST

START_TEST(folding_is_blank_space)
{
	gives("a@b,\r\n c@d,\r\n\tE\r\n <e@f>", "a@b\nc@d\ne@f\n");
	gives("a@b,\n c@d", "a@b\nc@d\n");
	gives("\"x\r\n y\"@b", "\"x y\"@b\n");
}
END_TEST

START_TEST(local_parts_are_quoted_only_where_they_must_be)
{
	gives("\"a\"@b", "a@b\n");
	gives("\"a.b\"@c", "a.b@c\n");
	gives("\"a b\"@c", "\"a b\"@c\n");
	gives("\"a\\\"b\\\\c\"@d", "\"a\\\"b\\\\c\"@d\n");
	gives("\"a\\b\"@d", "ab@d\n");
	gives("\"\"@d", "\"\"@d\n");
	gives("\".\"@d", "\".\"@d\n");
	gives("\"a..b\"@d", "\"a..b\"@d\n");
	gives("\"a@b,c\"@d", "\"a@b,c\"@d\n");
	gives("\"a b\".c@d", "\"a b.c\"@d\n");
	gives("\"(\"@d", "\"(\"@d\n");
}
END_TEST

START_TEST(groups_are_opened)
{
	gives("undisclosed-recipients:;", "");
	gives("Friends: a@b, C <c@d>;, e@f", "a@b\nc@d\ne@f\n");
	gives("A B: a@b;", "a@b\n");
	gives("\"x:y\": a@b,;,G:c@d;", "a@b\nc@d\n");
}
END_TEST

START_TEST(address_literals_are_taken)
{
	gives("a@[192.0.2.1]", "a@[192.0.2.1]\n");
	gives("A <a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]\n");
	gives("a@[ 192.0.\r\n 2.1 ]", "a@[192.0.2.1]\n");
}
END_TEST

START_TEST(source_routes_are_skipped)
{
	gives("<@a.test:b@c>", "b@c\n");
	gives("X <@a.test,@d.test:b@c>", "b@c\n");
	gives("<@a.test,,@[192.0.2.1]:b@c>", "b@c\n");
	fails("<@a.test b@c>", "route");
	fails("<@:b@c>", "domain");
}
END_TEST

START_TEST(empty_elements_are_skipped)
{
	gives(",,a@b,, ,c@d,", "a@b\nc@d\n");
}
END_TEST

START_TEST(what_is_not_closed_is_refused)
{
	fails("\"a@b", "quoted string is not closed");
	fails("\"a@b\\\"", "quoted string is not closed");
	fails("\"a\\", "quoted string is not closed");
	fails("(a@b", "comment is not closed");
	fails("a@b ((x)", "comment is not closed");
	fails("(\\", "comment is not closed");
	fails("a@[192.0.2.1", "literal is not closed");
	fails("<a@b", "not closed by a >");
	fails("A <a@b, c@d>", "not closed by a >");
	fails("G: a@b", "not closed by a semicolon");
}
END_TEST

START_TEST(malformed_mailboxes_are_refused)
{
	fails("root", "no @");
	fails("a b", "no @");
	fails("@b", "before its @");
	fails(".a@b", "before its @");
	fails("a.@b", "before its @");
	fails("a..b@c", "before its @");
	fails("a b@c", "before its @");
	fails("\"a\"b@c", "before its @");
	fails("a@", "domain");
	fails("a@b.", "domain");
	fails("a@.b", "domain");
	fails("a@b..c", "domain");
	fails("a@\"b\"", "domain");
	fails("a@b@c", "comma");
	fails("a@b c@d", "comma");
	fails("a@b <c@d>", "comma");
	fails("<a@b> c@d", "comma");
	fails("<>", "within <");
	fails("A <root>", "within <");
	fails("<<a@b>>", "within <");
	fails(">", "missing");
	fails(":a@b;", "missing");
	fails("a@b;", "comma");
	fails(";", "missing");
	fails("G: H: a@b;;", "no @");
	fails("G: a@b; c@d", "comma");
	fails("a@b)", "stray");
	fails("a@b\\", "stray");
	fails("a@[1[2]", "malformed");
	fails("a@[1\\2]", "malformed");
}
END_TEST

START_TEST(control_characters_are_refused)
{
	fails_of("a\0b@c", 5, "control");
	fails_of("\"a\0b\"@c", 7, "control");
	fails_of("\"a\\\0b\"@c", 8, "control");
	fails_of("a@b\0", 4, "control");
	fails_of("a@[1\0]", 6, "malformed");
	fails("a@b\x7f", "control");
	fails("\"a\x01\"@c", "control");
	fails("\"a\\\r\nDATA\"@c", "control");
}
END_TEST

/* Each would take for ever, or the stack, if it were not linear and flat. */
START_TEST(a_mebibyte_of_anything_is_soon_refused)
{
	static const char octets[] = "(<\"[:@\\.>a";
	char *value = malloc(MEBIBYTE);
	size_t i;

	ck_assert_ptr_nonnull(value);
	for (i = 0; octets[i] != '\0'; i++) {
		memset(value, octets[i], MEBIBYTE);
		fails_of(value, MEBIBYTE, "");
	}
	free(value);
}
END_TEST

START_TEST(comments_may_nest_half_a_million_deep)
{
	const size_t depth = MEBIBYTE / 2;
	char *value = malloc(2 * depth + 3);

	ck_assert_ptr_nonnull(value);
	memset(value, '(', depth);
	memset(value + depth, ')', depth);
	memcpy(value + 2 * depth, "a@b", 3);
	gives_of(value, 2 * depth + 3, "a@b\n");
	fails_of(value, 2 * depth - 1, "not closed");
	free(value);
}
END_TEST

START_TEST(a_hundred_thousand_mailboxes_are_taken)
{
	char *value = malloc(10 * 100000);
	size_t len = 0;
	size_t i;

	ck_assert_ptr_nonnull(value);
	for (i = 0; i < 100000; i++)
		len += (size_t)snprintf(value + len, 10, "%05zu@b,", i);
	ck_assert_ptr_null(address_parse(value, len, &list));
	ck_assert_uint_eq(list.count, 100000);
	ck_assert_str_eq(list.items[0], "00000@b");
	ck_assert_str_eq(list.items[99999], "99999@b");
	free(value);
}
END_TEST

static void
check_once(const char *value, size_t len)
{
	struct mailboxes again;
	size_t i;

	mailboxes_clear(&list);
	if (address_parse(value, len, &list) != NULL)
		return;
	for (i = 0; i < list.count; i++) {
		mailboxes_init(&again);
		ck_assert_ptr_null(address_parse(list.items[i],
						 strlen(list.items[i]),
						 &again));
		ck_assert_uint_eq(again.count, 1);
		ck_assert_str_eq(again.items[0], list.items[i]);
		mailboxes_clear(&again);
	}
}

/* Whatever is taken is a mailbox that gives itself again. */
START_TEST(what_is_taken_from_random_octets_is_taken_again)
{
	static const char octets[] = "aa.@@\"\"\\(),<>:;[] \r\n\xc3\xa4";
	char value[24];
	uint64_t state = 1;
	size_t i, round, taken;

	taken = 0;
	for (round = 0; round < 200000; round++) {
		for (i = 0; i < round % sizeof(value); i++) {
			state =
			    state * 6364136223846793005u + 1442695040888963407u;
			value[i] = octets[(state >> 33) % (sizeof(octets) - 1)];
		}
		check_once(value, i);
		taken += list.count;
	}
	/* Else nothing was tested. */
	ck_assert_uint_gt(taken, 100);
}
END_TEST

START_TEST(what_is_there_twice_is_dropped)
{
	ck_assert(mailboxes_unique(&list));
	ck_assert_ptr_null(address_parse("c@x, a@x, b@x, a@x, c@x, a@x, A@x",
					 strlen("c@x, a@x, b@x, a@x, c@x, a@x, "
						"A@x"),
					 &list));
	ck_assert(mailboxes_unique(&list));
	ck_assert_uint_eq(list.count, 4);
	ck_assert_str_eq(list.items[0], "c@x");
	ck_assert_str_eq(list.items[1], "a@x");
	ck_assert_str_eq(list.items[2], "b@x");
	ck_assert_str_eq(list.items[3], "A@x");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_address");
	TCase *tcase = tcase_create("address_parse");
	SRunner *runner;

	tcase_set_timeout(tcase, CASE_SECONDS);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, plain_mailboxes_are_taken);
	tcase_add_test(tcase, display_names_are_dropped);
	tcase_add_test(tcase, comments_are_dropped_wherever_they_are);
	tcase_add_test(tcase, folding_is_blank_space);
	tcase_add_test(tcase, local_parts_are_quoted_only_where_they_must_be);
	tcase_add_test(tcase, groups_are_opened);
	tcase_add_test(tcase, address_literals_are_taken);
	tcase_add_test(tcase, source_routes_are_skipped);
	tcase_add_test(tcase, empty_elements_are_skipped);
	tcase_add_test(tcase, what_is_not_closed_is_refused);
	tcase_add_test(tcase, malformed_mailboxes_are_refused);
	tcase_add_test(tcase, control_characters_are_refused);
	tcase_add_test(tcase, a_mebibyte_of_anything_is_soon_refused);
	tcase_add_test(tcase, comments_may_nest_half_a_million_deep);
	tcase_add_test(tcase, a_hundred_thousand_mailboxes_are_taken);
	tcase_add_test(tcase, what_is_taken_from_random_octets_is_taken_again);
	tcase_add_test(tcase, what_is_there_twice_is_dropped);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	return EXIT_SUCCESS;
}

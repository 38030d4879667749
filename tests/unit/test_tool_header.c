/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of tools/header.c: the header of a message and its recipients. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "header.h"

/* No test needs so long, but a busy machine may. */
#define CASE_SECONDS 60

static struct mailboxes list;
static struct text out;

static void
set_up(void)
{
	mailboxes_init(&list);
	text_init(&out, 4 * 1024 * 1024);
}

static void
tear_down(void)
{
	mailboxes_clear(&list);
	text_clear(&out);
}

/* All at once and octet by octet must agree; SIZE_MAX: no end is found. */
static void
header_ends_at(const char *data, size_t len, size_t expected)
{
	struct header_scan scan;
	size_t found = SIZE_MAX;
	size_t i;

	header_scan_init(&scan);
	if (!header_scan_find(&scan, data, len, &found))
		found = SIZE_MAX;
	ck_assert_uint_eq(found, expected);

	header_scan_init(&scan);
	found = SIZE_MAX;
	for (i = 0; i <= len; i++) {
		if (header_scan_find(&scan, data, i, &found))
			break;
	}
	ck_assert_uint_eq(found, expected);
}

static void
ends_behind(const char *header, const char *body)
{
	char *data = malloc(strlen(header) + strlen(body) + 1);

	ck_assert_ptr_nonnull(data);
	memcpy(data, header, strlen(header));
	memcpy(data + strlen(header), body, strlen(body) + 1);
	header_ends_at(data, strlen(data), strlen(header));
	free(data);
}

START_TEST(header_ends_at_the_first_empty_line)
{
	ends_behind("A: b\r\n\r\n", "body\r\n\r\n");
	ends_behind("A: b\n\n", "body\n\n");
	ends_behind("A: b\r\n\n", "body");
	ends_behind("A: b\n\r\n", "body");
	ends_behind("A: b\r\r", "body");
	ends_behind("A: b\r\r\n", "body");
	ends_behind("\r\n", "A: b\r\n");
	ends_behind("\n", "A: b\n\n");
	ends_behind("\r", "A: b\n\n");
	ends_behind("A: b\r\n c\r\n\r\n", "\r\n");
	ends_behind("A: b\n \n\n", "body");
}
END_TEST

START_TEST(header_without_an_empty_line_has_no_end)
{
	header_ends_at("A: b\r\n", 6, SIZE_MAX);
	header_ends_at("A: b", 4, SIZE_MAX);
	header_ends_at("A: b\r\n \r\n", 9, SIZE_MAX);
	header_ends_at("", 0, SIZE_MAX);
	/* Whether an LF belongs to it is not known yet. */
	header_ends_at("A: b\n\r", 6, SIZE_MAX);
}
END_TEST

/* From memory that ends with the header, so that a step too far is noticed. */
static const char *
parse(const char *header, size_t len, size_t *ret_name_len, char name[32])
{
	char *copy = malloc(len > 0 ? len : 1);
	struct header_field field;
	const char *wrong;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, header, len);
	mailboxes_clear(&list);
	wrong = header_recipients(copy, len, &list, &field);
	*ret_name_len = field.name_len;
	ck_assert_uint_lt(field.name_len, 32);
	memset(name, 0, 32);
	if (field.name_len > 0)
		memcpy(name, field.start, field.name_len);
	free(copy);
	return wrong;
}

static void
recipients_of(const char *header, size_t len, const char *mailboxes)
{
	const char *wrong;
	char joined[1024] = "";
	char name[32];
	size_t i, name_len;

	wrong = parse(header, len, &name_len, name);
	ck_assert_msg(wrong == NULL, "%s: %s", header, wrong);
	for (i = 0; i < list.count; i++) {
		strncat(joined, list.items[i], 200);
		strncat(joined, " ", 2);
	}
	ck_assert_str_eq(joined, mailboxes);
}

static void
recipients(const char *header, const char *mailboxes)
{
	recipients_of(header, strlen(header), mailboxes);
}

/* blamed: the name of the field that is at fault, or "". */
static void
refused(const char *header, size_t len, const char *blamed, const char *because)
{
	const char *wrong;
	char name[32];
	size_t name_len;

	wrong = parse(header, len, &name_len, name);
	ck_assert_msg(wrong != NULL, "%s was taken", header);
	ck_assert_msg(strstr(wrong, because) != NULL, "%s: %s", header, wrong);
	ck_assert_str_eq(name, blamed);
}

START_TEST(recipients_come_from_to_cc_and_bcc)
{
	recipients("From: f@x\r\nTo: a@x\r\nCc: b@x\r\nBcc: c@x\r\n\r\n",
		   "a@x b@x c@x ");
	recipients("From: f@x\nTo: a@x\nCc: b@x\nBcc: c@x\n\n", "a@x b@x c@x ");
	recipients("TO:a@x\ncc :b@x\nbCC\t: c@x\n", "a@x b@x c@x ");
	recipients("To: a@x\nTo: b@x\nBcc: c@x\nBcc: d@x\n",
		   "a@x b@x c@x d@x ");
}
END_TEST

START_TEST(other_fields_name_no_recipient)
{
	recipients("From: f@x\nReply-To: r@x\nSender: s@x\n"
		   "Subject: To: a@x\n To: b@x\nX-To: c@x\nT: d@x\nToo: e@x\n",
		   "");
	recipients("X!#~: To: a@x\n", "");
	recipients("", "");
	recipients("\nTo: a@x\n", "");
}
END_TEST

START_TEST(folded_fields_are_whole)
{
	recipients("Bcc: a@x,\r\n\tb@x,\r\n  C\r\n <c@x>\r\nTo: d@x\r\n",
		   "a@x b@x c@x d@x ");
	recipients("Bcc:\n a@x\n \n ,b@x", "a@x b@x ");
	recipients("Bcc: a@x,\r b@x\rTo: c@x\r", "a@x b@x c@x ");
}
END_TEST

START_TEST(last_field_needs_no_line_end)
{
	recipients("To: a@x\nBcc: b@x", "a@x b@x ");
	recipients("To: a@x", "a@x ");
	recipients("To:", "");
}
END_TEST

START_TEST(bad_mailboxes_is_refused_by_name)
{
	refused("To: a@x\nCc: b@x, \"c\n", 20, "Cc", "not closed");
	refused("Bcc: a\0b@x\n", 11, "Bcc", "control");
	refused("To: root\n", 9, "To", "no @");
}
END_TEST

START_TEST(resent_message_is_refused)
{
	refused("Resent-To: a@x\nTo: b@x\n", 23, "Resent-To", "resent");
	refused("To: b@x\nresent-bcc: a@x\n", 24, "resent-bcc", "resent");
	refused("To: b@x\nResent-Cc: a@x\n", 23, "Resent-Cc", "resent");
}
END_TEST

START_TEST(line_that_is_no_field_is_refused)
{
	static const char *const headers[] = {
		"To: a@x\nno field\n\n",
		" To: a@x\n\n",
		"From alice Mon Jan  1 00:00:00 2024\nTo: a@x\n\n",
		"To: a@x\n: b\n\n",
		"To: a@x\nB\xc3\xa4: b\n\n",
		"To: a@x\nBcc",
	};
	size_t i;

	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		refused(headers[i], strlen(headers[i]), "", "neither");
	refused("To: a@x\nA\0: b\n", 14, "", "neither");
}
END_TEST

static void
without_bcc_of(const char *header, size_t len, const char *expected,
	       size_t expected_len)
{
	char *copy = malloc(len > 0 ? len : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, header, len);
	text_clear(&out);
	header_copy_without(copy, len, "Bcc", &out);
	free(copy);
	ck_assert_uint_eq(out.len, expected_len);
	ck_assert_mem_eq(out.data, expected, expected_len);
}

static void
without_bcc(const char *header, const char *expected)
{
	without_bcc_of(header, strlen(header), expected, strlen(expected));
}

START_TEST(bcc_is_removed_with_its_folded_lines)
{
	without_bcc("To: a@x\r\nBcc: b@x,\r\n c@x,\r\n\td@x\r\nCc: e@x\r\n"
		    "\r\n",
		    "To: a@x\r\nCc: e@x\r\n\r\n");
	without_bcc("Bcc: b@x\nTo: a@x\n\n", "To: a@x\n\n");
	without_bcc("bCC : b@x\n\n\nTo: a@x\n\n", "\n\nTo: a@x\n\n");
	without_bcc("To: a@x\rBcc: b@x,\r c@x\r\r", "To: a@x\r\r");
}
END_TEST

START_TEST(bcc_is_removed_as_the_last_field)
{
	without_bcc("To: a@x\r\nBcc: b@x\r\n\r\n", "To: a@x\r\n\r\n");
	without_bcc("To: a@x\nBcc: b@x\n", "To: a@x\n");
	without_bcc("To: a@x\nBcc: b@x", "To: a@x\n");
	without_bcc("To: a@x\nBcc: b@x\n c@x", "To: a@x\n");
}
END_TEST

START_TEST(several_bccs_are_removed)
{
	without_bcc("Bcc: a@x\nBcc:\nX: y\nBCC: b@x\n\n", "X: y\n\n");
}
END_TEST

START_TEST(everything_else_stays_octet_for_octet)
{
	static const char odd[] = "!~: x\r\nX-A:\t \xff\x80\0b \r\n\r \nBc: c\n"
				  "Bccc: d\r\nSubject: e\n Bcc: f\n\r\n";

	without_bcc_of(odd, sizeof(odd) - 1, odd, sizeof(odd) - 1);
}
END_TEST

START_TEST(a_mebibyte_of_header_is_soon_read)
{
	struct header_field field;
	char *header = malloc(HEADER_MAX);
	size_t i, len;

	ck_assert_ptr_nonnull(header);
	for (i = 0; i < HEADER_MAX; i += 8)
		memcpy(header + i, i % 16 == 0 ? "Bcc: a@x" : ",\n bb@x\n", 8);
	len = HEADER_MAX;
	header_ends_at(header, len, SIZE_MAX);
	ck_assert_ptr_null(header_recipients(header, len, &list, &field));
	ck_assert_uint_eq(list.count, HEADER_MAX / 16 * 2);
	header_copy_without(header, len, "Bcc", &out);
	ck_assert_uint_eq(out.len, 0);
	free(header);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_header");
	TCase *tcase = tcase_create("header");
	SRunner *runner;

	tcase_set_timeout(tcase, CASE_SECONDS);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, header_ends_at_the_first_empty_line);
	tcase_add_test(tcase, header_without_an_empty_line_has_no_end);
	tcase_add_test(tcase, recipients_come_from_to_cc_and_bcc);
	tcase_add_test(tcase, other_fields_name_no_recipient);
	tcase_add_test(tcase, folded_fields_are_whole);
	tcase_add_test(tcase, last_field_needs_no_line_end);
	tcase_add_test(tcase, bad_mailboxes_is_refused_by_name);
	tcase_add_test(tcase, resent_message_is_refused);
	tcase_add_test(tcase, line_that_is_no_field_is_refused);
	tcase_add_test(tcase, bcc_is_removed_with_its_folded_lines);
	tcase_add_test(tcase, bcc_is_removed_as_the_last_field);
	tcase_add_test(tcase, several_bccs_are_removed);
	tcase_add_test(tcase, everything_else_stays_octet_for_octet);
	tcase_add_test(tcase, a_mebibyte_of_header_is_soon_read);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	return EXIT_SUCCESS;
}

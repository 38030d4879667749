/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/extension.c: what servers say behind EHLO, odd or not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extension.h"
#include "suite.h"

static struct extension_list list;

static void
tear_down(void)
{
	extension_free(&list);
}

/* Takes the lines behind the first one; each but the last ends in CRLF. */
static void
offers(const char *lines)
{
	struct smtpc_reply *reply;
	static char text[8192];
	size_t used;
	const char *end;

	used =
	    (size_t)snprintf(text, sizeof(text), "250-mx.example.test\r\n250");
	for (; *lines != '\0'; lines = *end != '\0' ? end + 2 : end) {
		end = strstr(lines, "\r\n");
		if (end == NULL)
			end = lines + strlen(lines);
		used +=
		    (size_t)snprintf(text + used, sizeof(text) - used,
				     "%c%.*s\r\n%s", *end != '\0' ? '-' : ' ',
				     (int)(end - lines), lines,
				     *end != '\0' ? "250" : "");
		ck_assert_uint_lt(used, sizeof(text));
	}
	reply = reply_of(text);
	ck_assert_int_eq(extension_parse(&list, reply), SMTPC_OK);
	reply_release(reply);
}

/* NULL: it is not offered. */
static void
has(const char *keyword, const char *parameters)
{
	const char *found = extension_find(&list, keyword);

	if (parameters == NULL) {
		ck_assert_msg(found == NULL, "%s is offered", keyword);
		return;
	}
	ck_assert_msg(found != NULL, "%s is not offered", keyword);
	ck_assert_str_eq(found, parameters);
}

START_TEST(each_line_is_a_keyword_and_its_parameters)
{
	offers("PIPELINING\r\nSIZE 10240000\r\nSTARTTLS\r\n"
	       "AUTH PLAIN LOGIN\r\n8BITMIME\r\nSMTPUTF8\r\nCHUNKING");
	ck_assert_uint_eq(list.count, 7);
	has("PIPELINING", "");
	has("SIZE", "10240000");
	has("AUTH", "PLAIN LOGIN");
	has("CHUNKING", "");
	has("DSN", NULL);
	has("", NULL);
	has("SIZ", NULL);
	has("SIZE ", NULL);
	ck_assert_uint_eq(list.known, EXTENSION_PIPELINING |
					  EXTENSION_STARTTLS | EXTENSION_AUTH |
					  EXTENSION_8BITMIME | EXTENSION_SIZE |
					  EXTENSION_SMTPUTF8 |
					  EXTENSION_CHUNKING);
	ck_assert_uint_eq(list.size_max, 10240000);
	ck_assert_str_eq(extension_at(&list, 1).keyword, "SIZE");
}
END_TEST

START_TEST(case_of_a_keyword_makes_no_difference)
{
	offers("starttls\r\nAuth plain\r\npIPELINING\r\n8bitMime");
	has("STARTTLS", "");
	has("AUTH", "plain");
	has("auth", "plain");
	ck_assert_uint_eq(list.known, EXTENSION_PIPELINING |
					  EXTENSION_STARTTLS | EXTENSION_AUTH |
					  EXTENSION_8BITMIME);
}
END_TEST

START_TEST(first_line_is_a_name_whatever_it_looks_like)
{
	struct smtpc_reply *reply =
	    reply_of("250-STARTTLS\r\n250-AUTH PLAIN\r\n250 SIZE\r\n");

	ck_assert_int_eq(extension_parse(&list, reply), SMTPC_OK);
	reply_release(reply);
	has("STARTTLS", NULL);
	has("AUTH", "PLAIN");
	ck_assert_uint_eq(list.count, 2);

	reply = reply_of("250 STARTTLS\r\n");
	ck_assert_int_eq(extension_parse(&list, reply), SMTPC_OK);
	reply_release(reply);
	has("STARTTLS", NULL);
	ck_assert_uint_eq(list.count, 0);
	ck_assert_uint_eq(list.known, 0);
}
END_TEST

START_TEST(what_only_looks_like_a_keyword_is_none)
{
	offers("X_OWN.1 a\r\nMT-PRIORITY\r\n"
	       "XSTARTTLS\r\nsee STARTTLS\r\nSTARTTLSX\r\n!STARTTLS\r\n"
	       "STARTTLS!\r\nSTARTTLS=yes\r\nPIPELINING:\r\n\r\n \r\n=PLAIN");
	has("STARTTLS", NULL);
	has("PIPELINING", NULL);
	has("X_OWN.1", "a");
	has("MT-PRIORITY", "");
	has("XSTARTTLS", "");
	has("see", "STARTTLS");
	ck_assert_uint_eq(list.known, 0);
	ck_assert_uint_eq(list.count, 5);
}
END_TEST

START_TEST(blanks_make_no_difference)
{
	offers(" SIZE  1000 \r\n\tSTARTTLS\t\r\nAUTH\tPLAIN \t LOGIN\t\r\n"
	       "  8BITMIME");
	has("SIZE", "1000");
	has("STARTTLS", "");
	has("AUTH", "PLAIN LOGIN");
	has("8BITMIME", "");
}
END_TEST

START_TEST(several_auth_lines_are_one)
{
	offers("AUTH PLAIN\r\nAUTH=LOGIN CRAM-MD5\r\nauth SCRAM-SHA-256");
	has("AUTH", "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256");
	ck_assert_uint_eq(list.count, 1);
	offers("AUTH=PLAIN LOGIN");
	has("AUTH", "PLAIN LOGIN");
	ck_assert_uint_eq(list.known, EXTENSION_AUTH);
}
END_TEST

START_TEST(empty_auth_lines_add_nothing)
{
	offers("AUTH\r\nAUTH PLAIN");
	has("AUTH", "PLAIN");
	offers("AUTH PLAIN\r\nAUTH\r\nAUTH=");
	has("AUTH", "PLAIN");
	offers("AUTH");
	has("AUTH", "");
}
END_TEST

/* Of two limits the smaller counts, and one that makes no sense is none. */
START_TEST(stricter_of_two_sizes_counts)
{
	static const char *const sizes[][3] = {
		{ "1000", "500", "500" },
		{ "500", "1000", "500" },
		{ "500", "500", "500" },
		{ "0", "500", "500" },
		{ "500", "0", "500" },
		{ "", "500", "500" },
		{ "500", "", "500" },
		{ "-1", "500", "500" },
		{ "500", "0x10", "500" },
		{ "1e9", "500", "500" },
		{ "12 34", "500", "500" },
		{ "500", "12 34", "500" },
		{ "18446744073709551615", "500", "500" },
		{ "18446744073709551616", "500", "500" },
		{ "500", "18446744073709551616", "500" },
		{ "9999999999999999999999999999999999999999", "500", "500" },
		{ "9223372036854775808", "9223372036854775807",
		  "9223372036854775807" },
	};
	char lines[200];

	snprintf(lines, sizeof(lines), "SIZE %s\r\nSIZE %s", sizes[_i][0],
		 sizes[_i][1]);
	offers(lines);
	has("SIZE", sizes[_i][2]);
	ck_assert_uint_eq(list.count, 1);
}
END_TEST

#define SIZES 17

START_TEST(of_any_other_keyword_the_first_stands)
{
	offers("LIMITS RCPTMAX=10\r\nLIMITS RCPTMAX=20\r\nSTARTTLS\r\n"
	       "STARTTLS x");
	has("LIMITS", "RCPTMAX=10");
	has("STARTTLS", "");
	ck_assert_uint_eq(list.count, 2);
}
END_TEST

START_TEST(line_with_a_nul_is_passed_over)
{
	static const char text[] = "250-mx\r\n250-STARTTLS\0X\r\n250-AUTH "
				   "PLA\0IN\r\n250-\0\r\n250 SIZE 1\r\n";
	struct smtpc_reply *reply;
	struct reply_parser parser;
	size_t taken;

	reply_parser_init(&parser);
	ck_assert_int_eq(reply_parse(&parser, text, sizeof(text) - 1, &taken,
				     &reply),
			 SMTPC_OK);
	ck_assert_int_eq(extension_parse(&list, reply), SMTPC_OK);
	reply_release(reply);
	reply_parser_clear(&parser);
	has("STARTTLS", NULL);
	has("AUTH", NULL);
	has("SIZE", "1");
	ck_assert_uint_eq(list.count, 1);
}
END_TEST

START_TEST(new_list_replaces_the_old_one)
{
	offers("STARTTLS\r\nAUTH PLAIN\r\nSIZE 1");
	offers("8BITMIME");
	has("STARTTLS", NULL);
	has("AUTH", NULL);
	has("SIZE", NULL);
	has("8BITMIME", "");
	ck_assert_uint_eq(list.known, EXTENSION_8BITMIME);
	extension_clear(&list);
	has("8BITMIME", NULL);
	ck_assert_uint_eq(list.known, 0);
	extension_clear(&list);
}
END_TEST

START_TEST(list_grows_to_256_keywords_and_no_further)
{
	static char text[16384];
	struct smtpc_reply *reply;
	size_t used;
	int i;

	used = (size_t)snprintf(text, sizeof(text), "250-mx\r\n");
	for (i = 0; i < 400; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "250-X%d a\r\n", i);
	snprintf(text + used, sizeof(text) - used, "250 X0 b\r\n");
	reply = reply_of(text);
	ck_assert_int_eq(extension_parse(&list, reply), SMTPC_OK);
	reply_release(reply);
	ck_assert_uint_eq(list.count, 256);
	has("X255", "a");
	has("X256", NULL);
}
END_TEST

START_TEST(long_keywords_and_parameters_are_kept)
{
	static char text[9000];
	struct smtpc_reply *reply;
	const char *found;

	snprintf(text, sizeof(text), "250-mx\r\n250-%04080d\r\n250 AUTH %s\r\n",
		 7, "PLAIN");
	reply = reply_of(text);
	ck_assert_int_eq(extension_parse(&list, reply), SMTPC_OK);
	reply_release(reply);
	ck_assert_uint_eq(strlen(extension_at(&list, 0).keyword), 4080);

	memset(text, 'x', sizeof(text));
	memcpy(text, "250-mx\r\n250 AUTH ", 17);
	memcpy(text + 4096, "\r\n", 3);
	reply = reply_of(text);
	ck_assert_int_eq(extension_parse(&list, reply), SMTPC_OK);
	reply_release(reply);
	found = extension_find(&list, "AUTH");
	ck_assert_ptr_nonnull(found);
	ck_assert_uint_eq(strlen(found), 4096 - 17);
}
END_TEST

/* Or whole, if it is only that what is not needed could not be given back. */
START_TEST(without_memory_the_list_is_empty)
{
	struct smtpc_reply *reply =
	    reply_of("250-mx\r\n250-STARTTLS\r\n250-AUTH PLAIN\r\n"
		     "250-AUTH LOGIN\r\n250-SIZE 5\r\n250 SIZE 4\r\n");
	unsigned int i, empty = 0, whole = 0;
	bool more = true;
	int rc;

	for (i = 0; more; i++) {
		fault_at(i);
		rc = extension_parse(&list, reply);
		more = fault_end();
		empty += rc == SMTPC_E_NOMEM;
		whole += rc == SMTPC_OK;
		ck_assert_uint_eq(list.count, rc == SMTPC_OK ? 3 : 0);
		ck_assert_uint_eq(list.known != 0, rc == SMTPC_OK);
	}
	ck_assert_uint_gt(empty, 1);
	ck_assert_uint_eq(whole, 2);
	ck_assert_uint_eq(empty + whole, i);
	reply_release(reply);
}
END_TEST

START_TEST(word_is_found_in_a_list)
{
	static const char words[] = "PLAIN scram-sha-256 LOGIN";

	ck_assert(extension_lists(words, "PLAIN"));
	ck_assert(extension_lists(words, "SCRAM-SHA-256"));
	ck_assert(extension_lists(words, "login"));
	ck_assert(!extension_lists(words, "SCRAM-SHA-1"));
	ck_assert(!extension_lists(words, "SCRAM-SHA"));
	ck_assert(!extension_lists(words, "AIN"));
	ck_assert(!extension_lists(words, "PLAIN scram-sha-256"));
	ck_assert(!extension_lists(words, ""));
	ck_assert(!extension_lists("", "PLAIN"));
	ck_assert(!extension_lists("", ""));
	ck_assert(!extension_lists("   ", "PLAIN"));
	ck_assert(extension_lists("  A   B ", "B"));
}
END_TEST

/* Whether a server's answer with this one keyword in it was tampered with. */
static const struct {
	const char *line;
	bool is_masked;
} masks[] = {
	{ "XXXXXXXX", true }, /* STARTTLS */
	{ "XXXXXXXA", true },	{ "XXXX", true },      { "XXXXA", true },
	{ "XXXXXXXX x", true }, { "XXX", false },      { "XXXXAB", false },
	{ "XXXXAX", false },	{ "AXXXXXXX", false }, { "xxxxxxxx", false },
	{ "XCLIENT", false },	{ "XXCHANGE", false }, { "STARTTLS", false },
};

#define MASKS ((int)(sizeof(masks) / sizeof(masks[0])))

START_TEST(keyword_of_nothing_but_x_is_a_mask)
{
	char text[100];

	snprintf(text, sizeof(text), "SIZE\r\n%s", masks[_i].line);
	offers(text);
	ck_assert_int_eq(extension_is_masked(&list), masks[_i].is_masked);
	/* Parameters may look as they like. */
	offers("SIZE XXXXXXXX");
	ck_assert(!extension_is_masked(&list));
	extension_clear(&list);
	ck_assert(!extension_is_masked(&list));
}
END_TEST

/*
 * Numbers.
 */

static const struct {
	const char *lines;
	uint64_t size_max;
	struct extension_limits limits;
} numbers[] = {
	{ "SIZE\r\nDSN", 0, { 0, 0, 0 } },
	{ "SIZE 0", 0, { 0, 0, 0 } },
	{ "SIZE 18446744073709551615", UINT64_MAX, { 0, 0, 0 } },
	{ "SIZE 99999999999999999999", UINT64_MAX, { 0, 0, 0 } },
	{ "SIZE many", 0, { 0, 0, 0 } },
	{ "LIMITS RCPTMAX=20 MAILMAX=5", 0, { 20, 5, 0 } },
	{ "limits rcptdomainmax=1 RcptMax=999999", 0, { 999999, 0, 1 } },
	{ "LIMITS XMAX=3 RCPTMAX=7 RCPTMAXX=2 RCPTMAX", 0, { 7, 0, 0 } },
	{ "LIMITS RCPTMAX=0 MAILMAX=01 RCPTDOMAINMAX=1x", 0, { 0, 0, 0 } },
	{ "LIMITS RCPTMAX=1000000 MAILMAX= RCPTDOMAINMAX=-1", 0, { 0, 0, 0 } },
	{ "LIMITS RCPTMAX=20 RCPTMAX=10 RCPTMAX=30", 0, { 10, 0, 0 } },
	{ "LIMITS", 0, { 0, 0, 0 } },
	{ "XLIMITS RCPTMAX=20", 0, { 0, 0, 0 } },
};

START_TEST(numbers_are_read_and_what_is_none_is_ignored)
{
	offers(numbers[_i].lines);
	ck_assert_uint_eq(list.size_max, numbers[_i].size_max);
	ck_assert_uint_eq(list.limits.recipients,
			  numbers[_i].limits.recipients);
	ck_assert_uint_eq(list.limits.transactions,
			  numbers[_i].limits.transactions);
	ck_assert_uint_eq(list.limits.domains, numbers[_i].limits.domains);
	/* Of the next server nothing of that is true. */
	offers("DSN");
	ck_assert_uint_eq(list.size_max, 0);
	ck_assert_uint_eq(list.limits.recipients, 0);
}
END_TEST

/*
 * Extensions that are disabled.
 */

START_TEST(disabled_extension_is_not_in_the_list)
{
	offers("SIZE 1000\r\nCHUNKING\r\nLIMITS RCPTMAX=3\r\nDSN");
	ck_assert_int_eq(extension_disable(&list, "chunking"), SMTPC_OK);
	has("CHUNKING", NULL);
	has("SIZE", "1000");
	has("DSN", "");
	ck_assert_uint_eq(list.count, 3);
	ck_assert_uint_eq(list.known, EXTENSION_SIZE);
	ck_assert_int_eq(extension_disable(&list, "SIZE"), SMTPC_OK);
	ck_assert_uint_eq(list.size_max, 0);
	ck_assert_int_eq(extension_disable(&list, "LIMITS"), SMTPC_OK);
	ck_assert_uint_eq(list.limits.recipients, 0);
	ck_assert_int_eq(extension_disable(&list, "DSN"), SMTPC_OK);
	ck_assert_uint_eq(list.count, 0);
	/* Nor in the next one. */
	offers("SIZE 1000\r\nChunking\r\nPIPELINING\r\nDSNX");
	has("SIZE", NULL);
	has("CHUNKING", NULL);
	has("PIPELINING", "");
	has("DSNX", "");
	ck_assert_uint_eq(list.known, EXTENSION_PIPELINING);
	extension_free(&list);
	offers("SIZE 1000");
	has("SIZE", "1000");
}
END_TEST

START_TEST(what_is_no_keyword_is_not_disabled)
{
	char name[200];

	ck_assert_int_eq(extension_disable(&list, ""), SMTPC_E_INVALID);
	ck_assert_int_eq(extension_disable(&list, "A B"), SMTPC_E_INVALID);
	ck_assert_int_eq(extension_disable(&list, "A\r\n"), SMTPC_E_INVALID);
	ck_assert_int_eq(extension_disable(&list, "\xc3\xa4"), SMTPC_E_INVALID);
	memset(name, 'A', sizeof(name));
	name[129] = '\0';
	ck_assert_int_eq(extension_disable(&list, name), SMTPC_E_INVALID);
	ck_assert_ptr_null(list.disabled);
	name[128] = '\0';
	ck_assert_int_eq(extension_disable(&list, name), SMTPC_OK);
	ck_assert_int_eq(extension_disable(&list, "8BITMIME"), SMTPC_OK);
	extension_free(&list);
}
END_TEST

START_TEST(without_memory_nothing_is_disabled)
{
	offers("SIZE 1000");
	fault_at(0);
	ck_assert_int_eq(extension_disable(&list, "SIZE"), SMTPC_E_NOMEM);
	ck_assert(fault_end());
	has("SIZE", "1000");
	/* Twice is as good as once. */
	ck_assert_int_eq(extension_disable(&list, "SIZE"), SMTPC_OK);
	fault_at(0);
	ck_assert_int_eq(extension_disable(&list, "size"), SMTPC_OK);
	ck_assert(!fault_end());
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("extension");
	TCase *tcase = suite_case(suite, "extension_parse");

	tcase_add_checked_fixture(tcase, NULL, tear_down);
	tcase_add_test(tcase, each_line_is_a_keyword_and_its_parameters);
	tcase_add_test(tcase, case_of_a_keyword_makes_no_difference);
	tcase_add_test(tcase, first_line_is_a_name_whatever_it_looks_like);
	tcase_add_test(tcase, what_only_looks_like_a_keyword_is_none);
	tcase_add_test(tcase, blanks_make_no_difference);
	tcase_add_test(tcase, several_auth_lines_are_one);
	tcase_add_test(tcase, empty_auth_lines_add_nothing);
	tcase_add_loop_test(tcase, stricter_of_two_sizes_counts, 0, SIZES);
	tcase_add_test(tcase, of_any_other_keyword_the_first_stands);
	tcase_add_test(tcase, line_with_a_nul_is_passed_over);
	tcase_add_test(tcase, new_list_replaces_the_old_one);
	tcase_add_test(tcase, list_grows_to_256_keywords_and_no_further);
	tcase_add_test(tcase, long_keywords_and_parameters_are_kept);
	tcase_add_test(tcase, without_memory_the_list_is_empty);

	tcase = suite_case(suite, "extension_is_masked");
	tcase_add_checked_fixture(tcase, NULL, tear_down);
	tcase_add_loop_test(tcase, keyword_of_nothing_but_x_is_a_mask, 0,
			    MASKS);

	tcase = suite_case(suite, "extension_lists");
	tcase_add_test(tcase, word_is_found_in_a_list);

	tcase = suite_case(suite, "numbers");
	tcase_add_checked_fixture(tcase, NULL, tear_down);
	tcase_add_loop_test(tcase, numbers_are_read_and_what_is_none_is_ignored,
			    0, (int)(sizeof(numbers) / sizeof(numbers[0])));

	tcase = suite_case(suite, "extension_disable");
	tcase_add_checked_fixture(tcase, NULL, tear_down);
	tcase_add_test(tcase, disabled_extension_is_not_in_the_list);
	tcase_add_test(tcase, what_is_no_keyword_is_not_disabled);
	tcase_add_test(tcase, without_memory_nothing_is_disabled);
	return suite_run(suite);
}

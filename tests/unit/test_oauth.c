/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/oauth.c: the status in what a server says of a token. */
#include <stdlib.h>
#include <string.h>

#include "oauth.h"
#include "suite.h"

/* In a block of just this length, so that tools see who reads beyond. */
static void
status_is(const char *json, size_t len, const char *expected)
{
	char status[OAUTH_STATUS_MAX];
	char *copy = malloc(len > 0 ? len : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, json, len);
	memset(status, 'x', sizeof(status));
	oauth_status(copy, len, status);
	ck_assert_str_eq(status, expected);
	free(copy);
}

static const struct {
	const char *json, *status;
} answers[] = {
	{ "{\"status\":\"400\"}", "400" },
	{ "{\"status\":\"401\",\"schemes\":\"Bearer\",\"scope\":\"x\"}",
	  "401" },
	{ "{\"schemes\":\"Bearer\",\"status\":\"invalid_token\"}",
	  "invalid_token" },
	{ " \t\r\n{ \"status\" \n:\t \"invalid_token\" }\n", "invalid_token" },
	{ "{\"status\":400}", "400" },
	{ "{\"status\": 400 , \"a\":1}", "400" },
	{ "{\"a\":{\"status\":\"1\"},\"status\":\"2\"}", "2" },
	{ "{\"a\":[\"status\",{\"status\":\"1\"}],\"status\":\"2\"}", "2" },
	{ "{\"a\":\"status\",\"status\":\"2\"}", "2" },
	{ "{\"a\":\"\\\"status\\\":\\\"1\\\"\",\"status\":\"2\"}", "2" },
	{ "{\"a\":\"\\\\\",\"status\":\"2\"}", "2" },
	{ "{\"xstatus\":\"1\",\"statusx\":\"1\",\"status\":\"2\"}", "2" },
	{ "{\"status\":\"a-b_c.9\"}", "a-b_c.9" },
	{ "{\"status\":\"1\",\"status\":\"2\"}", "1" },
	{ "{\"status\":\"1234567890123456789012345678901\"}",
	  "1234567890123456789012345678901" },
	/* None, or none that can be shown. */
	{ "", "" },
	{ "{}", "" },
	{ "400", "" },
	{ "\"status\":\"400\"", "" },
	{ "{\"Status\":\"400\"}", "" },
	{ "{\"status\"", "" },
	{ "{\"status\":", "" },
	{ "{\"status\":\"", "" },
	{ "{\"status\":\"400", "" },
	{ "{\"status\":\"400\\", "" },
	{ "{\"status\":\"\"}", "" },
	{ "{\"status\":\"4 0\"}", "" },
	{ "{\"status\":\"4\\u0030\"}", "" },
	{ "{\"status\":\"\x1b[2J\"}", "" },
	{ "{\"status\":\"p\xc3\xa4\"}", "" },
	{ "{\"status\":\"12345678901234567890123456789012\"}", "" },
	{ "{\"status\":{\"status\":\"1\"}}", "" },
	{ "{\"status\":[\"400\"]}", "" },
	{ "[{\"status\":\"400\"}]", "" },
	{ "{\"a", "" },
};

START_TEST(the_status_is_found_where_it_is)
{
	status_is(answers[_i].json, strlen(answers[_i].json),
		  answers[_i].status);
}
END_TEST

/* Wherever it ends. */
START_TEST(no_more_is_read_than_there_is)
{
	static const char json[] = "{\"a\":[{\"b\":\"\\\"\"}],\"c\":1,"
				   "\"status\" : \"invalid_token\"}";
	size_t len;

	for (len = 0; len < strlen(json) - 1; len++)
		status_is(json, len, "");
	status_is(json, strlen(json) - 1, "invalid_token");
}
END_TEST

START_TEST(a_NUL_is_one_more_octet)
{
	static const char json[] = "{\"a\":\"\0\",\"status\":\"400\"}";
	static const char bad[] = "{\"status\":\"4\0000\"}";

	status_is(json, sizeof(json) - 1, "400");
	status_is(bad, sizeof(bad) - 1, "");
	status_is("\0\0\0\0", 4, "");
}
END_TEST

START_TEST(depth_has_an_end)
{
	static char json[10000];

	memset(json, '[', sizeof(json));
	status_is(json, sizeof(json), "");
	memset(json, '{', sizeof(json));
	status_is(json, sizeof(json), "");
	memset(json, '"', sizeof(json));
	status_is(json, sizeof(json), "");
	memset(json, '\\', sizeof(json));
	status_is(json, sizeof(json), "");
	memset(json, '}', sizeof(json));
	status_is(json, sizeof(json), "");
}
END_TEST

START_TEST(each_status_has_its_meaning)
{
	static const struct {
		const char *status;
		enum oauth_verdict verdict;
	} meanings[] = {
		{ "400", OAUTH_EXPIRED },
		{ "invalid_token", OAUTH_EXPIRED },
		{ "401", OAUTH_REFUSED },
		{ "403", OAUTH_REFUSED },
		{ "insufficient_scope", OAUTH_REFUSED },
		{ "invalid_request", OAUTH_REFUSED },
		{ "", OAUTH_REJECTED },
		{ "500", OAUTH_REJECTED },
		{ "4000", OAUTH_REJECTED },
		{ "INVALID_TOKEN", OAUTH_REJECTED },
		{ "whatever", OAUTH_REJECTED },
	};
	size_t i;

	for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		ck_assert_int_eq(oauth_judge(meanings[i].status),
				 meanings[i].verdict);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("oauth");
	TCase *tcase = suite_case(suite, "oauth_status");

	tcase_add_loop_test(tcase, the_status_is_found_where_it_is, 0,
			    sizeof(answers) / sizeof(answers[0]));
	tcase_add_test(tcase, no_more_is_read_than_there_is);
	tcase_add_test(tcase, a_NUL_is_one_more_octet);
	tcase_add_test(tcase, depth_has_an_end);

	tcase = suite_case(suite, "oauth_judge");
	tcase_add_test(tcase, each_status_has_its_meaning);
	return suite_run(suite);
}

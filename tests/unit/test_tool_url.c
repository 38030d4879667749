/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of tools/url.c: servers as URLs. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "url.h"

/* No test needs so long, but a busy machine may. */
#define CASE_SECONDS 60

static struct url
good(const char *string)
{
	struct url url;
	const char *wrong = url_parse(string, &url);

	ck_assert_msg(wrong == NULL, "%s: %s", string, wrong);
	return url;
}

static void
bad(const char *string, const char *because)
{
	struct url url;
	const char *wrong = url_parse(string, &url);

	ck_assert_msg(wrong != NULL, "%s was taken", string);
	ck_assert_msg(strstr(wrong, because) != NULL, "%s: %s", string, wrong);
}

START_TEST(each_scheme_has_its_port)
{
	struct url url = good("smtp://mx.example.test");

	ck_assert_int_eq(url.scheme, URL_SMTP);
	ck_assert_int_eq(url.port, 587);
	ck_assert_str_eq(url.host, "mx.example.test");
	ck_assert_str_eq(url.user, "");

	url = good("smtps://mx.example.test");
	ck_assert_int_eq(url.scheme, URL_SMTPS);
	ck_assert_int_eq(url.port, 465);
}
END_TEST

START_TEST(scheme_is_known_in_any_case)
{
	ck_assert_int_eq(good("SMTPS://a.test/").scheme, URL_SMTPS);
}
END_TEST

START_TEST(address_of_a_link_lacks_its_zone)
{
	static const char *const lacking[] = {
		"smtp://[fe80::1]:1",
		"smtp://[FE80::1]",
		"smtps://[febf:ffff::]",
	};
	static const char *const whole[] = {
		"smtp://[fe80::1%25lo]:1", "smtp://[::1]",
		"smtp://[fec0::1]",	   "smtp://fe80",
		"smtp://[1::2]",	   "smtp://127.0.0.1",
	};
	size_t i;
	struct url url;

	for (i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++) {
		url = good(lacking[i]);
		ck_assert_msg(url_lacks_zone(&url), "%s", lacking[i]);
	}
	for (i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		url = good(whole[i]);
		ck_assert_msg(!url_lacks_zone(&url), "%s", whole[i]);
	}
}
END_TEST

START_TEST(port_and_user_are_taken)
{
	struct url url = good("smtp://alice%40example.test@127.0.0.1:2525/");

	ck_assert_str_eq(url.user, "alice@example.test");
	ck_assert_str_eq(url.host, "127.0.0.1");
	ck_assert_int_eq(url.port, 2525);
}
END_TEST

START_TEST(user_is_percent_decoded)
{
	ck_assert_str_eq(good("smtp://a%2fb%25c%3A@h").user, "a/b%c:");
	ck_assert_str_eq(good("smtp://%c3%a4@h").user, "\xc3\xa4");
}
END_TEST

START_TEST(ipv6_is_taken_out_of_its_brackets)
{
	struct url url = good("smtps://bob@[2001:db8::1]:4465");

	ck_assert_str_eq(url.host, "2001:db8::1");
	ck_assert_int_eq(url.port, 4465);
	ck_assert_str_eq(good("smtp://[::ffff:192.0.2.1]").host,
			 "::ffff:192.0.2.1");
	ck_assert_str_eq(good("smtp://[fe80::1%25eth0]").host, "fe80::1%eth0");
}
END_TEST

START_TEST(international_host_name_is_kept)
{
	ck_assert_str_eq(good("smtp://m\xc3\xbcller.test").host,
			 "m\xc3\xbcller.test");
}
END_TEST

START_TEST(socket_path_is_taken)
{
	struct url url = good("smtp+unix:///run/a%20b/socket");

	ck_assert_int_eq(url.scheme, URL_SMTP_UNIX);
	ck_assert_str_eq(url.path, "/run/a b/socket");
}
END_TEST

START_TEST(password_is_refused_with_the_reason)
{
	bad("smtp://alice:wonderland@h", "--password-file");
	bad("smtp://:x@h", "--password-file");
}
END_TEST

START_TEST(bad_user_is_refused)
{
	bad("smtp://@h", "empty");
	bad("smtp://a@b@h", "%40");
	bad("smtp://a%4@h", "hexadecimal");
	bad("smtp://a%@h", "hexadecimal");
	bad("smtp://a%zz@h", "hexadecimal");
	bad("smtp://a%00b@h", "control");
	bad("smtp://a%0d%0ab@h", "control");
	bad("smtp://a\nb@h", "control");
}
END_TEST

START_TEST(bad_port_is_refused)
{
	bad("smtp://h:", "missing");
	bad("smtp://h:0", "65535");
	bad("smtp://h:65536", "65535");
	bad("smtp://h:99999999999999999999", "65535");
	bad("smtp://h:25x", "65535");
	bad("smtp://h:+25", "65535");
	bad("smtp://[::1]:", "missing");
	ck_assert_int_eq(good("smtp://h:65535").port, 65535);
	ck_assert_int_eq(good("smtp://h:1").port, 1);
}
END_TEST

START_TEST(bad_host_is_refused)
{
	bad("smtp://", "host is missing");
	bad("smtp:///", "host is missing");
	bad("smtp://:25", "host is missing");
	bad("smtp://a b", "character");
	bad("smtp://a%41", "character");
	bad("smtp://a\r\nQUIT", "character");
	bad("smtp://::1:25", "brackets");
	bad("smtp://[::1", "not closed");
	bad("smtp://[]", "no IPv6");
	bad("smtp://[example.test]", "no IPv6");
	bad("smtp://[abc]", "no IPv6");
	bad("smtp://[::1]25", "bracket");
	bad("smtp://[::1%]", "hexadecimal");
}
END_TEST

START_TEST(what_follows_is_refused)
{
	bad("smtp://h/path", "follow");
	bad("smtp://h:25//", "follow");
	bad("smtp://h?tls=no", "follow");
	bad("smtp://h#x", "follow");
}
END_TEST

START_TEST(other_schemes_are_refused)
{
	bad("", "begin");
	bad("mx.example.test:25", "begin");
	bad("http://h", "begin");
	bad("smtp:/h", "begin");
	bad("smtp", "begin");
}
END_TEST

START_TEST(bad_socket_path_is_refused)
{
	bad("smtp+unix://", "absolute");
	bad("smtp+unix://host/path", "absolute");
	bad("smtp+unix:///a%00b", "control");
}
END_TEST

START_TEST(over_long_parts_are_refused)
{
	char string[2048];
	size_t i;
	static const char *const before[] = { "smtp://", "smtp://",
					      "smtp+unix:///" };
	static const char *const behind[] = { "", "@h", "" };

	for (i = 0; i < 3; i++) {
		memset(string, 'a', sizeof(string));
		memcpy(string, before[i], strlen(before[i]));
		memcpy(string + sizeof(string) - 1 - strlen(behind[i]),
		       behind[i], strlen(behind[i]) + 1);
		bad(string, "too long");
	}
}
END_TEST

START_TEST(longest_parts_are_taken)
{
	char string[512] = "smtp://";
	size_t i;

	for (i = 0; i < 320; i++)
		strncat(string, "u", 2);
	strncat(string, "@h", 3);
	ck_assert_uint_eq(strlen(good(string).user), 320);
	memmove(string + 8, string + 7, strlen(string + 7) + 1);
	bad(string, "too long");
}
END_TEST

START_TEST(bad_url_leaves_the_result_alone)
{
	struct url url;

	memset(&url, 'x', sizeof(url));
	ck_assert_ptr_nonnull(url_parse("smtp://user@h:99999", &url));
	ck_assert_int_eq(url.user[0], 'x');
	ck_assert_int_eq(url.host[0], 'x');
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_url");
	TCase *tcase = tcase_create("url_parse");
	SRunner *runner;

	tcase_set_timeout(tcase, CASE_SECONDS);
	tcase_add_test(tcase, each_scheme_has_its_port);
	tcase_add_test(tcase, scheme_is_known_in_any_case);
	tcase_add_test(tcase, address_of_a_link_lacks_its_zone);
	tcase_add_test(tcase, port_and_user_are_taken);
	tcase_add_test(tcase, user_is_percent_decoded);
	tcase_add_test(tcase, ipv6_is_taken_out_of_its_brackets);
	tcase_add_test(tcase, international_host_name_is_kept);
	tcase_add_test(tcase, socket_path_is_taken);
	tcase_add_test(tcase, password_is_refused_with_the_reason);
	tcase_add_test(tcase, bad_user_is_refused);
	tcase_add_test(tcase, bad_port_is_refused);
	tcase_add_test(tcase, bad_host_is_refused);
	tcase_add_test(tcase, what_follows_is_refused);
	tcase_add_test(tcase, other_schemes_are_refused);
	tcase_add_test(tcase, bad_socket_path_is_refused);
	tcase_add_test(tcase, over_long_parts_are_refused);
	tcase_add_test(tcase, longest_parts_are_taken);
	tcase_add_test(tcase, bad_url_leaves_the_result_alone);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	return EXIT_SUCCESS;
}

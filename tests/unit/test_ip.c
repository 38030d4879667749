/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/ip.c: addresses as they are written, told from names. */
#include <string.h>

#include "ip.h"
#include "suite.h"

static void
is(const char *text, bool v4, bool v6)
{
	ck_assert_msg(ip_is_v4(text) == v4, "%s as IPv4", text);
	ck_assert_msg(ip_is_v6(text) == v6, "%s as IPv6", text);
	ck_assert_msg(ip_is_address(text) == (v4 || v6), "%s", text);
}

START_TEST(four_numbers_are_an_ipv4_address)
{
	is("192.0.2.1", true, false);
	is("0.0.0.0", true, false);
	is("255.255.255.255", true, false);
}
END_TEST

START_TEST(hexadecimal_groups_are_an_ipv6_address)
{
	is("::", false, true);
	is("::1", false, true);
	is("2001:db8::1", false, true);
	is("2001:DB8:0:0:0:0:0:1", false, true);
	is("::ffff:192.0.2.1", false, true);
	is("1111:2222:3333:4444:5555:6666:255.255.255.255", false, true);
}
END_TEST

/* What the C library's older functions would take for an address, too. */
START_TEST(anything_else_is_none)
{
	static const char *const texts[] = {
		"",	      "1",	     "127.1",	    "1.2.3",
		"1.2.3.4.5",  "256.0.0.1",   "01.2.3.4",    "0x7f.0.0.1",
		"192.0.2.1.", " 192.0.2.1",  "192.0.2.1 ",  "192.0.2.1\n",
		"[::1]",      "[192.0.2.1]", "fe80::1%lo",  ":",
		":::",	      "1::2::3",     "12345::",	    "::g",
		"localhost",  "IPv6:::1",    "192.0.2.1/8", "192.0.2.1:25",
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		is(texts[i], false, false);
}
END_TEST

START_TEST(longest_address_fits)
{
	ck_assert_uint_lt(strlen(
			      "1111:2222:3333:4444:5555:6666:255.255.255.255"),
			  IP_TEXT_MAX);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ip");
	TCase *tcase = suite_case(suite, "ip");

	tcase_add_test(tcase, four_numbers_are_an_ipv4_address);
	tcase_add_test(tcase, hexadecimal_groups_are_an_ipv6_address);
	tcase_add_test(tcase, anything_else_is_none);
	tcase_add_test(tcase, longest_address_fits);
	return suite_run(suite);
}

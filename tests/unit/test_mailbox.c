/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/mailbox.c: what is good goes into a command line as it is, so
 * what is not good must not pass.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailbox.h"
#include "suite.h"

static void
good(const char *(*problem)(const char *), const char *text)
{
	const char *found = problem(text);

	ck_assert_msg(found == NULL, "%s: %s", text, found);
}

static void
bad(const char *(*problem)(const char *), const char *text)
{
	ck_assert_msg(problem(text) != NULL, "%s was taken", text);
}

static const char *
domain_problem(const char *text)
{
	return mailbox_domain_problem(text, strlen(text));
}

/* Appends len times c. */
static void
fill(char *text, char c, size_t len)
{
	size_t used = strlen(text);

	memset(text + used, c, len);
	text[used + len] = '\0';
}

/* Appends a domain of exactly len octets whose labels are not too long. */
static void
fill_domain(char *text, size_t len)
{
	for (; len > 63; len -= 51) {
		fill(text, 'a', 50);
		fill(text, '.', 1);
	}
	fill(text, 'b', len);
}

START_TEST(ordinary_mailboxes_are_good)
{
	good(mailbox_problem, "a@b");
	good(mailbox_problem, "alice@example.test");
	good(mailbox_problem, "alice.b.c@mx-1.example.test");
	good(mailbox_problem, "!#$%&'*+-/=?^_`{|}~@example.test");
	good(mailbox_problem, "-oQ/spool@x");
	good(mailbox_problem, "1@2.b3");
	good(mailbox_problem, "a@xn--bcher-kva.example");
	good(mailbox_problem, "ALICE@EXAMPLE.TEST");
}
END_TEST

START_TEST(quoted_local_parts_may_hold_printable_octets)
{
	good(mailbox_problem, "\"a b\"@c");
	good(mailbox_problem, "\"a\\\"b\"@c");
	good(mailbox_problem, "\"a@b\"@c");
	good(mailbox_problem, "\"a\\\\\"@c");
	good(mailbox_problem, "\"\\ \"@c");
	good(mailbox_problem, "\"x@evil.example y\"@good.example");
}
END_TEST

START_TEST(angle_brackets_are_refused_even_in_quotes)
{
	bad(mailbox_problem, "\">\"@c");
	bad(mailbox_problem, "\"a<b\"@c");
	bad(mailbox_problem, "\"a\\>b\"@c");
	bad(mailbox_problem, "\"x@evil.example> NOTIFY=NEVER\"@good.example");
}
END_TEST

START_TEST(broken_quotes_are_refused)
{
	bad(mailbox_problem, "\"abc@d");
	bad(mailbox_problem, "abc\"@d");
	bad(mailbox_problem, "a\"b\"c@d");
	bad(mailbox_problem, "\"a\"b@d");
	bad(mailbox_problem, "\"a\".b@d");
	bad(mailbox_problem, "\"a\"");
	bad(mailbox_problem, "\"a\"@");
	bad(mailbox_problem, "\"");
	bad(mailbox_problem, "\"\\");
	bad(mailbox_problem, "\"a\\\"@d");
	bad(mailbox_problem, "\"a\\");
}
END_TEST

START_TEST(what_is_no_mailbox_is_refused)
{
	bad(mailbox_problem, "");
	bad(mailbox_problem, "alice");
	bad(mailbox_problem, "postmaster");
	bad(mailbox_problem, "@");
	bad(mailbox_problem, "@b");
	bad(mailbox_problem, "a@");
	bad(mailbox_problem, "a@b@c");
	bad(mailbox_problem, "<a@b>");
	bad(mailbox_problem, "a@b>");
	bad(mailbox_problem, "<a@b");
	bad(mailbox_problem, "@a,@b:c@d");
	bad(mailbox_problem, "u@e.com> AUTH=<x@y");
	bad(mailbox_problem, "Alice <a@b>");
	bad(mailbox_problem, "a@b (comment)");
}
END_TEST

START_TEST(blanks_outside_quotes_are_refused)
{
	bad(mailbox_problem, " a@b");
	bad(mailbox_problem, "a@b ");
	bad(mailbox_problem, "a b@c");
	bad(mailbox_problem, "a @b");
	bad(mailbox_problem, "a@ b");
	bad(mailbox_problem, "a@b c");
	bad(mailbox_problem, "a@b\t");
	bad(mailbox_problem, "\"a\" @b");
	bad(mailbox_problem, "a@[127.0.0.1 ]");
	bad(mailbox_problem, "a@[ 127.0.0.1]");
}
END_TEST

START_TEST(misplaced_dots_are_refused)
{
	bad(mailbox_problem, ".a@b");
	bad(mailbox_problem, "a.@b");
	bad(mailbox_problem, "a..b@c");
	bad(mailbox_problem, ".@b");
	bad(mailbox_problem, "a@.b");
	bad(mailbox_problem, "a@b.");
	bad(mailbox_problem, "a@b..c");
	bad(mailbox_problem, "a@.");
}
END_TEST

/* Mailboxes into which every octet is put, everywhere. */
static const char *const carriers[] = {
	"ab@cd.ef", "\"a b\"@c", "\"\\ab\"@c", "a@[192.0.2.1]", "a@[IPv6:::1]",
};

START_TEST(control_or_8bit_octets_are_refused_anywhere)
{
	const char *text = carriers[_i];
	size_t len = strlen(text);
	char changed[32];
	size_t at;
	int c;

	good(mailbox_problem, text);
	for (c = 1; c < 256; c++) {
		if (c >= 0x20 && c <= 0x7e)
			continue;
		for (at = 0; at <= len; at++) {
			snprintf(changed, sizeof(changed), "%.*s%c%s", (int)at,
				 text, c, text + at);
			if (mailbox_problem(changed) == NULL)
				ck_abort_msg("0x%02x was taken at %zu", c, at);
			if (at == len)
				break;
			memcpy(changed, text, len + 1);
			changed[at] = (char)c;
			if (mailbox_problem(changed) == NULL)
				ck_abort_msg("0x%02x was taken for %zu", c, at);
		}
	}
}
END_TEST

#define CARRIERS 5

/* Of the printable octets, those that an atom or a label may hold. */
START_TEST(octets_of_atoms_and_labels_are_exact)
{
	static const char atoms[] = "!#$%&'*+-/=?^_`{|}~";
	char text[] = "axb@cyd";
	bool alnum;
	int c;

	for (c = 0x20; c <= 0x7e; c++) {
		alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			(c >= 'a' && c <= 'z');
		text[1] = (char)c;
		ck_assert_msg((mailbox_problem(text) == NULL) ==
				  (alnum || c == '.' ||
				   strchr(atoms, c) != NULL),
			      "local-part with %c", c);
		text[1] = 'x';
		text[5] = (char)c;
		ck_assert_msg((mailbox_problem(text) == NULL) ==
				  (alnum || c == '-' || c == '.'),
			      "domain with %c", c);
		text[5] = 'y';
	}
}
END_TEST

START_TEST(smuggled_utf8_is_refused)
{
	static const char *const octets[] = {
		"\xc3\x28",	"\xc0\x8a",	"\xe0\x80\x8a",
		"\xed\xa0\x80", "\xc2\x85",	"\xe2\x80\xa8",
		"\xe2\x80\x8e", "\xef\xbb\xbf", "\xe2\x81\xa6",
	};
	char text[40];
	size_t i;

	for (i = 0; i < sizeof(octets) / sizeof(octets[0]); i++) {
		snprintf(text, sizeof(text), "a%s@b", octets[i]);
		bad(mailbox_problem, text);
		snprintf(text, sizeof(text), "a@b%sc", octets[i]);
		bad(mailbox_problem, text);
	}
}
END_TEST

START_TEST(utf8_is_good_in_both_parts)
{
	good(mailbox_problem, "\xc3\xa4@b");
	good(mailbox_problem, "\"\xc3\xa4 b\"@b");
	good(mailbox_problem, "a@b\xc3\xbc"
			      "cher.example");
	good(mailbox_problem, "\xe4\xbe\x8b@\xe4\xbe\x8b.test");
	/* A wide @ is a letter like others, and delimits nothing. */
	good(mailbox_problem, "a\xef\xbc\xa0@b");
	bad(mailbox_problem, "a\xef\xbc\xa0"
			     "b");
	/* The ASCII in such a domain is held to its rules. */
	bad(mailbox_problem, "a@\xc3\xbc_b.test");
	bad(mailbox_problem, "a@-\xc3\xbc.test");
	bad(mailbox_problem, "a@\xc3\xbc-.test");
	bad(mailbox_problem, "a@\xc3\xbc..test");
	bad(mailbox_problem, "a@\xc3\xbc b.test");
	/* Elsewhere a name is ASCII. */
	bad(domain_problem, "b\xc3\xbc"
			    "cher.example");
}
END_TEST

START_TEST(domain_begins_behind_the_at_that_counts)
{
	ck_assert_str_eq(mailbox_domain("a@b.test"), "b.test");
	ck_assert_str_eq(mailbox_domain("\"x@evil.example y\"@good.example"),
			 "good.example");
	ck_assert_str_eq(mailbox_domain("\"a\\\"@b\"@c"), "c");
	ck_assert_str_eq(mailbox_domain("a@[IPv6:::1]"), "[IPv6:::1]");
	ck_assert_str_eq(mailbox_domain("postmaster"), "");
	ck_assert_str_eq(mailbox_domain(""), "");
}
END_TEST

START_TEST(local_part_has_64_octets_at_most)
{
	char text[300] = "";

	fill(text, 'a', 64);
	fill(text, '@', 1);
	fill(text, 'b', 1);
	good(mailbox_problem, text);
	snprintf(text, sizeof(text), "a");
	fill(text, 'a', 64);
	fill(text, '@', 1);
	fill(text, 'b', 1);
	bad(mailbox_problem, text);

	/* Quotes count. */
	snprintf(text, sizeof(text), "\"");
	fill(text, ' ', 62);
	fill(text, '"', 1);
	fill(text, '@', 1);
	fill(text, 'b', 1);
	good(mailbox_problem, text);
	snprintf(text, sizeof(text), "\"");
	fill(text, ' ', 63);
	fill(text, '"', 1);
	fill(text, '@', 1);
	fill(text, 'b', 1);
	bad(mailbox_problem, text);
}
END_TEST

START_TEST(mailbox_has_254_octets_at_most)
{
	char text[300] = "a@";

	fill_domain(text, 252);
	ck_assert_uint_eq(strlen(text), 254);
	good(mailbox_problem, text);
	snprintf(text, sizeof(text), "a@");
	fill_domain(text, 253);
	ck_assert_uint_eq(strlen(text), 255);
	bad(mailbox_problem, text);
}
END_TEST

START_TEST(huge_text_is_refused_whatever_it_is)
{
	static const char octets[] = "a\"[\\@.";
	size_t size = 1 << 20;
	char *text = malloc(size + 1);
	size_t i;

	ck_assert_ptr_nonnull(text);
	for (i = 0; i < sizeof(octets) - 1; i++) {
		memset(text, octets[i], size);
		text[size] = '\0';
		bad(mailbox_problem, text);
		bad(mailbox_client_domain_problem, text);
		bad(mailbox_host_problem, text);
		bad(domain_problem, text);
		memcpy(text, "a@", 2);
		bad(mailbox_problem, text);
	}
	free(text);
}
END_TEST

START_TEST(domain_is_labels_of_letters_digits_and_hyphens)
{
	good(domain_problem, "a");
	good(domain_problem, "localhost");
	good(domain_problem, "a.b");
	good(domain_problem, "3com.example");
	good(domain_problem, "a--b.c-d");
	good(domain_problem, "XN--A");
	good(domain_problem, "1.2.3.4a");
	bad(domain_problem, "");
	bad(domain_problem, "a_b.c");
	bad(domain_problem, "a..b");
	bad(domain_problem, ".a");
	bad(domain_problem, "a.");
	bad(domain_problem, "-a.b");
	bad(domain_problem, "a-.b");
	bad(domain_problem, "a.-b");
	bad(domain_problem, "a.b-");
	bad(domain_problem, "-");
	bad(domain_problem, "a.b!");
	bad(domain_problem, "*.example.test");
	bad(domain_problem, "b\303\274cher.example");
}
END_TEST

START_TEST(domain_may_be_part_of_a_text)
{
	ck_assert_ptr_null(mailbox_domain_problem("a.b!", 3));
	ck_assert_ptr_nonnull(mailbox_domain_problem("a.b!", 4));
	ck_assert_ptr_null(mailbox_domain_problem("a.b.", 3));
	ck_assert_ptr_nonnull(mailbox_domain_problem("a.b", 2));
	ck_assert_ptr_nonnull(mailbox_domain_problem("a", 0));
	ck_assert_ptr_nonnull(mailbox_domain_problem("a\0b", 3));
	/* A number, whatever follows. */
	ck_assert_ptr_nonnull(mailbox_domain_problem("a.12b", 4));
}
END_TEST

START_TEST(number_at_the_end_makes_an_address)
{
	bad(domain_problem, "127.0.0.1");
	bad(domain_problem, "a.b.1");
	bad(domain_problem, "12345");
	bad(mailbox_problem, "a@127.0.0.1");
	bad(mailbox_problem, "a@0");
	good(domain_problem, "1.2.3.a");
}
END_TEST

START_TEST(label_has_63_octets_at_most)
{
	char text[300] = "";

	fill(text, 'a', 63);
	good(domain_problem, text);
	fill(text, '.', 1);
	fill(text, 'b', 63);
	good(domain_problem, text);
	text[63] = 'a';
	bad(domain_problem, text);
	snprintf(text, sizeof(text), "b.");
	fill(text, 'a', 64);
	bad(domain_problem, text);
}
END_TEST

START_TEST(domain_has_255_octets_at_most)
{
	char text[300] = "";

	fill_domain(text, 255);
	ck_assert_uint_eq(strlen(text), 255);
	good(domain_problem, text);
	good(mailbox_client_domain_problem, text);
	good(mailbox_host_problem, text);
	/* A full stop at the end is no part of the name. */
	fill(text, '.', 1);
	good(mailbox_host_problem, text);
	bad(mailbox_client_domain_problem, text);

	text[0] = '\0';
	fill_domain(text, 256);
	ck_assert_uint_eq(strlen(text), 256);
	bad(domain_problem, text);
	bad(mailbox_client_domain_problem, text);
	bad(mailbox_host_problem, text);
	fill(text, '.', 1);
	bad(mailbox_host_problem, text);
}
END_TEST

START_TEST(address_literals_are_addresses_in_brackets)
{
	static const char *const literals[] = {
		"[127.0.0.1]",
		"[IPv6:::1]",
		"[ipv6:2001:db8::1]",
		"[IPv6:::ffff:192.0.2.1]",
		"[IPv6:1111:2222:3333:4444:5555:6666:255.255.255.255]",
	};
	char text[100];
	size_t i;

	for (i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
		good(mailbox_client_domain_problem, literals[i]);
		snprintf(text, sizeof(text), "a@%s", literals[i]);
		good(mailbox_problem, text);
	}
}
END_TEST

START_TEST(what_is_no_address_in_brackets_is_refused)
{
	static const char *const literals[] = {
		"[",
		"[]",
		"[1.2.3]",
		"[256.1.1.1]",
		"[IPv6:zz]",
		"[ 127.0.0.1]",
		"[127.0.0.1",
		"[127.0.0.1]]",
		"[[127.0.0.1]]",
		"[tag:x]",
		"[::1]",
		"[IPv6:]",
		"[IPv6:1.2.3.4]",
		"[IPv6:::1%lo]",
		"[01.2.3.4]",
		"[0x7f.0.0.1]",
		"[127.0.0.1]x",
		"[2130706433]",
		"[IPv4:127.0.0.1]",
		"[not-an-ip]",
		"[IPv6:1111:2222:3333:4444:5555:6666:255.255.255.2555]",
		"[00000000000000000000000000000000000000000000000000000000]",
	};
	char text[100];
	size_t i;

	for (i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
		bad(mailbox_client_domain_problem, literals[i]);
		snprintf(text, sizeof(text), "a@%s", literals[i]);
		bad(mailbox_problem, text);
	}
}
END_TEST

START_TEST(client_domain_holds_nothing_that_could_be_a_command)
{
	good(mailbox_client_domain_problem, "client.example.test");
	good(mailbox_client_domain_problem, "localhost");
	bad(mailbox_client_domain_problem, "");
	bad(mailbox_client_domain_problem, "x\r\nMAIL FROM:<a@b>");
	bad(mailbox_client_domain_problem, "x\n");
	bad(mailbox_client_domain_problem, "x\r");
	bad(mailbox_client_domain_problem, "me XCLIENT ADDR=1.2.3.4");
	bad(mailbox_client_domain_problem, "me\tyou");
	bad(mailbox_client_domain_problem, "127.0.0.1");
	bad(mailbox_client_domain_problem, "::1");
	bad(mailbox_client_domain_problem, "\xe4.example");
}
END_TEST

START_TEST(host_is_a_name_or_an_address)
{
	good(mailbox_host_problem, "mx.example.test");
	good(mailbox_host_problem, "mx.example.test.");
	good(mailbox_host_problem, "localhost");
	good(mailbox_host_problem, "127.0.0.1");
	good(mailbox_host_problem, "::1");
	good(mailbox_host_problem, "2001:db8::1");
	good(mailbox_host_problem, "fe80::1%eth0");
	good(mailbox_host_problem, "fe80::1%wlp2s0.100_a-b");
	bad(mailbox_host_problem, "");
	bad(mailbox_host_problem, ".");
	bad(mailbox_host_problem, "a..");
	bad(mailbox_host_problem, "h\r\n");
	bad(mailbox_host_problem, "h x");
	bad(mailbox_host_problem, "*.x.y");
	bad(mailbox_host_problem, "smtp://h");
	bad(mailbox_host_problem, "h/../x");
	bad(mailbox_host_problem, "[127.0.0.1]");
	bad(mailbox_host_problem, "[::1]");
	bad(mailbox_host_problem, "127.1");
	bad(mailbox_host_problem, "127.0.0.1.");
	bad(mailbox_host_problem, "1.2.3.256");
}
END_TEST

START_TEST(name_of_an_interface_is_short_and_plain)
{
	char text[400] = "fe80::1%";

	bad(mailbox_host_problem, "fe80::1%");
	bad(mailbox_host_problem, "%eth0");
	bad(mailbox_host_problem, "::1%eth0\n");
	bad(mailbox_host_problem, "::1%eth 0");
	bad(mailbox_host_problem, "::1%eth0%eth0");
	bad(mailbox_host_problem, "::1%../x");
	bad(mailbox_host_problem, "::1%!x");
	bad(mailbox_host_problem, "::1%x!");
	good(mailbox_host_problem, "::1%123456789012345");
	bad(mailbox_host_problem, "::1%1234567890123456");
	bad(mailbox_host_problem, "mx.example.test%eth0");
	fill(text, 'a', 300);
	bad(mailbox_host_problem, text);
}
END_TEST

START_TEST(only_ipv6_addresses_have_interfaces)
{
	bad(mailbox_host_problem, "127.0.0.1%eth0");
}
END_TEST

static void
add_mailboxes(Suite *suite)
{
	TCase *tcase = suite_case(suite, "mailbox_problem");

	tcase_add_test(tcase, ordinary_mailboxes_are_good);
	tcase_add_test(tcase, quoted_local_parts_may_hold_printable_octets);
	tcase_add_test(tcase, angle_brackets_are_refused_even_in_quotes);
	tcase_add_test(tcase, broken_quotes_are_refused);
	tcase_add_test(tcase, what_is_no_mailbox_is_refused);
	tcase_add_test(tcase, blanks_outside_quotes_are_refused);
	tcase_add_test(tcase, misplaced_dots_are_refused);
	tcase_add_loop_test(tcase, control_or_8bit_octets_are_refused_anywhere,
			    0, CARRIERS);
	tcase_add_test(tcase, octets_of_atoms_and_labels_are_exact);
	tcase_add_test(tcase, smuggled_utf8_is_refused);
	tcase_add_test(tcase, utf8_is_good_in_both_parts);
	tcase_add_test(tcase, domain_begins_behind_the_at_that_counts);
	tcase_add_test(tcase, local_part_has_64_octets_at_most);
	tcase_add_test(tcase, mailbox_has_254_octets_at_most);
	tcase_add_test(tcase, huge_text_is_refused_whatever_it_is);
}

int
main(void)
{
	Suite *suite = suite_create("mailbox");
	TCase *tcase;

	add_mailboxes(suite);

	tcase = suite_case(suite, "mailbox_domain_problem");
	tcase_add_test(tcase, domain_is_labels_of_letters_digits_and_hyphens);
	tcase_add_test(tcase, domain_may_be_part_of_a_text);
	tcase_add_test(tcase, number_at_the_end_makes_an_address);
	tcase_add_test(tcase, label_has_63_octets_at_most);
	tcase_add_test(tcase, domain_has_255_octets_at_most);

	tcase = suite_case(suite, "mailbox_client_domain_problem");
	tcase_add_test(tcase, address_literals_are_addresses_in_brackets);
	tcase_add_test(tcase, what_is_no_address_in_brackets_is_refused);
	tcase_add_test(tcase,
		       client_domain_holds_nothing_that_could_be_a_command);

	tcase = suite_case(suite, "mailbox_host_problem");
	tcase_add_test(tcase, host_is_a_name_or_an_address);
	tcase_add_test(tcase, name_of_an_interface_is_short_and_plain);
	tcase_add_test(tcase, only_ipv6_addresses_have_interfaces);
	return suite_run(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/idna.c: names as people write them, for the name service. */
#include <stdlib.h>
#include <string.h>

#include <smtpc/smtpc.h>

#include "idna.h"
#include "mem.h"
#include "suite.h"

static void
becomes(const char *host, const char *expected)
{
	char *ascii = NULL;

	ck_assert_msg(idna_to_ascii(host, &ascii) == SMTPC_OK, "%s", host);
	ck_assert_str_eq(ascii, expected);
	mem_free(ascii);
}

START_TEST(ascii_stays_as_it_is)
{
	becomes("mx.example.test", "mx.example.test");
	becomes("MX.Example.TEST.", "MX.Example.TEST.");
	becomes("192.0.2.1", "192.0.2.1");
	becomes("fe80::1%eth0", "fe80::1%eth0");
	becomes("xn--bcher-kva.example", "xn--bcher-kva.example");
	becomes("", "");
	/* Whether it is a name at all is for others to say. */
	becomes("a b\r\n", "a b\r\n");
	becomes("xn--a-", "xn--a-");
}
END_TEST

START_TEST(other_letters_become_a_labels)
{
	becomes("b\303\274cher.example", "xn--bcher-kva.example");
	becomes("\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88",
		"xn--r8jz45g.xn--zckzah");
	becomes("mx.b\303\274cher.example", "mx.xn--bcher-kva.example");
}
END_TEST

/* IDNA 2008: these letters are themselves, and not "ss" and the like. */
START_TEST(no_letter_is_replaced_by_others)
{
	becomes("fa\xc3\x9f.de", "xn--fa-hia.de");
	becomes("\xce\xb2\xcf\x8c\xce\xbb\xce\xbf\xcf\x82.gr",
		"xn--nxasmm1c.gr");
	/* A Cyrillic a is none of ours. */
	becomes("\xd0\xb0pple.example", "xn--pple-43d.example");
}
END_TEST

static void
refused(const char *host)
{
	char *ascii = NULL;
	int rc = idna_to_ascii(host, &ascii);

	ck_assert_msg(rc == SMTPC_E_INVALID, "%s became %s", host, ascii);
	ck_assert_ptr_null(ascii);
}

/* In a name with other letters, too: it must not be left out silently. */
START_TEST(ascii_that_no_name_holds_is_refused)
{
	char host[] = "b\303\274xcher.test";
	int c;

	for (c = 1; c < 0x80; c++) {
		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') || c == '-' || c == '.')
			continue;
		host[3] = (char)c;
		refused(host);
	}
}
END_TEST

/* Characters that stand for such ASCII must not vanish either. */
START_TEST(name_is_not_made_shorter)
{
	refused("a\357\274\217b.test"); /* a solidus, as wide as two */
	refused("a\357\274\240b.test"); /* the same of an @ */
	refused("\342\204\200.test");	/* a/c in one */
}
END_TEST

/* Nor made an address, or one of more labels. */
START_TEST(characters_that_only_look_like_others_are_refused)
{
	refused("192.0.2.\357\274\221");
	refused("a\343\200\202b.test");
	refused("a\357\274\216b.test");
	refused("\357\275\225.test");
}
END_TEST

START_TEST(case_of_ascii_letters_makes_no_difference)
{
	becomes("B\303\274CHER.Example", "xn--bcher-kva.example");
}
END_TEST

START_TEST(separators_and_directions_are_refused)
{
	refused("a\302\205b.test");
	refused("a\342\200\250b.test");
	refused("a\342\200\251b.test");
	refused("a\342\200\256b.test");
	refused("a\342\200\216b.test");
}
END_TEST

START_TEST(what_is_no_utf8_is_refused)
{
	static const char *const hosts[] = {
		"b\374cher.example", "\xc3\x28.test", "\xc0\x8a.test",
		"\xed\xa0\x80.test", "\xff",	      "a\xc3",
	};
	char *ascii = NULL;
	size_t i;

	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		ck_assert_int_eq(idna_to_ascii(hosts[i], &ascii),
				 SMTPC_E_INVALID);
	ck_assert_ptr_null(ascii);
}
END_TEST

START_TEST(label_that_would_be_too_long_is_refused)
{
	char host[300] = "";
	char *ascii = NULL;
	int i;

	for (i = 0; i < 60; i++)
		memcpy(host + 2 * i, "\xc3\xbc", 3);
	ck_assert_int_eq(idna_to_ascii(host, &ascii), SMTPC_E_INVALID);
	ck_assert_ptr_null(ascii);
}
END_TEST

START_TEST(longest_host_is_exact)
{
	char *host = malloc(1 << 20);
	char *ascii = NULL;

	ck_assert_ptr_nonnull(host);
	memset(host, 'a', 1 << 20);
	host[1020] = '\0';
	ck_assert_int_eq(idna_to_ascii(host, &ascii), SMTPC_OK);
	ck_assert_uint_eq(strlen(ascii), 1020);
	mem_free(ascii);
	ascii = NULL;
	host[1020] = 'a';
	host[1021] = '\0';
	ck_assert_int_eq(idna_to_ascii(host, &ascii), SMTPC_E_INVALID);
	host[1021] = 'a';
	host[(1 << 20) - 1] = '\0';
	ck_assert_int_eq(idna_to_ascii(host, &ascii), SMTPC_E_INVALID);
	ck_assert_ptr_null(ascii);
	free(host);
}
END_TEST

START_TEST(without_memory_there_is_no_name)
{
	char *ascii = NULL;

	fault_at(0);
	ck_assert_int_eq(idna_to_ascii("a.test", &ascii), SMTPC_E_NOMEM);
	ck_assert(fault_end());
	fault_at(0);
	ck_assert_int_eq(idna_to_ascii("\xc3\xbc.test", &ascii), SMTPC_E_NOMEM);
	ck_assert(fault_end());
	ck_assert_ptr_null(ascii);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("idna");
	TCase *tcase = suite_case(suite, "idna_to_ascii");

	tcase_add_test(tcase, ascii_stays_as_it_is);
	tcase_add_test(tcase, other_letters_become_a_labels);
	tcase_add_test(tcase, no_letter_is_replaced_by_others);
	tcase_add_test(tcase, ascii_that_no_name_holds_is_refused);
	tcase_add_test(tcase, name_is_not_made_shorter);
	tcase_add_test(tcase,
		       characters_that_only_look_like_others_are_refused);
	tcase_add_test(tcase, case_of_ascii_letters_makes_no_difference);
	tcase_add_test(tcase, separators_and_directions_are_refused);
	tcase_add_test(tcase, what_is_no_utf8_is_refused);
	tcase_add_test(tcase, label_that_would_be_too_long_is_refused);
	tcase_add_test(tcase, longest_host_is_exact);
	tcase_add_test(tcase, without_memory_there_is_no_name);
	return suite_run(suite);
}

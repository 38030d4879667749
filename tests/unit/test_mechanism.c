/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/mechanism.c: never a weaker mechanism than was agreed to. */
#include <stdio.h>
#include <string.h>

#include "mechanism.h"
#include "suite.h"

#define EVERYTHING                                                             \
	"ANONYMOUS PLAIN LOGIN CRAM-MD5 DIGEST-MD5 NTLM OTP GSSAPI "           \
	"GSS-SPNEGO XOAUTH2 OAUTHBEARER EXTERNAL SCRAM-SHA-1 SCRAM-SHA-224 "   \
	"SCRAM-SHA-256 SCRAM-SHA-384 SCRAM-SHA-512 SCRAM-SHA-1-PLUS"

static char authzid[100], authcid[100], password[100];
static struct credentials credentials;
static struct mechanism_terms terms;

static void
set_up(void)
{
	snprintf(authzid, sizeof(authzid), "%s", "");
	snprintf(authcid, sizeof(authcid), "%s", "alice");
	snprintf(password, sizeof(password), "%s", "p\xc3\xa4ssword 2");
	credentials.authzid = authzid;
	credentials.authcid = authcid;
	credentials.password = password;
	credentials.password_len = strlen(password);

	terms.offered = EVERYTHING;
	terms.wanted = NULL;
	terms.credentials = &credentials;
	terms.channel_is_safe = true;
	terms.plaintext_allowed = false;
}

/* All that are chosen, one after another. */
static void
chosen_are(const char *expected)
{
	const char *name;
	unsigned int tried = 0;
	char all[400] = "";
	int count;

	for (count = 0; count < 20; count++) {
		size_t used = strlen(all);

		name = mechanism_choose(&terms, &tried);
		if (name == NULL)
			break;
		snprintf(all + used, sizeof(all) - used, "%s%s",
			 used > 0 ? " " : "", name);
	}
	ck_assert_str_eq(all, expected);
	ck_assert_ptr_null(mechanism_choose(&terms, &tried));
}

START_TEST(by_default_the_strongest_comes_first)
{
	chosen_are("SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN "
		   "CRAM-MD5");
	ck_assert_str_eq(mechanism_default_list(),
			 "SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN "
			 "CRAM-MD5");
}
END_TEST

START_TEST(order_of_the_offer_makes_no_difference)
{
	terms.offered = "LOGIN PLAIN SCRAM-SHA-1 SCRAM-SHA-256";
	chosen_are("SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN");
	terms.offered = "plain Scram-Sha-1";
	chosen_are("SCRAM-SHA-1 PLAIN");
}
END_TEST

START_TEST(only_what_is_offered_is_chosen)
{
	terms.offered = "";
	chosen_are("");
	terms.offered = "GSSAPI NTLM ANONYMOUS DIGEST-MD5";
	chosen_are("");
	terms.offered = "SCRAM-SHA-1-PLUS XPLAIN PLAINX SCRAM-SHA-2";
	chosen_are("");
}
END_TEST

START_TEST(no_password_crosses_an_unsafe_channel)
{
	terms.channel_is_safe = false;
	chosen_are("SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1");
	terms.wanted = "LOGIN PLAIN";
	chosen_are("");
	terms.offered = "PLAIN LOGIN CRAM-MD5";
	terms.wanted = NULL;
	chosen_are("");
}
END_TEST

START_TEST(caller_may_allow_the_password_to_be_read)
{
	terms.channel_is_safe = false;
	terms.plaintext_allowed = true;
	chosen_are("SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN");
	terms.wanted = "LOGIN PLAIN";
	chosen_are("LOGIN PLAIN");
}
END_TEST

START_TEST(cram_md5_is_used_unsafely_only_by_name)
{
	terms.offered = "CRAM-MD5";
	chosen_are("CRAM-MD5");
	terms.channel_is_safe = false;
	terms.plaintext_allowed = true;
	chosen_are("");
	terms.plaintext_allowed = false;
	terms.wanted = "CRAM-MD5";
	chosen_are("CRAM-MD5");
}
END_TEST

START_TEST(callers_list_and_order_are_the_only_ones)
{
	terms.wanted = "LOGIN SCRAM-SHA-1 PLAIN";
	chosen_are("LOGIN SCRAM-SHA-1 PLAIN");
	terms.wanted = "  PLAIN   LOGIN ";
	chosen_are("PLAIN LOGIN");
	terms.wanted = "PLAIN PLAIN";
	chosen_are("PLAIN");
	terms.wanted = "CRAM-MD5";
	terms.offered = "PLAIN";
	chosen_are("");
}
END_TEST

START_TEST(rare_mechanisms_are_used_only_by_name)
{
	terms.offered = "SCRAM-SHA-384 SCRAM-SHA-224";
	chosen_are("");
	terms.wanted = "SCRAM-SHA-224 SCRAM-SHA-384";
	chosen_are("SCRAM-SHA-224 SCRAM-SHA-384");
}
END_TEST

START_TEST(tried_ones_are_not_chosen_again)
{
	unsigned int tried = 0;

	terms.offered = "PLAIN LOGIN";
	ck_assert_str_eq(mechanism_choose(&terms, &tried), "PLAIN");
	terms.wanted = "PLAIN LOGIN";
	ck_assert_str_eq(mechanism_choose(&terms, &tried), "LOGIN");
	terms.wanted = NULL;
	ck_assert_ptr_null(mechanism_choose(&terms, &tried));
}
END_TEST

/* Each of the three, made bad in turn. */
static void
set_credential(int which, const char *text)
{
	char *const places[] = { authzid, authcid, password };

	snprintf(places[which], sizeof(password), "%s", text);
	credentials.password_len = strlen(password);
}

START_TEST(what_is_not_utf8_goes_only_where_it_may)
{
	set_credential(_i, "p\xe4ss");
	chosen_are("LOGIN CRAM-MD5");
}
END_TEST

START_TEST(control_characters_go_only_where_they_may)
{
	static const char *const controls[] = { "a\nb", "\x01", "\x1f",
						"\x7f", "a\rb", "\tb" };
	size_t i;

	for (i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		set_credential(_i, controls[i]);
		chosen_are("PLAIN LOGIN CRAM-MD5");
	}
	set_credential(_i, "a b,c=d");
	chosen_are(mechanism_default_list());
}
END_TEST

START_TEST(list_is_names_that_are_known)
{
	char word[] = "PLAINx";
	int c;

	ck_assert(mechanism_list_is_valid("PLAIN"));
	ck_assert(mechanism_list_is_valid("PLAIN LOGIN CRAM-MD5"));
	ck_assert(mechanism_list_is_valid("  PLAIN   SCRAM-SHA-512 "));
	ck_assert(mechanism_list_is_valid("SCRAM-SHA-384 SCRAM-SHA-224"));
	ck_assert(mechanism_list_is_valid(mechanism_default_list()));

	ck_assert(!mechanism_list_is_valid(""));
	ck_assert(!mechanism_list_is_valid("   "));
	ck_assert(!mechanism_list_is_valid("plain"));
	ck_assert(!mechanism_list_is_valid("PLAIN\r\n"));
	ck_assert(!mechanism_list_is_valid("PLAIN,LOGIN"));
	ck_assert(!mechanism_list_is_valid("PLAIN ANONYMOUS"));
	ck_assert(!mechanism_list_is_valid("PLAI"));
	ck_assert(!mechanism_list_is_valid("SCRAM-SHA-1-PLUS"));
	ck_assert(!mechanism_list_is_valid("ABCDEFGHIJKLMNOPQRSTU"));
	for (c = 1; c < 256; c++) {
		word[5] = (char)c;
		ck_assert_int_eq(mechanism_list_is_valid(word), c == ' ');
	}
}
END_TEST

START_TEST(no_name_is_longer_than_a_name_may_be)
{
	unsigned int tried = 0;
	const char *name;

	terms.wanted = "SCRAM-SHA-512 SCRAM-SHA-384 SCRAM-SHA-256 "
		       "SCRAM-SHA-224 SCRAM-SHA-1 PLAIN LOGIN CRAM-MD5";
	while ((name = mechanism_choose(&terms, &tried)) != NULL)
		ck_assert_uint_le(strlen(name), MECHANISM_NAME_MAX);
	ck_assert_uint_eq(tried, 0xff);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("mechanism");
	TCase *tcase = suite_case(suite, "mechanism_choose");

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, by_default_the_strongest_comes_first);
	tcase_add_test(tcase, order_of_the_offer_makes_no_difference);
	tcase_add_test(tcase, only_what_is_offered_is_chosen);
	tcase_add_test(tcase, no_password_crosses_an_unsafe_channel);
	tcase_add_test(tcase, caller_may_allow_the_password_to_be_read);
	tcase_add_test(tcase, cram_md5_is_used_unsafely_only_by_name);
	tcase_add_test(tcase, callers_list_and_order_are_the_only_ones);
	tcase_add_test(tcase, rare_mechanisms_are_used_only_by_name);
	tcase_add_test(tcase, tried_ones_are_not_chosen_again);
	tcase_add_loop_test(tcase, what_is_not_utf8_goes_only_where_it_may, 0,
			    3);
	tcase_add_loop_test(tcase, control_characters_go_only_where_they_may, 0,
			    3);
	tcase_add_test(tcase, no_name_is_longer_than_a_name_may_be);

	tcase = suite_case(suite, "mechanism_list_is_valid");
	tcase_add_test(tcase, list_is_names_that_are_known);
	return suite_run(suite);
}

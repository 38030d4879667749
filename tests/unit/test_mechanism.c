/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/mechanism.c: never a weaker mechanism than was agreed to. */
#include <stdio.h>
#include <string.h>

#include <smtpc/smtpc.h>

#include "mechanism.h"
#include "suite.h"

#define EVERYTHING                                                             \
	"ANONYMOUS PLAIN LOGIN CRAM-MD5 DIGEST-MD5 NTLM OTP GSSAPI "           \
	"GSS-SPNEGO XOAUTH2 OAUTHBEARER EXTERNAL SCRAM-SHA-1 SCRAM-SHA-224 "   \
	"SCRAM-SHA-256 SCRAM-SHA-384 SCRAM-SHA-512 SCRAM-SHA-1-PLUS "          \
	"SCRAM-SHA-224-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-384-PLUS "            \
	"SCRAM-SHA-512-PLUS"

#define SCRAMS "SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1"
#define PLUSES "SCRAM-SHA-512-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS"

static struct credentials credentials;
static struct mechanism_terms terms;

/* NULL: as it is. */
static void
set(const char *authzid, const char *authcid, const char *password)
{
	ck_assert_int_eq(credentials_set(&credentials, authzid, authcid,
					 password),
			 SMTPC_OK);
}

static void
set_token(const char *user, const char *token)
{
	ck_assert_int_eq(credentials_set_token(&credentials, user, token),
			 SMTPC_OK);
}

/* A password over trusted TLS that can't be bound. */
static void
set_up(void)
{
	memset(&credentials, 0, sizeof(credentials));
	set(NULL, "alice", "p\xc3\xa4ssword 2");
	memset(&terms, 0, sizeof(terms));
	terms.offered = EVERYTHING;
	terms.credentials = &credentials;
	terms.channel_is_safe = true;
}

static void
tear_down(void)
{
	credentials_clear(&credentials);
}

/* All that are chosen, one after another; and what is in the others' way. */
static void
chosen_are(const char *expected, unsigned int expected_lacks)
{
	const struct mechanism *mechanism;
	uint32_t tried = 0;
	uint32_t before;
	unsigned int lacks = 0;
	char all[600] = "";
	size_t used;
	int count;

	for (count = 0; count < 40; count++) {
		before = tried;
		mechanism = mechanism_choose(&terms, &tried, &lacks);
		if (mechanism == NULL)
			break;
		ck_assert_uint_eq(tried, before | mechanism_bit(mechanism));
		ck_assert_uint_ne(tried, before);
		used = strlen(all);
		snprintf(all + used, sizeof(all) - used, "%s%s",
			 used > 0 ? " " : "", mechanism->name);
	}
	ck_assert_str_eq(all, expected);
	ck_assert_ptr_null(mechanism_choose(&terms, &tried, &lacks));
	ck_assert_uint_eq(lacks, expected_lacks);
}

START_TEST(by_default_the_strongest_comes_first)
{
	terms.can_bind = true;
	set_token("alice", "token");
	chosen_are(PLUSES " " SCRAMS " OAUTHBEARER XOAUTH2 PLAIN LOGIN "
			  "CRAM-MD5",
		   0);
	ck_assert_str_eq(mechanism_default_list(),
			 PLUSES " " SCRAMS " OAUTHBEARER XOAUTH2 EXTERNAL "
				"PLAIN LOGIN CRAM-MD5");
}
END_TEST

START_TEST(order_of_the_offer_makes_no_difference)
{
	terms.offered = "LOGIN PLAIN SCRAM-SHA-1 SCRAM-SHA-256";
	chosen_are("SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN", 0);
	terms.offered = "plain Scram-Sha-1";
	chosen_are("SCRAM-SHA-1 PLAIN", 0);
}
END_TEST

START_TEST(only_what_is_offered_is_chosen)
{
	terms.offered = "";
	chosen_are("", 0);
	terms.offered = "GSSAPI NTLM ANONYMOUS DIGEST-MD5 EXTERNAL";
	chosen_are("", 0);
	terms.offered = "XPLAIN PLAINX SCRAM-SHA-2 SCRAM-SHA-1-PLU OTP";
	chosen_are("", 0);
}
END_TEST

START_TEST(what_is_bound_needs_what_to_bind_to)
{
	terms.offered = "SCRAM-SHA-1-PLUS SCRAM-SHA-512";
	chosen_are("SCRAM-SHA-512", MECHANISM_LACKS_BINDING);
	terms.can_bind = true;
	chosen_are("SCRAM-SHA-1-PLUS SCRAM-SHA-512", 0);
	terms.wanted = "SCRAM-SHA-512";
	chosen_are("SCRAM-SHA-512", 0);
}
END_TEST

START_TEST(no_secret_crosses_an_unsafe_channel)
{
	set_token("alice", "token");
	terms.channel_is_safe = false;
	chosen_are(SCRAMS, MECHANISM_LACKS_SAFETY | MECHANISM_LACKS_BINDING);
	terms.wanted = "LOGIN PLAIN XOAUTH2 OAUTHBEARER";
	chosen_are("", MECHANISM_LACKS_SAFETY);
	terms.offered = "PLAIN LOGIN CRAM-MD5";
	terms.wanted = NULL;
	chosen_are("", MECHANISM_LACKS_SAFETY);
}
END_TEST

START_TEST(caller_may_allow_the_secret_to_be_read)
{
	set_token("alice", "token");
	terms.offered = "LOGIN PLAIN XOAUTH2 OAUTHBEARER";
	terms.channel_is_safe = false;
	terms.plaintext_allowed = true;
	chosen_are("OAUTHBEARER XOAUTH2 PLAIN LOGIN", 0);
	terms.wanted = "LOGIN XOAUTH2";
	chosen_are("LOGIN XOAUTH2", 0);
}
END_TEST

START_TEST(cram_md5_is_used_unsafely_only_by_name)
{
	terms.offered = "CRAM-MD5";
	chosen_are("CRAM-MD5", 0);
	terms.channel_is_safe = false;
	terms.plaintext_allowed = true;
	chosen_are("", MECHANISM_LACKS_SAFETY);
	terms.plaintext_allowed = false;
	terms.wanted = "CRAM-MD5";
	chosen_are("CRAM-MD5", 0);
}
END_TEST

START_TEST(callers_list_and_order_are_the_only_ones)
{
	terms.wanted = "LOGIN SCRAM-SHA-1 PLAIN";
	chosen_are("LOGIN SCRAM-SHA-1 PLAIN", 0);
	terms.wanted = "  PLAIN   LOGIN ";
	chosen_are("PLAIN LOGIN", 0);
	terms.wanted = "PLAIN PLAIN";
	chosen_are("PLAIN", 0);
	terms.wanted = "CRAM-MD5";
	terms.offered = "PLAIN";
	chosen_are("", 0);
}
END_TEST

/* Each of those that nobody gets who has not asked for it. */
static const char *const rare[] = {
	"SCRAM-SHA-384-PLUS", "SCRAM-SHA-224-PLUS",
	"SCRAM-SHA-384",      "SCRAM-SHA-224",
	"DIGEST-MD5",	      "GSSAPI",
	"GSS-SPNEGO",	      "NTLM",
	"ANONYMOUS",	      "EXTERNAL",
};

START_TEST(rare_mechanisms_are_used_only_by_name)
{
	terms.can_bind = true;
	terms.offered = rare[_i];
	chosen_are("", 0);
	terms.wanted = rare[_i];
	chosen_are(rare[_i], 0);
	terms.channel_is_safe = false;
	chosen_are(rare[_i], 0);
}
END_TEST

START_TEST(a_certificate_counts_where_nothing_else_is_set)
{
	terms.offered = "EXTERNAL PLAIN";
	terms.has_certificate = true;
	chosen_are("PLAIN", 0);
	set(NULL, "alice", NULL);
	chosen_are("EXTERNAL", MECHANISM_LACKS_PASSWORD);
	set(NULL, NULL, NULL);
	chosen_are("EXTERNAL", MECHANISM_LACKS_PASSWORD);
	set_token("alice", "token");
	chosen_are("", MECHANISM_LACKS_PASSWORD);
	set_token(NULL, NULL);
	terms.has_certificate = false;
	chosen_are("", MECHANISM_LACKS_PASSWORD);
	terms.wanted = "EXTERNAL";
	chosen_are("EXTERNAL", 0);
}
END_TEST

START_TEST(nothing_is_chosen_without_its_secret)
{
	set(NULL, "alice", NULL);
	chosen_are("", MECHANISM_LACKS_PASSWORD | MECHANISM_LACKS_TOKEN);
	terms.offered = "XOAUTH2";
	chosen_are("", MECHANISM_LACKS_TOKEN);
	terms.offered = "SCRAM-SHA-1 PLAIN";
	chosen_are("", MECHANISM_LACKS_PASSWORD);
	terms.may_ask = MECHANISM_TOKEN;
	chosen_are("", MECHANISM_LACKS_PASSWORD);
	terms.may_ask = MECHANISM_PASSWORD;
	chosen_are("SCRAM-SHA-1 PLAIN", 0);
	terms.offered = "XOAUTH2";
	chosen_are("", MECHANISM_LACKS_TOKEN);
	terms.may_ask = MECHANISM_TOKEN;
	chosen_are("XOAUTH2", 0);
}
END_TEST

START_TEST(what_is_missing_is_told)
{
	static const struct mechanism plain = { "PLAIN", MECHANISM_PASSWORD };
	static const struct mechanism token = { "XOAUTH2", MECHANISM_TOKEN };
	static const struct mechanism none = { "GSSAPI", 0 };

	ck_assert_uint_eq(mechanism_lacks_secret(&plain, &credentials), 0);
	ck_assert_uint_eq(mechanism_lacks_secret(&token, &credentials),
			  MECHANISM_TOKEN);
	ck_assert_uint_eq(mechanism_lacks_secret(&none, &credentials), 0);
	set(NULL, "alice", NULL);
	ck_assert_uint_eq(mechanism_lacks_secret(&plain, &credentials),
			  MECHANISM_PASSWORD);
	set_token(NULL, "token");
	ck_assert_uint_eq(mechanism_lacks_secret(&token, &credentials), 0);
}
END_TEST

START_TEST(only_one_leaves_the_user_to_the_token)
{
	terms.offered = "OAUTHBEARER XOAUTH2";
	set(NULL, NULL, NULL);
	set_token(NULL, "token");
	chosen_are("OAUTHBEARER", MECHANISM_LACKS_TEXT);
	set(NULL, "alice", NULL);
	chosen_are("OAUTHBEARER XOAUTH2", 0);
	set(NULL, NULL, NULL);
	set_token("alice", "token");
	chosen_are("OAUTHBEARER XOAUTH2", 0);
}
END_TEST

START_TEST(what_ends_a_field_is_no_user_of_a_token)
{
	terms.offered = "OAUTHBEARER XOAUTH2";
	set(NULL, "ali\001ce", NULL);
	set_token(NULL, "token");
	chosen_are("", MECHANISM_LACKS_TEXT);
	set(NULL, "ali\377ce", NULL);
	chosen_are("", MECHANISM_LACKS_TEXT);
}
END_TEST

START_TEST(tried_ones_are_not_chosen_again)
{
	uint32_t tried = 0;
	unsigned int lacks;

	terms.offered = "PLAIN LOGIN";
	ck_assert_str_eq(mechanism_choose(&terms, &tried, &lacks)->name,
			 "PLAIN");
	terms.wanted = "PLAIN LOGIN";
	ck_assert_str_eq(mechanism_choose(&terms, &tried, &lacks)->name,
			 "LOGIN");
	terms.wanted = NULL;
	ck_assert_ptr_null(mechanism_choose(&terms, &tried, &lacks));
}
END_TEST

/* Each of the three, made bad in turn. */
static void
set_credential(int which, const char *text)
{
	set(which == 0 ? text : NULL, which == 1 ? text : "alice",
	    which == 2 ? text : "p");
}

START_TEST(what_is_not_utf8_goes_only_where_it_may)
{
	terms.offered = SCRAMS " PLAIN LOGIN CRAM-MD5";
	set_credential(_i, "p\xe4ss");
	/* An identity to act for, the others can't tell at all. */
	chosen_are(_i == 0 ? "" : "LOGIN CRAM-MD5", MECHANISM_LACKS_TEXT);
}
END_TEST

START_TEST(control_characters_go_only_where_they_may)
{
	static const char *const controls[] = { "a\nb", "\x01", "\x1f",
						"\x7f", "a\rb", "\tb" };
	size_t i;

	terms.offered = SCRAMS " PLAIN LOGIN CRAM-MD5";
	for (i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		set_credential(_i, controls[i]);
		chosen_are(_i == 0 ? "PLAIN" : "PLAIN LOGIN CRAM-MD5",
			   MECHANISM_LACKS_TEXT);
	}
	set_credential(_i, "a b,c=d");
	if (_i == 0)
		chosen_are(SCRAMS " PLAIN", MECHANISM_LACKS_TEXT);
	else
		chosen_are(terms.offered, 0);
}
END_TEST

/* Who can't say for whom would act for somebody else. */
START_TEST(only_some_can_act_for_others)
{
	static const char all[] = "SCRAM-SHA-256 EXTERNAL PLAIN LOGIN CRAM-MD5 "
				  "DIGEST-MD5 GSSAPI GSS-SPNEGO NTLM ANONYMOUS";

	terms.wanted = terms.offered = all;
	set("", "alice", "p");
	chosen_are(all, 0);
	set("alice", "alice", "p");
	chosen_are(all, 0);
	set("bob", "alice", "p");
	/* To ANONYMOUS it is what leaves a trace. */
	chosen_are("SCRAM-SHA-256 EXTERNAL PLAIN DIGEST-MD5 GSSAPI ANONYMOUS",
		   MECHANISM_LACKS_TEXT);
}
END_TEST

START_TEST(list_is_names_that_are_known)
{
	char word[] = "PLAINx";
	int c;

	ck_assert(mechanism_list_is_valid("PLAIN"));
	ck_assert(mechanism_list_is_valid("PLAIN LOGIN CRAM-MD5"));
	ck_assert(mechanism_list_is_valid("  PLAIN   SCRAM-SHA-512 "));
	ck_assert(mechanism_list_is_valid("SCRAM-SHA-384 SCRAM-SHA-224-PLUS"));
	ck_assert(mechanism_list_is_valid(
	    "EXTERNAL ANONYMOUS NTLM GSSAPI GSS-SPNEGO DIGEST-MD5 XOAUTH2 "
	    "OAUTHBEARER"));
	ck_assert(mechanism_list_is_valid(mechanism_default_list()));

	ck_assert(!mechanism_list_is_valid(""));
	ck_assert(!mechanism_list_is_valid("   "));
	ck_assert(!mechanism_list_is_valid("plain"));
	ck_assert(!mechanism_list_is_valid("PLAIN\r\n"));
	ck_assert(!mechanism_list_is_valid("PLAIN,LOGIN"));
	ck_assert(!mechanism_list_is_valid("PLAIN OTP"));
	ck_assert(!mechanism_list_is_valid("PLAI"));
	ck_assert(!mechanism_list_is_valid("SMTPC-PLAIN"));
	ck_assert(!mechanism_list_is_valid("PLAIN-PLUS"));
	ck_assert(!mechanism_list_is_valid("ABCDEFGHIJKLMNOPQRSTU"));
	for (c = 1; c < 256; c++) {
		word[5] = (char)c;
		ck_assert_int_eq(mechanism_list_is_valid(word), c == ' ');
	}
}
END_TEST

START_TEST(list_may_name_what_needs_no_secret)
{
	ck_assert(!mechanism_list_needs_no_secret(NULL));
	ck_assert(!mechanism_list_needs_no_secret("PLAIN LOGIN XOAUTH2"));
	ck_assert(!mechanism_list_needs_no_secret("NTLM DIGEST-MD5"));
	ck_assert(mechanism_list_needs_no_secret("PLAIN EXTERNAL"));
	ck_assert(mechanism_list_needs_no_secret("GSSAPI"));
	ck_assert(mechanism_list_needs_no_secret("GSS-SPNEGO"));
	ck_assert(mechanism_list_needs_no_secret("ANONYMOUS"));
}
END_TEST

START_TEST(a_server_binds_that_offers_the_plus)
{
	static const struct mechanism scram = { "SCRAM-SHA-256", 0 };

	ck_assert(!mechanism_server_binds(&scram, ""));
	ck_assert(!mechanism_server_binds(&scram, "SCRAM-SHA-256 PLAIN"));
	ck_assert(!mechanism_server_binds(&scram, "SCRAM-SHA-256-PLUSX -PLUS"));
	/* Anybody could have added another one, and taken this one away. */
	ck_assert(!mechanism_server_binds(&scram, "X-PLUS SCRAM-SHA-1-PLUS"));
	ck_assert(mechanism_server_binds(&scram, "PLAIN scram-sha-256-plus"));
}
END_TEST

START_TEST(no_name_is_longer_than_a_name_may_be)
{
	static const char all[] = EVERYTHING;
	const struct mechanism *mechanism;
	uint32_t tried = 0;
	unsigned int lacks;
	char wanted[sizeof(all)];
	char *otp;

	/* All but the one that there is not. */
	memcpy(wanted, all, sizeof(all));
	otp = strstr(wanted, "OTP ");
	memset(otp, ' ', 3);
	set_token("alice", "token");
	terms.can_bind = true;
	terms.wanted = wanted;
	while ((mechanism = mechanism_choose(&terms, &tried, &lacks)) != NULL)
		ck_assert_uint_le(strlen(mechanism->name), MECHANISM_NAME_MAX);
	ck_assert_uint_eq(tried, 0x1fffff);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("mechanism");
	TCase *tcase = suite_case(suite, "mechanism_choose");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, by_default_the_strongest_comes_first);
	tcase_add_test(tcase, order_of_the_offer_makes_no_difference);
	tcase_add_test(tcase, only_what_is_offered_is_chosen);
	tcase_add_test(tcase, what_is_bound_needs_what_to_bind_to);
	tcase_add_test(tcase, no_secret_crosses_an_unsafe_channel);
	tcase_add_test(tcase, caller_may_allow_the_secret_to_be_read);
	tcase_add_test(tcase, cram_md5_is_used_unsafely_only_by_name);
	tcase_add_test(tcase, callers_list_and_order_are_the_only_ones);
	tcase_add_loop_test(tcase, rare_mechanisms_are_used_only_by_name, 0,
			    sizeof(rare) / sizeof(rare[0]));
	tcase_add_test(tcase, a_certificate_counts_where_nothing_else_is_set);
	tcase_add_test(tcase, nothing_is_chosen_without_its_secret);
	tcase_add_test(tcase, what_is_missing_is_told);
	tcase_add_test(tcase, only_one_leaves_the_user_to_the_token);
	tcase_add_test(tcase, what_ends_a_field_is_no_user_of_a_token);
	tcase_add_test(tcase, only_some_can_act_for_others);
	tcase_add_test(tcase, tried_ones_are_not_chosen_again);
	tcase_add_loop_test(tcase, what_is_not_utf8_goes_only_where_it_may, 0,
			    3);
	tcase_add_loop_test(tcase, control_characters_go_only_where_they_may, 0,
			    3);
	tcase_add_test(tcase, no_name_is_longer_than_a_name_may_be);

	tcase = suite_case(suite, "lists");
	tcase_add_test(tcase, list_is_names_that_are_known);
	tcase_add_test(tcase, list_may_name_what_needs_no_secret);
	tcase_add_test(tcase, a_server_binds_that_offers_the_plus);
	return suite_run(suite);
}

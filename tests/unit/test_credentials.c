/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/credentials.c: limits, and that secrets are wiped. */
#include <stdlib.h>
#include <string.h>

#include <smtpc/smtpc.h>

#include "credentials.h"
#include "suite.h"

static struct credentials credentials;

static void
set_up(void)
{
	memset(&credentials, 0, sizeof(credentials));
	ck_assert_int_eq(credentials_set(&credentials, "boss", "alice",
					 "wonderland"),
			 SMTPC_OK);
}

static void
tear_down(void)
{
	credentials_clear(&credentials);
}

/* Both NULL, or both the same. */
static void
is(const char *text, const char *expected)
{
	if (expected == NULL)
		ck_assert_ptr_null(text);
	else
		ck_assert_str_eq(text, expected);
}

static void
are(const char *authzid, const char *authcid, const char *password)
{
	is(credentials.authzid, authzid);
	is(credentials.authcid, authcid);
	is(credentials.password, password);
	ck_assert_uint_eq(credentials.password_len,
			  password != NULL ? strlen(password) : 0);
}

static void
token_is(const char *user, const char *token)
{
	is(credentials.token_user, user);
	is(credentials.token, token);
	ck_assert_uint_eq(credentials.token_len,
			  token != NULL ? strlen(token) : 0);
}

static void
are_unset(void)
{
	ck_assert(!credentials_are_set(&credentials));
	are(NULL, NULL, NULL);
	token_is(NULL, NULL);
}

START_TEST(all_three_are_copied)
{
	char authzid[] = "boss", authcid[] = "bob", password[] = "secret";

	ck_assert_int_eq(credentials_set(&credentials, authzid, authcid,
					 password),
			 SMTPC_OK);
	memset(authzid, 'x', 4);
	memset(authcid, 'x', 3);
	memset(password, 'x', 6);
	are("boss", "bob", "secret");
}
END_TEST

START_TEST(each_may_be_missing)
{
	static const char *const good[][3] = {
		{ NULL, "bob", "p" },  { "", "b", "p" },
		{ NULL, "bob", NULL }, { "boss", NULL, NULL },
		{ "boss", "b", NULL },
	};
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_int_eq(credentials_set(&credentials, good[i][0],
						 good[i][1], good[i][2]),
				 SMTPC_OK);
		are(good[i][0], good[i][1], good[i][2]);
		ck_assert(credentials_are_set(&credentials));
	}
}
END_TEST

START_TEST(their_own_copies_can_be_set_again)
{
	unsigned int revision = credentials.login_revision;

	ck_assert_int_eq(credentials_set(&credentials, credentials.authzid,
					 credentials.authcid,
					 credentials.password),
			 SMTPC_OK);
	are("boss", "alice", "wonderland");
	ck_assert_uint_eq(credentials.login_revision, revision);
}
END_TEST

/* So that nobody tries the same again, thinking that it is another. */
START_TEST(revision_changes_only_with_what_is_set)
{
	static const char *const other[][3] = {
		{ NULL, "alice", "wonderland" },
		{ "boss", "bob", "wonderland" },
		{ "boss", "alice", "wonderbread" },
		{ "boss", "alice", NULL },
	};
	unsigned int before;
	size_t i;

	for (i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		before = credentials.login_revision;
		ck_assert_int_eq(credentials_set(&credentials, other[i][0],
						 other[i][1], other[i][2]),
				 SMTPC_OK);
		ck_assert_uint_ne(credentials.login_revision, before);
		before = credentials.login_revision;
		ck_assert_int_eq(credentials_set(&credentials, other[i][0],
						 other[i][1], other[i][2]),
				 SMTPC_OK);
		ck_assert_uint_eq(credentials.login_revision, before);
	}
	for (i = 0; i < 2; i++) {
		before = credentials.token_revision;
		ck_assert_int_eq(credentials_set_token(&credentials, "alice",
						       i ? "two" : "one"),
				 SMTPC_OK);
		ck_assert_uint_ne(credentials.token_revision, before);
		before = credentials.token_revision;
		ck_assert_int_eq(credentials_set_token(&credentials, "alice",
						       i ? "two" : "one"),
				 SMTPC_OK);
		ck_assert_uint_eq(credentials.token_revision, before);
	}
}
END_TEST

START_TEST(all_null_forgets_them)
{
	ck_assert_int_eq(credentials_set(&credentials, NULL, NULL, NULL),
			 SMTPC_OK);
	are_unset();
}
END_TEST

START_TEST(refused_ones_change_nothing)
{
	static const char *const bad[][2] = {
		{ NULL, "p" },
		{ "", "p" },
		{ "bob", "" },
		{ "", NULL },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(credentials_set(&credentials, NULL, bad[i][0],
						 bad[i][1]),
				 SMTPC_E_INVALID);
		are("boss", "alice", "wonderland");
	}
}
END_TEST

/* With one of the three of this length; which one is a number. */
static int
set_long(int which, size_t len)
{
	char *text = malloc(len + 1);
	int rc;

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', len);
	text[len] = '\0';
	rc =
	    credentials_set(&credentials, which == 0 ? text : NULL,
			    which == 1 ? text : "bob", which == 2 ? text : "p");
	free(text);
	return rc;
}

START_TEST(B_055_longest_of_each_is_exact)
{
	static const size_t max[] = { 1000, 1000, 65535 };
	int i;

	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(set_long(i, max[i]), SMTPC_OK);
		ck_assert_int_eq(set_long(i, max[i] + 1), SMTPC_E_INVALID);
		ck_assert_int_eq(set_long(i, 1 << 20), SMTPC_E_INVALID);
	}
	ck_assert_uint_eq(credentials.password_len, 65535);
}
END_TEST

START_TEST(password_may_hold_anything_but_nul)
{
	static const char password[] = "\r\n\x01\x7f\x80\xff p\xc3\xa4ss";

	ck_assert_int_eq(credentials_set(&credentials, NULL, "bob", password),
			 SMTPC_OK);
	are(NULL, "bob", password);
}
END_TEST

/*
 * Tokens.
 */

START_TEST(a_token_and_its_user_are_copied)
{
	char user[] = "bob", token[] = "ya29.x";

	ck_assert_int_eq(credentials_set_token(&credentials, user, token),
			 SMTPC_OK);
	memset(user, 'x', 3);
	memset(token, 'x', 6);
	token_is("bob", "ya29.x");
	are("boss", "alice", "wonderland");
	ck_assert_str_eq(credentials_token_user(&credentials), "bob");
}
END_TEST

START_TEST(a_token_of_nobody_in_particular_is_authcid_s)
{
	ck_assert_int_eq(credentials_set_token(&credentials, NULL, "t"),
			 SMTPC_OK);
	token_is(NULL, "t");
	ck_assert_str_eq(credentials_token_user(&credentials), "alice");
	ck_assert_int_eq(credentials_set(&credentials, NULL, NULL, NULL),
			 SMTPC_OK);
	ck_assert_ptr_null(credentials_token_user(&credentials));
	ck_assert(credentials_are_set(&credentials));
}
END_TEST

START_TEST(no_token_forgets_it_and_its_user)
{
	ck_assert_int_eq(credentials_set_token(&credentials, "bob", "t"),
			 SMTPC_OK);
	ck_assert_int_eq(credentials_set_token(&credentials, "bob", NULL),
			 SMTPC_OK);
	token_is(NULL, NULL);
	are("boss", "alice", "wonderland");
}
END_TEST

START_TEST(a_token_is_of_characters_that_are_seen)
{
	char token[] = "abXcd";
	int c;

	for (c = 1; c < 256; c++) {
		token[2] = (char)c;
		ck_assert_int_eq(credentials_set_token(&credentials, "bob",
						       token),
				 c > 0x20 && c < 0x7f ? SMTPC_OK
						      : SMTPC_E_INVALID);
	}
	token_is("bob", "ab~cd");
	ck_assert_int_eq(credentials_set_token(&credentials, "bob", ""),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(credentials_set_token(&credentials, "", "t"),
			 SMTPC_E_INVALID);
	ck_assert_int_eq(credentials_set_token(&credentials, "b\x01", "t"),
			 SMTPC_E_INVALID);
	token_is("bob", "ab~cd");
}
END_TEST

START_TEST(longest_token_is_exact)
{
	static char token[8194], user[1002];

	memset(token, 't', 8193);
	memset(user, 'u', 1001);
	ck_assert_int_eq(credentials_set_token(&credentials, NULL, token),
			 SMTPC_E_INVALID);
	token[8192] = '\0';
	ck_assert_int_eq(credentials_set_token(&credentials, NULL, token),
			 SMTPC_OK);
	ck_assert_int_eq(credentials_set_token(&credentials, user, token),
			 SMTPC_E_INVALID);
	user[1000] = '\0';
	ck_assert_int_eq(credentials_set_token(&credentials, user, token),
			 SMTPC_OK);
	token_is(user, token);
}
END_TEST

START_TEST(a_replaced_token_is_wiped)
{
	ck_assert_int_eq(credentials_set_token(&credentials, "bob", "ya29.x"),
			 SMTPC_OK);
	wipe_watch("ya29.x");
	ck_assert_int_eq(credentials_set_token(&credentials, "bob", "ya29.y"),
			 SMTPC_OK);
	ck_assert_uint_eq(wipe_count(), 1);
	wipe_watch("ya29.y");
	credentials_clear(&credentials);
	ck_assert_uint_eq(wipe_count(), 1);
	are_unset();
}
END_TEST

START_TEST(without_memory_the_token_stays)
{
	bool more = true;
	unsigned int i;
	int rc;

	ck_assert_int_eq(credentials_set_token(&credentials, "bob", "old"),
			 SMTPC_OK);
	for (i = 0; more; i++) {
		fault_at(i);
		rc = credentials_set_token(&credentials, "eve", "new");
		more = fault_end();
		ck_assert_int_eq(rc, more ? SMTPC_E_NOMEM : SMTPC_OK);
		if (more)
			token_is("bob", "old");
	}
	ck_assert_uint_eq(i, 3);
	token_is("eve", "new");
}
END_TEST

/*
 * Copies.
 */

START_TEST(all_of_it_is_copied)
{
	struct credentials other;
	bool more = true;
	unsigned int i;
	int rc;

	ck_assert_int_eq(credentials_set_token(&credentials, "bob", "t"),
			 SMTPC_OK);
	for (i = 0; more; i++) {
		memset(&other, 0, sizeof(other));
		fault_at(i);
		rc = credentials_copy(&other, &credentials);
		more = fault_end();
		ck_assert_int_eq(rc, more ? SMTPC_E_NOMEM : SMTPC_OK);
		if (!more) {
			credentials_clear(&credentials);
			credentials = other;
			are("boss", "alice", "wonderland");
			token_is("bob", "t");
			break;
		}
		credentials_clear(&other);
	}
	ck_assert_uint_eq(i, 5);
}
END_TEST

START_TEST(replaced_ones_are_wiped)
{
	wipe_watch("wonderland");
	ck_assert_int_eq(credentials_set(&credentials, NULL, "bob", "p"),
			 SMTPC_OK);
	ck_assert_uint_eq(wipe_count(), 1);
}
END_TEST

START_TEST(cleared_ones_are_wiped)
{
	static const char *const texts[] = { "boss", "alice", "wonderland" };

	wipe_watch(texts[_i]);
	credentials_clear(&credentials);
	ck_assert_uint_eq(wipe_count(), 1);
	are_unset();
	credentials_clear(&credentials);
	are_unset();
}
END_TEST

START_TEST(without_memory_nothing_changes_and_copies_are_wiped)
{
	bool more = true;
	unsigned int i;
	int rc;

	for (i = 0; more; i++) {
		wipe_watch("looking-glass");
		fault_at(i);
		rc = credentials_set(&credentials, "queen", "bob",
				     "looking-glass");
		more = fault_end();
		ck_assert_int_eq(rc, more ? SMTPC_E_NOMEM : SMTPC_OK);
		/* All but the one that failed were made, and wiped. */
		ck_assert_uint_eq(wipe_count(), more && i != 2);
		if (more)
			are("boss", "alice", "wonderland");
	}
	ck_assert_uint_eq(i, 4);
	are("queen", "bob", "looking-glass");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("credentials");
	TCase *tcase = suite_case(suite, "credentials_set");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, all_three_are_copied);
	tcase_add_test(tcase, each_may_be_missing);
	tcase_add_test(tcase, their_own_copies_can_be_set_again);
	tcase_add_test(tcase, revision_changes_only_with_what_is_set);
	tcase_add_test(tcase, all_null_forgets_them);
	tcase_add_test(tcase, refused_ones_change_nothing);
	tcase_add_test(tcase, B_055_longest_of_each_is_exact);
	tcase_add_test(tcase, password_may_hold_anything_but_nul);
	tcase_add_test(tcase,
		       without_memory_nothing_changes_and_copies_are_wiped);

	tcase = suite_case(suite, "credentials_set_token");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_token_and_its_user_are_copied);
	tcase_add_test(tcase, a_token_of_nobody_in_particular_is_authcid_s);
	tcase_add_test(tcase, no_token_forgets_it_and_its_user);
	tcase_add_test(tcase, a_token_is_of_characters_that_are_seen);
	tcase_add_test(tcase, longest_token_is_exact);
	tcase_add_test(tcase, a_replaced_token_is_wiped);
	tcase_add_test(tcase, without_memory_the_token_stays);

	tcase = suite_case(suite, "credentials_copy");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, all_of_it_is_copied);

	tcase = suite_case(suite, "credentials_clear");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, replaced_ones_are_wiped);
	tcase_add_loop_test(tcase, cleared_ones_are_wiped, 0, 3);
	return suite_run(suite);
}

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

static void
are(const char *authzid, const char *authcid, const char *password)
{
	ck_assert(credentials_are_set(&credentials));
	ck_assert_str_eq(credentials.authzid, authzid);
	ck_assert_str_eq(credentials.authcid, authcid);
	ck_assert_str_eq(credentials.password, password);
	ck_assert_uint_eq(credentials.password_len, strlen(password));
}

static void
are_unset(void)
{
	ck_assert(!credentials_are_set(&credentials));
	ck_assert_ptr_null(credentials.authzid);
	ck_assert_ptr_null(credentials.authcid);
	ck_assert_ptr_null(credentials.password);
	ck_assert_uint_eq(credentials.password_len, 0);
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

START_TEST(without_authzid_authcid_acts_for_itself)
{
	ck_assert_int_eq(credentials_set(&credentials, NULL, "bob", "p"),
			 SMTPC_OK);
	are("", "bob", "p");
	ck_assert_int_eq(credentials_set(&credentials, "", "b", "p"), SMTPC_OK);
	are("", "b", "p");
}
END_TEST

START_TEST(their_own_copies_can_be_set_again)
{
	ck_assert_int_eq(credentials_set(&credentials, credentials.authzid,
					 credentials.authcid,
					 credentials.password),
			 SMTPC_OK);
	are("boss", "alice", "wonderland");
}
END_TEST

START_TEST(all_null_forgets_them)
{
	ck_assert_int_eq(credentials_set(&credentials, NULL, NULL, NULL),
			 SMTPC_OK);
	are_unset();
}
END_TEST

/* What authzid is makes no difference when the other two are forgotten. */
START_TEST(authcid_and_password_null_forget_all_three)
{
	ck_assert_int_eq(credentials_set(&credentials, "boss", NULL, NULL),
			 SMTPC_OK);
	are_unset();
}
END_TEST

START_TEST(refused_ones_change_nothing)
{
	static const char *const bad[][2] = {
		{ NULL, "p" },
		{ "bob", NULL },
		{ "", "p" },
		{ "bob", "" },
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

START_TEST(longest_of_each_is_exact)
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
	are("", "bob", password);
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
	tcase_add_test(tcase, without_authzid_authcid_acts_for_itself);
	tcase_add_test(tcase, their_own_copies_can_be_set_again);
	tcase_add_test(tcase, all_null_forgets_them);
	tcase_add_test(tcase, authcid_and_password_null_forget_all_three);
	tcase_add_test(tcase, refused_ones_change_nothing);
	tcase_add_test(tcase, longest_of_each_is_exact);
	tcase_add_test(tcase, password_may_hold_anything_but_nul);
	tcase_add_test(tcase,
		       without_memory_nothing_changes_and_copies_are_wiped);

	tcase = suite_case(suite, "credentials_clear");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, replaced_ones_are_wiped);
	tcase_add_loop_test(tcase, cleared_ones_are_wiped, 0, 3);
	return suite_run(suite);
}

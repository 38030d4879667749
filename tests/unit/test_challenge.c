/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/challenge.c: what Cyrus SASL does not get to see. */
#include <stdlib.h>
#include <string.h>

#include "challenge.h"
#include "suite.h"

static const struct mechanism scram = { "SCRAM-SHA-256", MECHANISM_SCRAM };
static const struct mechanism digest = { "DIGEST-MD5", 0 };
static const struct mechanism cram = { "CRAM-MD5", 0 };

static struct challenge_check check;
static const char *detail;

static void
begin(const struct mechanism *mechanism, const char *initial)
{
	challenge_check_init(&check, mechanism, 4096);
	challenge_check_initial(&check, initial, strlen(initial));
}

/* In a block of just this length, so that tools see who reads beyond. */
static const char *
problem_of(const char *text, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);
	const char *problem;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, len);
	detail = NULL;
	problem = challenge_problem(&check, copy, len, &detail);
	free(copy);
	return problem;
}

static const char *
problem(const char *text)
{
	return problem_of(text, strlen(text));
}

static void
set_up(void)
{
	begin(&scram, "y,,n=alice,r=abc");
}

static const char *const good_firsts[] = {
	"r=abcd,s=c2FsdA==,i=4096",
	"r=abc/+=d,s=c2FsdA==,i=4097",
	"r=abcxyz,s=AAAA,i=65536",
};

START_TEST(a_good_first_message_passes)
{
	ck_assert_ptr_null(problem(good_firsts[_i]));
	ck_assert_ptr_null(problem("v=c2lnbmF0dXJl"));
}
END_TEST

static const char *const bad_firsts[] = {
	/* the nonce. */
	"r=abc,s=c2FsdA==,i=4096",
	"r=ab,s=c2FsdA==,i=4096",
	"r=,s=c2FsdA==,i=4096",
	"r=xbcd,s=c2FsdA==,i=4096",
	"r=ABCD,s=c2FsdA==,i=4096",
	"r=dabc,s=c2FsdA==,i=4096",
	/* what is missing, in another order, or an extension. */
	"r=abcd,s=c2FsdA==,i=4096,x=more",
	"r=abcd,s=c2FsdA==,i=10000,",
	"",
	"r",
	"r=",
	"r=abcd",
	"r=abcd,",
	"r=abcd,s=c2FsdA==",
	"r=abcd,s=c2FsdA==,",
	"r=abcd,s=c2FsdA==,i",
	"r=abcd,s=c2FsdA==,i=",
	"r=abcd,i=4096",
	"r=abcd,i=4096,s=c2FsdA==",
	"s=c2FsdA==,i=4096",
	"m=x,r=abcd,s=c2FsdA==,i=4096",
	"r=abcd,m=x,s=c2FsdA==,i=4096",
	"r=abcd,s=c2FsdA==,m=x,i=4096",
	"R=abcd,S=c2FsdA==,I=4096",
	"e=unknown-user",
	"v=c2lnbmF0dXJl",
	/* The salt. */
	"r=abcd,s=,i=4096",
	"r=abcd,s=!,i=4096",
	"r=abcd,s=c2FsdA=,i=4096",
	"r=abcd,s=c2FsdA,i=4096",
	/* the number. */
	"r=abcd,s=c2FsdA==,i=-1",
	"r=abcd,s=c2FsdA==,i=+4096",
	"r=abcd,s=c2FsdA==,i= 4096",
	"r=abcd,s=c2FsdA==,i=4096 ",
	"r=abcd,s=c2FsdA==,i=04096",
	"r=abcd,s=c2FsdA==,i=0x1000",
	"r=abcd,s=c2FsdA==,i=4096x",
	"r=abcd,s=c2FsdA==,i=65537",
	"r=abcd,s=c2FsdA==,i=2147483647",
	"r=abcd,s=c2FsdA==,i=2147483648",
	"r=abcd,s=c2FsdA==,i=4294971392",
	"r=abcd,s=c2FsdA==,i=18446744073709555712",
	"r=abcd,s=c2FsdA==,i=99999999999999999999999999999999999999",
};

START_TEST(A_084_A_086_a_bad_first_message_does_not_pass)
{
	ck_assert_ptr_nonnull(problem(bad_firsts[_i]));
	ck_assert_str_eq(detail, "auth-cancelled");
}
END_TEST

START_TEST(A_085_few_iterations_are_told_by_name)
{
	static const char *const few[] = {
		"r=abcd,s=c2FsdA==,i=0",
		"r=abcd,s=c2FsdA==,i=1",
		"r=abcd,s=c2FsdA==,i=4095",
		"r=abcd,s=c2FsdA==,i=409",
	};
	size_t i;

	for (i = 0; i < sizeof(few) / sizeof(few[0]); i++) {
		set_up();
		ck_assert_ptr_nonnull(problem(few[i]));
		ck_assert_str_eq(detail, "weak-iterations");
	}
}
END_TEST

START_TEST(how_few_is_the_caller_s_to_say)
{
	challenge_check_init(&check, &scram, 1);
	challenge_check_initial(&check, "n,,n=a,r=abc", 12);
	ck_assert_ptr_null(problem("r=abcd,s=c2FsdA==,i=1"));
	challenge_check_init(&check, &scram, 65536);
	challenge_check_initial(&check, "n,,n=a,r=abc", 12);
	ck_assert_ptr_nonnull(problem("r=abcd,s=c2FsdA==,i=65535"));
	ck_assert_str_eq(detail, "weak-iterations");
}
END_TEST

START_TEST(a_NUL_is_no_part_of_a_message)
{
	static const char first[] = "r=abcd\0,s=c2FsdA==,i=4096";

	ck_assert_ptr_nonnull(problem_of(first, sizeof(first) - 1));
	set_up();
	ck_assert_ptr_null(problem(good_firsts[0]));
	ck_assert_ptr_nonnull(problem_of("v=c2lnbmF0dXJl\0", 15));
}
END_TEST

START_TEST(A_083_a_last_message_is_a_signature)
{
	static const char *const bad[] = {
		"",
		"v",
		"v=",
		"e=other-error",
		"x=AAAA",
		"v=AAAA!",
		"v=AAAAA",
		"V=AAAA",
		"m=x,v=AAAA",
		"v=AAA",
		"r=abcd,s=c2FsdA==,i=4096",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set_up();
		ck_assert_ptr_null(problem(good_firsts[0]));
		ck_assert_ptr_nonnull(problem(bad[i]));
		ck_assert_str_eq(detail, "auth-cancelled");
	}
}
END_TEST

/* Wherever it is cut. */
START_TEST(no_more_is_read_than_there_is)
{
	static const char first[] = "r=abcd,s=c2FsdA==,i=4096";
	size_t len;

	for (len = 0; len < strlen(first); len++) {
		set_up();
		ck_assert_ptr_nonnull(problem_of(first, len));
	}
}
END_TEST

/* Where the client has said no nonce there is none to go on with. */
START_TEST(without_a_nonce_of_ours_there_is_none)
{
	char initial[300] = "n,,n=alice,r=";

	begin(&scram, "");
	ck_assert_ptr_nonnull(problem("r=abcd,s=c2FsdA==,i=4096"));
	begin(&scram, "n,,n=alice");
	ck_assert_ptr_nonnull(problem("r=abcd,s=c2FsdA==,i=4096"));
	memset(initial + 13, 'x', 200);
	begin(&scram, initial);
	ck_assert_ptr_nonnull(problem("r=xxxxxxxx,s=c2FsdA==,i=4096"));
}
END_TEST

/* A name has its commas written otherwise, so that there is but one nonce. */
START_TEST(the_nonce_is_what_follows_the_name)
{
	begin(&scram, "p=tls-exporter,a=boss,n=r=3Dx,r=abc");
	ck_assert_ptr_null(problem("r=abcd,s=c2FsdA==,i=4096"));
}
END_TEST

START_TEST(A_090_DIGEST_MD5_has_a_limit)
{
	static char text[3000];

	memset(text, 'x', sizeof(text));
	begin(&digest, "");
	ck_assert_ptr_null(problem_of(text, 2047));
	begin(&digest, "");
	ck_assert_ptr_nonnull(problem_of(text, 2048));
	ck_assert_str_eq(detail, "auth-cancelled");
}
END_TEST

START_TEST(of_others_nothing_is_asked)
{
	static char text[12000];

	begin(&cram, "");
	ck_assert_ptr_null(problem_of(text, sizeof(text)));
}
END_TEST

/* The answer would serve anybody, any time. */
START_TEST(nothing_is_no_challenge_of_CRAM_MD5)
{
	begin(&cram, "");
	ck_assert_ptr_nonnull(problem(""));
	ck_assert_str_eq(detail, "auth-cancelled");
}
END_TEST

START_TEST(DIGEST_MD5_has_one_nonce)
{
	begin(&digest, "");
	ck_assert_ptr_null(problem("realm=\"a,nonce=b\",nonce=\"c\""));
	ck_assert_ptr_null(problem("realm=\"\\\",nonce=b\", nonce=\"c\""));
	ck_assert_ptr_nonnull(problem("nonce=\"a\",realm=x,nonce=\"c\""));
	ck_assert_ptr_nonnull(problem("nonce=a, \tNONCE=b"));
	ck_assert_ptr_nonnull(problem("nonce=a,nonce="));
	ck_assert_ptr_null(problem("nonce=a,nonce"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("challenge");
	TCase *tcase = suite_case(suite, "challenge_problem");

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_loop_test(tcase, a_good_first_message_passes, 0,
			    sizeof(good_firsts) / sizeof(good_firsts[0]));
	tcase_add_loop_test(tcase,
			    A_084_A_086_a_bad_first_message_does_not_pass, 0,
			    sizeof(bad_firsts) / sizeof(bad_firsts[0]));
	tcase_add_test(tcase, A_085_few_iterations_are_told_by_name);
	tcase_add_test(tcase, how_few_is_the_caller_s_to_say);
	tcase_add_test(tcase, a_NUL_is_no_part_of_a_message);
	tcase_add_test(tcase, A_083_a_last_message_is_a_signature);
	tcase_add_test(tcase, no_more_is_read_than_there_is);
	tcase_add_test(tcase, without_a_nonce_of_ours_there_is_none);
	tcase_add_test(tcase, the_nonce_is_what_follows_the_name);
	tcase_add_test(tcase, A_090_DIGEST_MD5_has_a_limit);
	tcase_add_test(tcase, of_others_nothing_is_asked);
	tcase_add_test(tcase, nothing_is_no_challenge_of_CRAM_MD5);
	tcase_add_test(tcase, DIGEST_MD5_has_one_nonce);
	return suite_run(suite);
}

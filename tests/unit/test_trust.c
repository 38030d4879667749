/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/trust.c: what an exception waives and what it does not, what a
 * pin answers, and that nothing else is forgiven.
 */
#include <string.h>

#include "suite.h"
#include "trust.h"

#define UNTRUSTED SMTPC_CERTIFICATE_UNTRUSTED_ISSUER
#define SELF	  SMTPC_CERTIFICATE_SELF_SIGNED
#define EXPIRED	  SMTPC_CERTIFICATE_EXPIRED
#define NAME	  SMTPC_CERTIFICATE_WRONG_NAME
#define IN_CN	  SMTPC_CERTIFICATE_NAME_IN_CN
#define REVOKED	  SMTPC_CERTIFICATE_REVOKED
#define MISMATCH  SMTPC_CERTIFICATE_PIN_MISMATCH

/* All that a pin answers. */
#define ANSWERED (UNTRUSTED | SELF | NAME | IN_CN)

static const char key[] =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static const char other_key[] =
    "f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static struct trust_rules rules;

static void
set_up(void)
{
	memset(&rules, 0, sizeof(rules));
}

static void
tear_down(void)
{
	trust_clear(&rules);
	ck_assert_ptr_null(rules.pins);
	ck_assert_uint_eq(rules.exceptions, 0);
}

/* The verdict; problems and left are looked at. */
static void
judged(uint32_t problems, int trust, uint32_t told, uint32_t left)
{
	uint32_t now = problems;
	uint32_t rest = 0xdead;

	ck_assert_int_eq(trust_judge(&rules, key, &now, &rest), trust);
	ck_assert_uint_eq(now, told);
	ck_assert_uint_eq(rest, left);
	/* Trust is what is left of problems, and nothing else. */
	ck_assert_int_eq(trust == SMTPC_TRUST_NONE, left != 0);
}

START_TEST(without_rules_each_problem_matters)
{
	uint32_t flag;

	judged(0, SMTPC_TRUST_VERIFIED, 0, 0);
	for (flag = 1; flag <= TRUST_PROBLEMS; flag <<= 1)
		judged(flag, SMTPC_TRUST_NONE, flag, flag);
	judged(TRUST_PROBLEMS, SMTPC_TRUST_NONE, TRUST_PROBLEMS,
	       TRUST_PROBLEMS);
}
END_TEST

START_TEST(an_exception_is_of_one_problem)
{
	uint32_t excepted = 1u << _i;
	uint32_t flag;

	ck_assert_int_eq(trust_set_exceptions(&rules, excepted), SMTPC_OK);
	judged(0, SMTPC_TRUST_VERIFIED, 0, 0);
	for (flag = 1; flag < MISMATCH; flag <<= 1) {
		if (flag == excepted || (excepted == UNTRUSTED && flag == SELF))
			judged(flag, SMTPC_TRUST_EXCEPTED, flag, 0);
		else
			judged(flag, SMTPC_TRUST_NONE, flag, flag);
	}
	/* What is not excepted is left, whatever else is. */
	judged(TRUST_PROBLEMS & ~MISMATCH, SMTPC_TRUST_NONE,
	       TRUST_PROBLEMS & ~MISMATCH,
	       TRUST_PROBLEMS & ~MISMATCH & ~excepted &
		   ~(excepted == UNTRUSTED ? SELF : 0) &
		   ~(excepted == SELF ? UNTRUSTED : 0));
}
END_TEST

/* Every flag but the last, which is no exception. */
#define EXCEPTIONS 14

START_TEST(the_issuer_excepted_is_any_issuer_but_not_the_reverse)
{
	ck_assert_int_eq(trust_set_exceptions(&rules, UNTRUSTED), SMTPC_OK);
	judged(UNTRUSTED, SMTPC_TRUST_EXCEPTED, UNTRUSTED, 0);
	judged(UNTRUSTED | SELF, SMTPC_TRUST_EXCEPTED, UNTRUSTED | SELF, 0);
	ck_assert_int_eq(trust_set_exceptions(&rules, SELF), SMTPC_OK);
	judged(UNTRUSTED | SELF, SMTPC_TRUST_EXCEPTED, UNTRUSTED | SELF, 0);
	/* Somebody has signed this one: who? */
	judged(UNTRUSTED, SMTPC_TRUST_NONE, UNTRUSTED, UNTRUSTED);
}
END_TEST

START_TEST(exceptions_replace_each_other)
{
	ck_assert_int_eq(trust_set_exceptions(&rules, EXPIRED | NAME),
			 SMTPC_OK);
	judged(EXPIRED | NAME, SMTPC_TRUST_EXCEPTED, EXPIRED | NAME, 0);
	ck_assert_int_eq(trust_set_exceptions(&rules, NAME), SMTPC_OK);
	judged(EXPIRED | NAME, SMTPC_TRUST_NONE, EXPIRED | NAME, EXPIRED);
	ck_assert_int_eq(trust_set_exceptions(&rules, 0), SMTPC_OK);
	judged(NAME, SMTPC_TRUST_NONE, NAME, NAME);
}
END_TEST

START_TEST(what_is_no_problem_can_t_be_excepted)
{
	static const uint32_t flags[] = {
		MISMATCH,   MISMATCH | NAME, 0x8000u,	     0x80000000u,
		UINT32_MAX, TRUST_PROBLEMS,  0x8000u | NAME,
	};

	ck_assert_int_eq(trust_set_exceptions(&rules, EXPIRED), SMTPC_OK);
	ck_assert_int_eq(trust_set_exceptions(&rules, flags[_i]),
			 SMTPC_E_INVALID);
	/* What was set before still is. */
	ck_assert_uint_eq(rules.exceptions, EXPIRED);
}
END_TEST

#define NO_EXCEPTIONS 7

START_TEST(all_other_problems_can_be_excepted_at_once)
{
	const uint32_t all = TRUST_PROBLEMS & ~MISMATCH;

	ck_assert_int_eq(trust_set_exceptions(&rules, all), SMTPC_OK);
	judged(all, SMTPC_TRUST_EXCEPTED, all, 0);
}
END_TEST

START_TEST(a_pin_that_matches_says_whose_the_key_is)
{
	ck_assert_int_eq(trust_add_pin(&rules, key), SMTPC_OK);
	judged(0, SMTPC_TRUST_PINNED, 0, 0);
	judged(ANSWERED, SMTPC_TRUST_PINNED, ANSWERED, 0);
	judged(NAME, SMTPC_TRUST_PINNED, NAME, 0);
}
END_TEST

START_TEST(a_pin_answers_no_other_problem)
{
	uint32_t flag;

	ck_assert_int_eq(trust_add_pin(&rules, key), SMTPC_OK);
	for (flag = 1; flag < MISMATCH; flag <<= 1) {
		if (flag & ANSWERED)
			continue;
		judged(flag, SMTPC_TRUST_NONE, flag, flag);
		judged(flag | ANSWERED, SMTPC_TRUST_NONE, flag | ANSWERED,
		       flag);
	}
}
END_TEST

START_TEST(an_exception_beside_a_pin_that_matches_is_an_exception)
{
	ck_assert_int_eq(trust_add_pin(&rules, key), SMTPC_OK);
	ck_assert_int_eq(trust_set_exceptions(&rules, EXPIRED), SMTPC_OK);
	judged(NAME, SMTPC_TRUST_PINNED, NAME, 0);
	judged(NAME | EXPIRED, SMTPC_TRUST_EXCEPTED, NAME | EXPIRED, 0);
	judged(REVOKED | EXPIRED, SMTPC_TRUST_NONE, REVOKED | EXPIRED, REVOKED);
}
END_TEST

START_TEST(a_pin_that_does_not_match_is_a_problem)
{
	ck_assert_int_eq(trust_add_pin(&rules, other_key), SMTPC_OK);
	judged(0, SMTPC_TRUST_NONE, MISMATCH, MISMATCH);
	/* It answers nothing, either. */
	judged(NAME, SMTPC_TRUST_NONE, NAME | MISMATCH, NAME | MISMATCH);
}
END_TEST

START_TEST(no_exception_helps_where_no_pin_matches)
{
	const uint32_t all = TRUST_PROBLEMS & ~MISMATCH;

	ck_assert_int_eq(trust_add_pin(&rules, other_key), SMTPC_OK);
	ck_assert_int_eq(trust_set_exceptions(&rules, all), SMTPC_OK);
	judged(0, SMTPC_TRUST_NONE, MISMATCH, MISMATCH);
	judged(all, SMTPC_TRUST_NONE, TRUST_PROBLEMS, MISMATCH);
}
END_TEST

START_TEST(any_of_several_pins_will_do)
{
	char pin[sizeof(key)];
	int i;

	memcpy(pin, other_key, sizeof(pin));
	for (i = 0; i < 20; i++) {
		pin[1] = "0123456789abcdefABCD"[i];
		ck_assert_int_eq(trust_add_pin(&rules, pin), SMTPC_OK);
	}
	judged(0, SMTPC_TRUST_NONE, MISMATCH, MISMATCH);
	ck_assert_int_eq(trust_add_pin(&rules, key), SMTPC_OK);
	ck_assert_int_eq(trust_add_pin(&rules, other_key), SMTPC_OK);
	judged(NAME, SMTPC_TRUST_PINNED, NAME, 0);
	/* NULL forgets them all. */
	ck_assert_int_eq(trust_add_pin(&rules, NULL), SMTPC_OK);
	judged(0, SMTPC_TRUST_VERIFIED, 0, 0);
	ck_assert_int_eq(trust_add_pin(&rules, NULL), SMTPC_OK);
}
END_TEST

/* The end of one pin and the beginning of the next are none. */
START_TEST(two_halves_are_no_pin)
{
	char pin[65];

	memset(pin, '7', 64);
	pin[64] = '\0';
	memcpy(pin + 32, key, 32);
	ck_assert_int_eq(trust_add_pin(&rules, pin), SMTPC_OK);
	memset(pin, '7', 64);
	memcpy(pin, key + 32, 32);
	ck_assert_int_eq(trust_add_pin(&rules, pin), SMTPC_OK);
	judged(0, SMTPC_TRUST_NONE, MISMATCH, MISMATCH);
}
END_TEST

START_TEST(digits_may_be_capitals)
{
	char pin[sizeof(key)];
	size_t i;

	memcpy(pin, key, sizeof(pin));
	for (i = 0; i < 64; i++)
		if (pin[i] >= 'a')
			pin[i] = (char)(pin[i] - 'a' + 'A');
	ck_assert_int_eq(trust_add_pin(&rules, pin), SMTPC_OK);
	judged(0, SMTPC_TRUST_PINNED, 0, 0);
}
END_TEST

/* Where a digit is changed for this, or the length for 63 or 65. */
static const char no_digits[] = " :gGzZ/@`\x80\xff\n";

START_TEST(what_is_no_digest_is_no_pin)
{
	char pin[66];
	size_t i;

	memcpy(pin, key, sizeof(key));
	for (i = 0; i < 64; i++) {
		pin[i] = no_digits[_i];
		ck_assert_int_eq(trust_add_pin(&rules, pin), SMTPC_E_INVALID);
		pin[i] = key[i];
	}
	pin[63] = '\0';
	ck_assert_int_eq(trust_add_pin(&rules, pin), SMTPC_E_INVALID);
	memset(pin, 'a', 65);
	pin[65] = '\0';
	ck_assert_int_eq(trust_add_pin(&rules, pin), SMTPC_E_INVALID);
	ck_assert_int_eq(trust_add_pin(&rules, ""), SMTPC_E_INVALID);
	ck_assert_ptr_null(rules.pins);
}
END_TEST

START_TEST(without_memory_the_pins_stay_as_they_are)
{
	ck_assert_int_eq(trust_add_pin(&rules, key), SMTPC_OK);
	fault_at(0);
	ck_assert_int_eq(trust_add_pin(&rules, other_key), SMTPC_E_NOMEM);
	ck_assert(fault_end());
	ck_assert_str_eq(rules.pins, key);
	judged(0, SMTPC_TRUST_PINNED, 0, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("trust");
	TCase *tcase = suite_case(suite, "exceptions");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, without_rules_each_problem_matters);
	tcase_add_loop_test(tcase, an_exception_is_of_one_problem, 0,
			    EXCEPTIONS);
	tcase_add_test(tcase,
		       the_issuer_excepted_is_any_issuer_but_not_the_reverse);
	tcase_add_test(tcase, exceptions_replace_each_other);
	tcase_add_loop_test(tcase, what_is_no_problem_can_t_be_excepted, 0,
			    NO_EXCEPTIONS);
	tcase_add_test(tcase, all_other_problems_can_be_excepted_at_once);

	tcase = suite_case(suite, "pins");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_pin_that_matches_says_whose_the_key_is);
	tcase_add_test(tcase, a_pin_answers_no_other_problem);
	tcase_add_test(tcase,
		       an_exception_beside_a_pin_that_matches_is_an_exception);
	tcase_add_test(tcase, a_pin_that_does_not_match_is_a_problem);
	tcase_add_test(tcase, no_exception_helps_where_no_pin_matches);
	tcase_add_test(tcase, any_of_several_pins_will_do);
	tcase_add_test(tcase, two_halves_are_no_pin);
	tcase_add_test(tcase, digits_may_be_capitals);
	tcase_add_loop_test(tcase, what_is_no_digest_is_no_pin, 0,
			    (int)sizeof(no_digits) - 1);
	tcase_add_test(tcase, without_memory_the_pins_stay_as_they_are);
	return suite_run(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the unit tests of the library share: running a suite, memory and
 * descriptors that run out, and a look at what is wiped.
 */
#ifndef UNIT_SUITE_H
#define UNIT_SUITE_H

#include <check.h>
#include <stdbool.h>

struct smtpc_reply;

/* Adds a test case of this name to suite. */
TCase *suite_case(Suite *suite, const char *name);

/* In the place of a test that can't run here: its line of TAP says why. */
void suite_skip(TCase *tcase, const TTest *test, const char *why);

/* Runs it, prints TAP, and returns what main() has to. */
int suite_run(Suite *suite);

/*
 * From now on the allocation of this number fails, counted from 0; or that one
 * and all that follow.  What is done under it is tried for one number after
 * another until fault_end() says that none was reached any more:
 *
 *	for (i = 0; more; i++) {
 *		fault_at(i);
 *		rc = ...;
 *		more = fault_end();
 *		ck_assert_int_eq(rc, more ? SMTPC_E_NOMEM : SMTPC_OK);
 *	}
 */
void fault_at(unsigned int number);
void fault_from(unsigned int number);

/* Memory is back; whether an allocation has failed. */
bool fault_end(void);

/* While they run out, no descriptor can be opened. */
void descriptors_run_out(bool on);

/*
 * How many threads there are; and waiting until there are no more than that.
 * A detached thread can't be joined, and what it holds looks like a leak.
 */
unsigned int threads_count(void);
void threads_wait(unsigned int count);

/* The reply that this text is, to be released. */
struct smtpc_reply *reply_of(const char *text);

/*
 * Counts, from now on, how often memory that holds this text is wiped, and
 * tells; the library's explicit_bzero() is one that looks first.
 */
void wipe_watch(const char *text);
unsigned int wipe_count(void);

#endif

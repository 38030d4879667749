/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The main program of tests that do something to each scenario of a dialogue
 * file: one test a scenario, with the scenario's name and place.  Arguments:
 * the file, "-v" before it to see everything, and behind it part of the names
 * of those that are wanted.
 */
#ifndef HARNESS_RUN_H
#define HARNESS_RUN_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

#include "play.h"

/* What is done, to the scenarios whose names begin so. */
struct run_case {
	const char *name;
	const char *prefix; /* "": to all */
	void (*test)(const struct scenario *scenario);
};

/* To be returned by main(). */
int run_cases(int argc, char **argv, const char *suite,
	      const struct run_case *cases, size_t count);

/* Whether "-v" was given. */
bool run_is_verbose(void);

/* Counts plays, across the processes of the tests. */
void run_count(size_t plays);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Check and TAP around the scenarios of a dialogue file. */
#include "run.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* This ends what hangs; no test comes near it. */
#define TIMEOUT_SECONDS 300
#define CASES_MAX	4

static struct dialogue *dialogue;
static const struct run_case *all_cases;
static bool verbose;
static const char *part; /* of the names that are wanted, or NULL */

static struct {
	atomic_size_t plays;
} * shared;

bool
run_is_verbose(void)
{
	return verbose;
}

void
run_count(size_t plays)
{
	atomic_fetch_add(&shared->plays, plays);
}

/* Check hands one number on: case and scenario. */
static void
run_test(int number)
{
	const struct run_case *one = &all_cases[number % CASES_MAX];
	const struct scenario *scenario =
	    &dialogue->scenarios[number / CASES_MAX];

	one->test(scenario);
	/* The place that the line of the result names. */
	_mark_point(scenario->file, scenario->number);
}

static bool
is_wanted(const struct scenario *scenario, const struct run_case *one)
{
	return strncmp(scenario->name, one->prefix, strlen(one->prefix)) == 0 &&
	       (part == NULL || strstr(scenario->name, part) != NULL);
}

/* As START_TEST() would do it, but with names out of the file. */
static void
add_case(Suite *suite, TTest *tests, size_t index)
{
	const struct run_case *one = &all_cases[index];
	TCase *tcase = tcase_create(one->name);
	int number;
	size_t i;

	for (i = 0; i < dialogue->count; i++) {
		if (!is_wanted(&dialogue->scenarios[i], one))
			continue;
		number = (int)(i * CASES_MAX + index);
		tcase_add_loop_test(tcase, &tests[i], number, number + 1);
	}
	tcase_set_timeout(tcase, TIMEOUT_SECONDS);
	suite_add_tcase(suite, tcase);
}

static TTest *
name_tests(void)
{
	TTest *tests = calloc(dialogue->count + 1, sizeof(*tests));
	size_t i;

	if (tests == NULL)
		abort();
	for (i = 0; i < dialogue->count; i++) {
		tests[i].name = dialogue->scenarios[i].name;
		tests[i].fn = run_test;
		tests[i].file = dialogue->file;
		tests[i].line = dialogue->scenarios[i].number;
	}
	return tests;
}

static int
run_suite(const char *name, size_t count)
{
	Suite *suite = suite_create(name);
	TTest *tests = name_tests();
	SRunner *runner;
	int failed;
	size_t i;

	for (i = 0; i < count; i++)
		add_case(suite, tests, i);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	printf("# %zu plays\n", atomic_load(&shared->plays));
	srunner_free(runner);
	free(tests);
	return failed;
}

int
run_cases(int argc, char **argv, const char *suite,
	  const struct run_case *cases, size_t count)
{
	int failed;

	if (argc > 1 && strcmp(argv[1], "-v") == 0) {
		verbose = true;
		argc--;
		argv++;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (argc < 2 || count > CASES_MAX || shared == MAP_FAILED) {
		printf("Bail out! no dialogue file\n");
		return EXIT_FAILURE;
	}
	/* A test that fails is ended before it could flush. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	part = argc > 2 ? argv[2] : NULL;
	all_cases = cases;
	play_prepare();
	dialogue = dialogue_load(argv[1]);
	failed = run_suite(suite, count);
	dialogue_free(dialogue);
	play_finish();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

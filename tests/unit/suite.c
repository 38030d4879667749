/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running a suite as one TAP program, making memory and descriptors run out,
 * making replies, and seeing what is wiped.
 */
#include "suite.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "mem.h"
#include "reply.h"

/* No test needs so long; with sanitizers and a busy machine it may. */
#define CASE_SECONDS 60

TCase *
suite_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, CASE_SECONDS);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static void
do_not_run(int number)
{
	(void)number;
}

void
suite_skip(TCase *tcase, const TTest *test, const char *why)
{
	static char name[200];
	static TTest skipped;

	/* One is enough so far; Check keeps the pointer. */
	if (skipped.fn != NULL)
		abort();
	snprintf(name, sizeof(name), "%s # SKIP %s", test->name, why);
	skipped = *test;
	skipped.name = name;
	skipped.fn = do_not_run;
	tcase_add_test(tcase, &skipped);
}

int
suite_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);

	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	/* What has failed is told by TAP. */
	return EXIT_SUCCESS;
}

/* Helper threads allocate, too. */
static atomic_uint allocations, failed;
static unsigned int first, last;

static bool
fails(void)
{
	unsigned int number = atomic_fetch_add(&allocations, 1);
	bool yes = number >= first && number <= last;

	if (yes)
		atomic_fetch_add(&failed, 1);
	return yes;
}

static void
begin(unsigned int from, unsigned int to)
{
	first = from;
	last = to;
	atomic_store(&allocations, 0);
	atomic_store(&failed, 0);
	mem_fault = fails;
}

void
fault_at(unsigned int number)
{
	begin(number, number);
}

void
fault_from(unsigned int number)
{
	begin(number, -1u);
}

bool
fault_end(void)
{
	mem_fault = NULL;
	return atomic_load(&failed) > 0;
}

void
descriptors_run_out(bool on)
{
	static rlim_t before;
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (on)
		before = limit.rlim_cur;
	/* Standard input to error are open in any case. */
	limit.rlim_cur = on ? 3 : before;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void *
do_nothing(void *argument)
{
	return argument;
}

unsigned int
threads_count(void)
{
	static bool is_first = true;
	const struct dirent *entry;
	unsigned int count = 0;
	DIR *directory;
	pthread_t dummy;

	/* A sanitizer may have a thread of its own from the first one on. */
	if (is_first) {
		ck_assert_int_eq(pthread_create(&dummy, NULL, do_nothing, NULL),
				 0);
		pthread_join(dummy, NULL);
		is_first = false;
	}
	directory = opendir("/proc/self/task");
	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}

void
threads_wait(unsigned int count)
{
	while (threads_count() > count)
		sched_yield();
}

struct smtpc_reply *
reply_of(const char *text)
{
	struct smtpc_reply *reply = NULL;
	struct reply_parser parser;
	size_t taken;

	reply_parser_init(&parser);
	ck_assert_int_eq(reply_parse(&parser, text, strlen(text), &taken,
				     &reply),
			 SMTPC_OK);
	ck_assert_uint_eq(taken, strlen(text));
	reply_parser_clear(&parser);
	return reply;
}

static const char *watched;
static atomic_uint wiped;

void
wipe_watch(const char *text)
{
	watched = text;
	atomic_store(&wiped, 0);
}

unsigned int
wipe_count(void)
{
	return atomic_load(&wiped);
}

/* Whether the watched text is in memory; gcc believes that it is not read. */
static bool
is_watched(const volatile char *memory, size_t size)
{
	size_t len = watched != NULL ? strlen(watched) : 0;
	size_t at, i;

	if (len == 0)
		return false;
	for (at = 0; at + len <= size; at++) {
		for (i = 0; i < len && memory[at + i] == watched[i]; i++)
			;
		if (i == len)
			return true;
	}
	return false;
}

/* In the place of the C library's. */
void
explicit_bzero(void *memory, size_t size)
{
	volatile char *at = memory;

	if (is_watched(at, size))
		atomic_fetch_add(&wiped, 1);
	while (size-- > 0)
		*at++ = '\0';
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Thousands of sessions one after the other, begun and dropped or brought to
 * their end: no memory is left of them, neither the library's, which is linked
 * statically so that each block is counted, nor that of Cyrus SASL, which only
 * the C library knows of.
 */
#include <dirent.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "heap.h"
#include "suite.h"
#include "visit.h"

/* Under a sanitizer all takes longer, and it finds the leaks by itself. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* Caches are filled, the modules are there, and so on. */
#define FIRST 20
#define TIMES (SANITIZED ? 100 : 1000)

/* The smallest block has 32 octets. */
#define SLACK (16L * TIMES)

/* All that malloc() has given out; a sanitizer's malloc() does not say. */
static long
octets_in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return SANITIZED ? 0 : (long)(info.uordblks + info.hblkhd);
}

static void
just_made(const char *mechanism)
{
	smtpc_session *session;
	bool good;

	(void)mechanism;
	good = smtpc_session_new(&session) == SMTPC_OK;
	visit_need(good, "there is no session");
	good =
	    smtpc_session_set_credentials(session, "z", "u", "p") == SMTPC_OK &&
	    smtpc_session_set_oauth_token(session, "u", "t") == SMTPC_OK &&
	    smtpc_session_set_mechanisms(session, "PLAIN LOGIN") == SMTPC_OK;
	visit_need(good, "it takes no secrets");
	smtpc_session_free(session);
}

/* AUTH is begun, and the session dropped before anybody has answered. */
static void
dropped(const char *mechanism)
{
	static struct visit visit;

	memset(&visit, 0, sizeof(visit));
	visit.server.mechanisms = mechanism;
	visit.server.falls_silent = true;
	visit_open(&visit);
	smtpc_session_set_blocking(visit.session, 0);
	visit_need(smtpc_auth(visit.session) == SMTPC_AGAIN, "it is over");
	smtpc_session_free(visit.session);
	auth_server_join(&visit.server);
}

static void
refused(const char *mechanism)
{
	static struct visit visit;

	memset(&visit, 0, sizeof(visit));
	visit.server.mechanisms = mechanism;
	visit.server.refusal = "535 5.7.8 no";
	visit_open(&visit);
	visit_need(smtpc_auth(visit.session) < 0, "it is not refused");
	visit_end(&visit);
}

/* A helper that still waits to be scheduled holds what will be given back. */
static void
await_helpers(void)
{
	const struct timespec moment = { 0, 1000000 };
	struct dirent *entry;
	DIR *directory;
	int count;

	for (;;) {
		count = 0;
		directory = opendir("/proc/self/task");
		visit_need(directory != NULL, "there is no /proc");
		while ((entry = readdir(directory)) != NULL)
			count += entry->d_name[0] != '.';
		closedir(directory);
		if (count == 1)
			return;
		nanosleep(&moment, NULL);
	}
}

/* How many octets more are in use behind it. */
static long
batch(void (*function)(const char *mechanism), const char *mechanism, int times)
{
	long octets = octets_in_use();

	while (times-- > 0)
		function(mechanism);
	await_helpers();
	return octets_in_use() - octets;
}

/*
 * What is left each time is left again by the next batch; a table of the C
 * library's that has grown has not.
 */
static void
repeat(void (*function)(const char *mechanism), const char *mechanism)
{
	long blocks, more;

	(void)batch(function, mechanism, FIRST);
	blocks = heap_blocks();
	more = batch(function, mechanism, TIMES);
	ck_assert_int_eq(heap_blocks(), blocks);
	if (more < SLACK)
		return;
	more = batch(function, mechanism, TIMES);
	ck_assert_int_eq(heap_blocks(), blocks);
	ck_assert_msg(more < SLACK, "%s: %ld octets more, once more", mechanism,
		      more);
}

static const char *const mechanisms[] = {
	VISIT_OWN, VISIT_PACKAGED, "EXTERNAL", "ANONYMOUS", "NTLM",
};

#define COUNT ((int)(sizeof(mechanisms) / sizeof(mechanisms[0])))

START_TEST(a_thousand_sessions_with_secrets_leave_nothing)
{
	repeat(just_made, "");
}
END_TEST

START_TEST(a_thousand_exchanges_that_are_dropped_leave_nothing)
{
	repeat(dropped, mechanisms[_i]);
}
END_TEST

START_TEST(a_thousand_that_are_refused_leave_nothing)
{
	repeat(refused, mechanisms[_i]);
}
END_TEST

START_TEST(a_thousand_that_succeed_leave_nothing)
{
	repeat(visit_by, mechanisms[_i]);
}
END_TEST

int
main(void)
{
	TCase *tcase;

	/*
	 * The servers are threads: their arenas would come and go.  A sanitizer
	 * has a malloc() of its own.
	 */
	if (mallopt(M_ARENA_MAX, 1) != 1 && !SANITIZED)
		return EXIT_FAILURE;
	tcase = tcase_create("loops");
	tcase_add_test(tcase, a_thousand_sessions_with_secrets_leave_nothing);
	tcase_add_loop_test(tcase,
			    a_thousand_exchanges_that_are_dropped_leave_nothing,
			    0, COUNT);
	tcase_add_loop_test(tcase, a_thousand_that_are_refused_leave_nothing, 0,
			    COUNT);
	tcase_add_loop_test(tcase, a_thousand_that_succeed_leave_nothing, 0,
			    COUNT);
	return run_suite("loops", tcase);
}

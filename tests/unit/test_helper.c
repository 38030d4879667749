/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/helper.c: jobs that wait for a pipe instead of a name service.
 * The linker lets the calls that make a thread fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <smtpc/smtpc.h>

#include "helper.h"
#include "suite.h"

static bool no_threads, no_attributes;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*run)(void *), void *argument);

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
		      void *(*run)(void *), void *argument)
{
	if (no_threads)
		return EAGAIN;
	return __real_pthread_create(thread, attributes, run, argument);
}

int __real_pthread_attr_init(pthread_attr_t *attributes);
int __wrap_pthread_attr_init(pthread_attr_t *attributes);

int
__wrap_pthread_attr_init(pthread_attr_t *attributes)
{
	return no_attributes ? ENOMEM : __real_pthread_attr_init(attributes);
}

/* A job that works when it is told to, and tells when it is released. */
struct job {
	int start[2], released[2];
	pthread_t owner;
	bool in_thread, signals_blocked;
	atomic_int works, releases;
};

static struct job job;
static struct helper *helper;

static void
set_up(void)
{
	memset(&job, 0, sizeof(job));
	ck_assert_int_eq(pipe(job.start), 0);
	ck_assert_int_eq(pipe(job.released), 0);
	job.owner = pthread_self();
}

static void
work(void *argument)
{
	struct job *mine = argument;
	sigset_t blocked;
	char octet;
	int i;

	mine->in_thread = !pthread_equal(pthread_self(), mine->owner);
	if (mine->in_thread)
		while (read(mine->start[0], &octet, 1) != 1)
			;
	pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	mine->signals_blocked = true;
	/* The real-time signals below SIGRTMIN are the C library's own. */
	for (i = 1; i < 32; i++)
		if (i != SIGKILL && i != SIGSTOP &&
		    sigismember(&blocked, i) != 1)
			mine->signals_blocked = false;
	atomic_fetch_add(&mine->works, 1);
}

static void
release(void *argument)
{
	struct job *mine = argument;

	atomic_fetch_add(&mine->releases, 1);
	while (write(mine->released[1], "", 1) != 1)
		;
}

static void
let_it_work(void)
{
	ck_assert_int_eq(write(job.start[1], "", 1), 1);
}

static void
wait_for(int fd)
{
	struct pollfd ready = { fd, POLLIN, 0 };

	ck_assert_int_eq(poll(&ready, 1, -1), 1);
	ck_assert_int_eq(ready.revents, POLLIN);
}

START_TEST(job_is_done_in_a_thread_and_then_tells)
{
	struct pollfd ready;

	ck_assert_int_eq(helper_start(&helper, work, release, &job, true),
			 SMTPC_OK);
	ready.fd = helper_descriptor(helper);
	ready.events = POLLIN;
	ck_assert_int_ge(ready.fd, 0);
	ck_assert_int_eq(poll(&ready, 1, 0), 0);
	ck_assert(!helper_is_done(helper));
	let_it_work();
	wait_for(ready.fd);
	ck_assert(helper_is_done(helper));
	/* It stays readable for whoever comes later. */
	wait_for(ready.fd);
	ck_assert(job.in_thread);
	ck_assert_int_eq(job.works, 1);
	helper_leave(helper);
	wait_for(job.released[0]);
	ck_assert_int_eq(job.releases, 1);
}
END_TEST

START_TEST(thread_takes_no_signal_of_the_program)
{
	sigset_t before, after;
	int i;

	pthread_sigmask(SIG_BLOCK, NULL, &before);
	ck_assert_int_eq(helper_start(&helper, work, release, &job, true),
			 SMTPC_OK);
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	for (i = 1; i < 32; i++)
		ck_assert_int_eq(sigismember(&before, i),
				 sigismember(&after, i));
	let_it_work();
	wait_for(helper_descriptor(helper));
	ck_assert(helper_is_done(helper));
	ck_assert(job.signals_blocked);
	helper_leave(helper);
	wait_for(job.released[0]);
}
END_TEST

START_TEST(descriptor_is_not_inherited)
{
	ck_assert_int_eq(helper_start(&helper, work, release, &job, true),
			 SMTPC_OK);
	ck_assert_int_eq(fcntl(helper_descriptor(helper), F_GETFD) & FD_CLOEXEC,
			 FD_CLOEXEC);
	let_it_work();
	wait_for(helper_descriptor(helper));
	helper_leave(helper);
	wait_for(job.released[0]);
}
END_TEST

START_TEST(owner_may_leave_early)
{
	struct pollfd released = { job.released[0], POLLIN, 0 };
	int fd;

	ck_assert_int_eq(helper_start(&helper, work, release, &job, true),
			 SMTPC_OK);
	fd = helper_descriptor(helper);
	helper_leave(helper);
	/* The thread still needs it. */
	ck_assert_int_eq(poll(&released, 1, 0), 0);
	ck_assert_int_ne(fcntl(fd, F_GETFD), -1);
	let_it_work();
	wait_for(job.released[0]);
	ck_assert_int_eq(job.works, 1);
	ck_assert_int_eq(job.releases, 1);
}
END_TEST

START_TEST(without_a_thread_the_job_is_done_at_once)
{
	ck_assert_int_eq(helper_start(&helper, work, release, &job, false),
			 SMTPC_OK);
	ck_assert(helper_is_done(helper));
	ck_assert_int_eq(helper_descriptor(helper), -1);
	ck_assert_int_eq(job.works, 1);
	ck_assert(!job.in_thread);
	ck_assert_int_eq(job.releases, 0);
	helper_leave(helper);
	ck_assert_int_eq(job.releases, 1);
	helper_leave(NULL);
}
END_TEST

/* The descriptors that are open, as a number. */
static int
open_descriptors(void)
{
	int fd, count = 0;

	for (fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

START_TEST(job_that_was_not_begun_stays_the_callers)
{
	int before = open_descriptors();

	fault_at(0);
	ck_assert_int_eq(helper_start(&helper, work, release, &job, true),
			 SMTPC_E_NOMEM);
	ck_assert(fault_end());

	no_threads = true;
	ck_assert_int_eq(helper_start(&helper, work, release, &job, true),
			 SMTPC_E_SYSTEM);
	no_threads = false;
	no_attributes = true;
	ck_assert_int_eq(helper_start(&helper, work, release, &job, true),
			 SMTPC_E_SYSTEM);
	no_attributes = false;
	ck_assert_int_eq(open_descriptors(), before);

	descriptors_run_out(true);
	ck_assert_int_eq(helper_start(&helper, work, release, &job, true),
			 SMTPC_E_SYSTEM);
	descriptors_run_out(false);
	ck_assert_int_eq(job.works, 0);
	ck_assert_int_eq(job.releases, 0);
}
END_TEST

/* Whoever is the last releases, in whatever order they come. */
START_TEST(owner_and_thread_can_leave_at_the_same_time)
{
	unsigned int threads = threads_count();
	int i;

	for (i = 0; i < 200; i++) {
		char octet;

		ck_assert_int_eq(helper_start(&helper, work, release, &job,
					      true),
				 SMTPC_OK);
		let_it_work();
		if (i % 2 == 0)
			while (!helper_is_done(helper))
				;
		helper_leave(helper);
		ck_assert_int_eq(read(job.released[0], &octet, 1), 1);
		ck_assert_int_eq(job.releases, i + 1);
	}
	ck_assert_int_eq(job.works, 200);
	threads_wait(threads);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("helper");
	TCase *tcase = suite_case(suite, "helper");

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, job_is_done_in_a_thread_and_then_tells);
	tcase_add_test(tcase, thread_takes_no_signal_of_the_program);
	tcase_add_test(tcase, descriptor_is_not_inherited);
	tcase_add_test(tcase, owner_may_leave_early);
	tcase_add_test(tcase, without_a_thread_the_job_is_done_at_once);
	tcase_add_test(tcase, job_that_was_not_begun_stays_the_callers);
	tcase_add_test(tcase, owner_and_thread_can_leave_at_the_same_time);
	return suite_run(suite);
}

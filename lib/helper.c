/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A job in a detached thread, for what cannot be made not to wait.
 */
#include "helper.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <smtpc/smtpc.h>

#include "mem.h"

enum {
	WORKING,
	DONE, /* the owner's to release */
	LEFT, /* the thread's to release */
};

struct helper {
	void (*work)(void *job);
	void (*release)(void *job);
	void *job;
	int event; /* -1: no thread */
	atomic_int state;
	atomic_int users; /* the owner and the thread */
};

static void
drop(struct helper *helper)
{
	if (atomic_fetch_sub(&helper->users, 1) > 1)
		return;
	if (helper->event >= 0)
		close(helper->event);
	mem_free(helper);
}

/* The job that is done goes at once, though the thread may not have ended. */
void
helper_leave(struct helper *helper)
{
	if (helper == NULL)
		return;
	if (atomic_exchange(&helper->state, LEFT) == DONE)
		helper->release(helper->job);
	drop(helper);
}

static void *
run(void *argument)
{
	struct helper *helper = argument;
	uint64_t one = 1;
	ssize_t written;

	helper->work(helper->job);
	if (atomic_exchange(&helper->state, DONE) == LEFT)
		helper->release(helper->job);
	/* It fails only if somebody has closed what is not theirs. */
	do
		written = write(helper->event, &one, sizeof(one));
	while (written < 0 && errno == EINTR);
	drop(helper);
	return NULL;
}

/* A detached thread that no signal of the program's is delivered to. */
static bool
start_thread(struct helper *helper)
{
	sigset_t all, before;
	pthread_attr_t attributes;
	pthread_t thread;
	bool started;

	if (pthread_attr_init(&attributes) != 0)
		return false;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(&thread, &attributes, run, helper) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return started;
}

int
helper_start(struct helper **ret_helper, void (*work)(void *job),
	     void (*release)(void *job), void *job, bool threaded)
{
	struct helper *helper = mem_zalloc(sizeof(*helper));

	if (helper == NULL)
		return SMTPC_E_NOMEM;
	helper->work = work;
	helper->release = release;
	helper->job = job;
	helper->event = -1;
	atomic_init(&helper->state, WORKING);
	atomic_init(&helper->users, threaded ? 2 : 1);
	if (threaded) {
		helper->event = eventfd(0, EFD_CLOEXEC);
		if (helper->event < 0)
			goto out;
		if (!start_thread(helper)) {
			close(helper->event);
			goto out;
		}
	} else {
		work(job);
		atomic_store(&helper->state, DONE);
	}
	*ret_helper = helper;
	return SMTPC_OK;

out:
	mem_free(helper);
	return SMTPC_E_SYSTEM;
}

bool
helper_is_done(const struct helper *helper)
{
	return atomic_load(&helper->state) == DONE;
}

int
helper_descriptor(const struct helper *helper)
{
	return helper->event;
}

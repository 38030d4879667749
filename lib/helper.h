/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_HELPER_H
#define SMTPC_HELPER_H

#include <stdbool.h>

/*
 * A job that may wait, done in a thread of its own, so that its owner does
 * not have to: looking names up.  The owner may go away at any time; what
 * the job works on then lasts until it has finished.
 */
struct helper;

/*
 * Starts work(job).  release(job) is called once, when neither the thread nor
 * the owner needs the job any more.  With threaded false the work is done here
 * and now.  SMTPC_OK; otherwise job is still the caller's.
 */
int helper_start(struct helper **ret_helper, void (*work)(void *job),
		 void (*release)(void *job), void *job, bool threaded);

/* Whether the work is done, and what it did may be looked at. */
bool helper_is_done(const struct helper *helper);

/* Readable once the work is done; -1 if it was done here and then. */
int helper_descriptor(const struct helper *helper);

/* The owner leaves.  NULL is allowed. */
void helper_leave(struct helper *helper);

#endif

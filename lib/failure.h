/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_FAILURE_H
#define SMTPC_FAILURE_H

#include <stdbool.h>

#include "reply.h"

/*
 * Why something failed.  Set once, where the failure is found, and never
 * overwritten on the way up; cleared when the next step begins.
 */
struct failure {
	int result; /* SMTPC_OK: nothing failed */
	int phase;
	const char *detail; /* a token that lasts for ever, or NULL */
	char *message;	    /* NULL: there was no memory for it */
	int system_error;
	int tls_error;
	struct smtpc_reply *reply;
};

void failure_clear(struct failure *failure);

/* Does nothing if a failure is already recorded. */
void failure_set(struct failure *failure, int result, int phase,
		 const char *detail, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Makes failure say what other says. */
void failure_copy(struct failure *failure, const struct failure *other);

#endif

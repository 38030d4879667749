/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the program ends: exit codes, and the one line that says why. */
#ifndef EXIT_H
#define EXIT_H

#include <smtpc/smtpc.h>
#include <sysexits.h>

/*
 * The message was handed over whole and the server's verdict never came.
 * Beyond all that <sysexits.h> has, so that nobody takes it for "try later".
 */
#define EXIT_IN_DOUBT 80

/* "smtpc: ...", one line of printable ASCII, on standard error. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What a result means to the shell; system_error is an errno, or 0. */
int exit_code(int result, int phase, int system_error);

/* The same for the session's last step, said on standard error as well. */
int exit_with_error(const smtpc_session *session);

/* The fate of a transaction that was sent, recipient by recipient. */
int exit_with_fate(const smtpc_session *session,
		   const smtpc_transaction *transaction);

#endif

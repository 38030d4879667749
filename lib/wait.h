/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_WAIT_H
#define SMTPC_WAIT_H

#include <poll.h>

#include "engine.h"

/*
 * Blocking mode: carries on, from the result rc of a beginning, until the step
 * is done.  In a non-blocking session that is rc itself.
 */
int wait_until_done(struct smtpc_session *session, int rc);

/*
 * The same until is_done() says so, or nothing is in progress any more; only in
 * blocking sessions.
 */
void wait_until(struct smtpc_session *session,
		bool (*is_done)(const struct smtpc_session *session));

/* What waits: a test puts its own world here. */
extern int (*wait_source)(struct pollfd *items, nfds_t count, int timeout);

#endif

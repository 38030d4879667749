/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session as the options ask for it, as far as it can be opened. */
#ifndef DIALOGUE_H
#define DIALOGUE_H

#include <smtpc/smtpc.h>

struct options;

/*
 * Each returns 0, or an exit code after the complaint.  A new session is the
 * caller's to free.
 */
int dialogue_new(const struct options *options, smtpc_session **ret_session);

/* Connects only; a result of the library, not complained about. */
int dialogue_connect(smtpc_session *session, const struct options *options);

/* Connects, and goes on until mail can be sent. */
int dialogue_open(smtpc_session *session, const struct options *options);

#endif

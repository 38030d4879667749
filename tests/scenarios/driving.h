/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session on one end of a real pair of sockets, and the server's words typed
 * in at the other: what the tests of driving a session share.
 */
#ifndef SCENARIOS_DRIVING_H
#define SCENARIOS_DRIVING_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

#include <smtpc/smtpc.h>

struct driven {
	smtpc_session *session;
	smtpc_transaction *mail; /* alice to bob, "Hello." */
	int server;		 /* the other end, or -1 */
	int attached;		 /* what smtpc_attach() was given */
};

/* A session that does not block, and a mail; not connected. */
void driven_new(struct driven *driven);
void driven_free(struct driven *driven);

/* Attaches a fresh pair of sockets; the step is in progress then. */
void driven_attach(struct driven *driven);

/* The same and on: greeted, and ready after EHLO. */
void driven_greet(struct driven *driven);
void driven_make_ready(struct driven *driven);

/* The server says this. */
void driven_say(struct driven *driven, const char *text);

/* The client must have sent just this. */
void driven_expect(struct driven *driven, const char *text);

/* The server's side is closed. */
void driven_hang_up(struct driven *driven);

/* Whether the client's side is closed, and nothing came before that. */
bool driven_is_hung_up(struct driven *driven);

/* smtpc_process(), and as long as it is SMTPC_AGAIN and all is there. */
int driven_process(struct driven *driven);

/* Sends the mail up to this reply, which is typed in as the last one. */
void driven_begin_mail(struct driven *driven);

/* How many descriptors this process has open, and threads running. */
size_t descriptors_open(void);
size_t threads_running(void);

#endif

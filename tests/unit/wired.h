/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session over a stream in memory, whose server is the test: what the tests
 * of the library's upper layers share.
 */
#ifndef UNIT_WIRED_H
#define UNIT_WIRED_H

#include "engine.h"
#include "memory_stream.h"

extern smtpc_session *session;
extern smtpc_transaction *mail;
extern struct memory_stream wired_wire;

/* The clock stands still but for what a test adds. */
extern int64_t wired_now;

/*
 * A session in clear that does not block, not connected yet; and a mail from
 * alice to bob that says "Hello.".
 */
void wired_set_up(void);
void wired_tear_down(void);

/* The server says this. */
void wired_say(const char *text);

/* The client has sent just this since the last time. */
void wired_heard(const char *text);

/* Connected to mx.example.test on port 587; smtpc_attach()'s result. */
int wired_attach(void);

/* The same, greeted; and after EHLO, which offers these, as "A\r\nB". */
void wired_greet(void);
void wired_make_ready(const char *offers);

/* The next connection is over a fresh stream. */
void wired_renew(void);

/* smtpc_process(), after the server has said this. */
int wired_process(const char *said);

#endif

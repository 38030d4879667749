/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Functions of the C library in whose place the program has its own: those of
 * a program come before those of a shared library, so that everybody in the
 * process calls them, Cyrus SASL included.  They have to be in the program's
 * dynamic symbol table: export_dynamic.
 */
#ifndef PROCESS_INTERPOSED_H
#define PROCESS_INTERPOSED_H

#include <stdbool.h>

/* How often anybody has written to syslog, and what, line by line. */
int interposed_syslog_count(void);
const char *interposed_syslog_text(void);

/* What gethostname() tells from now on; NULL: the truth. */
void interposed_set_host_name(const char *name);

/* From now on getaddrinfo() does not return for names, until it may. */
void interposed_kill_name_service(void);
void interposed_revive_name_service(void);

/* Waits until somebody waits for the name service. */
void interposed_await_question(void);
int interposed_question_count(void);

/* From now on write() does not return to any thread but the first. */
void interposed_hold_writes(void);
void interposed_let_writes_go(void);

/* Waits until somebody is held. */
void interposed_await_write(void);

/* How many connections of Cyrus SASL's have been given up. */
int interposed_dispose_count(void);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DIR/log: one line an event, "CONNECTION TEXT", where CONNECTION counts from
 * 1 and is 0 for the server itself.  TEXT is "C: " and a command, "S: " and a
 * line of a reply, or "* " and what else happened.
 */
#ifndef HARNESS_LOOPBACK_LOG_H
#define HARNESS_LOOPBACK_LOG_H

#include <stddef.h>

/* An earlier server's log is overwritten.  0, or -1 and errno. */
int
log_open(const char *directory);

void
log_event(unsigned int connection, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Text from the wire; whatever is not printable ASCII is shown as \xNN. */
void
log_text(unsigned int connection, const char *prefix, const char *text,
    size_t len);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_TRACE_H
#define SMTPC_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include <smtpc/smtpc.h>

/*
 * Where the lines of the dialogue go.  Whoever has a secret in hand hides it
 * before it comes here: this module knows none.
 */
struct trace {
	smtpc_trace_fn function;
	void *userdata;
	int fd; /* -1: none */
	bool in_callback;
};

void trace_init(struct trace *trace);

/* Whether anybody listens. */
bool trace_is_on(const struct trace *trace);

/* One line, escaped on its way. */
void trace_line(struct trace *trace, int kind, const char *text, size_t len);

/* The same for a note, as printf. */
void trace_note(struct trace *trace, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The record of a failure.
 */
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ascii.h"
#include "mem.h"

/* As much of a message as is kept; longer ones are cut. */
#define MESSAGE_MAX 1024

void
failure_clear(struct failure *failure)
{
	mem_free(failure->message);
	reply_release(failure->reply);
	memset(failure, 0, sizeof(*failure));
}

void
failure_set(struct failure *failure, int result, int phase, const char *detail,
	    const char *format, ...)
{
	char message[MESSAGE_MAX];
	va_list args;

	if (failure->result != SMTPC_OK)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	failure->result = result;
	failure->phase = phase;
	failure->detail = detail;
	/* What comes from the server is escaped; other libraries translate. */
	ascii_make_printable(message);
	failure->message = mem_copy_text(message);
}

void
failure_copy(struct failure *failure, const struct failure *other)
{
	failure_clear(failure);
	*failure = *other;
	failure->message = NULL;
	if (other->message != NULL)
		failure->message = mem_copy_text(other->message);
	failure->reply = reply_hold(other->reply);
}

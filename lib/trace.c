/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The trace of the dialogue, and how it never waits or signals.
 */
#include "trace.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ascii.h"
#include "mem.h"

/* As much of a line as is shown. */
#define LINE_MAX_SHOWN 1000

void
trace_init(struct trace *trace)
{
	memset(trace, 0, sizeof(*trace));
	trace->fd = -1;
}

bool
trace_is_on(const struct trace *trace)
{
	return trace->function != NULL || trace->fd >= 0;
}

/*
 * Write to a pipe whose reader may be gone: the signal that this would raise
 * is held back and, if it is ours, taken away.
 */
static void
write_without_signal(int fd, const char *text, size_t len)
{
	const struct timespec at_once = { 0, 0 };
	sigset_t sigpipe, before, pending;
	bool was_pending;
	ssize_t written;

	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	if (pthread_sigmask(SIG_BLOCK, &sigpipe, &before) != 0)
		return;
	sigpending(&pending);
	was_pending = sigismember(&pending, SIGPIPE) == 1;
	written = write(fd, text, len);
	if (written < 0 && errno == EPIPE && !was_pending)
		while (sigtimedwait(&sigpipe, NULL, &at_once) < 0 &&
		       errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/*
 * A descriptor that is not ready loses the line rather than hold up the mail;
 * one that is takes PIPE_BUF octets without waiting.
 */
static void
write_line(int fd, const char *text, size_t len)
{
	struct pollfd ready = { fd, POLLOUT, 0 };
	int saved = errno;

	if (len > PIPE_BUF)
		len = PIPE_BUF;
	if (poll(&ready, 1, 0) == 1 && ready.revents == POLLOUT)
		write_without_signal(fd, text, len);
	errno = saved;
}

static void
emit(struct trace *trace, int kind, const char *line)
{
	static const char *const prefixes[] = { "C: ", "S: ", "* " };
	char *whole;

	if (trace->fd >= 0) {
		whole = mem_format("%s%s\n", prefixes[kind], line);
		if (whole != NULL)
			write_line(trace->fd, whole, strlen(whole));
		mem_free(whole);
	}
	if (trace->function != NULL) {
		trace->in_callback = true;
		trace->function(kind, line, strlen(line), trace->userdata);
		trace->in_callback = false;
	}
}

void
trace_line(struct trace *trace, int kind, const char *text, size_t len)
{
	char *escaped;

	if (!trace_is_on(trace))
		return;
	escaped = ascii_escape(text, len, LINE_MAX_SHOWN);
	if (escaped != NULL)
		emit(trace, kind, escaped);
	mem_free(escaped);
}

void
trace_note(struct trace *trace, const char *format, ...)
{
	char line[LINE_MAX_SHOWN];
	va_list args;

	if (!trace_is_on(trace))
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	trace_line(trace, SMTPC_TRACE_NOTE, line, strlen(line));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/trace.c: it shows everything, and holds up nothing. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ascii.h"
#include "suite.h"
#include "trace.h"

static struct trace trace;
static char seen[8192];
static int seen_kind, calls;
static size_t seen_len;

static void
listener(int kind, const char *text, size_t len, void *userdata)
{
	ck_assert_ptr_eq(userdata, &calls);
	ck_assert(trace.in_callback);
	ck_assert_uint_lt(len, sizeof(seen));
	memcpy(seen, text, len);
	seen[len] = '\0';
	seen_len = len;
	seen_kind = kind;
	calls++;
}

static void
set_up(void)
{
	trace_init(&trace);
	calls = 0;
}

static void
listen_in(void)
{
	trace.function = listener;
	trace.userdata = &calls;
}

static void
show(int kind, const char *text)
{
	trace_line(&trace, kind, text, strlen(text));
}

START_TEST(nobody_listens_at_first)
{
	ck_assert(!trace_is_on(&trace));
	ck_assert_int_eq(trace.fd, -1);
	show(SMTPC_TRACE_CLIENT, "EHLO x");
	trace_note(&trace, "%d", 1);
	listen_in();
	ck_assert(trace_is_on(&trace));
	trace_init(&trace);
	trace.fd = 0;
	ck_assert(trace_is_on(&trace));
}
END_TEST

START_TEST(function_gets_each_line_with_its_kind)
{
	listen_in();
	show(SMTPC_TRACE_CLIENT, "EHLO x");
	ck_assert_int_eq(calls, 1);
	ck_assert_int_eq(seen_kind, SMTPC_TRACE_CLIENT);
	ck_assert_str_eq(seen, "EHLO x");
	show(SMTPC_TRACE_SERVER, "");
	ck_assert_int_eq(seen_kind, SMTPC_TRACE_SERVER);
	ck_assert_str_eq(seen, "");
	ck_assert_uint_eq(seen_len, 0);
	trace_note(&trace, "%s, %d octets", "content", 12);
	ck_assert_int_eq(seen_kind, SMTPC_TRACE_NOTE);
	ck_assert_str_eq(seen, "content, 12 octets");
	ck_assert_int_eq(calls, 3);
	ck_assert(!trace.in_callback);
}
END_TEST

START_TEST(what_is_shown_is_printable_ascii)
{
	static const char line[] = "250 a\0b\r\n\x1b]0;x\a\xc2\x9b\\%s%n";

	listen_in();
	trace_line(&trace, SMTPC_TRACE_SERVER, line, sizeof(line) - 1);
	ck_assert_str_eq(seen, "250 a\\x00b\\x0d\\x0a\\x1b]0;x\\x07\\xc2\\x9b"
			       "\\\\%s%n");
	trace_note(&trace, "to %s", "a\nb");
	ck_assert_str_eq(seen, "to a\\x0ab");
}
END_TEST

START_TEST(long_line_is_cut)
{
	char text[3000];

	memset(text, '\xff', sizeof(text));
	listen_in();
	trace_line(&trace, SMTPC_TRACE_SERVER, text, sizeof(text));
	ck_assert_uint_eq(seen_len, 4 * 1000 + 3);
	ck_assert_str_eq(seen + 4000, "...");
	trace_note(&trace, "%02000d", 1);
	ck_assert_uint_le(seen_len, 1003);
}
END_TEST

/* What a descriptor has got, all of it. */
static const char *
read_all(int fd)
{
	ssize_t len = read(fd, seen, sizeof(seen) - 1);

	ck_assert_int_ge(len, 0);
	seen[len] = '\0';
	return seen;
}

START_TEST(descriptor_gets_each_line_with_a_prefix)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	trace.fd = fds[1];
	show(SMTPC_TRACE_CLIENT, "EHLO x");
	show(SMTPC_TRACE_SERVER, "250 a\nb");
	show(SMTPC_TRACE_NOTE, "connected");
	ck_assert_str_eq(read_all(fds[0]),
			 "C: EHLO x\nS: 250 a\\x0ab\n* connected\n");
	/* It is not closed, and both may be wanted. */
	listen_in();
	show(SMTPC_TRACE_CLIENT, "QUIT");
	ck_assert_int_eq(calls, 1);
	ck_assert_str_eq(seen, "QUIT");
	ck_assert_str_eq(read_all(fds[0]), "C: QUIT\n");
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(longest_line_is_written_whole)
{
	char text[1000];
	const char *line;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	trace.fd = fds[1];
	memset(text, '\xff', sizeof(text));
	trace_line(&trace, SMTPC_TRACE_SERVER, text, sizeof(text));
	line = read_all(fds[0]);
	ck_assert_uint_eq(strlen(line), 3 + 4000 + 1);
	ck_assert_int_eq(line[4003], '\n');
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(errno_is_kept)
{
	trace.fd = open("/dev/full", O_WRONLY);
	errno = EXDEV;
	show(SMTPC_TRACE_CLIENT, "EHLO x");
	ck_assert_int_eq(errno, EXDEV);
	close(trace.fd);
	show(SMTPC_TRACE_CLIENT, "EHLO x");
	ck_assert_int_eq(errno, EXDEV);
}
END_TEST

/* SIGPIPE has its default effect, which is to end the test. */
START_TEST(reader_that_is_gone_raises_no_signal)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	close(fds[0]);
	trace.fd = fds[1];
	show(SMTPC_TRACE_CLIENT, "EHLO x");
	close(fds[1]);
}
END_TEST

/* A socket that poll() takes for ready, and that breaks when it is used. */
static int
broken_socket(void)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_int_eq(shutdown(fds[0], SHUT_WR), 0);
	return fds[0];
}

static void
block_sigpipe(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(how, &set, NULL);
}

static bool
sigpipe_is_pending(void)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, SIGPIPE) == 1;
}

START_TEST(signal_of_a_broken_pipe_is_taken_away)
{
	sigset_t before, after;

	trace.fd = broken_socket();
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	show(SMTPC_TRACE_CLIENT, "EHLO x");
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	ck_assert_int_eq(sigismember(&before, SIGPIPE), 0);
	ck_assert_int_eq(sigismember(&after, SIGPIPE), 0);
	block_sigpipe(SIG_BLOCK);
	show(SMTPC_TRACE_CLIENT, "EHLO x");
	ck_assert(!sigpipe_is_pending());
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	ck_assert_int_eq(sigismember(&after, SIGPIPE), 1);
}
END_TEST

START_TEST(signal_that_was_there_before_is_left_alone)
{
	trace.fd = broken_socket();
	block_sigpipe(SIG_BLOCK);
	raise(SIGPIPE);
	show(SMTPC_TRACE_CLIENT, "EHLO x");
	ck_assert(sigpipe_is_pending());
}
END_TEST

/* A pipe that would wait, and that nobody reads. */
START_TEST(full_pipe_loses_lines_and_holds_up_nothing)
{
	const char *line;
	int fds[2];
	int i;

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_gt(fcntl(fds[1], F_SETPIPE_SZ, 4096), 0);
	trace.fd = fds[1];
	for (i = 0; i < 1000; i++)
		show(SMTPC_TRACE_CLIENT, "NOOP");
	line = read_all(fds[0]);
	/* Whole lines, until there was no room. */
	ck_assert_uint_gt(strlen(line), 0);
	ck_assert_uint_eq(strlen(line) % strlen("C: NOOP\n"), 0);
	show(SMTPC_TRACE_CLIENT, "QUIT");
	ck_assert_str_eq(read_all(fds[0]), "C: QUIT\n");
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(without_memory_the_line_is_lost)
{
	bool more = true;
	unsigned int i;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	trace.fd = fds[1];
	listen_in();
	for (i = 0; more; i++) {
		calls = 0;
		fault_at(i);
		show(SMTPC_TRACE_CLIENT, "NOOP");
		more = fault_end();
		/* The function does not need the prefix. */
		ck_assert_int_eq(calls, i > 0);
	}
	ck_assert_uint_eq(i, 3);
	ck_assert_str_eq(read_all(fds[0]), "C: NOOP\n");
	close(fds[0]);
	close(fds[1]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("trace");
	TCase *tcase = suite_case(suite, "trace");

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, nobody_listens_at_first);
	tcase_add_test(tcase, function_gets_each_line_with_its_kind);
	tcase_add_test(tcase, what_is_shown_is_printable_ascii);
	tcase_add_test(tcase, long_line_is_cut);
	tcase_add_test(tcase, without_memory_the_line_is_lost);

	tcase = suite_case(suite, "descriptor");
	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, descriptor_gets_each_line_with_a_prefix);
	tcase_add_test(tcase, longest_line_is_written_whole);
	tcase_add_test(tcase, errno_is_kept);
	tcase_add_test(tcase, reader_that_is_gone_raises_no_signal);
	tcase_add_test(tcase, signal_of_a_broken_pipe_is_taken_away);
	tcase_add_test(tcase, signal_that_was_there_before_is_left_alone);
	tcase_add_test(tcase, full_pipe_loses_lines_and_holds_up_nothing);
	return suite_run(suite);
}

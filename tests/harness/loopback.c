/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * smtpc-loopback, an SMTP server for the demo and for end-to-end tests.  It
 * shares no line with the library, so that the two cannot agree on a mistake.
 * Each connection is served by a process of its own; all of them end with the
 * server, however that ends, because they watch a pipe that it holds open.
 */
#include "loopback.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "certs.h"
#include "loopback_auth.h"
#include "loopback_connection.h"
#include "loopback_delivery.h"
#include "loopback_listener.h"
#include "loopback_log.h"

#define CHILDREN_MAX 256

/* How long the processes of connections may take to end. */
#define PATIENCE_MS 5000

struct supervisor {
	struct loopback_server server;
	struct listener listeners[LISTENER_COUNT];
	int lifeline[2]; /* nothing is ever written to it */
	pid_t children[CHILDREN_MAX];
	size_t child_count;
	unsigned int connection_count;
	sigset_t waiting_mask; /* signals get through while waiting only */
	bool has_crashed;      /* a connection's process did */
	bool is_child;
};

static volatile sig_atomic_t is_told_to_end;

static void
note_signal(int number)
{
	if (number != SIGCHLD)
		is_told_to_end = 1;
}

static int
start_signals(struct supervisor *supervisor)
{
	struct sigaction action = { .sa_handler = note_signal };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &mask, &supervisor->waiting_mask) < 0)
		return -1;
	sigdelset(&supervisor->waiting_mask, SIGTERM);
	sigdelset(&supervisor->waiting_mask, SIGINT);
	sigdelset(&supervisor->waiting_mask, SIGCHLD);
	if (sigaction(SIGTERM, &action, NULL) < 0 ||
	    sigaction(SIGINT, &action, NULL) < 0 ||
	    sigaction(SIGCHLD, &action, NULL) < 0)
		return -1;
	return sigaction(SIGPIPE, &ignore, NULL);
}

static int
start_certificates(struct loopback_server *server)
{
	struct certificates *certificates;
	const struct credentials *ca, *own;
	int rc;

	certificates = certificates_new();
	if (certificates == NULL)
		return -1;
	ca = certificates_get(certificates, "ca");
	own = certificates_get(certificates, server->options.certificate);
	rc = -1;
	if (ca == NULL || own == NULL)
		fprintf(stderr, "smtpc-loopback: no certificate %s\n",
			server->options.certificate);
	else if (credentials_write(ca, server->options.directory, "ca", false) <
		 0)
		fprintf(stderr, "smtpc-loopback: ca.pem: %s\n",
			strerror(errno));
	else
		rc = credentials_hand_over(own, server->credentials);
	certificates_free(certificates);
	return rc;
}

static int
start_tls(struct loopback_server *server)
{
	const char *place;
	int rc;

	rc = gnutls_certificate_allocate_credentials(&server->credentials);
	if (rc >= 0)
		rc = gnutls_session_ticket_key_generate(&server->ticket_key);
	if (rc < 0) {
		fprintf(stderr, "smtpc-loopback: %s\n", gnutls_strerror(rc));
		return -1;
	}
	rc = gnutls_priority_init(&server->priority,
				  server->options.tls_priority, &place);
	if (rc < 0) {
		fprintf(stderr, "smtpc-loopback: TLS priority: %s at %s\n",
			gnutls_strerror(rc), place);
		return -1;
	}
	return start_certificates(server);
}

/* All that can fail does so before "ready". */
static int
start(struct supervisor *supervisor)
{
	struct loopback_server *server;
	void *shared;

	server = &supervisor->server;
	listeners_withdraw(&server->options);
	if (log_open(server->options.directory) < 0 ||
	    delivery_start(&server->options) < 0) {
		fprintf(stderr, "smtpc-loopback: %s: %s\n",
			server->options.directory, strerror(errno));
		return -1;
	}
	shared = mmap(NULL, sizeof(*server->messages), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED ||
	    pipe2(supervisor->lifeline, O_CLOEXEC) < 0 ||
	    start_signals(supervisor) < 0) {
		fprintf(stderr, "smtpc-loopback: %s\n", strerror(errno));
		return -1;
	}
	server->messages = shared;
	if (start_tls(server) < 0 || auth_start(&server->options) < 0 ||
	    listeners_open(supervisor->listeners, &server->options) < 0)
		return -1;
	if (listeners_publish(supervisor->listeners, &server->options) < 0) {
		fprintf(stderr, "smtpc-loopback: env: %s\n", strerror(errno));
		return -1;
	}
	return 0;
}

/* In the process of the connection. */
static void
serve_connection(struct supervisor *supervisor, enum listener_kind kind, int fd)
{
	struct connection *connection;

	supervisor->is_child = true;
	supervisor->has_crashed = false; /* that was another one */
	close(supervisor->lifeline[1]);
	supervisor->lifeline[1] = -1;
	listeners_close(supervisor->listeners);
	connection = connection_new(supervisor->connection_count, fd,
				    supervisor->lifeline[0],
				    supervisor->server.options.idle);
	if (connection != NULL)
		session_run(&supervisor->server, kind, connection);
	connection_free(connection);
}

static void
accept_connection(struct supervisor *supervisor,
		  const struct listener *listener)
{
	pid_t pid;
	int fd;

	fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	supervisor->connection_count++;
	pid = -1;
	if (supervisor->child_count < CHILDREN_MAX)
		pid = fork();
	if (pid == 0)
		serve_connection(supervisor, listener->kind, fd);
	else if (pid > 0)
		supervisor->children[supervisor->child_count++] = pid;
	else
		log_event(supervisor->connection_count, "not served");
	close(fd);
}

/* Collect the processes that have ended. */
static void
reap(struct supervisor *supervisor)
{
	size_t i;
	pid_t pid;
	int status;

	i = 0;
	while (i < supervisor->child_count) {
		pid = waitpid(supervisor->children[i], &status, WNOHANG);
		if (pid == 0) {
			i++;
			continue;
		}
		if (pid > 0 && status != 0) {
			log_event(0, "a connection's process crashed");
			supervisor->has_crashed = true;
		}
		supervisor->children[i] =
		    supervisor->children[--supervisor->child_count];
	}
}

static long
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Wait for at most so long, or for a signal; true when descriptors are ready.
 */
static bool
wait_until(struct supervisor *supervisor, struct pollfd *fds, nfds_t count,
	   long deadline)
{
	struct timespec timeout;
	long left;

	left = deadline - now_ms();
	if (left < 0)
		left = 0;
	timeout.tv_sec = left / 1000;
	timeout.tv_nsec = left % 1000 * 1000000;
	return ppoll(fds, count, &timeout, &supervisor->waiting_mask) > 0;
}

static bool
has_input_ended(const struct pollfd *input)
{
	char rest[512];

	return input->revents != 0 && read(input->fd, rest, sizeof(rest)) <= 0;
}

/* Until there is a reason to end; also returns in each connection's process. */
static void
supervise(struct supervisor *supervisor)
{
	struct pollfd fds[LISTENER_COUNT + 1];
	long deadline;
	size_t i;

	deadline = now_ms() + supervisor->server.options.lifetime * 1000;
	for (i = 0; i < LISTENER_COUNT; i++)
		fds[i] = (struct pollfd){ .fd = supervisor->listeners[i].fd,
					  .events = POLLIN };
	fds[LISTENER_COUNT] =
	    (struct pollfd){ .fd = supervisor->server.options.watch_stdin
				       ? STDIN_FILENO
				       : -1,
			     .events = POLLIN };
	while (is_told_to_end == 0 && now_ms() < deadline) {
		if (wait_until(supervisor, fds, LISTENER_COUNT + 1, deadline)) {
			if (has_input_ended(&fds[LISTENER_COUNT]))
				return;
			for (i = 0; i < LISTENER_COUNT; i++) {
				if (fds[i].revents != 0)
					accept_connection(
					    supervisor,
					    &supervisor->listeners[i]);
				if (supervisor->is_child)
					return;
			}
		}
		reap(supervisor);
	}
}

/* In the server itself: nothing of it stays behind. */
static void
end_connections(struct supervisor *supervisor)
{
	long deadline;
	size_t i;

	if (supervisor->lifeline[1] >= 0)
		close(supervisor->lifeline[1]);
	supervisor->lifeline[1] = -1;
	deadline = now_ms() + PATIENCE_MS;
	for (;;) {
		reap(supervisor);
		if (supervisor->child_count == 0 || now_ms() >= deadline)
			break;
		wait_until(supervisor, NULL, 0, deadline);
	}
	for (i = 0; i < supervisor->child_count; i++) {
		log_event(0, "a connection's process was stuck");
		supervisor->has_crashed = true;
		kill(supervisor->children[i], SIGKILL);
		waitpid(supervisor->children[i], NULL, 0);
	}
}

static void
clear(struct supervisor *supervisor)
{
	struct loopback_server *server;

	server = &supervisor->server;
	listeners_close(supervisor->listeners);
	if (supervisor->lifeline[0] >= 0)
		close(supervisor->lifeline[0]);
	if (server->credentials != NULL)
		gnutls_certificate_free_credentials(server->credentials);
	if (server->priority != NULL)
		gnutls_priority_deinit(server->priority);
	gnutls_free(server->ticket_key.data);
	free(server->options.path);
}

int
main(int argc, char **argv)
{
	static struct supervisor supervisor = { .lifeline = { -1, -1 } };
	struct loopback_options *options;
	size_t i;
	int rc;

	for (i = 0; i < LISTENER_COUNT; i++)
		supervisor.listeners[i].fd = -1;
	options = &supervisor.server.options;
	if (argc < 1 || options_parse(options, argv + 1) < 0)
		return 2;
	if (options->help)
		return 0;
	rc = start(&supervisor);
	if (rc == 0) {
		puts("ready");
		fflush(stdout);
		supervise(&supervisor);
		if (!supervisor.is_child) {
			listeners_remove(options);
			end_connections(&supervisor);
		}
	}
	clear(&supervisor);
	return rc < 0 || supervisor.has_crashed ? 1 : 0;
}

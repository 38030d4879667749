/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The server that clients are measured against: one thread and epoll.
 *
 *   sink [-b ADDRESS] [-c CERTIFICATE -k KEY] [-d MILLISECONDS] [-X EXTENSIONS]
 *
 * The first line that it prints has its ports, as JSON: SMTP, SMTP over TLS,
 * two that take anything (in clear, over TLS), and one that answers a
 * connection with the counters and sets them to 0.  -d holds all that is sent
 * back, -X names extensions that are not offered.  It ends with its standard
 * input.
 */
#include "sink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 256

/* What is sent when its time comes. */
struct delayed {
	struct delayed *next;
	struct sink_connection *connection;
	int64_t due;
	size_t len;
	char data[];
};

struct sink_counters sink_counters;

static int poller;
static int64_t delay;
static struct delayed *delayed_first;
static struct delayed **delayed_last = &delayed_first;
static char incoming[1 << 18];

void
sink_die(const char *what)
{
	perror(what);
	exit(1);
}

static void *
new_memory(size_t size)
{
	void *memory = calloc(1, size);

	if (memory == NULL)
		sink_die("memory");
	return memory;
}

void
octets_add(struct octets *octets, const void *data, size_t len)
{
	if (len == 0)
		return;
	if (octets->len + len > octets->size) {
		octets->size = (octets->len + len) * 2 + 256;
		octets->data = realloc(octets->data, octets->size);
		if (octets->data == NULL)
			sink_die("memory");
	}
	memcpy(octets->data + octets->len, data, len);
	octets->len += len;
}

static int64_t
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* Sending. */

static void
watch(struct sink_connection *connection, bool write_too)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (connection->wants_write == write_too)
		return;
	event.data.ptr = connection;
	if (write_too)
		event.events |= EPOLLOUT;
	epoll_ctl(poller, EPOLL_CTL_MOD, connection->fd, &event);
	connection->wants_write = write_too;
}

static void
send_now(struct sink_connection *connection, const char *data, size_t len)
{
	ssize_t sent = 0;

	if (connection->fd < 0)
		return;
	if (connection->unsent.len == 0) {
		sent = send(connection->fd, data, len, MSG_NOSIGNAL);
		connection->has_sent = true;
		if (sent < 0)
			sent = 0;
		if ((size_t)sent == len)
			return;
	}
	octets_add(&connection->unsent, data + sent, len - (size_t)sent);
	watch(connection, true);
}

static void
send_rest(struct sink_connection *connection)
{
	struct octets *rest = &connection->unsent;
	ssize_t sent =
	    send(connection->fd, rest->data, rest->len, MSG_NOSIGNAL);

	if (sent <= 0)
		return;
	rest->len -= (size_t)sent;
	memmove(rest->data, rest->data + sent, rest->len);
	if (rest->len == 0)
		watch(connection, false);
}

void
sink_push(struct sink_connection *connection)
{
	struct octets *out = &connection->out;
	struct delayed *item;

	if (out->len == 0)
		return;
	if (delay == 0) {
		send_now(connection, out->data, out->len);
	} else {
		item = new_memory(sizeof(*item) + out->len);
		item->connection = connection;
		item->due = now() + delay;
		item->len = out->len;
		memcpy(item->data, out->data, out->len);
		*delayed_last = item;
		delayed_last = &item->next;
		connection->delayed++;
	}
	out->len = 0;
}

static void
give_up(struct sink_connection *connection)
{
	if (connection->delayed > 0)
		return;
	free(connection->replies.data);
	free(connection->out.data);
	free(connection->unsent.data);
	free(connection);
}

static void
hang_up(struct sink_connection *connection)
{
	if (connection->tls != NULL)
		gnutls_deinit(connection->tls);
	connection->tls = NULL;
	close(connection->fd);
	connection->fd = -1;
	give_up(connection);
}

static bool
is_done(const struct sink_connection *connection)
{
	return connection->closing && connection->delayed == 0 &&
	       connection->unsent.len == 0;
}

static void
send_what_is_due(void)
{
	while (delayed_first != NULL && delayed_first->due <= now()) {
		struct delayed *item = delayed_first;
		struct sink_connection *connection = item->connection;

		delayed_first = item->next;
		if (delayed_first == NULL)
			delayed_last = &delayed_first;
		connection->delayed--;
		if (connection->fd < 0) {
			give_up(connection);
		} else {
			send_now(connection, item->data, item->len);
			if (is_done(connection))
				hang_up(connection);
		}
		free(item);
	}
}

/* Receiving. */

static void
take(struct sink_connection *connection, const char *data, size_t len)
{
	if (connection->tls != NULL) {
		sink_tls_take(connection, data, len);
		return;
	}
	sink_input(connection, data, len);
	sink_flush(connection);
	if (connection->start_tls)
		sink_tls_begin(connection);
}

static void
receive(struct sink_connection *connection)
{
	ssize_t got;

	do {
		got = recv(connection->fd, incoming, sizeof(incoming),
			   MSG_DONTWAIT);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got <= 0) {
			hang_up(connection);
			return;
		}
		sink_counters.reads++;
		sink_counters.wire += (unsigned long)got;
		if (connection->has_sent) {
			sink_counters.flights++;
			connection->has_sent = false;
		}
		take(connection, incoming, (size_t)got);
		if (is_done(connection)) {
			hang_up(connection);
			return;
		}
	} while ((size_t)got == sizeof(incoming));
}

/* Connections. */

static double
cpu_seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void
report(int fd)
{
	const struct sink_counters *seen = &sink_counters;
	char text[1024];
	int len = snprintf(
	    text, sizeof(text),
	    "{\"connections\": %lu, \"messages\": %lu, \"recipients\": %lu, "
	    "\"commands\": %lu, \"octets\": %lu, \"wire\": %lu, "
	    "\"reads\": %lu, \"flights\": %lu, \"auths\": %lu, "
	    "\"chunks\": %lu, \"full\": %lu, \"resumed\": %lu, "
	    "\"cpu\": %.9f}\n",
	    seen->connections, seen->messages, seen->recipients, seen->commands,
	    seen->octets, seen->wire, seen->reads, seen->flights, seen->auths,
	    seen->chunks, seen->full, seen->resumed, cpu_seconds());

	if (send(fd, text, (size_t)len, MSG_NOSIGNAL) != len)
		perror("sink: control");
	close(fd);
	memset(&sink_counters, 0, sizeof(sink_counters));
}

static void
add(struct sink_connection *connection)
{
	struct epoll_event event = { .events = EPOLLIN };

	event.data.ptr = connection;
	if (epoll_ctl(poller, EPOLL_CTL_ADD, connection->fd, &event) != 0)
		sink_die("epoll_ctl");
}

static void
welcome(int fd, enum sink_port port)
{
	struct sink_connection *connection = new_memory(sizeof(*connection));
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	connection->fd = fd;
	connection->port = port;
	sink_counters.connections++;
	add(connection);
	if (port == SINK_DISCARD || port == SINK_DISCARD_TLS)
		connection->mode = SINK_IGNORE;
	if (port == SINK_SMTPS || port == SINK_DISCARD_TLS)
		sink_tls_begin(connection);
	if (port == SINK_SMTP) {
		sink_greet(connection);
		sink_flush(connection);
	}
}

static void
accept_all(const struct sink_connection *listener)
{
	int fd;

	while ((fd = accept4(listener->fd, NULL, NULL,
			     SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		if (listener->port == SINK_CONTROL)
			report(fd);
		else
			welcome(fd, listener->port);
	}
}

/* Returns the number of the port. */
static int
listen_on(const char *address, enum sink_port port)
{
	struct sink_connection *listener = new_memory(sizeof(*listener));
	struct sockaddr_in name = { .sin_family = AF_INET };
	socklen_t len = sizeof(name);

	if (inet_pton(AF_INET, address, &name.sin_addr) != 1)
		sink_die(address);
	listener->fd =
	    socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	listener->port = port;
	listener->is_listener = true;
	if (listener->fd < 0 ||
	    bind(listener->fd, (struct sockaddr *)&name, len) != 0 ||
	    listen(listener->fd, 4096) != 0 ||
	    getsockname(listener->fd, (struct sockaddr *)&name, &len) != 0)
		sink_die("listen");
	add(listener);
	return ntohs(name.sin_port);
}

static void
handle(const struct epoll_event *event)
{
	struct sink_connection *connection = event->data.ptr;
	char ignored[64];

	/* Standard input has no connection. */
	if (connection == NULL) {
		if (read(STDIN_FILENO, ignored, sizeof(ignored)) <= 0)
			exit(0);
		return;
	}
	if (connection->is_listener) {
		accept_all(connection);
		return;
	}
	if (event->events & EPOLLOUT)
		send_rest(connection);
	if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		receive(connection);
}

_Noreturn static void
serve(void)
{
	static struct epoll_event events[EVENTS_MAX];

	for (;;) {
		struct timespec time = { 0, 0 };
		int64_t left;
		int count, i;

		if (delayed_first != NULL) {
			left = delayed_first->due - now();
			if (left < 0)
				left = 0;
			time.tv_sec = left / 1000000000;
			time.tv_nsec = left % 1000000000;
		}
		count =
		    epoll_pwait2(poller, events, EVENTS_MAX,
				 delayed_first != NULL ? &time : NULL, NULL);
		for (i = 0; i < count; i++)
			handle(&events[i]);
		send_what_is_due();
	}
}

static void
watch_input(void)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0)
		sink_die("standard input");
}

int
main(int argc, char **argv)
{
	const char *address = "127.0.0.1";
	const char *certificate = NULL;
	const char *key = NULL;
	int ports[SINK_PORTS];
	char *end;
	int option, i;

	while ((option = getopt(argc, argv, "b:c:k:d:X:")) > 0)
		switch (option) {
		case 'b':
			address = optarg;
			break;
		case 'c':
			certificate = optarg;
			break;
		case 'k':
			key = optarg;
			break;
		case 'd':
			delay = strtoll(optarg, &end, 10) * 1000000;
			break;
		case 'X':
			sink_without = optarg;
			break;
		default:
			return 2;
		}
	if (certificate != NULL && key != NULL)
		sink_tls_load(certificate, key);
	poller = epoll_create1(EPOLL_CLOEXEC);
	if (poller < 0)
		sink_die("epoll_create1");
	for (i = 0; i < SINK_PORTS; i++)
		ports[i] = listen_on(address, i);
	watch_input();
	printf("{\"smtp\": %d, \"smtps\": %d, \"discard\": %d, "
	       "\"discard_tls\": %d, \"control\": %d}\n",
	       ports[SINK_SMTP], ports[SINK_SMTPS], ports[SINK_DISCARD],
	       ports[SINK_DISCARD_TLS], ports[SINK_CONTROL]);
	fflush(stdout);
	serve();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listening sockets, and the file that tells where they are. */
#include "loopback_listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 64

static int
open_tcp(struct listener *listener)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len;

	listener->fd =
	    socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return -1;
	len = sizeof(address);
	if (bind(listener->fd, (struct sockaddr *)&address, len) < 0 ||
	    listen(listener->fd, BACKLOG) < 0 ||
	    getsockname(listener->fd, (struct sockaddr *)&address, &len) < 0)
		return -1;
	listener->port = ntohs(address.sin_port);
	return 0;
}

static int
socket_path(struct sockaddr_un *address, const struct loopback_options *options)
{
	int len;

	address->sun_family = AF_UNIX;
	len = snprintf(address->sun_path, sizeof(address->sun_path),
		       "%s/socket", options->directory);
	if (len < 0 || (size_t)len >= sizeof(address->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

static int
open_unix(struct listener *listener, const struct loopback_options *options)
{
	struct sockaddr_un address;

	if (socket_path(&address, options) < 0)
		return -1;
	listener->fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return -1;
	/* One that an earlier server left behind would be in the way. */
	unlink(address.sun_path);
	if (bind(listener->fd, (struct sockaddr *)&address, sizeof(address)) <
	    0)
		return -1;
	return listen(listener->fd, BACKLOG);
}

int
listeners_open(struct listener *listeners,
	       const struct loopback_options *options)
{
	static const enum listener_kind kinds[LISTENER_COUNT] = {
		LISTENER_SUBMISSION, LISTENER_SMTPS, LISTENER_SMTP,
		LISTENER_UNIX
	};
	size_t i;
	int rc;

	for (i = 0; i < LISTENER_COUNT; i++)
		listeners[i] = (struct listener){ .kind = kinds[i], .fd = -1 };
	for (i = 0; i < LISTENER_COUNT; i++) {
		if (kinds[i] == LISTENER_UNIX)
			rc = open_unix(&listeners[i], options);
		else
			rc = open_tcp(&listeners[i]);
		if (rc < 0) {
			fprintf(stderr, "smtpc-loopback: cannot listen: %s\n",
				strerror(errno));
			listeners_close(listeners);
			return -1;
		}
	}
	return 0;
}

void
listeners_close(struct listener *listeners)
{
	size_t i;

	for (i = 0; i < LISTENER_COUNT; i++) {
		if (listeners[i].fd >= 0)
			close(listeners[i].fd);
		listeners[i].fd = -1;
	}
}

void
listeners_remove(const struct loopback_options *options)
{
	struct sockaddr_un address;

	if (socket_path(&address, options) == 0)
		unlink(address.sun_path);
}

void
listeners_withdraw(const struct loopback_options *options)
{
	char path[1024];
	int len;

	len = snprintf(path, sizeof(path), "%s/env", options->directory);
	if (len >= 0 && (size_t)len < sizeof(path))
		unlink(path);
}

/* In quotes only if a shell would need them. */
static void
write_value(FILE *file, const char *name, const char *value, const char *suffix)
{
	const char *c;

	if (value[strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"abcdefghijklmnopqrstuvwxyz"
				"0123456789@%_+=:,./-")] == '\0') {
		fprintf(file, "%s=%s%s\n", name, value, suffix);
		return;
	}
	fprintf(file, "%s='", name);
	for (c = value; *c != '\0'; c++) {
		if (*c == '\'')
			fputs("'\\''", file);
		else
			putc(*c, file);
	}
	fprintf(file, "%s'\n", suffix);
}

int
listeners_publish(const struct listener *listeners,
		  const struct loopback_options *options)
{
	static const char *const names[] = {
		[LISTENER_SUBMISSION] = "SUBMISSION_PORT",
		[LISTENER_SMTPS] = "SMTPS_PORT",
		[LISTENER_SMTP] = "SMTP_PORT",
	};
	const char *directory;
	char temporary[1024], final[1024];
	FILE *file;
	size_t i;
	int len;

	directory = options->directory;
	len = snprintf(temporary, sizeof(temporary), "%s/.env", directory);
	if (len < 0 || (size_t)len >= sizeof(temporary))
		return -1;
	snprintf(final, sizeof(final), "%s/env", directory);
	file = fopen(temporary, "we");
	if (file == NULL)
		return -1;
	for (i = 0; i < LISTENER_COUNT; i++)
		if (listeners[i].port != 0)
			fprintf(file, "%s=%u\n", names[listeners[i].kind],
				listeners[i].port);
	write_value(file, "SOCKET", directory, "/socket");
	write_value(file, "CA", directory, "/ca.pem");
	write_value(file, "MAILDIR", directory, "/Maildir");
	write_value(file, "RECEIVED", directory, "/received");
	write_value(file, "LOG", directory, "/log");
	fprintf(file, "PID=%ld\n", (long)getpid());
	write_value(file, "AUTH_USER", loopback_users[0].name, "");
	write_value(file, "AUTH_PASS", loopback_users[0].password, "");
	write_value(file, "AUTH_TOKEN", loopback_users[0].token, "");
	if (fclose(file) != 0)
		return -1;
	return rename(temporary, final);
}

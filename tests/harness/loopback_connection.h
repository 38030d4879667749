/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One connection: octets in and out, in clear or under TLS, with every wait
 * bounded by the idle time and by the life of the server.
 */
#ifndef HARNESS_LOOPBACK_CONNECTION_H
#define HARNESS_LOOPBACK_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "loopback.h"

/* RFC 4954, section 4: a line of an exchange may have 12,288 octets. */
#define CONNECTION_LINE_MAX 12288

enum connection_line {
	LINE_WHOLE,
	LINE_TOO_LONG, /* read to its end, and thrown away */
	LINE_BARE_LF,  /* ended by LF alone, or has a CR or NUL inside */
	LINE_NONE,     /* the connection has ended */
};

struct connection {
	unsigned int number;
	int fd;
	int lifeline; /* ends when the server does */
	int idle;     /* milliseconds */
	gnutls_session_t tls;
	const char *ended; /* why nothing more can be read or written */
	char in[16384];
	size_t in_start, in_end;
	char out[4096];
	size_t out_len;
};

/* Owns neither descriptor.  NULL: no memory. */
struct connection *
connection_new(unsigned int number, int fd, int lifeline, long idle_seconds);

void
connection_free(struct connection *connection);

/*
 * The next line, NUL-terminated, without its CRLF; valid until more is read.
 * Replies are written before the wait for it, if there has to be a wait.
 */
enum connection_line
connection_read_line(struct connection *connection, char **ret_line,
    size_t *ret_len);

/* The next octet of a content, or -1. */
int
connection_read_octet(struct connection *connection);

/* Is there input behind the line last read? */
bool
connection_has_input(const struct connection *connection);

/* Queue a reply, CRLF not included; it goes out before the next wait. */
void
connection_reply(struct connection *connection, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void
connection_flush(struct connection *connection);

/* Nothing happens for so long; false when the connection has ended. */
bool
connection_pause(struct connection *connection, long milliseconds);

/*
 * The server's part of a handshake.  What was received in clear and not yet
 * read is dropped (RFC 3207, section 4.2).
 */
bool
connection_start_tls(struct connection *connection,
    const struct loopback_server *server);

/* "TLS1.3", or NULL without TLS. */
const char *
connection_tls_version(const struct connection *connection);

/* From now on nothing is read or written; the first reason counts. */
void
connection_end(struct connection *connection, const char *reason);

/*
 * Write what is queued, say farewell under TLS, let the client read it all,
 * and log why the connection ended.  One that has ended is just cut off.
 */
void
connection_close(struct connection *connection);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stream sockets, as streams and as text.
 */
#ifndef SMTPC_SOCKET_H
#define SMTPC_SOCKET_H

#include <sys/socket.h>

#include "stream.h"

struct socket_address {
	struct sockaddr_storage storage;
	socklen_t len;
};

/* "[IPv6:" or "[", the longest address, "]" or "]:65535", and a NUL. */
#define SOCKET_TEXT_MAX 128

/*
 * Begins to connect.  On failure *ret_fault says why; on success the stream
 * has to be opened.
 */
int socket_connect(const struct socket_address *address,
		   struct stream **ret_stream, struct stream_fault *ret_fault);

/*
 * A stream over a copy of fd, which must be a connected stream socket.
 * SMTPC_E_INVALID: it is none.
 */
int socket_attach(int fd, struct stream **ret_stream);
void socket_close(int fd);

/* The address of a UNIX socket; SMTPC_E_INVALID: the path is too long. */
int socket_unix_address(const char *path, struct socket_address *ret_address);

/* "192.0.2.1:25", "[2001:db8::1]:25", or a path. */
void socket_address_text(const struct socket_address *address,
			 char text[SOCKET_TEXT_MAX]);

/* The peer's address in these words; "" if there is none. */
void socket_peer_text(int fd, char text[SOCKET_TEXT_MAX]);

/* Our own address as EHLO takes it; "localhost" where there is none. */
void socket_local_literal(int fd, char text[SOCKET_TEXT_MAX]);

#endif

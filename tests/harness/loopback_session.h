/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's side of SMTP on one connection. */
#ifndef HARNESS_LOOPBACK_SESSION_H
#define HARNESS_LOOPBACK_SESSION_H

#include "loopback.h"
#include "loopback_connection.h"

enum listener_kind {
	LISTENER_SUBMISSION, /* STARTTLS, then AUTH, then MAIL */
	LISTENER_SMTPS,	     /* TLS from the first octet, AUTH, MAIL */
	LISTENER_SMTP,	     /* STARTTLS and AUTH as the client likes */
	LISTENER_UNIX,	     /* the same on a UNIX socket */
};

/* From the greeting to the end; does not close the connection's socket. */
void
session_run(const struct loopback_server *server, enum listener_kind listener,
    struct connection *connection);

#endif

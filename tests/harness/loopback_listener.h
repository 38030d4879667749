/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sockets that smtpc-loopback listens on. */
#ifndef HARNESS_LOOPBACK_LISTENER_H
#define HARNESS_LOOPBACK_LISTENER_H

#include "loopback_session.h"

#define LISTENER_COUNT 4

struct listener {
	enum listener_kind kind;
	int fd;
	unsigned int port; /* 0 for the UNIX socket */
};

/* Open all of them, at free ports; 0, or -1 after a complaint on stderr. */
int
listeners_open(struct listener *listeners,
    const struct loopback_options *options);

void
listeners_close(struct listener *listeners);

/* Remove the name of the UNIX socket, at the very end. */
void
listeners_remove(const struct loopback_options *options);

/* Remove the DIR/env of an earlier server, so that nobody waits for less. */
void
listeners_withdraw(const struct loopback_options *options);

/* Write DIR/env, for shells and for whoever reads NAME=VALUE; 0 or -1. */
int
listeners_publish(const struct listener *listeners,
    const struct loopback_options *options);

#endif

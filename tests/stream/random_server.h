/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A server in the same thread, at the other end of a socket: it reads and
 * answers when it has a turn, takes no command out of its order, and unless it
 * is honest, refuses too early, closes and dies at random.
 */
#ifndef STREAM_RANDOM_SERVER_H
#define STREAM_RANDOM_SERVER_H

#include <stdbool.h>

/* It owns the descriptor.  The client has greeted already. */
void random_server_begin(int fd);

/* A little of what there is to do. */
void random_server_turn(void);

/* How far it is, for whoever wonders why nothing goes on. */
void random_server_note(void);

void random_server_end(void);

#endif

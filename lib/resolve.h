/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looking host names up.
 */
#ifndef SMTPC_RESOLVE_H
#define SMTPC_RESOLVE_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>

#include "socket.h"

struct address_list {
	struct socket_address *items;
	size_t count;
};

void address_list_clear(struct address_list *list);

/* Looking a host up: begun, waited for, taken. */
struct resolution;

/*
 * SMTPC_OK: begun; with threaded false, and for numeric hosts always, it is
 * finished, too.
 */
int resolve_begin(struct resolution **ret_resolution, const char *host,
		  int port, bool threaded);

/* Readable once it is finished; -1: it was at once. */
int resolve_descriptor(const struct resolution *resolution);

/*
 * SMTPC_AGAIN: not finished.  SMTPC_OK: the addresses, now the caller's.
 * SMTPC_E_RESOLVE, SMTPC_E_RESOLVE_LATER, SMTPC_E_SYSTEM, SMTPC_E_NOMEM:
 * *ret_text says why, in words that last for ever.
 */
int resolve_take(struct resolution *resolution, struct address_list *ret_list,
		 const char **ret_text, int *ret_system_error);

/* NULL is allowed; a look-up under way ends by itself. */
void resolve_leave(struct resolution *resolution);

/* Who is asked: a test puts its own name service here. */
extern int (*resolve_source)(const char *host, const char *service,
			     const struct addrinfo *hints,
			     struct addrinfo **ret_found);

#endif

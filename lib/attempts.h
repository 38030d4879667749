/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_ATTEMPTS_H
#define SMTPC_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"

/* One mechanism that was tried, and what came of it. */
struct attempt {
	const char *mechanism; /* lasts for ever */
	bool is_over;
	struct failure end; /* SMTPC_OK: it succeeded */
};

/* All that one smtpc_auth() tried, in order. */
struct attempt_list {
	struct attempt *items;
	size_t count;
};

void attempts_clear(struct attempt_list *list);

/* A new one at the end, whose end is open; NULL when there is no memory. */
struct attempt *attempts_add(struct attempt_list *list, const char *mechanism);

/* The last one, or NULL. */
struct attempt *attempts_last(const struct attempt_list *list);

/* The last one that a reply refused, without closing as 421 does; or NULL. */
const struct attempt *attempts_last_refused(const struct attempt_list *list);

#endif

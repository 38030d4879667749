/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mailboxes for the envelope, out of address lists (RFC 5322, 3.4). */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

struct mailboxes {
	char **items;
	size_t count;
	size_t size;
};

void mailboxes_init(struct mailboxes *list);
void mailboxes_clear(struct mailboxes *list);

/* False: out of memory. */
bool mailboxes_add(struct mailboxes *list, const char *mailbox, size_t len);

/* Drops what is there twice, octet for octet; keeps the order of the rest. */
bool mailboxes_unique(struct mailboxes *list);

/*
 * Adds each mailbox of one field's value, folded or not.  Display names and
 * comments are dropped, groups opened, source routes skipped (RFC 5321, F.2),
 * and local-parts are quoted only where they must be.  NULL if all is well,
 * else what is wrong; what came before it may have been added.
 */
const char *address_parse(const char *value, size_t len,
			  struct mailboxes *list);

#endif

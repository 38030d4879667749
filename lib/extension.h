/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_EXTENSION_H
#define SMTPC_EXTENSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reply.h"

/* The extensions that the library itself asks after, each a bit. */
#define EXTENSION_STARTTLS   0x01u
#define EXTENSION_AUTH	     0x02u
#define EXTENSION_PIPELINING 0x04u
#define EXTENSION_8BITMIME   0x08u
#define EXTENSION_CHUNKING   0x10u
#define EXTENSION_BINARYMIME 0x20u
#define EXTENSION_SIZE	     0x40u
#define EXTENSION_SMTPUTF8   0x80u

struct extension {
	const char *keyword; /* as the server wrote it */
	const char *parameters;
};

/* RFC 9422: so many, and no more; 0: no limit was told. */
struct extension_limits {
	uint32_t recipients;   /* of a transaction: RCPTMAX */
	uint32_t transactions; /* of a session: MAILMAX */
	uint32_t domains; /* of a transaction's recipients: RCPTDOMAINMAX */
};

/* What one EHLO reply offers (RFC 5321, section 4.1.1.1). */
struct extension_list {
	/* Each keyword and then its parameters, with a NUL behind both. */
	char *text;
	size_t size;
	size_t count;
	uint32_t known;	   /* EXTENSION_... */
	uint64_t size_max; /* of a message: SIZE; 0: no limit was told */
	struct extension_limits limits;
	char *disabled; /* keywords, a blank before each; or NULL */
};

/*
 * Replaces what the list holds.  Lines that are no extension, or one that is
 * disabled, are passed over; several AUTH lines, and the old "AUTH=", become
 * one.  SMTPC_OK or SMTPC_E_NOMEM, which leaves the list empty.
 */
int extension_parse(struct extension_list *list,
		    const struct smtpc_reply *reply);

/* What is disabled stays so. */
void extension_clear(struct extension_list *list);
void extension_free(struct extension_list *list);

/*
 * From now on the list does not hold this one, whatever the server says.
 * SMTPC_E_INVALID: that is no keyword.
 */
int extension_disable(struct extension_list *list, const char *keyword);

/* The parameters, "" for none; NULL if it is not offered. */
const char *extension_find(const struct extension_list *list,
			   const char *keyword);

/* One after the other, as the server wrote them. */
struct extension extension_at(const struct extension_list *list, size_t index);

/*
 * Whether a keyword is overwritten with X's, as some firewalls do with those
 * that they do not know.
 */
bool extension_is_masked(const struct extension_list *list);

/* Whether name is one of the words of list. */
bool extension_lists(const char *list, const char *name);

#endif

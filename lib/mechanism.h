/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_MECHANISM_H
#define SMTPC_MECHANISM_H

#include <stdbool.h>
#include <stddef.h>

#include "credentials.h"

/* The longest name that there may be (RFC 4422, section 3.1). */
#define MECHANISM_NAME_MAX 20

/* What the choice of a mechanism depends on. */
struct mechanism_terms {
	const char *offered; /* by the server: words */
	const char *wanted;  /* by the caller, best first; NULL: the default */
	const struct credentials *credentials;
	bool channel_is_safe;	/* trusted TLS, or no network at all */
	bool plaintext_allowed; /* over any channel */
};

/* Whether every word of list names a mechanism that this library can use. */
bool mechanism_list_is_valid(const char *list);

/*
 * The best mechanism on these terms whose bit is not yet set in *tried; sets
 * it.  The name lasts for ever.  NULL: there is none.
 */
const char *mechanism_choose(const struct mechanism_terms *terms,
			     unsigned int *tried);

/* The default list, for messages. */
const char *mechanism_default_list(void);

#endif

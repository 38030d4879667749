/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_CREDENTIALS_H
#define SMTPC_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

/* Beyond what Cyrus SASL takes for a name, and any password of sense. */
#define CREDENTIALS_NAME_MAX	 1000
#define CREDENTIALS_PASSWORD_MAX 65535

/* Who we are, and the proof of it; wiped when it is cleared. */
struct credentials {
	char *authzid; /* "": whom authcid acts for by itself */
	char *authcid; /* NULL: there are no credentials */
	char *password;
	size_t password_len;
};

/*
 * Replaces them by copies; authzid may be NULL.  The other two NULL clear all.
 *  SMTPC_E_INVALID: one is empty or too long.  On failure nothing
 * changes.
 */
int credentials_set(struct credentials *credentials, const char *authzid,
		    const char *authcid, const char *password);
void credentials_clear(struct credentials *credentials);

bool credentials_are_set(const struct credentials *credentials);

#endif

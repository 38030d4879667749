/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_CREDENTIALS_H
#define SMTPC_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

/* Beyond what Cyrus SASL takes for a name, and any password of sense. */
#define CREDENTIALS_NAME_MAX	 1000
#define CREDENTIALS_PASSWORD_MAX 65535
/* A response of 12,288 octets (RFC 4954, section 4) has no room for more. */
#define CREDENTIALS_TOKEN_MAX 8192

/* Who we are, and the proofs of it; all of it wiped when it is cleared. */
struct credentials {
	char *authzid; /* whom to act for; NULL: whoever we are */
	char *authcid; /* NULL: something else says it, or nobody is set */
	char *password;
	size_t password_len;
	char *token_user; /* NULL: authcid */
	char *token;
	size_t token_len;
	/* Another number after each change of the one, and of the other. */
	unsigned int login_revision, token_revision;
};

/*
 * Replaces user and password by copies; each may be NULL.  SMTPC_E_INVALID:
 * one is empty or too long, or the password is nobody's.  On failure nothing
 * changes.
 */
int credentials_set(struct credentials *credentials, const char *authzid,
		    const char *authcid, const char *password);

/*
 * The same for an OAuth bearer token and whose it is; user may be NULL, token
 * NULL clears both.  SMTPC_E_INVALID also for what can't be sent.
 */
int credentials_set_token(struct credentials *credentials, const char *user,
			  const char *token);

/* Copies all of it into a struct that was cleared. */
int credentials_copy(struct credentials *to, const struct credentials *from);
void credentials_clear(struct credentials *credentials);

/* Whether anything is set. */
bool credentials_are_set(const struct credentials *credentials);

/* Whose the token is; NULL: it has to say so itself. */
const char *credentials_token_user(const struct credentials *credentials);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Credentials: copied in, wiped out.
 */
#include "credentials.h"

#include <string.h>

#include <smtpc/smtpc.h>

#include "mem.h"

static void
free_secret_text(char *text)
{
	if (text != NULL)
		mem_free_secret(text, strlen(text));
}

static void
clear_login(struct credentials *credentials)
{
	free_secret_text(credentials->authzid);
	free_secret_text(credentials->authcid);
	free_secret_text(credentials->password);
	credentials->authzid = NULL;
	credentials->authcid = NULL;
	credentials->password = NULL;
	credentials->password_len = 0;
}

static void
clear_token(struct credentials *credentials)
{
	free_secret_text(credentials->token_user);
	free_secret_text(credentials->token);
	credentials->token_user = NULL;
	credentials->token = NULL;
	credentials->token_len = 0;
}

void
credentials_clear(struct credentials *credentials)
{
	clear_login(credentials);
	clear_token(credentials);
	credentials->login_revision++;
	credentials->token_revision++;
}

bool
credentials_are_set(const struct credentials *credentials)
{
	return credentials->authzid != NULL || credentials->authcid != NULL ||
	       credentials->token != NULL;
}

const char *
credentials_token_user(const struct credentials *credentials)
{
	return credentials->token_user != NULL ? credentials->token_user
					       : credentials->authcid;
}

/* NULL has no length to be wrong. */
static bool
has_length(const char *text, size_t min, size_t max)
{
	size_t len = text != NULL ? strnlen(text, max + 1) : min;

	return len >= min && len <= max;
}

/* False when there is no memory.  A copy of NULL is NULL. */
static bool
copy(char **ret_copy, const char *text)
{
	*ret_copy = text != NULL ? mem_copy_text(text) : NULL;
	return text == NULL || *ret_copy != NULL;
}

static bool
is_same(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

int
credentials_set(struct credentials *credentials, const char *authzid,
		const char *authcid, const char *password)
{
	struct credentials fresh;
	bool copied;

	memset(&fresh, 0, sizeof(fresh));
	if ((password != NULL && authcid == NULL) ||
	    !has_length(authzid, 0, CREDENTIALS_NAME_MAX) ||
	    !has_length(authcid, 1, CREDENTIALS_NAME_MAX) ||
	    !has_length(password, 1, CREDENTIALS_PASSWORD_MAX))
		return SMTPC_E_INVALID;
	if (is_same(credentials->authzid, authzid) &&
	    is_same(credentials->authcid, authcid) &&
	    is_same(credentials->password, password))
		return SMTPC_OK;
	copied = copy(&fresh.authzid, authzid);
	copied = copy(&fresh.authcid, authcid) && copied;
	copied = copy(&fresh.password, password) && copied;
	if (!copied) {
		clear_login(&fresh);
		return SMTPC_E_NOMEM;
	}
	clear_login(credentials);
	credentials->authzid = fresh.authzid;
	credentials->authcid = fresh.authcid;
	credentials->password = fresh.password;
	credentials->password_len = password != NULL ? strlen(password) : 0;
	credentials->login_revision++;
	return SMTPC_OK;
}

/* RFC 6750 has an even smaller alphabet: no blank, no control, no UTF-8. */
static bool
is_token(const char *token)
{
	size_t len = strnlen(token, CREDENTIALS_TOKEN_MAX + 1);
	size_t i;

	for (i = 0; i < len; i++)
		if (token[i] <= 0x20 || token[i] >= 0x7f)
			return false;
	return len > 0 && len <= CREDENTIALS_TOKEN_MAX;
}

int
credentials_set_token(struct credentials *credentials, const char *user,
		      const char *token)
{
	char *fresh_user, *fresh_token;
	bool copied;

	if (token == NULL)
		user = NULL;
	/* Control-A ends a field of the messages: RFC 7628, section 3.1. */
	if (!has_length(user, 1, CREDENTIALS_NAME_MAX) ||
	    (user != NULL && strchr(user, '\x01') != NULL) ||
	    (token != NULL && !is_token(token)))
		return SMTPC_E_INVALID;
	if (is_same(credentials->token_user, user) &&
	    is_same(credentials->token, token))
		return SMTPC_OK;
	copied = copy(&fresh_user, user);
	copied = copy(&fresh_token, token) && copied;
	if (!copied) {
		free_secret_text(fresh_user);
		free_secret_text(fresh_token);
		return SMTPC_E_NOMEM;
	}
	clear_token(credentials);
	credentials->token_user = fresh_user;
	credentials->token = fresh_token;
	credentials->token_len = token != NULL ? strlen(token) : 0;
	credentials->token_revision++;
	return SMTPC_OK;
}

int
credentials_copy(struct credentials *to, const struct credentials *from)
{
	int rc =
	    credentials_set(to, from->authzid, from->authcid, from->password);

	if (rc == SMTPC_OK)
		rc = credentials_set_token(to, from->token_user, from->token);
	return rc;
}

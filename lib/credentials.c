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

void
credentials_clear(struct credentials *credentials)
{
	free_secret_text(credentials->authzid);
	free_secret_text(credentials->authcid);
	if (credentials->password != NULL)
		mem_free_secret(credentials->password,
				credentials->password_len);
	memset(credentials, 0, sizeof(*credentials));
}

bool
credentials_are_set(const struct credentials *credentials)
{
	return credentials->authcid != NULL;
}

static bool
has_length(const char *text, size_t min, size_t max)
{
	size_t len = strnlen(text, max + 1);

	return len >= min && len <= max;
}

int
credentials_set(struct credentials *credentials, const char *authzid,
		const char *authcid, const char *password)
{
	struct credentials fresh;

	memset(&fresh, 0, sizeof(fresh));
	if (authcid == NULL && password == NULL) {
		credentials_clear(credentials);
		return SMTPC_OK;
	}
	if (authzid == NULL)
		authzid = "";
	if (authcid == NULL || password == NULL ||
	    !has_length(authzid, 0, CREDENTIALS_NAME_MAX) ||
	    !has_length(authcid, 1, CREDENTIALS_NAME_MAX) ||
	    !has_length(password, 1, CREDENTIALS_PASSWORD_MAX))
		return SMTPC_E_INVALID;
	fresh.authzid = mem_copy_text(authzid);
	fresh.authcid = mem_copy_text(authcid);
	fresh.password_len = strlen(password);
	fresh.password = mem_copy(password, fresh.password_len);
	if (fresh.authzid == NULL || fresh.authcid == NULL ||
	    fresh.password == NULL) {
		credentials_clear(&fresh);
		return SMTPC_E_NOMEM;
	}
	credentials_clear(credentials);
	*credentials = fresh;
	return SMTPC_OK;
}

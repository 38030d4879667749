/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parameters of MAIL and RCPT.
 */
#include "parameter.h"

#include <string.h>

#include "ascii.h"
#include "command.h"
#include "mem.h"

/* Room for what the library puts in itself. */
#define OWN_MAX 64

/* Which extension defines a parameter, where the names differ or it is known.
 */
static const struct {
	const char *keyword;
	const char *extension;
} definitions[] = {
	{ "SIZE", "SIZE" },
	{ "RET", "DSN" },
	{ "ENVID", "DSN" },
	{ "NOTIFY", "DSN" },
	{ "ORCPT", "DSN" },
	{ "AUTH", "AUTH" },
	{ "SMTPUTF8", "SMTPUTF8" },
	{ "BY", "DELIVERBY" },
	{ "HOLDFOR", "FUTURERELEASE" },
	{ "HOLDUNTIL", "FUTURERELEASE" },
	{ "MT-PRIORITY", "MT-PRIORITY" },
	{ "REQUIRETLS", "REQUIRETLS" },
	{ "RRVS", "RRVS" },
};

int
parameter_append(char **list, const char *keyword, const char *value)
{
	const char *old = *list != NULL ? *list : "";
	char *fresh;

	if (!command_is_parameter(keyword, value) ||
	    ascii_equal_text(keyword, "BODY"))
		return SMTPC_E_INVALID;
	if (strlen(old) + strlen(keyword) + 2 +
		(value != NULL ? strlen(value) : 0) >
	    COMMAND_PARAMETERS_MAX - OWN_MAX)
		return SMTPC_E_INVALID;
	fresh = mem_format("%s %s%s%s", old, keyword, value != NULL ? "=" : "",
			   value != NULL ? value : "");
	if (fresh == NULL)
		return SMTPC_E_NOMEM;
	mem_free(*list);
	*list = fresh;
	return SMTPC_OK;
}

/* The extension that one keyword needs; NULL: the caller's affair. */
static const char *
extension_of(const char *keyword, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(definitions) / sizeof(definitions[0]); i++)
		if (ascii_equal(definitions[i].keyword,
				strlen(definitions[i].keyword), keyword, len))
			return definitions[i].extension;
	return NULL;
}

const char *
parameter_lacks(const char *list, const struct extension_list *extensions)
{
	const char *extension;

	if (list == NULL)
		return NULL;
	for (; *list != '\0'; list += strcspn(list, " ")) {
		list += strspn(list, " ");
		extension = extension_of(list, strcspn(list, " ="));
		if (extension != NULL &&
		    extension_find(extensions, extension) == NULL)
			return extension;
	}
	return NULL;
}

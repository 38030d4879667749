/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which SASL mechanism may be used.  Cyrus SASL would offer whatever is
 * installed; the list here is our own.
 */
#include "mechanism.h"

#include <string.h>

#include "extension.h"
#include "utf8.h"

#define PLAINTEXT	0x1u /* the password itself crosses the channel */
#define BY_NAME		0x2u /* only if the caller names it */
#define NEEDS_SAFETY	0x4u /* by default on a safe channel only */
#define NEEDS_UTF8	0x8u /* the text it takes must be that */
#define REFUSES_CONTROL 0x10u

/* The strongest first, which is the default order. */
static const struct mechanism {
	const char *name;
	unsigned int flags;
} mechanisms[] = {
	{ "SCRAM-SHA-512", NEEDS_UTF8 | REFUSES_CONTROL },
	{ "SCRAM-SHA-384", NEEDS_UTF8 | REFUSES_CONTROL | BY_NAME },
	{ "SCRAM-SHA-256", NEEDS_UTF8 | REFUSES_CONTROL },
	{ "SCRAM-SHA-224", NEEDS_UTF8 | REFUSES_CONTROL | BY_NAME },
	{ "SCRAM-SHA-1", NEEDS_UTF8 | REFUSES_CONTROL },
	{ "PLAIN", PLAINTEXT | NEEDS_UTF8 },
	{ "LOGIN", PLAINTEXT },
	{ "CRAM-MD5", NEEDS_SAFETY },
};

#define MECHANISM_COUNT (sizeof(mechanisms) / sizeof(mechanisms[0]))

static const char default_list[] =
    "SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN CRAM-MD5";

const char *
mechanism_default_list(void)
{
	return default_list;
}

/* Its index, or MECHANISM_COUNT. */
static size_t
find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < MECHANISM_COUNT; i++)
		if (strlen(mechanisms[i].name) == len &&
		    memcmp(mechanisms[i].name, name, len) == 0)
			break;
	return i;
}

bool
mechanism_list_is_valid(const char *list)
{
	size_t len;

	if (list[strspn(list, " ")] == '\0')
		return false;
	for (; *list != '\0'; list += len) {
		list += strspn(list, " ");
		len = strcspn(list, " ");
		if (len > 0 && find(list, len) == MECHANISM_COUNT)
			return false;
	}
	return true;
}

static bool
text_fits(const char *text, size_t len, unsigned int flags)
{
	size_t i;

	if ((flags & NEEDS_UTF8) && !utf8_is_valid(text, len))
		return false;
	if (flags & REFUSES_CONTROL)
		for (i = 0; i < len; i++)
			if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
				return false;
	return true;
}

static bool
credentials_fit(const struct credentials *credentials, unsigned int flags)
{
	return text_fits(credentials->authzid, strlen(credentials->authzid),
			 flags) &&
	       text_fits(credentials->authcid, strlen(credentials->authcid),
			 flags) &&
	       text_fits(credentials->password, credentials->password_len,
			 flags);
}

static bool
is_permitted(const struct mechanism *mechanism,
	     const struct mechanism_terms *terms)
{
	unsigned int flags = mechanism->flags;

	if ((flags & BY_NAME) && terms->wanted == NULL)
		return false;
	if ((flags & PLAINTEXT) && !terms->channel_is_safe &&
	    !terms->plaintext_allowed)
		return false;
	if ((flags & NEEDS_SAFETY) && !terms->channel_is_safe &&
	    terms->wanted == NULL)
		return false;
	return extension_lists(terms->offered, mechanism->name) &&
	       credentials_fit(terms->credentials, flags);
}

const char *
mechanism_choose(const struct mechanism_terms *terms, unsigned int *tried)
{
	const char *list = terms->wanted != NULL ? terms->wanted : default_list;
	size_t i, len;

	for (; *list != '\0'; list += len) {
		list += strspn(list, " ");
		len = strcspn(list, " ");
		i = find(list, len);
		if (i == MECHANISM_COUNT || (*tried & 1u << i) ||
		    !is_permitted(&mechanisms[i], terms))
			continue;
		*tried |= 1u << i;
		return mechanisms[i].name;
	}
	return NULL;
}

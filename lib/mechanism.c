/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which SASL mechanism may be used.  Cyrus SASL would offer whatever is
 * installed; the list here is our own.
 */
#include "mechanism.h"

#include <string.h>

#include "extension.h"
#include "utf8.h"

#define SCRAM                                                                  \
	(MECHANISM_PASSWORD | MECHANISM_UTF8 | MECHANISM_NO_CONTROL |          \
	 MECHANISM_SCRAM)
#define SCRAM_PLUS (SCRAM | MECHANISM_BINDS)
#define BEARER	   (MECHANISM_TOKEN | MECHANISM_PLAINTEXT | MECHANISM_UTF8)

/* What a response of 12,288 octets encodes (RFC 4954, section 4). */
#define MESSAGE_MAX 9216

static const struct mechanism mechanisms[] = {
	{ "SCRAM-SHA-512-PLUS", SCRAM_PLUS },
	{ "SCRAM-SHA-384-PLUS", SCRAM_PLUS | MECHANISM_BY_NAME },
	{ "SCRAM-SHA-256-PLUS", SCRAM_PLUS },
	{ "SCRAM-SHA-224-PLUS", SCRAM_PLUS | MECHANISM_BY_NAME },
	{ "SCRAM-SHA-1-PLUS", SCRAM_PLUS },
	{ "SCRAM-SHA-512", SCRAM },
	{ "SCRAM-SHA-384", SCRAM | MECHANISM_BY_NAME },
	{ "SCRAM-SHA-256", SCRAM },
	{ "SCRAM-SHA-224", SCRAM | MECHANISM_BY_NAME },
	{ "SCRAM-SHA-1", SCRAM },
	{ "OAUTHBEARER", BEARER },
	{ "XOAUTH2", BEARER },
	{ "EXTERNAL", MECHANISM_UTF8 },
	{ "PLAIN", MECHANISM_PASSWORD | MECHANISM_PLAINTEXT | MECHANISM_UTF8 },
	{ "LOGIN", MECHANISM_PASSWORD | MECHANISM_PLAINTEXT |
		       MECHANISM_SERVER_FIRST | MECHANISM_NO_AUTHZID },
	{ "CRAM-MD5", MECHANISM_PASSWORD | MECHANISM_NEEDS_SAFETY |
			  MECHANISM_SERVER_FIRST | MECHANISM_NO_AUTHZID },
	{ "DIGEST-MD5", MECHANISM_PASSWORD | MECHANISM_BY_NAME |
			    MECHANISM_SERVER_FIRST | MECHANISM_SERIAL },
	{ "GSSAPI", MECHANISM_BY_NAME | MECHANISM_SERIAL },
	{ "GSS-SPNEGO",
	  MECHANISM_BY_NAME | MECHANISM_SERIAL | MECHANISM_NO_AUTHZID },
	{ "NTLM",
	  MECHANISM_PASSWORD | MECHANISM_BY_NAME | MECHANISM_NO_AUTHZID },
	{ "ANONYMOUS", MECHANISM_BY_NAME },
};

#define MECHANISM_COUNT (sizeof(mechanisms) / sizeof(mechanisms[0]))

/* The strongest first. */
static const char default_list[] =
    "SCRAM-SHA-512-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS "
    "SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 "
    "OAUTHBEARER XOAUTH2 EXTERNAL PLAIN LOGIN CRAM-MD5";

const char *
mechanism_default_list(void)
{
	return default_list;
}

uint32_t
mechanism_bit(const struct mechanism *mechanism)
{
	return UINT32_C(1) << (mechanism - mechanisms);
}

static const struct mechanism *
find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < MECHANISM_COUNT; i++)
		if (strlen(mechanisms[i].name) == len &&
		    memcmp(mechanisms[i].name, name, len) == 0)
			return &mechanisms[i];
	return NULL;
}

/* The next word of a list, and the mechanism that it names, or NULL. */
static bool
next_word(const char **list, const struct mechanism **ret_mechanism)
{
	const char *word = *list + strspn(*list, " ");
	size_t len = strcspn(word, " ");

	*list = word + len;
	*ret_mechanism = find(word, len);
	return len > 0;
}

bool
mechanism_list_is_valid(const char *list)
{
	const struct mechanism *mechanism = NULL;
	bool any = false;

	while (next_word(&list, &mechanism)) {
		if (mechanism == NULL)
			return false;
		any = true;
	}
	return any;
}

bool
mechanism_list_needs_no_secret(const char *list)
{
	const unsigned int secrets = MECHANISM_PASSWORD | MECHANISM_TOKEN;
	const struct mechanism *mechanism;

	while (list != NULL && next_word(&list, &mechanism))
		if (mechanism != NULL && !(mechanism->flags & secrets))
			return true;
	return false;
}

bool
mechanism_server_binds(const struct mechanism *mechanism, const char *offered)
{
	char name[MECHANISM_NAME_MAX + sizeof("-PLUS")] = "";

	memccpy(name, mechanism->name, '\0', sizeof(name));
	memccpy(name + strlen(name), "-PLUS", '\0', sizeof("-PLUS"));
	return extension_lists(offered, name);
}

unsigned int
mechanism_lacks_secret(const struct mechanism *mechanism,
		       const struct credentials *credentials)
{
	unsigned int flags = mechanism->flags;

	if ((flags & MECHANISM_PASSWORD) && credentials->password == NULL)
		return MECHANISM_PASSWORD;
	if ((flags & MECHANISM_TOKEN) && credentials->token == NULL)
		return MECHANISM_TOKEN;
	return 0;
}

static size_t
text_length(const char *text)
{
	return text != NULL ? strlen(text) : 0;
}

static bool
text_fits(const char *text, unsigned int flags)
{
	size_t len = text_length(text);
	size_t i;

	if ((flags & MECHANISM_UTF8) && !utf8_is_valid(text, len))
		return false;
	if (flags & MECHANISM_NO_CONTROL)
		for (i = 0; i < len; i++)
			if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
				return false;
	return true;
}

static bool
acts_for_another(const struct credentials *credentials)
{
	const char *authzid = credentials->authzid;

	return authzid != NULL && authzid[0] != '\0' &&
	       (credentials->authcid == NULL ||
		strcmp(authzid, credentials->authcid) != 0);
}

/* LOGIN says it in two messages, PLAIN in one, with NULs between. */
static size_t
longest_message(const struct mechanism *mechanism,
		const struct credentials *credentials)
{
	if (mechanism->flags & MECHANISM_SERVER_FIRST)
		return credentials->password_len;
	return text_length(credentials->authzid) + 1 +
	       text_length(credentials->authcid) + 1 +
	       credentials->password_len;
}

/* Whether a mechanism can say what is set. */
static bool
credentials_fit(const struct mechanism *mechanism,
		const struct credentials *credentials)
{
	unsigned int flags = mechanism->flags;
	const char *user = credentials_token_user(credentials);

	if (flags & MECHANISM_TOKEN) {
		/* Only OAUTHBEARER can leave the user to the token. */
		if (user == NULL)
			return strcmp(mechanism->name, "OAUTHBEARER") == 0 ||
			       credentials->token == NULL;
		return text_fits(user, flags) && strchr(user, '\x01') == NULL;
	}
	if ((flags & MECHANISM_NO_AUTHZID) && acts_for_another(credentials))
		return false;
	if ((flags & MECHANISM_PLAINTEXT) &&
	    longest_message(mechanism, credentials) > MESSAGE_MAX)
		return false;
	return text_fits(credentials->authzid, flags) &&
	       text_fits(credentials->authcid, flags) &&
	       (!(flags & MECHANISM_PASSWORD) ||
		text_fits(credentials->password, flags));
}

/* A certificate is what identifies only where nothing else is set. */
static bool
is_wanted(const struct mechanism *mechanism,
	  const struct mechanism_terms *terms)
{
	const struct credentials *credentials = terms->credentials;

	if (terms->wanted != NULL)
		return true;
	if (strcmp(mechanism->name, "EXTERNAL") == 0)
		return terms->has_certificate && terms->may_ask == 0 &&
		       credentials->password == NULL &&
		       credentials->token == NULL;
	return !(mechanism->flags & MECHANISM_BY_NAME);
}

unsigned int
mechanism_lacks(const struct mechanism *mechanism,
		const struct mechanism_terms *terms)
{
	unsigned int flags = mechanism->flags;
	unsigned int secret;

	secret = mechanism_lacks_secret(mechanism, terms->credentials);
	secret &= ~terms->may_ask;
	if (secret != 0)
		return secret == MECHANISM_TOKEN ? MECHANISM_LACKS_TOKEN
						 : MECHANISM_LACKS_PASSWORD;
	if (!credentials_fit(mechanism, terms->credentials))
		return MECHANISM_LACKS_TEXT;
	if ((flags & MECHANISM_BINDS) && !terms->can_bind)
		return MECHANISM_LACKS_BINDING;
	/* It was asked for in so many words, and the server would do it. */
	if ((flags & MECHANISM_SCRAM) && terms->must_bind && !terms->can_bind &&
	    mechanism_server_binds(mechanism, terms->offered))
		return MECHANISM_LACKS_BINDING;
	if (terms->channel_is_safe)
		return 0;
	if ((flags & MECHANISM_PLAINTEXT) && !terms->plaintext_allowed)
		return MECHANISM_LACKS_SAFETY;
	if ((flags & MECHANISM_NEEDS_SAFETY) && terms->wanted == NULL)
		return MECHANISM_LACKS_SAFETY;
	return 0;
}

const struct mechanism *
mechanism_choose(const struct mechanism_terms *terms, uint32_t *tried,
		 unsigned int *ret_lacks)
{
	const char *list = terms->wanted != NULL ? terms->wanted : default_list;
	const struct mechanism *mechanism = NULL;
	unsigned int missing;

	*ret_lacks = 0;
	while (next_word(&list, &mechanism)) {
		if (mechanism == NULL || (*tried & mechanism_bit(mechanism)) ||
		    !extension_lists(terms->offered, mechanism->name) ||
		    !is_wanted(mechanism, terms) ||
		    (terms->only_bound &&
		     !(mechanism->flags & MECHANISM_BINDS)))
			continue;
		missing = mechanism_lacks(mechanism, terms);
		*ret_lacks |= missing;
		if (missing != 0)
			continue;
		*tried |= mechanism_bit(mechanism);
		return mechanism;
	}
	return NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Responses with a bearer token, read as strictly as their texts say. */
#include "peer_oauth.h"

#include <string.h>
#include <strings.h>

#define SEPARATOR '\x01'

bool
peer_oauth_knows(const char *mechanism)
{
	return strcmp(mechanism, "XOAUTH2") == 0 ||
	       strcmp(mechanism, "OAUTHBEARER") == 0;
}

/* Copies so many octets as a text, if they fit and have no NUL. */
static bool
copy(char *to, size_t size, const char *from, size_t len)
{
	if (len == 0 || len >= size || memchr(from, '\0', len) != NULL)
		return false;
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

/* A name with "," and "=" as "=2C" and "=3D", up to a comma. */
static const char *
read_saslname(const char *at, const char *end, char *name, size_t size)
{
	size_t len = 0;
	char octet;

	for (; at < end && *at != ','; at++) {
		octet = *at;
		if (octet == '=' && end - at > 2) {
			octet = memcmp(at, "=2C", 3) == 0 ? ',' : '=';
			if (octet == '=' && memcmp(at, "=3D", 3) != 0)
				return NULL;
			at += 2;
		}
		if (octet == '\0' || len + 1 >= size)
			return NULL;
		name[len++] = octet;
	}
	name[len] = '\0';
	return at;
}

/*
 * RFC 5801, section 4, as far as it matters: no channel binding, and whom the
 * client acts for.  Returns what follows; NULL: it is none.
 */
static const char *
read_gs2_header(const char *at, const char *end, struct peer_oauth_claim *claim)
{
	if (end - at < 3 || memcmp(at, "n,", 2) != 0)
		return NULL;
	at += 2;
	if (end - at > 2 && memcmp(at, "a=", 2) == 0)
		at = read_saslname(at + 2, end, claim->user,
				   sizeof(claim->user));
	return at != NULL && at < end && *at == ',' ? at + 1 : NULL;
}

/* RFC 6750, section 2.1: "Bearer", blanks, and the token. */
static const char *
read_token(const char *value, size_t len, struct peer_oauth_claim *claim)
{
	if (len < 7 || strncasecmp(value, "Bearer ", 7) != 0)
		return "the scheme is not Bearer";
	for (value += 7, len -= 7; len > 0 && *value == ' '; value++)
		len--;
	if (!copy(claim->token, sizeof(claim->token), value, len))
		return "there is no token, or too long a one";
	for (; *value != SEPARATOR; value++)
		if (*value < 0x21 || *value > 0x7e)
			return "the token is not visible ASCII";
	return NULL;
}

static bool
is_key(const char *key, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(key, name, len) == 0;
}

/* One pair of key and value, in front of a separator. */
static const char *
read_pair(const char *key, size_t key_len, const char *value, size_t len,
	  struct peer_oauth_claim *claim)
{
	if (is_key(key, key_len, "auth"))
		return read_token(value, len, claim);
	if (is_key(key, key_len, "user") && claim->user[0] == '\0')
		return copy(claim->user, sizeof(claim->user), value, len)
			   ? NULL
			   : "that is no user";
	if (is_key(key, key_len, "host"))
		return copy(claim->host, sizeof(claim->host), value, len)
			   ? NULL
			   : "that is no host";
	if (is_key(key, key_len, "port"))
		return copy(claim->port, sizeof(claim->port), value, len)
			   ? NULL
			   : "that is no port";
	return "nobody knows this key";
}

/* Pairs, each with a separator behind it, and one more in the end. */
static const char *
read_pairs(const char *at, const char *end, struct peer_oauth_claim *claim)
{
	const char *stop, *equals, *wrong;

	while (at < end && *at != SEPARATOR) {
		stop = memchr(at, SEPARATOR, (size_t)(end - at));
		if (stop == NULL)
			return "a pair has no end";
		equals = memchr(at, '=', (size_t)(stop - at));
		if (equals == NULL)
			return "a pair has no value";
		wrong = read_pair(at, (size_t)(equals - at), equals + 1,
				  (size_t)(stop - equals) - 1, claim);
		if (wrong != NULL)
			return wrong;
		at = stop + 1;
	}
	return end - at == 1 ? NULL : "the last octet is no separator";
}

const char *
peer_oauth_read(const char *mechanism, const char *response, size_t len,
		struct peer_oauth_claim *ret_claim)
{
	bool is_google = strcmp(mechanism, "XOAUTH2") == 0;
	const char *end = response + len;
	const char *wrong;

	memset(ret_claim, 0, sizeof(*ret_claim));
	if (!is_google) {
		response = read_gs2_header(response, end, ret_claim);
		if (response == NULL)
			return "there is no GS2 header";
		if (response == end || *response++ != SEPARATOR)
			return "no separator follows the GS2 header";
	}
	wrong = read_pairs(response, end, ret_claim);
	if (wrong != NULL)
		return wrong;
	if (ret_claim->token[0] == '\0')
		return "there is no token";
	if (is_google && ret_claim->user[0] == '\0')
		return "there is no user";
	if (is_google &&
	    (ret_claim->host[0] != '\0' || ret_claim->port[0] != '\0'))
		return "XOAUTH2 has neither host nor port";
	return NULL;
}

bool
peer_oauth_is_note(const char *mechanism, const char *response, size_t len)
{
	if (strcmp(mechanism, "XOAUTH2") == 0)
		return len == 0;
	return len == 1 && response[0] == SEPARATOR;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Paths, domains and address literals.  Each function takes what it knows
 * from the beginning of a text, and returns what follows or NULL.
 */
#include "loopback_address.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS	"0123456789"

/* RFC 5322's atext. */
#define ATOM LETTERS DIGITS "!#$%&'*+-/=?^_`{|}~"

#define LABEL_MAX 63

/* 4.1.2: Domain = sub-domain *("." sub-domain), letters, digits, hyphens. */
static const char *
take_domain(const char *text)
{
	const char *label;
	size_t len;

	label = text;
	for (;;) {
		len = strspn(label, LETTERS DIGITS "-");
		if (len == 0 || len > LABEL_MAX || label[0] == '-' ||
		    label[len - 1] == '-')
			return NULL;
		label += len;
		if (*label != '.')
			break;
		label++;
	}
	return label - text > ADDRESS_DOMAIN_MAX ? NULL : label;
}

/* 4.1.3: IPv4 as it is, IPv6 behind its tag; no other tag is registered. */
static const char *
take_literal(const char *text)
{
	unsigned char binary[16];
	char address[INET6_ADDRSTRLEN];
	size_t len;
	int family;

	if (*text != '[')
		return NULL;
	text++;
	family = AF_INET;
	if (strncasecmp(text, "IPv6:", 5) == 0) {
		family = AF_INET6;
		text += 5;
	}
	len = strcspn(text, "]");
	if (text[len] != ']' || len >= sizeof(address))
		return NULL;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(family, address, binary) != 1)
		return NULL;
	return text + len + 1;
}

static const char *
take_host(const char *text)
{
	return *text == '[' ? take_literal(text) : take_domain(text);
}

bool
address_is_host(const char *text)
{
	const char *rest;

	rest = take_host(text);
	return rest != NULL && *rest == '\0';
}

static const char *
take_dot_string(const char *text, struct address *address)
{
	const char *atom;
	size_t len;

	atom = text;
	for (;;) {
		len = strspn(atom, ATOM);
		if (len == 0)
			return NULL;
		atom += len;
		if (*atom != '.')
			break;
		atom++;
	}
	len = (size_t)(atom - text);
	if (len > ADDRESS_LOCAL_MAX)
		return NULL;
	memcpy(address->local_part, text, len);
	address->local_part[len] = '\0';
	return atom;
}

/* Printable ASCII; a backslash goes before any of it. */
static const char *
take_quoted_string(const char *text, struct address *address)
{
	const char *next;
	size_t len;

	len = 0;
	for (next = text + 1; *next != '"'; next++) {
		if (*next == '\\')
			next++;
		if (*next < ' ' || *next > '~' || len == ADDRESS_LOCAL_MAX)
			return NULL;
		address->local_part[len++] = *next;
	}
	next++;
	if (next - text > ADDRESS_LOCAL_MAX)
		return NULL;
	address->local_part[len] = '\0';
	return next;
}

static const char *
take_mailbox(const char *text, struct address *address)
{
	const char *rest, *host;

	rest = *text == '"' ? take_quoted_string(text, address)
			    : take_dot_string(text, address);
	if (rest == NULL)
		return NULL;
	/* 4.1.1.3: the one mailbox that needs no domain. */
	if (*rest == '>' && strcasecmp(address->local_part, "postmaster") == 0)
		return rest;
	if (*rest != '@')
		return NULL;
	host = rest + 1;
	rest = take_host(host);
	if (rest == NULL || rest - host > ADDRESS_DOMAIN_MAX)
		return NULL;
	memcpy(address->domain, host, (size_t)(rest - host));
	address->domain[rest - host] = '\0';
	return rest;
}

/* A-d-l = "@" Domain *("," "@" Domain), then ":"; to be ignored. */
static const char *
take_source_route(const char *text)
{
	for (;;) {
		if (*text != '@')
			return NULL;
		text = take_domain(text + 1);
		if (text == NULL)
			return NULL;
		if (*text == ':')
			return text + 1;
		if (*text != ',')
			return NULL;
		text++;
	}
}

const char *
address_parse_path(const char *text, struct address *ret_address)
{
	const char *rest;

	ret_address->local_part[0] = '\0';
	ret_address->domain[0] = '\0';
	if (*text != '<')
		return NULL;
	rest = text + 1;
	if (*rest == '>')
		return rest + 1;
	if (*rest == '@')
		rest = take_source_route(rest);
	if (rest != NULL)
		rest = take_mailbox(rest, ret_address);
	return rest != NULL && *rest == '>' ? rest + 1 : NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Servers as URLs: smtp://, smtps:// and smtp+unix://. */
#include "url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "octet.h"

#define PORT_SUBMISSION	 587
#define PORT_SUBMISSIONS 465

/* Decodes %XX into a buffer of size octets; NULL, or what is wrong. */
static const char *
decode(const char *s, size_t len, char *out, size_t size)
{
	size_t i;
	size_t n = 0;
	int high, low;
	char c;

	for (i = 0; i < len; i++) {
		c = s[i];
		if (c == '%') {
			high = i + 1 < len ? octet_hex_value(s[i + 1]) : -1;
			low = i + 2 < len ? octet_hex_value(s[i + 2]) : -1;
			if (high < 0 || low < 0)
				return "a % must be followed by two "
				       "hexadecimal digits";
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (octet_is_control(c))
			return "it holds a control character";
		if (n + 1 >= size)
			return "a part of it is too long";
		out[n++] = c;
	}
	out[n] = '\0';
	return NULL;
}

static const char *
parse_user(const char *s, size_t len, struct url *url)
{
	if (len == 0)
		return "the user name before the @ is empty";
	if (memchr(s, ':', len) != NULL)
		return "a password does not belong in it, where everybody on "
		       "this machine can read it; use --password-file, "
		       "--password-fd or --password-env";
	if (memchr(s, '@', len) != NULL)
		return "an @ within the user name is written %40";
	return decode(s, len, url->user, sizeof(url->user));
}

static const char *
parse_port(const char *s, size_t len, struct url *url)
{
	size_t i;
	int port = 0;

	if (len == 0)
		return "the port is missing";
	if (len > 5)
		return "the port is not a number from 1 to 65535";
	for (i = 0; i < len; i++) {
		if (!octet_is_digit(s[i]))
			return "the port is not a number from 1 to 65535";
		port = port * 10 + (s[i] - '0');
	}
	if (port < 1 || port > 65535)
		return "the port is not a number from 1 to 65535";
	url->port = port;
	return NULL;
}

/* An IPv6 address, perhaps with a zone behind "%25" (RFC 6874). */
static const char *
parse_ipv6(const char *s, size_t len, struct url *url)
{
	size_t i;

	for (i = 0; i < len && s[i] != '%'; i++) {
		if (octet_hex_value(s[i]) < 0 && s[i] != ':' && s[i] != '.')
			return "what is in the brackets is no IPv6 address";
	}
	if (memchr(s, ':', i) == NULL)
		return "what is in the brackets is no IPv6 address";
	return decode(s, len, url->host, sizeof(url->host));
}

static const char *
parse_name(const char *s, size_t len, struct url *url)
{
	size_t i;

	if (len == 0)
		return "the host is missing";
	if (memchr(s, ':', len) != NULL)
		return "an IPv6 address is written in brackets";
	for (i = 0; i < len; i++) {
		if (octet_is_ascii(s[i]) && !octet_is_alpha(s[i]) &&
		    !octet_is_digit(s[i]) && strchr("-._", s[i]) == NULL)
			return "the host holds a character that no host name "
			       "has";
	}
	return decode(s, len, url->host, sizeof(url->host));
}

static const char *
parse_host_and_port(const char *s, size_t len, struct url *url)
{
	const char *colon;
	const char *wrong;
	size_t host_len = len;

	if (len > 0 && s[0] == '[') {
		const char *bracket = memchr(s, ']', len);

		if (bracket == NULL)
			return "the bracket before the IPv6 address is not "
			       "closed";
		host_len = (size_t)(bracket - s) + 1;
		wrong = parse_ipv6(s + 1, host_len - 2, url);
		if (wrong == NULL && host_len < len && s[host_len] != ':')
			wrong = "only a port may follow the bracket";
	} else {
		/* From the right, so that a bare IPv6 address is noticed. */
		colon = memrchr(s, ':', len);
		if (colon != NULL)
			host_len = (size_t)(colon - s);
		wrong = parse_name(s, host_len, url);
	}
	if (wrong != NULL || host_len == len)
		return wrong;
	return parse_port(s + host_len + 1, len - host_len - 1, url);
}

static const char *
parse_authority(const char *s, struct url *url)
{
	size_t len = strcspn(s, "/?#");
	const char *at;
	const char *wrong;

	if (s[len] != '\0' && strcmp(s + len, "/") != 0)
		return "nothing may follow the host and the port";

	at = memrchr(s, '@', len);
	if (at != NULL) {
		wrong = parse_user(s, (size_t)(at - s), url);
		if (wrong != NULL)
			return wrong;
		len -= (size_t)(at + 1 - s);
		s = at + 1;
	}
	return parse_host_and_port(s, len, url);
}

static const char *
parse_socket(const char *s, struct url *url)
{
	if (s[0] != '/')
		return "smtp+unix:// is followed by an absolute path; a user "
		       "name is given with --user";
	return decode(s, strlen(s), url->path, sizeof(url->path));
}

bool
url_lacks_zone(const struct url *url)
{
	struct in6_addr address;

	/* With a zone it is nothing that inet_pton() knows. */
	return inet_pton(AF_INET6, url->host, &address) == 1 &&
	       IN6_IS_ADDR_LINKLOCAL(&address);
}

const char *
url_parse(const char *string, struct url *ret_url)
{
	static const struct {
		const char *prefix;
		enum url_scheme scheme;
		int port;
	} schemes[] = {
		{ "smtp://", URL_SMTP, PORT_SUBMISSION },
		{ "smtps://", URL_SMTPS, PORT_SUBMISSIONS },
		{ "smtp+unix://", URL_SMTP_UNIX, 0 },
	};
	struct url url;
	const char *rest;
	const char *wrong;
	size_t i, len;

	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		len = strlen(schemes[i].prefix);
		if (strncasecmp(string, schemes[i].prefix, len) != 0)
			continue;
		memset(&url, 0, sizeof(url));
		url.scheme = schemes[i].scheme;
		url.port = schemes[i].port;
		rest = string + len;
		wrong = url.scheme == URL_SMTP_UNIX
			    ? parse_socket(rest, &url)
			    : parse_authority(rest, &url);
		if (wrong == NULL)
			*ret_url = url;
		return wrong;
	}
	return "it must begin with smtp://, smtps:// or smtp+unix://";
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Servers as URLs: smtp://, smtps:// and smtp+unix://. */
#ifndef URL_H
#define URL_H

#include <stdbool.h>

enum url_scheme {
	URL_SMTP,
	URL_SMTPS,
	URL_SMTP_UNIX
};

struct url {
	enum url_scheme scheme;
	char user[321]; /* "" if there is none */
	char host[256]; /* an IPv6 address without its brackets */
	int port;
	char path[256]; /* of the socket, for URL_SMTP_UNIX */
};

/* NULL if it is good, else what is wrong with it. */
const char *url_parse(const char *string, struct url *ret_url);

/* Whether the host is an IPv6 address that means nothing without a zone. */
bool url_lacks_zone(const struct url *url);

#endif

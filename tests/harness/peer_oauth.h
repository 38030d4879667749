/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The server's side of the two mechanisms that take a bearer token: OAUTHBEARER
 * (RFC 7628) and XOAUTH2 (as Google and Microsoft describe it).  Cyrus SASL has
 * neither.
 */
#ifndef HARNESS_PEER_OAUTH_H
#define HARNESS_PEER_OAUTH_H

#include <stdbool.h>
#include <stddef.h>

#define PEER_OAUTH_TOKEN_MAX 65536

/* What a client's response says; "" where it says nothing. */
struct peer_oauth_claim {
	char user[1024]; /* OAUTHBEARER: for whom it acts, if it says that */
	char host[256];
	char port[16];
	char token[PEER_OAUTH_TOKEN_MAX];
};

/* Whether the mechanism is one of the two. */
bool peer_oauth_knows(const char *mechanism);

/* NULL, or what is wrong with the response. */
const char *peer_oauth_read(const char *mechanism, const char *response,
			    size_t len, struct peer_oauth_claim *ret_claim);

/* Whether this is how a client takes note of the challenge of a failure. */
bool peer_oauth_is_note(const char *mechanism, const char *response,
			size_t len);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AUTH by a bearer token: XOAUTH2, and OAUTHBEARER (RFC 7628). */
#ifndef HARNESS_LOOPBACK_OAUTH_H
#define HARNESS_LOOPBACK_OAUTH_H

#include <stdbool.h>

#include "loopback.h"
#include "loopback_auth.h"
#include "loopback_connection.h"

#define OAUTH_MECHANISMS "OAUTHBEARER XOAUTH2"

/*
 * The exchange that follows "AUTH MECHANISM [INITIAL]", with all its replies,
 * if the mechanism is one of the two.  True: ret_result tells who the client
 * is.
 */
bool
oauth_exchange(const struct loopback_options *options,
    struct connection *connection, const char *initial,
    struct auth_result *ret_result);

#endif

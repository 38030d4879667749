/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AUTH (RFC 4954) on the server's side of Cyrus SASL. */
#ifndef HARNESS_LOOPBACK_AUTH_H
#define HARNESS_LOOPBACK_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "loopback.h"
#include "loopback_connection.h"

/* What is offered unless the options say otherwise. */
#define AUTH_MECHANISMS                                                        \
	"SCRAM-SHA-512 SCRAM-SHA-384 SCRAM-SHA-256 SCRAM-SHA-224 SCRAM-SHA-1 " \
	"CRAM-MD5 PLAIN LOGIN"
/* loopback_oauth.h has two more. */

#define AUTH_NAME_MAX 256

struct auth_result {
	char user[AUTH_NAME_MAX];
	char mechanism[32];
};

/*
 * Once, before the first connection: 0, or -1 after a complaint on stderr
 * when a mechanism that was asked for cannot be had.
 */
int
auth_start(const struct loopback_options *options);

/*
 * The mechanisms offered on a channel, each with a blank before it, as EHLO's
 * AUTH line shows them; empty: AUTH is not offered.
 */
void
auth_offer(const struct loopback_options *options, bool is_tls, char *list,
    size_t size);

/*
 * A challenge out, a response in, decoded; to be freed.  False: the client has
 * been told what is wrong with it.
 */
bool
auth_ask(struct connection *connection, const char *challenge,
    unsigned int len, char **ret_response, size_t *ret_len);

/* The same for what stands in the command itself; NULL: it has been told. */
char *
auth_decode_initial(struct connection *connection, const char *initial,
    size_t *ret_len);

/*
 * The exchange that follows "AUTH MECHANISM [INITIAL]", with all its replies.
 * True: the client is who it says, and ret_result tells who that is.
 */
bool
auth_exchange(const struct loopback_options *options,
    struct connection *connection, const char *mechanism, const char *initial,
    struct auth_result *ret_result);

#endif

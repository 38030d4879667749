/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The other side of an authentication in memory: Cyrus SASL's server, which
 * knows one user, alice, whose password is "wonderland".
 */
#ifndef UNIT_SASL_PEER_H
#define UNIT_SASL_PEER_H

#include <stdbool.h>
#include <stddef.h>

#define SASL_PEER_USER	   "alice"
#define SASL_PEER_PASSWORD "wonderland"

struct sasl_peer;

/* Once in a process. */
void sasl_peer_init(void);

struct sasl_peer *sasl_peer_new(const char *mechanism);
void sasl_peer_free(struct sasl_peer *peer);

/*
 * Takes the client's response, in base64; NULL: there is no initial one.
 * Returns the challenge, in base64, until the server has decided; then NULL.
 */
const char *sasl_peer_step(struct sasl_peer *peer, const char *response);

/* Who it is, if it is somebody; NULL otherwise, or if that is still open. */
const char *sasl_peer_user(const struct sasl_peer *peer);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The server's side of SCRAM (RFC 5802, RFC 7677) with channel binding (RFC
 * 5929, RFC 9266) for the scripted peer, and on demand a server that does it
 * wrong.  Nothing of Cyrus SASL is in it.
 */
#ifndef HARNESS_SCRAM_H
#define HARNESS_SCRAM_H

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>

#include "octets.h"

/* What stands in a line of a dialogue file as %{scram-...}. */
enum scram_part {
	SCRAM_NONE,
	SCRAM_CLIENT_FIRST, /* "AUTH SCRAM-SHA-256 " before it */
	SCRAM_CLIENT_FINAL,
	SCRAM_SERVER_FIRST,
	SCRAM_SERVER_FIRST_OTHER, /* with a nonce of its own only */
	SCRAM_SERVER_FINAL,
	SCRAM_SERVER_FINAL_WRONG,
};

struct scram {
	gnutls_mac_algorithm_t mac;
	unsigned int size; /* of what the hash gives */
	struct octets password;
	unsigned int iterations;
	const char *binding; /* what the client is set to; NULL: "auto" */
	char offered[256]; /* the line that offers any -PLUS, if one did */
	bool plus_is_offered; /* this very one's */
	struct octets header, first_bare, server_first, messages;
	struct octets bound; /* what "c=" has to be, before base64 */
	unsigned char salted[64];
};

void scram_init(struct scram *scram);
void scram_clear(struct scram *scram);

/* What the client knows, and so does the server. */
void scram_set_password(struct scram *scram, const char *password);

/*
 * The client says "AUTH SCRAM-...": from now on it is this mechanism, over
 * this TLS session or, with NULL, in clear.  NULL, or what is wrong.
 */
const char *scram_begin(struct scram *scram, const char *line,
			gnutls_session_t tls);

/*
 * Takes what the client says, in base64; NULL, or what is wrong with it.
 * argument is what stands behind the part's name: the user's name as it has to
 * be written, or NULL.
 */
const char *scram_take(struct scram *scram, enum scram_part part,
		       const char *argument, const char *text, size_t len);

/*
 * Appends what the server says, in base64.  argument is NULL, or the message,
 * where @ stands for the nonce or, at last, for the signature.
 */
void scram_say(struct scram *scram, enum scram_part part, const char *argument,
	       struct octets *out);

#endif

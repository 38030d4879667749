/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The server's side of SCRAM (RFC 5802, RFC 7677) for the scripted peer, and
 * on demand a server that does it wrong.  Nothing of Cyrus SASL is in it.
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
	char *password;
	unsigned int iterations;
	struct octets first_bare, server_first, messages;
	unsigned char salted[64];
};

void scram_init(struct scram *scram);
void scram_clear(struct scram *scram);

/* Takes what the client says, in base64; NULL, or what is wrong with it. */
const char *scram_take(struct scram *scram, enum scram_part part,
		       const char *text, size_t len);

/* SHA-1, SHA-256 or SHA-512, out of the name of a mechanism. */
bool scram_set_mechanism(struct scram *scram, const char *name);

/* Appends what the server says, in base64. */
void scram_say(struct scram *scram, enum scram_part part, struct octets *out);

#endif

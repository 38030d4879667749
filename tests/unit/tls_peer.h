/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The other side of a TLS connection in memory: a server's session of GnuTLS
 * itself, which shares nothing with the library.
 */
#ifndef UNIT_TLS_PEER_H
#define UNIT_TLS_PEER_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "memory_stream.h"

struct tls_peer {
	struct memory_stream *wire;
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	gnutls_datum_t ticket_key;
	bool is_up;
	int error; /* that ended the handshake, or 0 */
};

#define TLS_1_2_ONLY "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS_1_3_ONLY "NORMAL:-VERS-ALL:+VERS-TLS1.3"

/*
 * A server that reads what was written to wire.  priority NULL: "NORMAL".  It
 * has no certificate until it is given one.
 */
void tls_peer_init(struct tls_peer *peer, struct memory_stream *wire,
		   const char *priority);
void tls_peer_clear(struct tls_peer *peer);

/* From now on it sends session tickets, as servers do. */
void tls_peer_give_tickets(struct tls_peer *peer);

/* The server's part of the handshake, as far as it goes. */
void tls_peer_shake(struct tls_peer *peer);

/*
 * Both parts, a turn each, until the client's is done: its result.  Nothing
 * more is in the wire then.
 */
int tls_peer_open(struct tls_peer *peer, struct stream *client);

/* Sends all of this in records of at most this size, the end included. */
void tls_peer_send(struct tls_peer *peer, const void *data, size_t len,
		   size_t record);

/*
 * Appends what the client has sent.  0 at the end of that, a GnuTLS error, or
 * GNUTLS_E_AGAIN when there is no more now.
 */
ssize_t tls_peer_receive(struct tls_peer *peer, struct octets *ret_data);

#endif

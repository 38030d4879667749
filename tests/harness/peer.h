/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A server that follows a script: it sends what the script says, insists that
 * the client sends just what the script says, and does nothing by itself.  It
 * is turned by whoever waits, in the client's own thread.
 */
#ifndef HARNESS_PEER_H
#define HARNESS_PEER_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dialogue.h"
#include "memstream.h"
#include "octets.h"
#include "scram.h"
#include "tls_manners.h"
#include "witness.h"

#define PEER_NEVER INT64_MAX

struct peer {
	struct memory_link *link;
	struct witness witness;
	struct scram scram;
	unsigned int cell; /* CELL_... flags of the cell that is played */

	/* The clock is whoever turns the peer's. */
	int64_t now;
	int64_t wakes_at; /* PEER_NEVER: at once, as far as time goes */
	int64_t drip;	  /* milliseconds an octet */

	/* The script of the step at hand. */
	const struct script_line *lines;
	size_t line_count, line;
	bool waited;	     /* the wait at hand is over */
	bool ignoring;	     /* whatever comes */
	bool streams;	     /* the client may say more behind content */
	bool may_pipeline;   /* the client's last command was MAIL or RCPT */
	struct octets in;    /* of the client's, not matched yet */
	struct octets queue; /* to be sent, octet by octet if dripping */
	struct octets tail;  /* the last octets that were ignored */

	/* With TLS: the server's side of it. */
	gnutls_certificate_credentials_t credentials;
	const char *priority;
	gnutls_session_t tls;
	bool shaking;
	bool said_goodbye, is_over; /* the client */
	int tls_error;		    /* why shaking hands failed, or 0 */
	struct tls_manners manners;

	/* After so many octets of the server's, its side ends. */
	size_t end_after;
	size_t spoken;

	/* What both have said, in plain: for people, and to compare. */
	struct octets from_client;
	unsigned int flights; /* turns that brought something of the client's */

	struct octets failure; /* the first thing that was not as it must be */
};

void peer_init(struct peer *peer, struct memory_link *link, unsigned int cell);
void peer_clear(struct peer *peer);

/* Another step begins; what the last one left undone is a failure. */
void peer_begin(struct peer *peer, const struct script_line *lines,
		size_t count);

/* Whether all that the script holds for this step has happened. */
bool peer_is_done(const struct peer *peer);

/* The step is over: whatever has not happened is a failure. */
void peer_end(struct peer *peer);

/* Shaking hands begins with the next octet. */
void peer_start_tls(struct peer *peer);

/* Does what can be done; false: there was nothing. */
bool peer_turn(struct peer *peer, int64_t now);

/* When it wants to be turned again, whatever happens; or PEER_NEVER. */
int64_t peer_wakes(const struct peer *peer);

void peer_fail(struct peer *peer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Octets and TLS (peer_tls.c).
 */

/* Moves what the client has sent to peer->in; true: there was something. */
bool peer_receive(struct peer *peer);

/* Sends octets, as they are or encrypted. */
void peer_transmit(struct peer *peer, const char *data, size_t len);

/* Ends the server's side. */
void peer_close(struct peer *peer, bool goodbye);

void peer_clear_tls(struct peer *peer);

#endif

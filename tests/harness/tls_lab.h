/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session of the library's and a small server, face to face in memory, for
 * what can't be written down as a dialogue: connections that follow one
 * another, floods without end, counts.  Time is the laboratory's own.
 */
#ifndef HARNESS_TLS_LAB_H
#define HARNESS_TLS_LAB_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smtpc/smtpc.h>

#include "certs.h"
#include "memstream.h"
#include "octets.h"

#define LAB_HOST "mx.example.test"
#define LAB_PORT 465

struct tls_lab {
	/* Of all connections. */
	struct certificates *certificates;
	gnutls_datum_t ticket_key;
	gnutls_anti_replay_t anti_replay;
	smtpc_tls *tls; /* trusts ca */
	int64_t now;	/* milliseconds */

	/* Of the next server; NULL is "server", and what is usual. */
	const char *certificate;
	const struct credentials *credentials; /* in place of certificate */
	const char *priority;
	const char *staple;
	const char *client_authority; /* of the certificate it asks for */
	bool takes_early_data;
	size_t step; /* octets a read or a write; 0: all */

	/* The connection at hand, or the last one. */
	smtpc_session *session;
	struct memory_link link;
	gnutls_certificate_credentials_t server_credentials;
	gnutls_session_t server;
	bool is_up;
	int server_error;
	bool is_resumed;      /* says the server */
	bool had_early_data;  /* says the server, too */
	unsigned int client_certificates;
	struct octets hello;  /* the client's first flight */
	struct octets heard;  /* what it said since */
	size_t answered;      /* so much of that */
	size_t reads;	      /* of the connection */

	/* Called when the client finds nothing to read. */
	void (*more)(struct tls_lab *lab);
	size_t given; /* by it */
};

/* The test is ended if anything fails here. */
void lab_init(struct tls_lab *lab);
void lab_clear(struct tls_lab *lab);

/* Fresh settings that trust this authority; the caller's to free. */
smtpc_tls *lab_settings(struct tls_lab *lab, const char *authority);

/* Another session, which does not block, with the settings tls. */
void lab_session(struct tls_lab *lab, smtpc_tls *tls);

/* Begins to connect to a fresh server; what lab_run() then has to end. */
int lab_begin(struct tls_lab *lab, const char *host, int port);

/* Carries on what is in progress, and lets the server answer; its result. */
int lab_run(struct tls_lab *lab, int rc);

/* Both, with LAB_HOST and LAB_PORT. */
int lab_connect(struct tls_lab *lab);

/* All of it: session, connection, QUIT; the result of connecting. */
int lab_visit(struct tls_lab *lab, smtpc_tls *tls, const char *host, int port);

/* The server's turn; true: it did something. */
bool lab_turn(struct tls_lab *lab);

/*
 * The content of this extension of the ClientHello, or NULL; RFC 8446, 4.2.
 */
#define EXTENSION_TICKET     35
#define EXTENSION_PSK	     41
#define EXTENSION_EARLY_DATA 42
const unsigned char *lab_extension(const struct tls_lab *lab,
				   unsigned int type, size_t *ret_len);

/* Whether the client has offered to resume a session. */
bool lab_offers_resumption(const struct tls_lab *lab);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the scripted peer behaves beneath SMTP: what it asks for while shaking
 * hands, what it spoils, and what it does that no server should.
 */
#ifndef HARNESS_TLS_MANNERS_H
#define HARNESS_TLS_MANNERS_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>

#include "octets.h"

struct peer;

struct tls_manners {
	/* GNUTLS_CERT_IGNORE, _REQUEST or _REQUIRE, of the client. */
	gnutls_certificate_request_t asks;

	/*
	 * What is changed in its first messages; NULL: nothing.
	 *
	 * sentinel-1.2 -1.1	the random says that TLS was downgraded
	 * suite-XXXX		this cipher suite is chosen
	 * compression alpn	what nobody has asked for
	 * group-512 -1024	Diffie and Hellman's has so many bits only
	 */
	const char *tamper;

	/* So many octets a record at most, while that is clear; 0: all. */
	size_t fragment;

	/* The same of what is said; 0: as GnuTLS does it. */
	size_t record;

	/* After so many octets of TLS's, nothing more comes; then the end. */
	size_t cut_after; /* 0: never; otherwise so many, plus 1 */
	bool cut_stalls;  /* without the end */
	size_t sent;	  /* so far */
	size_t made;	  /* the same, as if nothing were cut */
	size_t answered;  /* when the client first answered, or 0 */
	size_t shaken;	  /* when the client knew that it was done */
	bool is_sealed;	  /* what comes now is encrypted */

	/* What was seen of the client. */
	unsigned int certificates;
	unsigned int warnings; /* alerts */
	unsigned int status;   /* what its certificate is, if it is bad */
};

/* A session is to be used so; 0 or a GnuTLS error. */
int manners_begin(struct peer *peer);

/* Shaking hands goes on. */
void manners_shake(struct peer *peer);

/* Shaking hands is over: look who is there. */
void manners_look(struct peer *peer);

/* The alert that tells why it failed. */
void manners_refuse(struct peer *peer, int error);

/* What GnuTLS sends goes to the client as it is, or not. */
void manners_push(struct peer *peer, const void *data, size_t len);

/*
 * Does what follows "tls" in a dialogue file:
 *
 * alert N		an encrypted fatal alert
 * warnings N		so many alerts that are warnings
 * key-updates N	TLS 1.3
 * tickets N		TLS 1.3
 * hello-request	TLS 1.2
 * empty N		so many records without content
 * forge TYPE HEX...	a record of this type
 * spoil HEX...		one of data whose authentication is wrong
 * goodbye		close_notify, and the connection stays
 */
void manners_misbehave(struct peer *peer, const char *text);

/*
 * The server's side of a certificate: "staple" of tls_staple.h, and who may
 * have issued a client's; either may be NULL.  0 or a GnuTLS error.
 */
struct certificates;
int manners_equip(gnutls_certificate_credentials_t target,
		  struct certificates *certificates, const char *certificate,
		  const char *staple, const char *client_authority);

#endif

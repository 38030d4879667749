/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where messages go.  DIR/Maildir/USER holds them as a mail reader expects
 * them; DIR/received/N.eml holds the octets of the content as they were
 * received, and DIR/received/N.envelope what belongs to them, in lines
 * "key: value":
 *
 *	sender: <alice@example.test>        as written in MAIL
 *	recipient: <bob@example.test>       as written in RCPT; one line each
 *	parameter: SIZE=1234                of MAIL; one line each
 *	client: laptop.example.test         as written in EHLO or HELO
 *	listener: submission                or smtps, smtp, unix
 *	protocol: ESMTPSA                   RFC 3848
 *	tls: TLS1.3                         only under TLS
 *	user: alice@example.test            only after AUTH
 *	mechanism: SCRAM-SHA-256            only after AUTH
 */
#ifndef HARNESS_LOOPBACK_DELIVERY_H
#define HARNESS_LOOPBACK_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>

#include "loopback.h"
#include "loopback_content.h"

struct recipient {
	char *path;		/* "<bob@example.test>" */
	const char *local_part; /* the user's */
};

struct envelope {
	char *sender; /* NULL: no transaction */
	char *parameters;
	bool is_8bit;
	struct recipient recipients[LOOPBACK_RECIPIENTS_MAX];
	size_t recipient_count;
};

/* Who the message comes from. */
struct origin {
	unsigned int connection;
	const char *client;
	const char *listener;
	const char *protocol;
	const char *tls;       /* or NULL */
	const char *user;      /* or NULL */
	const char *mechanism; /* or NULL */
};

/* Make the directories; 0 or -1 and errno. */
int
delivery_start(const struct loopback_options *options);

/* The number of the message, or 0 when it could not be stored. */
unsigned int
delivery_store(const struct loopback_server *server,
    const struct envelope *envelope, const struct origin *origin,
    const struct content *content);

#endif

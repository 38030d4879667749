/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session and its server, both in this process, connected by a pair of
 * sockets in clear: what is looked at is what the library does to the process.
 */
#ifndef PROCESS_VISIT_H
#define PROCESS_VISIT_H

#include <smtpc/smtpc.h>

#include "auth_server.h"

#define VISIT_USER     "alice"
#define VISIT_PASSWORD "wonderland"
#define VISIT_TOKEN    "ya29.token"

struct visit {
	smtpc_session *session;
	struct auth_server server; /* mechanisms and so on: before it begins */
};

/* Fails the test, but allocates nothing while all is good. */
void visit_need(bool good, const char *what);

/*
 * As far as the reply to EHLO.  Everything is set: password, token, and that
 * they may be sent in clear.
 */
void visit_begin(struct visit *visit, const char *mechanisms);

/* The same for a server that is prepared already. */
void visit_open(struct visit *visit);

/* QUIT, and both are gone. */
void visit_end(struct visit *visit);

/* A whole visit, with success by the mechanism, or the test fails. */
void visit_by(const char *mechanism);

/* A whole visit; what the client must have sent between EHLO and QUIT. */
void visit_says(const char *mechanism, const char *lines);

/*
 * A visit to a server that does not know the password, and says it does: Cyrus
 * SASL finds out, and would log it.
 */
void visit_a_liar(const char *mechanism);

/* Every mechanism that Debian's packages and the library bring. */
#define VISIT_OWN      "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"
#define VISIT_PACKAGED "SCRAM-SHA-256", "DIGEST-MD5", "CRAM-MD5"

#endif

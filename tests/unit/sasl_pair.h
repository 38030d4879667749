/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One authentication in memory, made anew for each test: the client's side is
 * lib/sasl.c, the server's is Cyrus SASL's own.
 */
#ifndef UNIT_SASL_PAIR_H
#define UNIT_SASL_PAIR_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

#include "peer_sasl.h"
#include "sasl.h"

/* The largest response that may be said (RFC 4954, section 4), decoded. */
#define SAID_MAX 9216

/* What the next exchange is about: alice's, with all secrets set. */
extern char authzid[100], authcid[100], password[1000], token[100];
extern struct credentials credentials;
extern struct sasl_terms terms;
extern struct buffer binding;
extern struct peer_sasl_terms peer_terms;

/* Both sides, and what the client has said, not encoded. */
extern struct sasl_exchange *exchange;
extern struct buffer out;
extern struct peer_sasl *authority;

/* What the server asks, and how it has decided. */
extern const char *challenge;
extern size_t challenge_len;
extern bool is_accepted;

/* The mechanisms that take a password. */
extern const struct password_mechanism {
	const char *name;
	bool has_initial;
	bool proves_server;
} mechanisms[];
extern const int mechanism_count;

TCase *sasl_pair_case(Suite *suite, const char *name);

/* Gives both sides back, so that another exchange can begin. */
void leave(void);

void set_password(const char *text);

/* The client's side, ready to be started. */
void make(const char *mechanism);
int start(bool *ret_initial);

/* What the client said; the buffer is empty then.  ret_len may be NULL. */
const char *said(size_t *ret_len);

/* Begins the mechanism on both sides; whether the server asks for more. */
bool begin(const char *mechanism);

int step(const char *text, size_t len);

/* The server's turn, after the client's; whether it asks for more. */
bool pass_on(void);

/* All of it, until the server has decided or the client gives up. */
int authenticate(const char *mechanism);

#endif

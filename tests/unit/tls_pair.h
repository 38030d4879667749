/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client of the library's and a server of GnuTLS's over one stream in
 * memory, made anew for each test of a case.
 */
#ifndef UNIT_TLS_PAIR_H
#define UNIT_TLS_PAIR_H

#include <check.h>

#include "tls.h"
#include "tls_peer.h"

/* Freed after the test; client only if it is not NULL. */
extern smtpc_tls *settings;
extern struct memory_stream wire;
extern struct tls_peer peer;
extern struct stream *client;

/* Versions in which the two may speak, for tests that run in each. */
extern const char *const versions[2];

TCase *pair_case(Suite *suite, const char *name);

/* A client for this host, and a server with a certificate. */
void pair_meet(const char *host, const char *priority);

/* The same, and they have shaken hands. */
void pair_talk(const char *priority);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_TLS_SETTINGS_H
#define SMTPC_TLS_SETTINGS_H

#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smtpc/smtpc.h>

#include "tls_cache.h"

/*
 * What TLS connections share.  Changed only until it is frozen; after that
 * any number of threads may use it.
 */
struct smtpc_tls {
	atomic_uint holds;
	pthread_mutex_t lock; /* for freezing */
	atomic_bool frozen;
	bool freezing_failed; /* and would again */
	bool trust_system;
	bool caches_sessions;
	int minimum_version; /* SMTPC_TLS_... */
	char *priority_text; /* NULL: the system's */
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	int authorities;   /* how many certificates are trusted */
	bool has_identity; /* a certificate of the client's */
	char *pin;	   /* of the token with the client's key, or NULL */
	struct tls_cache cache;
	/* Why the last setter failed, and why it can't be used. */
	int error;
	char *error_message; /* NULL: there was no memory */
};

/* What every setter does first: SMTPC_OK if there may be a change. */
int tls_begin_change(smtpc_tls *tls);

/* Records a failure and returns it.  Takes the message over. */
int tls_fail(smtpc_tls *tls, int result, char *message);

/* The same for SMTPC_E_INVALID, with a message that is copied. */
int tls_invalid(smtpc_tls *tls, const char *message);

/* Octets of the caller's as GnuTLS takes them, at most so many. */
#define TLS_DATUM_MAX INT32_MAX
gnutls_datum_t tls_datum(const void *data, size_t len);

#endif

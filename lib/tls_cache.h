/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_TLS_CACHE_H
#define SMTPC_TLS_CACHE_H

#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* So many sessions are kept; then the oldest goes. */
#define TLS_CACHE_MAX 64

struct tls_cache_entry {
	char *key;
	gnutls_datum_t data; /* GnuTLS's memory; it holds secrets */
	time_t good_until;
};

/*
 * TLS sessions that can be resumed, for any number of threads.  Each is taken
 * out to be used: a ticket of TLS 1.3 is good for once (RFC 8446, C.4).
 */
struct tls_cache {
	pthread_mutex_t lock;
	struct tls_cache_entry entries[TLS_CACHE_MAX]; /* oldest first */
	size_t count;
};

void tls_cache_init(struct tls_cache *cache);
void tls_cache_clear(struct tls_cache *cache);

/*
 * Takes data over, whatever comes; without memory it is not kept.  From
 * good_until on it is not given out: the server's certificate of then is no
 * reason to complain about the one that it has now.
 */
void tls_cache_put(struct tls_cache *cache, const char *key,
		   gnutls_datum_t *data, time_t good_until);

/* The newest of this key; the caller frees it with tls_cache_free_data(). */
bool tls_cache_take(struct tls_cache *cache, const char *key,
		    gnutls_datum_t *ret_data);

void tls_cache_free_data(gnutls_datum_t *data);

#endif

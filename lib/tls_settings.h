/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_TLS_SETTINGS_H
#define SMTPC_TLS_SETTINGS_H

#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <smtpc/smtpc.h>

/*
 * What TLS connections share.  Changed only until it is frozen; after that
 * any number of threads may use it.
 */
struct smtpc_tls {
	atomic_uint holds;
	pthread_mutex_t lock; /* for freezing */
	bool frozen;
	bool trust_system;
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	int authorities; /* how many certificates are trusted */
	/* Why the last setter failed, and why it can't be used. */
	int error;
	char *error_message; /* NULL: there was no memory */
};

#endif

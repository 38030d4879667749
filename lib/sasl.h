/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_SASL_H
#define SMTPC_SASL_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "credentials.h"

/* The client's side of one authentication, by Cyrus SASL. */
struct sasl_exchange;

/* How a mechanism may deal with the TLS channel (RFC 5801, section 4). */
enum sasl_binding {
	SASL_BINDING_NONE,   /* "n": it does not, whatever the server can */
	SASL_BINDING_UNUSED, /* "y": it would, but the server does not */
	SASL_BINDING_USED    /* "p" */
};

/* What an exchange is about; all of it is copied. */
struct sasl_terms {
	const char *mechanism;
	const char *host;
	int port; /* 0: none */
	const struct credentials *credentials;
	bool plaintext_allowed;
	bool serial; /* the mechanism is one that shares memory */
	bool threaded;
	enum sasl_binding binding;
	const char *binding_name; /* as registered for RFC 5056 */
	const struct buffer *binding_data;
};

/*
 * Begins to make one.  Cyrus SASL looks its own host's name up for that, which
 * may have to wait for the name service, and so is done by a helper thread if
 * threaded.
 */
int sasl_exchange_begin(struct sasl_exchange **ret_exchange,
			const struct sasl_terms *terms);

/*
 * SMTPC_AGAIN: wait for the descriptor.  SMTPC_OK: it is made.
 * SMTPC_E_AUTH_UNAVAILABLE, SMTPC_E_NOMEM: it can't be.
 */
int sasl_exchange_poll(struct sasl_exchange *exchange);

/* -1: there is nothing to wait for. */
int sasl_exchange_descriptor(const struct sasl_exchange *exchange);

/*
 * Starts the mechanism.  *ret_initial: it begins with an initial response,
 * which is then appended to out.  SMTPC_E_NOEXTENSION: there is no such
 * mechanism here.  SMTPC_E_AUTH_UNAVAILABLE: it can't be used here.
 * SMTPC_E_NOMEM.
 */
int sasl_exchange_start(struct sasl_exchange *exchange, struct buffer *out,
			bool *ret_initial);

/*
 * Appends to out the answer to a challenge, neither of them encoded.
 * SMTPC_E_AUTH_PROTOCOL: the challenge makes no sense, or proves that the
 * server is not what it should be.  SMTPC_E_NOMEM.
 */
int sasl_exchange_step(struct sasl_exchange *exchange, const char *challenge,
		       size_t len, struct buffer *out);

/* Whether the mechanism, too, is done and satisfied with the server. */
bool sasl_exchange_is_complete(const struct sasl_exchange *exchange);

/* Why the last call failed, as Cyrus SASL says it; lasts until the next. */
const char *sasl_exchange_message(const struct sasl_exchange *exchange);

/* NULL is allowed. */
void sasl_exchange_free(struct sasl_exchange *exchange);

#endif

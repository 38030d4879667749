/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The server's side of an authentication, by Cyrus SASL with its users in
 * memory: alice, whose password is "wonderland", and whoever is added.  Nobody
 * may act for anybody else, but for boss, for whom all may.
 */
#ifndef HARNESS_PEER_SASL_H
#define HARNESS_PEER_SASL_H

#include <stdbool.h>
#include <stddef.h>

#define PEER_SASL_USER	   "alice"
#define PEER_SASL_PASSWORD "wonderland"
#define PEER_SASL_BOSS	   "boss"
#define PEER_SASL_HOST	   "mx.example.test"

struct peer_sasl;

/* What a connection is like: all zero is one in clear. */
struct peer_sasl_terms {
	/* "tls-exporter" and so on, with its data; NULL: there is none. */
	const char *binding_type;
	const void *binding;
	size_t binding_len;

	/* Whom the client's certificate names; NULL: nobody. */
	const char *certified;
};

enum peer_sasl_verdict {
	PEER_SASL_ASKS,	   /* the challenge has to be answered */
	PEER_SASL_ACCEPTS, /* and knows who it is */
	PEER_SASL_REFUSES,
	PEER_SASL_LACKS, /* the mechanism */
};

/*
 * Once in a process.  What Cyrus SASL's server would log is kept for
 * peer_sasl_why(), or goes to syslog().
 */
void peer_sasl_prepare(bool with_syslog);

/* Both texts are to last. */
void peer_sasl_add_user(const char *name, const char *password);

/* SCRAM's, of the process's next connections; "4096" at first. */
void peer_sasl_set_iterations(const char *count);

/* NULL: it can't be made.  The terms are to last as long. */
struct peer_sasl *peer_sasl_new(const struct peer_sasl_terms *terms);
void peer_sasl_free(struct peer_sasl *peer);

/* What Cyrus SASL could do on these terms: words. */
const char *peer_sasl_mechanisms(const struct peer_sasl *peer);

/*
 * Takes what the client says; NULL: there is no initial response.  The
 * challenge lasts until the next call.
 */
enum peer_sasl_verdict peer_sasl_start(struct peer_sasl *peer,
				       const char *mechanism,
				       const char *response, size_t len,
				       const char **ret_challenge,
				       size_t *ret_len);
enum peer_sasl_verdict peer_sasl_step(struct peer_sasl *peer,
				      const char *response, size_t len,
				      const char **ret_challenge,
				      size_t *ret_len);

/* Whom the client acts for, and who it is; NULL: it is nobody yet. */
const char *peer_sasl_user(const struct peer_sasl *peer);
const char *peer_sasl_authenticated(const struct peer_sasl *peer);

/* Why the last call has refused, for people. */
const char *peer_sasl_why(const struct peer_sasl *peer);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_TLS_H
#define SMTPC_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smtpc/smtpc.h>

#include "stream.h"

/* A SHA-256 digest in lower-case hexadecimal digits, with a NUL. */
#define TLS_DIGEST_TEXT 65

/*
 * TLS settings (smtpc_tls).
 */

smtpc_tls *tls_hold(smtpc_tls *tls);

/*
 * Loads what is to be loaded, and lets nobody change it any more.  On failure,
 * *ret_message is why, in memory of its own, or NULL; ret_message may be NULL.
 */
int tls_freeze(smtpc_tls *tls, char **ret_message);

/* Whether there is a certificate of the client's; NULL has none. */
bool tls_has_identity(const smtpc_tls *tls);

/*
 * TLS over another stream.
 */

/*
 * A client's side over inner, whose owner it becomes on success, for a peer of
 * this name.  The stream has to be opened: that shakes hands.  A session that
 * was kept with the same key is resumed; NULL: none.
 */
int tls_wrap(smtpc_tls *tls, struct stream *inner, const char *host,
	     const char *resumption_key, struct stream **ret_stream);

/* The peer is trusted: the session may be resumed later. */
void tls_keep(struct stream *stream);

/*
 * The peer's certificates.  All these take a stream that tls_wrap() made and
 * that is open.
 */

/* "TLS1.3" and the like; words that last for ever. */
const char *tls_version(const struct stream *stream);
const char *tls_cipher(const struct stream *stream);

bool tls_is_resumed(const struct stream *stream);

/*
 * Verifies chain, name and purpose.  *ret_problems: SMTPC_CERTIFICATE_...
 * flags, 0 if all is well.  ret_key_sha256: the digest of the peer's key, in
 * hexadecimal digits; NULL: nobody asks for it.  SMTPC_E_TLS: it could not be
 * verified at all.  SMTPC_E_NOMEM.
 */
int tls_verify(struct stream *stream, uint32_t *ret_problems,
	       char ret_key_sha256[TLS_DIGEST_TEXT]);

struct tls_certificate {
	char *der;
	size_t der_len;
	char *subject, *issuer;
	int64_t not_before, not_after; /* milliseconds since the epoch */
	char sha256[TLS_DIGEST_TEXT], spki_sha256[TLS_DIGEST_TEXT];
};

struct tls_chain {
	size_t count;
	struct tls_certificate certificates[];
};

/* The chain as the peer sent it; NULL when there is no memory or no chain. */
struct tls_chain *tls_chain_load(const struct stream *stream);
void tls_chain_free(struct tls_chain *chain);

#endif

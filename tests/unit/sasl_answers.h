/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The right answers to challenges, worked out here and not by Cyrus SASL; the
 * user and the password are those of peer_sasl.h.
 */
#ifndef UNIT_SASL_ANSWERS_H
#define UNIT_SASL_ANSWERS_H

#include <stddef.h>

#include "octets.h"

/* A flag of NTLM's second message. */
#define ANSWER_IN_UNICODE 0x1u

/* RFC 2831, section 2.1.2; the client's nonce is its own. */
void answer_by_digest(struct octets *to, const char *realm, const char *nonce,
		      const char *cnonce);

/* A type 3 message, if the server's nonce is "01234567". */
void answer_by_ntlm(struct octets *to, unsigned int flags, const char *domain);

/* RFC 2195, section 2. */
void answer_by_cram(struct octets *to, const void *challenge, size_t len);

#endif

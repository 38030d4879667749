/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_CHALLENGE_H
#define SMTPC_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>

#include "mechanism.h"

/* More than any SCRAM nonce of Cyrus SASL's, which has 24 octets of entropy. */
#define CHALLENGE_NONCE_MAX 128

/* RFC 7677, section 4: fewer iterations make guessing cheap. */
#define CHALLENGE_ITERATIONS_MIN 4096
/* What Cyrus SASL computes at most. */
#define CHALLENGE_ITERATIONS_MAX 65536

/*
 * What a mechanism's challenges must be like before it gets to see them:
 * Cyrus SASL does not look closely enough.
 */
struct challenge_check {
	const struct mechanism *mechanism;
	int iterations_min;
	int count; /* of challenges seen */
	char nonce[CHALLENGE_NONCE_MAX];
};

void challenge_check_init(struct challenge_check *check,
			  const struct mechanism *mechanism,
			  int iterations_min);

/* Takes note of what the client says first. */
void challenge_check_initial(struct challenge_check *check, const char *text,
			     size_t len);

/*
 * NULL, or what is wrong with the next challenge, in words that last for ever;
 * then *ret_detail is a token for it.
 */
const char *challenge_problem(struct challenge_check *check, const char *text,
			      size_t len, const char **ret_detail);

#endif

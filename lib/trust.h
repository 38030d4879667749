/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_TRUST_H
#define SMTPC_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include <smtpc/smtpc.h>

/* Every flag there is. */
#define TRUST_PROBLEMS 0x7fffu

/* What the caller has decided about certificates before seeing any. */
struct trust_rules {
	uint32_t exceptions; /* SMTPC_CERTIFICATE_... */
	char *pins; /* SHA-256 digests in lower-case hexadecimal digits, with
		       a blank between them; NULL: there are none */
};

/* SMTPC_E_INVALID: these are no flags that can be excepted. */
int trust_set_exceptions(struct trust_rules *rules, uint32_t problems);

/* Adds a digest of 64 digits, or forgets them all (NULL). */
int trust_add_pin(struct trust_rules *rules, const char *sha256);

void trust_clear(struct trust_rules *rules);

/*
 * Judges a certificate with these problems and this digest of its key (64
 * lower-case digits, looked at only if there are pins).  Returns
 * SMTPC_TRUST_...; NONE: *ret_left are the problems that remain.  A pin that
 * does not match is one of them, and is added to *problems.
 */
int trust_judge(const struct trust_rules *rules, const char *sha256,
		uint32_t *problems, uint32_t *ret_left);

#endif

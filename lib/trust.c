/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a certificate with such problems is good enough for this caller:
 * exceptions and pins.
 */
#include "trust.h"

#include <string.h>

#include "ascii.h"
#include "mem.h"

#define SHA256_DIGITS 64

/* A key that is known makes these of no interest: it is the server's. */
#define ANSWERED_BY_PIN                                                        \
	(SMTPC_CERTIFICATE_UNTRUSTED_ISSUER | SMTPC_CERTIFICATE_SELF_SIGNED |  \
	 SMTPC_CERTIFICATE_WRONG_NAME | SMTPC_CERTIFICATE_NAME_IN_CN)

int
trust_set_exceptions(struct trust_rules *rules, uint32_t problems)
{
	if (problems & ~(TRUST_PROBLEMS & ~SMTPC_CERTIFICATE_PIN_MISMATCH))
		return SMTPC_E_INVALID;
	rules->exceptions = problems;
	return SMTPC_OK;
}

static bool
is_digest(const char *text)
{
	size_t i;

	for (i = 0; i < SHA256_DIGITS; i++)
		if (!ascii_is_hex(text[i]))
			return false;
	return text[i] == '\0';
}

int
trust_add_pin(struct trust_rules *rules, const char *sha256)
{
	const char *before = rules->pins != NULL ? rules->pins : "";
	char *pins;
	char *at;

	if (sha256 == NULL) {
		mem_free(rules->pins);
		rules->pins = NULL;
		return SMTPC_OK;
	}
	if (!is_digest(sha256))
		return SMTPC_E_INVALID;
	pins = mem_format("%s%s%s", before, *before != '\0' ? " " : "", sha256);
	if (pins == NULL)
		return SMTPC_E_NOMEM;
	for (at = pins; *at != '\0'; at++)
		if (*at >= 'A' && *at <= 'F')
			*at = (char)(*at - 'A' + 'a');
	mem_free(rules->pins);
	rules->pins = pins;
	return SMTPC_OK;
}

void
trust_clear(struct trust_rules *rules)
{
	(void)trust_add_pin(rules, NULL);
	rules->exceptions = 0;
}

/*
 * A certificate that signs itself has no other issuer: whoever excepts the one
 * problem means the other, too.
 */
static uint32_t
excepted(uint32_t exceptions, uint32_t problems)
{
	if (exceptions & SMTPC_CERTIFICATE_UNTRUSTED_ISSUER)
		exceptions |= SMTPC_CERTIFICATE_SELF_SIGNED;
	if (exceptions & problems & SMTPC_CERTIFICATE_SELF_SIGNED)
		exceptions |= SMTPC_CERTIFICATE_UNTRUSTED_ISSUER;
	return exceptions;
}

int
trust_judge(const struct trust_rules *rules, const char *sha256,
	    uint32_t *problems, uint32_t *ret_left)
{
	uint32_t left = *problems;
	int trust = SMTPC_TRUST_VERIFIED;

	if (rules->pins != NULL) {
		/* Digests are as long as each other: none lies across two. */
		if (strstr(rules->pins, sha256) != NULL)
			left &= ~ANSWERED_BY_PIN;
		else
			left |= SMTPC_CERTIFICATE_PIN_MISMATCH;
		*problems |= left & SMTPC_CERTIFICATE_PIN_MISMATCH;
		trust = SMTPC_TRUST_PINNED;
	}
	if (left != 0) {
		left &= ~excepted(rules->exceptions, *problems);
		trust = SMTPC_TRUST_EXCEPTED;
	}
	*ret_left = left;
	return left == 0 ? trust : SMTPC_TRUST_NONE;
}

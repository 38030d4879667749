/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The problems of a certificate by short names, for --accept and --probe. */
#include "problem.h"

#include <smtpc/smtpc.h>
#include <stdio.h>
#include <string.h>

static const struct {
	uint32_t flag;
	const char *name;
} problems[] = {
	{ SMTPC_CERTIFICATE_UNTRUSTED_ISSUER, "untrusted-issuer" },
	{ SMTPC_CERTIFICATE_SELF_SIGNED, "self-signed" },
	{ SMTPC_CERTIFICATE_EXPIRED, "expired" },
	{ SMTPC_CERTIFICATE_NOT_YET_VALID, "not-yet-valid" },
	{ SMTPC_CERTIFICATE_WRONG_NAME, "wrong-name" },
	{ SMTPC_CERTIFICATE_NAME_IN_CN, "name-in-cn" },
	{ SMTPC_CERTIFICATE_WRONG_PURPOSE, "wrong-purpose" },
	{ SMTPC_CERTIFICATE_REVOKED, "revoked" },
	{ SMTPC_CERTIFICATE_WEAK_ALGORITHM, "weak-algorithm" },
	{ SMTPC_CERTIFICATE_BAD_SIGNATURE, "bad-signature" },
	{ SMTPC_CERTIFICATE_BAD_CONSTRAINTS, "bad-constraints" },
	{ SMTPC_CERTIFICATE_BAD_STATUS, "bad-status" },
	{ SMTPC_CERTIFICATE_UNKNOWN_EXTENSION, "unknown-extension" },
	{ SMTPC_CERTIFICATE_OTHER, "other" },
	{ SMTPC_CERTIFICATE_PIN_MISMATCH, "pin-mismatch" },
};

#define PROBLEM_COUNT (sizeof(problems) / sizeof(problems[0]))

const char *
problem_name(uint32_t flag)
{
	size_t i;

	for (i = 0; i < PROBLEM_COUNT; i++) {
		if (problems[i].flag == flag)
			return problems[i].name;
	}
	return "?";
}

bool
problem_find(const char *name, size_t len, uint32_t *ret_flag)
{
	size_t i;

	for (i = 0; i < PROBLEM_COUNT; i++) {
		if (strlen(problems[i].name) == len &&
		    memcmp(problems[i].name, name, len) == 0) {
			*ret_flag = problems[i].flag;
			return true;
		}
	}
	return false;
}

void
problem_names(char ret_names[PROBLEM_NAMES_SIZE])
{
	size_t i, len = 0;

	for (i = 0; i < PROBLEM_COUNT; i++) {
		if (problems[i].flag == SMTPC_CERTIFICATE_PIN_MISMATCH)
			continue;
		/* There is room for all: the test says so. */
		len += (size_t)snprintf(ret_names + len,
					PROBLEM_NAMES_SIZE - len, "%s%s",
					len > 0 ? ", " : "", problems[i].name);
	}
}

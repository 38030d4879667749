/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_OAUTH_H
#define SMTPC_OAUTH_H

#include <stddef.h>

/* The longest status that counts, with a NUL. */
#define OAUTH_STATUS_MAX 32

/* What a server means by its status. */
enum oauth_verdict {
	OAUTH_EXPIRED,	/* this token is no more valid: get another */
	OAUTH_REJECTED, /* it does not say: another one may help */
	OAUTH_REFUSED	/* no token for this user will do */
};

/*
 * Finds the member "status" in the JSON by which a server refuses a token
 * (RFC 7628, section 3.2.2; XOAUTH2 has the same), and copies its value, a
 * string or a number.  "" if there is none, or if it has other characters than
 * letters, digits, "_", "-" and ".".
 */
void oauth_status(const char *json, size_t len,
		  char ret_status[OAUTH_STATUS_MAX]);

enum oauth_verdict oauth_judge(const char *status);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_REFUSAL_H
#define SMTPC_REFUSAL_H

#include <stdbool.h>

#include "reply.h"

/* What a server means that refuses AUTH, and what can be done about it. */
struct refusal {
	int result;	    /* SMTPC_E_... */
	const char *detail; /* a token, or NULL */
	const char *advice; /* words for people, or NULL */
	bool try_next;	    /* the mechanism is to blame: another may work */
	bool try_secret;    /* the secret is to blame */
};

/* reply: a 4yz or 5yz. */
void refusal_judge(const struct smtpc_reply *reply, struct refusal *ret);

#endif

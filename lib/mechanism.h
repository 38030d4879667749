/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_MECHANISM_H
#define SMTPC_MECHANISM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "credentials.h"

/* The longest name that there may be (RFC 4422, section 3.1). */
#define MECHANISM_NAME_MAX 20

/* What a mechanism is like: flags. */
#define MECHANISM_PASSWORD     0x001u /* a password is its secret */
#define MECHANISM_TOKEN	       0x002u /* an OAuth token is */
#define MECHANISM_PLAINTEXT    0x004u /* the secret itself is sent */
#define MECHANISM_BY_NAME      0x008u /* only if the caller names it */
#define MECHANISM_NEEDS_SAFETY 0x010u /* by default on a safe channel only */
#define MECHANISM_UTF8	       0x020u /* the text it takes must be that */
#define MECHANISM_NO_CONTROL   0x040u /* and without control characters */
#define MECHANISM_SERVER_FIRST 0x080u /* it begins with a challenge */
#define MECHANISM_SCRAM	       0x100u /* RFC 5802 */
#define MECHANISM_BINDS	       0x200u /* to the TLS channel */
#define MECHANISM_SERIAL       0x400u /* by one thread at a time */
#define MECHANISM_NO_AUTHZID   0x800u /* it can't act for somebody else */

struct mechanism {
	const char *name; /* as it is said to the server */
	unsigned int flags;
};

/* What the choice of a mechanism depends on. */
struct mechanism_terms {
	const char *offered; /* by the server: words */
	const char *wanted;  /* by the caller, best first; NULL: the default */
	const struct credentials *credentials;
	unsigned int may_ask;	/* MECHANISM_PASSWORD, _TOKEN: can be got */
	bool channel_is_safe;	/* trusted TLS, or no network at all */
	bool plaintext_allowed; /* over any channel */
	bool can_bind;		/* to the channel */
	bool must_bind;		/* where the server can, too */
	bool only_bound;	/* nothing but what binds */
	bool has_certificate;	/* of the client's */
};

/* Why mechanisms that both sides have were passed over: flags. */
#define MECHANISM_LACKS_PASSWORD 0x01u
#define MECHANISM_LACKS_TOKEN	 0x02u
#define MECHANISM_LACKS_SAFETY	 0x04u
#define MECHANISM_LACKS_BINDING	 0x08u
#define MECHANISM_LACKS_TEXT	 0x10u /* it can't take name or password */

/* Whether every word of list names a mechanism that this library can use. */
bool mechanism_list_is_valid(const char *list);

/* Whether it names one that can do without any secret; NULL: it does not. */
bool mechanism_list_needs_no_secret(const char *list);

/*
 * The best mechanism on these terms whose bit is not yet set in *tried; sets
 * it.  NULL: there is none, and *ret_lacks says why (MECHANISM_LACKS_...; 0:
 * the sides have nothing more in common).
 */
const struct mechanism *mechanism_choose(const struct mechanism_terms *terms,
					 uint32_t *tried,
					 unsigned int *ret_lacks);

/* Its bit. */
uint32_t mechanism_bit(const struct mechanism *mechanism);

/* The flag of the secret that it needs and that is not there; or 0. */
unsigned int mechanism_lacks_secret(const struct mechanism *mechanism,
				    const struct credentials *credentials);

/* What is in the way of one that both sides have; 0: nothing. */
unsigned int mechanism_lacks(const struct mechanism *mechanism,
			     const struct mechanism_terms *terms);

/* Whether a server that offers these words has its -PLUS variant. */
bool mechanism_server_binds(const struct mechanism *mechanism,
			    const char *offered);

/* The default list, for messages. */
const char *mechanism_default_list(void);

#endif

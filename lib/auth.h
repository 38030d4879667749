/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_AUTH_H
#define SMTPC_AUTH_H

#include "challenge.h"
#include "engine.h"
#include "mechanism.h"
#include "oauth.h"
#include "refusal.h"
#include "sasl.h"

/*
 * One smtpc_auth() in progress: op_auth.c speaks with the server,
 * auth_choice.c says by which mechanism, auth_refusal.c what comes of a
 * refusal, and auth_secret.c gets the secrets.
 */
struct authenticating {
	/* The choice. */
	uint32_t tried;	      /* by mechanism_bit() */
	uint32_t refused;     /* the server does not like the mechanism */
	uint32_t spared;      /* seems hopeless: tried last */
	unsigned int may_ask; /* MECHANISM_PASSWORD, _TOKEN: once each */
	int attempts_left;    /* so many AUTHs may still go out */
	bool renewed;	      /* another secret was asked for, once */
	bool renewing;	      /* and so was the one that is waited for */

	/* Of the channel, for as long as this goes on; NULL: it has none. */
	const char *binding_name;
	struct buffer binding;

	/* Waiting for a secret: MECHANISM_PASSWORD, _TOKEN, or 0. */
	unsigned int wanted;
	unsigned int revision; /* of the credentials when it was asked for */

	/* The mechanism at hand. */
	const struct mechanism *mechanism;
	struct sasl_exchange *exchange;
	struct challenge_check check;
	bool turned;	       /* the initial response goes the other way */
	bool sent;	       /* AUTH has gone out */
	struct buffer initial; /* the initial response, encoded */
	bool initial_waits;    /* for an empty challenge */
	struct buffer answer;  /* the last one, encoded */
	int rounds;
	bool cancelled;
	struct refusal refusal;	       /* what the reply at hand means */
	char status[OAUTH_STATUS_MAX]; /* why a token was not taken, or "" */
};

/* What tls-exporter has, and no other type has much more. */
#define AUTH_BINDING_MAX 256

/*
 * auth_choice.c
 */

/* Finds out what the channel can be bound to.  SMTPC_OK, SMTPC_E_NOMEM. */
int auth_load_binding(struct smtpc_session *session,
		      struct authenticating *auth);

/* Takes up the next mechanism: SMTPC_AGAIN, or why there is none. */
int auth_next(struct smtpc_session *session, struct authenticating *auth);

/* The one at hand (again) from its beginning: SMTPC_AGAIN, or a failure. */
int auth_begin_mechanism(struct smtpc_session *session,
			 struct authenticating *auth);

/* Whether it can still be used, with another secret. */
bool auth_still_fits(const struct smtpc_session *session,
		     const struct authenticating *auth);

/* It can't be used here: notes why, and takes up the next. */
int auth_skip(struct smtpc_session *session, struct authenticating *auth,
	      const char *detail, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Forgets all about the mechanism at hand. */
void auth_leave_mechanism(struct authenticating *auth);

/*
 * auth_refusal.c
 */

/* The attempt at hand is over: why it failed, or NULL, and by which reply. */
void auth_end_attempt(struct smtpc_session *session, const struct failure *why,
		      struct smtpc_reply *reply);

/* What a reply that refuses AUTH means, before its text is blotted. */
void auth_judge(struct authenticating *auth, const struct smtpc_reply *reply);

/* AUTH is refused by reply: SMTPC_AGAIN if there is something left to try. */
int auth_refused(struct smtpc_session *session, struct authenticating *auth,
		 struct smtpc_reply *reply);

/* Looks whether the secret that is waited for is there, and goes on. */
int auth_secret_came(struct smtpc_session *session,
		     struct authenticating *auth);

/*
 * auth_secret.c
 */

/*
 * Asks the caller for a secret, by its MECHANISM_... flag.  SMTPC_OK: there is
 * a new one.  SMTPC_E_AUTH_TOKEN: there is none to be had.  SMTPC_AGAIN: not
 * yet (auth->wanted is set).  Otherwise the caller gives up.
 */
int auth_ask(struct smtpc_session *session, struct authenticating *auth,
	     unsigned int secret, int reason, const char *status);

/* What has come of it in the meantime: the same results. */
int auth_ask_again(struct smtpc_session *session, struct authenticating *auth);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a refused AUTH leads to: the same mechanism in another form, another
 * mechanism, another secret, or the end.
 */
#include <stdio.h>
#include <string.h>

#include "auth.h"
#include "mem.h"

/* The attempt at hand is over, for the reason that is recorded. */
void
auth_end_attempt(struct smtpc_session *session, const struct failure *why,
		 struct smtpc_reply *reply)
{
	struct attempt *attempt = attempts_last(&session->attempts);

	attempt->is_over = true;
	if (why != NULL)
		failure_copy(&attempt->end, why);
	if (attempt->end.reply == NULL)
		attempt->end.reply = reply_hold(reply);
}

/* Another secret after the one that was refused: the same mechanism again. */
static int
after_asking(struct smtpc_session *session, struct authenticating *auth, int rc)
{
	if (rc == SMTPC_OK && auth_still_fits(session, auth))
		return auth_begin_mechanism(session, auth);
	if (rc != SMTPC_OK && rc != SMTPC_E_AUTH_TOKEN)
		return rc;
	failure_copy(&session->error, &attempts_last(&session->attempts)->end);
	return session->error.result;
}

/* What was waited for may be there; before the first attempt, or after one. */
int
auth_secret_came(struct smtpc_session *session, struct authenticating *auth)
{
	int rc = auth_ask_again(session, auth);

	if (rc == SMTPC_AGAIN)
		return rc;
	if (auth->renewing)
		return after_asking(session, auth, rc);
	return auth_next(session, auth);
}

/* RFC 7628, section 3.2.2; and servers that say no more than 535. */
static void
judge_token(const struct authenticating *auth, struct refusal *refusal)
{
	switch (oauth_judge(auth->status)) {
	case OAUTH_REFUSED:
		refusal->detail = "oauth-refused";
		refusal->advice =
		    "look at the token's scope and at the account's rights";
		refusal->try_secret = false;
		break;
	case OAUTH_EXPIRED:
		refusal->result = SMTPC_E_AUTH_TOKEN;
		refusal->detail = "token-expired";
		refusal->advice = "get a fresh token";
		break;
	default:
		refusal->result = SMTPC_E_AUTH_TOKEN;
		refusal->detail = "token-rejected";
		refusal->advice = "a fresh token may help";
		break;
	}
}

void
auth_judge(struct authenticating *auth, const struct smtpc_reply *reply)
{
	struct refusal *refusal = &auth->refusal;
	unsigned int flags = auth->mechanism->flags;

	refusal_judge(reply, refusal);
	if ((flags & MECHANISM_TOKEN) && refusal->try_secret)
		judge_token(auth, refusal);
	if (!(flags & (MECHANISM_TOKEN | MECHANISM_PASSWORD)))
		refusal->try_secret = false;
	if ((flags & MECHANISM_BINDS) && refusal->try_next) {
		refusal->result = SMTPC_E_AUTH_UNAVAILABLE;
		refusal->detail = "channel-binding";
		refusal->advice = "the server offers channel binding and does "
				  "not take it: another type, or none, has to "
				  "be asked for";
	}
}

static void
note_refusal(struct smtpc_session *session, const struct authenticating *auth,
	     struct smtpc_reply *reply, const struct refusal *refusal)
{
	const char *advice = refusal->advice;
	char *text = reply_describe(reply);
	struct failure why;

	memset(&why, 0, sizeof(why));
	failure_set(&why, refusal->result, SMTPC_PHASE_AUTH, refusal->detail,
		    "AUTH %s: %s%s%s%s", auth->mechanism->name,
		    text != NULL ? text : "refused", advice != NULL ? " (" : "",
		    advice != NULL ? advice : "", advice != NULL ? ")" : "");
	mem_free(text);
	auth_end_attempt(session, &why, reply);
	failure_clear(&why);
}

/*
 * Whether the server may only have disliked where the initial response was, or
 * how long it made the line.
 */
static bool
may_turn(const struct authenticating *auth, const struct smtpc_reply *reply)
{
	bool had_initial =
	    buffer_length(&auth->initial) > 0 && !auth->initial_waits;

	if (auth->turned || auth->rounds > 0)
		return false;
	if (auth->mechanism->flags & MECHANISM_SERVER_FIRST)
		return reply->code == 501 &&
		       strcmp(auth->mechanism->name, "LOGIN") == 0;
	return had_initial &&
	       (reply->code == 500 || reply->code == 501 || reply->code == 555);
}

/* Ask the caller, once; the status of the challenge says most. */
static int
renew_secret(struct smtpc_session *session, struct authenticating *auth,
	     const struct smtpc_reply *reply)
{
	unsigned int secret = MECHANISM_PASSWORD;
	int reason = SMTPC_SECRET_REJECTED;
	const char *status = auth->status;
	char code[8];

	if (auth->mechanism->flags & MECHANISM_TOKEN) {
		secret = MECHANISM_TOKEN;
		if (oauth_judge(status) == OAUTH_EXPIRED)
			reason = SMTPC_SECRET_EXPIRED;
	}
	if (status[0] == '\0')
		status = reply->enhanced;
	if (status[0] == '\0') {
		snprintf(code, sizeof(code), "%d", reply->code);
		status = code;
	}
	auth->renewed = true;
	auth->renewing = true;
	return after_asking(session, auth,
			    auth_ask(session, auth, secret, reason, status));
}

/* A refusal of what can be helped is not the end. */
int
auth_refused(struct smtpc_session *session, struct authenticating *auth,
	     struct smtpc_reply *reply)
{
	const struct refusal *refusal = &auth->refusal;
	bool goes_on = auth->attempts_left > 0;

	note_refusal(session, auth, reply, refusal);
	if (refusal->try_next && goes_on && may_turn(auth, reply)) {
		auth->turned = true;
		return auth_begin_mechanism(session, auth);
	}
	if (refusal->try_next) {
		/* Doing without would please whoever is in the middle, too. */
		if (auth->mechanism->flags & MECHANISM_BINDS)
			session->auth.only_bound = true;
		auth->refused |= mechanism_bit(auth->mechanism);
		return auth_next(session, auth);
	}
	if (refusal->try_secret && goes_on && !auth->renewed)
		return renew_secret(session, auth, reply);
	failure_copy(&session->error, &attempts_last(&session->attempts)->end);
	return session->error.result;
}

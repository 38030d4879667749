/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Secrets that the caller is asked for while AUTH is in progress.
 */
#include "auth.h"

/* The number that changes with the secret. */
static unsigned int
revision_of(const struct smtpc_session *session, unsigned int secret)
{
	const struct credentials *credentials = &session->auth.credentials;

	return secret == MECHANISM_TOKEN ? credentials->token_revision
					 : credentials->login_revision;
}

/* Whether another secret has been set since it was asked for. */
static int
look(struct smtpc_session *session, struct authenticating *auth,
     unsigned int secret)
{
	auth->wanted = 0;
	/* People take their time to type one. */
	engine_set_phase(session, SMTPC_PHASE_AUTH);
	return revision_of(session, secret) != auth->revision
		   ? SMTPC_OK
		   : SMTPC_E_AUTH_TOKEN;
}

int
auth_ask_again(struct smtpc_session *session, struct authenticating *auth)
{
	if (!session->auth.secret_came)
		return SMTPC_AGAIN;
	return look(session, auth, auth->wanted);
}

int
auth_ask(struct smtpc_session *session, struct authenticating *auth,
	 unsigned int secret, int reason, const char *status)
{
	struct auth_settings *settings = &session->auth;
	int kind = secret == MECHANISM_TOKEN ? SMTPC_SECRET_TOKEN
					     : SMTPC_SECRET_PASSWORD;
	int rc;

	if (settings->ask == NULL)
		return SMTPC_E_AUTH_TOKEN;
	auth->revision = revision_of(session, secret);
	settings->secret_came = false;
	settings->in_callback = true;
	rc = settings->ask(session, kind, reason, status,
			   settings->ask_userdata);
	settings->in_callback = false;
	if (rc == SMTPC_OK)
		return look(session, auth, secret);
	if (rc == SMTPC_AGAIN && session->blocking)
		return engine_fail(session, SMTPC_E_INVALID, "secret-later",
				   "AUTH: the secret callback says AGAIN in a "
				   "blocking session");
	if (rc == SMTPC_AGAIN) {
		auth->wanted = secret;
		return auth_ask_again(session, auth);
	}
	return engine_fail(session, SMTPC_E_CANCELLED, "secret-refused",
			   "AUTH: the secret callback gave up");
}

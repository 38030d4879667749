/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who the user is, how that is proved, and what to do if it fails. */
#include "login.h"

#include <string.h>

#include "exit.h"
#include "options.h"
#include "secret.h"

/* What the library takes. */
#define NAME_MAX_OCTETS	 1000
#define TOKEN_MAX_OCTETS 8192

int
login_set_rules(smtpc_session *session, const struct options *options)
{
	int rc = SMTPC_OK;

	smtpc_session_set_plaintext_auth(session, options->plaintext_auth);
	if (options->mechanisms != NULL)
		rc = smtpc_session_set_mechanisms(session, options->mechanisms);
	if (rc == SMTPC_E_INVALID) {
		complain("--mechanisms %s: not a list, with blanks between, of "
			 "SCRAM-SHA-512, SCRAM-SHA-384, SCRAM-SHA-256, "
			 "SCRAM-SHA-224 and SCRAM-SHA-1, with -PLUS or "
			 "without, OAUTHBEARER, XOAUTH2, EXTERNAL, PLAIN, "
			 "LOGIN, CRAM-MD5, DIGEST-MD5, GSSAPI, GSS-SPNEGO, "
			 "NTLM and ANONYMOUS",
			 options->mechanisms);
		return EX_USAGE;
	}
	if (rc == SMTPC_OK && options->attempts != 0)
		rc =
		    smtpc_session_set_auth_attempts(session, options->attempts);
	if (rc == SMTPC_OK)
		rc = smtpc_session_set_channel_binding(session,
						       options->binding);
	if (rc == SMTPC_OK && options->iterations != 0)
		rc = smtpc_session_set_scram_iterations(session,
							options->iterations);
	if (rc != SMTPC_OK)
		complain("%s", smtpc_strerror(rc));
	return exit_code(rc, SMTPC_PHASE_NONE, 0);
}

/* NULL, or what is wrong; without a source nothing is read. */
static const char *
read_from(const char *file, const char *descriptor, int fd,
	  const char *environment, struct secret *secret)
{
	if (file != NULL)
		return secret_from_file(file, secret);
	if (descriptor != NULL)
		return secret_from_fd(fd, secret);
	if (environment != NULL)
		return secret_from_environment(environment, secret);
	return NULL;
}

static const char *
read_password(const struct options *options, struct secret *secret)
{
	return read_from(options->password_file, options->password_fd,
			 options->secret_fd, options->password_environment,
			 secret);
}

static const char *
read_token(const struct options *options, struct secret *secret)
{
	return read_from(options->token_file, options->token_fd,
			 options->bearer_fd, options->token_environment,
			 secret);
}

/* The user is that of the credentials. */
static int
set_token(smtpc_session *session, const struct options *options)
{
	static struct secret token; /* large for a stack */
	const char *wrong;
	int rc = SMTPC_OK;

	wrong = read_token(options, &token);
	if (wrong == NULL && token.len > TOKEN_MAX_OCTETS) {
		secret_wipe(&token);
		wrong = "it is too long";
	}
	if (wrong != NULL) {
		complain("the token can't be had: %s", wrong);
		return EX_NOINPUT;
	}
	if (token.len > 0)
		rc = smtpc_session_set_oauth_token(session, NULL, token.data);
	secret_wipe(&token);
	if (rc == SMTPC_E_INVALID) {
		complain("the token: it holds what no token may hold, such as "
			 "blanks");
		return EX_DATAERR;
	}
	if (rc != SMTPC_OK)
		complain("the token: %s", smtpc_strerror(rc));
	return exit_code(rc, SMTPC_PHASE_NONE, 0);
}

/* What the library does not like about who it is; NULL: nothing. */
static const char *
name_problem(const struct options *options)
{
	const char *user = options->user;
	const char *authzid = options->authzid;

	if (user != NULL && user[0] == '\0')
		return "--user: the user name is empty";
	if (user != NULL && strlen(user) > NAME_MAX_OCTETS)
		return "--user: the user name is longer than 1000 octets";
	if (authzid != NULL && strlen(authzid) > NAME_MAX_OCTETS)
		return "--authzid: the name is longer than 1000 octets";
	return NULL;
}

int
login_set_secret(smtpc_session *session, const struct options *options)
{
	static struct secret password; /* large for a stack */
	const char *wrong;
	int rc = SMTPC_OK;

	wrong = name_problem(options);
	if (wrong != NULL) {
		complain("%s", wrong);
		return EX_USAGE;
	}
	wrong = read_password(options, &password);
	if (wrong != NULL) {
		complain("the password can't be had: %s", wrong);
		return EX_NOINPUT;
	}
	if (options->user != NULL || options->authzid != NULL)
		rc = smtpc_session_set_credentials(session, options->authzid,
						   options->user,
						   password.len > 0
						       ? password.data
						       : NULL);
	secret_wipe(&password);
	if (rc != SMTPC_OK) {
		complain("the user name or the password: %s",
			 smtpc_strerror(rc));
		return exit_code(rc, SMTPC_PHASE_NONE, 0);
	}
	return set_token(session, options);
}

/* Whoever has set the limit knows what it is for. */
static const char *
advice_on_iterations(const struct options *options)
{
	if (options->iterations != 0)
		return "the server has fewer than --scram-iterations asks for";
	return "somebody may be after the password; if the server is just "
	       "old, say --scram-iterations";
}

const char *
login_advice(const char *detail, const struct options *options)
{
	static const struct {
		const char *detail;
		const char *advice;
	} advices[] = {
		{ "plaintext-auth",
		  "use TLS (see --tls), or --plaintext-auth, which lets "
		  "anybody on the way read the password or token" },
		{ "tls-required-by-server",
		  "leave --tls out, or say --tls starttls" },
		{ "password-disabled",
		  "give an OAuth token with --token-file, --token-fd or "
		  "--token-env in place of the password" },
		{ "account-policy",
		  "whoever administers the account has to permit SMTP AUTH" },
		{ "mechanism-too-weak",
		  "the server wants a stronger mechanism than --mechanisms or "
		  "this machine has" },
		{ "password-transition",
		  "log in with --mechanisms PLAIN once, and try again" },
		{ "oauth-refused",
		  "whoever administers the account has to give this program "
		  "leave (a scope) to send mail over SMTP" },
		{ "no-token",
		  "give an OAuth token with --token-file, --token-fd or "
		  "--token-env" },
		{ "no-secret",
		  "name a user with --user, and a password or a token" },
		{ "channel-binding",
		  "see --channel-binding; if a proxy of yours ends TLS, none "
		  "may be right, but somebody on the way wants that, too" },
	};
	size_t i;

	if (strcmp(detail, "weak-iterations") == 0)
		return advice_on_iterations(options);
	for (i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		if (strcmp(advices[i].detail, detail) == 0)
			return advices[i].advice;
	}
	return NULL;
}

/* One line for each mechanism that failed before the last word does. */
static void
complain_about_attempts(const smtpc_session *session)
{
	size_t count = smtpc_session_auth_attempt_count(session);
	const char *mechanism, *message;
	const smtpc_reply *reply;
	size_t i;
	int result;

	for (i = 0; i < count; i++) {
		if (smtpc_session_auth_attempt_at(session, i, &mechanism,
						  &result, &reply,
						  &message) == SMTPC_OK &&
		    strcmp(message, smtpc_error_message(session)) != 0)
			complain("%s", message);
	}
}

int
login_complain(const smtpc_session *session, const struct options *options)
{
	const char *advice = login_advice(smtpc_error_detail(session), options);

	if (smtpc_error_phase(session) != SMTPC_PHASE_AUTH)
		return exit_with_error(session);
	complain_about_attempts(session);
	if (advice == NULL)
		return exit_with_error(session);
	complain("%s; %s", smtpc_error_message(session), advice);
	return exit_code(smtpc_error_result(session), SMTPC_PHASE_AUTH,
			 smtpc_error_errno(session));
}

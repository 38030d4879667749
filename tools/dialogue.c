/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session as the options ask for it, as far as it can be opened. */
#include "dialogue.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "exit.h"
#include "options.h"
#include "secret.h"
#include "tls_setup.h"

static void
print_trace(int kind, const char *text, size_t len, void *userdata)
{
	const char *prefix = "* ";

	(void)userdata;
	if (kind == SMTPC_TRACE_CLIENT)
		prefix = "C: ";
	else if (kind == SMTPC_TRACE_SERVER)
		prefix = "S: ";
	fprintf(stderr, "%s%.*s\n", prefix, (int)len, text);
}

/* must_be: what an argument that is no good was to be. */
static int
complain_about_setting(const char *option, const char *argument, int result,
		       const char *must_be)
{
	complain("%s %s: %s", option, argument,
		 result == SMTPC_E_INVALID ? must_be : smtpc_strerror(result));
	return exit_code(result, SMTPC_PHASE_NONE, 0);
}

static int
set_strings(smtpc_session *session, const struct options *options)
{
	int rc;

	if (options->mechanisms != NULL) {
		rc = smtpc_session_set_mechanisms(session, options->mechanisms);
		if (rc != SMTPC_OK)
			return complain_about_setting(
			    "--mechanisms", options->mechanisms, rc,
			    "not a list, with blanks between, of "
			    "SCRAM-SHA-512, SCRAM-SHA-384, SCRAM-SHA-256, "
			    "SCRAM-SHA-224, SCRAM-SHA-1, PLAIN, LOGIN and "
			    "CRAM-MD5");
	}
	if (options->client_domain != NULL) {
		rc = smtpc_session_set_client_domain(session,
						     options->client_domain);
		if (rc != SMTPC_OK)
			return complain_about_setting(
			    "--client-domain", options->client_domain, rc,
			    "neither a domain, such as client.example.org, nor "
			    "an address literal, such as [192.0.2.1]");
	}
	return EX_OK;
}

/* None of these can be refused but for a fault of the program's own. */
static int
set_modes(smtpc_session *session, const struct options *options)
{
	int rc;

	rc = smtpc_session_set_tls_mode(session, options->tls_mode);
	if (rc == SMTPC_OK && options->no_pipelining)
		rc =
		    smtpc_session_set_pipelining(session, SMTPC_PIPELINING_OFF);
	if (rc == SMTPC_OK)
		rc = smtpc_session_set_plaintext_auth(session,
						      options->plaintext_auth);
	if (rc == SMTPC_OK)
		rc = smtpc_session_set_operation_timeout(session,
							 options->timeout_ms);
	if (rc == SMTPC_OK && options->trace)
		rc = smtpc_session_set_trace(session, print_trace, NULL);
	if (rc != SMTPC_OK)
		complain("%s", smtpc_strerror(rc));
	return exit_code(rc, SMTPC_PHASE_NONE, 0);
}

int
dialogue_new(const struct options *options, smtpc_session **ret_session)
{
	smtpc_session *session;
	int rc;

	rc = smtpc_session_new(&session);
	if (rc != SMTPC_OK) {
		complain("%s", smtpc_strerror(rc));
		return exit_code(rc, SMTPC_PHASE_NONE, 0);
	}
	rc = set_modes(session, options);
	if (rc == EX_OK)
		rc = set_strings(session, options);
	if (rc == EX_OK)
		rc = tls_setup(session, options);
	if (rc != EX_OK) {
		smtpc_session_free(session);
		return rc;
	}
	*ret_session = session;
	return EX_OK;
}

static const char *
read_secret(const struct options *options, struct secret *secret)
{
	if (options->password_file != NULL)
		return secret_from_file(options->password_file, secret);
	if (options->password_fd != NULL)
		return secret_from_fd(options->secret_fd, secret);
	return secret_from_environment(options->password_environment, secret);
}

int
dialogue_set_credentials(smtpc_session *session, const struct options *options)
{
	struct secret secret;
	const char *wrong;
	int rc;

	if (options->user == NULL)
		return EX_OK;

	wrong = read_secret(options, &secret);
	if (wrong != NULL) {
		complain("the password can't be had: %s", wrong);
		return EX_NOINPUT;
	}
	rc = smtpc_session_set_credentials(session, NULL, options->user,
					   secret.data);
	secret_wipe(&secret);
	if (rc != SMTPC_OK)
		complain("the user name or the password: %s",
			 smtpc_strerror(rc));
	return exit_code(rc, SMTPC_PHASE_NONE, 0);
}

int
dialogue_connect(smtpc_session *session, const struct options *options)
{
	if (options->url.scheme == URL_SMTP_UNIX)
		return smtpc_connect_unix(session, options->url.path);
	return smtpc_connect(session, options->url.host, options->url.port);
}

/*
 * Whether the certificate that failed verification is the one that
 * --accept-certificate names.
 */
static bool
is_acceptable(const smtpc_session *session, const struct options *options)
{
	const char *sha256 = smtpc_session_certificate_sha256(session, 0);

	return options->fingerprint[0] != '\0' && sha256 != NULL &&
	       strcasecmp(sha256, options->fingerprint) == 0;
}

static int
open_session(smtpc_session *session, const struct options *options)
{
	const struct url *url = &options->url;

	if (url->scheme == URL_SMTP_UNIX)
		return smtpc_open_unix(session, url->path);
	return smtpc_open(session, url->host, url->port);
}

/* Whether only the channel keeps the password from being sent as it is. */
static bool
is_held_back(const smtpc_session *session, const struct options *options)
{
	const char *offered = smtpc_session_extension(session, "AUTH");

	return smtpc_error_result(session) == SMTPC_E_AUTH_UNAVAILABLE &&
	       smtpc_session_tls_version(session) == NULL &&
	       options->url.scheme != URL_SMTP_UNIX &&
	       !options->plaintext_auth && offered != NULL &&
	       (strcasestr(offered, "PLAIN") != NULL ||
		strcasestr(offered, "LOGIN") != NULL);
}

static int
complain_about_failure(const smtpc_session *session,
		       const struct options *options)
{
	if (!is_held_back(session, options))
		return exit_with_error(session);
	complain("%s; PLAIN and LOGIN need TLS (see --tls), or "
		 "--plaintext-auth, which lets anybody on the way read the "
		 "password",
		 smtpc_error_message(session));
	return exit_code(smtpc_error_result(session), SMTPC_PHASE_AUTH, 0);
}

int
dialogue_open(smtpc_session *session, const struct options *options)
{
	int rc;

	rc = open_session(session, options);
	if (rc == SMTPC_E_CERTIFICATE && options->fingerprint[0] != '\0') {
		if (!is_acceptable(session, options)) {
			const char *sha256 =
			    smtpc_session_certificate_sha256(session, 0);

			complain("the server's certificate is not the one to "
				 "be accepted: its SHA-256 is %s",
				 sha256 != NULL ? sha256 : "not known");
			return EX_NOPERM;
		}
		rc = smtpc_accept_certificate(session);
		if (rc == SMTPC_OK)
			rc = open_session(session, options);
	}
	return rc == SMTPC_OK ? EX_OK
			      : complain_about_failure(session, options);
}

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

static int
complain_about_setting(const char *option, const char *argument, int result)
{
	complain("%s %s: %s", option, argument, smtpc_strerror(result));
	return exit_code(result, SMTPC_PHASE_NONE, 0);
}

/* --ca-file: these authorities and no others. */
static int
set_trust(smtpc_session *session, const struct options *options)
{
	smtpc_tls *tls = NULL;
	int rc, code;

	if (options->ca_file == NULL)
		return EX_OK;

	rc = smtpc_tls_new(&tls);
	if (rc == SMTPC_OK)
		rc = smtpc_tls_set_trust_system(tls, 0);
	if (rc == SMTPC_OK)
		rc = smtpc_tls_add_trust_file(tls, options->ca_file);
	if (rc == SMTPC_OK)
		rc = smtpc_session_set_tls(session, tls);
	code = EX_OK;
	if (rc != SMTPC_OK) {
		const char *message = "";

		if (tls != NULL)
			message = smtpc_tls_error_message(tls);
		if (message[0] == '\0')
			message = smtpc_strerror(rc);
		complain("--ca-file: %s", message);
		code = rc == SMTPC_E_NOMEM ? EX_OSERR : EX_NOINPUT;
	}
	smtpc_tls_free(tls);
	return code;
}

static int
set_strings(smtpc_session *session, const struct options *options)
{
	int rc;

	if (options->mechanisms != NULL) {
		rc = smtpc_session_set_mechanisms(session, options->mechanisms);
		if (rc != SMTPC_OK)
			return complain_about_setting("--mechanisms",
						      options->mechanisms, rc);
	}
	if (options->client_domain != NULL) {
		rc = smtpc_session_set_client_domain(session,
						     options->client_domain);
		if (rc != SMTPC_OK)
			return complain_about_setting("--client-domain",
						      options->client_domain,
						      rc);
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
		rc = set_trust(session, options);
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
	return rc == SMTPC_OK ? EX_OK : exit_with_error(session);
}

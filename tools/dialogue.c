/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session as the options ask for it, as far as it can be opened. */
#include "dialogue.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "exit.h"
#include "login.h"
#include "options.h"
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

static int
set_client_domain(smtpc_session *session, const struct options *options)
{
	int rc;

	if (options->client_domain == NULL)
		return EX_OK;
	rc = smtpc_session_set_client_domain(session, options->client_domain);
	if (rc == SMTPC_OK)
		return EX_OK;
	complain("--client-domain %s: %s", options->client_domain,
		 rc == SMTPC_E_INVALID
		     ? "neither a domain, such as client.example.org, nor an "
		       "address literal, such as [192.0.2.1]"
		     : smtpc_strerror(rc));
	return exit_code(rc, SMTPC_PHASE_NONE, 0);
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
		rc = set_client_domain(session, options);
	if (rc == EX_OK)
		rc = login_set_rules(session, options);
	if (rc == EX_OK)
		rc = tls_setup(session, options);
	if (rc != EX_OK) {
		smtpc_session_free(session);
		return rc;
	}
	*ret_session = session;
	return EX_OK;
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
open_once(smtpc_session *session, const struct options *options)
{
	const struct url *url = &options->url;

	if (url->scheme == URL_SMTP_UNIX)
		return smtpc_open_unix(session, url->path);
	return smtpc_open(session, url->host, url->port);
}

/*
 * Some servers close the connection when a mechanism has failed.  The next one
 * gets another, once.
 */
static int
open_session(smtpc_session *session, const struct options *options)
{
	int rc;

	rc = open_once(session, options);
	if (rc == SMTPC_E_AUTH_UNAVAILABLE &&
	    strcmp(smtpc_error_detail(session), "reconnect") == 0)
		rc = open_once(session, options);
	return rc;
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
	return rc == SMTPC_OK ? EX_OK : login_complain(session, options);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TLS as the options ask for it. */
#include "tls_setup.h"

#include <stdbool.h>

#include "exit.h"
#include "options.h"
#include "options_tls.h"
#include "secret.h"

/* What an option's argument is no good for; tls may be NULL. */
static int
complain_about(const char *option, const smtpc_tls *tls, int result)
{
	const char *message = tls != NULL ? smtpc_tls_error_message(tls) : "";

	complain("%s: %s", option,
		 message[0] != '\0' ? message : smtpc_strerror(result));
	if (result == SMTPC_E_TLS)
		return EX_NOINPUT;
	return exit_code(result, SMTPC_PHASE_NONE, 0);
}

/* These authorities, and those of the system no longer. */
static int
set_trust(smtpc_tls *tls, const struct options *options)
{
	int rc = SMTPC_OK;

	if (options->ca_file != NULL || options->ca_directory != NULL)
		rc = smtpc_tls_set_trust_system(tls, 0);
	if (rc == SMTPC_OK && options->ca_file != NULL)
		rc = smtpc_tls_add_trust_file(tls, options->ca_file);
	if (rc != SMTPC_OK)
		return complain_about("--ca-file", tls, rc);
	if (options->ca_directory != NULL)
		rc = smtpc_tls_add_trust_directory(tls, options->ca_directory);
	if (rc != SMTPC_OK)
		return complain_about("--ca-directory", tls, rc);
	return EX_OK;
}

static int
set_versions(smtpc_tls *tls, const struct options *options)
{
	int rc = SMTPC_OK;

	if (options->tls_minimum_version != 0)
		rc =
		    smtpc_tls_set_minimum_version(tls,
						  options->tls_minimum_version);
	if (rc != SMTPC_OK)
		return complain_about("--tls-minimum", tls, rc);
	if (options->tls_priority != NULL)
		rc = smtpc_tls_set_priority(tls, options->tls_priority);
	if (rc != SMTPC_OK)
		return complain_about("--tls-priority", tls, rc);
	return EX_OK;
}

/* *ret_password: its text within secret, or NULL if there is none. */
static int
read_key_password(const struct options *options, struct secret *secret,
		  const char **ret_password)
{
	const char *wrong = NULL;

	*ret_password = NULL;
	if (options->key_password_file != NULL)
		wrong = secret_from_file(options->key_password_file, secret);
	else if (options->key_password_environment != NULL)
		wrong =
		    secret_from_environment(options->key_password_environment,
					    secret);
	else
		return EX_OK;
	if (wrong != NULL) {
		complain("the password of the key can't be had: %s", wrong);
		return EX_NOINPUT;
	}
	*ret_password = secret->data;
	return EX_OK;
}

static int
set_certificate(smtpc_tls *tls, const struct options *options)
{
	const char *option = "--certificate";
	static struct secret secret; /* large for a stack */
	const char *password;
	int rc;

	if (options->certificate == NULL && options->pkcs12 == NULL)
		return EX_OK;
	rc = read_key_password(options, &secret, &password);
	if (rc != EX_OK)
		return rc;
	if (options->pkcs12 != NULL) {
		option = "--pkcs12";
		rc = smtpc_tls_set_certificate_pkcs12(tls, options->pkcs12,
						      password);
	} else if (options_is_token(options->certificate)) {
		rc = smtpc_tls_set_certificate_pkcs11(tls, options->certificate,
						      password);
	} else {
		rc = smtpc_tls_set_certificate_file(tls, options->certificate,
						    options->key, password);
	}
	if (password != NULL)
		secret_wipe(&secret);
	return rc == SMTPC_OK ? EX_OK : complain_about(option, tls, rc);
}

static bool
needs_settings(const struct options *options)
{
	return options->ca_file != NULL || options->ca_directory != NULL ||
	       options->tls_minimum_version != 0 ||
	       options->tls_priority != NULL || options->certificate != NULL ||
	       options->pkcs12 != NULL;
}

static int
set_settings(smtpc_session *session, const struct options *options)
{
	smtpc_tls *tls = NULL;
	int rc, code;

	rc = smtpc_tls_new(&tls);
	if (rc != SMTPC_OK)
		return complain_about("TLS", NULL, rc);
	code = set_trust(tls, options);
	if (code == EX_OK)
		code = set_versions(tls, options);
	if (code == EX_OK)
		code = set_certificate(tls, options);
	if (code == EX_OK) {
		rc = smtpc_session_set_tls(session, tls);
		if (rc != SMTPC_OK)
			code = complain_about("TLS", tls, rc);
	}
	smtpc_tls_free(tls);
	return code;
}

/* What is to be thought of the server's certificate. */
static int
set_judgement(smtpc_session *session, const struct options *options)
{
	size_t i;
	int rc;

	rc = smtpc_session_set_tls_verify_name(session, options->verify_name);
	if (rc != SMTPC_OK)
		return complain_about("--verify-name", NULL, rc);
	rc = smtpc_session_set_tls_exceptions(session, options->exceptions);
	if (rc != SMTPC_OK)
		return complain_about("--accept", NULL, rc);
	for (i = 0; i < options->pin_count; i++) {
		rc = smtpc_session_add_tls_pin(session, options->pin_digits[i]);
		if (rc != SMTPC_OK)
			return complain_about("--pin", NULL, rc);
	}
	return EX_OK;
}

int
tls_setup(smtpc_session *session, const struct options *options)
{
	int rc;

	rc = set_judgement(session, options);
	if (rc == EX_OK && needs_settings(options))
		rc = set_settings(session, options);
	return rc;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom a session trusts, and what else is decided about certificates. */
#include "play_trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRUSTS_MAX 32

/* Each trusts the authorities of the factory's that its name lists. */
static struct {
	char *name;
	smtpc_tls *tls;
} trusts[TRUSTS_MAX];

static void
fatal(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(EXIT_FAILURE);
}

static void
trust(smtpc_tls *tls, struct certificates *certificates, const char *directory,
      const char *name)
{
	const struct credentials *authority;
	char path[128];

	snprintf(path, sizeof(path), "%s/%s.pem", directory, name);
	authority = certificates_get(certificates, name);
	if (authority == NULL ||
	    credentials_write(authority, directory, name, false) != 0 ||
	    smtpc_tls_add_trust_file(tls, path) != SMTPC_OK)
		fatal("the authority can't be trusted");
	unlink(path);
}

/* Settings that trust the authorities of these names. */
static smtpc_tls *
new_trust(struct certificates *certificates, const char *names)
{
	char directory[] = "/tmp/smtpc-scenarios-XXXXXX";
	smtpc_tls *made = NULL;
	char *word;

	if (mkdtemp(directory) == NULL || smtpc_tls_new(&made) != SMTPC_OK ||
	    smtpc_tls_set_trust_system(made, 0) != SMTPC_OK ||
	    smtpc_tls_set_session_cache(made, 0) != SMTPC_OK)
		fatal("there are no TLS settings");
	while (*names != '\0') {
		word = dialogue_word(&names);
		trust(made, certificates, directory, word);
		free(word);
	}
	rmdir(directory);
	return made;
}

smtpc_tls *
trust_by_names(struct certificates *certificates, const char *names)
{
	size_t i;

	if (strcmp(names, "other") == 0)
		names = "other-ca";
	for (i = 0; i < TRUSTS_MAX && trusts[i].name != NULL; i++)
		if (strcmp(trusts[i].name, names) == 0)
			return trusts[i].tls;
	if (i == TRUSTS_MAX)
		fatal("there is too much that is trusted");
	trusts[i].tls = new_trust(certificates, names);
	trusts[i].name = dialogue_copy(names);
	return trusts[i].tls;
}

void
trust_prepare(const struct scenario *scenario,
	      struct certificates *certificates)
{
	size_t i;

	(void)trust_by_names(certificates,
			     scenario_setting(scenario, "tls-trust", "ca"));
	/* A pin names a certificate. */
	for (i = 0; i < scenario->setting_count; i++)
		if (strcmp(scenario->settings[i].key, "tls-pin") == 0)
			(void)certificates_get(certificates,
					       scenario->settings[i].value);
}

void
trust_finish(void)
{
	size_t i;

	for (i = 0; i < TRUSTS_MAX && trusts[i].name != NULL; i++) {
		smtpc_tls_free(trusts[i].tls);
		free(trusts[i].name);
	}
	memset(trusts, 0, sizeof(trusts));
}

/*
 * What is decided beforehand.
 */

/* Names of problems, or a number. */
static int
set_exceptions(struct play *play, const struct source_line *line,
	       const char *value)
{
	uint32_t problems = 0;
	uint32_t problem;
	char *word;

	while (*value != '\0') {
		word = dialogue_word(&value);
		problem = problem_by_name(word);
		problems |= problem != 0
				? problem
				: (uint32_t)dialogue_number(line, word);
		free(word);
	}
	return smtpc_session_set_tls_exceptions(play->session, problems);
}

/* The key of a certificate of the factory's, "none", or any text. */
static int
set_pin(struct play *play, struct certificates *certificates, const char *value)
{
	const struct credentials *made = certificates_get(certificates, value);
	unsigned char digest[32];
	size_t size = sizeof(digest);
	char text[2 * sizeof(digest) + 1];
	size_t i;

	if (strcmp(value, "none") == 0)
		return smtpc_session_add_tls_pin(play->session, NULL);
	if (made == NULL)
		return smtpc_session_add_tls_pin(play->session, value);
	if (gnutls_x509_crt_get_key_id(made->chain[0], GNUTLS_KEYID_USE_SHA256,
				       digest, &size) != 0)
		fatal("there is no digest of the key");
	for (i = 0; i < sizeof(digest); i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return smtpc_session_add_tls_pin(play->session, text);
}

static int
set_verify_name(struct play *play, const struct source_line *line,
		const char *value)
{
	struct octets name = { 0 };
	int rc;

	dialogue_octets(line, &value, false, 1, &name, NULL);
	rc = smtpc_session_set_tls_verify_name(play->session,
					       strcmp(octets_data(&name),
						      "none") == 0
						   ? NULL
						   : octets_data(&name));
	octets_clear(&name);
	return rc;
}

bool
trust_apply(struct play *play, const struct setting *setting,
	    struct certificates *certificates, int *ret_rc)
{
	struct source_line line = { play->scenario->file, setting->number, NULL,
				    0 };

	if (strcmp(setting->key, "tls-exceptions") == 0)
		*ret_rc = set_exceptions(play, &line, setting->value);
	else if (strcmp(setting->key, "tls-pin") == 0)
		*ret_rc = set_pin(play, certificates, setting->value);
	else if (strcmp(setting->key, "tls-verify-name") == 0)
		*ret_rc = set_verify_name(play, &line, setting->value);
	else
		return false;
	return true;
}

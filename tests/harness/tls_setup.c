/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of TLS in dialogue files. */
#include "tls_setup.h"

#include <stdlib.h>
#include <string.h>

static bool
is_set(const struct scenario *scenario, const char *key)
{
	return scenario_setting(scenario, key, NULL) != NULL;
}

/* 0: it is not set. */
static size_t
number(const struct scenario *scenario, const char *key)
{
	struct source_line line = { scenario->file, scenario->number, NULL, 0 };

	return (size_t)dialogue_number(&line,
				       scenario_setting(scenario, key, "0"));
}

void
tls_setup_peer(struct play *play)
{
	const struct scenario *scenario = play->scenario;
	struct tls_manners *manners = &play->peer.manners;
	const char *asks = scenario_setting(scenario, "tls-asks", "");

	manners->asks = GNUTLS_CERT_IGNORE;
	if (strcmp(asks, "request") == 0)
		manners->asks = GNUTLS_CERT_REQUEST;
	else if (strcmp(asks, "require") == 0)
		manners->asks = GNUTLS_CERT_REQUIRE;
	manners->tamper = scenario_setting(scenario, "tls-tamper", NULL);
	manners->fragment = number(scenario, "tls-fragment");
	manners->record = number(scenario, "tls-record");
}

char *
tls_setup_key(const struct scenario *scenario)
{
	static const char *const keys[] = { "certificate", "tls-staple",
					    "tls-client-authority" };
	struct octets text = { 0 };
	char *copy;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		octets_printf(&text, "%s\n",
			      scenario_setting(scenario, keys[i], ""));
	copy = dialogue_copy(octets_data(&text));
	octets_clear(&text);
	return copy;
}

/*
 * The client's side.
 */

static int
set_trust(smtpc_tls *tls, struct certificates *certificates, const char *name)
{
	gnutls_datum_t pem = { NULL, 0 };
	int rc;

	if (credentials_pem(certificates_get(certificates, name), &pem) < 0)
		return SMTPC_E_NOMEM;
	rc = smtpc_tls_set_trust_system(tls, 0);
	if (rc == SMTPC_OK)
		rc = smtpc_tls_add_trust_memory(tls, pem.data, pem.size);
	gnutls_free(pem.data);
	return rc;
}

static int
set_certificate(smtpc_tls *tls, const struct credentials *made)
{
	gnutls_datum_t chain = { NULL, 0 };
	gnutls_datum_t key = { NULL, 0 };
	int rc = SMTPC_E_NOMEM;

	if (credentials_pem(made, &chain) == 0 &&
	    credentials_key_pem(made, &key) == 0)
		rc = smtpc_tls_set_certificate_memory(tls, chain.data,
						      chain.size, key.data,
						      key.size, NULL);
	gnutls_free(chain.data);
	gnutls_free(key.data);
	return rc;
}

/* "1.0" to "1.3". */
static int
set_minimum(smtpc_tls *tls, const char *version)
{
	return smtpc_tls_set_minimum_version(tls,
					     SMTPC_TLS_1_0 + version[2] - '0');
}

static int
fill_in(smtpc_tls *tls, const struct scenario *scenario,
	struct certificates *certificates)
{
	const char *trust = scenario_setting(scenario, "tls-trust", "ca");
	const char *name =
	    scenario_setting(scenario, "tls-client-certificate", NULL);
	const char *minimum = scenario_setting(scenario, "tls-minimum", NULL);
	int rc;

	rc = set_trust(tls, certificates,
		       strcmp(trust, "other") == 0 ? "other-ca" : "ca");
	if (rc == SMTPC_OK)
		rc = smtpc_tls_set_session_cache(tls,
						 is_set(scenario, "tls-cache"));
	if (rc == SMTPC_OK && name != NULL)
		rc = set_certificate(tls, certificates_get(certificates, name));
	if (rc == SMTPC_OK && minimum != NULL)
		rc = set_minimum(tls, minimum);
	if (rc == SMTPC_OK && is_set(scenario, "tls-client-priority"))
		rc = smtpc_tls_set_priority(
		    tls,
		    scenario_setting(scenario, "tls-client-priority", NULL));
	return rc;
}

int
tls_setup_own(const struct scenario *scenario,
	      struct certificates *certificates, smtpc_tls **ret_tls)
{
	smtpc_tls *tls;
	int rc;

	*ret_tls = NULL;
	if (!is_set(scenario, "tls-minimum") &&
	    !is_set(scenario, "tls-client-priority") &&
	    !is_set(scenario, "tls-client-certificate") &&
	    !is_set(scenario, "tls-cache"))
		return SMTPC_OK;
	rc = smtpc_tls_new(&tls);
	if (rc != SMTPC_OK)
		return rc;
	rc = fill_in(tls, scenario, certificates);
	if (rc == SMTPC_OK)
		*ret_tls = tls;
	else
		smtpc_tls_free(tls);
	return rc;
}

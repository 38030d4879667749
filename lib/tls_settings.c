/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The smtpc_tls object: its life, whom to trust, which versions and ciphers.
 */
#include "tls_settings.h"

#include <stdint.h>
#include <string.h>

#include "ascii.h"
#include "mem.h"
#include "tls.h"

static void
forget_error(smtpc_tls *tls)
{
	mem_free(tls->error_message);
	tls->error_message = NULL;
	tls->error = SMTPC_OK;
}

int
tls_fail(smtpc_tls *tls, int result, char *message)
{
	forget_error(tls);
	if (message != NULL)
		ascii_make_printable(message);
	tls->error = result;
	tls->error_message = message;
	return result;
}

int
tls_invalid(smtpc_tls *tls, const char *message)
{
	return tls_fail(tls, SMTPC_E_INVALID, mem_copy_text(message));
}

gnutls_datum_t
tls_datum(const void *data, size_t len)
{
	gnutls_datum_t datum;

	/* Only read, but the type can't say so. */
	datum.data = (unsigned char *)(uintptr_t)data;
	datum.size = (unsigned int)len;
	return datum;
}

int
smtpc_tls_new(smtpc_tls **ret_tls)
{
	smtpc_tls *tls;

	if (ret_tls == NULL)
		return SMTPC_E_INVALID;
	tls = mem_zalloc(sizeof(*tls));
	if (tls == NULL)
		return SMTPC_E_NOMEM;
	if (gnutls_certificate_allocate_credentials(&tls->credentials) != 0) {
		mem_free(tls);
		return SMTPC_E_NOMEM;
	}
	atomic_init(&tls->holds, 1);
	pthread_mutex_init(&tls->lock, NULL);
	tls_cache_init(&tls->cache);
	tls->trust_system = true;
	tls->caches_sessions = true;
	tls->minimum_version = SMTPC_TLS_1_2;
	*ret_tls = tls;
	return SMTPC_OK;
}

smtpc_tls *
tls_hold(smtpc_tls *tls)
{
	atomic_fetch_add(&tls->holds, 1);
	return tls;
}

void
smtpc_tls_free(smtpc_tls *tls)
{
	if (tls == NULL || atomic_fetch_sub(&tls->holds, 1) > 1)
		return;
	gnutls_certificate_free_credentials(tls->credentials);
	gnutls_priority_deinit(tls->priority);
	if (tls->pin != NULL)
		mem_free_secret(tls->pin, strlen(tls->pin));
	tls_cache_clear(&tls->cache);
	forget_error(tls);
	pthread_mutex_destroy(&tls->lock);
	mem_free(tls->priority_text);
	mem_free(tls);
}

int
tls_begin_change(smtpc_tls *tls)
{
	if (tls == NULL)
		return SMTPC_E_INVALID;
	if (tls->frozen)
		return SMTPC_E_STATE;
	forget_error(tls);
	tls->freezing_failed = false;
	return SMTPC_OK;
}

const char *
smtpc_tls_error_message(const smtpc_tls *tls)
{
	if (tls == NULL)
		return "no TLS settings";
	if (tls->error_message != NULL)
		return tls->error_message;
	return tls->error != SMTPC_OK ? smtpc_strerror(tls->error) : "";
}

/*
 * Trust.
 */

int
smtpc_tls_set_trust_system(smtpc_tls *tls, int on)
{
	int rc = tls_begin_change(tls);

	if (rc == SMTPC_OK)
		tls->trust_system = on != 0;
	return rc;
}

/* What GnuTLS says of a source of authorities: how many, or an error. */
static int
add_authorities(smtpc_tls *tls, int count, const char *source)
{
	if (count > 0) {
		tls->authorities += count;
		return SMTPC_OK;
	}
	return tls_fail(tls, SMTPC_E_TLS,
			mem_format("no certificates could be read from %s: %s",
				   source,
				   count < 0 ? gnutls_strerror(count)
					     : "it holds none"));
}

int
smtpc_tls_add_trust_file(smtpc_tls *tls, const char *file)
{
	int rc = tls_begin_change(tls);

	if (rc != SMTPC_OK)
		return rc;
	if (file == NULL)
		return tls_invalid(tls, "there is no file");
	return add_authorities(tls,
			       gnutls_certificate_set_x509_trust_file(
				   tls->credentials, file, GNUTLS_X509_FMT_PEM),
			       file);
}

int
smtpc_tls_add_trust_directory(smtpc_tls *tls, const char *directory)
{
	int rc = tls_begin_change(tls);

	if (rc != SMTPC_OK)
		return rc;
	if (directory == NULL)
		return tls_invalid(tls, "there is no directory");
	return add_authorities(
	    tls,
	    gnutls_certificate_set_x509_trust_dir(tls->credentials, directory,
						  GNUTLS_X509_FMT_PEM),
	    directory);
}

int
smtpc_tls_add_trust_memory(smtpc_tls *tls, const void *data, size_t len)
{
	int rc = tls_begin_change(tls);
	gnutls_datum_t pem;

	if (rc != SMTPC_OK)
		return rc;
	if (data == NULL || len == 0)
		return tls_invalid(tls, "there are no certificates");
	if (len > TLS_DATUM_MAX)
		return tls_invalid(tls, "there are too many certificates");
	pem = tls_datum(data, len);
	return add_authorities(tls,
			       gnutls_certificate_set_x509_trust_mem(
				   tls->credentials, &pem, GNUTLS_X509_FMT_PEM),
			       "memory");
}

/* No authorities at all must never mean that everybody is trusted. */
static int
load_trust(smtpc_tls *tls)
{
	int count;

	if (tls->trust_system) {
		count =
		    gnutls_certificate_set_x509_system_trust(tls->credentials);
		if (count > 0)
			tls->authorities += count;
	}
	if (tls->authorities > 0)
		return SMTPC_OK;
	return tls_fail(
	    tls, SMTPC_E_TLS,
	    mem_copy_text(
		tls->trust_system
		    ? "the system's store of certificate authorities is "
		      "empty: install ca-certificates, or name a file of "
		      "authorities"
		    : "no certificate authority is trusted: name a file "
		      "of authorities"));
}

/*
 * Versions and ciphers.
 */

/*
 * What a priority string needs behind it for a lowest version.  Debian's own
 * default still has those that RFC 8996 forbids.
 */
static const struct {
	int version;
	const char *changes;
} floors[] = {
	{ SMTPC_TLS_1_0, "-VERS-SSL3.0" },
	{ SMTPC_TLS_1_1, "-VERS-SSL3.0:-VERS-TLS1.0" },
	{ SMTPC_TLS_1_2, "-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1" },
	{ SMTPC_TLS_1_3,
	  "-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1:-VERS-TLS1.2" },
};

/*
 * Without forward secrecy, whoever gets the key reads all that was ever sent:
 * RFC 9325, section 4.1.
 */
static const char no_static_keys[] = "-RSA:-PSK:-RSA-PSK";

static const char *
floor_of(int version)
{
	size_t i;

	for (i = 0; i < sizeof(floors) / sizeof(floors[0]); i++)
		if (floors[i].version == version)
			return floors[i].changes;
	return NULL;
}

int
smtpc_tls_set_minimum_version(smtpc_tls *tls, int version)
{
	int rc = tls_begin_change(tls);

	if (rc != SMTPC_OK)
		return rc;
	if (floor_of(version) == NULL)
		return tls_invalid(tls, "there is no such version of TLS");
	tls->minimum_version = version;
	return SMTPC_OK;
}

static int
bad_priority(smtpc_tls *tls, const char *at, int error)
{
	return tls_fail(tls, SMTPC_E_INVALID,
			mem_format("the priority string can't be used from "
				   "\"%s\" on: %s",
				   at != NULL ? at : "",
				   gnutls_strerror(error)));
}

int
smtpc_tls_set_priority(smtpc_tls *tls, const char *priority)
{
	int rc = tls_begin_change(tls);
	gnutls_priority_t parsed;
	const char *at = NULL;
	char *copy = NULL;

	if (rc != SMTPC_OK)
		return rc;
	if (priority != NULL) {
		rc = gnutls_priority_init(&parsed, priority, &at);
		if (rc != 0)
			return bad_priority(tls, at, rc);
		gnutls_priority_deinit(parsed);
		copy = mem_copy_text(priority);
		if (copy == NULL)
			return tls_fail(tls, SMTPC_E_NOMEM, NULL);
	}
	mem_free(tls->priority_text);
	tls->priority_text = copy;
	return SMTPC_OK;
}

int
smtpc_tls_set_session_cache(smtpc_tls *tls, int on)
{
	int rc = tls_begin_change(tls);

	if (rc == SMTPC_OK)
		tls->caches_sessions = on != 0;
	return rc;
}

/*
 * The caller's string, or the system's policy, above the lowest version.  What
 * is left out stands behind the string's first word, its level, so that the
 * caller can put it back in.
 */
static char *
priority_text(const smtpc_tls *tls)
{
	const char *floor = floor_of(tls->minimum_version);
	const char *text = tls->priority_text;
	size_t level;

	if (text == NULL)
		return mem_format("%s:%s", floor, no_static_keys);
	level = strcspn(text, ":");
	return mem_format("%.*s:%s%s:%s", (int)level, text, no_static_keys,
			  text + level, floor);
}

static int
load_priority(const smtpc_tls *tls, gnutls_priority_t *ret_priority)
{
	char *text = priority_text(tls);
	int rc = GNUTLS_E_MEMORY_ERROR;

	if (text != NULL)
		rc = gnutls_priority_init2(ret_priority, text, NULL,
					   tls->priority_text == NULL
					       ? GNUTLS_PRIORITY_INIT_DEF_APPEND
					       : 0);
	mem_free(text);
	return rc;
}

/* Nothing can fail once the system's authorities are in. */
static int
load(smtpc_tls *tls)
{
	gnutls_priority_t priority;
	int rc = load_priority(tls, &priority);

	if (rc == GNUTLS_E_MEMORY_ERROR)
		return tls_fail(tls, SMTPC_E_NOMEM, NULL);
	if (rc != 0)
		return tls_fail(
		    tls, SMTPC_E_TLS,
		    mem_format("the priorities leave nothing that is safe: %s",
			       gnutls_strerror(rc)));
	rc = load_trust(tls);
	if (rc != SMTPC_OK) {
		gnutls_priority_deinit(priority);
		return rc;
	}
	tls->priority = priority;
	return SMTPC_OK;
}

int
tls_freeze(smtpc_tls *tls, char **ret_message)
{
	int rc = SMTPC_OK;

	pthread_mutex_lock(&tls->lock);
	/* What is wrong stays wrong until it is changed; memory may be back. */
	if (!tls->frozen && !tls->freezing_failed) {
		tls->frozen = load(tls) == SMTPC_OK;
		tls->freezing_failed = tls->error == SMTPC_E_TLS;
	}
	if (!tls->frozen)
		rc = tls->error;
	if (rc != SMTPC_OK && ret_message != NULL)
		*ret_message = mem_copy_text(smtpc_tls_error_message(tls));
	pthread_mutex_unlock(&tls->lock);
	return rc;
}

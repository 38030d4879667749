/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The smtpc_tls object: whom to trust, and which versions and ciphers.
 */
#include "tls_settings.h"

#include "ascii.h"
#include "mem.h"
#include "tls.h"

/*
 * Appended to the distribution's own default, so that its policy holds, too:
 * Debian's still has the versions that RFC 8996 forbids.
 */
static const char priority_changes[] = "-VERS-TLS1.0:-VERS-TLS1.1";

static void
forget_error(smtpc_tls *tls)
{
	mem_free(tls->error_message);
	tls->error_message = NULL;
	tls->error = SMTPC_OK;
}

/* Takes the message over. */
static int
fail(smtpc_tls *tls, int result, char *message)
{
	forget_error(tls);
	if (message != NULL)
		ascii_make_printable(message);
	tls->error = result;
	tls->error_message = message;
	return result;
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
	tls->trust_system = true;
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
	if (tls->priority != NULL)
		gnutls_priority_deinit(tls->priority);
	forget_error(tls);
	pthread_mutex_destroy(&tls->lock);
	mem_free(tls);
}

/* What every setter does first. */
static int
begin_change(smtpc_tls *tls)
{
	if (tls == NULL)
		return SMTPC_E_INVALID;
	if (tls->frozen)
		return SMTPC_E_STATE;
	forget_error(tls);
	return SMTPC_OK;
}

int
smtpc_tls_set_trust_system(smtpc_tls *tls, int on)
{
	int rc = begin_change(tls);

	if (rc == SMTPC_OK)
		tls->trust_system = on != 0;
	return rc;
}

int
smtpc_tls_add_trust_file(smtpc_tls *tls, const char *file)
{
	int rc = begin_change(tls);
	int count;

	if (rc != SMTPC_OK)
		return rc;
	if (file == NULL)
		return fail(tls, SMTPC_E_INVALID,
			    mem_copy_text("there is no file"));
	count = gnutls_certificate_set_x509_trust_file(tls->credentials, file,
						       GNUTLS_X509_FMT_PEM);
	if (count > 0) {
		tls->authorities += count;
		return SMTPC_OK;
	}
	return fail(tls, SMTPC_E_TLS,
		    mem_format("no certificates could be read from %s: %s",
			       file,
			       count < 0 ? gnutls_strerror(count)
					 : "it holds none"));
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
	return fail(
	    tls, SMTPC_E_TLS,
	    mem_copy_text(
		tls->trust_system
		    ? "the system's store of certificate authorities is "
		      "empty: install ca-certificates, or name a file of "
		      "authorities"
		    : "no certificate authority is trusted: name a file "
		      "of authorities"));
}

static int
load_priority(smtpc_tls *tls)
{
	int rc = gnutls_priority_init2(&tls->priority, priority_changes, NULL,
				       GNUTLS_PRIORITY_INIT_DEF_APPEND);

	if (rc == 0)
		return SMTPC_OK;
	tls->priority = NULL;
	return fail(
	    tls, SMTPC_E_TLS,
	    mem_format(
		"the system's TLS policy leaves nothing that is safe: %s",
		gnutls_strerror(rc)));
}

int
tls_freeze(smtpc_tls *tls, char **ret_message)
{
	int rc = SMTPC_OK;

	pthread_mutex_lock(&tls->lock);
	if (!tls->frozen) {
		rc = load_trust(tls);
		if (rc == SMTPC_OK)
			rc = load_priority(tls);
		tls->frozen = rc == SMTPC_OK;
	}
	/* A copy: another thread may fail, too, and replace the message. */
	if (rc != SMTPC_OK && ret_message != NULL)
		*ret_message = mem_copy_text(smtpc_tls_error_message(tls));
	pthread_mutex_unlock(&tls->lock);
	return rc;
}

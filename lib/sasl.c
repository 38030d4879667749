/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cyrus SASL, kept on a short lead: initialised when first needed and never
 * given up, no global callbacks, nothing logged, and everything that touches
 * its globals under one lock of our own, since version 2.1.28's own locks do
 * nothing.
 */
#include "sasl.h"

#include <pthread.h>
#include <sasl/sasl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <smtpc/smtpc.h>

#include "base64.h"
#include "helper.h"
#include "mem.h"

#define SERVICE "smtp"

/* A challenge is base64 of at most 12,288 octets (RFC 4954, section 4). */
#define CHALLENGE_MAX 12288

enum {
	CALLBACK_COUNT = 6
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool initialised; /* written under the lock */

/* What Cyrus SASL works on; it lives as long as the helper or the exchange. */
struct connection {
	sasl_conn_t *sasl;
	sasl_callback_t callbacks[CALLBACK_COUNT];
	char *host;
	struct credentials credentials;
	sasl_secret_t *secret;
	size_t secret_size;
	bool plaintext_allowed;
	pid_t pid; /* of the process that made it */
	int rc;	   /* SASL_OK: made */
};

struct sasl_exchange {
	struct helper *helper;
	struct connection *connection; /* the helper's to release */
	bool complete;
	const char *message;
};

/* No option but the built-in ones: another user's settings are not ours. */
static int
get_option(void *context, const char *plugin, const char *option,
	   const char **result, unsigned int *len)
{
	(void)context;
	(void)plugin;
	(void)option;
	*result = NULL;
	if (len != NULL)
		*len = 0;
	return SASL_OK;
}

static int
log_nothing(void *context, int level, const char *message)
{
	(void)context;
	(void)level;
	(void)message;
	return SASL_OK;
}

static int
get_name(void *context, int id, const char **result, unsigned int *len)
{
	const struct connection *connection = context;

	*result = id == SASL_CB_USER ? connection->credentials.authzid
				     : connection->credentials.authcid;
	if (len != NULL)
		*len = (unsigned int)strlen(*result);
	return SASL_OK;
}

static int
get_secret(sasl_conn_t *sasl, void *context, int id, sasl_secret_t **ret_secret)
{
	const struct connection *connection = context;

	(void)sasl;
	(void)id;
	*ret_secret = connection->secret;
	return SASL_OK;
}

/* Cyrus SASL's type for a callback of any kind; void (*)(void) fits all. */
static void
set_callback(sasl_callback_t *callback, unsigned long id,
	     void (*function)(void), void *context)
{
	callback->id = id;
	callback->proc = (int (*)(void))function;
	callback->context = context;
}

static void
set_callbacks(struct connection *connection)
{
	sasl_callback_t *callbacks = connection->callbacks;

	set_callback(&callbacks[0], SASL_CB_GETOPT, (void (*)(void))get_option,
		     NULL);
	set_callback(&callbacks[1], SASL_CB_LOG, (void (*)(void))log_nothing,
		     NULL);
	set_callback(&callbacks[2], SASL_CB_USER, (void (*)(void))get_name,
		     connection);
	set_callback(&callbacks[3], SASL_CB_AUTHNAME, (void (*)(void))get_name,
		     connection);
	set_callback(&callbacks[4], SASL_CB_PASS, (void (*)(void))get_secret,
		     connection);
	set_callback(&callbacks[5], SASL_CB_LIST_END, NULL, NULL);
}

/* Under the lock.  Once it has worked, the reference is kept for ever. */
static int
initialise(void)
{
	int rc = SASL_OK;

	if (!initialised)
		rc = sasl_client_init(NULL);
	initialised = rc == SASL_OK;
	return rc;
}

static int
set_properties(const struct connection *connection)
{
	sasl_security_properties_t properties;

	memset(&properties, 0, sizeof(properties));
	properties.security_flags = SASL_SEC_NOANONYMOUS;
	if (!connection->plaintext_allowed)
		properties.security_flags |= SASL_SEC_NOPLAINTEXT;
	/* No security layer: TLS is there for that. */
	return sasl_setprop(connection->sasl, SASL_SEC_PROPS, &properties);
}

/* In the helper thread, if there is one. */
static void
make_connection(void *argument)
{
	struct connection *connection = argument;

	pthread_mutex_lock(&lock);
	connection->rc = initialise();
	pthread_mutex_unlock(&lock);
	if (connection->rc != SASL_OK)
		return;
	/* This may wait for the name service: not under the lock. */
	connection->rc =
	    sasl_client_new(SERVICE, connection->host, NULL, NULL,
			    connection->callbacks, 0, &connection->sasl);
	if (connection->rc == SASL_OK)
		connection->rc = set_properties(connection);
}

static void
release_connection(void *argument)
{
	struct connection *connection = argument;

	/*
	 * In a forked child the lock may be held by a thread that is not there
	 * any more: there the memory is left to the process's end.
	 */
	if (connection->sasl != NULL && connection->pid == getpid()) {
		pthread_mutex_lock(&lock);
		sasl_dispose(&connection->sasl);
		pthread_mutex_unlock(&lock);
	}
	credentials_clear(&connection->credentials);
	mem_free_secret(connection->secret, connection->secret_size);
	mem_free(connection->host);
	mem_free(connection);
}

static bool
copy_secret(struct connection *connection)
{
	const struct credentials *credentials = &connection->credentials;

	connection->secret_size =
	    sizeof(sasl_secret_t) + credentials->password_len;
	connection->secret = mem_alloc(connection->secret_size);
	if (connection->secret == NULL)
		return false;
	connection->secret->len = credentials->password_len;
	memcpy(connection->secret->data, credentials->password,
	       credentials->password_len + 1);
	return true;
}

/*
 * Cyrus SASL asks the name service only for a host name without a dot; and
 * its first use loads every plug-in that is installed.
 */
static bool
may_wait(void)
{
	char name[256] = "";

	return !atomic_load(&initialised) ||
	       gethostname(name, sizeof(name) - 1) != 0 ||
	       strchr(name, '.') == NULL;
}

int
sasl_exchange_begin(struct sasl_exchange **ret_exchange, const char *host,
		    const struct credentials *credentials,
		    bool plaintext_allowed, bool threaded)
{
	struct sasl_exchange *exchange = mem_zalloc(sizeof(*exchange));
	struct connection *connection = mem_zalloc(sizeof(*connection));
	int rc = SMTPC_E_NOMEM;

	if (exchange == NULL || connection == NULL)
		goto out;
	connection->plaintext_allowed = plaintext_allowed;
	connection->pid = getpid();
	connection->host = mem_copy_text(host);
	if (connection->host == NULL)
		goto out;
	rc = credentials_set(&connection->credentials, credentials->authzid,
			     credentials->authcid, credentials->password);
	if (rc != SMTPC_OK)
		goto out;
	rc = SMTPC_E_NOMEM;
	if (!copy_secret(connection))
		goto out;
	set_callbacks(connection);
	rc =
	    helper_start(&exchange->helper, make_connection, release_connection,
			 connection, threaded && may_wait());
	if (rc != SMTPC_OK)
		goto out;
	exchange->connection = connection;
	*ret_exchange = exchange;
	return SMTPC_OK;

out:
	if (connection != NULL)
		release_connection(connection);
	mem_free(exchange);
	return rc;
}

static int
result_of(struct sasl_exchange *exchange, int rc)
{
	exchange->message = sasl_errstring(rc, NULL, NULL);
	if (rc == SASL_NOMEM)
		return SMTPC_E_NOMEM;
	return SMTPC_E_AUTH_UNAVAILABLE;
}

int
sasl_exchange_poll(struct sasl_exchange *exchange)
{
	if (!helper_is_done(exchange->helper))
		return SMTPC_AGAIN;
	if (exchange->connection->rc == SASL_OK)
		return SMTPC_OK;
	return result_of(exchange, exchange->connection->rc);
}

int
sasl_exchange_descriptor(const struct sasl_exchange *exchange)
{
	return helper_descriptor(exchange->helper);
}

/*
 * Encode what the mechanism says, and wipe it: it is Cyrus SASL's memory, but
 * may be the password, and is never wiped there.
 */
static int
encode(struct sasl_exchange *exchange, struct buffer *out, const char *said,
       unsigned int len)
{
	bool fits = base64_length(len) <= out->max - buffer_length(out);

	if (said != NULL && len > 0) {
		if (fits)
			base64_encode(out, said, len);
		mem_wipe((void *)(uintptr_t)said, len);
	}
	if (!fits) {
		exchange->message = "the answer is too long";
		return SMTPC_E_AUTH_UNAVAILABLE;
	}
	return out->failed ? SMTPC_E_NOMEM : SMTPC_OK;
}

int
sasl_exchange_start(struct sasl_exchange *exchange, const char *mechanism,
		    struct buffer *out, bool *ret_initial)
{
	const char *said = NULL;
	const char *used = NULL;
	unsigned int len = 0;
	int rc;

	pthread_mutex_lock(&lock);
	rc = sasl_client_start(exchange->connection->sasl, mechanism, NULL,
			       &said, &len, &used);
	pthread_mutex_unlock(&lock);
	if (rc != SASL_OK && rc != SASL_CONTINUE)
		return result_of(exchange, rc);
	exchange->complete = rc == SASL_OK;
	*ret_initial = said != NULL;
	return encode(exchange, out, said, len);
}

int
sasl_exchange_step(struct sasl_exchange *exchange, const char *challenge,
		   size_t len, struct buffer *out)
{
	struct buffer decoded;
	const char *said = NULL;
	unsigned int said_len = 0;
	int rc;

	exchange->message = "the challenge is not base64";
	buffer_init(&decoded, CHALLENGE_MAX);
	if (len > CHALLENGE_MAX || !base64_decode(&decoded, challenge, len)) {
		rc = decoded.failed ? SMTPC_E_NOMEM : SMTPC_E_AUTH_PROTOCOL;
		goto out;
	}
	/* Mechanisms read text: there has to be a NUL behind it. */
	buffer_append(&decoded, "", 1);
	if (decoded.failed) {
		rc = SMTPC_E_NOMEM;
		goto out;
	}
	pthread_mutex_lock(&lock);
	rc = sasl_client_step(exchange->connection->sasl, buffer_data(&decoded),
			      (unsigned int)buffer_length(&decoded) - 1, NULL,
			      &said, &said_len);
	pthread_mutex_unlock(&lock);
	if (rc == SASL_OK || rc == SASL_CONTINUE) {
		exchange->complete = rc == SASL_OK;
		rc = encode(exchange, out, said, said_len);
	} else {
		rc = result_of(exchange, rc);
	}
	if (rc == SMTPC_E_AUTH_UNAVAILABLE)
		rc = SMTPC_E_AUTH_PROTOCOL;

out:
	buffer_clear_secret(&decoded);
	return rc;
}

bool
sasl_exchange_is_complete(const struct sasl_exchange *exchange)
{
	return exchange->complete;
}

const char *
sasl_exchange_message(const struct sasl_exchange *exchange)
{
	return exchange->message != NULL ? exchange->message : "";
}

void
sasl_exchange_free(struct sasl_exchange *exchange)
{
	if (exchange == NULL)
		return;
	helper_leave(exchange->helper);
	mem_free(exchange);
}

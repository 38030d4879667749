/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One authentication by Cyrus SASL, kept on a short lead: every callback of the
 * connection's own, nothing logged, no option of anybody else's.
 */
#include "sasl.h"

#include <sasl/sasl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <smtpc/smtpc.h>

#include "helper.h"
#include "mem.h"
#include "sasl_library.h"
#include "sasl_plugins.h"

#define SERVICE "smtp"

/* As much as is kept of Cyrus SASL's own words. */
#define SAID_MAX 256

enum {
	CALLBACK_COUNT = 8
};

/* What Cyrus SASL works on; it lives as long as the helper or the exchange. */
struct connection {
	sasl_conn_t *sasl;
	sasl_callback_t callbacks[CALLBACK_COUNT];
	char *host;
	struct credentials credentials;
	struct sasl_plugins_login login;
	sasl_secret_t *secret;
	size_t secret_size;
	bool plaintext_allowed;
	bool anonymous_allowed;
	bool serial;
	enum sasl_binding binding;
	sasl_channel_binding_t channel_binding;
	char *binding_name, *binding_data;
	pid_t pid; /* of the process that made it */
	int rc;	   /* SASL_OK: made */
};

struct sasl_exchange {
	struct helper *helper;
	struct connection *connection; /* the helper's to release */
	const char *mechanism;
	bool complete;
	char said[SAID_MAX];
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
	if (*result == NULL)
		*result = "";
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

/* The realm that the user's name ends in, or the server's first one. */
static int
get_realm(void *context, int id, const char **available, const char **result)
{
	const struct connection *connection = context;
	const char *name = connection->credentials.authcid;
	const char *at = name != NULL ? strrchr(name, '@') : NULL;
	size_t i;

	(void)id;
	*result = "";
	for (i = 0; available != NULL && available[i] != NULL; i++)
		if (i == 0 || (at != NULL && strcmp(available[i], at + 1) == 0))
			*result = available[i];
	return SASL_OK;
}

static int
get_login(void *context, int id, const struct sasl_plugins_login **ret_login)
{
	const struct connection *connection = context;

	(void)id;
	*ret_login = &connection->login;
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

/* Cyrus SASL takes a mechanism for one without a secret if none is there. */
static void
set_callbacks(struct connection *connection)
{
	sasl_callback_t *callback = connection->callbacks;

	set_callback(callback++, SASL_CB_GETOPT, (void (*)(void))get_option,
		     NULL);
	set_callback(callback++, SASL_CB_LOG, (void (*)(void))log_nothing,
		     NULL);
	set_callback(callback++, SASL_CB_USER, (void (*)(void))get_name,
		     connection);
	set_callback(callback++, SASL_CB_AUTHNAME, (void (*)(void))get_name,
		     connection);
	set_callback(callback++, SASL_CB_GETREALM, (void (*)(void))get_realm,
		     connection);
	set_callback(callback++, SASL_PLUGINS_CB_LOGIN,
		     (void (*)(void))get_login, connection);
	if (connection->secret != NULL)
		set_callback(callback++, SASL_CB_PASS,
			     (void (*)(void))get_secret, connection);
	set_callback(callback, SASL_CB_LIST_END, NULL, NULL);
}

/* Under "n" Cyrus SASL must not know of the channel at all. */
static int
set_binding(struct connection *connection)
{
	if (connection->binding == SASL_BINDING_NONE)
		return SASL_OK;
	connection->channel_binding.critical =
	    connection->binding == SASL_BINDING_USED;
	return sasl_setprop(connection->sasl, SASL_CHANNEL_BINDING,
			    &connection->channel_binding);
}

static int
set_properties(struct connection *connection)
{
	sasl_security_properties_t properties;
	int rc;

	memset(&properties, 0, sizeof(properties));
	if (!connection->anonymous_allowed)
		properties.security_flags |= SASL_SEC_NOANONYMOUS;
	if (!connection->plaintext_allowed)
		properties.security_flags |= SASL_SEC_NOPLAINTEXT;
	/* No security layer: TLS is there for that. */
	rc = sasl_setprop(connection->sasl, SASL_SEC_PROPS, &properties);
	/* It wants to hear a name; the server gets it from the certificate. */
	if (rc == SASL_OK)
		rc = sasl_setprop(connection->sasl, SASL_AUTH_EXTERNAL, "user");
	if (rc == SASL_OK)
		rc = set_binding(connection);
	return rc;
}

/* In the helper thread, if there is one. */
static void
make_connection(void *argument)
{
	struct connection *connection = argument;

	connection->rc = sasl_library_prepare();
	if (connection->rc != SASL_OK)
		return;
	/* This may wait for the name service. */
	connection->rc =
	    sasl_client_new(SERVICE, connection->host, NULL, NULL,
			    connection->callbacks, 0, &connection->sasl);
	if (connection->rc == SASL_OK)
		connection->rc = set_properties(connection);
}

/* Some mechanisms have memory that all connections share. */
static void
lock_for(const struct connection *connection)
{
	if (connection->serial)
		sasl_library_lock_mechanisms();
}

static void
unlock_for(const struct connection *connection)
{
	if (connection->serial)
		sasl_library_unlock_mechanisms();
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
		lock_for(connection);
		sasl_library_dispose(&connection->sasl);
		unlock_for(connection);
	}
	credentials_clear(&connection->credentials);
	mem_free(connection->binding_name);
	if (connection->binding_data != NULL)
		mem_free_secret(connection->binding_data,
				connection->channel_binding.len);
	mem_free_secret(connection->secret, connection->secret_size);
	mem_free(connection->host);
	mem_free(connection);
}

static bool
copy_secret(struct connection *connection)
{
	const struct credentials *credentials = &connection->credentials;

	if (credentials->password == NULL)
		return true;
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

static bool
copy_binding(struct connection *connection, const struct sasl_terms *terms)
{
	sasl_channel_binding_t *binding = &connection->channel_binding;

	connection->binding = terms->binding;
	if (terms->binding == SASL_BINDING_NONE)
		return true;
	connection->binding_name = mem_copy_text(terms->binding_name);
	connection->binding_data = mem_copy(buffer_data(terms->binding_data),
					    buffer_length(terms->binding_data));
	binding->name = connection->binding_name;
	binding->data = (const unsigned char *)connection->binding_data;
	binding->len = buffer_length(terms->binding_data);
	return connection->binding_name != NULL &&
	       connection->binding_data != NULL;
}

/* NULL when there is no memory. */
static struct connection *
new_connection(const struct sasl_terms *terms)
{
	struct connection *connection = mem_zalloc(sizeof(*connection));

	if (connection == NULL)
		return NULL;
	connection->pid = getpid();
	connection->plaintext_allowed = terms->plaintext_allowed;
	connection->serial = terms->serial;
	connection->anonymous_allowed =
	    strcmp(terms->mechanism, "ANONYMOUS") == 0;
	connection->host = mem_copy_text(terms->host);
	if (connection->host == NULL ||
	    credentials_copy(&connection->credentials, terms->credentials) !=
		SMTPC_OK ||
	    !copy_secret(connection) || !copy_binding(connection, terms)) {
		release_connection(connection);
		return NULL;
	}
	connection->login.credentials = &connection->credentials;
	connection->login.host = connection->host;
	connection->login.port = terms->port;
	set_callbacks(connection);
	return connection;
}

/*
 * Cyrus SASL asks the name service only for a host name without a dot; and
 * its first use loads every plug-in that is installed.
 */
static bool
may_wait(void)
{
	char name[256] = "";

	return !sasl_library_is_prepared() ||
	       gethostname(name, sizeof(name) - 1) != 0 ||
	       strchr(name, '.') == NULL;
}

int
sasl_exchange_begin(struct sasl_exchange **ret_exchange,
		    const struct sasl_terms *terms)
{
	struct sasl_exchange *exchange = mem_zalloc(sizeof(*exchange));
	struct connection *connection = NULL;
	int rc = SMTPC_E_NOMEM;

	if (exchange == NULL)
		return rc;
	exchange->mechanism = terms->mechanism;
	connection = new_connection(terms);
	if (connection == NULL)
		goto out;
	rc =
	    helper_start(&exchange->helper, make_connection, release_connection,
			 connection, terms->threaded && may_wait());
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

static void
keep_message(struct sasl_exchange *exchange, const char *message)
{
	if (memccpy(exchange->said, message, '\0', SAID_MAX) == NULL)
		exchange->said[SAID_MAX - 1] = '\0';
}

/* Cyrus SASL's own words begin "SASL(-1): generic failure: ". */
static int
failed(struct sasl_exchange *exchange, int rc)
{
	const char *message = sasl_errstring(rc, NULL, NULL);
	sasl_conn_t *sasl = exchange->connection->sasl;

	if (sasl != NULL && rc != SASL_NOMEM)
		message = sasl_errdetail(sasl);
	keep_message(exchange, message != NULL ? message : "it failed");
	switch (rc) {
	case SASL_NOMEM:
		return SMTPC_E_NOMEM;
	case SASL_NOMECH:
		return SMTPC_E_NOEXTENSION;
	default:
		return SMTPC_E_AUTH_UNAVAILABLE;
	}
}

int
sasl_exchange_poll(struct sasl_exchange *exchange)
{
	int rc;

	if (!helper_is_done(exchange->helper))
		return SMTPC_AGAIN;
	if (exchange->connection->rc == SASL_OK)
		return SMTPC_OK;
	rc = failed(exchange, exchange->connection->rc);
	return rc == SMTPC_E_NOMEM ? rc : SMTPC_E_AUTH_UNAVAILABLE;
}

int
sasl_exchange_descriptor(const struct sasl_exchange *exchange)
{
	return helper_descriptor(exchange->helper);
}

/*
 * Take over what the mechanism says, and wipe it: it is Cyrus SASL's memory,
 * but may be the password, and is never wiped there.
 */
static int
take(struct sasl_exchange *exchange, struct buffer *out, const char *said,
     unsigned int len)
{
	bool fits = len <= out->max - buffer_length(out);

	if (said != NULL && len > 0) {
		if (fits)
			buffer_append(out, said, len);
		mem_wipe((void *)(uintptr_t)said, len);
	}
	if (!fits) {
		keep_message(exchange, "the answer is too long");
		return SMTPC_E_AUTH_UNAVAILABLE;
	}
	return out->failed ? SMTPC_E_NOMEM : SMTPC_OK;
}

int
sasl_exchange_start(struct sasl_exchange *exchange, struct buffer *out,
		    bool *ret_initial)
{
	const struct connection *connection = exchange->connection;
	const char *alias = sasl_plugins_alias(exchange->mechanism);
	char list[2 * 32] = "";
	const char *said = NULL;
	const char *used = NULL;
	unsigned int len = 0;
	int rc;

	memccpy(list, alias, '\0', 31);
	/* With a single one it would say "n": it has no choice, it thinks. */
	if (connection->binding == SASL_BINDING_UNUSED) {
		list[strlen(list)] = ' ';
		memccpy(list + strlen(list), alias, '\0', 31);
	}
	lock_for(exchange->connection);
	rc =
	    sasl_client_start(connection->sasl, list, NULL, &said, &len, &used);
	unlock_for(exchange->connection);
	if (rc != SASL_OK && rc != SASL_CONTINUE)
		return failed(exchange, rc);
	exchange->complete = rc == SASL_OK;
	*ret_initial = said != NULL;
	return take(exchange, out, said, len);
}

int
sasl_exchange_step(struct sasl_exchange *exchange, const char *challenge,
		   size_t len, struct buffer *out)
{
	struct buffer terminated;
	const char *said = NULL;
	unsigned int said_len = 0;
	int rc = SMTPC_E_NOMEM;

	/* Mechanisms read text: there has to be a NUL behind it. */
	buffer_init(&terminated, len + 1);
	buffer_append(&terminated, challenge, len);
	buffer_append(&terminated, "", 1);
	if (terminated.failed)
		goto out;
	lock_for(exchange->connection);
	rc = sasl_client_step(exchange->connection->sasl,
			      buffer_data(&terminated), (unsigned int)len, NULL,
			      &said, &said_len);
	unlock_for(exchange->connection);
	if (rc == SASL_OK || rc == SASL_CONTINUE) {
		exchange->complete = rc == SASL_OK;
		rc = take(exchange, out, said, said_len);
	} else {
		rc = failed(exchange, rc);
	}
	if (rc == SMTPC_E_AUTH_UNAVAILABLE || rc == SMTPC_E_NOEXTENSION)
		rc = SMTPC_E_AUTH_PROTOCOL;

out:
	buffer_clear_secret(&terminated);
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
	return exchange->said;
}

void
sasl_exchange_free(struct sasl_exchange *exchange)
{
	if (exchange == NULL)
		return;
	helper_leave(exchange->helper);
	mem_free(exchange);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cyrus SASL's server, without a file, a database or a socket of its own. */
#include "peer_sasl.h"

#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <stdlib.h>
#include <string.h>

#define SERVICE	  "smtp"
#define USERS_MAX 16

/* gcc and clang take this type for any other when a function is cast. */
typedef void any_function(void);

struct peer_sasl {
	sasl_conn_t *sasl;
	sasl_channel_binding_t binding;
	int rc;
};

static struct {
	const char *name, *password;
} users[USERS_MAX] = {
	{ PEER_SASL_USER, PEER_SASL_PASSWORD },
};

static const char *iterations = "4096";

static const char *
password_of(const char *name, size_t len)
{
	size_t i, known;

	for (i = 0; i < USERS_MAX && users[i].name != NULL; i++) {
		known = strlen(users[i].name);
		if (known > len || memcmp(users[i].name, name, known) != 0)
			continue;
		/* DIGEST-MD5's realm may follow. */
		if (len == known || name[known] == '@')
			return users[i].password;
	}
	return NULL;
}

/* Tells the password, whoever asks. */
static int
look_up(void *context, sasl_server_params_t *params, unsigned int flags,
	const char *name, unsigned int len)
{
	const char *password = password_of(name, len);
	const struct propval *wanted;

	(void)context;
	/* Of anonymous nothing has to be known: mechanisms miss it elsewhere.
	 */
	if ((flags & SASL_AUXPROP_AUTHZID) != 0 || password == NULL)
		return SASL_OK;
	wanted = params->utils->prop_get(params->propctx);
	for (; wanted != NULL && wanted->name != NULL; wanted++)
		if (strcmp(wanted->name, "*" SASL_AUX_PASSWORD_PROP) == 0)
			params->utils->prop_set(params->propctx, wanted->name,
						password, -1);
	return SASL_OK;
}

static char plugin_name[] = "peer";

static int
make_plugin(const sasl_utils_t *utils, int max_version, int *ret_version,
	    sasl_auxprop_plug_t **ret_plugin, const char *name)
{
	static sasl_auxprop_plug_t plugin = {
		.auxprop_lookup = look_up,
		.name = plugin_name,
	};

	(void)utils;
	(void)max_version;
	(void)name;
	*ret_version = SASL_AUXPROP_PLUG_VERSION;
	*ret_plugin = &plugin;
	return SASL_OK;
}

/* Instead of a configuration file. */
static int
get_option(void *context, const char *plugin, const char *option,
	   const char **ret_value, unsigned int *ret_len)
{
	(void)context;
	(void)plugin;
	if (strcmp(option, "auxprop_plugin") == 0)
		*ret_value = plugin_name;
	else if (strcmp(option, "pwcheck_method") == 0)
		*ret_value = "auxprop";
	else if (strcmp(option, "scram_iteration_counter") == 0)
		*ret_value = iterations;
	else
		return SASL_FAIL;
	if (ret_len != NULL)
		*ret_len = (unsigned int)strlen(*ret_value);
	return SASL_OK;
}

static int
authorise(sasl_conn_t *sasl, void *context, const char *user,
	  unsigned int user_len, const char *identity,
	  unsigned int identity_len, const char *realm, unsigned int realm_len,
	  struct propctx *properties)
{
	(void)context;
	(void)realm;
	(void)realm_len;
	(void)properties;
	if (user_len == identity_len && memcmp(user, identity, user_len) == 0)
		return SASL_OK;
	if (user_len == strlen(PEER_SASL_BOSS) &&
	    memcmp(user, PEER_SASL_BOSS, user_len) == 0)
		return SASL_OK;
	sasl_seterror(sasl, 0, "nobody may act for them");
	return SASL_NOAUTHZ;
}

static int
log_nothing(void *context, int level, const char *message)
{
	(void)context;
	(void)level;
	(void)message;
	return SASL_OK;
}

/* Cyrus SASL keeps the pointer. */
static sasl_callback_t callbacks[] = {
	{ SASL_CB_GETOPT, (sasl_callback_ft)(any_function *)get_option, NULL },
	{ SASL_CB_PROXY_POLICY, (sasl_callback_ft)(any_function *)authorise,
	  NULL },
	{ SASL_CB_LOG, (sasl_callback_ft)(any_function *)log_nothing, NULL },
	{ SASL_CB_LIST_END, NULL, NULL },
};

void
peer_sasl_prepare(bool with_syslog)
{
	if (with_syslog)
		callbacks[2].id = SASL_CB_LIST_END;
	if (sasl_server_init(callbacks, plugin_name) != SASL_OK ||
	    sasl_auxprop_add_plugin(plugin_name, make_plugin) != SASL_OK)
		abort();
}

void
peer_sasl_add_user(const char *name, const char *password)
{
	size_t i;

	for (i = 0; users[i].name != NULL; i++)
		if (i == USERS_MAX - 1)
			abort();
	users[i].name = name;
	users[i].password = password;
}

void
peer_sasl_set_iterations(const char *count)
{
	iterations = count;
}

static int
apply_terms(struct peer_sasl *peer, const struct peer_sasl_terms *terms)
{
	/* A module takes it as what it may change, and does not. */
	unsigned char *data = (unsigned char *)(size_t)terms->binding;
	int rc = SASL_OK;

	if (terms->binding_type != NULL) {
		peer->binding.name = terms->binding_type;
		peer->binding.len = terms->binding_len;
		peer->binding.data = data;
		rc = sasl_setprop(peer->sasl, SASL_CHANNEL_BINDING,
				  &peer->binding);
	}
	if (rc == SASL_OK && terms->certified != NULL)
		rc = sasl_setprop(peer->sasl, SASL_AUTH_EXTERNAL,
				  terms->certified);
	return rc;
}

struct peer_sasl *
peer_sasl_new(const struct peer_sasl_terms *terms)
{
	struct peer_sasl *peer = calloc(1, sizeof(*peer));

	if (peer == NULL)
		abort();
	peer->rc = sasl_server_new(SERVICE, PEER_SASL_HOST, NULL, NULL, NULL,
				   NULL, 0, &peer->sasl);
	if (peer->rc == SASL_OK)
		peer->rc = apply_terms(peer, terms);
	if (peer->rc == SASL_OK)
		return peer;
	peer_sasl_free(peer);
	return NULL;
}

void
peer_sasl_free(struct peer_sasl *peer)
{
	if (peer == NULL)
		return;
	sasl_dispose(&peer->sasl);
	free(peer);
}

const char *
peer_sasl_mechanisms(const struct peer_sasl *peer)
{
	const char *list = NULL;

	if (sasl_listmech(peer->sasl, NULL, "", " ", "", &list, NULL, NULL) !=
	    SASL_OK)
		return "";
	return list;
}

static enum peer_sasl_verdict
verdict(const struct peer_sasl *peer)
{
	switch (peer->rc) {
	case SASL_OK:
		return PEER_SASL_ACCEPTS;
	case SASL_CONTINUE:
		return PEER_SASL_ASKS;
	case SASL_NOMECH:
		return PEER_SASL_LACKS;
	default:
		return PEER_SASL_REFUSES;
	}
}

enum peer_sasl_verdict
peer_sasl_start(struct peer_sasl *peer, const char *mechanism,
		const char *response, size_t len, const char **ret_challenge,
		size_t *ret_len)
{
	const char *challenge = NULL;
	unsigned int challenge_len = 0;

	peer->rc =
	    sasl_server_start(peer->sasl, mechanism, response,
			      (unsigned int)len, &challenge, &challenge_len);
	*ret_challenge = challenge != NULL ? challenge : "";
	*ret_len = challenge != NULL ? challenge_len : 0;
	return verdict(peer);
}

enum peer_sasl_verdict
peer_sasl_step(struct peer_sasl *peer, const char *response, size_t len,
	       const char **ret_challenge, size_t *ret_len)
{
	const char *challenge = NULL;
	unsigned int challenge_len = 0;

	peer->rc = sasl_server_step(peer->sasl, response, (unsigned int)len,
				    &challenge, &challenge_len);
	*ret_challenge = challenge != NULL ? challenge : "";
	*ret_len = challenge != NULL ? challenge_len : 0;
	return verdict(peer);
}

static const char *
name_of(const struct peer_sasl *peer, int property)
{
	const void *name = NULL;

	if (peer->rc != SASL_OK ||
	    sasl_getprop(peer->sasl, property, &name) != SASL_OK)
		return NULL;
	return name;
}

const char *
peer_sasl_user(const struct peer_sasl *peer)
{
	return name_of(peer, SASL_USERNAME);
}

const char *
peer_sasl_authenticated(const struct peer_sasl *peer)
{
	return name_of(peer, SASL_AUTHUSER);
}

const char *
peer_sasl_why(const struct peer_sasl *peer)
{
	return sasl_errdetail(peer->sasl);
}

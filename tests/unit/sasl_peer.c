/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An authenticating server in memory, by Cyrus SASL. */
#include "sasl_peer.h"

#include <check.h>
#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <sasl/saslutil.h>
#include <stdlib.h>
#include <string.h>

#define CHALLENGE_MAX 16384

struct sasl_peer {
	sasl_conn_t *sasl;
	const char *mechanism;
	bool is_begun;
	int rc;
	char challenge[CHALLENGE_MAX];
};

/* Tells the password, whoever asks; the user's name is looked at, though. */
static int
look_up(void *context, sasl_server_params_t *params, unsigned int flags,
	const char *name, unsigned int len)
{
	const struct propval *wanted;

	(void)context;
	if ((flags & SASL_AUXPROP_AUTHZID) || len < strlen(SASL_PEER_USER) ||
	    memcmp(name, SASL_PEER_USER, strlen(SASL_PEER_USER)) != 0)
		return SASL_OK;
	wanted = params->utils->prop_get(params->propctx);
	for (; wanted != NULL && wanted->name != NULL; wanted++)
		if (strcmp(wanted->name, "*" SASL_AUX_PASSWORD_PROP) == 0)
			params->utils->prop_set(params->propctx, wanted->name,
						SASL_PEER_PASSWORD, -1);
	return SASL_OK;
}

static int
make_plugin(const sasl_utils_t *utils, int max_version, int *ret_version,
	    sasl_auxprop_plug_t **ret_plugin, const char *name)
{
	static char plugin_name[] = "unit";
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

static int
get_option(void *context, const char *plugin, const char *option,
	   const char **ret_value, unsigned int *ret_len)
{
	(void)context;
	(void)plugin;
	if (strcmp(option, "auxprop_plugin") == 0)
		*ret_value = "unit";
	else if (strcmp(option, "pwcheck_method") == 0)
		*ret_value = "auxprop";
	else
		return SASL_FAIL;
	if (ret_len != NULL)
		*ret_len = (unsigned int)strlen(*ret_value);
	return SASL_OK;
}

/* Anybody may act for anybody. */
static int
authorise(sasl_conn_t *sasl, void *context, const char *user,
	  unsigned int user_len, const char *identity,
	  unsigned int identity_len, const char *realm, unsigned int realm_len,
	  struct propctx *properties)
{
	(void)sasl;
	(void)context;
	(void)user;
	(void)user_len;
	(void)identity;
	(void)identity_len;
	(void)realm;
	(void)realm_len;
	(void)properties;
	return SASL_OK;
}

/* Cyrus SASL's type for a callback of any kind. */
static sasl_callback_ft
callback(void (*function)(void))
{
	return (sasl_callback_ft)function;
}

/* There is none for the log: what the server logs goes to syslog(). */
void
sasl_peer_init(void)
{
	static sasl_callback_t callbacks[3];

	callbacks[0].id = SASL_CB_GETOPT;
	callbacks[0].proc = callback((void (*)(void))get_option);
	callbacks[1].id = SASL_CB_PROXY_POLICY;
	callbacks[1].proc = callback((void (*)(void))authorise);
	callbacks[2].id = SASL_CB_LIST_END;
	ck_assert_int_eq(sasl_server_init(callbacks, "unit"), SASL_OK);
	ck_assert_int_eq(sasl_auxprop_add_plugin("unit", make_plugin), SASL_OK);
}

struct sasl_peer *
sasl_peer_new(const char *mechanism)
{
	struct sasl_peer *peer = calloc(1, sizeof(*peer));

	ck_assert_ptr_nonnull(peer);
	peer->mechanism = mechanism;
	peer->rc = SASL_CONTINUE;
	ck_assert_int_eq(sasl_server_new("smtp", "mx.example.test", NULL, NULL,
					 NULL, NULL, 0, &peer->sasl),
			 SASL_OK);
	return peer;
}

void
sasl_peer_free(struct sasl_peer *peer)
{
	sasl_dispose(&peer->sasl);
	free(peer);
}

const char *
sasl_peer_step(struct sasl_peer *peer, const char *response)
{
	static char decoded[CHALLENGE_MAX];
	const char *out = NULL;
	unsigned int len = 0;
	unsigned int out_len = 0;

	if (response != NULL)
		ck_assert_int_eq(sasl_decode64(response,
					       (unsigned int)strlen(response),
					       decoded, sizeof(decoded), &len),
				 SASL_OK);
	if (peer->is_begun)
		peer->rc =
		    sasl_server_step(peer->sasl, decoded, len, &out, &out_len);
	else
		peer->rc = sasl_server_start(peer->sasl, peer->mechanism,
					     response != NULL ? decoded : NULL,
					     len, &out, &out_len);
	peer->is_begun = true;
	if (peer->rc != SASL_CONTINUE)
		return NULL;
	ck_assert_int_eq(sasl_encode64(out, out_len, peer->challenge,
				       sizeof(peer->challenge), NULL),
			 SASL_OK);
	return peer->challenge;
}

const char *
sasl_peer_user(const struct sasl_peer *peer)
{
	const void *user = NULL;

	if (peer->rc != SASL_OK ||
	    sasl_getprop(peer->sasl, SASL_USERNAME, &user) != SASL_OK)
		return NULL;
	return user;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login), OAUTHBEARER (RFC 7628)
 * and XOAUTH2 as client plug-ins of Cyrus SASL.
 */
#include "sasl_plugins.h"

#include <string.h>

#include "ascii.h"
#include "buffer.h"
#include "mem.h"

/* More than any of these says at once. */
#define MESSAGE_MAX 131072

/* One exchange. */
struct exchange {
	const struct sasl_plugins_login *login;
	struct buffer message; /* what was said last */
	int steps;
};

static int
new_exchange(void *unused, sasl_client_params_t *params, void **ret_context)
{
	const sasl_utils_t *utils = params->utils;
	sasl_plugins_login_fn *get_login = NULL;
	sasl_callback_ft function = NULL;
	struct exchange *exchange;
	void *context = NULL;

	(void)unused;
	if (utils->getcallback(utils->conn, SASL_PLUGINS_CB_LOGIN, &function,
			       &context) != SASL_OK ||
	    function == NULL)
		return SASL_WRONGMECH;
	exchange = mem_zalloc(sizeof(*exchange));
	if (exchange == NULL)
		return SASL_NOMEM;
	buffer_init(&exchange->message, MESSAGE_MAX);
	get_login = (sasl_plugins_login_fn *)(void (*)(void))function;
	get_login(context, SASL_PLUGINS_CB_LOGIN, &exchange->login);
	*ret_context = exchange;
	return SASL_OK;
}

static void
free_exchange(void *context, const sasl_utils_t *utils)
{
	struct exchange *exchange = context;

	(void)utils;
	if (exchange == NULL)
		return;
	buffer_clear_secret(&exchange->message);
	mem_free(exchange);
}

static void
begin_message(struct exchange *exchange)
{
	buffer_clear_secret(&exchange->message);
	exchange->steps++;
}

static void
say(struct exchange *exchange, const char *text)
{
	if (text != NULL)
		buffer_append_text(&exchange->message, text);
}

/* Hand the message over; rc is what the mechanism makes of it. */
static int
end_message(struct exchange *exchange, const char **ret_out,
	    unsigned int *ret_len, int rc)
{
	if (exchange->message.failed)
		return SASL_NOMEM;
	*ret_len = (unsigned int)buffer_length(&exchange->message);
	*ret_out = *ret_len > 0 ? buffer_data(&exchange->message) : "";
	return rc;
}

/*
 * Cyrus SASL wants to know for whom, before it lets a mechanism succeed.  These
 * mechanisms say it themselves, and it need not keep a copy.
 */
static int
tell_names(sasl_client_params_t *params, sasl_out_params_t *names)
{
	return params->canon_user(params->utils->conn, "user", 0,
				  SASL_CU_AUTHID | SASL_CU_AUTHZID, names);
}

static int
step_plain(void *context, sasl_client_params_t *params, const char *in,
	   unsigned int in_len, sasl_interact_t **prompts, const char **ret_out,
	   unsigned int *ret_len, sasl_out_params_t *names)
{
	struct exchange *exchange = context;
	const struct credentials *credentials = exchange->login->credentials;
	int rc;

	(void)in;
	(void)in_len;
	(void)prompts;
	rc = tell_names(params, names);
	if (rc != SASL_OK)
		return rc;
	begin_message(exchange);
	say(exchange, credentials->authzid);
	buffer_append(&exchange->message, "", 1);
	say(exchange, credentials->authcid);
	buffer_append(&exchange->message, "", 1);
	say(exchange, credentials->password);
	names->doneflag = 1;
	return end_message(exchange, ret_out, ret_len, SASL_OK);
}

/* The prompts may say anything, in any language: only their order counts. */
static int
step_login(void *context, sasl_client_params_t *params, const char *in,
	   unsigned int in_len, sasl_interact_t **prompts, const char **ret_out,
	   unsigned int *ret_len, sasl_out_params_t *names)
{
	struct exchange *exchange = context;
	const struct credentials *credentials = exchange->login->credentials;
	int rc;

	(void)in;
	(void)in_len;
	(void)prompts;
	begin_message(exchange);
	if (exchange->steps == 1) {
		say(exchange, credentials->authcid);
		return end_message(exchange, ret_out, ret_len, SASL_CONTINUE);
	}
	rc = tell_names(params, names);
	if (rc != SASL_OK)
		return rc;
	say(exchange, credentials->password);
	names->doneflag = 1;
	return end_message(exchange, ret_out, ret_len, SASL_OK);
}

/* RFC 5801, section 4: a name within a GS2 header. */
static void
say_saslname(struct exchange *exchange, const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name == ',')
			say(exchange, "=2C");
		else if (*name == '=')
			say(exchange, "=3D");
		else
			buffer_append(&exchange->message, name, 1);
	}
}

static void
say_bearer(struct exchange *exchange)
{
	say(exchange, "auth=Bearer ");
	say(exchange, exchange->login->credentials->token);
	say(exchange, "\x01\x01");
}

static void
say_oauthbearer(struct exchange *exchange)
{
	const struct sasl_plugins_login *login = exchange->login;
	const char *user = credentials_token_user(login->credentials);
	char port[ASCII_NUMBER_MAX];

	say(exchange, "n,");
	if (user != NULL) {
		say(exchange, "a=");
		say_saslname(exchange, user);
	}
	say(exchange, ",\x01");
	if (login->port != 0) {
		say(exchange, "host=");
		say(exchange, login->host);
		say(exchange, "\x01port=");
		say(exchange, ascii_number((uint64_t)login->port, port));
		say(exchange, "\x01");
	}
	say_bearer(exchange);
}

/* https://developers.google.com/gmail/imap/xoauth2-protocol */
static void
say_xoauth2(struct exchange *exchange)
{
	say(exchange, "user=");
	say(exchange, credentials_token_user(exchange->login->credentials));
	say(exchange, "\x01");
	say_bearer(exchange);
}

/*
 * A server that takes the token says so at once.  One that does not says why
 * in a challenge, wants an answer that means nothing, and then refuses: so the
 * first step is a success, and still not the end.
 */
static int
step_bearer(struct exchange *exchange, sasl_client_params_t *params,
	    sasl_out_params_t *names, const char **ret_out,
	    unsigned int *ret_len, void (*say_first)(struct exchange *),
	    const char *answer)
{
	int rc;

	begin_message(exchange);
	if (exchange->steps > 2)
		return SASL_BADPROT;
	if (exchange->steps == 2) {
		say(exchange, answer);
		return end_message(exchange, ret_out, ret_len, SASL_CONTINUE);
	}
	rc = tell_names(params, names);
	if (rc != SASL_OK)
		return rc;
	say_first(exchange);
	return end_message(exchange, ret_out, ret_len, SASL_OK);
}

static int
step_oauthbearer(void *context, sasl_client_params_t *params, const char *in,
		 unsigned int in_len, sasl_interact_t **prompts,
		 const char **ret_out, unsigned int *ret_len,
		 sasl_out_params_t *names)
{
	(void)in;
	(void)in_len;
	(void)prompts;
	/* RFC 7628, section 3.2.3. */
	return step_bearer(context, params, names, ret_out, ret_len,
			   say_oauthbearer, "\x01");
}

static int
step_xoauth2(void *context, sasl_client_params_t *params, const char *in,
	     unsigned int in_len, sasl_interact_t **prompts,
	     const char **ret_out, unsigned int *ret_len,
	     sasl_out_params_t *names)
{
	(void)in;
	(void)in_len;
	(void)prompts;
	return step_bearer(context, params, names, ret_out, ret_len,
			   say_xoauth2, "");
}

/*
 * Nobody without this callback gets near the plug-ins.  And they are no better
 * than EXTERNAL, Cyrus SASL's own: version 2.1.28 frees its list of plug-ins
 * too early if its head changes while there are connections.
 */
static const unsigned long prompts[] = { SASL_PLUGINS_CB_LOGIN,
					 SASL_CB_LIST_END };

#define PLUGIN(alias, step, turn)                                              \
	{                                                                      \
		.mech_name = (alias),                                          \
		.security_flags =                                              \
		    SASL_SEC_NOANONYMOUS | SASL_SEC_PASS_CREDENTIALS,          \
		.features = (turn), .required_prompts = prompts,               \
		.mech_new = new_exchange, .mech_step = (step),                 \
		.mech_dispose = free_exchange,                                 \
	}

/* Cyrus SASL keeps pointers into this for ever. */
static sasl_client_plug_t plugins[] = {
	PLUGIN("SMTPC-PLAIN", step_plain, SASL_FEAT_WANT_CLIENT_FIRST),
	PLUGIN("SMTPC-LOGIN", step_login, SASL_FEAT_SERVER_FIRST),
	PLUGIN("SMTPC-OAUTHBEARER", step_oauthbearer,
	       SASL_FEAT_WANT_CLIENT_FIRST),
	PLUGIN("SMTPC-XOAUTH2", step_xoauth2, SASL_FEAT_WANT_CLIENT_FIRST),
};

#define PLUGIN_COUNT (sizeof(plugins) / sizeof(plugins[0]))
#define PREFIX_LEN   (sizeof("SMTPC-") - 1)

static int
init(const sasl_utils_t *utils, int max_version, int *ret_version,
     sasl_client_plug_t **ret_plugins, int *ret_count)
{
	(void)utils;
	if (max_version < SASL_CLIENT_PLUG_VERSION)
		return SASL_BADVERS;
	*ret_version = SASL_CLIENT_PLUG_VERSION;
	*ret_plugins = plugins;
	*ret_count = PLUGIN_COUNT;
	return SASL_OK;
}

int
sasl_plugins_add(void)
{
	return sasl_client_add_plugin("smtpc", init);
}

bool
sasl_plugins_is_ours(const sasl_client_plug_t *plugin)
{
	return plugin == &plugins[0];
}

const char *
sasl_plugins_alias(const char *mechanism)
{
	size_t i;

	for (i = 0; i < PLUGIN_COUNT; i++)
		if (strcmp(plugins[i].mech_name + PREFIX_LEN, mechanism) == 0)
			return plugins[i].mech_name;
	return mechanism;
}

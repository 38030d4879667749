/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AUTH over Cyrus SASL, with the users in memory and no file anywhere. */
#include "loopback_auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sasl/sasl.h>
#include <sasl/saslplug.h>

#include "loopback_base64.h"
#include "loopback_log.h"
#include "loopback_oauth.h"

#define SERVICE "smtp"

/* gcc and clang take this type for any other when a function is cast. */
typedef void any_function(void);

const struct loopback_user loopback_users[] = {
	{ "alice@" LOOPBACK_DOMAIN, "alice", "wonderland",
	  "ya29.Alice-down_the~rabbit/hole+0001==" },
	{ "bob@" LOOPBACK_DOMAIN, "bob", "p\xc3\xa4ssword 2", "ya29.Bob-0002" },
	{ NULL, NULL, NULL, NULL },
};

/* Tell the password, if it is asked for and the user is known. */
static int
look_up(void *context, sasl_server_params_t *params, unsigned int flags,
	const char *name, unsigned int len)
{
	const struct loopback_user *user;
	const struct propval *wanted;

	(void)context;
	if ((flags & SASL_AUXPROP_AUTHZID) != 0)
		return SASL_OK;
	for (user = loopback_users; user->name != NULL; user++)
		if (strlen(user->name) == len &&
		    memcmp(user->name, name, len) == 0)
			break;
	if (user->name == NULL)
		return SASL_NOUSER;
	wanted = params->utils->prop_get(params->propctx);
	for (; wanted != NULL && wanted->name != NULL; wanted++)
		if (strcmp(wanted->name, "*" SASL_AUX_PASSWORD_PROP) == 0)
			return params->utils->prop_set(params->propctx,
						       wanted->name,
						       user->password, -1);
	return SASL_OK;
}

static char plugin_name[] = "loopback";

static sasl_auxprop_plug_t plugin = {
	.auxprop_lookup = look_up,
	.name = plugin_name,
};

static int
init_plugin(const sasl_utils_t *utils, int max_version, int *out_version,
	    sasl_auxprop_plug_t **plug, const char *name)
{
	(void)utils;
	(void)max_version;
	(void)name;
	*out_version = SASL_AUXPROP_PLUG_VERSION;
	*plug = &plugin;
	return SASL_OK;
}

/* Instead of a configuration file. */
static int
get_option(void *context, const char *plugin_asking, const char *option,
	   const char **result, unsigned int *len)
{
	(void)context;
	(void)plugin_asking;
	if (strcmp(option, "auxprop_plugin") == 0)
		*result = plugin_name;
	else if (strcmp(option, "pwcheck_method") == 0)
		*result = "auxprop";
	else
		return SASL_FAIL;
	if (len != NULL)
		*len = (unsigned int)strlen(*result);
	return SASL_OK;
}

/* Modules that are not needed here might complain, to syslog of all places. */
static int
choose_file(void *context, const char *file, sasl_verify_type_t type)
{
	static const char *const modules[] = { "libplain.", "liblogin.",
					       "libcrammd5.", "libscram." };
	const char *base;
	size_t i;

	(void)context;
	if (type != SASL_VRFY_PLUGIN)
		return SASL_CONTINUE;
	base = strrchr(file, '/');
	base = base != NULL ? base + 1 : file;
	for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		if (strncmp(base, modules[i], strlen(modules[i])) == 0)
			return SASL_OK;
	return SASL_CONTINUE;
}

/* Never to syslog; level SASL_LOG_PASS is not asked for, so no secrets. */
static int
take_log(void *context, int level, const char *message)
{
	(void)context;
	if (level <= SASL_LOG_ERR)
		log_event(0, "SASL: %s", message);
	return SASL_OK;
}

static const sasl_callback_t callbacks[] = {
	{ SASL_CB_GETOPT, (sasl_callback_ft)(any_function *)get_option, NULL },
	{ SASL_CB_VERIFYFILE, (sasl_callback_ft)(any_function *)choose_file,
	  NULL },
	{ SASL_CB_LOG, (sasl_callback_ft)(any_function *)take_log, NULL },
	{ SASL_CB_LIST_END, NULL, NULL },
};

/* The name among those in a list with blanks between them, or NULL. */
static const char *
list_find(const char *list, const char *name, size_t len)
{
	const char *item;
	size_t item_len;

	for (item = list + strspn(list, " "); *item != '\0';
	     item += strspn(item, " ")) {
		item_len = strcspn(item, " ");
		if (item_len == len && strncasecmp(item, name, len) == 0)
			return item;
		item += item_len;
	}
	return NULL;
}

static bool
list_has(const char *list, const char *name, size_t len)
{
	return list_find(list, name, len) != NULL;
}

static int
new_connection(const struct loopback_options *options, bool is_tls,
	       sasl_conn_t **ret_sasl)
{
	sasl_security_properties_t properties = { 0 };
	sasl_ssf_t ssf;
	int rc;

	/* A full host name, or Cyrus asks the resolver for one. */
	rc = sasl_server_new(SERVICE, LOOPBACK_HOST, NULL, NULL, NULL, NULL, 0,
			     ret_sasl);
	if (rc != SASL_OK)
		return rc;
	properties.security_flags = SASL_SEC_NOANONYMOUS;
	if (!is_tls && !options->plaintext_auth)
		properties.security_flags |= SASL_SEC_NOPLAINTEXT;
	rc = sasl_setprop(*ret_sasl, SASL_SEC_PROPS, &properties);
	if (rc == SASL_OK && is_tls) {
		ssf = 256;
		rc = sasl_setprop(*ret_sasl, SASL_SSF_EXTERNAL, &ssf);
	}
	return rc;
}

/* Why a mechanism can't be offered; NULL: it can. */
static const char *
find_obstacle(const char *loaded, const char *name, size_t len)
{
	if (list_has(OAUTH_MECHANISMS, name, len))
		return NULL;
	if (!list_has(AUTH_MECHANISMS, name, len))
		return "this server does not offer it; it has " AUTH_MECHANISMS
		       " " OAUTH_MECHANISMS;
	if (!list_has(loaded, name, len))
		return "its module is not there (Debian: libsasl2-modules)";
	return NULL;
}

/* Each mechanism of the option must be known here, and its module loaded. */
static int
check_mechanisms(const struct loopback_options *options)
{
	const char *name, *loaded, *obstacle;
	sasl_conn_t *sasl;
	size_t len;
	int rc;

	sasl = NULL;
	loaded = "";
	rc = new_connection(options, true, &sasl);
	if (rc == SASL_OK)
		rc =
		    sasl_listmech(sasl, NULL, "", " ", "", &loaded, NULL, NULL);
	if (rc != SASL_OK)
		fprintf(stderr, "smtpc-loopback: SASL: %s\n",
			sasl_errstring(rc, NULL, NULL));
	for (name = options->mechanisms + strspn(options->mechanisms, " ");
	     rc == SASL_OK && *name != '\0'; name += strspn(name, " ")) {
		len = strcspn(name, " ");
		obstacle = find_obstacle(loaded, name, len);
		if (obstacle != NULL) {
			fprintf(stderr, "smtpc-loopback: %.*s: %s\n", (int)len,
				name, obstacle);
			rc = SASL_NOMECH;
		}
		name += len;
	}
	sasl_dispose(&sasl);
	return rc == SASL_OK ? 0 : -1;
}

int
auth_start(const struct loopback_options *options)
{
	int rc;

	rc = sasl_server_init(callbacks, NULL);
	if (rc == SASL_OK)
		rc = sasl_auxprop_add_plugin(plugin_name, init_plugin);
	if (rc != SASL_OK) {
		fprintf(stderr, "smtpc-loopback: SASL: %s\n",
			sasl_errstring(rc, NULL, NULL));
		return -1;
	}
	return check_mechanisms(options);
}

static bool
is_plaintext(const char *mechanism, size_t len)
{
	return list_has("PLAIN LOGIN " OAUTH_MECHANISMS, mechanism, len);
}

void
auth_offer(const struct loopback_options *options, bool is_tls, char *list,
	   size_t size)
{
	const char *name;
	size_t len, used;

	used = 0;
	for (name = options->mechanisms + strspn(options->mechanisms, " ");
	     *name != '\0'; name += strspn(name, " ")) {
		len = strcspn(name, " ");
		if ((is_tls || options->plaintext_auth ||
		     !is_plaintext(name, len)) &&
		    used + len + 2 <= size)
			used += (size_t)snprintf(list + used, size - used,
						 " %.*s", (int)len, name);
		name += len;
	}
	list[used] = '\0';
}

bool
auth_ask(struct connection *connection, const char *challenge, unsigned int len,
	 char **ret_response, size_t *ret_len)
{
	enum connection_line kind;
	char *encoded, *line;
	size_t line_len;

	encoded = base64_encode(challenge, len);
	if (encoded == NULL) {
		connection_reply(connection, "454 4.7.0 No memory");
		return false;
	}
	connection_reply(connection, "334 %s", encoded);
	free(encoded);
	kind = connection_read_line(connection, &line, &line_len);
	if (kind == LINE_NONE)
		return false;
	log_text(connection->number, "C: ", "<hidden>", 8);
	if (kind == LINE_TOO_LONG) {
		connection_reply(connection, "500 5.5.6 Response too long");
		return false;
	}
	if (kind == LINE_WHOLE && strcmp(line, "*") == 0) {
		connection_reply(connection, "501 5.7.0 Cancelled");
		return false;
	}
	*ret_response =
	    kind == LINE_WHOLE ? base64_decode(line, ret_len) : NULL;
	if (*ret_response == NULL) {
		connection_reply(connection, "501 5.5.2 Not base64");
		return false;
	}
	return true;
}

/* Steps of the mechanism until it is content, or gives up. */
static int
run_steps(struct connection *connection, sasl_conn_t *sasl, int rc,
	  const char *out, unsigned int out_len, bool *ret_is_answered)
{
	char *response;
	size_t len;

	*ret_is_answered = false;
	while (rc == SASL_CONTINUE) {
		if (!auth_ask(connection, out, out_len, &response, &len)) {
			*ret_is_answered = true;
			return SASL_FAIL;
		}
		rc = sasl_server_step(sasl, response, (unsigned int)len, &out,
				      &out_len);
		explicit_bzero(response, len);
		free(response);
	}
	return rc;
}

char *
auth_decode_initial(struct connection *connection, const char *initial,
		    size_t *ret_len)
{
	char *response;

	response = NULL;
	*ret_len = 0;
	/* RFC 4954, 4: "=" is a response of no octets. */
	if (strcmp(initial, "=") == 0)
		response = calloc(1, 1);
	else if (*initial != '\0')
		response = base64_decode(initial, ret_len);
	if (response == NULL)
		connection_reply(connection, "501 5.5.2 Not base64");
	return response;
}

static int
run_mechanism(struct connection *connection, sasl_conn_t *sasl,
	      const char *mechanism, const char *initial, bool *ret_is_answered)
{
	const char *out;
	unsigned int out_len;
	char *response;
	size_t len;
	int rc;

	*ret_is_answered = true;
	response = NULL;
	len = 0;
	if (initial != NULL) {
		response = auth_decode_initial(connection, initial, &len);
		if (response == NULL)
			return SASL_FAIL;
	}
	out = NULL;
	out_len = 0;
	rc = sasl_server_start(sasl, mechanism, response, (unsigned int)len,
			       &out, &out_len);
	if (response != NULL)
		explicit_bzero(response, len);
	free(response);
	return run_steps(connection, sasl, rc, out, out_len, ret_is_answered);
}

static void
refuse(struct connection *connection, sasl_conn_t *sasl, int rc)
{
	log_event(connection->number, "AUTH failed: %s", sasl_errdetail(sasl));
	if (rc == SASL_TRYAGAIN || rc == SASL_NOMEM || rc == SASL_UNAVAIL)
		connection_reply(connection, "454 4.7.0 Try again later");
	else
		connection_reply(connection,
				 "535 5.7.8 Authentication credentials "
				 "invalid");
}

/* May the mechanism be used here?  If not, say why. */
static bool
is_permitted(const struct loopback_options *options,
	     struct connection *connection, const char *mechanism)
{
	size_t len;

	len = strlen(mechanism);
	if (!list_has(options->mechanisms, mechanism, len)) {
		connection_reply(connection, "504 5.5.4 No such mechanism");
		return false;
	}
	if (connection->tls == NULL && !options->plaintext_auth &&
	    is_plaintext(mechanism, len)) {
		connection_reply(connection,
				 "538 5.7.11 This mechanism needs encryption");
		return false;
	}
	return true;
}

/* By Cyrus SASL. */
static bool
password_exchange(const struct loopback_options *options,
		  struct connection *connection, const char *initial,
		  struct auth_result *result)
{
	const void *user;
	sasl_conn_t *sasl;
	bool is_answered;
	int rc;

	sasl = NULL;
	user = NULL;
	is_answered = false;
	rc = new_connection(options, connection->tls != NULL, &sasl);
	if (rc == SASL_OK)
		rc = run_mechanism(connection, sasl, result->mechanism, initial,
				   &is_answered);
	if (rc == SASL_OK)
		rc = sasl_getprop(sasl, SASL_USERNAME, &user);
	if (options->password_refusal != NULL && !is_answered) {
		rc = SASL_DISABLED;
		connection_reply(connection, "%s", options->password_refusal);
	} else if (rc == SASL_OK) {
		snprintf(result->user, sizeof(result->user), "%s",
			 (const char *)user);
		connection_reply(connection,
				 "235 2.7.0 Authentication succeeded");
	} else if (!is_answered) {
		refuse(connection, sasl, rc);
	}
	sasl_dispose(&sasl);
	return rc == SASL_OK;
}

bool
auth_exchange(const struct loopback_options *options,
	      struct connection *connection, const char *mechanism,
	      const char *initial, struct auth_result *ret_result)
{
	size_t len;

	if (!is_permitted(options, connection, mechanism))
		return false;
	/* What was passed is a line, and will soon be overwritten by others. */
	len = strlen(mechanism);
	mechanism =
	    list_find(AUTH_MECHANISMS " " OAUTH_MECHANISMS, mechanism, len);
	snprintf(ret_result->mechanism, sizeof(ret_result->mechanism), "%.*s",
		 (int)len, mechanism);
	return list_has(OAUTH_MECHANISMS, mechanism, len)
		   ? oauth_exchange(options, connection, initial, ret_result)
		   : password_exchange(options, connection, initial,
				       ret_result);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --probe: by what a user could be authenticated. */
#include "probe_auth.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "octet.h"

#define NAME_SIZE 32

/* What the library can't be asked about in vain, or does only if it is named.
 */
static const struct {
	const char *name;
	const char *secret; /* NULL: the library knows */
} special[] = {
	{ "EXTERNAL", "a certificate (--certificate)" },
	{ "GSSAPI", "a Kerberos ticket" },
	{ "GSS-SPNEGO", "a Kerberos ticket" },
	{ "ANONYMOUS", "nothing" },
	{ "DIGEST-MD5", NULL },
	{ "NTLM", NULL },
	{ "SCRAM-SHA-224", NULL },
	{ "SCRAM-SHA-224-PLUS", NULL },
	{ "SCRAM-SHA-384", NULL },
	{ "SCRAM-SHA-384-PLUS", NULL },
};

/* The secret that it takes, if that is here; *by_name: whether it is here. */
static const char *
find_special(const char *name, bool *ret_by_name)
{
	size_t i;

	*ret_by_name = false;
	for (i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		if (strcmp(special[i].name, name) != 0)
			continue;
		*ret_by_name = strcmp(name, "EXTERNAL") != 0;
		return special[i].secret;
	}
	return NULL;
}

/* Asked for a secret, the mechanism can be used: that is all to be known. */
static int
refuse_secret(smtpc_session *session, int kind, int reason, const char *status,
	      void *userdata)
{
	(void)session;
	(void)reason;
	(void)status;
	*(int *)userdata = kind;
	return SMTPC_E_CANCELLED;
}

/* What smtpc_auth() would ask for; nothing is sent. */
static const char *
ask_library(smtpc_session *session, const char *name, const char **ret_problem)
{
	int kind = SMTPC_SECRET_PASSWORD;
	int rc;

	*ret_problem = "not known to this program";
	smtpc_session_set_secret_callback(session, refuse_secret, &kind);
	rc = smtpc_session_set_mechanisms(session, name);
	if (rc == SMTPC_OK) {
		rc = smtpc_auth(session);
		*ret_problem = rc == SMTPC_E_TLS_REQUIRED
				   ? "not without TLS"
				   : "not over this channel";
	}
	smtpc_session_set_secret_callback(session, NULL, NULL);
	if (rc != SMTPC_E_CANCELLED)
		return NULL;
	return kind == SMTPC_SECRET_TOKEN ? "a token" : "a password";
}

/* Whether anybody on the way can read it. */
static bool
is_in_clear(const smtpc_session *session)
{
	const char *address = smtpc_session_peer_address(session);

	return smtpc_session_tls_version(session) == NULL && address != NULL &&
	       address[0] != '/';
}

static void
print_mechanism(smtpc_session *session, const char *name)
{
	const char *secret, *problem;
	bool by_name;

	secret = find_special(name, &by_name);
	if (strcmp(name, "CRAM-MD5") == 0)
		by_name = is_in_clear(session);
	if (secret == NULL)
		secret = ask_library(session, name, &problem);
	if (secret == NULL)
		printf("  %-18s  %s\n", name, problem);
	else
		printf("  %-18s  with %s%s\n", name, secret,
		       by_name ? ", if --mechanisms names it" : "");
}

/* The next word in capitals; false: there is none that is a name. */
static bool
take_name(const char **list, char name[NAME_SIZE])
{
	const char *word = *list + strspn(*list, " ");
	size_t i, len = strcspn(word, " ");

	*list = word + len;
	if (len == 0 || len >= NAME_SIZE)
		return false;
	for (i = 0; i < len; i++) {
		if (octet_is_control(word[i]) || !octet_is_ascii(word[i]))
			return false;
		name[i] = octet_upper(word[i]);
	}
	name[len] = '\0';
	return true;
}

void
probe_auth(smtpc_session *session)
{
	const char *offered = smtpc_session_extension(session, "AUTH");
	char name[NAME_SIZE];
	const char *rest;
	char *list;

	printf("Authentication:\n");
	if (offered == NULL || offered[strspn(offered, " ")] == '\0') {
		printf("  none\n");
		return;
	}
	/* The session's own text does not outlive its next step. */
	list = strdup(offered);
	if (list == NULL || smtpc_session_set_credentials(session, NULL, "user",
							  NULL) != SMTPC_OK) {
		free(list);
		return;
	}
	for (rest = list; *rest != '\0';) {
		if (take_name(&rest, name))
			print_mechanism(session, name);
	}
	free(list);
}

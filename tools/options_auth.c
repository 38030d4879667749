/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of the command line that is about authentication. */
#include "options_auth.h"

#include <errno.h>
#include <limits.h>
#include <smtpc/smtpc.h>
#include <stdlib.h>
#include <string.h>

#include "exit.h"
#include "octet.h"
#include "options.h"

bool
options_number(const char *string, long least, long most, long *ret_number)
{
	char *end;
	long number;

	if (!octet_is_digit(string[0]))
		return false;
	errno = 0;
	number = strtol(string, &end, 10);
	if (errno != 0 || *end != '\0' || number < least || number > most)
		return false;
	*ret_number = number;
	return true;
}

/* *value stays as it is if the option was not given. */
static int
parse_number(const char *option, const char *argument, int least, int most,
	     const char *what, int *value)
{
	long number;

	if (argument == NULL)
		return EX_OK;
	if (!options_number(argument, least, most, &number)) {
		complain("%s %s: not %s", option, argument, what);
		return EX_USAGE;
	}
	*value = (int)number;
	return EX_OK;
}

/* Whoever mixes these up with their like has put the secret itself here. */
static int
parse_descriptor(const char *option, const char *argument, int *descriptor)
{
	long number;

	if (argument == NULL)
		return EX_OK;
	if (!options_number(argument, 0, INT_MAX, &number)) {
		complain("%s: that is not a descriptor", option);
		return EX_USAGE;
	}
	*descriptor = (int)number;
	return EX_OK;
}

static int
parse_numbers(struct options *options)
{
	int rc;

	rc = parse_descriptor("--password-fd", options->password_fd,
			      &options->secret_fd);
	if (rc == EX_OK)
		rc = parse_descriptor("--token-fd", options->token_fd,
				      &options->bearer_fd);
	if (rc == EX_OK)
		rc = parse_number("--auth-attempts", options->auth_attempts, 1,
				  100, "a number from 1 to 100",
				  &options->attempts);
	if (rc == EX_OK)
		rc = parse_number("--scram-iterations",
				  options->scram_iterations, 1, 65536,
				  "a number from 1 to 65536",
				  &options->iterations);
	return rc;
}

static int
parse_binding(struct options *options)
{
	static const struct {
		const char *name;
		int type;
	} types[] = {
		{ "auto", SMTPC_CHANNEL_BINDING_AUTO },
		{ "none", SMTPC_CHANNEL_BINDING_NONE },
		{ "exporter", SMTPC_CHANNEL_BINDING_EXPORTER },
		{ "unique", SMTPC_CHANNEL_BINDING_UNIQUE },
		{ "server-end-point", SMTPC_CHANNEL_BINDING_SERVER_END_POINT },
	};
	size_t i;

	options->binding = SMTPC_CHANNEL_BINDING_AUTO;
	if (options->channel_binding == NULL)
		return EX_OK;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(options->channel_binding, types[i].name) == 0) {
			options->binding = types[i].type;
			return EX_OK;
		}
	}
	complain("--channel-binding %s: no such type: it is auto, none, "
		 "exporter, unique or server-end-point",
		 options->channel_binding);
	return EX_USAGE;
}

/* Whether a mechanism is named that can do without password and token. */
static bool
names_one_without_secret(const struct options *options)
{
	static const char *const names[] = { "EXTERNAL", "GSSAPI", "GSS-SPNEGO",
					     "ANONYMOUS" };
	const char *word = options->mechanisms;
	size_t i, len;

	if (word == NULL)
		return false;
	for (word += strspn(word, " "); *word != '\0';
	     word += strspn(word, " ")) {
		len = strcspn(word, " ");
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (len == strlen(names[i]) &&
			    memcmp(word, names[i], len) == 0)
				return true;
		}
		word += len;
	}
	return false;
}

/* What is wrong with what the user is to be proved by; NULL: nothing. */
static const char *
contradiction(const struct options *options, int passwords, int tokens,
	      bool needs_secret)
{
	if (passwords > 1)
		return "the password can come from one place only";
	if (tokens > 1)
		return "the token can come from one place only";
	if (passwords > 0 && tokens > 0)
		return "a password and a token: which of them is to be used?";
	if (passwords > 0 && options->user == NULL)
		return "a password, but no user: name it with --user";
	if (passwords + tokens > 0 || !needs_secret)
		return NULL;
	if (options->user != NULL)
		return "a user, but no password: give it with "
		       "--password-file, --password-fd or --password-env, or "
		       "a token with --token-file, --token-fd or --token-env";
	if (options->authzid != NULL)
		return "--authzid, but nobody who acts: name the user with "
		       "--user";
	return NULL;
}

static int
check_secrets(const struct options *options)
{
	int passwords = (options->password_file != NULL) +
			(options->password_fd != NULL) +
			(options->password_environment != NULL);
	int tokens = (options->token_file != NULL) +
		     (options->token_fd != NULL) +
		     (options->token_environment != NULL);
	bool has_certificate =
	    options->certificate != NULL || options->pkcs12 != NULL;
	bool is_without = names_one_without_secret(options);
	const char *wrong;

	if (options->probe)
		return EX_OK;
	wrong = contradiction(options, passwords, tokens,
			      !is_without && !has_certificate);
	if (wrong == NULL)
		return EX_OK;
	complain("%s", wrong);
	return EX_USAGE;
}

int
options_parse_auth(struct options *options)
{
	int rc;

	rc = parse_numbers(options);
	if (rc == EX_OK)
		rc = parse_binding(options);
	if (rc == EX_OK)
		rc = check_secrets(options);
	return rc;
}

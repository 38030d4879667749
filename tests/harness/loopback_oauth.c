/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XOAUTH2 and OAUTHBEARER, which Cyrus SASL does not have, with their errors.
 */
#include "loopback_oauth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "loopback_log.h"

#define LINE_SIZE 16384
#define BEARER	  "Bearer "

/* What the client says; pointers into its response. */
struct claim {
	const char *user; /* or NULL */
	const char *token;
};

/* What there is to say of a token: one line of the file. */
struct verdict {
	char user[AUTH_NAME_MAX];
	char answer[256]; /* "": it is good; else see refuse() */
};

/* "Bearer" in any case, one blank, and what RFC 6750, 2.1 calls a b64token. */
static const char *
find_token(const char *value)
{
	static const char characters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	    "-._~+/=";

	if (strncasecmp(value, BEARER, strlen(BEARER)) != 0)
		return NULL;
	value += strlen(BEARER);
	return *value != '\0' && value[strspn(value, characters)] == '\0'
		   ? value
		   : NULL;
}

/* The next of the parts that end with a \x01 each; NULL: there is none. */
static char *
take_part(char **rest)
{
	char *part, *end;

	part = *rest;
	end = strchr(part, 1);
	if (end == NULL)
		return NULL;
	*end = '\0';
	*rest = end + 1;
	return part;
}

/* user=NAME, auth=Bearer TOKEN, and an empty part. */
static bool
read_xoauth2(char *response, struct claim *ret_claim)
{
	const char *user, *auth, *end;
	char *rest;

	rest = response;
	user = take_part(&rest);
	auth = user != NULL ? take_part(&rest) : NULL;
	end = auth != NULL ? take_part(&rest) : NULL;
	if (end == NULL || *end != '\0' || *rest != '\0' ||
	    strncmp(user, "user=", 5) != 0 || strncmp(auth, "auth=", 5) != 0)
		return false;
	ret_claim->user = user + 5;
	ret_claim->token = find_token(auth + 5);
	return *ret_claim->user != '\0' && ret_claim->token != NULL;
}

/* n, an identity or none, and no other channel than this: RFC 5801, 4. */
static bool
read_gs2_header(char *header, struct claim *ret_claim)
{
	char *comma;

	ret_claim->user = NULL;
	if (strncmp(header, "n,", 2) != 0)
		return false;
	header += 2;
	comma = strchr(header, ',');
	if (comma == NULL || comma[1] != '\0')
		return false;
	*comma = '\0';
	if (*header == '\0')
		return true;
	/* None of the users has a name with "=" or "," in it. */
	if (strncmp(header, "a=", 2) != 0 || header[2] == '\0' ||
	    strchr(header + 2, '=') != NULL)
		return false;
	ret_claim->user = header + 2;
	return true;
}

static bool
is_port(const char *text)
{
	return *text != '\0' && strlen(text) <= 5 &&
	       text[strspn(text, "0123456789")] == '\0';
}

/* The header, auth=, host= and port= in any order, and an empty part. */
static bool
read_oauthbearer(char *response, struct claim *ret_claim)
{
	char *rest, *part;
	bool is_good;

	rest = response;
	part = take_part(&rest);
	is_good = part != NULL && read_gs2_header(part, ret_claim);
	ret_claim->token = NULL;
	while (is_good) {
		part = take_part(&rest);
		if (part == NULL || *part == '\0')
			break;
		if (strncmp(part, "auth=", 5) == 0 && ret_claim->token == NULL)
			ret_claim->token = find_token(part + 5);
		else if (strncmp(part, "port=", 5) == 0)
			is_good = is_port(part + 5);
		else
			is_good =
			    strncmp(part, "host=", 5) == 0 && part[5] != '\0';
	}
	return is_good && part != NULL && *rest == '\0' &&
	       ret_claim->token != NULL;
}

/* One line: TOKEN USER [ANSWER]. */
static bool
read_line(char *line, const char *token, struct verdict *ret_verdict)
{
	char *user, *answer;

	line[strcspn(line, "\n")] = '\0';
	user = strchr(line, ' ');
	if (user == NULL)
		return false;
	*user++ = '\0';
	if (strcmp(line, token) != 0)
		return false;
	answer = strchr(user, ' ');
	if (answer != NULL)
		*answer++ = '\0';
	snprintf(ret_verdict->user, sizeof(ret_verdict->user), "%s", user);
	snprintf(ret_verdict->answer, sizeof(ret_verdict->answer), "%s",
		 answer != NULL ? answer : "");
	return true;
}

/* The file is read each time: tokens come and go while the server runs. */
static int
search_file(const char *path, const char *token, struct verdict *verdict)
{
	static char line[LINE_SIZE];
	FILE *file;
	bool is_found;

	file = fopen(path, "re");
	if (file == NULL) {
		log_event(0, "%s: %s", path, strerror(errno));
		return -1;
	}
	is_found = false;
	while (!is_found && fgets(line, sizeof(line), file) != NULL)
		is_found = read_line(line, token, verdict);
	explicit_bzero(line, sizeof(line));
	fclose(file);
	return 0;
}

/* 0, or -1 if nobody can say now. */
static int
judge(const struct loopback_options *options, const struct claim *claim,
      const char *unknown, struct verdict *ret_verdict)
{
	const struct loopback_user *user;
	int rc;

	rc = 0;
	memset(ret_verdict, 0, sizeof(*ret_verdict));
	if (options->tokens != NULL)
		rc = search_file(options->tokens, claim->token, ret_verdict);
	for (user = loopback_users;
	     options->tokens == NULL && user->name != NULL; user++)
		if (strcmp(user->token, claim->token) == 0)
			snprintf(ret_verdict->user, sizeof(ret_verdict->user),
				 "%s", user->name);
	/* Whoever has a token of another's is not told so. */
	if (ret_verdict->user[0] == '\0' ||
	    (claim->user != NULL &&
	     strcmp(ret_verdict->user, claim->user) != 0))
		snprintf(ret_verdict->answer, sizeof(ret_verdict->answer), "%s",
			 unknown);
	return rc;
}

/*
 * With a blank in it the answer is the reply.  Else it is the status of an
 * error in JSON, which the client has to acknowledge before it is refused.
 */
static void
refuse(struct connection *connection, const char *answer, bool is_bearer)
{
	char json[512], *response;
	const char *expected;
	size_t len;

	if (strchr(answer, ' ') != NULL) {
		connection_reply(connection, "%s", answer);
		return;
	}
	snprintf(json, sizeof(json),
		 "{\"status\":\"%s\",\"schemes\":\"Bearer\",\"scope\":"
		 "\"https://mail.example.test/\"}",
		 answer);
	if (!auth_ask(connection, json, (unsigned int)strlen(json), &response,
		      &len))
		return;
	/* RFC 7628, 3.2.3: one octet; XOAUTH2: none. */
	expected = is_bearer ? "\001" : "";
	if (len == strlen(expected) && memcmp(response, expected, len) == 0)
		connection_reply(connection,
				 "535 5.7.8 Bearer token not accepted");
	else
		connection_reply(connection,
				 "501 5.5.2 Not the answer to an error");
	free(response);
}

/* The client's response, decoded, to be freed; NULL: all has been said. */
static char *
get_response(struct connection *connection, const char *initial)
{
	char *response;
	size_t len;

	if (initial == NULL) {
		if (!auth_ask(connection, "", 0, &response, &len))
			return NULL;
	} else {
		response = auth_decode_initial(connection, initial, &len);
		if (response == NULL)
			return NULL;
	}
	if (strlen(response) == len)
		return response;
	connection_reply(connection, "501 5.5.2 A NUL in it");
	free(response);
	return NULL;
}

bool
oauth_exchange(const struct loopback_options *options,
	       struct connection *connection, const char *initial,
	       struct auth_result *ret_result)
{
	struct verdict verdict;
	struct claim claim;
	const char *unknown;
	bool is_bearer, is_good;
	char *response;
	size_t len;

	is_bearer = strcmp(ret_result->mechanism, "OAUTHBEARER") == 0;
	unknown = options->bad_token != NULL ? options->bad_token
		  : is_bearer		     ? "invalid_token"
					     : "400";
	response = get_response(connection, initial);
	if (response == NULL)
		return false;
	len = strlen(response);
	is_good = false;
	if (!(is_bearer ? read_oauthbearer(response, &claim)
			: read_xoauth2(response, &claim))) {
		log_event(connection->number, "AUTH failed: bad syntax");
		refuse(connection, "invalid_request", is_bearer);
	} else if (judge(options, &claim, unknown, &verdict) < 0) {
		connection_reply(connection, "454 4.7.0 Try again later");
	} else if (verdict.answer[0] != '\0') {
		log_event(connection->number, "AUTH failed: bad token");
		refuse(connection, verdict.answer, is_bearer);
	} else {
		is_good = true;
		snprintf(ret_result->user, sizeof(ret_result->user), "%s",
			 verdict.user);
		connection_reply(connection,
				 "235 2.7.0 Authentication succeeded");
	}
	explicit_bzero(response, len);
	free(response);
	return is_good;
}

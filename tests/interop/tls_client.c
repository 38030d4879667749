/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tls-client [OPTION...] {HOST PORT}...: connects with the library to one
 * server after another, all with the same TLS settings, and prints one JSON
 * object for each: what came of it, in the library's own numbers.
 *
 * Options take effect in their order; one that the library refuses is
 * reported in the same way, and ends the program.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <smtpc/smtpc.h>

#include "client_common.h"

#define FILE_MAX 65536
#define TEXT_MAX 4096

/* How far each session is to go. */
enum goal {
	GOAL_READY, /* the greeting, EHLO, STARTTLS, EHLO */
	GOAL_TLS,   /* the end of the handshake */
};

struct client {
	smtpc_tls *tls;
	int mode;
	enum goal goal;
	bool accepts; /* whatever certificate it is */
	uint32_t exceptions;
	const char *key;
	const char *password;
	const char *verify_name;
	const char *pin;
	const char *later_pin; /* one more, but not in the first session */
};

/* What a session tells while it goes on, line by line. */
struct notes {
	char text[TEXT_MAX];
	size_t len;
};

struct option {
	const char *name;
	/* SMTPC_OK or what the library says; value NULL: it takes none. */
	int (*apply)(struct client *client, const char *value);
	bool has_value;
};

static size_t
read_file(const char *name, char *buffer)
{
	FILE *file = fopen(name, "rbe");
	size_t len;

	if (file == NULL)
		complain("a file can't be opened");
	len = fread(buffer, 1, FILE_MAX, file);
	fclose(file);
	return len;
}

/* The output. */

/* All problems of the certificate, in the library's words. */
static void
print_problems(const smtpc_session *session)
{
	uint32_t problems = smtpc_session_certificate_problems(session);
	char text[TEXT_MAX] = "";
	size_t len = 0;
	uint32_t flag;

	for (flag = 1; flag != 0 && len < sizeof(text); flag <<= 1)
		if (problems & flag)
			len += (size_t)snprintf(text + len, sizeof(text) - len,
						"%s%s", len > 0 ? "; " : "",
						smtpc_certificate_problem_text(
						    flag));
	print_number("problems", problems);
	print_text("texts", text);
}

static void
print_session(const smtpc_session *session, int rc)
{
	const struct notes *notes = smtpc_session_userdata(session);

	printf("{\"result\": %d", rc);
	print_text("detail", smtpc_error_detail(session));
	print_text("message", smtpc_error_message(session));
	print_number("phase", smtpc_error_phase(session));
	print_number("gnutls", smtpc_error_tls(session));
	print_number("retry", smtpc_error_safe_to_retry(session));
	print_number("state", smtpc_session_state(session));
	print_text("version", smtpc_session_tls_version(session));
	print_number("trust", smtpc_session_tls_trust(session));
	print_problems(session);
	print_number("resumed", smtpc_session_tls_is_resumed(session));
	print_number("certificates",
		     (long)smtpc_session_certificate_count(session));
	print_text("pin", smtpc_session_certificate_spki_sha256(session, 0));
	print_text("notes", notes->text);
	printf("}\n");
	fflush(stdout);
}

static void
print_refusal(const char *option, int rc, const char *message)
{
	printf("{\"result\": %d", rc);
	print_text("option", option);
	print_text("message", message);
	printf("}\n");
}

/* The options. */

static int
set_mode(struct client *client, const char *value)
{
	client->mode = (int)number_of(value);
	return SMTPC_OK;
}

static int
set_goal(struct client *client, const char *value)
{
	(void)value;
	client->goal = GOAL_TLS;
	return SMTPC_OK;
}

static int
set_accepts(struct client *client, const char *value)
{
	(void)value;
	client->accepts = true;
	return SMTPC_OK;
}

static int
set_exceptions(struct client *client, const char *value)
{
	client->exceptions = (uint32_t)number_of(value);
	return SMTPC_OK;
}

static int
set_pin(struct client *client, const char *value)
{
	client->pin = value;
	return SMTPC_OK;
}

static int
set_later_pin(struct client *client, const char *value)
{
	client->later_pin = value;
	return SMTPC_OK;
}

static int
set_verify_name(struct client *client, const char *value)
{
	client->verify_name = value;
	return SMTPC_OK;
}

static int
add_file(struct client *client, const char *value)
{
	return smtpc_tls_add_trust_file(client->tls, value);
}

static int
add_directory(struct client *client, const char *value)
{
	return smtpc_tls_add_trust_directory(client->tls, value);
}

static int
add_memory(struct client *client, const char *value)
{
	static char data[FILE_MAX];

	return smtpc_tls_add_trust_memory(client->tls, data,
					  read_file(value, data));
}

static int
set_system(struct client *client, const char *value)
{
	return smtpc_tls_set_trust_system(client->tls, (int)number_of(value));
}

static int
set_key(struct client *client, const char *value)
{
	client->key = value;
	return SMTPC_OK;
}

static int
set_password(struct client *client, const char *value)
{
	client->password = value;
	return SMTPC_OK;
}

static int
set_file(struct client *client, const char *value)
{
	return smtpc_tls_set_certificate_file(client->tls, value, client->key,
					      client->password);
}

static int
set_memory(struct client *client, const char *value)
{
	static char certificate[FILE_MAX], key[FILE_MAX];
	size_t len = read_file(value, certificate);

	if (client->key == NULL)
		return smtpc_tls_set_certificate_memory(client->tls,
							certificate, len, NULL,
							0, client->password);
	return smtpc_tls_set_certificate_memory(client->tls, certificate, len,
						key,
						read_file(client->key, key),
						client->password);
}

static int
set_pkcs12(struct client *client, const char *value)
{
	return smtpc_tls_set_certificate_pkcs12(client->tls, value,
						client->password);
}

static int
set_pkcs11(struct client *client, const char *value)
{
	return smtpc_tls_set_certificate_pkcs11(client->tls, value,
						client->password);
}

static int
set_minimum(struct client *client, const char *value)
{
	return smtpc_tls_set_minimum_version(client->tls,
					     (int)number_of(value));
}

static int
set_priority(struct client *client, const char *value)
{
	return smtpc_tls_set_priority(client->tls, value);
}

static int
set_cache(struct client *client, const char *value)
{
	return smtpc_tls_set_session_cache(client->tls, (int)number_of(value));
}

static const struct option options[] = {
	{ "--mode", set_mode, true },
	{ "--handshake-only", set_goal, false },
	{ "--accept", set_accepts, false },
	{ "--exceptions", set_exceptions, true },
	{ "--pin", set_pin, true },
	{ "--later-pin", set_later_pin, true },
	{ "--verify-name", set_verify_name, true },
	{ "--trust-file", add_file, true },
	{ "--trust-directory", add_directory, true },
	{ "--trust-memory", add_memory, true },
	{ "--trust-system", set_system, true },
	{ "--key", set_key, true },
	{ "--password", set_password, true },
	{ "--certificate", set_file, true },
	{ "--certificate-memory", set_memory, true },
	{ "--pkcs12", set_pkcs12, true },
	{ "--pkcs11", set_pkcs11, true },
	{ "--minimum-version", set_minimum, true },
	{ "--priority", set_priority, true },
	{ "--cache", set_cache, true },
};

static const struct option *
find_option(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	complain("no such option");
}

/* Returns the first argument that is no option; NULL after a refusal. */
static char **
take_options(struct client *client, char **argument)
{
	const struct option *option;
	const char *value;
	int rc;

	for (; *argument != NULL && **argument == '-'; argument++) {
		option = find_option(*argument);
		value = option->has_value ? *++argument : NULL;
		if (option->has_value && value == NULL)
			complain("an option lacks its value");
		rc = option->apply(client, value);
		if (rc != SMTPC_OK) {
			print_refusal(option->name, rc,
				      smtpc_tls_error_message(client->tls));
			return NULL;
		}
	}
	return argument;
}

/* The sessions. */

static void
note(int kind, const char *text, size_t len, void *userdata)
{
	struct notes *notes = userdata;

	if (kind != SMTPC_TRACE_NOTE || len + 1 >= TEXT_MAX - notes->len)
		return;
	memcpy(notes->text + notes->len, text, len);
	notes->len += len;
	notes->text[notes->len++] = '\n';
	notes->text[notes->len] = '\0';
}

static smtpc_session *
make_session(const struct client *client, struct notes *notes, bool is_first)
{
	smtpc_session *session;
	int rc = smtpc_session_new(&session);

	if (rc != SMTPC_OK)
		complain(smtpc_strerror(rc));
	smtpc_session_set_userdata(session, notes);
	smtpc_session_set_trace(session, note, notes);
	rc = smtpc_session_set_tls(session, client->tls);
	if (rc == SMTPC_OK)
		rc = smtpc_session_set_tls_mode(session, client->mode);
	if (rc == SMTPC_OK && client->exceptions != 0)
		rc = smtpc_session_set_tls_exceptions(session,
						      client->exceptions);
	if (rc == SMTPC_OK && client->pin != NULL)
		rc = smtpc_session_add_tls_pin(session, client->pin);
	if (rc == SMTPC_OK && client->later_pin != NULL && !is_first)
		rc = smtpc_session_add_tls_pin(session, client->later_pin);
	if (rc == SMTPC_OK && client->verify_name != NULL)
		rc = smtpc_session_set_tls_verify_name(session,
						       client->verify_name);
	if (rc != SMTPC_OK) {
		print_session(session, rc);
		exit(1);
	}
	return session;
}

/* A server that says nothing: nobody waits for its greeting. */
static int
shake_hands(smtpc_session *session, const char *host, int port)
{
	int rc;

	smtpc_session_set_blocking(session, 0);
	rc = smtpc_connect(session, host, port);
	while (rc == SMTPC_AGAIN &&
	       smtpc_session_tls_version(session) == NULL) {
		smtpc_wait(session, SMTPC_FOREVER);
		rc = smtpc_process(session);
	}
	return rc;
}

/* The same where the handshake is the end of a step. */
static int
upgrade(smtpc_session *session, const char *host, int port)
{
	int rc = smtpc_connect(session, host, port);

	if (rc == SMTPC_OK)
		rc = smtpc_ehlo(session);
	if (rc == SMTPC_OK)
		rc = smtpc_starttls(session);
	return rc;
}

static int
run(const struct client *client, const char *host, int port, bool is_first)
{
	struct notes notes = { "", 0 };
	smtpc_session *session = make_session(client, &notes, is_first);
	int rc;

	if (client->goal == GOAL_READY)
		rc = smtpc_open(session, host, port);
	else if (client->mode == SMTPC_TLS_IMPLICIT)
		rc = shake_hands(session, host, port);
	else
		rc = upgrade(session, host, port);
	print_session(session, rc);
	if (rc == SMTPC_E_CERTIFICATE && client->accepts) {
		rc = smtpc_accept_certificate(session);
		if (rc == SMTPC_OK)
			rc = smtpc_open(session, host, port);
		print_session(session, rc);
	}
	if (smtpc_session_state(session) == SMTPC_STATE_READY)
		smtpc_quit(session);
	smtpc_session_free(session);
	return rc;
}

int
main(int argc, char **argv)
{
	struct client client = { .mode = SMTPC_TLS_STARTTLS };
	char **argument, **first;
	int rc;

	(void)argc;
	rc = smtpc_tls_new(&client.tls);
	if (rc != SMTPC_OK)
		complain(smtpc_strerror(rc));
	argument = take_options(&client, argv + 1);
	if (argument != NULL) {
		if (*argument == NULL)
			complain("there is nowhere to go");
		for (first = argument; *argument != NULL; argument += 2) {
			if (argument[1] == NULL)
				complain("a port is missing");
			rc =
			    run(&client, argument[0],
				(int)number_of(argument[1]), argument == first);
		}
	}
	smtpc_tls_free(client.tls);
	return argument == NULL || rc < 0;
}

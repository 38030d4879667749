/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * auth-client [OPTION...] HOST PORT: connects with the library, authenticates
 * as the options say, sends a message if there is to be one, and prints one
 * JSON object: what came of it, in the library's own numbers.  With --times it
 * does so again and again, each time in a session of its own.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <smtpc/smtpc.h>

#include "client_common.h"

#define ANSWERS_MAX 8

enum answer_kind {
	ANSWER_PASSWORD,
	ANSWER_TOKEN,
	ANSWER_REFUSAL,
};

/* What the secret callback says when it is its turn. */
struct answer {
	enum answer_kind kind;
	const char *secret;
};

struct question {
	int kind;
	int reason;
	char status[64];
};

struct client {
	int mode;
	bool is_non_blocking;
	bool has_callback;
	bool has_plaintext;
	bool reconnects; /* if it is told to */
	int times;
	int attempts; /* 0: the default */
	int binding;
	const char *mechanisms;
	const char *authzid;
	const char *authcid;
	const char *password;
	const char *token_authcid;
	const char *token;
	const char *trust_file;
	const char *certificate;
	const char *priority;
	const char *subject; /* of the message, if one is to be sent */
	struct answer answers[ANSWERS_MAX];
	size_t answer_count;
	size_t answers_given;
	struct question questions[ANSWERS_MAX];
	size_t question_count;
	FILE *trace;
};

/* What became of the message. */
struct fate {
	int result;
	int outcome;
	int retry;
};

/* The options. */

static void
add_answer(struct client *client, enum answer_kind kind, const char *secret)
{
	if (client->answer_count == ANSWERS_MAX)
		complain("too many answers");
	client->answers[client->answer_count].kind = kind;
	client->answers[client->answer_count++].secret = secret;
	client->has_callback = true;
}

/* Whether it is one that takes no value. */
static bool
take_flag(struct client *client, const char *name)
{
	if (strcmp(name, "--non-blocking") == 0)
		client->is_non_blocking = true;
	else if (strcmp(name, "--callback") == 0)
		client->has_callback = true;
	else if (strcmp(name, "--plaintext") == 0)
		client->has_plaintext = true;
	else if (strcmp(name, "--reconnect") == 0)
		client->reconnects = true;
	else if (strcmp(name, "--answer-refusal") == 0)
		add_answer(client, ANSWER_REFUSAL, NULL);
	else
		return false;
	return true;
}

static bool
take_text(struct client *client, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **field;
	} texts[] = {
		{ "--mechanisms", &client->mechanisms },
		{ "--authzid", &client->authzid },
		{ "--authcid", &client->authcid },
		{ "--password", &client->password },
		{ "--token-authcid", &client->token_authcid },
		{ "--token", &client->token },
		{ "--trust-file", &client->trust_file },
		{ "--certificate", &client->certificate },
		{ "--priority", &client->priority },
		{ "--subject", &client->subject },
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i].name, name) == 0) {
			*texts[i].field = value;
			return true;
		}
	return false;
}

static void
take_value(struct client *client, const char *name, const char *value)
{
	if (value == NULL)
		complain("an option lacks its value");
	if (take_text(client, name, value))
		return;
	if (strcmp(name, "--mode") == 0)
		client->mode = (int)number_of(value);
	else if (strcmp(name, "--times") == 0)
		client->times = (int)number_of(value);
	else if (strcmp(name, "--attempts") == 0)
		client->attempts = (int)number_of(value);
	else if (strcmp(name, "--binding") == 0)
		client->binding = (int)number_of(value);
	else if (strcmp(name, "--answer-password") == 0)
		add_answer(client, ANSWER_PASSWORD, value);
	else if (strcmp(name, "--answer-token") == 0)
		add_answer(client, ANSWER_TOKEN, value);
	else
		complain("no such option");
}

static char **
take_options(struct client *client, char **argument)
{
	const char *name;

	while ((name = *argument) != NULL && *name == '-') {
		argument++;
		if (!take_flag(client, name))
			take_value(client, name, *argument++);
	}
	return argument;
}

/* The session. */

static void
must(int rc, const char *what)
{
	if (rc != SMTPC_OK)
		complain(what);
}

static void
note(int kind, const char *text, size_t len, void *userdata)
{
	static const char *const marks[] = { "C: ", "S: ", "-- " };
	const struct client *client = userdata;

	fputs(marks[kind], client->trace);
	fwrite(text, 1, len, client->trace);
	fputc('\n', client->trace);
}

static int
give_secret(smtpc_session *session, int kind, int reason, const char *status,
	    void *userdata)
{
	struct client *client = userdata;
	struct question *question;
	const struct answer *answer;

	if (client->question_count == ANSWERS_MAX)
		complain("too many questions");
	question = &client->questions[client->question_count++];
	question->kind = kind;
	question->reason = reason;
	snprintf(question->status, sizeof(question->status), "%s", status);

	if (client->answers_given == client->answer_count)
		return SMTPC_OK;
	answer = &client->answers[client->answers_given++];
	if (answer->kind == ANSWER_REFUSAL)
		return SMTPC_E_CANCELLED;
	if (answer->kind == ANSWER_TOKEN)
		return smtpc_session_set_oauth_token(session,
						     client->token_authcid,
						     answer->secret);
	return smtpc_session_set_credentials(session, client->authzid,
					     client->authcid, answer->secret);
}

static void
set_tls(smtpc_session *session, const struct client *client)
{
	smtpc_tls *tls;

	must(smtpc_tls_new(&tls), "smtpc_tls_new");
	must(smtpc_tls_set_trust_system(tls, 0), "smtpc_tls_set_trust_system");
	if (client->trust_file != NULL)
		must(smtpc_tls_add_trust_file(tls, client->trust_file),
		     smtpc_tls_error_message(tls));
	if (client->certificate != NULL)
		must(smtpc_tls_set_certificate_file(tls, client->certificate,
						    NULL, NULL),
		     smtpc_tls_error_message(tls));
	if (client->priority != NULL)
		must(smtpc_tls_set_priority(tls, client->priority),
		     smtpc_tls_error_message(tls));
	must(smtpc_session_set_tls(session, tls), "smtpc_session_set_tls");
	must(smtpc_session_set_tls_mode(session, client->mode),
	     "smtpc_session_set_tls_mode");
	smtpc_tls_free(tls);
}

static void
set_secrets(smtpc_session *session, struct client *client)
{
	if (client->authzid != NULL || client->authcid != NULL ||
	    client->password != NULL)
		must(smtpc_session_set_credentials(session, client->authzid,
						   client->authcid,
						   client->password),
		     "smtpc_session_set_credentials");
	if (client->token != NULL)
		must(smtpc_session_set_oauth_token(session,
						   client->token_authcid,
						   client->token),
		     "smtpc_session_set_oauth_token");
	if (client->has_callback)
		smtpc_session_set_secret_callback(session, give_secret, client);
}

static smtpc_session *
make_session(struct client *client)
{
	smtpc_session *session;

	must(smtpc_session_new(&session), "smtpc_session_new");
	smtpc_session_set_trace(session, note, client);
	smtpc_session_set_blocking(session, !client->is_non_blocking);
	smtpc_session_set_plaintext_auth(session, client->has_plaintext);
	set_tls(session, client);
	set_secrets(session, client);
	must(smtpc_session_set_mechanisms(session, client->mechanisms),
	     "smtpc_session_set_mechanisms");
	must(smtpc_session_set_channel_binding(session, client->binding),
	     "smtpc_session_set_channel_binding");
	if (client->attempts != 0)
		must(smtpc_session_set_auth_attempts(session, client->attempts),
		     "smtpc_session_set_auth_attempts");
	return session;
}

/* The result of a step that has begun. */
static int
finish(smtpc_session *session, int rc)
{
	while (rc == SMTPC_AGAIN) {
		smtpc_wait(session, SMTPC_FOREVER);
		rc = smtpc_process(session);
	}
	return rc;
}

static int
authenticate(smtpc_session *session, const struct client *client,
	     const char *host, int port)
{
	int rc = finish(session, smtpc_connect(session, host, port));

	if (rc == SMTPC_OK)
		rc = finish(session, smtpc_ehlo(session));
	if (rc == SMTPC_OK && client->mode == SMTPC_TLS_STARTTLS) {
		rc = finish(session, smtpc_starttls(session));
		if (rc == SMTPC_OK)
			rc = finish(session, smtpc_ehlo(session));
	}
	if (rc == SMTPC_OK)
		rc = finish(session, smtpc_auth(session));
	return rc;
}

static void
send_message(smtpc_session *session, const struct client *client,
	     struct fate *ret_fate)
{
	smtpc_transaction *mail;
	char content[512];
	int len;

	len = snprintf(content, sizeof(content),
		       "From: alice@example.test\r\nSubject: %s\r\n\r\n.\r\n",
		       client->subject);
	must(smtpc_transaction_new(&mail), "smtpc_transaction_new");
	must(smtpc_transaction_set_sender(mail, "alice@example.test"),
	     "smtpc_transaction_set_sender");
	must(smtpc_transaction_add_recipient(mail, "bob@example.test", NULL),
	     "smtpc_transaction_add_recipient");
	must(smtpc_transaction_set_content_copy(mail, content, (size_t)len),
	     "smtpc_transaction_set_content_copy");
	ret_fate->result = finish(session, smtpc_send(session, mail));
	ret_fate->outcome = smtpc_transaction_recipient_outcome(mail, 0);
	ret_fate->retry = smtpc_transaction_recipient_safe_to_retry(mail, 0);
	smtpc_transaction_free(mail);
}

/* The output. */

static void
print_reply(const smtpc_reply *reply)
{
	print_number("code", reply == NULL ? 0 : smtpc_reply_code(reply));
	print_text("enhanced",
		   reply == NULL ? NULL : smtpc_reply_enhanced(reply));
}

static void
print_attempts(const smtpc_session *session)
{
	size_t count = smtpc_session_auth_attempt_count(session);
	const char *mechanism, *message;
	const smtpc_reply *reply;
	int result;
	size_t i;

	printf(", \"attempts\": [");
	for (i = 0; i < count; i++) {
		must(smtpc_session_auth_attempt_at(session, i, &mechanism,
						   &result, &reply, &message),
		     "smtpc_session_auth_attempt_at");
		printf("%s{\"result\": %d", i > 0 ? ", " : "", result);
		print_text("mechanism", mechanism);
		print_reply(reply);
		print_text("message", message);
		putchar('}');
	}
	putchar(']');
}

static void
print_questions(const struct client *client)
{
	const struct question *question;
	size_t i;

	printf(", \"questions\": [");
	for (i = 0; i < client->question_count; i++) {
		question = &client->questions[i];
		printf("%s{\"kind\": %d", i > 0 ? ", " : "", question->kind);
		print_number("reason", question->reason);
		print_text("status", question->status);
		putchar('}');
	}
	putchar(']');
}

/* All that a getter tells; the message's fate and the trace come later. */
static void
print_session(const smtpc_session *session, const struct client *client, int rc)
{
	const char *challenge;
	size_t len = 0;

	printf("{\"result\": %d", rc);
	print_text("detail", smtpc_error_detail(session));
	print_text("message", smtpc_error_message(session));
	print_number("phase", smtpc_error_phase(session));
	print_number("retry", smtpc_error_safe_to_retry(session));
	print_reply(smtpc_error_reply(session));
	print_number("state", smtpc_session_state(session));
	print_text("mechanism", smtpc_session_mechanism(session));
	print_text("version", smtpc_session_tls_version(session));
	print_number("trust", smtpc_session_tls_trust(session));
	print_text("offered", smtpc_session_extension(session, "AUTH"));
	challenge = smtpc_session_auth_challenge(session, &len);
	if (challenge == NULL)
		print_text("challenge", NULL);
	else
		print_octets("challenge", challenge, len);
	print_attempts(session);
	print_questions(client);
}

static int
run(struct client *client, const char *host, int port)
{
	struct fate fate = { SMTPC_OK, -1, -1 };
	char *trace = NULL;
	size_t trace_len = 0;
	smtpc_session *session;
	int rc;

	client->trace = open_memstream(&trace, &trace_len);
	if (client->trace == NULL)
		complain("no memory");
	session = make_session(client);
	rc = authenticate(session, client, host, port);
	if (client->reconnects &&
	    strcmp(smtpc_error_detail(session), "reconnect") == 0)
		rc = authenticate(session, client, host, port);
	print_session(session, client, rc);
	if (rc == SMTPC_OK && client->subject != NULL)
		send_message(session, client, &fate);
	print_number("sent", fate.result);
	print_number("outcome", fate.outcome);
	print_number("outcome_retry", fate.retry);
	if (smtpc_session_state(session) == SMTPC_STATE_READY)
		print_number("quit", finish(session, smtpc_quit(session)));
	print_number("end", smtpc_session_state(session));
	smtpc_session_free(session);
	fclose(client->trace);
	print_octets("trace", trace, trace_len);
	printf("}\n");
	free(trace);
	return rc;
}

int
main(int argc, char **argv)
{
	struct client client = { .mode = SMTPC_TLS_STARTTLS, .times = 1 };
	char **target = take_options(&client, argv + 1);
	int i, rc = SMTPC_OK;

	if (argv + argc - target != 2)
		complain("usage: auth-client [OPTION...] HOST PORT");
	for (i = 0; i < client.times; i++)
		rc = run(&client, target[0], (int)number_of(target[1]));
	return rc != SMTPC_OK;
}

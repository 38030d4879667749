/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands and replies of one session: RFC 5321, 3207 and 4954. */
#include "loopback_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "loopback_address.h"
#include "loopback_auth.h"
#include "loopback_log.h"
#include "loopback_transaction.h"

/* RFC 5321, 4.5.3.1.4, with its CRLF. */
#define COMMAND_MAX 512
/* The parameters SIZE, BODY and AUTH: RFC 1870, 6152 and 4954. */
#define MAIL_MAX (COMMAND_MAX + 26 + 17 + 500)

/* A client that cannot stop being wrong is a loop in a test. */
#define ERRORS_MAX 100

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static const char *const listener_names[] = {
	[LISTENER_SUBMISSION] = "submission",
	[LISTENER_SMTPS] = "smtps",
	[LISTENER_SMTP] = "smtp",
	[LISTENER_UNIX] = "unix",
};

struct session {
	const struct loopback_server *server;
	struct connection *connection;
	enum listener_kind listener;
	char client[ADDRESS_DOMAIN_MAX + 1]; /* empty: not introduced yet */
	bool is_extended;		     /* by EHLO */
	bool is_refusing;		     /* greeted with 4yz or 5yz */
	bool is_over;
	struct auth_result auth; /* user is empty: not authenticated */
	struct envelope envelope;
	unsigned int errors;
};

#define TAKES_ARGUMENT 0x1u
#define NEEDS_ARGUMENT 0x3u
#define NEEDS_HELLO    0x4u
/* RFC 2920, 3.1: nothing may follow it before its reply. */
#define IS_LAST 0x8u

struct command {
	const char *verb;
	/* argument: what follows the verb and one blank, or NULL. */
	void (*run)(struct session *session, char *argument);
	size_t max; /* octets of the line, CRLF included */
	unsigned int manners;
};

static bool
is_tls(const struct session *session)
{
	return session->connection->tls != NULL;
}

/* RFC 3207, 4: where TLS is a must, few commands are taken without it. */
static bool
lacks_tls(struct session *session)
{
	if (session->listener != LISTENER_SUBMISSION || is_tls(session))
		return false;
	connection_reply(session->connection,
			 "530 5.7.0 Must issue a STARTTLS command first");
	return true;
}

static void
run_ehlo(struct session *session, char *argument)
{
	const struct loopback_options *options;
	struct connection *connection;
	char mechanisms[256];

	options = &session->server->options;
	connection = session->connection;
	envelope_clear(&session->envelope);
	if (!address_is_host(argument)) {
		connection_reply(connection, "501 5.5.4 Not a domain");
		return;
	}
	snprintf(session->client, sizeof(session->client), "%s", argument);
	session->is_extended = true;
	connection_reply(connection, "250-" LOOPBACK_HOST " greets %s",
			 argument);
	if (options->pipelining)
		connection_reply(connection, "250-PIPELINING");
	if (options->eight_bit)
		connection_reply(connection, "250-8BITMIME");
	if (!is_tls(session))
		connection_reply(connection, "250-STARTTLS");
	mechanisms[0] = '\0';
	if (session->listener != LISTENER_SUBMISSION || is_tls(session))
		auth_offer(options, is_tls(session), mechanisms,
			   sizeof(mechanisms));
	if (mechanisms[0] != '\0' && session->auth.user[0] == '\0')
		connection_reply(connection, "250-AUTH%s", mechanisms);
	connection_reply(connection, "250-ENHANCEDSTATUSCODES");
	connection_reply(connection, "250 SIZE %ld", options->size_limit);
}

static void
run_helo(struct session *session, char *argument)
{
	envelope_clear(&session->envelope);
	if (!address_is_host(argument)) {
		connection_reply(session->connection, "501 5.5.4 Not a domain");
		return;
	}
	snprintf(session->client, sizeof(session->client), "%s", argument);
	session->is_extended = false;
	connection_reply(session->connection, "250 " LOOPBACK_HOST);
}

static void
run_starttls(struct session *session, char *argument)
{
	struct connection *connection;

	(void)argument;
	connection = session->connection;
	if (is_tls(session) || !session->is_extended) {
		connection_reply(connection, "503 5.5.1 STARTTLS not offered");
		return;
	}
	if (session->server->options.refuse_starttls) {
		connection_reply(connection,
				 "454 4.7.0 TLS is not available now");
		return;
	}
	connection_reply(connection, "220 2.0.0 Ready to start TLS");
	connection_start_tls(connection, session->server);
	/* RFC 3207, 4.2: whatever was said before was never said. */
	envelope_clear(&session->envelope);
	session->client[0] = '\0';
	session->is_extended = false;
	session->auth = (struct auth_result){ 0 };
}

static void
run_auth(struct session *session, char *argument)
{
	struct connection *connection;
	struct auth_result result;
	char *initial;

	connection = session->connection;
	if (lacks_tls(session))
		return;
	if (!session->is_extended || session->auth.user[0] != '\0' ||
	    session->envelope.sender != NULL) {
		connection_reply(connection,
				 "503 5.5.1 AUTH not permitted now");
		return;
	}
	initial = strchr(argument, ' ');
	if (initial != NULL)
		*initial++ = '\0';
	if (!auth_exchange(&session->server->options, connection, argument,
			   initial, &result))
		return;
	session->auth = result;
	log_event(connection->number, "authenticated %s by %s", result.user,
		  result.mechanism);
}

static void
run_mail(struct session *session, char *argument)
{
	const struct loopback_options *options;

	options = &session->server->options;
	if (lacks_tls(session))
		return;
	if ((session->listener == LISTENER_SUBMISSION ||
	     session->listener == LISTENER_SMTPS) &&
	    session->auth.user[0] == '\0') {
		connection_reply(session->connection,
				 "530 5.7.0 Authentication required");
		return;
	}
	transaction_mail(&session->envelope, options, session->is_extended,
			 session->connection, argument);
}

static void
run_rcpt(struct session *session, char *argument)
{
	transaction_rcpt(&session->envelope, session->connection, argument);
}

/* RFC 3848's names. */
static const char *
protocol(const struct session *session)
{
	if (!session->is_extended)
		return "SMTP";
	if (session->auth.user[0] != '\0')
		return is_tls(session) ? "ESMTPSA" : "ESMTPA";
	return is_tls(session) ? "ESMTPS" : "ESMTP";
}

static void
run_data(struct session *session, char *argument)
{
	struct origin origin;

	(void)argument;
	origin = (struct origin){
		.connection = session->connection->number,
		.client = session->client,
		.listener = listener_names[session->listener],
		.protocol = protocol(session),
		.tls = connection_tls_version(session->connection),
	};
	if (session->auth.user[0] != '\0') {
		origin.user = session->auth.user;
		origin.mechanism = session->auth.mechanism;
	}
	transaction_data(&session->envelope, session->server,
			 session->connection, &origin);
}

static void
run_rset(struct session *session, char *argument)
{
	(void)argument;
	envelope_clear(&session->envelope);
	connection_reply(session->connection, "250 2.0.0 Forgotten");
}

static void
run_noop(struct session *session, char *argument)
{
	(void)argument;
	connection_reply(session->connection, "250 2.0.0 Nothing done");
}

static void
run_vrfy(struct session *session, char *argument)
{
	(void)argument;
	if (!lacks_tls(session))
		connection_reply(session->connection,
				 "252 2.5.2 Cannot say, but will try");
}

static void
run_help(struct session *session, char *argument)
{
	(void)argument;
	connection_reply(session->connection,
			 "214-2.0.0 A server for tests, of libsmtpc");
	connection_reply(session->connection, "214 2.0.0 See RFC 5321");
}

static void
run_quit(struct session *session, char *argument)
{
	(void)argument;
	connection_reply(session->connection,
			 "221 2.0.0 " LOOPBACK_HOST " closes");
	session->is_over = true;
}

static const struct command commands[] = {
	{ "EHLO", run_ehlo, COMMAND_MAX, NEEDS_ARGUMENT | IS_LAST },
	{ "HELO", run_helo, COMMAND_MAX, NEEDS_ARGUMENT | IS_LAST },
	/* What comes behind it is dropped, not refused. */
	{ "STARTTLS", run_starttls, COMMAND_MAX, 0 },
	{ "AUTH", run_auth, COMMAND_MAX, NEEDS_ARGUMENT | IS_LAST },
	{ "MAIL", run_mail, MAIL_MAX, NEEDS_ARGUMENT | NEEDS_HELLO },
	{ "RCPT", run_rcpt, COMMAND_MAX, NEEDS_ARGUMENT | NEEDS_HELLO },
	{ "DATA", run_data, COMMAND_MAX, NEEDS_HELLO | IS_LAST },
	{ "RSET", run_rset, COMMAND_MAX, 0 },
	{ "NOOP", run_noop, COMMAND_MAX, TAKES_ARGUMENT | IS_LAST },
	{ "VRFY", run_vrfy, COMMAND_MAX, NEEDS_ARGUMENT | IS_LAST },
	{ "HELP", run_help, COMMAND_MAX, TAKES_ARGUMENT },
	{ "QUIT", run_quit, COMMAND_MAX, IS_LAST },
};

static const struct command *
find_command(const char *line, size_t *ret_len)
{
	size_t i, len;

	len = strspn(line, LETTERS);
	*ret_len = len;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strlen(commands[i].verb) == len &&
		    strncasecmp(commands[i].verb, line, len) == 0)
			return &commands[i];
	return NULL;
}

/* What is no command may be a secret gone astray: it is not shown. */
static void
log_command(const struct session *session, const struct command *command,
	    const char *line, size_t len)
{
	unsigned int number;
	const char *initial;

	number = session->connection->number;
	if (command == NULL) {
		log_text(number, "C: ", "<not a command>", 15);
		return;
	}
	initial = NULL;
	if (command->run == run_auth && line[4] == ' ')
		initial = strchr(line + 5, ' ');
	if (initial == NULL) {
		log_text(number, "C: ", line, len);
		return;
	}
	len = (size_t)(initial - line);
	log_text(number, "C: ", line, len);
	log_event(number, "the initial response is not shown");
}

static bool
has_odd_octets(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return true;
	return false;
}

/* The reply to a line that is no good, whatever came before it, or NULL. */
static const char *
find_syntax_fault(const struct command *command, const char *line, size_t len,
		  const char *argument)
{
	if (command == NULL)
		return "500 5.5.2 Not a command";
	if (len + 2 > command->max)
		return command->run == run_auth ? "500 5.5.6 Line too long"
						: "500 5.5.2 Line too long";
	if (has_odd_octets(line))
		return "500 5.5.2 Only printable ASCII is permitted";
	if ((command->manners & NEEDS_ARGUMENT) == NEEDS_ARGUMENT &&
	    (argument == NULL || *argument == '\0'))
		return "501 5.5.4 An argument is missing";
	if ((command->manners & TAKES_ARGUMENT) == 0 && argument != NULL)
		return "501 5.5.4 No argument is permitted";
	return NULL;
}

/* The reply to a command that comes at the wrong time, or NULL. */
static const char *
find_order_fault(const struct session *session, const struct command *command)
{
	if (session->is_refusing && command->run != run_quit)
		return "503 5.5.1 No service here";
	if ((command->manners & NEEDS_HELLO) != 0 && session->client[0] == '\0')
		return "503 5.5.1 Introduce yourself first";
	return NULL;
}

/* True when the client sent more than it may before it has read a reply. */
static bool
is_too_hasty(const struct session *session, const struct command *command)
{
	if (!connection_has_input(session->connection))
		return false;
	if (command->run == run_starttls || command->run == run_quit)
		return false;
	return !session->server->options.pipelining || !session->is_extended ||
	       (command->manners & IS_LAST) != 0;
}

static void
take_command(struct session *session, char *line, size_t len)
{
	const struct command *command;
	struct connection *connection;
	const char *fault;
	char *argument;
	size_t verb_len;

	connection = session->connection;
	command = find_command(line, &verb_len);
	if (command != NULL && line[verb_len] != ' ' && line[verb_len] != '\0')
		command = NULL;
	log_command(session, command, line, len);
	argument = line[verb_len] == ' ' ? line + verb_len + 1 : NULL;
	fault = find_syntax_fault(command, line, len, argument);
	if (fault == NULL)
		fault = find_order_fault(session, command);
	if (fault != NULL) {
		connection_reply(connection, "%s", fault);
		if (++session->errors == ERRORS_MAX) {
			connection_reply(connection,
					 "421 4.7.0 Too many errors");
			session->is_over = true;
		}
		return;
	}
	if (is_too_hasty(session, command)) {
		log_event(connection->number, "sent ahead of a reply");
		connection_reply(connection,
				 "554 5.5.0 More was sent before the reply");
		session->is_over = true;
		return;
	}
	command->run(session, argument);
}

/* One or more lines, as the option has them, or the usual one. */
static void
greet(struct session *session)
{
	const char *line;
	size_t len;

	line = session->server->options.greeting;
	if (line == NULL) {
		connection_reply(session->connection,
				 "220 " LOOPBACK_HOST " ESMTP ready");
		return;
	}
	session->is_refusing = *line == '4' || *line == '5';
	session->is_over = strncmp(line, "421", 3) == 0;
	for (;;) {
		len = strcspn(line, "\n");
		connection_reply(session->connection, "%.*s", (int)len, line);
		if (line[len] == '\0' || line[len + 1] == '\0')
			break;
		line += len + 1;
	}
}

static void
serve(struct session *session)
{
	struct connection *connection;
	char *line;
	size_t len;

	connection = session->connection;
	while (!session->is_over && connection->ended == NULL) {
		switch (connection_read_line(connection, &line, &len)) {
		case LINE_WHOLE:
			take_command(session, line, len);
			break;
		case LINE_TOO_LONG:
			log_event(connection->number, "a line is too long");
			connection_reply(connection, "500 5.5.2 Line too long");
			break;
		case LINE_BARE_LF:
			log_event(connection->number,
				  "a line has bare CR or LF, or NUL");
			connection_reply(connection,
					 "521 5.5.2 Lines end with CRLF");
			session->is_over = true;
			break;
		default:
			break;
		}
	}
}

void
session_run(const struct loopback_server *server, enum listener_kind listener,
	    struct connection *connection)
{
	struct session *session;
	bool is_ready;

	session = calloc(1, sizeof(*session));
	if (session == NULL)
		return;
	session->server = server;
	session->connection = connection;
	session->listener = listener;
	log_event(connection->number, "connected to %s, process %ld",
		  listener_names[listener], (long)getpid());
	is_ready = true;
	if (listener == LISTENER_SMTPS)
		is_ready = connection_start_tls(connection, server);
	if (is_ready && server->options.slow_banner > 0)
		is_ready =
		    connection_pause(connection, server->options.slow_banner);
	if (is_ready) {
		greet(session);
		serve(session);
	}
	connection_close(connection);
	envelope_clear(&session->envelope);
	free(session);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * secret-user PORT MECHANISM [CA-FILE]: authenticates with the library, and
 * lets itself be looked at by whoever started it: it prints all that the
 * library tells, and stops at each stage until it is given a line.
 *
 * The secrets are four lines of its standard input: name, who to act for,
 * password, token, each octet turned round and in hexadecimal.  They are
 * nowhere in this program but while they are handed over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <smtpc/smtpc.h>

#define LINE_MAX_LENGTH 8192
#define SECRETS		4

static char coded[SECRETS][LINE_MAX_LENGTH];
static char plain[SECRETS][LINE_MAX_LENGTH / 2];

static _Noreturn void
complain(const char *what)
{
	fprintf(stderr, "secret-user: %s\n", what);
	exit(2);
}

static void
check(int rc, const char *what)
{
	if (rc != SMTPC_OK)
		complain(what);
}

/* Without stdio, which would keep what it has read. */
static void
read_line(char *line, size_t size)
{
	size_t len = 0;
	char octet;

	while (read(STDIN_FILENO, &octet, 1) == 1 && octet != '\n')
		if (len + 1 < size)
			line[len++] = octet;
	line[len] = '\0';
}

static int
digit(char octet)
{
	return octet <= '9' ? octet - '0' : octet - 'a' + 10;
}

static const char *
reveal(int number)
{
	const char *from = coded[number];
	char *to = plain[number];

	for (; from[0] != '\0' && from[1] != '\0'; from += 2)
		*to++ = (char)~(digit(from[0]) * 16 + digit(from[1]));
	*to = '\0';
	return *plain[number] != '\0' ? plain[number] : NULL;
}

static void
set_secrets(smtpc_session *session)
{
	check(smtpc_session_set_credentials(session, reveal(1), reveal(0),
					    reveal(2)),
	      "the credentials are refused");
	check(smtpc_session_set_oauth_token(session, reveal(0), reveal(3)),
	      "the token is refused");
	explicit_bzero(plain, sizeof(plain));
}

static void
replace_secrets(smtpc_session *session)
{
	check(smtpc_session_set_credentials(session, "nobody", "nobody",
					    "nothing"),
	      "the second credentials are refused");
	check(smtpc_session_set_oauth_token(session, "nobody", "nothing"),
	      "the second token is refused");
}

static void
stop_at(const char *stage)
{
	char line[16];

	printf("at %s\n", stage);
	fflush(stdout);
	read_line(line, sizeof(line));
}

/*
 * What is told.
 */

static void
tell(const char *what, const char *text, size_t len)
{
	size_t i;

	printf("%s: ", what);
	for (i = 0; i < len; i++)
		putchar(text[i] != '\n' ? text[i] : ' ');
	putchar('\n');
}

static void
trace(int kind, const char *text, size_t len, void *userdata)
{
	(void)userdata;
	tell(kind == SMTPC_TRACE_CLIENT ? "trace C" : "trace S", text, len);
}

static void
tell_reply(const char *what, const smtpc_reply *reply)
{
	const char *text;
	size_t len, i;

	if (reply == NULL)
		return;
	printf("%s: %d\n", what, smtpc_reply_code(reply));
	for (i = 0; i < smtpc_reply_line_count(reply); i++)
		if (smtpc_reply_line(reply, i, &text, &len) == SMTPC_OK)
			tell(what, text, len);
}

static void
tell_attempts(const smtpc_session *session)
{
	const char *mechanism, *message;
	const smtpc_reply *reply;
	size_t i;
	int rc;

	for (i = 0; i < smtpc_session_auth_attempt_count(session); i++) {
		check(smtpc_session_auth_attempt_at(session, i, &mechanism, &rc,
						    &reply, &message),
		      "an attempt is missing");
		printf("attempt: %s %d\n", mechanism, rc);
		tell("attempt", message, strlen(message));
		tell_reply("attempt", reply);
	}
}

static void
tell_all(const smtpc_session *session, int rc)
{
	const char *mechanism = smtpc_session_mechanism(session);
	const char *challenge;
	size_t len;

	printf("result: %d\n", rc);
	printf("state: %d\n", smtpc_session_state(session));
	printf("retry: %d\n", smtpc_error_safe_to_retry(session));
	printf("mechanism: %s\n", mechanism != NULL ? mechanism : "none");
	printf("detail: %s\n", smtpc_error_detail(session));
	printf("message: %s\n", smtpc_error_message(session));
	tell_reply("error reply", smtpc_error_reply(session));
	tell_reply("reply", smtpc_session_reply(session));
	tell_attempts(session);
	challenge = smtpc_session_auth_challenge(session, &len);
	if (challenge != NULL)
		tell("challenge", challenge, len);
}

static void
prepare(smtpc_session *session, char **argv)
{
	smtpc_tls *tls;

	check(smtpc_session_set_client_domain(session, "client.example.test"),
	      "the domain is refused");
	check(smtpc_session_set_mechanisms(session, argv[2]),
	      "the mechanism is refused");
	smtpc_session_set_trace(session, trace, NULL);
	if (argv[3] == NULL) {
		check(smtpc_session_set_tls_mode(session, SMTPC_TLS_NONE),
		      "the mode is refused");
		smtpc_session_set_plaintext_auth(session, 1);
		return;
	}
	check(smtpc_session_set_tls_mode(session, SMTPC_TLS_IMPLICIT),
	      "the mode is refused");
	check(smtpc_session_set_tls_verify_name(session, "mx.example.test"),
	      "the name is refused");
	check(smtpc_tls_new(&tls), "there are no settings");
	check(smtpc_tls_set_trust_system(tls, 0), "the system is trusted");
	check(smtpc_tls_add_trust_file(tls, argv[3]), "no authority");
	check(smtpc_session_set_tls(session, tls), "no settings");
	smtpc_tls_free(tls);
}

static int
port_of(const char *text)
{
	char *end;
	long port = strtol(text, &end, 10);

	if (*end != '\0' || port < 1 || port > 65535)
		complain("the port is none");
	return (int)port;
}

int
main(int argc, char **argv)
{
	smtpc_session *session;
	int i, rc;

	if (argc < 3 || argc > 4)
		complain("PORT MECHANISM [CA-FILE]");
	for (i = 0; i < SECRETS; i++)
		read_line(coded[i], sizeof(coded[i]));
	check(smtpc_session_new(&session), "there is no session");
	prepare(session, argv);
	rc = smtpc_connect(session, "127.0.0.1", port_of(argv[1]));
	if (rc == SMTPC_OK)
		rc = smtpc_ehlo(session);
	if (rc != SMTPC_OK)
		complain(smtpc_error_message(session));
	set_secrets(session);
	rc = smtpc_auth(session);
	tell_all(session, rc);
	stop_at("end");
	replace_secrets(session);
	stop_at("replacement");
	smtpc_session_free(session);
	stop_at("freedom");
	return 0;
}

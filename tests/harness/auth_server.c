/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SMTP as far as AUTH, and the mechanisms that need no arithmetic. */
#include "auth_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
transmit(struct auth_server *server, const char *data, size_t len)
{
	ssize_t sent;

	while (len > 0) {
		if (server->tls != NULL)
			sent = gnutls_record_send(server->tls, data, len);
		else
			sent = send(server->fd, data, len, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		data += sent;
		len -= (size_t)sent;
	}
	return true;
}

static bool
say(struct auth_server *server, const char *text)
{
	return transmit(server, text, strlen(text)) &&
	       transmit(server, "\r\n", 2);
}

static ssize_t
receive(struct auth_server *server, char *octet)
{
	ssize_t len;

	do {
		if (server->tls != NULL)
			len = gnutls_record_recv(server->tls, octet, 1);
		else
			len = recv(server->fd, octet, 1, 0);
	} while (len == GNUTLS_E_AGAIN ||
		 (server->tls == NULL && len < 0 && errno == EINTR));
	return len;
}

/* A line without its end into server->line; false: the client has gone. */
static bool
hear(struct auth_server *server)
{
	size_t len = 0;
	char octet;

	while (receive(server, &octet) > 0) {
		if (server->heard_len < sizeof(server->heard) - 1)
			server->heard[server->heard_len++] = octet;
		if (octet == '\n') {
			server->line[len] = '\0';
			return true;
		}
		if (octet != '\r' && len < sizeof(server->line) - 1)
			server->line[len++] = octet;
	}
	return false;
}

void
auth_server_append_base64(char *text, size_t size, const void *data, size_t len)
{
	gnutls_datum_t plain = { (void *)(size_t)data, (unsigned int)len };
	gnutls_datum_t coded;
	size_t used = strlen(text);

	if (len == 0)
		return;
	if (gnutls_base64_encode2(&plain, &coded) < 0 ||
	    used + coded.size + 1 > size)
		abort();
	memcpy(text + used, coded.data, coded.size);
	text[used + coded.size] = '\0';
	gnutls_free(coded.data);
}

static bool
decode(struct auth_server *server, const char *text)
{
	gnutls_datum_t coded = { (void *)(size_t)text, 0 };
	gnutls_datum_t plain;

	snprintf(server->coded, sizeof(server->coded), "%s", text);
	coded.size = (unsigned int)strlen(text);
	server->said_len = 0;
	server->said[0] = '\0';
	if (coded.size == 0 || strcmp(text, "=") == 0)
		return true;
	if (gnutls_base64_decode2(&coded, &plain) < 0)
		return false;
	server->said_len = plain.size;
	memcpy(server->said, plain.data, plain.size);
	server->said[plain.size] = '\0';
	gnutls_free(plain.data);
	return true;
}

bool
auth_server_ask(struct auth_server *server, const void *challenge, size_t len)
{
	snprintf(server->out, sizeof(server->out), "334 ");
	auth_server_append_base64(server->out, sizeof(server->out), challenge,
				  len);
	if (!say(server, server->out) || !hear(server))
		return false;
	if (strcmp(server->line, "*") == 0 || !decode(server, server->line)) {
		say(server, "501 5.7.0 given up");
		return false;
	}
	return true;
}

bool
auth_server_first(struct auth_server *server, const char *initial)
{
	if (initial == NULL)
		return auth_server_ask(server, "", 0);
	if (decode(server, initial))
		return true;
	say(server, "501 5.5.2 not base64");
	return false;
}

static bool
is(const char *wanted, const char *given)
{
	return wanted == NULL || strcmp(wanted, given) == 0;
}

/* [authzid] NUL authcid NUL password */
static enum auth_server_verdict
plain(struct auth_server *server, const char *mechanism, const char *initial)
{
	const char *user, *password;

	(void)mechanism;
	if (!auth_server_first(server, initial))
		return AUTH_SERVER_ANSWERED;
	user = memchr(server->said, '\0', server->said_len);
	password =
	    user == NULL
		? NULL
		: memchr(user + 1, '\0',
			 server->said_len - (size_t)(user + 1 - server->said));
	return password != NULL && is(server->user, user + 1) &&
		       is(server->password, password + 1)
		   ? AUTH_SERVER_RIGHT
		   : AUTH_SERVER_WRONG;
}

static enum auth_server_verdict
login(struct auth_server *server, const char *mechanism, const char *initial)
{
	bool is_right;

	(void)mechanism;
	(void)initial;
	if (!auth_server_ask(server, "User Name", 9))
		return AUTH_SERVER_ANSWERED;
	is_right = is(server->user, server->said);
	if (!auth_server_ask(server, "Password", 8))
		return AUTH_SERVER_ANSWERED;
	return is_right && is(server->password, server->said)
		   ? AUTH_SERVER_RIGHT
		   : AUTH_SERVER_WRONG;
}

/* XOAUTH2 and OAUTHBEARER: what is refused is refused in two steps. */
static enum auth_server_verdict
oauth(struct auth_server *server, const char *mechanism, const char *initial)
{
	char json[4096];
	const char *found;

	(void)mechanism;
	if (!auth_server_first(server, initial))
		return AUTH_SERVER_ANSWERED;
	found =
	    strstr(server->said, server->token != NULL ? server->token : "");
	if (server->refusal == NULL && found != NULL)
		return AUTH_SERVER_RIGHT;
	snprintf(json, sizeof(json),
		 "{\"status\":\"401\",\"said\":\"%.2000s\"}",
		 server->quotes ? server->coded : "");
	return auth_server_ask(server, json, strlen(json))
		   ? AUTH_SERVER_WRONG
		   : AUTH_SERVER_ANSWERED;
}

/* EXTERNAL and ANONYMOUS: whoever it is. */
static enum auth_server_verdict
anybody(struct auth_server *server, const char *mechanism, const char *initial)
{
	(void)mechanism;
	return auth_server_first(server, initial) ? AUTH_SERVER_RIGHT
						  : AUTH_SERVER_ANSWERED;
}

/* A challenge with no name of a target; any answer will do. */
static enum auth_server_verdict
ntlm(struct auth_server *server, const char *mechanism, const char *initial)
{
	static const char challenge[] = "NTLMSSP\0\2\0\0\0"
					"\0\0\0\0\x30\0\0\0"
					"\2\2\0\0"
					"01234567"
					"\0\0\0\0\0\0\0\0"
					"\0\0\0\0\x30\0\0\0";

	(void)mechanism;
	if (!auth_server_first(server, initial) ||
	    !auth_server_ask(server, challenge, sizeof(challenge) - 1))
		return AUTH_SERVER_ANSWERED;
	return AUTH_SERVER_RIGHT;
}

static const struct {
	const char *name; /* or how it begins */
	enum auth_server_verdict (*exchange)(struct auth_server *server,
					     const char *mechanism,
					     const char *initial);
} mechanisms[] = {
	{ "PLAIN", plain },
	{ "LOGIN", login },
	{ "XOAUTH2", oauth },
	{ "OAUTHBEARER", oauth },
	{ "EXTERNAL", anybody },
	{ "ANONYMOUS", anybody },
	{ "NTLM", ntlm },
	{ "CRAM-MD5", auth_server_cram_md5 },
	{ "DIGEST-MD5", auth_server_digest_md5 },
	{ "SCRAM-", auth_server_scram },
};

static void
conclude(struct auth_server *server, enum auth_server_verdict verdict)
{
	char reply[2048];
	const char *refusal = server->refusal;

	if (verdict == AUTH_SERVER_ANSWERED)
		return;
	if (verdict == AUTH_SERVER_RIGHT && refusal == NULL) {
		say(server, "235 2.7.0 welcome");
		return;
	}
	if (refusal == NULL)
		refusal = "535 5.7.8 wrong";
	snprintf(reply, sizeof(reply), "%s%s%.1500s%s%.200s%s%.200s", refusal,
		 server->quotes ? " " : "", server->quotes ? server->coded : "",
		 server->quotes ? " instead of " : "",
		 server->quotes && server->password ? server->password : "",
		 server->quotes ? " or " : "",
		 server->quotes && server->token ? server->token : "");
	say(server, reply);
}

static void
authenticate(struct auth_server *server, const char *arguments)
{
	char *first = server->command;
	char *initial;
	size_t i;

	snprintf(server->command, sizeof(server->command), "%s", arguments);
	initial = strchr(first, ' ');
	if (initial != NULL)
		*initial++ = '\0';
	server->coded[0] = '\0';
	for (i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
		if (strncmp(first, mechanisms[i].name,
			    strlen(mechanisms[i].name)) != 0)
			continue;
		conclude(server,
			 mechanisms[i].exchange(server, first, initial));
		return;
	}
	say(server, "504 5.5.4 no such mechanism");
}

static void
talk(struct auth_server *server)
{
	char offer[1024];

	snprintf(offer, sizeof(offer), "250 AUTH %s", server->mechanisms);
	if (!say(server, "220 " AUTH_SERVER_HOST " ESMTP"))
		return;
	while (hear(server)) {
		if (strncasecmp(server->line, "EHLO ", 5) == 0) {
			say(server, "250-" AUTH_SERVER_HOST);
			say(server, offer);
		} else if (strncmp(server->line, "AUTH ", 5) == 0) {
			if (!server->falls_silent)
				authenticate(server, server->line + 5);
		} else if (strcmp(server->line, "QUIT") == 0) {
			say(server, "221 2.0.0 bye");
		} else {
			say(server, "250 2.0.0 ok");
		}
	}
}

static bool
shake_hands(struct auth_server *server)
{
	int rc;

	if (gnutls_init(&server->tls, GNUTLS_SERVER | GNUTLS_NO_SIGNAL) < 0)
		return false;
	gnutls_set_default_priority(server->tls);
	gnutls_credentials_set(server->tls, GNUTLS_CRD_CERTIFICATE,
			       server->credentials);
	gnutls_certificate_server_set_request(server->tls, GNUTLS_CERT_REQUEST);
	gnutls_transport_set_int(server->tls, server->fd);
	do
		rc = gnutls_handshake(server->tls);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	return rc == 0;
}

void
auth_server_serve(struct auth_server *server)
{
	server->heard_len = 0;
	if (server->credentials == NULL || shake_hands(server))
		talk(server);
	if (server->tls != NULL)
		gnutls_deinit(server->tls);
	server->tls = NULL;
	server->heard[server->heard_len] = '\0';
	close(server->fd);
}

static void *
run(void *argument)
{
	auth_server_serve(argument);
	return NULL;
}

int
auth_server_start(struct auth_server *server)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	server->fd = ends[1];
	if (pthread_create(&server->thread, NULL, run, server) != 0) {
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	return ends[0];
}

void
auth_server_join(struct auth_server *server)
{
	pthread_join(server->thread, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A server that does little but AUTH, for one connection.  There is nothing
 * of Cyrus SASL in it, so that it can live in a process in which the library's
 * use of that is looked at.
 */
#ifndef HARNESS_AUTH_SERVER_H
#define HARNESS_AUTH_SERVER_H

#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define AUTH_SERVER_HOST "mx.example.test"
#define AUTH_SERVER_LINE 16384

struct auth_server {
	/* What it does; set before it starts. */
	const char *mechanisms; /* offered, with blanks between them */
	const char *user;	/* NULL: anybody */
	const char *password;	/* for every mechanism that has one */
	const char *token;	/* NULL: any */
	const char *refusal;	/* NULL: whoever is right is let in */
	bool quotes;		/* refuses with what was said */
	bool lies; /* when it ought to prove that it knows the password */
	bool falls_silent; /* at AUTH, until the client goes */
	gnutls_certificate_credentials_t credentials; /* TLS; or NULL */
	int fd;

	/* Each line that came, with its line end. */
	char heard[AUTH_SERVER_LINE];
	size_t heard_len;

	/* For its own use. */
	pthread_t thread;
	gnutls_session_t tls;
	char line[AUTH_SERVER_LINE];	/* that the client has sent */
	char command[AUTH_SERVER_LINE]; /* what stood behind AUTH */
	char out[AUTH_SERVER_LINE];
	char said[AUTH_SERVER_LINE]; /* the last response, decoded */
	size_t said_len;
	char coded[AUTH_SERVER_LINE]; /* and as it came */
};

/* What a mechanism's exchange comes to. */
enum auth_server_verdict {
	AUTH_SERVER_RIGHT,
	AUTH_SERVER_WRONG,
	AUTH_SERVER_ANSWERED, /* given up, and the client knows */
};

/* Serves server->fd until the client goes, and closes it. */
void auth_server_serve(struct auth_server *server);

/* The same in a thread: the client's descriptor, or -1. */
int auth_server_start(struct auth_server *server);

/* Waits until the client has gone; the client has to be told beforehand. */
void auth_server_join(struct auth_server *server);

/*
 * For the mechanisms, in auth_server_hashed.c.
 */

/* A challenge out, a response into server->said; false: given up. */
bool auth_server_ask(struct auth_server *server, const void *challenge,
		     size_t len);

/* The same, unless the initial response is there. */
bool auth_server_first(struct auth_server *server, const char *initial);

/* An exchange each; initial: what came with AUTH, or NULL. */
enum auth_server_verdict auth_server_scram(struct auth_server *server,
					   const char *mechanism,
					   const char *initial);
enum auth_server_verdict auth_server_digest_md5(struct auth_server *server,
						const char *mechanism,
						const char *initial);
enum auth_server_verdict auth_server_cram_md5(struct auth_server *server,
					      const char *mechanism,
					      const char *initial);

/* Appends to text, which has size octets, and which it fits into. */
void auth_server_append_base64(char *text, size_t size, const void *data,
			       size_t len);

#endif

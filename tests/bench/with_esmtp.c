/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libESMTP as a client that is measured: all messages in one session, or one
 * session a message.
 */
#include <openssl/ssl.h>
#include <stdarg.h>

#include <auth-client.h>
#include <libesmtp.h>

#include <stdio.h>
#include <string.h>

#include "driver.h"

struct source {
	const char *data;
	int len;
	bool done;
};

static SSL_CTX *context;
static auth_context_t auth;

static const char *
read_content(void **memory, int *len, void *userdata)
{
	struct source *source = userdata;

	(void)memory;
	/* No length: from the start, please. */
	if (len == NULL) {
		source->done = false;
		return NULL;
	}
	*len = source->done ? 0 : source->len;
	source->done = true;
	return *len > 0 ? source->data : NULL;
}

static int
answer(auth_client_request_t request, char **result, int fields, void *userdata)
{
	static char user[] = USER;
	static char password[] = PASSWORD;
	int i;

	(void)userdata;
	for (i = 0; i < fields; i++)
		if (request[i].flags & AUTH_USER)
			result[i] = user;
		else if (request[i].flags & AUTH_PASS)
			result[i] = password;
	return 1;
}

/* It can't find an address in a certificate: only the chain is verified. */
static void
take_event(smtp_session_t session, int event, void *userdata, ...)
{
	va_list arguments;

	(void)session;
	va_start(arguments, userdata);
	if (event == SMTP_EV_WRONG_PEER_CERTIFICATE)
		*va_arg(arguments, int *) = 1;
	va_end(arguments);
}

static void
count_accepted(smtp_message_t message, void *userdata)
{
	const smtp_status_t *status = smtp_message_transfer_status(message);

	*(int *)userdata += status != NULL && status->code == 250;
}

static smtp_session_t
new_session(void)
{
	smtp_session_t session = smtp_create_session();
	char server[128];

	snprintf(server, sizeof(server), "%s:%d", settings.host, settings.port);
	smtp_set_server(session, server);
	smtp_set_hostname(session, CLIENT_DOMAIN);
	smtp_set_eventcb(session, take_event, NULL);
	if (settings.tls) {
		smtp_starttls_enable(session, Starttls_REQUIRED);
		smtp_starttls_set_ctx(session, context);
		smtp_auth_set_context(session, auth);
	}
	return session;
}

static void
add_message(smtp_session_t session, struct source *source)
{
	smtp_message_t message = smtp_add_message(session);
	char name[NAME_SIZE];
	int i;

	smtp_set_reverse_path(message, SENDER);
	for (i = 0; i < settings.recipients; i++)
		smtp_add_recipient(message, driver_recipient(name, i));
	smtp_set_messagecb(message, read_content, source);
}

/* Sends what is in the session; so many must be accepted. */
static void
run(smtp_session_t session, int count)
{
	char why[128];
	int accepted = 0;

	if (!smtp_start_session(session))
		driver_fail("libESMTP",
			    smtp_strerror(smtp_errno(), why, sizeof(why)));
	smtp_enumerate_messages(session, count_accepted, &accepted);
	if (accepted != count)
		driver_fail("libESMTP", "not all were accepted");
	smtp_destroy_session(session);
}

static void
set_tls(void)
{
	context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_load_verify_locations(context, settings.ca, NULL);
	/*
	 * With TLS 1.3, version 1.1.0 waits for the reply to an EHLO that it
	 * has not flushed if the server's tickets come with the handshake.
	 */
	SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	auth_client_init();
	auth = auth_create_context();
	auth_set_mechanism_flags(auth, AUTH_PLUGIN_PLAIN, 0);
	auth_set_interact_cb(auth, answer, NULL);
}

static void
send_all(struct source *source)
{
	smtp_session_t session;
	int i;

	driver_opening();
	if (settings.fresh) {
		for (i = 0; i < settings.messages; i++) {
			if (i == settings.messages - driver_counted())
				driver_sending();
			session = new_session();
			add_message(session, source);
			run(session, 1);
		}
	} else {
		driver_count_all();
		driver_sending();
		session = new_session();
		for (i = 0; i < settings.messages; i++)
			add_message(session, source);
		run(session, settings.messages);
	}
	driver_sent();
	driver_closed();
}

int
main(int argc, char **argv)
{
	struct source source = { NULL, 0, false };
	size_t len;

	driver_options(argc, argv);
	if (settings.tls)
		set_tls();
	if (settings.messages == 0) {
		smtp_destroy_session(smtp_create_session());
		return 0;
	}
	source.data = driver_load(&len);
	source.len = (int)len;
	send_all(&source);
	return 0;
}

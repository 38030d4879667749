/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sink's TLS: a certificate, tickets, and records over memory. */
#include "sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gnutls_certificate_credentials_t credentials;
static gnutls_priority_t priorities;
static gnutls_datum_t ticket_key;
static char plain[1 << 16];

void
sink_tls_load(const char *certificate, const char *key)
{
	if (gnutls_certificate_allocate_credentials(&credentials) < 0 ||
	    gnutls_certificate_set_x509_key_file(credentials, certificate, key,
						 GNUTLS_X509_FMT_PEM) < 0 ||
	    gnutls_session_ticket_key_generate(&ticket_key) < 0 ||
	    gnutls_priority_init(&priorities, "NORMAL", NULL) < 0)
		sink_die(certificate);
}

bool
sink_tls_is_there(void)
{
	return priorities != NULL;
}

static ssize_t
push(gnutls_transport_ptr_t pointer, const giovec_t *vector, int count)
{
	struct sink_connection *connection = pointer;
	ssize_t sum = 0;
	int i;

	for (i = 0; i < count; i++) {
		octets_add(&connection->out, vector[i].iov_base,
			   vector[i].iov_len);
		sum += (ssize_t)vector[i].iov_len;
	}
	return sum;
}

static ssize_t
pull(gnutls_transport_ptr_t pointer, void *data, size_t size)
{
	struct sink_connection *connection = pointer;

	if (connection->records_len == 0) {
		gnutls_transport_set_errno(connection->tls, EAGAIN);
		return -1;
	}
	if (size > connection->records_len)
		size = connection->records_len;
	memcpy(data, connection->records, size);
	connection->records += size;
	connection->records_len -= size;
	return (ssize_t)size;
}

void
sink_tls_begin(struct sink_connection *connection)
{
	if (gnutls_init(&connection->tls,
			GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0)
		sink_die("gnutls_init");
	gnutls_priority_set(connection->tls, priorities);
	gnutls_credentials_set(connection->tls, GNUTLS_CRD_CERTIFICATE,
			       credentials);
	gnutls_session_ticket_enable_server(connection->tls, &ticket_key);
	gnutls_transport_set_ptr(connection->tls, connection);
	gnutls_transport_set_vec_push_function(connection->tls, push);
	gnutls_transport_set_pull_function(connection->tls, pull);
	connection->handshaking = true;
	connection->start_tls = false;
}

static void
shake_hands(struct sink_connection *connection)
{
	int result = gnutls_handshake(connection->tls);

	sink_push(connection);
	if (result < 0) {
		if (!gnutls_error_is_fatal(result))
			return;
		fprintf(stderr, "sink: handshake: %s\n",
			gnutls_strerror(result));
		connection->closing = true;
		return;
	}
	connection->handshaking = false;
	if (gnutls_session_is_resumed(connection->tls))
		sink_counters.resumed++;
	else
		sink_counters.full++;
	if (connection->port == SINK_SMTPS)
		sink_greet(connection);
}

void
sink_tls_take(struct sink_connection *connection, const char *data, size_t len)
{
	ssize_t got;

	connection->records = data;
	connection->records_len = len;
	if (connection->handshaking)
		shake_hands(connection);
	if (connection->handshaking || connection->closing)
		return;
	for (;;) {
		got = gnutls_record_recv(connection->tls, plain, sizeof(plain));
		if (got > 0) {
			sink_input(connection, plain, (size_t)got);
			continue;
		}
		if (got == 0 ||
		    (got != GNUTLS_E_AGAIN && gnutls_error_is_fatal((int)got)))
			connection->closing = true;
		if (got == GNUTLS_E_AGAIN || connection->closing)
			break;
	}
	sink_flush(connection);
	if (connection->closing) {
		gnutls_bye(connection->tls, GNUTLS_SHUT_WR);
		sink_push(connection);
	}
}

void
sink_flush(struct sink_connection *connection)
{
	struct octets *replies = &connection->replies;

	if (replies->len > 0 && connection->tls != NULL)
		gnutls_record_send(connection->tls, replies->data,
				   replies->len);
	else
		octets_add(&connection->out, replies->data, replies->len);
	replies->len = 0;
	sink_push(connection);
}

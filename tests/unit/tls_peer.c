/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A TLS server in memory, by GnuTLS. */
#include "tls_peer.h"

#include <check.h>
#include <errno.h>
#include <string.h>

/* Far more turns than a handshake needs in single octets. */
#define TURNS_MAX 100000

static ssize_t
push(gnutls_transport_ptr_t pointer, const void *data, size_t len)
{
	struct tls_peer *peer = pointer;

	octets_append(&peer->wire->in, data, len);
	return (ssize_t)len;
}

static ssize_t
pull(gnutls_transport_ptr_t pointer, void *data, size_t size)
{
	struct tls_peer *peer = pointer;
	struct octets *from = &peer->wire->out;
	size_t len = from->len < size ? from->len : size;

	if (len == 0) {
		gnutls_transport_set_errno(peer->session, EAGAIN);
		return -1;
	}
	memcpy(data, from->data, len);
	octets_consume(from, len);
	return (ssize_t)len;
}

static int
pull_timeout(gnutls_transport_ptr_t pointer, unsigned int milliseconds)
{
	struct tls_peer *peer = pointer;

	(void)milliseconds;
	return peer->wire->out.len > 0;
}

void
tls_peer_init(struct tls_peer *peer, struct memory_stream *wire,
	      const char *priority)
{
	memset(peer, 0, sizeof(*peer));
	peer->wire = wire;
	ck_assert_int_eq(gnutls_init(&peer->session,
				     GNUTLS_SERVER | GNUTLS_NONBLOCK),
			 0);
	ck_assert_int_eq(gnutls_priority_set_direct(peer->session,
						    priority != NULL ? priority
								     : "NORMAL",
						    NULL),
			 0);
	ck_assert_int_eq(gnutls_certificate_allocate_credentials(
			     &peer->credentials),
			 0);
	ck_assert_int_eq(gnutls_credentials_set(peer->session,
						GNUTLS_CRD_CERTIFICATE,
						peer->credentials),
			 0);
	gnutls_transport_set_ptr(peer->session, peer);
	gnutls_transport_set_push_function(peer->session, push);
	gnutls_transport_set_pull_function(peer->session, pull);
	gnutls_transport_set_pull_timeout_function(peer->session, pull_timeout);
}

void
tls_peer_give_tickets(struct tls_peer *peer)
{
	ck_assert_int_eq(gnutls_session_ticket_key_generate(&peer->ticket_key),
			 0);
	ck_assert_int_eq(gnutls_session_ticket_enable_server(peer->session,
							     &peer->ticket_key),
			 0);
}

void
tls_peer_clear(struct tls_peer *peer)
{
	gnutls_deinit(peer->session);
	gnutls_certificate_free_credentials(peer->credentials);
	gnutls_free(peer->ticket_key.data);
	memset(peer, 0, sizeof(*peer));
}

void
tls_peer_shake(struct tls_peer *peer)
{
	int error;

	while (!peer->is_up && peer->error == 0) {
		error = gnutls_handshake(peer->session);
		peer->is_up = error == 0;
		if (error == GNUTLS_E_AGAIN)
			break;
		if (error != 0 && gnutls_error_is_fatal(error)) {
			peer->error = error;
			(void)gnutls_alert_send_appropriate(peer->session,
							    error);
		}
	}
}

int
tls_peer_open(struct tls_peer *peer, struct stream *client)
{
	int rc = SMTPC_AGAIN;
	int turns;

	for (turns = 0; turns < TURNS_MAX; turns++) {
		/* The last words may still be on their way when it is done. */
		if (rc == SMTPC_OK)
			(void)client->operations->flush(client);
		else
			rc = client->operations->open(client);
		if (rc < 0)
			return rc;
		tls_peer_shake(peer);
		if (rc == SMTPC_OK && peer->is_up)
			return rc;
		client->operations->wake(client);
	}
	ck_abort_msg("the handshake does not end");
	return SMTPC_E_TIMEOUT;
}

void
tls_peer_send(struct tls_peer *peer, const void *data, size_t len,
	      size_t record)
{
	const char *at = data;
	ssize_t sent;

	for (; len > 0; at += sent, len -= (size_t)sent) {
		sent = gnutls_record_send(peer->session, at,
					  len < record ? len : record);
		ck_assert_int_gt(sent, 0);
	}
}

ssize_t
tls_peer_receive(struct tls_peer *peer, struct octets *ret_data)
{
	static char data[16384];
	ssize_t len;

	/* "Again" also comes behind what is no data. */
	do {
		len = gnutls_record_recv(peer->session, data, sizeof(data));
		if (len > 0)
			octets_append(ret_data, data, (size_t)len);
	} while (len > 0 || (len == GNUTLS_E_AGAIN && peer->wire->out.len > 0));
	return len;
}

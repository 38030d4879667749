/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the scripted peer's octets travel: as they are, or through the server's
 * side of a GnuTLS session, which works on the same two queues.
 */
#include "peer.h"

#include <errno.h>
#include <string.h>

static ssize_t
pull(gnutls_transport_ptr_t pointer, void *data, size_t size)
{
	struct peer *peer = pointer;
	struct octets *queue = &peer->link->to_server;
	size_t len = queue->len < size ? queue->len : size;

	if (len == 0 && !peer->link->is_open)
		return 0;
	if (len == 0) {
		gnutls_transport_set_errno(peer->tls, EAGAIN);
		return -1;
	}
	memcpy(data, octets_data(queue), len);
	octets_consume(queue, len);
	return (ssize_t)len;
}

static ssize_t
push(gnutls_transport_ptr_t pointer, const void *data, size_t len)
{
	manners_push(pointer, data, len);
	return (ssize_t)len;
}

static int
pull_timeout(gnutls_transport_ptr_t pointer, unsigned int milliseconds)
{
	(void)pointer;
	(void)milliseconds;
	return 1;
}

/* A server that gives tickets, as most do: the client has to read them. */
static int
enable_tickets(gnutls_session_t tls)
{
	gnutls_datum_t key = { NULL, 0 };
	int rc = gnutls_session_ticket_key_generate(&key);

	if (rc >= 0)
		rc = gnutls_session_ticket_enable_server(tls, &key);
	gnutls_free(key.data);
	return rc;
}

void
peer_start_tls(struct peer *peer)
{
	int rc;

	rc = gnutls_init(&peer->tls,
			 GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
	if (rc >= 0)
		rc =
		    gnutls_priority_set_direct(peer->tls, peer->priority, NULL);
	if (rc >= 0)
		rc = gnutls_credentials_set(peer->tls, GNUTLS_CRD_CERTIFICATE,
					    peer->credentials);
	if (rc >= 0)
		rc = enable_tickets(peer->tls);
	if (rc >= 0)
		rc = manners_begin(peer);
	if (rc < 0) {
		peer_fail(peer, "TLS: %s", gnutls_strerror(rc));
		peer_clear_tls(peer);
		return;
	}
	gnutls_handshake_set_timeout(peer->tls, GNUTLS_INDEFINITE_TIMEOUT);
	/* What is too much is the client's to say. */
	gnutls_handshake_set_max_packet_length(peer->tls, 1 << 24);
	gnutls_transport_set_ptr(peer->tls, peer);
	gnutls_transport_set_pull_function(peer->tls, pull);
	gnutls_transport_set_push_function(peer->tls, push);
	gnutls_transport_set_pull_timeout_function(peer->tls, pull_timeout);
	peer->shaking = true;
	peer->said_goodbye = peer->is_over = false;
}

/* Whether anything was said. */
static bool
shake(struct peer *peer)
{
	const struct memory_link *link = peer->link;
	size_t said = link->to_client.len;
	size_t heard = link->to_server.len;
	int rc;

	manners_shake(peer);
	rc = gnutls_handshake(peer->tls);
	if (rc == 0) {
		peer->shaking = false;
		manners_look(peer);
		return true;
	}
	if (gnutls_error_is_fatal(rc)) {
		peer->tls_error = rc;
		peer->shaking = false;
		manners_look(peer);
		manners_refuse(peer, rc);
		peer->link->ended = true;
		return true;
	}
	return said != link->to_client.len || heard != link->to_server.len;
}

static bool
decrypt(struct peer *peer)
{
	char data[4096];
	ssize_t len;
	bool any = false;

	for (;;) {
		len = gnutls_record_recv(peer->tls, data, sizeof(data));
		if (len > 0) {
			octets_append(&peer->in, data, (size_t)len);
			any = true;
			continue;
		}
		if (len == GNUTLS_E_WARNING_ALERT_RECEIVED) {
			peer->manners.warnings++;
			continue;
		}
		if (len == GNUTLS_E_FATAL_ALERT_RECEIVED)
			peer->is_over = true;
		if (len == 0)
			peer->said_goodbye = true;
		if (len == 0 || len == GNUTLS_E_PREMATURE_TERMINATION ||
		    len == GNUTLS_E_UNEXPECTED_PACKET_LENGTH)
			peer->is_over = !peer->link->is_open || len == 0;
		else if (gnutls_error_is_fatal((int)len) && !peer->is_over)
			peer_fail(peer, "TLS: the client's record: %s",
				  gnutls_strerror((int)len));
		return any;
	}
}

bool
peer_receive(struct peer *peer)
{
	struct octets *queue = &peer->link->to_server;
	bool any = false;

	if (peer->tls_error != 0 || peer->is_over) {
		octets_clear(queue);
		return false;
	}
	if (peer->tls != NULL && peer->shaking)
		any = shake(peer);
	if (peer->tls != NULL)
		return (!peer->shaking && peer->tls_error == 0 &&
			decrypt(peer)) ||
		       any;
	any = queue->len > 0;
	octets_append(&peer->in, octets_data(queue), queue->len);
	octets_consume(queue, queue->len);
	return any;
}

void
peer_transmit(struct peer *peer, const char *data, size_t len)
{
	size_t most = peer->manners.record > 0 ? peer->manners.record : len;
	ssize_t sent;

	if (peer->tls == NULL) {
		octets_append(&peer->link->to_client, data, len);
		return;
	}
	while (len > 0) {
		sent = gnutls_record_send(peer->tls, data,
					  len < most ? len : most);
		if (sent <= 0) {
			peer_fail(peer, "TLS: sending: %s",
				  gnutls_strerror((int)sent));
			return;
		}
		data += sent;
		len -= (size_t)sent;
	}
}

void
peer_close(struct peer *peer, bool goodbye)
{
	if (peer->tls != NULL && !peer->shaking && goodbye)
		(void)gnutls_bye(peer->tls, GNUTLS_SHUT_WR);
	peer->link->ended = true;
}

void
peer_clear_tls(struct peer *peer)
{
	if (peer->tls != NULL)
		gnutls_deinit(peer->tls);
	peer->tls = NULL;
	peer->shaking = false;
}

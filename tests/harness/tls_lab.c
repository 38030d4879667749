/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A server that says 220, 250 and 221, and remembers whom it has met. */
#include "tls_lab.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "steps.h"
#include "stream.h"
#include "tls_manners.h"

/* Nothing that ends comes near it. */
#define TURNS_MAX 2000000

static struct tls_lab *current;

static int64_t
lab_clock(void)
{
	return current->now;
}

void
lab_init(struct tls_lab *lab)
{
	memset(lab, 0, sizeof(*lab));
	lab->certificates = certificates_new();
	ck_assert_ptr_nonnull(lab->certificates);
	ck_assert_int_eq(gnutls_session_ticket_key_generate(&lab->ticket_key),
			 0);
	ck_assert_int_eq(gnutls_anti_replay_init(&lab->anti_replay), 0);
	lab->now = 1000000;
	memory_link_init(&lab->link, MEMORY_UNLIMITED);
	current = lab;
	clock_source = lab_clock;
	lab->tls = lab_settings(lab, "ca");
}

static void
end_server(struct tls_lab *lab)
{
	if (lab->server != NULL)
		gnutls_deinit(lab->server);
	if (lab->server_credentials != NULL)
		gnutls_certificate_free_credentials(lab->server_credentials);
	lab->server = NULL;
	lab->server_credentials = NULL;
	lab->is_up = lab->is_resumed = lab->had_early_data = false;
	lab->server_error = 0;
	lab->answered = lab->reads = lab->given = 0;
	lab->client_certificates = 0;
	octets_clear(&lab->hello);
	octets_clear(&lab->heard);
	memory_link_clear(&lab->link);
}

void
lab_clear(struct tls_lab *lab)
{
	smtpc_session_free(lab->session);
	end_server(lab);
	smtpc_tls_free(lab->tls);
	gnutls_free(lab->ticket_key.data);
	gnutls_anti_replay_deinit(lab->anti_replay);
	certificates_free(lab->certificates);
	memset(lab, 0, sizeof(*lab));
}

smtpc_tls *
lab_settings(struct tls_lab *lab, const char *authority)
{
	gnutls_datum_t pem;
	smtpc_tls *tls;

	ck_assert_int_eq(credentials_pem(certificates_get(lab->certificates,
							  authority),
					 &pem),
			 0);
	ck_assert_int_eq(smtpc_tls_new(&tls), SMTPC_OK);
	ck_assert_int_eq(smtpc_tls_set_trust_system(tls, 0), SMTPC_OK);
	ck_assert_int_eq(smtpc_tls_add_trust_memory(tls, pem.data, pem.size),
			 SMTPC_OK);
	gnutls_free(pem.data);
	return tls;
}

void
lab_session(struct tls_lab *lab, smtpc_tls *tls)
{
	smtpc_session_free(lab->session);
	ck_assert_int_eq(smtpc_session_new(&lab->session), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_blocking(lab->session, 0), SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_client_domain(lab->session,
							 "client.example.test"),
			 SMTPC_OK);
	ck_assert_int_eq(smtpc_session_set_tls(lab->session, tls), SMTPC_OK);
}

/*
 * The server's end.
 */

static ssize_t
pull(gnutls_transport_ptr_t pointer, void *data, size_t size)
{
	struct tls_lab *lab = pointer;
	struct octets *queue = &lab->link.to_server;
	size_t len = queue->len < size ? queue->len : size;

	if (len == 0 && !lab->link.is_open)
		return 0;
	if (len == 0) {
		gnutls_transport_set_errno(lab->server, EAGAIN);
		return -1;
	}
	if (!lab->is_up)
		octets_append(&lab->hello, octets_data(queue), len);
	memcpy(data, octets_data(queue), len);
	octets_consume(queue, len);
	return (ssize_t)len;
}

static ssize_t
push(gnutls_transport_ptr_t pointer, const void *data, size_t len)
{
	struct tls_lab *lab = pointer;

	octets_append(&lab->link.to_client, data, len);
	return (ssize_t)len;
}

static int
pull_timeout(gnutls_transport_ptr_t pointer, unsigned int milliseconds)
{
	const struct tls_lab *lab = pointer;

	(void)milliseconds;
	return lab->link.to_server.len > 0;
}

static void
make_credentials(struct tls_lab *lab)
{
	const char *name =
	    lab->certificate != NULL ? lab->certificate : "server";
	const struct credentials *made = lab->credentials;

	if (made == NULL)
		made = certificates_get(lab->certificates, name);
	ck_assert_ptr_nonnull(made);
	ck_assert_int_eq(gnutls_certificate_allocate_credentials(
			     &lab->server_credentials),
			 0);
	ck_assert_int_eq(credentials_hand_over(made, lab->server_credentials),
			 0);
	ck_assert_int_eq(manners_equip(lab->server_credentials,
				       lab->certificates, name, lab->staple,
				       NULL),
			 0);
}

static void
new_server(struct tls_lab *lab)
{
	unsigned int flags = GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL;
	const char *priority = lab->priority != NULL ? lab->priority : "NORMAL";

	end_server(lab);
	make_credentials(lab);
	if (lab->takes_early_data)
		flags |= GNUTLS_ENABLE_EARLY_DATA;
	ck_assert_int_eq(gnutls_init(&lab->server, flags), 0);
	ck_assert_int_eq(gnutls_priority_set_direct(lab->server, priority,
						    NULL),
			 0);
	ck_assert_int_eq(gnutls_credentials_set(lab->server,
						GNUTLS_CRD_CERTIFICATE,
						lab->server_credentials),
			 0);
	ck_assert_int_eq(gnutls_session_ticket_enable_server(lab->server,
							     &lab->ticket_key),
			 0);
	if (lab->takes_early_data) {
		gnutls_anti_replay_enable(lab->server, lab->anti_replay);
		(void)gnutls_record_set_max_early_data_size(lab->server, 4096);
	}
	if (lab->client_authority != NULL)
		gnutls_certificate_server_set_request(lab->server,
						      GNUTLS_CERT_REQUEST);
	gnutls_handshake_set_timeout(lab->server, GNUTLS_INDEFINITE_TIMEOUT);
	gnutls_transport_set_ptr(lab->server, lab);
	gnutls_transport_set_pull_function(lab->server, pull);
	gnutls_transport_set_push_function(lab->server, push);
	gnutls_transport_set_pull_timeout_function(lab->server, pull_timeout);
}

static void
say(struct tls_lab *lab, const char *text)
{
	size_t len = strlen(text);

	ck_assert_int_eq(gnutls_record_send(lab->server, text, len),
			 (ssize_t)len);
}

static void
shake(struct tls_lab *lab)
{
	int rc = gnutls_handshake(lab->server);

	if (rc == 0) {
		lab->is_up = true;
		lab->is_resumed = gnutls_session_is_resumed(lab->server) != 0;
		lab->had_early_data = (gnutls_session_get_flags(lab->server) &
				       GNUTLS_SFLAGS_EARLY_DATA) != 0;
		(void)gnutls_certificate_get_peers(lab->server,
						   &lab->client_certificates);
		say(lab, "220 mx.example.test ESMTP\r\n");
	} else if (gnutls_error_is_fatal(rc)) {
		lab->server_error = rc;
		(void)gnutls_alert_send_appropriate(lab->server, rc);
		lab->link.ended = true;
	}
}

/* One answer for each line. */
static void
answer(struct tls_lab *lab)
{
	const char *data = octets_data(&lab->heard);
	const char *line, *end;

	for (;;) {
		line = data + lab->answered;
		end = memchr(line, '\n', lab->heard.len - lab->answered);
		if (end == NULL)
			return;
		say(lab, strncmp(line, "QUIT", 4) == 0 ? "221 bye\r\n"
						       : "250 ok\r\n");
		lab->answered = (size_t)(end + 1 - data);
	}
}

static void
listen_to_client(struct tls_lab *lab)
{
	char data[4096];
	ssize_t len;

	do {
		len = gnutls_record_recv(lab->server, data, sizeof(data));
		if (len > 0)
			octets_append(&lab->heard, data, (size_t)len);
	} while (len > 0 || len == GNUTLS_E_WARNING_ALERT_RECEIVED);
	answer(lab);
}

bool
lab_turn(struct tls_lab *lab)
{
	size_t before = lab->link.to_server.len;
	size_t said = lab->link.to_client.len;

	if (lab->server == NULL || lab->server_error != 0)
		return false;
	if (!lab->is_up)
		shake(lab);
	if (lab->is_up)
		listen_to_client(lab);
	return lab->link.to_server.len != before ||
	       lab->link.to_client.len != said;
}

/*
 * The client's end: a stream over the one in memory, which asks for more when
 * that is empty.
 */

struct thirsty {
	struct stream base;
	struct stream *inner;
};

static struct stream *
inner_of(const struct stream *stream)
{
	return ((const struct thirsty *)(const void *)stream)->inner;
}

static int
thirsty_read(struct stream *stream, char *data, size_t size, size_t *ret_len)
{
	struct stream *inner = inner_of(stream);
	int rc;

	current->reads++;
	if (current->link.to_client.len == 0 && current->more != NULL)
		current->more(current);
	rc = inner->operations->read(inner, data, size, ret_len);
	stream->fault = inner->fault;
	return rc;
}

static int
thirsty_open(struct stream *stream)
{
	return inner_of(stream)->operations->open(inner_of(stream));
}

static int
thirsty_write(struct stream *stream, const struct iovec *pieces, int count,
	      size_t *ret_taken)
{
	struct stream *inner = inner_of(stream);
	int rc = inner->operations->write(inner, pieces, count, ret_taken);

	stream->fault = inner->fault;
	stream->left = inner->left;
	return rc;
}

static int
thirsty_flush(struct stream *stream)
{
	return inner_of(stream)->operations->flush(inner_of(stream));
}

static void
thirsty_wake(struct stream *stream)
{
	inner_of(stream)->operations->wake(inner_of(stream));
}

static int
thirsty_descriptor(const struct stream *stream)
{
	return inner_of(stream)->operations->descriptor(inner_of(stream));
}

static uint32_t
thirsty_wants(const struct stream *stream)
{
	return inner_of(stream)->operations->wants(inner_of(stream));
}

static void
thirsty_end(struct stream *stream)
{
	inner_of(stream)->operations->end(inner_of(stream));
}

static void
thirsty_free(struct stream *stream)
{
	inner_of(stream)->operations->free(inner_of(stream));
	free(stream);
}

static const struct stream_operations thirsty_operations = {
	.open = thirsty_open,
	.read = thirsty_read,
	.write = thirsty_write,
	.flush = thirsty_flush,
	.wake = thirsty_wake,
	.descriptor = thirsty_descriptor,
	.wants = thirsty_wants,
	.end = thirsty_end,
	.free = thirsty_free,
};

static struct stream *
new_stream(struct tls_lab *lab)
{
	struct thirsty *stream = calloc(1, sizeof(*stream));

	ck_assert_ptr_nonnull(stream);
	stream->base.operations = &thirsty_operations;
	stream->inner = memory_stream_new(&lab->link);
	return &stream->base;
}

/*
 * Connections.
 */

int
lab_begin(struct tls_lab *lab, const char *host, int port)
{
	size_t step = lab->step > 0 ? lab->step : MEMORY_UNLIMITED;

	ck_assert_int_eq(smtpc_session_set_tls_mode(lab->session,
						    SMTPC_TLS_IMPLICIT),
			 SMTPC_OK);
	new_server(lab);
	memory_link_init(&lab->link, step);
	current = lab;
	return steps_attach(lab->session, new_stream(lab), host, port);
}

int
lab_run(struct tls_lab *lab, int rc)
{
	int64_t left;
	size_t turns = 0;

	while (rc == SMTPC_AGAIN) {
		ck_assert_uint_lt(turns++, TURNS_MAX);
		lab->link.moved = false;
		if (!lab_turn(lab) && lab->link.to_client.len == 0) {
			left = smtpc_session_next_timeout(lab->session);
			ck_assert_int_ge(left, 0);
			lab->now += left;
		}
		rc = smtpc_process(lab->session);
	}
	return rc;
}

int
lab_connect(struct tls_lab *lab)
{
	return lab_run(lab, lab_begin(lab, LAB_HOST, LAB_PORT));
}

int
lab_visit(struct tls_lab *lab, smtpc_tls *tls, const char *host, int port)
{
	int rc;

	lab_session(lab, tls);
	rc = lab_run(lab, lab_begin(lab, host, port));
	if (rc == SMTPC_OK)
		ck_assert_int_eq(lab_run(lab, smtpc_ehlo(lab->session)),
				 SMTPC_OK);
	return rc;
}

/*
 * The ClientHello.
 */

const unsigned char *
lab_extension(const struct tls_lab *lab, unsigned int type, size_t *ret_len)
{
	const unsigned char *data = (const void *)octets_data(&lab->hello);
	const unsigned char *end = data + lab->hello.len;
	/* Headers of record and message, version, random. */
	const unsigned char *at = data + 5 + 4 + 2 + 32;
	size_t len;

	ck_assert_uint_gt(lab->hello.len, 100);
	at += 1 + at[0];	       /* session */
	at += 2 + at[0] * 256 + at[1]; /* suites */
	at += 1 + at[0];	       /* compression */
	end = at + 2 + at[0] * 256 + at[1];
	for (at += 2; at + 4 <= end; at += 4 + len) {
		len = at[2] * 256u + at[3];
		if (at[0] * 256u + at[1] == type) {
			*ret_len = len;
			return at + 4;
		}
	}
	return NULL;
}

bool
lab_offers_resumption(const struct tls_lab *lab)
{
	size_t len;

	if (lab_extension(lab, EXTENSION_PSK, &len) != NULL)
		return true;
	return lab_extension(lab, EXTENSION_TICKET, &len) != NULL && len > 0;
}

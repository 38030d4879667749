/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TLS as a stream over another stream.  GnuTLS never sees a descriptor: what it
 * sends is gathered in a buffer and always accepted, so that many records
 * leave in one write; what it reads comes from a buffer, too.
 */
#include "tls.h"

#include <errno.h>
#include <string.h>

#include "ip.h"
#include "mem.h"
#include "tls_alert.h"
#include "tls_settings.h"
#include "tls_stream.h"

/* GnuTLS's records hold at most this much. */
#define RECORD_MAX 16384
/* Above this much encrypted, nothing more is encrypted. */
#define OUT_HIGH 65536
#define OUT_MAX	 (OUT_HIGH + 2 * RECORD_MAX)
#define IN_MAX	 (2 * RECORD_MAX)
#define IN_CHUNK RECORD_MAX
/*
 * So many records in a row without an octet for us are a flood.  No honest
 * peer comes near it, and nothing else would end it: it may come faster than
 * it is read.
 */
#define FUTILE_MAX 16384
/* RFC 9325, section 4.1: no smaller groups. */
#define DH_BITS_MIN 2048

static struct tls_stream *
from_stream(struct stream *stream)
{
	return (struct tls_stream *)(void *)stream;
}

static ssize_t
push(gnutls_transport_ptr_t pointer, const void *data, size_t len)
{
	struct tls_stream *self = pointer;

	buffer_append(&self->out, data, len);
	if (!self->out.failed)
		return (ssize_t)len;
	gnutls_transport_set_errno(self->session, ENOMEM);
	return -1;
}

/* Read more for GnuTLS; how that ended is kept for whoever called it. */
static int
fill(struct tls_stream *self)
{
	struct stream *inner = self->inner;
	char *room = buffer_room(&self->in, IN_CHUNK);
	size_t len = 0;

	self->inner_rc = SMTPC_E_NOMEM;
	if (room != NULL)
		self->inner_rc =
		    inner->operations->read(inner, room, IN_CHUNK, &len);
	if (self->inner_rc == SMTPC_OK)
		buffer_added(&self->in, len);
	return self->inner_rc;
}

static ssize_t
pull(gnutls_transport_ptr_t pointer, void *data, size_t size)
{
	struct tls_stream *self = pointer;
	size_t len;
	int rc;

	if (buffer_length(&self->in) == 0) {
		rc = fill(self);
		if (rc == SMTPC_E_CLOSED)
			return 0;
		if (rc != SMTPC_OK) {
			gnutls_transport_set_errno(self->session,
						   rc == SMTPC_AGAIN ? EAGAIN
								     : EIO);
			return -1;
		}
	}
	len = buffer_length(&self->in);
	if (len > size)
		len = size;
	memcpy(data, buffer_data(&self->in), len);
	buffer_consume(&self->in, len);
	return (ssize_t)len;
}

/* Never called with GNUTLS_NONBLOCK; its default would wait on a descriptor. */
static int
pull_timeout(gnutls_transport_ptr_t pointer, unsigned int milliseconds)
{
	(void)pointer;
	(void)milliseconds;
	return 1;
}

/* The plaintext of a record has left when the record's last octet has. */
static void
passed(struct tls_stream *self, size_t len)
{
	const struct tls_record *record;

	self->passed += len;
	while (buffer_length(&self->records) > 0) {
		record = (const void *)buffer_data(&self->records);
		if (record->end > self->passed)
			break;
		self->base.left = record->plaintext;
		buffer_consume(&self->records, sizeof(*record));
	}
}

static int
flush(struct stream *stream)
{
	struct tls_stream *self = from_stream(stream);
	struct stream *inner = self->inner;
	struct iovec piece;
	size_t taken;
	int rc;

	while (buffer_length(&self->out) > 0) {
		/* Only read, but the type can't say so. */
		piece.iov_base = (void *)(uintptr_t)buffer_data(&self->out);
		piece.iov_len = buffer_length(&self->out);
		rc = inner->operations->write(inner, &piece, 1, &taken);
		if (rc < 0)
			stream->fault = inner->fault;
		if (rc != SMTPC_OK)
			return rc;
		buffer_consume(&self->out, taken);
		passed(self, taken);
	}
	return inner->operations->flush(inner);
}

/* The failure of the stream below explains the one that GnuTLS saw. */
static int
inner_failure(struct tls_stream *self)
{
	self->base.fault = self->inner->fault;
	return self->inner_rc;
}

static void
set_fault(struct tls_stream *self, const char *detail, const char *text,
	  int error)
{
	self->base.fault.detail = detail;
	self->base.fault.text = text;
	self->base.fault.system_error = 0;
	self->base.fault.tls_error = error;
}

static int
closed(struct tls_stream *self, const char *detail, const char *text, int error)
{
	set_fault(self, detail, text, error);
	return SMTPC_E_CLOSED;
}

static int
failed(struct tls_stream *self, const char *detail, const char *text, int error)
{
	set_fault(self, detail, text, error);
	return SMTPC_E_TLS;
}

/* Say what GnuTLS's error means. */
static int
describe(struct tls_stream *self, int error)
{
	gnutls_alert_description_t alert;

	switch (error) {
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
		alert = gnutls_alert_get(self->session);
		return failed(self, tls_alert_token(alert),
			      tls_alert_text(alert), error);
	case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
		return failed(self, "tls-version",
			      "the server speaks none of the versions of TLS "
			      "that are allowed",
			      error);
	case GNUTLS_E_UNEXPECTED_PACKET:
		return failed(self, "tls-record", gnutls_strerror(error),
			      error);
	case GNUTLS_E_MEMORY_ERROR:
		failed(self, NULL, gnutls_strerror(error), error);
		return SMTPC_E_NOMEM;
	default:
		return failed(self, NULL, gnutls_strerror(error), error);
	}
}

/* Tell the peer why, as far as that goes without waiting. */
static int
handshake_failed(struct tls_stream *self, int error)
{
	if (self->out.failed)
		return SMTPC_E_NOMEM;
	if (self->inner_rc == SMTPC_E_CLOSED)
		return failed(self, "tls-closed",
			      "the server closed the connection", error);
	if (self->inner_rc < 0)
		return inner_failure(self);
	(void)gnutls_alert_send_appropriate(self->session, error);
	(void)flush(&self->base);
	if (error == GNUTLS_E_UNEXPECTED_PACKET)
		return failed(self, "wrong-tls-mode",
			      "the server does not speak TLS here", error);
	return describe(self, error);
}

/* Whether a record that brought nothing was one too many. */
static bool
is_flooded(struct tls_stream *self)
{
	return ++self->futile > FUTILE_MAX;
}

static int
flooded(struct tls_stream *self, int error)
{
	return failed(self, "tls-flood",
		      "the server sends records without end that hold nothing",
		      error);
}

static int
tls_open(struct stream *stream)
{
	struct tls_stream *self = from_stream(stream);
	int error, rc;

	do {
		self->inner_rc = SMTPC_OK;
		error = gnutls_handshake(self->session);
		if (error != 0 && gnutls_error_is_fatal(error))
			return handshake_failed(self, error);
		rc = flush(stream);
		if (rc < 0)
			return rc;
		if (error != 0 && self->inner_rc != SMTPC_AGAIN &&
		    is_flooded(self))
			return flooded(self, error);
	} while (error != 0 && self->inner_rc != SMTPC_AGAIN);
	return error == 0 ? SMTPC_OK : SMTPC_AGAIN;
}

/*
 * Resumption (RFC 8446, section 2.2).
 */

static void
keep_session(struct tls_stream *self)
{
	gnutls_datum_t data = { NULL, 0 };

	if (gnutls_session_get_data2(self->session, &data) == 0)
		tls_cache_put(&self->settings->cache, self->resumption_key,
			      &data, self->good_until);
}

/* TLS 1.3 sends tickets when it likes; one from each connection will do. */
static void
keep_ticket(struct tls_stream *self)
{
	if (!(gnutls_session_get_flags(self->session) &
	      GNUTLS_SFLAGS_SESSION_TICKET))
		return;
	self->keeps_ticket = false;
	keep_session(self);
}

void
tls_keep(struct stream *stream)
{
	struct tls_stream *self = from_stream(stream);

	if (self->resumption_key == NULL)
		return;
	if (gnutls_protocol_get_version(self->session) >= GNUTLS_TLS1_3)
		self->keeps_ticket = true;
	else
		keep_session(self);
}

/* What is not taken, by GnuTLS or by the server, leads to a full handshake. */
static void
offer_resumption(struct tls_stream *self)
{
	gnutls_datum_t data;

	if (!tls_cache_take(&self->settings->cache, self->resumption_key,
			    &data))
		return;
	(void)gnutls_session_set_data(self->session, data.data, data.size);
	tls_cache_free_data(&data);
}

/* An error of gnutls_record_recv() that is no reason to stop. */
static bool
is_passing(struct tls_stream *self, int error)
{
	/* The peer asks for a renegotiation, which it does not get. */
	if (error == GNUTLS_E_REHANDSHAKE) {
		if (buffer_length(&self->out) < OUT_HIGH)
			(void)gnutls_alert_send(self->session,
						GNUTLS_AL_WARNING,
						GNUTLS_A_NO_RENEGOTIATION);
		return true;
	}
	return !gnutls_error_is_fatal(error);
}

static int
tls_read(struct stream *stream, char *data, size_t size, size_t *ret_len)
{
	struct tls_stream *self = from_stream(stream);
	ssize_t len;

	do {
		self->inner_rc = SMTPC_OK;
		len = gnutls_record_recv(self->session, data, size);
		if (len > 0) {
			self->futile = 0;
			*ret_len = (size_t)len;
			return SMTPC_OK;
		}
		if (len == 0)
			return closed(self, NULL, NULL, 0);
		if (self->inner_rc == SMTPC_E_CLOSED)
			return closed(self, "tls-truncated",
				      "without the goodbye that TLS demands",
				      (int)len);
		if (!is_passing(self, (int)len))
			return self->inner_rc < 0 ? inner_failure(self)
						  : describe(self, (int)len);
		if (self->keeps_ticket)
			keep_ticket(self);
		if (self->inner_rc != SMTPC_AGAIN && is_flooded(self))
			return flooded(self, (int)len);
		/*
		 * "Again" also comes after a ticket or a key update, with more
		 * behind it: only the stream below knows when there is no more.
		 */
	} while (self->inner_rc != SMTPC_AGAIN);
	return SMTPC_AGAIN;
}

/* Note where the record ends that brings all that was ever written so far. */
static bool
note_record(struct tls_stream *self)
{
	struct tls_record record = { self->passed + buffer_length(&self->out),
				     self->encrypted };

	buffer_append(&self->records, &record, sizeof(record));
	return !self->records.failed;
}

static int
encrypt(struct tls_stream *self, const char *data, size_t len)
{
	ssize_t sent;

	for (; len > 0; len -= (size_t)sent) {
		sent = gnutls_record_send(self->session, data, len);
		if (self->out.failed)
			return SMTPC_E_NOMEM;
		if (sent <= 0)
			return describe(self, (int)sent);
		data += sent;
		self->encrypted += (size_t)sent;
		if (!note_record(self))
			return SMTPC_E_NOMEM;
	}
	return SMTPC_OK;
}

/* Encrypt the pieces that were gathered. */
static int
encrypt_gathered(struct tls_stream *self)
{
	struct buffer *plain = &self->plain;
	size_t len = buffer_length(plain);
	int rc = plain->failed ? SMTPC_E_NOMEM : SMTPC_OK;

	if (rc == SMTPC_OK && len > 0)
		rc = encrypt(self, buffer_data(plain), len);
	buffer_consume(plain, len);
	return rc;
}

/*
 * Take from the start of a piece what goes into one record: as it lies if that
 * fills a record or nothing follows, and with its neighbours otherwise.
 */
static int
take(struct tls_stream *self, const char *data, size_t len, bool is_last,
     size_t *ret_taken)
{
	struct buffer *plain = &self->plain;
	size_t room = RECORD_MAX - buffer_length(plain);

	*ret_taken = 0;
	if (plain->failed)
		return SMTPC_E_NOMEM;
	*ret_taken = len < room ? len : room;
	if (buffer_length(plain) == 0 && (len >= room || is_last))
		return encrypt(self, data, *ret_taken);
	buffer_append(plain, data, *ret_taken);
	return len < room ? SMTPC_OK : encrypt_gathered(self);
}

/* Take as much as there is room for. */
static int
take_all(struct tls_stream *self, const struct iovec *pieces, int count,
	 size_t *ret_taken)
{
	const char *data;
	size_t at = 0; /* in the piece */
	size_t taken;
	int rc = SMTPC_OK;
	int i = 0;

	while (rc == SMTPC_OK && i < count &&
	       buffer_length(&self->out) < OUT_HIGH) {
		data = pieces[i].iov_base;
		rc = take(self, data + at, pieces[i].iov_len - at,
			  i + 1 == count, &taken);
		*ret_taken += taken;
		at += taken;
		if (at == pieces[i].iov_len) {
			at = 0;
			i++;
		}
	}
	return rc == SMTPC_OK ? encrypt_gathered(self) : rc;
}

static int
tls_write(struct stream *stream, const struct iovec *pieces, int count,
	  size_t *ret_taken)
{
	struct tls_stream *self = from_stream(stream);
	size_t taken = 0;
	int rc;

	if (buffer_length(&self->out) >= OUT_HIGH) {
		rc = flush(stream);
		if (rc < 0 || buffer_length(&self->out) >= OUT_HIGH)
			return rc;
	}
	rc = take_all(self, pieces, count, &taken);
	if (rc == SMTPC_OK)
		rc = flush(stream);
	if (rc < 0)
		return rc;
	*ret_taken = taken;
	return SMTPC_OK;
}

static void
tls_wake(struct stream *stream)
{
	struct stream *inner = from_stream(stream)->inner;

	inner->operations->wake(inner);
}

static int
tls_descriptor(const struct stream *stream)
{
	const struct tls_stream *self = (const void *)stream;

	return self->inner->operations->descriptor(self->inner);
}

static uint32_t
tls_wants(const struct stream *stream)
{
	const struct tls_stream *self = (const void *)stream;
	uint32_t wants = self->inner->operations->wants(self->inner);

	if (buffer_length(&self->out) > 0)
		wants |= SMTPC_WANT_WRITE;
	return wants;
}

static void
clear_if_empty(struct buffer *buffer)
{
	if (buffer_length(buffer) == 0)
		buffer_clear(buffer);
}

static void
tls_rest(struct stream *stream)
{
	struct tls_stream *self = from_stream(stream);

	buffer_clear_secret(&self->plain);
	clear_if_empty(&self->in);
	clear_if_empty(&self->out);
	clear_if_empty(&self->records);
}

static void
tls_end(struct stream *stream)
{
	(void)gnutls_bye(from_stream(stream)->session, GNUTLS_SHUT_WR);
	(void)flush(stream);
}

static void
tls_free(struct stream *stream)
{
	struct tls_stream *self = from_stream(stream);

	if (self->session != NULL)
		gnutls_deinit(self->session);
	if (self->inner != NULL)
		self->inner->operations->free(self->inner);
	smtpc_tls_free(self->settings);
	buffer_clear_secret(&self->plain);
	buffer_clear(&self->in);
	buffer_clear(&self->out);
	buffer_clear(&self->records);
	mem_free(self->resumption_key);
	mem_free(self->host);
	mem_free(self);
}

static const struct stream_operations operations = {
	.open = tls_open,
	.read = tls_read,
	.write = tls_write,
	.flush = flush,
	.wake = tls_wake,
	.descriptor = tls_descriptor,
	.wants = tls_wants,
	.rest = tls_rest,
	.end = tls_end,
	.free = tls_free,
};

static int
set_up_session(struct tls_stream *self)
{
	int rc;

	rc = gnutls_init(&self->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK |
					     GNUTLS_NO_SIGNAL |
					     GNUTLS_FORCE_CLIENT_CERT);
	if (rc != 0)
		return rc;
	rc = gnutls_priority_set(self->session, self->settings->priority);
	if (rc != 0)
		return rc;
	rc = gnutls_credentials_set(self->session, GNUTLS_CRD_CERTIFICATE,
				    self->settings->credentials);
	if (rc != 0)
		return rc;
	gnutls_transport_set_ptr(self->session, self);
	gnutls_transport_set_push_function(self->session, push);
	gnutls_transport_set_pull_function(self->session, pull);
	gnutls_transport_set_pull_timeout_function(self->session, pull_timeout);
	gnutls_dh_set_prime_bits(self->session, DH_BITS_MIN);
	if (self->resumption_key != NULL)
		offer_resumption(self);
	/* RFC 6066, section 3: no address literals. */
	if (ip_is_address(self->host))
		return 0;
	return gnutls_server_name_set(self->session, GNUTLS_NAME_DNS,
				      self->host, strlen(self->host));
}

/*
 * A trailing dot and the name of an interface are the resolver's affair: no
 * certificate has them.
 */
static char *
copy_host(const char *host)
{
	size_t len = strcspn(host, "%");

	if (len > 0 && host[len - 1] == '.')
		len--;
	return mem_copy(host, len);
}

int
tls_wrap(smtpc_tls *tls, struct stream *inner, const char *host,
	 const char *resumption_key, struct stream **ret_stream)
{
	struct tls_stream *self = mem_zalloc(sizeof(*self));
	int error;

	if (self == NULL)
		return SMTPC_E_NOMEM;
	self->base.operations = &operations;
	self->settings = tls_hold(tls);
	buffer_init(&self->plain, RECORD_MAX);
	buffer_init(&self->in, IN_MAX);
	buffer_init(&self->out, OUT_MAX);
	/* A record is longer than the note of it. */
	buffer_init(&self->records, OUT_MAX);
	self->host = copy_host(host);
	/* Without memory for it, nothing is resumed. */
	if (resumption_key != NULL && tls->caches_sessions)
		self->resumption_key = mem_copy_text(resumption_key);
	error =
	    self->host != NULL ? set_up_session(self) : GNUTLS_E_MEMORY_ERROR;
	if (error != 0) {
		tls_free(&self->base);
		return error == GNUTLS_E_MEMORY_ERROR ? SMTPC_E_NOMEM
						      : SMTPC_E_TLS;
	}
	self->inner = inner;
	self->base.inner = inner;
	*ret_stream = &self->base;
	return SMTPC_OK;
}

const char *
tls_version(const struct stream *stream)
{
	const struct tls_stream *self = (const void *)stream;

	return gnutls_protocol_get_name(
	    gnutls_protocol_get_version(self->session));
}

const char *
tls_cipher(const struct stream *stream)
{
	const struct tls_stream *self = (const void *)stream;

	return gnutls_cipher_get_name(gnutls_cipher_get(self->session));
}

bool
tls_is_resumed(const struct stream *stream)
{
	const struct tls_stream *self = (const void *)stream;

	return gnutls_session_is_resumed(self->session) != 0;
}

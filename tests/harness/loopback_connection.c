/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Octets in and out of one connection, in clear or under TLS. */
#include "loopback_connection.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "loopback_log.h"

/* What a read or a write says when nothing can be done before a wait. */
#define MUST_WAIT (-2)

/* How long a client may take to notice that the server has closed. */
#define LINGER_MS 2000

struct connection *
connection_new(unsigned int number, int fd, int lifeline, long idle_seconds)
{
	struct connection *connection;

	connection = calloc(1, sizeof(*connection));
	if (connection == NULL)
		return NULL;
	connection->number = number;
	connection->fd = fd;
	connection->lifeline = lifeline;
	connection->idle = (int)(idle_seconds * 1000);
	return connection;
}

void
connection_free(struct connection *connection)
{
	if (connection == NULL)
		return;
	if (connection->tls != NULL)
		gnutls_deinit(connection->tls);
	free(connection);
}

void
connection_end(struct connection *connection, const char *reason)
{
	if (connection->ended == NULL)
		connection->ended = reason;
}

/*
 * Wait for events on the socket.  1: they are there.  0: the time is up.
 * -1: the server is going down, or poll() failed, and the connection ended.
 */
static int
wait_for(struct connection *connection, short events, int timeout)
{
	struct pollfd fds[2] = {
		{ .fd = connection->fd, .events = events },
		{ .fd = connection->lifeline, .events = POLLIN },
	};
	int rc;

	do
		rc = poll(fds, 2, timeout);
	while (rc < 0 && errno == EINTR);
	if (rc < 0) {
		connection_end(connection, "poll failed");
		return -1;
	}
	if (fds[1].revents != 0) {
		connection_end(connection, "the server ends");
		return -1;
	}
	return rc > 0 ? 1 : 0;
}

/* Octets, 0 at the end, MUST_WAIT, or -1. */
static ssize_t
read_clear(struct connection *connection, char *data, size_t size)
{
	ssize_t len;

	len = recv(connection->fd, data, size, 0);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return MUST_WAIT;
	if (len < 0)
		connection_end(connection, strerror(errno));
	else if (len == 0)
		connection_end(connection, "the client closed");
	return len;
}

/* The same under TLS. */
static ssize_t
read_tls(struct connection *connection, char *data, size_t size)
{
	ssize_t len;

	len = gnutls_record_recv(connection->tls, data, size);
	if (len > 0)
		return len;
	if (len < 0 && gnutls_error_is_fatal((int)len) == 0)
		return MUST_WAIT;
	if (len == 0)
		connection_end(connection, "the client closed");
	else if (len == GNUTLS_E_PREMATURE_TERMINATION)
		connection_end(connection,
			       "the client closed without a close_notify");
	else
		connection_end(connection, gnutls_strerror((int)len));
	return -1;
}

static ssize_t
write_some(struct connection *connection, const char *data, size_t len)
{
	ssize_t done;

	if (connection->tls == NULL) {
		done = send(connection->fd, data, len, MSG_NOSIGNAL);
		if (done < 0 && (errno == EAGAIN || errno == EINTR))
			return MUST_WAIT;
		if (done < 0)
			connection_end(connection, strerror(errno));
		return done;
	}
	done = gnutls_record_send(connection->tls, data, len);
	if (done < 0 && gnutls_error_is_fatal((int)done) == 0)
		return MUST_WAIT;
	if (done < 0)
		connection_end(connection, gnutls_strerror((int)done));
	return done;
}

/* Whole lines; those that carry SASL's challenges are not shown. */
static void
log_replies(const struct connection *connection)
{
	const char *line, *line_end;

	line = connection->out;
	while ((line_end = memchr(line, '\n',
				  (size_t)(connection->out +
					   connection->out_len - line))) !=
	       NULL) {
		if (strncmp(line, "334 ", 4) == 0)
			log_text(connection->number, "S: ", "334 <hidden>", 12);
		else
			log_text(connection->number, "S: ", line,
				 (size_t)(line_end - 1 - line));
		line = line_end + 1;
	}
}

void
connection_flush(struct connection *connection)
{
	size_t sent;
	ssize_t done;
	int rc;

	if (connection->out_len > 0 && connection->ended == NULL)
		log_replies(connection);
	sent = 0;
	while (sent < connection->out_len && connection->ended == NULL) {
		done = write_some(connection, connection->out + sent,
				  connection->out_len - sent);
		if (done > 0) {
			sent += (size_t)done;
		} else if (done == MUST_WAIT) {
			rc = wait_for(connection, POLLOUT, connection->idle);
			if (rc == 0)
				connection_end(connection,
					       "the client does not read");
		}
	}
	connection->out_len = 0;
}

void
connection_reply(struct connection *connection, const char *format, ...)
{
	char *line;
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vasprintf(&line, format, arguments);
	va_end(arguments);
	if (len < 0) {
		connection_end(connection, "no memory");
		return;
	}
	if (connection->out_len + (size_t)len + 2 > sizeof(connection->out))
		connection_flush(connection);
	if ((size_t)len + 2 <= sizeof(connection->out)) {
		memcpy(connection->out + connection->out_len, line,
		       (size_t)len);
		connection->out_len += (size_t)len;
		memcpy(connection->out + connection->out_len, "\r\n", 2);
		connection->out_len += 2;
	} else {
		connection_end(connection, "a reply is too long");
	}
	free(line);
}

/* More input, behind what is there; false at the end of the connection. */
static bool
fill(struct connection *connection)
{
	size_t free_size;
	ssize_t len;
	char *free_place;
	int rc;

	connection_flush(connection);
	memmove(connection->in, connection->in + connection->in_start,
		connection->in_end - connection->in_start);
	connection->in_end -= connection->in_start;
	connection->in_start = 0;
	while (connection->ended == NULL) {
		free_place = connection->in + connection->in_end;
		free_size = sizeof(connection->in) - connection->in_end;
		len = connection->tls == NULL
			  ? read_clear(connection, free_place, free_size)
			  : read_tls(connection, free_place, free_size);
		if (len > 0) {
			connection->in_end += (size_t)len;
			return true;
		}
		if (len != MUST_WAIT)
			break;
		rc = wait_for(connection, POLLIN, connection->idle);
		if (rc == 0) {
			connection_reply(connection, "421 4.4.2 " LOOPBACK_HOST
						     " Waited for too long");
			connection_flush(connection);
			connection_end(connection, "the client is idle");
		}
	}
	return false;
}

bool
connection_has_input(const struct connection *connection)
{
	return connection->in_start < connection->in_end;
}

int
connection_read_octet(struct connection *connection)
{
	if (!connection_has_input(connection) && !fill(connection))
		return -1;
	return (unsigned char)connection->in[connection->in_start++];
}

/* The line begins where input begins, and ends with its LF at last. */
static enum connection_line
take_line(struct connection *connection, char *last, char **ret_line,
	  size_t *ret_len)
{
	char *line;

	line = connection->in + connection->in_start;
	connection->in_start = (size_t)(last + 1 - connection->in);
	if (last == line || last[-1] != '\r')
		return LINE_BARE_LF;
	last[-1] = '\0';
	*ret_line = line;
	*ret_len = (size_t)(last - 1 - line);
	if (memchr(line, '\r', *ret_len) != NULL ||
	    memchr(line, '\0', *ret_len) != NULL)
		return LINE_BARE_LF;
	return LINE_WHOLE;
}

enum connection_line
connection_read_line(struct connection *connection, char **ret_line,
		     size_t *ret_len)
{
	enum connection_line kind;
	size_t available;
	char *start, *last;
	bool too_long;

	too_long = false;
	for (;;) {
		start = connection->in + connection->in_start;
		available = connection->in_end - connection->in_start;
		last = memchr(start, '\n', available);
		if (last != NULL)
			break;
		if (available >= CONNECTION_LINE_MAX) {
			/* The last octet may be the CR of the CRLF. */
			connection->in_start = connection->in_end - 1;
			too_long = true;
		}
		if (!fill(connection))
			return LINE_NONE;
	}
	too_long = too_long || last + 1 - start > CONNECTION_LINE_MAX;
	kind = take_line(connection, last, ret_line, ret_len);
	return kind == LINE_WHOLE && too_long ? LINE_TOO_LONG : kind;
}

bool
connection_pause(struct connection *connection, long milliseconds)
{
	return wait_for(connection, 0, (int)milliseconds) >= 0;
}

static bool
handshake(struct connection *connection)
{
	short events;
	int rc;

	for (;;) {
		rc = gnutls_handshake(connection->tls);
		if (rc == GNUTLS_E_SUCCESS)
			return true;
		if (gnutls_error_is_fatal(rc) != 0)
			break;
		events = gnutls_record_get_direction(connection->tls) == 0
			     ? POLLIN
			     : POLLOUT;
		if (wait_for(connection, events, connection->idle) <= 0) {
			connection_end(connection,
				       "TLS: the handshake takes too long");
			return false;
		}
	}
	if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED)
		log_event(connection->number, "TLS: the client's alert: %s",
			  gnutls_alert_get_name(
			      gnutls_alert_get(connection->tls)));
	else
		gnutls_alert_send_appropriate(connection->tls, rc);
	log_event(connection->number, "TLS: handshake failed: %s",
		  gnutls_strerror(rc));
	connection_end(connection, "no TLS");
	return false;
}

static void
log_tls(const struct connection *connection)
{
	char name[256];
	size_t size;
	unsigned int type;
	char *description;

	size = sizeof(name);
	if (gnutls_server_name_get(connection->tls, name, &size, &type, 0) < 0)
		name[0] = '\0';
	description = gnutls_session_get_desc(connection->tls);
	log_event(connection->number, "TLS: %s%s%s%s",
		  description != NULL ? description : "?",
		  name[0] != '\0' ? " name=" : "", name,
		  gnutls_session_is_resumed(connection->tls) != 0 ? " resumed"
								  : "");
	gnutls_free(description);
}

bool
connection_start_tls(struct connection *connection,
		     const struct loopback_server *server)
{
	int rc;

	connection_flush(connection);
	if (connection_has_input(connection))
		log_event(connection->number,
			  "dropped %zu octets that came before TLS",
			  connection->in_end - connection->in_start);
	connection->in_start = 0;
	connection->in_end = 0;
	if (connection->ended != NULL)
		return false;
	rc = gnutls_init(&connection->tls,
			 GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
	if (rc >= 0)
		rc = gnutls_priority_set(connection->tls, server->priority);
	if (rc >= 0)
		rc = gnutls_credentials_set(connection->tls,
					    GNUTLS_CRD_CERTIFICATE,
					    server->credentials);
	if (rc >= 0)
		rc = gnutls_session_ticket_enable_server(connection->tls,
							 &server->ticket_key);
	if (rc < 0) {
		connection_end(connection, gnutls_strerror(rc));
		return false;
	}
	gnutls_transport_set_int(connection->tls, connection->fd);
	if (!handshake(connection))
		return false;
	log_tls(connection);
	return true;
}

const char *
connection_tls_version(const struct connection *connection)
{
	if (connection->tls == NULL)
		return NULL;
	return gnutls_protocol_get_name(
	    gnutls_protocol_get_version(connection->tls));
}

void
connection_close(struct connection *connection)
{
	char rest[4096];

	connection_flush(connection);
	if (connection->ended == NULL) {
		if (connection->tls != NULL)
			gnutls_bye(connection->tls, GNUTLS_SHUT_WR);
		/* Unread input would turn the end into a reset, and a reset
		 * would take the last reply away from the client. */
		shutdown(connection->fd, SHUT_WR);
		while (wait_for(connection, POLLIN, LINGER_MS) > 0 &&
		       recv(connection->fd, rest, sizeof(rest), 0) > 0)
			continue;
		connection_end(connection, "by the server");
	}
	log_event(connection->number, "closed: %s", connection->ended);
}

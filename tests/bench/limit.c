/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The limit: the least that a client must do.  No interface, no mistakes
 * survived, the replies known in advance.
 *
 * Words of the mode: "pipe" (MAIL, RCPT and DATA in one flight), "bdat" (the
 * content in the same one), "cross" (64 KiB of such messages in one flight),
 * "resume" (TLS sessions, with -x), "gather" (many TLS records for one send),
 * "raw" (no SMTP at all: the message to a port that takes anything, in clear
 * or with -s over TLS, 128 KiB at a time), "raw-whole" (the same by one send),
 * "raw-fd" (the same, read from the file).
 */
#include "driver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WINDOW 65536
#define PIECE  131072
#define RECORD 16384

struct connection {
	int fd;
	gnutls_session_t tls;
	char replies[4096];
	size_t replies_len;
};

static struct {
	bool bdat;
	bool cross;
	bool resume;
	bool gather;
} mode;

static gnutls_certificate_credentials_t trust;
static gnutls_priority_t priorities;
static gnutls_datum_t ticket;

static char out[2 * PIECE];
static size_t out_len;

static char mail[128];

/* With "gather": records that wait for others. */
static char records[1 << 18];
static size_t records_len;
static bool gathering;

static void
send_octets(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);

		if (sent <= 0)
			driver_fail("send", strerror(errno));
		data += sent;
		len -= (size_t)sent;
	}
}

static void
send_records(int fd)
{
	send_octets(fd, records, records_len);
	records_len = 0;
}

static ssize_t
gather(gnutls_transport_ptr_t pointer, const giovec_t *vector, int count)
{
	ssize_t sum = 0;
	int i;

	for (i = 0; i < count; i++) {
		memcpy(records + records_len, vector[i].iov_base,
		       vector[i].iov_len);
		records_len += vector[i].iov_len;
		sum += (ssize_t)vector[i].iov_len;
	}
	if (!gathering)
		send_records((int)(intptr_t)pointer);
	return sum;
}

static void
send_tls(struct connection *connection, const char *data, size_t len)
{
	gathering = mode.gather;
	while (len > 0) {
		ssize_t sent = gnutls_record_send(connection->tls, data, len);

		if (sent <= 0)
			driver_fail("send", gnutls_strerror((int)sent));
		data += sent;
		len -= (size_t)sent;
		if (records_len > sizeof(records) - RECORD - 1024)
			send_records(connection->fd);
	}
	if (records_len > 0)
		send_records(connection->fd);
	gathering = false;
}

static void
send_all(struct connection *connection, const char *data, size_t len)
{
	if (connection->tls != NULL)
		send_tls(connection, data, len);
	else
		send_octets(connection->fd, data, len);
}

static void
flush(struct connection *connection)
{
	send_all(connection, out, out_len);
	out_len = 0;
}

static void
put(struct connection *connection, const void *data, size_t len)
{
	if (out_len + len > sizeof(out))
		flush(connection);
	if (len > sizeof(out)) {
		send_all(connection, data, len);
		return;
	}
	memcpy(out + out_len, data, len);
	out_len += len;
}

static void
put_text(struct connection *connection, const char *text)
{
	put(connection, text, strlen(text));
}

/* More of the replies. */
static void
receive(struct connection *connection)
{
	char *room = connection->replies + connection->replies_len;
	size_t size = sizeof(connection->replies) - connection->replies_len;
	ssize_t got;

	do {
		got = connection->tls != NULL
			  ? gnutls_record_recv(connection->tls, room, size)
			  : recv(connection->fd, room, size, 0);
	} while (got == GNUTLS_E_AGAIN);
	if (got <= 0)
		driver_fail("recv", "the connection has ended");
	connection->replies_len += (size_t)got;
}

/* Sends what waits, and takes so many replies, none of which may be bad. */
static void
await(struct connection *connection, int count)
{
	flush(connection);
	while (count > 0) {
		char *at = connection->replies;
		char *end = at + connection->replies_len;
		char *lf;

		while (count > 0 &&
		       (lf = memchr(at, '\n', (size_t)(end - at))) != NULL) {
			if (*at != '2' && *at != '3')
				driver_fail("reply", at);
			count -= at[3] != '-';
			at = lf + 1;
		}
		connection->replies_len = (size_t)(end - at);
		memmove(connection->replies, at, connection->replies_len);
		if (count > 0)
			receive(connection);
	}
}

/* A resumed session is verified, too: its certificate is remembered. */
static void
verify(struct connection *connection)
{
	unsigned int problems;

	if (gnutls_certificate_verify_peers3(connection->tls, settings.host,
					     &problems) < 0 ||
	    problems != 0)
		driver_fail("certificate", "not trusted");
}

static void
shake_hands(struct connection *connection)
{
	int result;

	gnutls_init(&connection->tls, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);
	gnutls_priority_set(connection->tls, priorities);
	gnutls_credentials_set(connection->tls, GNUTLS_CRD_CERTIFICATE, trust);
	gnutls_transport_set_int(connection->tls, connection->fd);
	if (mode.gather)
		gnutls_transport_set_vec_push_function(connection->tls, gather);
	if (ticket.data != NULL)
		gnutls_session_set_data(connection->tls, ticket.data,
					ticket.size);
	do
		result = gnutls_handshake(connection->tls);
	while (result < 0 && !gnutls_error_is_fatal(result));
	if (result < 0)
		driver_fail("handshake", gnutls_strerror(result));
	verify(connection);
}

static void
dial(struct connection *connection)
{
	struct sockaddr_in name = { .sin_family = AF_INET };
	int one = 1;

	memset(connection, 0, sizeof(*connection));
	name.sin_port = htons((uint16_t)settings.port);
	if (inet_pton(AF_INET, settings.host, &name.sin_addr) != 1)
		driver_fail(settings.host, "is no address");
	connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(connection->fd, (struct sockaddr *)&name, sizeof(name)) !=
	    0)
		driver_fail("connect", strerror(errno));
}

static void
open_session(struct connection *connection)
{
	static const char ehlo[] = "EHLO " CLIENT_DOMAIN "\r\n";

	dial(connection);
	if (settings.implicit)
		shake_hands(connection);
	await(connection, 1);
	put_text(connection, ehlo);
	await(connection, 1);
	if (!settings.tls)
		return;
	if (!settings.implicit) {
		put_text(connection, "STARTTLS\r\n");
		await(connection, 1);
		shake_hands(connection);
		put_text(connection, ehlo);
		await(connection, 1);
	}
	/* NUL test NUL secret */
	put_text(connection, "AUTH PLAIN AHRlc3QAc2VjcmV0\r\n");
	await(connection, 1);
}

static void
close_session(struct connection *connection)
{
	put_text(connection, "QUIT\r\n");
	await(connection, 1);
	if (connection->tls != NULL) {
		if (mode.resume && ticket.data == NULL)
			gnutls_session_get_data2(connection->tls, &ticket);
		gnutls_bye(connection->tls, GNUTLS_SHUT_WR);
		gnutls_deinit(connection->tls);
	}
	close(connection->fd);
}

static void
put_stuffed(struct connection *connection, const char *data, size_t len)
{
	const char *end = data + len;
	const char *from = data;
	const char *at = data;

	if (len > 0 && *data == '.')
		put(connection, ".", 1);
	while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		if (++at == end)
			break;
		if (*at != '.')
			continue;
		put(connection, from, (size_t)(at - from));
		put(connection, ".", 1);
		from = at;
	}
	put(connection, from, (size_t)(end - from));
	put(connection, ".\r\n", 3);
}

/* The envelope; returns how many replies it will have. */
static int
put_envelope(struct connection *connection)
{
	char line[128];
	char name[NAME_SIZE];
	int i;

	put_text(connection, mail);
	for (i = 0; i < settings.recipients; i++) {
		snprintf(line, sizeof(line), "RCPT TO:<%s>\r\n",
			 driver_recipient(name, i));
		put_text(connection, line);
	}
	return 1 + settings.recipients;
}

/* One message; returns how many replies are still to come. */
static int
put_message(struct connection *connection, const char *data, size_t len)
{
	int waiting = put_envelope(connection);
	char line[64];

	if (mode.bdat) {
		snprintf(line, sizeof(line), "BDAT %zu LAST\r\n", len);
		put_text(connection, line);
		put(connection, data, len);
		return waiting + 1;
	}
	put_text(connection, "DATA\r\n");
	await(connection, waiting + 1);
	put_stuffed(connection, data, len);
	return 1;
}

static void
send_apart(const char *data, size_t len)
{
	struct connection connection;
	int first = settings.messages - driver_counted();
	int i;

	driver_opening();
	for (i = 0; i < settings.messages; i++) {
		if (i == first)
			driver_sending();
		open_session(&connection);
		await(&connection, put_message(&connection, data, len));
		close_session(&connection);
	}
	driver_sent();
	driver_closed();
}

static void
send_together(const char *data, size_t len)
{
	struct connection connection;
	int first = settings.messages - driver_counted();
	size_t flight = 0;
	int waiting = 0;
	int i;

	driver_opening();
	open_session(&connection);
	for (i = 0; i < settings.messages; i++) {
		if (i == first)
			driver_sending();
		waiting += put_message(&connection, data, len);
		flight += len;
		if (mode.cross && flight < WINDOW && i + 1 < settings.messages)
			continue;
		await(&connection, waiting);
		waiting = 0;
		flight = 0;
	}
	driver_sent();
	close_session(&connection);
	driver_closed();
}

static void
send_file(struct connection *connection)
{
	int fd = open(settings.file, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		driver_fail(settings.file, strerror(errno));
	while ((got = read(fd, out, PIECE)) > 0)
		send_all(connection, out, (size_t)got);
	close(fd);
}

static void
send_pieces(struct connection *connection, const char *data, size_t len)
{
	size_t size = driver_has("raw-whole") ? len : PIECE;

	for (; len > size; len -= size, data += size)
		send_all(connection, data, size);
	send_all(connection, data, len);
}

/* The sink gets all there is, and hangs up when it sees the end. */
static void
send_raw(const char *data, size_t len)
{
	int first = settings.messages - driver_counted();
	struct connection connection;
	char end[256];
	int i;

	dial(&connection);
	if (settings.tls)
		shake_hands(&connection);
	for (i = 0; i < settings.messages; i++) {
		if (i == first)
			driver_sending();
		if (data == NULL)
			send_file(&connection);
		else
			send_pieces(&connection, data, len);
	}
	driver_sent();
	shutdown(connection.fd, SHUT_WR);
	while (recv(connection.fd, end, sizeof(end), 0) > 0)
		;
	close(connection.fd);
}

static void
set_trust(void)
{
	gnutls_certificate_allocate_credentials(&trust);
	gnutls_priority_init(&priorities, "NORMAL", NULL);
	if (settings.system_trust &&
	    gnutls_certificate_set_x509_system_trust(trust) <= 0)
		driver_fail("trust", "no authorities of the system's");
	if (gnutls_certificate_set_x509_trust_file(trust, settings.ca,
						   GNUTLS_X509_FMT_PEM) <= 0)
		driver_fail(settings.ca, "no certificates");
}

static void
idle(void)
{
	struct connection connection;
	size_t heap = 0;
	int i;

	for (i = 0; i < settings.idle; i++) {
		open_session(&connection);
		if (i == 0)
			heap = driver_heap();
	}
	driver_report_idle(heap);
}

static void
set_mode(void)
{
	mode.cross = driver_has("cross");
	mode.bdat = mode.cross || driver_has("bdat");
	mode.resume = driver_has("resume");
	mode.gather = driver_has("gather");
}

int
main(int argc, char **argv)
{
	bool from_file;
	char *data = NULL;
	size_t len;

	driver_options(argc, argv);
	set_mode();
	from_file = driver_has("raw-fd");
	if (settings.tls)
		set_trust();
	if (settings.idle > 0)
		idle();
	if (settings.idle > 0 || settings.messages == 0)
		return 0;
	len = driver_size();
	snprintf(mail, sizeof(mail), "MAIL FROM:<" SENDER "> SIZE=%zu\r\n",
		 len);
	if (!from_file)
		data = driver_load(&len);
	if (from_file || driver_has("raw") || driver_has("raw-whole"))
		send_raw(data, len);
	else if (settings.fresh)
		send_apart(data, len);
	else
		send_together(data, len);
	return 0;
}

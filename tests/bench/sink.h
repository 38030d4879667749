/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The server that clients are measured against: it takes mail, counts what
 * came, and keeps nothing.
 */
#ifndef SMTPC_BENCH_SINK_H
#define SMTPC_BENCH_SINK_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sink_port {
	SINK_SMTP,
	SINK_SMTPS,
	SINK_DISCARD,
	SINK_DISCARD_TLS,
	SINK_CONTROL,
	SINK_PORTS
};

enum sink_mode {
	SINK_COMMANDS,
	SINK_AUTH,
	SINK_DATA,
	SINK_BDAT,
	SINK_IGNORE
};

struct octets {
	char *data;
	size_t len;
	size_t size;
};

struct sink_connection {
	enum sink_port port;
	enum sink_mode mode;
	int fd;
	bool is_listener;
	bool handshaking;
	bool start_tls;
	bool closing;
	bool wants_write;
	bool has_sent; /* since something was read last */
	bool last_chunk;
	int delayed; /* pieces that wait for their time */
	int recipients;
	gnutls_session_t tls;
	const char *records; /* what GnuTLS has not taken yet */
	size_t records_len;
	struct octets replies; /* as text */
	struct octets out;     /* as they go out */
	struct octets unsent;  /* what the socket did not take */
	char line[4096];
	size_t line_len;
	char tail[4]; /* the last octets of the content */
	uint64_t chunk_left;
};

/*
 * What was seen.  A read is a recv() that brought something; a flight is a
 * read after the server had sent something: a round trip of the client's.
 */
struct sink_counters {
	unsigned long connections;
	unsigned long messages;
	unsigned long recipients;
	unsigned long commands;
	unsigned long octets; /* of content, its end included */
	unsigned long wire;
	unsigned long reads;
	unsigned long flights;
	unsigned long auths;
	unsigned long chunks;
	unsigned long full; /* handshakes */
	unsigned long resumed;
};

extern struct sink_counters sink_counters;

/* Extensions that are not offered: comma-separated words. */
extern const char *sink_without;

_Noreturn void sink_die(const char *what);

void octets_add(struct octets *octets, const void *data, size_t len);

/* Sends what is in out, now or after the delay. */
void sink_push(struct sink_connection *connection);

/* The protocol: the greeting, and octets that have come. */
void sink_greet(struct sink_connection *connection);
void sink_input(struct sink_connection *connection, const char *data,
		size_t len);

/* TLS. */
void sink_tls_load(const char *certificate, const char *key);
bool sink_tls_is_there(void);
void sink_tls_begin(struct sink_connection *connection);

/* Takes records, and gives what is in them to sink_input(). */
void sink_tls_take(struct sink_connection *connection, const char *data,
		   size_t len);

/* Moves the replies to out, as records where there is TLS. */
void sink_flush(struct sink_connection *connection);

#endif

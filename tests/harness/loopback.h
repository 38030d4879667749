/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of smtpc-loopback share: the options and the server. */
#ifndef HARNESS_LOOPBACK_H
#define HARNESS_LOOPBACK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <gnutls/gnutls.h>

#define LOOPBACK_HOST "localhost"

/* Announced and enforced; RFC 5321, 4.5.3.1.8 asks for at least 100. */
#define LOOPBACK_RECIPIENTS_MAX 100

struct loopback_options {
	const char *directory; /* absolute */
	char *path;	       /* the same, allocated */
	const char *certificate;
	const char *mechanisms;
	const char *tls_priority;
	const char *greeting; /* this and the next three: or NULL */
	const char *tokens;   /* a file */
	const char *bad_token;
	const char *password_refusal;
	bool pipelining;
	bool eight_bit;
	bool plaintext_auth;
	bool watch_stdin;
	bool help;
	bool refuse_starttls;
	bool drop_after_dot;
	long drop_in_content; /* octets; -1: never */
	long size_limit;
	long slow_banner; /* milliseconds */
	long idle;	  /* seconds */
	long lifetime;	  /* seconds */
};

/* Ready before the first connection; each connection's process has a copy. */
struct loopback_server {
	struct loopback_options options;
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	gnutls_datum_t ticket_key;
	/* The number of messages taken: in memory that all processes share. */
	atomic_uint *messages;
};

struct loopback_user {
	const char *name;	/* as authentication identity */
	const char *local_part; /* as recipient, at the domain below */
	const char *password;
	const char *token;
};

#define LOOPBACK_DOMAIN "example.test"

/* Ends with a name of NULL. */
extern const struct loopback_user loopback_users[];

/* The arguments end with NULL.  0, or -1 after a complaint on stderr. */
int
options_parse(struct loopback_options *options, char **arguments);

#endif

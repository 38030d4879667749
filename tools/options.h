/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "progress.h"
#include "url.h"

#define FINGERPRINT_LEN 64
#define PINS_MAX	16

/* Strings are the caller's, NULL where an option was not given. */
struct options {
	const char *server;
	const char *sender;
	const char *user;
	const char *password_file;
	const char *password_fd;
	const char *password_environment;
	const char *token_file;
	const char *token_fd;
	const char *token_environment;
	const char *authzid;
	const char *auth_attempts;
	const char *channel_binding;
	const char *scram_iterations;
	const char *tls;
	const char *tls_minimum;
	const char *tls_priority;
	const char *ca_file;
	const char *ca_directory;
	const char *verify_name;
	const char *accept;
	const char *mechanisms;
	const char *client_domain;
	const char *accept_certificate;
	const char *certificate; /* the client's own */
	const char *key;
	const char *pkcs12;
	const char *key_password_file;
	const char *key_password_environment;
	const char *timeout;
	const char *subject;
	const char *text;

	int no_pipelining;
	int all_or_none;
	int plaintext_auth;
	int trace;
	int probe;
	int from_header; /* -t */
	int quiet;
	int progress;
	int help;
	int version;

	const char *pins[PINS_MAX]; /* as they were given */
	size_t pin_count;	    /* may be more than there is room for */

	char *const *recipients;
	size_t recipient_count;

	/* What the strings above mean. */
	struct url url;
	int tls_mode;
	int tls_minimum_version;	       /* or 0 */
	uint32_t exceptions;		       /* SMTPC_CERTIFICATE_... flags */
	int secret_fd;			       /* of the password */
	int bearer_fd;			       /* of the token */
	int attempts;			       /* or 0 */
	int binding;			       /* SMTPC_CHANNEL_BINDING_... */
	int iterations;			       /* or 0 */
	int64_t timeout_ms;		       /* or SMTPC_FOREVER */
	char fingerprint[FINGERPRINT_LEN + 1]; /* lower case, or "" */
	char pin_digits[PINS_MAX][FINGERPRINT_LEN + 1];
	enum progress_wish progress_wish;
};

/* 0, or an exit code after the complaint. */
int options_parse(struct options *options, int argc, char **argv);

/* What --help prints. */
extern const char options_help[];

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "progress.h"
#include "url.h"

#define FINGERPRINT_LEN 64

/* Strings are the caller's, NULL where an option was not given. */
struct options {
	const char *server;
	const char *sender;
	const char *user;
	const char *password_file;
	const char *password_fd;
	const char *password_environment;
	const char *tls;
	const char *ca_file;
	const char *mechanisms;
	const char *client_domain;
	const char *accept_certificate;
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

	char *const *recipients;
	size_t recipient_count;

	/* What the strings above mean. */
	struct url url;
	int tls_mode;
	int secret_fd;
	int64_t timeout_ms;		       /* or SMTPC_FOREVER */
	char fingerprint[FINGERPRINT_LEN + 1]; /* lower case, or "" */
	enum progress_wish progress_wish;
};

/* 0, or an exit code after the complaint. */
int options_parse(struct options *options, int argc, char **argv);

/* What --help prints. */
extern const char options_help[];

#endif

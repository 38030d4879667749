/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of smtpc-loopback. */
#include "loopback.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "loopback_auth.h"

static const char usage[] =
    "usage: smtpc-loopback --directory DIR [OPTION...]\n"
    "\n"
    "An SMTP server for tests, on 127.0.0.1 and on DIR/socket.  It picks\n"
    "free ports, writes them into DIR/env, prints \"ready\", and serves until\n"
    "SIGTERM.\n"
    "\n"
    "  --certificate NAME       kind of the server's certificate (server)\n"
    "  --mechanisms \"LIST\"      SASL mechanisms to offer, instead of\n"
    "    " AUTH_MECHANISMS "\n"
    "                           (OAUTHBEARER and XOAUTH2: only if named)\n"
    "  --plaintext-auth         offer PLAIN, LOGIN, OAUTHBEARER and XOAUTH2\n"
    "                           without TLS, too\n"
    "  --tokens FILE            the bearer tokens, instead of those built in;\n"
    "                           lines of TOKEN USER [ANSWER]\n"
    "  --tls-priority STRING    GnuTLS priority string\n"
    "  --no-pipelining          do not offer PIPELINING, and refuse it\n"
    "  --no-8bitmime            do not offer 8BITMIME\n"
    "  --size OCTETS            largest message (10485760)\n"
    "  --idle SECONDS           close idle connections after that (60)\n"
    "  --lifetime SECONDS       end after that in any case (600)\n"
    "  --stdin                  end when standard input ends\n"
    "\n"
    "Faults:\n"
    "  --greeting LINES         greet with this instead of 220\n"
    "  --slow-banner MS         wait before the greeting\n"
    "  --refuse-starttls        answer 454 to STARTTLS\n"
    "  --bad-token ANSWER       to a token that is not known: a reply, or the\n"
    "                           status of an error in JSON\n"
    "  --password-refusal REPLY the answer to any password, good or bad\n"
    "  --drop-in-content OCTETS close when so much of a content was read\n"
    "  --drop-after-dot         deliver, then close without a reply\n";

enum kind {
	KIND_TEXT,
	KIND_NUMBER,
	KIND_ON,  /* a switch that makes something true */
	KIND_OFF, /* or false */
};

struct known_option {
	const char *name;
	enum kind kind;
	size_t offset; /* in struct loopback_options */
};

#define AT(field) offsetof(struct loopback_options, field)

static const struct known_option known_options[] = {
	{ "--directory", KIND_TEXT, AT(directory) },
	{ "--certificate", KIND_TEXT, AT(certificate) },
	{ "--mechanisms", KIND_TEXT, AT(mechanisms) },
	{ "--tls-priority", KIND_TEXT, AT(tls_priority) },
	{ "--greeting", KIND_TEXT, AT(greeting) },
	{ "--tokens", KIND_TEXT, AT(tokens) },
	{ "--bad-token", KIND_TEXT, AT(bad_token) },
	{ "--password-refusal", KIND_TEXT, AT(password_refusal) },
	{ "--size", KIND_NUMBER, AT(size_limit) },
	{ "--idle", KIND_NUMBER, AT(idle) },
	{ "--lifetime", KIND_NUMBER, AT(lifetime) },
	{ "--slow-banner", KIND_NUMBER, AT(slow_banner) },
	{ "--drop-in-content", KIND_NUMBER, AT(drop_in_content) },
	{ "--plaintext-auth", KIND_ON, AT(plaintext_auth) },
	{ "--stdin", KIND_ON, AT(watch_stdin) },
	{ "--refuse-starttls", KIND_ON, AT(refuse_starttls) },
	{ "--drop-after-dot", KIND_ON, AT(drop_after_dot) },
	{ "--help", KIND_ON, AT(help) },
	{ "--no-pipelining", KIND_OFF, AT(pipelining) },
	{ "--no-8bitmime", KIND_OFF, AT(eight_bit) },
};

/* A count between 0 and 10^8, which leaves room for milliseconds. */
static int
parse_number(const char *text, long *ret_number)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || number < 0 ||
	    number > 100000000) {
		fprintf(stderr, "smtpc-loopback: not a number in range: %s\n",
			text);
		return -1;
	}
	*ret_number = number;
	return 0;
}

static int
take_option(struct loopback_options *options, const struct known_option *known,
	    const char *value)
{
	void *place;

	place = (char *)options + known->offset;
	switch (known->kind) {
	case KIND_TEXT:
		*(const char **)place = value;
		return 0;
	case KIND_NUMBER:
		return parse_number(value, place);
	default:
		*(bool *)place = known->kind == KIND_ON;
		return 0;
	}
}

static int
take_arguments(struct loopback_options *options, char **arguments)
{
	const struct known_option *known;
	size_t i;

	for (; *arguments != NULL; arguments++) {
		known = NULL;
		for (i = 0;
		     i < sizeof(known_options) / sizeof(known_options[0]); i++)
			if (strcmp(known_options[i].name, *arguments) == 0)
				known = &known_options[i];
		if (known != NULL &&
		    (known->kind == KIND_TEXT || known->kind == KIND_NUMBER))
			arguments++;
		if (known == NULL || *arguments == NULL) {
			fputs(usage, stderr);
			return -1;
		}
		if (take_option(options, known, *arguments) < 0)
			return -1;
	}
	return 0;
}

/* It is made if need be, and DIR/env tells about it by its absolute name. */
static int
resolve_directory(struct loopback_options *options)
{
	if (options->directory == NULL) {
		fputs(usage, stderr);
		return -1;
	}
	if (mkdir(options->directory, 0777) == 0 || errno == EEXIST)
		options->path = realpath(options->directory, NULL);
	if (options->path == NULL) {
		fprintf(stderr, "smtpc-loopback: %s: %s\n", options->directory,
			strerror(errno));
		return -1;
	}
	options->directory = options->path;
	return 0;
}

int
options_parse(struct loopback_options *options, char **arguments)
{
	*options = (struct loopback_options){
		.certificate = "server",
		.mechanisms = AUTH_MECHANISMS,
		.tls_priority = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2",
		.pipelining = true,
		.eight_bit = true,
		.drop_in_content = -1,
		.size_limit = 10485760,
		.idle = 60,
		.lifetime = 600,
	};
	if (take_arguments(options, arguments) < 0)
		return -1;
	if (options->help) {
		fputs(usage, stdout);
		return 0;
	}
	return resolve_directory(options);
}

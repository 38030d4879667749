/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line. */
#include "options.h"

#include <getopt.h>
#include <smtpc/smtpc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "exit.h"
#include "options_auth.h"
#include "options_tls.h"

const char options_help[] =
    "usage: smtpc [options] RECIPIENT... < message\n"
    "       smtpc [options] --subject TEXT --text TEXT RECIPIENT...\n"
    "       smtpc [options] -t < message\n"
    "       smtpc [options] --probe\n"
    "\n"
    "Where to:\n"
    "  -s, --server URL            smtp://[user@]host[:port], smtps://...,\n"
    "                              smtp+unix:///path; or $SMTPC_SERVER\n"
    "      --client-domain DOMAIN  the name to say in EHLO\n"
    "      --no-pipelining         one command, one reply\n"
    "      --timeout SECONDS       at most so long for each step\n"
    "\n"
    "What:\n"
    "  -f, --sender MAILBOX        the reverse-path; \"\" for none\n"
    "  -t, --recipients-from-header\n"
    "                              take To, Cc and Bcc, too; remove Bcc\n"
    "      --subject TEXT --text TEXT|-\n"
    "                              compose the message\n"
    "      --all-or-none           one refused recipient stops all\n"
    "\n"
    "Who:\n"
    "  -u, --user NAME             the user name\n"
    "      --password-file FILE    the password is the file's first line\n"
    "      --password-fd NUMBER    ... the next line of a descriptor\n"
    "      --password-env NAME     ... an environment variable\n"
    "      --token-file FILE, --token-fd NUMBER, --token-env NAME\n"
    "                              an OAuth bearer token, in the same ways\n"
    "      --authzid NAME          act for somebody else\n"
    "      --mechanisms LIST       the only mechanisms, best first\n"
    "      --auth-attempts NUMBER  say AUTH at most so often (2)\n"
    "      --channel-binding TYPE  auto, none, exporter, unique,\n"
    "                              server-end-point\n"
    "      --scram-iterations NUMBER\n"
    "                              the least that will do for SCRAM (4096)\n"
    "      --plaintext-auth        DANGEROUS: passwords and tokens over\n"
    "                              channels that anybody can read\n"
    "\n"
    "TLS:\n"
    "      --tls MODE              auto, implicit, starttls, opportunistic,\n"
    "                              none\n"
    "      --tls-minimum VERSION   1.0, 1.1, 1.2 (the default) or 1.3\n"
    "      --tls-priority STRING   GnuTLS's priority string, for experts\n"
    "      --ca-file FILE          trust these authorities only\n"
    "      --ca-directory DIR      ... those in the files of a directory\n"
    "      --verify-name NAME      the certificate's name, if not the host's\n"
    "      --pin SHA256            the server's key, whoever certifies it;\n"
    "                              may be repeated\n"
    "      --accept PROBLEM,...    overlook these problems of a certificate,\n"
    "                              by the names that --probe shows\n"
    "      --accept-certificate SHA256\n"
    "                              go on with this very certificate if it\n"
    "                              can't be verified\n"
    "      --certificate FILE      the client's certificate, in PEM, or a\n"
    "                              pkcs11: URL\n"
    "      --key FILE              its key, if that is in another file\n"
    "      --pkcs12 FILE           both from a PKCS#12 file\n"
    "      --key-password-file FILE, --key-password-env NAME\n"
    "                              the password of the key, or the PIN\n"
    "\n"
    "What is shown:\n"
    "      --probe                 what the server offers; sends nothing\n"
    "      --trace                 the dialogue, without secrets\n"
    "      --progress, --quiet     a progress bar always, or never\n"
    "      --version, --help\n";

enum option_value {
	OPTION_FLAG = 0, /* getopt_long() has set it */
	OPTION_PASSWORD_FILE = 256,
	OPTION_PASSWORD_FD,
	OPTION_PASSWORD_ENV,
	OPTION_TOKEN_FILE,
	OPTION_TOKEN_FD,
	OPTION_TOKEN_ENV,
	OPTION_AUTHZID,
	OPTION_AUTH_ATTEMPTS,
	OPTION_CHANNEL_BINDING,
	OPTION_SCRAM_ITERATIONS,
	OPTION_TLS,
	OPTION_TLS_MINIMUM,
	OPTION_TLS_PRIORITY,
	OPTION_CA_FILE,
	OPTION_CA_DIRECTORY,
	OPTION_VERIFY_NAME,
	OPTION_ACCEPT,
	OPTION_PIN,
	OPTION_CERTIFICATE,
	OPTION_KEY,
	OPTION_PKCS12,
	OPTION_KEY_PASSWORD_FILE,
	OPTION_KEY_PASSWORD_ENV,
	OPTION_MECHANISMS,
	OPTION_CLIENT_DOMAIN,
	OPTION_ACCEPT_CERTIFICATE,
	OPTION_TIMEOUT,
	OPTION_SUBJECT,
	OPTION_TEXT
};

static bool
take_string(struct options *options, int value, const char *argument)
{
	const struct {
		int value;
		const char **string;
	} strings[] = {
		{ 's', &options->server },
		{ 'f', &options->sender },
		{ 'u', &options->user },
		{ OPTION_PASSWORD_FILE, &options->password_file },
		{ OPTION_PASSWORD_FD, &options->password_fd },
		{ OPTION_PASSWORD_ENV, &options->password_environment },
		{ OPTION_TOKEN_FILE, &options->token_file },
		{ OPTION_TOKEN_FD, &options->token_fd },
		{ OPTION_TOKEN_ENV, &options->token_environment },
		{ OPTION_AUTHZID, &options->authzid },
		{ OPTION_AUTH_ATTEMPTS, &options->auth_attempts },
		{ OPTION_CHANNEL_BINDING, &options->channel_binding },
		{ OPTION_SCRAM_ITERATIONS, &options->scram_iterations },
		{ OPTION_TLS, &options->tls },
		{ OPTION_TLS_MINIMUM, &options->tls_minimum },
		{ OPTION_TLS_PRIORITY, &options->tls_priority },
		{ OPTION_CA_FILE, &options->ca_file },
		{ OPTION_CA_DIRECTORY, &options->ca_directory },
		{ OPTION_VERIFY_NAME, &options->verify_name },
		{ OPTION_ACCEPT, &options->accept },
		{ OPTION_CERTIFICATE, &options->certificate },
		{ OPTION_KEY, &options->key },
		{ OPTION_PKCS12, &options->pkcs12 },
		{ OPTION_KEY_PASSWORD_FILE, &options->key_password_file },
		{ OPTION_KEY_PASSWORD_ENV, &options->key_password_environment },
		{ OPTION_MECHANISMS, &options->mechanisms },
		{ OPTION_CLIENT_DOMAIN, &options->client_domain },
		{ OPTION_ACCEPT_CERTIFICATE, &options->accept_certificate },
		{ OPTION_TIMEOUT, &options->timeout },
		{ OPTION_SUBJECT, &options->subject },
		{ OPTION_TEXT, &options->text },
	};
	size_t i;

	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		if (strings[i].value == value) {
			*strings[i].string = argument;
			return true;
		}
	}
	return false;
}

/*
 * getopt has the letter of an option that has one.  Of a long one only the
 * name is repeated: behind it there may be a secret, given in vain.
 */
static int
complain_about_option(int value, char **argv)
{
	const char *problem = "takes no argument";
	const char *name = argv[optind - 1];

	if (value == ':')
		problem = "needs an argument";
	else if (optopt == 0 || (optopt > ' ' && optopt < 0x7f))
		problem = "is not known, or several begin like it";

	if (optopt > ' ' && optopt < 0x7f)
		complain("option -%c %s", optopt, problem);
	else
		complain("option %.*s %s", (int)strcspn(name, "="), name,
			 problem);
	return EX_USAGE;
}

static int
read_command_line(struct options *options, int argc, char **argv)
{
	const struct option list[] = {
		{ "server", 1, NULL, 's' },
		{ "sender", 1, NULL, 'f' },
		{ "user", 1, NULL, 'u' },
		{ "password-file", 1, NULL, OPTION_PASSWORD_FILE },
		{ "password-fd", 1, NULL, OPTION_PASSWORD_FD },
		{ "password-env", 1, NULL, OPTION_PASSWORD_ENV },
		{ "token-file", 1, NULL, OPTION_TOKEN_FILE },
		{ "token-fd", 1, NULL, OPTION_TOKEN_FD },
		{ "token-env", 1, NULL, OPTION_TOKEN_ENV },
		{ "authzid", 1, NULL, OPTION_AUTHZID },
		{ "auth-attempts", 1, NULL, OPTION_AUTH_ATTEMPTS },
		{ "channel-binding", 1, NULL, OPTION_CHANNEL_BINDING },
		{ "scram-iterations", 1, NULL, OPTION_SCRAM_ITERATIONS },
		{ "tls", 1, NULL, OPTION_TLS },
		{ "tls-minimum", 1, NULL, OPTION_TLS_MINIMUM },
		{ "tls-priority", 1, NULL, OPTION_TLS_PRIORITY },
		{ "ca-file", 1, NULL, OPTION_CA_FILE },
		{ "ca-directory", 1, NULL, OPTION_CA_DIRECTORY },
		{ "verify-name", 1, NULL, OPTION_VERIFY_NAME },
		{ "accept", 1, NULL, OPTION_ACCEPT },
		{ "pin", 1, NULL, OPTION_PIN },
		{ "certificate", 1, NULL, OPTION_CERTIFICATE },
		{ "key", 1, NULL, OPTION_KEY },
		{ "pkcs12", 1, NULL, OPTION_PKCS12 },
		{ "key-password-file", 1, NULL, OPTION_KEY_PASSWORD_FILE },
		{ "key-password-env", 1, NULL, OPTION_KEY_PASSWORD_ENV },
		{ "mechanisms", 1, NULL, OPTION_MECHANISMS },
		{ "client-domain", 1, NULL, OPTION_CLIENT_DOMAIN },
		{ "accept-certificate", 1, NULL, OPTION_ACCEPT_CERTIFICATE },
		{ "timeout", 1, NULL, OPTION_TIMEOUT },
		{ "subject", 1, NULL, OPTION_SUBJECT },
		{ "text", 1, NULL, OPTION_TEXT },
		{ "no-pipelining", 0, &options->no_pipelining, 1 },
		{ "all-or-none", 0, &options->all_or_none, 1 },
		{ "plaintext-auth", 0, &options->plaintext_auth, 1 },
		{ "trace", 0, &options->trace, 1 },
		{ "probe", 0, &options->probe, 1 },
		{ "recipients-from-header", 0, &options->from_header, 1 },
		{ "quiet", 0, &options->quiet, 1 },
		{ "progress", 0, &options->progress, 1 },
		{ "help", 0, &options->help, 1 },
		{ "version", 0, &options->version, 1 },
		{ NULL, 0, NULL, 0 },
	};
	int value;

	opterr = 0;
	while ((value = getopt_long(argc, argv, ":s:f:u:t", list, NULL)) !=
	       -1) {
		if (value == 't')
			options->from_header = 1;
		else if (value == OPTION_PIN)
			options_add_pin(options, optarg);
		else if (value != OPTION_FLAG &&
			 !take_string(options, value, optarg))
			return complain_about_option(value, argv);
	}
	options->recipients = argv + optind;
	options->recipient_count = (size_t)(argc - optind);
	return EX_OK;
}

static int
parse_server(struct options *options)
{
	const char *from = "--server";
	const char *wrong;

	if (options->server == NULL) {
		options->server = getenv("SMTPC_SERVER");
		from = "SMTPC_SERVER";
	}
	if (options->server == NULL || options->server[0] == '\0') {
		complain("no server: name it with --server or in SMTPC_SERVER");
		return EX_USAGE;
	}
	wrong = url_parse(options->server, &options->url);
	if (wrong != NULL) {
		/* What is wrong may be a password: it is not repeated. */
		complain("%s: not a good URL: %s", from, wrong);
		return EX_USAGE;
	}
	if (url_lacks_zone(&options->url)) {
		complain("%s: %s is an address of one link only: name the "
			 "interface, as in [%s%%25eth0]",
			 from, options->url.host, options->url.host);
		return EX_NOHOST;
	}
	if (options->user == NULL && options->url.user[0] != '\0')
		options->user = options->url.user;
	return EX_OK;
}

static int
parse_timeout(struct options *options)
{
	long number;

	options->timeout_ms = SMTPC_FOREVER;
	if (options->timeout != NULL) {
		if (!options_number(options->timeout, 1, 1000000, &number)) {
			complain("--timeout %s: not a number of seconds from "
				 "1 to 1000000",
				 options->timeout);
			return EX_USAGE;
		}
		options->timeout_ms = (int64_t)number * 1000;
	}
	return EX_OK;
}

/* A user name that looks like a mailbox is the sender's if none is given. */
static int
check_sender(struct options *options)
{
	if (options->sender == NULL && options->user != NULL &&
	    strchr(options->user, '@') != NULL)
		options->sender = options->user;
	if (options->sender == NULL && !options->probe) {
		complain("no sender: name it with --sender");
		return EX_USAGE;
	}
	return EX_OK;
}

static const char *
contradiction_of_probe(const struct options *options)
{
	if (options->recipient_count > 0 || options->from_header ||
	    options->text != NULL || options->subject != NULL)
		return "--probe sends nothing: no recipient and no message may "
		       "be given";
	return NULL;
}

static const char *
contradiction(const struct options *options)
{
	if (options->quiet && options->progress)
		return "--quiet contradicts --progress";
	if (options->probe)
		return contradiction_of_probe(options);
	if (options->text != NULL && options->from_header)
		return "--text composes a message, whose recipients are "
		       "arguments: -t can't be used with it";
	if (options->subject != NULL && options->text == NULL)
		return "--subject needs --text (--text - reads it from "
		       "standard input)";
	if (options->recipient_count == 0 && !options->from_header)
		return "no recipient";
	return NULL;
}

static int
check_contradictions(struct options *options)
{
	const char *wrong = contradiction(options);

	if (wrong != NULL) {
		complain("%s", wrong);
		return EX_USAGE;
	}
	if (options->progress)
		options->progress_wish = PROGRESS_ALWAYS;
	else if (options->quiet || options->trace)
		options->progress_wish = PROGRESS_NEVER;
	return EX_OK;
}

int
options_parse(struct options *options, int argc, char **argv)
{
	int rc;

	memset(options, 0, sizeof(*options));
	rc = read_command_line(options, argc, argv);
	if (rc != EX_OK || options->help || options->version)
		return rc;

	rc = parse_server(options);
	if (rc == EX_OK)
		rc = options_parse_tls(options);
	if (rc == EX_OK)
		rc = parse_timeout(options);
	if (rc == EX_OK)
		rc = options_parse_auth(options);
	if (rc == EX_OK)
		rc = check_sender(options);
	if (rc == EX_OK)
		rc = check_contradictions(options);
	return rc;
}

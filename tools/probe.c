/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --probe: what a server offers, before and after TLS. */
#include "probe.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "date.h"
#include "dialogue.h"
#include "exit.h"
#include "octet.h"
#include "options.h"
#include "probe_auth.h"
#include "problem.h"

/* What a server says may hold anything: printable ASCII stays as it is. */
static void
print_octets(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (octet_is_control(s[i]) || !octet_is_ascii(s[i]))
			printf("\\x%02X", (unsigned char)s[i]);
		else
			putchar(s[i]);
	}
}

static void
print_string(const char *s)
{
	if (s != NULL)
		print_octets(s, strlen(s));
}

static void
print_greeting(const smtpc_session *session)
{
	const smtpc_reply *greeting = smtpc_session_greeting(session);
	const char *text;
	size_t i, len;

	printf("Server: ");
	print_string(smtpc_session_peer_address(session));
	printf("\nGreeting:\n");
	if (greeting == NULL)
		return;
	for (i = 0; i < smtpc_reply_line_count(greeting); i++) {
		if (smtpc_reply_line(greeting, i, &text, &len) != SMTPC_OK)
			break;
		printf("  %d ", smtpc_reply_code(greeting));
		print_octets(text, len);
		putchar('\n');
	}
}

static void
print_extensions(const smtpc_session *session)
{
	size_t count = smtpc_session_extension_count(session);
	const char *keyword;
	const char *parameters;
	size_t i;

	printf("Extensions %s TLS:\n",
	       smtpc_session_tls_version(session) != NULL ? "with" : "without");
	if (count == 0)
		printf("  none\n");
	for (i = 0; i < count; i++) {
		if (smtpc_session_extension_at(session, i, &keyword,
					       &parameters) != SMTPC_OK)
			break;
		printf("  ");
		print_string(keyword);
		if (parameters[0] != '\0') {
			putchar(' ');
			print_string(parameters);
		}
		putchar('\n');
	}
}

static void
print_certificate(const smtpc_session *session, size_t index)
{
	char date[DATE_SIZE];
	int64_t from, until;

	printf("Certificate %zu:\n  subject     ", index);
	print_string(smtpc_session_certificate_subject(session, index));
	printf("\n  issuer      ");
	print_string(smtpc_session_certificate_issuer(session, index));
	if (smtpc_session_certificate_validity(session, index, &from, &until) ==
	    SMTPC_OK) {
		date_for_people(date, from);
		printf("\n  valid from  %s", date);
		date_for_people(date, until);
		printf("\n  valid until %s", date);
	}
	printf("\n  SHA-256     ");
	print_string(smtpc_session_certificate_sha256(session, index));
	printf("\n  key SHA-256 ");
	print_string(smtpc_session_certificate_spki_sha256(session, index));
	putchar('\n');
}

static const char *
trust_word(int trust)
{
	static const struct {
		int trust;
		const char *word;
	} words[] = {
		{ SMTPC_TRUST_VERIFIED, "verified" },
		{ SMTPC_TRUST_PINNED, "pinned" },
		{ SMTPC_TRUST_EXCEPTED, "with exceptions" },
		{ SMTPC_TRUST_ACCEPTED, "accepted" },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (words[i].trust == trust)
			return words[i].word;
	}
	return "none";
}

/* Whether all is well with the certificate, or well enough. */
static bool
print_trust(const smtpc_session *session)
{
	uint32_t problems = smtpc_session_certificate_problems(session);
	int trust = smtpc_session_tls_trust(session);
	uint32_t flag;

	printf("  trust       %s\n", trust_word(trust));
	for (flag = 1; flag != 0; flag <<= 1) {
		if (problems & flag)
			printf("  problem     %s: %s\n", problem_name(flag),
			       smtpc_certificate_problem_text(flag));
	}
	printf("  pin         ");
	print_string(smtpc_session_certificate_spki_sha256(session, 0));
	putchar('\n');
	return trust != SMTPC_TRUST_NONE;
}

static bool
print_tls(const smtpc_session *session)
{
	size_t count = smtpc_session_certificate_count(session);
	size_t i;
	bool trusted;

	printf("TLS:\n  version     ");
	print_string(smtpc_session_tls_version(session));
	printf("\n  cipher      ");
	print_string(smtpc_session_tls_cipher(session));
	putchar('\n');
	trusted = print_trust(session);
	for (i = 0; i < count; i++)
		print_certificate(session, i);
	return trusted;
}

/*
 * A certificate is looked at, good or bad: nothing but EHLO and QUIT will
 * follow it.  The result is that of the step.
 */
static int
look_at_tls(smtpc_session *session, int rc, bool *ret_trusted)
{
	if (rc != SMTPC_OK && rc != SMTPC_E_CERTIFICATE)
		return rc;
	if (smtpc_session_tls_version(session) == NULL)
		return rc;
	*ret_trusted = print_tls(session);
	if (rc == SMTPC_E_CERTIFICATE)
		rc = smtpc_accept_certificate(session);
	return rc;
}

static int
look_at_extensions(smtpc_session *session)
{
	int rc;

	rc = smtpc_ehlo(session);
	if (rc == SMTPC_OK)
		print_extensions(session);
	return rc;
}

static bool
wants_starttls(const smtpc_session *session, const struct options *options)
{
	if (smtpc_session_tls_version(session) != NULL ||
	    options->tls_mode == SMTPC_TLS_NONE)
		return false;
	/* Asked for by name, its absence is the library's to complain of. */
	return options->tls_mode == SMTPC_TLS_STARTTLS ||
	       smtpc_session_extension(session, "STARTTLS") != NULL;
}

static int
look_at_all(smtpc_session *session, const struct options *options,
	    bool *ret_trusted)
{
	int rc;

	rc = dialogue_connect(session, options);
	rc = look_at_tls(session, rc, ret_trusted);
	if (rc != SMTPC_OK)
		return rc;
	print_greeting(session);
	rc = look_at_extensions(session);
	if (rc != SMTPC_OK)
		return rc;

	if (wants_starttls(session, options)) {
		rc = smtpc_starttls(session);
		rc = look_at_tls(session, rc, ret_trusted);
		if (rc == SMTPC_OK)
			rc = look_at_extensions(session);
	} else if (smtpc_session_tls_version(session) == NULL) {
		printf("TLS:\n  not %s\n", options->tls_mode == SMTPC_TLS_NONE
					       ? "asked for"
					       : "offered");
	}
	if (rc == SMTPC_OK)
		probe_auth(session);
	return rc;
}

/* Up to where TLS is up once more. */
static int
connect_again(smtpc_session *session, const struct options *options)
{
	int rc;

	rc = dialogue_connect(session, options);
	if (rc != SMTPC_OK || smtpc_session_tls_version(session) != NULL)
		return rc;
	rc = smtpc_ehlo(session);
	return rc == SMTPC_OK ? smtpc_starttls(session) : rc;
}

/*
 * Whether the server resumes a TLS session is seen from a second connection
 * only.  That it fails is shown, and changes nothing.
 */
static void
look_at_resumption(smtpc_session *session, const struct options *options)
{
	int rc;

	smtpc_quit(session);
	rc = connect_again(session, options);
	printf("Second connection:\n  resumed     ");
	if (rc == SMTPC_OK) {
		puts(smtpc_session_tls_is_resumed(session) ? "yes" : "no");
	} else {
		printf("not known: ");
		print_string(smtpc_error_message(session));
		putchar('\n');
	}
	fflush(stdout);
}

/* What is trusted by exception is never resumed. */
static bool
may_be_resumed(const smtpc_session *session)
{
	int trust = smtpc_session_tls_trust(session);

	return trust == SMTPC_TRUST_VERIFIED || trust == SMTPC_TRUST_PINNED;
}

int
probe(smtpc_session *session, const struct options *options)
{
	bool trusted = true;
	int rc;

	rc = look_at_all(session, options, &trusted);
	/* First what was seen, then why there is no more. */
	fflush(stdout);
	if (rc != SMTPC_OK)
		return exit_with_error(session);
	if (may_be_resumed(session))
		look_at_resumption(session, options);
	smtpc_quit(session);
	if (!trusted) {
		complain("the server's certificate can't be trusted");
		return EX_NOPERM;
	}
	if (ferror(stdout)) {
		complain("standard output could not be written");
		return EX_IOERR;
	}
	return EX_OK;
}

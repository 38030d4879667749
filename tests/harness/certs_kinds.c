/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ready-made certificates, and the factory that makes each of them once. */
#include "certs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY (24 * 3600L)

#define SENT_MAX 4

/*
 * So many names are more than GnuTLS takes for one message of a handshake, but
 * not more than it sends; so many fit.
 */
#define MANY 15000
#define SOME 2000

static const struct certificate_name server_names[] = {
	{ GNUTLS_SAN_DNSNAME, "localhost" },
	{ GNUTLS_SAN_DNSNAME, "mx.example.test" },
	{ GNUTLS_SAN_IPADDRESS, "127.0.0.1" },
	{ GNUTLS_SAN_IPADDRESS, "::1" },
	{ GNUTLS_SAN_DNSNAME, NULL },
};

static const struct certificate_name wrong_names[] = {
	{ GNUTLS_SAN_DNSNAME, "wrong.invalid" },
	{ GNUTLS_SAN_DNSNAME, NULL },
};

static const struct certificate_name wildcard_names[] = {
	{ GNUTLS_SAN_DNSNAME, "*.example.test" },
	{ GNUTLS_SAN_DNSNAME, NULL },
};

static const struct certificate_name client_names[] = {
	{ GNUTLS_SAN_RFC822NAME, "alice@example.test" },
	{ GNUTLS_SAN_DNSNAME, NULL },
};

static const struct certificate_name mx_names[] = {
	{ GNUTLS_SAN_DNSNAME, "mx.example.test" },
	{ GNUTLS_SAN_DNSNAME, NULL },
};

static const struct certificate_name example_names[] = {
	{ GNUTLS_SAN_DNSNAME, "example.test" },
	{ GNUTLS_SAN_DNSNAME, NULL },
};

static const struct certificate_name example_names_in_capitals[] = {
	{ GNUTLS_SAN_DNSNAME, "EXAMPLE.Test" },
	{ GNUTLS_SAN_DNSNAME, NULL },
};

static const struct certificate_name other_names[] = {
	{ GNUTLS_SAN_DNSNAME, "other.invalid" },
	{ GNUTLS_SAN_DNSNAME, NULL },
};

/* 300 octets, and nobody's name. */
#define LABEL_50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx."

static const struct certificate_name long_names[] = {
	{ GNUTLS_SAN_DNSNAME, LABEL_50 LABEL_50 LABEL_50 LABEL_50 LABEL_50
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.wrong.invalid." },
	{ GNUTLS_SAN_DNSNAME, NULL },
};

/*
 * The issuer is a name here, and resolved when the certificate is made.  So is
 * whoever has the same key, or seems to, and what is sent behind the
 * certificate, where it is not just the issuers'.
 */
struct kind {
	const char *name;
	const char *issuer;
	struct certificate_parameters is;
	const char *key_of;
	const char *poses_as;
	const char *sent[SENT_MAX];
	bool is_sent_alone;
};

/* What most servers have. */
#define SERVER                                                                 \
	.common_name = "localhost", .names = server_names,                     \
	.purposes = CERTIFICATE_FOR_SERVER

#define AUTHORITY(name) .common_name = (name), .is_authority = true

static const struct kind kinds[] = {
	/* The authority that tests trust, one that nobody trusts, others. */
	{ "ca", NULL, .is = { AUTHORITY("Test CA") } },
	{ "other-ca", NULL, .is = { AUTHORITY("Unrelated CA") } },
	{ "expired-ca", NULL,
	  .is = { AUTHORITY("Old CA"), .not_before = -30 * DAY,
		  .not_after = -DAY } },
	{ "sha1-ca", NULL,
	  .is = { AUTHORITY("SHA-1 CA"), .digest = GNUTLS_DIG_SHA1 } },

	/* localhost, mx.example.test, 127.0.0.1 and ::1; by ca. */
	{ "server", "ca", .is = { SERVER } },
	{ "server-rsa", "ca",
	  .is = { SERVER, .key = CERTIFICATE_KEY_RSA2048 } },

	/* The same, but with a fault in themselves. */
	{ "expired", "ca",
	  .is = { SERVER, .not_before = -30 * DAY, .not_after = -DAY } },
	{ "not-yet-valid", "ca",
	  .is = { SERVER, .not_before = DAY, .not_after = 30 * DAY } },
	{ "wrong-name", "ca",
	  .is = { .common_name = "wrong.invalid",
		  .names = wrong_names,
		  .purposes = CERTIFICATE_FOR_SERVER } },
	{ "expired-wrong-name", "ca",
	  .is = { .common_name = "wrong.invalid",
		  .names = wrong_names,
		  .not_before = -30 * DAY,
		  .not_after = -DAY,
		  .purposes = CERTIFICATE_FOR_SERVER } },
	{ "cn-only", "ca",
	  .is = { .common_name = "localhost",
		  .purposes = CERTIFICATE_FOR_SERVER } },
	{ "wildcard", "ca",
	  .is = { .common_name = "any host",
		  .names = wildcard_names,
		  .purposes = CERTIFICATE_FOR_SERVER } },
	{ "long-name", "ca",
	  .is = { .common_name = "mx.example.test",
		  .names = long_names,
		  .purposes = CERTIFICATE_FOR_SERVER } },
	{ "fifty-names", "ca",
	  .is = { .names = mx_names,
		  .names_count = 49,
		  .purposes = CERTIFICATE_FOR_SERVER } },
	{ "client", "ca",
	  .is = { .common_name = "alice@example.test",
		  .names = client_names,
		  .purposes = CERTIFICATE_FOR_CLIENT } },
	{ "wrong-purpose", "ca",
	  .is = { .common_name = "localhost",
		  .names = server_names,
		  .purposes = CERTIFICATE_FOR_CLIENT } },
	{ "no-signatures", "ca",
	  .is = { SERVER, .key = CERTIFICATE_KEY_RSA2048,
		  .usage = GNUTLS_KEY_KEY_ENCIPHERMENT } },
	{ "unknown-extension", "ca",
	  .is = { SERVER, .is_hard_to_read = true } },
	{ "must-staple", "ca", .is = { SERVER, .must_staple = true } },
	{ "rsa1024", "ca", .is = { SERVER, .key = CERTIFICATE_KEY_RSA1024 } },
	{ "ecc160", "ca", .is = { SERVER, .damage = CERTIFICATE_CURVE } },
	{ "sha1", "ca", .is = { SERVER, .digest = GNUTLS_DIG_SHA1 } },
	{ "md5", "rsa-intermediate",
	  .is = { SERVER, .digest = GNUTLS_DIG_MD5 } },
	{ "bad-signature", "ca",
	  .is = { SERVER, .damage = CERTIFICATE_SIGNATURE } },
	{ "truncated", "ca",
	  .is = { SERVER, .damage = CERTIFICATE_TRUNCATED } },
	{ "garbage", "ca", .is = { SERVER, .damage = CERTIFICATE_GARBAGE } },
	{ "wrong-key", "ca", .is = { SERVER, .damage = CERTIFICATE_KEY } },

	/* The same, but not by ca. */
	{ "untrusted", "other-ca", .is = { SERVER } },
	{ "untrusted-wrong-name", "other-ca",
	  .is = { .common_name = "wrong.invalid",
		  .names = wrong_names,
		  .purposes = CERTIFICATE_FOR_SERVER } },
	{ "untrusted-expired", "other-ca",
	  .is = { SERVER, .not_before = -30 * DAY, .not_after = -DAY } },
	{ "untrusted-for-clients", "other-ca",
	  .is = { .common_name = "localhost",
		  .names = server_names,
		  .purposes = CERTIFICATE_FOR_CLIENT } },
	{ "untrusted-sha1", "other-ca",
	  .is = { SERVER, .digest = GNUTLS_DIG_SHA1 } },
	{ "untrusted-expired-stranger", "other-ca",
	  .is = { SERVER, .not_before = -30 * DAY, .not_after = -DAY },
	  .sent = { "sha1-ca" } },
	{ "untrusted-expired-below", "untrusted-intermediate",
	  .is = { SERVER, .not_before = -30 * DAY, .not_after = -DAY } },
	{ "untrusted-expired-below-stranger", "untrusted-intermediate",
	  .is = { SERVER, .not_before = -30 * DAY, .not_after = -DAY },
	  .sent = { "untrusted-intermediate", "sha1-ca" } },
	{ "untrusted-expired-complete", "untrusted-intermediate",
	  .is = { SERVER, .not_before = -30 * DAY, .not_after = -DAY },
	  .sent = { "untrusted-intermediate", "other-ca" } },
	{ "self-signed-for-clients", NULL,
	  .is = { .common_name = "localhost",
		  .names = server_names,
		  .purposes = CERTIFICATE_FOR_CLIENT } },
	{ "self-signed", NULL, .is = { SERVER } },
	{ "self-signed-expired", NULL,
	  .is = { SERVER, .not_before = -30 * DAY, .not_after = -DAY } },
	{ "by-expired-ca", "expired-ca", .is = { SERVER } },
	{ "by-sha1-ca", "sha1-ca", .is = { SERVER } },

	{ "rsa-intermediate", "ca",
	  .is = { AUTHORITY("RSA CA"), .key = CERTIFICATE_KEY_RSA2048 } },
	/* By somebody in between. */
	{ "intermediate", "ca", .is = { AUTHORITY("Intermediate CA") } },
	{ "by-intermediate", "intermediate", .is = { SERVER } },
	{ "alone", "intermediate", .is = { SERVER }, .is_sent_alone = true },
	{ "unsorted-root", "intermediate", .is = { SERVER },
	  .sent = { "ca", "intermediate" } },
	{ "lower", "intermediate", .is = { AUTHORITY("Lower CA") } },
	{ "by-lower", "lower", .is = { SERVER } },
	{ "unsorted", "lower", .is = { SERVER },
	  .sent = { "intermediate", "lower" } },
	{ "duplicate", "lower", .is = { SERVER },
	  .sent = { "lower", "lower", "intermediate" } },
	{ "untrusted-intermediate", "other-ca",
	  .is = { AUTHORITY("Unrelated intermediate CA") } },
	{ "by-untrusted-intermediate", "untrusted-intermediate",
	  .is = { SERVER } },
	{ "by-server", "server", .is = { SERVER } },
	{ "v1-intermediate", "ca",
	  .is = { .common_name = "Version 1 CA", .is_version_1 = true } },
	{ "by-v1", "v1-intermediate", .is = { SERVER } },
	{ "rsa1024-intermediate", "ca",
	  .is = { AUTHORITY("Weak CA"), .key = CERTIFICATE_KEY_RSA1024 } },
	{ "by-rsa1024", "rsa1024-intermediate", .is = { SERVER } },
	{ "expired-intermediate", "ca",
	  .is = { AUTHORITY("Old intermediate CA"), .not_before = -30 * DAY,
		  .not_after = -DAY } },
	{ "by-expired-intermediate", "expired-intermediate", .is = { SERVER } },
	{ "below-expired", "expired-intermediate",
	  .is = { AUTHORITY("Lower old CA") } },
	{ "by-below-expired", "below-expired", .is = { SERVER } },
	{ "renewed-intermediate", "ca",
	  .is = { AUTHORITY("Old intermediate CA") },
	  .key_of = "expired-intermediate" },
	{ "by-renewed-intermediate", "expired-intermediate", .is = { SERVER },
	  .sent = { "renewed-intermediate", "expired-intermediate" } },
	{ "by-intermediate-to-renew", "expired-intermediate", .is = { SERVER },
	  .sent = { "expired-intermediate", "renewed-intermediate" } },

	{ "future-intermediate", "ca",
	  .is = { AUTHORITY("New intermediate CA"), .not_before = DAY,
		  .not_after = 30 * DAY } },
	{ "by-future-intermediate", "future-intermediate", .is = { SERVER } },
	{ "sha1-intermediate", "ca",
	  .is = { AUTHORITY("SHA-1 intermediate CA"),
		  .digest = GNUTLS_DIG_SHA1 } },
	{ "by-sha1-intermediate", "sha1-intermediate", .is = { SERVER } },
	{ "clients-intermediate", "ca",
	  .is = { AUTHORITY("Clients' CA"),
		  .purposes = CERTIFICATE_FOR_CLIENT } },
	{ "by-clients-intermediate", "clients-intermediate", .is = { SERVER } },

	/* Nobody in between has signed these. */
	{ "forged-by-expired-intermediate", "expired-intermediate",
	  .is = { SERVER, .damage = CERTIFICATE_SIGNATURE } },
	{ "forged-by-future-intermediate", "future-intermediate",
	  .is = { SERVER, .damage = CERTIFICATE_SIGNATURE } },
	{ "forged-by-sha1-intermediate", "sha1-intermediate",
	  .is = { SERVER, .damage = CERTIFICATE_SIGNATURE } },
	{ "forged-by-clients-intermediate", "clients-intermediate",
	  .is = { SERVER, .damage = CERTIFICATE_SIGNATURE } },
	{ "forged-by-below-last", "below-last",
	  .is = { SERVER, .damage = CERTIFICATE_SIGNATURE } },

	/* Whoever has signed these only looks like the one in between. */
	{ "false-ca", NULL, .is = { AUTHORITY("Test CA") }, .poses_as = "ca" },
	{ "false-intermediate", "false-ca",
	  .is = { AUTHORITY("Old intermediate CA") },
	  .poses_as = "expired-intermediate" },
	{ "by-false-behind-true", "false-intermediate", .is = { SERVER },
	  .sent = { "expired-intermediate", "false-intermediate" } },
	{ "by-false-before-true", "false-intermediate", .is = { SERVER },
	  .sent = { "false-intermediate", "expired-intermediate" } },
	{ "false-lower", "false-intermediate",
	  .is = { AUTHORITY("Lower old CA") } },
	{ "by-false-lower", "false-lower", .is = { SERVER },
	  .sent = { "false-lower", "expired-intermediate" } },

	/* The authority's key, with a certificate of another's. */
	{ "cross", "expired-ca",
	  .is = { AUTHORITY("Test CA"), .not_before = -30 * DAY,
		  .not_after = -DAY },
	  .key_of = "ca" },
	{ "cross-signed", "ca", .is = { SERVER },
	  .sent = { "cross", "expired-ca" } },
	{ "old-cross", "ca", .is = { AUTHORITY("Old CA") },
	  .key_of = "expired-ca" },
	{ "by-old-cross", "expired-ca", .is = { SERVER },
	  .sent = { "old-cross" } },

	/* Issuers that may not issue just anything. */
	{ "last", "ca",
	  .is = { AUTHORITY("Last CA"), .has_path_length = true,
		  .path_length = 0 } },
	{ "below-last", "last", .is = { AUTHORITY("CA below the last") } },
	{ "by-last", "last", .is = { SERVER } },
	{ "by-below-last", "below-last", .is = { SERVER } },
	{ "excluding", "ca",
	  .is = { AUTHORITY("Excluding CA"),
		  .constraints.excluded = example_names } },
	{ "by-excluding", "excluding", .is = { SERVER } },
	{ "excluding-capitals", "ca",
	  .is = { AUTHORITY("EXCLUDING CA"),
		  .constraints.excluded = example_names_in_capitals } },
	{ "by-excluding-capitals", "excluding-capitals", .is = { SERVER } },
	{ "permitting", "ca",
	  .is = { AUTHORITY("Permitting CA"),
		  .constraints.permitted = example_names } },
	{ "by-permitting", "permitting",
	  .is = { .names = mx_names, .purposes = CERTIFICATE_FOR_SERVER } },
	{ "permitting-others", "ca",
	  .is = { AUTHORITY("Permitting others CA"),
		  .constraints.permitted = other_names } },
	{ "only-excluding", "permitting-others",
	  .is = { AUTHORITY("Only excluding CA"),
		  .constraints.excluded = wrong_names } },
	{ "by-only-excluding", "only-excluding",
	  .is = { .names = mx_names, .purposes = CERTIFICATE_FOR_SERVER } },

	/* Too much of something. */
	{ "oversize", "ca", .is = { SERVER, .filler = 400000 } },
	{ "many-names", "ca",
	  .is = { .names = mx_names,
		  .names_count = MANY,
		  .purposes = CERTIFICATE_FOR_SERVER } },
	{ "many-exclusions", "ca",
	  .is = { AUTHORITY("Excluding all CA"),
		  .constraints.excluded_count = MANY } },
	{ "by-many-exclusions", "many-exclusions", .is = { SERVER } },
	{ "some-names", "ca",
	  .is = { .names = mx_names,
		  .names_count = SOME,
		  .purposes = CERTIFICATE_FOR_SERVER } },
	{ "some-exclusions", "ca",
	  .is = { AUTHORITY("Excluding some CA"),
		  .constraints.excluded = wrong_names,
		  .constraints.excluded_count = SOME } },
	{ "by-some-exclusions", "some-exclusions", .is = { SERVER } },
	{ "some-names-and-exclusions", "some-exclusions",
	  .is = { .names = mx_names,
		  .names_count = SOME,
		  .purposes = CERTIFICATE_FOR_SERVER } },
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

/* Behind the kinds: one that the table has no room for. */
#define LONG_CHAIN	  "long-chain"
#define LONG_CHAIN_LENGTH 100

/* One that was asked for. */
struct made {
	char *name;
	struct credentials *credentials;
	struct made *next;
};

struct certificates {
	struct made *first;
};

struct certificates *
certificates_new(void)
{
	return calloc(1, sizeof(struct certificates));
}

void
certificates_free(struct certificates *certificates)
{
	struct made *made;

	if (certificates == NULL)
		return;
	while ((made = certificates->first) != NULL) {
		certificates->first = made->next;
		credentials_free(made->credentials);
		free(made->name);
		free(made);
	}
	free(certificates);
}

const char *
certificates_name(size_t index)
{
	if (index == KIND_COUNT)
		return LONG_CHAIN;
	return index < KIND_COUNT ? kinds[index].name : NULL;
}

static const struct kind *
find_kind(const char *name)
{
	size_t i;

	for (i = 0; i < KIND_COUNT; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

/* What is sent behind it. */
static bool
send_others(struct certificates *certificates, const struct kind *kind,
	    struct credentials *credentials)
{
	const struct credentials *others[SENT_MAX];
	size_t count = 0;

	while (count < SENT_MAX && kind->sent[count] != NULL) {
		others[count] =
		    certificates_get(certificates, kind->sent[count]);
		if (others[count] == NULL)
			return false;
		count++;
	}
	if (count == 0 && !kind->is_sent_alone)
		return true;
	return credentials_send(credentials, others, count) >= 0;
}

/* Another kind that this one rests on; false: GnuTLS fails. */
static bool
resolve(struct certificates *certificates, const char *name,
	const struct credentials **ret_credentials)
{
	if (name == NULL)
		return true;
	*ret_credentials = certificates_get(certificates, name);
	return *ret_credentials != NULL;
}

static struct credentials *
make_kind(struct certificates *certificates, const struct kind *kind)
{
	struct certificate_parameters parameters = kind->is;
	struct credentials *made;

	if (!resolve(certificates, kind->issuer, &parameters.issuer) ||
	    !resolve(certificates, kind->key_of, &parameters.key_of) ||
	    !resolve(certificates, kind->poses_as, &parameters.poses_as))
		return NULL;
	made = credentials_new(&parameters);
	if (made != NULL && !send_others(certificates, kind, made)) {
		credentials_free(made);
		return NULL;
	}
	return made;
}

/* Each authority issues the next one's certificate, the last the server's. */
static struct credentials *
make_long_chain(const struct credentials *ca)
{
	char name[32];
	struct certificate_parameters parameters = {
		.common_name = name,
		.is_authority = true,
		.issuer = ca,
	};
	const struct certificate_parameters server = { SERVER };
	struct credentials *issuer = NULL;
	struct credentials *made = NULL;
	int i;

	for (i = 1; i <= LONG_CHAIN_LENGTH; i++) {
		snprintf(name, sizeof(name), "CA %d", i);
		if (i == LONG_CHAIN_LENGTH) {
			parameters = server;
			parameters.issuer = issuer;
		}
		made = credentials_new(&parameters);
		credentials_free(issuer);
		if (made == NULL)
			break;
		parameters.issuer = issuer = made;
	}
	return made;
}

static struct credentials *
make(struct certificates *certificates, const char *name)
{
	const struct kind *kind = find_kind(name);
	const struct credentials *ca;

	if (kind != NULL)
		return make_kind(certificates, kind);
	if (strcmp(name, LONG_CHAIN) != 0 && strchr(name, ':') == NULL)
		return NULL;
	ca = certificates_get(certificates, "ca");
	if (ca == NULL)
		return NULL;
	return strcmp(name, LONG_CHAIN) == 0 ? make_long_chain(ca)
					     : credentials_describe(name, ca);
}

const struct credentials *
certificates_get(struct certificates *certificates, const char *name)
{
	struct credentials *credentials;
	struct made *made;

	for (made = certificates->first; made != NULL; made = made->next)
		if (strcmp(made->name, name) == 0)
			return made->credentials;
	credentials = make(certificates, name);
	if (credentials == NULL)
		return NULL;
	made = calloc(1, sizeof(*made));
	if (made == NULL || (made->name = strdup(name)) == NULL) {
		free(made);
		credentials_free(credentials);
		return NULL;
	}
	made->credentials = credentials;
	made->next = certificates->first;
	certificates->first = made;
	return credentials;
}

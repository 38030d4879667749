/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The server's side of SCRAM (RFC 5802), DIGEST-MD5 (RFC 2831) and CRAM-MD5
 * (RFC 2195), over GnuTLS's functions.
 */
#include "auth_server.h"

#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define HASH_MAX   64
#define TEXT_MAX   2048
#define ITERATIONS 4096

static const unsigned char salt[16] = "sixteen octets!";

/*
 * SCRAM
 */

struct scram {
	gnutls_mac_algorithm_t mac;
	unsigned int size;
	char binding[TEXT_MAX]; /* what the client must say, in base64 */
	char bare[TEXT_MAX], first[TEXT_MAX], messages[3 * TEXT_MAX];
	unsigned char salted[HASH_MAX];
};

static gnutls_mac_algorithm_t
mac_of(const char *mechanism)
{
	const char *hash = mechanism + strlen("SCRAM-");

	if (strncmp(hash, "SHA-1", 5) == 0)
		return GNUTLS_MAC_SHA1;
	if (strncmp(hash, "SHA-224", 7) == 0)
		return GNUTLS_MAC_SHA224;
	if (strncmp(hash, "SHA-256", 7) == 0)
		return GNUTLS_MAC_SHA256;
	if (strncmp(hash, "SHA-384", 7) == 0)
		return GNUTLS_MAC_SHA384;
	return GNUTLS_MAC_SHA512;
}

static void
hmac(const struct scram *scram, const unsigned char *key, const char *text,
     unsigned char *ret_hash)
{
	if (gnutls_hmac_fast(scram->mac, key, scram->size, text, strlen(text),
			     ret_hash) < 0)
		abort();
}

/* "p=tls-exporter,,": the header, and the connection's own data behind it. */
static bool
note_binding(struct auth_server *server, struct scram *scram,
	     const char *header, size_t len)
{
	static const struct {
		const char *name;
		gnutls_channel_binding_t type;
	} types[] = {
		{ "p=tls-exporter,", GNUTLS_CB_TLS_EXPORTER },
		{ "p=tls-unique,", GNUTLS_CB_TLS_UNIQUE },
		{ "p=tls-server-end-point,", GNUTLS_CB_TLS_SERVER_END_POINT },
	};
	gnutls_datum_t data = { NULL, 0 };
	char whole[TEXT_MAX];
	size_t i;

	if (len + 256 > sizeof(whole))
		return false;
	memcpy(whole, header, len);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strncmp(header, types[i].name, strlen(types[i].name)) == 0)
			break;
	if (i < sizeof(types) / sizeof(types[0]) &&
	    (server->tls == NULL ||
	     gnutls_session_channel_binding(server->tls, types[i].type, &data) <
		 0))
		return false;
	if (data.size > 0)
		memcpy(whole + len, data.data, data.size);
	scram->binding[0] = '\0';
	auth_server_append_base64(scram->binding, sizeof(scram->binding), whole,
				  len + data.size);
	gnutls_free(data.data);
	return true;
}

/* "n,,n=user,r=nonce": what follows the second comma counts. */
static bool
take_first(struct auth_server *server, struct scram *scram, bool is_plus)
{
	const char *comma = strchr(server->said, ',');
	const char *nonce;

	if (comma != NULL)
		comma = strchr(comma + 1, ',');
	if (comma == NULL || server->said_len >= TEXT_MAX / 2 ||
	    (server->said[0] == 'p') != is_plus ||
	    !note_binding(server, scram, server->said,
			  (size_t)(comma + 1 - server->said)))
		return false;
	nonce = strstr(comma, ",r=");
	if (nonce == NULL)
		return false;
	snprintf(scram->bare, sizeof(scram->bare), "%s", comma + 1);
	snprintf(scram->first, sizeof(scram->first),
		 "r=%s3rfcNHYJY1ZVvWV,s=", nonce + 3);
	auth_server_append_base64(scram->first, sizeof(scram->first), salt,
				  sizeof(salt));
	snprintf(scram->first + strlen(scram->first),
		 sizeof(scram->first) - strlen(scram->first), ",i=%d",
		 ITERATIONS);
	return true;
}

static void
salt_password(struct scram *scram, const char *text)
{
	gnutls_datum_t password = { (void *)(size_t)text, 0 };
	gnutls_datum_t salted = { (void *)(size_t)salt, sizeof(salt) };

	password.size = (unsigned int)strlen(text);
	if (gnutls_pbkdf2(scram->mac, &password, &salted, ITERATIONS,
			  scram->salted, scram->size) < 0)
		abort();
}

/* The proof that a client with this password gives, in base64. */
static void
compute_proof(const struct scram *scram, char *proof, size_t size)
{
	unsigned char key[HASH_MAX], stored[HASH_MAX], signature[HASH_MAX];
	unsigned int i;

	hmac(scram, scram->salted, "Client Key", key);
	if (gnutls_hash_fast((gnutls_digest_algorithm_t)scram->mac, key,
			     scram->size, stored) < 0)
		abort();
	hmac(scram, stored, scram->messages, signature);
	for (i = 0; i < scram->size; i++)
		signature[i] ^= key[i];
	proof[0] = '\0';
	auth_server_append_base64(proof, size, signature, scram->size);
}

static bool
take_final(struct auth_server *server, struct scram *scram)
{
	const char *proof = strstr(server->said, ",p=");
	char expected[TEXT_MAX];
	size_t len;

	len = (size_t)snprintf(expected, sizeof(expected),
			       "c=%s,r=", scram->binding);
	if (proof == NULL || server->said_len >= TEXT_MAX ||
	    strncmp(server->said, expected, len) != 0)
		return false;
	snprintf(scram->messages, sizeof(scram->messages), "%s,%s,%.*s",
		 scram->bare, scram->first, (int)(proof - server->said),
		 server->said);
	salt_password(scram, server->password != NULL ? server->password : "");
	compute_proof(scram, expected, sizeof(expected));
	return strcmp(proof + 3, expected) == 0;
}

enum auth_server_verdict
auth_server_scram(struct auth_server *server, const char *mechanism,
		  const char *initial)
{
	struct scram *scram = calloc(1, sizeof(*scram));
	enum auth_server_verdict verdict = AUTH_SERVER_ANSWERED;
	unsigned char key[HASH_MAX], signature[HASH_MAX];
	char final[TEXT_MAX] = "v=";

	if (scram == NULL)
		abort();
	scram->mac = mac_of(mechanism);
	scram->size = gnutls_hmac_get_len(scram->mac);
	if (!auth_server_first(server, initial))
		goto out;
	verdict = AUTH_SERVER_WRONG;
	if (!take_first(server, scram, strstr(mechanism, "-PLUS") != NULL))
		goto out;
	verdict = AUTH_SERVER_ANSWERED;
	if (!auth_server_ask(server, scram->first, strlen(scram->first)))
		goto out;
	verdict = AUTH_SERVER_WRONG;
	if (!take_final(server, scram) || server->refusal != NULL)
		goto out;
	hmac(scram, scram->salted, "Server Key", key);
	hmac(scram, key, scram->messages, signature);
	signature[0] ^= server->lies;
	auth_server_append_base64(final, sizeof(final), signature, scram->size);
	verdict = auth_server_ask(server, final, strlen(final))
		      ? AUTH_SERVER_RIGHT
		      : AUTH_SERVER_ANSWERED;

out:
	free(scram);
	return verdict;
}

/*
 * The two with MD5
 */

static void
append_hex(char *text, const unsigned char *data, size_t len)
{
	size_t i;

	text += strlen(text);
	for (i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", data[i]);
}

/* name=value or name="value", out of a list with commas; "" if it lacks. */
static void
find_value(const char *list, const char *name, char *value, size_t size)
{
	const char *found = list;
	size_t len = strlen(name);

	value[0] = '\0';
	while ((found = strstr(found, name)) != NULL) {
		if ((found == list || found[-1] == ',') && found[len] == '=')
			break;
		found += len;
	}
	if (found == NULL)
		return;
	found += len + 1;
	if (*found == '"')
		snprintf(value, size, "%.*s", (int)strcspn(found + 1, "\""),
			 found + 1);
	else
		snprintf(value, size, "%.*s", (int)strcspn(found, ","), found);
}

static void
md5(const char *text, size_t len, unsigned char *ret_hash)
{
	if (gnutls_hash_fast(GNUTLS_DIG_MD5, text, len, ret_hash) < 0)
		abort();
}

/* H(user:realm:password), in octets, then nonce, cnonce and who is meant. */
static void
hash_secret(struct auth_server *server, char *ret_hex)
{
	char text[TEXT_MAX], user[256], realm[256], cnonce[256], nonce[256],
	    authzid[256];
	unsigned char hash[16];
	int len;

	find_value(server->said, "username", user, sizeof(user));
	find_value(server->said, "realm", realm, sizeof(realm));
	find_value(server->said, "cnonce", cnonce, sizeof(cnonce));
	find_value(server->said, "nonce", nonce, sizeof(nonce));
	find_value(server->said, "authzid", authzid, sizeof(authzid));
	len = snprintf(text, sizeof(text), "%s:%s:%s", user, realm,
		       server->password != NULL ? server->password : "");
	md5(text, (size_t)len, hash);
	memcpy(text, hash, sizeof(hash));
	len = snprintf(text + 16, sizeof(text) - 16, ":%s:%s%s%s", nonce,
		       cnonce, authzid[0] != '\0' ? ":" : "", authzid);
	md5(text, 16 + (size_t)len, hash);
	ret_hex[0] = '\0';
	append_hex(ret_hex, hash, sizeof(hash));
}

/* What one side proves; verb is "AUTHENTICATE" for the client, else "". */
static void
digest_proof(struct auth_server *server, const char *verb, char *ret_hex)
{
	char text[TEXT_MAX], secret[33], nonce[256], count[256], cnonce[256],
	    uri[256];
	char action[33] = "";
	unsigned char hash[16];
	int len;

	find_value(server->said, "nonce", nonce, sizeof(nonce));
	find_value(server->said, "nc", count, sizeof(count));
	find_value(server->said, "cnonce", cnonce, sizeof(cnonce));
	find_value(server->said, "digest-uri", uri, sizeof(uri));
	hash_secret(server, secret);
	len = snprintf(text, sizeof(text), "%s:%s", verb, uri);
	md5(text, (size_t)len, hash);
	append_hex(action, hash, sizeof(hash));
	len = snprintf(text, sizeof(text), "%s:%s:%s:%s:auth:%s", secret, nonce,
		       count, cnonce, action);
	md5(text, (size_t)len, hash);
	ret_hex[0] = '\0';
	append_hex(ret_hex, hash, sizeof(hash));
}

enum auth_server_verdict
auth_server_digest_md5(struct auth_server *server, const char *mechanism,
		       const char *initial)
{
	unsigned char random[12];
	char text[TEXT_MAX] = "realm=\"example.test\",qop=\"auth\","
			      "algorithm=md5-sess,charset=utf-8,nonce=\"";
	char expected[33], given[256], final[64] = "rspauth=";

	(void)mechanism;
	if (initial != NULL)
		return AUTH_SERVER_WRONG;
	/* GnuTLS would keep something for each thread that asks it for any. */
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		abort();
	append_hex(text, random, sizeof(random));
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "\"");
	if (!auth_server_ask(server, text, strlen(text)))
		return AUTH_SERVER_ANSWERED;
	find_value(server->said, "response", given, sizeof(given));
	digest_proof(server, "AUTHENTICATE", expected);
	if (strcmp(given, expected) != 0 || server->refusal != NULL)
		return AUTH_SERVER_WRONG;
	digest_proof(server, server->lies ? "LIE" : "", final + strlen(final));
	return auth_server_ask(server, final, strlen(final))
		   ? AUTH_SERVER_RIGHT
		   : AUTH_SERVER_ANSWERED;
}

enum auth_server_verdict
auth_server_cram_md5(struct auth_server *server, const char *mechanism,
		     const char *initial)
{
	static const char challenge[] = "<1896.697170952@" AUTH_SERVER_HOST ">";
	const char *password = server->password != NULL ? server->password : "";
	unsigned char hash[16];
	char expected[33] = "";
	const char *blank;

	(void)mechanism;
	(void)initial;
	if (!auth_server_ask(server, challenge, strlen(challenge)))
		return AUTH_SERVER_ANSWERED;
	if (gnutls_hmac_fast(GNUTLS_MAC_MD5, password, strlen(password),
			     challenge, strlen(challenge), hash) < 0)
		abort();
	append_hex(expected, hash, sizeof(hash));
	blank = strrchr(server->said, ' ');
	return blank != NULL && strcmp(blank + 1, expected) == 0
		   ? AUTH_SERVER_RIGHT
		   : AUTH_SERVER_WRONG;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SCRAM as RFC 5802 describes it, over GnuTLS's functions. */
#include "scram.h"

#include <stdlib.h>
#include <string.h>

static const char server_nonce[] = "3rfcNHYJY1ZVvWVs7j";
static const unsigned char salt[16] = "sixteen octets!";

void
scram_init(struct scram *scram)
{
	memset(scram, 0, sizeof(*scram));
	scram->iterations = 4096;
}

void
scram_clear(struct scram *scram)
{
	octets_clear(&scram->first_bare);
	octets_clear(&scram->server_first);
	octets_clear(&scram->messages);
	free(scram->password);
	memset(scram, 0, sizeof(*scram));
}

bool
scram_set_mechanism(struct scram *scram, const char *name)
{
	static const struct {
		const char *name;
		gnutls_mac_algorithm_t mac;
	} hashes[] = {
		{ "SCRAM-SHA-1 ", GNUTLS_MAC_SHA1 },
		{ "SCRAM-SHA-256 ", GNUTLS_MAC_SHA256 },
		{ "SCRAM-SHA-512 ", GNUTLS_MAC_SHA512 },
	};
	size_t i;

	for (i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		if (strstr(name, hashes[i].name) == NULL)
			continue;
		scram->mac = hashes[i].mac;
		scram->size = gnutls_hmac_get_len(scram->mac);
		return true;
	}
	return false;
}

/* Append len octets as base64. */
static void
encode(struct octets *out, const void *data, size_t len)
{
	gnutls_datum_t plain = { (void *)(size_t)data, (unsigned int)len };
	gnutls_datum_t text;

	if (gnutls_base64_encode2(&plain, &text) < 0)
		abort();
	octets_append(out, text.data, text.size);
	gnutls_free(text.data);
}

static bool
decode(struct octets *out, const char *text, size_t len)
{
	gnutls_datum_t encoded = { (void *)(size_t)text, (unsigned int)len };
	gnutls_datum_t plain;

	if (gnutls_base64_decode2(&encoded, &plain) < 0)
		return false;
	octets_append(out, plain.data, plain.size);
	gnutls_free(plain.data);
	return true;
}

static void
hmac(const struct scram *scram, const unsigned char *key, const char *text,
     size_t len, unsigned char *ret_hash)
{
	if (gnutls_hmac_fast(scram->mac, key, scram->size, text, len,
			     ret_hash) < 0)
		abort();
}

/* "n,,n=user,r=nonce": what follows the second comma counts. */
static const char *
take_first(struct scram *scram, const struct octets *message)
{
	const char *text = octets_data(message);
	const char *comma = strchr(text, ',');

	if (comma != NULL)
		comma = strchr(comma + 1, ',');
	if (comma == NULL || strncmp(text, "n,", 2) != 0)
		return "client-first has no GS2 header";
	if (strncmp(comma + 1, "n=", 2) != 0 ||
	    strstr(comma + 1, ",r=") == NULL)
		return "client-first lacks the name or the nonce";
	octets_clear(&scram->first_bare);
	octets_append_text(&scram->first_bare, comma + 1);
	return NULL;
}

static void
salt_password(struct scram *scram)
{
	gnutls_datum_t password = { (void *)scram->password, 0 };
	gnutls_datum_t salted = { (void *)(size_t)salt, sizeof(salt) };

	password.size = (unsigned int)strlen(scram->password);
	if (gnutls_pbkdf2(scram->mac, &password, &salted, scram->iterations,
			  scram->salted, scram->size) < 0)
		abort();
}

/* Whether the proof, taken off the client's signature, is its key. */
static bool
is_proved(struct scram *scram, const char *proof, size_t len)
{
	unsigned char client_key[64], stored_key[64], signature[64];
	struct octets given = { 0 };
	bool proved = false;
	size_t i;

	salt_password(scram);
	hmac(scram, scram->salted, "Client Key", 10, client_key);
	if (gnutls_hash_fast((gnutls_digest_algorithm_t)scram->mac, client_key,
			     scram->size, stored_key) < 0)
		abort();
	hmac(scram, stored_key, octets_data(&scram->messages),
	     scram->messages.len, signature);
	if (decode(&given, proof, len) && given.len == scram->size) {
		for (i = 0; i < scram->size; i++)
			signature[i] ^= (unsigned char)octets_data(&given)[i];
		proved = memcmp(signature, client_key, scram->size) == 0;
	}
	octets_clear(&given);
	return proved;
}

static const char *
take_final(struct scram *scram, const struct octets *message)
{
	const char *text = octets_data(message);
	const char *proof = strstr(text, ",p=");

	if (strncmp(text, "c=biws,r=", 9) != 0 || proof == NULL)
		return "client-final is not as it must be";
	octets_clear(&scram->messages);
	octets_printf(&scram->messages, "%s,%s,%.*s",
		      octets_data(&scram->first_bare),
		      octets_data(&scram->server_first), (int)(proof - text),
		      text);
	if (!is_proved(scram, proof + 3, strlen(proof + 3)))
		return "the client has not proved that it knows the password";
	return NULL;
}

const char *
scram_take(struct scram *scram, enum scram_part part, const char *text,
	   size_t len)
{
	struct octets message = { 0 };
	const char *problem = "it is not base64";

	if (decode(&message, text, len))
		problem = part == SCRAM_CLIENT_FIRST
			      ? take_first(scram, &message)
			      : take_final(scram, &message);
	octets_clear(&message);
	return problem;
}

static void
say_first(struct scram *scram, bool other, struct octets *out)
{
	const char *nonce = strstr(octets_data(&scram->first_bare), ",r=");

	octets_clear(&scram->server_first);
	octets_printf(&scram->server_first,
		      "r=%s%s,s=", nonce != NULL && !other ? nonce + 3 : "",
		      server_nonce);
	encode(&scram->server_first, salt, sizeof(salt));
	octets_printf(&scram->server_first, ",i=%u", scram->iterations);
	encode(out, octets_data(&scram->server_first), scram->server_first.len);
}

static void
say_final(const struct scram *scram, bool wrong, struct octets *out)
{
	unsigned char key[64], signature[64];
	struct octets message = { 0 };

	hmac(scram, scram->salted, "Server Key", 10, key);
	hmac(scram, key, octets_data(&scram->messages), scram->messages.len,
	     signature);
	if (wrong)
		signature[0] ^= 1;
	octets_append_text(&message, "v=");
	encode(&message, signature, scram->size);
	encode(out, octets_data(&message), message.len);
	octets_clear(&message);
}

void
scram_say(struct scram *scram, enum scram_part part, struct octets *out)
{
	if (part == SCRAM_SERVER_FIRST || part == SCRAM_SERVER_FIRST_OTHER)
		say_first(scram, part == SCRAM_SERVER_FIRST_OTHER, out);
	else
		say_final(scram, part == SCRAM_SERVER_FINAL_WRONG, out);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SCRAM as RFC 5802 describes it, over GnuTLS's functions. */
#include "scram.h"

#include <stdlib.h>
#include <stdio.h>
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
	octets_clear(&scram->header);
	octets_clear(&scram->first_bare);
	octets_clear(&scram->server_first);
	octets_clear(&scram->messages);
	octets_clear(&scram->bound);
	octets_clear(&scram->password);
	memset(scram, 0, sizeof(*scram));
}

void
scram_set_password(struct scram *scram, const char *password)
{
	octets_clear(&scram->password);
	octets_append_text(&scram->password, password);
}

/*
 * Channel binding.
 */

struct binding {
	const char *setting, *name;
	gnutls_channel_binding_t type;
};

static const struct binding bindings[] = {
	{ "exporter", "tls-exporter", GNUTLS_CB_TLS_EXPORTER },
	{ "unique", "tls-unique", GNUTLS_CB_TLS_UNIQUE },
	{ "server-end-point", "tls-server-end-point",
	  GNUTLS_CB_TLS_SERVER_END_POINT },
};

/* What the client may bind to, or NULL. */
static const struct binding *
find_binding(const struct scram *scram, gnutls_session_t tls)
{
	const char *wanted = scram->binding != NULL ? scram->binding : "auto";
	bool is_new;
	size_t i;

	if (tls == NULL)
		return NULL;
	is_new = gnutls_protocol_get_version(tls) >= GNUTLS_TLS1_3;
	if (strcmp(wanted, "auto") == 0 && is_new)
		wanted = "exporter";
	else if (strcmp(wanted, "auto") == 0 &&
		 (gnutls_session_get_flags(tls) &
		  GNUTLS_SFLAGS_EXT_MASTER_SECRET))
		wanted = "unique";
	for (i = 0; i < sizeof(bindings) / sizeof(bindings[0]); i++)
		if (strcmp(bindings[i].setting, wanted) == 0 &&
		    !(is_new && bindings[i].type == GNUTLS_CB_TLS_UNIQUE))
			return &bindings[i];
	return NULL;
}

/* The GS2 header that the client has to send, and what "c=" says of it. */
static const char *
bind_channel(struct scram *scram, bool is_plus, gnutls_session_t tls)
{
	const struct binding *binding = find_binding(scram, tls);
	gnutls_datum_t data = { NULL, 0 };

	octets_clear(&scram->header);
	octets_clear(&scram->bound);
	if (!is_plus) {
		octets_append_text(&scram->header,
				   binding != NULL && !scram->plus_is_offered
				       ? "y,"
				       : "n,");
		return NULL;
	}
	if (binding == NULL)
		return "there is nothing to bind the channel by";
	octets_printf(&scram->header, "p=%s,", binding->name);
	if (gnutls_session_channel_binding(tls, binding->type, &data) < 0)
		return "the server can't bind the channel";
	octets_append(&scram->bound, data.data, data.size);
	gnutls_free(data.data);
	return NULL;
}

const char *
scram_begin(struct scram *scram, const char *line, gnutls_session_t tls)
{
	static const struct {
		const char *name;
		gnutls_mac_algorithm_t mac;
	} hashes[] = {
		{ "AUTH SCRAM-SHA-1", GNUTLS_MAC_SHA1 },
		{ "AUTH SCRAM-SHA-224", GNUTLS_MAC_SHA224 },
		{ "AUTH SCRAM-SHA-256", GNUTLS_MAC_SHA256 },
		{ "AUTH SCRAM-SHA-384", GNUTLS_MAC_SHA384 },
		{ "AUTH SCRAM-SHA-512", GNUTLS_MAC_SHA512 },
	};
	char plus[32];
	bool is_plus;
	size_t i, len;

	for (i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		len = strlen(hashes[i].name);
		if (strncmp(line, hashes[i].name, len) != 0)
			continue;
		is_plus = strncmp(line + len, "-PLUS", 5) == 0;
		len += is_plus ? 5 : 0;
		if (line[len] != ' ' && line[len] != '\r')
			continue;
		scram->mac = hashes[i].mac;
		scram->size = gnutls_hmac_get_len(scram->mac);
		snprintf(plus, sizeof(plus), " %s-PLUS",
			 hashes[i].name + strlen("AUTH "));
		scram->plus_is_offered = strstr(scram->offered, plus) != NULL;
		return bind_channel(scram, is_plus, tls);
	}
	return "this is no SCRAM";
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
take_first(struct scram *scram, const char *name, const struct octets *message)
{
	const char *text = octets_data(message);
	size_t flag = scram->header.len;
	struct octets bound = { 0 };
	const char *comma, *nonce;

	if (scram->mac == GNUTLS_MAC_UNKNOWN)
		return "this is no SCRAM";
	if (strncmp(text, octets_data(&scram->header), flag) != 0)
		return "client-first binds the channel otherwise";
	comma = strchr(text + flag, ',');
	if (comma == NULL ||
	    (comma > text + flag && strncmp(text + flag, "a=", 2) != 0))
		return "client-first has no GS2 header";
	nonce = strstr(comma, ",r=");
	if (strncmp(comma + 1, "n=", 2) != 0 || nonce == NULL ||
	    nonce[3] == '\0')
		return "client-first lacks the name or the nonce";
	if (name != NULL && ((size_t)(nonce - comma - 3) != strlen(name) ||
			     strncmp(comma + 3, name, strlen(name)) != 0))
		return "client-first has the name written otherwise";
	octets_append(&bound, text, (size_t)(comma + 1 - text));
	octets_append(&bound, octets_data(&scram->bound), scram->bound.len);
	octets_clear(&scram->bound);
	scram->bound = bound;
	octets_clear(&scram->first_bare);
	octets_append_text(&scram->first_bare, comma + 1);
	return NULL;
}

static void
salt_password(struct scram *scram)
{
	gnutls_datum_t password = { (void *)(size_t)octets_data(
					&scram->password),
				    (unsigned int)scram->password.len };
	gnutls_datum_t salted = { (void *)(size_t)salt, sizeof(salt) };

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

/* "c=...,r=nonce": the channel, and the nonce that the server has made. */
static bool
is_bound(const struct scram *scram, const char *text)
{
	const char *server = strchr(octets_data(&scram->server_first), ',');
	struct octets should = { 0 };
	bool same;

	octets_append_text(&should, "c=");
	encode(&should, octets_data(&scram->bound), scram->bound.len);
	octets_append_text(&should, ",");
	if (server != NULL)
		octets_append(&should, octets_data(&scram->server_first),
			      (size_t)(server + 1 -
				       octets_data(&scram->server_first)));
	same = strncmp(text, octets_data(&should), should.len) == 0;
	octets_clear(&should);
	return same;
}

static const char *
take_final(struct scram *scram, const struct octets *message)
{
	const char *text = octets_data(message);
	const char *proof = strstr(text, ",p=");

	if (!is_bound(scram, text) || proof == NULL)
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
scram_take(struct scram *scram, enum scram_part part, const char *argument,
	   const char *text, size_t len)
{
	struct octets message = { 0 };
	const char *problem = "it is not base64";

	if (decode(&message, text, len))
		problem = part == SCRAM_CLIENT_FIRST
			      ? take_first(scram, argument, &message)
			      : take_final(scram, &message);
	octets_clear(&message);
	return problem;
}

/* The text, with this in the place of each @. */
static void
fill_in(struct octets *out, const char *text, const struct octets *value)
{
	for (; *text != '\0'; text++) {
		if (*text == '@')
			octets_append(out, octets_data(value), value->len);
		else
			octets_append(out, text, 1);
	}
}

static void
say_first(struct scram *scram, bool other, const char *argument,
	  struct octets *out)
{
	const char *client = strstr(octets_data(&scram->first_bare), ",r=");
	struct octets nonce = { 0 };
	struct octets *message = &scram->server_first;

	octets_printf(&nonce, "%s%s",
		      client != NULL && !other ? client + 3 : "", server_nonce);
	octets_clear(message);
	if (argument != NULL) {
		fill_in(message, argument, &nonce);
	} else {
		octets_printf(message, "r=%s,s=", octets_data(&nonce));
		encode(message, salt, sizeof(salt));
		octets_printf(message, ",i=%u", scram->iterations);
	}
	encode(out, octets_data(message), message->len);
	octets_clear(&nonce);
}

static void
say_final(const struct scram *scram, bool wrong, const char *argument,
	  struct octets *out)
{
	unsigned char key[64], signature[64];
	struct octets message = { 0 };
	struct octets encoded = { 0 };

	hmac(scram, scram->salted, "Server Key", 10, key);
	hmac(scram, key, octets_data(&scram->messages), scram->messages.len,
	     signature);
	if (wrong)
		signature[0] ^= 1;
	encode(&encoded, signature, scram->size);
	fill_in(&message, argument != NULL ? argument : "v=@", &encoded);
	encode(out, octets_data(&message), message.len);
	octets_clear(&message);
	octets_clear(&encoded);
}

void
scram_say(struct scram *scram, enum scram_part part, const char *argument,
	  struct octets *out)
{
	if (part == SCRAM_SERVER_FIRST || part == SCRAM_SERVER_FIRST_OTHER)
		say_first(scram, part == SCRAM_SERVER_FIRST_OTHER, argument,
			  out);
	else
		say_final(scram, part == SCRAM_SERVER_FINAL_WRONG, argument,
			  out);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's side of TLS, with its bad manners. */
#include "tls_manners.h"

#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "peer.h"
#include "tls_forge.h"
#include "tls_staple.h"

#define HEADER_SIZE 5
#define FORGED_MAX  4096

/* A number in a dialogue file, and what follows it. */
static unsigned long
take_number(const char **text, int base)
{
	char *end;
	unsigned long number = strtoul(*text, &end, base);

	if (end == *text)
		abort();
	*text = end + strspn(end, " ");
	return number;
}

/*
 * Shaking hands.
 */

/* What is wrong with the client's certificate decides about the alert. */
static int
verify_client(gnutls_session_t session)
{
	struct peer *peer = gnutls_session_get_ptr(session);
	unsigned int status = 0;

	if (gnutls_certificate_verify_peers2(session, &status) < 0)
		return GNUTLS_E_CERTIFICATE_ERROR;
	peer->manners.status = status;
	return status == 0 ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

int
manners_begin(struct peer *peer)
{
	struct tls_manners *manners = &peer->manners;

	manners->certificates = manners->warnings = manners->status = 0;
	manners->sent = manners->made = 0;
	manners->answered = manners->shaken = 0;
	manners->is_sealed = false;
	gnutls_session_set_ptr(peer->tls, peer);
	gnutls_certificate_server_set_request(peer->tls, manners->asks);
	return 0;
}

void
manners_shake(struct peer *peer)
{
	if (peer->manners.answered == 0 && peer->link->to_server.len > 0)
		peer->manners.answered = peer->manners.made;
}

void
manners_look(struct peer *peer)
{
	struct tls_manners *manners = &peer->manners;

	/* Behind that, TLS 1.3's server sends tickets only. */
	manners->shaken =
	    gnutls_protocol_get_version(peer->tls) == GNUTLS_TLS1_3
		? manners->answered
		: manners->made;
	(void)gnutls_certificate_get_peers(peer->tls, &manners->certificates);
}

void
manners_refuse(struct peer *peer, int error)
{
	unsigned int status = peer->manners.status;
	gnutls_alert_description_t alert = GNUTLS_A_BAD_CERTIFICATE;

	/* GnuTLS finds that it can't be decoded; others see it as this. */
	if (error == GNUTLS_E_NO_CERTIFICATE_FOUND) {
		(void)gnutls_alert_send(peer->tls, GNUTLS_AL_FATAL,
					GNUTLS_A_HANDSHAKE_FAILURE);
		return;
	}
	if (error != GNUTLS_E_CERTIFICATE_ERROR) {
		(void)gnutls_alert_send_appropriate(peer->tls, error);
		return;
	}
	if (status & GNUTLS_CERT_SIGNER_NOT_FOUND)
		alert = GNUTLS_A_UNKNOWN_CA;
	else if (status & GNUTLS_CERT_EXPIRED)
		alert = GNUTLS_A_CERTIFICATE_EXPIRED;
	(void)gnutls_alert_send(peer->tls, GNUTLS_AL_FATAL, alert);
}

/* The response is made once for the credentials, and freed with the program. */
static int
give_staple(gnutls_session_t session, void *pointer, gnutls_datum_t *ret_der)
{
	const struct octets *staple = pointer;

	(void)session;
	ret_der->data = gnutls_malloc(staple->len);
	if (ret_der->data == NULL)
		return GNUTLS_E_MEMORY_ERROR;
	memcpy(ret_der->data, octets_data(staple), staple->len);
	ret_der->size = (unsigned int)staple->len;
	return 0;
}

int
manners_equip(gnutls_certificate_credentials_t target,
	      struct certificates *certificates, const char *certificate,
	      const char *staple, const char *client_authority)
{
	static struct octets made;
	const struct credentials *leaf =
	    certificates_get(certificates, certificate);
	const struct credentials *authority;
	int rc = 0;

	if (staple != NULL) {
		octets_clear(&made);
		if (!tls_staple(staple, leaf->chain[0],
				certificates_get(certificates, "ca"),
				certificates_get(certificates, "other-ca"),
				&made))
			return GNUTLS_E_INVALID_REQUEST;
		gnutls_certificate_set_ocsp_status_request_function(target,
								    give_staple,
								    &made);
	}
	if (client_authority != NULL) {
		authority = certificates_get(certificates, client_authority);
		rc = gnutls_certificate_set_x509_trust(target, authority->chain,
						       1);
		gnutls_certificate_set_verify_function(target, verify_client);
	}
	return rc < 0 ? rc : 0;
}

/*
 * Octets on their way to the client.
 */

/* RFC 8446, 4.1.3: the last octets of the random, if it was downgraded. */
static void
tamper_random(unsigned char *hello, const char *sentinel)
{
	memcpy(hello + 2 + 24, sentinel, 8);
}

/* Behind version, random and the identifier of the session. */
static unsigned char *
suite_of(unsigned char *hello)
{
	return hello + 2 + 32 + 1 + hello[2 + 32];
}

/*
 * An extension more, which the client has not asked for.  There is room for
 * it, and it goes to the end: only lengths have to follow.
 */
static size_t
add_alpn(unsigned char *record, size_t len)
{
	static const unsigned char alpn[] = { 0x00, 0x10, 0x00, 0x05, 0x00,
					      0x03, 0x02, 'h',	'2' };
	unsigned char *hello = record + HEADER_SIZE + 4;
	unsigned char *extensions = suite_of(hello) + 3;
	/* The last octet of each length; none of them overflows. */
	unsigned char *lengths[] = { record + 4, record + HEADER_SIZE + 3,
				     extensions + 1 };
	size_t end = HEADER_SIZE + 4 + record[HEADER_SIZE + 3] +
		     (size_t)record[HEADER_SIZE + 2] * 256;
	size_t i;
	unsigned int sum;

	memmove(record + end + sizeof(alpn), record + end, len - end);
	memcpy(record + end, alpn, sizeof(alpn));
	for (i = 0; i < 3; i++) {
		sum = lengths[i][0] + (unsigned int)sizeof(alpn);
		lengths[i][0] = (unsigned char)sum;
		if (sum > 0xff)
			lengths[i][-1]++;
	}
	return len + sizeof(alpn);
}

/* Changes the ServerHello that is all or the first of a record. */
static size_t
tamper_hello(const char *how, unsigned char *record, size_t len)
{
	unsigned char *hello = record + HEADER_SIZE + 4;
	const char *number = strchr(how, '-');
	unsigned long suite;

	if (strcmp(how, "sentinel-1.2") == 0)
		tamper_random(hello, "DOWNGRD\x01");
	else if (strcmp(how, "sentinel-1.1") == 0)
		tamper_random(hello, "DOWNGRD\x00");
	else if (strcmp(how, "compression") == 0)
		suite_of(hello)[2] = 1;
	else if (strcmp(how, "alpn") == 0)
		return add_alpn(record, len);
	else if (strncmp(how, "suite-", 6) == 0) {
		number++;
		suite = take_number(&number, 16);
		suite_of(hello)[0] = (unsigned char)(suite >> 8);
		suite_of(hello)[1] = (unsigned char)suite;
	}
	return len;
}

/*
 * A ServerKeyExchange of the same kind, but in a group of so many bits: prime
 * or not, it is found to be too small first.
 */
static size_t
shrink_group(unsigned char *record, size_t bits)
{
	unsigned char *at = record + HEADER_SIZE + 4;
	size_t size = bits / 8;
	size_t len;
	int i;

	/* The prime and the public value, and between them the generator. */
	for (i = 0; i < 2; i++) {
		*at++ = (unsigned char)(size >> 8);
		*at++ = (unsigned char)size;
		memset(at, i == 0 ? 0xff : 0x7f, size);
		at += size;
		if (i == 0) {
			memcpy(at, "\0\1\2", 3);
			at += 3;
		}
	}
	/* A signature, RSA-SHA256, of nothing in particular. */
	memcpy(at, "\4\1\1\0", 4);
	memset(at + 4, 0x55, 256);
	at += 4 + 256;
	len = (size_t)(at - record);
	record[3] = (unsigned char)((len - HEADER_SIZE) >> 8);
	record[4] = (unsigned char)(len - HEADER_SIZE);
	record[HEADER_SIZE + 2] = (unsigned char)((len - HEADER_SIZE - 4) >> 8);
	record[HEADER_SIZE + 3] = (unsigned char)(len - HEADER_SIZE - 4);
	return len;
}

static bool
is_key_exchange(const unsigned char *record)
{
	return record[0] == RECORD_HANDSHAKE && record[HEADER_SIZE] == 12;
}

static bool
is_server_hello(const unsigned char *record, size_t len)
{
	return len > HEADER_SIZE + 4 + 38 && record[0] == RECORD_HANDSHAKE &&
	       record[HEADER_SIZE] == 2;
}

static size_t
tamper(const char *how, unsigned char *record, size_t len)
{
	const char *bits = how + 6;

	if (is_server_hello(record, len))
		return tamper_hello(how, record, len);
	if (strncmp(how, "group-", 6) == 0 && is_key_exchange(record))
		return shrink_group(record, take_number(&bits, 10));
	return len;
}

/* Passed on, but for what comes after the cut. */
static void
pass_on(struct peer *peer, const void *data, size_t len)
{
	struct tls_manners *manners = &peer->manners;
	size_t left;

	manners->made += len;
	if (manners->cut_after > 0) {
		left = manners->cut_after - 1 - manners->sent;
		if (len >= left) {
			len = left;
			if (!manners->cut_stalls)
				peer->link->ended = true;
		}
	}
	manners->sent += len;
	octets_append(&peer->link->to_client, data, len);
}

/* One record becomes several, as long as none is encrypted. */
static void
pass_in_fragments(struct peer *peer, const unsigned char *record, size_t len)
{
	unsigned char header[HEADER_SIZE];
	size_t at, part;

	memcpy(header, record, sizeof(header));
	for (at = HEADER_SIZE; at < len; at += part) {
		part = len - at;
		if (part > peer->manners.fragment)
			part = peer->manners.fragment;
		header[3] = (unsigned char)(part >> 8);
		header[4] = (unsigned char)part;
		pass_on(peer, header, sizeof(header));
		pass_on(peer, record + at, part);
	}
}

/* GnuTLS gives several records at once: those of one flight. */
void
manners_push(struct peer *peer, const void *data, size_t len)
{
	static unsigned char record[HEADER_SIZE + 20000];
	const unsigned char *from = data;
	size_t whole, changed;

	while (len >= HEADER_SIZE) {
		whole = HEADER_SIZE + from[3] * 256u + from[4];
		if (whole > len || whole + 64 > sizeof(record))
			break;
		memcpy(record, from, whole);
		changed = whole;
		if (peer->manners.tamper != NULL && !peer->manners.is_sealed)
			changed = tamper(peer->manners.tamper, record, whole);
		if (record[0] == RECORD_CCS)
			peer->manners.is_sealed = true;
		if (!peer->manners.is_sealed && peer->manners.fragment > 0 &&
		    record[0] == RECORD_HANDSHAKE)
			pass_in_fragments(peer, record, changed);
		else
			pass_on(peer, record, changed);
		from += whole;
		len -= whole;
	}
	pass_on(peer, from, len);
}

/*
 * Misbehaving.
 */

static size_t
read_hex(const char *text, unsigned char *out, size_t size)
{
	size_t len = 0;

	while (len < size && *text != '\0')
		out[len++] = (unsigned char)take_number(&text, 16);
	return len;
}

static void
forge(struct peer *peer, unsigned int type, const void *data, size_t len,
      bool spoil)
{
	struct octets record = { 0 };
	int rc = tls_forge(peer->tls, type, data, len, &record);

	if (rc < 0)
		peer_fail(peer, "TLS: forging: %s", gnutls_strerror(rc));
	else if (spoil)
		record.data[record.start + record.len - 1] ^= 1;
	pass_on(peer, octets_data(&record), record.len);
	octets_clear(&record);
}

static void
forge_text(struct peer *peer, const char *text)
{
	unsigned char data[FORGED_MAX];
	unsigned int type = (unsigned int)take_number(&text, 10);
	size_t len = read_hex(text, data, sizeof(data));

	forge(peer, type, data, len, false);
}

static void
spoil_text(struct peer *peer, const char *text)
{
	unsigned char data[FORGED_MAX];
	size_t len = read_hex(text, data, sizeof(data));

	forge(peer, RECORD_DATA, data, len, true);
}

static int
send_alert(struct peer *peer, const char *text)
{
	gnutls_alert_description_t alert =
	    (gnutls_alert_description_t)take_number(&text, 10);

	return gnutls_alert_send(peer->tls, GNUTLS_AL_FATAL, alert);
}

static int
send_warning(struct peer *peer)
{
	return gnutls_alert_send(peer->tls, GNUTLS_AL_WARNING,
				 GNUTLS_A_USER_CANCELED);
}

static int
send_key_update(struct peer *peer)
{
	return gnutls_session_key_update(peer->tls, 0);
}

static int
send_ticket(struct peer *peer)
{
	return gnutls_session_ticket_send(peer->tls, 1, 0);
}

static int
send_empty(struct peer *peer)
{
	forge(peer, RECORD_DATA, NULL, 0, false);
	return 0;
}

static const struct {
	const char *word;
	int (*send)(struct peer *peer);
} floods[] = {
	{ "warnings", send_warning },
	{ "key-updates", send_key_update },
	{ "tickets", send_ticket },
	{ "empty", send_empty },
};

/* False: it is not one of these. */
static bool
flood(struct peer *peer, const char *word, const char *count)
{
	unsigned long left;
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(floods) / sizeof(floods[0]); i++)
		if (strcmp(floods[i].word, word) == 0)
			break;
	if (i == sizeof(floods) / sizeof(floods[0]))
		return false;
	for (left = take_number(&count, 10); rc >= 0 && left > 0; left--)
		rc = floods[i].send(peer);
	if (rc < 0)
		peer_fail(peer, "TLS: %s: %s", word, gnutls_strerror(rc));
	return true;
}

void
manners_misbehave(struct peer *peer, const char *text)
{
	char *word = dialogue_word(&text);
	int rc = 0;

	if (strcmp(word, "alert") == 0)
		rc = send_alert(peer, text);
	else if (strcmp(word, "hello-request") == 0)
		rc = gnutls_rehandshake(peer->tls);
	else if (strcmp(word, "goodbye") == 0)
		rc = gnutls_bye(peer->tls, GNUTLS_SHUT_WR);
	else if (strcmp(word, "forge") == 0)
		forge_text(peer, text);
	else if (strcmp(word, "spoil") == 0)
		spoil_text(peer, text);
	else if (!flood(peer, word, text))
		peer_fail(peer, "TLS: nobody knows how to \"%s\"", word);
	if (rc < 0)
		peer_fail(peer, "TLS: %s: %s", word, gnutls_strerror(rc));
	free(word);
}

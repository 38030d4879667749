/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answers of sasl_answers.h. */
#include "sasl_answers.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "peer_sasl.h"

/* name="value", with a backslash before each quote. */
static void
append_quoted(struct octets *to, const char *name, const char *value)
{
	octets_printf(to, "%s=\"", name);
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			octets_append_text(to, "\\");
		octets_append(to, value, 1);
	}
	octets_append_text(to, "\",");
}

/* The octets in it become their hash, or its digits. */
static void
hash(struct octets *octets, bool in_digits)
{
	unsigned char value[16];
	size_t i;

	if (gnutls_hash_fast(GNUTLS_DIG_MD5, octets_data(octets), octets->len,
			     value) < 0)
		abort();
	octets_clear(octets);
	for (i = 0; !in_digits && i < sizeof(value); i++)
		octets_append(octets, value + i, 1);
	for (i = 0; in_digits && i < sizeof(value); i++)
		octets_printf(octets, "%02x", value[i]);
}

/* What RFC 2831, section 2.1.2.1, makes of the password. */
static void
append_response(struct octets *to, const char *realm, const char *nonce,
		const char *cnonce)
{
	struct octets secret = { 0 };
	struct octets action = { 0 };

	octets_printf(&secret, PEER_SASL_USER ":%s:%s", realm,
		      PEER_SASL_PASSWORD);
	hash(&secret, false);
	octets_printf(&secret, ":%s:%s", nonce, cnonce);
	hash(&secret, true);
	octets_append_text(&action, "AUTHENTICATE:smtp/" PEER_SASL_HOST);
	hash(&action, true);
	octets_printf(&secret, ":%s:00000001:%s:auth:%s", nonce, cnonce,
		      octets_data(&action));
	hash(&secret, true);
	octets_append(to, octets_data(&secret), secret.len);
	octets_clear(&secret);
	octets_clear(&action);
}

void
answer_by_digest(struct octets *to, const char *realm, const char *nonce,
		 const char *cnonce)
{
	append_quoted(to, "username", PEER_SASL_USER);
	append_quoted(to, "realm", realm);
	append_quoted(to, "nonce", nonce);
	octets_printf(to,
		      "cnonce=\"%s\",nc=00000001,qop=auth,"
		      "digest-uri=\"smtp/" PEER_SASL_HOST "\",response=",
		      cnonce);
	append_response(to, realm, nonce, cnonce);
}

/* Another flag of NTLM's. */
#define SPEAKS_NTLM 0x200u

/* The password's answers to the nonce: LM's, and NTLM's. */
static const unsigned char by_lm[] = "\x4c\x60\x87\x9e\xc7\x4c\xca\x33"
				     "\x14\xff\xd4\xf5\x5c\x57\xad\x2c"
				     "\xed\xfb\xb7\x45\xf9\x20\xba\xe0";
static const unsigned char by_ntlm[] = "\x72\x7c\xd8\x74\x21\x17\x2f\xb8"
				       "\x5a\xbc\xa6\xe8\x70\xdf\x2f\xc6"
				       "\x88\x41\x07\x49\x05\xef\xbf\x16";

#define RESPONSE_SIZE 24

/* Length, room, and offset of what comes next; adds the length to the offset.
 */
static void
append_security_buffer(struct octets *to, size_t len, size_t *offset)
{
	const unsigned char buffer[] = { (unsigned char)len,
					 0,
					 (unsigned char)len,
					 0,
					 (unsigned char)*offset,
					 0,
					 0,
					 0 };

	octets_append(to, buffer, sizeof(buffer));
	*offset += len;
}

/* One octet or two for each. */
static void
append_name(struct octets *to, const char *name, bool in_unicode)
{
	for (; *name != '\0'; name++)
		octets_append(to,
			      in_unicode ? (const char[]){ *name, 0 } : name,
			      in_unicode ? 2 : 1);
}

void
answer_by_ntlm(struct octets *to, unsigned int flags, const char *domain)
{
	const bool in_unicode = flags & ANSWER_IN_UNICODE;
	const bool in_ntlm = flags & SPEAKS_NTLM;
	const size_t width = in_unicode ? 2 : 1;
	const unsigned char echoed[4] = { (unsigned char)flags,
					  (unsigned char)(flags >> 8) };
	size_t offset = 64;

	octets_append(to, "NTLMSSP\0\3\0\0", 12);
	append_security_buffer(to, in_ntlm ? 0 : RESPONSE_SIZE, &offset);
	append_security_buffer(to, in_ntlm ? RESPONSE_SIZE : 0, &offset);
	append_security_buffer(to, width * strlen(domain), &offset);
	append_security_buffer(to, width * strlen(PEER_SASL_USER), &offset);
	/* No workstation, and no key. */
	append_security_buffer(to, 0, &offset);
	append_security_buffer(to, 0, &offset);
	octets_append(to, echoed, sizeof(echoed));
	octets_append(to, in_ntlm ? by_ntlm : by_lm, RESPONSE_SIZE);
	append_name(to, domain, in_unicode);
	append_name(to, PEER_SASL_USER, in_unicode);
}

void
answer_by_cram(struct octets *to, const void *challenge, size_t len)
{
	unsigned char code[16];
	size_t i;

	if (gnutls_hmac_fast(GNUTLS_MAC_MD5, PEER_SASL_PASSWORD,
			     strlen(PEER_SASL_PASSWORD), challenge, len,
			     code) < 0)
		abort();
	octets_append_text(to, PEER_SASL_USER " ");
	for (i = 0; i < sizeof(code); i++)
		octets_printf(to, "%02x", code[i]);
}

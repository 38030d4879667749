/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 8446, section 5.2; for TLS 1.2, RFC 5246, 6.2.3.3, and RFC 5288. */
#include "tls_forge.h"

#include <gnutls/crypto.h>
#include <string.h>

#define NONCE_SIZE  12
#define TAG_SIZE    16
#define HEADER_SIZE 5
#define PLAIN_MAX   (16384 + 1)

/* What the session has agreed on, and how far it has come. */
struct state {
	bool is_tls13;
	gnutls_cipher_algorithm_t cipher;
	gnutls_datum_t mac, iv, key; /* the session's */
	unsigned char sequence[8];
};

static int
get_state(gnutls_session_t session, struct state *state)
{
	state->is_tls13 = gnutls_protocol_get_version(session) == GNUTLS_TLS1_3;
	state->cipher = gnutls_cipher_get(session);
	return gnutls_record_get_state(session, 0, &state->mac, &state->iv,
				       &state->key, state->sequence);
}

/* One more record has been sent. */
static int
count_record(gnutls_session_t session, struct state *state)
{
	size_t i = sizeof(state->sequence);

	while (i > 0 && ++state->sequence[i - 1] == 0)
		i--;
	return gnutls_record_set_state(session, 0, state->sequence);
}

static void
make_nonce(const struct state *state, unsigned char nonce[NONCE_SIZE])
{
	size_t i;

	memcpy(nonce, state->iv.data,
	       state->iv.size < NONCE_SIZE ? state->iv.size : NONCE_SIZE);
	if (!state->is_tls13) {
		memcpy(nonce + 4, state->sequence, 8);
		return;
	}
	for (i = 0; i < 8; i++)
		nonce[4 + i] ^= state->sequence[i];
}

/* What is authenticated beside the content; its length. */
static size_t
make_extra(const struct state *state, const unsigned char header[HEADER_SIZE],
	   size_t len, unsigned char extra[13])
{
	if (state->is_tls13) {
		memcpy(extra, header, HEADER_SIZE);
		return HEADER_SIZE;
	}
	memcpy(extra, state->sequence, 8);
	memcpy(extra + 8, header, 3);
	extra[11] = (unsigned char)(len >> 8);
	extra[12] = (unsigned char)len;
	return 13;
}

static int
encrypt(const struct state *state, const unsigned char *nonce,
	const unsigned char *extra, size_t extra_len,
	const unsigned char *plain, size_t plain_len, unsigned char *out,
	size_t *out_len)
{
	gnutls_aead_cipher_hd_t handle;
	int rc;

	rc = gnutls_aead_cipher_init(&handle, state->cipher, &state->key);
	if (rc < 0)
		return rc;
	rc = gnutls_aead_cipher_encrypt(handle, nonce, NONCE_SIZE, extra,
					extra_len, TAG_SIZE, plain, plain_len,
					out, out_len);
	gnutls_aead_cipher_deinit(handle);
	return rc;
}

int
tls_forge(gnutls_session_t session, unsigned int type, const void *data,
	  size_t len, struct octets *out)
{
	static unsigned char plain[PLAIN_MAX];
	static unsigned char sealed[PLAIN_MAX + TAG_SIZE];
	unsigned char header[HEADER_SIZE], nonce[NONCE_SIZE], extra[13];
	size_t sealed_len = sizeof(sealed);
	size_t plain_len = len;
	size_t wire_len;
	struct state state;
	int rc = get_state(session, &state);

	if (rc < 0 || len >= sizeof(plain))
		return rc < 0 ? rc : GNUTLS_E_INVALID_REQUEST;
	if (len > 0)
		memcpy(plain, data, len);
	if (state.is_tls13)
		plain[plain_len++] = (unsigned char)type;
	wire_len = plain_len + TAG_SIZE + (state.is_tls13 ? 0 : 8);
	header[0] = (unsigned char)(state.is_tls13 ? RECORD_DATA : type);
	header[1] = header[2] = 3;
	header[3] = (unsigned char)(wire_len >> 8);
	header[4] = (unsigned char)wire_len;
	make_nonce(&state, nonce);
	rc = encrypt(&state, nonce, extra,
		     make_extra(&state, header, len, extra), plain, plain_len,
		     sealed, &sealed_len);
	if (rc < 0)
		return rc;
	octets_append(out, header, sizeof(header));
	if (!state.is_tls13)
		octets_append(out, nonce + 4, 8);
	octets_append(out, sealed, sealed_len);
	return count_record(session, &state);
}

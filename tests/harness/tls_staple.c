/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 6960, section 4.2.1, in DER. */
#include "tls_staple.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY (24 * 3600L)

#define TAG_BITS       0x03
#define TAG_OCTETS     0x04
#define TAG_OID	       0x06
#define TAG_ENUMERATED 0x0a
#define TAG_TIME       0x18
#define TAG_SEQUENCE   0x30
#define TAG_CONTEXT(n) (0xa0 + (n))

#define SHA1_SIZE 20
#define P256_SIZE 32

/* Errors of a responder: RFC 6960, 4.2.1. */
#define STATUS_TRY_LATER    3
#define STATUS_UNAUTHORIZED 6

/* AlgorithmIdentifiers, whole; and the OID of a basic response. */
static const unsigned char sha1_algorithm[] = { 0x30, 0x09, 0x06, 0x05,
						0x2b, 0x0e, 0x03, 0x02,
						0x1a, 0x05, 0x00 };
static const unsigned char ecdsa_sha256[] = { 0x30, 0x0a, 0x06, 0x08,
					      0x2a, 0x86, 0x48, 0xce,
					      0x3d, 0x04, 0x03, 0x02 };
static const unsigned char basic_oid[] = { 0x2b, 0x06, 0x01, 0x05, 0x05,
					   0x07, 0x30, 0x01, 0x01 };

struct subject {
	gnutls_x509_crt_t certificate;
	const struct credentials *issuer;
	bool is_another; /* its serial number is some other one */
	bool is_revoked, is_unknown;
	long from, until; /* seconds from now */
};

static void
append(struct octets *out, unsigned int tag, const void *data, size_t len)
{
	unsigned char head[4] = { (unsigned char)tag };
	size_t head_len = 2;

	if (len < 0x80) {
		head[1] = (unsigned char)len;
	} else {
		head[1] = 0x82;
		head[2] = (unsigned char)(len >> 8);
		head[3] = (unsigned char)len;
		head_len = 4;
	}
	octets_append(out, head, head_len);
	octets_append(out, data, len);
}

/* Puts what inner holds into out, and clears it. */
static void
move_in(struct octets *out, unsigned int tag, struct octets *inner)
{
	append(out, tag, octets_data(inner), inner->len);
	octets_clear(inner);
}

static void
append_time(struct octets *out, long from_now)
{
	time_t at = time(NULL) + from_now;
	struct tm parts;
	char text[32];

	strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", gmtime_r(&at, &parts));
	append(out, TAG_TIME, text, strlen(text));
}

static void
append_sha1(struct octets *out, const void *data, size_t len)
{
	unsigned char digest[SHA1_SIZE];

	if (gnutls_hash_fast(GNUTLS_DIG_SHA1, data, len, digest) != 0)
		abort();
	append(out, TAG_OCTETS, digest, sizeof(digest));
}

/* One coordinate, without the sign's octet and with leading zeros. */
static void
append_coordinate(struct octets *out, const gnutls_datum_t *number)
{
	static const unsigned char zeros[P256_SIZE];
	size_t len = number->size;

	if (len > P256_SIZE)
		len = P256_SIZE;
	octets_append(out, zeros, P256_SIZE - len);
	octets_append(out, number->data + number->size - len, len);
}

static void
append_key_hash(struct octets *out, gnutls_x509_crt_t issuer)
{
	gnutls_datum_t x = { NULL, 0 };
	gnutls_datum_t y = { NULL, 0 };
	struct octets point = { 0 };
	gnutls_ecc_curve_t curve;

	if (gnutls_x509_crt_get_pk_ecc_raw(issuer, &curve, &x, &y) < 0)
		abort();
	octets_append(&point, "\x04", 1);
	append_coordinate(&point, &x);
	append_coordinate(&point, &y);
	append_sha1(out, octets_data(&point), point.len);
	octets_clear(&point);
	gnutls_free(x.data);
	gnutls_free(y.data);
}

static void
append_name_hash(struct octets *out, gnutls_x509_crt_t certificate)
{
	gnutls_datum_t name;

	if (gnutls_x509_crt_get_raw_issuer_dn(certificate, &name) < 0)
		abort();
	append_sha1(out, name.data, name.size);
	gnutls_free(name.data);
}

static void
append_certificate_id(struct octets *out, const struct subject *subject)
{
	struct octets id = { 0 };
	unsigned char serial[64];
	size_t len = sizeof(serial);

	octets_append(&id, sha1_algorithm, sizeof(sha1_algorithm));
	append_name_hash(&id, subject->certificate);
	append_key_hash(&id, subject->issuer->chain[0]);
	if (gnutls_x509_crt_get_serial(subject->certificate, serial, &len) < 0)
		abort();
	if (subject->is_another)
		serial[len - 1] ^= 1;
	append(&id, 0x02, serial, len);
	move_in(out, TAG_SEQUENCE, &id);
}

static void
append_single(struct octets *out, const struct subject *subject)
{
	struct octets single = { 0 };
	struct octets inner = { 0 };

	append_certificate_id(&single, subject);
	if (subject->is_revoked) {
		append_time(&inner, -10 * DAY);
		move_in(&single, TAG_CONTEXT(1), &inner);
	} else {
		append(&single, subject->is_unknown ? 0x82 : 0x80, "", 0);
	}
	append_time(&single, subject->from);
	append_time(&inner, subject->until);
	move_in(&single, TAG_CONTEXT(0), &inner);
	move_in(out, TAG_SEQUENCE, &single);
}

/* ResponseData: who says it, when, and what of whom. */
static void
append_data(struct octets *out, const struct credentials *signer,
	    const struct subject *subjects, size_t count)
{
	struct octets data = { 0 };
	struct octets list = { 0 };
	gnutls_datum_t name;
	size_t i;

	if (gnutls_x509_crt_get_raw_dn(signer->chain[0], &name) < 0)
		abort();
	append(&data, TAG_CONTEXT(1), name.data, name.size);
	gnutls_free(name.data);
	append_time(&data, subjects[0].from);
	for (i = 0; i < count; i++)
		append_single(&list, &subjects[i]);
	move_in(&data, TAG_SEQUENCE, &list);
	move_in(out, TAG_SEQUENCE, &data);
}

static void
append_signature(struct octets *out, const struct credentials *signer,
		 const struct octets *data)
{
	gnutls_datum_t text = { (unsigned char *)(uintptr_t)octets_data(data),
				(unsigned int)data->len };
	gnutls_datum_t signature;
	struct octets bits = { 0 };
	gnutls_privkey_t key;

	if (gnutls_privkey_init(&key) < 0 ||
	    gnutls_privkey_import_x509(key, signer->key, 0) < 0 ||
	    gnutls_privkey_sign_data(key, GNUTLS_DIG_SHA256, 0, &text,
				     &signature) < 0)
		abort();
	octets_append(out, ecdsa_sha256, sizeof(ecdsa_sha256));
	octets_append(&bits, "\0", 1);
	octets_append(&bits, signature.data, signature.size);
	move_in(out, TAG_BITS, &bits);
	gnutls_free(signature.data);
	gnutls_privkey_deinit(key);
}

static void
make_response(struct octets *out, const struct credentials *signer,
	      const struct subject *subjects, size_t count)
{
	struct octets data = { 0 };
	struct octets basic = { 0 };
	struct octets whole = { 0 };

	append_data(&data, signer, subjects, count);
	octets_append(&basic, octets_data(&data), data.len);
	append_signature(&basic, signer, &data);
	octets_clear(&data);
	move_in(&data, TAG_SEQUENCE, &basic);
	append(&basic, TAG_OID, basic_oid, sizeof(basic_oid));
	move_in(&basic, TAG_OCTETS, &data);
	move_in(&data, TAG_SEQUENCE, &basic);
	append(&whole, TAG_ENUMERATED, "\0", 1);
	move_in(&whole, TAG_CONTEXT(0), &data);
	move_in(out, TAG_SEQUENCE, &whole);
}

static void
make_error(struct octets *out, unsigned int status)
{
	unsigned char der[] = { TAG_SEQUENCE, 3, TAG_ENUMERATED, 1,
				(unsigned char)status };

	octets_append(out, der, sizeof(der));
}

/* What is said of our certificate. */
static const struct kind {
	const char *name;
	unsigned int error; /* instead of anything else, or 0 */
	bool is_revoked, is_unknown, is_another;
	bool by_outsider;
	bool is_second; /* behind a good one of another certificate */
	long from, until;
} kinds[] = {
	{ .name = "good", .from = -DAY, .until = DAY },
	{ .name = "revoked", .is_revoked = true, .from = -DAY, .until = DAY },
	{ .name = "unknown", .is_unknown = true, .from = -DAY, .until = DAY },
	{ .name = "try-later", .error = STATUS_TRY_LATER },
	{ .name = "unauthorized", .error = STATUS_UNAUTHORIZED },
	{ .name = "expired", .from = -30 * DAY, .until = -20 * DAY },
	{ .name = "future", .from = 10 * DAY, .until = 20 * DAY },
	{ .name = "other-certificate",
	  .is_another = true,
	  .from = -DAY,
	  .until = DAY },
	{ .name = "outsider", .by_outsider = true, .from = -DAY, .until = DAY },
	{ .name = "second-revoked",
	  .is_revoked = true,
	  .is_second = true,
	  .from = -DAY,
	  .until = DAY },
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

bool
tls_staple(const char *name, gnutls_x509_crt_t certificate,
	   const struct credentials *issuer, const struct credentials *outsider,
	   struct octets *ret_der)
{
	struct subject subjects[2];
	const struct kind *kind;
	size_t i;

	for (i = 0; i < KIND_COUNT; i++)
		if (strcmp(kinds[i].name, name) == 0)
			break;
	if (i == KIND_COUNT)
		return false;
	kind = &kinds[i];
	if (kind->error != 0) {
		make_error(ret_der, kind->error);
		return true;
	}
	for (i = 0; i < 2; i++)
		subjects[i] =
		    (struct subject){ certificate,	issuer,
				      kind->is_another, kind->is_revoked,
				      kind->is_unknown, kind->from,
				      kind->until };
	if (kind->is_second) {
		subjects[0].is_another = true;
		subjects[0].is_revoked = false;
	}
	make_response(ret_der, kind->by_outsider ? outsider : issuer, subjects,
		      kind->is_second ? 2 : 1);
	return true;
}

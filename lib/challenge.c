/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Challenges looked at before Cyrus SASL gets them.  Version 2.1.28 takes any
 * iteration count of SCRAM's, however low, and the DIGEST-MD5 client of older
 * ones writes beyond its buffers.
 */
#include "challenge.h"

#include <string.h>

#include "ascii.h"
#include "base64.h"

/* RFC 2831, section 2.1.1. */
#define DIGEST_MAX 2047

void
challenge_check_init(struct challenge_check *check,
		     const struct mechanism *mechanism, int iterations_min)
{
	memset(check, 0, sizeof(*check));
	check->mechanism = mechanism;
	check->iterations_min = iterations_min;
}

void
challenge_check_initial(struct challenge_check *check, const char *text,
			size_t len)
{
	const char *at = memmem(text, len, ",r=", 3);
	size_t nonce_len;

	if (!(check->mechanism->flags & MECHANISM_SCRAM) || at == NULL)
		return;
	at += 3;
	nonce_len = len - (size_t)(at - text);
	if (nonce_len < sizeof(check->nonce)) {
		memcpy(check->nonce, at, nonce_len);
		check->nonce[nonce_len] = '\0';
	}
}

/* Whether it is the base64 of something. */
static bool
is_base64(const char *text, size_t len)
{
	struct buffer decoded;
	bool good;

	buffer_init(&decoded, len);
	good = len > 0 && base64_decode(&decoded, text, len);
	good = good || (len > 0 && decoded.failed); /* not for us to say */
	buffer_clear(&decoded);
	return good;
}

/* Take "x=value" and the comma behind it. */
static bool
take_attribute(const char **at, const char *end, char name, const char **value,
	       size_t *len)
{
	const char *comma;

	if (end - *at < 2 || (*at)[0] != name || (*at)[1] != '=')
		return false;
	*value = *at + 2;
	comma = memchr(*value, ',', (size_t)(end - *value));
	*len = (size_t)((comma != NULL ? comma : end) - *value);
	*at = comma != NULL ? comma + 1 : end;
	return true;
}

/* -1: it is no number, or none of sense. */
static int
parse_iterations(const char *text, size_t len)
{
	int count = 0;
	size_t i;

	if (len == 0 || text[0] == '0')
		return len == 1 ? 0 : -1;
	for (i = 0; i < len; i++) {
		if (!ascii_is_digit(text[i]))
			return -1;
		if (count <= CHALLENGE_ITERATIONS_MAX)
			count = count * 10 + (text[i] - '0');
	}
	return count;
}

/* The server's first message: r=nonce,s=salt,i=count (RFC 5802, section 5.1).
 */
static const char *
scram_first_problem(const struct challenge_check *check, const char *text,
		    size_t len, const char **ret_detail)
{
	size_t nonce_len = strlen(check->nonce);
	const char *end = text + len;
	const char *value;
	int iterations;

	if (!take_attribute(&text, end, 'r', &value, &len))
		return "it is no SCRAM message";
	if (nonce_len == 0 || len <= nonce_len ||
	    memcmp(value, check->nonce, nonce_len) != 0)
		return "the nonce does not continue ours";
	if (!take_attribute(&text, end, 's', &value, &len) ||
	    !is_base64(value, len))
		return "there is no salt";
	if (!take_attribute(&text, end, 'i', &value, &len))
		return "there is no iteration count";
	if (value + len != end)
		return "there is more than Cyrus SASL looks at";
	iterations = parse_iterations(value, len);
	if (iterations < 0 || iterations > CHALLENGE_ITERATIONS_MAX)
		return "the iteration count is out of range";
	if (iterations < check->iterations_min) {
		*ret_detail = "weak-iterations";
		return "the iteration count is so low that it would help to "
		       "guess the password";
	}
	return NULL;
}

/* Its last one: v=signature. */
static const char *
scram_final_problem(const char *text, size_t len)
{
	const char *end = text + len;
	const char *value;

	if (len >= 2 && memcmp(text, "e=", 2) == 0)
		return "the server reports an error";
	if (!take_attribute(&text, end, 'v', &value, &len) ||
	    !is_base64(value, len))
		return "the server does not prove itself";
	return NULL;
}

static const char *
scram_problem(const struct challenge_check *check, const char *text, size_t len,
	      const char **ret_detail)
{
	if (memchr(text, '\0', len) != NULL)
		return "there is a NUL in it";
	return check->count == 1
		   ? scram_first_problem(check, text, len, ret_detail)
		   : scram_final_problem(text, len);
}

/* Step over one directive and the comma behind it: name=value, or a blank. */
static const char *
skip_directive(const char *text, const char *end)
{
	bool is_quoted = false;

	for (; text < end; text++) {
		if (*text == '"')
			is_quoted = !is_quoted;
		else if (is_quoted && *text == '\\' && text + 1 < end)
			text++;
		else if (!is_quoted && *text == ',')
			return text + 1;
	}
	return end;
}

static const char *
skip_blanks(const char *text, const char *end)
{
	while (text < end && (*text == ' ' || (*text >= '\t' && *text <= '\r')))
		text++;
	return text;
}

/* Whether a directive begins here whose name is that. */
static bool
is_directive(const char *text, const char *end, const char *name)
{
	size_t name_len = strlen(name);

	if ((size_t)(end - text) < name_len ||
	    !ascii_equal(text, name_len, name, name_len))
		return false;
	text = skip_blanks(text + name_len, end);
	return text < end && *text == '=';
}

/* RFC 2831, section 2.1.1: one nonce.  Cyrus SASL forgets to free a second. */
static const char *
digest_problem(const char *text, size_t len)
{
	const char *end = text + len;
	int nonces = 0;

	if (len > DIGEST_MAX)
		return "it is longer than DIGEST-MD5 allows";
	for (; text < end; text = skip_directive(text, end)) {
		text = skip_blanks(text, end);
		nonces += is_directive(text, end, "nonce");
	}
	return nonces > 1 ? "it has several nonces" : NULL;
}

const char *
challenge_problem(struct challenge_check *check, const char *text, size_t len,
		  const char **ret_detail)
{
	*ret_detail = "auth-cancelled";
	check->count++;
	if (check->mechanism->flags & MECHANISM_SCRAM)
		return scram_problem(check, text, len, ret_detail);
	if (strcmp(check->mechanism->name, "DIGEST-MD5") == 0)
		return digest_problem(text, len);
	/* The answer to nothing would be the same every time. */
	if (strcmp(check->mechanism->name, "CRAM-MD5") == 0 && len == 0)
		return "it is empty";
	return NULL;
}

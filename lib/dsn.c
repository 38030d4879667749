/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is said about delivery status notifications: RFC 3461, and RFC 6533 for
 * addresses that are not ASCII.
 */
#include "dsn.h"

#include <string.h>

#include "ascii.h"
#include "buffer.h"
#include "mailbox.h"
#include "mem.h"
#include "utf8.h"

#include <smtpc/smtpc.h>

/* RFC 3461, sections 4.2 and 4.4, of the value as it stands in the command. */
#define ENVID_MAX 100
#define ORCPT_MAX 500

/* What is encoded becomes no more than this, for each octet. */
#define GROWTH 10

static const char upper_hex[] = "0123456789ABCDEF";

/*
 * Values as they stand in a command.
 */

const char *
dsn_xtext_problem(const char *value)
{
	size_t i;

	for (i = 0; value[i] != '\0'; i++) {
		if (value[i] < '!' || value[i] > '~' || value[i] == '=')
			return "it is no xtext";
		if (value[i] != '+')
			continue;
		/* Two digits, of which letters are capital ones. */
		if (value[i + 1] == '\0' || value[i + 2] == '\0' ||
		    strchr(upper_hex, value[i + 1]) == NULL ||
		    strchr(upper_hex, value[i + 2]) == NULL)
			return "it is no xtext: two hexadecimal digits have "
			       "to follow a +";
		i += 2;
	}
	return NULL;
}

const char *
dsn_ret_problem(const char *value)
{
	if (ascii_equal_text(value, "FULL") || ascii_equal_text(value, "HDRS"))
		return NULL;
	return "it is neither FULL nor HDRS";
}

const char *
dsn_envid_problem(const char *value)
{
	if (strnlen(value, ENVID_MAX + 1) > ENVID_MAX)
		return "it is longer than 100 octets";
	return dsn_xtext_problem(value);
}

const char *
dsn_notify_problem(const char *value)
{
	static const char *const names[] = { "SUCCESS", "FAILURE", "DELAY" };
	static const char problem[] = "it is neither NEVER nor a list of "
				      "SUCCESS, FAILURE and DELAY";
	unsigned int seen = 0;
	unsigned int i;
	size_t len;

	if (ascii_equal_text(value, "NEVER"))
		return NULL;
	for (;; value += len + 1) {
		len = strcspn(value, ",");
		for (i = 0; i < 3; i++)
			if (ascii_equal(value, len, names[i], strlen(names[i])))
				break;
		if (i == 3 || (seen & 1u << i))
			return problem;
		seen |= 1u << i;
		if (value[len] == '\0')
			return NULL;
	}
}

/* The length of addr-type, an atom here; 0 if none is there. */
static size_t
type_length(const char *value)
{
	size_t len = 0;

	while (ascii_is_alnum(value[len]) || value[len] == '-')
		len++;
	return value[len] == ';' ? len : 0;
}

/*
 * utf-8-addr-xtext of RFC 6533, section 3, fits the same places and has its own
 * escapes.
 */
const char *
dsn_orcpt_problem(const char *value)
{
	size_t type = type_length(value);

	if (strnlen(value, ORCPT_MAX + 1) > ORCPT_MAX)
		return "it is longer than 500 octets";
	if (type == 0 || value[type + 1] == '\0')
		return "it is not a type, a semicolon and an address";
	return dsn_xtext_problem(value + type + 1);
}

/*
 * Making them.
 */

static void
append_xtext(struct buffer *out, const char *text)
{
	char hex[3] = "+";

	for (; *text != '\0'; text++) {
		if (*text > ' ' && *text <= '~' && *text != '+' &&
		    *text != '=') {
			buffer_append(out, text, 1);
			continue;
		}
		hex[1] = upper_hex[(unsigned char)*text >> 4];
		hex[2] = upper_hex[*text & 0xf];
		buffer_append(out, hex, 3);
	}
}

/* The character at the start of text, which is UTF-8. */
static unsigned long
character(const char *text, size_t *ret_len)
{
	static const unsigned char masks[] = { 0x7f, 0x7f, 0x1f, 0x0f, 0x07 };
	unsigned char first = (unsigned char)text[0];
	unsigned long code;
	size_t len = 1;
	size_t i;

	if (first >= 0xc0)
		len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	code = first & masks[len];
	for (i = 1; i < len; i++)
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	*ret_len = len;
	return code;
}

/* RFC 6533, section 3: "\x{3B1}" for what is not ASCII, or has a meaning. */
static void
append_utf8_xtext(struct buffer *out, const char *text)
{
	unsigned long code;
	char hex[8];
	size_t len, at;

	for (; *text != '\0'; text += len) {
		code = character(text, &len);
		if (code > ' ' && code <= '~' &&
		    strchr("\\+=", (int)code) == NULL) {
			buffer_append(out, text, 1);
			continue;
		}
		for (at = sizeof(hex); code > 0; code >>= 4)
			hex[--at] = upper_hex[code & 0xf];
		buffer_append_text(out, "\\x{");
		buffer_append(out, hex + at, sizeof(hex) - at);
		buffer_append(out, "}", 1);
	}
}

/* Whether it is text; *ret_ascii: and nothing but ASCII. */
static bool
is_text(const char *text, bool *ret_ascii)
{
	size_t i;

	*ret_ascii = true;
	for (i = 0; text[i] != '\0'; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
		if (text[i] & 0x80)
			*ret_ascii = false;
	}
	return utf8_is_valid(text, i);
}

/* What was written, as memory of its own. */
static int
finish(struct buffer *out, const char *problem, char **ret_value,
       const char **ret_problem)
{
	int rc = SMTPC_E_INVALID;
	char *value;

	if (out->failed)
		rc = SMTPC_E_NOMEM;
	*ret_problem = problem;
	if (problem == NULL && !out->failed) {
		value = mem_copy(buffer_data(out), buffer_length(out));
		rc = value != NULL ? SMTPC_OK : SMTPC_E_NOMEM;
		if (value != NULL)
			*ret_value = value;
	}
	buffer_clear(out);
	return rc;
}

int
dsn_make_envid(const char *text, char **ret_value, const char **ret_problem)
{
	const char *problem = NULL;
	struct buffer out;
	bool is_ascii;

	buffer_init(&out, GROWTH * ENVID_MAX);
	if (*text == '\0')
		problem = "it is empty";
	else if (strnlen(text, ENVID_MAX + 1) > ENVID_MAX)
		problem = "it is longer than 100 octets";
	else if (!is_text(text, &is_ascii) || !is_ascii)
		problem = "it is not printable ASCII";
	if (problem == NULL) {
		append_xtext(&out, text);
		if (buffer_length(&out) > ENVID_MAX)
			problem = "it is longer than 100 octets, encoded";
	}
	return finish(&out, problem, ret_value, ret_problem);
}

static const char *
address_problem(const char *address, size_t type, bool *ret_utf8)
{
	bool is_utf8 = type > 0 && ascii_equal(address, type, "utf-8", 5);
	bool is_ascii;

	if (strnlen(address, ORCPT_MAX + 1) > ORCPT_MAX)
		return "it is longer than 500 octets";
	if (type > 0 && address[type + 1] == '\0')
		return "the address is empty";
	if (!is_text(address, &is_ascii))
		return "it holds a control character, or is no UTF-8";
	*ret_utf8 = is_utf8 || !is_ascii;
	if (type > 0)
		return is_ascii || is_utf8
			   ? NULL
			   : "only the type utf-8 is more than ASCII";
	return mailbox_problem(address);
}

int
dsn_make_orcpt(const char *address, char **ret_value, const char **ret_problem)
{
	size_t type = type_length(address);
	const char *problem;
	bool is_utf8 = false;
	struct buffer out;

	buffer_init(&out, GROWTH * ORCPT_MAX);
	problem = address_problem(address, type, &is_utf8);
	if (problem == NULL) {
		if (type > 0)
			buffer_append(&out, address, type + 1);
		else
			buffer_append_text(&out,
					   is_utf8 ? "utf-8;" : "rfc822;");
		address += type > 0 ? type + 1 : 0;
		if (is_utf8)
			append_utf8_xtext(&out, address);
		else
			append_xtext(&out, address);
		if (buffer_length(&out) > ORCPT_MAX)
			problem = "it is longer than 500 octets, encoded";
	}
	return finish(&out, problem, ret_value, ret_problem);
}

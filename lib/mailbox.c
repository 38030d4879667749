/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The grammar of mailboxes and domains: RFC 5321, section 4.1.2, and RFC 6531,
 * section 3.3.  What passes here can go into a command line as it is.
 */
#include "mailbox.h"

#include <string.h>

#include "ascii.h"
#include "ip.h"
#include "utf8.h"

#define LABEL_MAX     63
#define INTERFACE_MAX 15 /* octets of the name of an interface */

/* How long it may be where it is not ASCII is for IDNA to say. */
static const char *
label_problem(const char *label, size_t len, bool may_be_utf8)
{
	size_t i;

	if (len == 0)
		return "a label of the domain is empty";
	if (len > LABEL_MAX && !may_be_utf8)
		return "a label of the domain is longer than 63 octets";
	if (label[0] == '-' || label[len - 1] == '-')
		return "a label of the domain begins or ends with a hyphen";
	for (i = 0; i < len; i++) {
		if (ascii_is_alnum(label[i]))
			continue;
		if (label[i] != '-' && !(may_be_utf8 && (label[i] & 0x80)))
			return "the domain holds a character that no domain "
			       "may hold";
	}
	return NULL;
}

static bool
is_number(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!ascii_is_digit(text[i]))
			return false;
	return true;
}

static const char *
domain_problem(const char *text, size_t len, bool may_be_utf8)
{
	const char *problem = NULL;
	const char *dot;
	size_t label;

	if (len > MAILBOX_DOMAIN_MAX)
		return "the domain is longer than 255 octets";
	for (;; text += label + 1, len -= label + 1) {
		dot = memchr(text, '.', len);
		label = dot != NULL ? (size_t)(dot - text) : len;
		problem = label_problem(text, label, may_be_utf8);
		if (problem != NULL)
			return problem;
		if (dot == NULL)
			break;
	}
	/* No top-level domain is a number: this is an address. */
	if (is_number(text, label))
		return "it looks like an IP address, but is none in its "
		       "place here";
	return NULL;
}

const char *
mailbox_domain_problem(const char *text, size_t len)
{
	return domain_problem(text, len, false);
}

/* "[192.0.2.1]" or "[IPv6:2001:db8::1]", brackets and all. */
static const char *
literal_problem(const char *text, size_t len)
{
	static const char tag[] = "IPv6:";
	char inner[IP_TEXT_MAX + sizeof(tag)];
	size_t tag_len = sizeof(tag) - 1;
	bool good;

	if (len < 3 || text[len - 1] != ']')
		return "the address literal has no closing bracket";
	if (len - 2 >= sizeof(inner))
		return "the address literal is no IP address";
	memcpy(inner, text + 1, len - 2);
	inner[len - 2] = '\0';
	if (len - 2 > tag_len && ascii_equal(inner, tag_len, tag, tag_len))
		good = ip_is_v6(inner + tag_len);
	else
		good = ip_is_v4(inner);
	return good ? NULL : "the address literal is no IP address";
}

static const char *
domain_or_literal_problem(const char *text, size_t len)
{
	if (len > 0 && text[0] == '[')
		return literal_problem(text, len);
	return mailbox_domain_problem(text, len);
}

/* Dot-string: atoms with single dots between. */
static const char *
dot_string_problem(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (ascii_is_atext(text[i]))
			continue;
		if (text[i] == '.') {
			if (i == 0 || i + 1 == len || text[i + 1] == '.')
				return "the local-part has a misplaced dot";
		} else if (!(text[i] & 0x80)) {
			return "the local-part holds a character that must be "
			       "quoted";
		}
	}
	return NULL;
}

/*
 * The length of the Quoted-string at text's start, quotes and all; 0 if it
 * does not end or holds what it may not.
 */
static size_t
quoted_length(const char *text)
{
	size_t i;

	for (i = 1; text[i] != '"'; i++) {
		if (text[i] == '\\')
			i++;
		/* "<" and ">" are legal, but not every server knows. */
		if ((!ascii_is_printable(text[i]) && !(text[i] & 0x80)) ||
		    text[i] == '<' || text[i] == '>')
			return 0;
	}
	return i + 1;
}

/*
 * Characters, by their octets, that turn the direction of writing or begin a
 * line where nobody expects one: who looks at the mailbox sees another.
 */
static bool
is_deceptive(const char *text)
{
	static const char *const characters[] = {
		"\xd8\x9c",	"\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8",
		"\xe2\x80\xa9", "\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac",
		"\xe2\x80\xad", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa7",
		"\xe2\x81\xa8", "\xe2\x81\xa9", "\xef\xbb\xbf",
	};
	size_t i;

	/* U+0080 to U+009F are control characters. */
	if (text[0] == '\xc2' && (unsigned char)text[1] < 0xa0)
		return true;
	for (i = 0; i < sizeof(characters) / sizeof(characters[0]); i++)
		if (strncmp(text, characters[i], strlen(characters[i])) == 0)
			return true;
	return false;
}

static const char *
utf8_problem(const char *text, size_t len)
{
	size_t i;

	if (!utf8_is_valid(text, len))
		return "it is not UTF-8";
	for (i = 0; i < len; i++)
		if ((text[i] & 0x80) && is_deceptive(text + i))
			return "it holds a character that controls how text "
			       "is shown";
	return NULL;
}

/* The length of the local-part, or 0 and what is wrong with it. */
static size_t
local_part(const char *text, const char **ret_problem)
{
	const char *at;
	size_t len;

	*ret_problem = NULL;
	if (text[0] == '"') {
		len = quoted_length(text);
		if (len == 0)
			*ret_problem = "the quoted local-part does not end, or "
				       "holds a control character, < or >";
		else if (text[len] != '@')
			*ret_problem = "the quoted local-part is not followed "
				       "by @";
	} else {
		at = strchr(text, '@');
		if (at == NULL) {
			*ret_problem = "it has no @";
			return 0;
		}
		len = (size_t)(at - text);
		*ret_problem = len == 0 ? "the local-part is empty"
					: dot_string_problem(text, len);
	}
	if (*ret_problem == NULL && len > MAILBOX_LOCAL_MAX)
		*ret_problem = "the local-part is longer than 64 octets";
	return *ret_problem == NULL ? len : 0;
}

const char *
mailbox_problem(const char *text)
{
	size_t len = strnlen(text, MAILBOX_PATH_MAX - 1);
	bool is_ascii = ascii_is_7bit(text, len);
	const char *problem;
	size_t local;

	if (len > MAILBOX_PATH_MAX - 2)
		return "it is longer than 254 octets";
	if (len == 0)
		return "it is empty";
	problem = is_ascii ? NULL : utf8_problem(text, len);
	if (problem != NULL)
		return problem;
	local = local_part(text, &problem);
	if (problem != NULL)
		return problem;
	text += local + 1;
	len -= local + 1;
	if (len > 0 && text[0] == '[')
		return literal_problem(text, len);
	return domain_problem(text, len,
			      !is_ascii && !ascii_is_7bit(text, len));
}

const char *
mailbox_domain(const char *mailbox)
{
	const char *at = mailbox;

	if (*mailbox == '"')
		at += quoted_length(mailbox);
	at = strchr(at, '@');
	return at != NULL ? at + 1 : "";
}

const char *
mailbox_client_domain_problem(const char *text)
{
	size_t len = strnlen(text, MAILBOX_DOMAIN_MAX + 1);

	return domain_or_literal_problem(text, len);
}

/* An IPv6 address with the name of an interface: "fe80::1%eth0". */
static bool
is_scoped_address(const char *text)
{
	const char *percent = strchr(text, '%');
	char address[IP_TEXT_MAX];
	size_t len, i;

	if (percent == NULL || percent - text >= IP_TEXT_MAX)
		return false;
	len = strnlen(percent + 1, INTERFACE_MAX + 1);
	if (len == 0 || len > INTERFACE_MAX)
		return false;
	for (i = 1; i <= len; i++)
		if (!ascii_is_alnum(percent[i]) &&
		    strchr("-_.", percent[i]) == NULL)
			return false;
	memcpy(address, text, (size_t)(percent - text));
	address[percent - text] = '\0';
	return ip_is_v6(address);
}

const char *
mailbox_host_problem(const char *text)
{
	size_t len = strnlen(text, MAILBOX_DOMAIN_MAX + 2);

	if (ip_is_address(text) || is_scoped_address(text))
		return NULL;
	/* A full stop at the end is how a resolver is told "as it is". */
	if (len > 1 && text[len - 1] == '.')
		len--;
	return mailbox_domain_problem(text, len);
}

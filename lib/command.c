/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Command lines: nothing else writes one.
 */
#include "command.h"

#include <string.h>

#include "ascii.h"
#include "utf8.h"

/* Whether it is UTF-8, and what of it is ASCII is printable. */
static bool
is_printable_utf8(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!(text[i] & 0x80) && !ascii_is_printable(text[i]))
			return false;
	return utf8_is_valid(text, len);
}

/* A part of a line. */
struct part {
	const char *text;
	size_t len;
};

static inline struct part
part(const char *text)
{
	struct part result = { text, strlen(text) };

	return result;
}

/* The parts on end, and CRLF, into room that is asked for once. */
static bool
append_line(struct buffer *out, const struct part *parts, size_t count)
{
	size_t total = 2;
	size_t i;
	char *room;

	for (i = 0; i < count; i++)
		total += parts[i].len;
	room = buffer_room(out, total);
	if (room == NULL)
		return false;
	for (i = 0; i < count; i++) {
		if (parts[i].len > 0)
			memcpy(room, parts[i].text, parts[i].len);
		room += parts[i].len;
	}
	memcpy(room, "\r\n", 2);
	buffer_added(out, total);
	return true;
}

/*
 * The last look at what leaves: whoever forgot a check before, an injected line
 * ends here.
 */
static bool
write_line(struct buffer *out, const struct part *parts, size_t count,
	   size_t max, bool (*is_good)(const char *text, size_t len))
{
	size_t start = buffer_length(out);
	size_t len;

	if (!append_line(out, parts, count))
		return false;
	len = buffer_length(out) - start;
	if (len <= max && is_good(buffer_data(out) + start, len - 2))
		return true;
	buffer_truncate(out, start);
	return false;
}

bool
command_write(struct buffer *out, const char *verb, const char *argument)
{
	const struct part parts[] = {
		part(verb),
		part(argument != NULL ? " " : ""),
		part(argument != NULL ? argument : ""),
	};

	return write_line(out, parts, argument != NULL ? 3 : 1,
			  COMMAND_LINE_MAX, ascii_all_printable);
}

static bool
write_path(struct buffer *out, struct part verb, const char *mailbox,
	   const char *body, const char *parameters,
	   bool (*is_good)(const char *, size_t))
{
	const struct part parts[] = {
		verb, part(mailbox), part(">"), part(body), part(parameters),
	};

	return write_line(out, parts, sizeof(parts) / sizeof(parts[0]),
			  COMMAND_LINE_MAX + COMMAND_PARAMETERS_MAX, is_good);
}

bool
command_write_mail(struct buffer *out, const char *mailbox, const char *body,
		   const char *parameters)
{
	return write_path(out, part("MAIL FROM:<"), mailbox, body, parameters,
			  ascii_all_printable);
}

bool
command_write_rcpt(struct buffer *out, const char *mailbox,
		   const char *parameters)
{
	return write_path(out, part("RCPT TO:<"), mailbox, "", parameters,
			  ascii_all_printable);
}

bool
command_write_mail_utf8(struct buffer *out, const char *mailbox,
			const char *body, const char *parameters)
{
	return write_path(out, part("MAIL FROM:<"), mailbox, body, parameters,
			  is_printable_utf8);
}

bool
command_write_rcpt_utf8(struct buffer *out, const char *mailbox,
			const char *parameters)
{
	return write_path(out, part("RCPT TO:<"), mailbox, "", parameters,
			  is_printable_utf8);
}

bool
command_write_bdat(struct buffer *out, uint64_t len, bool is_last)
{
	char digits[ASCII_NUMBER_MAX];
	const struct part parts[] = {
		part("BDAT "),
		part(ascii_number(len, digits)),
		part(is_last ? " LAST" : ""),
	};

	return write_line(out, parts, sizeof(parts) / sizeof(parts[0]),
			  COMMAND_LINE_MAX, ascii_all_printable);
}

static struct part
part_of(const struct buffer *buffer)
{
	struct part result = { buffer_data(buffer), buffer_length(buffer) };

	return result;
}

bool
command_write_auth(struct buffer *out, const char *mechanism,
		   const struct buffer *initial)
{
	struct part parts[4] = { part("AUTH "), part(mechanism) };
	size_t count = 2;

	if (initial != NULL) {
		parts[count++] = part(" ");
		parts[count++] = part_of(initial);
	}
	return write_line(out, parts, count, COMMAND_LINE_MAX,
			  ascii_all_printable);
}

bool
command_write_response(struct buffer *out, const struct buffer *encoded)
{
	struct part whole = part_of(encoded);

	return write_line(out, &whole, 1, COMMAND_AUTH_MAX + 2,
			  ascii_all_printable);
}

bool
command_is_verb(const char *verb)
{
	size_t len = strnlen(verb, COMMAND_LINE_MAX);
	size_t i;

	for (i = 0; i < len; i++)
		if (!ascii_is_alnum(verb[i]) && verb[i] != '-')
			return false;
	return len > 0 && len <= COMMAND_LINE_MAX - 2 && verb[0] != '-';
}

bool
command_is_argument(const char *argument)
{
	size_t len = strnlen(argument, COMMAND_LINE_MAX);

	return len <= COMMAND_LINE_MAX - 3 &&
	       ascii_all_printable(argument, len);
}

/* esmtp-value: any printable ASCII but "=" and the blank. */
static bool
is_value(const char *value)
{
	size_t len = strnlen(value, COMMAND_PARAMETERS_MAX + 1);

	return len > 0 && len <= COMMAND_PARAMETERS_MAX &&
	       ascii_all_printable(value, len) && strpbrk(value, " =") == NULL;
}

bool
command_is_parameter(const char *keyword, const char *value)
{
	return command_is_verb(keyword) && (value == NULL || is_value(value));
}

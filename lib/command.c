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

/*
 * End the line that began at start.  The last look at what leaves: whoever
 * forgot a check before, an injected line ends here.
 */
static bool
finish_line(struct buffer *out, size_t start, size_t max,
	    bool (*is_good)(const char *text, size_t len))
{
	size_t len = buffer_length(out) - start;
	bool good = !out->failed && len + 2 <= max &&
		    is_good(buffer_data(out) + start, len);

	if (good)
		buffer_append(out, "\r\n", 2);
	if (!good || out->failed) {
		buffer_truncate(out, start);
		return false;
	}
	return true;
}

static bool
end_line(struct buffer *out, size_t start, size_t max)
{
	return finish_line(out, start, max, ascii_all_printable);
}

bool
command_write(struct buffer *out, const char *verb, const char *argument)
{
	size_t start = buffer_length(out);

	buffer_append_text(out, verb);
	if (argument != NULL) {
		buffer_append(out, " ", 1);
		buffer_append_text(out, argument);
	}
	return end_line(out, start, COMMAND_LINE_MAX);
}

/* Several texts on end, into room that is asked for once. */
static void
append_all(struct buffer *out, const char *const *texts, size_t count)
{
	size_t lens[8];
	size_t total = 0;
	size_t i;
	char *room;

	for (i = 0; i < count; i++) {
		lens[i] = strlen(texts[i]);
		total += lens[i];
	}
	room = buffer_room(out, total);
	if (room == NULL)
		return;
	for (i = 0; i < count; i++) {
		memcpy(room, texts[i], lens[i]);
		room += lens[i];
	}
	buffer_added(out, total);
}

static bool
write_path(struct buffer *out, const char *verb, const char *mailbox,
	   const char *body, const char *parameters,
	   bool (*is_good)(const char *, size_t))
{
	const char *texts[] = { verb, mailbox, ">", body, parameters };
	size_t start = buffer_length(out);

	append_all(out, texts, sizeof(texts) / sizeof(texts[0]));
	return finish_line(out, start,
			   COMMAND_LINE_MAX + COMMAND_PARAMETERS_MAX, is_good);
}

bool
command_write_mail(struct buffer *out, const char *mailbox, const char *body,
		   const char *parameters)
{
	return write_path(out, "MAIL FROM:<", mailbox, body, parameters,
			  ascii_all_printable);
}

bool
command_write_rcpt(struct buffer *out, const char *mailbox,
		   const char *parameters)
{
	return write_path(out, "RCPT TO:<", mailbox, "", parameters,
			  ascii_all_printable);
}

bool
command_write_mail_utf8(struct buffer *out, const char *mailbox,
			const char *body, const char *parameters)
{
	return write_path(out, "MAIL FROM:<", mailbox, body, parameters,
			  is_printable_utf8);
}

bool
command_write_rcpt_utf8(struct buffer *out, const char *mailbox,
			const char *parameters)
{
	return write_path(out, "RCPT TO:<", mailbox, "", parameters,
			  is_printable_utf8);
}

bool
command_write_bdat(struct buffer *out, uint64_t octets, bool is_last)
{
	char number[ASCII_NUMBER_MAX];
	const char *texts[] = { "BDAT ", number, is_last ? " LAST" : "" };
	size_t start = buffer_length(out);

	ascii_number(octets, number);
	append_all(out, texts, sizeof(texts) / sizeof(texts[0]));
	return end_line(out, start, COMMAND_LINE_MAX);
}

bool
command_write_auth(struct buffer *out, const char *mechanism,
		   const struct buffer *initial)
{
	size_t start = buffer_length(out);

	buffer_append_text(out, "AUTH ");
	buffer_append_text(out, mechanism);
	if (initial != NULL) {
		buffer_append(out, " ", 1);
		buffer_append(out, buffer_data(initial),
			      buffer_length(initial));
	}
	return end_line(out, start, COMMAND_LINE_MAX);
}

bool
command_write_response(struct buffer *out, const struct buffer *encoded)
{
	size_t start = buffer_length(out);

	buffer_append(out, buffer_data(encoded), buffer_length(encoded));
	return end_line(out, start, COMMAND_AUTH_MAX + 2);
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

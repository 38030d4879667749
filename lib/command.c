/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Command lines: nothing else writes one.
 */
#include "command.h"

#include <string.h>

#include "ascii.h"

/*
 * End the line that began at start.  The last look at what leaves: whoever
 * forgot a check before, an injected line ends here.
 */
static bool
end_line(struct buffer *out, size_t start, size_t max)
{
	size_t len = buffer_length(out) - start;

	bool good = !out->failed && len + 2 <= max &&
		    ascii_all_printable(buffer_data(out) + start, len);

	if (good)
		buffer_append(out, "\r\n", 2);
	if (!good || out->failed) {
		buffer_truncate(out, start);
		return false;
	}
	return true;
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

static bool
write_path(struct buffer *out, const char *verb, const char *mailbox,
	   const char *body, const char *parameters)
{
	size_t start = buffer_length(out);

	buffer_append_text(out, verb);
	buffer_append_text(out, mailbox);
	buffer_append(out, ">", 1);
	buffer_append_text(out, body);
	buffer_append_text(out, parameters);
	return end_line(out, start, COMMAND_LINE_MAX + COMMAND_PARAMETERS_MAX);
}

bool
command_write_mail(struct buffer *out, const char *mailbox, const char *body,
		   const char *parameters)
{
	return write_path(out, "MAIL FROM:<", mailbox, body, parameters);
}

bool
command_write_rcpt(struct buffer *out, const char *mailbox,
		   const char *parameters)
{
	return write_path(out, "RCPT TO:<", mailbox, "", parameters);
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

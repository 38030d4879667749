/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The header of a message: reading it, its fields, its recipients. */
#include "header.h"

#include <string.h>
#include <strings.h>

#include "address.h"

void
header_scan_init(struct header_scan *scan)
{
	memset(scan, 0, sizeof(*scan));
	scan->line_is_empty = true;
}

bool
header_scan_find(struct header_scan *scan, const char *data, size_t len,
		 size_t *ret_len)
{
	for (; scan->pos < len; scan->pos++) {
		char c = data[scan->pos];

		if (scan->after_blank) {
			*ret_len = scan->pos + (c == '\n');
			return true;
		}
		if (c == '\r') {
			scan->after_blank = scan->line_is_empty;
			scan->after_cr = true;
			scan->line_is_empty = true;
		} else if (c == '\n') {
			if (scan->line_is_empty && !scan->after_cr) {
				*ret_len = scan->pos + 1;
				return true;
			}
			scan->after_cr = false;
			scan->line_is_empty = true;
		} else {
			scan->after_cr = false;
			scan->line_is_empty = false;
		}
	}
	return false;
}

/* The octets of the line end at pos: 0, 1 or 2. */
static size_t
line_end(const char *data, size_t len, size_t pos)
{
	if (pos == len)
		return 0;
	if (data[pos] == '\n')
		return 1;
	if (data[pos] != '\r')
		return 0;
	return pos + 1 < len && data[pos + 1] == '\n' ? 2 : 1;
}

static size_t
skip_to_line_end(const char *data, size_t len, size_t pos)
{
	while (pos < len && data[pos] != '\r' && data[pos] != '\n')
		pos++;
	return pos;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* RFC 5322, 2.2: the length of the field name at pos, 0 if there is none. */
static size_t
field_name(const char *data, size_t len, size_t pos)
{
	size_t start = pos;

	while (pos < len && data[pos] > ' ' && data[pos] < 0x7f &&
	       data[pos] != ':')
		pos++;
	return pos - start;
}

bool
header_next(const char *data, size_t len, size_t *pos,
	    struct header_field *ret_field)
{
	struct header_field field;
	size_t name_len = field_name(data, len, *pos);
	size_t colon = *pos + name_len;
	size_t end;

	/* RFC 5322, 4.5: blanks before the colon are obsolete, not wrong. */
	while (colon < len && is_blank(data[colon]))
		colon++;
	if (name_len == 0 || colon == len || data[colon] != ':')
		return false;

	field.start = data + *pos;
	field.name_len = name_len;
	field.value = data + colon + 1;
	*pos = colon + 1;
	do {
		end = skip_to_line_end(data, len, *pos);
		*pos = end + line_end(data, len, end);
	} while (*pos < len && is_blank(data[*pos]));
	field.value_len = (size_t)(data + end - field.value);
	field.len = (size_t)(data + *pos - field.start);
	*ret_field = field;
	return true;
}

bool
header_is_end(const char *data, size_t len, size_t pos)
{
	return pos == len || line_end(data, len, pos) > 0;
}

bool
header_field_is(const struct header_field *field, const char *name)
{
	return strlen(name) == field->name_len &&
	       strncasecmp(field->start, name, field->name_len) == 0;
}

const char *
header_recipients(const char *data, size_t len, struct mailboxes *list,
		  struct header_field *ret_field)
{
	struct header_field field;
	const char *wrong;
	size_t pos = 0;

	while (header_next(data, len, &pos, &field)) {
		*ret_field = field;
		if (header_field_is(&field, "Resent-To") ||
		    header_field_is(&field, "Resent-Cc") ||
		    header_field_is(&field, "Resent-Bcc"))
			return "the message was resent: name its recipients "
			       "as arguments";
		if (!header_field_is(&field, "To") &&
		    !header_field_is(&field, "Cc") &&
		    !header_field_is(&field, "Bcc"))
			continue;
		wrong = address_parse(field.value, field.value_len, list);
		if (wrong != NULL)
			return wrong;
	}
	memset(ret_field, 0, sizeof(*ret_field));
	if (!header_is_end(data, len, pos))
		return "a line of the header is neither a field nor a field's "
		       "continuation";
	return NULL;
}

void
header_copy_without(const char *data, size_t len, const char *name,
		    struct text *out)
{
	struct header_field field;
	size_t pos = 0;

	while (header_next(data, len, &pos, &field)) {
		if (!header_field_is(&field, name))
			text_append(out, field.start, field.len);
	}
	text_append(out, data + pos, len - pos);
}

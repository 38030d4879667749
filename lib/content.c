/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Content on its way to the wire: line ends, dots, and its end; and what it
 * holds.
 */
#include "content.h"

#include <string.h>

#include "ascii.h"
#include "glance.h"

/* Most lines are shorter. */
#define LOOK_AHEAD 128

static const char crlf[] = "\r\n";

/*
 * The first CR or LF, or end.  None of the two passes of memchr looks further
 * than a line is long, so that content without line ends costs no more.
 */
static const char *
find_line_end(const char *at, const char *end)
{
	const char *cr, *lf;
	size_t size;

	for (; at < end; at += size) {
		size = (size_t)(end - at);
		if (size > LOOK_AHEAD)
			size = LOOK_AHEAD;
		cr = memchr(at, '\r', size);
		if (cr == at)
			return cr;
		lf = memchr(at, '\n', cr != NULL ? (size_t)(cr - at) : size);
		if (lf != NULL)
			return lf;
		if (cr != NULL)
			return cr;
	}
	return end;
}

/*
 * What it holds.
 */

void
content_scan_begin(struct content_scanner *scanner)
{
	memset(scanner, 0, sizeof(*scanner));
	scanner->line_start = true;
	scanner->in_header = scanner->in_name = true;
}

/* No field begins with these; but the colon. */
static bool
ends_name(char c)
{
	return c == ':' || c <= ' ' || c >= 0x7f;
}

/*
 * The header section as far as these octets go.  It ends with an empty line, or
 * with one that is no field (RFC 5322, section 2.2) and goes on with none.
 */
static uint32_t
follow_header(struct content_scanner *scanner, const char *data, size_t len)
{
	bool line_start = scanner->line_start;
	bool after_cr = scanner->after_cr;
	uint32_t found = 0;
	size_t i;
	char c;

	for (i = 0; i < len; i++) {
		c = data[i];
		if (c == '\n' && after_cr) {
			after_cr = false;
			continue;
		}
		after_cr = c == '\r';
		if (c == '\r' || c == '\n') {
			if (scanner->in_name)
				break;
			line_start = scanner->in_name = true;
			continue;
		}
		if (scanner->in_name && ends_name(c)) {
			/* A blank goes on with the field before, if any. */
			if (line_start ? (c != ' ' && c != '\t') ||
					     scanner->seen + i == 0
				       : c != ':')
				break;
			scanner->in_name = false;
		}
		line_start = false;
		if (c & 0x80)
			found = SMTPC_SCAN_UTF8_HEADERS;
	}
	scanner->in_header = i == len;
	return found;
}

/*
 * No line of these octets, each of which ends in CRLF, is longer than it may be
 * if there is an LF in every window as long as such a line: a few looks from
 * behind.
 */
static uint32_t
measure_lines(struct content_scanner *scanner, const char *data, size_t len)
{
	size_t room = CONTENT_LINE_MAX + 2 - scanner->column;
	size_t column = scanner->column;
	const char *at = data;
	const char *end = data + len;
	const char *lf;

	for (;;) {
		if (room > (size_t)(end - at))
			room = (size_t)(end - at);
		lf = memrchr(at, '\n', room);
		if (lf == NULL)
			break;
		at = lf + 1;
		column = 0;
		room = CONTENT_LINE_MAX + 2;
	}
	if (room < (size_t)(end - at))
		return SMTPC_SCAN_LONG_LINE;
	column += (size_t)(end - at);
	if (column > CONTENT_LINE_MAX)
		return SMTPC_SCAN_LONG_LINE;
	scanner->column = column;
	return 0;
}

/* One line after another, whatever their ends. */
static uint32_t
scan_lines(struct content_scanner *scanner, const char *data, size_t len)
{
	const char *end = data + len;
	const char *at = data;
	const char *stop;
	uint32_t found = 0;

	while (at < end) {
		if (scanner->line_start && *at == '.')
			found |= CONTENT_DOT;
		stop = find_line_end(at, end);
		if (stop > at)
			scanner->line_start = false;
		scanner->column += (size_t)(stop - at);
		if (scanner->column > CONTENT_LINE_MAX)
			found |= SMTPC_SCAN_LONG_LINE;
		scanner->after_cr = stop + 1 == end && *stop == '\r';
		if (stop == end || scanner->after_cr)
			break;
		at = stop + 1;
		if (*stop == '\r' && *at == '\n') {
			at++;
		} else {
			found |= *stop == '\r' ? SMTPC_SCAN_BARE_CR
					       : SMTPC_SCAN_BARE_LF;
			scanner->octets++;
		}
		scanner->column = 0;
		scanner->line_start = true;
	}
	return found;
}

/* A CR before these octets: bare, unless they begin with its LF. */
static uint32_t
settle_cr(struct content_scanner *scanner, const char **data, size_t *len)
{
	uint32_t found = 0;

	scanner->after_cr = false;
	scanner->line_start = true;
	scanner->column = 0;
	if (**data == '\n') {
		++*data;
		--*len;
	} else {
		found = SMTPC_SCAN_BARE_CR;
		scanner->octets++;
	}
	return found;
}

/* Line ends, dots, lengths. */
static uint32_t
find_lines(struct content_scanner *scanner, const char *data, size_t len,
	   const struct glance *glance)
{
	const char *last = data + len - 1;
	uint32_t found;

	if (glance == NULL || !glance->is_paired || *data == '\n' ||
	    (last[-1] == '\r') != (*last == '\n'))
		return scan_lines(scanner, data, len);
	found = glance->has_dot || (scanner->line_start && *data == '.')
		    ? CONTENT_DOT
		    : 0;
	scanner->after_cr = *last == '\r';
	scanner->line_start = *last == '\n';
	/* After one that is too long, the others do not matter. */
	if (!(scanner->found & SMTPC_SCAN_LONG_LINE))
		found |= measure_lines(scanner, data,
				       scanner->after_cr ? len - 1 : len);
	return found;
}

static uint32_t
find_octets(const char *data, size_t len, const struct glance *glance)
{
	uint32_t found;

	if (glance != NULL && glance->is_clean &&
	    (unsigned char)(data[len - 1] - 1) < 0x7f &&
	    (unsigned char)(data[len - 2] - 1) < 0x7f)
		return 0;
	found = ascii_is_7bit(data, len) ? 0 : SMTPC_SCAN_8BIT;
	if (memchr(data, '\0', len) != NULL)
		found |= SMTPC_SCAN_NUL;
	return found;
}

uint32_t
content_scan_add(struct content_scanner *scanner, const char *data, size_t len)
{
	const struct glance *seen = NULL;
	struct glance glance;
	uint32_t found;

	if (len == 0)
		return 0;
	if (len >= GLANCE_MIN + GLANCE_AHEAD) {
		glance = glance_over(data, len - GLANCE_AHEAD);
		seen = &glance;
	}
	found = find_octets(data, len, seen);
	if (scanner->in_header &&
	    (!scanner->is_whole || (found & SMTPC_SCAN_8BIT)))
		found |= follow_header(scanner, data, len);
	scanner->seen += len;
	scanner->octets += (int64_t)len;
	if (scanner->after_cr) {
		found |= settle_cr(scanner, &data, &len);
		/* It may be of an LF that is not there any more. */
		seen = NULL;
	}
	if (len > 0)
		found |= find_lines(scanner, data, len, seen);
	scanner->found |= found;
	return found;
}

void
content_scan_end(struct content_scanner *scanner)
{
	if (scanner->after_cr) {
		scanner->found |= SMTPC_SCAN_BARE_CR;
		scanner->octets++;
	} else if (!scanner->line_start) {
		scanner->found |= CONTENT_OPEN;
		scanner->octets += 2;
	}
}

void
content_scan_whole(struct content_scanner *scanner, const char *data,
		   size_t len)
{
	content_scan_begin(scanner);
	scanner->is_whole = true;
	content_scan_add(scanner, data, len);
	content_scan_end(scanner);
}

uint32_t
content_scan(const char *data, size_t len)
{
	struct content_scanner scanner;

	content_scan_whole(&scanner, data, len);
	return scanner.found;
}

/*
 * What is sent for it.
 */

void
content_begin(struct content_encoder *encoder, bool doubles_dots)
{
	memset(encoder, 0, sizeof(*encoder));
	encoder->doubles_dots = doubles_dots;
	encoder->line_start = true;
}

void
content_known(struct content_encoder *encoder,
	      const struct content_scanner *scanner, uint32_t found, size_t len)
{
	bool has_dots = (found & CONTENT_DOT) != 0;

	if (found & CONTENT_BARE)
		return;
	if (encoder->good_to != scanner->seen - len)
		encoder->good_from = scanner->seen - len;
	if (encoder->passed < encoder->good_to)
		encoder->has_dots |= has_dots;
	else
		encoder->has_dots = has_dots;
	encoder->good_to = scanner->seen;
}

/* How many octets from here on need no change, as far as that is known. */
static size_t
known_length(const struct content_encoder *encoder, const char *data,
	     size_t len)
{
	uint64_t left = encoder->good_to - encoder->passed;

	if (encoder->is_raw)
		return len;
	if (encoder->passed < encoder->good_from ||
	    encoder->passed >= encoder->good_to)
		return 0;
	if (left < len)
		len = (size_t)left;
	if (encoder->doubles_dots && encoder->has_dots)
		len = glance_to_dot(data, len);
	/* What is known now may be forgotten before its LF is given. */
	return data[len - 1] == '\r' ? len - 1 : len;
}

static struct content_piece
piece(const char *data, size_t len)
{
	struct content_piece result = { data, len };

	return result;
}

/*
 * The length of what is left of a line, its CRLF included; *ret_is_last: what
 * comes behind it needs a change, or there is nothing.
 */
static size_t
line_length(const struct content_encoder *encoder, const char *data, size_t len,
	    bool *ret_is_last)
{
	size_t at = (size_t)(find_line_end(data, data + len) - data);

	*ret_is_last = true;
	if (len - at < 2 || data[at] == '\n' || data[at + 1] != '\n')
		return at;
	at += 2;
	*ret_is_last = at == len || (encoder->doubles_dots && data[at] == '.');
	return at;
}

/*
 * How many octets from the start of a line, or from the middle of one, can go
 * out as they are: whole lines that end in CRLF and begin with no dot, and
 * then the text of the next up to its line end.
 */
static size_t
plain_length(const struct content_encoder *encoder, const char *data,
	     size_t len)
{
	bool is_last = false;
	size_t at = 0;

	while (!is_last)
		at += line_length(encoder, data + at, len - at, &is_last);
	return at;
}

/* A CR was held back. */
static size_t
after_cr(struct content_encoder *encoder, const char *data,
	 struct content_piece *ret_piece)
{
	encoder->after_cr = false;
	encoder->line_start = true;
	*ret_piece = piece(crlf, 2);
	/* An LF behind the CR belongs to it; else the CR was bare. */
	return *data == '\n' ? 1 : 0;
}

/* The next octet is a line end of its own. */
static size_t
end_line(struct content_encoder *encoder, char c,
	 struct content_piece *ret_piece)
{
	if (c == '\r') {
		encoder->after_cr = true;
		return 1;
	}
	encoder->line_start = true;
	*ret_piece = piece(crlf, 2);
	return 1;
}

static bool
begins_with_dot(const struct content_encoder *encoder, const char *data)
{
	return encoder->doubles_dots && encoder->line_start && *data == '.';
}

static size_t
next(struct content_encoder *encoder, const char *data, size_t len,
     struct content_piece *ret_piece)
{
	size_t plain = 0;

	if (encoder->after_cr)
		return after_cr(encoder, data, ret_piece);
	if (!begins_with_dot(encoder, data)) {
		plain = known_length(encoder, data, len);
		if (plain == 0)
			plain = plain_length(encoder, data, len);
		if (plain == 0)
			return end_line(encoder, *data, ret_piece);
		encoder->line_start = data[plain - 1] == '\n';
	}
	*ret_piece = piece(data, plain);
	/* A dot goes out with what is before it, and then once more. */
	if (plain < len && begins_with_dot(encoder, data + plain)) {
		ret_piece->len++;
		encoder->line_start = false;
	}
	return plain;
}

size_t
content_next(struct content_encoder *encoder, const char *data, size_t len,
	     struct content_piece *ret_piece)
{
	size_t taken;

	*ret_piece = piece(crlf, 0);
	if (len == 0)
		return 0;
	taken = next(encoder, data, len, ret_piece);
	encoder->passed += taken;
	return taken;
}

struct content_piece
content_end(const struct content_encoder *encoder)
{
	bool is_open = !encoder->line_start || encoder->after_cr;

	return piece(crlf, is_open && !encoder->is_raw ? 2 : 0);
}

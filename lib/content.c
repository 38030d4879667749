/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Content on its way to the wire: line ends, dots, and its end.
 */
#include "content.h"

#include <string.h>

/* Most lines are shorter. */
#define LOOK_AHEAD 128

static const char crlf[] = "\r\n";
static const char dot[] = ".";

void
content_begin(struct content_encoder *encoder)
{
	encoder->line_start = true;
	encoder->after_cr = false;
}

static struct content_piece
piece(const char *data, size_t len)
{
	struct content_piece result = { data, len };

	return result;
}

/*
 * How many octets from the start of a line, or from the middle of one, can go
 * out as they are: whole lines that end in CRLF and begin with no dot, and
 * then the text of the next up to its line end.  Two passes of memchr over
 * each line cost far less than a loop over its octets; none looks further than
 * a line is long, so that content without line ends costs no more.
 */
static size_t
plain_length(const char *data, size_t len)
{
	const char *end = data + len;
	const char *at = data;
	const char *cr, *lf;
	size_t size;

	while (at < end) {
		size = (size_t)(end - at);
		if (size > LOOK_AHEAD)
			size = LOOK_AHEAD;
		cr = memchr(at, '\r', size);
		if (cr != NULL)
			size = (size_t)(cr - at);
		lf = memchr(at, '\n', size);
		if (lf != NULL)
			return (size_t)(lf - data);
		if (cr == NULL) {
			at += size;
			continue;
		}
		if (cr + 1 == end || cr[1] != '\n')
			return (size_t)(cr - data);
		at = cr + 2;
		if (at < end && *at == '.')
			return (size_t)(at - data);
	}
	return len;
}

size_t
content_next(struct content_encoder *encoder, const char *data, size_t len,
	     struct content_piece *ret_piece)
{
	size_t plain;

	*ret_piece = piece(crlf, 0);
	if (len == 0)
		return 0;
	if (encoder->after_cr) {
		encoder->after_cr = false;
		encoder->line_start = true;
		*ret_piece = piece(crlf, 2);
		/* An LF behind the CR belongs to it; else the CR was bare. */
		return *data == '\n' ? 1 : 0;
	}
	if (encoder->line_start && *data == '.') {
		encoder->line_start = false;
		*ret_piece = piece(dot, 1);
		return 0;
	}
	plain = plain_length(data, len);
	if (plain > 0) {
		encoder->line_start = data[plain - 1] == '\n';
		*ret_piece = piece(data, plain);
		return plain;
	}
	if (*data == '\r') {
		encoder->after_cr = true;
		return 1;
	}
	encoder->line_start = true;
	*ret_piece = piece(crlf, 2);
	return 1;
}

struct content_piece
content_end(const struct content_encoder *encoder)
{
	static const char end[] = "\r\n.\r\n";

	if (encoder->line_start && !encoder->after_cr)
		return piece(end + 2, 3);
	return piece(end, 5);
}

uint32_t
content_scan(const char *data, size_t len)
{
	uint32_t found = 0;
	uint64_t all = 0;
	uint64_t word;
	size_t i;

	for (i = 0; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, data + i, sizeof(word));
		all |= word;
	}
	for (; i < len; i++)
		all |= (unsigned char)data[i];
	if (all & 0x8080808080808080u)
		found |= CONTENT_8BIT;
	if (len > 0 && memchr(data, '\0', len) != NULL)
		found |= CONTENT_NUL;
	return found;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the content of a message: RFC 5321, sections 4.1.1.4 and 4.5.2. */
#include "loopback_content.h"

#include <stdlib.h>
#include <string.h>

/* What was read last. */
enum place {
	PLACE_LINE_START, /* CRLF, or nothing at all */
	PLACE_DOT,	  /* a dot at the start of a line */
	PLACE_DOT_CR,	  /* such a dot and a CR */
	PLACE_CR,	  /* a CR in a line */
	PLACE_TEXT,	  /* anything else */
	PLACE_END,	  /* the end of data */
};

struct reader {
	struct content *content;
	size_t limit;
	size_t allocated;
	enum place place;
	bool failed; /* no memory */
};

static void
keep(struct reader *reader, int octet)
{
	struct content *content;
	size_t size;
	char *grown;

	content = reader->content;
	if (content->length == reader->limit) {
		content->is_too_large = true;
		return;
	}
	if (content->length == reader->allocated) {
		size = reader->allocated == 0 ? 4096 : reader->allocated * 2;
		grown = realloc(content->data, size);
		if (grown == NULL) {
			reader->failed = true;
			return;
		}
		content->data = grown;
		reader->allocated = size;
	}
	content->data[content->length++] = (char)octet;
}

/* An octet that is content; tells where the reader is then. */
static enum place
take_text(struct reader *reader, int octet)
{
	bool is_behind_cr;

	is_behind_cr =
	    reader->place == PLACE_CR || reader->place == PLACE_DOT_CR;
	keep(reader, octet);
	if (octet == '\n' && is_behind_cr)
		return PLACE_LINE_START;
	if (octet == '\n')
		reader->content->has_bare_lf = true;
	if (is_behind_cr)
		reader->content->has_bare_cr = true;
	if (octet > 0x7f)
		reader->content->has_8bit = true;
	return octet == '\r' ? PLACE_CR : PLACE_TEXT;
}

static void
take_octet(struct reader *reader, int octet)
{
	switch (reader->place) {
	case PLACE_LINE_START:
		if (octet == '.')
			reader->place = PLACE_DOT;
		else
			reader->place = take_text(reader, octet);
		break;
	case PLACE_DOT:
		/* Whatever follows: this dot itself is no content. */
		if (octet == '\r')
			reader->place = PLACE_DOT_CR;
		else
			reader->place = take_text(reader, octet);
		break;
	case PLACE_DOT_CR:
		if (octet == '\n') {
			reader->place = PLACE_END;
			break;
		}
		keep(reader, '\r');
		reader->place = take_text(reader, octet);
		break;
	default:
		reader->place = take_text(reader, octet);
		break;
	}
}

bool
content_read(struct content *content, struct connection *connection,
	     size_t limit, long drop_at)
{
	struct reader reader = { .content = content, .limit = limit };
	long count;
	int octet;

	*content = (struct content){ 0 };
	for (count = 0; reader.place != PLACE_END && !reader.failed; count++) {
		if (count == drop_at) {
			connection_end(connection, "dropped on purpose");
			break;
		}
		octet = connection_read_octet(connection);
		if (octet < 0)
			break;
		take_octet(&reader, octet);
	}
	if (reader.failed)
		connection_end(connection, "no memory");
	return reader.place == PLACE_END;
}

void
content_clear(struct content *content)
{
	free(content->data);
	*content = (struct content){ 0 };
}

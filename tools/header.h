/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The header of a message: reading it, its fields, its recipients. */
#ifndef HEADER_H
#define HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct mailboxes;

/* A header beyond this is refused. */
#define HEADER_MAX (1024 * 1024)

/*
 * Looks for the empty line that ends a header, in octets that come bit by bit.
 * CR LF, LF and CR alone end a line, as they do when the message is sent.
 */
struct header_scan {
	size_t pos;
	bool line_is_empty;
	bool after_cr;
	bool after_blank; /* the CR was the end of an empty line */
};

void header_scan_init(struct header_scan *scan);

/*
 * data is all that was read so far.  True: *ret_len octets of it are the
 * header with the empty line.
 */
bool header_scan_find(struct header_scan *scan, const char *data, size_t len,
		      size_t *ret_len);

/* One field: all its octets, and its value between colon and last line end. */
struct header_field {
	const char *start;
	size_t len;
	size_t name_len; /* the name is at start */
	const char *value;
	size_t value_len;
};

/*
 * The field at *pos, which is moved behind it.  False at the header's end; a
 * line that is no field ends it, too, with *pos left before the empty line or
 * the end only if all was well.
 */
bool header_next(const char *data, size_t len, size_t *pos,
		 struct header_field *ret_field);

/* Whether *pos, where header_next() stopped, is a proper end. */
bool header_is_end(const char *data, size_t len, size_t pos);

bool header_field_is(const struct header_field *field, const char *name);

/*
 * Adds the mailboxes of To, Cc and Bcc.  NULL if all is well, else what is
 * wrong, and with it in *ret_field the field that it is wrong with, if any.
 */
const char *header_recipients(const char *data, size_t len,
			      struct mailboxes *list,
			      struct header_field *ret_field);

/* Copies a well-formed header without the fields of this name. */
void header_copy_without(const char *data, size_t len, const char *name,
			 struct text *out);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_CONTENT_H
#define SMTPC_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Content as DATA wants it (RFC 5321, sections 2.3.8 and 4.5.2): every line
 * ends in CRLF, a dot at the start of a line is doubled, and CRLF "." CRLF
 * ends it all.  Bare CRs and bare LFs are line ends, too, and become CRLF.
 * Where the input is cut makes no difference.
 */
struct content_encoder {
	bool line_start; /* the next octet begins a line */
	bool after_cr;	 /* a CR is held back until its LF, or not, is seen */
};

void content_begin(struct content_encoder *encoder);

/* One piece to be sent: part of the input, or a constant. */
struct content_piece {
	const char *data;
	size_t len;
};

/*
 * Gives the next piece to send, which may be empty, and returns how many octets
 * of data it stands for, which may be none: call it again with the rest until
 * that is empty.
 */
size_t content_next(struct content_encoder *encoder, const char *data,
		    size_t len, struct content_piece *ret_piece);

/* What ends the data: the line end that may be missing, dot and CRLF. */
struct content_piece content_end(const struct content_encoder *encoder);

#define CONTENT_8BIT 0x1u /* an octet above 0x7f */
#define CONTENT_NUL  0x2u

/* Which of these data holds. */
uint32_t content_scan(const char *data, size_t len);

#endif

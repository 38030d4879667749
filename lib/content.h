/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_CONTENT_H
#define SMTPC_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smtpc/smtpc.h>

/* RFC 5321, section 4.5.3.1.6, without CRLF. */
#define CONTENT_LINE_MAX 998

/* What a scan finds: SMTPC_SCAN_..., and beyond that: */
#define CONTENT_8BIT SMTPC_SCAN_8BIT
#define CONTENT_NUL  SMTPC_SCAN_NUL
#define CONTENT_BARE (SMTPC_SCAN_BARE_CR | SMTPC_SCAN_BARE_LF)
#define CONTENT_DOT  0x10000u /* a line begins with one */
#define CONTENT_OPEN 0x20000u /* the last line has no end */

/*
 * What the octets of a message hold, wherever they are cut: begin, add as
 * often as there is more, end.
 */
struct content_scanner {
	uint32_t found;
	int64_t octets; /* were every line to end in CRLF */
	uint64_t seen;	/* as they were added */
	size_t column;	/* octets of the line at hand, without its end */
	bool line_start;
	bool after_cr; /* whether it is a bare one will be seen */
	bool is_whole; /* nothing is added behind the first */
	/* The header section, until it has ended. */
	bool in_header, in_name;
};

void content_scan_begin(struct content_scanner *scanner);

/*
 * Returns what was found in these octets alone; a CR at their end counts when
 * more is added.  CONTENT_OPEN is not told before the end.
 */
uint32_t content_scan_add(struct content_scanner *scanner, const char *data,
			  size_t len);
void content_scan_end(struct content_scanner *scanner);

/* All of it at once; and only what is found. */
void content_scan_whole(struct content_scanner *scanner, const char *data,
			size_t len);
uint32_t content_scan(const char *data, size_t len);

/*
 * Content as DATA wants it (RFC 5321, sections 2.3.8 and 4.5.2): every line
 * ends in CRLF, and a dot at the start of a line is doubled.  Bare CRs and bare
 * LFs are line ends, too, and become CRLF.  For BDAT the same but for the dots.
 * Where the input is cut makes no difference.
 */
struct content_encoder {
	bool doubles_dots;
	bool is_raw;	 /* nothing is changed at all */
	bool line_start; /* the next octet begins a line */
	bool after_cr;	 /* a CR is held back until its LF, or not, is seen */
	bool has_dots;	 /* where line ends are known to be good */
	/* Positions in the input: where it is, and where line ends are good. */
	uint64_t passed, good_from, good_to;
};

void content_begin(struct content_encoder *encoder, bool doubles_dots);

/*
 * Says what is known of the input, wherever the encoder is: in the last len
 * octets that the scanner was given it has found this.  If that is nothing that
 * is to be changed they are not looked at again, and if it is but dots, only
 * for those.
 */
void content_known(struct content_encoder *encoder,
		   const struct content_scanner *scanner, uint32_t found,
		   size_t len);

/*
 * One piece to be sent: part of the input, or a constant.  A dot that is to be
 * doubled ends one piece and begins the next.
 */
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

/* The end of the last line, if that lacks one; dot and CRLF are not its. */
struct content_piece content_end(const struct content_encoder *encoder);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bar on the terminal that shows how far a long message is. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRESS_LINE_SIZE 80

enum progress_wish {
	PROGRESS_AUTO, /* on a terminal, for long messages */
	PROGRESS_NEVER,
	PROGRESS_ALWAYS
};

struct progress {
	bool on;
	bool drawn;
	int64_t total; /* -1: not known */
	int64_t shown;
	int64_t least; /* shorter messages need no bar */
};

void progress_init(struct progress *progress, enum progress_wish wish,
		   int64_t total);

/* done octets of the message have been read. */
void progress_update(struct progress *progress, int64_t done);

/* Ends the bar's line, if one was begun. */
void progress_end(struct progress *progress);

/* The line with the bar, or without one if the total is not known. */
size_t progress_format(char line[PROGRESS_LINE_SIZE], int64_t done,
		       int64_t total);

#endif

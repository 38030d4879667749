/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_GLANCE_H
#define SMTPC_GLANCE_H

#include <stdbool.h>
#include <stddef.h>

/* No fewer octets can be glanced over, and so many more must be readable. */
#define GLANCE_MIN   32
#define GLANCE_AHEAD 2

/* What many octets have in common, found out faster than by any loop. */
struct glance {
	bool is_clean;	/* each is ASCII and no NUL */
	bool is_paired; /* LF stands behind each CR, and CR before each LF */
	bool has_dot;	/* one stands behind an LF */
};

/*
 * Looks at data[0] to data[len - 1], and whether what begins there goes on as
 * it should in the GLANCE_AHEAD octets behind.  What stands before data does
 * not matter: an LF at data[0], or a dot at data[0] or data[1], is not noticed.
 */
struct glance glance_over(const char *data, size_t len);

/* Where the first dot is that stands behind an LF; len if there is none. */
size_t glance_to_dot(const char *data, size_t len);

/* A test's say: true does without the widest vectors. */
extern bool glance_narrowly;

#endif

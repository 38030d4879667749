/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is not SMTP. */
#ifndef SMTPC_FOREIGN_H
#define SMTPC_FOREIGN_H

#include <stddef.h>

enum foreign {
	FOREIGN_UNKNOWN, /* nothing that is known */
	FOREIGN_MAYBE,	 /* more octets will tell */
	FOREIGN_TLS,
	FOREIGN_OTHER,
};

/*
 * What the octets that are no SMTP reply begin.  FOREIGN_OTHER: *ret_name is
 * the protocol's name.
 */
enum foreign foreign_look(const char *data, size_t len, const char **ret_name);

#endif

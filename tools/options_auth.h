/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of the command line that is about authentication. */
#ifndef OPTIONS_AUTH_H
#define OPTIONS_AUTH_H

#include <stdbool.h>

struct options;

/* 0, or an exit code after the complaint. */
int options_parse_auth(struct options *options);

/* Decimal digits, and nothing else, from least to most. */
bool options_number(const char *string, long least, long most,
		    long *ret_number);

#endif

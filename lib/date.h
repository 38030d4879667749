/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_DATE_H
#define SMTPC_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A date and time of RFC 3339, "2030-12-31T23:59:59Z", as seconds since the
 * beginning of 1970; of a second, parts are left out.  False: it is none.
 */
bool date_parse(const char *text, size_t len, int64_t *ret_seconds);

#endif

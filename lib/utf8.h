/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_UTF8_H
#define SMTPC_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether text is UTF-8 as RFC 3629 has it: no overlong forms, no surrogates,
 * nothing above U+10FFFF.
 */
bool utf8_is_valid(const char *text, size_t len);

#endif

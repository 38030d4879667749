/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_BLOT_H
#define SMTPC_BLOT_H

#include <stddef.h>

/*
 * Overwrites a secret where a text quotes it, with stars: all of it if it is
 * short, and otherwise every part that is long enough to tell something,
 * however it was cut, folded or turned into capitals.
 */
void blot(char *text, size_t len, const char *secret, size_t secret_len);

#endif

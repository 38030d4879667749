/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_CLOCK_H
#define SMTPC_CLOCK_H

#include <stdint.h>

/* A time that never comes. */
#define CLOCK_NEVER INT64_MAX

/* Milliseconds on a clock that nobody sets. */
int64_t clock_now(void);

/* The time milliseconds from now; negative or too far away: never. */
int64_t clock_after(int64_t milliseconds);

/* Where the time comes from: a test puts its own clock here. */
extern int64_t (*clock_source)(void);

#endif

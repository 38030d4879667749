/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Chance that can be repeated: the same seed throws the same numbers.  What has
 * happened since is noted, and shown when something is wrong.
 */
#ifndef STREAM_DICE_H
#define STREAM_DICE_H

#include <stdbool.h>

/* Everything from the start; is_loud: notes are printed as they come. */
void dice_begin(unsigned long seed, bool is_loud);

/* One of the numbers from 0 to count - 1. */
unsigned int dice(unsigned int count);

/* True once in so many times. */
bool once_in(unsigned int count);

void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Tells the seed, what is wrong and what was noted, and ends the process. */
void wrong(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

#endif

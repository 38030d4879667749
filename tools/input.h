/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading descriptors. */
#ifndef INPUT_H
#define INPUT_H

#include <stddef.h>
#include <sys/types.h>

struct text;

/* As read(2), but goes on after a signal and waits where it must. */
ssize_t input_read(int fd, void *buffer, size_t size);

/* All that is left; -1 with errno, which is EFBIG beyond the text's maximum. */
int input_read_all(int fd, struct text *text);

#endif

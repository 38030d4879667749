/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The problems of a certificate by short names, for --accept and --probe. */
#ifndef PROBLEM_H
#define PROBLEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROBLEM_NAMES_SIZE 512

/* "?" for a flag that has no name here. */
const char *problem_name(uint32_t flag);

/* Whether one of the problems has the name with this many octets. */
bool problem_find(const char *name, size_t len, uint32_t *ret_flag);

/* The names of those that can be overlooked, with commas between them. */
void problem_names(char ret_names[PROBLEM_NAMES_SIZE]);

#endif

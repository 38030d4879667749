/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A directory for the files of a test case, which is gone afterwards even if
 * a test fails or crashes.  It is in TMPDIR, or in /tmp.
 */
#ifndef UNIT_SCRATCH_H
#define UNIT_SCRATCH_H

#include <check.h>

/* It is made before the first test of the case and removed after the last. */
void scratch_add(TCase *tcase);

/* The directory, and the path of a file in it: good until the test's end. */
const char *scratch_directory(void);
char *scratch_path(const char *name);

/* Removes the files of the test before. */
void scratch_empty(void);

#endif

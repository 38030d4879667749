/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROCESS_SUITE_H
#define PROCESS_SUITE_H

#include <check.h>

/* Runs the one test case of a program, prints TAP: main()'s result. */
int run_suite(const char *name, TCase *tcase);

#endif

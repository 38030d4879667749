/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dates as text, the same in every locale and time zone. */
#ifndef DATE_H
#define DATE_H

#include <stdint.h>

/* Room for any year, too. */
#define DATE_SIZE 160

/* Both take milliseconds since 1970-01-01 UTC. */

/* "Tue, 05 Mar 2024 10:11:12 +0000" (RFC 5322, 3.3). */
void date_for_header(char buffer[DATE_SIZE], int64_t milliseconds);

/* "2024-03-05 10:11:12 UTC" */
void date_for_people(char buffer[DATE_SIZE], int64_t milliseconds);

#endif

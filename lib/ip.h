/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_IP_H
#define SMTPC_IP_H

#include <stdbool.h>

/* The longest address as text, with a NUL. */
#define IP_TEXT_MAX 46

bool ip_is_v4(const char *text);
bool ip_is_v6(const char *text);

/* Either. */
bool ip_is_address(const char *text);

#endif

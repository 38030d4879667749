/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of the command line that is about TLS. */
#ifndef OPTIONS_TLS_H
#define OPTIONS_TLS_H

#include <stdbool.h>

struct options;

/* Another --pin; too many are noticed later. */
void options_add_pin(struct options *options, const char *argument);

/* 0, or an exit code after the complaint; the URL is understood already. */
int options_parse_tls(struct options *options);

/* Whether --certificate names a token, not a file. */
bool options_is_token(const char *certificate);

#endif

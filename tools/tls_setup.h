/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TLS as the options ask for it. */
#ifndef TLS_SETUP_H
#define TLS_SETUP_H

#include <smtpc/smtpc.h>

struct options;

/* 0, or an exit code after the complaint. */
int tls_setup(smtpc_session *session, const struct options *options);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --probe: by what a user could be authenticated. */
#ifndef PROBE_AUTH_H
#define PROBE_AUTH_H

#include <smtpc/smtpc.h>

/*
 * Prints a line for each mechanism that the server offers.  Sends nothing; the
 * session's own settings for authentication are lost.
 */
void probe_auth(smtpc_session *session);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_STEPS_H
#define SMTPC_STEPS_H

#include <smtpc/smtpc.h>

#include "stream.h"

/*
 * smtpc_attach() for any stream, which is the session's whatever comes of it.
 */
int steps_attach(smtpc_session *session, struct stream *stream,
		 const char *host, int port);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --probe: what a server offers, before and after TLS. */
#ifndef PROBE_H
#define PROBE_H

#include <smtpc/smtpc.h>

struct options;

/*
 * Connects, prints what there is to see, and says goodbye.  An exit code: 0,
 * or why it could not go on; a certificate that fails verification is shown
 * like any other, and counts at the end.
 */
int probe(smtpc_session *session, const struct options *options);

#endif

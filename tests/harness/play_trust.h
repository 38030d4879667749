/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom a session trusts, and what else is decided about certificates. */
#ifndef HARNESS_PLAY_TRUST_H
#define HARNESS_PLAY_TRUST_H

#include "certs.h"
#include "play_world.h"

/* Settings that trust the authorities of these names; made once. */
smtpc_tls *trust_by_names(struct certificates *certificates, const char *names);

/* Makes whatever is made once for all plays of this scenario. */
void trust_prepare(const struct scenario *scenario,
		   struct certificates *certificates);
void trust_finish(void);

/*
 * "tls-exceptions", "tls-pin" and "tls-verify-name"; false: it is another
 * setting.
 */
bool trust_apply(struct play *play, const struct setting *setting,
		 struct certificates *certificates, int *ret_rc);

#endif

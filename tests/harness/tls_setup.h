/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a scenario sets about TLS, on either side. */
#ifndef HARNESS_TLS_SETUP_H
#define HARNESS_TLS_SETUP_H

#include "certs.h"
#include "play_world.h"

/* The peer's manners. */
void tls_setup_peer(struct play *play);

/*
 * Settings of the scenario's own, if it has any that are not shared by all:
 * tls-minimum, tls-client-priority, tls-client-certificate, tls-cache.  They
 * trust ca, or other-ca if the scenario does.  SMTPC_OK, and NULL or what is
 * the caller's to free; or how a setter failed.
 */
int tls_setup_own(const struct scenario *scenario,
		  struct certificates *certificates, smtpc_tls **ret_tls);

/* What makes one server's credentials differ from another's, as one text. */
char *tls_setup_key(const struct scenario *scenario);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_SASL_PLUGINS_H
#define SMTPC_SASL_PLUGINS_H

#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <stdbool.h>

#include "credentials.h"

/*
 * Our own client mechanisms in Cyrus SASL: two that it lacks, and two whose
 * package need not be there.  They go by names of our own, so that nobody else
 * in the process gets them, and we get no others.
 */

/* Registers them.  SASL_OK, or an error. */
int sasl_plugins_add(void);

bool sasl_plugins_is_ours(const sasl_client_plug_t *plugin);

/* The name by which Cyrus SASL knows a mechanism. */
const char *sasl_plugins_alias(const char *mechanism);

/* What they ask a connection for, by this callback: nobody else has it. */
#define SASL_PLUGINS_CB_LOGIN 0x7f01

struct sasl_plugins_login {
	const struct credentials *credentials;
	const char *host;
	int port; /* 0: none */
};

typedef int sasl_plugins_login_fn(void *context, int id,
				  const struct sasl_plugins_login **ret_login);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_SASL_LIBRARY_H
#define SMTPC_SASL_LIBRARY_H

#include <sasl/sasl.h>
#include <stdbool.h>

/*
 * Makes sure that Cyrus SASL is initialised and knows our plug-ins.  SASL_OK,
 * or its error.
 */
int sasl_library_prepare(void);

/* Whether it has been prepared once: then it takes no time worth a thread. */
bool sasl_library_is_prepared(void);

/* Gives a connection back. */
void sasl_library_dispose(sasl_conn_t **connection);

/*
 * For mechanisms that keep memory of their own, and don't protect it: one
 * thread at a time.  Some of them wait for the network.
 */
void sasl_library_lock_mechanisms(void);
void sasl_library_unlock_mechanisms(void);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MAIL, RCPT and DATA. */
#ifndef HARNESS_LOOPBACK_TRANSACTION_H
#define HARNESS_LOOPBACK_TRANSACTION_H

#include "loopback.h"
#include "loopback_connection.h"
#include "loopback_delivery.h"

/* Each takes what follows the verb, and replies. */
void
transaction_mail(struct envelope *envelope,
    const struct loopback_options *options, bool is_extended,
    struct connection *connection, char *argument);

void
transaction_rcpt(struct envelope *envelope, struct connection *connection,
    char *argument);

/* Reads the content, replies, and ends the transaction. */
void
transaction_data(struct envelope *envelope,
    const struct loopback_server *server, struct connection *connection,
    const struct origin *origin);

void
envelope_clear(struct envelope *envelope);

#endif

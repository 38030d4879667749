/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_TLS_BINDING_H
#define SMTPC_TLS_BINDING_H

#include <stdbool.h>

#include "buffer.h"
#include "stream.h"

/*
 * What ties an authentication to this very TLS connection (RFC 5929, RFC
 * 9266): appends the data of the given type, SMTPC_CHANNEL_BINDING_..., and
 * returns the type's registered name.  NULL: the connection has none of that
 * type that could be relied on, or there is no memory (out->failed).
 */
const char *tls_binding(const struct stream *stream, int type,
			struct buffer *out);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Channel bindings.
 */
#include "tls_binding.h"

#include <smtpc/smtpc.h>

#include "tls_stream.h"

/* The type that AUTO stands for. */
static int
best_type(gnutls_session_t session)
{
	return gnutls_protocol_get_version(session) >= GNUTLS_TLS1_3
		   ? SMTPC_CHANNEL_BINDING_EXPORTER
		   : SMTPC_CHANNEL_BINDING_UNIQUE;
}

/*
 * Before TLS 1.3 a third party can have two connections share their secrets,
 * unless the extended master secret is in use (RFC 7627).
 */
static bool
is_unique(gnutls_session_t session)
{
	gnutls_protocol_t version = gnutls_protocol_get_version(session);

	return version >= GNUTLS_TLS1_3 ||
	       (version == GNUTLS_TLS1_2 && (gnutls_session_get_flags(session) &
					     GNUTLS_SFLAGS_EXT_MASTER_SECRET));
}

const char *
tls_binding(const struct stream *stream, int type, struct buffer *out)
{
	const struct tls_stream *self =
	    (const struct tls_stream *)(const void *)stream;
	gnutls_session_t session = self->session;
	gnutls_channel_binding_t kind;
	gnutls_datum_t data = { NULL, 0 };
	const char *name;
	int rc;

	if (type == SMTPC_CHANNEL_BINDING_AUTO)
		type = best_type(session);
	switch (type) {
	case SMTPC_CHANNEL_BINDING_EXPORTER:
		kind = GNUTLS_CB_TLS_EXPORTER;
		name = "tls-exporter";
		break;
	case SMTPC_CHANNEL_BINDING_UNIQUE:
		kind = GNUTLS_CB_TLS_UNIQUE;
		name = "tls-unique";
		break;
	case SMTPC_CHANNEL_BINDING_SERVER_END_POINT:
		kind = GNUTLS_CB_TLS_SERVER_END_POINT;
		name = "tls-server-end-point";
		break;
	default:
		return NULL;
	}
	if (kind != GNUTLS_CB_TLS_SERVER_END_POINT && !is_unique(session))
		return NULL;
	rc = gnutls_session_channel_binding(session, kind, &data);
	out->failed = out->failed || rc == GNUTLS_E_MEMORY_ERROR;
	if (rc != 0)
		return NULL;
	buffer_append(out, data.data, data.size);
	gnutls_memset(data.data, 0, data.size);
	gnutls_free(data.data);
	return out->failed ? NULL : name;
}

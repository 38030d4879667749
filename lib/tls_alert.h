/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_TLS_ALERT_H
#define SMTPC_TLS_ALERT_H

#include <gnutls/gnutls.h>

/* A token and words for an alert of the peer's; both last for ever. */
const char *tls_alert_token(gnutls_alert_description_t alert);
const char *tls_alert_text(gnutls_alert_description_t alert);

#endif

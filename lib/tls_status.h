/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_TLS_STATUS_H
#define SMTPC_TLS_STATUS_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdint.h>

/*
 * What is wrong with the certificate's stapled status, beyond what GnuTLS has
 * found: SMTPC_CERTIFICATE_... flags.
 */
uint32_t tls_status_problems(gnutls_session_t session, gnutls_x509_crt_t leaf);

#endif

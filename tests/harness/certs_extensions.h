/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of a certificate that are put together octet by octet. */
#ifndef HARNESS_CERTS_EXTENSIONS_H
#define HARNESS_CERTS_EXTENSIONS_H

#include "certs.h"

/* What the text of a name stands for; ends without memory.  To be freed. */
char *certificate_text(const char *text, size_t *ret_len);

/* Names, constraints and whatever nobody needs; 0 or a GnuTLS error. */
int certificate_set_extensions(gnutls_x509_crt_t certificate,
    const struct certificate_parameters *parameters);

/* Once it is signed, it is spoiled as the parameters say. */
int certificate_spoil(struct credentials *credentials,
    const struct certificate_parameters *parameters);

#endif

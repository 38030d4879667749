/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_IDNA_H
#define SMTPC_IDNA_H

/*
 * A host name as the name service knows it: U-labels become A-labels
 * (RFC 5891), ASCII stays as it is.  SMTPC_OK, with memory of its own;
 * SMTPC_E_INVALID, SMTPC_E_NOMEM.
 */
int idna_to_ascii(const char *host, char **ret_ascii);

#endif

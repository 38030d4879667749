/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server of auth_lab.h, for the rest of it. */
#ifndef HARNESS_AUTH_LAB_SERVER_H
#define HARNESS_AUTH_LAB_SERVER_H

#include "auth_lab.h"

/* Once in a process. */
void lab_server_prepare(void);
void lab_server_finish(void);

void lab_server_start(struct auth_lab *lab);
void lab_server_end(struct auth_lab *lab);

/* Its turn; whether it did anything. */
bool lab_server_turn(struct auth_lab *lab);

/*
 * What was said in base64; "=" stands for nothing (RFC 4954, section 4).
 * False: it is no base64.
 */
bool lab_server_decode(const char *text, struct octets *out);

/* Somebody's certificates and, if ret_key is not NULL, key: to be freed. */
void lab_server_pem(const char *name, gnutls_datum_t *ret_chain,
		    gnutls_datum_t *ret_key);

#endif

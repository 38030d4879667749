/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_MAILBOX_H
#define SMTPC_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>

/* RFC 5321, section 4.5.3.1. */
#define MAILBOX_LOCAL_MAX  64
#define MAILBOX_DOMAIN_MAX 255
#define MAILBOX_PATH_MAX   256 /* with < and > */

/*
 * Each tells what is wrong with text, as words that fit behind a colon, or
 * NULL if it is good (RFC 5321, section 4.1.2).
 */

/*
 * Local-part "@" ( Domain / address-literal ), without < and >.  Both may be
 * UTF-8 (RFC 6531, section 3.3); whether a domain that is not ASCII can have an
 * ASCII form is not looked at.
 */
const char *mailbox_problem(const char *text);

/* A domain name of letters, digits and hyphens. */
const char *mailbox_domain_problem(const char *text, size_t len);

/* What may stand behind EHLO: a domain or an address literal. */
const char *mailbox_client_domain_problem(const char *text);

/* What to connect to: a domain name or an IP address, not in brackets. */
const char *mailbox_host_problem(const char *text);

/*
 * The domain of a good mailbox, behind the @ that counts; "" if there is none.
 */
const char *mailbox_domain(const char *mailbox);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_TLS_STREAM_H
#define SMTPC_TLS_STREAM_H

#include <gnutls/gnutls.h>
#include <stdint.h>
#include <time.h>

#include "buffer.h"
#include "stream.h"
#include "tls.h"

/* One record on its way out. */
struct tls_record {
	uint64_t end;	    /* among the octets for inner */
	uint64_t plaintext; /* among those written to us */
};

/* The inside of a TLS stream, for the files that are about TLS. */
struct tls_stream {
	struct stream base;
	struct stream *inner;
	smtpc_tls *settings;
	gnutls_session_t session;
	char *host; /* the name to verify, without a trailing dot */

	char *resumption_key; /* NULL: neither resumed nor kept */
	bool keeps_ticket;    /* the next ticket that comes is kept */
	time_t good_until;    /* the certificates, once they were verified */

	struct buffer plain; /* small pieces, to be encrypted together */
	struct buffer in;    /* read from inner, not yet taken by GnuTLS */
	struct buffer out;   /* encrypted, not yet taken by inner */
	uint64_t encrypted;  /* octets written to us so far */
	uint64_t passed;     /* octets that inner has taken so far */
	struct buffer
	    records;	     /* those that out has the ends of, as tls_record */
	int inner_rc;	     /* how inner's last read ended */
	unsigned int futile; /* records in a row that brought nothing */
};

#endif

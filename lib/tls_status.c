/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The proof that a certificate is not revoked, when the server sends one along
 * (RFC 6066, section 8).  It is never fetched.
 */
#include "tls_status.h"

#include <gnutls/ocsp.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include <smtpc/smtpc.h>

/* The extension status_request, as a TLS feature: RFC 7633. */
#define STATUS_REQUEST 5

/* Whether the certificate says that it is good only with a status. */
static bool
demands_status(gnutls_x509_crt_t leaf)
{
	gnutls_x509_tlsfeatures_t features;
	unsigned int feature;
	bool found = false;
	unsigned int i;

	if (gnutls_x509_tlsfeatures_init(&features) != 0)
		return true;
	if (gnutls_x509_crt_get_tlsfeatures(leaf, features, 0, NULL) == 0)
		for (i = 0;
		     !found &&
		     gnutls_x509_tlsfeatures_get(features, i, &feature) == 0;
		     i++)
			found = feature == STATUS_REQUEST;
	gnutls_x509_tlsfeatures_deinit(features);
	return found;
}

/* What the server's status says of the certificate, and since when. */
static bool
read_status(const gnutls_datum_t *der, gnutls_x509_crt_t leaf,
	    unsigned int *ret_status, time_t *ret_issued)
{
	gnutls_ocsp_resp_t response;
	bool found = false;
	unsigned int i;

	if (gnutls_ocsp_resp_init(&response) != 0)
		return false;
	if (gnutls_ocsp_resp_import(response, der) == 0)
		for (i = 0;
		     !found &&
		     gnutls_ocsp_resp_get_single(response, i, NULL, NULL, NULL,
						 NULL, ret_status, ret_issued,
						 NULL, NULL, NULL) == 0;
		     i++)
			found =
			    gnutls_ocsp_resp_check_crt(response, i, leaf) == 0;
	gnutls_ocsp_resp_deinit(response);
	return found;
}

uint32_t
tls_status_problems(gnutls_session_t session, gnutls_x509_crt_t leaf)
{
	unsigned int status = GNUTLS_OCSP_CERT_UNKNOWN;
	time_t issued = 0;
	gnutls_datum_t der;

	/* The full handshake before has told; this one has no place for it. */
	if (gnutls_session_is_resumed(session))
		return 0;
	if (gnutls_ocsp_status_request_get(session, &der) == 0 &&
	    !read_status(&der, leaf, &status, &issued))
		status = GNUTLS_OCSP_CERT_UNKNOWN;
	/* "Unknown" satisfies GnuTLS, but proves nothing. */
	if (demands_status(leaf) && status != GNUTLS_OCSP_CERT_GOOD)
		return SMTPC_CERTIFICATE_BAD_STATUS;
	/* GnuTLS looks when a status ends, but not when it begins. */
	return issued > time(NULL) ? SMTPC_CERTIFICATE_BAD_STATUS : 0;
}

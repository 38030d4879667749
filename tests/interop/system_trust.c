/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Linked into a program, this makes the authorities of the system those that
 * the file in SMTPC_TEST_SYSTEM_TRUST holds: what a test may not rely on, and
 * not change, is the machine's own.
 */
#include <gnutls/gnutls.h>
#include <stdlib.h>

int
gnutls_certificate_set_x509_system_trust(gnutls_certificate_credentials_t cred)
{
	const char *file = getenv("SMTPC_TEST_SYSTEM_TRUST");

	if (file == NULL)
		return GNUTLS_E_NO_CERTIFICATE_FOUND;
	return gnutls_certificate_set_x509_trust_file(cred, file,
						      GNUTLS_X509_FMT_PEM);
}

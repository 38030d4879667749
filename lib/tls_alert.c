/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a server means by an alert (RFC 8446, section 6).
 */
#include "tls_alert.h"

#include <stddef.h>

static const struct {
	gnutls_alert_description_t alert;
	const char *token;
	const char *text;
} alerts[] = {
	{ GNUTLS_A_UNEXPECTED_MESSAGE, "alert-unexpected-message",
	  "the server did not expect this message" },
	{ GNUTLS_A_BAD_RECORD_MAC, "alert-bad-record-mac",
	  "the server could not decrypt a record" },
	{ GNUTLS_A_DECRYPTION_FAILED, "alert-decryption-failed",
	  "the server could not decrypt a record" },
	{ GNUTLS_A_RECORD_OVERFLOW, "alert-record-overflow",
	  "the server was sent too long a record" },
	{ GNUTLS_A_DECOMPRESSION_FAILURE, "alert-decompression-failure",
	  "the server could not decompress a record" },
	{ GNUTLS_A_HANDSHAKE_FAILURE, "alert-handshake-failure",
	  "the server accepts nothing of what is offered to it: it may insist "
	  "on ciphers that are not safe, or on a client certificate" },
	{ GNUTLS_A_BAD_CERTIFICATE, "alert-bad-certificate",
	  "the server refuses the client's certificate" },
	{ GNUTLS_A_UNSUPPORTED_CERTIFICATE, "alert-unsupported-certificate",
	  "the server can't use a client certificate of this type" },
	{ GNUTLS_A_CERTIFICATE_REVOKED, "alert-certificate-revoked",
	  "the client's certificate has been revoked" },
	{ GNUTLS_A_CERTIFICATE_EXPIRED, "alert-certificate-expired",
	  "the client's certificate has expired" },
	{ GNUTLS_A_CERTIFICATE_UNKNOWN, "alert-certificate-unknown",
	  "the server does not accept the client's certificate" },
	{ GNUTLS_A_ILLEGAL_PARAMETER, "alert-illegal-parameter",
	  "the server found a field that makes no sense" },
	{ GNUTLS_A_UNKNOWN_CA, "alert-unknown-ca",
	  "the server does not know the authority that issued the client's "
	  "certificate" },
	{ GNUTLS_A_ACCESS_DENIED, "alert-access-denied",
	  "the client's certificate is good, but the server denies access" },
	{ GNUTLS_A_DECODE_ERROR, "alert-decode-error",
	  "the server could not read a message" },
	{ GNUTLS_A_DECRYPT_ERROR, "alert-decrypt-error",
	  "a signature or a proof of the handshake is wrong, says the server" },
	{ GNUTLS_A_PROTOCOL_VERSION, "alert-protocol-version",
	  "the server speaks none of the versions of TLS that are allowed" },
	{ GNUTLS_A_INSUFFICIENT_SECURITY, "alert-insufficient-security",
	  "the server wants stronger ciphers" },
	{ GNUTLS_A_INTERNAL_ERROR, "alert-internal-error",
	  "the server has an error of its own" },
	{ GNUTLS_A_INAPPROPRIATE_FALLBACK, "alert-inappropriate-fallback",
	  "the server could do better than this version of TLS" },
	{ GNUTLS_A_USER_CANCELED, "alert-user-canceled", "the server gave up" },
	{ GNUTLS_A_NO_RENEGOTIATION, "alert-no-renegotiation",
	  "the server does not renegotiate" },
	{ GNUTLS_A_MISSING_EXTENSION, "alert-missing-extension",
	  "the server misses an extension" },
	{ GNUTLS_A_UNSUPPORTED_EXTENSION, "alert-unsupported-extension",
	  "the server was sent an extension that it can't use" },
	{ GNUTLS_A_UNRECOGNIZED_NAME, "alert-unrecognized-name",
	  "the server does not know the name that was asked for" },
	{ GNUTLS_A_CERTIFICATE_REQUIRED, "alert-certificate-required",
	  "the server demands a client certificate" },
	{ GNUTLS_A_NO_APPLICATION_PROTOCOL, "alert-no-application-protocol",
	  "the server speaks another protocol here" },
};

static size_t
find(gnutls_alert_description_t alert)
{
	size_t i;

	for (i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
		if (alerts[i].alert == alert)
			break;
	return i;
}

const char *
tls_alert_token(gnutls_alert_description_t alert)
{
	size_t i = find(alert);

	return i < sizeof(alerts) / sizeof(alerts[0]) ? alerts[i].token
						      : "alert-other";
}

const char *
tls_alert_text(gnutls_alert_description_t alert)
{
	size_t i = find(alert);

	return i < sizeof(alerts) / sizeof(alerts[0])
		   ? alerts[i].text
		   : "the server gave up for a reason of its own";
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the peer's certificates are good: all that is wrong with them.  What
 * of it matters is not decided here.
 */
#include <gnutls/x509.h>
#include <string.h>

#include "ascii.h"
#include "ip.h"
#include "mem.h"
#include "tls.h"
#include "tls_certificate.h"
#include "tls_status.h"
#include "tls_stream.h"

/* No domain is longer. */
#define HOST_MAX 255

/* GnuTLS's findings and ours. */
static const struct {
	unsigned int status;
	uint32_t problem;
} findings[] = {
	{ GNUTLS_CERT_SIGNER_NOT_FOUND, SMTPC_CERTIFICATE_UNTRUSTED_ISSUER },
	{ GNUTLS_CERT_SIGNER_NOT_CA, SMTPC_CERTIFICATE_UNTRUSTED_ISSUER },
	{ GNUTLS_CERT_EXPIRED, SMTPC_CERTIFICATE_EXPIRED },
	{ GNUTLS_CERT_NOT_ACTIVATED, SMTPC_CERTIFICATE_NOT_YET_VALID },
	{ GNUTLS_CERT_UNEXPECTED_OWNER, SMTPC_CERTIFICATE_WRONG_NAME },
	{ GNUTLS_CERT_PURPOSE_MISMATCH, SMTPC_CERTIFICATE_WRONG_PURPOSE },
	{ GNUTLS_CERT_REVOKED, SMTPC_CERTIFICATE_REVOKED },
	{ GNUTLS_CERT_INSECURE_ALGORITHM, SMTPC_CERTIFICATE_WEAK_ALGORITHM },
	{ GNUTLS_CERT_SIGNATURE_FAILURE, SMTPC_CERTIFICATE_BAD_SIGNATURE },
	{ GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE,
	  SMTPC_CERTIFICATE_BAD_CONSTRAINTS },
	{ GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED,
	  SMTPC_CERTIFICATE_BAD_STATUS },
	{ GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE,
	  SMTPC_CERTIFICATE_BAD_STATUS },
	{ GNUTLS_CERT_MISSING_OCSP_STATUS, SMTPC_CERTIFICATE_BAD_STATUS },
	{ GNUTLS_CERT_INVALID_OCSP_STATUS, SMTPC_CERTIFICATE_BAD_STATUS },
	{ GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS,
	  SMTPC_CERTIFICATE_UNKNOWN_EXTENSION },
};

/* Whatever GnuTLS finds, now or in a later version, is a problem. */
static uint32_t
problems_of(unsigned int status)
{
	uint32_t problems = 0;
	unsigned int rest = status & ~(unsigned int)GNUTLS_CERT_INVALID;
	size_t i;

	for (i = 0; i < sizeof(findings) / sizeof(findings[0]); i++) {
		if (rest & findings[i].status)
			problems |= findings[i].problem;
		rest &= ~findings[i].status;
	}
	if (rest != 0 || (status != 0 && problems == 0))
		problems |= SMTPC_CERTIFICATE_OTHER;
	return problems;
}

/* What GnuTLS is asked to look at besides the chain. */
static void
set_wanted(gnutls_typed_vdata_st wanted[2], const char *host)
{
	memset(wanted, 0, 2 * sizeof(wanted[0]));
	wanted[0].type = GNUTLS_DT_DNS_HOSTNAME;
	/* Only read, but the type can't say so. */
	wanted[0].data = (unsigned char *)(uintptr_t)host;
	wanted[1].type = GNUTLS_DT_KEY_PURPOSE_OID;
	wanted[1].data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER;
}

static void
free_chain(gnutls_x509_crt_t *chain, unsigned int count)
{
	while (count > 0)
		gnutls_x509_crt_deinit(chain[--count]);
	mem_free(chain);
}

static int
read_chain(const gnutls_datum_t *ders, unsigned int count,
	   gnutls_x509_crt_t **ret_chain)
{
	gnutls_x509_crt_t *chain = mem_zalloc(count * sizeof(chain[0]));
	unsigned int i;

	if (chain == NULL)
		return SMTPC_E_NOMEM;
	for (i = 0; i < count; i++) {
		if (!tls_certificate_read(&chain[i], &ders[i])) {
			free_chain(chain, i);
			return SMTPC_E_TLS;
		}
	}
	*ret_chain = chain;
	return SMTPC_OK;
}

/* Where the issuers that the peer sent lead to. */
static gnutls_x509_crt_t
end_of(gnutls_x509_crt_t *chain, unsigned int count)
{
	gnutls_x509_crt_t end = chain[0];
	unsigned int steps, i;

	for (steps = 1; steps < count; steps++)
		for (i = 1; i < count; i++)
			if (gnutls_x509_crt_check_issuer(end, chain[i]))
				end = chain[i];
	return end;
}

/*
 * GnuTLS does not look closer at a chain that leads to nobody it trusts: what
 * would it find if it trusted the end of the chain?
 */
static uint32_t
problems_but_for_trust(gnutls_x509_crt_t *chain, unsigned int count,
		       gnutls_typed_vdata_st wanted[2])
{
	gnutls_x509_crt_t end = end_of(chain, count);
	gnutls_x509_trust_list_t list;
	unsigned int status = 0;
	uint32_t problems;

	if (gnutls_x509_trust_list_init(&list, 0) != 0)
		return SMTPC_CERTIFICATE_OTHER;
	if (gnutls_x509_trust_list_add_cas(list, &end, 1, 0) != 1 ||
	    gnutls_x509_trust_list_verify_crt2(list, chain, count, wanted, 2, 0,
					       &status, NULL) != 0)
		status = GNUTLS_CERT_INVALID;
	gnutls_x509_trust_list_deinit(list, 0);
	problems = problems_of(status);
	/* Then it is not known either what else is wrong. */
	if (status & GNUTLS_CERT_SIGNER_NOT_FOUND)
		problems |= SMTPC_CERTIFICATE_OTHER;
	return problems;
}

/* Less than 112 bits of strength: RSA below 2048, say (RFC 9325, 4.5). */
static bool
has_weak_key(gnutls_x509_crt_t crt)
{
	unsigned int bits = 0;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(crt, &bits);

	return algorithm < 0 ||
	       gnutls_pk_bits_to_sec_param((gnutls_pk_algorithm_t)algorithm,
					   bits) < GNUTLS_SEC_PARAM_MEDIUM;
}

/* Whether any subjectAltName is of this type and, if given, says this. */
static bool
has_name(gnutls_x509_crt_t crt, unsigned int wanted, const char *text)
{
	char name[HOST_MAX + 1];
	unsigned int type, i;
	bool found = false;
	size_t len;
	int rc;

	for (i = 0; !found; i++) {
		type = 0;
		len = sizeof(name);
		rc = gnutls_x509_crt_get_subject_alt_name2(crt, i, name, &len,
							   &type, NULL);
		/* One that has no room here is longer than any domain. */
		if (rc < 0 && rc != GNUTLS_E_SHORT_MEMORY_BUFFER)
			break;
		found =
		    type == wanted &&
		    (text == NULL ||
		     (rc >= 0 && ascii_equal(name, len, text, strlen(text))));
	}
	return found;
}

/* RFC 9525, section 6.3: a wildcard is the whole first label. */
static bool
has_wildcard_for(gnutls_x509_crt_t crt, const char *host)
{
	const char *rest = strchr(host, '.');
	char wildcard[HOST_MAX + 2] = "*";

	if (rest == NULL || rest == host || strlen(rest) > HOST_MAX)
		return false;
	memcpy(wildcard + 1, rest, strlen(rest) + 1);
	return has_name(crt, GNUTLS_SAN_DNSNAME, wildcard);
}

/*
 * GnuTLS, which is content with the name, is more lenient than RFC 9525: it
 * takes the common name of a certificate without alternative names for the
 * server's (section 6.3 does not), and "*x" for any label that ends in x.
 */
static uint32_t
problems_of_name(gnutls_x509_crt_t leaf, const char *host)
{
	bool is_ip = ip_is_address(host);

	if (!has_name(leaf, is_ip ? GNUTLS_SAN_IPADDRESS : GNUTLS_SAN_DNSNAME,
		      NULL))
		return SMTPC_CERTIFICATE_NAME_IN_CN;
	if (is_ip ||
	    gnutls_x509_crt_check_hostname2(
		leaf, host, GNUTLS_VERIFY_DO_NOT_ALLOW_WILDCARDS) ||
	    has_wildcard_for(leaf, host))
		return 0;
	return SMTPC_CERTIFICATE_WRONG_NAME;
}

/*
 * GnuTLS goes along the chain from its end, and no further than to the first
 * certificate with a problem: what lies between that and the server's may be
 * forged.  So each link is looked at by itself; with every issuer of that name,
 * for one may have been put in to hide another.
 */
static uint32_t
problems_of_links(gnutls_x509_crt_t *chain, unsigned int count)
{
	unsigned int i, issuer, status;
	uint32_t problems = 0;

	for (i = 0; i < count; i++) {
		for (issuer = 1; issuer < count; issuer++) {
			if (issuer == i ||
			    !gnutls_x509_crt_check_issuer(chain[i],
							  chain[issuer]))
				continue;
			status = GNUTLS_CERT_INVALID;
			(void)gnutls_x509_crt_verify(chain[i], &chain[issuer],
						     1, 0, &status);
			problems |= problems_of(status);
		}
	}
	return problems;
}

/* What GnuTLS finds, and what it does not look for. */
static uint32_t
look_closer(gnutls_x509_crt_t *chain, unsigned int count,
	    gnutls_typed_vdata_st wanted[2], const char *host,
	    uint32_t problems)
{
	unsigned int i;

	if (problems != 0)
		problems |= problems_of_links(chain, count);
	if (problems & SMTPC_CERTIFICATE_UNTRUSTED_ISSUER) {
		problems |= problems_but_for_trust(chain, count, wanted);
		if (gnutls_x509_crt_check_issuer(chain[0], chain[0]))
			problems |= SMTPC_CERTIFICATE_SELF_SIGNED;
	}
	if (!(problems & SMTPC_CERTIFICATE_WRONG_NAME))
		problems |= problems_of_name(chain[0], host);
	for (i = 0; i < count; i++)
		if (has_weak_key(chain[i]))
			problems |= SMTPC_CERTIFICATE_WEAK_ALGORITHM;
	return problems;
}

/* The first of them to expire ends it for all. */
static time_t
good_until(gnutls_x509_crt_t *chain, unsigned int count)
{
	time_t until = gnutls_x509_crt_get_expiration_time(chain[0]);
	time_t other;
	unsigned int i;

	for (i = 1; i < count; i++) {
		other = gnutls_x509_crt_get_expiration_time(chain[i]);
		if (other < until)
			until = other;
	}
	return until;
}

int
tls_verify(struct stream *stream, uint32_t *ret_problems,
	   char ret_key_sha256[TLS_DIGEST_TEXT])
{
	struct tls_stream *self = (struct tls_stream *)(void *)stream;
	gnutls_typed_vdata_st wanted[2];
	const gnutls_datum_t *ders;
	gnutls_x509_crt_t *chain;
	unsigned int status = GNUTLS_CERT_INVALID;
	unsigned int count = 0;
	int rc;

	set_wanted(wanted, self->host);
	ders = gnutls_certificate_get_peers(self->session, &count);
	if (ders == NULL || count == 0)
		return SMTPC_E_TLS;
	if (gnutls_certificate_verify_peers(self->session, wanted, 2,
					    &status) != 0)
		return SMTPC_E_TLS;
	rc = read_chain(ders, count, &chain);
	if (rc != SMTPC_OK)
		return rc;
	self->good_until = good_until(chain, count);
	rc = SMTPC_E_TLS;
	if (ret_key_sha256 == NULL ||
	    tls_certificate_key_digest(chain[0], ret_key_sha256)) {
		*ret_problems = look_closer(chain, count, wanted, self->host,
					    problems_of(status)) |
				tls_status_problems(self->session, chain[0]);
		rc = SMTPC_OK;
	}
	free_chain(chain, count);
	return rc;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plays scenarios with one call of GnuTLS's failing, of those that the verdict
 * on a certificate is made of: the first, the second, and so on.  Whatever is
 * not known for sure must not be taken for good.
 */
#include <gnutls/gnutls.h>
#include <gnutls/x509-ext.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

#include "run.h"

/* The linker makes these of the names without __wrap_, and with __real_. */
__typeof__(gnutls_certificate_get_peers) __real_gnutls_certificate_get_peers,
    __wrap_gnutls_certificate_get_peers;
__typeof__(gnutls_certificate_verify_peers)
    __real_gnutls_certificate_verify_peers,
    __wrap_gnutls_certificate_verify_peers;
__typeof__(gnutls_x509_crt_init) __real_gnutls_x509_crt_init,
    __wrap_gnutls_x509_crt_init;
__typeof__(gnutls_x509_crt_import) __real_gnutls_x509_crt_import,
    __wrap_gnutls_x509_crt_import;
__typeof__(gnutls_x509_crt_get_key_id) __real_gnutls_x509_crt_get_key_id,
    __wrap_gnutls_x509_crt_get_key_id;
__typeof__(gnutls_x509_crt_get_pk_algorithm)
    __real_gnutls_x509_crt_get_pk_algorithm,
    __wrap_gnutls_x509_crt_get_pk_algorithm;
__typeof__(gnutls_pk_bits_to_sec_param) __real_gnutls_pk_bits_to_sec_param,
    __wrap_gnutls_pk_bits_to_sec_param;
__typeof__(gnutls_x509_crt_check_issuer) __real_gnutls_x509_crt_check_issuer,
    __wrap_gnutls_x509_crt_check_issuer;
__typeof__(gnutls_x509_crt_check_hostname2)
    __real_gnutls_x509_crt_check_hostname2,
    __wrap_gnutls_x509_crt_check_hostname2;
__typeof__(gnutls_x509_trust_list_init) __real_gnutls_x509_trust_list_init,
    __wrap_gnutls_x509_trust_list_init;
__typeof__(gnutls_x509_trust_list_add_cas)
    __real_gnutls_x509_trust_list_add_cas,
    __wrap_gnutls_x509_trust_list_add_cas;
__typeof__(gnutls_x509_trust_list_verify_crt2)
    __real_gnutls_x509_trust_list_verify_crt2,
    __wrap_gnutls_x509_trust_list_verify_crt2;
__typeof__(gnutls_subject_alt_names_init) __real_gnutls_subject_alt_names_init,
    __wrap_gnutls_subject_alt_names_init;
__typeof__(gnutls_subject_alt_names_get) __real_gnutls_subject_alt_names_get,
    __wrap_gnutls_subject_alt_names_get;
__typeof__(gnutls_x509_crt_get_extension_by_oid2)
    __real_gnutls_x509_crt_get_extension_by_oid2,
    __wrap_gnutls_x509_crt_get_extension_by_oid2;
__typeof__(gnutls_x509_ext_import_subject_alt_names)
    __real_gnutls_x509_ext_import_subject_alt_names,
    __wrap_gnutls_x509_ext_import_subject_alt_names;

static size_t calls, fail_at; /* from 1 on; 0: none fails */
static const char *failed;    /* the function that did */

static bool
fails(const char *name)
{
	if (++calls != fail_at)
		return false;
	failed = name;
	return true;
}

const gnutls_datum_t *
__wrap_gnutls_certificate_get_peers(gnutls_session_t session,
				    unsigned int *count)
{
	if (fails("get_peers"))
		return NULL;
	return __real_gnutls_certificate_get_peers(session, count);
}

/* A status that says that all is well is none if the call failed. */
int
__wrap_gnutls_certificate_verify_peers(gnutls_session_t session,
				       gnutls_typed_vdata_st *data,
				       unsigned int count, unsigned int *status)
{
	if (!fails("verify_peers"))
		return __real_gnutls_certificate_verify_peers(session, data,
							      count, status);
	*status = 0;
	return GNUTLS_E_MEMORY_ERROR;
}

int
__wrap_gnutls_x509_crt_init(gnutls_x509_crt_t *certificate)
{
	if (fails("crt_init"))
		return GNUTLS_E_MEMORY_ERROR;
	return __real_gnutls_x509_crt_init(certificate);
}

int
__wrap_gnutls_x509_crt_import(gnutls_x509_crt_t certificate,
			      const gnutls_datum_t *data,
			      gnutls_x509_crt_fmt_t format)
{
	if (fails("crt_import"))
		return GNUTLS_E_MEMORY_ERROR;
	return __real_gnutls_x509_crt_import(certificate, data, format);
}

int
__wrap_gnutls_x509_crt_get_key_id(gnutls_x509_crt_t certificate,
				  unsigned int flags, unsigned char *data,
				  size_t *size)
{
	if (fails("get_key_id"))
		return GNUTLS_E_MEMORY_ERROR;
	return __real_gnutls_x509_crt_get_key_id(certificate, flags, data,
						 size);
}

int
__wrap_gnutls_x509_crt_get_pk_algorithm(gnutls_x509_crt_t certificate,
					unsigned int *bits)
{
	if (fails("get_pk_algorithm"))
		return GNUTLS_E_MEMORY_ERROR;
	return __real_gnutls_x509_crt_get_pk_algorithm(certificate, bits);
}

gnutls_sec_param_t
__wrap_gnutls_pk_bits_to_sec_param(gnutls_pk_algorithm_t algorithm,
				   unsigned int bits)
{
	if (fails("bits_to_sec_param"))
		return GNUTLS_SEC_PARAM_UNKNOWN;
	return __real_gnutls_pk_bits_to_sec_param(algorithm, bits);
}

unsigned int
__wrap_gnutls_x509_crt_check_issuer(gnutls_x509_crt_t certificate,
				    gnutls_x509_crt_t issuer)
{
	if (fails("check_issuer"))
		return 0;
	return __real_gnutls_x509_crt_check_issuer(certificate, issuer);
}

unsigned int
__wrap_gnutls_x509_crt_check_hostname2(gnutls_x509_crt_t certificate,
				       const char *host, unsigned int flags)
{
	if (fails("check_hostname2"))
		return 0;
	return __real_gnutls_x509_crt_check_hostname2(certificate, host, flags);
}

int
__wrap_gnutls_x509_trust_list_init(gnutls_x509_trust_list_t *list,
				   unsigned int size)
{
	if (fails("trust_list_init"))
		return GNUTLS_E_MEMORY_ERROR;
	return __real_gnutls_x509_trust_list_init(list, size);
}

int
__wrap_gnutls_x509_trust_list_add_cas(gnutls_x509_trust_list_t list,
				      const gnutls_x509_crt_t *authorities,
				      unsigned int count, unsigned int flags)
{
	if (fails("trust_list_add_cas"))
		return 0;
	return __real_gnutls_x509_trust_list_add_cas(list, authorities, count,
						     flags);
}

int
__wrap_gnutls_x509_trust_list_verify_crt2(
    gnutls_x509_trust_list_t list, gnutls_x509_crt_t *chain, unsigned int size,
    gnutls_typed_vdata_st *data, unsigned int count, unsigned int flags,
    unsigned int *status, gnutls_verify_output_function function)
{
	if (!fails("verify_crt2"))
		return __real_gnutls_x509_trust_list_verify_crt2(
		    list, chain, size, data, count, flags, status, function);
	*status = 0;
	return GNUTLS_E_MEMORY_ERROR;
}

int
__wrap_gnutls_subject_alt_names_init(gnutls_subject_alt_names_t *names)
{
	if (fails("subject_alt_names_init"))
		return GNUTLS_E_MEMORY_ERROR;
	return __real_gnutls_subject_alt_names_init(names);
}

int
__wrap_gnutls_subject_alt_names_get(gnutls_subject_alt_names_t names,
				    unsigned int index, unsigned int *type,
				    gnutls_datum_t *name, gnutls_datum_t *oid)
{
	if (fails("subject_alt_names_get"))
		return GNUTLS_E_MEMORY_ERROR;
	return __real_gnutls_subject_alt_names_get(names, index, type, name,
						   oid);
}

int
__wrap_gnutls_x509_crt_get_extension_by_oid2(gnutls_x509_crt_t certificate,
					     const char *oid,
					     unsigned int index,
					     gnutls_datum_t *data,
					     unsigned int *critical)
{
	if (fails("get_extension_by_oid2"))
		return GNUTLS_E_MEMORY_ERROR;
	return __real_gnutls_x509_crt_get_extension_by_oid2(certificate, oid,
							    index, data,
							    critical);
}

int
__wrap_gnutls_x509_ext_import_subject_alt_names(
    const gnutls_datum_t *data, gnutls_subject_alt_names_t names,
    unsigned int flags)
{
	if (fails("import_subject_alt_names"))
		return GNUTLS_E_MEMORY_ERROR;
	return __real_gnutls_x509_ext_import_subject_alt_names(data, names,
							       flags);
}

/*
 * Plays.
 */

static const unsigned int cells[] = {
	CELL_BLOCKING | CELL_WHOLE | CELL_TURNS | CELL_TLS,
	CELL_NON_BLOCKING | CELL_WHOLE | CELL_TURNS | CELL_CLEAR,
};

/* ret_result is the caller's to clear. */
static void
play_with_fault(const struct scenario *scenario, unsigned int cell, size_t at,
		struct play_result *ret_result)
{
	struct play_options options = { 0 };

	options.lenient = at > 0;
	options.verbose = run_is_verbose();
	failed = NULL;
	calls = 0;
	fail_at = at;
	play(scenario, cell, &options, ret_result);
	fail_at = 0;
	run_count(1);
	ck_assert_msg(ret_result->failure.len == 0, "%s:%d: %s: %s",
		      scenario->file, ret_result->line,
		      failed != NULL ? failed : "nothing fails",
		      octets_data(&ret_result->failure));
	ck_assert_uint_gt(ret_result->steps, 0);
}

/* Whatever fails, the server hears nothing more than it does otherwise. */
static void
sweep_bad(const struct scenario *scenario)
{
	struct play_result clean, result;
	size_t at, i;

	for (i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		/* The second time, nothing has to be made for it. */
		play_with_fault(scenario, cells[i], 0, &clean);
		play_result_clear(&clean);
		play_with_fault(scenario, cells[i], 0, &clean);
		ck_assert_uint_gt(calls, 4);
		for (at = 1;; at++) {
			play_with_fault(scenario, cells[i], at, &result);
			if (failed == NULL)
				break;
			ck_assert_msg(result.results[0] < 0,
				      "%s fails, and the result is %d", failed,
				      result.results[0]);
			ck_assert_msg(result.wire.len == clean.wire.len,
				      "%s fails, and the server hears \"%s\"",
				      failed, octets_data(&result.wire));
			play_result_clear(&result);
		}
		play_result_clear(&result);
		play_result_clear(&clean);
	}
}

/* What nobody can do without. */
static bool
is_needed(const char *name)
{
	return strcmp(name, "verify_peers") == 0 ||
	       strcmp(name, "crt_import") == 0 ||
	       strcmp(name, "get_key_id") == 0 ||
	       strcmp(name, "get_pk_algorithm") == 0;
}

static void
sweep_good(const struct scenario *scenario)
{
	struct play_result result;
	size_t needed = 0;
	size_t at;

	play_with_fault(scenario, cells[0], 0, &result);
	play_result_clear(&result);
	for (at = 1;; at++) {
		play_with_fault(scenario, cells[0], at, &result);
		if (failed == NULL)
			break;
		if (is_needed(failed)) {
			needed++;
			ck_assert_msg(result.results[0] == SMTPC_E_TLS ||
					  result.results[0] ==
					      SMTPC_E_CERTIFICATE,
				      "%s fails, and the result is %d", failed,
				      result.results[0]);
		}
		play_result_clear(&result);
	}
	play_result_clear(&result);
	ck_assert_uint_ge(needed, 3);
}

int
main(int argc, char **argv)
{
	static const struct run_case cases[] = {
		{ "bad", "D_055_a_bad", sweep_bad },
		{ "pinned", "D_055_where", sweep_bad },
		{ "good", "D_055_good", sweep_good },
	};

	return run_cases(argc, argv, "verification", cases, 3);
}

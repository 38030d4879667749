/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Another user of Cyrus SASL in the same process, such as a directory client:
 * it may come before us, after us, and go before us, and neither is to notice
 * the other.  Each test has a process of its own, and with it a Cyrus SASL that
 * nobody has used yet.
 */
#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "suite.h"
#include "visit.h"

static const char *const own[] = { VISIT_OWN };
static const char *const packaged[] = { VISIT_PACKAGED };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
visit_by_all(void)
{
	size_t i;

	for (i = 0; i < COUNT(own); i++)
		visit_by(own[i]);
	for (i = 0; i < COUNT(packaged); i++)
		visit_by(packaged[i]);
}

/*
 * What the other user brings along.
 */

static int log_count, option_count, file_count;

static int
log_it(void *context, int level, const char *message)
{
	(void)context;
	(void)level;
	(void)message;
	log_count++;
	return SASL_OK;
}

/* Options that leave the user of these with ANONYMOUS, and nobody with us. */
static int
get_option(void *context, const char *plugin, const char *option,
	   const char **result, unsigned int *len)
{
	(void)context;
	(void)plugin;
	option_count++;
	if (strcmp(option, "client_mech_list") == 0)
		*result = "ANONYMOUS";
	else if (strcmp(option, "canon_user_plugin") == 0)
		*result = "nowhere";
	else
		return SASL_FAIL;
	if (len != NULL)
		*len = (unsigned int)strlen(*result);
	return SASL_OK;
}

static int
refuse_file(void *context, const char *file, sasl_verify_type_t type)
{
	(void)context;
	(void)file;
	(void)type;
	file_count++;
	return SASL_CONTINUE;
}

static int
get_name(void *context, int id, const char **result, unsigned int *len)
{
	(void)context;
	(void)id;
	*result = "neighbour";
	if (len != NULL)
		*len = 9;
	return SASL_OK;
}

static int
get_secret(sasl_conn_t *sasl, void *context, int id, sasl_secret_t **ret_secret)
{
	static sasl_secret_t *secret;

	(void)sasl;
	(void)context;
	(void)id;
	if (secret == NULL)
		secret = calloc(1, sizeof(*secret) + 8);
	secret->len = 8;
	memcpy(secret->data, "password", 8);
	*ret_secret = secret;
	return SASL_OK;
}

/* gcc and clang take this type for any other when a function is cast. */
typedef void any_function(void);

#define CALLBACK(function) ((sasl_callback_ft)(any_function *)(function))

static const sasl_callback_t with_options[] = {
	{ SASL_CB_GETOPT, CALLBACK(get_option), NULL },
	{ SASL_CB_LOG, CALLBACK(log_it), NULL },
	{ SASL_CB_LIST_END, NULL, NULL },
};

static const sasl_callback_t without_files[] = {
	{ SASL_CB_VERIFYFILE, CALLBACK(refuse_file), NULL },
	{ SASL_CB_LIST_END, NULL, NULL },
};

static const sasl_callback_t with_names[] = {
	{ SASL_CB_USER, CALLBACK(get_name), NULL },
	{ SASL_CB_AUTHNAME, CALLBACK(get_name), NULL },
	{ SASL_CB_PASS, CALLBACK(get_secret), NULL },
	{ SASL_CB_LIST_END, NULL, NULL },
};

static sasl_conn_t *
neighbour_new(void)
{
	sasl_conn_t *sasl = NULL;

	ck_assert_int_eq(sasl_client_new("ldap", "ldap.example.test", NULL,
					 NULL, with_names, 0, &sasl),
			 SASL_OK);
	return sasl;
}

/* What it chooses from the list; NULL if there is nothing for it. */
static const char *
choice(const char *list)
{
	sasl_conn_t *sasl = neighbour_new();
	static char chosen[64];
	const char *mechanism = NULL;
	const char *out;
	unsigned int len;
	int rc;

	rc = sasl_client_start(sasl, list, NULL, &out, &len, &mechanism);
	chosen[0] = '\0';
	if (rc == SASL_OK || rc == SASL_CONTINUE)
		strncat(chosen, mechanism, sizeof(chosen) - 1);
	sasl_dispose(&sasl);
	return chosen[0] != '\0' ? chosen : NULL;
}

/* Names of all plug-ins, those without a name of the world's first. */
struct names {
	char all[1024];
	char ours[1024];
	size_t count;
};

static void
note_name(client_sasl_mechanism_t *mechanism, sasl_info_callback_stage_t stage,
	  void *context)
{
	static const char *const known[] = {
		"SCRAM-",   "GS",	"DIGEST-MD5", "EXTERNAL", "CRAM-MD5",
		"NTLM",	    "PLAIN",	"LOGIN",      "OTP",	  "ANONYMOUS",
		"KERBEROS", "PASSDSS-", "SRP",	      "XOAUTH2",
	};
	struct names *names = context;
	const char *name;
	size_t i;

	if (stage != SASL_INFO_LIST_MECH)
		return;
	name = mechanism->plug->mech_name;
	names->count++;
	strncat(names->all, name, sizeof(names->all) - 128);
	strncat(names->all, " ", 2);
	for (i = 0; i < COUNT(known); i++)
		if (strncmp(name, known[i], strlen(known[i])) == 0)
			return;
	strncat(names->ours, name, sizeof(names->ours) - 128);
	strncat(names->ours, " ", 2);
}

static void
list_names(struct names *names)
{
	memset(names, 0, sizeof(*names));
	ck_assert_int_eq(sasl_client_plugin_info(NULL, note_name, names),
			 SASL_OK);
}

START_TEST(options_and_log_of_an_earlier_user_are_not_ours)
{
	ck_assert_int_eq(sasl_client_init(with_options), SASL_OK);
	log_count = option_count = 0;
	visit_by_all();
	visit_a_liar("SCRAM-SHA-256");
	visit_a_liar("DIGEST-MD5");
	ck_assert_int_eq(log_count, 0);
	ck_assert_int_eq(option_count, 0);
	/* And the earlier user has still got both. */
	ck_assert_ptr_null(choice("SCRAM-SHA-256 PLAIN"));
	ck_assert_int_gt(option_count, 0);
}
END_TEST

START_TEST(an_earlier_user_who_refuses_plug_ins_leaves_ours_alone)
{
	static struct visit visit;
	size_t i;

	ck_assert_int_eq(sasl_client_init(without_files), SASL_OK);
	ck_assert_int_gt(file_count, 0);
	for (i = 0; i < COUNT(own); i++)
		visit_by(own[i]);
	visit_begin(&visit, "SCRAM-SHA-256");
	ck_assert_int_eq(smtpc_auth(visit.session), SMTPC_E_AUTH_UNAVAILABLE);
	ck_assert_str_eq(smtpc_error_detail(visit.session), "module-missing");
	ck_assert_int_eq(smtpc_session_state(visit.session), SMTPC_STATE_READY);
	visit_end(&visit);
}
END_TEST

START_TEST(a_user_who_comes_later_finds_everything_in_its_place)
{
	visit_by_all();
	ck_assert_int_eq(sasl_client_init(NULL), SASL_OK);
	ck_assert_str_eq(choice("PLAIN SCRAM-SHA-256"), "SCRAM-SHA-256");
	visit_by_all();
	ck_assert_str_eq(choice("DIGEST-MD5 CRAM-MD5"), "DIGEST-MD5");
}
END_TEST

START_TEST(a_user_who_goes_before_us_does_not_take_it_with_him)
{
	ck_assert_int_eq(sasl_client_init(NULL), SASL_OK);
	visit_by("PLAIN");
	sasl_client_done();
	visit_by_all();
	ck_assert_int_eq(sasl_client_init(NULL), SASL_OK);
	sasl_done();
	visit_by_all();
}
END_TEST

static void
note_auth(int kind, const char *text, size_t len, void *userdata)
{
	bool *is_sent = userdata;

	if (kind == SMTPC_TRACE_CLIENT && len > 5 &&
	    memcmp(text, "AUTH ", 5) == 0)
		*is_sent = true;
}

/* A session whose AUTH has gone out, and whose server says nothing to it. */
static void
begin_and_wait(struct visit *visit, const char *mechanism)
{
	bool is_sent = false;

	memset(visit, 0, sizeof(*visit));
	visit->server.mechanisms = mechanism;
	visit->server.falls_silent = true;
	visit_open(visit);
	smtpc_session_set_blocking(visit->session, 0);
	smtpc_session_set_trace(visit->session, note_auth, &is_sent);
	ck_assert_int_eq(smtpc_auth(visit->session), SMTPC_AGAIN);
	while (!is_sent) {
		smtpc_wait(visit->session, SMTPC_FOREVER);
		ck_assert_int_eq(smtpc_process(visit->session), SMTPC_AGAIN);
	}
	smtpc_session_set_trace(visit->session, NULL, NULL);
}

START_TEST(nor_does_one_who_comes_and_goes_while_we_authenticate)
{
	static struct visit visit;

	begin_and_wait(&visit, "XOAUTH2");
	ck_assert_int_eq(sasl_client_init(NULL), SASL_OK);
	ck_assert_str_eq(choice("PLAIN"), "PLAIN");
	sasl_client_done();
	smtpc_session_free(visit.session);
	auth_server_join(&visit.server);
	visit_by_all();
}
END_TEST

/* sasl_client_done() and sasl_done() once more than there was an init. */
START_TEST(a_user_who_goes_once_too_often_is_survived)
{
	ck_assert_int_eq(sasl_client_init(NULL), SASL_OK);
	visit_by("PLAIN");
	sasl_client_done();
	sasl_client_done();
	visit_by_all();
	sasl_done();
	visit_by_all();
}
END_TEST

/* However many of them: between our sessions, all may be gone. */
START_TEST(even_if_nobody_but_us_has_come)
{
	int i;

	visit_by("SCRAM-SHA-256");
	sasl_done();
	visit_by_all();
	for (i = 0; i < 1000; i++)
		sasl_client_done();
	visit_by_all();
}
END_TEST

START_TEST(even_in_the_middle_of_an_exchange)
{
	static struct visit visit;

	visit_by("PLAIN");
	begin_and_wait(&visit, "SCRAM-SHA-256");
	sasl_client_done();
	smtpc_session_free(visit.session);
	auth_server_join(&visit.server);
	visit_by_all();
}
END_TEST

/*
 * A plug-in of the other's that has the name of one of ours.
 */

static int foreign_count;

static int
foreign_new(void *glob_context, sasl_client_params_t *params,
	    void **conn_context)
{
	(void)glob_context;
	(void)params;
	*conn_context = NULL;
	foreign_count++;
	return SASL_OK;
}

static int
foreign_step(void *conn_context, sasl_client_params_t *params,
	     const char *serverin, unsigned serverinlen,
	     sasl_interact_t **prompt_need, const char **clientout,
	     unsigned *clientoutlen, sasl_out_params_t *oparams)
{
	(void)conn_context;
	(void)serverin;
	(void)serverinlen;
	(void)prompt_need;
	if (params->canon_user(params->utils->conn, "neighbour", 0,
			       SASL_CU_AUTHID | SASL_CU_AUTHZID,
			       oparams) != SASL_OK)
		return SASL_FAIL;
	*clientout = "theirs";
	*clientoutlen = 6;
	oparams->doneflag = 1;
	return SASL_OK;
}

static int
foreign_init(const sasl_utils_t *utils, int max_version, int *out_version,
	     sasl_client_plug_t **plugs, int *plug_count)
{
	/* Strong enough to be the first of the list. */
	static sasl_client_plug_t plug[3] = {
		{ .mech_name = "XOAUTH2",
		  .max_ssf = 256,
		  .security_flags = SASL_SEC_NOANONYMOUS |
				    SASL_SEC_NOPLAINTEXT | SASL_SEC_MUTUAL_AUTH,
		  .features = SASL_FEAT_WANT_CLIENT_FIRST,
		  .mech_new = foreign_new,
		  .mech_step = foreign_step },
	};

	(void)utils;
	(void)max_version;
	plug[1] = plug[2] = plug[0];
	plug[1].mech_name = "PLAIN";
	plug[2].mech_name = "OAUTHBEARER";
	*out_version = SASL_CLIENT_PLUG_VERSION;
	*plugs = plug;
	*plug_count = 3;
	return SASL_OK;
}

START_TEST(plug_ins_of_the_same_names_registered_before_are_not_ours)
{
	ck_assert_int_eq(sasl_client_init(NULL), SASL_OK);
	ck_assert_int_eq(sasl_client_add_plugin("theirs", foreign_init),
			 SASL_OK);
	visit_says("XOAUTH2",
		   "AUTH XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJlYXJlciB5YTI5LnRva2VuA"
		   "QE=\r\n");
	visit_by("OAUTHBEARER");
	visit_says("PLAIN", "AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=\r\n");
	ck_assert_int_eq(foreign_count, 0);
	ck_assert_str_eq(choice("XOAUTH2"), "XOAUTH2");
	ck_assert_str_eq(choice("OAUTHBEARER"), "OAUTHBEARER");
	ck_assert_int_eq(foreign_count, 2);
}
END_TEST

START_TEST(nor_are_those_that_are_registered_later)
{
	visit_by_all();
	ck_assert_int_eq(sasl_client_init(NULL), SASL_OK);
	ck_assert_int_eq(sasl_client_add_plugin("theirs", foreign_init),
			 SASL_OK);
	visit_by_all();
	ck_assert_int_eq(foreign_count, 0);
	ck_assert_str_eq(choice("PLAIN XOAUTH2"), "XOAUTH2");
	ck_assert_int_eq(foreign_count, 1);
}
END_TEST

/* A server that names our aliases would otherwise get our plug-ins' answers. */
START_TEST(connections_of_the_other_s_never_use_our_plug_ins)
{
	struct names names;
	const char *chosen;

	visit_by_all();
	ck_assert_int_eq(sasl_client_init(NULL), SASL_OK);
	list_names(&names);
	/* There are four of ours, or the test does not know them. */
	ck_assert_msg(strchr(names.ours, ' ') != NULL, "%s", names.all);
	chosen = choice(names.ours);
	ck_assert_msg(chosen == NULL, "%s of %s", chosen, names.ours);
	ck_assert_ptr_null(choice("OAUTHBEARER XOAUTH2"));
	chosen = choice(names.all);
	ck_assert_ptr_nonnull(chosen);
	ck_assert_ptr_null(strstr(names.ours, chosen));
	ck_assert_str_eq(choice("PLAIN"), "PLAIN");
}
END_TEST

START_TEST(they_are_not_even_listed_for_them)
{
	sasl_conn_t *sasl;
	const char *list;

	visit_by_all();
	ck_assert_int_eq(sasl_client_init(NULL), SASL_OK);
	sasl = neighbour_new();
	ck_assert_int_eq(sasl_listmech(sasl, NULL, " ", " ", " ", &list, NULL,
				       NULL),
			 SASL_OK);
	ck_assert_ptr_null(strcasestr(list, "SMTPC"));
	ck_assert_ptr_null(strstr(list, "OAUTHBEARER"));
	ck_assert_ptr_nonnull(strstr(list, " SCRAM-SHA-256 "));
	sasl_dispose(&sasl);
}
END_TEST

/* They are registered once, however many sessions there are. */
START_TEST(they_are_registered_once)
{
	struct names before, after;
	int i;

	visit_by_all();
	list_names(&before);
	for (i = 0; i < 10; i++)
		visit_by_all();
	list_names(&after);
	ck_assert_str_eq(before.all, after.all);
}
END_TEST

/*
 * Cyrus SASL 2.1.28 frees the list of all mechanisms with a connection that
 * was made before the list has got a new head.  Freed memory is filled with
 * another octet here (MALLOC_PERTURB_), so that whoever uses it falls.
 */
START_TEST(a_connection_older_than_our_plug_ins_ends_well)
{
	struct names before, after;
	sasl_conn_t *sasl;
	int i;

	ck_assert_int_eq(sasl_client_init(NULL), SASL_OK);
	sasl = neighbour_new();
	visit_by_all();
	list_names(&before);
	sasl_dispose(&sasl);
	for (i = 0; i < 3; i++) {
		list_names(&after);
		ck_assert_str_eq(before.all, after.all);
		visit_by_all();
	}
	ck_assert_str_eq(choice("SCRAM-SHA-256 PLAIN"), "SCRAM-SHA-256");
}
END_TEST

/*
 * Mutexes of the other's, as libldap has them: set before anything.
 */

static atomic_int mutex_count, lock_count, held_count;

static void *
mutex_new(void)
{
	pthread_mutex_t *mutex = calloc(1, sizeof(*mutex));

	pthread_mutex_init(mutex, NULL);
	atomic_fetch_add(&mutex_count, 1);
	return mutex;
}

static int
mutex_lock(void *mutex)
{
	atomic_fetch_add(&lock_count, 1);
	atomic_fetch_add(&held_count, 1);
	return pthread_mutex_lock(mutex) == 0 ? SASL_OK : SASL_FAIL;
}

static int
mutex_unlock(void *mutex)
{
	atomic_fetch_sub(&held_count, 1);
	return pthread_mutex_unlock(mutex) == 0 ? SASL_OK : SASL_FAIL;
}

static void
mutex_free(void *mutex)
{
	pthread_mutex_destroy(mutex);
	free(mutex);
}

START_TEST(mutexes_that_somebody_has_set_before_us_stay)
{
	sasl_set_mutex(mutex_new, mutex_lock, mutex_unlock, mutex_free);
	ck_assert_int_eq(sasl_client_init(NULL), SASL_OK);
	ck_assert_int_gt(atomic_load(&mutex_count), 0);
	visit_by_all();
	visit_by("DIGEST-MD5");
	ck_assert_int_gt(atomic_load(&lock_count), 0);
	ck_assert_int_eq(atomic_load(&held_count), 0);
	/* Never another's, in whose place its own lock would do nothing. */
	ck_assert_str_eq(choice("DIGEST-MD5"), "DIGEST-MD5");
	ck_assert_int_eq(atomic_load(&held_count), 0);
}
END_TEST

/* What Cyrus SASL 2.1.28 has by itself are mutexes that do nothing. */
static int
look_at_mutexes(const sasl_utils_t *utils, int max_version, int *out_version,
		sasl_client_plug_t **plugs, int *plug_count)
{
	void *one = utils->mutex_alloc();
	void *other = utils->mutex_alloc();

	ck_assert_ptr_ne(one, other);
	utils->mutex_free(one);
	utils->mutex_free(other);
	*out_version = max_version;
	*plugs = NULL;
	*plug_count = 0;
	return SASL_OK;
}

START_TEST(where_nobody_has_set_mutexes_there_are_real_ones)
{
	visit_by("PLAIN");
	ck_assert_int_eq(sasl_client_add_plugin("looker", look_at_mutexes),
			 SASL_OK);
}
END_TEST

static void
add_tests(TCase *tcase)
{
	tcase_add_test(tcase, options_and_log_of_an_earlier_user_are_not_ours);
	tcase_add_test(tcase,
		       an_earlier_user_who_refuses_plug_ins_leaves_ours_alone);
	tcase_add_test(tcase,
		       a_user_who_comes_later_finds_everything_in_its_place);
	tcase_add_test(tcase,
		       a_user_who_goes_before_us_does_not_take_it_with_him);
	tcase_add_test(tcase,
		       nor_does_one_who_comes_and_goes_while_we_authenticate);
	tcase_add_test(tcase, a_user_who_goes_once_too_often_is_survived);
	tcase_add_test(tcase, even_if_nobody_but_us_has_come);
	tcase_add_test(tcase, even_in_the_middle_of_an_exchange);
	tcase_add_test(
	    tcase, plug_ins_of_the_same_names_registered_before_are_not_ours);
	tcase_add_test(tcase, nor_are_those_that_are_registered_later);
	tcase_add_test(tcase,
		       connections_of_the_other_s_never_use_our_plug_ins);
	tcase_add_test(tcase, they_are_not_even_listed_for_them);
	tcase_add_test(tcase, they_are_registered_once);
	tcase_add_test(tcase, a_connection_older_than_our_plug_ins_ends_well);
	tcase_add_test(tcase, mutexes_that_somebody_has_set_before_us_stay);
	tcase_add_test(tcase, where_nobody_has_set_mutexes_there_are_real_ones);
}

int
main(void)
{
	TCase *tcase = tcase_create("neighbours");

	add_tests(tcase);
	return run_suite("neighbours", tcase);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tests with a laboratory look at, and the names that they have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth_lab_server.h"

/* With sanitizers and on a busy machine. */
#define CASE_SECONDS 120

const char *
auth_lab_line(struct auth_lab *lab, size_t index)
{
	static char line[100000];
	const char *at = octets_data(&lab->heard);
	size_t len;

	for (; index > 0 && *at != '\0'; index--)
		at += strcspn(at, "\n") + 1;
	if (*at == '\0')
		return NULL;
	len = strcspn(at, "\n");
	ck_assert_uint_lt(len, sizeof(line));
	memcpy(line, at, len);
	line[len] = '\0';
	return line;
}

const char *
auth_lab_decoded(struct auth_lab *lab, size_t index, size_t *ret_len)
{
	static char plain[100000];
	const char *line = auth_lab_line(lab, index);
	const char *text = line;
	struct octets decoded = { 0 };
	size_t len;

	ck_assert_ptr_nonnull(line);
	if (strncmp(line, "AUTH ", 5) == 0) {
		text = strchr(line + 5, ' ');
		ck_assert_msg(text != NULL, "no initial response: %s", line);
		text++;
	}
	ck_assert_msg(lab_server_decode(text, &decoded), "no base64: %s", text);
	len = decoded.len;
	ck_assert_uint_lt(len, sizeof(plain));
	memcpy(plain, octets_data(&decoded), len);
	octets_clear(&decoded);
	plain[len] = '\0';
	*ret_len = len;
	return plain;
}

void
auth_lab_heard(struct auth_lab *lab, const char *lines)
{
	ck_assert_str_eq(octets_data(&lab->heard), lines);
}

void
auth_lab_result(struct auth_lab *lab, int result, const char *detail, int state)
{
	smtpc_session *session = lab->session;

	ck_assert_msg(smtpc_error_result(session) == result,
		      "%s: %s, not %s; detail %s; heard:\n%.900s",
		      smtpc_error_message(session),
		      smtpc_strerror(smtpc_error_result(session)),
		      smtpc_strerror(result), smtpc_error_detail(session),
		      octets_data(&lab->heard));
	ck_assert_str_eq(smtpc_error_detail(session), detail);
	ck_assert_str_ne(smtpc_error_message(session), "");
	ck_assert_int_eq(smtpc_session_state(session), state);
	ck_assert_int_eq(smtpc_error_safe_to_retry(session), 1);
	ck_assert_ptr_null(smtpc_session_mechanism(session));
	ck_assert(!lab->accepted);
}

/* The last attempt that the session tells of went well. */
static void
attempt_is_told(struct auth_lab *lab, const char *mechanism)
{
	size_t count = smtpc_session_auth_attempt_count(lab->session);
	const char *name, *message;
	const smtpc_reply *reply;
	int result;

	ck_assert_uint_gt(count, 0);
	ck_assert_int_eq(smtpc_session_auth_attempt_at(lab->session, count - 1,
						       &name, &result, &reply,
						       &message),
			 SMTPC_OK);
	ck_assert_str_eq(name, mechanism);
	ck_assert_int_eq(result, SMTPC_OK);
	ck_assert_int_eq(smtpc_reply_code(reply), 235);
	ck_assert_str_eq(message, "");
}

void
auth_lab_succeeds(struct auth_lab *lab, const char *mechanism, const char *user)
{
	int rc = auth_lab_auth(lab);
	const char *found;

	ck_assert_msg(rc == SMTPC_OK, "%s: %s (server: %s)\n%.900s",
		      smtpc_strerror(rc), smtpc_error_message(lab->session),
		      lab->sasl != NULL ? peer_sasl_why(lab->sasl) : "",
		      octets_data(&lab->heard));
	ck_assert(lab->accepted);
	ck_assert_str_eq(lab->mechanism, mechanism);
	found = peer_oauth_knows(mechanism) ? lab->claim.user
					    : peer_sasl_user(lab->sasl);
	ck_assert_str_eq(found, user);
	ck_assert_str_eq(smtpc_session_mechanism(lab->session), mechanism);
	ck_assert_int_eq(smtpc_session_state(lab->session), SMTPC_STATE_READY);
	attempt_is_told(lab, mechanism);
	/* Both are still in step. */
	ck_assert_int_eq(auth_lab_run(lab, smtpc_noop(lab->session)), SMTPC_OK);
}

/*
 * Names.
 */

#define TESTS_MAX 1000

static TTest tests[TESTS_MAX];
static struct {
	const char *mechanism;
	void (*test)(const char *mechanism);
} pairs[TESTS_MAX];

static void
run_pair(int number)
{
	pairs[number].test(pairs[number].mechanism);
	/* Check wants to have seen one. */
	mark_point();
}

static char *
name_of(const char *mechanism, const char *words)
{
	char *name = NULL;
	char *at;

	if (asprintf(&name, "M_%s_%s", mechanism, words) < 0)
		abort();
	for (at = name; *at != '\0'; at++)
		if (*at == '-')
			*at = '_';
	return name;
}

int
auth_lab_run_suite(Suite *suite)
{
	SRunner *runner;

	lab_server_prepare();
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	lab_server_finish();
	/* What has failed is told by TAP. */
	return EXIT_SUCCESS;
}

static void
add_pair(TCase *tcase, int number, const char *mechanism,
	 const struct auth_lab_case *one)
{
	if (number == TESTS_MAX)
		abort();
	pairs[number].mechanism = mechanism;
	pairs[number].test = one->test;
	tests[number].name = name_of(mechanism, one->words);
	tests[number].fn = run_pair;
	tests[number].file = __FILE__;
	tests[number].line = __LINE__;
	tcase_add_loop_test(tcase, &tests[number], number, number + 1);
}

int
auth_lab_main(const char *name, const char *const *mechanisms,
	      const struct auth_lab_case *cases)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	int count = 0;
	int status;
	size_t i;

	tcase_set_timeout(tcase, CASE_SECONDS);
	suite_add_tcase(suite, tcase);
	for (; *mechanisms != NULL; mechanisms++)
		for (i = 0; cases[i].words != NULL; i++)
			if (cases[i].fits == NULL || cases[i].fits(*mechanisms))
				add_pair(tcase, count++, *mechanisms,
					 &cases[i]);
	status = auth_lab_run_suite(suite);
	while (count > 0)
		free((char *)(uintptr_t)tests[--count].name);
	return status;
}

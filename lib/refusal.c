/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * RFC 4954, section 6, and what today's providers make of it.
 */
#include "refusal.h"

#include <string.h>

#include <smtpc/smtpc.h>

#include "ascii.h"

/* Whether the reply's text has these words, in whatever case. */
static bool
says(const struct smtpc_reply *reply, const char *words)
{
	size_t words_len = strlen(words);
	const char *line;
	size_t i, j, len;

	for (i = 0; i < reply->line_count; i++) {
		line = reply_line(reply, i, &len);
		for (j = 0; j + words_len <= len; j++)
			if (ascii_equal(line + j, words_len, words, words_len))
				return true;
	}
	return false;
}

/* Whether subject and detail of the enhanced code are these ("7.8"). */
static bool
is_enhanced(const struct smtpc_reply *reply, const char *code)
{
	return reply->enhanced[0] != '\0' &&
	       strcmp(reply->enhanced + 2, code) == 0;
}

static void
set(struct refusal *refusal, int result, const char *detail, const char *advice)
{
	refusal->result = result;
	refusal->detail = detail;
	refusal->advice = advice;
}

static bool
asks_for_tls(const struct smtpc_reply *reply)
{
	/* RFC 3207's 530, RFC 4954's 538, and RFC 5248's enhanced codes. */
	return reply->code == 530 || reply->code == 538 ||
	       is_enhanced(reply, "7.10") || is_enhanced(reply, "7.11");
}

static bool
switches_passwords_off(const struct smtpc_reply *reply)
{
	return is_enhanced(reply, "7.30") ||
	       (is_enhanced(reply, "7.139") &&
		says(reply, "basic authentication is disabled"));
}

static bool
wants_app_password(const struct smtpc_reply *reply)
{
	return says(reply, "application-specific password") ||
	       says(reply, "app password") || says(reply, "app-password") ||
	       says(reply, "invalidsecondfactor");
}

/* Rules of the account or of the provider: nothing else will work either. */
static bool
judge_policy(const struct smtpc_reply *reply, struct refusal *ret)
{
	if (switches_passwords_off(reply))
		set(ret, SMTPC_E_AUTH_POLICY, "password-disabled",
		    "this provider has switched password login off: use OAuth");
	else if (is_enhanced(reply, "7.139"))
		set(ret, SMTPC_E_AUTH_POLICY, "account-policy",
		    "a rule of the provider's forbids it for this account");
	else if (is_enhanced(reply, "7.13"))
		set(ret, SMTPC_E_AUTH_POLICY, "account-disabled",
		    "the account is disabled");
	else if (wants_app_password(reply))
		set(ret, SMTPC_E_AUTH_POLICY, "app-password",
		    "make an application-specific password at the provider's, "
		    "or use OAuth");
	else if (reply->code == 534 &&
		 (is_enhanced(reply, "7.14") || says(reply, "web")))
		set(ret, SMTPC_E_AUTH_POLICY, "web-login",
		    "log in with a web browser first");
	else
		return false;
	return true;
}

/* The mechanism, or its very name, is what the server does not like. */
static bool
blames_mechanism(const struct smtpc_reply *reply)
{
	switch (reply->code) {
	case 500:
	case 501:
	case 502:
	case 504:
	case 534:
	case 553:
	case 555:
		return true;
	default:
		return reply->code == 535 && says(reply, "mechanism");
	}
}

void
refusal_judge(const struct smtpc_reply *reply, struct refusal *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (reply_class(reply) == 4 && is_enhanced(reply, "7.12")) {
		set(ret, SMTPC_E_AUTH_LATER, "password-transition",
		    "the account has to move to this mechanism: log in once "
		    "by PLAIN");
	} else if (reply_class(reply) == 4) {
		set(ret, SMTPC_E_AUTH_LATER, NULL, NULL);
	} else if (asks_for_tls(reply)) {
		set(ret, SMTPC_E_TLS_REQUIRED, "tls-required-by-server",
		    "the server wants TLS first");
	} else if (judge_policy(reply, ret)) {
		return;
	} else if (blames_mechanism(reply)) {
		set(ret, SMTPC_E_AUTH_UNAVAILABLE, "mechanism-refused", NULL);
		if (reply->code == 534)
			set(ret, SMTPC_E_AUTH_POLICY, "mechanism-too-weak",
			    NULL);
		ret->try_next = true;
	} else if (reply->code == 503) {
		set(ret, SMTPC_E_AUTH_UNAVAILABLE, "mechanism-refused", NULL);
	} else {
		set(ret, SMTPC_E_AUTH_REJECTED, NULL, NULL);
		ret->try_secret = true;
	}
}

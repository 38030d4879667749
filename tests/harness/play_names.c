/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The public header's enumerators as dialogue files write them.
 */
#include <stdlib.h>
#include <string.h>

#include "play_world.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

const char *
name_of_result(int result)
{
	static const char *const good[] = { "OK", "AGAIN", "PARTIAL",
					    "IN_DOUBT", "FULL" };
	static const char *const bad[] = {
		[0] = "",
		[-SMTPC_E_NOMEM] = "E_NOMEM",
		[-SMTPC_E_INVALID] = "E_INVALID",
		[-SMTPC_E_STATE] = "E_STATE",
		[-SMTPC_E_BUSY] = "E_BUSY",
		[-SMTPC_E_SYSTEM] = "E_SYSTEM",
		[-SMTPC_E_RESOLVE] = "E_RESOLVE",
		[-SMTPC_E_RESOLVE_LATER] = "E_RESOLVE_LATER",
		[-SMTPC_E_TIMEOUT] = "E_TIMEOUT",
		[-SMTPC_E_CLOSED] = "E_CLOSED",
		[-SMTPC_E_CANCELLED] = "E_CANCELLED",
		[-SMTPC_E_PROTOCOL] = "E_PROTOCOL",
		[-SMTPC_E_TRANSIENT] = "E_TRANSIENT",
		[-SMTPC_E_PERMANENT] = "E_PERMANENT",
		[-SMTPC_E_NOEXTENSION] = "E_NOEXTENSION",
		[-SMTPC_E_LIMIT] = "E_LIMIT",
		[-SMTPC_E_TLS] = "E_TLS",
		[-SMTPC_E_TLS_REQUIRED] = "E_TLS_REQUIRED",
		[-SMTPC_E_CERTIFICATE] = "E_CERTIFICATE",
		[-SMTPC_E_AUTH_REJECTED] = "E_AUTH_REJECTED",
		[-SMTPC_E_AUTH_LATER] = "E_AUTH_LATER",
		[-SMTPC_E_AUTH_POLICY] = "E_AUTH_POLICY",
		[-SMTPC_E_AUTH_UNAVAILABLE] = "E_AUTH_UNAVAILABLE",
		[-SMTPC_E_AUTH_TOKEN] = "E_AUTH_TOKEN",
		[-SMTPC_E_AUTH_PROTOCOL] = "E_AUTH_PROTOCOL",
		[-SMTPC_E_CONTENT] = "E_CONTENT",
	};

	if (result >= 0)
		return result < COUNT(good) ? good[result] : NULL;
	return -result < COUNT(bad) ? bad[-result] : NULL;
}

const char *
name_of_state(int state)
{
	static const char *const names[] = {
		[SMTPC_STATE_DISCONNECTED] = "disconnected",
		[SMTPC_STATE_CONNECTING] = "connecting",
		[SMTPC_STATE_UNTRUSTED] = "untrusted",
		[SMTPC_STATE_CONNECTED] = "connected",
		[SMTPC_STATE_READY] = "ready",
		[SMTPC_STATE_DEAD] = "dead",
	};

	return state >= 0 && state < COUNT(names) ? names[state] : NULL;
}

static const char *const phases[] = {
	[SMTPC_PHASE_NONE] = "NONE",
	[SMTPC_PHASE_RESOLVE] = "RESOLVE",
	[SMTPC_PHASE_CONNECT] = "CONNECT",
	[SMTPC_PHASE_TLS] = "TLS",
	[SMTPC_PHASE_GREETING] = "GREETING",
	[SMTPC_PHASE_EHLO] = "EHLO",
	[SMTPC_PHASE_STARTTLS] = "STARTTLS",
	[SMTPC_PHASE_AUTH] = "AUTH",
	[SMTPC_PHASE_MAIL] = "MAIL",
	[SMTPC_PHASE_RCPT] = "RCPT",
	[SMTPC_PHASE_DATA] = "DATA",
	[SMTPC_PHASE_CONTENT] = "CONTENT",
	[SMTPC_PHASE_END_OF_DATA] = "END_OF_DATA",
	[SMTPC_PHASE_RSET] = "RSET",
	[SMTPC_PHASE_NOOP] = "NOOP",
	[SMTPC_PHASE_COMMAND] = "COMMAND",
	[SMTPC_PHASE_QUIT] = "QUIT",
	[SMTPC_PHASE_IDLE] = "IDLE",
};

const char *
name_of_phase(int phase)
{
	return phase >= 0 && phase < COUNT(phases) ? phases[phase] : NULL;
}

int
phase_by_name(const char *name)
{
	int i;

	for (i = 0; i < COUNT(phases); i++)
		if (strcmp(phases[i], name) == 0)
			return i;
	return -1;
}

const char *
name_of_outcome(int outcome)
{
	static const char *const names[] = {
		[SMTPC_OUTCOME_PENDING] = "PENDING",
		[SMTPC_OUTCOME_ACCEPTED] = "ACCEPTED",
		[SMTPC_OUTCOME_TRANSIENT] = "TRANSIENT",
		[SMTPC_OUTCOME_PERMANENT] = "PERMANENT",
		[SMTPC_OUTCOME_NOT_ATTEMPTED] = "NOT_ATTEMPTED",
		[SMTPC_OUTCOME_IN_DOUBT] = "IN_DOUBT",
	};

	return outcome >= 0 && outcome < COUNT(names) ? names[outcome] : NULL;
}

const char *
name_of_trust(int trust)
{
	static const char *const names[] = {
		[SMTPC_TRUST_NONE] = "NONE",
		[SMTPC_TRUST_VERIFIED] = "VERIFIED",
		[SMTPC_TRUST_PINNED] = "PINNED",
		[SMTPC_TRUST_EXCEPTED] = "EXCEPTED",
		[SMTPC_TRUST_ACCEPTED] = "ACCEPTED",
	};

	return trust >= 0 && trust < COUNT(names) ? names[trust] : NULL;
}

uint32_t
problem_by_name(const char *name)
{
	static const struct {
		const char *name;
		uint32_t flag;
	} problems[] = {
		{ "UNTRUSTED_ISSUER", SMTPC_CERTIFICATE_UNTRUSTED_ISSUER },
		{ "SELF_SIGNED", SMTPC_CERTIFICATE_SELF_SIGNED },
		{ "EXPIRED", SMTPC_CERTIFICATE_EXPIRED },
		{ "NOT_YET_VALID", SMTPC_CERTIFICATE_NOT_YET_VALID },
		{ "WRONG_NAME", SMTPC_CERTIFICATE_WRONG_NAME },
		{ "WRONG_PURPOSE", SMTPC_CERTIFICATE_WRONG_PURPOSE },
		{ "REVOKED", SMTPC_CERTIFICATE_REVOKED },
		{ "WEAK_ALGORITHM", SMTPC_CERTIFICATE_WEAK_ALGORITHM },
		{ "BAD_SIGNATURE", SMTPC_CERTIFICATE_BAD_SIGNATURE },
		{ "BAD_CONSTRAINTS", SMTPC_CERTIFICATE_BAD_CONSTRAINTS },
		{ "BAD_STATUS", SMTPC_CERTIFICATE_BAD_STATUS },
		{ "UNKNOWN_EXTENSION", SMTPC_CERTIFICATE_UNKNOWN_EXTENSION },
		{ "OTHER", SMTPC_CERTIFICATE_OTHER },
		{ "NAME_IN_CN", SMTPC_CERTIFICATE_NAME_IN_CN },
		{ "PIN_MISMATCH", SMTPC_CERTIFICATE_PIN_MISMATCH },
	};
	int i;

	for (i = 0; i < COUNT(problems); i++)
		if (strcmp(problems[i].name, name) == 0)
			return problems[i].flag;
	return 0;
}

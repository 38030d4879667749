/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The library as a whole: its version, and the names of its enumerators.
 */
#include <stddef.h>

#include <smtpc/smtpc.h>

int
smtpc_version(void)
{
	return SMTPC_VERSION;
}

const char *
smtpc_version_string(void)
{
	return SMTPC_VERSION_STRING;
}

/* The text at index, or other where there is none. */
static const char *
text_at(const char *const *texts, size_t count, int index, const char *other)
{
	if (index < 0 || (size_t)index >= count || texts[index] == NULL)
		return other;
	return texts[index];
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *
smtpc_strerror(int result)
{
	static const char *const good[] = {
		[SMTPC_OK] = "done",
		[SMTPC_AGAIN] = "in progress",
		[SMTPC_PARTIAL] = "accepted for some recipients only",
		[SMTPC_IN_DOUBT] = "the message may or may not be delivered",
		[SMTPC_FULL] = "the window is full",
	};
	static const char *const bad[] = {
		[-SMTPC_E_NOMEM] = "out of memory",
		[-SMTPC_E_INVALID] = "invalid argument",
		[-SMTPC_E_STATE] = "not possible in this state",
		[-SMTPC_E_BUSY] = "another operation is in progress",
		[-SMTPC_E_SYSTEM] = "system error",
		[-SMTPC_E_RESOLVE] = "no such host",
		[-SMTPC_E_RESOLVE_LATER] = "the name service failed for now",
		[-SMTPC_E_TIMEOUT] = "timed out",
		[-SMTPC_E_CLOSED] = "the server closed the connection",
		[-SMTPC_E_CANCELLED] = "cancelled",
		[-SMTPC_E_PROTOCOL] = "the server broke the protocol",
		[-SMTPC_E_TRANSIENT] = "refused for now",
		[-SMTPC_E_PERMANENT] = "refused for good",
		[-SMTPC_E_NOEXTENSION] = "the server lacks an extension",
		[-SMTPC_E_LIMIT] = "beyond the server's limit",
		[-SMTPC_E_TLS] = "TLS failed",
		[-SMTPC_E_TLS_REQUIRED] = "not without TLS",
		[-SMTPC_E_CERTIFICATE] = "the certificate is not trusted",
		[-SMTPC_E_AUTH_REJECTED] = "wrong credentials",
		[-SMTPC_E_AUTH_LATER] = "authentication failed for now",
		[-SMTPC_E_AUTH_POLICY] = "authentication refused by policy",
		[-SMTPC_E_AUTH_UNAVAILABLE] = "no usable mechanism",
		[-SMTPC_E_AUTH_TOKEN] = "a fresh token is needed",
		[-SMTPC_E_AUTH_PROTOCOL] = "authentication broke off",
		[-SMTPC_E_CONTENT] = "the content could not be read",
	};

	/* Not -result first: it may be the least of all integers. */
	if (result >= 0)
		return text_at(good, COUNT(good), result, "unknown result");
	if (result < -(int)COUNT(bad))
		return "unknown error";
	return text_at(bad, COUNT(bad), -result, "unknown error");
}

const char *
smtpc_state_name(int state)
{
	static const char *const names[] = {
		[SMTPC_STATE_DISCONNECTED] = "disconnected",
		[SMTPC_STATE_CONNECTING] = "connecting",
		[SMTPC_STATE_UNTRUSTED] = "untrusted",
		[SMTPC_STATE_CONNECTED] = "connected",
		[SMTPC_STATE_READY] = "ready",
		[SMTPC_STATE_DEAD] = "dead",
	};

	return text_at(names, COUNT(names), state, "unknown");
}

const char *
smtpc_phase_name(int phase)
{
	static const char *const names[] = {
		[SMTPC_PHASE_NONE] = "none",
		[SMTPC_PHASE_RESOLVE] = "name look-up",
		[SMTPC_PHASE_CONNECT] = "connect",
		[SMTPC_PHASE_TLS] = "TLS handshake",
		[SMTPC_PHASE_GREETING] = "greeting",
		[SMTPC_PHASE_EHLO] = "EHLO",
		[SMTPC_PHASE_STARTTLS] = "STARTTLS",
		[SMTPC_PHASE_AUTH] = "AUTH",
		[SMTPC_PHASE_MAIL] = "MAIL",
		[SMTPC_PHASE_RCPT] = "RCPT",
		[SMTPC_PHASE_DATA] = "DATA",
		[SMTPC_PHASE_CONTENT] = "content",
		[SMTPC_PHASE_END_OF_DATA] = "end of data",
		[SMTPC_PHASE_RSET] = "RSET",
		[SMTPC_PHASE_NOOP] = "NOOP",
		[SMTPC_PHASE_COMMAND] = "command",
		[SMTPC_PHASE_QUIT] = "QUIT",
		[SMTPC_PHASE_IDLE] = "idle",
	};

	return text_at(names, COUNT(names), phase, "unknown");
}

const char *
smtpc_outcome_name(int outcome)
{
	static const char *const names[] = {
		[SMTPC_OUTCOME_PENDING] = "pending",
		[SMTPC_OUTCOME_ACCEPTED] = "accepted",
		[SMTPC_OUTCOME_TRANSIENT] = "refused for now",
		[SMTPC_OUTCOME_PERMANENT] = "refused for good",
		[SMTPC_OUTCOME_NOT_ATTEMPTED] = "not attempted",
		[SMTPC_OUTCOME_IN_DOUBT] = "in doubt",
	};

	return text_at(names, COUNT(names), outcome, "unknown");
}

const char *
smtpc_certificate_problem_text(uint32_t flag)
{
	static const struct {
		uint32_t flag;
		const char *text;
	} problems[] = {
		{ SMTPC_CERTIFICATE_UNTRUSTED_ISSUER,
		  "its issuer is not among the trusted authorities" },
		{ SMTPC_CERTIFICATE_SELF_SIGNED, "it is self-signed" },
		{ SMTPC_CERTIFICATE_EXPIRED, "it has expired" },
		{ SMTPC_CERTIFICATE_NOT_YET_VALID, "it is not valid yet" },
		{ SMTPC_CERTIFICATE_WRONG_NAME,
		  "it belongs to another name than that of the server" },
		{ SMTPC_CERTIFICATE_WRONG_PURPOSE,
		  "it is not meant for a server" },
		{ SMTPC_CERTIFICATE_REVOKED, "it has been revoked" },
		{ SMTPC_CERTIFICATE_WEAK_ALGORITHM,
		  "it rests on an algorithm that is too weak" },
		{ SMTPC_CERTIFICATE_BAD_SIGNATURE, "its signature is wrong" },
		{ SMTPC_CERTIFICATE_BAD_CONSTRAINTS,
		  "its issuer may not issue it" },
		{ SMTPC_CERTIFICATE_BAD_STATUS,
		  "the proof that it is not revoked is missing or no good" },
		{ SMTPC_CERTIFICATE_UNKNOWN_EXTENSION,
		  "it has a critical extension that is not understood" },
		{ SMTPC_CERTIFICATE_OTHER, "it could not be verified" },
		{ SMTPC_CERTIFICATE_NAME_IN_CN,
		  "it has the server's name in an outdated place only, its "
		  "common name" },
		{ SMTPC_CERTIFICATE_PIN_MISMATCH,
		  "its key is none of the pinned ones" },
	};
	size_t i;

	for (i = 0; i < COUNT(problems); i++)
		if (problems[i].flag == flag)
			return problems[i].text;
	return "unknown problem";
}

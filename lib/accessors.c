/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the server said and what the connection is, for the caller to read.
 */
#include "engine.h"

int
smtpc_session_state(const smtpc_session *session)
{
	return session != NULL ? session->state : SMTPC_STATE_DISCONNECTED;
}

const char *
smtpc_session_extension(const smtpc_session *session, const char *keyword)
{
	if (session == NULL || keyword == NULL)
		return NULL;
	return extension_find(&session->extensions, keyword);
}

size_t
smtpc_session_extension_count(const smtpc_session *session)
{
	return session != NULL ? session->extensions.count : 0;
}

int
smtpc_session_extension_at(const smtpc_session *session, size_t index,
			   const char **ret_keyword,
			   const char **ret_parameters)
{
	struct extension found;

	if (session == NULL || ret_keyword == NULL || ret_parameters == NULL ||
	    index >= session->extensions.count)
		return SMTPC_E_INVALID;
	found = extension_at(&session->extensions, index);
	*ret_keyword = found.keyword;
	*ret_parameters = found.parameters;
	return SMTPC_OK;
}

const smtpc_reply *
smtpc_session_greeting(const smtpc_session *session)
{
	return session != NULL ? session->greeting : NULL;
}

const smtpc_reply *
smtpc_session_reply(const smtpc_session *session)
{
	return session != NULL ? session->reply : NULL;
}

const char *
smtpc_session_tls_version(const smtpc_session *session)
{
	if (session == NULL || !session->tls_is_up)
		return NULL;
	return tls_version(session->channel.stream);
}

const char *
smtpc_session_tls_cipher(const smtpc_session *session)
{
	if (session == NULL || !session->tls_is_up)
		return NULL;
	return tls_cipher(session->channel.stream);
}

int
smtpc_session_tls_is_resumed(const smtpc_session *session)
{
	if (session == NULL || !session->tls_is_up)
		return 0;
	return tls_is_resumed(session->channel.stream);
}

int
smtpc_session_tls_trust(const smtpc_session *session)
{
	return session != NULL ? session->trust : SMTPC_TRUST_NONE;
}

/*
 * The chain is read only when somebody asks: a session that nobody asks
 * spends no memory on it.
 */
static const struct tls_chain *
get_chain(const smtpc_session *session)
{
	/* The object itself is never const; only the caller's view of it. */
	smtpc_session *owner = (smtpc_session *)(uintptr_t)session;

	if (session == NULL)
		return NULL;
	if (session->chain == NULL && session->tls_is_up)
		owner->chain = tls_chain_load(session->channel.stream);
	return session->chain;
}

static const struct tls_certificate *
get_certificate(const smtpc_session *session, size_t index)
{
	const struct tls_chain *chain = get_chain(session);

	if (chain == NULL || index >= chain->count)
		return NULL;
	return &chain->certificates[index];
}

size_t
smtpc_session_certificate_count(const smtpc_session *session)
{
	const struct tls_chain *chain = get_chain(session);

	return chain != NULL ? chain->count : 0;
}

int
smtpc_session_certificate(const smtpc_session *session, size_t index,
			  const void **ret_data, size_t *ret_len)
{
	const struct tls_certificate *certificate =
	    get_certificate(session, index);

	if (certificate == NULL || ret_data == NULL || ret_len == NULL)
		return SMTPC_E_INVALID;
	*ret_data = certificate->der;
	*ret_len = certificate->der_len;
	return SMTPC_OK;
}

const char *
smtpc_session_certificate_subject(const smtpc_session *session, size_t index)
{
	const struct tls_certificate *certificate =
	    get_certificate(session, index);

	return certificate != NULL ? certificate->subject : NULL;
}

const char *
smtpc_session_certificate_issuer(const smtpc_session *session, size_t index)
{
	const struct tls_certificate *certificate =
	    get_certificate(session, index);

	return certificate != NULL ? certificate->issuer : NULL;
}

int
smtpc_session_certificate_validity(const smtpc_session *session, size_t index,
				   int64_t *ret_not_before,
				   int64_t *ret_not_after)
{
	const struct tls_certificate *certificate =
	    get_certificate(session, index);

	if (certificate == NULL || ret_not_before == NULL ||
	    ret_not_after == NULL)
		return SMTPC_E_INVALID;
	*ret_not_before = certificate->not_before;
	*ret_not_after = certificate->not_after;
	return SMTPC_OK;
}

const char *
smtpc_session_certificate_sha256(const smtpc_session *session, size_t index)
{
	const struct tls_certificate *certificate =
	    get_certificate(session, index);

	return certificate != NULL ? certificate->sha256 : NULL;
}

const char *
smtpc_session_certificate_spki_sha256(const smtpc_session *session,
				      size_t index)
{
	const struct tls_certificate *certificate =
	    get_certificate(session, index);

	return certificate != NULL ? certificate->spki_sha256 : NULL;
}

uint32_t
smtpc_session_certificate_problems(const smtpc_session *session)
{
	return session != NULL ? session->problems : 0;
}

const char *
smtpc_session_peer_address(const smtpc_session *session)
{
	return session != NULL ? session->peer_address : NULL;
}

int
smtpc_reply_code(const smtpc_reply *reply)
{
	return reply != NULL ? reply->code : SMTPC_E_INVALID;
}

const char *
smtpc_reply_enhanced(const smtpc_reply *reply)
{
	return reply != NULL && reply->enhanced[0] != '\0' ? reply->enhanced
							   : NULL;
}

size_t
smtpc_reply_line_count(const smtpc_reply *reply)
{
	return reply != NULL ? reply->line_count : 0;
}

int
smtpc_reply_line(const smtpc_reply *reply, size_t index, const char **ret_text,
		 size_t *ret_len)
{
	if (reply == NULL || ret_text == NULL || ret_len == NULL ||
	    index >= reply->line_count)
		return SMTPC_E_INVALID;
	*ret_text = reply_line(reply, index, ret_len);
	return SMTPC_OK;
}

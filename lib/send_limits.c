/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The limits that a server tells beforehand: RFC 9422.
 */
#include <inttypes.h>
#include <string.h>

#include "ascii.h"
#include "engine.h"
#include "send_check.h"

/* How much of the limits is used up by the recipients so far. */
struct usage {
	uint32_t recipients, domains;
};

static const char *
domain_of(const struct recipient *recipient)
{
	const char *mailbox =
	    recipient->ascii != NULL ? recipient->ascii : recipient->mailbox;
	const char *at = strrchr(mailbox, '@');

	return at != NULL ? at + 1 : "";
}

/* Whether somebody before this one is sent to the same domain. */
static bool
has_known_domain(const struct smtpc_transaction *transaction, size_t index)
{
	const struct recipient *recipients = transaction->recipients;
	const char *domain = domain_of(&recipients[index]);
	size_t i;

	for (i = 0; i < index; i++)
		if (!recipients[i].held_back &&
		    ascii_equal_text(domain_of(&recipients[i]), domain))
			return true;
	return false;
}

/* Whether there is room for this one, which is then used. */
static bool
fits(const struct smtpc_transaction *transaction, size_t index,
     const struct extension_limits *limits, struct usage *usage)
{
	bool is_new =
	    limits->domains > 0 && !has_known_domain(transaction, index);

	if (limits->recipients > 0 && usage->recipients == limits->recipients)
		return false;
	if (is_new && usage->domains == limits->domains)
		return false;
	usage->recipients++;
	usage->domains += is_new;
	return true;
}

int
send_check_limits(struct smtpc_session *session,
		  struct smtpc_transaction *transaction)
{
	const struct extension_limits *limits = &session->extensions.limits;
	struct usage usage = { 0, 0 };
	bool is_beyond = false;
	size_t i;

	for (i = 0; i < transaction->recipient_count; i++) {
		transaction->recipients[i].held_back =
		    !fits(transaction, i, limits, &usage);
		is_beyond |= transaction->recipients[i].held_back;
	}
	if (!is_beyond || !transaction->all_or_none)
		return SMTPC_OK;
	return engine_fail(session, SMTPC_E_LIMIT, "recipients",
			   "the server does not take that many recipients, or "
			   "domains of recipients, at a time, and it is to be "
			   "all or none");
}

int
send_check_count(const struct smtpc_session *session, struct failure *ret_why)
{
	uint32_t max = session->extensions.limits.transactions;

	if (max == 0 || session->pipeline.begun < max)
		return SMTPC_OK;
	failure_set(ret_why, SMTPC_E_LIMIT, SMTPC_PHASE_MAIL, "transactions",
		    "the server takes no more than %" PRIu32 " messages in a "
		    "session: quit, and connect again",
		    max);
	return SMTPC_E_LIMIT;
}

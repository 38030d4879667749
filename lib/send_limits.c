/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The limits that a server tells beforehand: RFC 9422.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "engine.h"
#include "mem.h"
#include "send_check.h"

/* A recipient's domain, and the number of its group: those with the same. */
struct domain {
	const char *name;
	size_t recipient, group;
};

static const char *
domain_of(const struct recipient *recipient)
{
	const char *mailbox =
	    recipient->ascii != NULL ? recipient->ascii : recipient->mailbox;
	const char *at = strrchr(mailbox, '@');

	return at != NULL ? at + 1 : "";
}

static int
compare_names(const void *one, const void *other)
{
	const char *a = ((const struct domain *)one)->name;
	const char *b = ((const struct domain *)other)->name;

	while (*a != '\0' && ascii_upper(*a) == ascii_upper(*b)) {
		a++;
		b++;
	}
	return (unsigned char)ascii_upper(*a) - (unsigned char)ascii_upper(*b);
}

static int
compare_recipients(const void *one, const void *other)
{
	size_t a = ((const struct domain *)one)->recipient;
	size_t b = ((const struct domain *)other)->recipient;

	return (a > b) - (a < b);
}

/* The domains of all recipients, in their order; NULL: there is no memory. */
static struct domain *
group_domains(const struct smtpc_transaction *transaction)
{
	size_t count = transaction->recipient_count;
	struct domain *domains = mem_alloc(count * sizeof(*domains));
	size_t i, group = 0;

	if (domains == NULL)
		return NULL;
	for (i = 0; i < count; i++) {
		domains[i].name = domain_of(&transaction->recipients[i]);
		domains[i].recipient = i;
	}
	qsort(domains, count, sizeof(*domains), compare_names);
	for (i = 0; i < count; i++) {
		if (i > 0 && compare_names(&domains[i - 1], &domains[i]) != 0)
			group = i;
		domains[i].group = group;
	}
	qsort(domains, count, sizeof(*domains), compare_recipients);
	return domains;
}

/* Holds back those whose domain is one too many. */
static int
hold_back_domains(struct smtpc_transaction *transaction, uint32_t max)
{
	size_t count = transaction->recipient_count;
	struct domain *domains;
	bool *is_known;
	size_t i, used = 0;

	/* There can't be too many of them. */
	if (max == 0 || count <= max)
		return SMTPC_OK;
	domains = group_domains(transaction);
	is_known = mem_zalloc(count * sizeof(*is_known));
	for (i = 0; domains != NULL && is_known != NULL && i < count; i++) {
		bool *known = &is_known[domains[i].group];

		if (!*known && used < max) {
			*known = true;
			used++;
		}
		transaction->recipients[i].held_back = !*known;
	}
	mem_free(is_known);
	mem_free(domains);
	return i == count ? SMTPC_OK : SMTPC_E_NOMEM;
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

int
send_check_limits(struct smtpc_session *session,
		  struct smtpc_transaction *transaction)
{
	const struct extension_limits *limits = &session->extensions.limits;
	struct recipient *recipient;
	bool is_beyond = false;
	size_t i, used = 0;

	for (i = 0; i < transaction->recipient_count; i++)
		transaction->recipients[i].held_back = false;
	if (hold_back_domains(transaction, limits->domains) != SMTPC_OK)
		return engine_fail(session, SMTPC_E_NOMEM, NULL,
				   "out of memory");
	for (i = 0; i < transaction->recipient_count; i++) {
		recipient = &transaction->recipients[i];
		if (!recipient->held_back && limits->recipients > 0)
			recipient->held_back = used++ >= limits->recipients;
		is_beyond |= recipient->held_back;
	}
	if (!is_beyond || !transaction->all_or_none)
		return SMTPC_OK;
	return engine_fail(session, SMTPC_E_LIMIT, "recipients",
			   "the server does not take that many recipients, or "
			   "domains of recipients, at a time, and it is to be "
			   "all or none");
}

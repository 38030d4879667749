/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is looked at before an octet of a mail transaction is sent: whether it
 * is whole, whether the channel will do, and whether the server can do what it
 * asks for.
 */
#include "send_check.h"

#include <inttypes.h>
#include <string.h>

#include "content.h"
#include "engine.h"
#include "parameter.h"

/* As much of a content is read twice: without need, and of a file to be sure.
 */
#define SCAN_MAX      (INT64_C(1) << 20)
#define SCAN_FILE_MAX (INT64_C(1) << 26)

/* What no content may hold in some form, and what is said about it. */
static const struct fault {
	uint32_t found;
	const char *detail;
	const char *problem;
} faults[] = {
	{ SMTPC_SCAN_NUL, "content-nul",
	  "the content holds a NUL, which no message may" },
	{ SMTPC_SCAN_BARE_CR, "content-bare-cr",
	  "the content holds a CR that no LF follows" },
	{ SMTPC_SCAN_BARE_LF, "content-bare-lf",
	  "the content holds an LF without a CR before it" },
	{ SMTPC_SCAN_LONG_LINE, "content-long-line",
	  "the content has a line of more than 998 octets" },
};

static const char not_plain[] = "the content is not plain ASCII, and the "
				"server does not offer 8BITMIME: encode it";
static const char not_7bit[] = "the content is not plain ASCII, as it was "
			       "declared to be";

/*
 * The envelope.
 */

static int
check_envelope(struct smtpc_session *session,
	       const struct smtpc_transaction *transaction)
{
	const char *lack = NULL;

	if (transaction->sender == NULL)
		lack = "a sender";
	else if (transaction->recipient_count == 0)
		lack = "a recipient";
	else if (transaction->source.kind == SOURCE_NONE)
		lack = "content";
	if (lack == NULL)
		return SMTPC_OK;
	return engine_fail(session, SMTPC_E_INVALID, "incomplete",
			   "the transaction lacks %s", lack);
}

static int
not_offered(struct smtpc_session *session, const char *detail,
	    const char *extension, const char *what)
{
	return engine_fail(session, SMTPC_E_NOEXTENSION, detail,
			   "the server does not offer %s, which %s needs",
			   extension, what);
}

static int
check_list(struct smtpc_session *session, const char *list)
{
	const struct extension_list *offered = &session->extensions;
	const struct parameter_need *need;

	if (list == NULL)
		return SMTPC_OK;
	/* RFC 8689, section 4.2: whatever a server offers in clear. */
	if (!session->tls_is_up && parameter_has(list, "REQUIRETLS"))
		return engine_fail(session, SMTPC_E_TLS_REQUIRED, "requiretls",
				   "a message with REQUIRETLS is sent over "
				   "TLS only");
	need = parameter_lacks(list, offered);
	if (need != NULL)
		return not_offered(session, need->detail, need->extension,
				   "a parameter");
	need = parameter_exceeds(list, offered);
	if (need != NULL)
		return engine_fail(session, SMTPC_E_LIMIT, need->detail,
				   "a parameter exceeds the limit that the "
				   "server has announced with %s",
				   need->extension);
	return SMTPC_OK;
}

static int
check_parameters(struct smtpc_session *session,
		 const struct smtpc_transaction *transaction)
{
	int rc = check_list(session, transaction->parameters);
	size_t i;

	for (i = 0; rc == SMTPC_OK && i < transaction->recipient_count; i++)
		rc = check_list(session, transaction->recipients[i].parameters);
	return rc;
}

/*
 * The content.
 */

static bool
is_binary(const struct smtpc_transaction *transaction)
{
	return transaction->form == SMTPC_CONTENT_BINARY;
}

/* What it may not hold. */
static uint32_t
forbidden(const struct smtpc_transaction *transaction)
{
	switch (transaction->form) {
	case SMTPC_CONTENT_BINARY:
		return 0;
	case SMTPC_CONTENT_STRICT:
		return SMTPC_SCAN_NUL | CONTENT_BARE | SMTPC_SCAN_LONG_LINE;
	default:
		return SMTPC_SCAN_NUL;
	}
}

static const struct fault *
find_fault(const struct smtpc_transaction *transaction, uint32_t found)
{
	size_t i;

	found &= forbidden(transaction);
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (found & faults[i].found)
			return &faults[i];
	return NULL;
}

static int
check_source(struct smtpc_session *session,
	     const struct smtpc_transaction *transaction)
{
	const struct source *source = &transaction->source;

	if (!source_can_begin(source))
		return engine_fail(session, SMTPC_E_CONTENT, "content-used-up",
				   "the content was read before and can't be "
				   "read again: set it anew");
	if (source->kind != SOURCE_PUSH)
		return SMTPC_OK;
	if (source->detail != NULL)
		return engine_fail(session, SMTPC_E_CONTENT, source->detail,
				   "the content is not of the size that was "
				   "promised");
	if (session->blocking && !source->is_closed)
		return engine_fail(session, SMTPC_E_CONTENT, "content-open",
				   "in a blocking session, the content has to "
				   "be written and ended before it is sent");
	return SMTPC_OK;
}

static void
scan(void *context, const char *data, size_t len)
{
	content_scan_add(context, data, len);
}

/* Finds out what can be known without reading too much twice. */
static void
scan_content(const struct smtpc_session *session,
	     struct smtpc_transaction *transaction)
{
	const struct source *source = &transaction->source;
	struct content_scanner *scanner = &transaction->scanner;
	bool may_be_8bit = engine_offers(session, EXTENSION_8BITMIME) &&
			   transaction->body != SMTPC_BODY_7BIT;
	int64_t max = SCAN_MAX;

	if (transaction->form == SMTPC_CONTENT_STRICT || !may_be_8bit)
		max = source->is_file ? SCAN_FILE_MAX : INT64_MAX;
	content_scan_begin(scanner);
	scanner->is_whole = source->kind == SOURCE_MEMORY;
	transaction->is_scanned = source_scan(source, max, scan, scanner);
	if (transaction->is_scanned) {
		content_scan_end(scanner);
		return;
	}
	/* It is looked at as it is sent, when headers are too late. */
	content_scan_begin(scanner);
	scanner->in_header = false;
}

static int
check_scanned(struct smtpc_session *session,
	      const struct smtpc_transaction *transaction)
{
	const struct fault *fault;

	if (!transaction->is_scanned)
		return SMTPC_OK;
	fault = find_fault(transaction, transaction->scanner.found);
	if (fault != NULL)
		return engine_fail(session, SMTPC_E_INVALID, fault->detail,
				   "%s", fault->problem);
	return SMTPC_OK;
}

static int
check_binary(struct smtpc_session *session,
	     struct smtpc_transaction *transaction)
{
	if (transaction->body != SMTPC_BODY_AUTO)
		return engine_fail(session, SMTPC_E_INVALID, "body",
				   "what is binary is neither 7BIT nor "
				   "8BITMIME");
	if (!engine_offers(session, EXTENSION_BINARYMIME))
		return not_offered(session, "binarymime", "BINARYMIME",
				   "binary content");
	if (!engine_offers(session, EXTENSION_CHUNKING) ||
	    session->chunking_is_broken)
		return not_offered(session, "chunking", "CHUNKING",
				   "binary content");
	transaction->needs_bdat = true;
	return SMTPC_OK;
}

static int
check_body(struct smtpc_session *session, struct smtpc_transaction *transaction)
{
	bool offered = engine_offers(session, EXTENSION_8BITMIME);
	bool is_known = transaction->is_scanned;
	bool has_8bit = transaction->scanner.found & SMTPC_SCAN_8BIT;

	transaction->is_8bit = transaction->needs_bdat = false;
	if (is_binary(transaction))
		return check_binary(session, transaction);
	switch (transaction->body) {
	case SMTPC_BODY_7BIT:
		if (has_8bit)
			return engine_fail(session, SMTPC_E_INVALID,
					   "body-7bit", "%s", not_7bit);
		return SMTPC_OK;
	case SMTPC_BODY_8BITMIME:
		if (!offered)
			return not_offered(session, "8bitmime", "8BITMIME",
					   "the declaration of the content");
		transaction->is_8bit = true;
		return SMTPC_OK;
	default:
		if (has_8bit && !offered)
			return engine_fail(session, SMTPC_E_NOEXTENSION,
					   "8bitmime", "%s", not_plain);
		/* What can't be known yet may turn out to need it. */
		transaction->is_8bit = offered && (!is_known || has_8bit);
		return SMTPC_OK;
	}
}

/* The first mailbox whose local-part is not ASCII, or NULL. */
static const char *
find_utf8_mailbox(const struct smtpc_transaction *transaction)
{
	size_t i;

	if (transaction->sender_needs_utf8)
		return transaction->sender;
	for (i = 0; i < transaction->recipient_count; i++)
		if (transaction->recipients[i].needs_utf8)
			return transaction->recipients[i].mailbox;
	return NULL;
}

/*
 * RFC 6531, section 3.2: domains have an ASCII form, but local-parts have none,
 * nor have headers.
 */
static int
check_utf8(struct smtpc_session *session, struct smtpc_transaction *transaction)
{
	const char *mailbox = find_utf8_mailbox(transaction);
	bool has_headers =
	    transaction->is_scanned &&
	    (transaction->scanner.found & SMTPC_SCAN_UTF8_HEADERS);

	transaction->is_utf8 =
	    transaction->smtputf8 == 1 ||
	    (transaction->smtputf8 != 0 && (mailbox != NULL || has_headers));
	if (mailbox != NULL && transaction->smtputf8 == 0)
		return engine_fail(session, SMTPC_E_INVALID, "smtputf8",
				   "the local-part of %s is not ASCII: that "
				   "needs SMTPUTF8, which was switched off",
				   mailbox);
	if (!transaction->is_utf8 || engine_offers(session, EXTENSION_SMTPUTF8))
		return SMTPC_OK;
	if (mailbox != NULL)
		return engine_fail(
		    session, SMTPC_E_NOEXTENSION, "smtputf8",
		    "the server does not offer SMTPUTF8, which "
		    "the local-part of %s needs: it is not ASCII",
		    mailbox);
	return not_offered(session, "smtputf8", "SMTPUTF8",
			   has_headers ? "the header, which is not ASCII,"
				       : "this message");
}

/*
 * RFC 1870.  As it is sent, the content is no smaller than it is here, so what
 * exceeds the limit now will in any case.
 */
static int
check_size(struct smtpc_session *session, struct smtpc_transaction *transaction)
{
	uint64_t max = session->extensions.size_max;
	int64_t size = source_size(&transaction->source);

	if (transaction->is_scanned && !is_binary(transaction))
		size = transaction->scanner.octets;
	transaction->size = -1;
	if (size < 0 || !engine_offers(session, EXTENSION_SIZE))
		return SMTPC_OK;
	if (max > 0 && (uint64_t)size > max)
		return engine_fail(session, SMTPC_E_LIMIT, "size",
				   "the content has %" PRId64 " octets, and "
				   "the server takes no more than %" PRIu64,
				   size, max);
	if (!parameter_has(transaction->parameters, "SIZE"))
		transaction->size = size;
	return SMTPC_OK;
}

int
send_check(struct smtpc_session *session, struct smtpc_transaction *transaction)
{
	int rc = check_envelope(session, transaction);

	if (rc == SMTPC_OK)
		rc = policy_check(session);
	if (rc == SMTPC_OK)
		rc = check_parameters(session, transaction);
	if (rc == SMTPC_OK)
		rc = check_source(session, transaction);
	if (rc != SMTPC_OK)
		return rc;
	scan_content(session, transaction);
	rc = check_scanned(session, transaction);
	if (rc == SMTPC_OK)
		rc = check_body(session, transaction);
	if (rc == SMTPC_OK)
		rc = check_utf8(session, transaction);
	if (rc == SMTPC_OK)
		rc = check_size(session, transaction);
	if (rc == SMTPC_OK)
		rc = send_check_lines(session, transaction);
	if (rc == SMTPC_OK)
		rc = send_check_limits(session, transaction);
	return rc;
}

/*
 * While it is sent.
 */

void
send_begin_encoding(struct smtpc_transaction *transaction, bool by_bdat)
{
	struct content_encoder *encoder = &transaction->turn.encoder;
	const struct source *source = &transaction->source;

	content_begin(encoder, !by_bdat);
	encoder->is_raw = is_binary(transaction);
	if (transaction->is_scanned && source->kind == SOURCE_MEMORY)
		content_known(encoder, &transaction->scanner,
			      transaction->scanner.found, source->len);
	if (!transaction->is_scanned) {
		content_scan_begin(&transaction->scanner);
		transaction->scanner.in_header = false;
	}
}

static bool
check_found(struct smtpc_transaction *transaction, uint32_t found)
{
	struct failure *failure = &transaction->failure;
	const struct fault *fault = find_fault(transaction, found);
	bool is_8bit = (found & SMTPC_SCAN_8BIT) && !transaction->is_8bit;
	int phase = SMTPC_PHASE_CONTENT;

	if (fault != NULL)
		failure_set(failure, SMTPC_E_CONTENT, phase, fault->detail,
			    "%s", fault->problem);
	else if (is_8bit && transaction->body == SMTPC_BODY_7BIT)
		failure_set(failure, SMTPC_E_CONTENT, phase, "body-7bit", "%s",
			    not_7bit);
	else if (is_8bit)
		failure_set(failure, SMTPC_E_NOEXTENSION, phase, "8bitmime",
			    "%s", not_plain);
	return fault == NULL && !is_8bit;
}

bool
send_check_part(struct smtpc_transaction *transaction, const char *data,
		size_t len)
{
	struct content_scanner *scanner = &transaction->scanner;
	uint64_t ahead;
	uint32_t found;

	if (transaction->is_scanned || is_binary(transaction))
		return true;
	ahead = scanner->seen - (uint64_t)transaction->source.passed;
	if (ahead >= len)
		return true;
	data += ahead;
	len -= (size_t)ahead;
	found = content_scan_add(scanner, data, len);
	content_known(&transaction->turn.encoder, scanner, found, len);
	return check_found(transaction, found);
}

bool
send_check_end(struct smtpc_transaction *transaction)
{
	if (transaction->is_scanned || is_binary(transaction))
		return true;
	content_scan_end(&transaction->scanner);
	return check_found(transaction, transaction->scanner.found);
}

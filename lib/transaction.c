/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A transaction's envelope and content, and its fate for the caller to read.
 */
#include "transaction.h"

#include <string.h>

#include "ascii.h"
#include "content.h"
#include "dsn.h"
#include "engine.h"
#include "idna.h"
#include "mailbox.h"
#include "mem.h"
#include "parameter.h"

#define RECIPIENTS_FIRST 4

static void
init(smtpc_transaction *transaction)
{
	memset(transaction, 0, sizeof(*transaction));
	source_clear(&transaction->source);
	transaction->smtputf8 = -1;
	transaction->size = -1;
	transaction->result = SMTPC_E_STATE;
}

int
smtpc_transaction_new(smtpc_transaction **ret_transaction)
{
	smtpc_transaction *transaction;

	if (ret_transaction == NULL)
		return SMTPC_E_INVALID;
	transaction = mem_zalloc(sizeof(*transaction));
	if (transaction == NULL)
		return SMTPC_E_NOMEM;
	init(transaction);
	*ret_transaction = transaction;
	return SMTPC_OK;
}

static void
clear(smtpc_transaction *transaction)
{
	size_t i;

	for (i = 0; i < transaction->recipient_count; i++) {
		mem_free(transaction->recipients[i].mailbox);
		mem_free(transaction->recipients[i].ascii);
		mem_free(transaction->recipients[i].parameters);
		reply_release(transaction->recipients[i].reply);
	}
	mem_free(transaction->recipients);
	mem_free(transaction->sender);
	mem_free(transaction->sender_ascii);
	mem_free(transaction->parameters);
	source_clear(&transaction->source);
	failure_clear(&transaction->failure);
	reply_release(transaction->reply);
}

void
smtpc_transaction_free(smtpc_transaction *transaction)
{
	smtpc_session *session;

	if (transaction == NULL)
		return;
	session = transaction->session;
	if (session != NULL) {
		if (engine_in_callback(session))
			return;
		/* Without the final dot, the server throws away what it has. */
		if (transaction->stage != STAGE_QUEUED &&
		    transaction->stage != STAGE_SETTLED) {
			engine_close(session, SMTPC_E_CANCELLED);
			session->state = SMTPC_STATE_DEAD;
		}
		if (transaction->session != NULL)
			pipeline_remove(session, transaction);
	}
	clear(transaction);
	mem_free(transaction);
}

/* What every setter asks first; it forgets why the last one failed. */
static int
may_set(smtpc_transaction *transaction)
{
	if (transaction == NULL)
		return SMTPC_E_INVALID;
	if (transaction->session != NULL)
		return SMTPC_E_BUSY;
	failure_clear(&transaction->failure);
	return SMTPC_OK;
}

int
smtpc_transaction_reset(smtpc_transaction *transaction)
{
	int rc = may_set(transaction);

	if (rc != SMTPC_OK)
		return rc;
	clear(transaction);
	init(transaction);
	return SMTPC_OK;
}

static int
invalid(smtpc_transaction *transaction, const char *what, const char *problem)
{
	failure_set(&transaction->failure, SMTPC_E_INVALID, SMTPC_PHASE_NONE,
		    what, "the %s is no good: %s", what, problem);
	return SMTPC_E_INVALID;
}

/*
 * The mailbox with an ASCII domain, or NULL if its local-part is not ASCII, so
 * that it must go out as it is.
 */
static int
make_ascii(const char *mailbox, char **ret_ascii, const char **ret_problem)
{
	const char *domain = mailbox_domain(mailbox);
	size_t local = (size_t)(domain - mailbox);
	char *ascii = NULL;
	int rc = idna_to_ascii(domain, &ascii);

	if (rc != SMTPC_OK) {
		*ret_problem = "the domain has no ASCII form (RFC 5891)";
		return rc;
	}
	*ret_problem = mailbox_domain_problem(ascii, strlen(ascii));
	if (*ret_problem != NULL) {
		rc = SMTPC_E_INVALID;
	} else if (ascii_is_7bit(mailbox, local)) {
		*ret_ascii = mem_format("%.*s%s", (int)local, mailbox, ascii);
		if (*ret_ascii == NULL) {
			rc = SMTPC_E_NOMEM;
		} else {
			*ret_problem = mailbox_problem(*ret_ascii);
			rc = *ret_problem == NULL ? SMTPC_OK : SMTPC_E_INVALID;
		}
	}
	mem_free(ascii);
	return rc;
}

/* The forms of one that is not ASCII. */
static int
find_forms(smtpc_transaction *transaction, const char *what,
	   const char *mailbox, struct recipient *forms)
{
	const char *domain = mailbox_domain(mailbox);
	const char *problem = NULL;
	int rc = SMTPC_OK;

	if (!ascii_is_7bit(domain, strlen(domain)))
		rc = make_ascii(mailbox, &forms->ascii, &problem);
	if (rc == SMTPC_E_INVALID)
		rc = invalid(transaction, what, problem);
	forms->needs_utf8 = *domain != '\0' &&
			    !ascii_is_7bit(mailbox, (size_t)(domain - mailbox));
	return rc;
}

/* Take a good mailbox, in the forms in which it may go out. */
static int
take_mailbox(smtpc_transaction *transaction, const char *what,
	     const char *mailbox, struct recipient *ret_forms)
{
	size_t len = strlen(mailbox);
	int rc = SMTPC_OK;

	memset(ret_forms, 0, sizeof(*ret_forms));
	if (!ascii_is_7bit(mailbox, len))
		rc = find_forms(transaction, what, mailbox, ret_forms);
	if (rc != SMTPC_OK)
		return rc;
	ret_forms->mailbox = mem_copy(mailbox, len);
	if (ret_forms->mailbox == NULL) {
		mem_free(ret_forms->ascii);
		return SMTPC_E_NOMEM;
	}
	return SMTPC_OK;
}

int
smtpc_transaction_set_sender(smtpc_transaction *transaction,
			     const char *mailbox)
{
	const char *problem = NULL;
	struct recipient forms;
	int rc = may_set(transaction);

	if (rc != SMTPC_OK)
		return rc;
	if (mailbox == NULL)
		return SMTPC_E_INVALID;
	if (*mailbox != '\0')
		problem = mailbox_problem(mailbox);
	if (problem != NULL)
		return invalid(transaction, "sender", problem);
	rc = take_mailbox(transaction, "sender", mailbox, &forms);
	if (rc != SMTPC_OK)
		return rc;
	mem_free(transaction->sender);
	mem_free(transaction->sender_ascii);
	transaction->sender = forms.mailbox;
	transaction->sender_ascii = forms.ascii;
	transaction->sender_needs_utf8 = forms.needs_utf8;
	return SMTPC_OK;
}

static bool
make_room(smtpc_transaction *transaction)
{
	size_t room = transaction->recipient_room > 0
			  ? 2 * transaction->recipient_room
			  : RECIPIENTS_FIRST;
	struct recipient *recipients;

	if (transaction->recipient_count < transaction->recipient_room)
		return true;
	recipients =
	    mem_resize(transaction->recipients, room * sizeof(*recipients));
	if (recipients == NULL)
		return false;
	transaction->recipients = recipients;
	transaction->recipient_room = room;
	return true;
}

/* RFC 5321, section 4.1.1.3: the one mailbox that needs no domain. */
static bool
is_postmaster(const char *mailbox)
{
	return ascii_equal_text(mailbox, "postmaster");
}

int
smtpc_transaction_add_recipient(smtpc_transaction *transaction,
				const char *mailbox, size_t *ret_index)
{
	const char *problem = NULL;
	int rc = may_set(transaction);

	if (rc != SMTPC_OK)
		return rc;
	if (mailbox == NULL)
		return SMTPC_E_INVALID;
	if (!is_postmaster(mailbox))
		problem = mailbox_problem(mailbox);
	if (problem != NULL)
		return invalid(transaction, "recipient", problem);
	if (!make_room(transaction))
		return SMTPC_E_NOMEM;
	rc = take_mailbox(
	    transaction, "recipient", mailbox,
	    &transaction->recipients[transaction->recipient_count]);
	if (rc != SMTPC_OK)
		return rc;
	if (ret_index != NULL)
		*ret_index = transaction->recipient_count;
	transaction->recipient_count++;
	return SMTPC_OK;
}

static int
add_parameter(smtpc_transaction *transaction, char **list,
	      enum parameter_place place, const char *keyword,
	      const char *value)
{
	const char *problem = "it has no keyword";
	int rc = SMTPC_E_INVALID;

	if (keyword != NULL)
		rc = parameter_append(list, place, keyword, value, &problem);
	if (rc == SMTPC_E_INVALID)
		invalid(transaction, "parameter", problem);
	return rc;
}

int
smtpc_transaction_add_mail_parameter(smtpc_transaction *transaction,
				     const char *keyword, const char *value)
{
	int rc = may_set(transaction);

	if (rc != SMTPC_OK)
		return rc;
	return add_parameter(transaction, &transaction->parameters,
			     PARAMETER_OF_MAIL, keyword, value);
}

static int
no_recipient(smtpc_transaction *transaction)
{
	return invalid(transaction, "recipient", "there is none such");
}

int
smtpc_transaction_add_recipient_parameter(smtpc_transaction *transaction,
					  size_t index, const char *keyword,
					  const char *value)
{
	int rc = may_set(transaction);

	if (rc != SMTPC_OK)
		return rc;
	if (index >= transaction->recipient_count)
		return no_recipient(transaction);
	return add_parameter(transaction,
			     &transaction->recipients[index].parameters,
			     PARAMETER_OF_RECIPIENT, keyword, value);
}

/*
 * Replaces two parameters by others, both or none; a value that is NULL is left
 * out.
 */
static int
replace_parameters(smtpc_transaction *transaction, char **list,
		   enum parameter_place place, const char *const keywords[2],
		   const char *const values[2])
{
	char *fresh = NULL;
	int rc = SMTPC_OK;
	size_t i;

	if (*list != NULL) {
		fresh = mem_copy_text(*list);
		if (fresh == NULL)
			return SMTPC_E_NOMEM;
	}
	for (i = 0; i < 2; i++)
		parameter_remove(fresh, keywords[i]);
	for (i = 0; rc == SMTPC_OK && i < 2; i++)
		if (values[i] != NULL)
			rc = add_parameter(transaction, &fresh, place,
					   keywords[i], values[i]);
	if (rc != SMTPC_OK) {
		mem_free(fresh);
		return rc;
	}
	if (fresh != NULL && *fresh == '\0') {
		mem_free(fresh);
		fresh = NULL;
	}
	mem_free(*list);
	*list = fresh;
	return SMTPC_OK;
}

int
smtpc_transaction_set_dsn(smtpc_transaction *transaction, const char *ret,
			  const char *envid)
{
	static const char *const keywords[] = { "RET", "ENVID" };
	const char *values[2] = { ret, NULL };
	const char *problem = NULL;
	char *encoded = NULL;
	int rc = may_set(transaction);

	if (rc != SMTPC_OK)
		return rc;
	if (envid != NULL)
		rc = dsn_make_envid(envid, &encoded, &problem);
	if (rc == SMTPC_E_INVALID)
		return invalid(transaction, "envelope identifier", problem);
	if (rc != SMTPC_OK)
		return rc;
	values[1] = encoded;
	rc = replace_parameters(transaction, &transaction->parameters,
				PARAMETER_OF_MAIL, keywords, values);
	mem_free(encoded);
	return rc;
}

int
smtpc_transaction_set_recipient_dsn(smtpc_transaction *transaction,
				    size_t index, const char *notify,
				    const char *orcpt)
{
	static const char *const keywords[] = { "NOTIFY", "ORCPT" };
	const char *values[2] = { notify, NULL };
	const char *problem = NULL;
	char *encoded = NULL;
	int rc = may_set(transaction);

	if (rc != SMTPC_OK)
		return rc;
	if (index >= transaction->recipient_count)
		return no_recipient(transaction);
	if (orcpt != NULL)
		rc = dsn_make_orcpt(orcpt, &encoded, &problem);
	if (rc == SMTPC_E_INVALID)
		return invalid(transaction, "original recipient", problem);
	if (rc != SMTPC_OK)
		return rc;
	values[1] = encoded;
	rc = replace_parameters(transaction,
				&transaction->recipients[index].parameters,
				PARAMETER_OF_RECIPIENT, keywords, values);
	mem_free(encoded);
	return rc;
}

/* Whether a setting may be set to this. */
static int
check_number(smtpc_transaction *transaction, const char *what, int value,
	     int least, int most)
{
	int rc = may_set(transaction);

	if (rc == SMTPC_OK && (value < least || value > most))
		rc = invalid(transaction, what, "there is none such");
	return rc;
}

int
smtpc_transaction_set_smtputf8(smtpc_transaction *transaction, int on)
{
	int rc = check_number(transaction, "setting", on, -1, 1);

	if (rc == SMTPC_OK)
		transaction->smtputf8 = on;
	return rc;
}

int
smtpc_transaction_set_body(smtpc_transaction *transaction, int body)
{
	int rc = check_number(transaction, "body", body, SMTPC_BODY_AUTO,
			      SMTPC_BODY_8BITMIME);

	if (rc == SMTPC_OK)
		transaction->body = body;
	return rc;
}

int
smtpc_transaction_set_content_form(smtpc_transaction *transaction, int form)
{
	int rc = check_number(transaction, "form", form, SMTPC_CONTENT_TEXT,
			      SMTPC_CONTENT_BINARY);

	if (rc == SMTPC_OK)
		transaction->form = form;
	return rc;
}

int
smtpc_transaction_set_content(smtpc_transaction *transaction, const void *data,
			      size_t len)
{
	int rc = may_set(transaction);

	if (rc != SMTPC_OK)
		return rc;
	if (data == NULL && len > 0)
		return SMTPC_E_INVALID;
	source_set_memory(&transaction->source, data, len);
	return SMTPC_OK;
}

int
smtpc_transaction_set_content_copy(smtpc_transaction *transaction,
				   const void *data, size_t len)
{
	int rc = may_set(transaction);

	if (rc != SMTPC_OK)
		return rc;
	if (data == NULL && len > 0)
		return SMTPC_E_INVALID;
	return source_set_copy(&transaction->source, data, len);
}

int
smtpc_transaction_set_content_fd(smtpc_transaction *transaction, int fd)
{
	int rc = may_set(transaction);

	if (rc == SMTPC_OK)
		rc = source_set_descriptor(&transaction->source, fd);
	if (rc == SMTPC_E_INVALID && transaction != NULL)
		invalid(transaction, "descriptor", "it is not open");
	return rc;
}

int
smtpc_transaction_set_content_reader(smtpc_transaction *transaction,
				     smtpc_reader_fn function, int64_t size,
				     void *userdata)
{
	int rc = may_set(transaction);

	if (rc != SMTPC_OK)
		return rc;
	if (function == NULL || size < -1)
		return invalid(transaction, "reader",
			       "its function is missing or its size negative");
	source_set_reader(&transaction->source, function, size, userdata);
	return SMTPC_OK;
}

int
smtpc_transaction_set_content_push(smtpc_transaction *transaction, int64_t size)
{
	int rc = may_set(transaction);

	if (rc != SMTPC_OK)
		return rc;
	if (size < -1)
		return invalid(transaction, "size", "it is negative");
	source_set_push(&transaction->source, size);
	return SMTPC_OK;
}

/* Content is written while it is sent, too, but in no callback. */
static int
may_write(const smtpc_transaction *transaction)
{
	if (transaction == NULL)
		return SMTPC_E_INVALID;
	if (transaction->session != NULL &&
	    engine_in_callback(transaction->session))
		return SMTPC_E_BUSY;
	return SMTPC_OK;
}

int
smtpc_transaction_write(smtpc_transaction *transaction, const void *data,
			size_t len, size_t *ret_taken)
{
	int rc = may_write(transaction);

	if (rc != SMTPC_OK)
		return rc;
	if (data == NULL || ret_taken == NULL)
		return SMTPC_E_INVALID;
	return source_write(&transaction->source, data, len, ret_taken);
}

int
smtpc_transaction_end_content(smtpc_transaction *transaction)
{
	int rc = may_write(transaction);

	if (rc != SMTPC_OK)
		return rc;
	return source_close(&transaction->source);
}

uint32_t
smtpc_scan_content(const void *data, size_t len)
{
	const uint32_t told = SMTPC_SCAN_8BIT | SMTPC_SCAN_UTF8_HEADERS |
			      SMTPC_SCAN_LONG_LINE | SMTPC_SCAN_BARE_CR |
			      SMTPC_SCAN_BARE_LF | SMTPC_SCAN_NUL;

	return data != NULL ? content_scan(data, len) & told : 0;
}

int
smtpc_transaction_set_all_or_none(smtpc_transaction *transaction, int on)
{
	int rc = may_set(transaction);

	if (rc == SMTPC_OK)
		transaction->all_or_none = on != 0;
	return rc;
}

/* A copy of text, which may be NULL. */
static bool
copy_text(char **place, const char *text)
{
	*place = text != NULL ? mem_copy_text(text) : NULL;
	return text == NULL || *place != NULL;
}

static bool
copy_envelope(smtpc_transaction *copy, const smtpc_transaction *transaction)
{
	copy->sender_needs_utf8 = transaction->sender_needs_utf8;
	copy->all_or_none = transaction->all_or_none;
	copy->smtputf8 = transaction->smtputf8;
	copy->body = transaction->body;
	copy->form = transaction->form;
	return copy_text(&copy->sender, transaction->sender) &&
	       copy_text(&copy->sender_ascii, transaction->sender_ascii) &&
	       copy_text(&copy->parameters, transaction->parameters);
}

static bool
copy_recipient(smtpc_transaction *copy, const struct recipient *recipient)
{
	struct recipient *place;

	if (!make_room(copy))
		return false;
	place = &copy->recipients[copy->recipient_count];
	memset(place, 0, sizeof(*place));
	copy->recipient_count++;
	place->needs_utf8 = recipient->needs_utf8;
	return copy_text(&place->mailbox, recipient->mailbox) &&
	       copy_text(&place->ascii, recipient->ascii) &&
	       copy_text(&place->parameters, recipient->parameters);
}

/*
 * Whoever was left over and may still be tried: a limit that was met once
 * leaves a mark, but what the server said in the end counts.
 */
static bool
is_left_over(const struct recipient *recipient)
{
	return recipient->left_over &&
	       (recipient->outcome == SMTPC_OUTCOME_TRANSIENT ||
		recipient->outcome == SMTPC_OUTCOME_NOT_ATTEMPTED);
}

static int
copy_left_over(smtpc_transaction *copy, const smtpc_transaction *transaction)
{
	size_t i;

	if (!copy_envelope(copy, transaction))
		return SMTPC_E_NOMEM;
	for (i = 0; i < transaction->recipient_count; i++)
		if (is_left_over(&transaction->recipients[i]) &&
		    !copy_recipient(copy, &transaction->recipients[i]))
			return SMTPC_E_NOMEM;
	if (copy->recipient_count == 0)
		return SMTPC_E_STATE;
	return source_set_again(&copy->source, &transaction->source);
}

int
smtpc_transaction_remainder(const smtpc_transaction *transaction,
			    smtpc_transaction **ret_transaction)
{
	smtpc_transaction *copy;
	int rc;

	if (transaction == NULL || ret_transaction == NULL)
		return SMTPC_E_INVALID;
	if (transaction->session != NULL)
		return SMTPC_E_BUSY;
	rc = smtpc_transaction_new(&copy);
	if (rc != SMTPC_OK)
		return rc;
	rc = copy_left_over(copy, transaction);
	if (rc != SMTPC_OK) {
		smtpc_transaction_free(copy);
		return rc;
	}
	*ret_transaction = copy;
	return SMTPC_OK;
}

int
smtpc_transaction_result(const smtpc_transaction *transaction)
{
	if (transaction == NULL)
		return SMTPC_E_INVALID;
	return transaction->stage == STAGE_NONE ||
		       transaction->stage == STAGE_SETTLED
		   ? transaction->result
		   : SMTPC_AGAIN;
}

const smtpc_reply *
smtpc_transaction_reply(const smtpc_transaction *transaction)
{
	return transaction != NULL ? transaction->reply : NULL;
}

const char *
smtpc_transaction_error_message(const smtpc_transaction *transaction)
{
	if (transaction == NULL)
		return "no transaction";
	if (transaction->failure.message != NULL)
		return transaction->failure.message;
	return transaction->failure.result != SMTPC_OK
		   ? smtpc_strerror(transaction->failure.result)
		   : "";
}

int64_t
smtpc_transaction_octets_sent(const smtpc_transaction *transaction)
{
	return transaction != NULL ? send_octets(transaction) : 0;
}

size_t
smtpc_transaction_recipient_count(const smtpc_transaction *transaction)
{
	return transaction != NULL ? transaction->recipient_count : 0;
}

static const struct recipient *
get_recipient(const smtpc_transaction *transaction, size_t index)
{
	if (transaction == NULL || index >= transaction->recipient_count)
		return NULL;
	return &transaction->recipients[index];
}

const char *
smtpc_transaction_recipient(const smtpc_transaction *transaction, size_t index)
{
	const struct recipient *recipient = get_recipient(transaction, index);

	return recipient != NULL ? recipient->mailbox : NULL;
}

int
smtpc_transaction_recipient_outcome(const smtpc_transaction *transaction,
				    size_t index)
{
	const struct recipient *recipient = get_recipient(transaction, index);

	return recipient != NULL ? recipient->outcome : SMTPC_E_INVALID;
}

const smtpc_reply *
smtpc_transaction_recipient_reply(const smtpc_transaction *transaction,
				  size_t index)
{
	const struct recipient *recipient = get_recipient(transaction, index);

	return recipient != NULL ? recipient->reply : NULL;
}

int
smtpc_transaction_recipient_safe_to_retry(const smtpc_transaction *transaction,
					  size_t index)
{
	const struct recipient *recipient = get_recipient(transaction, index);

	if (recipient == NULL)
		return 0;
	return recipient->outcome == SMTPC_OUTCOME_TRANSIENT ||
	       recipient->outcome == SMTPC_OUTCOME_PERMANENT ||
	       recipient->outcome == SMTPC_OUTCOME_NOT_ATTEMPTED;
}

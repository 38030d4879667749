/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parameters of MAIL and RCPT.
 */
#include "parameter.h"

#include <string.h>

#include "ascii.h"
#include "command.h"
#include "date.h"
#include "dsn.h"
#include "mem.h"

/* Room for what the library puts in itself. */
#define OWN_MAX 64

/* RFC 4954, section 5. */
#define AUTH_MAX 500

/*
 * What values are good for.
 */

/* The digits at the start of text, if there are no fewer and no more. */
static size_t
digits(const char *text, size_t least, size_t most)
{
	size_t len = strspn(text, "0123456789");

	return len >= least && len <= most ? len : 0;
}

static const char *
size_problem(const char *value)
{
	size_t len = digits(value, 1, 20);

	return len > 0 && value[len] == '\0' ? NULL : "it is no size";
}

static const char *
auth_problem(const char *value)
{
	if (strcmp(value, "<>") == 0)
		return NULL;
	if (strnlen(value, AUTH_MAX + 1) > AUTH_MAX)
		return "it is longer than 500 octets";
	return dsn_xtext_problem(value);
}

/* RFC 2852, section 4. */
static const char *
by_problem(const char *value)
{
	bool is_negative = *value == '-';
	const char *number = is_negative ? value + 1 : value;
	size_t len = digits(number, 1, 9);
	const char *mode = number + len + 1;
	bool is_zero = strspn(number, "0") == len;

	if (len == 0 || number[len] != ';' ||
	    (ascii_upper(*mode) != 'R' && ascii_upper(*mode) != 'N'))
		return "it is no time with a mode";
	if (ascii_upper(*mode) == 'R' && (is_negative || is_zero))
		return "with R, the time must be positive";
	if (mode[1] != '\0' && ascii_upper(mode[1]) == 'T')
		mode++;
	return mode[1] == '\0' ? NULL : "it is no time with a mode";
}

static const char *
holdfor_problem(const char *value)
{
	size_t len = digits(value, 1, 9);

	return len > 0 && value[len] == '\0' ? NULL
					     : "it is no number of seconds";
}

static const char *
date_problem(const char *value)
{
	int64_t seconds;

	if (date_parse(value, strlen(value), &seconds))
		return NULL;
	return "it is no date and time of RFC 3339";
}

static const char *
priority_problem(const char *value)
{
	const char *digit = *value == '-' ? value + 1 : value;

	if (digits(digit, 1, 1) == 0 || digit[1] != '\0' ||
	    (digit != value && *digit == '0'))
		return "it is no number from -9 to 9";
	return NULL;
}

/* RFC 7293, section 5.1: a date, and what to do where it is not known. */
static const char *
rrvs_problem(const char *value)
{
	size_t len = strcspn(value, ";");
	const char *rest = value + len;
	int64_t seconds;

	if (!date_parse(value, len, &seconds))
		return "it is no date and time of RFC 3339";
	if (*rest == '\0')
		return NULL;
	if ((ascii_upper(rest[1]) == 'C' || ascii_upper(rest[1]) == 'R') &&
	    rest[2] == '\0')
		return NULL;
	return "behind the date there may be ;C or ;R";
}

/*
 * What is known.
 */

static const struct parameter_need need_size = { "SIZE", "size" };
static const struct parameter_need need_dsn = { "DSN", "dsn" };
static const struct parameter_need need_auth = { "AUTH", "auth" };
static const struct parameter_need need_deliverby = { "DELIVERBY",
						      "deliverby" };
static const struct parameter_need need_futurerelease = { "FUTURERELEASE",
							  "futurerelease" };
static const struct parameter_need need_priority = { "MT-PRIORITY",
						     "mt-priority" };
static const struct parameter_need need_requiretls = { "REQUIRETLS",
						       "requiretls" };
static const struct parameter_need need_rrvs = { "RRVS", "rrvs" };

static const struct definition {
	const char *keyword;
	enum parameter_place place;
	const struct parameter_need *need;
	const char *(*problem)(const char *value); /* NULL: it has no value */
} definitions[] = {
	{ "SIZE", PARAMETER_OF_MAIL, &need_size, size_problem },
	{ "RET", PARAMETER_OF_MAIL, &need_dsn, dsn_ret_problem },
	{ "ENVID", PARAMETER_OF_MAIL, &need_dsn, dsn_envid_problem },
	{ "NOTIFY", PARAMETER_OF_RECIPIENT, &need_dsn, dsn_notify_problem },
	{ "ORCPT", PARAMETER_OF_RECIPIENT, &need_dsn, dsn_orcpt_problem },
	{ "AUTH", PARAMETER_OF_MAIL, &need_auth, auth_problem },
	{ "BY", PARAMETER_OF_MAIL, &need_deliverby, by_problem },
	{ "HOLDFOR", PARAMETER_OF_MAIL, &need_futurerelease, holdfor_problem },
	{ "HOLDUNTIL", PARAMETER_OF_MAIL, &need_futurerelease, date_problem },
	{ "MT-PRIORITY", PARAMETER_OF_MAIL, &need_priority, priority_problem },
	{ "REQUIRETLS", PARAMETER_OF_MAIL, &need_requiretls, NULL },
	{ "RRVS", PARAMETER_OF_RECIPIENT, &need_rrvs, rrvs_problem },
};

/* The library sets these itself. */
static const char *const owned[] = { "BODY", "SMTPUTF8" };

/* What an extension adds to the length of a line. */
static const struct {
	const char *extension;
	size_t mail, recipient;
} allowances[] = {
	{ "SIZE", 26, 0 },	    { "8BITMIME", 17, 0 },
	{ "SMTPUTF8", 10, 10 },	    { "DSN", 100, 500 },
	{ "AUTH", 500, 0 },	    { "DELIVERBY", 17, 0 },
	{ "FUTURERELEASE", 34, 0 }, { "MT-PRIORITY", 15, 0 },
};

#define COUNT(array) (sizeof(array) / sizeof(array[0]))

static const struct definition *
definition_of(const char *keyword, size_t len)
{
	size_t i;

	for (i = 0; i < COUNT(definitions); i++)
		if (ascii_equal(definitions[i].keyword,
				strlen(definitions[i].keyword), keyword, len))
			return &definitions[i];
	return NULL;
}

/*
 * The list.
 */

/* Where one begins, its blank first; NULL: nowhere. */
static const char *
find(const char *list, const char *keyword)
{
	size_t len = strlen(keyword);

	if (list == NULL)
		return NULL;
	for (; *list != '\0'; list += 1 + strcspn(list + 1, " "))
		if (ascii_equal(list + 1, strcspn(list + 1, " ="), keyword,
				len))
			return list;
	return NULL;
}

bool
parameter_has(const char *list, const char *keyword)
{
	return find(list, keyword) != NULL;
}

const char *
parameter_find(const char *list, const char *keyword, size_t *ret_len)
{
	const char *found = find(list, keyword);

	if (found == NULL || found[1 + strlen(keyword)] != '=')
		return NULL;
	found += strlen(keyword) + 2;
	*ret_len = strcspn(found, " ");
	return found;
}

void
parameter_remove(char *list, const char *keyword)
{
	const char *found = find(list, keyword);
	const char *rest;

	if (found == NULL)
		return;
	rest = found + 1 + strcspn(found + 1, " ");
	memmove(list + (found - list), rest, strlen(rest) + 1);
}

/* HOLDFOR and HOLDUNTIL exclude each other: RFC 4865, section 4.1. */
static bool
has_other_hold(const char *list, const char *keyword)
{
	return (ascii_equal_text(keyword, "HOLDFOR") &&
		parameter_has(list, "HOLDUNTIL")) ||
	       (ascii_equal_text(keyword, "HOLDUNTIL") &&
		parameter_has(list, "HOLDFOR"));
}

/* What is wrong with one that is known. */
static const char *
known_problem(const struct definition *definition, enum parameter_place place,
	      const char *value)
{
	if (definition->place != place)
		return place == PARAMETER_OF_MAIL ? "it is one of RCPT"
						  : "it is one of MAIL";
	if (definition->problem == NULL)
		return value != NULL ? "it has no value" : NULL;
	if (value == NULL)
		return "it needs a value";
	return definition->problem(value);
}

static const char *
problem_of(const char *list, enum parameter_place place, const char *keyword,
	   const char *value)
{
	const struct definition *definition;
	size_t i;

	if (!command_is_parameter(keyword, value))
		return "it does not fit the grammar, or is too long";
	for (i = 0; i < COUNT(owned); i++)
		if (ascii_equal_text(keyword, owned[i]))
			return "it is set by the library itself";
	if (parameter_has(list, keyword) || has_other_hold(list, keyword))
		return "it is there already";
	definition = definition_of(keyword, strlen(keyword));
	if (definition != NULL)
		return known_problem(definition, place, value);
	return NULL;
}

int
parameter_append(char **list, enum parameter_place place, const char *keyword,
		 const char *value, const char **ret_problem)
{
	const char *old = *list != NULL ? *list : "";
	char *fresh;

	*ret_problem = problem_of(*list, place, keyword, value);
	if (*ret_problem == NULL &&
	    strlen(old) + strlen(keyword) + 2 +
		    (value != NULL ? strlen(value) : 0) >
		COMMAND_PARAMETERS_MAX - OWN_MAX)
		*ret_problem = "together they are too long";
	if (*ret_problem != NULL)
		return SMTPC_E_INVALID;
	fresh = mem_format("%s %s%s%s", old, keyword, value != NULL ? "=" : "",
			   value != NULL ? value : "");
	if (fresh == NULL)
		return SMTPC_E_NOMEM;
	mem_free(*list);
	*list = fresh;
	return SMTPC_OK;
}

/*
 * What the server can do.
 */

const struct parameter_need *
parameter_lacks(const char *list, const struct extension_list *extensions)
{
	const struct definition *definition;

	if (list == NULL)
		return NULL;
	for (; *list != '\0'; list += 1 + strcspn(list + 1, " ")) {
		definition = definition_of(list + 1, strcspn(list + 1, " ="));
		if (definition != NULL &&
		    extension_find(extensions, definition->need->extension) ==
			NULL)
			return definition->need;
	}
	return NULL;
}

/* The number at the start of text; no more than 20 digits are good for one. */
static uint64_t
number(const char *text)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; ascii_is_digit(text[i]); i++) {
		if (value > (UINT64_MAX - 9) / 10)
			return UINT64_MAX;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	return value;
}

static bool
exceeds_size(const char *list, const struct extension_list *extensions)
{
	size_t len;
	const char *size = parameter_find(list, "SIZE", &len);

	return size != NULL && extensions->size_max > 0 &&
	       number(size) > extensions->size_max;
}

/* A time that the server would rather give the message back at once. */
static bool
exceeds_deliverby(const char *list, const struct extension_list *extensions)
{
	const char *least = extension_find(extensions, "DELIVERBY");
	size_t len;
	const char *by = parameter_find(list, "BY", &len);
	const char *mode;

	if (by == NULL || least == NULL || digits(least, 1, 9) == 0)
		return false;
	mode = strchr(by, ';');
	return mode != NULL && ascii_upper(mode[1]) == 'R' &&
	       number(by) < number(least);
}

/* "FUTURERELEASE max-interval max-datetime": RFC 4865, section 3. */
static bool
exceeds_futurerelease(const char *list, const struct extension_list *extensions)
{
	const char *limits = extension_find(extensions, "FUTURERELEASE");
	size_t len, hold_len;
	const char *hold;
	int64_t last, until;

	if (limits == NULL || digits(limits, 1, 9) == 0)
		return false;
	hold = parameter_find(list, "HOLDFOR", &hold_len);
	if (hold != NULL)
		return number(hold) > number(limits);
	hold = parameter_find(list, "HOLDUNTIL", &hold_len);
	limits += strcspn(limits, " ");
	limits += strspn(limits, " ");
	len = strcspn(limits, " ");
	return hold != NULL && date_parse(hold, hold_len, &until) &&
	       date_parse(limits, len, &last) && until > last;
}

const struct parameter_need *
parameter_exceeds(const char *list, const struct extension_list *extensions)
{
	if (list == NULL)
		return NULL;
	if (exceeds_size(list, extensions))
		return &need_size;
	if (exceeds_deliverby(list, extensions))
		return &need_deliverby;
	if (exceeds_futurerelease(list, extensions))
		return &need_futurerelease;
	return NULL;
}

size_t
parameter_line_max(enum parameter_place place,
		   const struct extension_list *extensions)
{
	size_t max = COMMAND_LINE_MAX;
	size_t i;

	for (i = 0; i < COUNT(allowances); i++)
		if (extension_find(extensions, allowances[i].extension) != NULL)
			max += place == PARAMETER_OF_MAIL
				   ? allowances[i].mail
				   : allowances[i].recipient;
	return max;
}

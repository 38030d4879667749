/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An EHLO reply's list of extensions.
 */
#include "extension.h"

#include <assert.h>
#include <string.h>

#include "ascii.h"
#include "mem.h"

/* More keywords than any server has; a reply cannot make the list longer. */
#define KEYWORDS_MAX 256

/* And longer than any of them is. */
#define KEYWORD_MAX 128

static const struct {
	const char *keyword;
	uint32_t bit;
} known[] = {
	{ "STARTTLS", EXTENSION_STARTTLS },
	{ "AUTH", EXTENSION_AUTH },
	{ "PIPELINING", EXTENSION_PIPELINING },
	{ "8BITMIME", EXTENSION_8BITMIME },
	{ "CHUNKING", EXTENSION_CHUNKING },
	{ "BINARYMIME", EXTENSION_BINARYMIME },
	{ "SIZE", EXTENSION_SIZE },
	{ "SMTPUTF8", EXTENSION_SMTPUTF8 },
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* ehlo-keyword, but with the "_" and "." that some servers put in. */
static bool
is_keyword_char(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_' || c == '.';
}

static uint32_t
known_bit(const char *keyword)
{
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (ascii_equal_text(known[i].keyword, keyword))
			return known[i].bit;
	return 0;
}

static char *
parameters_of(char *item)
{
	return item + strlen(item) + 1;
}

static char *
behind(char *item)
{
	char *parameters = parameters_of(item);

	return parameters + strlen(parameters) + 1;
}

static char *
find(const struct extension_list *list, const char *keyword, size_t len)
{
	char *item = list->text;
	size_t i;

	for (i = 0; i < list->count; i++, item = behind(item))
		if (ascii_equal(item, strlen(item), keyword, len))
			return item;
	return NULL;
}

/* The limit that SIZE's parameter states; 0: none, or none that makes sense. */
static uint64_t
size_limit(const char *text)
{
	uint64_t limit = 0;
	size_t i;

	for (i = 0; text[i] != '\0'; i++) {
		if (!ascii_is_digit(text[i]))
			return 0;
		if (limit > (UINT64_MAX - 9) / 10)
			return UINT64_MAX;
		limit = limit * 10 + (uint64_t)(text[i] - '0');
	}
	return limit;
}

static bool
is_stricter(const char *size, const char *than)
{
	return size_limit(size) != 0 &&
	       (size_limit(than) == 0 || size_limit(size) < size_limit(than));
}

/* Puts text in the place of old octets; there is room for it. */
static void
replace(struct extension_list *list, char *at, size_t old, const char *text,
	size_t len)
{
	const char *end = list->text + list->size;

	memmove(at + len, at + old, (size_t)(end - at) - old);
	memcpy(at, text, len);
	list->size = list->size - old + len;
}

/*
 * A keyword that is there already: AUTH's mechanisms are joined, of two SIZEs
 * the smaller limit counts (0 is no limit), of any other the first stands.
 */
static void
merge(struct extension_list *list, char *item, const char *parameters)
{
	char *old = parameters_of(item);
	size_t old_len = strlen(old);
	size_t len = strlen(parameters);

	if (len == 0)
		return;
	if (ascii_equal_text(item, "AUTH")) {
		replace(list, old + old_len, 0, parameters, len);
		if (old_len > 0)
			replace(list, old + old_len, 0, " ", 1);
	} else if (ascii_equal_text(item, "SIZE") &&
		   is_stricter(parameters, old)) {
		replace(list, old, old_len, parameters, len);
	}
}

static void
add(struct extension_list *list, const char *keyword, size_t len,
    const char *parameters)
{
	char *item = find(list, keyword, len);

	if (item != NULL) {
		merge(list, item, parameters);
		return;
	}
	if (list->count == KEYWORDS_MAX)
		return;
	item = list->text + list->size;
	memcpy(item, keyword, len);
	item[len] = '\0';
	memcpy(item + len + 1, parameters, strlen(parameters) + 1);
	list->size += len + 1 + strlen(parameters) + 1;
	list->count++;
	list->known |= known_bit(item);
}

/* The words of text with single blanks between; memory of its own. */
static char *
tidy(const char *text, size_t len)
{
	char *tidied = mem_alloc(len + 1);
	size_t used = 0;
	size_t i;

	if (tidied == NULL)
		return NULL;
	for (i = 0; i < len; i++) {
		if (!is_blank(text[i]))
			tidied[used++] = text[i];
		else if (used > 0 && tidied[used - 1] != ' ')
			tidied[used++] = ' ';
	}
	if (used > 0 && tidied[used - 1] == ' ')
		used--;
	tidied[used] = '\0';
	return tidied;
}

static bool
is_disabled(const struct extension_list *list, const char *keyword, size_t len)
{
	const char *word = list->disabled != NULL ? list->disabled : "";
	size_t word_len;

	for (; *word == ' '; word += word_len) {
		word++;
		word_len = strcspn(word, " ");
		if (ascii_equal(word, word_len, keyword, len))
			return true;
	}
	return false;
}

/* Take one line: keyword, blanks, parameters; "=" counts behind AUTH only. */
static int
parse_line(struct extension_list *list, const char *line, size_t len)
{
	const char *end = line + len;
	const char *start;
	char *parameters;

	if (memchr(line, '\0', len) != NULL)
		return SMTPC_OK;
	while (line < end && is_blank(*line))
		line++;
	start = line;
	while (line < end && is_keyword_char(*line))
		line++;
	if (line == start || is_disabled(list, start, (size_t)(line - start)))
		return SMTPC_OK;
	if (line < end && !is_blank(*line) &&
	    !(*line == '=' &&
	      ascii_equal(start, (size_t)(line - start), "AUTH", 4)))
		return SMTPC_OK;
	parameters = tidy(line < end ? line + 1 : end,
			  line < end ? (size_t)(end - line - 1) : 0);
	if (parameters == NULL)
		return SMTPC_E_NOMEM;
	add(list, start, (size_t)(line - start), parameters);
	mem_free(parameters);
	return SMTPC_OK;
}

/* One to six digits, the first of them no 0 (RFC 9422, section 3). */
static uint32_t
limit_value(const char *text, size_t len)
{
	uint32_t value = 0;
	size_t i;

	if (len == 0 || len > 6 || text[0] == '0')
		return 0;
	for (i = 0; i < len; i++) {
		if (!ascii_is_digit(text[i]))
			return 0;
		value = value * 10 + (uint32_t)(text[i] - '0');
	}
	return value;
}

/* Of a limit that is told twice the stricter counts. */
static void
take_limit(uint32_t *limit, uint32_t value)
{
	if (value != 0 && (*limit == 0 || value < *limit))
		*limit = value;
}

/* Unknown limits, and values that are none, are passed over. */
static void
read_limits(struct extension_list *list)
{
	const char *word = extension_find(list, "LIMITS");
	struct extension_limits *limits = &list->limits;
	size_t len, name;
	uint32_t value;

	for (; word != NULL && *word != '\0'; word += len) {
		word += strspn(word, " ");
		len = strcspn(word, " ");
		name = strcspn(word, "= ");
		if (name == len)
			continue;
		value = limit_value(word + name + 1, len - name - 1);
		if (ascii_equal(word, name, "RCPTMAX", 7))
			take_limit(&limits->recipients, value);
		else if (ascii_equal(word, name, "MAILMAX", 7))
			take_limit(&limits->transactions, value);
		else if (ascii_equal(word, name, "RCPTDOMAINMAX", 13))
			take_limit(&limits->domains, value);
	}
}

/* What is asked for with every message. */
static void
read_numbers(struct extension_list *list)
{
	const char *size = extension_find(list, "SIZE");

	list->size_max = size != NULL ? size_limit(size) : 0;
	memset(&list->limits, 0, sizeof(list->limits));
	read_limits(list);
}

/* Room for whatever a reply may hold: no line becomes longer by more. */
static bool
make_room(struct extension_list *list, const struct smtpc_reply *reply)
{
	size_t size = 0;
	size_t len, i;

	for (i = 1; i < reply->line_count; i++) {
		(void)reply_line(reply, i, &len);
		size += len + 2;
	}
	list->text = mem_alloc(size);
	return list->text != NULL;
}

/* Gives back what was not needed, if that can be done. */
static void
shrink(struct extension_list *list)
{
	char *text = mem_resize(list->text, list->size > 0 ? list->size : 1);

	if (text != NULL)
		list->text = text;
}

int
extension_parse(struct extension_list *list, const struct smtpc_reply *reply)
{
	const char *line;
	size_t len;
	size_t i;
	int rc = SMTPC_OK;

	extension_clear(list);
	if (reply->line_count < 2)
		return SMTPC_OK;
	if (!make_room(list, reply))
		return SMTPC_E_NOMEM;
	/* The first line is the server's name, whatever it looks like. */
	for (i = 1; i < reply->line_count && rc == SMTPC_OK; i++) {
		line = reply_line(reply, i, &len);
		rc = parse_line(list, line, len);
	}
	if (rc != SMTPC_OK) {
		extension_clear(list);
		return rc;
	}
	shrink(list);
	read_numbers(list);
	return SMTPC_OK;
}

void
extension_clear(struct extension_list *list)
{
	char *disabled = list->disabled;

	mem_free(list->text);
	memset(list, 0, sizeof(*list));
	list->disabled = disabled;
}

void
extension_free(struct extension_list *list)
{
	extension_clear(list);
	mem_free(list->disabled);
	list->disabled = NULL;
}

static void
remove_item(struct extension_list *list, char *item)
{
	list->known &= ~known_bit(item);
	replace(list, item, (size_t)(behind(item) - item), "", 0);
	list->count--;
	read_numbers(list);
}

int
extension_disable(struct extension_list *list, const char *keyword)
{
	size_t len = strnlen(keyword, KEYWORD_MAX + 1);
	char *disabled, *item;
	size_t i;

	if (len == 0 || len > KEYWORD_MAX)
		return SMTPC_E_INVALID;
	for (i = 0; i < len; i++)
		if (!is_keyword_char(keyword[i]))
			return SMTPC_E_INVALID;
	if (is_disabled(list, keyword, len))
		return SMTPC_OK;
	disabled =
	    mem_format("%s %s", list->disabled != NULL ? list->disabled : "",
		       keyword);
	if (disabled == NULL)
		return SMTPC_E_NOMEM;
	mem_free(list->disabled);
	list->disabled = disabled;
	item = find(list, keyword, len);
	if (item != NULL)
		remove_item(list, item);
	return SMTPC_OK;
}

const char *
extension_find(const struct extension_list *list, const char *keyword)
{
	char *item = find(list, keyword, strlen(keyword));

	return item != NULL ? parameters_of(item) : NULL;
}

struct extension
extension_at(const struct extension_list *list, size_t index)
{
	struct extension found;
	char *item = list->text;

	assert(index < list->count);
	for (; index > 0; index--)
		item = behind(item);
	found.keyword = item;
	found.parameters = parameters_of(item);
	return found;
}

bool
extension_is_masked(const struct extension_list *list)
{
	const char *keyword;
	size_t i;

	/* All of it, or all but one letter: "XXXXXXXA". */
	for (i = 0; i < list->count; i++) {
		keyword = extension_at(list, i).keyword;
		if (strncmp(keyword, "XXXX", 4) == 0 &&
		    strspn(keyword, "X") + 1 >= strlen(keyword))
			return true;
	}
	return false;
}

bool
extension_lists(const char *list, const char *name)
{
	size_t name_len = strlen(name);
	size_t len;

	for (; *list != '\0'; list += len) {
		list += strspn(list, " ");
		len = strcspn(list, " ");
		if (ascii_equal(list, len, name, name_len))
			return true;
	}
	return false;
}

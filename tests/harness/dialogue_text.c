/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Dialogue files as text: lines, fragments that are put in, rows that make
 * several scenarios of one, escapes and macros.
 */
#include "dialogue.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_ITEMS_MAX 9

void
dialogue_bad(const struct source_line *line, const char *format, ...)
{
	va_list args;

	printf("Bail out! %s:%d: ", line->file, line->number);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	exit(EXIT_FAILURE);
}

void *
dialogue_grow(void *items, size_t count, size_t size)
{
	char *grown = items;

	/* Whenever the count is a power of two, there is room for as many. */
	if ((count & (count - 1)) == 0)
		grown = realloc(items, (count > 0 ? 2 * count : 1) * size);
	if (grown == NULL)
		abort();
	memset(grown + count * size, 0, size);
	return grown;
}

static char *
copy(const char *text, size_t len)
{
	char *made = malloc(len + 1);

	if (made == NULL)
		abort();
	memcpy(made, text, len);
	made[len] = '\0';
	return made;
}

char *
dialogue_copy(const char *text)
{
	return copy(text, strlen(text));
}

char *
dialogue_word(const char **text)
{
	size_t len;
	char *word;

	*text += strspn(*text, " \t");
	len = strcspn(*text, " \t");
	word = copy(*text, len);
	*text += len;
	*text += strspn(*text, " \t");
	return word;
}

int64_t
dialogue_number(const struct source_line *line, const char *text)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		dialogue_bad(line, "\"%s\" is no number", text);
	return number;
}

int64_t
dialogue_time(const struct source_line *line, const char *text)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno != 0 || end == text)
		dialogue_bad(line, "\"%s\" is no time", text);
	if (strcmp(end, "s") == 0)
		return number * 1000;
	if (strcmp(end, "ms") != 0)
		dialogue_bad(line, "\"%s\" is neither s nor ms", text);
	return number;
}

/*
 * Escapes and macros.
 */

static unsigned int
hex_digit(const struct source_line *line, char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c != '\0' ? strchr(digits, c) : NULL;

	if (found == NULL)
		dialogue_bad(line, "\\x wants two digits of 0-9a-f");
	return (unsigned int)(found - digits);
}

/* *text is behind the backslash. */
static char
unescape(const struct source_line *line, const char **text)
{
	static const char names[] = "rnt0\\\"";
	static const char values[] = "\r\n\t\0\\\"";
	const char *found;
	char c = *(*text)++;
	unsigned int high, low;

	if (c == 'x') {
		high = hex_digit(line, (*text)[0]);
		low = hex_digit(line, (*text)[1]);
		*text += 2;
		return (char)(unsigned char)(16 * high + low);
	}
	found = c != '\0' ? strchr(names, c) : NULL;
	if (found == NULL)
		dialogue_bad(line, "\\%c means nothing", c);
	return values[found - names];
}

static const struct {
	const char *name;
	enum scram_part part;
} parts[] = {
	{ "scram-client-first", SCRAM_CLIENT_FIRST },
	{ "scram-client-final", SCRAM_CLIENT_FINAL },
	{ "scram-server-first", SCRAM_SERVER_FIRST },
	{ "scram-server-first-other", SCRAM_SERVER_FIRST_OTHER },
	{ "scram-server-final", SCRAM_SERVER_FINAL },
	{ "scram-server-final-wrong", SCRAM_SERVER_FINAL_WRONG },
};

/* "scram-server-first", or that, a colon and something more. */
static bool
take_part(const char *name, struct open_end *ret_end)
{
	size_t len = strcspn(name, ":");
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strlen(parts[i].name) == len &&
		    strncmp(parts[i].name, name, len) == 0)
			break;
	if (i == sizeof(parts) / sizeof(parts[0]))
		return false;
	ret_end->part = parts[i].part;
	if (name[len] == ':')
		ret_end->argument = dialogue_copy(name + len + 1);
	return true;
}

/* %{x*300}: 300 times the octet x. */
static bool
append_repeated(const struct source_line *line, const char *name,
		struct octets *out)
{
	int64_t count;

	if (name[0] == '\0' || name[1] != '*')
		return false;
	for (count = dialogue_number(line, name + 2); count > 0; count--)
		octets_append(out, name, 1);
	return true;
}

/* *text is behind "%{". */
static void
fill_in(const struct source_line *line, const char **text, unsigned int n,
	struct octets *out, struct open_end *ret_end)
{
	const char *end = strchr(*text, '}');
	char *name;

	if (end == NULL)
		dialogue_bad(line, "%%{ has no end");
	name = copy(*text, (size_t)(end - *text));
	*text = end + 1;
	if (strcmp(name, "n") == 0)
		octets_printf(out, "%u", n);
	else if (strncmp(name, "n+", 2) == 0)
		octets_printf(out, "%u",
			      n + (unsigned int)dialogue_number(line,
								name + 2));
	else if (strcmp(name, "any") == 0 && ret_end != NULL)
		ret_end->any = true;
	else if ((ret_end == NULL || !take_part(name, ret_end)) &&
		 !append_repeated(line, name, out))
		dialogue_bad(line, "%%{%s} means nothing here", name);
	free(name);
}

static void
append_base64(const struct octets *plain, struct octets *out)
{
	gnutls_datum_t data = { (void *)(size_t)octets_data(plain),
				(unsigned int)plain->len };
	gnutls_datum_t encoded;

	if (plain->len == 0)
		return;
	if (gnutls_base64_encode2(&data, &encoded) < 0)
		abort();
	octets_append(out, encoded.data, encoded.size);
	gnutls_free(encoded.data);
}

/* Up to the end, or to the quote. */
static void
take_octets(const struct source_line *line, const char **text, bool quoted,
	    unsigned int n, struct octets *out, struct open_end *ret_end)
{
	static const char base64[] = "%{base64}";
	struct octets plain = { 0 };
	char c;

	while (**text != '\0' && !(quoted && **text == '"')) {
		if (strncmp(*text, base64, strlen(base64)) == 0) {
			*text += strlen(base64);
			take_octets(line, text, quoted, n, &plain, NULL);
			append_base64(&plain, out);
			octets_clear(&plain);
			return;
		}
		if (strncmp(*text, "%{", 2) == 0) {
			*text += 2;
			fill_in(line, text, n, out, ret_end);
			continue;
		}
		c = *(*text)++;
		if (c == '\\')
			c = unescape(line, text);
		octets_append(out, &c, 1);
	}
}

void
dialogue_octets(const struct source_line *line, const char **text, bool quoted,
		unsigned int n, struct octets *out, struct open_end *ret_end)
{
	take_octets(line, text, quoted, n, out, ret_end);
	if (!quoted)
		return;
	if (**text != '"')
		dialogue_bad(line, "a quote is missing");
	*text += 1;
	*text += strspn(*text, " \t");
}

/*
 * Lines, fragments, rows.
 */

static void
add_line(struct source_lines *lines, const struct source_line *line, char *text)
{
	lines->items =
	    dialogue_grow(lines->items, lines->count, sizeof(*lines->items));
	lines->items[lines->count] = *line;
	lines->items[lines->count].text = text;
	lines->count++;
}

static void
clear_lines(struct source_lines *lines)
{
	size_t i;

	for (i = 0; i < lines->count; i++)
		free(lines->items[i].text);
	free(lines->items);
	memset(lines, 0, sizeof(*lines));
}

/* Without blanks around it, without comments and empty lines. */
static void
read_lines(const char *path, struct source_lines *ret_lines)
{
	FILE *file = fopen(path, "re");
	struct source_line line = { path, 0, NULL, CELL_ALL };
	char *text = NULL;
	size_t size = 0;
	ssize_t len;
	char *start;

	if (file == NULL)
		dialogue_bad(&line, "it can't be opened");
	while ((len = getline(&text, &size, file)) >= 0) {
		line.number++;
		if (len > 0 && text[len - 1] == '\n')
			len--;
		start = text + strspn(text, " \t");
		len -= start - text;
		if (len > 0 && *start != '#')
			add_line(ret_lines, &line, copy(start, (size_t)len));
	}
	free(text);
	fclose(file);
}

/* The rest of a line that begins with this word, or NULL. */
static const char *
behind(const struct source_line *line, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(line->text, word, len) != 0 ||
	    (line->text[len] != ' ' && line->text[len] != '\0'))
		return NULL;
	return line->text + len + strspn(line->text + len, " ");
}

static bool
begins_block(const struct source_line *line)
{
	return behind(line, "scenario") != NULL ||
	       behind(line, "fragment") != NULL;
}

/* The index behind a block that begins at index start. */
static size_t
block_end(const struct source_lines *lines, size_t start)
{
	size_t i = start + 1;

	while (i < lines->count && !begins_block(&lines->items[i]))
		i++;
	return i;
}

/* Where a fragment begins. */
static size_t
find_fragment(const struct source_lines *lines, const struct source_line *use,
	      const char *name)
{
	const char *found;
	size_t i;

	for (i = 0; i < lines->count; i++) {
		found = behind(&lines->items[i], "fragment");
		if (found != NULL && strcmp(found, name) == 0)
			return i;
	}
	dialogue_bad(use, "there is no fragment \"%s\"", name);
}

/* One row: the words behind "with". */
struct row {
	char *items[ROW_ITEMS_MAX];
	size_t count;
};

static void
read_row(const struct source_line *line, const char *text, struct row *row)
{
	struct octets quoted = { 0 };

	memset(row, 0, sizeof(*row));
	while (*text != '\0') {
		if (row->count == ROW_ITEMS_MAX)
			dialogue_bad(line, "the row is too long");
		if (*text != '"') {
			row->items[row->count++] = dialogue_word(&text);
			continue;
		}
		/* What stands in quotes keeps its escapes for later. */
		text++;
		while (*text != '\0' && *text != '"') {
			if (text[0] == '\\' && text[1] != '\0')
				octets_append(&quoted, text++, 1);
			octets_append(&quoted, text++, 1);
		}
		text += *text == '"';
		text += strspn(text, " ");
		row->items[row->count++] =
		    copy(octets_data(&quoted), quoted.len);
		octets_clear(&quoted);
	}
}

static void
clear_row(struct row *row)
{
	while (row->count > 0)
		free(row->items[--row->count]);
}

/* The text with $1 to $9 filled in. */
static char *
fill_row(const struct source_line *line, const struct row *row)
{
	struct octets filled = { 0 };
	const char *text = line->text;
	size_t item;
	char *made;

	for (; *text != '\0'; text++) {
		if (row == NULL || text[0] != '$' || text[1] < '1' ||
		    text[1] > '9') {
			octets_append(&filled, text, 1);
			continue;
		}
		item = (size_t)(text[1] - '1');
		if (item >= row->count)
			dialogue_bad(line, "the row has no $%c", text[1]);
		octets_append_text(&filled, row->items[item]);
		text++;
	}
	made = copy(octets_data(&filled), filled.len);
	octets_clear(&filled);
	return made;
}

/* Put the lines from start to end in, and the fragments that they use. */
static void
instantiate(const struct source_lines *lines, size_t start, size_t end,
	    const struct row *row, struct source_lines *ret_lines)
{
	struct source_line line;
	const char *name;
	size_t fragment, i;

	for (i = start; i < end; i++) {
		line = lines->items[i];
		if (behind(&line, "with") != NULL)
			continue;
		line.text = fill_row(&line, row);
		name = behind(&line, "use");
		if (name == NULL) {
			add_line(ret_lines, &line, line.text);
			continue;
		}
		fragment = find_fragment(lines, &line, name);
		free(line.text);
		instantiate(lines, fragment + 1, block_end(lines, fragment),
			    row, ret_lines);
	}
}

/* The row's first item, or its number, makes the name another one. */
static void
rename_scenario(struct source_line *line, const struct row *row,
		unsigned int number)
{
	static const char good[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	struct octets name = { 0 };
	const char *item = row->items[0];

	octets_append_text(&name, line->text);
	if (item[strspn(item, good)] == '\0' && *item != '\0')
		octets_printf(&name, "_%s", item);
	else
		octets_printf(&name, "_%u", number);
	free(line->text);
	line->text = copy(octets_data(&name), name.len);
	octets_clear(&name);
}

static struct source_lines *
add_scenario(struct source_scenarios *scenarios)
{
	scenarios->items = dialogue_grow(scenarios->items, scenarios->count,
					 sizeof(*scenarios->items));
	return &scenarios->items[scenarios->count++];
}

/* One scenario, or one for each of its rows. */
static void
load_scenario(const struct source_lines *lines, size_t start,
	      struct source_scenarios *scenarios)
{
	size_t end = block_end(lines, start);
	struct source_lines *made;
	unsigned int number = 0;
	struct row row;
	size_t i;

	for (i = start; i < end; i++) {
		if (behind(&lines->items[i], "with") == NULL)
			continue;
		read_row(&lines->items[i], behind(&lines->items[i], "with"),
			 &row);
		made = add_scenario(scenarios);
		instantiate(lines, start, end, &row, made);
		rename_scenario(&made->items[0], &row, ++number);
		made->items[0].number = lines->items[i].number;
		clear_row(&row);
	}
	if (number == 0)
		instantiate(lines, start, end, NULL, add_scenario(scenarios));
}

struct source_scenarios *
source_load(const char *path)
{
	struct source_scenarios *scenarios = calloc(1, sizeof(*scenarios));
	struct source_lines lines = { NULL, 0 };
	size_t i;

	if (scenarios == NULL)
		abort();
	read_lines(path, &lines);
	if (lines.count > 0 && !begins_block(&lines.items[0]))
		dialogue_bad(&lines.items[0], "no scenario has begun");
	for (i = 0; i < lines.count; i++)
		if (behind(&lines.items[i], "scenario") != NULL)
			load_scenario(&lines, i, scenarios);
	clear_lines(&lines);
	return scenarios;
}

void
source_free(struct source_scenarios *scenarios)
{
	size_t i;

	for (i = 0; i < scenarios->count; i++)
		clear_lines(&scenarios->items[i]);
	free(scenarios->items);
	free(scenarios);
}

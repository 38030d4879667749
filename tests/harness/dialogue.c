/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines of a dialogue file, understood. */
#include "dialogue.h"

#include <stdlib.h>
#include <string.h>

/* Words that stand for cells; those of a group exclude one another. */
static const struct {
	const char *word;
	unsigned int cells;
	unsigned int group;
} cell_words[] = {
	{ "pipelining", CELL_PIPELINING, CELL_PIPELINING | CELL_TURNS },
	{ "turns", CELL_TURNS, CELL_PIPELINING | CELL_TURNS },
	{ "clear", CELL_CLEAR, CELL_CLEAR | CELL_TLS },
	{ "tls", CELL_TLS, CELL_CLEAR | CELL_TLS },
	{ "blocking", CELL_BLOCKING, CELL_BLOCKING | CELL_NON_BLOCKING },
	{ "non-blocking", CELL_NON_BLOCKING,
	  CELL_BLOCKING | CELL_NON_BLOCKING },
	{ "octets-1", CELL_ONE, CELL_ONE | CELL_SEVEN | CELL_WHOLE },
	{ "octets-7", CELL_SEVEN, CELL_ONE | CELL_SEVEN | CELL_WHOLE },
	{ "octets-all", CELL_WHOLE, CELL_ONE | CELL_SEVEN | CELL_WHOLE },
};

/* The cells that these words leave of those that there are. */
static unsigned int
restrict_cells(const struct source_line *line, unsigned int cells,
	       const char *words)
{
	unsigned int groups = 0;
	unsigned int wanted = 0;
	char *word;
	size_t i;

	while (*words != '\0') {
		word = dialogue_word(&words);
		for (i = 0; i < sizeof(cell_words) / sizeof(cell_words[0]); i++)
			if (strcmp(cell_words[i].word, word) == 0)
				break;
		if (i == sizeof(cell_words) / sizeof(cell_words[0]))
			dialogue_bad(line, "\"%s\" is no cell", word);
		wanted |= cell_words[i].cells;
		groups |= cell_words[i].group;
		free(word);
	}
	return cells & (wanted | ~groups);
}

/* Takes "+ ", "- " or "[words] " off the start of the line. */
static void
take_condition(struct source_line *line)
{
	char *text = line->text;
	const char *words = NULL;
	char *end;

	if (strncmp(text, "+ ", 2) == 0) {
		words = "pipelining";
		text += 2;
	} else if (strncmp(text, "- ", 2) == 0) {
		words = "turns";
		text += 2;
	} else if (*text == '[') {
		end = strchr(text, ']');
		if (end == NULL)
			dialogue_bad(line, "\"]\" is missing");
		*end = '\0';
		words = text + 1;
		text = end + 1;
	}
	if (words != NULL)
		line->cells = restrict_cells(line, line->cells, words);
	text += strspn(text, " ");
	memmove(line->text, text, strlen(text) + 1);
}

/*
 * Lines of the dialogue.
 */

static const struct {
	const char *word;
	enum line_kind kind;
	/* 'q': quoted, 't': a time, 'n': a number, 'r': the rest, or none */
	char argument;
} directives[] = {
	{ "send", LINE_SERVER, 'q' },
	{ "expect", LINE_CLIENT, 'q' },
	{ "start-tls", LINE_TLS, 0 },
	{ "close", LINE_CLOSE, 0 },
	{ "cut", LINE_CUT, 0 },
	{ "reset", LINE_RESET, 0 },
	{ "deaf", LINE_DEAF, 0 },
	{ "wait", LINE_WAIT, 't' },
	{ "drip", LINE_DRIP, 't' },
	{ "window", LINE_WINDOW, 'n' },
	{ "take", LINE_TAKE, 'n' },
	{ "ignore", LINE_IGNORE, 0 },
	{ "silence", LINE_SILENCE, 0 },
	{ "raw", LINE_RAW, 'q' },
	{ "tls", LINE_MISBEHAVE, 'r' },
	{ "scram-iterations", LINE_ITERATIONS, 'n' },
};

#define DIRECTIVE_COUNT (sizeof(directives) / sizeof(directives[0]))

static struct script_line *
add_script_line(const struct source_line *line, struct step *step,
		enum line_kind kind)
{
	struct script_line *made;

	if (step == NULL)
		dialogue_bad(line, "no step has begun");
	step->lines =
	    dialogue_grow(step->lines, step->line_count, sizeof(*step->lines));
	made = &step->lines[step->line_count++];
	made->kind = kind;
	made->number = line->number;
	made->cells = line->cells;
	return made;
}

static void
parse_directive(const struct source_line *line, struct step *step, size_t index,
		const char *value, unsigned int n)
{
	struct script_line *made =
	    add_script_line(line, step, directives[index].kind);

	switch (directives[index].argument) {
	case 'q':
		if (*value++ != '"')
			dialogue_bad(line, "a quote is missing");
		dialogue_octets(line, &value, true, n, &made->text, NULL);
		break;
	case 't':
		made->amount = dialogue_time(line, value);
		break;
	case 'n':
		made->amount = dialogue_number(line, value);
		break;
	case 'r':
		octets_append_text(&made->text, value);
		break;
	default:
		if (*value != '\0')
			dialogue_bad(line, "nothing may follow \"%s\"",
				     directives[index].word);
		break;
	}
}

/* "C: text" or "S: text": a line with its line end. */
static void
parse_spoken(const struct source_line *line, struct step *step,
	     const char *text, unsigned int n)
{
	struct script_line *made =
	    add_script_line(line, step,
			    *text == 'C' ? LINE_CLIENT : LINE_SERVER);

	text += 2;
	if (*text == ' ')
		text++;
	dialogue_octets(line, &text, false, n, &made->text, &made->end);
	if (!made->end.any && made->end.part == SCRAM_NONE)
		octets_append_text(&made->text, "\r\n");
}

/* What word the text begins with; the rest goes to *ret_rest. */
static bool
begins(const char *text, const char *word, const char **ret_rest)
{
	size_t len = strlen(word);

	if (strncmp(text, word, len) != 0 ||
	    (text[len] != ' ' && text[len] != '\0'))
		return false;
	*ret_rest = text + len + strspn(text + len, " ");
	return true;
}

/* False: the text is no line of a dialogue. */
static bool
parse_line(const struct source_line *line, struct step *step, const char *text,
	   unsigned int n)
{
	const char *rest;
	size_t i;

	if (strncmp(text, "C:", 2) == 0 || strncmp(text, "S:", 2) == 0) {
		parse_spoken(line, step, text, n);
		return true;
	}
	for (i = 0; i < DIRECTIVE_COUNT; i++) {
		if (begins(text, directives[i].word, &rest)) {
			parse_directive(line, step, i, rest, n);
			return true;
		}
	}
	return false;
}

/* "LINE ;; LINE ...": all of them, as the nth time. */
static bool
parse_group(const struct source_line *line, struct step *step, const char *text,
	    unsigned int n)
{
	static const char between[] = " ;; ";
	struct octets one = { 0 };
	const char *end;
	bool good = true;

	while (good && text != NULL) {
		end = strstr(text, between);
		octets_clear(&one);
		octets_append(&one, text,
			      end != NULL ? (size_t)(end - text)
					  : strlen(text));
		good = parse_line(line, step, octets_data(&one), n);
		text = end != NULL ? end + strlen(between) : NULL;
	}
	octets_clear(&one);
	return good;
}

static bool
parse_repeated(const struct source_line *line, struct step *step,
	       const char *text)
{
	int64_t i, count;
	char *word;

	word = dialogue_word(&text);
	count = dialogue_number(line, word);
	free(word);
	for (i = 1; i <= count; i++)
		if (!parse_group(line, step, text, (unsigned int)i))
			return false;
	return true;
}

/*
 * What is expected.
 */

static bool
is_result(const char *word)
{
	return strncmp(word, "E_", 2) == 0 || strcmp(word, "OK") == 0 ||
	       strcmp(word, "PARTIAL") == 0 || strcmp(word, "IN_DOUBT") == 0 ||
	       strcmp(word, "AGAIN") == 0 || strcmp(word, "FULL") == 0;
}

static void
add_fact(const struct source_line *line, struct step *step, const char *text)
{
	struct fact *fact;
	char *word = dialogue_word(&text);

	if (step == NULL)
		dialogue_bad(line, "no step has begun");
	step->facts =
	    dialogue_grow(step->facts, step->fact_count, sizeof(*step->facts));
	fact = &step->facts[step->fact_count++];
	fact->number = line->number;
	fact->cells = line->cells;
	if (is_result(word)) {
		fact->key = dialogue_copy("result");
		fact->value = word;
	} else {
		fact->key = word;
		fact->value = dialogue_copy(text);
	}
}

/* "= fact, fact, ...". */
static void
parse_facts(const struct source_line *line, struct step *step, char *text)
{
	char *comma;

	for (;;) {
		comma = strstr(text, ", ");
		if (comma != NULL)
			*comma = '\0';
		add_fact(line, step, text);
		if (comma == NULL)
			return;
		text = comma + 2;
	}
}

/*
 * Scenarios.
 */

static void
add_step(const struct source_line *line, struct scenario *scenario,
	 const char *text)
{
	struct step *step;

	scenario->steps = dialogue_grow(scenario->steps, scenario->step_count,
					sizeof(*scenario->steps));
	step = &scenario->steps[scenario->step_count++];
	step->number = line->number;
	step->verb = dialogue_word(&text);
	step->argument = dialogue_copy(text);
}

static void
add_setting(const struct source_line *line, struct scenario *scenario,
	    const char *text)
{
	struct setting *setting;

	scenario->settings =
	    dialogue_grow(scenario->settings, scenario->setting_count,
			  sizeof(*scenario->settings));
	setting = &scenario->settings[scenario->setting_count++];
	setting->number = line->number;
	setting->key = dialogue_word(&text);
	setting->value = dialogue_copy(text);
}

static struct mail *
add_mail(struct scenario *scenario)
{
	struct mail *mail;

	scenario->mails = dialogue_grow(scenario->mails, scenario->mail_count,
					sizeof(*scenario->mails));
	mail = &scenario->mails[scenario->mail_count++];
	dialogue_mail_init(mail);
	return mail;
}

/* A line before the first step. */
static void
parse_head(const struct source_line *line, struct scenario *scenario)
{
	const char *rest;
	char *key;

	if (begins(line->text, "only", &rest)) {
		scenario->cells = restrict_cells(line, scenario->cells, rest);
	} else if (begins(line->text, "set", &rest)) {
		add_setting(line, scenario, rest);
	} else if (begins(line->text, "mail", &rest)) {
		add_mail(scenario);
	} else {
		if (scenario->mail_count == 0)
			add_mail(scenario);
		rest = line->text;
		key = dialogue_word(&rest);
		dialogue_mail_line(line,
				   &scenario->mails[scenario->mail_count - 1],
				   key, rest);
		free(key);
	}
}

static void
parse_scenario_line(struct source_line *line, struct scenario *scenario)
{
	struct step *step = NULL;
	const char *rest;

	if (scenario->step_count > 0)
		step = &scenario->steps[scenario->step_count - 1];
	take_condition(line);
	/* A row may have nothing to say. */
	if (*line->text == '\0')
		return;
	if (begins(line->text, "do", &rest))
		add_step(line, scenario, rest);
	else if (step == NULL)
		parse_head(line, scenario);
	else if (strncmp(line->text, "= ", 2) == 0)
		parse_facts(line, step, line->text + 2);
	else if (begins(line->text, "repeat", &rest)
		     ? !parse_repeated(line, step, rest)
		     : !parse_line(line, step, line->text, 1))
		dialogue_bad(line, "\"%s\" is not understood", line->text);
}

/* What a mail has that says nothing of it. */
static void
complete_mail(const struct source_line *line, struct mail *mail)
{
	if (mail->sender == NULL)
		dialogue_mail_line(line, mail, "from", "alice@example.test");
	if (mail->recipient_count == 0)
		dialogue_mail_line(line, mail, "to", "bob@example.test");
	if (mail->piece_count == 0 && mail->content == CONTENT_OF_MEMORY)
		dialogue_mail_line(line, mail, "content",
				   "memory \"Subject: hello\\r\\n"
				   "\\r\\nHello.\\r\\n\"");
}

static void
parse_scenario(struct source_lines *lines, struct scenario *scenario)
{
	const char *name = lines->items[0].text;
	size_t i;

	begins(name, "scenario", &name);
	scenario->file = lines->items[0].file;
	scenario->number = lines->items[0].number;
	scenario->name = dialogue_copy(name);
	scenario->cells = CELL_ALL;
	for (i = 1; i < lines->count; i++)
		parse_scenario_line(&lines->items[i], scenario);
	if (scenario->step_count == 0)
		dialogue_bad(&lines->items[0], "nothing is done");
	if (scenario->mail_count == 0)
		add_mail(scenario);
	for (i = 0; i < scenario->mail_count; i++)
		complete_mail(&lines->items[0], &scenario->mails[i]);
}

struct dialogue *
dialogue_load(const char *path)
{
	struct dialogue *dialogue = calloc(1, sizeof(*dialogue));
	struct source_scenarios *sources;
	size_t i;

	if (dialogue == NULL)
		abort();
	dialogue->file = dialogue_copy(path);
	sources = source_load(dialogue->file);
	for (i = 0; i < sources->count; i++) {
		dialogue->scenarios =
		    dialogue_grow(dialogue->scenarios, dialogue->count,
				  sizeof(*dialogue->scenarios));
		parse_scenario(&sources->items[i],
			       &dialogue->scenarios[dialogue->count++]);
	}
	source_free(sources);
	return dialogue;
}

const char *
scenario_setting(const struct scenario *scenario, const char *key,
		 const char *otherwise)
{
	size_t i;

	for (i = 0; i < scenario->setting_count; i++)
		if (strcmp(scenario->settings[i].key, key) == 0)
			return scenario->settings[i].value;
	return otherwise;
}

static void
clear_step(struct step *step)
{
	size_t i;

	for (i = 0; i < step->line_count; i++) {
		octets_clear(&step->lines[i].text);
		free(step->lines[i].end.argument);
	}
	for (i = 0; i < step->fact_count; i++) {
		free(step->facts[i].key);
		free(step->facts[i].value);
	}
	free(step->lines);
	free(step->facts);
	free(step->verb);
	free(step->argument);
}

static void
clear_scenario(struct scenario *scenario)
{
	size_t i;

	for (i = 0; i < scenario->step_count; i++)
		clear_step(&scenario->steps[i]);
	for (i = 0; i < scenario->mail_count; i++)
		dialogue_mail_clear(&scenario->mails[i]);
	for (i = 0; i < scenario->setting_count; i++) {
		free(scenario->settings[i].key);
		free(scenario->settings[i].value);
	}
	free(scenario->steps);
	free(scenario->mails);
	free(scenario->settings);
	free(scenario->name);
}

void
dialogue_free(struct dialogue *dialogue)
{
	size_t i;

	for (i = 0; i < dialogue->count; i++)
		clear_scenario(&dialogue->scenarios[i]);
	free(dialogue->scenarios);
	free(dialogue->file);
	free(dialogue);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Follows the script, line by line, as far as each turn goes. */
#include "peer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 90

void
peer_init(struct peer *peer, struct memory_link *link, unsigned int cell)
{
	memset(peer, 0, sizeof(*peer));
	peer->link = link;
	peer->cell = cell;
	peer->wakes_at = PEER_NEVER;
	peer->priority = "NORMAL";
	peer->end_after = MEMORY_UNLIMITED;
	witness_init(&peer->witness);
	scram_init(&peer->scram);
}

void
peer_clear(struct peer *peer)
{
	peer_clear_tls(peer);
	witness_clear(&peer->witness);
	scram_clear(&peer->scram);
	octets_clear(&peer->in);
	octets_clear(&peer->queue);
	octets_clear(&peer->tail);
	octets_clear(&peer->from_client);
	octets_clear(&peer->failure);
}

/* After a failure nothing that happens means anything: get it over. */
void
peer_fail(struct peer *peer, const char *format, ...)
{
	char text[512];
	va_list args;

	memory_link_reset(peer->link);
	if (peer->failure.len > 0)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (peer->line < peer->line_count)
		octets_printf(&peer->failure,
			      "line %d: ", peer->lines[peer->line].number);
	octets_append_text(&peer->failure, text);
}

/* The same, with octets at its end. */
static void
fail_with(struct peer *peer, const char *what, const char *data, size_t len)
{
	struct octets shown = { 0 };

	octets_append_escaped(&shown, data, len < SHOWN_MAX ? len : SHOWN_MAX);
	peer_fail(peer, "%s \"%s\"%s", what, octets_data(&shown),
		  len > SHOWN_MAX ? "..." : "");
	octets_clear(&shown);
}

/* The lines of the script that are not for this cell do not count. */
static void
skip(struct peer *peer)
{
	while (peer->line < peer->line_count &&
	       (peer->lines[peer->line].cells & peer->cell) != peer->cell)
		peer->line++;
}

void
peer_begin(struct peer *peer, const struct script_line *lines, size_t count)
{
	peer->lines = lines;
	peer->line_count = count;
	peer->line = 0;
	peer->waited = false;
	peer->ignoring = false;
	peer->drip = 0;
	peer->flights = 0;
	octets_clear(&peer->tail);
	skip(peer);
}

bool
peer_is_done(const struct peer *peer)
{
	return peer->line == peer->line_count && peer->queue.len == 0;
}

void
peer_end(struct peer *peer)
{
	const struct script_line *line;

	if (peer_is_done(peer))
		return;
	if (peer->queue.len > 0) {
		fail_with(peer, "there was no time left to send",
			  octets_data(&peer->queue), peer->queue.len);
		return;
	}
	line = &peer->lines[peer->line];
	if (line->kind != LINE_CLIENT)
		peer_fail(peer, "the step was over before this");
	else
		fail_with(peer, "the client has not sent",
			  octets_data(&line->text), line->text.len);
}

/*
 * What the server says.
 */

/* Say it, up to where the server's side is to end. */
static void
speak(struct peer *peer, const char *data, size_t len)
{
	size_t left = peer->end_after - peer->spoken;

	if (peer->link->ended || !peer->link->is_open)
		return;
	if (len > left)
		len = left;
	witness_hear_server(&peer->witness, data, len);
	peer_transmit(peer, data, len);
	peer->spoken += len;
	if (peer->spoken == peer->end_after)
		peer_close(peer, true);
}

/* A client that waits for a reply has nothing more to say. */
static bool
has_waited(struct peer *peer)
{
	if (peer->in.len == 0)
		return true;
	fail_with(peer, "the client did not wait for this, but sent",
		  octets_data(&peer->in), peer->in.len);
	return false;
}

/* Where it may pipeline, it need not wait; "silence" says where it must. */
static bool
is_silent(struct peer *peer)
{
	if (peer->ignoring ||
	    (peer->may_pipeline && (peer->cell & CELL_PIPELINING)))
		return true;
	return has_waited(peer);
}

static bool
send_line(struct peer *peer, const struct script_line *line)
{
	struct octets said = { 0 };

	if (!is_silent(peer))
		return false;
	octets_append(&said, octets_data(&line->text), line->text.len);
	if (strncmp(octets_data(&said), "250", 3) == 0 &&
	    strstr(octets_data(&said), "-PLUS") != NULL)
		snprintf(peer->scram.offered, sizeof(peer->scram.offered), "%s",
			 octets_data(&said));
	if (line->end.part != SCRAM_NONE) {
		scram_say(&peer->scram, line->end.part, line->end.argument,
			  &said);
		octets_append_text(&said, "\r\n");
	}
	if (peer->drip > 0) {
		octets_append(&peer->queue, octets_data(&said), said.len);
		peer->wakes_at = peer->now + peer->drip;
	} else {
		speak(peer, octets_data(&said), said.len);
	}
	octets_clear(&said);
	return true;
}

/* One octet of those that are sent now and then. */
static bool
send_drop(struct peer *peer)
{
	if (peer->now < peer->wakes_at)
		return false;
	speak(peer, octets_data(&peer->queue), 1);
	octets_consume(&peer->queue, 1);
	peer->wakes_at =
	    peer->queue.len > 0 ? peer->now + peer->drip : PEER_NEVER;
	return true;
}

/*
 * What the client says.
 */

static void
consume(struct peer *peer, size_t len)
{
	octets_append(&peer->from_client, octets_data(&peer->in), len);
	octets_consume(&peer->in, len);
}

/* The rest of a line is another one each time: a nonce, a proof. */
static void
consume_open_line(struct peer *peer, const struct script_line *line, size_t len)
{
	octets_append(&peer->from_client, octets_data(&line->text),
		      line->text.len);
	octets_append_text(&peer->from_client, "...\r\n");
	octets_consume(&peer->in, len);
}

/* A line of which only the beginning is known; false: it has no end yet. */
static bool
match_open_line(struct peer *peer, const struct script_line *line)
{
	const char *data = octets_data(&peer->in);
	const char *problem = NULL;
	size_t known = line->text.len;
	const char *lf = memchr(data, '\n', peer->in.len);
	size_t len;

	if (lf == NULL)
		return false;
	len = (size_t)(lf - data);
	if (len <= known || lf[-1] != '\r')
		problem = "the line is too short, or its end is not CRLF";
	else if (line->end.part != SCRAM_NONE)
		problem =
		    scram_take(&peer->scram, line->end.part, line->end.argument,
			       data + known, len - 1 - known);
	if (problem != NULL)
		peer_fail(peer, "%s", problem);
	consume_open_line(peer, line, len + 1);
	return problem == NULL;
}

/* What the server has offered, and what the client has chosen. */
static bool
follow_mechanism(struct peer *peer, const char *text)
{
	const char *problem = NULL;

	if (strncmp(text, "EHLO ", 5) == 0)
		peer->scram.offered[0] = '\0';
	else if (strncmp(text, "AUTH SCRAM-", 11) == 0)
		problem = scram_begin(&peer->scram, text, peer->tls);
	if (problem != NULL)
		peer_fail(peer, "%s", problem);
	return problem == NULL;
}

static bool
match(struct peer *peer, const struct script_line *line)
{
	const char *data = octets_data(&peer->in);
	size_t len =
	    line->text.len < peer->in.len ? line->text.len : peer->in.len;

	if (memcmp(data, octets_data(&line->text), len) != 0) {
		fail_with(peer, "the client sent", data, peer->in.len);
		return false;
	}
	if (len < line->text.len)
		return false;
	peer->may_pipeline = strncmp(data, "MAIL ", 5) == 0 ||
			     strncmp(data, "RCPT ", 5) == 0 ||
			     (peer->streams && strncmp(data, "DATA\r", 5) != 0);
	if (!follow_mechanism(peer, octets_data(&line->text)))
		return false;
	if (line->end.any || line->end.part != SCRAM_NONE)
		return match_open_line(peer, line);
	consume(peer, len);
	return true;
}

static bool
take(struct peer *peer, const struct script_line *line)
{
	if (peer->in.len < (size_t)line->amount)
		return false;
	consume(peer, (size_t)line->amount);
	return true;
}

/* Whatever is ignored, the final dot must not be among it. */
static void
ignore(struct peer *peer)
{
	static const char end[] = "\r\n.\r\n";

	octets_append(&peer->tail, octets_data(&peer->in), peer->in.len);
	octets_consume(&peer->in, peer->in.len);
	if (memmem(octets_data(&peer->tail), peer->tail.len, end,
		   strlen(end)) != NULL)
		peer_fail(peer, "the client has sent the final dot");
	if (peer->tail.len > strlen(end))
		octets_consume(&peer->tail, peer->tail.len - strlen(end));
}

/*
 * One turn.
 */

/* The pause at hand; true: it is over. */
static bool
pause_script(struct peer *peer, const struct script_line *line)
{
	if (peer->wakes_at == PEER_NEVER)
		peer->wakes_at = peer->now + line->amount;
	/* However short it is, the client has a turn. */
	if (!peer->waited || peer->now < peer->wakes_at) {
		peer->waited = true;
		return false;
	}
	peer->wakes_at = PEER_NEVER;
	peer->waited = false;
	return true;
}

/* What has been read already was meant for TLS. */
static void
start_tls(struct peer *peer)
{
	octets_append(&peer->link->to_server, octets_data(&peer->in),
		      peer->in.len);
	octets_clear(&peer->in);
	octets_clear(&peer->witness.from_client);
	peer_start_tls(peer);
}

/* What is neither said nor heard. */
static bool
do_directive(struct peer *peer, const struct script_line *line)
{
	switch (line->kind) {
	case LINE_TLS:
		start_tls(peer);
		break;
	case LINE_CLOSE:
	case LINE_CUT:
		peer_close(peer, line->kind == LINE_CLOSE);
		break;
	case LINE_RESET:
		memory_link_reset(peer->link);
		break;
	case LINE_DEAF:
		peer->link->write_limit = 0;
		break;
	case LINE_DRIP:
		peer->drip = line->amount;
		break;
	case LINE_WINDOW:
		peer->link->window =
		    line->amount < 0
			? MEMORY_UNLIMITED
			: (size_t)peer->link->written + (size_t)line->amount;
		break;
	case LINE_RAW:
		octets_append(&peer->link->to_client, octets_data(&line->text),
			      line->text.len);
		break;
	case LINE_MISBEHAVE:
		manners_misbehave(peer, octets_data(&line->text));
		break;
	case LINE_IGNORE:
		peer->ignoring = true;
		ignore(peer);
		break;
	default:
		peer->scram.iterations = (unsigned int)line->amount;
		break;
	}
	return true;
}

/* False: the line has to wait. */
static bool
do_line(struct peer *peer, const struct script_line *line)
{
	switch (line->kind) {
	case LINE_CLIENT:
		return match(peer, line);
	case LINE_SERVER:
		return send_line(peer, line);
	case LINE_WAIT:
		return pause_script(peer, line);
	case LINE_TAKE:
		return take(peer, line);
	case LINE_SILENCE:
		return has_waited(peer);
	default:
		return do_directive(peer, line);
	}
}

static bool
follow_script(struct peer *peer)
{
	bool any = false;

	if (peer->queue.len > 0)
		return send_drop(peer);
	while (peer->line < peer->line_count && peer->queue.len == 0 &&
	       peer->failure.len == 0) {
		if (!do_line(peer, &peer->lines[peer->line]))
			return any;
		any = true;
		peer->line++;
		skip(peer);
		/* Nothing is read in clear what was meant for TLS. */
		if (peer->shaking)
			return any;
	}
	if (peer->line == peer->line_count && peer->in.len > 0 &&
	    !peer->ignoring)
		fail_with(peer, "nothing was to come, but the client sent",
			  octets_data(&peer->in), peer->in.len);
	return any;
}

bool
peer_turn(struct peer *peer, int64_t now)
{
	size_t before = peer->in.len;
	bool any;

	peer->now = now;
	any = peer_receive(peer);
	if (peer->in.len > before) {
		witness_hear_client(&peer->witness,
				    octets_data(&peer->in) + before,
				    peer->in.len - before);
		peer->flights++;
		if (peer->ignoring)
			ignore(peer);
	}
	if (peer->shaking || peer->tls_error != 0)
		return any;
	return follow_script(peer) || any;
}

int64_t
peer_wakes(const struct peer *peer)
{
	return peer->wakes_at;
}

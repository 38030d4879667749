/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/content.c.  The wire is read back by an un-stuffer that is the
 * test's own, and compared with a normalisation that is the test's own, too.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "content.h"
#include "glance.h"
#include "suite.h"

struct octets {
	char data[512];
	size_t len;
};

static void
add(struct octets *octets, const char *data, size_t len)
{
	if (octets->len + len > sizeof(octets->data))
		ck_abort_msg("the output has no end");
	memcpy(octets->data + octets->len, data, len);
	octets->len += len;
}

static bool
same(const struct octets *a, const struct octets *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/*
 * What is sent for data, cut behind each octet whose bit is set; is_scanned:
 * the encoder is told what each part holds.
 */
static void
encode_as(const char *data, size_t len, unsigned int cuts, bool doubles_dots,
	  bool is_scanned, struct octets *ret_wire)
{
	struct content_encoder encoder;
	struct content_scanner scanner;
	struct content_piece piece;
	size_t start = 0;
	size_t end, taken;
	uint32_t found;

	ret_wire->len = 0;
	content_begin(&encoder, doubles_dots);
	content_scan_begin(&scanner);
	while (start < len) {
		for (end = start + 1; end < len && !(cuts & 1u << (end - 1));
		     end++)
			;
		if (is_scanned) {
			found = content_scan_add(&scanner, data + start,
						 end - start);
			content_known(&encoder, &scanner, found, end - start);
		}
		while (start < end) {
			taken = content_next(&encoder, data + start,
					     end - start, &piece);
			if (taken == 0 && piece.len == 0)
				ck_abort_msg("the encoder stands still");
			if (taken > end - start)
				ck_abort_msg("more than there is was taken");
			add(ret_wire, piece.data, piece.len);
			start += taken;
		}
	}
	piece = content_end(&encoder);
	add(ret_wire, piece.data, piece.len);
}

/* With the dot that ends it. */
static void
encode(const char *data, size_t len, unsigned int cuts, struct octets *ret_wire)
{
	encode_as(data, len, cuts, true, false, ret_wire);
	add(ret_wire, ".\r\n", 3);
}

/* Every kind of line end as CRLF, and one at the end of the last line. */
static void
normalise(const char *data, size_t len, struct octets *ret_lines)
{
	bool line_start = true;
	size_t i;

	ret_lines->len = 0;
	for (i = 0; i < len; i++) {
		if (data[i] == '\r' && i + 1 < len && data[i + 1] == '\n')
			continue;
		line_start = data[i] == '\r' || data[i] == '\n';
		if (line_start)
			add(ret_lines, "\r\n", 2);
		else
			add(ret_lines, data + i, 1);
	}
	if (!line_start)
		add(ret_lines, "\r\n", 2);
}

/*
 * What a server makes of the wire: the lines before the one that is a dot,
 * less their leading dots.  False if that line is not the last one, or if a
 * CR or LF is not part of a CRLF.
 */
static bool
receive(const struct octets *wire, struct octets *ret_content)
{
	const char *at = wire->data;
	const char *end = wire->data + wire->len;
	const char *cr;

	ret_content->len = 0;
	for (; at < end; at = cr + 2) {
		for (cr = at; cr < end && *cr != '\r' && *cr != '\n'; cr++)
			;
		if (end - cr < 2 || cr[0] != '\r' || cr[1] != '\n')
			return false;
		if (*at == '.' && cr - at == 1)
			return cr + 2 == end;
		if (*at == '.')
			at++;
		add(ret_content, at, (size_t)(cr + 2 - at));
	}
	return false;
}

/* Whether CRLF "." CRLF stands anywhere before the end. */
static bool
ends_early(const struct octets *wire)
{
	static const char mark[] = "\r\n.\r\n";
	const char *found = memmem(wire->data, wire->len, mark, 5);

	return found != NULL && found + 5 != wire->data + wire->len;
}

static void
is_sent_as(const char *data, size_t len, const char *expected)
{
	struct octets wire;

	encode(data, len, 0, &wire);
	ck_assert_uint_eq(wire.len, strlen(expected));
	ck_assert_mem_eq(wire.data, expected, wire.len);
}

START_TEST(lines_end_in_crlf_and_dots_are_doubled)
{
	is_sent_as("", 0, ".\r\n");
	is_sent_as("a", 1, "a\r\n.\r\n");
	is_sent_as("a\r\n", 3, "a\r\n.\r\n");
	is_sent_as("a\n", 2, "a\r\n.\r\n");
	is_sent_as("a\r", 2, "a\r\n.\r\n");
	is_sent_as("\r\n", 2, "\r\n.\r\n");
	is_sent_as(".", 1, "..\r\n.\r\n");
	is_sent_as(".\r\n", 3, "..\r\n.\r\n");
	is_sent_as("..\r\n", 4, "...\r\n.\r\n");
	is_sent_as(".x\r\n", 4, "..x\r\n.\r\n");
	is_sent_as("x.\r\n", 4, "x.\r\n.\r\n");
	is_sent_as("a\r\n.\r\nb", 7, "a\r\n..\r\nb\r\n.\r\n");
}
END_TEST

/* Known ways to end the content early, on one server or another. */
START_TEST(no_smuggled_end_of_data_is_sent)
{
	is_sent_as("a\n.\nb", 5, "a\r\n..\r\nb\r\n.\r\n");
	is_sent_as("a\n.\r\nb", 6, "a\r\n..\r\nb\r\n.\r\n");
	is_sent_as("a\r\n.\nb", 6, "a\r\n..\r\nb\r\n.\r\n");
	is_sent_as("a\r.\rb", 5, "a\r\n..\r\nb\r\n.\r\n");
	is_sent_as("a\r.\r\nb", 6, "a\r\n..\r\nb\r\n.\r\n");
	is_sent_as("a\r\n.\rb", 6, "a\r\n..\r\nb\r\n.\r\n");
	is_sent_as("a\r\r\n.\r\nb", 8, "a\r\n\r\n..\r\nb\r\n.\r\n");
	is_sent_as("a\n\n.\r\nb", 7, "a\r\n\r\n..\r\nb\r\n.\r\n");
	is_sent_as("a\r\n\n.\r\nb", 8, "a\r\n\r\n..\r\nb\r\n.\r\n");
}
END_TEST

/* Take the string that a number stands for, in digits of base 4. */
static void
spell(unsigned int number, size_t len, char *ret_text)
{
	size_t i;

	for (i = 0; i < len; i++, number /= 4)
		ret_text[i] = "a.\r\n"[number % 4];
}

static void
check_string(const char *data, size_t len)
{
	struct octets whole, wire, content, lines;
	unsigned int cuts;

	encode(data, len, 0, &whole);
	normalise(data, len, &lines);
	if (!receive(&whole, &content) || ends_early(&whole))
		ck_abort_msg("%zu octets: the end is wrong", len);
	if (!same(&content, &lines))
		ck_abort_msg("%zu octets: something else arrives", len);
	for (cuts = 1; len > 1 && cuts < 1u << (len - 1); cuts++) {
		encode(data, len, cuts, &wire);
		if (!same(&wire, &whole))
			ck_abort_msg("%zu octets, cuts 0x%x", len, cuts);
	}
	whole.len -= 3;
	for (cuts = 0; len > 1 && cuts < 1u << (len - 1); cuts++) {
		encode_as(data, len, cuts, true, true, &wire);
		if (!same(&wire, &whole))
			ck_abort_msg("scanned, %zu octets, cuts 0x%x", len,
				     cuts);
		encode_as(data, len, cuts, false, cuts & 1, &wire);
		if (!same(&wire, &lines))
			ck_abort_msg("for BDAT, %zu octets, cuts 0x%x", len,
				     cuts);
	}
}

/* Of up to six octets, each of them cut in every way. */
START_TEST(every_short_string_arrives_and_ends_where_it_should)
{
	unsigned int count, number;
	char text[6];
	size_t len;

	for (len = 0, count = 1; len <= sizeof(text); len++, count *= 4) {
		for (number = 0; number < count; number++) {
			spell(number, len, text);
			check_string(text, len);
		}
	}
}
END_TEST

START_TEST(cuts_make_no_difference)
{
	static const char *const texts[] = {
		"a\r\n.\r\n..\r\n.b\r\n.",
		"a\r\n.\r\n..\r\n.b\r\n.\r",
		"\n.\r.\n\r\r\n.\n..\n\r..",
	};
	const char *text = texts[_i];

	ck_assert_uint_ge(strlen(text), 15);
	ck_assert_uint_le(strlen(text), 16);
	check_string(text, strlen(text));
}
END_TEST

/* Every octet value, in text and behind each kind of line end. */
START_TEST(every_octet_arrives)
{
	char text[] = "x x\nx\r\nx\rx";
	struct octets wire, content, lines;
	int c;

	for (c = 0; c < 256; c++) {
		if (c == '\r' || c == '\n')
			continue;
		text[0] = text[2] = text[4] = text[7] = text[9] = (char)c;
		encode(text, 10, 0x15, &wire);
		normalise(text, 10, &lines);
		ck_assert(receive(&wire, &content));
		ck_assert(same(&content, &lines));
	}
}
END_TEST

START_TEST(content_that_is_right_goes_out_in_one_piece)
{
	struct content_encoder encoder;
	struct content_piece piece;
	static char text[17 * 5000];
	size_t i;

	for (i = 0; i < sizeof(text); i++)
		text[i] = "A line of text.\r\n"[i % 17];
	content_begin(&encoder, true);
	ck_assert_uint_eq(content_next(&encoder, text, sizeof(text), &piece),
			  sizeof(text));
	ck_assert_ptr_eq(piece.data, text);
	ck_assert_uint_eq(piece.len, sizeof(text));
}
END_TEST

START_TEST(nothing_in_gives_nothing_out)
{
	struct content_encoder encoder;
	struct content_piece piece;

	content_begin(&encoder, true);
	ck_assert_uint_eq(content_next(&encoder, "", 0, &piece), 0);
	ck_assert_uint_eq(piece.len, 0);
	ck_assert_uint_eq(content_next(&encoder, "\r", 1, &piece), 1);
	ck_assert_uint_eq(piece.len, 0);
	ck_assert_uint_eq(content_next(&encoder, "", 0, &piece), 0);
	ck_assert_uint_eq(piece.len, 0);
	ck_assert_uint_eq(content_next(&encoder, "\n", 1, &piece), 1);
	ck_assert_uint_eq(piece.len, 2);
}
END_TEST

/*
 * What it holds.
 */

/* The same, by the book and octet by octet; but for the header section. */
static uint32_t
scan_slowly(const char *data, size_t len, int64_t *ret_octets)
{
	bool line_start = true;
	uint32_t found = 0;
	size_t column = 0;
	size_t i;

	*ret_octets = 0;
	for (i = 0; i < len; i++) {
		++*ret_octets;
		if (line_start && data[i] == '.')
			found |= CONTENT_DOT;
		if ((unsigned char)data[i] > 0x7f)
			found |= SMTPC_SCAN_8BIT;
		if (data[i] == '\0')
			found |= SMTPC_SCAN_NUL;
		line_start = data[i] == '\r' || data[i] == '\n';
		if (line_start) {
			column = 0;
		} else if (++column > 998) {
			found |= SMTPC_SCAN_LONG_LINE;
		}
		if (data[i] == '\r' && i + 1 < len && data[i + 1] == '\n') {
			i++;
		} else if (line_start) {
			found |= data[i] == '\r' ? SMTPC_SCAN_BARE_CR
						 : SMTPC_SCAN_BARE_LF;
		} else {
			continue;
		}
		++*ret_octets;
	}
	if (!line_start) {
		found |= CONTENT_OPEN;
		*ret_octets += 2;
	}
	return found;
}

static void
check_scan(const struct content_scanner *scanner, const char *data, size_t len)
{
	int64_t octets;
	uint32_t found = scan_slowly(data, len, &octets);

	if ((scanner->found & ~SMTPC_SCAN_UTF8_HEADERS) != found)
		ck_abort_msg("%zu octets: 0x%x in place of 0x%x", len,
			     scanner->found, found);
	if (scanner->octets != octets)
		ck_abort_msg("%zu octets became %lld in place of %lld", len,
			     (long long)scanner->octets, (long long)octets);
}

START_TEST(scan_finds_one_octet_anywhere)
{
	const uint32_t rest = CONTENT_OPEN;
	char text[40];
	size_t len, at;

	for (len = 1; len <= sizeof(text); len++) {
		memset(text, 'a', sizeof(text));
		ck_assert_uint_eq(content_scan(text, len), rest);
		for (at = 0; at < len; at++) {
			text[at] = '\x80';
			ck_assert_uint_eq(content_scan(text, len),
					  SMTPC_SCAN_8BIT | rest);
			text[at] = '\0';
			ck_assert_uint_eq(content_scan(text, len),
					  SMTPC_SCAN_NUL | rest);
			text[at] = '\x7f';
			ck_assert_uint_eq(content_scan(text, len), rest);
			text[at] = 'a';
		}
	}
	ck_assert_uint_eq(content_scan(NULL, 0), 0);
	ck_assert_uint_eq(content_scan("a\0\xff", 3),
			  SMTPC_SCAN_8BIT | SMTPC_SCAN_NUL | rest);
}
END_TEST

/* Of up to seven octets, each of them cut in every way. */
START_TEST(every_short_string_is_scanned_as_by_the_book)
{
	struct content_scanner scanner;
	unsigned int count, number;
	char text[7];
	size_t len, i;

	for (len = 0, count = 1; len <= sizeof(text); len++, count *= 4) {
		for (number = 0; number < count; number++) {
			spell(number, len, text);
			content_scan_whole(&scanner, text, len);
			check_scan(&scanner, text, len);
			content_scan_begin(&scanner);
			for (i = 0; i < len; i++)
				content_scan_add(&scanner, text + i, 1);
			content_scan_end(&scanner);
			check_scan(&scanner, text, len);
		}
	}
}
END_TEST

/* Whatever ends it, and wherever it is cut. */
START_TEST(longest_line_is_exact)
{
	static const char *const ends[] = { "\r\n", "\n", "\r", "" };
	struct content_scanner scanner;
	char text[1100];
	size_t len, cut, total;

	for (len = 997; len <= 1000; len++) {
		memset(text, 'x', sizeof(text));
		memcpy(text, "y\r\n", 3);
		total = 3 + len + strlen(ends[_i]);
		memcpy(text + 3 + len, ends[_i], strlen(ends[_i]));
		content_scan_whole(&scanner, text, total);
		check_scan(&scanner, text, total);
		for (cut = 1; cut < total; cut += cut < 990 ? 89 : 1) {
			content_scan_begin(&scanner);
			content_scan_add(&scanner, text, cut);
			content_scan_add(&scanner, text + cut, total - cut);
			content_scan_end(&scanner);
			check_scan(&scanner, text, total);
		}
	}
}
END_TEST

/*
 * Longer ones, mostly right, with faults here and there.
 */

static uint64_t seed;

static size_t
any_below(size_t limit)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (size_t)(seed >> 33) % limit;
}

#define TEXT_MAX 5000

/* Lines of all lengths; one of so many octets is wrong. */
static size_t
make_text(char *text, size_t faults)
{
	static const char wrong[] = "\r\n.\0\x80.\r\n";
	size_t len = any_below(TEXT_MAX);
	size_t longest = any_below(8) == 0 ? 1100 : 90;
	size_t left = any_below(longest);
	size_t i;

	for (i = 0; i < len; i++) {
		text[i] = "abcdefgh. "[any_below(i % 3 == 0 ? 10 : 8)];
		if (left-- > 0)
			continue;
		text[i] = '\r';
		if (i + 1 < len)
			text[++i] = '\n';
		if (i + 1 < len)
			text[++i] = 'x';
		left = any_below(longest);
	}
	for (i = 0; faults > 0 && i < len / faults; i++)
		text[any_below(len)] = wrong[any_below(sizeof(wrong) - 1)];
	return len;
}

static void
scan_in_pieces(struct content_scanner *scanner, const char *text, size_t len)
{
	size_t at, size;

	content_scan_begin(scanner);
	for (at = 0; at < len; at += size) {
		size = 1 + any_below(any_below(2) == 0 ? 60 : 3000);
		if (size > len - at)
			size = len - at;
		content_scan_add(scanner, text + at, size);
	}
	content_scan_end(scanner);
}

START_TEST(long_text_is_scanned_as_by_the_book)
{
	static const size_t faults[] = { 0, 2000, 300, 20, 3 };
	struct content_scanner scanner;
	char *text = malloc(TEXT_MAX);
	size_t len;
	int i;

	ck_assert_ptr_nonnull(text);
	seed = (uint64_t)_i;
	glance_narrowly = _i % 2 != 0;
	for (i = 0; i < 300; i++) {
		len = make_text(text, faults[_i / 2]);
		content_scan_whole(&scanner, text, len);
		check_scan(&scanner, text, len);
		scan_in_pieces(&scanner, text, len);
		check_scan(&scanner, text, len);
	}
	free(text);
}
END_TEST

/* What DATA wants, by the book and octet by octet. */
static size_t
encode_slowly(const char *text, size_t len, char *ret_wire)
{
	bool line_start = true;
	size_t used = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] != '\r' && text[i] != '\n') {
			if (line_start && text[i] == '.')
				ret_wire[used++] = '.';
			ret_wire[used++] = text[i];
			line_start = false;
			continue;
		}
		if (text[i] == '\r' && i + 1 < len && text[i + 1] == '\n')
			i++;
		ret_wire[used++] = '\r';
		ret_wire[used++] = '\n';
		line_start = true;
	}
	if (!line_start) {
		ret_wire[used++] = '\r';
		ret_wire[used++] = '\n';
	}
	return used;
}

/*
 * The same by the encoder, in parts; the scanner, if there is one, is ahead of
 * it by up to so much.
 */
static size_t
encode_in_pieces(const char *text, size_t len, bool is_scanned, size_t ahead,
		 char *ret_wire)
{
	struct content_encoder encoder;
	struct content_scanner scanner;
	struct content_piece piece;
	size_t scanned = 0;
	size_t used = 0;
	size_t at, end, size;
	uint32_t found;

	content_begin(&encoder, true);
	content_scan_begin(&scanner);
	for (at = end = 0; at < len;) {
		end += 1 + any_below(3000);
		if (end > len)
			end = len;
		while (is_scanned && scanned < len && scanned < end + ahead) {
			size = 1 + any_below(2000);
			if (size > len - scanned)
				size = len - scanned;
			found =
			    content_scan_add(&scanner, text + scanned, size);
			content_known(&encoder, &scanner, found, size);
			scanned += size;
		}
		while (at < end) {
			at +=
			    content_next(&encoder, text + at, end - at, &piece);
			memcpy(ret_wire + used, piece.data, piece.len);
			used += piece.len;
		}
	}
	piece = content_end(&encoder);
	memcpy(ret_wire + used, piece.data, piece.len);
	return used + piece.len;
}

static void
check_wire(const char *text, size_t len, bool is_scanned, size_t ahead)
{
	static char expected[2 * TEXT_MAX + 2];
	static char wire[2 * TEXT_MAX + 2];
	size_t wanted = encode_slowly(text, len, expected);
	size_t sent = encode_in_pieces(text, len, is_scanned, ahead, wire);

	ck_assert_uint_eq(sent, wanted);
	ck_assert_mem_eq(wire, expected, wanted);
}

START_TEST(long_text_is_sent_as_by_the_book)
{
	static const size_t faults[] = { 0, 2000, 300, 20, 3 };
	char *text = malloc(TEXT_MAX);
	size_t len;
	int i;

	ck_assert_ptr_nonnull(text);
	seed = (uint64_t)_i;
	glance_narrowly = _i % 2 != 0;
	for (i = 0; i < 200; i++) {
		len = make_text(text, faults[_i / 2]);
		check_wire(text, len, i % 3 != 0, i % 2 ? 700 : 0);
	}
	free(text);
}
END_TEST

/*
 * What encoding costs: the octets that memchr() looks at, counted here.
 */

void *__real_memchr(const void *data, int octet, size_t len);
void *__wrap_memchr(const void *data, int octet, size_t len);

static uint64_t looked_at;

void *
__wrap_memchr(const void *data, int octet, size_t len)
{
	char *found = __real_memchr(data, octet, len);

	looked_at += found != NULL ? (size_t)(found - (const char *)data) : len;
	return found;
}

/* Each octet is looked at so often at most, and cut into so many pieces. */
#define LOOKS_MAX  300
#define PIECES_MAX 4

static const char *const patterns[] = {
	"\r",	 "\n",	"\r\n", "\n\r",	 "\r\r\n", ".",		".\r",	 ".\n",
	".\r\n", "x\r", "x\n",	"x\r\n", "x",	   "xxxxxxx\r", "xx\n.",
};

#define PATTERNS ((int)(sizeof(patterns) / sizeof(patterns[0])))

/* What costs as much as its length squared would take minutes here. */
START_TEST(cost_grows_with_the_length_and_no_faster)
{
	const size_t len = 1000000;
	size_t pattern = strlen(patterns[_i]);
	struct content_encoder encoder;
	struct content_piece piece;
	char *data = malloc(len);
	size_t at, pieces, i;

	ck_assert_ptr_nonnull(data);
	for (i = 0; i < len; i++)
		data[i] = patterns[_i][i % pattern];
	looked_at = 0;
	pieces = 0;
	content_begin(&encoder, true);
	for (at = 0; at < len; pieces++) {
		at += content_next(&encoder, data + at, len - at, &piece);
		/* An assertion for each would take longer than all this. */
		if (looked_at > LOOKS_MAX * len)
			ck_abort_msg("octets are looked at too often");
	}
	ck_assert_uint_le(pieces, PIECES_MAX * len);
	free(data);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("content");
	TCase *tcase = suite_case(suite, "content_next");

	tcase_add_test(tcase, lines_end_in_crlf_and_dots_are_doubled);
	tcase_add_test(tcase, no_smuggled_end_of_data_is_sent);
	tcase_add_test(tcase,
		       every_short_string_arrives_and_ends_where_it_should);
	tcase_add_loop_test(tcase, cuts_make_no_difference, 0, 3);
	tcase_add_test(tcase, every_octet_arrives);
	tcase_add_test(tcase, content_that_is_right_goes_out_in_one_piece);
	tcase_add_test(tcase, nothing_in_gives_nothing_out);

	tcase_add_loop_test(tcase, cost_grows_with_the_length_and_no_faster, 0,
			    PATTERNS);

	tcase = suite_case(suite, "content_scan");
	tcase_add_test(tcase, scan_finds_one_octet_anywhere);
	tcase_add_test(tcase, every_short_string_is_scanned_as_by_the_book);
	tcase_add_loop_test(tcase, longest_line_is_exact, 0, 4);
	tcase_add_loop_test(tcase, long_text_is_scanned_as_by_the_book, 0, 10);
	tcase_add_loop_test(tcase, long_text_is_sent_as_by_the_book, 0, 10);
	return suite_run(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of lib/base64.c: RFC 4648's own examples, and its strict reading. */
#include <string.h>

#include "base64.h"
#include "suite.h"

static struct buffer buffer;

static void
set_up(void)
{
	buffer_init(&buffer, 100000);
}

static void
tear_down(void)
{
	buffer_clear(&buffer);
}

static void
holds(const char *expected, size_t len)
{
	ck_assert(!buffer.failed);
	ck_assert_uint_eq(buffer_length(&buffer), len);
	ck_assert_mem_eq(buffer_data(&buffer), expected, len);
}

/* RFC 4648, section 10, and octets that use the whole alphabet. */
static const struct {
	const char *plain, *encoded;
} vectors[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xfb\xff\xbf", "+/+/" },
	{ "\xff\xff\xff", "////" },
	{ "\xfb\xef\xbe", "++++" },
};

#define VECTOR_COUNT ((int)(sizeof(vectors) / sizeof(vectors[0])))

START_TEST(vector_is_encoded_and_decoded)
{
	const char *plain = vectors[_i].plain;
	const char *encoded = vectors[_i].encoded;

	base64_encode(&buffer, plain, strlen(plain));
	holds(encoded, strlen(encoded));
	ck_assert_uint_eq(base64_length(strlen(plain)), strlen(encoded));

	buffer_consume(&buffer, buffer_length(&buffer));
	ck_assert(base64_decode(&buffer, encoded, strlen(encoded)));
	holds(plain, strlen(plain));
}
END_TEST

START_TEST(both_ways_append)
{
	buffer_append_text(&buffer, "AUTH ");
	base64_encode(&buffer, "foo", 3);
	holds("AUTH Zm9v", 9);
	ck_assert(base64_decode(&buffer, "Zg==", 4));
	holds("AUTH Zm9vf", 10);
}
END_TEST

START_TEST(what_is_encoded_comes_back_for_every_length_and_octet)
{
	unsigned char data[300];
	struct buffer decoded;
	size_t len, i;

	buffer_init(&decoded, sizeof(data));
	for (len = 0; len <= sizeof(data); len++) {
		for (i = 0; i < len; i++)
			data[i] = (unsigned char)(i * 7 + len * 31);
		buffer_consume(&buffer, buffer_length(&buffer));
		buffer_consume(&decoded, buffer_length(&decoded));
		base64_encode(&buffer, data, len);
		ck_assert_uint_eq(buffer_length(&buffer), base64_length(len));
		ck_assert(base64_decode(&decoded, buffer_data(&buffer),
					buffer_length(&buffer)));
		ck_assert_uint_eq(buffer_length(&decoded), len);
		ck_assert_mem_eq(buffer_data(&decoded), data, len);
	}
	buffer_clear(&decoded);
}
END_TEST

static void
refused(const char *text, size_t len)
{
	ck_assert_msg(!base64_decode(&buffer, text, len), "%.*s was taken",
		      (int)len, text);
}

START_TEST(wrong_length_is_refused)
{
	refused("Z", 1);
	refused("Zg", 2);
	refused("Zg=", 3);
	refused("Zm9vY", 5);
	refused("Zg==\r\n", 6);
}
END_TEST

START_TEST(misplaced_padding_is_refused)
{
	refused("=", 1);
	refused("====", 4);
	refused("Z===", 4);
	refused("=g==", 4);
	refused("Z=g=", 4);
	refused("Zg=v", 4);
	refused("Zg==Zg==", 8);
	refused("Zm8=Zm9v", 8);
}
END_TEST

START_TEST(bits_left_over_are_refused)
{
	/* "Zg==" and "Zm8=" are the one right way to say it. */
	refused("Zh==", 4);
	refused("Zv==", 4);
	refused("Zm9=", 4);
	refused("Zm+=", 4);
}
END_TEST

START_TEST(only_the_alphabet_is_taken)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char text[] = "Zm9v";
	size_t at;
	int c;

	for (at = 0; at < 4; at++) {
		for (c = 0; c < 256; c++) {
			if (memchr(alphabet, c, 64) != NULL)
				continue;
			/* Here it is good padding. */
			if (c == '=' && at == 3)
				continue;
			text[at] = (char)c;
			refused(text, 4);
		}
		text[at] = "Zm9v"[at];
	}
}
END_TEST

/* Decoded and encoded again, a text that was taken is the same text. */
static bool
is_canonical(const char *text)
{
	struct buffer encoded;
	bool taken;

	buffer_consume(&buffer, buffer_length(&buffer));
	taken = base64_decode(&buffer, text, 4);
	if (!taken)
		return false;
	buffer_init(&encoded, 4);
	base64_encode(&encoded, buffer_data(&buffer), buffer_length(&buffer));
	if (buffer_length(&encoded) != 4 ||
	    memcmp(buffer_data(&encoded), text, 4) != 0)
		ck_abort_msg("%.4s", text);
	buffer_clear(&encoded);
	return true;
}

START_TEST(two_different_texts_never_mean_the_same)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
	char text[4] = "AA";
	size_t i, j, k;
	unsigned int taken = 0;

	for (i = 0; i < 65; i++) {
		for (j = 0; j < 65; j++) {
			for (k = 0; k < 65; k++) {
				text[1] = digits[i];
				text[2] = digits[j];
				text[3] = digits[k];
				taken += is_canonical(text);
			}
		}
	}
	/* Whole groups; of two octets; of one. */
	ck_assert_uint_eq(taken, 64 * 64 * 64 + 64 * 16 + 4);
}
END_TEST

START_TEST(without_room_both_ways_fail)
{
	struct buffer small;

	buffer_init(&small, 5);
	base64_encode(&small, "foob", 4);
	ck_assert(small.failed);
	buffer_clear(&small);
	ck_assert(!base64_decode(&small, "Zm9vYmFy", 8));
	ck_assert(small.failed);
	buffer_clear(&small);
}
END_TEST

START_TEST(without_memory_both_ways_fail)
{
	fault_at(0);
	base64_encode(&buffer, "foo", 3);
	ck_assert(fault_end());
	ck_assert(buffer.failed);
	buffer_clear(&buffer);

	fault_at(0);
	ck_assert(!base64_decode(&buffer, "Zm9v", 4));
	ck_assert(fault_end());
	ck_assert(buffer.failed);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("base64");
	TCase *tcase = suite_case(suite, "base64");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, vector_is_encoded_and_decoded, 0,
			    VECTOR_COUNT);
	tcase_add_test(tcase, both_ways_append);
	tcase_add_test(tcase,
		       what_is_encoded_comes_back_for_every_length_and_octet);
	tcase_add_test(tcase, without_room_both_ways_fail);
	tcase_add_test(tcase, without_memory_both_ways_fail);

	tcase = suite_case(suite, "base64_decode");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, wrong_length_is_refused);
	tcase_add_test(tcase, misplaced_padding_is_refused);
	tcase_add_test(tcase, bits_left_over_are_refused);
	tcase_add_test(tcase, only_the_alphabet_is_taken);
	tcase_add_test(tcase, two_different_texts_never_mean_the_same);
	return suite_run(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of lib/foreign.c: each protocol is known as soon as it can be, and
 * never for another.
 */
#include <string.h>

#include "foreign.h"
#include "suite.h"

static enum foreign
look(const char *data, size_t len, const char **ret_name)
{
	*ret_name = NULL;
	return foreign_look(data, len, ret_name);
}

/* What servers say first, and after how many octets there is no doubt. */
static const struct {
	const char *says;
	size_t enough;
	enum foreign what;
	const char *name;
} servers[] = {
	{ "* OK [CAPABILITY IMAP4rev1] ready\r\n", 4, FOREIGN_OTHER, "IMAP" },
	{ "* PREAUTH welcome\r\n", 9, FOREIGN_OTHER, "IMAP" },
	{ "* BYE go away\r\n", 5, FOREIGN_OTHER, "IMAP" },
	{ "+OK ready\r\n", 3, FOREIGN_OTHER, "POP3" },
	{ "-ERR busy\r\n", 4, FOREIGN_OTHER, "POP3" },
	{ "HTTP/1.1 400 Bad Request\r\n", 5, FOREIGN_OTHER, "HTTP" },
	{ "SSH-2.0-OpenSSH_9.2\r\n", 4, FOREIGN_OTHER, "SSH" },
	/* An alert: handshake failure, in TLS 1.0's and 1.2's words. */
	{ "\x15\x03\x01\x00\x02\x02\x28", 2, FOREIGN_TLS, "TLS" },
	{ "\x15\x03\x03\x00\x02\x02\x28", 2, FOREIGN_TLS, "TLS" },
	{ "\x16\x03\x03\x00\x7a", 2, FOREIGN_TLS, "TLS" },
};

#define SERVERS ((int)(sizeof(servers) / sizeof(servers[0])))

START_TEST(a_protocol_is_known_by_its_first_octets)
{
	size_t len = strlen(servers[_i].says);
	const char *name;
	size_t i;

	for (i = 1; i <= len; i++) {
		if (i < servers[_i].enough) {
			ck_assert_int_eq(look(servers[_i].says, i, &name),
					 FOREIGN_MAYBE);
			ck_assert_ptr_null(name);
		} else {
			ck_assert_int_eq(look(servers[_i].says, i, &name),
					 servers[_i].what);
			ck_assert_str_eq(name, servers[_i].name);
		}
	}
}
END_TEST

static const char *const unknown[] = {
	"junk\r\n",	"250 ok\r\n",	"\r\n",		"*OK",
	"* NO",		"* OL",		"+KO",		"-OK",
	"http/1.1",	"HTTPS/1.1",	"SSL-2",	"SSH2",
	"\x15\x02\x00", "\x17\x03\x03", "\x14\x03\x03", "\x80\x03",
	"\x03\x15",	"ssh-2.0",	"+ OK",		" * OK",
};

#define UNKNOWN ((int)(sizeof(unknown) / sizeof(unknown[0])))

START_TEST(what_is_none_of_them_is_not_taken_for_one)
{
	const char *name;

	ck_assert_int_eq(look(unknown[_i], strlen(unknown[_i]), &name),
			 FOREIGN_UNKNOWN);
	ck_assert_ptr_null(name);
}
END_TEST

START_TEST(nothing_is_unknown)
{
	const char *name;

	ck_assert_int_eq(look("", 0, &name), FOREIGN_UNKNOWN);
	ck_assert_int_eq(look("HTTP/", 0, &name), FOREIGN_UNKNOWN);
}
END_TEST

/* Octets behind the length belong to nobody. */
START_TEST(no_octet_behind_the_end_is_looked_at)
{
	static const char text[] = "* OK";
	const char *name;

	ck_assert_int_eq(look(text, 3, &name), FOREIGN_MAYBE);
	ck_assert_int_eq(look("\x16\x03", 1, &name), FOREIGN_MAYBE);
	ck_assert_int_eq(look("\x16\x00", 2, &name), FOREIGN_UNKNOWN);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("foreign");
	TCase *tcase = suite_case(suite, "foreign_look");

	tcase_add_loop_test(tcase, a_protocol_is_known_by_its_first_octets, 0,
			    SERVERS);
	tcase_add_loop_test(tcase, what_is_none_of_them_is_not_taken_for_one, 0,
			    UNKNOWN);
	tcase_add_test(tcase, nothing_is_unknown);
	tcase_add_test(tcase, no_octet_behind_the_end_is_looked_at);
	return suite_run(suite);
}

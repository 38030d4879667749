/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Servers that mean harm, against mechanisms whose code is old: what they say
 * goes through the library into Cyrus SASL's client side, or is stopped before
 * it gets there.  Run under Valgrind, too, since nothing else watches the
 * memory of Cyrus SASL's modules.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth_lab.h"
#include "sasl_answers.h"

static struct auth_lab lab;

/* So many challenges at most, and the reply that follows. */
#define LINES_MAX 5
#define LINE_MAX  20000

static char lines[LINES_MAX][LINE_MAX];
static const char *script[LINES_MAX + 1];
static size_t line_count;

static void
server_says(const char *reply)
{
	ck_assert_uint_lt(line_count, LINES_MAX);
	snprintf(lines[line_count], LINE_MAX, "%s", reply);
	script[line_count] = lines[line_count];
	script[++line_count] = NULL;
}

static void
server_asks(const void *data, size_t len)
{
	gnutls_datum_t plain = { (unsigned char *)(uintptr_t)data,
				 (unsigned int)len };
	gnutls_datum_t encoded = { NULL, 0 };
	struct octets line = { 0 };

	octets_append_text(&line, "334 ");
	if (len > 0)
		ck_assert_int_eq(gnutls_base64_encode2(&plain, &encoded), 0);
	octets_append(&line, encoded.data, encoded.size);
	gnutls_free(encoded.data);
	server_says(octets_data(&line));
	octets_clear(&line);
}

static void
begin(void)
{
	line_count = 0;
	script[0] = NULL;
}

/* AUTH with this mechanism; the server says what it has to; the result. */
static int
authenticate(const char *mechanism)
{
	auth_lab_init(&lab);
	lab.in_clear = true;
	lab.offers = mechanism;
	lab.script = script;
	auth_lab_set(&lab, PEER_SASL_PASSWORD, mechanism);
	auth_lab_open(&lab);
	return auth_lab_auth(&lab);
}

/* The challenge is answered by "*", and the session goes on. */
static void
is_given_up(const char *mechanism, const char *initial)
{
	char heard[200];

	server_says("501 5.7.0 as you like");
	ck_assert_int_eq(authenticate(mechanism), SMTPC_E_AUTH_PROTOCOL);
	auth_lab_result(&lab, SMTPC_E_AUTH_PROTOCOL, "auth-cancelled",
			SMTPC_STATE_READY);
	snprintf(heard, sizeof(heard), "AUTH %s%s\n*\n", mechanism, initial);
	auth_lab_heard(&lab, heard);
	ck_assert_int_eq(auth_lab_run(&lab, smtpc_noop(lab.session)), SMTPC_OK);
	auth_lab_clear(&lab);
}

/* The challenge is answered by one line, and that is refused. */
static void
is_answered(const char *mechanism, const char *initial)
{
	char first[200];

	server_says("535 5.7.8 no");
	ck_assert_int_eq(authenticate(mechanism), SMTPC_E_AUTH_REJECTED);
	auth_lab_result(&lab, SMTPC_E_AUTH_REJECTED, "", SMTPC_STATE_READY);
	snprintf(first, sizeof(first), "AUTH %s%s", mechanism, initial);
	ck_assert_str_eq(auth_lab_line(&lab, 0), first);
	ck_assert_ptr_nonnull(auth_lab_line(&lab, 1));
	ck_assert_ptr_null(auth_lab_line(&lab, 2));
}

/*
 * DIGEST-MD5 (RFC 2831).
 */

/* Less than 2048, says RFC 2831, section 2.1.1. */
#define DIGEST_MAX 2047

/* The server's, if it is not the point. */
#define NONCE "OA6MG9tEQGm2hh"

/* Line 1 is this answer, whose cnonce the client chooses. */
static void
digest_is_answered(const char *realm, const char *nonce)
{
	struct octets expected = { 0 };
	char cnonce[45] = "";
	const char *said, *at;
	size_t len;

	said = auth_lab_decoded(&lab, 1, &len);
	at = strstr(said, ",cnonce=\"");
	ck_assert_ptr_nonnull(at);
	ck_assert_uint_eq(strcspn(at + 9, "\""), sizeof(cnonce) - 1);
	memcpy(cnonce, at + 9, sizeof(cnonce) - 1);
	answer_by_digest(&expected, realm, nonce, cnonce);
	ck_assert_uint_eq(len, expected.len);
	ck_assert_mem_eq(said, octets_data(&expected), len);
	octets_clear(&expected);
}

/* A challenge whose realm is so many pairs of a backslash and a quote. */
static void
digest_of_quotes(const char *directive, size_t count)
{
	struct octets text = { 0 };

	octets_append_text(&text, directive);
	octets_append_text(&text, "=\"");
	while (count-- > 0)
		octets_append_text(&text, "\\\"");
	octets_append_text(&text, "\",qop=\"auth\",algorithm=md5-sess,"
				  "charset=utf-8");
	if (strcmp(directive, "nonce") != 0)
		octets_append_text(&text, ",nonce=\"" NONCE "\"");
	server_asks(octets_data(&text), text.len);
	octets_clear(&text);
}

START_TEST(A_090_a_long_realm_of_quotes_is_not_looked_at)
{
	begin();
	digest_of_quotes("realm", 2048);
	is_given_up("DIGEST-MD5", "");
	begin();
	digest_of_quotes("nonce", 2048);
	is_given_up("DIGEST-MD5", "");
	begin();
	digest_of_quotes("realm", 4096);
	is_given_up("DIGEST-MD5", "");
}
END_TEST

/* Each of them is escaped once more in the answer. */
START_TEST(A_090_quotes_do_no_harm)
{
	static const size_t counts[] = { 1, 7, 63, 255, 511, 900 };
	static const char *const directives[] = { "realm", "nonce", "other" };
	const char *directive;
	char quotes[901];
	size_t i, j;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		memset(quotes, '"', counts[i]);
		quotes[counts[i]] = '\0';
		for (j = 0; j < sizeof(directives) / sizeof(directives[0]);
		     j++) {
			directive = directives[j];
			begin();
			digest_of_quotes(directive, counts[i]);
			is_answered("DIGEST-MD5", "");
			digest_is_answered(strcmp(directive, "realm") == 0
					       ? quotes
					       : PEER_SASL_HOST,
					   strcmp(directive, "nonce") == 0
					       ? quotes
					       : NONCE);
			auth_lab_clear(&lab);
		}
	}
}
END_TEST

START_TEST(A_090_of_two_realms_one_is_answered)
{
	static const char challenge[] =
	    "realm=\"one.example.test\",realm=\"two.example.test\","
	    "nonce=\"" NONCE "\",qop=\"auth\",algorithm=md5-sess,"
	    "charset=utf-8";

	begin();
	server_asks(challenge, strlen(challenge));
	is_answered("DIGEST-MD5", "");
	digest_is_answered("one.example.test", NONCE);
	auth_lab_clear(&lab);
}
END_TEST

START_TEST(A_090_the_longest_challenge_is_exact)
{
	static const char start[] = "nonce=\"" NONCE "\",qop=\"auth\","
				    "algorithm=md5-sess,charset=utf-8,x=\"";
	char text[DIGEST_MAX + 2];

	memset(text, 'x', sizeof(text));
	memcpy(text, start, strlen(start));
	text[DIGEST_MAX - 1] = '"';
	begin();
	server_asks(text, DIGEST_MAX);
	is_answered("DIGEST-MD5", "");
	digest_is_answered(PEER_SASL_HOST, NONCE);
	auth_lab_clear(&lab);
	text[DIGEST_MAX - 1] = 'x';
	text[DIGEST_MAX] = '"';
	begin();
	server_asks(text, DIGEST_MAX + 1);
	is_given_up("DIGEST-MD5", "");
}
END_TEST

/* RFC 2831, section 2.1.1; and Cyrus SASL would lose some memory over it. */
START_TEST(A_090_a_second_nonce_is_one_too_many)
{
	static const char challenge[] =
	    "nonce=\"a\",nonce=\"b\",qop=\"auth\",algorithm=md5-sess";

	begin();
	server_asks(challenge, strlen(challenge));
	is_given_up("DIGEST-MD5", "");
}
END_TEST

/* What no server says, and what it is taken for; NULL: it is given up. */
static const struct {
	const char *text, *realm, *nonce;
} digests[] = {
	{ "", NULL, NULL },
	{ ",", NULL, NULL },
	{ ",,,,", NULL, NULL },
	{ "=", NULL, NULL },
	{ "nonce", NULL, NULL },
	{ "nonce=", NULL, NULL },
	{ "nonce=\"", NULL, NULL },
	{ "nonce=\"a", NULL, NULL },
	{ "nonce=\"a\\", NULL, NULL },
	{ "nonce=\"a\\\"", NULL, NULL },
	{ "nonce=a\"b", NULL, NULL },
	{ "nonce=\"a\"\"b\"", NULL, NULL },
	{ "nonce=\"a\",qop=", NULL, NULL },
	{ "nonce=\"a\",qop=\"", NULL, NULL },
	{ "nonce=\"a\",qop=\"auth", NULL, NULL },
	{ "nonce=\"a\",qop=\"auth-int,auth-conf\"", NULL, NULL },
	{ "nonce=\"a\",qop=\"auth\",cipher=\"", NULL, NULL },
	{ "nonce=\"a\",qop=\"auth\",algorithm=md5", NULL, NULL },
	{ "nonce=\"a\",qop=\"auth\",algorithm=md5-sess,algorithm=md5-sess",
	  NULL, NULL },
	{ "nonce=\"a\",qop=\"auth\",algorithm=md5-sess,maxbuf=0", NULL, NULL },
	{ "nonce=\"a\",qop=\"auth\",algorithm=md5-sess,maxbuf=1", NULL, NULL },
	{ "nonce=\"a\",qop=\"auth\",algorithm=md5-sess,maxbuf=-1", NULL, NULL },
	{ "nonce=\"a\",qop=\"auth\",algorithm=md5-sess,maxbuf=99999999999999",
	  NULL, NULL },
	{ "nonce=\"a\",qop=\"auth\",algorithm=md5-sess,charset=utf-7", NULL,
	  NULL },
	{ "nonce=\"a\",qop=\"auth\",algorithm=md5-sess,stale=true",
	  PEER_SASL_HOST, "a" },
	{ "nonce=\"a\",qop=\"auth\",algorithm=md5-sess,stale=\"", NULL, NULL },
	{ "rspauth=0123456789abcdef0123456789abcdef", NULL, NULL },
	{ "rspauth=", NULL, NULL },
	{ "realm=\"\xff\xfe\",nonce=\"a\",qop=\"auth\",algorithm=md5-sess",
	  "\xff\xfe", "a" },
	{ "realm=\"\",realm=\"\",realm=\"\",realm=\"\",realm=\"\",nonce=\"a\","
	  "qop=\"auth\",algorithm=md5-sess,charset=utf-8",
	  "", "a" },
	{ "nonce=\"a\"  ,  qop  =  \"auth\"  ,  algorithm  =  md5-sess",
	  PEER_SASL_HOST, "a" },
	{ "nonce=\"a\",qop=\"auth\",qop=\"auth\",algorithm=md5-sess",
	  PEER_SASL_HOST, "a" },
	{ "nonce=\"a\",qop=\"auth-conf\",cipher=\"rc4\",cipher=\"des\","
	  "algorithm=md5-sess",
	  NULL, NULL },
	{ "nonce=\"a\",qop=\"auth\",algorithm=md5-sess,opaque=\"a\","
	  "opaque=\"b\"",
	  PEER_SASL_HOST, "a" },
	{ "nonce=\"a\",qop=\"auth\",algorithm=md5-sess,charset=utf-8,"
	  "charset=utf-8",
	  PEER_SASL_HOST, "a" },
	{ "nonce=\"a\",qop=\"auth\",algorithm=md5-sess,maxbuf=9,maxbuf=9", NULL,
	  NULL },
	{ "nonce=\"a\",qop=\"auth\",algorithm=md5-sess,realm=\"a\",x=\"", NULL,
	  NULL },
	{ "\"nonce\"=\"a\"", NULL, NULL },
	{ "nonce=\"a\tb\",qop=\"\t\",algorithm=md5-sess", NULL, NULL },
};

#define DIGESTS ((int)(sizeof(digests) / sizeof(digests[0])))

/* It is an answer, and "*" to what comes behind it. */
static void
second_is_given_up(void)
{
	server_says("501 5.7.0 as you like");
	ck_assert_int_eq(authenticate("DIGEST-MD5"), SMTPC_E_AUTH_PROTOCOL);
	auth_lab_result(&lab, SMTPC_E_AUTH_PROTOCOL, "auth-cancelled",
			SMTPC_STATE_READY);
	ck_assert_str_eq(auth_lab_line(&lab, 0), "AUTH DIGEST-MD5");
	ck_assert_str_eq(auth_lab_line(&lab, 2), "*");
	ck_assert_ptr_null(auth_lab_line(&lab, 3));
}

/* Twice: what is left of the first must not harm the second, either. */
START_TEST(A_090_broken_challenges_do_no_harm)
{
	const char *text = digests[_i].text;
	const char *realm = digests[_i].realm;
	int i;

	for (i = 0; i < 2; i++) {
		begin();
		server_asks(text, strlen(text));
		if (realm == NULL) {
			is_given_up("DIGEST-MD5", "");
			continue;
		}
		server_asks(text, strlen(text));
		second_is_given_up();
		digest_is_answered(realm, digests[_i].nonce);
		auth_lab_clear(&lab);
	}
}
END_TEST

/* The server's proof, after a good challenge. */
START_TEST(A_090_broken_proofs_are_no_proofs)
{
	static const char challenge[] =
	    "realm=\"mx.example.test\",nonce=\"" NONCE "\",qop=\"auth\","
	    "algorithm=md5-sess,charset=utf-8";

	begin();
	server_asks(challenge, strlen(challenge));
	server_asks(digests[_i].text, strlen(digests[_i].text));
	second_is_given_up();
	digest_is_answered(PEER_SASL_HOST, NONCE);
	auth_lab_clear(&lab);
}
END_TEST

/*
 * NTLM: a type 2 message has a signature of 8 octets, a type, the name of the
 * target (length, room, offset), flags, a nonce of 8 octets, and 8 more.
 */

#define TYPE_2_SIZE 48

static void
type_2(unsigned char *message, unsigned int flags, unsigned int target_len,
       unsigned int offset)
{
	int i;

	memset(message, 0, TYPE_2_SIZE);
	memcpy(message, "NTLMSSP", 8);
	message[8] = 2;
	message[12] = message[14] = (unsigned char)(target_len & 255);
	message[13] = message[15] = (unsigned char)(target_len >> 8);
	for (i = 0; i < 4; i++) {
		message[16 + i] = (unsigned char)(offset >> (8 * i));
		message[20 + i] = (unsigned char)(flags >> (8 * i));
	}
	memcpy(message + 24, "01234567", 8);
}

/* What the client says first: no names, and that it speaks all of this. */
#define TYPE_1 " TlRMTVNTUAABAAAABwIAAAAAAAAgAAAAAAAAACAAAAA="

/* The answer to it, for this domain. */
static void
type_3_is_said(unsigned int flags, const char *domain)
{
	struct octets expected = { 0 };
	const char *said;
	size_t len;

	answer_by_ntlm(&expected, flags, domain);
	said = auth_lab_decoded(&lab, 1, &len);
	ck_assert_uint_eq(len, expected.len);
	ck_assert_mem_eq(said, octets_data(&expected), len);
	octets_clear(&expected);
}

/* Nothing is read that is not there; a domain of NULL: it is given up. */
static void
try_type_2(const unsigned char *message, size_t len, unsigned int flags,
	   const char *domain)
{
	begin();
	server_asks(message, len);
	if (domain == NULL) {
		is_given_up("NTLM", TYPE_1);
		return;
	}
	is_answered("NTLM", TYPE_1);
	type_3_is_said(flags, domain);
	auth_lab_clear(&lab);
}

static const unsigned int flag_sets[] = {
	0, 1, 2, 3, 0x00000201, 0x00008205, 0xffffffff, 0xa0088207,
};

/* Inside the message it is its own octets, up to the first NUL. */
START_TEST(A_091_the_name_of_the_target_lies_elsewhere)
{
	static const struct {
		unsigned int offset;
		const char *octets, *every_other;
	} rows[] = {
		{ 0, "NTLMSSP", "NLSP\2" }, { 1, "TLMSSP", "TMS" },
		{ 25, NULL, NULL },	    { 47, NULL, NULL },
		{ 48, NULL, NULL },	    { 49, NULL, NULL },
		{ 4096, NULL, NULL },	    { 0x7fffffff, NULL, NULL },
		{ 0x80000000, NULL, NULL }, { 0xfffffff0, NULL, NULL },
		{ 0xffffffff, NULL, NULL },
	};
	unsigned int flags = flag_sets[_i];
	unsigned char message[TYPE_2_SIZE];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		type_2(message, flags, 24, rows[i].offset);
		try_type_2(message, sizeof(message), flags,
			   flags & ANSWER_IN_UNICODE ? rows[i].every_other
						     : rows[i].octets);
	}
}
END_TEST

START_TEST(A_091_the_name_of_the_target_is_longer_than_the_message)
{
	static const unsigned int lens[] = { 1, 255, 4096, 32767, 65535 };
	unsigned char message[TYPE_2_SIZE];
	size_t i;

	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		type_2(message, flag_sets[_i], lens[i], TYPE_2_SIZE);
		try_type_2(message, sizeof(message), flag_sets[_i], NULL);
	}
}
END_TEST

/* The last octets mean nothing, and need not be there. */
START_TEST(A_091_the_message_is_cut_off)
{
	unsigned char message[TYPE_2_SIZE];
	size_t len;

	type_2(message, flag_sets[_i], 0, TYPE_2_SIZE);
	for (len = 0; len <= TYPE_2_SIZE; len++)
		try_type_2(message, len, flag_sets[_i], len < 32 ? NULL : "");
}
END_TEST

START_TEST(A_091_the_message_is_another)
{
	unsigned char message[TYPE_2_SIZE];

	type_2(message, 0x00008205, 0, TYPE_2_SIZE);
	message[0] = 'X';
	try_type_2(message, sizeof(message), 0, NULL);
	type_2(message, 0x00008205, 0, TYPE_2_SIZE);
	message[8] = 3;
	try_type_2(message, sizeof(message), 0, NULL);
	message[8] = 0xff;
	try_type_2(message, sizeof(message), 0, NULL);
}
END_TEST

/*
 * CRAM-MD5 (RFC 2195).
 */

/* "334 " and base64 of at most 12,288 octets. */
#define CRAM_LONG 9000

/* Answered as RFC 2195 says, over all that was asked. */
static void
cram_is_answered(const void *challenge, size_t len)
{
	struct octets expected = { 0 };
	const char *said;
	size_t said_len;

	answer_by_cram(&expected, challenge, len);
	begin();
	server_asks(challenge, len);
	is_answered("CRAM-MD5", "");
	said = auth_lab_decoded(&lab, 1, &said_len);
	ck_assert_uint_eq(said_len, expected.len);
	ck_assert_str_eq(said, octets_data(&expected));
	octets_clear(&expected);
	auth_lab_clear(&lab);
}

START_TEST(A_092_a_challenge_of_9000_octets_does_no_harm)
{
	static char challenge[CRAM_LONG];

	memset(challenge, 'c', sizeof(challenge));
	challenge[0] = '<';
	challenge[CRAM_LONG - 1] = '>';
	begin();
	server_asks(challenge, sizeof(challenge));
	is_given_up("CRAM-MD5", "");
}
END_TEST

START_TEST(A_092_a_NUL_in_the_challenge_does_no_harm)
{
	cram_is_answered("<1896.697170952\0@mx.example.test>", 33);
	cram_is_answered("\0", 1);
	cram_is_answered("<1896.697170952@mx.example.test>\0\0\0", 35);
}
END_TEST

/* The answer to it would serve anybody, any time. */
START_TEST(A_092_an_empty_challenge_is_not_answered)
{
	begin();
	server_asks("", 0);
	is_given_up("CRAM-MD5", "");
}
END_TEST

/*
 * Whatever they may say: good messages of many kinds, changed at random, as
 * often as SASL_HOSTILE_ROUNDS in the environment says.
 */

static unsigned int state;

static unsigned int
any(unsigned int below)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % below;
}

static void
change(unsigned char *data, size_t *len, size_t size)
{
	unsigned int count = 1 + any(4);
	size_t at, more;

	while (count-- > 0 && *len > 0) {
		at = any((unsigned int)*len);
		switch (any(4)) {
		case 0:
			data[at] = (unsigned char)any(256);
			break;
		case 1:
			*len = at;
			break;
		case 2:
			data[at] = (unsigned char)"\"\\,=\0\xff"[any(6)];
			break;
		default:
			/* Once more what comes from here on. */
			more = *len - at;
			if (*len + more <= size) {
				memcpy(data + *len, data + at, more);
				*len += more;
			}
		}
	}
}

static const struct {
	const char *mechanism;
	const char *text;
	size_t len;
} honest[] = {
	{ "DIGEST-MD5",
	  "realm=\"mx.example.test\",nonce=\"" NONCE "\",qop=\"auth,auth-"
	  "int,auth-conf\",cipher=\"rc4-40,rc4-56,rc4,des,3des\",maxbuf=4096,"
	  "algorithm=md5-sess,charset=utf-8",
	  0 },
	{ "NTLM",
	  "NTLMSSP\0\2\0\0\0\14\0\14\0\60\0\0\0\5\202\1\0"
	  "01234567\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0D\0O\0M\0A\0I\0N\0",
	  60 },
	{ "CRAM-MD5", "<1896.697170952@mx.example.test>", 0 },
	{ "LOGIN", "Username:", 0 },
	{ "SCRAM-SHA-1", "r=fyko+d2lbbFgONRv9qkxdawL,s=QSXCR+Q6sek8bf92,i=4096",
	  0 },
	{ "SCRAM-SHA-256", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", 0 },
};

#define HONEST ((int)(sizeof(honest) / sizeof(honest[0])))

/* There is a session to go on with, or none; nobody is authenticated. */
static void
has_failed(int rc)
{
	int state_now = smtpc_session_state(lab.session);

	ck_assert_int_lt(rc, 0);
	ck_assert_int_eq(smtpc_error_result(lab.session), rc);
	ck_assert_int_eq(smtpc_error_safe_to_retry(lab.session), 1);
	ck_assert_ptr_null(smtpc_session_mechanism(lab.session));
	ck_assert(state_now == SMTPC_STATE_READY ||
		  state_now == SMTPC_STATE_DEAD);
}

START_TEST(changed_challenges_do_no_harm)
{
	const char *mechanism = honest[_i].mechanism;
	unsigned char data[1000];
	const char *rounds = getenv("SASL_HOSTILE_ROUNDS");
	size_t len;
	long i, count;
	char *end;
	int j;

	count = rounds != NULL ? strtol(rounds, &end, 10) : 100;
	state = 2463534242u + (unsigned int)_i;
	for (i = 0; i < count; i++) {
		begin();
		for (j = 0; j < 3; j++) {
			len = honest[_i].len > 0 ? honest[_i].len
						 : strlen(honest[_i].text);
			memcpy(data, honest[_i].text, len);
			change(data, &len, sizeof(data));
			server_asks(data, len);
		}
		server_says("535 5.7.8 no");
		has_failed(authenticate(mechanism));
		auth_lab_clear(&lab);
	}
}
END_TEST

/*
 * SCRAM's messages have to go on from the client's, to be looked at at all: the
 * server is an honest one, and somebody changes what it says.
 */

#define SALT_MAX 9000

/* The salt becomes as long as a challenge has room for. */
static void
lengthen_salt(struct octets *challenge)
{
	const char *salt = strstr(octets_data(challenge), ",s=");
	struct octets changed = { 0 };
	size_t i;

	if (salt == NULL)
		return;
	salt += 3;
	octets_append(&changed, octets_data(challenge),
		      (size_t)(salt - octets_data(challenge)));
	for (i = 0; i < SALT_MAX / 4; i++)
		octets_append_text(&changed, "c2Fs");
	octets_append_text(&changed, strstr(salt, ",i="));
	octets_clear(challenge);
	*challenge = changed;
}

/* So does the server's part of the nonce. */
static void
lengthen_nonce(struct octets *challenge)
{
	const char *salt = strstr(octets_data(challenge), ",s=");
	struct octets changed = { 0 };
	size_t i;

	if (salt == NULL)
		return;
	octets_append(&changed, octets_data(challenge),
		      (size_t)(salt - octets_data(challenge)));
	for (i = 0; i < SALT_MAX; i++)
		octets_append_text(&changed, "n");
	octets_append_text(&changed, salt);
	octets_clear(challenge);
	*challenge = changed;
}

/* Anything behind the client's nonce, and the proof. */
static void
change_behind_nonce(struct octets *challenge)
{
	unsigned char data[2000];
	struct octets changed = { 0 };
	size_t start, len;

	/* "r=", and the 32 octets that Cyrus SASL's client has for a nonce. */
	start =
	    challenge->len > 34 && octets_data(challenge)[0] == 'r' ? 34 : 2;
	len = challenge->len - start;
	ck_assert_uint_le(len, sizeof(data));
	memcpy(data, octets_data(challenge) + start, len);
	change(data, &len, sizeof(data));
	octets_append(&changed, octets_data(challenge), start);
	octets_append(&changed, data, len);
	octets_clear(challenge);
	*challenge = changed;
}

static const char *const scrams[] = {
	"SCRAM-SHA-1",	 "SCRAM-SHA-224", "SCRAM-SHA-256",
	"SCRAM-SHA-384", "SCRAM-SHA-512",
};

#define SCRAMS ((int)(sizeof(scrams) / sizeof(scrams[0])))

/* With few iterations, as these take their time under Valgrind. */
static int
authenticate_with_twist(const char *mechanism, void (*twist)(struct octets *))
{
	peer_sasl_set_iterations("10");
	auth_lab_init(&lab);
	ck_assert_int_eq(smtpc_session_set_scram_iterations(lab.session, 1),
			 SMTPC_OK);
	lab.in_clear = true;
	lab.twist = twist;
	auth_lab_set(&lab, PEER_SASL_PASSWORD, mechanism);
	auth_lab_open(&lab);
	return auth_lab_auth(&lab);
}

/* Cyrus SASL has no room for either. */
START_TEST(long_parts_of_SCRAM_do_no_harm)
{
	static void (*const twists[])(struct octets *) = { lengthen_salt,
							   lengthen_nonce };
	size_t i;

	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(authenticate_with_twist(scrams[_i], twists[i]),
				 SMTPC_E_AUTH_PROTOCOL);
		auth_lab_result(&lab, SMTPC_E_AUTH_PROTOCOL, "auth-cancelled",
				SMTPC_STATE_READY);
		ck_assert_str_eq(auth_lab_line(&lab, 1), "*");
		ck_assert_ptr_null(auth_lab_line(&lab, 2));
		auth_lab_clear(&lab);
	}
}
END_TEST

/* Without a change that matters it may even succeed. */
START_TEST(changed_messages_of_SCRAM_do_no_harm)
{
	const char *rounds = getenv("SASL_HOSTILE_ROUNDS");
	const char *mechanism;
	long i, count;
	char *end;
	int rc;

	count = rounds != NULL ? strtol(rounds, &end, 10) : 50;
	state = 88172645u + (unsigned int)_i;
	for (i = 0; i < count; i++) {
		rc = authenticate_with_twist(scrams[_i], change_behind_nonce);
		if (rc == SMTPC_OK) {
			ck_assert(lab.accepted);
			mechanism = smtpc_session_mechanism(lab.session);
			ck_assert_str_eq(mechanism, scrams[_i]);
			ck_assert_int_eq(smtpc_session_state(lab.session),
					 SMTPC_STATE_READY);
		} else {
			has_failed(rc);
		}
		auth_lab_clear(&lab);
	}
}
END_TEST

int
main(void)
{
	const int flags = (int)(sizeof(flag_sets) / sizeof(flag_sets[0]));
	Suite *suite = suite_create("sasl_hostile");
	TCase *tcase = tcase_create("hostile");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, A_090_a_long_realm_of_quotes_is_not_looked_at);
	tcase_add_test(tcase, A_090_quotes_do_no_harm);
	tcase_add_test(tcase, A_090_of_two_realms_one_is_answered);
	tcase_add_test(tcase, A_090_the_longest_challenge_is_exact);
	tcase_add_test(tcase, A_090_a_second_nonce_is_one_too_many);
	tcase_add_loop_test(tcase, A_090_broken_challenges_do_no_harm, 0,
			    DIGESTS);
	tcase_add_loop_test(tcase, A_090_broken_proofs_are_no_proofs, 0,
			    DIGESTS);
	tcase_add_loop_test(tcase, A_091_the_name_of_the_target_lies_elsewhere,
			    0, flags);
	tcase_add_loop_test(
	    tcase, A_091_the_name_of_the_target_is_longer_than_the_message, 0,
	    flags);
	tcase_add_loop_test(tcase, A_091_the_message_is_cut_off, 0, flags);
	tcase_add_test(tcase, A_091_the_message_is_another);
	tcase_add_test(tcase, A_092_a_challenge_of_9000_octets_does_no_harm);
	tcase_add_test(tcase, A_092_a_NUL_in_the_challenge_does_no_harm);
	tcase_add_test(tcase, A_092_an_empty_challenge_is_not_answered);
	tcase_add_loop_test(tcase, changed_challenges_do_no_harm, 0, HONEST);
	tcase_add_loop_test(tcase, long_parts_of_SCRAM_do_no_harm, 0, SCRAMS);
	tcase_add_loop_test(tcase, changed_messages_of_SCRAM_do_no_harm, 0,
			    SCRAMS);
	return auth_lab_run_suite(suite);
}

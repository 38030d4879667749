/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prints the message that tools/compose.c makes of a sender, a subject and
 * recipients given as arguments and a text given on standard input, for a test
 * that reads it with somebody else's decoder.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compose.h"
#include "input.h"
#include "text.h"

int
main(int argc, char **argv)
{
	struct compose compose;
	struct text body, out;
	const char *wrong;

	if (argc < 4)
		return EXIT_FAILURE;
	text_init(&body, 16 * 1024 * 1024);
	text_init(&out, 64 * 1024 * 1024);
	if (input_read_all(STDIN_FILENO, &body) != 0)
		return EXIT_FAILURE;

	memset(&compose, 0, sizeof(compose));
	compose.sender = argv[1];
	compose.subject = argv[2];
	compose.recipients = argv + 3;
	compose.recipient_count = (size_t)argc - 3;
	compose.text = body.data;
	compose.text_len = body.len;
	compose.now = 1709633472000;
	wrong = compose_message(&compose, &out);
	if (wrong != NULL)
		fprintf(stderr, "%s\n", wrong);
	else
		fwrite(out.data, 1, out.len, stdout);

	text_clear(&body);
	text_clear(&out);
	return wrong == NULL ? EXIT_SUCCESS : EXIT_FAILURE;
}

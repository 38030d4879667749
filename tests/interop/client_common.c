/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the clients of the interop tests share.
 */
#include "client_common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void
complain(const char *what)
{
	fprintf(stderr, "client: %s\n", what);
	exit(2);
}

long
number_of(const char *text)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 0);
	if (errno != 0 || end == text || *end != '\0')
		complain("not a number");
	return number;
}

/* What is no ASCII becomes the character of that number. */
void
print_octets(const char *key, const char *text, size_t len)
{
	unsigned char octet;
	size_t i;

	printf(", \"%s\": \"", key);
	for (i = 0; i < len; i++) {
		octet = (unsigned char)text[i];
		if (octet == '"' || octet == '\\')
			printf("\\%c", octet);
		else if (octet < ' ' || octet > '~')
			printf("\\u%04x", (unsigned int)octet);
		else
			putchar(octet);
	}
	putchar('"');
}

void
print_text(const char *key, const char *text)
{
	if (text == NULL)
		printf(", \"%s\": null", key);
	else
		print_octets(key, text, strlen(text));
}

void
print_number(const char *key, long number)
{
	printf(", \"%s\": %ld", key, number);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chance that can be repeated. */
#include "dice.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define NOTES_MAX 1000000
#define NOTE_MAX  200

static struct {
	unsigned long seed;
	uint64_t state;
	bool is_loud;
	char notes[NOTES_MAX];
	size_t len;
} dice_cup;

/* Marsaglia's xorshift with 64 bits, which never come to nothing. */
static uint64_t
throw_all(void)
{
	dice_cup.state ^= dice_cup.state << 13;
	dice_cup.state ^= dice_cup.state >> 7;
	dice_cup.state ^= dice_cup.state << 17;
	return dice_cup.state;
}

void
dice_begin(unsigned long seed, bool is_loud)
{
	int i;

	dice_cup.seed = seed;
	dice_cup.is_loud = is_loud;
	dice_cup.len = 0;
	dice_cup.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	/* Seeds that are alike begin alike. */
	for (i = 0; i < 10; i++)
		(void)throw_all();
}

unsigned int
dice(unsigned int count)
{
	return (unsigned int)((throw_all() >> 11) % count);
}

bool
once_in(unsigned int count)
{
	return dice(count) == 0;
}

void
note(const char *format, ...)
{
	char line[NOTE_MAX];
	va_list args;
	int len;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (dice_cup.is_loud)
		printf("# %s\n", line);
	len = snprintf(dice_cup.notes + dice_cup.len, NOTES_MAX - dice_cup.len,
		       "#   %s\n", line);
	if (dice_cup.len + (size_t)len < NOTES_MAX)
		dice_cup.len += (size_t)len;
}

void
wrong(const char *format, ...)
{
	va_list args;

	printf("# seed %lu: ", dice_cup.seed);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	if (!dice_cup.is_loud)
		printf("%.*s", (int)dice_cup.len, dice_cup.notes);
	fflush(stdout);
	_Exit(EXIT_FAILURE);
}

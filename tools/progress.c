/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bar on the terminal that shows how far a long message is. */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MEBIBYTE  (1024 * 1024)
#define BAR_WIDTH 40

void
progress_init(struct progress *progress, enum progress_wish wish, int64_t total)
{
	memset(progress, 0, sizeof(*progress));
	progress->total = total;
	if (wish == PROGRESS_ALWAYS) {
		progress->on = true;
	} else if (wish == PROGRESS_AUTO && isatty(STDERR_FILENO)) {
		progress->least = MEBIBYTE;
		progress->on = total < 0 || total >= progress->least;
	}
}

size_t
progress_format(char line[PROGRESS_LINE_SIZE], int64_t done, int64_t total)
{
	char bar[BAR_WIDTH + 1];
	int filled, len;

	if (total < 0) {
		len = snprintf(line, PROGRESS_LINE_SIZE, "%10.1f MiB sent",
			       (double)done / MEBIBYTE);
		return (size_t)len;
	}
	if (done > total)
		done = total;
	filled = total == 0 ? BAR_WIDTH
			    : (int)((double)done / (double)total * BAR_WIDTH);
	memset(bar, '-', BAR_WIDTH);
	memset(bar, '#', (size_t)filled);
	bar[BAR_WIDTH] = '\0';
	len = snprintf(line, PROGRESS_LINE_SIZE, "[%s] %3d%% of %.1f MiB", bar,
		       total == 0 ? 100
				  : (int)((double)done / (double)total * 100),
		       (double)total / MEBIBYTE);
	return (size_t)len;
}

void
progress_update(struct progress *progress, int64_t done)
{
	char line[PROGRESS_LINE_SIZE];
	int64_t step;

	/* A hundred lines for a whole message, or one a quarter mebibyte. */
	step = progress->total < 0 ? MEBIBYTE / 4 : progress->total / 100;
	if (!progress->on)
		return;
	if (progress->total < 0 && done < progress->least)
		return;
	if (progress->drawn && done < progress->shown + step &&
	    done != progress->total)
		return;

	progress_format(line, done, progress->total);
	fprintf(stderr, "\r%s", line);
	progress->drawn = true;
	progress->shown = done;
}

void
progress_end(struct progress *progress)
{
	if (progress->drawn)
		putc('\n', stderr);
	progress->drawn = false;
	progress->on = false;
}

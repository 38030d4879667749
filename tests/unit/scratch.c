/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A directory that Check's own process makes and removes, so that it does not
 * matter how the process of a test ends.
 */
#include "scratch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATHS_MAX 16

static char directory[512];
static char paths[PATHS_MAX][sizeof(directory) + 64];
static size_t next;

static void
make(void)
{
	const char *parent = getenv("TMPDIR");

	if (parent == NULL || *parent == '\0')
		parent = "/tmp";
	snprintf(directory, sizeof(directory), "%s/smtpc-test-XXXXXX", parent);
	if (mkdtemp(directory) == NULL) {
		printf("Bail out! there is no directory %s\n", directory);
		exit(EXIT_FAILURE);
	}
}

void
scratch_empty(void)
{
	DIR *open = opendir(directory);
	const struct dirent *entry;

	while (open != NULL && (entry = readdir(open)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(open), entry->d_name, 0);
	if (open != NULL)
		closedir(open);
}

static void
discard(void)
{
	scratch_empty();
	rmdir(directory);
}

void
scratch_add(TCase *tcase)
{
	tcase_add_unchecked_fixture(tcase, make, discard);
}

const char *
scratch_directory(void)
{
	return directory;
}

char *
scratch_path(const char *name)
{
	char *path = paths[next++ % PATHS_MAX];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

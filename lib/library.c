/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The library as a whole: its version, and the texts of its enumerations.
 */
#include <smtpc/smtpc.h>

int
smtpc_version(void)
{
	return SMTPC_VERSION;
}

const char *
smtpc_version_string(void)
{
	return SMTPC_VERSION_STRING;
}

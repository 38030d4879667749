/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The system's errors in words.
 */
#include "system_error.h"

#include <stddef.h>
#include <string.h>

const char *
system_error_text(int system_error)
{
	/* strerror() may translate, and is not safe in threads. */
	const char *text = strerrordesc_np(system_error);

	return text != NULL ? text : "unknown system error";
}

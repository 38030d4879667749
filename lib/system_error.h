/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_SYSTEM_ERROR_H
#define SMTPC_SYSTEM_ERROR_H

/*
 * What an error number of the system means: English whatever the locale, and
 * words that last for ever.
 */
const char *system_error_text(int system_error);

#endif

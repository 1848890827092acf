/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRIU_OPTIONS_H
#define CRIU_OPTIONS_H

#include "criu/request.h"

#define OPTIONS_DONE (-1)

/**
 * options_read - Reads a command line as criu(8) has it; says what is wrong with it, and answers --help and --version.
 * @request: the caller frees it with request_free(), also after an error
 *
 * Returns: OPTIONS_DONE to go on, else the exit status.
 */
int options_read(struct request *request, int argc, char **argv);

#endif

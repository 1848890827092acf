/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRIU_PROGRAM_H
#define CRIU_PROGRAM_H

/** program_self - The path of this program. Returns: NULL: unknown, or no memory; else the caller frees it. */
char *program_self(void);

/**
 * program_become - Executes a program: the one beside this program, or else one in PATH.
 * @argv: begins with its name
 *
 * Returns: only after an error that was said, the exit status.
 */
int program_become(char **argv);

/** program_run - Runs a program in the same way and waits for it. Returns: its exit status, as shells tell it. */
int program_run(char **argv);

#endif

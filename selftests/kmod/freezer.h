/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Freezing processes by cgroups, of either version.
 */
#ifndef KMOD_FREEZER_H
#define KMOD_FREEZER_H

#include <stdbool.h>
#include <sys/types.h>

struct freezer {
	int version; /* 1 or 2 */
	char group[160];
};

/**
 * freezer_make - Makes an empty group, of a hierarchy that is mounted in the current directory.
 *
 * Returns: whether that was possible; it is to be removed with freezer_remove() in any case.
 */
bool freezer_make(struct freezer *freezer, int version);

/** freezer_freeze - Moves a process there, and waits until it is frozen. Returns: whether it is. */
bool freezer_freeze(const struct freezer *freezer, pid_t tgid);

/** freezer_thaw - Lets all in there go on. */
bool freezer_thaw(const struct freezer *freezer);

/** freezer_remove - Removes the group; who was in there must be gone. */
void freezer_remove(const struct freezer *freezer);

#endif

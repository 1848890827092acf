/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOCKS_FLAGS_H
#define LOCKS_FLAGS_H

/** FL_* of the kernel's linux/filelock.h, as far as /proc tells them. */
enum {
	FL_POSIX = 1,
	FL_FLOCK = 2,
	FL_DELEG = 4,
	FL_LEASE = 32,
	FL_DOWNGRADE_PENDING = 256,
	FL_UNLOCK_PENDING = 512,
	FL_OFDLCK = 1024,
};

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCFS_STANDARD_H
#define PROCFS_STANDARD_H

/**
 * proc_hold_standard - Keeps descriptors 0 to 2 from becoming other files, where one is closed.
 *
 * Messages would go to whatever is opened there: an image, or a file of the process that is looked at. What
 * takes their places can be neither read nor written, and is closed by execve(2).
 */
void proc_hold_standard(void);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/* Linux 6.9, a69ce85ec9af: what locks and leases have in common is a struct of its own. */
#include <linux/filelock.h>

struct file_lock_core *probe(struct file_lock *lock, struct file_lease *lease);
struct file_lock_core *probe(struct file_lock *lock, struct file_lease *lease)
{
	return lease->fl_break_time ? &lease->c : &lock->c;
}

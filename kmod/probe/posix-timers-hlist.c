// SPDX-License-Identifier: GPL-2.0-only
/* Between Linux 6.1 and 6.12, "posix-timers: Convert timer list to hlist". */
#include <linux/sched/signal.h>

struct hlist_head *probe(struct signal_struct *signal);
struct hlist_head *probe(struct signal_struct *signal)
{
	return &signal->posix_timers;
}

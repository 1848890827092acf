// SPDX-License-Identifier: GPL-2.0-only
/* Linux 6.7, 0ede61d8589c: get_file_rcu() looks the pointer up itself. */
#include <linux/fs.h>

struct file *probe(struct file __rcu **pointer);
struct file *probe(struct file __rcu **pointer)
{
	return get_file_rcu(pointer);
}

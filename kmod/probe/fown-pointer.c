// SPDX-License-Identifier: GPL-2.0-only
/* Linux 6.12, 1934b212615d: the owner of a file is allocated when it is set. */
#include <linux/fs.h>

struct fown_struct *probe(struct file *file);
struct fown_struct *probe(struct file *file)
{
	return file_f_owner(file);
}

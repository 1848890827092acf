// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module for tests: gives delegations and layouts, which else only servers have of files, to whoever writes the
 * number of a descriptor of its own to /sys/module/delegate/parameters/delegation or .../layout. They are of type
 * READ, end with the open file description, and are not given up when they are broken.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>

#ifndef HAVE_FILE_LOCK_CORE
#define lease_manager_operations lock_manager_operations
#define locks_alloc_lease	 locks_alloc_lock
#define locks_free_lease	 locks_free_lock
#endif

static bool stay(struct file_lease *lease)
{
	return false;
}

static const struct lease_manager_operations operations = {
	.lm_break = stay,
	.lm_change = lease_modify,
};

static int give(struct file *file, unsigned int flags)
{
	struct file_lease *lease = locks_alloc_lease();
	struct file_lock_core *core;
	int err;

	if (!lease)
		return -ENOMEM;
	core = file_lease_core_of(lease);
	core->flc_flags = flags;
	core->flc_type = F_RDLCK;
	core->flc_file = file;
	core->flc_owner = file;
	core->flc_pid = current->tgid;
#ifndef HAVE_FILE_LOCK_CORE
	lease->fl_end = OFFSET_MAX;
#endif
	lease->fl_lmops = &operations;
	err = vfs_setlease(file, F_RDLCK, &lease, NULL);
	/* The kernel has it, or else it is still here. */
	if (lease)
		locks_free_lease(lease);
	return err;
}

static int set(const char *text, const struct kernel_param *param)
{
	struct file *file;
	unsigned int fd;
	int err = kstrtouint(text, 0, &fd);

	if (err)
		return err;
	file = fget(fd);
	if (!file)
		return -EBADF;
	err = give(file, (uintptr_t)param->arg);
	fput(file);
	/* What was given leads here for as long as it lasts. */
	if (!err)
		__module_get(THIS_MODULE);
	return err;
}

static const struct kernel_param_ops ops = { .set = set };

module_param_cb(delegation, &ops, (void *)(uintptr_t)FL_DELEG, 0200);
MODULE_PARM_DESC(delegation, "a descriptor to be given a delegation");
module_param_cb(layout, &ops, (void *)(uintptr_t)FL_LAYOUT, 0200);
MODULE_PARM_DESC(layout, "a descriptor to be given a layout");

static int __init delegate_init(void)
{
	return 0;
}
module_init(delegate_init);

MODULE_DESCRIPTION("Delegations and layouts for tests");
MODULE_LICENSE("GPL");

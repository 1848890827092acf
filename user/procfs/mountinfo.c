// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include <libmount/libmount.h>

#include "procfs/mountinfo.h"

static struct libmnt_table *table_of(struct proc_mounts *mounts)
{
	return (struct libmnt_table *)mounts;
}

int proc_mounts_read(struct proc_mounts **out, pid_t pid)
{
	struct libmnt_table *table = mnt_new_table();
	char name[64];
	int err;

	if (!table)
		return -ENOMEM;
	snprintf(name, sizeof(name), "/proc/%d/mountinfo", pid);
	err = mnt_table_parse_file(table, name);
	if (err) {
		mnt_unref_table(table);
		return err < 0 ? err : -EINVAL;
	}
	*out = (struct proc_mounts *)table;
	return 0;
}

void proc_mounts_free(struct proc_mounts *mounts)
{
	mnt_unref_table(table_of(mounts));
}

static void fill_in(struct proc_mount *mount, struct libmnt_fs *fs)
{
	*mount = (struct proc_mount){
		.id = mnt_fs_get_id(fs),
		.dev_major = major(mnt_fs_get_devno(fs)),
		.dev_minor = minor(mnt_fs_get_devno(fs)),
		.target = mnt_fs_get_target(fs),
		.type = mnt_fs_get_fstype(fs),
	};
}

int proc_mounts_each(struct proc_mounts *mounts, proc_mount_fn *fn, void *data)
{
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct proc_mount mount;
	struct libmnt_fs *fs;
	int ret = iter ? 0 : -ENOMEM;

	while (!ret && !mnt_table_next_fs(table_of(mounts), iter, &fs)) {
		fill_in(&mount, fs);
		ret = fn(&mount, data);
	}
	mnt_free_iter(iter);
	return ret;
}

int proc_mounts_find(struct proc_mounts *mounts, int id, struct proc_mount *mount)
{
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	int err = iter ? -ENOENT : -ENOMEM;

	while (err == -ENOENT && !mnt_table_next_fs(table_of(mounts), iter, &fs)) {
		if (mnt_fs_get_id(fs) != id)
			continue;
		fill_in(mount, fs);
		err = 0;
	}
	mnt_free_iter(iter);
	return err;
}

int proc_mounts_find_device(struct proc_mounts *mounts, uint32_t dev_major, uint32_t dev_minor,
			    struct proc_mount *mount)
{
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	int err = iter ? -ENOENT : -ENOMEM;

	while (err == -ENOENT && !mnt_table_next_fs(table_of(mounts), iter, &fs)) {
		if (mnt_fs_get_devno(fs) != makedev(dev_major, dev_minor))
			continue;
		fill_in(mount, fs);
		err = 0;
	}
	mnt_free_iter(iter);
	return err;
}

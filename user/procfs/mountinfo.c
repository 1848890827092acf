// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libmount is loaded when it is first needed: it brings libblkid, libselinux and libpcre2 along, to load which takes
 * a tenth of the time that a small process is brought back in, and crrestore mostly does without.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <libmount/libmount.h>

#include "procfs/mountinfo.h"

static struct {
	typeof(mnt_new_table) *new_table;
	typeof(mnt_table_parse_file) *table_parse_file;
	typeof(mnt_unref_table) *unref_table;
	typeof(mnt_fs_get_id) *fs_get_id;
	typeof(mnt_fs_get_devno) *fs_get_devno;
	typeof(mnt_fs_get_target) *fs_get_target;
	typeof(mnt_fs_get_fstype) *fs_get_fstype;
	typeof(mnt_new_iter) *new_iter;
	typeof(mnt_table_next_fs) *table_next_fs;
	typeof(mnt_free_iter) *free_iter;
} mnt;

static const struct {
	const char *name;
	void *function; /* where its address goes */
} functions[] = {
	{ "mnt_new_table", &mnt.new_table },	     { "mnt_table_parse_file", &mnt.table_parse_file },
	{ "mnt_unref_table", &mnt.unref_table },     { "mnt_fs_get_id", &mnt.fs_get_id },
	{ "mnt_fs_get_devno", &mnt.fs_get_devno },   { "mnt_fs_get_target", &mnt.fs_get_target },
	{ "mnt_fs_get_fstype", &mnt.fs_get_fstype }, { "mnt_new_iter", &mnt.new_iter },
	{ "mnt_table_next_fs", &mnt.table_next_fs }, { "mnt_free_iter", &mnt.free_iter },
};

/* Returns: 0 or -ELIBACC. */
static int load(void)
{
	static bool loaded;
	void *library = loaded ? NULL : dlopen("libmount.so.1", RTLD_NOW);

	for (size_t i = 0; library && i < sizeof(functions) / sizeof(*functions); i++) {
		void *function = dlsym(library, functions[i].name);

		if (!function)
			return -ELIBACC;
		memcpy(functions[i].function, &function, sizeof(function));
	}
	loaded |= library != NULL;
	return loaded ? 0 : -ELIBACC;
}

static struct libmnt_table *table_of(struct proc_mounts *mounts)
{
	return (struct libmnt_table *)mounts;
}

int proc_mounts_read(struct proc_mounts **out, pid_t pid)
{
	struct libmnt_table *table;
	char name[64];
	int err = load();

	if (err)
		return err;
	table = mnt.new_table();
	if (!table)
		return -ENOMEM;
	snprintf(name, sizeof(name), "/proc/%d/mountinfo", pid);
	err = mnt.table_parse_file(table, name);
	if (err) {
		mnt.unref_table(table);
		return err < 0 ? err : -EINVAL;
	}
	*out = (struct proc_mounts *)table;
	return 0;
}

void proc_mounts_free(struct proc_mounts *mounts)
{
	if (mounts)
		mnt.unref_table(table_of(mounts));
}

static void fill_in(struct proc_mount *mount, struct libmnt_fs *fs)
{
	*mount = (struct proc_mount){
		.id = mnt.fs_get_id(fs),
		.dev_major = major(mnt.fs_get_devno(fs)),
		.dev_minor = minor(mnt.fs_get_devno(fs)),
		.target = mnt.fs_get_target(fs),
		.type = mnt.fs_get_fstype(fs),
	};
}

int proc_mounts_each(struct proc_mounts *mounts, proc_mount_fn *fn, void *data)
{
	struct libmnt_iter *iter = mnt.new_iter(MNT_ITER_FORWARD);
	struct proc_mount mount;
	struct libmnt_fs *fs;
	int ret = iter ? 0 : -ENOMEM;

	while (!ret && !mnt.table_next_fs(table_of(mounts), iter, &fs)) {
		fill_in(&mount, fs);
		ret = fn(&mount, data);
	}
	mnt.free_iter(iter);
	return ret;
}

int proc_mounts_find(struct proc_mounts *mounts, int id, struct proc_mount *mount)
{
	struct libmnt_iter *iter = mnt.new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	int err = iter ? -ENOENT : -ENOMEM;

	while (err == -ENOENT && !mnt.table_next_fs(table_of(mounts), iter, &fs)) {
		if (mnt.fs_get_id(fs) != id)
			continue;
		fill_in(mount, fs);
		err = 0;
	}
	mnt.free_iter(iter);
	return err;
}

int proc_mounts_find_device(struct proc_mounts *mounts, uint32_t dev_major, uint32_t dev_minor,
			    struct proc_mount *mount)
{
	struct libmnt_iter *iter = mnt.new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	int err = iter ? -ENOENT : -ENOMEM;

	while (err == -ENOENT && !mnt.table_next_fs(table_of(mounts), iter, &fs)) {
		if (mnt.fs_get_devno(fs) != makedev(dev_major, dev_minor))
			continue;
		fill_in(mount, fs);
		err = 0;
	}
	mnt.free_iter(iter);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One image of a checkpoint in which the others are good. The first byte says which one; the rest is what it has in it.
 * All that reads images reads the checkpoint: `crlock show` and crrestore, which here finds no checksums.
 *
 * CRLOCK_FUZZ_CHECKPOINT is a directory with the good ones, CRLOCK_FUZZ_PID the first process; see the script run.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crlock/show/print.h"
#include "fuzz/fuzz.h"
#include "image/checksums.h"
#include "image/pages.h"
#include "restore/files/files.h"

/* Every kind of image that the checkpoint has; new ones come last, for the corpus has their numbers. */
static const char *const names[] = {
	"inventory.img", "checksums.img", "crlock.img", "filelocks.img", "pstree.img", "core-%d.img", "ids-%d.img",
	"mm-%d.img", "fs-%d.img", "pagemap-%d.img", "files.img", "fdinfo-2.img", "remap-fpath.img",
	"ghost-file-1.img", "pipes-data.img", "memfd.img", "timens-0.img", "sk-queues.img", "fifo-data.img",
	"tty-info.img", "stats-dump",
};

static char good[4096], dir[64];

/* Of the first process of the checkpoint. */
static int root_pid(void)
{
	const char *pid = getenv("CRLOCK_FUZZ_PID");

	return pid ? atoi(pid) : 1;
}

static void set_up(void)
{
	const char *from = getenv("CRLOCK_FUZZ_CHECKPOINT");
	char command[8300];

	if (!from || !freopen("/dev/null", "w", stdout))
		abort();
	snprintf(good, sizeof(good), "%s", from);
	strcpy(dir, "/dev/shm/crlock-fuzz.XXXXXX");
	if (!mkdtemp(dir))
		abort();
	snprintf(command, sizeof(command), "ln -s '%s'/* %s/", good, dir);
	if (system(command))
		abort();
	fuzz_remove_at_exit(dir);
}

static void put(const char *name, const uint8_t *data, size_t size)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

static void put_back(const char *name)
{
	char path[128], target[4400];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(target, sizeof(target), "%s/%s", good, name);
	unlink(path);
	if (!access(target, F_OK) && symlink(target, path))
		abort();
}

/* Every refusal is one line. */
static void judge(int ret, const char *why)
{
	if (ret < 0 && (!*why || strchr(why, '\n')))
		abort();
}

static void read_as_crlock(void)
{
	char why[8192] = "";
	const struct image_error error = { why, sizeof(why) };
	struct contents contents;
	int ret = contents_read(&contents, dir, &error);

	judge(ret, why);
	if (!ret && !print_text(&contents))
		judge(print_json(&contents, &error), why);
	contents_free(&contents);
}

static void read_as_crrestore(const char *name)
{
	const struct restore_files_options options = { 0 };
	char why[8192] = "";
	const struct image_error error = { why, sizeof(why) };
	struct restore_files *files = NULL;
	struct image_pages pages;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	judge(restore_files_read(&files, fd, dir, &options, &error), why);
	restore_files_free(files);
	if (!strncmp(name, "pagemap", strlen("pagemap"))) {
		int ret = image_pages_open(&pages, fd, dir, name, &error);

		judge(ret, why);
		if (!ret)
			image_pages_close(&pages);
	}
	judge(checksums_verify(fd, dir, &error), why);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[64];

	if (!*dir)
		set_up();
	if (!size)
		return -1;
	snprintf(name, sizeof(name), names[*data % (sizeof(names) / sizeof(*names))], root_pid());
	put(name, data + 1, size - 1);
	read_as_crlock();
	read_as_crrestore(name);
	put_back(name);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz/image.h"
#include "fuzz/fuzz.h"
#include "image/container.h"

/* Every kind of image; new ones come last, for the corpus has their numbers. */
static const char *const names[] = {
	"inventory.img",
	"checksums.img",
	"crlock.img",
	"filelocks.img",
	"pstree.img",
	"core-%d.img",
	"ids-%d.img",
	"mm-%d.img",
	"fs-%d.img",
	"pagemap-%d.img",
	"files.img",
	"fdinfo-2.img",
	"remap-fpath.img",
	"ghost-file-1.img",
	"pipes-data.img",
	"memfd.img",
	"timens-0.img",
	"sk-queues.img",
	"fifo-data.img",
	"tty-info.img",
	"stats-dump",
	"tty-data.img",
	"pagemap-shmem-58889.img",
	"stats-restore",
};

static char good[4096], dir[256], last[64];

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
	fuzz_directory(dir, sizeof(dir));
	snprintf(command, sizeof(command), "ln -s '%s'/* '%s'/", good, dir);
	if (system(command))
		abort();
}

const char *fuzz_image_put(const uint8_t *data, size_t size, char name[64])
{
	char path[512];
	int fd;

	if (!*dir)
		set_up();
	image_reader_begin();
	snprintf(last, sizeof(last), names[*data % (sizeof(names) / sizeof(*names))], root_pid());
	snprintf(path, sizeof(path), "%s/%s", dir, last);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)size - 1)
		abort();
	close(fd);
	if (name)
		snprintf(name, 64, "%s", last);
	return dir;
}

void fuzz_image_put_back(void)
{
	char path[512], target[4400];

	snprintf(path, sizeof(path), "%s/%s", dir, last);
	snprintf(target, sizeof(target), "%s/%s", good, last);
	unlink(path);
	if (!access(target, F_OK) && symlink(target, path))
		abort();
}

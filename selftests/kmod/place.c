// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "place.h"

bool place_enter(struct place *place)
{
	strcpy(place->path, "/tmp/crlock-test.XXXXXX");
	return mkdtemp(place->path) && !mount("none", place->path, "tmpfs", 0, NULL) && !chdir(place->path);
}

void place_leave(struct place *place)
{
	if (chdir("/") || !place->path[0])
		return;
	umount2(place->path, MNT_DETACH);
	rmdir(place->path);
}

int file_new(const char *name, int flags)
{
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0640);

	if (fd < 0 || ftruncate(fd, 100))
		return -1;
	close(fd);
	return open(name, flags);
}

int file_lock(int fd, int command, int type, off_t start, off_t len)
{
	struct flock lock = { .l_type = type, .l_start = start, .l_len = len };

	return fcntl(fd, command, &lock);
}

static void read_fdinfo_line(struct truth *truth, const char *line)
{
	sscanf(line, "pos:%" SCNi64, &truth->pos);
	sscanf(line, "flags:%o", &truth->flags);
	sscanf(line, "mnt_id:%d", &truth->mnt_id);
	sscanf(line, "ino:%" SCNu64, &truth->ino);
}

static void read_mountinfo_line(struct truth *truth, const char *line)
{
	uint32_t major, minor;
	int mnt_id;

	if (sscanf(line, "%d %*d %u:%u", &mnt_id, &major, &minor) != 3 || mnt_id != truth->mnt_id)
		return;
	truth->has_dev = true;
	truth->dev_major = major;
	truth->dev_minor = minor;
}

static bool each_line(const char *name, struct truth *truth,
		      void (*take)(struct truth *truth, const char *line))
{
	FILE *file = fopen(name, "re");
	char line[4096];

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		take(truth, line);
	fclose(file);
	return true;
}

bool truth_read(struct truth *truth, pid_t tid, int fd)
{
	char name[64];

	*truth = (struct truth){ .mnt_id = -1, .pos = -1 };
	snprintf(name, sizeof(name), "/proc/%d/fdinfo/%d", tid, fd);
	return each_line(name, truth, read_fdinfo_line) && truth->mnt_id >= 0 && truth->ino &&
	       each_line("/proc/self/mountinfo", truth, read_mountinfo_line);
}

bool number_write(const char *name, unsigned long long number)
{
	FILE *file = fopen(name, "we");

	if (!file)
		return false;
	fprintf(file, "%llu\n", number);
	return !fclose(file);
}

unsigned long long number_read(const char *name)
{
	FILE *file = fopen(name, "re");
	unsigned long long number = 0;

	if (file) {
		if (fscanf(file, "%llu", &number) != 1)
			number = 0;
		fclose(file);
	}
	return number;
}

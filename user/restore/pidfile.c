// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/say.h"
#include "image/status.h"
#include "restore/pidfile.h"

/* Not to wait for who reads a fifo, while the processes stand still. */
#define FLAGS (O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)

static int open_or_make(struct pidfile *pidfile)
{
	pidfile->fd = open(pidfile->path, FLAGS);
	if (pidfile->fd >= 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	/* Before it is made: who puts it back may find this program killed right then. */
	atomic_store(&pidfile->made, true);
	pidfile->fd = open(pidfile->path, FLAGS | O_CREAT | O_EXCL, 0666);
	if (pidfile->fd >= 0)
		return 0;
	atomic_store(&pidfile->made, false);
	return -errno;
}

/* Returns: 0 or a negative errno value; -EFBIG: that is no file for a pid. */
static int read_before(struct pidfile *pidfile)
{
	struct stat stat;
	ssize_t n = 0;
	int fd;

	if (fstat(pidfile->fd, &stat))
		return -errno;
	pidfile->regular = S_ISREG(stat.st_mode);
	if (!pidfile->regular || !stat.st_size)
		return 0;
	if (stat.st_size > PIDFILE_MAX)
		return -EFBIG;
	fd = open(pidfile->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		pidfile->before_size += n;
		n = pread(fd, pidfile->before + pidfile->before_size, PIDFILE_MAX - pidfile->before_size,
			  pidfile->before_size);
	} while (n > 0);
	n = n ? -errno : 0;
	close(fd);
	return n;
}

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			bytes += n;
			size -= n;
		}
	}
	return 0;
}

static int replace(struct pidfile *pidfile, const char *bytes, size_t size)
{
	int ret;

	/* What was there stays until there is something to read in its place. */
	if (pidfile->regular && lseek(pidfile->fd, 0, SEEK_SET))
		return -errno;
	ret = write_all(pidfile->fd, bytes, size);
	if (!ret && pidfile->regular && ftruncate(pidfile->fd, size))
		ret = -errno;
	return ret;
}

int pidfile_write(struct pidfile *pidfile, const char *path, pid_t pid)
{
	char text[16];
	int ret;

	pidfile->path = path;
	ret = open_or_make(pidfile);
	ret = ret ? ret : read_before(pidfile);
	if (!ret) {
		atomic_store(&pidfile->written, true);
		ret = replace(pidfile, text, snprintf(text, sizeof(text), "%d\n", pid));
	}
	if (!ret)
		return 0;
	if (ret == -EFBIG)
		say("%s: has more than %d bytes, and so is no file for a pid", path, PIDFILE_MAX);
	else
		say("%s: %s", path, strerror(-ret));
	pidfile_put_back(pidfile);
	return STATUS_IMAGE;
}

void pidfile_put_back(struct pidfile *pidfile)
{
	if (atomic_load(&pidfile->written) && pidfile->regular)
		replace(pidfile, pidfile->before, pidfile->before_size);
	atomic_store(&pidfile->written, false);
	if (atomic_load(&pidfile->made))
		unlink(pidfile->path);
	atomic_store(&pidfile->made, false);
}

void pidfile_close(struct pidfile *pidfile)
{
	if (pidfile->fd >= 0)
		close(pidfile->fd);
	pidfile->fd = -1;
}

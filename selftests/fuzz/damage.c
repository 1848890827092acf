// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * damage DIR: each image of a checkpoint is cut at each of its bytes, and each of its bytes is changed; of large ones, some.
 * Each time the checksums must tell, with one line that names the image. Puts all back as it was.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/checksums.h"
#include "image/directory.h"
#include "image/magic.h"

/* All bytes of what is smaller. */
#define STEPS 8192

static char why[8192];
static const struct image_error error = { why, sizeof(why) };
static struct image_checksums list;
static size_t nr_damages, nr_missed;

/* Only what can be other than before is read. */
static int verify(int dir, const char *path, const char *name)
{
	struct image_checksums again;
	int ret;

	if (!strcmp(name, IMAGE_CHECKSUMS)) {
		ret = checksums_read(&again, dir, path, &error);
		checksums_free(&again);
		return ret;
	}
	for (size_t i = 0; i < list.nr; i++) {
		if (!strcmp(list.entries[i].name, name))
			return checksums_check(&list.entries[i], dir, path, &error);
	}
	return 0;
}

static void judge(int dir, const char *path, const char *name, const char *what, off_t at)
{
	*why = '\0';
	nr_damages++;
	if (verify(dir, path, name) < 0 && strstr(why, name) && !strchr(why, '\n'))
		return;
	nr_missed++;
	printf("%s: %s at %lld: %s\n", name, what, (long long)at, *why ? why : "not seen");
}

static void copy_to(int dir, const char *name, const char *data, off_t size)
{
	int fd = openat(dir, name, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != size || close(fd))
		abort();
}

static void change(int dir, const char *name, off_t at, char byte)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || pwrite(fd, &byte, 1, at) != 1 || close(fd))
		abort();
}

static void damage(int dir, const char *path, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	off_t step, size;
	struct stat st;
	char *data;

	if (fd < 0 || fstat(fd, &st))
		abort();
	size = st.st_size;
	data = malloc(size + 1);
	if (!data || pread(fd, data, size, 0) != size)
		abort();
	close(fd);
	/* Odd, so that it meets all places of a page. */
	step = size <= STEPS ? 1 : size / 8 | 1;
	for (off_t at = 0; at < size; at += step) {
		change(dir, name, at, data[at] ^ (1 << at % 8));
		judge(dir, path, name, "changed", at);
		change(dir, name, at, data[at]);
	}
	for (off_t at = size - 1; at >= 0; at -= step) {
		if (unlinkat(dir, name, 0) || close(openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600)))
			abort();
		copy_to(dir, name, data, at);
		judge(dir, path, name, "cut", at);
	}
	copy_to(dir, name, data, size);
	free(data);
}

int main(int argc, char **argv)
{
	int dir = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	size_t nr;

	if (dir < 0 || checksums_read(&list, dir, argv[1], &error) != 1 ||
	    checksums_verify(dir, argv[1], &error) != 1) {
		printf("not good from the beginning: %s\n", why);
		return 1;
	}
	nr = list.nr;
	for (size_t i = 0; i < nr; i++)
		damage(dir, argv[1], list.entries[i].name);
	damage(dir, argv[1], IMAGE_CHECKSUMS);
	printf("%zu images, %zu damages, %zu not seen\n", nr, nr_damages, nr_missed);
	if (checksums_verify(dir, argv[1], &error) != 1)
		printf("not put back: %s\n", why);
	checksums_free(&list);
	return nr_missed > 0;
}

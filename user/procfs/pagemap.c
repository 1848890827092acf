// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "procfs/file.h"
#include "procfs/pagemap.h"

int proc_pagemap_open(int dir)
{
	int fd = openat(dir, "pagemap", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

ssize_t proc_pagemap_read(int fd, uint64_t start, uint64_t *entries, size_t nr)
{
	size_t size = nr * sizeof(*entries), done = 0;
	off_t at = start / PROC_PAGE_SIZE * sizeof(*entries);

	while (done < size) {
		ssize_t got = pread(fd, (char *)entries + done, size - done, at + done);

		if (got < 0 && errno != EINTR)
			return -errno;
		if (!got)
			break;
		done += got > 0 ? got : 0;
	}
	return done / sizeof(*entries);
}

/* Looks at a page of this process. Returns: its entry, 0 if it could not be read. */
static uint64_t own_entry(const volatile void *page)
{
	int dir = proc_open(getpid()), fd = dir < 0 ? dir : proc_pagemap_open(dir);
	uint64_t entry = 0;

	if (fd >= 0) {
		if (proc_pagemap_read(fd, (uintptr_t)page, &entry, 1) != 1)
			entry = 0;
		close(fd);
	}
	if (dir >= 0)
		close(dir);
	return entry;
}

uint64_t proc_pagemap_zero(void)
{
	static uint64_t frame;
	static bool known;
	char *page;

	if (known)
		return frame;
	known = true;
	page = mmap(NULL, PROC_PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return 0;
	if (!*(volatile char *)page)
		frame = own_entry(page) & PROC_PAGE_FRAME;
	munmap(page, PROC_PAGE_SIZE);
	return frame;
}

int proc_frames_open(void)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int proc_frame_is_zero(int fd, uint64_t frame)
{
	const uint64_t zero_page = 1 << 24; /* KPF_ZERO_PAGE of linux/kernel-page-flags.h */
	uint64_t flags = 0;

	while (pread(fd, &flags, sizeof(flags), frame * sizeof(flags)) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return !!(flags & zero_page);
}

int proc_soft_dirty_clear(int dir)
{
	int fd = openat(dir, "clear_refs", O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, "4", 1) != 1)
		ret = -errno;
	close(fd);
	return ret;
}

bool proc_soft_dirty_works(void)
{
	volatile char *page =
		mmap(NULL, PROC_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int dir = proc_open(getpid());
	bool works = false;

	if (page != MAP_FAILED && dir >= 0) {
		*page = 1;
		if (!proc_soft_dirty_clear(dir) && !(own_entry(page) & PROC_PAGE_SOFT_DIRTY)) {
			*page = 2;
			works = own_entry(page) & PROC_PAGE_SOFT_DIRTY;
		}
	}
	if (page != MAP_FAILED)
		munmap((void *)page, PROC_PAGE_SIZE);
	if (dir >= 0)
		close(dir);
	return works;
}

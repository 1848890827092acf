// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "restore/files/child.h"

struct shared {
	int result;
	char data[] __attribute__((aligned(16)));
};

int child_run(int flags, int (*fn)(void *data), void *data, size_t size)
{
	struct shared *shared =
		mmap(NULL, sizeof(*shared) + size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int result;
	pid_t pid;

	if (shared == MAP_FAILED)
		return -errno;
	shared->result = -ECHILD;
	memcpy(shared->data, data, size);
	pid = syscall(SYS_clone, flags, NULL, NULL, NULL, 0);
	if (!pid) {
		shared->result = fn(shared->data);
		_exit(0);
	}
	if (pid < 0)
		shared->result = -errno;
	while (pid > 0 && waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	memcpy(data, shared->data, size);
	result = shared->result;
	munmap(shared, sizeof(*shared) + size);
	return result;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "restore/tree/task.h"

/* What can be registered; other commands of membarrier(2) do something at once. */
#define BARRIERS \
	(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE | \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ)

static int fail(const struct image_error *error, pid_t pid, long ret, const char *what)
{
	char name[32];

	snprintf(name, sizeof(name), "%d", pid);
	return image_error(error, ret, name, "%s: %s", what, strerror(-ret));
}

/* @files: of descriptors, as it was before this program raised it: for who has no limits in the images */
static int set_limits(pid_t pid, const Image__TaskRlimitsEntry *limits, const struct rlimit *files)
{
	if ((!limits || limits->n_rlimits <= RLIMIT_NOFILE) && prlimit(pid, RLIMIT_NOFILE, files, NULL))
		return -errno;
	for (size_t i = 0; limits && i < limits->n_rlimits && i < RLIM_NLIMITS; i++) {
		struct rlimit64 limit = { limits->rlimits[i]->cur, limits->rlimits[i]->max };

		if (prlimit64(pid, i, &limit, NULL))
			return -errno;
	}
	return 0;
}

static int set_oom_score(pid_t pid, int score)
{
	char name[64], text[16];
	int length = snprintf(text, sizeof(text), "%d", score), fd, ret = 0;

	snprintf(name, sizeof(name), "/proc/%d/oom_score_adj", pid);
	fd = open(name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, length) != length)
		ret = -errno;
	close(fd);
	return ret;
}

int task_restore(struct puppet *leader, const struct saved_process *process, const struct rlimit *files,
		 const struct image_error *error)
{
	const Image__TaskCoreEntry *task = saved_task(process);
	long ret = puppet_call(leader, SYS_personality, task->personality);

	if (ret < 0)
		return fail(error, process->pid, ret, "its personality");
	if (task->has_child_subreaper && task->child_subreaper)
		ret = puppet_call(leader, SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (ret < 0)
		return fail(error, process->pid, ret, "that it adopts orphans");
	ret = set_limits(process->pid, task->rlimits, files);
	if (ret)
		return fail(error, process->pid, ret, "its limits");
	if (task->has_oom_score_adj)
		ret = set_oom_score(process->pid, task->oom_score_adj);
	return ret ? fail(error, process->pid, ret, "its oom_score_adj") : 0;
}

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif
#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#endif

/* Each bit is the command that sets it. */
static long register_barriers(struct puppet *leader, uint32_t mask)
{
	long ret = 0;

	for (uint32_t command = 1; command && ret >= 0; command <<= 1) {
		if (mask & command)
			ret = puppet_call(leader, SYS_membarrier, command, 0, 0);
	}
	return ret;
}

int task_restore_future(struct puppet *leader, const struct saved_process *process,
			const struct image_error *error)
{
	const Image__MmEntry *mm = process->mm;
	const uint32_t barriers = saved_task(process)->membarrier_registration_mask;
	long ret = 0;

	if (barriers & ~BARRIERS)
		return fail(error, process->pid, -EBADMSG, "its registrations for membarrier");
	ret = register_barriers(leader, barriers);
	if (ret < 0)
		return fail(error, process->pid, ret, "its registrations for membarrier");
	if (mm->mlock_future)
		ret = puppet_call(leader, SYS_mlockall, mm->mlock_future & (MCL_FUTURE | MCL_ONFAULT));
	if (ret < 0)
		return fail(error, process->pid, ret, "that its mappings to come are locked");
	if (mm->memory_merge)
		ret = puppet_call(leader, SYS_prctl, PR_SET_MEMORY_MERGE, 1, 0, 0, 0);
	if (ret < 0)
		return fail(error, process->pid, ret, "that its memory is merged");
	if (mm->mdwe)
		ret = puppet_call(leader, SYS_prctl, PR_SET_MDWE, mm->mdwe, 0, 0, 0);
	return ret < 0 ? fail(error, process->pid, ret, "that its memory cannot become executable") : 0;
}

int task_restore_dumpable(struct puppet *leader, const struct saved_process *process,
			  const struct image_error *error)
{
	/* 2 is not for programs to set; like it, 0 keeps others out. */
	bool dumpable = !process->mm->has_dumpable || process->mm->dumpable == 1;
	long ret = puppet_call(leader, SYS_prctl, PR_SET_DUMPABLE, dumpable, 0, 0, 0);

	return ret < 0 ? fail(error, process->pid, ret, "whether it is dumpable") : 0;
}

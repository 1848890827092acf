// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/arch/x86_64/regs.h"
#include "image/pages.h"
#include "image/say.h"
#include "image/status.h"
#include "locks/format.h"
#include "procfs/process.h"
#include "restore/conflict.h"
#include "restore/plan.h"
#include "restore/tree/check.h"
#include "restore/tree/confined.h"
#include "restore/tree/family.h"
#include "restore/tree/held.h"
#include "restore/tree/identity.h"
#include "restore/tree/images.h"
#include "restore/tree/inherited_locks.h"
#include "restore/tree/taken.h"

#define PID_MAX "/proc/sys/kernel/pid_max"

struct checking {
	const struct options *options;
	struct images images;
	size_t nr; /* of obstacles */
};

static void __attribute__((format(printf, 2, 3))) tell(struct checking *checking, const char *format, ...)
{
	struct lock_buffer line = { 0 };
	char text[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	lock_buffer_printable(&line, text);
	puts(lock_buffer_text(&line));
	lock_buffer_free(&line);
	checking->nr++;
}

/* ---- Processes ---- */

/* Returns: what it is, or a negative errno value. */
static long pid_max(void)
{
	FILE *file = fopen(PID_MAX, "re");
	long max;

	if (!file)
		return -errno;
	errno = EINVAL;
	if (fscanf(file, "%ld", &max) != 1)
		max = -errno;
	fclose(file);
	return max;
}

static void check_id(struct checking *checking, pid_t tid, long max)
{
	struct proc_stat stat;

	if (max >= 0 && tid >= max) {
		tell(checking, "%d: " PID_MAX " allows pids up to %ld", tid, max - 1);
		return;
	}
	if (!proc_stat_of(tid, &stat))
		tell(checking, "%d: the pid is taken by %s" TAKEN_HINT, tid, stat.comm);
}

static void check_processor(struct checking *checking, const struct saved_thread *thread)
{
	uint64_t lacking;

	if (!thread->core->thread_info)
		return;
	lacking = image_regs_lacking(thread->core->thread_info);
	if (lacking)
		tell(checking, "%d: this processor lacks registers that are in use: XSAVE's components %#llx",
		     thread->tid, (unsigned long long)lacking);
}

static void check_processes(struct checking *checking)
{
	const struct saved_tree *tree = &checking->images.tree;
	long max = pid_max();
	char text[WHY_MAX];
	const struct image_error error = { text, sizeof(text) };

	if (max < 0)
		tell(checking, PID_MAX ": %s", strerror(-max));
	if (confined_find(&checking->images, text, sizeof(text)))
		tell(checking, "%s", text);
	if (family_check_sessions(tree, checking->options->shell_job, checking->options->dir, &error))
		tell(checking, "%s", text);
	for (size_t i = 0; i < tree->nr; i++) {
		for (size_t j = 0; j < tree->processes[i].nr_threads; j++) {
			check_id(checking, tree->processes[i].threads[j].tid, max);
			check_processor(checking, &tree->processes[i].threads[j]);
		}
	}
}

/* ---- Files ---- */

static void tell_file(const char *line, void *data)
{
	tell(data, "%s", line);
}

/* ---- Locks ---- */

/* What has been kept since the dump is in nobody's way. */
static int find_held(struct checking *checking, const struct image_error *error)
{
	int keeper = held_take(&checking->images, checking->options->dir, error);

	if (keeper >= 0)
		close(keeper);
	return keeper < 0 && keeper != -ENOENT ? keeper : 0;
}

static void check_lock(struct checking *checking, const struct plan *plan, const struct lock_list *others,
		       struct planned_lock *lock)
{
	struct lock_buffer wanted = { 0 }, found = { 0 };

	if (held_has(&checking->images, lock->by->target->pid, lock->by->fd))
		return;
	if (conflict_find_in(others, plan, lock->lock, &found) ||
	    (lock->lock->row.kind == CRLOCK_KIND_LEASE && conflict_find_open(lock, &found))) {
		lock_format_state(&wanted, lock->lock);
		tell(checking, "%s: %s %s: in the way is %s", lock->file->file->path,
		     lock_kind_name(lock->lock->row.kind), lock_buffer_text(&wanted),
		     lock_buffer_text(&found));
	}
	lock_buffer_free(&wanted);
	lock_buffer_free(&found);
}

static void check_some(struct checking *checking, const struct checkpoint *locks)
{
	const struct planned_file *file = NULL;
	struct lock_list others = { 0 };
	struct options identity;
	char why[WHY_MAX] = "";
	struct plan plan = { 0 };

	if (!locks->locks.nr)
		return;
	if (identity_options(&identity, checking->options, locks) || plan_make(&plan, locks, &identity, why))
		tell(checking, "%s", *why ? why : strerror(ENOMEM));
	for (size_t i = 0; i < plan.nr_files; i++)
		/* That one is not there the files say. */
		plan.files[i].fd = open(plan.files[i].file->path, O_PATH | O_CLOEXEC);
	for (size_t i = 0; i < plan.nr_locks; i++) {
		if (plan.locks[i].file->fd < 0)
			continue;
		/* Without the module all of /proc is read for it; locks of a file stand together. */
		if (plan.locks[i].file != file) {
			file = plan.locks[i].file;
			lock_list_free(&others);
			conflict_read(&others, file->fd);
		}
		check_lock(checking, &plan, &others, &plan.locks[i]);
	}
	lock_list_free(&others);
	for (size_t i = 0; i < plan.nr_files; i++) {
		if (plan.files[i].fd >= 0)
			close(plan.files[i].fd);
	}
	plan_free(&plan);
	free(identity.pairs);
}

static void check_locks(struct checking *checking)
{
	struct images *images = &checking->images;
	char why[WHY_MAX] = "";
	const struct image_error error = { why, sizeof(why) };
	struct checkpoint inherited;

	if (inherited_locks_split(&inherited, &images->locks, &images->tree, NULL, checking->options->dir,
				  &error))
		tell(checking, "%s", why);
	check_some(checking, &inherited);
	check_some(checking, &images->locks);
	inherited_locks_free(&inherited);
}

/* ---- Memory ---- */

static int check_image_of_pages(const struct images *images, const char *name, const char *path,
				const struct image_error *error)
{
	struct image_pages pages;
	int ret = image_pages_open(&pages, images->dir, path, name, error);

	if (!ret)
		image_pages_close(&pages);
	return ret;
}

/* Once, however many map it. */
static int check_shared(const struct images *images, const Image__VmaEntry *vma, struct image_lookup *checked,
			const char *path, const struct image_error *error)
{
	char name[64];
	size_t at;

	if (!(vma->status & SAVED_VMA_ANON_SHARED) || image_lookup_find(checked, vma->shmid, &at))
		return 0;
	if (image_lookup_add(checked, vma->shmid, 0))
		return image_error(error, -ENOMEM, path, "%s", strerror(ENOMEM));
	snprintf(name, sizeof(name), "pagemap-shmem-%llu.img", (unsigned long long)vma->shmid);
	return check_image_of_pages(images, name, path, error);
}

/* What is in memory is not looked at, only that all of it is there. */
static int check_pages(const struct images *images, const char *path, const struct image_error *error)
{
	struct image_lookup checked = { 0 };
	char name[64];
	int ret = 0;

	for (size_t i = 0; i < images->tree.nr && !ret; i++) {
		const struct saved_process *process = &images->tree.processes[i];

		if (process->zombie)
			continue;
		snprintf(name, sizeof(name), "pagemap-%d.img", process->pid);
		ret = check_image_of_pages(images, name, path, error);
		for (size_t j = 0; process->mm && j < process->mm->n_vmas && !ret; j++)
			ret = check_shared(images, process->mm->vmas[j], &checked, path, error);
	}
	image_lookup_free(&checked);
	return ret;
}

int tree_check(const struct options *options)
{
	struct checking checking = { .options = options };
	char why[WHY_MAX] = "";
	const struct image_error error = { why, sizeof(why) };
	int status = STATUS_IMAGE;

	if (images_read(&checking.images, options, &error) ||
	    check_pages(&checking.images, options->dir, &error) || find_held(&checking, &error)) {
		say("%s", why);
	} else {
		check_processes(&checking);
		restore_files_check(checking.images.files, tell_file, &checking);
		check_locks(&checking);
		status = checking.nr ? STATUS_IN_THE_WAY : STATUS_OK;
	}
	images_close(&checking.images);
	return status;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "image/container.h"
#include "image/magic.h"
#include "image/saved.h"
#include "pstree.pb-c.h"

/* Larger than any tree that fits a machine, smaller than what would exhaust memory. */
#define TASKS_MAX  (1U << 20)
#define VMAS_MAX   (1U << 20)
#define SIGNAL_MAX 64
#define COMM_MAX   64 /* the kernel's have 16 bytes */
#define PAGE	   4096UL
#define USER_END   0x800000000000UL /* the end of addresses for programs with four levels of page tables */

struct source {
	int dir;
	const char *path;
	const struct image_error *error;
};

/* The states of task_core_entry. */
enum { STATE_ALIVE = 1, STATE_DEAD = 2, STATE_STOPPED = 3 };

static int no_memory(const struct source *source)
{
	return image_error(source->error, -ENOMEM, source->path, "%s", strerror(ENOMEM));
}

/* Reads an image that is one message. */
static int read_one(const struct source *source, const char *name, uint32_t magic,
		    const ProtobufCMessageDescriptor *type, void *message)
{
	ProtobufCMessage **out = message;
	struct image_reader reader;
	int ret;

	ret = image_reader_open(&reader, source->dir, source->path, name, magic, source->error);
	if (ret)
		return ret;
	ret = image_read(&reader, type, out, source->error);
	if (!ret && !*out)
		ret = image_reader_wrong(&reader, source->error, "it is truncated");
	image_reader_close(&reader);
	return ret;
}

static int read_numbered(const struct source *source, const char *kind, unsigned int number, uint32_t magic,
			 const ProtobufCMessageDescriptor *type, void *message)
{
	char name[64];

	snprintf(name, sizeof(name), "%s-%u.img", kind, number);
	return read_one(source, name, magic, type, message);
}

static int __attribute__((format(printf, 3, 4)))
wrong(const struct source *source, const char *image, const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return image_error(source->error, -EBADMSG, source->path, "%s: %s", image, what);
}

/* ---- pstree.img ---- */

static bool is_pid(uint32_t pid)
{
	return pid > 0 && pid <= INT_MAX;
}

static int take_threads(const struct source *source, struct saved_process *process,
			const Image__PstreeEntry *entry)
{
	/* A leader is a thread by itself; what CRIU 3.17 has in its place for zombies makes no sense. */
	size_t nr = entry->n_threads ? entry->n_threads : 1;

	process->threads = calloc(nr, sizeof(*process->threads));
	if (!process->threads)
		return no_memory(source);
	process->nr_threads = nr;
	process->threads[0].tid = process->pid;
	for (size_t i = 1; i < entry->n_threads; i++) {
		if (!is_pid(entry->threads[i]))
			return wrong(source, "pstree.img", "%u is no thread id", entry->threads[i]);
		process->threads[i].tid = entry->threads[i];
	}
	return 0;
}

static int take_process(const struct source *source, struct saved_tree *tree, const Image__PstreeEntry *entry)
{
	struct saved_process *parent = saved_find(tree, entry->ppid), *process;

	if (!is_pid(entry->pid) || entry->pgid > INT_MAX || entry->sid > INT_MAX)
		return wrong(source, "pstree.img", "%u is no process id", entry->pid);
	if (saved_find(tree, entry->pid))
		return wrong(source, "pstree.img", "process %u is there twice", entry->pid);
	if (!parent && tree->nr)
		return wrong(source, "pstree.img", "process %u: its parent %u does not come before it",
			     entry->pid, entry->ppid);
	if (entry->n_threads > TASKS_MAX - tree->nr_threads ||
	    (entry->n_threads > 1 && entry->threads[0] != entry->pid))
		return wrong(source, "pstree.img", "process %u: its threads make no sense", entry->pid);
	if (tree->nr_threads == TASKS_MAX)
		return wrong(source, "pstree.img", "it has too many processes");
	process = reallocarray(tree->processes, tree->nr + 1, sizeof(*process));
	if (!process)
		return no_memory(source);
	parent = parent ? process + (parent - tree->processes) : NULL;
	tree->processes = process;
	tree->nr_threads += entry->n_threads ? entry->n_threads : 1;
	process += tree->nr++;
	if (image_lookup_add(&tree->by_pid, entry->pid, tree->nr - 1))
		return no_memory(source);
	*process = (struct saved_process){
		.pid = entry->pid,
		.pgid = entry->pgid,
		.sid = entry->sid,
		.parent = parent ? (size_t)(parent - tree->processes) : SAVED_NO_PARENT,
	};
	return take_threads(source, process, entry);
}

static int read_pstree(const struct source *source, struct saved_tree *tree)
{
	struct image_reader reader;
	ProtobufCMessage *message;
	int ret;

	ret = image_reader_open(&reader, source->dir, source->path, "pstree.img", IMAGE_MAGIC_PSTREE,
				source->error);
	if (ret)
		return ret;
	while (!(ret = image_read(&reader, &image__pstree_entry__descriptor, &message, source->error)) &&
	       message) {
		ret = take_process(source, tree, (Image__PstreeEntry *)message);
		protobuf_c_message_free_unpacked(message, NULL);
		if (ret)
			break;
	}
	image_reader_close(&reader);
	return !ret && !tree->nr ? wrong(source, "pstree.img", "it is truncated") : ret;
}

static int compare_ids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* Every task has an id of its own. */
static int check_ids(const struct source *source, const struct saved_tree *tree)
{
	size_t nr = 0;
	pid_t *ids;
	int ret = 0;

	for (size_t i = 0; i < tree->nr; i++)
		nr += tree->processes[i].nr_threads;
	ids = calloc(nr + 1, sizeof(*ids));
	if (!ids)
		return no_memory(source);
	nr = 0;
	for (size_t i = 0; i < tree->nr; i++) {
		for (size_t j = 0; j < tree->processes[i].nr_threads; j++)
			ids[nr++] = tree->processes[i].threads[j].tid;
	}
	qsort(ids, nr, sizeof(*ids), compare_ids);
	for (size_t i = 1; i < nr && !ret; i++) {
		if (ids[i] == ids[i - 1])
			ret = wrong(source, "pstree.img", "thread %d is there twice", ids[i]);
	}
	free(ids);
	return ret;
}

/* ---- core-*.img ---- */

/* Others would stop whoever is to become a zombie, or do nothing. */
static bool is_end(int status)
{
	int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	switch (signal) {
	case SIGCHLD:
	case SIGCONT:
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
	case SIGURG:
	case SIGWINCH:
		return false;
	}
	return signal <= SIGNAL_MAX;
}

static int check_task(const struct source *source, struct saved_process *process, const char *image)
{
	const Image__TaskCoreEntry *task = process->threads[0].core->tc;

	if (!task)
		return wrong(source, image, "it does not say what the process is");
	if (task->task_state != STATE_ALIVE && task->task_state != STATE_DEAD &&
	    task->task_state != STATE_STOPPED)
		return wrong(source, image, "state %u is not known", task->task_state);
	process->zombie = task->task_state == STATE_DEAD;
	if (process->zombie && !is_end(task->exit_code))
		return wrong(source, image, "nothing ends with status %u", task->exit_code);
	if (strlen(task->comm) >= COMM_MAX)
		return wrong(source, image, "its name is absurdly long");
	if (task->n_sigactions > 64)
		return wrong(source, image, "it has too many signal handlers");
	return 0;
}

static int check_core(const struct source *source, struct saved_process *process, size_t i, const char *image)
{
	const Image__CoreEntry *core = process->threads[i].core;
	int ret;

	if (core->mtype != IMAGE__CORE_ENTRY__MARCH__X86_64)
		return wrong(source, image, "it is of another architecture (%d)", core->mtype);
	if (!i) {
		ret = check_task(source, process, image);
		if (ret || process->zombie)
			return ret;
	}
	if (!core->thread_info || !core->thread_core)
		return wrong(source, image, "it lacks the thread's registers or state");
	if (core->thread_core->comm && strlen(core->thread_core->comm) >= COMM_MAX)
		return wrong(source, image, "its name is absurdly long");
	if (core->thread_info->gpregs->mode != IMAGE__USER_X86_REGS_MODE__NATIVE)
		return wrong(source, image, "it is of a 32-bit program, which is not supported");
	return 0;
}

static int read_core(const struct source *source, struct saved_process *process, size_t i)
{
	char image[64];
	int ret;

	snprintf(image, sizeof(image), "core-%d.img", process->threads[i].tid);
	ret = read_one(source, image, IMAGE_MAGIC_CORE, &image__core_entry__descriptor,
		       &process->threads[i].core);
	return ret ? ret : check_core(source, process, i, image);
}

/* ---- mm-*.img ---- */

static bool is_mapping(const Image__VmaEntry *vma)
{
	if (vma->start % PAGE || vma->end % PAGE || vma->start >= vma->end || vma->pgoff % PAGE)
		return false;
	if (vma->prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN))
		return false;
	return vma->end <= USER_END || vma->status & SAVED_VMA_VSYSCALL;
}

static int check_mm(const struct source *source, const struct saved_process *process)
{
	const Image__MmEntry *mm = process->mm;
	uint64_t end = 0;
	char image[64];

	snprintf(image, sizeof(image), "mm-%d.img", process->pid);
	if (mm->n_vmas > VMAS_MAX || mm->n_mm_saved_auxv > 512 || mm->n_auxv_rest > 512)
		return wrong(source, image, "it is absurdly large");
	for (size_t i = 0; i < mm->n_vmas; i++) {
		const Image__VmaEntry *vma = mm->vmas[i];

		if (!is_mapping(vma) || vma->start < end)
			return wrong(source, image, "the mapping at %llx makes no sense",
				     (unsigned long long)vma->start);
		end = vma->end;
	}
	if (mm->n_aios)
		return wrong(source, image, "it has AIO rings, which are not supported");
	return 0;
}

static int read_process(const struct source *source, struct saved_process *process)
{
	int ret = 0;

	for (size_t i = 0; i < process->nr_threads && !ret; i++)
		ret = read_core(source, process, i);
	if (ret || process->zombie)
		return ret;
	ret = read_numbered(source, "ids", process->pid, IMAGE_MAGIC_IDS,
			    &image__task_kobj_ids_entry__descriptor, &process->ids);
	if (!ret)
		ret = read_numbered(source, "mm", process->pid, IMAGE_MAGIC_MM, &image__mm_entry__descriptor,
				    &process->mm);
	if (!ret)
		ret = read_numbered(source, "fs", process->pid, IMAGE_MAGIC_FS, &image__fs_entry__descriptor,
				    &process->fs);
	return ret ? ret : check_mm(source, process);
}

int saved_read(struct saved_tree *tree, int dir, const char *path, const struct image_error *error)
{
	const struct source source = { dir, path, error };
	int ret;

	*tree = (struct saved_tree){ 0 };
	ret = read_pstree(&source, tree);
	if (!ret)
		ret = check_ids(&source, tree);
	for (size_t i = 0; i < tree->nr && !ret; i++)
		ret = read_process(&source, &tree->processes[i]);
	return ret;
}

static void free_process(struct saved_process *process)
{
	for (size_t i = 0; i < process->nr_threads; i++) {
		if (process->threads[i].core)
			image__core_entry__free_unpacked(process->threads[i].core, NULL);
	}
	if (process->ids)
		image__task_kobj_ids_entry__free_unpacked(process->ids, NULL);
	if (process->mm)
		image__mm_entry__free_unpacked(process->mm, NULL);
	if (process->fs)
		image__fs_entry__free_unpacked(process->fs, NULL);
	free(process->threads);
}

void saved_free(struct saved_tree *tree)
{
	for (size_t i = 0; i < tree->nr; i++)
		free_process(&tree->processes[i]);
	free(tree->processes);
	image_lookup_free(&tree->by_pid);
	*tree = (struct saved_tree){ 0 };
}

struct saved_process *saved_find(const struct saved_tree *tree, pid_t pid)
{
	size_t at;

	return image_lookup_find(&tree->by_pid, pid, &at) ? &tree->processes[at] : NULL;
}

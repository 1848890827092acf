// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A checkpoint for people.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "crlock/output.h"
#include "crlock/show/print.h"
#include "crlock/show/sharing.h"
#include "crlock/show/table.h"
#include "crlock/show/words.h"
#include "locks/format.h"

#define RIGHT SCOLS_FL_RIGHT

#define BEGIN(table, heads) table_begin(table, heads, sizeof(heads) / sizeof(*(heads)))

/* One line, of which what strangers named is made printable. */
static int __attribute__((format(printf, 1, 2))) print_line(const char *format, ...)
{
	struct lock_buffer line = { 0 };
	char *text;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return -ENOMEM;
	lock_buffer_printable(&line, text);
	free(text);
	if (!line.failed)
		puts(lock_buffer_text(&line));
	len = line.failed ? -ENOMEM : 0;
	lock_buffer_free(&line);
	return len;
}

/* What it is ----------------------------------------------------------------------------------------- */

static int print_own(const struct contents *contents)
{
	static const char *const sources[] = {
		[LOCK_SOURCE_KMOD] = "the kernel module", [LOCK_SOURCE_PROC] = "/proc"
	};
	time_t seconds = contents->locks.dump_time_ms / 1000;
	char when[64] = "at an unknown time";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S %z", &tm);
	return print_line("Locks:       crlock.img, of %s, told by %s; lease-break-time %" PRIu32 " s", when,
			  sources[contents->locks.source], contents->locks.lease_break_time);
}

static int print_head(const struct contents *contents)
{
	int ret = print_line("Checkpoint:  %s", contents->path);

	ret = ret
		      ?: print_line("Images:      version %" PRIu32 ", of %s",
				    contents->inventory->img_version,
				    contents->whole ? "whole processes" : "locks only");
	ret = ret ?: print_line("Written by:  %s", contents->own ? "crdump" : "CRIU, or a program like it");
	return ret ?: contents->own ? print_own(contents) : 0;
}

/* Processes ------------------------------------------------------------------------------------------ */

/* Children one behind the other, so that all can be gone through without recursion, however deep they are. */
struct order {
	size_t *child,
		*sibling; /* the first of each process, and the next of its parent; SAVED_NO_PARENT: none */
};

static int make_order(struct order *order, const struct saved_tree *tree)
{
	order->child = malloc(tree->nr * sizeof(*order->child));
	order->sibling = malloc(tree->nr * sizeof(*order->sibling));
	if (!order->child || !order->sibling)
		return -ENOMEM;
	for (size_t i = 0; i < tree->nr; i++)
		order->child[i] = order->sibling[i] = SAVED_NO_PARENT;
	for (size_t i = tree->nr; i-- > 1;) {
		size_t parent = tree->processes[i].parent;

		order->sibling[i] = order->child[parent];
		order->child[parent] = i;
	}
	return 0;
}

static void free_order(struct order *order)
{
	free(order->child);
	free(order->sibling);
}

/* Returns: the process that is shown after another, SAVED_NO_PARENT: none. */
static size_t next_process(const struct order *order, const struct saved_tree *tree, size_t i, size_t *depth)
{
	if (order->child[i] != SAVED_NO_PARENT) {
		(*depth)++;
		return order->child[i];
	}
	while (i != SAVED_NO_PARENT && order->sibling[i] == SAVED_NO_PARENT) {
		i = tree->processes[i].parent;
		(*depth)--;
	}
	return i == SAVED_NO_PARENT ? i : order->sibling[i];
}

/* Deeper ones are not set in further. */
#define DEPTH_MAX 16

static void add_process(struct table *table, const struct contents *contents, size_t i, size_t depth)
{
	const struct saved_process *process = &contents->tree.processes[i];
	pid_t ppid = process->parent == SAVED_NO_PARENT ? 0 : contents->tree.processes[process->parent].pid;

	table_line(table);
	table_cell(table, "%d", process->pid);
	table_cell(table, "%d", ppid);
	table_cell(table, "%d", process->pgid);
	table_cell(table, "%d", process->sid);
	table_cell(table, "%s", words_state(process));
	table_cell(table, "%zu", process->nr_threads);
	table_cell(table, "%" PRIu64, contents->memory[i].mapped);
	table_cell(table, "%" PRIu64, contents->memory[i].total);
	table_cell(table, "%*s%s", (int)(2 * (depth < DEPTH_MAX ? depth : DEPTH_MAX)), "",
		   saved_task(process)->comm);
}

static int print_tree(const struct contents *contents)
{
	static const struct table_column heads[] = {
		{ "PID", 5, RIGHT },	{ "PPID", 5, RIGHT },	{ "PGID", 5, RIGHT },
		{ "SID", 5, RIGHT },	{ "STATE", 5, 0 },	{ "THREADS", 3, RIGHT },
		{ "MAPPED", 5, RIGHT }, { "DUMPED", 5, RIGHT }, { "COMMAND", 12, 0 },
	};
	struct order order = { 0 };
	int ret = make_order(&order, &contents->tree), end;
	size_t depth = 0;
	struct table table;

	BEGIN(&table, heads);
	for (size_t i = 0; !ret && i != SAVED_NO_PARENT; i = next_process(&order, &contents->tree, i, &depth))
		add_process(&table, contents, i, depth);
	free_order(&order);
	end = table_end(&table);
	return ret ?: end;
}

static void add_ids(struct lock_buffer *line, const char *name, uint32_t real, uint32_t effective,
		    uint32_t saved, uint32_t fs)
{
	lock_buffer_format(line, "%s %" PRIu32, name, real);
	if (effective != real || saved != real || fs != real)
		lock_buffer_format(line, " (effective %" PRIu32 ", saved %" PRIu32 ", fs %" PRIu32 ")",
				   effective, saved, fs);
}

/* Sets of 64 bits, the low word first. */
static void add_caps(struct lock_buffer *line, const char *name, const uint32_t *words, size_t nr)
{
	if (nr)
		lock_buffer_format(line, ", %s %08" PRIx32 "%08" PRIx32, name, nr > 1 ? words[1] : 0,
				   words[0]);
}

static int print_creds(const Image__CredsEntry *creds)
{
	struct lock_buffer line = { 0 };
	int ret;

	add_ids(&line, "uid", creds->uid, creds->euid, creds->suid, creds->fsuid);
	add_ids(&line, ", gid", creds->gid, creds->egid, creds->sgid, creds->fsgid);
	for (size_t i = 0; i < creds->n_groups; i++)
		lock_buffer_format(&line, "%s%" PRIu32, i ? "," : ", groups ", creds->groups[i]);
	add_caps(&line, "capabilities", creds->cap_eff, creds->n_cap_eff);
	if (creds->secbits)
		lock_buffer_format(&line, ", securebits %#" PRIx32, creds->secbits);
	ret = line.failed ? -ENOMEM : print_line("Credentials: %s", lock_buffer_text(&line));
	lock_buffer_free(&line);
	return ret;
}

static int print_place(const struct contents *contents, const char *name, uint32_t id)
{
	const struct shown_file *file = shown_files_find(&contents->files, id);

	return print_line("%-12s %s", name, file && file->entry->reg ? file->entry->reg->name : "?");
}

static int print_places(const struct contents *contents, const struct saved_process *process)
{
	int ret = print_place(contents, "Executable:", process->mm->exe_file_id);

	ret = ret ?: print_place(contents, "Directory:", process->fs->cwd_id);
	ret = ret ?: print_place(contents, "Root:", process->fs->root_id);
	if (!ret && process->fs->has_umask)
		ret = print_line("Umask:       %04" PRIo32, process->fs->umask);
	return ret;
}

static int print_threads(const struct saved_process *process)
{
	struct lock_buffer line = { 0 };
	int ret;

	if (process->nr_threads == 1)
		return 0;
	for (size_t i = 0; i < process->nr_threads; i++) {
		const Image__ThreadCoreEntry *core = process->threads[i].core->thread_core;

		lock_buffer_format(&line, "%s%d", i ? ", " : "", process->threads[i].tid);
		if (core && core->comm)
			lock_buffer_format(&line, "(%s)", core->comm);
	}
	ret = line.failed ? -ENOMEM : print_line("Threads:     %s", lock_buffer_text(&line));
	lock_buffer_free(&line);
	return ret;
}

static int print_memory(const struct contents *contents, size_t i)
{
	static const struct table_column heads[] = {
		{ "START", 12, RIGHT }, { "END", 12, RIGHT }, { "PERM", 4, 0 },	   { "OFFSET", 5, RIGHT },
		{ "DUMPED", 5, RIGHT }, { "FLAGS", 5, 0 },    { "MAPPED", 12, 0 },
	};
	const Image__MmEntry *mm = contents->tree.processes[i].mm;
	struct table table;

	BEGIN(&table, heads);
	for (size_t j = 0; j < mm->n_vmas; j++) {
		const Image__VmaEntry *vma = mm->vmas[j];

		table_line(&table);
		table_cell(&table, "%" PRIx64, vma->start);
		table_cell(&table, "%" PRIx64, vma->end);
		words_perms(table_text(&table), vma);
		table_take(&table);
		table_cell(&table, "%" PRIx64, vma->pgoff);
		table_cell(&table, "%" PRIu64, contents->memory[i].dumped[j]);
		words_vma_flags(table_text(&table), vma);
		table_take(&table);
		words_mapped(table_text(&table), &contents->files, mm, vma);
		table_take(&table);
	}
	return table_end(&table);
}

static void add_descriptor(struct table *table, const struct contents *contents,
			   const Image__FdinfoEntry *descriptor)
{
	/* That it is there was checked. */
	const struct shown_file *file = shown_files_find(&contents->files, descriptor->id);
	struct lock_buffer *text;
	char kind[32];

	table_line(table);
	table_cell(table, "%" PRIu32, descriptor->fd);
	table_cell(table, "%" PRIu32, descriptor->id);
	text = table_text(table);
	words_open_flags(text, file);
	if (descriptor->flags & FD_CLOEXEC)
		lock_buffer_add(text, text->len ? ",cloexec" : "cloexec");
	table_take(table);
	table_cell(table, "%s", words_kind(file->entry, kind));
	text = table_text(table);
	if (file->has_pos)
		lock_buffer_format(text, "%" PRIu64, file->pos);
	table_take(table);
	words_file(table_text(table), &contents->files, file);
	table_take(table);
}

static int print_descriptors(const struct contents *contents, const struct saved_process *process)
{
	static const struct table_column heads[] = {
		{ "FD", 3, RIGHT }, { "FILE", 4, RIGHT },     { "FLAGS", 5, 0 },
		{ "KIND", 4, 0 },   { "POSITION", 5, RIGHT }, { "NAME", 12, 0 },
	};
	const struct shown_table *descriptors = shown_files_table(&contents->files, process->ids->files_id);
	struct table table;

	BEGIN(&table, heads);
	for (size_t i = 0; i < descriptors->nr; i++)
		add_descriptor(&table, contents, descriptors->descriptors[i]);
	return table_end(&table);
}

static int print_end(uint32_t status)
{
	if (WIFSIGNALED(status))
		return print_line("Ended:       by signal %d", WTERMSIG(status));
	return print_line("Ended:       with status %d", WEXITSTATUS(status));
}

static int print_process(const struct contents *contents, size_t i)
{
	const struct saved_process *process = &contents->tree.processes[i];
	const Image__ThreadCoreEntry *core;
	int ret;

	putchar('\n');
	ret = print_line("Process %d (%s)", process->pid, saved_task(process)->comm);

	if (process->zombie)
		return ret ?: print_end(saved_task(process)->exit_code);
	core = process->threads[0].core->thread_core;
	if (core->creds)
		ret = ret ?: print_creds(core->creds);
	ret = ret ?: print_places(contents, process);
	ret = ret ?: print_threads(process);
	putchar('\n');
	ret = ret ?: print_memory(contents, i);
	putchar('\n');
	return ret ?: print_descriptors(contents, process);
}

static int print_processes(const struct contents *contents)
{
	int ret = print_tree(contents);

	for (size_t i = 0; i < contents->tree.nr && !ret; i++)
		ret = print_process(contents, i);
	return ret;
}

/* Locks only ----------------------------------------------------------------------------------------- */

static int print_lockers(const struct contents *contents)
{
	static const struct table_column heads[] = { { "PID", 5, RIGHT },
						     { "PPID", 5, RIGHT },
						     { "COMMAND", 12, 0 } };
	struct table table;

	BEGIN(&table, heads);
	for (size_t i = 0; i < contents->locks.nr_processes; i++) {
		const struct checkpoint_process *process = &contents->locks.processes[i];

		table_line(&table);
		table_cell(&table, "%d", process->pid);
		table_cell(&table, "%d", process->ppid);
		table_cell(&table, "%s", process->comm ? process->comm : "?");
	}
	return table_end(&table);
}

static void add_locked(struct table *table, const struct checkpoint_file *locked)
{
	Image__FileEntry entry = IMAGE__FILE_ENTRY__INIT;
	const struct shown_file file = { .entry = &entry, .has_flags = true, .flags = locked->flags };
	struct lock_buffer *text;

	table_line(table);
	words_open_flags(table_text(table), &file);
	table_take(table);
	table_cell(table, "%" PRId64, locked->pos);
	table_cell(table, "%" PRIu64, locked->size);
	text = table_text(table);
	for (size_t i = 0; i < locked->nr_holders; i++) {
		if (i)
			lock_buffer_add(text, ",");
		lock_format_holder(text, &locked->holders[i]);
	}
	table_take(table);
	table_cell(table, "%s%s", locked->path, locked->deleted ? " (deleted)" : "");
}

static int print_locked(const struct contents *contents)
{
	static const struct table_column heads[] = { { "FLAGS", 5, 0 },
						     { "POSITION", 5, RIGHT },
						     { "SIZE", 5, RIGHT },
						     { "HOLDERS", 5, 0 },
						     { "PATH", 12, 0 } };
	struct table table;

	BEGIN(&table, heads);
	for (size_t i = 0; i < contents->locks.nr_files; i++)
		add_locked(&table, &contents->locks.files[i]);
	return table_end(&table);
}

/* The whole ------------------------------------------------------------------------------------------ */

static int print_locks(const struct contents *contents)
{
	struct output output = { .no_truncate = true };

	if (!contents->locks.locks.nr)
		return print_line("No locks");
	columns_choose_default(&output.columns);
	if (contents->own)
		sharing_choose(&output.columns);
	return output_list(&output, &contents->locks.locks);
}

int print_text(const struct contents *contents)
{
	int ret = print_head(contents);

	putchar('\n');
	if (contents->whole) {
		ret = ret ?: print_processes(contents);
	} else {
		ret = ret ?: print_lockers(contents);
		putchar('\n');
		ret = ret ?: print_locked(contents);
	}
	putchar('\n');
	return ret ?: print_locks(contents);
}

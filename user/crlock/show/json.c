// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A checkpoint for programs: one process, file and lock a line, and never all in memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "crlock/cell.h"
#include "crlock/output.h"
#include "crlock/show/images.h"
#include "crlock/show/message.h"
#include "crlock/show/print.h"
#include "crlock/show/sharing.h"
#include "crlock/show/words.h"

/* Returns: 0 or a negative errno value. */
static int print(json_t *json)
{
	int err = 0;

	if (!json || json_dumpf(json, stdout, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY))
		err = ferror(stdout) ? -EIO : -ENOMEM;
	json_decref(json);
	return err;
}

/* A member that is not the first. */
static int print_member(const char *name, json_t *json)
{
	printf(",\n  \"%s\": ", name);
	return print(json);
}

/* A member that is a list: @make makes one of a number. */
static int print_list(const char *name, const struct contents *contents, size_t nr,
		      json_t *(*make)(const struct contents *contents, size_t i))
{
	int err = 0;

	printf(",\n  \"%s\": [", name);
	for (size_t i = 0; !err && i < nr; i++) {
		printf("%s\n    ", i ? "," : "");
		err = print(make(contents, i));
	}
	printf("%s]", nr ? "\n  " : "");
	return err;
}

static void set(json_t *json, const char *name, json_t *value)
{
	json_object_set_new(json, name, value);
}

/* Text that was put together, with what strangers named in it. */
static json_t *text_json(struct lock_buffer *text)
{
	json_t *json = text->len ? cell_json_string(lock_buffer_text(text)) : json_null();

	lock_buffer_free(text);
	return json;
}

static json_t *address_json(uint64_t address)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIx64, address);
	return json_string(digits);
}

/* Processes ------------------------------------------------------------------------------------------ */

static json_t *path_json(const struct contents *contents, uint32_t id)
{
	const struct shown_file *file = shown_files_find(&contents->files, id);

	return file && file->entry->reg ? cell_json_string(file->entry->reg->name) : json_null();
}

static json_t *mapping_json(const struct contents *contents, const Image__MmEntry *mm, size_t i,
			    uint64_t dumped)
{
	const Image__VmaEntry *vma = mm->vmas[i];
	struct lock_buffer perms = { 0 }, mapped = { 0 };
	json_t *json = json_object();

	words_perms(&perms, vma);
	words_mapped(&mapped, &contents->files, mm, vma);
	set(json, "start", address_json(vma->start));
	set(json, "end", address_json(vma->end));
	set(json, "perms", text_json(&perms));
	set(json, "offset", message_number(vma->pgoff));
	set(json, "dumped", message_number(dumped));
	set(json, "mapped", text_json(&mapped));
	set(json, "vma", message_json(&vma->base));
	return json;
}

static json_t *mappings_json(const struct contents *contents, size_t i)
{
	const Image__MmEntry *mm = contents->tree.processes[i].mm;
	json_t *json = json_array();

	for (size_t j = 0; j < mm->n_vmas; j++)
		json_array_append_new(json, mapping_json(contents, mm, j, contents->memory[i].dumped[j]));
	return json;
}

/* What is told of mappings is told once. */
static json_t *mm_json(const Image__MmEntry *mm)
{
	json_t *json = message_json(&mm->base);

	json_object_del(json, "vmas");
	return json;
}

static json_t *threads_json(const struct saved_process *process)
{
	json_t *json = json_array();

	for (size_t i = 0; i < process->nr_threads; i++) {
		json_t *thread = json_object();

		set(thread, "tid", json_integer(process->threads[i].tid));
		set(thread, "core", message_json(&process->threads[i].core->base));
		json_array_append_new(json, thread);
	}
	return json;
}

static json_t *descriptors_json(const struct contents *contents, const struct saved_process *process)
{
	const struct shown_table *table = shown_files_table(&contents->files, process->ids->files_id);
	json_t *json = json_array();

	for (size_t i = 0; i < table->nr; i++) {
		json_t *descriptor = json_object();

		set(descriptor, "fd", json_integer(table->descriptors[i]->fd));
		set(descriptor, "cloexec", json_boolean(table->descriptors[i]->flags & FD_CLOEXEC));
		set(descriptor, "file", json_integer(table->descriptors[i]->id));
		json_array_append_new(json, descriptor);
	}
	return json;
}

static json_t *creds_json(const struct saved_process *process)
{
	const Image__ThreadCoreEntry *core = process->threads[0].core->thread_core;

	return core->creds ? message_json(&core->creds->base) : json_null();
}

static void set_alive(json_t *json, const struct contents *contents, size_t i)
{
	const struct saved_process *process = &contents->tree.processes[i];

	set(json, "credentials", creds_json(process));
	set(json, "executable", path_json(contents, process->mm->exe_file_id));
	set(json, "directory", path_json(contents, process->fs->cwd_id));
	set(json, "root", path_json(contents, process->fs->root_id));
	set(json, "umask", process->fs->has_umask ? json_integer(process->fs->umask) : json_null());
	set(json, "mapped", message_number(contents->memory[i].mapped));
	set(json, "dumped", message_number(contents->memory[i].total));
	set(json, "mappings", mappings_json(contents, i));
	set(json, "descriptors", descriptors_json(contents, process));
	set(json, "ids", message_json(&process->ids->base));
	set(json, "mm", mm_json(process->mm));
	set(json, "fs", message_json(&process->fs->base));
}

static json_t *process_json(const struct contents *contents, size_t i)
{
	const struct saved_process *process = &contents->tree.processes[i];
	pid_t ppid = process->parent == SAVED_NO_PARENT ? 0 : contents->tree.processes[process->parent].pid;
	json_t *json = json_object();

	set(json, "pid", json_integer(process->pid));
	set(json, "ppid", json_integer(ppid));
	set(json, "pgid", json_integer(process->pgid));
	set(json, "sid", json_integer(process->sid));
	set(json, "command", cell_json_string(saved_task(process)->comm));
	set(json, "state", json_string(words_state(process)));
	set(json, "exit_code", process->zombie ? json_integer(saved_task(process)->exit_code) : json_null());
	set(json, "threads", threads_json(process));
	if (!process->zombie)
		set_alive(json, contents, i);
	return json;
}

/* Of a checkpoint of locks. */
static json_t *locker_json(const struct contents *contents, size_t i)
{
	const struct checkpoint_process *process = &contents->locks.processes[i];
	json_t *json = json_object();

	set(json, "pid", json_integer(process->pid));
	set(json, "ppid", json_integer(process->ppid));
	set(json, "command", cell_json_string(process->comm));
	return json;
}

/* Files ---------------------------------------------------------------------------------------------- */

static json_t *file_json(const struct contents *contents, size_t i)
{
	const struct shown_file *file = &contents->files.files[i];
	struct lock_buffer name = { 0 };
	json_t *json = json_object();
	char kind[32];

	words_file(&name, &contents->files, file);
	set(json, "id", json_integer(file->entry->id));
	set(json, "kind", json_string(words_kind(file->entry, kind)));
	set(json, "flags", file->has_flags ? json_integer(file->flags) : json_null());
	set(json, "position", file->has_pos ? message_number(file->pos) : json_null());
	set(json, "name", text_json(&name));
	set(json, "deleted", json_boolean(file->deleted));
	set(json, "entry", message_json(&file->entry->base));
	return json;
}

/* Locks ---------------------------------------------------------------------------------------------- */

static json_t *id_json(uint64_t id)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%016" PRIx64, id);
	return json_string(digits);
}

static json_t *lock_json(const struct contents *contents, size_t i)
{
	const struct lock *lock = &contents->locks.locks.locks[i];
	struct cell cell = { .is_json = true };
	struct output output = { 0 };
	json_t *json;

	columns_choose_all(&output.columns);
	sharing_choose(&output.columns);
	json = output_lock_json(&output, &cell, lock);
	cell_free(&cell);
	/* Also where it was made up, since the source does not tell file_id. */
	if (json && contents->own)
		set(json, "locked_file", id_json(lock->row.file_id));
	return json;
}

/* An open file description that has locks. */
static json_t *locked_json(const struct contents *contents, size_t i)
{
	const struct checkpoint_file *file = &contents->locks.files[i];
	json_t *json = json_object();

	set(json, "id", id_json(file->id));
	set(json, "path", cell_json_string(file->path));
	set(json, "deleted", json_boolean(file->deleted));
	set(json, "flags", json_integer(file->flags));
	set(json, "mode", json_integer(file->mode));
	set(json, "position", json_integer(file->pos));
	set(json, "size", message_number(file->size));
	set(json, "dev_major", json_integer(file->dev_major));
	set(json, "dev_minor", json_integer(file->dev_minor));
	set(json, "inode", message_number(file->ino));
	set(json, "generation", json_integer(file->generation));
	set(json, "mnt_id", json_integer(file->mnt_id));
	set(json, "in_flight", file->in_flight ? json_integer(file->in_flight) : json_null());
	return json;
}

/* Threads that waited for one lock. */
static json_t *queue_json(const struct contents *contents, size_t i)
{
	const struct lock_queue *queue = &contents->locks.queues.queues[i];
	json_t *json = json_array();

	for (size_t j = 0; j < queue->nr; j++)
		json_array_append_new(json, json_integer(queue->tids[j]));
	return json;
}

static int print_locks(const struct contents *contents)
{
	static const char *const sources[] = { [LOCK_SOURCE_KMOD] = "kmod", [LOCK_SOURCE_PROC] = "proc" };
	const struct checkpoint *locks = &contents->locks;
	json_t *own = contents->own ? json_object() : json_null();
	int err;

	if (contents->own) {
		set(own, "dump_time_ms", message_number(locks->dump_time_ms));
		set(own, "source", json_string(sources[locks->source]));
		set(own, "lease_break_time", json_integer(locks->lease_break_time));
	}
	err = print_member("crlock", own);
	if (contents->own) {
		err = err ?: print_list("queues", contents, locks->queues.nr, queue_json);
		err = err ?: print_list("locked_files", contents, locks->nr_files, locked_json);
	}
	return err ?: print_list("locks", contents, locks->locks.nr, lock_json);
}

/* The whole ------------------------------------------------------------------------------------------ */

static int print_whole(const struct contents *contents)
{
	int err = print_list("processes", contents, contents->tree.nr, process_json);

	return err ?: print_list("files", contents, contents->files.nr, file_json);
}

int print_json(const struct contents *contents, const struct image_error *error)
{
	json_t *images;
	int err = images_json(&images, contents->dir, contents->path, error);

	if (err) {
		json_decref(images);
		return err;
	}
	printf("{\n  \"checkpoint\": ");
	err = print(cell_json_string(contents->path));
	err = err ?: print_member("whole", json_boolean(contents->whole));
	err = err ?: print_member("written_by", contents->own ? json_string("crdump") : json_null());
	err = err ?: print_member("inventory", message_json(&contents->inventory->base));
	if (contents->whole)
		err = err ?: print_whole(contents);
	else
		err = err ?: print_list("processes", contents, contents->locks.nr_processes, locker_json);
	err = err ?: print_locks(contents);
	if (err)
		json_decref(images);
	else
		err = print_member("images", images);
	printf("\n}\n");
	return err;
}

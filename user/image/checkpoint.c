// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "image/checkpoint.h"

void checkpoint_free(struct checkpoint *checkpoint)
{
	for (size_t i = 0; i < checkpoint->nr_processes; i++)
		free(checkpoint->processes[i].comm);
	for (size_t i = 0; i < checkpoint->nr_files; i++) {
		free(checkpoint->files[i].path);
		free(checkpoint->files[i].holders);
	}
	free(checkpoint->processes);
	image_lookup_free(&checkpoint->by_pid);
	free(checkpoint->files);
	image_lookup_free(&checkpoint->by_id);
	lock_list_free(&checkpoint->locks);
	lock_queues_free(&checkpoint->queues);
	*checkpoint = (struct checkpoint){ 0 };
}

int checkpoint_note_process(struct checkpoint *checkpoint)
{
	size_t at = checkpoint->nr_processes - 1;

	return image_lookup_add(&checkpoint->by_pid, checkpoint->processes[at].pid, at);
}

int checkpoint_note_file(struct checkpoint *checkpoint)
{
	size_t at = checkpoint->nr_files - 1;

	return image_lookup_add(&checkpoint->by_id, checkpoint->files[at].id, at);
}

const struct checkpoint_file *checkpoint_file_of(const struct checkpoint *checkpoint, uint64_t id)
{
	size_t at;

	if (checkpoint->by_id.nr == checkpoint->nr_files)
		return image_lookup_find(&checkpoint->by_id, id, &at) ? &checkpoint->files[at] : NULL;
	for (size_t i = 0; i < checkpoint->nr_files; i++) {
		if (checkpoint->files[i].id == id)
			return &checkpoint->files[i];
	}
	return NULL;
}

const struct checkpoint_process *checkpoint_process_of(const struct checkpoint *checkpoint, pid_t pid)
{
	size_t at;

	if (checkpoint->by_pid.nr == checkpoint->nr_processes)
		return image_lookup_find(&checkpoint->by_pid, pid, &at) ? &checkpoint->processes[at] : NULL;
	for (size_t i = 0; i < checkpoint->nr_processes; i++) {
		if (checkpoint->processes[i].pid == pid)
			return &checkpoint->processes[i];
	}
	return NULL;
}

bool checkpoint_has_process(const struct checkpoint *checkpoint, pid_t pid)
{
	return checkpoint_process_of(checkpoint, pid);
}

static const struct crlock_holder *find_holder(const struct checkpoint *checkpoint,
					       const struct checkpoint_file *file,
					       enum crlock_holder_kind kind)
{
	for (size_t i = 0; i < file->nr_holders; i++) {
		const struct crlock_holder *holder = &file->holders[i];

		if (holder->kind == kind && checkpoint_has_process(checkpoint, holder->tgid))
			return holder;
	}
	return NULL;
}

bool checkpoint_has_descriptor(const struct checkpoint *checkpoint, const struct checkpoint_file *file)
{
	return find_holder(checkpoint, file, CRLOCK_HOLDER_DESCRIPTOR);
}

const struct crlock_holder *checkpoint_mapping_of(const struct checkpoint *checkpoint,
						  const struct checkpoint_file *file)
{
	if (file->in_flight || checkpoint_has_descriptor(checkpoint, file))
		return NULL;
	return find_holder(checkpoint, file, CRLOCK_HOLDER_MAPPING);
}

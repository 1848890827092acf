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
	free(checkpoint->files);
	lock_list_free(&checkpoint->locks);
	lock_queues_free(&checkpoint->queues);
	*checkpoint = (struct checkpoint){ 0 };
}

const struct checkpoint_file *checkpoint_file_of(const struct checkpoint *checkpoint, uint64_t id)
{
	for (size_t i = 0; i < checkpoint->nr_files; i++) {
		if (checkpoint->files[i].id == id)
			return &checkpoint->files[i];
	}
	return NULL;
}

bool checkpoint_has_process(const struct checkpoint *checkpoint, pid_t pid)
{
	for (size_t i = 0; i < checkpoint->nr_processes; i++) {
		if (checkpoint->processes[i].pid == pid)
			return true;
	}
	return false;
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

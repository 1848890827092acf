// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What --external says is there anyhow when the tree is restored: files of any kind, that are not looked at, and the
 * other ends of what is dumped.
 */
#include "dump/files/external.h"
#include "dump/files/kinds.h"

bool external_has(const struct dump_files *files, enum external_type type, uint64_t first, uint64_t second)
{
	for (size_t i = 0; i < files->options.nr_external; i++) {
		const struct external *external = &files->options.external[i];

		if (external->type == type && external->first == first && external->second == second)
			return true;
	}
	return false;
}

static int write_file(struct dump_files *files, struct dump_file *file)
{
	const struct external external = { EXTERNAL_FILE, file->stat.mnt_id, file->stat.ino };
	Image__FileEntry entry = IMAGE__FILE_ENTRY__INIT;
	Image__RegFileEntry reg = IMAGE__REG_FILE_ENTRY__INIT;
	char key[EXTERNAL_KEY_MAX];

	external_key(&external, key);
	reg.id = file->id;
	reg.flags = file->flags;
	reg.pos = file->pos;
	reg.fown = &file->owner;
	reg.name = key;
	reg.has_ext = true;
	reg.ext = true;
	entry.reg = &reg;
	return files_write_entry(files, file, &entry);
}

const struct file_kind file_kind_external = {
	.type = IMAGE__FD_TYPES__REG,
	.write = write_file,
};

// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dump/files/ghost.h"
#include "dump/files/place.h"
#include "dump/files/source.h"
#include "remap-fpath.pb-c.h"

static const char deleted_mark[] = " (deleted)";

static bool cut_mark(char *path)
{
	size_t length = strlen(path), mark = strlen(deleted_mark);

	if (length <= mark || strcmp(path + length - mark, deleted_mark))
		return false;
	path[length - mark] = '\0';
	return true;
}

static bool is_at(const struct dump_file *file, const char *path)
{
	struct stat st;

	return !lstat(path, &st) && st.st_dev == file->stat.dev && st.st_ino == file->stat.ino;
}

/* Names of its own, for a file whose names are not known, can be made but for directories. */
static void find_elsewhere(struct dump_files *files, const struct dump_file *file, struct place *place)
{
	bool deleted = cut_mark(place->path);

	if (!file->stat.nlink || (deleted && S_ISDIR(file->stat.mode)))
		place->kind = PLACE_GHOST;
	else if (deleted && !S_ISDIR(file->stat.mode))
		place->kind = PLACE_LINK;
	else
		file_block(files, file, "%s: it is not this file that is there", place->path);
}

int place_find(struct dump_files *files, const struct dump_file *file, struct place *place)
{
	place->path = strdup(file->path);
	if (!place->path)
		return -ENOMEM;
	if (file->stat.nlink && is_at(file, place->path))
		return 0;
	find_elsewhere(files, file, place);
	return place->kind == PLACE_GHOST ? ghost_add(files, file) : 0;
}

/* Writing ------------------------------------------------------------------------------------------ */

/* What is only appended to, a log, is allowed to have grown: such an entry has no size. */
static bool tells_size(const struct dump_file *file)
{
	bool is_log = (file->flags & O_APPEND) && (file->flags & O_ACCMODE) == O_WRONLY;

	return S_ISREG(file->stat.mode) && !is_log;
}

static void fill_in(Image__RegFileEntry *entry, const struct dump_file *file, uint32_t id, char *path)
{
	image__reg_file_entry__init(entry);
	entry->id = id;
	entry->flags = file->flags;
	entry->pos = file->pos;
	entry->fown = (Image__FownEntry *)&file->owner;
	entry->name = path;
	entry->has_mode = true;
	entry->mode = file->stat.mode;
	entry->has_uid = entry->has_gid = true;
	entry->uid = file->stat.uid;
	entry->gid = file->stat.gid;
	entry->has_size = tells_size(file);
	entry->size = file->stat.size;
}

static int write_entry(struct dump_files *files, const struct dump_file *file, const struct place *place,
		       uint32_t id, char *path)
{
	Image__FileEntry entry = IMAGE__FILE_ENTRY__INIT;
	Image__RegFileEntry reg;

	fill_in(&reg, file, id, path);
	if (reg.has_size) {
		reg.n_build_id = place->nr_build_id;
		reg.build_id = place->build_id;
	}
	entry.type = IMAGE__FD_TYPES__REG;
	entry.id = id;
	entry.reg = &reg;
	return files_write(files, FILE_IMAGE_FILES, &entry.base);
}

static int write_remap(struct dump_files *files, uint32_t id, Image__RemapType type, uint32_t by)
{
	Image__RemapFilePathEntry remap = IMAGE__REMAP_FILE_PATH_ENTRY__INIT;

	remap.orig_id = id;
	remap.remap_id = by;
	remap.has_remap_type = true;
	remap.remap_type = type;
	return files_write(files, FILE_IMAGE_REMAP, &remap.base);
}

/* Names that are taken, by an earlier dump or anything else, are stepped over. */
#define LINK_TRIES 1000

/* Returns: 0 or a negative errno value, and the name. */
static int make_link(struct dump_files *files, const struct dump_file *file, const struct place *place,
		     char **path)
{
	int length = strrchr(place->path, '/') - place->path, ret = -EEXIST;

	for (int i = 1; ret == -EEXIST && i <= LINK_TRIES; i++) {
		if (asprintf(path, "%.*s/link_remap.%d", length, place->path, i) < 0) {
			*path = NULL;
			return -ENOMEM;
		}
		ret = source_link(files, &file->source, *path);
		if (ret)
			free(*path);
	}
	if (ret)
		*path = NULL;
	return ret;
}

/*
 * A name beside the one that is gone. It stays after the dump, for without it the file could be gone by the
 * time of the restore, which takes it away.
 */
static int write_link(struct dump_files *files, const struct dump_file *file, const struct place *place,
		      uint32_t id)
{
	uint32_t by = files_next_id(files);
	char *path;
	int ret = make_link(files, file, place, &path);

	if (!ret)
		ret = files_made_link(files, path);
	if (ret)
		return image_error(files->error, ret, place->path, "another link to it: %s", strerror(-ret));
	ret = write_entry(files, file, place, by, path);
	return ret ? ret : write_remap(files, id, IMAGE__REMAP_TYPE__LINKED, by);
}

int place_write(struct dump_files *files, const struct dump_file *file, const struct place *place,
		uint32_t id)
{
	int ret = write_entry(files, file, place, id, place->path);

	if (ret || place->kind == PLACE_PATH)
		return ret;
	if (place->kind == PLACE_LINK)
		return write_link(files, file, place, id);
	return write_remap(files, id, IMAGE__REMAP_TYPE__GHOST, ghost_id(files, file));
}

void place_clear(struct place *place)
{
	free(place->path);
	free(place->build_id);
}

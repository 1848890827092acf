// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What stands for a path: an unlinked file that is made again, or a name that the dump made. For either a name is
 * made while the files of the checkpoint are opened, at last the one that was recorded, for that is what
 * /proc then tells.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "remap-fpath.pb-c.h"
#include "restore/files/ghost.h"
#include "restore/files/names.h"
#include "restore/files/path.h"
#include "restore/files/regular.h"
#include "restore/files/remap.h"

/* One for all paths that it stands for. */
struct stand_in {
	Image__RemapType type;
	uint32_t id; /* of the ghost, or of the file of files.img */
	const char *path; /* the first that it stands for */
	int fd; /* O_PATH, -1: it is not made yet */
	ssize_t number; /* of the name, -1: it has none that we made */
	dev_t dev; /* of what the dump had linked, once that is known to be it */
	ino_t ino;
};

struct remap {
	uint32_t id; /* of the file whose path leads nowhere */
	Image__RemapType type;
	uint32_t remap_id;
	struct stand_in *stand_in;
};

struct ghosts {
	struct remap *remaps; /* by id */
	size_t nr;
	struct stand_in *stand_ins;
	size_t nr_stand_ins;
};

/* Reading ------------------------------------------------------------------------------------------ */

static int take(struct restore_files *files, struct image_reader *reader, ProtobufCMessage *message,
		void *data, const struct image_error *error)
{
	const Image__RemapFilePathEntry *entry = (const Image__RemapFilePathEntry *)message;
	struct ghosts *ghosts = data;
	struct remap *remap = files_append(&ghosts->remaps, &ghosts->nr, sizeof(*remap));
	const struct restored_file *file = files_find(files, entry->orig_id);
	int ret = remap ? 0 : -ENOMEM;

	if (!ret && (!file || file->kind != &regular_kind))
		ret = image_reader_wrong(reader, error, "a path is of a file that is not recorded");
	if (!ret)
		*remap = (struct remap){ entry->orig_id, entry->remap_type, entry->remap_id, NULL };
	protobuf_c_message_free_unpacked(message, NULL);
	return ret;
}

static int compare(const void *a, const void *b)
{
	const struct remap *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int compare_targets(const void *a, const void *b)
{
	const struct remap *x = *(struct remap *const *)a, *y = *(struct remap *const *)b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (x->remap_id != y->remap_id)
		return x->remap_id < y->remap_id ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

/* It is unlinked in the end: no other name may be. */
static bool is_made_by_dump(const char *path)
{
	static const char prefix[] = "link_remap.";
	const char *base = path_is_sound(path) ? strrchr(path, '/') + 1 : "";

	return !strncmp(base, prefix, strlen(prefix)) && base[strlen(prefix)] &&
	       !base[strlen(prefix) + strspn(base + strlen(prefix), "0123456789")];
}

static int check_target(struct restore_files *files, const struct remap *remap,
			const struct image_error *error)
{
	struct restored_file *file;

	switch (remap->type) {
	case IMAGE__REMAP_TYPE__GHOST:
		return ghost_validate(files, remap->remap_id, error);
	case IMAGE__REMAP_TYPE__LINKED:
		file = files_find(files, remap->remap_id);
		if (!file || file->kind != &regular_kind || remap_of(files, file) ||
		    !is_made_by_dump(file->entry->reg->name))
			return image_error(error, -EBADMSG, files->path,
					   "remap-fpath.img: file %u stands for another and is no "
					   "link that a dump makes",
					   remap->remap_id);
		file->claimed = true;
		return 0;
	default:
		file = files_find(files, remap->id);
		return image_error(error, -EOPNOTSUPP, files_name(file),
				   "is of a process that had ended: it is not restored");
	}
}

static int make_stand_ins(struct restore_files *files, struct ghosts *ghosts, const struct image_error *error)
{
	struct remap **sorted = calloc(ghosts->nr, sizeof(*sorted));
	int ret = 0;

	ghosts->stand_ins = calloc(ghosts->nr, sizeof(*ghosts->stand_ins));
	if (!sorted || !ghosts->stand_ins) {
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < ghosts->nr; i++)
		sorted[i] = &ghosts->remaps[i];
	qsort(sorted, ghosts->nr, sizeof(*sorted), compare_targets);
	for (size_t i = 0; i < ghosts->nr && !ret; i++) {
		struct remap *remap = sorted[i], *last = i ? sorted[i - 1] : NULL;

		if (!last || last->type != remap->type || last->remap_id != remap->remap_id) {
			ret = check_target(files, remap, error);
			ghosts->stand_ins[ghosts->nr_stand_ins++] = (struct stand_in){
				.type = remap->type,
				.id = remap->remap_id,
				.path = files_find(files, remap->id)->entry->reg->name,
				.fd = -1,
				.number = -1,
			};
		}
		remap->stand_in = &ghosts->stand_ins[ghosts->nr_stand_ins - 1];
	}
	free(sorted);
	return ret;
}

int remap_read(struct restore_files *files, const struct image_error *error)
{
	struct ghosts *ghosts = calloc(1, sizeof(*ghosts));
	int ret;

	files->rooms.ghosts = ghosts;
	if (!ghosts)
		return -ENOMEM;
	ret = files_read_image(files, "remap-fpath.img", IMAGE_MAGIC_REMAP_FPATH,
			       &image__remap_file_path_entry__descriptor, take, ghosts, error);
	if (ret || !ghosts->nr)
		return ret;
	qsort(ghosts->remaps, ghosts->nr, sizeof(*ghosts->remaps), compare);
	for (size_t i = 1; i < ghosts->nr; i++) {
		if (ghosts->remaps[i].id == ghosts->remaps[i - 1].id)
			return image_error(error, -EBADMSG, files->path,
					   "remap-fpath.img: file %u is there twice", ghosts->remaps[i].id);
	}
	ret = make_stand_ins(files, ghosts, error);
	return ret == -ENOMEM ? image_error(error, ret, files->path, "%s", strerror(ENOMEM)) : ret;
}

struct remap *remap_of(const struct restore_files *files, const struct restored_file *file)
{
	const struct ghosts *ghosts = files->rooms.ghosts;
	struct remap wanted = { .id = file->id };

	if (!ghosts || !ghosts->nr)
		return NULL;
	return bsearch(&wanted, ghosts->remaps, ghosts->nr, sizeof(wanted), compare);
}

/* Checking ----------------------------------------------------------------------------------------- */

static void check_parent(struct restore_files *files, const char *path, struct obstacles *obstacles)
{
	const char *base;
	int fd = path_parent(files, path, &base);

	/* Directories that are gone are made too. */
	if (fd < 0 && fd != -ENOENT)
		obstacle(obstacles, path, "the directory of an unlinked file: %s", strerror(-fd));
	if (fd >= 0)
		close(fd);
}

/* Whoever may write to its directory may have put another file in its place. */
static const char *linked_difference(struct restore_files *files, uint32_t id, int fd, struct stat *stat)
{
	return fstat(fd, stat) ? strerror(errno)
			       : regular_difference(files_find(files, id)->entry->reg, stat);
}

bool remap_check(struct restore_files *files, const struct restored_file *file, struct obstacles *obstacles)
{
	struct remap *remap = remap_of(files, file);
	const char *path, *why;
	struct stat stat;
	int fd;

	if (!remap)
		return false;
	if (remap->type == IMAGE__REMAP_TYPE__GHOST) {
		check_parent(files, file->entry->reg->name, obstacles);
		return true;
	}
	path = files_find(files, remap->remap_id)->entry->reg->name;
	fd = path_lookup(files, path, O_NOFOLLOW);
	if (fd < 0)
		obstacle(obstacles, path, "%s", strerror(-fd));
	else if ((why = linked_difference(files, remap->remap_id, fd, &stat)))
		obstacle(obstacles, path, "%s", why);
	if (fd >= 0)
		close(fd);
	return true;
}

/* Opening ------------------------------------------------------------------------------------------ */

/* Gives what the dump had linked the name that was recorded. */
static int link_name(struct restore_files *files, struct stand_in *stand_in, const char *path)
{
	const char *base, *linked_base;
	int parent = names_parent(files, stand_in->path, &base), linked, fd = -ENOENT;
	struct stat stat;

	if (parent < 0)
		return parent;
	linked = path_parent(files, path, &linked_base);
	if (linked >= 0 && !fstatat(linked, linked_base, &stat, AT_SYMLINK_NOFOLLOW) &&
	    faccessat(parent, base, F_OK, AT_SYMLINK_NOFOLLOW) &&
	    names_note(files, parent, base, false, stat.st_ino) >= 0) {
		if (linkat(linked, linked_base, parent, base, 0))
			names_drop(files);
		else
			fd = openat(parent, base, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	}
	if (linked >= 0)
		close(linked);
	close(parent);
	return fd;
}

static int make_linked(struct restore_files *files, struct stand_in *stand_in,
		       const struct image_error *error)
{
	const char *path = files_find(files, stand_in->id)->entry->reg->name, *why;
	struct stat stat;

	stand_in->fd = link_name(files, stand_in, path);
	/* The name may be another file's now. */
	if (stand_in->fd < 0)
		stand_in->fd = path_lookup(files, path, O_NOFOLLOW);
	if (stand_in->fd < 0)
		return image_error(error, stand_in->fd, path, "%s", strerror(-stand_in->fd));
	why = linked_difference(files, stand_in->id, stand_in->fd, &stat);
	if (why) {
		close(stand_in->fd);
		stand_in->fd = -1;
		return image_error(error, -EBUSY, path, "%s", why);
	}
	stand_in->dev = stat.st_dev;
	stand_in->ino = stat.st_ino;
	return 0;
}

int remap_lookup(struct restore_files *files, const struct restored_file *file,
		 const struct image_error *error)
{
	struct stand_in *stand_in = remap_of(files, file)->stand_in;
	int ret = 0;

	if (stand_in->fd >= 0)
		return stand_in->fd;
	if (stand_in->type == IMAGE__REMAP_TYPE__LINKED)
		ret = make_linked(files, stand_in, error);
	else
		stand_in->fd = ghost_make(files, stand_in->id, stand_in->path, &stand_in->number, error);
	if (ret || stand_in->fd < 0)
		return ret ? ret : stand_in->fd;
	stand_in->fd = files_move(files, stand_in->fd);
	if (stand_in->fd < 0)
		return image_error(error, stand_in->fd, stand_in->path, "%s", strerror(-stand_in->fd));
	return stand_in->fd;
}

int remap_open(struct restore_files *files, struct restored_file *file, const struct image_error *error)
{
	int path_fd = remap_lookup(files, file, error), fd;

	if (path_fd < 0)
		return path_fd;
	if (file->flags & O_PATH)
		fd = files_result(fcntl(path_fd, F_DUPFD_CLOEXEC, files->next));
	else
		fd = regular_open_at(files, file, path_fd);
	return files_keep(files, file, fd, error);
}

static void close_stand_ins(struct restore_files *files)
{
	struct ghosts *ghosts = files->rooms.ghosts;

	for (size_t i = 0; ghosts && i < ghosts->nr_stand_ins; i++) {
		if (ghosts->stand_ins[i].fd >= 0)
			close(ghosts->stand_ins[i].fd);
		ghosts->stand_ins[i].fd = -1;
		ghosts->stand_ins[i].number = -1;
	}
}

int remap_complete(struct restore_files *files, const struct image_error *error)
{
	struct ghosts *ghosts = files->rooms.ghosts;

	(void)error;
	for (size_t i = 0; i < ghosts->nr_stand_ins; i++) {
		const struct stand_in *stand_in = &ghosts->stand_ins[i];

		if (stand_in->number >= 0)
			names_rename(files, stand_in->number, strrchr(stand_in->path, '/') + 1);
	}
	close_stand_ins(files);
	names_remove(files);
	return 0;
}

void remap_finish(struct restore_files *files)
{
	struct ghosts *ghosts = files->rooms.ghosts;

	for (size_t i = 0; ghosts && i < ghosts->nr_stand_ins; i++) {
		const struct stand_in *stand_in = &ghosts->stand_ins[i];
		struct stat stat;
		const char *base;
		int parent;

		if (stand_in->type != IMAGE__REMAP_TYPE__LINKED)
			continue;
		parent = path_parent(files, files_find(files, stand_in->id)->entry->reg->name, &base);
		if (parent < 0)
			continue;
		if (!fstatat(parent, base, &stat, AT_SYMLINK_NOFOLLOW) && stat.st_dev == stand_in->dev &&
		    stat.st_ino == stand_in->ino)
			unlinkat(parent, base, 0);
		close(parent);
	}
}

void remap_abandon(struct restore_files *files)
{
	close_stand_ins(files);
	names_remove(files);
}

void remap_free(struct restore_files *files)
{
	struct ghosts *ghosts = files->rooms.ghosts;

	if (!ghosts)
		return;
	close_stand_ins(files);
	free(ghosts->remaps);
	free(ghosts->stand_ins);
	free(ghosts);
}

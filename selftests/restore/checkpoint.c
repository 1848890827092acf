// SPDX-License-Identifier: GPL-2.0-or-later
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkpoint.h"

int complaints;
Image__FownEntry nobody = IMAGE__FOWN_ENTRY__INIT;
Image__SkOptsEntry no_options = IMAGE__SK_OPTS_ENTRY__INIT;

void begin(struct made_checkpoint *checkpoint)
{
	*checkpoint = (struct made_checkpoint){ .work = "/tmp/crlock-test.XXXXXX" };
	checkpoint->error = (struct image_error){ checkpoint->text, sizeof(checkpoint->text) };
	/* The kernel tells twice as much as was set. */
	no_options.so_sndbuf = no_options.so_rcvbuf = 212992;
	if (!mkdtemp(checkpoint->work))
		err(1, "%s", checkpoint->work);
	snprintf(checkpoint->images, sizeof(checkpoint->images), "%s.images", checkpoint->work);
	if (chdir(checkpoint->work) ||
	    image_directory_make(&checkpoint->directory, checkpoint->images, &checkpoint->error))
		err(1, "%s", checkpoint->text);
}

void end(struct made_checkpoint *checkpoint)
{
	char command[256];

	restore_files_free(checkpoint->files);
	syscall(SYS_close_range, 3, ~0U, 0);
	snprintf(command, sizeof(command), "cd / && rm -rf %s %s", checkpoint->work, checkpoint->images);
	if (chdir("/") || system(command))
		err(1, "%s", command);
}

static struct image_writer *writer_of(struct made_checkpoint *checkpoint, const char *name, uint32_t magic)
{
	struct image_writer *writer;

	for (size_t i = 0; i < checkpoint->nr_writers; i++) {
		if (!strcmp(checkpoint->writers[i].name, name))
			return &checkpoint->writers[i];
	}
	writer = &checkpoint->writers[checkpoint->nr_writers++];
	if (checkpoint->nr_writers > IMAGES_MAX ||
	    image_writer_open(writer, &checkpoint->directory, name, magic, &checkpoint->error))
		errx(1, "%s: %s", name, checkpoint->text);
	return writer;
}

void put(struct made_checkpoint *checkpoint, const char *name, uint32_t magic, const void *message,
	 const void *bytes, size_t size)
{
	struct image_writer *writer = writer_of(checkpoint, name, magic);

	if (image_write(writer, message, &checkpoint->error) ||
	    (size && image_write_bytes(writer, bytes, size, &checkpoint->error)))
		errx(1, "%s", checkpoint->text);
}

void put_file(struct made_checkpoint *checkpoint, Image__FdTypes type, uint32_t id, void *message)
{
	Image__FileEntry entry = IMAGE__FILE_ENTRY__INIT;
	const struct {
		Image__FdTypes type;
		void **field;
	} fields[] = {
		{ IMAGE__FD_TYPES__REG, (void **)&entry.reg },
		{ IMAGE__FD_TYPES__INETSK, (void **)&entry.isk },
		{ IMAGE__FD_TYPES__EVENTFD, (void **)&entry.efd },
		{ IMAGE__FD_TYPES__EVENTPOLL, (void **)&entry.epfd },
		{ IMAGE__FD_TYPES__SIGNALFD, (void **)&entry.sgfd },
		{ IMAGE__FD_TYPES__TIMERFD, (void **)&entry.tfd },
		{ IMAGE__FD_TYPES__INOTIFY, (void **)&entry.ify },
		{ IMAGE__FD_TYPES__UNIXSK, (void **)&entry.usk },
		{ IMAGE__FD_TYPES__FIFO, (void **)&entry.fifo },
		{ IMAGE__FD_TYPES__PIPE, (void **)&entry.pipe },
		{ IMAGE__FD_TYPES__TTY, (void **)&entry.tty },
		{ IMAGE__FD_TYPES__MEMFD, (void **)&entry.memfd },
	};

	entry.type = type;
	entry.id = id;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if (fields[i].type == type)
			*fields[i].field = message;
	}
	put(checkpoint, "files.img", IMAGE_MAGIC_FILES, &entry, NULL, 0);
}

void put_fd(struct made_checkpoint *checkpoint, uint32_t table, int fd, Image__FdTypes type, uint32_t id,
	    uint32_t flags)
{
	Image__FdinfoEntry entry = IMAGE__FDINFO_ENTRY__INIT;
	char name[32];

	snprintf(name, sizeof(name), "fdinfo-%u.img", table);
	entry.id = id;
	entry.flags = flags;
	entry.type = type;
	entry.fd = fd;
	put(checkpoint, name, IMAGE_MAGIC_FDINFO, &entry, NULL, 0);
}

void put_regular(struct made_checkpoint *checkpoint, uint32_t id, const char *path, uint32_t flags,
		 uint64_t pos, uint32_t mode)
{
	Image__RegFileEntry entry = IMAGE__REG_FILE_ENTRY__INIT;
	char name[4200];

	snprintf(name, sizeof(name), "%s%s%s", *path == '/' ? "" : checkpoint->work, *path == '/' ? "" : "/",
		 path);
	entry.id = id;
	entry.flags = flags;
	entry.pos = pos;
	entry.fown = &nobody;
	entry.name = name;
	entry.has_mode = mode != 0;
	entry.mode = mode;
	put_file(checkpoint, IMAGE__FD_TYPES__REG, id, &entry);
}

int read_checkpoint(struct made_checkpoint *checkpoint)
{
	for (size_t i = 0; i < checkpoint->nr_writers; i++) {
		if (image_writer_close(&checkpoint->writers[i], 0, &checkpoint->error))
			errx(1, "%s", checkpoint->text);
	}
	checkpoint->nr_writers = 0;
	return restore_files_read(&checkpoint->files, checkpoint->directory.fd, checkpoint->images,
				  &checkpoint->options, &checkpoint->error);
}

int open_checkpoint(struct made_checkpoint *checkpoint)
{
	int ret = read_checkpoint(checkpoint);

	if (ret)
		return ret;
	return restore_files_open(checkpoint->files, restore_files_lowest(checkpoint->files),
				  &checkpoint->error);
}

int in_process(struct made_checkpoint *checkpoint, uint32_t table, int (*fn)(void *data), void *data)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		complaints = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, restore_files_lowest(checkpoint->files));
		if (restore_files_install(checkpoint->files, table, &checkpoint->error))
			_exit(100);
		_exit(fn(data));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		err(1, "fork");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

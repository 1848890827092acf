// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of checkpoints that were written by hand: what CRIU would not write, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "checkpoint.h"

/* The harness's FIXTURE_SETUP() makes functions without. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "kselftest_harness.h"

#define REG IMAGE__FD_TYPES__REG

/* Returned by what runs in a process: the line that failed, below 100. */
#define TRY(condition) \
	do { \
		if (!(condition)) { \
			dprintf(complaints, "# line %d: %s (%s)\n", __LINE__, #condition, strerror(errno)); \
			return 1; \
		} \
	} while (0)

static void make_file(const char *name, const char *content)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, content, strlen(content)) != (ssize_t)strlen(content))
		perror(name);
	close(fd);
}

static bool reads(int fd, const char *wanted)
{
	char buf[256];
	ssize_t n = read(fd, buf, sizeof(buf));

	return n == (ssize_t)strlen(wanted) && !memcmp(buf, wanted, n);
}

static bool is_there(const char *name)
{
	return !faccessat(AT_FDCWD, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

/* How many names are in the directory of files. */
static int count_names(void)
{
	FILE *list = popen("ls -A . | wc -l", "r");
	int nr = -1;

	if (!list || fscanf(list, "%d", &nr) != 1)
		nr = -1;
	if (list)
		pclose(list);
	return nr;
}

/*
 * What a user does in a directory of theirs, at the moment that matters: what was made there goes away, and a link to
 * a file of root's takes its name. The library's calls come here.
 */
static const char *swapped;

static void swap(void)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "cd '%s' && for name in $(ls -A | grep -v 'victim\\|away'); do "
		 "mv $name away$name && ln -s victim $name; done",
		 swapped);
	if (system(command))
		perror(command);
}

int fchownat(int dir, const char *path, uid_t uid, gid_t gid, int flags)
{
	if (swapped)
		swap();
	return syscall(SYS_fchownat, dir, path, uid, gid, flags);
}

FIXTURE(files)
{
	struct made_checkpoint made;
};

FIXTURE_SETUP(files)
{
	begin(&self->made);
}

FIXTURE_TEARDOWN(files)
{
	end(&self->made);
}

#define OPENED(wanted) \
	ASSERT_EQ(wanted, open_checkpoint(&self->made)) \
	{ \
		TH_LOG("%s", self->made.text); \
	}

#define SAYS(wanted) \
	EXPECT_NE(NULL, strstr(self->made.text, wanted)) \
	{ \
		TH_LOG("%s", self->made.text); \
	}

#define FINISHED() \
	do { \
		ASSERT_EQ(0, restore_files_finish(self->made.files, &self->made.error)) \
		{ \
			TH_LOG("%s", self->made.text); \
		} \
		restore_files_commit(self->made.files); \
	} while (0)

/* Tables --------------------------------------------------------------------------------------------- */

static int has_regular(void *data)
{
	(void)data;
	TRY(fcntl(3, F_GETFD) == FD_CLOEXEC && !fcntl(4, F_GETFD));
	TRY((fcntl(3, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK)) == (O_RDWR | O_APPEND));
	TRY((fcntl(7, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == (O_RDONLY | O_NONBLOCK));
	TRY(fcntl(9, F_GETFL) & O_PATH);
	TRY(lseek(3, 0, SEEK_CUR) == 2 && lseek(7, 0, SEEK_CUR) == 5);
	/* One description. */
	TRY(lseek(4, 3, SEEK_SET) == 3 && lseek(3, 0, SEEK_CUR) == 3);
	TRY(lseek(7, 0, SEEK_CUR) == 5);
	TRY(fcntl(0, F_GETFD) < 0 && fcntl(5, F_GETFD) < 0 && fcntl(8, F_GETFD) < 0 &&
	    fcntl(10, F_GETFD) < 0);
	return 0;
}

TEST_F(files, regular_files_are_open_as_they_were)
{
	make_file("a", "0123456789");
	put_regular(&self->made, 1, "a", O_RDWR | O_APPEND, 2, S_IFREG | 0644);
	put_regular(&self->made, 2, "a", O_RDONLY | O_NONBLOCK, 5, S_IFREG | 0644);
	put_regular(&self->made, 3, "a", O_PATH, 0, S_IFREG | 0644);
	put_regular(&self->made, 4, "/dev/tty", O_PATH, 0, 0);
	put_fd(&self->made, 7, 9, REG, 3, 0);
	put_fd(&self->made, 7, 4, REG, 1, 0);
	put_fd(&self->made, 7, 3, REG, 1, FD_CLOEXEC);
	put_fd(&self->made, 7, 7, REG, 2, 0);
	put_fd(&self->made, 7, 2, REG, 4, 0);
	put_fd(&self->made, 8, 20, REG, 1, 0);
	OPENED(0);
	EXPECT_EQ(21, restore_files_lowest(self->made.files));
	EXPECT_LE(21, restore_files_fd(self->made.files, 1));
	EXPECT_EQ(-1, restore_files_fd(self->made.files, 99));
	/* It is above, and stays. */
	EXPECT_EQ(FD_CLOEXEC, fcntl(restore_files_fd(self->made.files, 1), F_GETFD));
	EXPECT_EQ(0, in_process(&self->made, 7, has_regular, NULL));
	EXPECT_EQ(100, in_process(&self->made, 9, has_regular, NULL));
}

static int has_many(void *data)
{
	(void)data;
	for (int fd = 0; fd < 6000; fd++)
		TRY(lseek(2 * fd, 0, SEEK_CUR) == fd % 10 && (fd == 5999 || fcntl(2 * fd + 1, F_GETFD) < 0));
	return 0;
}

TEST_F(files, thousands_of_descriptors)
{
	make_file("a", "0123456789");
	for (int i = 0; i < 6000; i++) {
		put_regular(&self->made, i + 1, "a", O_RDONLY, i % 10, S_IFREG | 0644);
		put_fd(&self->made, 1, 2 * i, REG, i + 1, 0);
	}
	OPENED(0);
	EXPECT_EQ(0, in_process(&self->made, 1, has_many, NULL));
}

/* Paths ---------------------------------------------------------------------------------------------- */

static int reads_inside(void *data)
{
	(void)data;
	TRY(reads(3, "inside"));
	return 0;
}

TEST_F(files, paths_begin_at_the_root_option_and_stay_there)
{
	make_file("secret", "outside");
	ASSERT_EQ(0, mkdir("root", 0755));
	make_file("root/secret", "inside");
	ASSERT_EQ(0, symlink("../../../../secret", "root/link"));
	self->made.options.root = "root";
	put_regular(&self->made, 1, "/link", O_RDONLY, 0, 0);
	put_fd(&self->made, 1, 3, REG, 1, 0);
	OPENED(0);
	EXPECT_EQ(0, in_process(&self->made, 1, reads_inside, NULL));
}

TEST_F(files, paths_that_no_dump_writes_are_refused)
{
	put_regular(&self->made, 1, "a/../../etc/passwd", O_RDONLY, 0, 0);
	EXPECT_EQ(-EBADMSG, read_checkpoint(&self->made));
	SAYS("path");
}

TEST_F(files, nothing_is_created_or_truncated)
{
	make_file("a", "content");
	put_regular(&self->made, 1, "a", O_RDWR | O_TRUNC | O_CREAT, 0, S_IFREG | 0644);
	OPENED(0);
	EXPECT_TRUE(reads(open("a", O_RDONLY), "content"));
}

static void count(const char *line, void *data)
{
	strcat(data, line);
	strcat(data, "\n");
}

TEST_F(files, all_that_has_changed_is_told)
{
	Image__RegFileEntry entry = IMAGE__REG_FILE_ENTRY__INIT;
	uint32_t build_id[] = { 1, 2, 3 };
	char name[128], lines[4096] = "";

	make_file("small", "x");
	ASSERT_EQ(0, mkdir("kind", 0755));
	put_regular(&self->made, 1, "missing", O_RDONLY, 0, S_IFREG | 0644);
	put_regular(&self->made, 2, "kind", O_RDONLY, 0, S_IFREG | 0644);
	entry.id = 3;
	entry.fown = &nobody;
	entry.name = name;
	entry.has_size = true;
	entry.size = 5;
	snprintf(name, sizeof(name), "%s/small", self->made.work);
	put_file(&self->made, REG, 3, &entry);
	entry.id = 4;
	entry.has_size = false;
	entry.build_id = build_id;
	entry.n_build_id = 3;
	snprintf(name, sizeof(name), "/proc/self/exe");
	put_file(&self->made, REG, 4, &entry);
	put_regular(&self->made, 5, "small", O_RDONLY, 0, S_IFREG | 0644);
	ASSERT_EQ(0, read_checkpoint(&self->made));
	EXPECT_EQ(4, restore_files_check(self->made.files, count, lines));
	EXPECT_NE(NULL, strstr(lines, "missing: No such file"));
	EXPECT_NE(NULL, strstr(lines, "kind: is another kind"));
	EXPECT_NE(NULL, strstr(lines, "small: has another size"));
	EXPECT_NE(NULL, strstr(lines, "exe: has another build id"));
	EXPECT_GT(0, restore_files_open(self->made.files, 100, &self->made.error));
	EXPECT_EQ(-1, restore_files_fd(self->made.files, 5));
}

TEST_F(files, a_lease_of_others_is_not_broken)
{
	int lock;

	make_file("leased", "x");
	lock = open("leased", O_RDWR);
	ASSERT_EQ(0, fcntl(lock, F_SETLEASE, F_WRLCK));
	fcntl(lock, F_SETSIG, SIGURG);
	put_regular(&self->made, 1, "leased", O_RDONLY, 0, S_IFREG | 0644);
	EXPECT_GT(0, open_checkpoint(&self->made));
	SAYS("in the way is");
	EXPECT_EQ(F_WRLCK, fcntl(lock, F_GETLEASE));
}

/* Files without a name ------------------------------------------------------------------------------ */

static void put_ghost(struct made_checkpoint *made, uint32_t id, uint32_t mode, const char *content)
{
	Image__GhostFileEntry ghost = IMAGE__GHOST_FILE_ENTRY__INIT;
	Image__Timeval time = IMAGE__TIMEVAL__INIT;
	char name[32];

	time.tv_sec = 1000000;
	ghost.uid = 3;
	ghost.gid = 4;
	ghost.mode = mode;
	ghost.mtim = &time;
	snprintf(name, sizeof(name), "ghost-file-%x.img", id);
	put(made, name, IMAGE_MAGIC_GHOST_FILE, &ghost, content, strlen(content));
}

static void put_remap(struct made_checkpoint *made, uint32_t id, Image__RemapType type, uint32_t remap)
{
	Image__RemapFilePathEntry entry = IMAGE__REMAP_FILE_PATH_ENTRY__INIT;

	entry.orig_id = id;
	entry.remap_id = remap;
	entry.has_remap_type = true;
	entry.remap_type = type;
	put(made, "remap-fpath.img", IMAGE_MAGIC_REMAP_FPATH, &entry, NULL, 0);
}

static int has_ghost(void *data)
{
	struct stat one, other;
	char link[256] = "";

	TRY(!fstat(3, &one) && !fstat(4, &other));
	TRY(one.st_ino == other.st_ino && !one.st_nlink);
	TRY(one.st_mode == (S_IFREG | 0640) && one.st_uid == 3 && one.st_gid == 4 && one.st_mtime == 1000000);
	TRY(readlink("/proc/self/fd/3", link, sizeof(link) - 1) > 0);
	TRY(!strcmp(link + strlen(data), "/ghost (deleted)"));
	TRY(reads(3, "st") && reads(4, "ghost"));
	return 0;
}

TEST_F(files, an_unlinked_file_is_there_again_for_all_that_had_it)
{
	put_regular(&self->made, 1, "ghost", O_RDONLY, 3, S_IFREG | 0640);
	put_regular(&self->made, 2, "ghost", O_RDWR, 0, S_IFREG | 0640);
	put_remap(&self->made, 1, IMAGE__REMAP_TYPE__GHOST, 0xa);
	put_remap(&self->made, 2, IMAGE__REMAP_TYPE__GHOST, 0xa);
	put_ghost(&self->made, 0xa, S_IFREG | 0640, "ghost");
	put_fd(&self->made, 1, 3, REG, 1, 0);
	put_fd(&self->made, 1, 4, REG, 2, 0);
	OPENED(0);
	EXPECT_EQ(0, count_names());
	EXPECT_EQ(0, in_process(&self->made, 1, has_ghost, self->made.work));
}

TEST_F(files, an_unlinked_file_does_not_take_a_name_of_others)
{
	make_file("ghost", "another");
	put_regular(&self->made, 1, "ghost", O_RDONLY, 0, S_IFREG | 0640);
	put_remap(&self->made, 1, IMAGE__REMAP_TYPE__GHOST, 1);
	put_ghost(&self->made, 1, S_IFREG | 0640, "ghost");
	OPENED(0);
	EXPECT_TRUE(reads(restore_files_fd(self->made.files, 1), "ghost"));
	EXPECT_TRUE(reads(open("ghost", O_RDONLY), "another"));
	EXPECT_EQ(1, count_names());
}

TEST_F(files, an_unlinked_file_in_a_directory_that_is_gone)
{
	put_regular(&self->made, 1, "d/e/ghost", O_RDONLY, 0, S_IFREG | 0640);
	put_remap(&self->made, 1, IMAGE__REMAP_TYPE__GHOST, 1);
	put_ghost(&self->made, 1, S_IFREG | 0640, "ghost");
	OPENED(0);
	EXPECT_TRUE(reads(restore_files_fd(self->made.files, 1), "ghost"));
	EXPECT_EQ(0, count_names());
}

static bool is_left_alone(const char *name)
{
	struct stat stat;

	return !lstat(name, &stat) && stat.st_mode == (S_IFREG | 0644) && !stat.st_uid;
}

TEST_F(files, a_link_in_the_place_of_an_unlinked_file_is_not_followed)
{
	const mode_t kinds[] = { S_IFREG, S_IFIFO, S_IFDIR, S_IFSOCK };

	for (size_t i = 0; i < 4; i++) {
		put_regular(&self->made, i + 1, "users/ghost", O_PATH, 0, kinds[i] | 04755);
		put_remap(&self->made, i + 1, IMAGE__REMAP_TYPE__GHOST, i + 1);
		put_ghost(&self->made, i + 1, kinds[i] | 04755, "");
	}
	ASSERT_EQ(0, mkdir("users", 0755));
	make_file("users/victim", "");
	swapped = "users";
	OPENED(0);
	EXPECT_TRUE(is_left_alone("users/victim"));
	/* They were there, and made again. */
	EXPECT_EQ(0, system("set -- users/away*; [ $# = 4 ]"));
}

TEST_F(files, holes_stay_holes)
{
	Image__GhostFileEntry ghost = IMAGE__GHOST_FILE_ENTRY__INIT;
	Image__GhostChunkEntry chunk = IMAGE__GHOST_CHUNK_ENTRY__INIT;
	char buf[3] = "";
	struct stat stat;
	int fd;

	ghost.mode = S_IFREG | 0600;
	ghost.has_chunks = ghost.chunks = ghost.has_size = true;
	ghost.size = 1 << 30;
	put(&self->made, "ghost-file-1.img", IMAGE_MAGIC_GHOST_FILE, &ghost, NULL, 0);
	chunk.off = 1 << 29;
	chunk.len = 2;
	put(&self->made, "ghost-file-1.img", IMAGE_MAGIC_GHOST_FILE, &chunk, "ab", 2);
	put_regular(&self->made, 1, "ghost", O_RDONLY, 0, S_IFREG | 0600);
	put_remap(&self->made, 1, IMAGE__REMAP_TYPE__GHOST, 1);
	OPENED(0);
	fd = restore_files_fd(self->made.files, 1);
	ASSERT_EQ(0, fstat(fd, &stat));
	EXPECT_EQ(1 << 30, stat.st_size);
	EXPECT_GT(1000, stat.st_blocks);
	EXPECT_EQ(2, pread(fd, buf, 2, 1 << 29));
	EXPECT_STREQ("ab", buf);
}

TEST_F(files, a_name_that_the_dump_made_and_that_is_anothers_is_refused)
{
	make_file("link_remap.2", "another");
	put_regular(&self->made, 1, "linked", O_RDWR, 0, S_IFREG | 0600);
	put_regular(&self->made, 2, "link_remap.2", O_RDWR, 0, S_IFREG | 0600);
	put_remap(&self->made, 1, IMAGE__REMAP_TYPE__LINKED, 2);
	OPENED(-EBUSY);
	SAYS("link_remap.2: has another mode than it had");
	restore_files_abandon(self->made.files);
	EXPECT_TRUE(reads(open("link_remap.2", O_RDONLY), "another"));
	EXPECT_EQ(1, count_names());
}

TEST_F(files, a_name_that_the_dump_made_stays_if_it_becomes_anothers)
{
	make_file("link_remap.2", "linked");
	make_file("another", "another");
	put_regular(&self->made, 1, "linked", O_RDONLY, 0, S_IFREG | 0644);
	put_regular(&self->made, 2, "link_remap.2", O_RDONLY, 0, 0);
	put_remap(&self->made, 1, IMAGE__REMAP_TYPE__LINKED, 2);
	OPENED(0);
	ASSERT_EQ(0, rename("another", "link_remap.2"));
	FINISHED();
	EXPECT_TRUE(reads(open("link_remap.2", O_RDONLY), "another"));
	EXPECT_TRUE(reads(restore_files_fd(self->made.files, 1), "linked"));
}

TEST_F(files, a_name_that_the_dump_made_goes_in_the_end)
{
	make_file("link_remap.2", "linked");
	put_regular(&self->made, 1, "linked", O_RDONLY, 0, S_IFREG | 0644);
	put_regular(&self->made, 2, "link_remap.2", O_RDONLY, 0, 0);
	put_remap(&self->made, 1, IMAGE__REMAP_TYPE__LINKED, 2);
	OPENED(0);
	EXPECT_TRUE(is_there("link_remap.2"));
	EXPECT_EQ(1, count_names());
	FINISHED();
	EXPECT_EQ(0, count_names());
	EXPECT_TRUE(reads(restore_files_fd(self->made.files, 1), "linked"));
}

TEST_F(files, nothing_is_left_after_an_error)
{
	put_regular(&self->made, 1, "d/ghost", O_RDONLY, 0, S_IFREG | 0640);
	put_remap(&self->made, 1, IMAGE__REMAP_TYPE__GHOST, 1);
	put_ghost(&self->made, 1, S_IFREG | 0640, "ghost");
	put_regular(&self->made, 2, "missing", O_RDONLY, 0, 0);
	EXPECT_EQ(-ENOENT, open_checkpoint(&self->made));
	SAYS("missing");
	EXPECT_EQ(0, count_names());
	EXPECT_EQ(-1, restore_files_fd(self->made.files, 1));
}

/* Pipes ---------------------------------------------------------------------------------------------- */

static void put_pipe(struct made_checkpoint *made, uint32_t id, uint32_t pipe_id, uint32_t flags, int fd)
{
	Image__PipeEntry entry = IMAGE__PIPE_ENTRY__INIT;

	entry.id = id;
	entry.pipe_id = pipe_id;
	entry.flags = flags;
	entry.fown = &nobody;
	put_file(made, IMAGE__FD_TYPES__PIPE, id, &entry);
	put_fd(made, 1, fd, IMAGE__FD_TYPES__PIPE, id, 0);
}

static void put_pipe_data(struct made_checkpoint *made, const char *image, uint32_t magic, uint32_t pipe_id,
			  const char *bytes, uint32_t size)
{
	Image__PipeDataEntry entry = IMAGE__PIPE_DATA_ENTRY__INIT;

	entry.pipe_id = pipe_id;
	entry.bytes = strlen(bytes);
	entry.has_size = true;
	entry.size = size;
	put(made, image, magic, &entry, bytes, strlen(bytes));
}

static int has_pipes(void *data)
{
	(void)data;
	TRY(fcntl(3, F_GETFL) == (O_RDONLY | O_NONBLOCK));
	TRY(fcntl(4, F_GETFL) == O_WRONLY);
	TRY(fcntl(5, F_GETFL) == 0100000);
	TRY((fcntl(8, F_GETFL) & O_ACCMODE) == O_RDWR);
	TRY(fcntl(3, F_GETPIPE_SZ) == 1 << 20);
	TRY(reads(3, "hello"));
	TRY(write(4, "x", 1) == 1 && reads(5, "x"));
	/* No one can write to it. */
	TRY(reads(6, "left") && reads(6, ""));
	TRY(signal(SIGPIPE, SIG_IGN) != SIG_ERR && write(7, "x", 1) < 0 && errno == EPIPE);
	TRY(write(8, "y", 1) == 1 && reads(8, "y"));
	return 0;
}

TEST_F(files, pipes_have_their_ends_and_data)
{
	put_pipe(&self->made, 1, 100, O_RDONLY | O_NONBLOCK, 3);
	put_pipe(&self->made, 2, 100, O_WRONLY, 4);
	/* As open(2) makes them. */
	put_pipe(&self->made, 3, 100, O_RDONLY | 0100000, 5);
	put_pipe(&self->made, 4, 200, O_RDONLY, 6);
	put_pipe(&self->made, 5, 300, O_WRONLY, 7);
	put_pipe(&self->made, 6, 400, O_RDWR, 8);
	put_pipe_data(&self->made, "pipes-data.img", IMAGE_MAGIC_PIPES_DATA, 100, "hello", 1 << 20);
	put_pipe_data(&self->made, "pipes-data.img", IMAGE_MAGIC_PIPES_DATA, 200, "left", 65536);
	OPENED(0);
	EXPECT_EQ(0, in_process(&self->made, 1, has_pipes, NULL));
}

/* Whoever may write to the directory of images can do that after they were read. */
static void replace_by_fifo(struct made_checkpoint *made, const char *image)
{
	if (unlinkat(made->directory.fd, image, 0) || mkfifoat(made->directory.fd, image, 0600))
		perror(image);
}

TEST_F(files, an_image_that_became_a_fifo_is_not_waited_for)
{
	put_pipe(&self->made, 1, 100, O_RDONLY, 3);
	put_pipe_data(&self->made, "pipes-data.img", IMAGE_MAGIC_PIPES_DATA, 100, "hello", 65536);
	ASSERT_EQ(0, read_checkpoint(&self->made));
	replace_by_fifo(&self->made, "pipes-data.img");
	EXPECT_EQ(-EBADMSG, restore_files_open(self->made.files, 100, &self->made.error));
	SAYS("pipe");
}

static void put_fifo(struct made_checkpoint *made, uint32_t id, const char *path, uint32_t flags, int fd)
{
	Image__FifoEntry entry = IMAGE__FIFO_ENTRY__INIT;

	put_regular(made, id + 100, path, flags, 0, 0);
	entry.id = id;
	entry.pipe_id = 7;
	entry.has_regf_id = true;
	entry.regf_id = id + 100;
	put_file(made, IMAGE__FD_TYPES__FIFO, id, &entry);
	put_fd(made, 1, fd, IMAGE__FD_TYPES__FIFO, id, 0);
}

static int has_fifo(void *data)
{
	(void)data;
	TRY((fcntl(3, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == O_RDONLY);
	TRY((fcntl(4, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == (O_WRONLY | O_NONBLOCK));
	TRY(reads(3, "data") && write(4, "x", 1) == 1 && reads(3, "x"));
	close(4);
	TRY(!restore_files_fd(data, 2) || !close(restore_files_fd(data, 2)));
	return 0;
}

TEST_F(files, fifos_are_opened_without_waiting)
{
	ASSERT_EQ(0, mkfifo("fifo", 0600));
	put_fifo(&self->made, 1, "fifo", O_RDONLY, 3);
	put_fifo(&self->made, 2, "fifo", O_WRONLY | O_NONBLOCK, 4);
	put_pipe_data(&self->made, "fifo-data.img", IMAGE_MAGIC_FIFO_DATA, 7, "data", 65536);
	OPENED(0);
	EXPECT_EQ(0, in_process(&self->made, 1, has_fifo, self->made.files));
}

/* Events --------------------------------------------------------------------------------------------- */

static void put_eventfd(struct made_checkpoint *made, uint32_t id, uint32_t flags, uint64_t counter)
{
	Image__EventfdFileEntry entry = IMAGE__EVENTFD_FILE_ENTRY__INIT;

	entry.id = id;
	entry.flags = flags;
	entry.fown = &nobody;
	entry.counter = counter;
	put_file(made, IMAGE__FD_TYPES__EVENTFD, id, &entry);
}

TEST_F(files, eventfds_have_their_count)
{
	uint64_t count = 0;
	int fd;

	put_eventfd(&self->made, 1, O_RDWR | O_NONBLOCK, 7);
	put_eventfd(&self->made, 2, O_RDWR | EFD_SEMAPHORE, 3);
	OPENED(0);
	fd = restore_files_fd(self->made.files, 1);
	EXPECT_EQ(8, read(fd, &count, sizeof(count)));
	EXPECT_EQ(7, count);
	EXPECT_EQ(-1, read(fd, &count, sizeof(count)));
	fd = restore_files_fd(self->made.files, 2);
	EXPECT_EQ(0, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(8, read(fd, &count, sizeof(count)));
	EXPECT_EQ(1, count);
}

TEST_F(files, signalfds_take_their_signals)
{
	Image__SignalfdEntry entry = IMAGE__SIGNALFD_ENTRY__INIT;
	struct signalfd_siginfo info;
	sigset_t mask;

	entry.id = 1;
	entry.flags = O_RDWR | O_NONBLOCK;
	entry.fown = &nobody;
	entry.sigmask = 1ULL << (SIGUSR2 - 1);
	put_file(&self->made, IMAGE__FD_TYPES__SIGNALFD, 1, &entry);
	OPENED(0);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	raise(SIGUSR2);
	EXPECT_EQ(sizeof(info), read(restore_files_fd(self->made.files, 1), &info, sizeof(info)));
	EXPECT_EQ(SIGUSR2, info.ssi_signo);
}

static void put_timerfd(struct made_checkpoint *made, uint32_t id, uint64_t left, uint64_t interval,
			uint64_t ticks, uint32_t flags)
{
	Image__TimerfdEntry entry = IMAGE__TIMERFD_ENTRY__INIT;

	entry.id = id;
	entry.flags = O_RDWR;
	entry.fown = &nobody;
	entry.clockid = CLOCK_MONOTONIC;
	entry.vsec = left;
	entry.isec = interval;
	entry.ticks = ticks;
	entry.settime_flags = flags;
	put_file(made, IMAGE__FD_TYPES__TIMERFD, id, &entry);
}

TEST_F(files, timerfds_go_on_with_what_was_left)
{
	struct itimerspec time;
	uint64_t ticks = 0;

	put_timerfd(&self->made, 1, 1000, 60, 0, 0);
	put_timerfd(&self->made, 2, 1000, 0, 0, TFD_TIMER_ABSTIME);
	put_timerfd(&self->made, 3, 0, 500, 4, 0);
	put_timerfd(&self->made, 4, 0, 0, 0, 0);
	OPENED(0);
	ASSERT_EQ(0, timerfd_gettime(restore_files_fd(self->made.files, 1), &time));
	EXPECT_EQ(0, time.it_value.tv_sec);
	FINISHED();
	for (int id = 1; id <= 2; id++) {
		ASSERT_EQ(0, timerfd_gettime(restore_files_fd(self->made.files, id), &time));
		EXPECT_LT(900, time.it_value.tv_sec);
		EXPECT_GE(1000, time.it_value.tv_sec);
	}
	EXPECT_EQ(8, read(restore_files_fd(self->made.files, 3), &ticks, sizeof(ticks)));
	EXPECT_EQ(4, ticks);
	/* It had expired, and runs again when that was read. */
	ASSERT_EQ(0, timerfd_gettime(restore_files_fd(self->made.files, 3), &time));
	EXPECT_LT(400, time.it_value.tv_sec);
	ASSERT_EQ(0, timerfd_gettime(restore_files_fd(self->made.files, 4), &time));
	EXPECT_EQ(0, time.it_value.tv_sec);
}

struct watched {
	uint32_t fd, target, key; /* target and key are crdump's, 0: not told */
	uint32_t events;
};

static void put_epoll(struct made_checkpoint *made, uint32_t id, const struct watched *watched, size_t nr)
{
	Image__EventpollFileEntry entry = IMAGE__EVENTPOLL_FILE_ENTRY__INIT;
	Image__EventpollTfdEntry targets[4], *pointers[4];

	for (size_t i = 0; i < nr; i++) {
		image__eventpoll_tfd_entry__init(&targets[i]);
		targets[i].tfd = watched[i].fd;
		targets[i].events = watched[i].events;
		targets[i].data = 1000 + i;
		targets[i].has_target_id = watched[i].target != 0;
		targets[i].target_id = watched[i].target;
		targets[i].has_key_fd = watched[i].key != 0;
		targets[i].key_fd = watched[i].key;
		pointers[i] = &targets[i];
	}
	entry.id = id;
	entry.flags = O_RDWR;
	entry.fown = &nobody;
	entry.tfd = pointers;
	entry.n_tfd = nr;
	put_file(made, IMAGE__FD_TYPES__EVENTPOLL, id, &entry);
}

static int has_epoll(void *data)
{
	struct epoll_event events[4];

	(void)data;
	/* The pipe is empty, the one eventfd was told of, and the other is watched by a number that is another's. */
	TRY(epoll_wait(3, events, 4, 0) == 1);
	TRY(events[0].data.u64 == 1001);
	TRY(write(5, "x", 1) == 1);
	TRY(epoll_wait(3, events, 4, 0) == 2);
	/* By the numbers that they were added with. */
	TRY(!epoll_ctl(3, EPOLL_CTL_DEL, 4, NULL));
	TRY(epoll_ctl(3, EPOLL_CTL_DEL, 9, NULL) && errno == ENOENT);
	TRY(dup2(6, 9) == 9 && !epoll_ctl(3, EPOLL_CTL_DEL, 9, NULL));
	TRY(!epoll_ctl(3, EPOLL_CTL_MOD, 7, &(struct epoll_event){ .events = EPOLLIN | EPOLLONESHOT }));
	TRY(epoll_wait(3, events, 4, 0) == 1);
	return 0;
}

TEST_F(files, epoll_sets_watch_what_they_did)
{
	const struct watched watched[] = {
		{ 4, 0, 0, EPOLLIN },
		{ 6, 12, 9, EPOLLIN },
		{ 7, 0, 0, EPOLLONESHOT },
	};

	put_epoll(&self->made, 1, watched, 3);
	put_fd(&self->made, 1, 3, IMAGE__FD_TYPES__EVENTPOLL, 1, 0);
	put_pipe(&self->made, 10, 100, O_RDONLY, 4);
	put_pipe(&self->made, 11, 100, O_WRONLY, 5);
	put_eventfd(&self->made, 12, O_RDWR, 1);
	put_fd(&self->made, 1, 6, IMAGE__FD_TYPES__EVENTFD, 12, 0);
	put_eventfd(&self->made, 13, O_RDWR, 1);
	put_fd(&self->made, 1, 7, IMAGE__FD_TYPES__EVENTFD, 13, 0);
	put_eventfd(&self->made, 14, O_RDWR, 0);
	put_fd(&self->made, 1, 9, IMAGE__FD_TYPES__EVENTFD, 14, 0);
	OPENED(0);
	EXPECT_EQ(0, in_process(&self->made, 1, has_epoll, NULL));
}

TEST_F(files, an_epoll_set_that_watches_nothing_known_is_refused)
{
	const struct watched watched = { 5, 0, 0, EPOLLIN };

	put_epoll(&self->made, 1, &watched, 1);
	put_fd(&self->made, 1, 3, IMAGE__FD_TYPES__EVENTPOLL, 1, 0);
	EXPECT_EQ(-EBADMSG, read_checkpoint(&self->made));
	SAYS("watches");
}

TEST_F(files, an_inotify_watch_of_what_is_anothers_is_refused)
{
	Image__InotifyFileEntry entry = IMAGE__INOTIFY_FILE_ENTRY__INIT;
	Image__InotifyWdEntry watch = IMAGE__INOTIFY_WD_ENTRY__INIT, *list = &watch;
	Image__FhEntry handle = IMAGE__FH_ENTRY__INIT;
	char name[128];

	make_file("watched", "");
	snprintf(name, sizeof(name), "%s/watched", self->made.work);
	handle.path = name;
	handle.has_uid = true;
	handle.uid = getuid() + 1;
	watch.f_handle = &handle;
	watch.wd = 1;
	watch.mask = IN_MODIFY;
	entry.id = 1;
	entry.fown = &nobody;
	entry.wd = &list;
	entry.n_wd = 1;
	put_file(&self->made, IMAGE__FD_TYPES__INOTIFY, 1, &entry);
	OPENED(-ESTALE);
	SAYS("/watched: cannot be watched: it has another owner or group than it had");
}

TEST_F(files, inotify_watches_have_their_numbers)
{
	Image__InotifyFileEntry entry = IMAGE__INOTIFY_FILE_ENTRY__INIT;
	Image__InotifyWdEntry watches[2], *pointers[] = { &watches[0], &watches[1] };
	Image__FhEntry handles[2];
	char names[2][128], events[256];
	int fd;

	make_file("watched", "");
	for (int i = 0; i < 2; i++) {
		image__inotify_wd_entry__init(&watches[i]);
		image__fh_entry__init(&handles[i]);
		snprintf(names[i], sizeof(names[i]), "%s%s", self->made.work, i ? "" : "/watched");
		handles[i].path = names[i];
		watches[i].f_handle = &handles[i];
		watches[i].wd = i ? 2 : 5;
		watches[i].mask = i ? IN_CREATE : IN_MODIFY | 0x08000000;
	}
	entry.id = 1;
	entry.flags = O_NONBLOCK;
	entry.fown = &nobody;
	entry.wd = pointers;
	entry.n_wd = 2;
	put_file(&self->made, IMAGE__FD_TYPES__INOTIFY, 1, &entry);
	OPENED(0);
	make_file("made", "by the restore");
	FINISHED();
	fd = restore_files_fd(self->made.files, 1);
	EXPECT_EQ(-1, read(fd, events, sizeof(events)));
	make_file("new", "");
	EXPECT_LT(0, read(fd, events, sizeof(events)));
	EXPECT_EQ(2, ((struct inotify_event *)events)->wd);
	EXPECT_EQ(0, inotify_rm_watch(fd, 5));
	EXPECT_EQ(6, inotify_add_watch(fd, "/", IN_CREATE));
}

/* Sockets -------------------------------------------------------------------------------------------- */

static void put_unix(struct made_checkpoint *made, uint32_t id, int type, int state, uint32_t peer,
		     const char *name, bool deleted, uint32_t shutdown)
{
	Image__UnixSkEntry entry = IMAGE__UNIX_SK_ENTRY__INIT;
	Image__FilePermsEntry permissions = IMAGE__FILE_PERMS_ENTRY__INIT;
	char path[108] = "";

	if (name)
		snprintf(path, sizeof(path), "%s/%s", made->work, name);
	permissions.mode = S_IFSOCK | 0620;
	permissions.gid = 5;
	entry.id = id;
	/* Numbers of inodes are others. */
	entry.ino = id + 1000;
	entry.peer = peer ? peer + 1000 : 0;
	entry.type = type;
	entry.state = state;
	entry.flags = O_RDWR;
	entry.backlog = 5;
	entry.fown = &nobody;
	entry.opts = &no_options;
	entry.name = (ProtobufCBinaryData){ name ? strlen(path) + 1 : 0, (uint8_t *)path };
	entry.file_perms = name ? &permissions : NULL;
	entry.has_deleted = entry.deleted = deleted;
	entry.has_shutdown = shutdown != 0;
	entry.shutdown = shutdown;
	put_file(made, IMAGE__FD_TYPES__UNIXSK, id, &entry);
}

static void put_message(struct made_checkpoint *made, uint32_t id, const char *text, uint32_t right,
			pid_t pid)
{
	Image__SkPacketEntry entry = IMAGE__SK_PACKET_ENTRY__INIT;
	Image__SkUcredEntry creds = IMAGE__SK_UCRED_ENTRY__INIT;
	Image__ScmEntry scm = IMAGE__SCM_ENTRY__INIT, *scms[] = { &scm };

	scm.type = SCM_RIGHTS;
	scm.rights = &right;
	scm.n_rights = 1;
	entry.id_for = id;
	entry.length = strlen(text);
	entry.scm = scms;
	entry.n_scm = right != 0;
	creds.pid = pid;
	creds.uid = 12;
	entry.ucred = pid ? &creds : NULL;
	put(made, "sk-queues.img", IMAGE_MAGIC_SK_QUEUES, &entry, text, strlen(text));
}

static int fd_of(struct made_checkpoint *made, uint32_t id)
{
	return restore_files_fd(made->files, id);
}

TEST_F(files, pairs_of_sockets_have_what_waited)
{
	put_unix(&self->made, 1, SOCK_DGRAM, 1, 2, NULL, false, 0);
	put_unix(&self->made, 2, SOCK_DGRAM, 1, 1, NULL, false, 0);
	put_unix(&self->made, 3, SOCK_STREAM, 1, 4, NULL, false, 2);
	put_unix(&self->made, 4, SOCK_STREAM, 1, 3, NULL, false, 1);
	put_unix(&self->made, 5, SOCK_SEQPACKET, 1, 0, NULL, false, 3);
	put_unix(&self->made, 6, SOCK_DGRAM, 7, 0, NULL, false, 0);
	put_message(&self->made, 2, "one", 0, 0);
	put_message(&self->made, 2, "", 0, 0);
	put_message(&self->made, 2, "two", 0, 0);
	put_message(&self->made, 4, "stream", 0, 0);
	put_message(&self->made, 5, "left", 0, 0);
	put_message(&self->made, 6, "alone", 0, 0);
	OPENED(0);
	EXPECT_TRUE(reads(fd_of(&self->made, 2), "one"));
	EXPECT_TRUE(reads(fd_of(&self->made, 2), ""));
	EXPECT_TRUE(reads(fd_of(&self->made, 2), "two"));
	EXPECT_EQ(3, write(fd_of(&self->made, 2), "now", 3));
	EXPECT_TRUE(reads(fd_of(&self->made, 1), "now"));
	EXPECT_TRUE(reads(fd_of(&self->made, 4), "stream"));
	/* It can no longer be sent to, but can send. */
	EXPECT_TRUE(reads(fd_of(&self->made, 4), ""));
	EXPECT_EQ(1, write(fd_of(&self->made, 4), "x", 1));
	EXPECT_TRUE(reads(fd_of(&self->made, 3), "x"));
	EXPECT_TRUE(reads(fd_of(&self->made, 5), "left"));
	EXPECT_TRUE(reads(fd_of(&self->made, 5), ""));
	EXPECT_TRUE(reads(fd_of(&self->made, 6), "alone"));
}

/* The kernel needs hundreds of bytes for each. */
static void put_messages_of_a_byte(struct made_checkpoint *made, int nr)
{
	put_unix(made, 1, SOCK_STREAM, 1, 2, NULL, false, 0);
	put_unix(made, 2, SOCK_STREAM, 1, 1, NULL, false, 0);
	while (nr--)
		put_message(made, 2, "x", 0, 0);
}

TEST_F(files, messages_are_as_many_as_a_buffer_had)
{
	put_messages_of_a_byte(&self->made, 2000);
	OPENED(0);
}

TEST_F(files, more_messages_than_a_buffer_can_hold_are_refused)
{
	put_messages_of_a_byte(&self->made, 50000);
	EXPECT_EQ(-ENOBUFS, open_checkpoint(&self->made));
	SAYS("more waits in it than");
}

TEST_F(files, an_image_of_messages_that_became_a_fifo_is_not_waited_for)
{
	put_unix(&self->made, 1, SOCK_STREAM, 1, 2, NULL, false, 0);
	put_unix(&self->made, 2, SOCK_STREAM, 1, 1, NULL, false, 0);
	put_message(&self->made, 2, "stream", 0, 0);
	ASSERT_EQ(0, read_checkpoint(&self->made));
	replace_by_fifo(&self->made, "sk-queues.img");
	EXPECT_EQ(-EBADMSG, restore_files_open(self->made.files, 100, &self->made.error));
	SAYS("sk-queues.img");
}

/* Returns: the descriptor that came with a message, or -1. */
static int receive(int fd, const char *text, struct ucred *creds)
{
	char buf[64], control[128];
	struct iovec part = { buf, sizeof(buf) };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);
	int got = -1;

	if (n != (ssize_t)strlen(text) || memcmp(buf, text, n))
		return -2;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
	     header = CMSG_NXTHDR(&message, header)) {
		if (header->cmsg_type == SCM_RIGHTS)
			memcpy(&got, CMSG_DATA(header), sizeof(got));
		else if (header->cmsg_type == SCM_CREDENTIALS && creds)
			memcpy(creds, CMSG_DATA(header), sizeof(*creds));
	}
	return got;
}

TEST_F(files, descriptors_in_flight_arrive)
{
	int fd;

	make_file("flying", "high");
	put_unix(&self->made, 1, SOCK_STREAM, 1, 2, NULL, false, 0);
	put_unix(&self->made, 2, SOCK_STREAM, 1, 1, NULL, false, 0);
	put_regular(&self->made, 3, "flying", O_RDONLY, 1, S_IFREG | 0644);
	/* A socket with itself in flight, which nothing else holds. */
	put_message(&self->made, 2, "file", 3, 0);
	put_message(&self->made, 2, "self", 2, 0);
	put_message(&self->made, 2, "none", 0, 0);
	OPENED(0);
	fd = receive(fd_of(&self->made, 2), "file", NULL);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(reads(fd, "igh"));
	/* One description. */
	EXPECT_EQ(4, lseek(fd_of(&self->made, 3), 0, SEEK_CUR));
	EXPECT_LE(0, receive(fd_of(&self->made, 2), "self", NULL));
	EXPECT_EQ(-1, receive(fd_of(&self->made, 2), "none", NULL));
}

TEST_F(files, messages_are_in_the_name_of_who_sent_them)
{
	struct ucred creds = { 0 };
	int on = 1, fd;

	put_unix(&self->made, 1, SOCK_DGRAM, 1, 2, NULL, false, 0);
	put_unix(&self->made, 2, SOCK_DGRAM, 1, 1, NULL, false, 0);
	put_message(&self->made, 2, "told", 0, getppid());
	OPENED(0);
	fd = fd_of(&self->made, 2);
	setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	EXPECT_EQ(-2, receive(fd, "told", NULL));
	FINISHED();
	EXPECT_EQ(-1, receive(fd, "told", &creds));
	EXPECT_EQ(getppid(), creds.pid);
	EXPECT_EQ(12, creds.uid);
}

TEST_F(files, an_empty_message_of_who_has_ended_arrives)
{
	int fd;

	make_file("flying", "high");
	put_unix(&self->made, 1, SOCK_DGRAM, 1, 2, NULL, false, 0);
	put_unix(&self->made, 2, SOCK_DGRAM, 1, 1, NULL, false, 0);
	put_regular(&self->made, 3, "flying", O_RDONLY, 1, S_IFREG | 0644);
	/* Larger than any pid. */
	put_message(&self->made, 2, "", 3, 1 << 30);
	OPENED(0);
	FINISHED();
	fd = receive(fd_of(&self->made, 2), "", NULL);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(reads(fd, "igh"));
}

static int connect_to(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : fd;
}

static int listen_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 5) ? -errno : fd;
}

TEST_F(files, a_socket_listens_where_it_did)
{
	struct stat stat;

	/* Left by the one that was dumped. */
	close(listen_at("listening"));
	ASSERT_EQ(-ECONNREFUSED, connect_to("listening"));
	put_unix(&self->made, 1, SOCK_STREAM, 10, 0, "listening", false, 0);
	/* It was accepted there, and is connected to another. */
	put_unix(&self->made, 2, SOCK_STREAM, 1, 3, "listening", false, 0);
	put_unix(&self->made, 3, SOCK_STREAM, 1, 2, NULL, false, 0);
	put_unix(&self->made, 4, SOCK_STREAM, 10, 0, "unlinked", true, 0);
	OPENED(0);
	FINISHED();
	EXPECT_LE(0, connect_to("listening"));
	EXPECT_LE(0, accept(fd_of(&self->made, 1), NULL, NULL));
	ASSERT_EQ(0, lstat("listening", &stat));
	EXPECT_EQ(S_IFSOCK | 0620, stat.st_mode);
	EXPECT_EQ(5, stat.st_gid);
	EXPECT_EQ(1, count_names());
}

TEST_F(files, a_link_in_the_place_of_a_sockets_name_is_not_followed)
{
	ASSERT_EQ(0, mkdir("users", 0755));
	make_file("users/victim", "");
	put_unix(&self->made, 1, SOCK_STREAM, 10, 0, "users/listening", false, 0);
	swapped = "users";
	OPENED(0);
	EXPECT_TRUE(is_left_alone("users/victim"));
	EXPECT_TRUE(is_there("users/awaylistening"));
}

TEST_F(files, a_socket_of_others_stays)
{
	char lines[1024] = "";

	ASSERT_LE(0, listen_at("listening"));
	put_unix(&self->made, 1, SOCK_STREAM, 10, 0, "listening", false, 0);
	EXPECT_EQ(-EADDRINUSE, open_checkpoint(&self->made));
	SAYS("is another socket's name");
	EXPECT_LE(0, connect_to("listening"));
	EXPECT_EQ(1, count_names());
	EXPECT_EQ(1, restore_files_check(self->made.files, count, lines));
}

/* What listens in another namespace is not listed. */
TEST_F(files, a_socket_of_another_namespace_stays)
{
	int listening = listen_at("listening");

	ASSERT_LE(0, listening);
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	put_unix(&self->made, 1, SOCK_STREAM, 10, 0, "listening", false, 0);
	EXPECT_EQ(-EADDRINUSE, open_checkpoint(&self->made));
	SAYS("is another socket's name");
	EXPECT_EQ(1, count_names());
	/* Nobody has connected. */
	EXPECT_EQ(0, fcntl(listening, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-1, accept(listening, NULL, NULL));
}

static int abstract_name(struct made_checkpoint *made, const char *name, bool taken)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t size = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
	Image__UnixSkEntry entry = IMAGE__UNIX_SK_ENTRY__INIT;

	strcpy(address.sun_path + 1, name);
	if (taken)
		return bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, size);
	entry.id = 1;
	entry.ino = 1001;
	entry.type = SOCK_STREAM;
	entry.state = 10;
	entry.backlog = 1;
	entry.fown = &nobody;
	entry.opts = &no_options;
	entry.name = (ProtobufCBinaryData){ 1 + strlen(name), (uint8_t *)address.sun_path };
	put_file(made, IMAGE__FD_TYPES__UNIXSK, 1, &entry);
	return 0;
}

TEST_F(files, an_abstract_name_of_others_is_told)
{
	char lines[1024] = "";

	abstract_name(&self->made, self->made.work, false);
	ASSERT_EQ(0, read_checkpoint(&self->made));
	EXPECT_EQ(0, restore_files_check(self->made.files, count, lines));
	ASSERT_EQ(0, abstract_name(&self->made, self->made.work, true));
	EXPECT_EQ(1, restore_files_check(self->made.files, count, lines));
	EXPECT_EQ(-EADDRINUSE, restore_files_open(self->made.files, 100, &self->made.error));
}

TEST_F(files, a_name_that_was_left_is_there_after_an_error)
{
	struct stat before, after;

	close(listen_at("a"));
	ASSERT_LE(0, listen_at("b"));
	ASSERT_EQ(0, lstat("a", &before));
	put_unix(&self->made, 1, SOCK_STREAM, 10, 0, "a", false, 0);
	put_unix(&self->made, 2, SOCK_STREAM, 10, 0, "b", false, 0);
	EXPECT_EQ(-EADDRINUSE, open_checkpoint(&self->made));
	ASSERT_EQ(0, lstat("a", &after));
	EXPECT_EQ(before.st_ino, after.st_ino);
	EXPECT_EQ(2, count_names());
}

TEST_F(files, datagram_sockets_connect_by_name)
{
	put_unix(&self->made, 1, SOCK_DGRAM, 1, 2, NULL, false, 0);
	put_unix(&self->made, 2, SOCK_DGRAM, 1, 3, "two", true, 0);
	put_unix(&self->made, 3, SOCK_DGRAM, 7, 0, "three", false, 0);
	put_message(&self->made, 2, "for two", 0, 0);
	OPENED(0);
	EXPECT_TRUE(reads(fd_of(&self->made, 2), "for two"));
	EXPECT_EQ(1, write(fd_of(&self->made, 2), "x", 1));
	EXPECT_TRUE(reads(fd_of(&self->made, 3), "x"));
	/* No longer: it takes messages of its peer alone. */
	EXPECT_EQ(1, count_names());
}

TEST_F(files, sockets_connected_in_a_circle_are_refused)
{
	put_unix(&self->made, 1, SOCK_DGRAM, 1, 2, "one", false, 0);
	put_unix(&self->made, 2, SOCK_DGRAM, 1, 3, "two", false, 0);
	put_unix(&self->made, 3, SOCK_DGRAM, 1, 1, "three", false, 0);
	EXPECT_EQ(-EBADMSG, open_checkpoint(&self->made));
	SAYS("circle");
	EXPECT_EQ(0, count_names());
}

static void put_inet(struct made_checkpoint *made, uint32_t id, int type, int protocol, int state, int port)
{
	Image__InetSkEntry entry = IMAGE__INET_SK_ENTRY__INIT;
	uint32_t local = htonl(INADDR_LOOPBACK), any = 0;

	entry.id = id;
	entry.ino = id;
	entry.family = AF_INET;
	entry.type = type;
	entry.proto = protocol;
	entry.state = state;
	entry.src_port = port;
	entry.flags = O_RDWR | O_NONBLOCK;
	entry.backlog = 3;
	entry.n_src_addr = entry.n_dst_addr = 1;
	entry.src_addr = port ? &local : &any;
	entry.dst_addr = &any;
	entry.fown = &nobody;
	entry.opts = &no_options;
	put_file(made, IMAGE__FD_TYPES__INETSK, id, &entry);
}

static int bind_port(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&address, size) || listen(fd, 1) ||
	    getsockname(fd, (struct sockaddr *)&address, &size))
		return -errno;
	close(fd);
	return ntohs(address.sin_port);
}

TEST_F(files, listeners_of_tcp_and_udp)
{
	int port = bind_port(0), listening = 0;
	socklen_t size = sizeof(listening);

	ASSERT_LT(0, port);
	put_inet(&self->made, 1, SOCK_STREAM, IPPROTO_TCP, 10, port);
	put_inet(&self->made, 2, SOCK_DGRAM, IPPROTO_UDP, 7, port);
	put_inet(&self->made, 3, SOCK_STREAM, IPPROTO_TCP, 7, 0);
	OPENED(0);
	EXPECT_EQ(-EADDRINUSE, bind_port(port));
	EXPECT_EQ(0, getsockopt(fd_of(&self->made, 1), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size));
	EXPECT_EQ(1, listening);
	EXPECT_EQ(0, getsockopt(fd_of(&self->made, 1), SOL_SOCKET, SO_REUSEADDR, &listening, &size));
	EXPECT_EQ(0, listening);
	EXPECT_NE(0, fcntl(fd_of(&self->made, 2), F_GETFL) & O_NONBLOCK);
}

TEST_F(files, a_tcp_connection_is_refused_and_so_is_a_port_in_use)
{
	char lines[1024] = "";
	int port = bind_port(0);

	put_inet(&self->made, 1, SOCK_STREAM, IPPROTO_TCP, 1, 4444);
	put_inet(&self->made, 2, SOCK_STREAM, IPPROTO_TCP, 10, port);
	ASSERT_EQ(0, read_checkpoint(&self->made));
	EXPECT_EQ(1, restore_files_check(self->made.files, count, lines));
	EXPECT_NE(NULL, strstr(lines, "TCP connection"));
	EXPECT_EQ(-EOPNOTSUPP, restore_files_open(self->made.files, 100, &self->made.error));
}

/* Memory --------------------------------------------------------------------------------------------- */

TEST_F(files, memfds_have_their_content_and_seals)
{
	Image__MemfdInodeEntry inode = IMAGE__MEMFD_INODE_ENTRY__INIT;
	Image__MemfdFileEntry file = IMAGE__MEMFD_FILE_ENTRY__INIT;
	Image__PagemapHead head = IMAGE__PAGEMAP_HEAD__INIT;
	Image__PagemapEntry pages = IMAGE__PAGEMAP_ENTRY__INIT;
	char path[128], buf[5] = "", link[64] = "";
	int fd;

	inode.name = "mine";
	inode.size = 8195;
	inode.shmid = 77;
	inode.seals = F_SEAL_WRITE | F_SEAL_SHRINK;
	inode.inode_id = 5;
	put(&self->made, "memfd.img", IMAGE_MAGIC_MEMFD, &inode, NULL, 0);
	head.pages_id = 9;
	put(&self->made, "pagemap-shmem-77.img", IMAGE_MAGIC_PAGEMAP, &head, NULL, 0);
	pages.vaddr = 4096;
	pages.compat_nr_pages = pages.nr_pages = 2;
	pages.has_nr_pages = pages.has_flags = true;
	pages.flags = 4;
	put(&self->made, "pagemap-shmem-77.img", IMAGE_MAGIC_PAGEMAP, &pages, NULL, 0);
	snprintf(path, sizeof(path), "%s/pages-9.img", self->made.images);
	make_file(path, "page");
	ASSERT_EQ(0, truncate(path, 8192));
	file.fown = &nobody;
	file.inode_id = 5;
	for (int id = 1; id <= 2; id++) {
		file.id = id;
		file.flags = id == 1 ? O_RDWR : O_RDONLY;
		file.pos = id;
		put_file(&self->made, IMAGE__FD_TYPES__MEMFD, id, &file);
	}
	OPENED(0);
	fd = fd_of(&self->made, 1);
	EXPECT_EQ(0, fcntl(fd, F_GET_SEALS));
	FINISHED();
	EXPECT_EQ(F_SEAL_WRITE | F_SEAL_SHRINK, fcntl(fd, F_GET_SEALS));
	EXPECT_EQ(4, pread(fd, buf, 4, 4096));
	EXPECT_STREQ("page", buf);
	EXPECT_EQ(8195, lseek(fd_of(&self->made, 2), 0, SEEK_END));
	EXPECT_EQ(1, lseek(fd, 0, SEEK_CUR));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ASSERT_LT(0, readlink(path, link, sizeof(link) - 1));
	EXPECT_STREQ("/memfd:mine (deleted)", link);
}

/* Terminals ------------------------------------------------------------------------------------------- */

static void put_tty(struct made_checkpoint *made, uint32_t id, uint32_t index, bool master, uint32_t sid)
{
	Image__TtyInfoEntry info = IMAGE__TTY_INFO_ENTRY__INIT;
	Image__TtyFileEntry file = IMAGE__TTY_FILE_ENTRY__INIT;
	Image__TermiosEntry termios = IMAGE__TERMIOS_ENTRY__INIT;
	Image__WinsizeEntry size = IMAGE__WINSIZE_ENTRY__INIT;
	Image__TtyPtyEntry pty = IMAGE__TTY_PTY_ENTRY__INIT;
	uint32_t characters[19] = { 0x157f1c07 };
	char path[64];

	snprintf(path, sizeof(path), "/dev/pts/%u", index);
	put_regular(made, id + 100, master ? "/dev/ptmx" : path, O_RDWR, 0, 0);
	termios.c_iflag = ICRNL;
	termios.c_oflag = OPOST | ONLCR;
	termios.c_cflag = B38400 | CS8 | CREAD;
	termios.c_lflag = ICANON | ECHO | ISIG;
	termios.c_cc = characters;
	termios.n_c_cc = 19;
	size.ws_row = 33;
	size.ws_col = 44;
	pty.index = index;
	info.id = id;
	info.type = IMAGE__TTY_TYPE__PTY;
	info.rdev = master ? 5 << 8 | 2 : 136 << 8;
	info.locked = master;
	info.sid = sid;
	info.termios = &termios;
	info.winsize = &size;
	info.pty = &pty;
	put(made, "tty-info.img", IMAGE_MAGIC_TTY_INFO, &info, NULL, 0);
	file.id = id;
	file.tty_info_id = id;
	file.flags = O_RDWR | O_NONBLOCK;
	file.fown = &nobody;
	file.has_regf_id = true;
	file.regf_id = id + 100;
	put_file(made, IMAGE__FD_TYPES__TTY, id, &file);
}

static void put_tty_data(struct made_checkpoint *made, uint32_t id, const char *text)
{
	Image__TtyDataEntry entry = IMAGE__TTY_DATA_ENTRY__INIT;

	entry.tty_id = id;
	entry.data = (ProtobufCBinaryData){ strlen(text), (uint8_t *)text };
	put(made, "tty-data.img", IMAGE_MAGIC_TTY_DATA, &entry, NULL, 0);
}

/* A number that is free, and not the first. */
static int free_index(void)
{
	int first = posix_openpt(O_RDWR | O_NOCTTY), second = posix_openpt(O_RDWR | O_NOCTTY);
	unsigned int index = 0;

	ioctl(second, TIOCGPTN, &index);
	close(first);
	close(second);
	return index;
}

TEST_F(files, terminals_have_their_number_modes_and_data)
{
	int index = free_index(), master, slave, locked = 0;
	unsigned int number;
	struct termios modes;
	struct winsize size;
	char name[64];

	put_tty(&self->made, 1, index, true, 0);
	put_tty(&self->made, 2, index, false, 0);
	put_tty_data(&self->made, 1, "shown\n");
	put_tty_data(&self->made, 2, "one\ntwo\n");
	OPENED(0);
	master = fd_of(&self->made, 1);
	slave = fd_of(&self->made, 2);
	EXPECT_EQ(0, ioctl(master, TIOCGPTN, &number));
	EXPECT_EQ(index, number);
	snprintf(name, sizeof(name), "/dev/pts/%d", index);
	EXPECT_STREQ(name, ttyname(slave));
	ASSERT_EQ(0, tcgetattr(slave, &modes));
	EXPECT_EQ(ICANON | ECHO | ISIG, modes.c_lflag);
	EXPECT_EQ(7, modes.c_cc[VINTR]);
	ASSERT_EQ(0, ioctl(slave, TIOCGWINSZ, &size));
	EXPECT_EQ(33, size.ws_row);
	/* Neither echoed, nor changed; and lines are lines. */
	EXPECT_TRUE(reads(master, "shown\n"));
	EXPECT_TRUE(reads(slave, "one\n"));
	EXPECT_TRUE(reads(slave, "two\n"));
	FINISHED();
	EXPECT_EQ(0, ioctl(master, TIOCGPTLCK, &locked));
	EXPECT_EQ(1, locked);
}

static int leads_session(void *data)
{
	struct made_checkpoint *made = data;

	TRY(setsid() > 0);
	TRY(!restore_files_terminal(made->files, 4242, &made->error));
	TRY(tcgetsid(fd_of(made, 2)) == getpid());
	/* /dev/tty is that terminal. */
	TRY(tcgetpgrp(fd_of(made, 3)) == getpid());
	return 0;
}

TEST_F(files, a_session_has_its_terminal)
{
	Image__TtyInfoEntry info = IMAGE__TTY_INFO_ENTRY__INIT;
	Image__TtyFileEntry file = IMAGE__TTY_FILE_ENTRY__INIT;
	int index = free_index();

	put_tty(&self->made, 1, index, true, 4242);
	put_tty(&self->made, 2, index, false, 4242);
	put_regular(&self->made, 103, "/dev/tty", O_RDWR, 0, 0);
	info.id = 3;
	info.type = IMAGE__TTY_TYPE__CTTY;
	info.sid = 4242;
	put(&self->made, "tty-info.img", IMAGE_MAGIC_TTY_INFO, &info, NULL, 0);
	file.id = 3;
	file.tty_info_id = 3;
	file.flags = O_RDWR;
	file.fown = &nobody;
	file.has_regf_id = true;
	file.regf_id = 103;
	put_file(&self->made, IMAGE__FD_TYPES__TTY, 3, &file);
	put_fd(&self->made, 1, 0, IMAGE__FD_TYPES__TTY, 1, 0);
	OPENED(0);
	EXPECT_EQ(0, in_process(&self->made, 1, leads_session, &self->made));
}

TEST_F(files, a_terminal_that_is_in_use_is_told)
{
	int other = posix_openpt(O_RDWR | O_NOCTTY);
	char lines[1024] = "";
	unsigned int index;

	ASSERT_EQ(0, unlockpt(other));
	ASSERT_LE(0, open(ptsname(other), O_RDWR | O_NOCTTY));
	ASSERT_EQ(0, ioctl(other, TIOCGPTN, &index));
	put_tty(&self->made, 1, index, true, 0);
	put_tty(&self->made, 2, index + 1, false, 0);
	ASSERT_EQ(0, read_checkpoint(&self->made));
	EXPECT_EQ(2, restore_files_check(self->made.files, count, lines));
	EXPECT_NE(NULL, strstr(lines, "is in use"));
	/* By this very process, if by anyone: it has the slave open. */
	EXPECT_NE(NULL, strstr(lines, " by "));
	EXPECT_NE(NULL, strstr(lines, "--shell-job"));
	EXPECT_EQ(-EBUSY, restore_files_open(self->made.files, 100, &self->made.error));
}

static int in_own_terminal(void *data)
{
	struct made_checkpoint *made = data;
	struct termios modes, before;
	int master = posix_openpt(O_RDWR | O_NOCTTY), fd;

	TRY(!unlockpt(master));
	dup2(open(ptsname(master), O_RDWR | O_NOCTTY), STDIN_FILENO);
	TRY(!tcgetattr(STDIN_FILENO, &before));
	TRY(!open_checkpoint(made));
	fd = fd_of(made, 1);
	TRY(!strcmp(ttyname(fd), ptsname(master)));
	TRY(!tcgetattr(fd, &modes) && modes.c_cc[VINTR] == 7);
	/* Of descriptions, each has its own flags. */
	TRY(fcntl(fd, F_GETFL) & O_NONBLOCK && !(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK));
	/* Whatever fails later, the shell has it again as it was. */
	restore_files_abandon(made->files);
	TRY(!tcgetattr(STDIN_FILENO, &modes) && !memcmp(&modes, &before, sizeof(modes)));
	return 0;
}

TEST_F(files, a_job_of_a_shell_has_the_terminal_of_this_one)
{
	int status;
	pid_t pid;

	self->made.options.shell_job = true;
	put_tty(&self->made, 1, 999, false, 4242);
	pid = fork();
	if (!pid) {
		complaints = STDERR_FILENO;
		_exit(in_own_terminal(&self->made));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* Descriptors that stand for others ---------------------------------------------------------------- */

TEST_F(files, what_is_inherited_is_not_opened)
{
	struct restore_inherit inherit[] = { { .key = "pipe:[100]" }, { .key = "etc/nowhere" } };
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	make_file("a", "instead");
	inherit[0].fd = ends[1];
	inherit[1].fd = open("a", O_RDONLY);
	self->made.options.inherit = inherit;
	self->made.options.nr_inherit = 2;
	put_pipe(&self->made, 1, 100, O_WRONLY, 3);
	put_regular(&self->made, 2, "/etc/nowhere", O_RDONLY, 0, S_IFREG | 0644);
	OPENED(0);
	EXPECT_EQ(1, write(fd_of(&self->made, 1), "x", 1));
	EXPECT_TRUE(reads(ends[0], "x"));
	EXPECT_TRUE(reads(fd_of(&self->made, 2), "instead"));
}

/* Owners --------------------------------------------------------------------------------------------- */

TEST_F(files, owners_of_signals)
{
	Image__FownEntry owner = IMAGE__FOWN_ENTRY__INIT;
	Image__PipeEntry entry = IMAGE__PIPE_ENTRY__INIT;
	struct f_owner_ex got = { 0 };
	uint32_t uids[2] = { 0 };
	siginfo_t info = { 0 };
	sigset_t mask;
	int fd;

	owner.pid = getpid();
	owner.pid_type = F_OWNER_PID;
	owner.signum = SIGRTMIN + 1;
	owner.uid = 0;
	owner.euid = 13;
	entry.id = 1;
	entry.pipe_id = 1;
	entry.flags = O_RDONLY | O_ASYNC;
	entry.fown = &owner;
	put_file(&self->made, IMAGE__FD_TYPES__PIPE, 1, &entry);
	put_fd(&self->made, 1, 3, IMAGE__FD_TYPES__PIPE, 1, 0);
	put_fd(&self->made, 2, 9, IMAGE__FD_TYPES__PIPE, 1, 0);
	put_pipe(&self->made, 2, 1, O_WRONLY, 4);
	sigemptyset(&mask);
	sigaddset(&mask, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	OPENED(0);
	fd = fd_of(&self->made, 1);
	EXPECT_EQ(0, fcntl(fd, F_GETOWN));
	FINISHED();
	/* It tells the number that the program knows. */
	EXPECT_EQ(1, write(fd_of(&self->made, 2), "x", 1));
	EXPECT_EQ(SIGRTMIN + 1, sigtimedwait(&mask, &info, &(struct timespec){ 10, 0 }));
	EXPECT_EQ(3, info.si_fd);
	ASSERT_EQ(0, fcntl(fd, F_GETOWN_EX, &got));
	EXPECT_EQ(getpid(), got.pid);
	EXPECT_EQ(SIGRTMIN + 1, fcntl(fd, F_GETSIG));
	EXPECT_NE(0, fcntl(fd, F_GETFL) & O_ASYNC);
	/* F_GETOWNER_UIDS */
	ASSERT_EQ(0, fcntl(fd, 17, uids));
	EXPECT_EQ(0, uids[0]);
	EXPECT_EQ(13, uids[1]);
	EXPECT_EQ(0, geteuid());
}

/* What strangers write -------------------------------------------------------------------------------- */

TEST_F(files, a_descriptor_of_no_file)
{
	put_regular(&self->made, 1, "a", O_RDONLY, 0, 0);
	put_fd(&self->made, 1, 3, REG, 2, 0);
	EXPECT_EQ(-EBADMSG, read_checkpoint(&self->made));
	SAYS("not recorded");
}

TEST_F(files, a_descriptor_of_another_kind_than_its_file)
{
	put_regular(&self->made, 1, "a", O_RDONLY, 0, 0);
	put_fd(&self->made, 1, 3, IMAGE__FD_TYPES__PIPE, 1, 0);
	EXPECT_EQ(-EBADMSG, read_checkpoint(&self->made));
	SAYS("another kind");
}

TEST_F(files, two_descriptors_of_one_number)
{
	put_regular(&self->made, 1, "a", O_RDONLY, 0, 0);
	put_fd(&self->made, 1, 3, REG, 1, 0);
	put_fd(&self->made, 1, 3, REG, 1, 0);
	EXPECT_EQ(-EBADMSG, read_checkpoint(&self->made));
	SAYS("two descriptors 3");
}

TEST_F(files, a_descriptor_that_cannot_be)
{
	put_regular(&self->made, 1, "a", O_RDONLY, 0, 0);
	put_fd(&self->made, 1, -1, REG, 1, 0);
	EXPECT_EQ(-EBADMSG, read_checkpoint(&self->made));
}

TEST_F(files, more_descriptors_than_the_kernel_allows)
{
	make_file("a", "");
	put_regular(&self->made, 1, "a", O_RDONLY, 0, 0);
	put_fd(&self->made, 1, (1 << 30) - 1, REG, 1, 0);
	EXPECT_EQ(-EMFILE, open_checkpoint(&self->made));
	SAYS("fs.nr_open");
}

TEST_F(files, two_files_of_one_number)
{
	put_regular(&self->made, 1, "a", O_RDONLY, 0, 0);
	put_regular(&self->made, 1, "b", O_RDONLY, 0, 0);
	EXPECT_EQ(-EBADMSG, read_checkpoint(&self->made));
	SAYS("two of this number");
}

TEST_F(files, a_record_without_what_its_kind_must_have)
{
	put_file(&self->made, IMAGE__FD_TYPES__PIPE, 1, NULL);
	EXPECT_EQ(-EBADMSG, read_checkpoint(&self->made));
}

TEST_F(files, a_kind_that_is_not_restored)
{
	put_file(&self->made, IMAGE__FD_TYPES__TUNF, 1, NULL);
	EXPECT_EQ(-EOPNOTSUPP, read_checkpoint(&self->made));
	SAYS("TUNF");
}

TEST_F(files, data_that_are_cut_off)
{
	Image__PipeDataEntry entry = IMAGE__PIPE_DATA_ENTRY__INIT;

	put_regular(&self->made, 1, "a", O_RDONLY, 0, 0);
	entry.pipe_id = 1;
	entry.bytes = 1 << 20;
	put(&self->made, "pipes-data.img", IMAGE_MAGIC_PIPES_DATA, &entry, "x", 1);
	EXPECT_EQ(-EBADMSG, read_checkpoint(&self->made));
	SAYS("truncated");
}

TEST_F(files, a_ghost_that_is_not_there)
{
	put_regular(&self->made, 1, "a", O_RDONLY, 0, 0);
	put_remap(&self->made, 1, IMAGE__REMAP_TYPE__GHOST, 3);
	EXPECT_EQ(-ENOENT, read_checkpoint(&self->made));
	SAYS("ghost-file-3.img");
}

TEST_F(files, a_stand_in_that_is_no_file)
{
	put_regular(&self->made, 1, "a", O_RDONLY, 0, 0);
	put_remap(&self->made, 1, IMAGE__REMAP_TYPE__LINKED, 3);
	EXPECT_EQ(-EBADMSG, read_checkpoint(&self->made));
}

TEST_F(files, a_stand_in_that_no_dump_has_made_is_not_unlinked)
{
	make_file("precious", "");
	put_regular(&self->made, 1, "a", O_RDONLY, 0, 0);
	put_regular(&self->made, 2, "precious", O_RDONLY, 0, 0);
	put_remap(&self->made, 1, IMAGE__REMAP_TYPE__LINKED, 2);
	EXPECT_EQ(-EBADMSG, read_checkpoint(&self->made));
	SAYS("no link that a dump makes");
}

TEST_F(files, a_message_of_no_file)
{
	put_unix(&self->made, 1, SOCK_STREAM, 1, 0, NULL, false, 0);
	put_message(&self->made, 1, "x", 44, 0);
	EXPECT_EQ(-EBADMSG, read_checkpoint(&self->made));
}

TEST_HARNESS_MAIN

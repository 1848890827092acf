// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Streams: what is done to a directory at the one end is done at the other; of a stream that is truncated,
 * damaged or made up nothing is left.
 */
/* links: image proto locks procfs libcrlock : -lprotobuf-c -lmnl -lz -lxxhash */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "kselftest_harness.h"
#include "image/checksums.h"
#include "image/directory.h"
#include "image/file.h"
#include "image/inventory.h"
#include "image/magic.h"
#include "image/spool.h"
#include "image/stream.h"

FIXTURE(stream)
{
	char top[64];
	char dir[80]; /* where it goes; is not there */
	char other[80]; /* made without a stream */
	char why[512];
	struct image_error error;
	int fd; /* the stream */
};

/* In memory: flushing thousands of times is not what is tested. */
FIXTURE_SETUP(stream)
{
	strcpy(self->top,
	       access("/dev/shm", W_OK) ? "/tmp/crlock-stream.XXXXXX" : "/dev/shm/crlock-stream.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->top));
	snprintf(self->dir, sizeof(self->dir), "%s/dir", self->top);
	snprintf(self->other, sizeof(self->other), "%s/other", self->top);
	self->error = (struct image_error){ self->why, sizeof(self->why) };
	self->fd = memfd_create("stream", MFD_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

/* There with -fsanitize=address. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

FIXTURE_TEARDOWN(stream)
{
	close(self->fd);
	image_directory_remove(self->dir);
	image_directory_remove(self->other);
	EXPECT_EQ(0, rmdir(self->top));
	if (__lsan_do_recoverable_leak_check)
		EXPECT_EQ(0, __lsan_do_recoverable_leak_check());
}

/* Writing and reading ------------------------------------------------------------------------------ */

/* All that can be done to files, in a directory or a stream. */
static int write_files(struct image_directory *directory, size_t size, const struct image_error *error)
{
	char *bytes = malloc(size);
	struct image_file *pages, *straight, *empty, *copied;
	int from = memfd_create("from", 0), ret;

	for (size_t i = 0; i < size; i++)
		bytes[i] = i * 7 + i / 256;
	ret = write(from, bytes, size) == (ssize_t)size ? 0 : -errno;
	ret = ret ?: image_file_create(directory, "pages-1.img", &pages, error);
	/* Not in order, with a hole, and once again over what was written. */
	ret = ret ?: image_file_write(pages, 2 * size, bytes, size);
	ret = ret ?: image_file_write(pages, 0, bytes, size);
	ret = ret ?: image_file_create(directory, "empty_1.img", &empty, error);
	ret = ret ?: image_file_write(pages, size / 2, bytes, size / 4);
	ret = ret ?: image_file_write(pages, 1, bytes, 0);
	ret = ret ?: image_file_create(directory, "pages-1.new", &straight, error);
	ret = ret ?: image_file_move(straight, size, pages, 0, size);
	ret = ret ?: image_file_move(straight, 0, pages, 2 * size, size);
	ret = ret ?: image_file_replace(straight, pages, error);
	ret = ret ?: image_file_create(directory, "copied.img", &copied, error);
	/* More than there is. */
	ret = ret ?: image_file_copy(copied, 3, from, 1, 2 * size);
	ret = ret ?: image_file_truncate(copied, 2 * size);
	ret = ret ?: image_file_close(copied);
	ret = ret ?: image_file_close(empty);
	ret = ret ?: image_file_close(straight);
	ret = ret ?: inventory_write(directory, NULL, error);
	close(from);
	free(bytes);
	return ret;
}

static int write_stream(struct _test_data_stream *self, size_t size)
{
	struct image_directory directory;
	int ret = image_directory_stream(&directory, self->fd, "the stream", &self->error);

	if (ret)
		return ret;
	ret = write_files(&directory, size, &self->error);
	image_directory_close(&directory, !ret);
	return ret;
}

static int spool(struct _test_data_stream *self, int fd)
{
	struct image_directory directory;
	int ret = image_directory_make(&directory, self->dir, &self->error);

	*self->why = '\0';
	if (ret)
		return ret;
	ret = image_spool(&directory, true, fd, "standard input", &self->error);
	image_directory_close(&directory, !ret);
	return ret;
}

static int spool_again(struct _test_data_stream *self)
{
	lseek(self->fd, 0, SEEK_SET);
	return spool(self, self->fd);
}

struct content {
	unsigned char *bytes;
	size_t len;
};

static struct content content_of(int fd)
{
	struct content content;
	struct stat st;

	fstat(fd, &st);
	content.len = st.st_size;
	content.bytes = malloc(content.len + 1);
	if (pread(fd, content.bytes, content.len, 0) != (ssize_t)content.len)
		content.len = SIZE_MAX;
	return content;
}

static void put_content(int fd, const unsigned char *bytes, size_t len)
{
	if (ftruncate(fd, 0) || pwrite(fd, bytes, len, 0) != (ssize_t)len)
		abort();
}

static bool same_file(int dir, int other, const char *name)
{
	int a = openat(dir, name, O_RDONLY), b = openat(other, name, O_RDONLY);
	struct content x = content_of(a), y = content_of(b);
	/* That one has the time, and so is its checksum another. */
	bool same = a >= 0 && b >= 0 && x.len == y.len &&
		    (!strcmp(name, IMAGE_INVENTORY) || !strcmp(name, IMAGE_CHECKSUMS) ||
		     !memcmp(x.bytes, y.bytes, x.len));

	free(x.bytes);
	free(y.bytes);
	close(a);
	close(b);
	return same;
}

/* Returns: how many files both have, and nothing else; 0: they differ. */
static size_t same_directories(const char *path, const char *other)
{
	int fd = open(other, O_RDONLY | O_DIRECTORY);
	size_t nr = 0, nr_other = 0;
	struct dirent *entry;
	DIR *dir = opendir(path);

	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		nr = same_file(dirfd(dir), fd, entry->d_name) ? nr + 1 : 1000;
	}
	closedir(dir);
	dir = fdopendir(fd);
	while ((entry = readdir(dir)))
		nr_other += *entry->d_name != '.';
	closedir(dir);
	return nr == nr_other ? nr : 0;
}

/* Whether what was written out of order, moved and copied has the right checksums, which are read with it. */
static bool is_verified(const char *path, const struct image_error *error)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY);
	bool good = checksums_verify(dir, path, error) == 1;

	close(dir);
	return good;
}

TEST_F(stream, what_was_done_is_done)
{
	/* Less than a page, and more than a frame. */
	const size_t sizes[] = { 64, 3 << 20 };

	for (size_t i = 0; i < 2; i++) {
		struct image_directory directory;
		struct stat st;

		ASSERT_EQ(0, ftruncate(self->fd, 0));
		lseek(self->fd, 0, SEEK_SET);
		ASSERT_EQ(0, write_stream(self, sizes[i])) TH_LOG("%s", self->why);
		ASSERT_EQ(0, spool_again(self)) TH_LOG("%s", self->why);
		ASSERT_EQ(0, image_directory_make(&directory, self->other, &self->error));
		ASSERT_EQ(0, write_files(&directory, sizes[i], &self->error));
		image_directory_close(&directory, true);
		EXPECT_TRUE(is_verified(self->dir, &self->error)) TH_LOG("%s", self->why);
		EXPECT_TRUE(is_verified(self->other, &self->error)) TH_LOG("%s", self->why);
		EXPECT_EQ(5, same_directories(self->dir, self->other));
		ASSERT_EQ(0, stat(self->dir, &st));
		EXPECT_EQ(S_IFDIR | 0700, st.st_mode);
		image_directory_remove(self->dir);
		image_directory_remove(self->other);
	}
}

/* What comes in pieces of any size is the same. */
TEST_F(stream, through_a_pipe_byte_by_byte)
{
	struct content content;
	int ends[2];
	pid_t pid;

	ASSERT_EQ(0, write_stream(self, 64));
	content = content_of(self->fd);
	ASSERT_EQ(0, pipe(ends));
	pid = fork();
	if (!pid) {
		close(ends[0]);
		for (size_t i = 0; i < content.len; i++) {
			if (write(ends[1], content.bytes + i, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(ends[1]);
	EXPECT_EQ(0, spool(self, ends[0])) TH_LOG("%s", self->why);
	close(ends[0]);
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
	free(content.bytes);
}

/* Damage ------------------------------------------------------------------------------------------- */

static bool nothing_is_left(struct _test_data_stream *self)
{
	return access(self->dir, F_OK) && errno == ENOENT && strstr(self->why, "standard input") &&
	       !strchr(self->why, '\n');
}

TEST_F(stream, cut_at_every_byte)
{
	struct content content;

	ASSERT_EQ(0, write_stream(self, 64));
	content = content_of(self->fd);
	ASSERT_LT(200, content.len);
	for (size_t len = 0; len < content.len; len++) {
		put_content(self->fd, content.bytes, len);
		ASSERT_EQ(-EBADMSG, spool_again(self)) TH_LOG("%zu", len);
		ASSERT_TRUE(nothing_is_left(self)) TH_LOG("%zu: %s", len, self->why);
	}
	put_content(self->fd, content.bytes, content.len);
	ASSERT_EQ(0, spool_again(self));
	free(content.bytes);
}

TEST_F(stream, every_byte_changed)
{
	const unsigned char changes[] = { 1, 0x80, 0xff };
	struct content content;

	ASSERT_EQ(0, write_stream(self, 64));
	content = content_of(self->fd);
	for (size_t i = 0; i < 3 * content.len; i++) {
		content.bytes[i / 3] ^= changes[i % 3];
		put_content(self->fd, content.bytes, content.len);
		content.bytes[i / 3] ^= changes[i % 3];
		ASSERT_EQ(-EBADMSG, spool_again(self)) TH_LOG("%zu", i / 3);
		ASSERT_TRUE(nothing_is_left(self)) TH_LOG("%zu: %s", i / 3, self->why);
	}
	free(content.bytes);
}

TEST_F(stream, more_behind_the_end)
{
	struct content content;

	ASSERT_EQ(0, write_stream(self, 64));
	content = content_of(self->fd);
	content.bytes[content.len] = 0;
	put_content(self->fd, content.bytes, content.len + 1);
	ASSERT_EQ(-EBADMSG, spool_again(self));
	EXPECT_TRUE(nothing_is_left(self));
	put_content(self->fd, content.bytes, content.len);
	lseek(self->fd, content.len, SEEK_SET);
	ASSERT_EQ(0, write_stream(self, 64));
	ASSERT_EQ(-EBADMSG, spool_again(self));
	EXPECT_TRUE(nothing_is_left(self));
	free(content.bytes);
}

/* Frames are of a size that is found out by reading them. */
static size_t frame_at(const struct content *content, size_t at)
{
	uint32_t size;

	memcpy(&size, content->bytes + at + 16, sizeof(size));
	return 24 + le32toh(size);
}

TEST_F(stream, a_frame_left_out_doubled_or_exchanged)
{
	struct content content;
	size_t nr = 0;

	ASSERT_EQ(0, write_stream(self, 64));
	content = content_of(self->fd);
	for (size_t at = 16; at < content.len; at += frame_at(&content, at), nr++) {
		size_t size = frame_at(&content, at), next = at + size;

		put_content(self->fd, content.bytes, content.len);
		ASSERT_EQ(content.len - next, pwrite(self->fd, content.bytes + next, content.len - next, at));
		ASSERT_EQ(0, ftruncate(self->fd, content.len - size));
		ASSERT_EQ(-EBADMSG, spool_again(self));
		ASSERT_TRUE(nothing_is_left(self)) TH_LOG("%s", self->why);
		ASSERT_EQ(content.len - at, pwrite(self->fd, content.bytes + at, content.len - at, next));
		ASSERT_EQ(size, pwrite(self->fd, content.bytes + at, size, at));
		ASSERT_EQ(-EBADMSG, spool_again(self));
		ASSERT_TRUE(nothing_is_left(self)) TH_LOG("%s", self->why);
		if (next == content.len)
			break;
		put_content(self->fd, content.bytes, content.len);
		ASSERT_EQ(frame_at(&content, next),
			  pwrite(self->fd, content.bytes + next, frame_at(&content, next), at));
		ASSERT_EQ(size, pwrite(self->fd, content.bytes + at, size, at + frame_at(&content, next)));
		ASSERT_EQ(-EBADMSG, spool_again(self));
		ASSERT_TRUE(nothing_is_left(self)) TH_LOG("%s", self->why);
	}
	EXPECT_LT(15, nr);
	free(content.bytes);
}

/* Made up ------------------------------------------------------------------------------------------ */

/* With good checksums: a frame of any kind behind two files, the second of which is closed. */
static int made_up(struct _test_data_stream *self, enum stream_type type, uint32_t member, uint64_t offset,
		   const void *data, size_t size)
{
	struct stream_writer *writer;
	uint32_t first, second, inventory;

	if (ftruncate(self->fd, 0) || lseek(self->fd, 0, SEEK_SET) || stream_writer_open(&writer, self->fd))
		abort();
	stream_create(writer, IMAGE_INVENTORY, &inventory);
	stream_create(writer, "pages-1.img", &first);
	stream_write(writer, STREAM_WRITE, first, 0, "1234", 4);
	stream_create(writer, "pages-2.img", &second);
	stream_write(writer, STREAM_CLOSE, second, 0, NULL, 0);
	if (type)
		stream_write(writer, type, member, offset, data, size);
	stream_end(writer);
	stream_writer_close(writer);
	return spool_again(self);
}

#define REFUSED(...) \
	do { \
		EXPECT_EQ(-EBADMSG, made_up(self, __VA_ARGS__)); \
		EXPECT_TRUE(nothing_is_left(self)) TH_LOG("%s", self->why); \
	} while (0)

/* A short stream would take much of a disk while it is read, whatever is left of it in the end. */
TEST_F(stream, a_byte_here_and_there)
{
	for (int way = 0; way < 2; way++) {
		struct stream_writer *writer;
		uint32_t inventory, pages;

		ASSERT_EQ(0, ftruncate(self->fd, 0));
		ASSERT_EQ(0, lseek(self->fd, 0, SEEK_SET));
		ASSERT_EQ(0, stream_writer_open(&writer, self->fd));
		stream_create(writer, IMAGE_INVENTORY, &inventory);
		stream_create(writer, "pages-1.img", &pages);
		for (uint64_t at = 1 << 13; at < 1 << 20; at += 1 << 13) {
			if (way)
				stream_write(writer, STREAM_TRUNCATE, pages, at, NULL, 0);
			stream_write(writer, STREAM_WRITE, pages, at, "1", 1);
		}
		stream_write(writer, STREAM_TRUNCATE, pages, 0, NULL, 0);
		stream_end(writer);
		stream_writer_close(writer);
		EXPECT_EQ(-EBADMSG, spool_again(self));
		EXPECT_TRUE(nothing_is_left(self)) TH_LOG("%s", self->why);
		image_directory_remove(self->dir);
	}
}

TEST_F(stream, names_that_are_none)
{
	static const char *const names[] = {
		"",
		".",
		"..",
		"a",
		".img",
		"/etc/a.img",
		"../a.img",
		"a/b.img",
		"a.b.img",
		"a.img/",
		"-a.img",
		"A.img",
		"a b.img",
		"a.img\n",
		"a.imgs",
		"a.new.img",
		"notes",
		"stats-restore",
		"stats-dump/",
		"a12345678901234567890123456789012345678901234567890123456789012345678.img",
	};

	EXPECT_EQ(0, made_up(self, 0, 0, 0, NULL, 0)) TH_LOG("%s", self->why);
	image_directory_remove(self->dir);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		REFUSED(STREAM_CREATE, 4, 0, names[i], strlen(names[i]));
	REFUSED(STREAM_CREATE, 4, 0, "a.img\0", 6);
	REFUSED(STREAM_CREATE, 4, 0, "a\0.img", 6);
	EXPECT_EQ(0, made_up(self, STREAM_CREATE, 4, 0, "stats-dump", 10)) TH_LOG("%s", self->why);
	image_directory_remove(self->dir);
}

TEST_F(stream, names_that_are_there)
{
	EXPECT_EQ(-EEXIST, made_up(self, STREAM_CREATE, 4, 0, "pages-2.img", 11));
	EXPECT_EQ(-EEXIST, made_up(self, STREAM_CREATE, 4, 0, "inventory.new", 13));
	EXPECT_EQ(-EEXIST, made_up(self, STREAM_CREATE, 4, 0, "inventory.img", 13));
	EXPECT_NE(0, access(self->dir, F_OK));
}

TEST_F(stream, files_that_are_not_open)
{
	const uint32_t numbers[] = { 0, 3, 4, UINT32_MAX };
	struct stream_move move = { 0 };

	for (size_t i = 0; i < 4; i++) {
		REFUSED(STREAM_WRITE, numbers[i], 0, "x", 1);
		REFUSED(STREAM_TRUNCATE, numbers[i], 0, NULL, 0);
		REFUSED(STREAM_CLOSE, numbers[i], 0, NULL, 0);
		REFUSED(STREAM_REPLACE, 2, numbers[i], NULL, 0);
		REFUSED(STREAM_REPLACE, numbers[i], 2, NULL, 0);
		move.member = htole64(numbers[i]);
		REFUSED(STREAM_MOVE, 2, 0, &move, sizeof(move));
		if (numbers[i] != 4)
			REFUSED(STREAM_CREATE, numbers[i], 0, "a.img", 5);
	}
	move.member = htole64(1ULL << 32 | 1);
	REFUSED(STREAM_MOVE, 2, 0, &move, sizeof(move));
	REFUSED(STREAM_REPLACE, 2, 1ULL << 32 | 1, NULL, 0);
	REFUSED(STREAM_REPLACE, 2, 2, NULL, 0);
}

TEST_F(stream, sizes_that_make_no_sense)
{
	struct stream_move move = { .member = htole64(2), .size = htole64(5) };

	REFUSED(STREAM_WRITE, 2, UINT64_MAX, "x", 1);
	REFUSED(STREAM_WRITE, 2, 1ULL << 63, "x", 1);
	REFUSED(STREAM_TRUNCATE, 2, UINT64_MAX, NULL, 0);
	/* Holes that would take years to read. */
	REFUSED(STREAM_WRITE, 2, 1ULL << 40, "x", 1);
	REFUSED(STREAM_TRUNCATE, 2, 1ULL << 40, NULL, 0);
	/* More than there ever was. */
	REFUSED(STREAM_MOVE, 1, 0, &move, sizeof(move));
	move.size = htole64(4);
	REFUSED(STREAM_MOVE, 1, 0, &move, sizeof(move) - 1);
	REFUSED(STREAM_MOVE, 1, UINT64_MAX, &move, sizeof(move));
	/* To itself. */
	REFUSED(STREAM_MOVE, 2, 0, &move, sizeof(move));
	move.offset = htole64(UINT64_MAX - 2);
	REFUSED(STREAM_MOVE, 1, 0, &move, sizeof(move));
	REFUSED(77, 2, 0, NULL, 0);
	move.offset = 0;
	EXPECT_EQ(0, made_up(self, STREAM_MOVE, 1, 0, &move, sizeof(move))) TH_LOG("%s", self->why);
}

TEST_F(stream, no_inventory)
{
	struct stream_writer *writer;

	ASSERT_EQ(0, stream_writer_open(&writer, self->fd));
	ASSERT_EQ(0, stream_end(writer));
	/* Nothing comes behind the end. */
	EXPECT_NE(0, stream_write(writer, STREAM_CLOSE, 1, 0, NULL, 0));
	stream_writer_close(writer);
	EXPECT_EQ(-EBADMSG, spool_again(self));
	EXPECT_TRUE(nothing_is_left(self));
}

/* Room --------------------------------------------------------------------------------------------- */

TEST_F(stream, other_files_stay)
{
	char name[96];
	int fd;

	ASSERT_EQ(0, write_stream(self, 64));
	ASSERT_EQ(0, mkdir(self->dir, 0755));
	snprintf(name, sizeof(name), "%s/copied.img", self->dir);
	fd = open(name, O_RDWR | O_CREAT, 0644);
	ASSERT_EQ(4, write(fd, "mine", 4));
	EXPECT_EQ(-EEXIST, spool_again(self));
	EXPECT_EQ(0, access(name, F_OK));
	ASSERT_EQ(0, unlink(name));
	EXPECT_EQ(0, rmdir(self->dir)) TH_LOG("files are left");
	close(fd);
}

/* A reader that is gone, and one that takes nothing until a signal comes. */
TEST_F(stream, readers_that_do_not_read)
{
	struct stream_writer *writer;
	char *bytes = calloc(1, 1 << 20);
	sigset_t set;
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(0, stream_writer_open(&writer, ends[1]));
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGTERM);
	EXPECT_EQ(-EINTR, stream_write(writer, STREAM_WRITE, 1, 0, bytes, 1 << 20));
	EXPECT_EQ(-EINTR, stream_write(writer, STREAM_WRITE, 1, 0, bytes, 1));
	EXPECT_EQ(-EINTR, stream_end(writer));
	stream_writer_close(writer);
	EXPECT_EQ(0, sigpending(&set));
	EXPECT_EQ(1, sigismember(&set, SIGTERM));
	signal(SIGTERM, SIG_IGN);
	ASSERT_EQ(0, stream_writer_open(&writer, ends[1]));
	close(ends[0]);
	EXPECT_EQ(-EPIPE, stream_write(writer, STREAM_WRITE, 1, 0, bytes, 1 << 20));
	EXPECT_EQ(-EPIPE, stream_end(writer));
	stream_writer_close(writer);
	close(ends[1]);
	free(bytes);
}

/* From now on, as on a disk that fails. */
static int fail_fsync(void)
{
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsync, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(steps) / sizeof(*steps), steps };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

TEST_F(stream, disk_that_fails)
{
	struct stream_writer *writer;
	uint32_t inventory;

	ASSERT_EQ(0, fail_fsync());
	ASSERT_EQ(0, stream_writer_open(&writer, self->fd));
	ASSERT_EQ(0, stream_create(writer, IMAGE_INVENTORY, &inventory));
	EXPECT_EQ(-EIO, stream_end(writer));
	stream_writer_close(writer);
	EXPECT_EQ(-EBADMSG, spool_again(self));
	EXPECT_NE(NULL, strstr(self->why, "it ends before it is complete")) TH_LOG("%s", self->why);
	EXPECT_TRUE(nothing_is_left(self));
}

TEST_HARNESS_MAIN

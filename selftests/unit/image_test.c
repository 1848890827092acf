// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checkpoints: what was written is read again, and what is damaged, foreign or absurd is refused, whatever it is.
 */
/* links: image proto locks procfs libcrlock : -lprotobuf-c -lmnl -lz -lxxhash */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "kselftest_harness.h"
#include "checksums.pb-c.h"
#include "image/checkpoint.h"
#include "image/checksums.h"
#include "image/container.h"
#include "image/inventory.h"
#include "image/magic.h"
#include "locks/sharing.h"

#define NR(array) (sizeof(array) / sizeof(*(array)))

/* A checkpoint of everything that there is ------------------------------------------------------------ */

static char server_comm[] = "ser) ver\n", child_comm[] = "\x1b[31m";
static char odd_path[] = "/srv/\xff\xfe a\nb", plain_path[] = "/srv/accounts.db";

static struct checkpoint_process processes[] = {
	{ .pid = 100, .ppid = 1, .files_id = 0xdeadbeefcafef00d, .comm = server_comm },
	{ .pid = 101, .ppid = 100, .files_id = 0 },
	{ .pid = INT_MAX, .ppid = 0, .files_id = 1, .comm = child_comm },
};

static struct crlock_holder odd_holders[] = {
	{ .file_id = 7,
	  .files_id = 0xdeadbeefcafef00d,
	  .tgid = 100,
	  .tid = 100,
	  .fd = 3,
	  .kind = CRLOCK_HOLDER_DESCRIPTOR,
	  .flags = CRLOCK_HOLDER_CLOEXEC },
	{ .file_id = 7, .tgid = 101, .tid = 102, .fd = 0, .kind = CRLOCK_HOLDER_DESCRIPTOR },
	{ .file_id = 7,
	  .where = 0xffffffffff600000,
	  .tgid = 100,
	  .tid = 100,
	  .fd = -1,
	  .kind = CRLOCK_HOLDER_MAPPING },
	{ .file_id = 7, .where = 4711, .fd = -1, .kind = CRLOCK_HOLDER_IN_FLIGHT },
};

static struct crlock_holder plain_holders[] = {
	{ .file_id = UINT64_MAX,
	  .files_id = 1,
	  .tgid = INT_MAX,
	  .tid = INT_MAX,
	  .fd = 1023,
	  .kind = CRLOCK_HOLDER_DESCRIPTOR },
};

static struct checkpoint_file files[] = {
	{ .id = 7,
	  .path = odd_path,
	  .flags = O_RDWR | O_CLOEXEC,
	  .mode = S_IFREG | 0640,
	  .pos = 123,
	  .size = 1 << 20,
	  .dev_major = 8,
	  .dev_minor = 1,
	  .ino = 131171,
	  .generation = 99,
	  .deleted = true,
	  .mnt_id = 29,
	  .in_flight = UINT32_MAX,
	  .holders = odd_holders,
	  .nr_holders = NR(odd_holders) },
	{ .id = UINT64_MAX,
	  .path = plain_path,
	  .mode = S_IFREG,
	  .pos = INT64_MAX,
	  .size = UINT64_MAX,
	  .dev_major = UINT32_MAX,
	  .dev_minor = UINT32_MAX,
	  .ino = UINT64_MAX,
	  .mnt_id = -1,
	  .holders = plain_holders,
	  .nr_holders = NR(plain_holders) },
};

static struct lock_waiter waiters[] = {
	{ .pid = 11,
	  .comm = child_comm,
	  .kind = CRLOCK_KIND_LEASE,
	  .type = F_RDLCK,
	  .end = CRLOCK_EOF,
	  .breaker = true,
	  .depth = 1 },
	{ .pid = 0, .kind = CRLOCK_KIND_LEASE, .type = F_WRLCK, .start = 5, .end = 5, .depth = 2 },
};

static struct lock_holder outsiders[LOCK_OUTSIDERS_MAX] = {
	{ .row = { .file_id = 7,
		   .files_id = 1,
		   .tgid = 812,
		   .tid = 813,
		   .fd = 9,
		   .kind = CRLOCK_HOLDER_DESCRIPTOR },
	  .comm = child_comm },
	{ .row = { .file_id = 7,
		   .where = 0x7f0000001000,
		   .tgid = INT_MAX,
		   .tid = 1,
		   .fd = -1,
		   .kind = CRLOCK_HOLDER_MAPPING } },
	[2 ... LOCK_OUTSIDERS_MAX - 1] = { .row = { .file_id = 7,
						    .where = UINT64_MAX,
						    .fd = -1,
						    .kind = CRLOCK_HOLDER_IN_FLIGHT } },
};

static struct lock_sharing shared = {
	.shared = LOCK_SHARED_OUTSIDE,
	.outsiders = outsiders,
	.nr = NR(outsiders),
	.left_out = UINT64_MAX,
};
static struct lock_sharing not_shared = { .shared = LOCK_SHARED_NO };
static struct lock_sharing untold = { .shared = LOCK_SHARED_UNKNOWN };

static struct lock locks[] = {
	{ .row = { .id = 1,
		   .file_id = 7,
		   .owner_id = 0xdeadbeefcafef00d,
		   .mount_id = 5,
		   .ino = 131171,
		   .start = 10,
		   .end = 19,
		   .dev_major = 8,
		   .dev_minor = 1,
		   .generation = 99,
		   .fl_flags = 1,
		   .pid = 100,
		   .rank = 3,
		   .kind = CRLOCK_KIND_POSIX,
		   .held = F_WRLCK,
		   .target = F_WRLCK,
		   .state = CRLOCK_LOCK_WAITERS },
	  .comm = server_comm,
	  .sharing = &shared },
	{ .row = { .file_id = 7, .end = CRLOCK_EOF, .kind = CRLOCK_KIND_FLOCK, .held = F_RDLCK },
	  .unknown = (1 << 8) - 1,
	  .sharing = &untold },
	{ .row = { .file_id = UINT64_MAX,
		   .start = CRLOCK_EOF,
		   .end = CRLOCK_EOF,
		   .kind = CRLOCK_KIND_OFD,
		   .held = F_WRLCK,
		   .target = F_WRLCK } },
	{ .row = { .file_id = UINT64_MAX,
		   .end = CRLOCK_EOF,
		   .break_ms = CRLOCK_NO_DEADLINE,
		   .downgrade_ms = -1234,
		   .fown_pid = 100,
		   .fown_type = F_OWNER_PGRP,
		   .fown_signum = 64,
		   .fown_uid = UINT32_MAX,
		   .fown_euid = 1000,
		   .kind = CRLOCK_KIND_LEASE,
		   .held = F_WRLCK,
		   .target = F_UNLCK,
		   .state = CRLOCK_LOCK_UNLOCK_PENDING | CRLOCK_LOCK_DOWNGRADE_PENDING | CRLOCK_LOCK_NOTICE },
	  .waiters = waiters,
	  .nr_waiters = NR(waiters),
	  .sharing = &not_shared },
};

static pid_t waiting[] = { 102, 100, INT_MAX }, waiting_too[] = { 1, 2 };

static struct lock_queue queues[] = {
	{ .tids = waiting, .nr = NR(waiting) },
	{ .tids = waiting_too, .nr = NR(waiting_too) },
};

static const struct checkpoint everything = {
	.dump_time_ms = 1700000000000,
	.source = LOCK_SOURCE_KMOD,
	.lease_break_time = 45,
	.processes = processes,
	.nr_processes = NR(processes),
	.files = files,
	.nr_files = NR(files),
	.locks = { .locks = locks, .nr = NR(locks) },
	.queues = { .queues = queues, .nr = NR(queues) },
};

static int write_it(const struct checkpoint *checkpoint, const char *dir, char *why, size_t size)
{
	const struct image_error error = { why, size };
	struct image_directory directory;
	int ret = image_directory_make(&directory, dir, &error);

	if (ret)
		return ret;
	ret = checkpoint_write(checkpoint, &directory, &error);
	ret = ret ?: inventory_write(&directory, NULL, &error);
	image_directory_close(&directory, !ret);
	return ret;
}

/* Equality ----------------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return !a || !b ? a == b : !strcmp(a, b);
}

static bool same_process(const struct checkpoint_process *a, const struct checkpoint_process *b)
{
	return a->pid == b->pid && a->ppid == b->ppid && a->files_id == b->files_id &&
	       same_text(a->comm, b->comm);
}

static bool same_file(const struct checkpoint_file *a, const struct checkpoint_file *b)
{
	return a->id == b->id && same_text(a->path, b->path) && a->flags == b->flags && a->mode == b->mode &&
	       a->pos == b->pos && a->size == b->size && a->dev_major == b->dev_major &&
	       a->dev_minor == b->dev_minor && a->ino == b->ino && a->generation == b->generation &&
	       a->deleted == b->deleted && a->mnt_id == b->mnt_id && a->in_flight == b->in_flight &&
	       a->nr_holders == b->nr_holders &&
	       !memcmp(a->holders, b->holders, a->nr_holders * sizeof(*a->holders));
}

static bool same_waiter(const struct lock_waiter *a, const struct lock_waiter *b)
{
	return a->pid == b->pid && same_text(a->comm, b->comm) && a->kind == b->kind && a->type == b->type &&
	       a->start == b->start && a->end == b->end && a->breaker == b->breaker && a->depth == b->depth;
}

static bool same_sharing(const struct lock_sharing *a, const struct lock_sharing *b)
{
	if (!a || !b)
		return a == b;
	if (a->shared != b->shared || a->nr != b->nr || a->left_out != b->left_out)
		return false;
	for (size_t i = 0; i < a->nr; i++) {
		if (memcmp(&a->outsiders[i].row, &b->outsiders[i].row, sizeof(a->outsiders[i].row)) ||
		    !same_text(a->outsiders[i].comm, b->outsiders[i].comm))
			return false;
	}
	return true;
}

static bool same_lock(const struct lock *a, const struct lock *b)
{
	if (memcmp(&a->row, &b->row, sizeof(a->row)) || a->unknown != b->unknown ||
	    !same_text(a->comm, b->comm) || a->nr_waiters != b->nr_waiters ||
	    !same_sharing(a->sharing, b->sharing))
		return false;
	for (size_t i = 0; i < a->nr_waiters; i++) {
		if (!same_waiter(&a->waiters[i], &b->waiters[i]))
			return false;
	}
	return true;
}

static bool same_queue(const struct lock_queue *a, const struct lock_queue *b)
{
	return a->nr == b->nr && !memcmp(a->tids, b->tids, a->nr * sizeof(*a->tids));
}

static bool same(const struct checkpoint *a, const struct checkpoint *b)
{
	if (a->dump_time_ms != b->dump_time_ms || a->source != b->source ||
	    a->lease_break_time != b->lease_break_time || a->nr_processes != b->nr_processes ||
	    a->nr_files != b->nr_files || a->locks.nr != b->locks.nr || a->queues.nr != b->queues.nr)
		return false;
	for (size_t i = 0; i < a->nr_processes; i++) {
		if (!same_process(&a->processes[i], &b->processes[i]))
			return false;
	}
	for (size_t i = 0; i < a->nr_files; i++) {
		if (!same_file(&a->files[i], &b->files[i]))
			return false;
	}
	for (size_t i = 0; i < a->locks.nr; i++) {
		if (!same_lock(&a->locks.locks[i], &b->locks.locks[i]))
			return false;
	}
	for (size_t i = 0; i < a->queues.nr; i++) {
		if (!same_queue(&a->queues.queues[i], &b->queues.queues[i]))
			return false;
	}
	return true;
}

/* Files -------------------------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void remove_all(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

struct content {
	char *bytes;
	size_t len;
};

static struct content read_file(const char *path)
{
	struct content content = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st)) {
		content.bytes = malloc(st.st_size + 1);
		content.len = read(fd, content.bytes, st.st_size);
	}
	close(fd);
	return content;
}

static void write_file(const char *path, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		abort();
	close(fd);
}

static size_t count_entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t nr = 0;

	while (dir && readdir(dir))
		nr++;
	if (dir)
		closedir(dir);
	return nr > 2 ? nr - 2 : 0;
}

FIXTURE(image)
{
	char top[PATH_MAX / 2];
	char dir[PATH_MAX]; /* of a good checkpoint */
	char other[PATH_MAX]; /* is not there */
	char path[2 * PATH_MAX];
	char why[256];
	struct checkpoint got;
};

FIXTURE_SETUP(image)
{
	/* Flushing to disk thousands of times is not what is tested. */
	strcpy(self->top,
	       access("/dev/shm", W_OK) ? "/tmp/crlock-image.XXXXXX" : "/dev/shm/crlock-image.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->top));
	snprintf(self->dir, sizeof(self->dir), "%s/a\nb", self->top);
	snprintf(self->other, sizeof(self->other), "%s/other", self->top);
	umask(0);
	ASSERT_EQ(0, write_it(&everything, self->dir, self->why, sizeof(self->why)))
	TH_LOG("%s", self->why);
}

/* There with -fsanitize=address. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

FIXTURE_TEARDOWN(image)
{
	checkpoint_free(&self->got);
	remove_all(self->top);
	if (__lsan_do_recoverable_leak_check)
		EXPECT_EQ(0, __lsan_do_recoverable_leak_check());
}

static const char *in(struct _test_data_image *self, const char *name)
{
	snprintf(self->path, sizeof(self->path), "%s/%s", self->dir, name);
	return self->path;
}

/* The error names the thing in one line, whatever is in its name. */
static bool is_told(struct _test_data_image *self, const char *thing)
{
	return strstr(self->why, thing) && strstr(self->why, "a\\x0ab") && !strpbrk(self->why, "\n\x1b");
}

static int read_it(struct _test_data_image *self)
{
	checkpoint_free(&self->got);
	*self->why = '\0';
	return checkpoint_read(&self->got, self->dir, self->why, sizeof(self->why));
}

static const char *const image_names[] = { IMAGE_INVENTORY, IMAGE_CRLOCK, IMAGE_FILELOCKS };

/* Writing ------------------------------------------------------------------------------------------ */

TEST_F(image, what_was_written_is_read)
{
	struct stat st;

	ASSERT_EQ(0, read_it(self)) TH_LOG("%s", self->why);
	EXPECT_TRUE(same(&everything, &self->got));
	ASSERT_EQ(0, stat(self->dir, &st));
	EXPECT_EQ(S_IFDIR | 0700, st.st_mode);
	for (size_t i = 0; i < NR(image_names); i++) {
		ASSERT_EQ(0, stat(in(self, image_names[i]), &st));
		EXPECT_EQ(S_IFREG | 0600, st.st_mode);
	}
}

TEST_F(image, empty_checkpoint)
{
	const struct checkpoint empty = { .source = LOCK_SOURCE_PROC, .lease_break_time = 1 };

	strcpy(self->dir, self->other);
	ASSERT_EQ(0, write_it(&empty, self->dir, self->why, sizeof(self->why)));
	ASSERT_EQ(0, read_it(self)) TH_LOG("%s", self->why);
	EXPECT_TRUE(same(&empty, &self->got));
}

TEST_F(image, checkpoint_is_not_overwritten)
{
	struct content before = read_file(in(self, IMAGE_CRLOCK)), after;

	for (size_t i = 0; i < NR(image_names); i++) {
		EXPECT_EQ(-EEXIST, write_it(&everything, self->dir, self->why, sizeof(self->why)));
		EXPECT_TRUE(is_told(self, "holds a checkpoint")) TH_LOG("%s", self->why);
		after = read_file(in(self, IMAGE_CRLOCK));
		/* It is the second that goes. */
		if (i < 2) {
			EXPECT_EQ(before.len, after.len);
			EXPECT_EQ(0, memcmp(after.bytes, before.bytes, before.len));
		}
		free(after.bytes);
		EXPECT_EQ(NR(image_names) + 1 - i, count_entries(self->dir));
		/* A part of one is none, but not to be lost either. */
		unlink(in(self, image_names[i]));
	}
	EXPECT_EQ(-EEXIST, write_it(&everything, self->dir, self->why, sizeof(self->why)));
	unlink(in(self, IMAGE_CHECKSUMS));
	EXPECT_EQ(0, write_it(&everything, self->dir, self->why, sizeof(self->why)));
	free(before.bytes);
}

TEST_F(image, nothing_is_written_through_links)
{
	for (size_t i = 0; i < NR(image_names); i++)
		unlink(in(self, image_names[i]));
	unlink(in(self, IMAGE_CHECKSUMS));
	/* A link that leads nowhere is no image, and must not become one elsewhere. */
	ASSERT_EQ(0, symlink(self->other, in(self, IMAGE_INVENTORY)));
	EXPECT_GT(0, write_it(&everything, self->dir, self->why, sizeof(self->why)));
	EXPECT_NE(0, access(self->other, F_OK));
	EXPECT_EQ(1, count_entries(self->dir));
}

TEST_F(image, directories_that_cannot_be)
{
	snprintf(self->path, sizeof(self->path), "%s/not/there", self->other);
	EXPECT_EQ(-ENOENT, write_it(&everything, self->path, self->why, sizeof(self->why)));
	EXPECT_NE(NULL, strstr(self->why, "not/there: No such file"));
	EXPECT_EQ(-ENOENT, checkpoint_read(&self->got, self->path, self->why, sizeof(self->why)));
	EXPECT_NE(NULL, strstr(self->why, "not/there: No such file"));
	write_file(self->other, "", 0);
	EXPECT_EQ(-ENOTDIR, write_it(&everything, self->other, self->why, sizeof(self->why)));
	EXPECT_EQ(-ENOTDIR, checkpoint_read(&self->got, self->other, self->why, sizeof(self->why)));
	EXPECT_NE(NULL, strstr(self->why, "other: Not a directory"));
}

/* The inventory says that all is there, so that it comes when all is. */
TEST_F(image, inventory_comes_last)
{
	char events[4096] __attribute__((aligned(8))), last_made[NAME_MAX + 1] = "";
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	bool made_last = true;
	ssize_t len;

	ASSERT_EQ(0, mkdir(self->other, 0700));
	ASSERT_LE(0,
		  inotify_add_watch(fd, self->other, IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_MODIFY));
	ASSERT_EQ(0, write_it(&everything, self->other, self->why, sizeof(self->why)));
	len = read(fd, events, sizeof(events));
	ASSERT_LT(0, len);
	for (char *at = events; at < events + len;) {
		struct inotify_event *event = (struct inotify_event *)at;

		if (event->mask & (IN_CREATE | IN_MOVED_TO))
			strcpy(last_made, event->name);
		else if (!strcmp(last_made, IMAGE_INVENTORY) && strcmp(event->name, IMAGE_INVENTORY))
			made_last = false;
		at += sizeof(*event) + event->len;
	}
	EXPECT_STREQ(IMAGE_INVENTORY, last_made);
	EXPECT_TRUE(made_last);
	close(fd);
}

static bool own_mounts(void)
{
	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return false;
	return !mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL);
}

/* Whatever there was room for: nothing of it is left, and what was there before is. */
TEST_F(image, full_disk)
{
	char made[PATH_MAX + 16], mine[PATH_MAX + 16];
	int fits = -1;

	if (!own_mounts())
		SKIP(return, "no mount namespace can be made here");
	snprintf(made, sizeof(made), "%s/made", self->other);
	snprintf(mine, sizeof(mine), "%s/mine", self->other);
	for (int inodes = 1; inodes < 16; inodes++) {
		char options[64];
		int ret;

		/* Of inodes first, and the last time of blocks. */
		snprintf(options, sizeof(options), "size=%dk,nr_inodes=%d", inodes == 15 ? 4 : 1024,
			 inodes == 15 ? 100 : inodes + 1);
		mkdir(self->other, 0700);
		ASSERT_EQ(0, mount("none", self->other, "tmpfs", 0, options));
		write_file(mine, "", 0);
		ret = write_it(&everything, made, self->why, sizeof(self->why));
		if (!ret) {
			fits = inodes;
		} else {
			EXPECT_EQ(-ENOSPC, ret) TH_LOG("%s", self->why);
			EXPECT_NE(NULL, strstr(self->why, "No space left")) TH_LOG("%s", self->why);
			EXPECT_EQ(1, count_entries(self->other));
			mkdir(made, 0700);
			if (!access(made, F_OK)) {
				EXPECT_EQ(-ENOSPC, write_it(&everything, made, self->why, sizeof(self->why)));
				EXPECT_EQ(0, access(made, F_OK));
				EXPECT_EQ(0, count_entries(made));
			}
		}
		EXPECT_EQ(0, access(mine, F_OK));
		umount2(self->other, MNT_DETACH);
	}
	/* It was tried with too little, and with enough. */
	EXPECT_LT(4, fits);
}

TEST_F(image, record_that_is_too_large)
{
	struct checkpoint large = everything;
	struct checkpoint_file file = files[0];

	file.nr_holders = 2000000;
	file.holders = calloc(file.nr_holders, sizeof(*file.holders));
	ASSERT_NE(NULL, file.holders);
	large.files = &file;
	large.nr_files = 1;
	EXPECT_EQ(-E2BIG, write_it(&large, self->other, self->why, sizeof(self->why)));
	EXPECT_NE(NULL, strstr(self->why, "too large")) TH_LOG("%s", self->why);
	EXPECT_NE(0, access(self->other, F_OK));
	free(file.holders);
}

/* Damage ------------------------------------------------------------------------------------------- */

/* What was accepted makes sense as a whole: it can be written, and is then the same. */
static bool is_whole(struct _test_data_image *self)
{
	struct checkpoint again = { 0 };
	char why[256];
	bool whole = !write_it(&self->got, self->other, why, sizeof(why)) &&
		     !checkpoint_read(&again, self->other, why, sizeof(why)) && same(&self->got, &again);

	checkpoint_free(&again);
	remove_all(self->other);
	return whole;
}

TEST_F(image, cut_at_every_byte)
{
	for (size_t i = 0; i < NR(image_names); i++) {
		struct content content = read_file(in(self, image_names[i]));

		ASSERT_LT(8, content.len);
		for (size_t len = 0; len < content.len; len++) {
			ASSERT_EQ(0, truncate(in(self, image_names[i]), len));
			ASSERT_EQ(-EBADMSG, read_it(self)) TH_LOG("%s: %zu", image_names[i], len);
			ASSERT_TRUE(is_told(self, ".img")) TH_LOG("%s", self->why);
			write_file(in(self, image_names[i]), content.bytes, content.len);
		}
		ASSERT_EQ(0, read_it(self));
		free(content.bytes);
	}
}

/*
 * Images have no checksums: in crlock.img a bit can make another path, say. But whatever comes of it must be a
 * checkpoint. The other images have nothing that is not either checked or without effect.
 */
TEST_F(image, every_bit_turned)
{
	for (size_t i = 0; i < NR(image_names); i++) {
		bool has_content = !strcmp(image_names[i], IMAGE_CRLOCK);
		struct content content = read_file(in(self, image_names[i]));
		size_t accepted = 0;

		for (size_t bit = 0; bit < 8 * content.len; bit++) {
			content.bytes[bit / 8] ^= 1 << bit % 8;
			write_file(in(self, image_names[i]), content.bytes, content.len);
			content.bytes[bit / 8] ^= 1 << bit % 8;
			if (!read_it(self)) {
				accepted++;
				ASSERT_TRUE(has_content ? is_whole(self) : same(&everything, &self->got))
				TH_LOG("%s: bit %zu", image_names[i], bit);
				continue;
			}
			ASSERT_TRUE(is_told(self, ".img")) TH_LOG("%s", self->why);
		}
		/* Magic numbers, lengths and tags are checked: not everything passes. */
		EXPECT_LT(accepted, 8 * content.len);
		write_file(in(self, image_names[i]), content.bytes, content.len);
		free(content.bytes);
	}
}

/* A path with a NUL is none, and must not be taken for one that is shorter. */
TEST_F(image, texts_with_nul)
{
	const char *const texts[] = { odd_path, server_comm, child_comm };
	struct content content = read_file(in(self, IMAGE_CRLOCK));

	for (size_t i = 0; i < NR(texts); i++) {
		char *at = memmem(content.bytes, content.len, texts[i], strlen(texts[i]));

		ASSERT_NE(NULL, at);
		at[2] ^= texts[i][2];
		write_file(in(self, IMAGE_CRLOCK), content.bytes, content.len);
		at[2] ^= texts[i][2];
		EXPECT_EQ(-EBADMSG, read_it(self));
		EXPECT_TRUE(is_told(self, IMAGE_CRLOCK)) TH_LOG("%s", self->why);
	}
	free(content.bytes);
}

/* Bytes at random in the place of some, thousands of times. */
TEST_F(image, bytes_at_random)
{
	unsigned int seed = 1;

	for (size_t i = 0; i < NR(image_names); i++) {
		struct content content = read_file(in(self, image_names[i]));
		char *bytes = malloc(content.len);

		for (int round = 0; round < 3000; round++) {
			memcpy(bytes, content.bytes, content.len);
			for (int j = rand_r(&seed) % 8; j >= 0; j--)
				bytes[8 + rand_r(&seed) % (content.len - 8)] = rand_r(&seed);
			write_file(in(self, image_names[i]), bytes, content.len);
			if (!read_it(self)) {
				ASSERT_TRUE(is_whole(self)) TH_LOG("%s: round %d", image_names[i], round);
				continue;
			}
			ASSERT_TRUE(is_told(self, ".img")) TH_LOG("%s", self->why);
		}
		write_file(in(self, image_names[i]), content.bytes, content.len);
		free(bytes);
		free(content.bytes);
	}
}

TEST_F(image, missing_images)
{
	for (size_t i = 0; i < NR(image_names); i++) {
		struct content content = read_file(in(self, image_names[i]));

		unlink(in(self, image_names[i]));
		EXPECT_EQ(-ENOENT, read_it(self));
		EXPECT_TRUE(is_told(self, image_names[i])) TH_LOG("%s", self->why);
		write_file(in(self, image_names[i]), content.bytes, content.len);
		free(content.bytes);
	}
}

/* What blocks, never ends, or is no file. */
TEST_F(image, things_in_the_place_of_images)
{
	for (size_t i = 0; i < NR(image_names); i++) {
		struct content content = read_file(in(self, image_names[i]));

		unlink(in(self, image_names[i]));
		ASSERT_EQ(0, mkfifo(self->path, 0600));
		EXPECT_EQ(-EBADMSG, read_it(self));
		EXPECT_TRUE(is_told(self, "is no regular file")) TH_LOG("%s", self->why);
		unlink(in(self, image_names[i]));
		ASSERT_EQ(0, mkdir(self->path, 0700));
		EXPECT_EQ(-EBADMSG, read_it(self));
		EXPECT_TRUE(is_told(self, "is no regular file")) TH_LOG("%s", self->why);
		rmdir(in(self, image_names[i]));
		ASSERT_EQ(0, symlink("/dev/zero", self->path));
		EXPECT_EQ(-EBADMSG, read_it(self));
		unlink(in(self, image_names[i]));
		write_file(in(self, image_names[i]), content.bytes, content.len);
		free(content.bytes);
	}
}

/* In the list of checksums; the file would be read as often as it is there. */
TEST_F(image, an_image_that_is_listed_twice)
{
	const struct image_error error = { self->why, sizeof(self->why) };
	char name[] = "a.img";
	struct image_directory directory;

	ASSERT_EQ(0, image_directory_make(&directory, self->other, &error)) TH_LOG("%s", self->why);
	close(openat(directory.fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, checksums_add(&directory.checksums, &(struct image_checksum){ .name = name }));
	ASSERT_EQ(0, checksums_write(&directory, &error)) TH_LOG("%s", self->why);
	EXPECT_EQ(-EBADMSG, checksums_verify(directory.fd, self->other, &error));
	EXPECT_NE(NULL, strstr(self->why, "a.img is there twice")) TH_LOG("%s", self->why);
	image_directory_close(&directory, true);
}

static int list_file(struct image_writer *writer, const char *name, const struct image_summed *file,
		     const struct image_error *error)
{
	Image__ChecksumEntry entry = IMAGE__CHECKSUM_ENTRY__INIT;

	entry.name = (ProtobufCBinaryData){ strlen(name), (uint8_t *)name };
	entry.size = file->size;
	entry.xxh64 = file->xxh64;
	return image_write(writer, &entry.base, error);
}

/* Files may be all holes: the list alone says that they are more than any machine has. */
TEST_F(image, images_of_an_absurd_size)
{
	const struct image_error error = { self->why, sizeof(self->why) };
	const struct image_summed half = { .size = 1ULL << 49 }, more = { .size = half.size + 1 };
	struct image_directory directory;
	struct image_writer writer;
	struct image_summed own;
	int fd;

	ASSERT_EQ(0, image_directory_make(&directory, self->other, &error)) TH_LOG("%s", self->why);
	ASSERT_EQ(0, image_writer_open(&writer, &directory, IMAGE_CHECKSUMS, IMAGE_MAGIC_CHECKSUMS, &error));
	ASSERT_EQ(0, list_file(&writer, "a.img", &half, &error));
	ASSERT_EQ(0, list_file(&writer, "b.img", &more, &error));
	ASSERT_EQ(0, image_writer_flush(&writer, &error));
	fd = openat(directory.fd, IMAGE_CHECKSUMS, O_RDONLY | O_CLOEXEC);
	ASSERT_EQ(0, image_sum_read(NULL, fd, UINT64_MAX, &own));
	close(fd);
	ASSERT_EQ(0, list_file(&writer, IMAGE_CHECKSUMS, &own, &error));
	ASSERT_EQ(0, image_writer_close(&writer, 0, &error));
	EXPECT_EQ(-EBADMSG, checksums_verify(directory.fd, self->other, &error));
	EXPECT_NE(NULL, strstr(self->why, "b.img is absurdly large")) TH_LOG("%s", self->why);
	image_directory_close(&directory, true);
}

TEST_F(image, foreign_images)
{
	static const char elf[] = "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0>\0";

	for (size_t i = 0; i < NR(image_names); i++) {
		struct content content = read_file(in(self, image_names[i])), other;

		write_file(in(self, image_names[i]), elf, sizeof(elf));
		EXPECT_EQ(-EBADMSG, read_it(self));
		EXPECT_TRUE(is_told(self, "is no such image")) TH_LOG("%s", self->why);
		/* Each in the place of another. */
		other = read_file(in(self, image_names[(i + 1) % NR(image_names)]));
		write_file(in(self, image_names[i]), other.bytes, other.len);
		EXPECT_EQ(-EBADMSG, read_it(self));
		EXPECT_TRUE(is_told(self, "is no such image")) TH_LOG("%s", self->why);
		write_file(in(self, image_names[i]), content.bytes, content.len);
		free(content.bytes);
		free(other.bytes);
	}
}

static void append_bytes(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (write(fd, bytes, len) != (ssize_t)len)
		abort();
	close(fd);
}

TEST_F(image, records_of_absurd_sizes)
{
	static const uint32_t sizes[] = { UINT32_MAX,		INT32_MAX,	  (uint32_t)INT32_MAX + 1,
					  IMAGE_RECORD_MAX + 1, IMAGE_RECORD_MAX, 100 };

	for (size_t i = 0; i < NR(image_names); i++) {
		struct content content = read_file(in(self, image_names[i]));

		/* An inventory is one record: what comes behind it is not read. */
		if (!strcmp(image_names[i], IMAGE_INVENTORY))
			content.len = 4;
		for (size_t j = 0; j < NR(sizes); j++) {
			uint32_t size = htole32(sizes[j]);

			write_file(in(self, image_names[i]), content.bytes, content.len);
			append_bytes(self->path, &size, sizeof(size));
			EXPECT_EQ(-EBADMSG, read_it(self)) TH_LOG("%u", sizes[j]);
			EXPECT_TRUE(is_told(self, sizes[j] > IMAGE_RECORD_MAX ? "absurd" : "truncated"))
			TH_LOG("%s", self->why);
		}
		free(content.bytes);
		remove_all(self->dir);
		ASSERT_EQ(0, write_it(&everything, self->dir, self->why, sizeof(self->why)));
	}
}

/* Values that make no sense ------------------------------------------------------------------------- */

/* The writer is not the one to check: it writes anything. */
#define REFUSED(what) \
	do { \
		struct checkpoint *c = copy(); \
\
		what; \
		remove_all(self->dir); \
		ASSERT_EQ(0, write_it(c, self->dir, self->why, sizeof(self->why))) \
		TH_LOG("%s: %s", #what, self->why); \
		EXPECT_EQ(-EBADMSG, read_it(self)) TH_LOG("%s", #what); \
		EXPECT_TRUE(is_told(self, IMAGE_CRLOCK)) TH_LOG("%s: %s", #what, self->why); \
	} while (0)

/* Everything, to be changed. */
static struct checkpoint *copy(void)
{
	static struct checkpoint checkpoint;
	static struct checkpoint_process some_processes[NR(processes)];
	static struct checkpoint_file some_files[NR(files)];
	static struct crlock_holder some_holders[NR(odd_holders)];
	static struct lock some_locks[NR(locks)];
	static struct lock_waiter some_waiters[NR(waiters)];
	static struct lock_queue some_queues[NR(queues)];
	static pid_t some_waiting[NR(waiting)];
	static struct lock_holder some_outsiders[NR(outsiders)];
	static struct lock_sharing some_sharing;

	memcpy(some_processes, processes, sizeof(processes));
	memcpy(some_files, files, sizeof(files));
	memcpy(some_holders, odd_holders, sizeof(odd_holders));
	memcpy(some_locks, locks, sizeof(locks));
	memcpy(some_waiters, waiters, sizeof(waiters));
	memcpy(some_queues, queues, sizeof(queues));
	memcpy(some_waiting, waiting, sizeof(waiting));
	memcpy(some_outsiders, outsiders, sizeof(outsiders));
	some_sharing = shared;
	some_sharing.outsiders = some_outsiders;
	some_locks[0].sharing = &some_sharing;
	some_files[0].holders = some_holders;
	some_locks[3].waiters = some_waiters;
	some_queues[0].tids = some_waiting;
	checkpoint = everything;
	checkpoint.processes = some_processes;
	checkpoint.files = some_files;
	checkpoint.locks.locks = some_locks;
	checkpoint.queues.queues = some_queues;
	return &checkpoint;
}

TEST_F(image, processes_that_make_no_sense)
{
	char name[65];

	memset(name, 'x', 64);
	name[64] = '\0';
	REFUSED(c->source = 2);
	REFUSED(c->lease_break_time = UINT32_MAX);
	REFUSED(c->processes[0].pid = 0);
	REFUSED(c->processes[1].pid = -1);
	REFUSED(c->processes[0].ppid = -1);
	REFUSED(c->processes[0].comm = name);
}

TEST_F(image, files_that_make_no_sense)
{
	char empty[] = "", path[PATH_MAX + 1];

	memset(path, '/', PATH_MAX);
	path[PATH_MAX] = '\0';
	REFUSED(c->files[0].id = 0);
	REFUSED(c->files[0].id = c->files[1].id);
	REFUSED(c->files[0].path = empty);
	REFUSED(c->files[0].path = path);
	REFUSED(c->files[0].pos = -1);
	REFUSED(c->files[0].mnt_id = -2);
	REFUSED(c->files[0].holders[0].kind = CRLOCK_HOLDER_IN_FLIGHT + 1);
	REFUSED(c->files[0].holders[0].tgid = -1);
	REFUSED(c->files[0].holders[0].tid = -1);
	REFUSED(c->files[0].holders[0].fd = -1);
	REFUSED(c->files[0].holders[2].fd = 3);
}

TEST_F(image, locks_that_make_no_sense)
{
	char name[65];

	memset(name, 'x', 64);
	name[64] = '\0';
	REFUSED(c->locks.locks[0].row.file_id = 8);
	REFUSED(c->locks.locks[0].row.kind = CRLOCK_KIND_MAX + 1);
	REFUSED(c->locks.locks[0].row.held = F_UNLCK);
	REFUSED(c->locks.locks[0].row.target = 3);
	REFUSED(c->locks.locks[0].row.start = -1);
	REFUSED(c->locks.locks[0].row.end = 9);
	REFUSED(c->locks.locks[0].row.pid = -1);
	REFUSED(c->locks.locks[0].comm = name);
	REFUSED(c->locks.locks[3].row.fown_pid = -1);
	REFUSED(c->locks.locks[3].row.fown_type = F_OWNER_PGRP + 1);
	REFUSED(c->locks.locks[3].row.fown_signum = 65);
	REFUSED(c->locks.locks[3].row.fown_signum = -1);
	REFUSED(c->locks.locks[3].waiters[0].kind = CRLOCK_KIND_MAX + 1);
	REFUSED(c->locks.locks[3].waiters[0].type = F_UNLCK);
	REFUSED(c->locks.locks[3].waiters[0].pid = -1);
	REFUSED(c->locks.locks[3].waiters[1].start = 6);
	REFUSED(c->locks.locks[3].waiters[1].comm = name);
	REFUSED(c->locks.locks[0].sharing->shared = LOCK_SHARED_MAX + 1);
	REFUSED(c->locks.locks[0].sharing->shared = LOCK_SHARED_NO);
	REFUSED(c->locks.locks[0].sharing->nr = 0);
	REFUSED(c->locks.locks[0].sharing->nr--);
	REFUSED(c->locks.locks[0].sharing->outsiders[0].row.fd = -1);
	REFUSED(c->locks.locks[0].sharing->outsiders[1].row.tgid = -1);
	REFUSED(c->locks.locks[0].sharing->outsiders[0].comm = name);
	REFUSED(c->queues.queues[0].tids[1] = 0);
	REFUSED(c->queues.queues[0].tids[2] = -1);
}

/* filelocks.img is of this checkpoint, or of another: each thing that it tells is held against the truth. */
#define MIXED(what) \
	do { \
		char mixed[2 * PATH_MAX]; \
		struct checkpoint *c = copy(); \
\
		what; \
		ASSERT_EQ(0, write_it(c, self->other, self->why, sizeof(self->why))); \
		snprintf(mixed, sizeof(mixed), "%s/%s", self->other, IMAGE_FILELOCKS); \
		ASSERT_EQ(0, rename(mixed, in(self, IMAGE_FILELOCKS))); \
		EXPECT_EQ(-EBADMSG, read_it(self)) TH_LOG("%s", #what); \
		EXPECT_TRUE(is_told(self, "does not agree")) TH_LOG("%s: %s", #what, self->why); \
		remove_all(self->other); \
	} while (0)

TEST_F(image, images_of_two_checkpoints)
{
	MIXED(c->locks.locks[0].row.kind = CRLOCK_KIND_OFD);
	MIXED(c->locks.locks[1].row.held = F_WRLCK);
	MIXED(c->locks.locks[3].row.target = F_RDLCK);
	MIXED(c->locks.locks[3].row.state = 0);
	MIXED(c->files[0].holders[0].tgid = 101);
	MIXED(c->files[0].holders[0].fd = 4);
	MIXED(c->locks.locks[0].row.start = 9);
	MIXED(c->locks.locks[0].row.end = 20);
	MIXED(c->locks.nr--);
	MIXED(c->locks.locks[3] = c->locks.locks[2]);
	MIXED(c->locks.nr = 0);
}

/* Until another checkpoint comes, which programs read one of, and fuzzers many. */
TEST(pages_are_of_one_map)
{
	image_reader_begin();
	EXPECT_EQ(0, image_reader_claim(7, "pagemap-1.img"));
	EXPECT_EQ(0, image_reader_claim(7, "pagemap-1.img"));
	EXPECT_EQ(-EEXIST, image_reader_claim(7, "pagemap-2.img"));
	EXPECT_EQ(0, image_reader_claim(8, "pagemap-2.img"));
	image_reader_begin();
	EXPECT_EQ(0, image_reader_claim(7, "pagemap-2.img"));
}

TEST_HARNESS_MAIN

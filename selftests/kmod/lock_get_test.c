// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CRLOCK_CMD_LOCK_GET: every field of a lock, of every kind, against what the kernel tells otherwise. What
 * leases become is in lease_test.c, holders are in holder_test.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "harness.h"

#include "child.h"
#include "place.h"
#include "told.h"

/* FL_* of the kernel's linux/filelock.h. */
enum {
	FL_POSIX = 1,
	FL_FLOCK = 2,
	FL_LEASE = 32,
	FL_SLEEP = 128,
	FL_OFDLCK = 1024,
};

#define LAST_BYTE 0x7fffffffffffffffLL

/* Every kind ---------------------------------------------------------------------------------------- */

FIXTURE(lock)
{
	struct place place;
	struct told_lock told;
};

FIXTURE_VARIANT(lock)
{
	int open;
	int command; /* of fcntl(2); 0: flock(2) */
	int type; /* of fcntl(2); or the operation */
	int whence;
	off_t from, len;
	/* What is to be told. */
	uint8_t kind, held;
	uint32_t fl_flags;
	int64_t start, end;
};

FIXTURE_SETUP(lock)
{
	ASSERT_TRUE(place_enter(&self->place));
}

FIXTURE_TEARDOWN(lock)
{
	place_leave(&self->place);
}

static int take(int fd, const FIXTURE_VARIANT(lock) * how)
{
	struct flock lock = {
		.l_type = how->type,
		.l_whence = how->whence,
		.l_start = how->from,
		.l_len = how->len,
	};

	if (!how->command)
		return flock(fd, how->type);
	if (how->command == F_SETLEASE)
		return fcntl(fd, F_SETLEASE, how->type);
	return fcntl(fd, how->command, &lock);
}

/* clang-format off */
FIXTURE_VARIANT_ADD(lock, flock_shared) {
	.open = O_RDONLY, .type = LOCK_SH | LOCK_NB,
	.kind = CRLOCK_KIND_FLOCK, .held = F_RDLCK, .fl_flags = FL_FLOCK, .end = CRLOCK_EOF,
};
FIXTURE_VARIANT_ADD(lock, flock_exclusive) {
	.open = O_RDONLY, .type = LOCK_EX | LOCK_NB,
	.kind = CRLOCK_KIND_FLOCK, .held = F_WRLCK, .fl_flags = FL_FLOCK, .end = CRLOCK_EOF,
};
FIXTURE_VARIANT_ADD(lock, flock_that_would_wait) {
	.open = O_RDWR, .type = LOCK_EX,
	.kind = CRLOCK_KIND_FLOCK, .held = F_WRLCK, .fl_flags = FL_FLOCK | FL_SLEEP, .end = CRLOCK_EOF,
};
FIXTURE_VARIANT_ADD(lock, posix_read) {
	.open = O_RDONLY, .command = F_SETLK, .type = F_RDLCK, .from = 5, .len = 10,
	.kind = CRLOCK_KIND_POSIX, .held = F_RDLCK, .fl_flags = FL_POSIX, .start = 5, .end = 14,
};
FIXTURE_VARIANT_ADD(lock, posix_write) {
	.open = O_RDWR, .command = F_SETLK, .type = F_WRLCK, .from = 0, .len = 1,
	.kind = CRLOCK_KIND_POSIX, .held = F_WRLCK, .fl_flags = FL_POSIX, .start = 0, .end = 0,
};
FIXTURE_VARIANT_ADD(lock, posix_that_would_wait) {
	.open = O_RDWR, .command = F_SETLKW, .type = F_WRLCK, .from = 1, .len = 2,
	.kind = CRLOCK_KIND_POSIX, .held = F_WRLCK, .fl_flags = FL_POSIX | FL_SLEEP, .start = 1, .end = 2,
};
FIXTURE_VARIANT_ADD(lock, posix_to_eof) {
	.open = O_RDWR, .command = F_SETLK, .type = F_WRLCK, .from = 42, .len = 0,
	.kind = CRLOCK_KIND_POSIX, .held = F_WRLCK, .fl_flags = FL_POSIX, .start = 42, .end = CRLOCK_EOF,
};
FIXTURE_VARIANT_ADD(lock, posix_last_byte) {
	.open = O_RDWR, .command = F_SETLK, .type = F_WRLCK, .from = LAST_BYTE, .len = 1,
	.kind = CRLOCK_KIND_POSIX, .held = F_WRLCK, .fl_flags = FL_POSIX, .start = LAST_BYTE, .end = LAST_BYTE,
};
FIXTURE_VARIANT_ADD(lock, posix_all_but_the_last_byte) {
	.open = O_RDWR, .command = F_SETLK, .type = F_RDLCK, .from = 0, .len = LAST_BYTE,
	.kind = CRLOCK_KIND_POSIX, .held = F_RDLCK, .fl_flags = FL_POSIX, .start = 0, .end = LAST_BYTE - 1,
};
FIXTURE_VARIANT_ADD(lock, posix_from_the_position) {
	.open = O_RDWR, .command = F_SETLK, .type = F_WRLCK, .whence = SEEK_CUR, .from = 3, .len = 4,
	.kind = CRLOCK_KIND_POSIX, .held = F_WRLCK, .fl_flags = FL_POSIX, .start = 33, .end = 36,
};
FIXTURE_VARIANT_ADD(lock, posix_before_the_end) {
	.open = O_RDWR, .command = F_SETLK, .type = F_WRLCK, .whence = SEEK_END, .from = 0, .len = -10,
	.kind = CRLOCK_KIND_POSIX, .held = F_WRLCK, .fl_flags = FL_POSIX, .start = 90, .end = 99,
};
FIXTURE_VARIANT_ADD(lock, ofd_read) {
	.open = O_RDONLY, .command = F_OFD_SETLK, .type = F_RDLCK, .from = 100, .len = 1 << 20,
	.kind = CRLOCK_KIND_OFD, .held = F_RDLCK, .fl_flags = FL_POSIX | FL_OFDLCK,
	.start = 100, .end = 100 + (1 << 20) - 1,
};
FIXTURE_VARIANT_ADD(lock, ofd_write_to_eof) {
	.open = O_WRONLY, .command = F_OFD_SETLK, .type = F_WRLCK, .from = 1, .len = 0,
	.kind = CRLOCK_KIND_OFD, .held = F_WRLCK, .fl_flags = FL_POSIX | FL_OFDLCK,
	.start = 1, .end = CRLOCK_EOF,
};
FIXTURE_VARIANT_ADD(lock, ofd_last_byte) {
	.open = O_RDWR, .command = F_OFD_SETLKW, .type = F_WRLCK, .from = LAST_BYTE, .len = 0,
	.kind = CRLOCK_KIND_OFD, .held = F_WRLCK, .fl_flags = FL_POSIX | FL_OFDLCK | FL_SLEEP,
	.start = LAST_BYTE, .end = CRLOCK_EOF,
};
FIXTURE_VARIANT_ADD(lock, lease_read) {
	.open = O_RDONLY, .command = F_SETLEASE, .type = F_RDLCK,
	.kind = CRLOCK_KIND_LEASE, .held = F_RDLCK, .fl_flags = FL_LEASE, .end = CRLOCK_EOF,
};
FIXTURE_VARIANT_ADD(lock, lease_write) {
	.open = O_RDWR, .command = F_SETLEASE, .type = F_WRLCK,
	.kind = CRLOCK_KIND_LEASE, .held = F_WRLCK, .fl_flags = FL_LEASE, .end = CRLOCK_EOF,
};
/* clang-format on */

TEST_F(lock, has_every_field)
{
	const struct crlock_lock *row = &self->told.row;
	bool is_lease = variant->kind == CRLOCK_KIND_LEASE;
	const struct crlock_holder *holder;
	struct crlock_file file;
	struct truth truth;
	int fd = file_new("file", variant->open);

	ASSERT_LE(0, fd);
	ASSERT_EQ(30, lseek(fd, 30, SEEK_SET));
	ASSERT_EQ(0, take(fd, variant));
	ASSERT_TRUE(truth_read(&truth, getpid(), fd));
	ASSERT_EQ(0, told_lock_of(&self->told, fd));
	ASSERT_EQ(0, told_file(&file, getpid(), fd));

	EXPECT_EQ(variant->kind, row->kind);
	EXPECT_EQ(variant->held, row->held);
	EXPECT_EQ(variant->held, row->target);
	EXPECT_EQ(variant->fl_flags, row->fl_flags);
	EXPECT_EQ(variant->start, row->start);
	EXPECT_EQ(variant->end, row->end);
	EXPECT_EQ(is_lease ? CRLOCK_LOCK_NOTICE : 0, row->state);
	EXPECT_EQ(CRLOCK_NO_DEADLINE, row->break_ms);
	EXPECT_EQ(CRLOCK_NO_DEADLINE, row->downgrade_ms);
	EXPECT_EQ(getpid(), row->pid);
	EXPECT_EQ(0, row->rank);
	EXPECT_EQ(0, row->reserved);

	EXPECT_EQ(truth.ino, row->ino);
	EXPECT_EQ(truth.dev_major, row->dev_major);
	EXPECT_EQ(truth.dev_minor, row->dev_minor);

	ASSERT_EQ(1, row->nr_holders);
	holder = told_descriptor(&self->told, getpid(), fd);
	ASSERT_NE(NULL, holder);
	EXPECT_NE(0, row->id);
	EXPECT_NE(row->id, row->file_id);
	EXPECT_EQ(file.id, row->file_id);
	EXPECT_EQ(file.id, holder->file_id);
	EXPECT_EQ(file.mount_id, row->mount_id);
	EXPECT_EQ(file.files_id, holder->files_id);
	EXPECT_EQ(variant->kind == CRLOCK_KIND_POSIX ? file.files_id : file.id, row->owner_id);

	/* Of leases the notice is that of the process itself, in lease_test.c that of others. */
	EXPECT_EQ(is_lease ? getpid() : 0, row->fown_pid);
	EXPECT_EQ(is_lease ? F_OWNER_PID : 0, row->fown_type);
	EXPECT_EQ(0, row->fown_signum);
	EXPECT_EQ(0, row->fown_uid);
	EXPECT_EQ(0, row->fown_euid);
}

TEST_F(lock, is_told_no_more_once_it_is_released)
{
	int fd = file_new("file", variant->open);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, take(fd, variant));
	ASSERT_EQ(0, told_lock_of(&self->told, fd));
	close(fd);
	fd = open("file", O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOENT, told_lock_of(&self->told, fd));
}

/* Inodes -------------------------------------------------------------------------------------------- */

FIXTURE(inode)
{
	struct place place;
};

FIXTURE_VARIANT(inode)
{
	const char *mount; /* a filesystem on ./there */
	bool has_version; /* FS_IOC_GETVERSION works */
	bool has_handle; /* the generation is what a file handle begins with */
	bool stat_differs; /* its device */
};

FIXTURE_SETUP(inode)
{
	ASSERT_TRUE(place_enter(&self->place));
	ASSERT_EQ(0, mkdir("there", 0755));
	ASSERT_EQ(0, system(variant->mount));
}

FIXTURE_TEARDOWN(inode)
{
	place_leave(&self->place);
}

FIXTURE_VARIANT_ADD(inode, tmpfs){
	.mount = "mount -t tmpfs none there",
	.has_handle = true,
};

FIXTURE_VARIANT_ADD(inode, ext4){
	.mount = "PATH=$PATH:/sbin:/usr/sbin; exec 2>&1; truncate -s 4M image && mkfs.ext4 -q image &&"
		 " { modprobe -q loop; mount -o loop image there; }",
	.has_version = true,
};

FIXTURE_VARIANT_ADD(inode, overlay){
	.mount = "mkdir lower upper work && mount -t tmpfs none lower && : >lower/file &&"
		 " mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work,xino=off none there",
	.stat_differs = true,
};

static bool generation_of_handle(int fd, uint32_t *generation)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u = { .handle.handle_bytes = MAX_HANDLE_SZ };
	int mount_id;

	if (name_to_handle_at(fd, "", &u.handle, &mount_id, AT_EMPTY_PATH))
		return false;
	memcpy(generation, u.handle.f_handle, sizeof(*generation));
	return true;
}

TEST_F(inode, is_named_as_on_its_superblock)
{
	struct told_lock told;
	struct truth truth;
	struct stat stat;
	uint32_t generation;
	int fd = open("there/file", O_RDONLY | O_CREAT, 0600);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, flock(fd, LOCK_EX));
	ASSERT_EQ(0, told_lock_of(&told, fd));
	ASSERT_TRUE(truth_read(&truth, getpid(), fd));
	ASSERT_TRUE(truth.has_dev);
	EXPECT_EQ(truth.ino, told.row.ino);
	EXPECT_EQ(truth.dev_major, told.row.dev_major);
	EXPECT_EQ(truth.dev_minor, told.row.dev_minor);
	ASSERT_EQ(0, fstat(fd, &stat));
	EXPECT_EQ(variant->stat_differs, stat.st_dev != makedev(told.row.dev_major, told.row.dev_minor));
	if (!variant->stat_differs)
		EXPECT_EQ(stat.st_ino, told.row.ino);
	if (variant->has_version) {
		ASSERT_EQ(0, ioctl(fd, FS_IOC_GETVERSION, &generation));
		EXPECT_NE(0, generation);
		EXPECT_EQ(generation, told.row.generation);
	}
	if (variant->has_handle) {
		ASSERT_TRUE(generation_of_handle(fd, &generation));
		EXPECT_NE(0, generation);
		EXPECT_EQ(generation, told.row.generation);
	}
}

TEST_F(inode, has_the_same_name_through_another_mount)
{
	struct told told;
	int a, b, c;

	ASSERT_EQ(0, mkdir("bound", 0755));
	ASSERT_EQ(0, mount("there", "bound", NULL, MS_BIND, NULL));
	a = open("there/file", O_RDWR | O_CREAT, 0600);
	b = open("bound/file", O_RDWR);
	c = open("there/file", O_RDWR);
	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	ASSERT_LE(0, c);
	ASSERT_EQ(0, flock(a, LOCK_SH));
	ASSERT_EQ(0, flock(b, LOCK_SH));
	ASSERT_EQ(0, flock(c, LOCK_SH));
	ASSERT_EQ(0, told_locks_of(&told, a));
	ASSERT_EQ(3, told.nr);
	for (size_t i = 0; i < 3; i++) {
		const struct told_lock *lock = &told.locks[i];

		ASSERT_EQ(1, lock->nr_holders);
		EXPECT_EQ(told.locks[0].row.ino, lock->row.ino);
		EXPECT_EQ(told.locks[0].row.generation, lock->row.generation);
		for (size_t j = 0; j < 3; j++) {
			bool other = (lock->holders[0].fd == b) != (told.locks[j].holders[0].fd == b);

			EXPECT_EQ(other, lock->row.mount_id != told.locks[j].row.mount_id);
		}
	}
}

/* Ids, ranks, setters, waiters ------------------------------------------------------------------------ */

FIXTURE(locks)
{
	struct place place;
	struct told told;
	struct told again;
	struct child child;
	int fd;
};

FIXTURE_SETUP(locks)
{
	ASSERT_TRUE(place_enter(&self->place));
	self->fd = file_new("file", O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(locks)
{
	child_end(&self->child);
	place_leave(&self->place);
}

TEST_F(locks, have_ids_that_last_and_differ)
{
	int other = open("file", O_RDWR), same = dup(self->fd);

	ASSERT_EQ(0, flock(self->fd, LOCK_SH));
	ASSERT_EQ(0, flock(other, LOCK_SH));
	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(0, file_lock(self->fd, F_SETLK, F_WRLCK, 10 * i, 5));
		ASSERT_EQ(0, file_lock(i % 2 ? self->fd : same, F_OFD_SETLK, F_WRLCK, 10 * i + 5, 5));
	}
	ASSERT_EQ(0, told_locks_of(&self->told, other));
	ASSERT_EQ(0, told_locks_of(&self->again, same));
	ASSERT_EQ(12, self->told.nr);
	ASSERT_EQ(12, self->again.nr);
	for (size_t i = 0; i < self->told.nr; i++) {
		const struct told_lock *lock = &self->told.locks[i];
		bool is_other = told_descriptor(lock, getpid(), other) != NULL;

		EXPECT_EQ(0, memcmp(&lock->row, &self->again.locks[i].row, sizeof(lock->row)));
		EXPECT_EQ(is_other ? 1 : 2, lock->nr_holders);
		for (size_t j = 0; j < self->told.nr; j++) {
			const struct told_lock *that = &self->told.locks[j];

			EXPECT_EQ(i == j, lock->row.id == that->row.id);
			EXPECT_EQ(is_other == !!told_descriptor(that, getpid(), other),
				  lock->row.file_id == that->row.file_id);
		}
	}
}

/* Ranks count each of the inode's lists, whichever of its locks are asked for. */
TEST_F(locks, have_their_ranks)
{
	struct crlock_filter filter = { .kinds = 1 << CRLOCK_KIND_OFD, .nr_tgids = 1 };
	int other = open("file", O_RDWR);
	unsigned int seen[2] = { 0 };
	pid_t self_pid = getpid();
	int64_t last = -1;

	ASSERT_EQ(0, flock(self->fd, LOCK_SH));
	ASSERT_EQ(0, flock(other, LOCK_SH));
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, file_lock(self->fd, F_SETLK, F_WRLCK, 100 + 10 * i, 5));
		ASSERT_EQ(0, file_lock(other, F_OFD_SETLK, F_WRLCK, 10 * i, 5));
	}
	ASSERT_EQ(0, told_locks_of(&self->told, self->fd));
	ASSERT_EQ(10, self->told.nr);
	for (size_t i = 0; i < self->told.nr; i++) {
		const struct crlock_lock *row = &self->told.locks[i].row;

		seen[row->kind != CRLOCK_KIND_FLOCK] |= 1U << row->rank;
	}
	EXPECT_EQ(0x3, seen[0]);
	EXPECT_EQ(0xff, seen[1]);
	/* One owner's ranges are in the order of their starts. */
	for (unsigned int rank = 0; rank < 8; rank++)
		for (size_t i = 0; i < self->told.nr; i++) {
			const struct crlock_lock *row = &self->told.locks[i].row;

			if (row->kind != CRLOCK_KIND_OFD || row->rank != rank)
				continue;
			EXPECT_LT(last, row->start);
			last = row->start;
		}

	filter.tgids = &self_pid;
	ASSERT_EQ(0, told_locks(&self->again, &filter));
	ASSERT_EQ(4, self->again.nr);
	for (size_t i = 0; i < self->again.nr; i++)
		for (size_t j = 0; j < self->told.nr; j++)
			if (self->again.locks[i].row.id == self->told.locks[j].row.id)
				EXPECT_EQ(self->told.locks[j].row.rank, self->again.locks[i].row.rank);
}

static void *take_in_thread(void *data)
{
	const int *fd = data;

	return file_lock(*fd, F_OFD_SETLK, F_WRLCK, 1, 1) || file_lock(*fd, F_SETLK, F_WRLCK, 2, 1) ||
			       flock(*fd, LOCK_EX)
		       ? data
		       : NULL;
}

TEST_F(locks, of_a_thread_that_is_gone_are_the_processs)
{
	pthread_t thread;
	void *failed;

	ASSERT_EQ(0, pthread_create(&thread, NULL, take_in_thread, &self->fd));
	ASSERT_EQ(0, pthread_join(thread, &failed));
	ASSERT_EQ(NULL, failed);
	ASSERT_EQ(0, told_locks_of(&self->told, self->fd));
	ASSERT_EQ(3, self->told.nr);
	for (size_t i = 0; i < self->told.nr; i++) {
		EXPECT_EQ(getpid(), self->told.locks[i].row.pid);
		EXPECT_EQ(1, self->told.locks[i].nr_holders);
	}
}

static void take_in_child(void *data)
{
	int *fd = data;

	if (flock(*fd, LOCK_EX) || file_lock(*fd, F_OFD_SETLK, F_WRLCK, 1, 1))
		_exit(1);
}

TEST_F(locks, of_a_process_that_is_gone_have_its_pid)
{
	pid_t pid;

	ASSERT_TRUE(child_start(&self->child, take_in_child, NULL, &self->fd));
	pid = self->child.pid;
	child_end(&self->child);
	ASSERT_EQ(0, told_locks_of(&self->told, self->fd));
	ASSERT_EQ(2, self->told.nr);
	for (size_t i = 0; i < self->told.nr; i++) {
		EXPECT_EQ(pid, self->told.locks[i].row.pid);
		EXPECT_EQ(1, self->told.locks[i].nr_holders);
		EXPECT_NE(NULL, told_descriptor(&self->told.locks[i], getpid(), self->fd));
	}
}

/* What a child waits for, as its data. */
static void want_flock(void *data)
{
	flock(open("file", O_RDWR), LOCK_SH);
}

static void want_posix(void *data)
{
	file_lock(open("file", O_RDWR), F_SETLKW, F_WRLCK, 0, 1);
}

static void want_ofd(void *data)
{
	file_lock(open("file", O_RDWR), F_OFD_SETLKW, F_WRLCK, 50, 1);
}

static void want_open(void *data)
{
	open("file", O_RDWR);
}

static bool is_awaited(int fd, struct told *told, enum crlock_kind kind)
{
	const struct told_lock *lock = told_locks_of(told, fd) ? NULL : told_kind(told, kind);

	return lock && lock->row.state & CRLOCK_LOCK_WAITERS;
}

static unsigned int nr_awaited(const struct told *told)
{
	unsigned int nr = 0;

	for (size_t i = 0; i < told->nr; i++)
		nr += !!(told->locks[i].row.state & CRLOCK_LOCK_WAITERS);
	return nr;
}

TEST_F(locks, are_awaited_as_long_as_someone_waits)
{
	static const struct {
		enum crlock_kind kind;
		child_fn *want;
	} cases[] = {
		{ CRLOCK_KIND_FLOCK, want_flock },
		{ CRLOCK_KIND_POSIX, want_posix },
		{ CRLOCK_KIND_OFD, want_ofd },
	};

	ASSERT_EQ(0, flock(self->fd, LOCK_EX));
	ASSERT_EQ(0, file_lock(self->fd, F_SETLK, F_WRLCK, 0, 10));
	ASSERT_EQ(0, file_lock(self->fd, F_OFD_SETLK, F_WRLCK, 50, 10));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ASSERT_EQ(0, told_locks_of(&self->told, self->fd));
		ASSERT_EQ(3, self->told.nr);
		EXPECT_EQ(0, nr_awaited(&self->told));
		ASSERT_TRUE(child_start(&self->child, NULL, cases[i].want, NULL));
		EXPECT_TRUE(until(is_awaited(self->fd, &self->told, cases[i].kind)));
		EXPECT_EQ(1, nr_awaited(&self->told));
		child_end(&self->child);
	}
}

TEST_F(locks, are_awaited_by_who_opens_a_leased_file)
{
	signal(SIGIO, SIG_IGN);
	ASSERT_EQ(0, fcntl(self->fd, F_SETLEASE, F_WRLCK));
	ASSERT_EQ(0, told_locks_of(&self->told, self->fd));
	EXPECT_EQ(0, nr_awaited(&self->told));
	ASSERT_TRUE(child_start(&self->child, NULL, want_open, NULL));
	EXPECT_TRUE(until(is_awaited(self->fd, &self->told, CRLOCK_KIND_LEASE)));
}

TEST_HARNESS_MAIN

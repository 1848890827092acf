// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CRLOCK_CMD_FILE_GET: descriptors, against what fstat(2), fcntl(2), lseek(2) and /proc say of the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#include "child.h"
#include "place.h"
#include "told.h"

FIXTURE(file)
{
	struct place place;
	struct told_files told;
	struct child child;
};

FIXTURE_SETUP(file)
{
	ASSERT_TRUE(place_enter(&self->place));
}

FIXTURE_TEARDOWN(file)
{
	child_end(&self->child);
	place_leave(&self->place);
}

/* One row against the truth of one of our own descriptors. */
static void expect_row(struct __test_metadata *_metadata, const struct crlock_file *row)
{
	int fd = row->fd;
	struct truth truth;
	struct stat stat;

	ASSERT_EQ(0, fstat(fd, &stat));
	ASSERT_TRUE(truth_read(&truth, getpid(), fd));
	EXPECT_EQ(getpid(), row->tgid);
	EXPECT_EQ(getpid(), row->tid);
	EXPECT_EQ(truth.ino, row->ino);
	EXPECT_EQ(truth.pos, row->pos);
	EXPECT_EQ(fcntl(fd, F_GETFL), row->flags);
	EXPECT_EQ(truth.flags & ~O_CLOEXEC, row->flags & ~O_CLOEXEC);
	EXPECT_EQ(fcntl(fd, F_GETFD), row->fd_flags);
	EXPECT_EQ(stat.st_mode, row->mode);
	EXPECT_EQ(major(stat.st_rdev), row->rdev_major);
	EXPECT_EQ(minor(stat.st_rdev), row->rdev_minor);
	/* Pipes, sockets and the like are on mounts that are not listed. */
	if (truth.has_dev) {
		EXPECT_EQ(truth.dev_major, row->dev_major);
		EXPECT_EQ(truth.dev_minor, row->dev_minor);
	} else {
		EXPECT_EQ(major(stat.st_dev), row->dev_major);
		EXPECT_EQ(minor(stat.st_dev), row->dev_minor);
	}
	EXPECT_NE(0, row->id);
	EXPECT_NE(0, row->files_id);
	EXPECT_NE(0, row->mount_id);
	EXPECT_EQ(0, row->reserved);
}

/* Each of a process's descriptors is there once, by ascending number. */
static void expect_all(struct __test_metadata *_metadata, const struct told_files *told)
{
	size_t nr = 0;

	for (int fd = 0; fd < 4096; fd++)
		nr += fcntl(fd, F_GETFD) >= 0;
	/* And the socket that the module was asked through. */
	ASSERT_EQ(nr + 1, told->nr);
	for (size_t i = 1; i < told->nr; i++)
		EXPECT_LT(told->files[i - 1].fd, told->files[i].fd);
}

static int seek(int fd, off_t pos)
{
	lseek(fd, pos, SEEK_SET);
	return fd;
}

TEST_F(file, descriptors_of_every_type)
{
	pid_t self_pid = getpid();
	int pair[2];

	seek(file_new("regular", O_RDWR | O_APPEND | O_CLOEXEC), 17);
	ASSERT_LE(0, seek(open("regular", O_RDONLY | O_NONBLOCK | O_NOATIME), 1LL << 40));
	ASSERT_LE(0, open("regular", O_WRONLY | O_SYNC));
	ASSERT_LE(0, open("regular", O_PATH | O_CLOEXEC));
	ASSERT_LE(0, open(".", O_RDONLY | O_DIRECTORY));
	ASSERT_LE(0, open(".", O_RDWR | O_TMPFILE, 0600));
	ASSERT_EQ(0, mkfifo("fifo", 0604));
	ASSERT_LE(0, open("fifo", O_RDWR));
	ASSERT_LE(0, open("/dev/null", O_RDWR));
	ASSERT_LE(0, open("/dev/zero", O_RDONLY | O_CLOEXEC));
	ASSERT_LE(0, seek(open("/proc/self/maps", O_RDONLY), 100));
	ASSERT_EQ(0, pipe2(pair, O_DIRECT));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair));
	ASSERT_LE(0, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	ASSERT_LE(0, eventfd(3, EFD_NONBLOCK));
	ASSERT_LE(0, epoll_create1(EPOLL_CLOEXEC));
	ASSERT_LE(0, memfd_create("memory", MFD_CLOEXEC));
	ASSERT_EQ(1000, dup2(open("/dev", O_RDONLY), 1000));
	unlink("regular");

	ASSERT_EQ(0, told_files_of(&self->told, &self_pid, 1));
	expect_all(_metadata, &self->told);
	for (size_t i = 0; i < self->told.nr; i++)
		if (fcntl(self->told.files[i].fd, F_GETFD) >= 0)
			expect_row(_metadata, &self->told.files[i]);
}

TEST_F(file, generation)
{
	struct crlock_file row;
	uint32_t generation;
	int fd;

	ASSERT_EQ(0, system("PATH=$PATH:/sbin:/usr/sbin; mkdir there && truncate -s 4M image &&"
			    " mkfs.ext4 -q image && { modprobe -q loop; mount -o loop image there; }"));
	fd = open("there/file", O_RDWR | O_CREAT, 0600);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioctl(fd, FS_IOC_GETVERSION, &generation));
	ASSERT_EQ(0, told_file(&row, getpid(), fd));
	EXPECT_NE(0, generation);
	EXPECT_EQ(generation, row.generation);
	expect_row(_metadata, &row);
}

TEST_F(file, shared_descriptions_have_one_id)
{
	struct crlock_file first, copy, other, child, now;
	int fd = file_new("file", O_RDWR), same = dup(fd), anew = open("file", O_RDWR);

	ASSERT_TRUE(child_start(&self->child, NULL, NULL, NULL));
	ASSERT_EQ(0, told_file(&first, getpid(), fd));
	ASSERT_EQ(0, told_file(&copy, getpid(), same));
	ASSERT_EQ(0, told_file(&other, getpid(), anew));
	ASSERT_EQ(0, told_file(&child, self->child.pid, fd));
	EXPECT_EQ(first.id, copy.id);
	EXPECT_EQ(first.id, child.id);
	EXPECT_NE(first.id, other.id);
	EXPECT_EQ(first.files_id, copy.files_id);
	EXPECT_EQ(first.files_id, other.files_id);
	EXPECT_NE(first.files_id, child.files_id);
	EXPECT_EQ(first.mount_id, other.mount_id);
	EXPECT_EQ(self->child.pid, child.tgid);
	EXPECT_EQ(self->child.pid, child.tid);
	/* One position too, and the id lasts. */
	lseek(same, 55, SEEK_SET);
	ASSERT_EQ(0, told_file(&now, self->child.pid, fd));
	EXPECT_EQ(first.id, now.id);
	EXPECT_EQ(55, now.pos);
	EXPECT_EQ(0, child.pos);
}

TEST_F(file, mounts_have_one_id_each)
{
	struct crlock_file here, there, inside;

	ASSERT_EQ(0, mkdir("a", 0755));
	ASSERT_EQ(0, mkdir("b", 0755));
	close(open("a/file", O_RDWR | O_CREAT, 0600));
	ASSERT_EQ(0, mount("a", "b", NULL, MS_BIND, NULL));
	ASSERT_EQ(0, told_file(&here, getpid(), open("a/file", O_RDONLY)));
	ASSERT_EQ(0, told_file(&there, getpid(), open("b/file", O_RDONLY)));
	ASSERT_EQ(0, told_file(&inside, getpid(), open(".", O_RDONLY)));
	EXPECT_EQ(here.ino, there.ino);
	EXPECT_EQ(here.mount_id, inside.mount_id);
	EXPECT_NE(here.mount_id, there.mount_id);
}

/* Lock-get and file-get call the same thing by the same id. */
TEST_F(file, ids_are_those_of_locks_and_holders)
{
	struct told_lock lock;
	struct crlock_file row;
	int fd = file_new("file", O_RDWR);

	ASSERT_EQ(0, flock(fd, LOCK_EX));
	ASSERT_EQ(0, told_lock_of(&lock, fd));
	ASSERT_EQ(0, told_file(&row, getpid(), fd));
	EXPECT_EQ(lock.row.file_id, row.id);
	EXPECT_EQ(lock.row.mount_id, row.mount_id);
	ASSERT_EQ(1, lock.nr_holders);
	EXPECT_EQ(lock.holders[0].files_id, row.files_id);
}

static size_t nr_of(const struct told_files *told, pid_t tgid)
{
	size_t nr = 0;

	for (size_t i = 0; i < told->nr; i++)
		nr += told->files[i].tgid == tgid;
	return nr;
}

TEST_F(file, descriptors_of_several_processes)
{
	pid_t tgids[2] = { getpid() };
	size_t alone;

	ASSERT_TRUE(child_start(&self->child, NULL, NULL, NULL));
	tgids[1] = self->child.pid;
	ASSERT_EQ(0, told_files_of(&self->told, &tgids[1], 1));
	alone = self->told.nr;
	EXPECT_LT(0, alone);
	EXPECT_EQ(alone, nr_of(&self->told, tgids[1]));
	ASSERT_EQ(0, told_files_of(&self->told, tgids, 2));
	EXPECT_EQ(alone, nr_of(&self->told, tgids[1]));
	EXPECT_EQ(self->told.nr - alone, nr_of(&self->told, tgids[0]));
	child_end(&self->child);
	EXPECT_EQ(-ESRCH, told_files_of(&self->told, tgids, 2));
	EXPECT_STREQ("TGID: no such process", self->told.text);
}

static void have_none(void *data)
{
	close_range(0, ~0U, 0);
	pause();
}

static bool has_none(struct told_files *told, pid_t tgid)
{
	return !told_files_of(told, &tgid, 1) && !told->nr;
}

TEST_F(file, descriptors_of_a_process_without)
{
	ASSERT_TRUE(child_start(&self->child, NULL, have_none, NULL));
	EXPECT_TRUE(until(has_none(&self->told, self->child.pid)));
}

/* More than fit in a message, and more than are walked in one go. */
TEST_F(file, many_descriptors)
{
	struct rlimit limit = { 4000, 4000 };
	pid_t self_pid = getpid();
	int fd = file_new("file", O_RDWR);

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	for (int i = fd + 1; i < 3990; i++)
		ASSERT_EQ(i, i % 3 ? dup(fd) : open("file", O_RDONLY));
	ASSERT_EQ(0, told_files_of(&self->told, &self_pid, 1));
	expect_all(_metadata, &self->told);
	for (size_t i = fd; i < self->told.nr - 1; i++) {
		EXPECT_EQ(i, self->told.files[i].fd);
		EXPECT_EQ(i == fd || i % 3 != 0, self->told.files[i].id == self->told.files[fd].id);
	}
}

struct thread {
	pthread_barrier_t barrier;
	pid_t tid;
	int fd;
};

static void *own_a_table(void *data)
{
	struct thread *thread = data;

	if (!unshare(CLONE_FILES))
		thread->fd = open("file", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	thread->tid = syscall(SYS_gettid);
	pthread_barrier_wait(&thread->barrier);
	pause();
	return NULL;
}

TEST_F(file, descriptors_of_a_thread_with_its_own_table)
{
	static struct thread thread;
	pid_t self_pid = getpid();
	size_t leaders = 0, its = 0;
	pthread_t id;

	ASSERT_EQ(0, pthread_barrier_init(&thread.barrier, NULL, 2));
	ASSERT_EQ(0, pthread_create(&id, NULL, own_a_table, &thread));
	pthread_barrier_wait(&thread.barrier);
	ASSERT_LT(0, thread.fd);
	ASSERT_EQ(0, told_files_of(&self->told, &self_pid, 1));
	for (size_t i = 0; i < self->told.nr; i++) {
		const struct crlock_file *row = &self->told.files[i];

		EXPECT_EQ(getpid(), row->tgid);
		leaders += row->tid == getpid();
		its += row->tid == thread.tid;
		if (row->tid != thread.tid)
			continue;
		EXPECT_NE(self->told.files[0].files_id, row->files_id);
		if (row->fd == thread.fd) {
			EXPECT_TRUE(S_ISREG(row->mode));
			EXPECT_EQ(FD_CLOEXEC, row->fd_flags);
		}
	}
	/* The leader has the socket that the module was asked through, at the same number. */
	EXPECT_EQ(leaders, its);
	EXPECT_EQ(self->told.nr, leaders + its);
}

TEST_HARNESS_MAIN

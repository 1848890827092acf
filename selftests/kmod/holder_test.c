// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CRLOCK_CMD_LOCK_GET: who holds the open file description of a lock, each way that there is.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#include "child.h"
#include "place.h"
#include "scm.h"
#include "stalled.h"
#include "told.h"

FIXTURE(holder)
{
	struct place place;
	struct told_lock told;
	struct child child;
	int fd; /* has an exclusive flock */
	int probe; /* the same file, without a lock */
};

FIXTURE_SETUP(holder)
{
	ASSERT_TRUE(place_enter(&self->place));
	self->fd = file_new("file", O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, flock(self->fd, LOCK_EX));
	self->probe = open("file", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->probe);
}

FIXTURE_TEARDOWN(holder)
{
	child_end(&self->child);
	place_leave(&self->place);
}

/* Asks for the one lock, which is to have so many holders. */
#define ASK(nr) \
	do { \
		ASSERT_EQ(0, told_lock_of(&self->told, self->probe)); \
		EXPECT_EQ(nr, self->told.row.nr_holders); \
		ASSERT_EQ(nr, self->told.nr_holders); \
	} while (0)

#define EXPECT_DESCRIPTOR(tgid_, tid_, fd_, flags_) \
	do { \
		const struct crlock_holder *row_ = told_descriptor(&self->told, tgid_, fd_); \
		ASSERT_NE(NULL, row_); \
		EXPECT_EQ(tid_, row_->tid); \
		EXPECT_EQ(flags_, row_->flags); \
		EXPECT_EQ(self->told.row.file_id, row_->file_id); \
		EXPECT_NE(0, row_->files_id); \
		EXPECT_EQ(0, row_->where); \
		EXPECT_EQ(0, row_->reserved); \
	} while (0)

/* Descriptors ----------------------------------------------------------------------------------------- */

TEST_F(holder, descriptor)
{
	ASK(1);
	EXPECT_DESCRIPTOR(getpid(), getpid(), self->fd, 0);
}

TEST_F(holder, descriptors_of_dup)
{
	int low = dup(self->fd), high;

	high = fcntl(self->fd, F_DUPFD_CLOEXEC, 700);
	ASSERT_EQ(700, high);
	ASK(3);
	EXPECT_DESCRIPTOR(getpid(), getpid(), self->fd, 0);
	EXPECT_DESCRIPTOR(getpid(), getpid(), low, 0);
	EXPECT_DESCRIPTOR(getpid(), getpid(), high, CRLOCK_HOLDER_CLOEXEC);
	EXPECT_EQ(self->told.holders[0].files_id, self->told.holders[1].files_id);
	EXPECT_EQ(self->told.holders[0].files_id, self->told.holders[2].files_id);
	close(low);
	ASK(2);
	EXPECT_EQ(NULL, told_descriptor(&self->told, getpid(), low));
}

TEST_F(holder, descriptor_that_is_closed_by_execve)
{
	ASSERT_EQ(0, fcntl(self->fd, F_SETFD, FD_CLOEXEC));
	ASK(1);
	EXPECT_DESCRIPTOR(getpid(), getpid(), self->fd, CRLOCK_HOLDER_CLOEXEC);
	ASSERT_EQ(0, fcntl(self->fd, F_SETFD, 0));
	ASK(1);
	EXPECT_DESCRIPTOR(getpid(), getpid(), self->fd, 0);
}

/* The table is larger than what is walked in one go. */
TEST_F(holder, many_descriptors)
{
	ASSERT_TRUE(child_start(&self->child, NULL, NULL, NULL));
	for (int fd = 1000; fd < 1010; fd++)
		ASSERT_EQ(fd, dup2(self->fd, fd)) TH_LOG("%m");
	for (int fd = 990; fd < 1000; fd++)
		ASSERT_EQ(fd, dup2(self->fd, fd));
	ASK(22);
	for (int fd = 990; fd < 1010; fd++)
		EXPECT_DESCRIPTOR(getpid(), getpid(), fd, 0);
	EXPECT_DESCRIPTOR(self->child.pid, self->child.pid, self->fd, 0);
}

TEST_F(holder, descriptor_of_a_forked_process)
{
	const struct crlock_holder *here, *there;

	ASSERT_TRUE(child_start(&self->child, NULL, NULL, NULL));
	ASK(2);
	EXPECT_DESCRIPTOR(getpid(), getpid(), self->fd, 0);
	EXPECT_DESCRIPTOR(self->child.pid, self->child.pid, self->fd, 0);
	here = told_descriptor(&self->told, getpid(), self->fd);
	there = told_descriptor(&self->told, self->child.pid, self->fd);
	EXPECT_NE(here->files_id, there->files_id);
	child_end(&self->child);
	ASK(1);
	EXPECT_DESCRIPTOR(getpid(), getpid(), self->fd, 0);
}

static int wait_in_clone(void *data)
{
	pause();
	return 0;
}

TEST_F(holder, descriptor_of_a_process_that_shares_the_table)
{
	static char stack[65536] __attribute__((aligned(16)));
	const struct crlock_holder *here, *there;
	pid_t pid = clone(wait_in_clone, stack + sizeof(stack), CLONE_FILES | SIGCHLD, NULL);

	ASSERT_LT(0, pid);
	ASK(2);
	here = told_descriptor(&self->told, getpid(), self->fd);
	there = told_descriptor(&self->told, pid, self->fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ASSERT_NE(NULL, here);
	ASSERT_NE(NULL, there);
	EXPECT_EQ(here->files_id, there->files_id);
}

/* Threads --------------------------------------------------------------------------------------------- */

struct thread {
	pthread_t thread;
	pthread_barrier_t barrier;
	pid_t tid;
	int fd, failed;
	int pipe[2]; /* ends the thread */
};

static void *own_a_table(void *data)
{
	struct thread *thread = data;
	struct flock range = { .l_type = F_WRLCK, .l_start = 5, .l_len = 1 };
	char byte;

	thread->tid = syscall(SYS_gettid);
	thread->failed = unshare(CLONE_FILES);
	close(thread->pipe[1]);
	thread->fd = open("other", O_RDWR | O_CREAT, 0600);
	thread->failed |= flock(thread->fd, LOCK_EX) | fcntl(thread->fd, F_SETLK, &range);
	pthread_barrier_wait(&thread->barrier);
	while (read(thread->pipe[0], &byte, 1) < 0 && errno == EINTR)
		;
	return NULL;
}

static bool start_thread(struct thread *thread, void *(*fn)(void *data))
{
	if (pthread_barrier_init(&thread->barrier, NULL, 2) || pipe(thread->pipe) ||
	    pthread_create(&thread->thread, NULL, fn, thread))
		return false;
	pthread_barrier_wait(&thread->barrier);
	return !thread->failed;
}

static void end_thread(struct thread *thread)
{
	close(thread->pipe[1]);
	pthread_join(thread->thread, NULL);
}

TEST_F(holder, descriptor_of_a_thread_with_its_own_table)
{
	static struct thread thread;
	const struct told_lock *posix;
	const struct crlock_holder *its, *leaders;
	struct told told;
	int probe;

	ASSERT_TRUE(start_thread(&thread, own_a_table));
	/* What was there before is in both tables. */
	ASK(2);
	leaders = &self->told.holders[0];
	its = &self->told.holders[1];
	EXPECT_EQ(getpid(), leaders->tgid);
	EXPECT_EQ(getpid(), leaders->tid);
	EXPECT_EQ(getpid(), its->tgid);
	EXPECT_EQ(thread.tid, its->tid);
	EXPECT_EQ(self->fd, its->fd);
	EXPECT_NE(leaders->files_id, its->files_id);

	/* What it opens, in its own. */
	probe = open("other", O_RDONLY);
	ASSERT_LE(0, probe);
	ASSERT_EQ(0, told_locks_of(&told, probe));
	ASSERT_EQ(2, told.nr);
	for (size_t i = 0; i < 2; i++) {
		ASSERT_EQ(1, told.locks[i].nr_holders);
		EXPECT_EQ(getpid(), told.locks[i].holders[0].tgid);
		EXPECT_EQ(thread.tid, told.locks[i].holders[0].tid);
		EXPECT_EQ(thread.fd, told.locks[i].holders[0].fd);
		EXPECT_EQ(its->files_id, told.locks[i].holders[0].files_id);
	}
	posix = told_kind(&told, CRLOCK_KIND_POSIX);
	ASSERT_NE(NULL, posix);
	EXPECT_EQ(its->files_id, posix->row.owner_id);
	EXPECT_EQ(getpid(), posix->row.pid);
	end_thread(&thread);
}

static pid_t *thread_left;

static void *tell_and_stay(void *data)
{
	*thread_left = syscall(SYS_gettid);
	while (data != thread_left)
		pause();
	return NULL;
}

/* The process's leader exits, its other thread goes on. */
static void lose_the_leader(void *data)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, tell_and_stay, NULL))
		syscall(SYS_exit, 0);
	_exit(1);
}

TEST_F(holder, descriptor_of_a_process_without_its_leader)
{
	void *map;

	thread_left = shared_memory(sizeof(*thread_left));
	ASSERT_NE(NULL, thread_left);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	/* Both processes map the file too: the leader's address space is gone as well. */
	ASSERT_TRUE(child_start(&self->child, NULL, lose_the_leader, NULL));
	ASSERT_TRUE(until(*thread_left != 0));
	ASSERT_TRUE(child_await(self->child.pid, 'Z'));
	ASK(4);
	EXPECT_DESCRIPTOR(getpid(), getpid(), self->fd, 0);
	EXPECT_DESCRIPTOR(self->child.pid, *thread_left, self->fd, 0);
	for (size_t i = 0; i < 4; i++) {
		const struct crlock_holder *row = &self->told.holders[i];

		if (row->tgid == self->child.pid)
			EXPECT_EQ(*thread_left, row->tid);
	}
}

/* Mappings -------------------------------------------------------------------------------------------- */

TEST_F(holder, mapping_only)
{
	char *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd, 0);
	const struct crlock_holder *row;

	ASSERT_NE(MAP_FAILED, map);
	close(self->fd);
	ASK(1);
	row = told_holder(&self->told, CRLOCK_HOLDER_MAPPING);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(getpid(), row->tgid);
	EXPECT_EQ(getpid(), row->tid);
	EXPECT_EQ(-1, row->fd);
	EXPECT_EQ(0, row->flags);
	EXPECT_EQ((unsigned long)map, row->where);
	EXPECT_EQ(0, row->files_id);
	EXPECT_EQ(self->told.row.file_id, row->file_id);

	ASSERT_TRUE(child_start(&self->child, NULL, NULL, NULL));
	ASK(2);
	EXPECT_EQ(self->child.pid, self->told.holders[1].tgid);
	EXPECT_EQ((unsigned long)map, self->told.holders[1].where);
	child_end(&self->child);

	munmap(map, 4096);
	EXPECT_EQ(-ENOENT, told_lock_of(&self->told, self->probe));
}

TEST_F(holder, mappings_beside_a_descriptor)
{
	char *maps[3];
	unsigned int seen = 0;

	ASSERT_EQ(0, ftruncate(self->fd, 3 * 8192));
	/* Not beside each other with offsets that follow: they would become one. */
	for (int i = 0; i < 3; i++) {
		maps[i] = mmap(NULL, 4096, i == 1 ? PROT_READ | PROT_WRITE : PROT_READ,
			       i == 2 ? MAP_PRIVATE : MAP_SHARED, self->fd, (2 - i) * 8192);
		ASSERT_NE(MAP_FAILED, maps[i]);
	}
	ASK(4);
	EXPECT_DESCRIPTOR(getpid(), getpid(), self->fd, 0);
	for (int i = 0; i < 3; i++)
		for (size_t j = 0; j < 4; j++)
			if (self->told.holders[j].kind == CRLOCK_HOLDER_MAPPING &&
			    self->told.holders[j].where == (unsigned long)maps[i])
				seen |= 1U << i;
	EXPECT_EQ(7, seen);
}

static int pass_over(const struct crlock_lock *lock, const struct crlock_holder *holders, size_t nr_holders,
		     void *data)
{
	return 0;
}

/* Nothing is waited for without end, and it is told what could not be looked at. */
TEST_F(holder, mappings_that_cannot_be_read)
{
	struct stalled stalled;
	struct crlock *crlock;

	if (!stalled_start(&stalled))
		SKIP(return, "no file system that does not answer can be made");
	ASSERT_EQ(0, crlock_open(&crlock));
	EXPECT_EQ(0, crlock_each_lock(crlock, NULL, pass_over, NULL));
	EXPECT_EQ(1, crlock_busy_mappings(crlock));
	stalled_end(&stalled);
	EXPECT_EQ(0, crlock_each_lock(crlock, NULL, pass_over, NULL));
	EXPECT_EQ(0, crlock_busy_mappings(crlock));
	crlock_close(crlock);
}

/* Sockets --------------------------------------------------------------------------------------------- */

static uint64_t ino_of(int fd)
{
	struct stat stat;

	return fstat(fd, &stat) ? 0 : stat.st_ino;
}

#define EXPECT_IN_FLIGHT(ino) \
	do { \
		const struct crlock_holder *row_ = told_holder(&self->told, CRLOCK_HOLDER_IN_FLIGHT); \
		ASSERT_NE(NULL, row_); \
		EXPECT_EQ(ino, row_->where); \
		EXPECT_EQ(0, row_->tgid); \
		EXPECT_EQ(0, row_->tid); \
		EXPECT_EQ(-1, row_->fd); \
		EXPECT_EQ(0, row_->flags); \
		EXPECT_EQ(0, row_->files_id); \
		EXPECT_EQ(self->told.row.file_id, row_->file_id); \
	} while (0)

struct receiving {
	int socket, fd, drop;
};

static void receive(void *data)
{
	struct receiving *receiving = data;

	close(receiving->drop);
	receiving->fd = scm_receive(receiving->socket);
}

TEST_F(holder, descriptor_that_was_received)
{
	struct receiving *receiving = shared_memory(sizeof(*receiving));
	int pair[2];

	ASSERT_NE(NULL, receiving);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	ASSERT_TRUE(scm_send(pair[0], self->fd));
	*receiving = (struct receiving){ .socket = pair[1], .drop = self->fd };
	ASSERT_TRUE(child_start(&self->child, receive, NULL, receiving));
	ASSERT_LE(0, receiving->fd);
	close(self->fd);
	ASK(1);
	EXPECT_DESCRIPTOR(self->child.pid, self->child.pid, receiving->fd, CRLOCK_HOLDER_CLOEXEC);
	EXPECT_EQ(getpid(), self->told.row.pid);
}

FIXTURE(flight)
{
	struct place place;
	struct told_lock told;
	int fd, probe;
};

FIXTURE_VARIANT(flight)
{
	int type;
};

FIXTURE_SETUP(flight)
{
	ASSERT_TRUE(place_enter(&self->place));
	self->fd = file_new("file", O_RDWR);
	ASSERT_EQ(0, flock(self->fd, LOCK_EX));
	self->probe = open("file", O_RDONLY);
	ASSERT_LE(0, self->probe);
}

FIXTURE_TEARDOWN(flight)
{
	place_leave(&self->place);
}

FIXTURE_VARIANT_ADD(flight, stream){
	.type = SOCK_STREAM,
};

FIXTURE_VARIANT_ADD(flight, datagram){
	.type = SOCK_DGRAM,
};

FIXTURE_VARIANT_ADD(flight, packet){
	.type = SOCK_SEQPACKET,
};

TEST_F(flight, is_a_holder)
{
	int pair[2], fd;

	ASSERT_EQ(0, socketpair(AF_UNIX, variant->type, 0, pair));
	ASSERT_TRUE(scm_send(pair[0], self->fd));
	ASK(2);
	EXPECT_DESCRIPTOR(getpid(), getpid(), self->fd, 0);
	EXPECT_IN_FLIGHT(ino_of(pair[1]));
	close(self->fd);
	ASK(1);
	EXPECT_IN_FLIGHT(ino_of(pair[1]));
	/* The sender's end may be gone. */
	close(pair[0]);
	ASK(1);
	EXPECT_IN_FLIGHT(ino_of(pair[1]));
	fd = scm_receive(pair[1]);
	ASSERT_LE(0, fd);
	ASK(1);
	EXPECT_DESCRIPTOR(getpid(), getpid(), fd, CRLOCK_HOLDER_CLOEXEC);
}

TEST_F(flight, several_times)
{
	int pair[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, variant->type, 0, pair));
	for (int i = 0; i < 3; i++)
		ASSERT_TRUE(scm_send(pair[i % 2], self->fd));
	close(self->fd);
	ASK(3);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(CRLOCK_HOLDER_IN_FLIGHT, self->told.holders[i].kind);
	EXPECT_EQ(2 * ino_of(pair[1]) + ino_of(pair[0]),
		  self->told.holders[0].where + self->told.holders[1].where + self->told.holders[2].where);
}

/* A socket whose descriptors are in the queue of another, and that in the queue of a third. */
TEST_F(flight, in_a_socket_that_is_in_flight)
{
	int pairs[3][2];
	uint64_t ino;

	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, socketpair(AF_UNIX, variant->type, 0, pairs[i]));
	ino = ino_of(pairs[0][1]);
	ASSERT_TRUE(scm_send(pairs[0][0], self->fd));
	ASSERT_TRUE(scm_send(pairs[1][0], pairs[0][1]));
	ASSERT_TRUE(scm_send(pairs[2][0], pairs[1][1]));
	for (int i = 0; i < 2; i++) {
		close(pairs[i][0]);
		close(pairs[i][1]);
	}
	close(self->fd);
	ASK(1);
	EXPECT_IN_FLIGHT(ino);
}

struct passing {
	int drop[4]; /* what the child is not to have */
};

static void drop(void *data)
{
	const struct passing *passing = data;

	for (int i = 0; i < 4; i++)
		close(passing->drop[i]);
}

/*
 * The queue with the file is found first in this process, which is not asked for, and only then in a
 * message to the child, which is.
 */
TEST_F(flight, in_a_socket_that_is_in_flight_to_who_is_asked_for)
{
	struct crlock_filter filter = { .nr_tgids = 1 };
	int pairs[2][2];
	struct passing passing;
	struct child child;
	struct told told;

	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, socketpair(AF_UNIX, variant->type, 0, pairs[i]));
	ASSERT_TRUE(scm_send(pairs[0][0], self->fd));
	ASSERT_TRUE(scm_send(pairs[1][0], pairs[0][1]));
	passing = (struct passing){ { self->fd, pairs[0][0], pairs[0][1], pairs[1][0] } };
	ASSERT_TRUE(child_start(&child, drop, NULL, &passing));
	close(pairs[1][1]);
	close(self->fd);
	filter.tgids = &child.pid;
	EXPECT_EQ(0, told_locks(&told, &filter));
	child_end(&child);
	ASSERT_EQ(1, told.nr);
	ASSERT_EQ(1, told.locks[0].nr_holders);
	EXPECT_EQ(CRLOCK_HOLDER_IN_FLIGHT, told.locks[0].holders[0].kind);
	EXPECT_EQ(ino_of(pairs[0][1]), told.locks[0].holders[0].where);
}

TEST_F(flight, to_who_has_not_accepted_yet)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int listening = socket(AF_UNIX, variant->type, 0), client, server, fd;

	if (variant->type == SOCK_DGRAM)
		return;
	ASSERT_EQ(0, bind(listening, (struct sockaddr *)&address, sizeof(address)));
	ASSERT_EQ(0, listen(listening, 1));
	client = socket(AF_UNIX, variant->type, 0);
	ASSERT_EQ(0, connect(client, (struct sockaddr *)&address, sizeof(address)));
	ASSERT_TRUE(scm_send(client, self->fd));
	close(client);
	close(self->fd);
	ASK(1);
	/* That socket has no inode yet. */
	EXPECT_IN_FLIGHT(0);
	server = accept(listening, NULL, NULL);
	ASSERT_LE(0, server);
	ASK(1);
	EXPECT_IN_FLIGHT(ino_of(server));
	fd = scm_receive(server);
	ASK(1);
	EXPECT_DESCRIPTOR(getpid(), getpid(), fd, CRLOCK_HOLDER_CLOEXEC);
}

/* Nobody ---------------------------------------------------------------------------------------------- */

/* Takes a description where no holder is looked for: into the table of an io_uring. */
static int hide_in_ring(int fd)
{
	struct io_uring_params params = { 0 };
	int ring = syscall(SYS_io_uring_setup, 1, &params);

	if (ring >= 0 && syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &fd, 1)) {
		close(ring);
		ring = -1;
	}
	return ring;
}

TEST_F(holder, nobody_that_is_known)
{
	int ring = hide_in_ring(self->fd);

	if (ring < 0)
		SKIP(return, "io_uring cannot be used: %m");
	close(self->fd);
	ASK(0);
	EXPECT_EQ(getpid(), self->told.row.pid);
	EXPECT_EQ(F_WRLCK, self->told.row.held);
}

TEST_HARNESS_MAIN

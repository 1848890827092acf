// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CRLOCK_CMD_LOCK_GET: which locks are told if only some are asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

#include "child.h"
#include "place.h"
#include "scm.h"
#include "told.h"

#define NR_CHILDREN 3
#define BIT(kind)   (1U << CRLOCK_KIND_##kind)

/* Each child has locks on two files: its own, which is named by its number, and one of all. */
struct setting {
	char name[16];
};

FIXTURE(filter)
{
	struct place place;
	struct told told;
	struct child children[NR_CHILDREN];
	pid_t tgids[NR_CHILDREN + 1];
	int shared; /* a descriptor of the file of all */
};

static void take_locks(void *data)
{
	struct setting *setting = data;
	int own = open(setting->name, O_RDWR | O_CREAT, 0600), all = open("all", O_RDWR);

	signal(SIGIO, SIG_IGN);
	if (flock(own, LOCK_EX) || file_lock(own, F_SETLK, F_WRLCK, 1, 1) ||
	    file_lock(own, F_OFD_SETLK, F_WRLCK, 2, 1) || fcntl(own, F_SETLEASE, F_WRLCK) ||
	    flock(all, LOCK_SH) || file_lock(all, F_SETLK, F_RDLCK, 3, 1) ||
	    file_lock(all, F_OFD_SETLK, F_RDLCK, 4, 1))
		_exit(1);
}

FIXTURE_SETUP(filter)
{
	struct setting setting;

	ASSERT_TRUE(place_enter(&self->place));
	close(file_new("all", O_RDONLY));
	for (int i = 0; i < NR_CHILDREN; i++) {
		snprintf(setting.name, sizeof(setting.name), "own-%d", i);
		ASSERT_TRUE(child_start(&self->children[i], take_locks, NULL, &setting));
		self->tgids[i] = self->children[i].pid;
	}
	self->shared = open("all", O_RDONLY);
	ASSERT_LE(0, self->shared);
}

FIXTURE_TEARDOWN(filter)
{
	for (int i = 0; i < NR_CHILDREN; i++)
		child_end(&self->children[i]);
	place_leave(&self->place);
}

/* How many are of a process, by who holds them; each must be held once. */
static size_t nr_of(const struct told *told, pid_t tgid)
{
	size_t nr = 0;

	for (size_t i = 0; i < told->nr; i++)
		nr += told->locks[i].nr_holders == 1 && told->locks[i].holders[0].tgid == tgid;
	return nr;
}

static size_t nr_kind(const struct told *told, unsigned int kinds)
{
	size_t nr = 0;

	for (size_t i = 0; i < told->nr; i++)
		nr += !!(kinds & 1U << told->locks[i].row.kind);
	return nr;
}

static struct crlock_filter inode_of(int fd)
{
	struct crlock_filter filter = { .by_inode = true };
	struct truth truth;

	truth_read(&truth, getpid(), fd);
	filter.dev_major = truth.dev_major;
	filter.dev_minor = truth.dev_minor;
	filter.ino = truth.ino;
	return filter;
}

TEST_F(filter, nothing)
{
	struct crlock_filter none = { 0 };

	/* Others may have locks too. */
	ASSERT_EQ(0, told_locks(&self->told, NULL));
	for (int i = 0; i < NR_CHILDREN; i++)
		EXPECT_EQ(7, nr_of(&self->told, self->tgids[i]));
	ASSERT_EQ(0, told_locks(&self->told, &none));
	for (int i = 0; i < NR_CHILDREN; i++)
		EXPECT_EQ(7, nr_of(&self->told, self->tgids[i]));
}

TEST_F(filter, one_process)
{
	struct crlock_filter filter = { .nr_tgids = 1 };

	for (int i = 0; i < NR_CHILDREN; i++) {
		filter.tgids = &self->tgids[i];
		ASSERT_EQ(0, told_locks(&self->told, &filter));
		EXPECT_EQ(7, self->told.nr);
		EXPECT_EQ(7, nr_of(&self->told, self->tgids[i]));
	}
}

TEST_F(filter, several_processes)
{
	pid_t tgids[] = { self->tgids[2], self->tgids[0] };
	struct crlock_filter filter = { .tgids = tgids, .nr_tgids = 2 };

	ASSERT_EQ(0, told_locks(&self->told, &filter));
	EXPECT_EQ(14, self->told.nr);
	EXPECT_EQ(7, nr_of(&self->told, self->tgids[0]));
	EXPECT_EQ(0, nr_of(&self->told, self->tgids[1]));
	EXPECT_EQ(7, nr_of(&self->told, self->tgids[2]));
}

TEST_F(filter, a_process_without_locks)
{
	pid_t self_pid = getpid();
	struct crlock_filter filter = { .tgids = &self_pid, .nr_tgids = 1 };

	ASSERT_EQ(0, told_locks(&self->told, &filter));
	EXPECT_EQ(0, self->told.nr);
}

TEST_F(filter, as_many_processes_as_it_takes)
{
	static pid_t tgids[4096];
	struct crlock_filter filter = { .tgids = tgids, .nr_tgids = 4096 };
	struct crlock_info info;

	ASSERT_EQ(0, crlock_get_info(&info));
	ASSERT_EQ(4096, info.tgids_max);
	for (int i = 0; i < 4096; i++)
		tgids[i] = i % 2 ? getpid() : self->tgids[1];
	ASSERT_EQ(0, told_locks(&self->told, &filter));
	EXPECT_EQ(7, self->told.nr);
	EXPECT_EQ(7, nr_of(&self->told, self->tgids[1]));
	filter.nr_tgids++;
	EXPECT_EQ(-EINVAL, told_locks(&self->told, &filter));
	EXPECT_NE(NULL, strstr(self->told.text, "TGID")) TH_LOG("%s", self->told.text);
}

TEST_F(filter, one_process_that_is_gone_beside_others)
{
	struct crlock_filter filter = { .tgids = self->tgids, .nr_tgids = NR_CHILDREN };

	child_end(&self->children[1]);
	EXPECT_EQ(-ESRCH, told_locks(&self->told, &filter));
	EXPECT_STREQ("TGID: no such process", self->told.text);
}

TEST_F(filter, kinds)
{
	static const struct {
		unsigned int kinds;
		size_t nr; /* of a process */
	} cases[] = {
		{ BIT(FLOCK), 2 },
		{ BIT(POSIX), 2 },
		{ BIT(OFD), 2 },
		{ BIT(LEASE), 1 },
		{ BIT(DELEGATION), 0 },
		{ BIT(LAYOUT), 0 },
		{ BIT(FLOCK) | BIT(OFD), 4 },
		{ BIT(POSIX) | BIT(LEASE) | BIT(LAYOUT), 3 },
		{ (1U << (CRLOCK_KIND_MAX + 1)) - 1, 7 },
	};
	struct crlock_filter filter = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		filter.kinds = cases[i].kinds;
		ASSERT_EQ(0, told_locks(&self->told, &filter));
		EXPECT_EQ(self->told.nr, nr_kind(&self->told, cases[i].kinds));
		for (int j = 0; j < NR_CHILDREN; j++)
			EXPECT_EQ(cases[i].nr, nr_of(&self->told, self->tgids[j]));
	}
}

TEST_F(filter, inode)
{
	struct crlock_filter filter = inode_of(self->shared);

	ASSERT_EQ(0, told_locks(&self->told, &filter));
	EXPECT_EQ(3 * NR_CHILDREN, self->told.nr);
	for (int i = 0; i < NR_CHILDREN; i++)
		EXPECT_EQ(3, nr_of(&self->told, self->tgids[i]));
	for (size_t i = 0; i < self->told.nr; i++)
		EXPECT_EQ(filter.ino, self->told.locks[i].row.ino);
}

TEST_F(filter, inode_that_is_not_there_or_has_no_locks)
{
	struct crlock_filter filter = inode_of(self->shared);

	filter.dev_minor++;
	ASSERT_EQ(0, told_locks(&self->told, &filter));
	EXPECT_EQ(0, self->told.nr);
	filter.dev_minor--;
	filter.ino |= 1ULL << 40;
	ASSERT_EQ(0, told_locks(&self->told, &filter));
	EXPECT_EQ(0, self->told.nr);
	filter = inode_of(file_new("none", O_RDONLY));
	ASSERT_EQ(0, told_locks(&self->told, &filter));
	EXPECT_EQ(0, self->told.nr);
}

TEST_F(filter, all_together)
{
	struct crlock_filter filter = inode_of(self->shared);
	const struct crlock_lock *row;

	filter.tgids = &self->tgids[1];
	filter.nr_tgids = 1;
	ASSERT_EQ(0, told_locks(&self->told, &filter));
	EXPECT_EQ(3, self->told.nr);
	EXPECT_EQ(3, nr_of(&self->told, self->tgids[1]));

	filter.kinds = BIT(OFD);
	ASSERT_EQ(0, told_locks(&self->told, &filter));
	ASSERT_EQ(1, self->told.nr);
	row = &self->told.locks[0].row;
	EXPECT_EQ(CRLOCK_KIND_OFD, row->kind);
	EXPECT_EQ(filter.ino, row->ino);
	EXPECT_EQ(4, row->start);

	filter.by_inode = false;
	filter.kinds = BIT(OFD) | BIT(FLOCK);
	ASSERT_EQ(0, told_locks(&self->told, &filter));
	EXPECT_EQ(4, self->told.nr);

	filter.by_inode = true;
	filter.kinds = BIT(LEASE);
	ASSERT_EQ(0, told_locks(&self->told, &filter));
	EXPECT_EQ(0, self->told.nr);
}

/* A lock is told if any of its holders is asked for, and then with all of them. */
TEST_F(filter, one_of_several_holders)
{
	struct crlock_filter filter = { .nr_tgids = 1, .kinds = BIT(FLOCK) };
	pid_t self_pid = getpid();
	struct child child;
	int fd = open("ours", O_RDWR | O_CREAT, 0600);

	ASSERT_EQ(0, flock(fd, LOCK_EX));
	ASSERT_TRUE(child_start(&child, NULL, NULL, NULL));
	for (int i = 0; i < 2; i++) {
		filter.tgids = i ? &self_pid : &child.pid;
		ASSERT_EQ(0, told_locks(&self->told, &filter));
		ASSERT_EQ(1, self->told.nr);
		EXPECT_EQ(2, self->told.locks[0].nr_holders);
		EXPECT_NE(NULL, told_descriptor(&self->told.locks[0], getpid(), fd));
		EXPECT_NE(NULL, told_descriptor(&self->told.locks[0], child.pid, fd));
	}
	/* Who has the same file open holds none of its locks. */
	filter.tgids = self->tgids;
	filter.kinds = 0;
	ASSERT_EQ(0, told_locks(&self->told, &filter));
	EXPECT_EQ(7, self->told.nr);
	child_end(&child);
}

/* A process holds what is in flight to its sockets. */
TEST_F(filter, in_flight_to_a_process)
{
	pid_t self_pid = getpid();
	struct crlock_filter filter = { .tgids = &self_pid, .nr_tgids = 1 };
	int fd = open("sent", O_RDWR | O_CREAT, 0600), pair[2];

	ASSERT_EQ(0, flock(fd, LOCK_EX));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	ASSERT_TRUE(scm_send(pair[0], fd));
	close(fd);
	ASSERT_EQ(0, told_locks(&self->told, &filter));
	ASSERT_EQ(1, self->told.nr);
	ASSERT_EQ(1, self->told.locks[0].nr_holders);
	EXPECT_EQ(CRLOCK_HOLDER_IN_FLIGHT, self->told.locks[0].holders[0].kind);
	EXPECT_EQ(getpid(), self->told.locks[0].row.pid);
	filter.tgids = self->tgids;
	ASSERT_EQ(0, told_locks(&self->told, &filter));
	EXPECT_EQ(7, self->told.nr);
	EXPECT_EQ(7, nr_of(&self->told, self->tgids[0]));
}

/* More than one message's worth, with many holders of one lock and many locks of one holder. */
struct counting {
	size_t locks, holders;
	uint64_t starts;
};

static int count(const struct crlock_lock *lock, const struct crlock_holder *holders, size_t nr_holders,
		 void *data)
{
	struct counting *counting = data;

	counting->locks++;
	counting->starts += lock->start;
	for (size_t i = 0; i < nr_holders; i++)
		counting->holders +=
			holders[i].file_id == lock->file_id && holders[i].fd >= 300 && holders[i].fd < 1000;
	return 0;
}

TEST_F(filter, one_process_with_many_locks_and_descriptors)
{
	pid_t self_pid = getpid();
	struct crlock_filter filter = { .tgids = &self_pid, .nr_tgids = 1 };
	struct counting counting = { 0 };
	struct crlock *crlock;
	int fd = file_new("file", O_RDWR);

	for (int i = 0; i < 5000; i++)
		ASSERT_EQ(0, file_lock(fd, F_OFD_SETLK, F_WRLCK, 2 * i, 1));
	for (int i = 300; i < 1000; i++)
		ASSERT_EQ(i, dup2(fd, i));
	close(fd);
	ASSERT_EQ(0, crlock_open(&crlock));
	EXPECT_EQ(0, crlock_each_lock(crlock, &filter, count, &counting))
	TH_LOG("%s", crlock_error(crlock));
	EXPECT_EQ(5000, counting.locks);
	EXPECT_EQ(4999 * 5000, counting.starts);
	EXPECT_EQ(5000 * 700, counting.holders);
	crlock_close(crlock);
}

TEST_HARNESS_MAIN

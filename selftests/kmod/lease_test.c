// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CRLOCK_CMD_LOCK_GET: what a lease is, what it is to become, how long it has, and who hears of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

#include "child.h"
#include "place.h"
#include "told.h"

#define BREAK_TIME "/proc/sys/fs/lease-break-time"
#define FL_LEASE   32
#define FL_PENDING (256 | 512) /* FL_DOWNGRADE_PENDING | FL_UNLOCK_PENDING */

/* Jiffies, which deadlines are in, stand still as long as an emulated CPU gets no tick. */
#define SLACK_MS 5000

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* An open that does not wait for the lease. Returns: whether it has made it break. */
static bool break_for(int mode)
{
	return open("file", mode | O_NONBLOCK) < 0 && errno == EWOULDBLOCK;
}

/* States -------------------------------------------------------------------------------------------- */

FIXTURE(lease)
{
	struct place place;
	struct told_lock told;
	unsigned long long break_time;
	int fd;
};

FIXTURE_VARIANT(lease)
{
	int held; /* F_RDLCK or F_WRLCK */
	int breaks[2], nr_breaks; /* O_RDONLY or O_WRONLY, one after the other */
	/* What is to be told. */
	uint8_t target;
	unsigned int pending; /* bits of enum crlock_lock_flag */
};

FIXTURE_SETUP(lease)
{
	signal(SIGIO, SIG_IGN);
	self->break_time = number_read(BREAK_TIME);
	ASSERT_TRUE(place_enter(&self->place));
	/* Who has a file open for writing cannot keep a read lease of it. */
	self->fd = file_new("file", O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fcntl(self->fd, F_SETLEASE, variant->held));
}

FIXTURE_TEARDOWN(lease)
{
	number_write(BREAK_TIME, self->break_time);
	place_leave(&self->place);
}

/* clang-format off */
FIXTURE_VARIANT_ADD(lease, read) {
	.held = F_RDLCK, .target = F_RDLCK,
};
FIXTURE_VARIANT_ADD(lease, write) {
	.held = F_WRLCK, .target = F_WRLCK,
};
FIXTURE_VARIANT_ADD(lease, read_to_nothing) {
	.held = F_RDLCK, .breaks = { O_WRONLY }, .nr_breaks = 1,
	.target = F_UNLCK, .pending = CRLOCK_LOCK_UNLOCK_PENDING,
};
FIXTURE_VARIANT_ADD(lease, write_to_read) {
	.held = F_WRLCK, .breaks = { O_RDONLY }, .nr_breaks = 1,
	.target = F_RDLCK, .pending = CRLOCK_LOCK_DOWNGRADE_PENDING,
};
FIXTURE_VARIANT_ADD(lease, write_to_nothing) {
	.held = F_WRLCK, .breaks = { O_WRONLY }, .nr_breaks = 1,
	.target = F_UNLCK, .pending = CRLOCK_LOCK_UNLOCK_PENDING,
};
FIXTURE_VARIANT_ADD(lease, write_to_read_and_then_nothing) {
	.held = F_WRLCK, .breaks = { O_RDONLY, O_WRONLY }, .nr_breaks = 2,
	.target = F_UNLCK, .pending = CRLOCK_LOCK_DOWNGRADE_PENDING | CRLOCK_LOCK_UNLOCK_PENDING,
};
/* Who reads waits for a lease that is to be given up, and does not change that. */
FIXTURE_VARIANT_ADD(lease, write_to_nothing_and_then_read) {
	.held = F_WRLCK, .breaks = { O_WRONLY, O_RDONLY }, .nr_breaks = 2,
	.target = F_UNLCK, .pending = CRLOCK_LOCK_UNLOCK_PENDING,
};
/* clang-format on */

TEST_F(lease, has_its_types_and_what_is_pending)
{
	const struct crlock_lock *row = &self->told.row;

	for (int i = 0; i < variant->nr_breaks; i++)
		ASSERT_TRUE(break_for(variant->breaks[i]));
	ASSERT_EQ(0, told_lock_of(&self->told, self->fd));
	EXPECT_EQ(CRLOCK_KIND_LEASE, row->kind);
	EXPECT_EQ(variant->held, row->held);
	EXPECT_EQ(variant->target, row->target);
	EXPECT_EQ(variant->pending | CRLOCK_LOCK_NOTICE, row->state);
	EXPECT_EQ(!!(variant->pending & CRLOCK_LOCK_DOWNGRADE_PENDING), !!(row->fl_flags & 256));
	EXPECT_EQ(!!(variant->pending & CRLOCK_LOCK_UNLOCK_PENDING), !!(row->fl_flags & 512));
	EXPECT_EQ(FL_LEASE, row->fl_flags & ~FL_PENDING);
	EXPECT_EQ(0, row->start);
	EXPECT_EQ(CRLOCK_EOF, row->end);
}

/* Each deadline is its break plus the time that was set then, seen between two looks at the clock. */
TEST_F(lease, has_the_deadline_of_each)
{
	static const unsigned int bits[] = { CRLOCK_LOCK_DOWNGRADE_PENDING, CRLOCK_LOCK_UNLOCK_PENDING };
	int64_t since[2] = { 0 }, until[2] = { 0 }, asked, got;
	unsigned int seconds[2] = { 0 };

	for (int i = 0; i < variant->nr_breaks; i++) {
		int which = variant->breaks[i] == O_WRONLY;

		seconds[which] = 300 + 400 * i;
		ASSERT_TRUE(number_write(BREAK_TIME, seconds[which]));
		since[which] = now_ms();
		ASSERT_TRUE(break_for(variant->breaks[i]));
		until[which] = now_ms();
	}
	asked = now_ms();
	ASSERT_EQ(0, told_lock_of(&self->told, self->fd));
	got = now_ms();
	for (int which = 0; which < 2; which++) {
		int64_t ms = which ? self->told.row.break_ms : self->told.row.downgrade_ms;

		if (!(variant->pending & bits[which])) {
			EXPECT_EQ(CRLOCK_NO_DEADLINE, ms);
			continue;
		}
		EXPECT_LE(since[which] + seconds[which] * 1000LL - got - SLACK_MS, ms);
		EXPECT_GE(until[which] + seconds[which] * 1000LL - asked + SLACK_MS, ms);
	}
}

TEST_F(lease, has_no_deadline_if_none_is_set)
{
	ASSERT_TRUE(number_write(BREAK_TIME, 0));
	for (int i = 0; i < variant->nr_breaks; i++)
		ASSERT_TRUE(break_for(variant->breaks[i]));
	ASSERT_EQ(0, told_lock_of(&self->told, self->fd));
	EXPECT_EQ(variant->pending | CRLOCK_LOCK_NOTICE, self->told.row.state);
	EXPECT_EQ(CRLOCK_NO_DEADLINE, self->told.row.break_ms);
	EXPECT_EQ(CRLOCK_NO_DEADLINE, self->told.row.downgrade_ms);
}

/* The kernel takes it away when someone comes who wants the file, and not before. */
TEST_F(lease, has_less_than_no_time_left_once_it_is_over)
{
	const struct crlock_lock *row = &self->told.row;

	ASSERT_TRUE(number_write(BREAK_TIME, 1));
	for (int i = 0; i < variant->nr_breaks; i++)
		ASSERT_TRUE(break_for(variant->breaks[i]));
	if (variant->pending & CRLOCK_LOCK_DOWNGRADE_PENDING)
		EXPECT_TRUE(until(!told_lock_of(&self->told, self->fd) && row->downgrade_ms < 0));
	if (variant->pending & CRLOCK_LOCK_UNLOCK_PENDING)
		EXPECT_TRUE(until(!told_lock_of(&self->told, self->fd) && row->break_ms < 0));
	ASSERT_EQ(0, told_lock_of(&self->told, self->fd));
	EXPECT_EQ(variant->held, row->held);
	if (variant->pending & CRLOCK_LOCK_UNLOCK_PENDING)
		EXPECT_LT(-120000, row->break_ms);
}

TEST_F(lease, is_as_its_holder_has_answered)
{
	for (int i = 0; i < variant->nr_breaks; i++)
		ASSERT_TRUE(break_for(variant->breaks[i]));
	if (variant->target == F_RDLCK) {
		ASSERT_EQ(0, fcntl(self->fd, F_SETLEASE, F_RDLCK));
		ASSERT_EQ(0, told_lock_of(&self->told, self->fd));
		EXPECT_EQ(F_RDLCK, self->told.row.held);
		EXPECT_EQ(F_RDLCK, self->told.row.target);
		EXPECT_EQ(CRLOCK_LOCK_NOTICE, self->told.row.state);
		EXPECT_EQ(CRLOCK_NO_DEADLINE, self->told.row.break_ms);
		EXPECT_EQ(CRLOCK_NO_DEADLINE, self->told.row.downgrade_ms);
	}
	ASSERT_EQ(0, fcntl(self->fd, F_SETLEASE, F_UNLCK));
	EXPECT_EQ(-ENOENT, told_lock_of(&self->told, self->fd));
}

/* Two readers ---------------------------------------------------------------------------------------- */

static void lease_for_reading(void *data)
{
	signal(SIGIO, SIG_IGN);
	if (fcntl(open("file", O_RDONLY), F_SETLEASE, F_RDLCK))
		_exit(1);
}

FIXTURE(readers)
{
	struct place place;
	struct told told;
	struct child children[2];
};

FIXTURE_SETUP(readers)
{
	ASSERT_TRUE(place_enter(&self->place));
	close(file_new("file", O_RDONLY));
	ASSERT_TRUE(child_start(&self->children[0], lease_for_reading, NULL, NULL));
	ASSERT_TRUE(child_start(&self->children[1], lease_for_reading, NULL, NULL));
}

FIXTURE_TEARDOWN(readers)
{
	child_end(&self->children[0]);
	child_end(&self->children[1]);
	place_leave(&self->place);
}

TEST_F(readers, leases_break_together)
{
	pid_t tgids[] = { self->children[0].pid, self->children[1].pid };
	struct crlock_filter filter = { .tgids = tgids, .nr_tgids = 2 };
	const struct told_lock *locks = self->told.locks;

	ASSERT_EQ(0, told_locks(&self->told, &filter));
	ASSERT_EQ(2, self->told.nr);
	EXPECT_EQ(F_RDLCK, locks[0].row.target);
	EXPECT_EQ(F_RDLCK, locks[1].row.target);
	EXPECT_EQ(1, locks[0].row.rank + locks[1].row.rank);
	ASSERT_TRUE(break_for(O_WRONLY));
	ASSERT_EQ(0, told_locks(&self->told, &filter));
	ASSERT_EQ(2, self->told.nr);
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(F_RDLCK, locks[i].row.held);
		EXPECT_EQ(F_UNLCK, locks[i].row.target);
		EXPECT_EQ(CRLOCK_LOCK_UNLOCK_PENDING | CRLOCK_LOCK_NOTICE, locks[i].row.state);
		EXPECT_LT(0, locks[i].row.break_ms);
		EXPECT_EQ(1, locks[i].nr_holders);
		EXPECT_EQ(locks[i].row.pid, locks[i].holders[0].tgid);
		EXPECT_EQ(locks[i].row.pid, locks[i].row.fown_pid);
	}
	EXPECT_NE(locks[0].row.id, locks[1].row.id);
	EXPECT_NE(locks[0].row.pid, locks[1].row.pid);
}

/* Notices --------------------------------------------------------------------------------------------- */

FIXTURE(notice)
{
	struct place place;
	struct told_lock told;
	struct child child;
	int fd;
};

FIXTURE_VARIANT(notice)
{
	int type; /* F_OWNER_* */
	int signum;
	bool other; /* it goes to a child, not to the process itself */
};

FIXTURE_SETUP(notice)
{
	ASSERT_TRUE(place_enter(&self->place));
	ASSERT_TRUE(child_start(&self->child, NULL, NULL, NULL));
	self->fd = file_new("file", O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(notice)
{
	child_end(&self->child);
	place_leave(&self->place);
}

/* clang-format off */
FIXTURE_VARIANT_ADD(notice, thread) { .type = F_OWNER_TID, .signum = SIGUSR1 };
FIXTURE_VARIANT_ADD(notice, process) { .type = F_OWNER_PID, .signum = SIGIO };
FIXTURE_VARIANT_ADD(notice, group) { .type = F_OWNER_PGRP, .signum = 0 };
FIXTURE_VARIANT_ADD(notice, other_thread) { .type = F_OWNER_TID, .signum = SIGIO, .other = true };
FIXTURE_VARIANT_ADD(notice, other_process) { .type = F_OWNER_PID, .signum = SIGUSR2, .other = true };
/* clang-format on */

/* Whom fcntl(2) says that it goes to. */
static void expect_owner(struct __test_metadata *_metadata, int fd, const struct crlock_lock *row)
{
	struct f_owner_ex owner;
	uid_t uids[2];

	ASSERT_EQ(0, fcntl(fd, F_GETOWN_EX, &owner));
	EXPECT_EQ(owner.type, row->fown_type);
	EXPECT_EQ(owner.pid, row->fown_pid);
	EXPECT_EQ(fcntl(fd, F_GETSIG), row->fown_signum);
	ASSERT_EQ(0, fcntl(fd, F_GETOWNER_UIDS, uids));
	EXPECT_EQ(uids[0], row->fown_uid);
	EXPECT_EQ(uids[1], row->fown_euid);
}

TEST_F(notice, goes_to_whom_fcntl_says)
{
	const struct crlock_lock *row = &self->told.row;
	struct f_owner_ex owner = {
		.type = variant->type,
		.pid = variant->other ? self->child.pid : getpid(),
	};

	if (variant->type == F_OWNER_PGRP)
		owner.pid = getpgrp();
	ASSERT_EQ(0, setresuid(1000, 0, 2000));
	ASSERT_EQ(0, fcntl(self->fd, F_SETOWN_EX, &owner));
	ASSERT_EQ(0, fcntl(self->fd, F_SETSIG, variant->signum));
	ASSERT_EQ(0, fcntl(self->fd, F_SETLEASE, F_WRLCK));
	ASSERT_EQ(0, told_lock_of(&self->told, self->fd));
	EXPECT_EQ(CRLOCK_LOCK_NOTICE, row->state);
	EXPECT_EQ(variant->type, row->fown_type);
	EXPECT_EQ(owner.pid, row->fown_pid);
	EXPECT_EQ(variant->signum, row->fown_signum);
	EXPECT_EQ(1000, row->fown_uid);
	EXPECT_EQ(0, row->fown_euid);
	expect_owner(_metadata, self->fd, row);
}

/* Its number may soon be another's. */
TEST_F(notice, goes_to_nobody_once_that_is_gone)
{
	struct f_owner_ex owner = { .type = variant->type, .pid = self->child.pid };

	if (variant->type == F_OWNER_PGRP)
		ASSERT_EQ(0, setpgid(self->child.pid, 0));
	ASSERT_EQ(0, fcntl(self->fd, F_SETOWN_EX, &owner));
	ASSERT_EQ(0, fcntl(self->fd, F_SETSIG, variant->signum));
	ASSERT_EQ(0, fcntl(self->fd, F_SETLEASE, F_WRLCK));
	child_end(&self->child);
	ASSERT_EQ(0, told_lock_of(&self->told, self->fd));
	EXPECT_EQ(0, self->told.row.fown_pid);
	expect_owner(_metadata, self->fd, &self->told.row);
}

/* As after F_SETOWN with 0: the lease has a notice that nobody hears. */
TEST_F(notice, goes_to_nobody_if_that_is_wanted)
{
	ASSERT_EQ(0, fcntl(self->fd, F_SETLEASE, F_WRLCK));
	ASSERT_EQ(0, fcntl(self->fd, F_SETSIG, variant->signum));
	ASSERT_EQ(0, fcntl(self->fd, F_SETOWN, 0));
	ASSERT_EQ(0, told_lock_of(&self->told, self->fd));
	EXPECT_EQ(0, self->told.row.fown_pid);
	EXPECT_EQ(variant->signum, self->told.row.fown_signum);
	EXPECT_EQ(0, self->told.row.state & CRLOCK_LOCK_NOTICE);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CRLOCK_CMD_FILE_GET: who hears of a file's input and output.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"

#include "child.h"

#include <crlock.h>

FIXTURE(owner)
{
	int ends[2];
	struct crlock *crlock;
	struct crlock_file file;
	struct child child;
};

FIXTURE_SETUP(owner)
{
	ASSERT_EQ(0, crlock_open(&self->crlock));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, self->ends));
}

FIXTURE_TEARDOWN(owner)
{
	child_end(&self->child);
	crlock_close(self->crlock);
	close(self->ends[0]);
	close(self->ends[1]);
}

static int keep(const struct crlock_file *file, void *data)
{
	struct crlock_file *wanted = data;

	if (file->fd != wanted->fd)
		return 0;
	*wanted = *file;
	return 1;
}

static void look(struct __test_metadata *_metadata, FIXTURE_DATA(owner) * self, int fd)
{
	pid_t pid = getpid();

	self->file = (struct crlock_file){ .fd = fd };
	ASSERT_EQ(1, crlock_each_file(self->crlock, &pid, 1, keep, &self->file))
	TH_LOG("%s", crlock_error(self->crlock));
	EXPECT_EQ(0, self->file.reserved);
	EXPECT_EQ(0, self->file.reserved2);
}

TEST_F(owner, none)
{
	look(_metadata, self, self->ends[0]);
	EXPECT_EQ(0, self->file.fown_pid);
	EXPECT_EQ(0, self->file.fown_type);
	EXPECT_EQ(0, self->file.fown_signum);
	EXPECT_EQ(0, self->file.flags & O_ASYNC);
}

TEST_F(owner, of_each_type)
{
	const struct f_owner_ex owners[] = {
		{ F_OWNER_TID, gettid() },
		{ F_OWNER_PID, getppid() },
		{ F_OWNER_PGRP, getpgrp() },
	};

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, fcntl(self->ends[0], F_SETOWN_EX, &owners[i]));
		look(_metadata, self, self->ends[0]);
		EXPECT_EQ(owners[i].pid, self->file.fown_pid);
		EXPECT_EQ(owners[i].type, self->file.fown_type);
		EXPECT_EQ(0, self->file.fown_signum);
		EXPECT_EQ(0, self->file.flags & O_ASYNC);
	}
	look(_metadata, self, self->ends[1]);
	EXPECT_EQ(0, self->file.fown_pid);
}

TEST_F(owner, signal_and_whether_it_is_on)
{
	ASSERT_EQ(0, fcntl(self->ends[0], F_SETSIG, SIGRTMIN + 3));
	look(_metadata, self, self->ends[0]);
	EXPECT_EQ(SIGRTMIN + 3, self->file.fown_signum);
	EXPECT_EQ(0, self->file.fown_pid);
	ASSERT_EQ(0, fcntl(self->ends[0], F_SETOWN, getpid()));
	signal(SIGRTMIN + 3, SIG_IGN);
	ASSERT_EQ(0, fcntl(self->ends[0], F_SETFL, O_ASYNC));
	look(_metadata, self, self->ends[0]);
	EXPECT_EQ(SIGRTMIN + 3, self->file.fown_signum);
	EXPECT_EQ(getpid(), self->file.fown_pid);
	EXPECT_EQ(F_OWNER_PID, self->file.fown_type);
	EXPECT_EQ(O_ASYNC, self->file.flags & O_ASYNC);
}

/* With whose rights the signal is sent. */
TEST_F(owner, users)
{
	uint32_t users[2];

	ASSERT_EQ(0, setresuid(1234, 5678, 0));
	ASSERT_EQ(0, fcntl(self->ends[0], F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(self->ends[0], F_GETOWNER_UIDS, users));
	ASSERT_EQ(0, setresuid(0, 0, 0));
	crlock_close(self->crlock);
	ASSERT_EQ(0, crlock_open(&self->crlock));
	look(_metadata, self, self->ends[0]);
	EXPECT_EQ(1234, self->file.fown_uid);
	EXPECT_EQ(5678, self->file.fown_euid);
	EXPECT_EQ(users[0], self->file.fown_uid);
	EXPECT_EQ(users[1], self->file.fown_euid);
}

/* Its number may be another's by now. */
TEST_F(owner, that_is_gone)
{
	ASSERT_TRUE(child_start(&self->child, NULL, NULL, NULL));
	ASSERT_EQ(0, fcntl(self->ends[0], F_SETOWN, self->child.pid));
	look(_metadata, self, self->ends[0]);
	EXPECT_EQ(self->child.pid, self->file.fown_pid);
	child_end(&self->child);
	look(_metadata, self, self->ends[0]);
	EXPECT_EQ(0, self->file.fown_pid);
	EXPECT_EQ(F_OWNER_PID, self->file.fown_type);
}

TEST_HARNESS_MAIN

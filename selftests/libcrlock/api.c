// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libcrlock as its users see it. Built twice: with the archive, and as an application would be, from what is
 * installed and what pkg-config says of it.
 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <crlock.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "kselftest_harness.h"

#define SNAPSHOT_MAX "/sys/module/crlock/parameters/snapshot_max"

/* What callbacks have seen. */
struct seen {
	size_t nr;
	size_t limit; /* after so many, the callback returns @result; 0: never */
	int result;
	size_t kinds[CRLOCK_KIND_MAX + 1];
	size_t nr_holders;
	uint64_t owner_id, file_id, files_id;
	struct crlock *other; /* a handle that the callback uses */
	int other_result;
	size_t most_memory;
};

FIXTURE(crlock)
{
	struct crlock *crlock;
	struct seen seen;
	struct crlock_filter mine;
	pid_t self, child;
	char path[64];
	struct stat st;
	int fd;
};

FIXTURE_SETUP(crlock)
{
	struct flock range = { .l_type = F_WRLCK, .l_start = 10, .l_len = 5 };

	ASSERT_EQ(0, crlock_open(&self->crlock));
	strcpy(self->path, "/tmp/crlock-api.XXXXXX");
	self->fd = mkostemp(self->path, O_CLOEXEC);
	ASSERT_EQ(0, fstat(self->fd, &self->st));
	ASSERT_EQ(0, flock(self->fd, LOCK_EX));
	ASSERT_EQ(0, fcntl(self->fd, F_SETLK, &range));
	self->child = fork();
	if (!self->child) {
		for (;;)
			pause();
	}
	self->self = getpid();
	self->mine = (struct crlock_filter){ .tgids = &self->self, .nr_tgids = 1 };
}

FIXTURE_TEARDOWN(crlock)
{
	crlock_close(self->crlock);
	unlink(self->path);
	kill(self->child, SIGKILL);
	waitpid(self->child, NULL, 0);
}

/* Locks -------------------------------------------------------------------------------------------- */

static int see_lock(const struct crlock_lock *lock, const struct crlock_holder *holders, size_t nr_holders,
		    void *data)
{
	struct seen *seen = data;
	struct mallinfo2 memory = mallinfo2();

	if (memory.uordblks > seen->most_memory)
		seen->most_memory = memory.uordblks;
	seen->nr++;
	seen->kinds[lock->kind]++;
	seen->nr_holders += nr_holders;
	seen->owner_id = lock->owner_id;
	seen->file_id = lock->file_id;
	seen->files_id = nr_holders ? holders[0].files_id : 0;
	if (lock->nr_holders != nr_holders)
		return -ERANGE;
	for (size_t i = 0; i < nr_holders; i++) {
		if (holders[i].file_id != lock->file_id)
			return -EXDEV;
	}
	if (seen->other)
		seen->other_result = crlock_each_lock(seen->other, NULL, see_lock, &(struct seen){ 0 });
	return seen->limit && seen->nr == seen->limit ? seen->result : 0;
}

TEST_F(crlock, locks_and_holders)
{
	ASSERT_EQ(0, crlock_each_lock(self->crlock, &self->mine, see_lock, &self->seen))
	TH_LOG("%s", crlock_error(self->crlock));
	EXPECT_EQ(2, self->seen.nr);
	EXPECT_EQ(1, self->seen.kinds[CRLOCK_KIND_FLOCK]);
	EXPECT_EQ(1, self->seen.kinds[CRLOCK_KIND_POSIX]);
	/* Both of one description, which the child has too. */
	EXPECT_EQ(4, self->seen.nr_holders);
	EXPECT_STREQ("", crlock_error(self->crlock));
	EXPECT_EQ(0, crlock_needed(self->crlock));
	EXPECT_EQ(0, crlock_busy_queues(self->crlock));
	EXPECT_EQ(0, crlock_busy_mappings(self->crlock));
}

TEST_F(crlock, all_locks)
{
	ASSERT_EQ(0, crlock_each_lock(self->crlock, NULL, see_lock, &self->seen));
	EXPECT_LE(2, self->seen.nr);
}

TEST_F(crlock, filters)
{
	struct crlock_filter filter = {
		.by_inode = true,
		.dev_major = major(self->st.st_dev),
		.dev_minor = minor(self->st.st_dev),
		.ino = self->st.st_ino,
	};

	ASSERT_EQ(0, crlock_each_lock(self->crlock, &filter, see_lock, &self->seen));
	EXPECT_EQ(2, self->seen.nr);
	filter.kinds = 1 << CRLOCK_KIND_FLOCK | 1 << CRLOCK_KIND_LEASE;
	self->seen.nr = 0;
	ASSERT_EQ(0, crlock_each_lock(self->crlock, &filter, see_lock, &self->seen));
	EXPECT_EQ(1, self->seen.nr);
	filter.ino++;
	self->seen.nr = 0;
	ASSERT_EQ(0, crlock_each_lock(self->crlock, &filter, see_lock, &self->seen));
	EXPECT_EQ(0, self->seen.nr);
	/* A process without locks is no error. */
	self->self = getppid();
	ASSERT_EQ(0, crlock_each_lock(self->crlock, &self->mine, see_lock, &self->seen));
	EXPECT_EQ(0, self->seen.nr);
}

TEST_F(crlock, callback_ends_the_iteration)
{
	static const int results[] = { 1, 77, INT_MAX, -1, -EAGAIN, INT_MIN };

	for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++) {
		self->seen = (struct seen){ .limit = 1, .result = results[i] };
		EXPECT_EQ(results[i], crlock_each_lock(self->crlock, &self->mine, see_lock, &self->seen));
		EXPECT_EQ(1, self->seen.nr);
		/* What was left is not taken for the next answer. */
		self->seen = (struct seen){ 0 };
		EXPECT_EQ(0, crlock_each_lock(self->crlock, &self->mine, see_lock, &self->seen));
		EXPECT_EQ(2, self->seen.nr);
	}
}

/* However many there are, they are not all in memory at once; nor is what is left after an early end. */
TEST_F_TIMEOUT(crlock, memory_of_many_locks, 120)
{
	struct flock range = { .l_type = F_RDLCK, .l_len = 1 };
	size_t before = mallinfo2().uordblks;

	/* With gaps, so that they stay apart; backwards, for the kernel goes through them from the first. */
	for (int i = 20000; i; i--) {
		range.l_start = 100 + 2 * i;
		ASSERT_EQ(0, fcntl(self->fd, F_SETLK, &range));
	}
	self->seen = (struct seen){ .limit = 10, .result = 1 };
	ASSERT_EQ(1, crlock_each_lock(self->crlock, &self->mine, see_lock, &self->seen));
	self->seen = (struct seen){ 0 };
	ASSERT_EQ(0, crlock_each_lock(self->crlock, &self->mine, see_lock, &self->seen));
	EXPECT_EQ(20002, self->seen.nr);
	EXPECT_GT(20000 * sizeof(struct crlock_lock) / 10, self->seen.most_memory - before);
}

TEST_F(crlock, a_handle_is_not_used_by_its_own_callback)
{
	self->seen.other = self->crlock;
	ASSERT_EQ(0, crlock_each_lock(self->crlock, &self->mine, see_lock, &self->seen));
	EXPECT_EQ(-EBUSY, self->seen.other_result);
	EXPECT_EQ(2, self->seen.nr);
}

TEST_F(crlock, handles_are_independent)
{
	struct crlock *other;

	ASSERT_EQ(0, crlock_open(&other));
	self->seen.other = other;
	ASSERT_EQ(0, crlock_each_lock(self->crlock, &self->mine, see_lock, &self->seen));
	EXPECT_EQ(0, self->seen.other_result);
	EXPECT_EQ(2, self->seen.nr);
	self->self = INT_MAX;
	EXPECT_EQ(-ESRCH, crlock_each_lock(other, &self->mine, see_lock, &self->seen));
	EXPECT_STRNE("", crlock_error(other));
	EXPECT_STREQ("", crlock_error(self->crlock));
	crlock_close(other);
	crlock_close(NULL);
}

/* Descriptors -------------------------------------------------------------------------------------- */

static int see_file(const struct crlock_file *file, void *data)
{
	struct seen *seen = data;

	seen->nr++;
	if (file->tgid != getpid() || fcntl(file->fd, F_GETFD) < 0)
		return -ESRCH;
	if (file->fd_flags != (uint32_t)fcntl(file->fd, F_GETFD))
		return -EINVAL;
	return seen->limit && seen->nr == seen->limit ? seen->result : 0;
}

static size_t count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t nr = 0;

	while (readdir(dir))
		nr++;
	closedir(dir);
	/* Two dots, and the directory itself. */
	return nr - 3;
}

TEST_F(crlock, descriptors)
{
	ASSERT_EQ(0, crlock_each_file(self->crlock, &self->self, 1, see_file, &self->seen));
	EXPECT_EQ(count_descriptors(), self->seen.nr);
	self->seen = (struct seen){ .limit = 1, .result = 5 };
	EXPECT_EQ(5, crlock_each_file(self->crlock, &self->self, 1, see_file, &self->seen));
	EXPECT_EQ(1, self->seen.nr);
}

/* Threads ------------------------------------------------------------------------------------------ */

struct registers {
	size_t nr;
	bool general;
	uint32_t size;
	struct crlock_thread thread;
};

static int see_thread(const struct crlock_thread *thread, const struct crlock_regset *sets, size_t nr_sets,
		      void *data)
{
	struct registers *registers = data;

	registers->nr++;
	registers->thread = *thread;
	for (size_t i = 0; i < nr_sets; i++) {
		if (sets[i].note != NT_PRSTATUS)
			continue;
		registers->general = true;
		registers->size = sets[i].size;
	}
	return 0;
}

TEST_F(crlock, registers)
{
	struct registers registers = { 0 };
	int status, ret;

	/* It runs, or sleeps: neither will do. */
	EXPECT_EQ(-EAGAIN, crlock_thread_regs(self->crlock, self->child, see_thread, &registers));
	EXPECT_STRNE("", crlock_error(self->crlock));
	EXPECT_EQ(0, registers.nr);
	/* For a process each thread says so for itself. */
	ASSERT_EQ(0, crlock_each_thread(self->crlock, self->child, see_thread, &registers));
	EXPECT_EQ(1, registers.nr);
	EXPECT_EQ(EAGAIN, registers.thread.error);
	EXPECT_FALSE(registers.general);

	kill(self->child, SIGSTOP);
	ASSERT_EQ(self->child, waitpid(self->child, &status, WUNTRACED));
	/* It tells its parent a moment before it leaves its CPU. */
	do {
		ret = crlock_thread_regs(self->crlock, self->child, see_thread, &registers);
	} while (ret == -EAGAIN);
	ASSERT_EQ(0, ret);
	EXPECT_EQ(self->child, registers.thread.tid);
	EXPECT_EQ(CRLOCK_THREAD_STOPPED, registers.thread.state);
	EXPECT_TRUE(registers.general);
	EXPECT_LT(0, registers.size);
	EXPECT_EQ(-ESRCH, crlock_thread_regs(self->crlock, INT_MAX, see_thread, &registers));
}

/* Events -------------------------------------------------------------------------------------------- */

static int see_event(const struct crlock_event *event, void *data)
{
	struct seen *seen = data;

	seen->nr++;
	seen->kinds[event->kind]++;
	seen->file_id = event->file_id;
	if (seen->other)
		seen->other_result = crlock_read_events(seen->other);
	return seen->limit && seen->nr == seen->limit ? seen->result : 0;
}

/* Waits until there is something to read. */
static bool await_event(const struct crlock *crlock)
{
	struct pollfd fd = { .fd = crlock_fd(crlock), .events = POLLIN };

	return poll(&fd, 1, 60000) == 1;
}

TEST_F(crlock, events)
{
	ASSERT_EQ(0, crlock_monitor(self->crlock, &self->mine, 1 << CRLOCK_EVENT_SET, see_event, &self->seen))
	TH_LOG("%s", crlock_error(self->crlock));
	/* It does not wait. */
	ASSERT_EQ(0, crlock_read_events(self->crlock));
	EXPECT_EQ(0, self->seen.nr);
	ASSERT_EQ(0, flock(self->fd, LOCK_SH));
	ASSERT_EQ(0, flock(self->fd, LOCK_UN));
	ASSERT_TRUE(await_event(self->crlock));
	ASSERT_EQ(0, crlock_read_events(self->crlock));
	EXPECT_EQ(1, self->seen.nr);
	EXPECT_EQ(1, self->seen.kinds[CRLOCK_KIND_FLOCK]);
	EXPECT_NE(0, self->seen.file_id);
	EXPECT_EQ(0, crlock_lost(self->crlock));
}

TEST_F(crlock, a_handle_for_events_is_for_nothing_else)
{
	EXPECT_EQ(-EINVAL, crlock_read_events(self->crlock));
	EXPECT_EQ(0, crlock_lost(self->crlock));
	ASSERT_EQ(0, crlock_monitor(self->crlock, &self->mine, 0, see_event, &self->seen));
	EXPECT_EQ(-EBUSY, crlock_monitor(self->crlock, NULL, 0, see_event, &self->seen));
	EXPECT_EQ(-EBUSY, crlock_each_lock(self->crlock, NULL, see_lock, &self->seen));
	self->seen.other = self->crlock;
	ASSERT_EQ(0, flock(self->fd, LOCK_UN));
	ASSERT_TRUE(await_event(self->crlock));
	ASSERT_EQ(0, crlock_read_events(self->crlock));
	EXPECT_EQ(1, self->seen.nr);
	EXPECT_EQ(-EBUSY, self->seen.other_result);
}

TEST_F(crlock, a_callback_ends_the_reading_of_events)
{
	self->seen = (struct seen){ .limit = 1, .result = 77 };
	ASSERT_EQ(0, crlock_monitor(self->crlock, &self->mine, 0, see_event, &self->seen));
	ASSERT_EQ(0, flock(self->fd, LOCK_UN));
	ASSERT_TRUE(await_event(self->crlock));
	EXPECT_EQ(77, crlock_read_events(self->crlock));
	EXPECT_EQ(1, self->seen.nr);
}

TEST_F(crlock, events_that_are_not_read_are_lost_and_counted)
{
	const int nr = 2000;
	int size = 4096;

	ASSERT_EQ(0, setsockopt(crlock_fd(self->crlock), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
	ASSERT_EQ(0,
		  crlock_monitor(self->crlock, &self->mine, 1 << CRLOCK_EVENT_SET, see_event, &self->seen));
	for (int i = 0; i < nr; i++)
		ASSERT_EQ(0, flock(self->fd, i % 2 ? LOCK_EX : LOCK_SH));
	/* Nothing happens any more; that the last were lost is told all the same. */
	while (self->seen.nr + crlock_lost(self->crlock) < nr) {
		ASSERT_TRUE(await_event(self->crlock));
		ASSERT_EQ(0, crlock_read_events(self->crlock));
	}
	EXPECT_EQ(nr, self->seen.nr + crlock_lost(self->crlock));
	EXPECT_LT(0, crlock_lost(self->crlock));
	EXPECT_LT(0, self->seen.nr);
}

/* Info --------------------------------------------------------------------------------------------- */

TEST(info_without_a_handle)
{
	struct crlock_info info;
	struct utsname uts;

	ASSERT_EQ(0, uname(&uts));
	ASSERT_EQ(0, crlock_get_info(&info));
	EXPECT_EQ(CRLOCK_ABI, info.abi);
	EXPECT_STREQ(uts.release, info.kernel);
	EXPECT_STREQ(uts.machine, info.arch);
	EXPECT_STRNE("", info.version);
	EXPECT_LT(0, info.snapshot_max);
	EXPECT_LT(0, info.tgids_max);
	EXPECT_TRUE(info.features & CRLOCK_FEATURE_REGSETS);
}

/* Errors ------------------------------------------------------------------------------------------- */

TEST_F(crlock, a_process_that_is_gone)
{
	pid_t pids[] = { self->self, INT_MAX };
	struct crlock_filter filter = { .tgids = pids, .nr_tgids = 2 };

	EXPECT_EQ(-ESRCH, crlock_each_lock(self->crlock, &filter, see_lock, &self->seen));
	EXPECT_EQ(0, self->seen.nr);
	EXPECT_NE(NULL, strstr(crlock_error(self->crlock), "TGID")) TH_LOG("%s", crlock_error(self->crlock));
	EXPECT_EQ(NULL, strchr(crlock_error(self->crlock), '\n'));
	EXPECT_EQ(-ESRCH, crlock_each_file(self->crlock, pids, 2, see_file, &self->seen));
	/* And it is forgotten. */
	EXPECT_EQ(0, crlock_each_lock(self->crlock, &self->mine, see_lock, &self->seen));
	EXPECT_STREQ("", crlock_error(self->crlock));
}

TEST_F(crlock, words_that_make_no_sense)
{
	struct crlock_filter filter = { .kinds = 1 << (CRLOCK_KIND_MAX + 1) };
	pid_t *pids = calloc(5000, sizeof(*pids));

	EXPECT_EQ(-EINVAL, crlock_each_lock(self->crlock, &filter, see_lock, &self->seen));
	EXPECT_NE(NULL, strstr(crlock_error(self->crlock), "KINDS")) TH_LOG("%s", crlock_error(self->crlock));
	EXPECT_EQ(-EINVAL, crlock_each_file(self->crlock, NULL, 0, see_file, &self->seen));
	EXPECT_STRNE("", crlock_error(self->crlock));
	/* More than the module takes the library refuses itself. */
	for (int i = 0; i < 5000; i++)
		pids[i] = self->self;
	EXPECT_EQ(-EINVAL, crlock_each_file(self->crlock, pids, 5000, see_file, &self->seen));
	EXPECT_NE(NULL, strstr(crlock_error(self->crlock), "5000 processes"))
	TH_LOG("%s", crlock_error(self->crlock));
	EXPECT_EQ(0, self->seen.nr);
	free(pids);
}

TEST_F(crlock, no_capability)
{
	struct crlock_info info;
	struct crlock *crlock;

	ASSERT_EQ(0, seteuid(65534));
	ASSERT_EQ(0, crlock_get_info(&info));
	ASSERT_EQ(0, crlock_open(&crlock));
	EXPECT_EQ(-EPERM, crlock_each_lock(crlock, NULL, see_lock, &self->seen));
	EXPECT_NE(NULL, strstr(crlock_error(crlock), "CAP_")) TH_LOG("%s", crlock_error(crlock));
	EXPECT_EQ(-EPERM, crlock_each_file(crlock, &self->self, 1, see_file, &self->seen));
	EXPECT_EQ(-EPERM, crlock_thread_regs(crlock, self->child, see_thread, &self->seen));
	EXPECT_EQ(-EPERM, crlock_each_thread(crlock, self->child, see_thread, &self->seen));
	EXPECT_EQ(-EPERM, crlock_monitor(crlock, NULL, 0, see_event, &self->seen));
	EXPECT_NE(NULL, strstr(crlock_error(crlock), "CAP_")) TH_LOG("%s", crlock_error(crlock));
	EXPECT_EQ(0, self->seen.nr);
	crlock_close(crlock);
	ASSERT_EQ(0, seteuid(0));
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		abort();
	close(fd);
}

TEST_F(crlock, a_snapshot_that_is_too_large)
{
	struct crlock_info info;
	char text[32];
	int ret;

	ASSERT_EQ(0, crlock_get_info(&info));
	snprintf(text, sizeof(text), "%llu", (unsigned long long)info.snapshot_max);
	write_text(SNAPSHOT_MAX, "100");
	ret = crlock_each_lock(self->crlock, NULL, see_lock, &self->seen);
	write_text(SNAPSHOT_MAX, text);
	EXPECT_EQ(-ENOBUFS, ret);
	EXPECT_LT(100, crlock_needed(self->crlock));
	EXPECT_EQ(0, self->seen.nr);
	EXPECT_EQ(0, crlock_each_lock(self->crlock, &self->mine, see_lock, &self->seen));
	EXPECT_EQ(0, crlock_needed(self->crlock));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may ask: what of each command is told, or not, without capabilities, to an ordinary user, and from namespaces
 * of each kind.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#include "child.h"
#include "place.h"
#include "raw.h"
#include "told.h"

#define CAP(name) (1ULL << CAP_##name)
#define ALL_CAPS  (~0ULL)

static const char needs_reading[] = "CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN is needed, in the "
				    "initial user namespace";
static const char needs_ptrace[] = "CAP_SYS_PTRACE is needed, in the initial user namespace";

/* Keeps these of the capabilities: to have them now, and to be able to have them again. */
static bool set_caps(uint64_t effective, uint64_t permitted)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2], now[2];

	if (syscall(SYS_capget, &header, now))
		return false;
	for (int i = 0; i < 2; i++) {
		data[i].permitted = now[i].permitted & permitted >> 32 * i;
		data[i].effective = data[i].permitted & effective >> 32 * i;
		data[i].inheritable = 0;
	}
	return !syscall(SYS_capset, &header, data);
}

/* Each request there is, and what comes of it. */
enum request {
	INFO,
	LOCKS,
	FILES,
	REGS,
	ALL_REGS,
	TASKS,
	EVENTS,
	NR_REQUESTS,
};

/* In memory that is shared with who asks. */
struct asking {
	pid_t stopped; /* a process whose registers can be told */
	uint64_t caps;
	bool (*become)(struct asking *asking); /* who asks */
	struct raw raw;
	bool failed;
	struct raw_answer answers[NR_REQUESTS];
};

static void ask(struct asking *asking, enum request which)
{
	static const uint8_t commands[] = {
		[INFO] = CRLOCK_CMD_INFO_GET,	  [LOCKS] = CRLOCK_CMD_LOCK_GET,
		[FILES] = CRLOCK_CMD_FILE_GET,	  [REGS] = CRLOCK_CMD_REGS_GET,
		[ALL_REGS] = CRLOCK_CMD_REGS_GET, [TASKS] = CRLOCK_CMD_TASK_GET,
		[EVENTS] = CRLOCK_CMD_MONITOR,
	};
	bool of_process = which == FILES || which == ALL_REGS || which == TASKS;
	struct raw_request request;

	raw_begin(&request, &asking->raw, commands[which], of_process || which == LOCKS);
	/* Nothing happens to locks of that process. */
	if (of_process || which == EVENTS)
		mnl_attr_put_u32(&request.nlh, CRLOCK_A_TGID, asking->stopped);
	if (which == REGS)
		mnl_attr_put_u32(&request.nlh, CRLOCK_A_TID, asking->stopped);
	asking->failed |= !raw_ask(&asking->raw, &request, &asking->answers[which]);
}

static void ask_all(struct asking *asking)
{
	for (enum request which = INFO; which < NR_REQUESTS; which++)
		ask(asking, which);
}

static bool start_stopped(struct child *child, struct asking **asking)
{
	*asking = shared_memory(sizeof(**asking));
	if (!*asking || !child_start(child, NULL, NULL, NULL))
		return false;
	(*asking)->stopped = child->pid;
	return !kill(child->pid, SIGSTOP) && child_await(child->pid, 'T');
}

static void expect(struct __test_metadata *_metadata, const struct asking *asking, enum request which,
		   const char *refusal)
{
	const struct raw_answer *answer = &asking->answers[which];

	EXPECT_EQ(refusal ? -EPERM : 0, answer->error) TH_LOG("request %d", which);
	EXPECT_STREQ(refusal ?: "", answer->text) TH_LOG("request %d", which);
	if (refusal)
		EXPECT_EQ(0, answer->nr_messages);
}

/* What is refused for want of what; NULL: it is told. */
static void expect_all(struct __test_metadata *_metadata, const struct asking *asking, const char *locks,
		       const char *regs)
{
	EXPECT_FALSE(asking->failed);
	expect(_metadata, asking, INFO, NULL);
	expect(_metadata, asking, LOCKS, locks);
	expect(_metadata, asking, FILES, locks);
	expect(_metadata, asking, REGS, regs);
	expect(_metadata, asking, ALL_REGS, regs);
	expect(_metadata, asking, TASKS, regs);
	expect(_metadata, asking, EVENTS, locks);
}

/* Capabilities ---------------------------------------------------------------------------------------- */

FIXTURE(caps)
{
	struct child child;
	struct asking *asking;
};

FIXTURE_VARIANT(caps)
{
	uint64_t caps;
	const char *locks, *regs;
};

FIXTURE_SETUP(caps)
{
	ASSERT_TRUE(start_stopped(&self->child, &self->asking));
	self->asking->caps = variant->caps;
}

FIXTURE_TEARDOWN(caps)
{
	child_end(&self->child);
}

/* clang-format off */
FIXTURE_VARIANT_ADD(caps, all) { .caps = ALL_CAPS };
FIXTURE_VARIANT_ADD(caps, none) { .locks = needs_reading, .regs = needs_reading };
FIXTURE_VARIANT_ADD(caps, checkpoint_restore) { .caps = CAP(CHECKPOINT_RESTORE), .regs = needs_ptrace };
FIXTURE_VARIANT_ADD(caps, sys_admin) { .caps = CAP(SYS_ADMIN), .regs = needs_ptrace };
FIXTURE_VARIANT_ADD(caps, sys_ptrace) {
	.caps = CAP(SYS_PTRACE), .locks = needs_reading, .regs = needs_reading,
};
FIXTURE_VARIANT_ADD(caps, checkpoint_restore_and_ptrace) {
	.caps = CAP(CHECKPOINT_RESTORE) | CAP(SYS_PTRACE),
};
FIXTURE_VARIANT_ADD(caps, sys_admin_and_ptrace) { .caps = CAP(SYS_ADMIN) | CAP(SYS_PTRACE) };
FIXTURE_VARIANT_ADD(caps, all_but_checkpoint_restore) { .caps = ALL_CAPS & ~CAP(CHECKPOINT_RESTORE) };
FIXTURE_VARIANT_ADD(caps, all_but_sys_admin) { .caps = ALL_CAPS & ~CAP(SYS_ADMIN) };
FIXTURE_VARIANT_ADD(caps, all_but_sys_ptrace) {
	.caps = ALL_CAPS & ~CAP(SYS_PTRACE), .regs = needs_ptrace,
};
FIXTURE_VARIANT_ADD(caps, all_but_both) {
	.caps = ALL_CAPS & ~(CAP(CHECKPOINT_RESTORE) | CAP(SYS_ADMIN)),
	.locks = needs_reading, .regs = needs_reading,
};
/* clang-format on */

static void ask_with_caps(void *data)
{
	struct asking *asking = data;

	if (!set_caps(asking->caps, asking->caps) || !raw_open(&asking->raw))
		_exit(1);
	ask_all(asking);
}

TEST_F(caps, are_what_is_asked_for)
{
	ASSERT_TRUE(child_run(ask_with_caps, self->asking));
	expect_all(_metadata, self->asking, variant->locks, variant->regs);
	if (!variant->regs) {
		EXPECT_EQ(1, self->asking->answers[REGS].nr_rows);
		EXPECT_EQ(1, self->asking->answers[ALL_REGS].nr_rows);
	}
	if (!variant->locks)
		EXPECT_LT(0, self->asking->answers[FILES].nr_rows);
}

/* A socket that comes from a program with more, or one with less. */
static void drop_after_opening(void *data)
{
	struct asking *asking = data;

	if (!raw_open(&asking->raw) || !set_caps(asking->caps, asking->caps))
		_exit(1);
	ask_all(asking);
}

TEST_F(caps, are_asked_for_of_the_sender)
{
	ASSERT_TRUE(child_run(drop_after_opening, self->asking));
	expect_all(_metadata, self->asking, variant->locks, variant->regs);
}

static void raise_after_opening(void *data)
{
	struct asking *asking = data;

	if (!set_caps(asking->caps, ALL_CAPS) || !raw_open(&asking->raw) || !set_caps(ALL_CAPS, ALL_CAPS))
		_exit(1);
	ask_all(asking);
}

TEST_F(caps, are_asked_for_of_the_opener)
{
	ASSERT_TRUE(child_run(raise_after_opening, self->asking));
	expect_all(_metadata, self->asking, variant->locks, variant->regs);
}

/* Capability by capability ------------------------------------------------------------------------------ */

FIXTURE(each_cap)
{
	struct child child;
	struct asking *asking;
};

FIXTURE_SETUP(each_cap)
{
	ASSERT_TRUE(start_stopped(&self->child, &self->asking));
}

FIXTURE_TEARDOWN(each_cap)
{
	child_end(&self->child);
}

static void expect_by_rule(struct __test_metadata *_metadata, struct asking *asking, uint64_t caps)
{
	bool reads = caps & (CAP(CHECKPOINT_RESTORE) | CAP(SYS_ADMIN));
	const char *regs = caps & CAP(SYS_PTRACE) ? NULL : needs_ptrace;

	asking->caps = caps;
	ASSERT_TRUE(child_run(ask_with_caps, asking));
	expect_all(_metadata, asking, reads ? NULL : needs_reading, reads ? regs : needs_reading);
}

TEST_F(each_cap, less_than_all_of_root)
{
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		expect_by_rule(_metadata, self->asking, ALL_CAPS & ~(1ULL << cap));
}

TEST_F(each_cap, alone)
{
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		expect_by_rule(_metadata, self->asking, 1ULL << cap);
}

/* Addresses ----------------------------------------------------------------------------------------------- */

/* In shared memory: who asks of a mapping that the test has, and what it is told. */
struct asking_where {
	pid_t holder;
	uint64_t caps;
	int err;
	struct told told;
};

static void ask_where(void *data)
{
	struct asking_where *asking = data;
	struct crlock_filter filter = { .tgids = &asking->holder, .nr_tgids = 1 };

	if (!set_caps(asking->caps, asking->caps))
		_exit(1);
	asking->err = told_locks(&asking->told, &filter);
}

TEST(addresses_of_mappings_are_told_to_who_may_trace)
{
	struct asking_where *asking = shared_memory(sizeof(*asking));
	struct place place;
	void *map;
	int fd;

	ASSERT_NE(NULL, asking);
	ASSERT_TRUE(place_enter(&place));
	fd = file_new("mapped", O_RDWR);
	ASSERT_EQ(0, flock(fd, LOCK_EX));
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	close(fd);
	asking->holder = getpid();
	for (int may = 0; may < 2; may++) {
		asking->caps = CAP(CHECKPOINT_RESTORE) | (may ? CAP(SYS_PTRACE) : 0);
		/* It is a holder too, behind the test. */
		ASSERT_TRUE(child_run(ask_where, asking));
		ASSERT_EQ(0, asking->err);
		ASSERT_EQ(1, asking->told.nr);
		ASSERT_EQ(2, asking->told.locks[0].nr_holders);
		for (int i = 0; i < 2; i++) {
			EXPECT_EQ(CRLOCK_HOLDER_MAPPING, asking->told.locks[0].holders[i].kind);
			EXPECT_EQ(may ? (uintptr_t)map : 0, asking->told.locks[0].holders[i].where);
		}
	}
	place_leave(&place);
}

/* Users and namespaces ---------------------------------------------------------------------------------- */

FIXTURE(caller)
{
	struct child child;
	struct asking *asking;
};

FIXTURE_VARIANT(caller)
{
	bool (*become)(struct asking * asking);
	const char *refusal; /* of all but information; NULL: all is told */
};

FIXTURE_SETUP(caller)
{
	ASSERT_TRUE(start_stopped(&self->child, &self->asking));
	self->asking->become = variant->become;
}

FIXTURE_TEARDOWN(caller)
{
	child_end(&self->child);
}

#define NOBODY 65534

static bool become_user(struct asking *asking)
{
	return !setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, NOBODY);
}

static bool become_user_with_caps(struct asking *asking)
{
	uint64_t caps = CAP(CHECKPOINT_RESTORE) | CAP(SYS_PTRACE);

	return !prctl(PR_SET_KEEPCAPS, 1) && become_user(asking) && set_caps(caps, caps);
}

static bool write_line(const char *name, const char *line)
{
	int fd = open(name, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line);

	close(fd);
	return written;
}

/* Root there, with every capability. */
static bool enter_user_namespace(struct asking *asking)
{
	return !unshare(CLONE_NEWUSER) && write_line("/proc/self/uid_map", "0 0 1") &&
	       write_line("/proc/self/setgroups", "deny") && write_line("/proc/self/gid_map", "0 0 1");
}

/* The same, made by who has no capability outside. */
static bool enter_user_namespace_of_user(struct asking *asking)
{
	return become_user(asking) && !prctl(PR_SET_DUMPABLE, 1) && !unshare(CLONE_NEWUSER) &&
	       write_line("/proc/self/uid_map", "0 65534 1");
}

static bool enter_network(struct asking *asking)
{
	return !unshare(CLONE_NEWNET);
}

/* It belongs to the user namespace. */
static bool enter_own_network(struct asking *asking)
{
	return enter_user_namespace(asking) && enter_network(asking);
}

static bool enter_other_namespaces(struct asking *asking)
{
	return !unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP);
}

/* Process 1 asks, of a child of its own; who made it waits for it. */
static bool enter_pid_namespace(struct asking *asking)
{
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID))
		return false;
	pid = fork();
	if (pid > 0)
		_exit(waitpid(pid, &status, 0) == pid && !status ? 0 : 1);
	pid = pid ? -1 : fork();
	if (!pid) {
		raise(SIGSTOP);
		_exit(1);
	}
	asking->stopped = pid;
	return getpid() == 1 && waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status);
}

static bool enter_own_pid_namespace(struct asking *asking)
{
	return enter_user_namespace(asking) && enter_pid_namespace(asking);
}

/* clang-format off */
FIXTURE_VARIANT_ADD(caller, user) { .become = become_user, .refusal = needs_reading };
FIXTURE_VARIANT_ADD(caller, user_with_caps) { .become = become_user_with_caps };
FIXTURE_VARIANT_ADD(caller, root_of_user_namespace) {
	.become = enter_user_namespace, .refusal = needs_reading,
};
FIXTURE_VARIANT_ADD(caller, root_of_user_namespace_of_user) {
	.become = enter_user_namespace_of_user, .refusal = needs_reading,
};
FIXTURE_VARIANT_ADD(caller, root_in_network) { .become = enter_network };
FIXTURE_VARIANT_ADD(caller, root_of_user_namespace_in_its_network) {
	.become = enter_own_network, .refusal = needs_reading,
};
FIXTURE_VARIANT_ADD(caller, root_in_pid_namespace) { .become = enter_pid_namespace };
FIXTURE_VARIANT_ADD(caller, root_of_user_namespace_in_its_pid_namespace) {
	.become = enter_own_pid_namespace, .refusal = needs_reading,
};
FIXTURE_VARIANT_ADD(caller, root_in_other_namespaces) { .become = enter_other_namespaces };
/* clang-format on */

static void become_and_ask(void *data)
{
	struct asking *asking = data;

	if (!asking->become(asking) || !raw_open(&asking->raw))
		_exit(1);
	ask_all(asking);
}

TEST_F(caller, is_told_what_it_may_be)
{
	ASSERT_TRUE(child_run(become_and_ask, self->asking));
	expect_all(_metadata, self->asking, variant->refusal, variant->refusal);
}

/* Pid namespaces ------------------------------------------------------------------------------------------ */

/* What is told inside and outside of a namespace that is one level down. */
struct inside {
	pid_t outer; /* of who waits outside */
	volatile pid_t pid; /* of process 1, seen from outside */
	pid_t child; /* of its child, the same */
	pid_t child_inside; /* 2, as a rule */
	struct told told; /* inside: all locks of the file */
	struct told own; /* inside: those of process 1 */
	struct told_files files; /* inside: those of process 1 */
	int by_outer_tgid, files_by_outer_tgid, regs_by_outer_tid;
	char text[256];
	volatile bool done;
};

FIXTURE(pidns)
{
	struct place place;
	struct child child;
	struct inside *inside;
	struct told told;
	int fd; /* has a lock of the test's own, and of all below it */
};

static void be_quiet(void *data)
{
	pause();
}

/* Process 1: takes locks, has a child, and asks. */
static void live_inside(struct inside *inside)
{
	struct child child;
	pid_t one = 1;
	struct crlock_filter filter = { .tgids = &one, .nr_tgids = 1 };
	struct crlock *crlock;
	int own = open("own", O_RDWR | O_CREAT, 0600);

	signal(SIGIO, SIG_IGN);
	if (flock(own, LOCK_EX) || file_lock(own, F_SETLK, F_WRLCK, 7, 1) ||
	    fcntl(own, F_SETLEASE, F_WRLCK) || !child_start(&child, NULL, be_quiet, NULL))
		_exit(1);
	inside->child_inside = child.pid;
	if (told_locks(&inside->told, NULL) || told_locks(&inside->own, &filter) ||
	    told_files_of(&inside->files, &one, 1))
		_exit(1);
	filter.tgids = &inside->outer;
	inside->by_outer_tgid = told_locks(&inside->told, &filter);
	strcpy(inside->text, inside->told.text);
	inside->files_by_outer_tgid = told_files_of(&inside->files, &inside->outer, 1);
	if (crlock_open(&crlock))
		_exit(1);
	inside->regs_by_outer_tid = crlock_thread_regs(crlock, inside->outer, NULL, NULL);
	crlock_close(crlock);
	if (told_locks(&inside->told, NULL) || told_files_of(&inside->files, &one, 1))
		_exit(1);
	inside->done = true;
	for (;;)
		pause();
}

static void make_namespace(void *data)
{
	struct inside *inside = data;
	pid_t pid;

	if (unshare(CLONE_NEWPID))
		_exit(1);
	pid = fork();
	if (!pid)
		live_inside(inside);
	inside->pid = pid;
	waitpid(pid, NULL, 0);
}

FIXTURE_SETUP(pidns)
{
	char name[64];

	ASSERT_TRUE(place_enter(&self->place));
	self->inside = shared_memory(sizeof(*self->inside));
	ASSERT_NE(NULL, self->inside);
	self->inside->outer = getpid();
	self->fd = file_new("file", O_RDWR);
	ASSERT_EQ(0, flock(self->fd, LOCK_EX));
	signal(SIGIO, SIG_IGN);
	ASSERT_EQ(0, fcntl(self->fd, F_SETLEASE, F_WRLCK));
	ASSERT_TRUE(child_start(&self->child, NULL, make_namespace, self->inside));
	ASSERT_TRUE(until(self->inside->pid && self->inside->done));
	snprintf(name, sizeof(name), "/proc/%d/task/%d/children", self->inside->pid, self->inside->pid);
	self->inside->child = number_read(name);
	ASSERT_NE(0, self->inside->child);
}

FIXTURE_TEARDOWN(pidns)
{
	kill(self->inside->pid, SIGKILL);
	child_end(&self->child);
	place_leave(&self->place);
}

static const struct told_lock *find(const struct told *told, uint64_t id)
{
	for (size_t i = 0; i < told->nr; i++)
		if (told->locks[i].row.id == id)
			return &told->locks[i];
	return NULL;
}

TEST_F(pidns, from_inside_shows_no_numbers_of_outside)
{
	const struct inside *inside = self->inside;

	ASSERT_EQ(0, told_locks_of(&self->told, self->fd));
	ASSERT_EQ(2, self->told.nr);
	for (size_t i = 0; i < 2; i++) {
		const struct told_lock *seen = find(&inside->told, self->told.locks[i].row.id);
		size_t nr_strangers = 0;

		ASSERT_NE(NULL, seen);
		EXPECT_EQ(getpid(), self->told.locks[i].row.pid);
		EXPECT_EQ(0, seen->row.pid);
		EXPECT_EQ(0, seen->row.fown_pid);
		/* The test, who made the namespace, process 1 and its child. */
		ASSERT_EQ(4, seen->nr_holders);
		EXPECT_NE(NULL, told_descriptor(seen, 1, self->fd));
		EXPECT_NE(NULL, told_descriptor(seen, inside->child_inside, self->fd));
		for (size_t j = 0; j < 4; j++) {
			nr_strangers += seen->holders[j].tgid == 0;
			EXPECT_EQ(seen->holders[j].tgid, seen->holders[j].tid);
			EXPECT_EQ(self->fd, seen->holders[j].fd);
		}
		EXPECT_EQ(2, nr_strangers);
	}
}

TEST_F(pidns, from_inside_shows_its_own_numbers)
{
	const struct inside *inside = self->inside;
	size_t nr = 0;

	for (size_t i = 0; i < inside->own.nr; i++) {
		const struct crlock_lock *row = &inside->own.locks[i].row;

		if (!row->pid)
			continue;
		nr++;
		EXPECT_EQ(1, row->pid);
		EXPECT_EQ(row->kind == CRLOCK_KIND_LEASE ? 1 : 0, row->fown_pid);
		EXPECT_EQ(2, inside->own.locks[i].nr_holders);
	}
	EXPECT_EQ(3, nr);
	EXPECT_LT(0, inside->files.nr);
	for (size_t i = 0; i < inside->files.nr; i++) {
		EXPECT_EQ(1, inside->files.files[i].tgid);
		EXPECT_EQ(1, inside->files.files[i].tid);
	}
}

TEST_F(pidns, from_inside_does_not_find_who_is_outside)
{
	EXPECT_EQ(-ESRCH, self->inside->by_outer_tgid);
	EXPECT_STREQ("TGID: no such process", self->inside->text);
	EXPECT_EQ(-ESRCH, self->inside->files_by_outer_tgid);
	EXPECT_EQ(-ESRCH, self->inside->regs_by_outer_tid);
}

TEST_F(pidns, from_outside_shows_the_outer_numbers)
{
	struct crlock_filter filter = { .nr_tgids = 1 };
	pid_t pid = self->inside->pid;
	size_t nr = 0;

	filter.tgids = &pid;
	ASSERT_EQ(0, told_locks(&self->told, &filter));
	ASSERT_EQ(5, self->told.nr);
	for (size_t i = 0; i < self->told.nr; i++) {
		const struct told_lock *lock = &self->told.locks[i];

		if (lock->row.pid == getpid())
			continue;
		nr++;
		EXPECT_EQ(self->inside->pid, lock->row.pid);
		if (lock->row.kind == CRLOCK_KIND_LEASE)
			EXPECT_EQ(self->inside->pid, lock->row.fown_pid);
		ASSERT_EQ(2, lock->nr_holders);
		EXPECT_EQ(self->inside->pid, lock->holders[0].tgid);
		EXPECT_EQ(self->inside->child, lock->holders[1].tgid);
	}
	EXPECT_EQ(3, nr);
}

TEST_HARNESS_MAIN

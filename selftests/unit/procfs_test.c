// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Readers of /proc: lines as kernels write them, lines that hostile names make, and lines that are none.
 */
/* links: procfs : */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "kselftest_harness.h"
#include "procfs/fdinfo.h"
#include "procfs/file.h"
#include "procfs/holes.h"
#include "procfs/maps.h"
#include "procfs/mountinfo.h"
#include "procfs/pagemap.h"
#include "procfs/process.h"
#include "procfs/smaps.h"
#include "procfs/timers.h"
#include "procfs/tree.h"

#define NR(array) (sizeof(array) / sizeof(*(array)))

/*
 * A text at whose end nothing may be read: it lies before a page that is not there. What parsers read beyond
 * their text is a crash here, without a sanitizer too.
 */
static struct proc_text fenced(const char *string)
{
	static char *pages;
	size_t len = strlen(string), page = sysconf(_SC_PAGESIZE);
	char *at;

	if (!pages) {
		pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		mprotect(pages + page, page, PROT_NONE);
	}
	at = pages + page - len;
	memcpy(at, string, len);
	return proc_text(at, len);
}

/* Numbers ------------------------------------------------------------------------------------------ */

TEST(numbers_that_fit)
{
	uint64_t value;
	int64_t number;

	EXPECT_TRUE(proc_text_unsigned(fenced("18446744073709551615"), 10, UINT64_MAX, &value));
	EXPECT_EQ(UINT64_MAX, value);
	EXPECT_TRUE(proc_text_unsigned(fenced("fFff"), 16, 0xffff, &value));
	EXPECT_EQ(0xffff, value);
	EXPECT_TRUE(proc_text_unsigned(fenced("0102000"), 8, UINT32_MAX, &value));
	EXPECT_EQ(0102000, value);
	EXPECT_TRUE(proc_text_signed(fenced("-9223372036854775808"), &number));
	EXPECT_EQ(INT64_MIN, number);
	EXPECT_TRUE(proc_text_signed(fenced("9223372036854775807"), &number));
	EXPECT_EQ(INT64_MAX, number);
}

TEST(numbers_that_are_none)
{
	static const char *const texts[] = { "",
					     "-",
					     "+1",
					     " 1",
					     "1 ",
					     "0x1",
					     "1x",
					     "١",
					     "--1",
					     "1-",
					     "18446744073709551616",
					     "99999999999999999999999" };
	uint64_t value = 42;
	int64_t number = 42;

	for (size_t i = 0; i < NR(texts); i++) {
		EXPECT_FALSE(proc_text_unsigned(fenced(texts[i]), 10, UINT64_MAX, &value))
		TH_LOG("'%s'", texts[i]);
		EXPECT_FALSE(proc_text_signed(fenced(texts[i]), &number))
		TH_LOG("'%s'", texts[i]);
	}
	EXPECT_FALSE(proc_text_signed(fenced("-9223372036854775809"), &number));
	EXPECT_FALSE(proc_text_signed(fenced("9223372036854775808"), &number));
	EXPECT_FALSE(proc_text_unsigned(fenced("4294967296"), 10, UINT32_MAX, &value));
	/* A maximum below a digit. */
	EXPECT_FALSE(proc_text_unsigned(fenced("9"), 10, 5, &value));
	EXPECT_FALSE(proc_text_unsigned(fenced("8"), 8, UINT64_MAX, &value));
	EXPECT_FALSE(proc_text_unsigned(fenced("g"), 16, UINT64_MAX, &value));
	EXPECT_EQ(42, value);
	EXPECT_EQ(42, number);
}

/* /proc/locks --------------------------------------------------------------------------------------- */

struct line {
	const char *text;
	struct proc_lock lock;
};

#define ON(maj, min, inode) .has_inode = true, .dev_major = maj, .dev_minor = min, .ino = inode

static const struct line lines[] = {
	{ "1: POSIX  ADVISORY  WRITE 3548 08:01:131171 0 EOF",
	  { .nr = 1,
	    .kind = CRLOCK_KIND_POSIX,
	    .type = F_WRLCK,
	    .pid = 3548,
	    ON(8, 1, 131171),
	    .end = CRLOCK_EOF } },
	{ "2: POSIX  ADVISORY  READ  77 fd:1f:18446744073709551615 1073741826 1073742335",
	  { .nr = 2,
	    .kind = CRLOCK_KIND_POSIX,
	    .type = F_RDLCK,
	    .pid = 77,
	    ON(0xfd, 0x1f, UINT64_MAX),
	    .start = 1073741826,
	    .end = 1073742335 } },
	{ "3: FLOCK  ADVISORY  WRITE 1 00:16:1 0 EOF",
	  { .nr = 3,
	    .kind = CRLOCK_KIND_FLOCK,
	    .type = F_WRLCK,
	    .pid = 1,
	    ON(0, 0x16, 1),
	    .end = CRLOCK_EOF } },
	/* Nobody owns it but its description. */
	{ "4: OFDLCK ADVISORY  READ  -1 08:01:9 100 101",
	  { .nr = 4,
	    .kind = CRLOCK_KIND_OFD,
	    .type = F_RDLCK,
	    .pid = -1,
	    ON(8, 1, 9),
	    .start = 100,
	    .end = 101 } },
	/* Of a process that is not visible from here, as fdinfo shows it. */
	{ "5: POSIX  ADVISORY  WRITE 0 08:01:9 0 0",
	  { .nr = 5, .kind = CRLOCK_KIND_POSIX, .type = F_WRLCK, ON(8, 1, 9) } },
	{ "6: LEASE  ACTIVE    WRITE 9 08:01:9 0 EOF",
	  { .nr = 6, .kind = CRLOCK_KIND_LEASE, .type = F_WRLCK, .pid = 9, ON(8, 1, 9), .end = CRLOCK_EOF } },
	{ "7: LEASE  BREAKING  READ  9 08:01:9 0 EOF",
	  { .nr = 7,
	    .kind = CRLOCK_KIND_LEASE,
	    .state = PROC_LOCK_BREAKING,
	    .type = F_RDLCK,
	    .pid = 9,
	    ON(8, 1, 9),
	    .end = CRLOCK_EOF } },
	{ "7: LEASE  BREAKING  UNLCK 9 08:01:9 0 EOF",
	  { .nr = 7,
	    .kind = CRLOCK_KIND_LEASE,
	    .state = PROC_LOCK_BREAKING,
	    .type = F_UNLCK,
	    .pid = 9,
	    ON(8, 1, 9),
	    .end = CRLOCK_EOF } },
	/* An open that waits for a lease, at which lslocks gives up. */
	{ "7: -> LEASE  BREAKER   READ  11 <none>:0 0 EOF",
	  { .nr = 7,
	    .depth = 1,
	    .kind = CRLOCK_KIND_LEASE,
	    .state = PROC_LOCK_BREAKER,
	    .type = F_RDLCK,
	    .pid = 11,
	    .end = CRLOCK_EOF } },
	{ "8: DELEG  ACTIVE    READ  9 08:01:9 0 EOF",
	  { .nr = 8,
	    .kind = CRLOCK_KIND_DELEGATION,
	    .type = F_RDLCK,
	    .pid = 9,
	    ON(8, 1, 9),
	    .end = CRLOCK_EOF } },
	/* Each level of waiting is one blank more. */
	{ "9: -> FLOCK  ADVISORY  READ  5 08:01:9 0 EOF",
	  { .nr = 9,
	    .depth = 1,
	    .kind = CRLOCK_KIND_FLOCK,
	    .type = F_RDLCK,
	    .pid = 5,
	    ON(8, 1, 9),
	    .end = CRLOCK_EOF } },
	{ "9:  -> POSIX  ADVISORY  WRITE 5 08:01:9 0 9",
	  { .nr = 9,
	    .depth = 2,
	    .kind = CRLOCK_KIND_POSIX,
	    .type = F_WRLCK,
	    .pid = 5,
	    ON(8, 1, 9),
	    .end = 9 } },
	{ "9:   -> OFDLCK ADVISORY  WRITE -1 08:01:9 0 9",
	  { .nr = 9,
	    .depth = 3,
	    .kind = CRLOCK_KIND_OFD,
	    .type = F_WRLCK,
	    .pid = -1,
	    ON(8, 1, 9),
	    .end = 9 } },
	/* Before Linux 5.15. */
	{ "10: POSIX  MANDATORY WRITE 5 08:01:9 0 9",
	  { .nr = 10,
	    .kind = CRLOCK_KIND_POSIX,
	    .mandatory = true,
	    .type = F_WRLCK,
	    .pid = 5,
	    ON(8, 1, 9),
	    .end = 9 } },
	{ "11: ACCESS ADVISORY  READ  5 08:01:9 0 9",
	  { .nr = 11,
	    .kind = CRLOCK_KIND_POSIX,
	    .access = true,
	    .type = F_RDLCK,
	    .pid = 5,
	    ON(8, 1, 9),
	    .end = 9 } },
	{ "12: POSIX  *NOINODE* READ  5 <none>:0 0 9",
	  { .nr = 12, .kind = CRLOCK_KIND_POSIX, .type = F_RDLCK, .pid = 5, .end = 9 } },
	/* What a later kernel may add. */
	{ "13: BETTER ADVISORY  WRITE 5 08:01:9 0 9",
	  { .nr = 13, .kind = PROC_LOCK_KIND_UNKNOWN, .type = F_WRLCK, .pid = 5, ON(8, 1, 9), .end = 9 } },
	{ "14: FLOCK  ADVISORY  WRITE 5 08:01:9 0 EOF and more",
	  { .nr = 14,
	    .kind = CRLOCK_KIND_FLOCK,
	    .type = F_WRLCK,
	    .pid = 5,
	    ON(8, 1, 9),
	    .end = CRLOCK_EOF } },
};

static void expect_same_lock(struct __test_metadata *_metadata, const struct line *line,
			     const struct proc_lock *got)
{
	const struct proc_lock *wanted = &line->lock;

	EXPECT_EQ(wanted->nr, got->nr) TH_LOG("%s", line->text);
	EXPECT_EQ(wanted->depth, got->depth) TH_LOG("%s", line->text);
	EXPECT_EQ(wanted->kind, got->kind) TH_LOG("%s", line->text);
	EXPECT_EQ(wanted->state, got->state) TH_LOG("%s", line->text);
	EXPECT_EQ(wanted->access, got->access) TH_LOG("%s", line->text);
	EXPECT_EQ(wanted->mandatory, got->mandatory) TH_LOG("%s", line->text);
	EXPECT_EQ(wanted->type, got->type) TH_LOG("%s", line->text);
	EXPECT_EQ(wanted->pid, got->pid) TH_LOG("%s", line->text);
	EXPECT_EQ(wanted->has_inode, got->has_inode) TH_LOG("%s", line->text);
	EXPECT_EQ(wanted->dev_major, got->dev_major) TH_LOG("%s", line->text);
	EXPECT_EQ(wanted->dev_minor, got->dev_minor) TH_LOG("%s", line->text);
	EXPECT_EQ(wanted->ino, got->ino) TH_LOG("%s", line->text);
	EXPECT_EQ(wanted->start, got->start) TH_LOG("%s", line->text);
	EXPECT_EQ(wanted->end, got->end) TH_LOG("%s", line->text);
}

TEST(lines_of_locks)
{
	for (size_t i = 0; i < NR(lines); i++) {
		struct proc_lock lock;

		memset(&lock, 0xa5, sizeof(lock));
		ASSERT_EQ(0, proc_lock_parse(fenced(lines[i].text), &lock)) TH_LOG("%s", lines[i].text);
		expect_same_lock(_metadata, &lines[i], &lock);
	}
}

/* A line that ends early lacks something, unless it was in the last number: then there is one digit less. */
TEST(lines_of_locks_that_are_cut)
{
	for (size_t i = 0; i < NR(lines); i++) {
		const char *last = strrchr(lines[i].text, ' ');
		char cut[128];

		for (size_t len = 0; lines[i].text + len <= last; len++) {
			struct proc_lock lock;

			snprintf(cut, sizeof(cut), "%.*s", (int)len, lines[i].text);
			/* Words behind what is known are let pass, so their lack is too. */
			if (strstr(cut, "0 EOF"))
				break;
			EXPECT_EQ(-EINVAL, proc_lock_parse(fenced(cut), &lock)) TH_LOG("'%s'", cut);
		}
	}
}

TEST(lines_that_are_no_locks)
{
	static const char *const texts[] = {
		"",
		" ",
		":",
		"x: POSIX  ADVISORY  WRITE 1 08:01:1 0 EOF",
		"-1: POSIX  ADVISORY  WRITE 1 08:01:1 0 EOF",
		"1 POSIX  ADVISORY  WRITE 1 08:01:1 0 EOF",
		"1: POSIX  ADVISORY  SHARE 1 08:01:1 0 EOF",
		"1: POSIX  ADVISORY  WRITE x 08:01:1 0 EOF",
		"1: POSIX  ADVISORY  WRITE 2147483648 08:01:1 0 EOF",
		"1: POSIX  ADVISORY  WRITE -2147483649 08:01:1 0 EOF",
		"1: POSIX  ADVISORY  WRITE 1 08:01 0 EOF",
		"1: POSIX  ADVISORY  WRITE 1 08:0g:1 0 EOF",
		"1: POSIX  ADVISORY  WRITE 1 100000000:01:1 0 EOF",
		"1: POSIX  ADVISORY  WRITE 1 08:100000000:1 0 EOF",
		"1: POSIX  ADVISORY  WRITE 1 08:01:18446744073709551616 0 EOF",
		"1: POSIX  ADVISORY  WRITE 1 <none>: 0 EOF",
		"1: POSIX  ADVISORY  WRITE 1 <none>:x 0 EOF",
		"1: POSIX  ADVISORY  WRITE 1 08:01:1 EOF 0",
		"1: POSIX  ADVISORY  WRITE 1 08:01:1 0 9223372036854775808",
		"18446744073709551616: POSIX  ADVISORY  WRITE 1 08:01:1 0 EOF",
	};

	for (size_t i = 0; i < NR(texts); i++) {
		struct proc_lock lock;

		EXPECT_EQ(-EINVAL, proc_lock_parse(fenced(texts[i]), &lock)) TH_LOG("%s", texts[i]);
	}
}

/* fdinfo ------------------------------------------------------------------------------------------- */

static const struct {
	const char *text;
	struct proc_break told;
} break_lines[] = {
	{ "1: held WRITE target READ downgrade 44980",
	  { .nr = 1, .held = F_WRLCK, .target = F_RDLCK, .downgrade = true, .downgrade_ms = 44980 } },
	{ "2: held READ target UNLCK unlock 0",
	  { .nr = 2, .held = F_RDLCK, .target = F_UNLCK, .unlock = true } },
	{ "3: held WRITE target UNLCK unlock never",
	  { .nr = 3, .held = F_WRLCK, .target = F_UNLCK, .unlock = true, .unlock_ms = PROC_NO_DEADLINE } },
	{ "4: held WRITE target UNLCK downgrade 12 unlock 4294967295",
	  { .nr = 4,
	    .held = F_WRLCK,
	    .target = F_UNLCK,
	    .downgrade = true,
	    .downgrade_ms = 12,
	    .unlock = true,
	    .unlock_ms = 4294967295 } },
	/* What a later kernel may add. */
	{ "5: held READ by 77 target UNLCK unlock 1 since 5",
	  { .nr = 5, .held = F_RDLCK, .target = F_UNLCK, .unlock = true, .unlock_ms = 1 } },
};

TEST(breaks)
{
	for (size_t i = 0; i < NR(break_lines); i++) {
		const struct proc_break *wanted = &break_lines[i].told;
		struct proc_break told;

		ASSERT_EQ(0, proc_break_parse(fenced(break_lines[i].text), &told))
		TH_LOG("%s", break_lines[i].text);
		EXPECT_EQ(wanted->nr, told.nr);
		EXPECT_EQ(wanted->held, told.held);
		EXPECT_EQ(wanted->target, told.target);
		EXPECT_EQ(wanted->downgrade, told.downgrade);
		EXPECT_EQ(wanted->downgrade_ms, told.downgrade_ms);
		EXPECT_EQ(wanted->unlock, told.unlock);
		EXPECT_EQ(wanted->unlock_ms, told.unlock_ms);
	}
}

TEST(breaks_that_make_no_sense)
{
	static const char *const texts[] = {
		"",
		"1:",
		"held READ target UNLCK unlock 1",
		"1: held READ target UNLCK",
		"1: held READ target UNLCK unlock",
		"1: held READ target UNLCK unlock -1",
		"1: held READ target UNLCK unlock 4294967296",
		"1: held READ target UNLCK unlock 1 unlock 2",
		"1: held READ target UNLCK unlock 1 since",
		"1: held READ target READ downgrade 1",
		"1: held READ target READ unlock 1",
		"1: held WRITE target WRITE downgrade 1",
		"1: held WRITE target UNLCK downgrade 1",
		"1: held UNLCK target UNLCK unlock 1",
		"1: held SHARE target UNLCK unlock 1",
		"1: target UNLCK unlock 1",
		"18446744073709551616: held READ target UNLCK unlock 1",
	};

	for (size_t i = 0; i < NR(texts); i++) {
		struct proc_break told;

		EXPECT_EQ(-EINVAL, proc_break_parse(fenced(texts[i]), &told)) TH_LOG("%s", texts[i]);
	}
}

struct given {
	struct proc_lock locks[4];
	size_t nr;
	struct proc_break told;
};

static int give_lock(const struct proc_lock *lock, void *data)
{
	struct given *given = data;

	if (given->nr == NR(given->locks))
		return -E2BIG;
	given->locks[given->nr++] = *lock;
	return 0;
}

static int give_break(const struct proc_break *told, void *data)
{
	struct given *given = data;

	given->told = *told;
	return 0;
}

static const struct proc_fdinfo_fns give = { give_lock, give_break };

TEST(fdinfo_lines)
{
	struct proc_fdinfo info = { .mnt_id = -1 };
	struct given given = { .nr = 0 };

	EXPECT_EQ(0, proc_fdinfo_line(fenced("pos:\t123"), &info, &give, &given));
	EXPECT_EQ(0, proc_fdinfo_line(fenced("flags:\t02100002"), &info, &give, &given));
	EXPECT_EQ(0, proc_fdinfo_line(fenced("mnt_id:\t29"), &info, &give, &given));
	EXPECT_EQ(0, proc_fdinfo_line(fenced("ino:\t131171"), &info, &give, &given));
	EXPECT_EQ(0, proc_fdinfo_line(fenced("eventfd-count:                0"), &info, &give, &given));
	EXPECT_EQ(0, proc_fdinfo_line(fenced("lock:\t1: FLOCK  ADVISORY  WRITE 7 08:01:131171 0 EOF"), &info,
				      &give, &given));
	EXPECT_EQ(123, info.pos);
	EXPECT_EQ(02100002, info.flags);
	EXPECT_EQ(29, info.mnt_id);
	EXPECT_TRUE(info.has_ino);
	EXPECT_EQ(131171, info.ino);
	ASSERT_EQ(1, given.nr);
	EXPECT_EQ(CRLOCK_KIND_FLOCK, given.locks[0].kind);
	EXPECT_EQ(7, given.locks[0].pid);

	EXPECT_EQ(-EINVAL, proc_fdinfo_line(fenced("pos:\tx"), &info, &give, &given));
	EXPECT_EQ(-EINVAL, proc_fdinfo_line(fenced("flags:\t09"), &info, &give, &given));
	EXPECT_EQ(-EINVAL, proc_fdinfo_line(fenced("flags:\t040000000000"), &info, &give, &given));
	EXPECT_EQ(-EINVAL, proc_fdinfo_line(fenced("mnt_id:\t2147483648"), &info, &give, &given));
	EXPECT_EQ(-EINVAL, proc_fdinfo_line(fenced("mnt_id:"), &info, &give, &given));
	EXPECT_EQ(-EINVAL, proc_fdinfo_line(fenced("ino:\t-1"), &info, &give, &given));
	EXPECT_EQ(-EINVAL, proc_fdinfo_line(fenced("lock:\tnonsense"), &info, &give, &given));
	EXPECT_EQ(0, proc_fdinfo_line(fenced("lock:\tnonsense"), &info, NULL, NULL));
	EXPECT_EQ(1, given.nr);
}

/* Lines that only patched kernels have. */
TEST(fdinfo_lines_of_patched_kernels)
{
	static const char *const drivers[] = {
		"lease:\t1000",
		"lease:",
		"blocked:\t0",
		"blocked:",
		"blocked:\t1: POSIX  ADVISORY  WRITE 8 08:01:5 0 9",
	};
	static const struct proc_fdinfo_fns locks_only = { give_lock, NULL };
	struct proc_fdinfo info = { .mnt_id = -1 };
	struct given given = { .nr = 0 };

	EXPECT_EQ(0, proc_fdinfo_line(fenced("lease:\t1: held READ target UNLCK unlock 7"), &info, &give,
				      &given));
	EXPECT_EQ(F_RDLCK, given.told.held);
	EXPECT_EQ(7, given.told.unlock_ms);
	EXPECT_EQ(0, proc_fdinfo_line(fenced("blocked:\t1:  -> OFDLCK ADVISORY  WRITE 8 08:01:5 0 9"), &info,
				      &give, &given));
	ASSERT_EQ(1, given.nr);
	EXPECT_EQ(2, given.locks[0].depth);
	EXPECT_EQ(8, given.locks[0].pid);

	/* A file may show something else by these names: that is no error. */
	for (size_t i = 0; i < NR(drivers); i++)
		EXPECT_EQ(0, proc_fdinfo_line(fenced(drivers[i]), &info, &give, &given));
	EXPECT_EQ(1, given.nr);
	EXPECT_EQ(0, proc_fdinfo_line(fenced("lease:\t1: held READ target UNLCK unlock 9"), &info,
				      &locks_only, &given));
	EXPECT_EQ(7, given.told.unlock_ms);
	EXPECT_EQ(0, proc_fdinfo_line(fenced("blocked:\t1:  -> OFDLCK ADVISORY  WRITE 8 08:01:5 0 9"), &info,
				      NULL, NULL));
}

static int give_up_lock(const struct proc_lock *lock, void *data)
{
	return 77;
}

static const struct proc_fdinfo_fns give_up = { give_up_lock, NULL };

TEST(fdinfo_of_ours)
{
	struct proc_lines *buffer = malloc(sizeof(*buffer));
	int fd = memfd_create("a\nlock:\t1: name", MFD_CLOEXEC), dir = proc_open(getpid());
	struct proc_fdinfo info;
	struct given given = { .nr = 0 };
	struct flock range = { .l_type = F_WRLCK, .l_start = 10, .l_len = 5 };
	struct stat st;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, dir);
	ASSERT_EQ(0, ftruncate(fd, 100));
	ASSERT_EQ(0, fstat(fd, &st));
	ASSERT_EQ(42, lseek(fd, 42, SEEK_SET));
	ASSERT_EQ(0, flock(fd, LOCK_EX));
	ASSERT_EQ(0, fcntl(fd, F_SETLK, &range));
	ASSERT_EQ(0, proc_fdinfo_read(dir, fd, buffer, &info, &give, &given));
	EXPECT_EQ(42, info.pos);
	EXPECT_EQ(O_RDWR, info.flags & O_ACCMODE);
	EXPECT_TRUE(info.flags & O_CLOEXEC);
	EXPECT_TRUE(info.has_ino);
	EXPECT_EQ(st.st_ino, info.ino);
	ASSERT_EQ(2, given.nr);
	for (size_t i = 0; i < given.nr; i++) {
		EXPECT_EQ(getpid(), given.locks[i].pid);
		EXPECT_EQ(st.st_ino, given.locks[i].ino);
	}
	EXPECT_EQ(77, proc_fdinfo_read(dir, fd, buffer, &info, &give_up, NULL));
	EXPECT_EQ(-ENOENT, proc_fdinfo_read(dir, 1000, buffer, &info, NULL, NULL));
	close(fd);
	close(dir);
	free(buffer);
}

/* Lines -------------------------------------------------------------------------------------------- */

static const char *write_file(const char *content, size_t len)
{
	static char name[64];
	int fd = memfd_create("lines", 0);

	if (fd < 0 || write(fd, content, len) != (ssize_t)len)
		return NULL;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return name;
}

TEST(lines_of_any_length)
{
	static char content[3 * PROC_LINE_MAX];
	struct proc_lines *buffer = malloc(sizeof(*buffer));
	const size_t lens[] = {
		0, 1, PROC_LINE_MAX - 1, PROC_LINE_MAX, PROC_LINE_MAX + 1, 2 * PROC_LINE_MAX
	};
	struct proc_text line;

	for (size_t i = 0; i < NR(lens); i++) {
		size_t len = lens[i], given = len < PROC_LINE_MAX ? len : PROC_LINE_MAX;

		/* Then a short line with a newline, then one without. */
		memset(content, 'x', len);
		memcpy(content + len, "\nnext\nlast", 10);
		ASSERT_EQ(0, proc_lines_open(buffer, AT_FDCWD, write_file(content, len + 10)));
		ASSERT_EQ(1, proc_lines_next(buffer, &line));
		EXPECT_EQ(given, proc_text_len(line)) TH_LOG("of %zu", len);
		ASSERT_EQ(1, proc_lines_next(buffer, &line));
		EXPECT_TRUE(proc_text_is(line, "next")) TH_LOG("of %zu", len);
		ASSERT_EQ(1, proc_lines_next(buffer, &line));
		EXPECT_TRUE(proc_text_is(line, "last")) TH_LOG("of %zu", len);
		EXPECT_EQ(0, proc_lines_next(buffer, &line));
		EXPECT_EQ(0, proc_lines_next(buffer, &line));
		proc_lines_close(buffer);
	}
	ASSERT_EQ(0, proc_lines_open(buffer, AT_FDCWD, write_file("", 0)));
	EXPECT_EQ(0, proc_lines_next(buffer, &line));
	proc_lines_close(buffer);
	EXPECT_EQ(-ENOENT, proc_lines_open(buffer, AT_FDCWD, "/no/such/file"));
	free(buffer);
}

TEST(files_and_links_that_are_too_long)
{
	char buf[8];

	EXPECT_EQ(7, proc_read(AT_FDCWD, write_file("0123456789", 10), buf, sizeof(buf)));
	EXPECT_STREQ("0123456", buf);
	EXPECT_EQ(-ENOENT, proc_read(AT_FDCWD, "/no/such/file", buf, sizeof(buf)));
	ASSERT_EQ(0, chdir("/"));
	EXPECT_EQ(1, proc_link(AT_FDCWD, "/proc/self/cwd", buf, sizeof(buf)));
	EXPECT_STREQ("/", buf);
	EXPECT_EQ(-ENAMETOOLONG, proc_link(AT_FDCWD, "/proc/self/exe", buf, sizeof(buf)));
	EXPECT_EQ(-ENOENT, proc_open(INT_MAX));
}

/* maps --------------------------------------------------------------------------------------------- */

TEST(lines_of_maps)
{
	static const struct {
		const char *text, *perms, *path;
		uint64_t start, end, offset, ino;
		uint32_t dev_major, dev_minor;
	} maps[] = {
		{ "55d0a0000000-55d0a0002000 r--p 00000000 08:01 1835047                    /usr/bin/a b",
		  "r--p", "/usr/bin/a b", 0x55d0a0000000, 0x55d0a0002000, 0, 1835047, 8, 1 },
		{ "7f0000000000-7f0000001000 rw-s 7fffffff000 fd:10a 18446744073709551615 /a\\012b (deleted)",
		  "rw-s", "/a\\012b (deleted)", 0x7f0000000000, 0x7f0000001000, 0x7fffffff000, UINT64_MAX,
		  0xfd, 0x10a },
		{ "7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]", "rw-p",
		  "[stack]", 0x7ffc00000000, 0x7ffc00021000, 0, 0, 0, 0 },
		{ "7f0000000000-7f0000001000 ---p 00000000 00:00 0 ", "---p", "", 0x7f0000000000,
		  0x7f0000001000, 0, 0, 0, 0 },
		{ "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]",
		  "--xp", "[vsyscall]", 0xffffffffff600000, 0xffffffffff601000, 0, 0, 0, 0 },
		{ "7f0000000000-7f0000001000 ---p 00000000 00:00 0", "---p", "", 0x7f0000000000,
		  0x7f0000001000, 0, 0, 0, 0 },
	};

	for (size_t i = 0; i < NR(maps); i++) {
		struct proc_map map;

		ASSERT_EQ(0, proc_map_parse(fenced(maps[i].text), &map)) TH_LOG("%s", maps[i].text);
		EXPECT_EQ(maps[i].start, map.start);
		EXPECT_EQ(maps[i].end, map.end);
		EXPECT_STREQ(maps[i].perms, map.perms);
		EXPECT_EQ(maps[i].offset, map.offset);
		EXPECT_EQ(maps[i].dev_major, map.dev_major);
		EXPECT_EQ(maps[i].dev_minor, map.dev_minor);
		EXPECT_EQ(maps[i].ino, map.ino);
		EXPECT_TRUE(proc_text_is(map.path, maps[i].path)) TH_LOG("%s", maps[i].text);
	}
}

TEST(lines_that_are_no_maps)
{
	static const char *const texts[] = {
		"",
		"7f0000000000",
		"7f0000000000-",
		"7f0000000000-7f0000001000",
		"7f0000000000-7f0000001000 rw-",
		"7f0000000000-7f0000001000 rw-p1 00000000 00:00 0",
		"7f0000000000-7f0000001000 rw-p x 00:00 0",
		"7f0000000000-7f0000001000 rw-p 00000000 00 0",
		"7f0000000000-7f0000001000 rw-p 00000000 00:00",
		"7f0000000000-7f0000001000 rw-p 00000000 00:00 x",
		"10000000000000000-7f0000001000 rw-p 00000000 00:00 0",
	};

	for (size_t i = 0; i < NR(texts); i++) {
		struct proc_map map;

		EXPECT_EQ(-EINVAL, proc_map_parse(fenced(texts[i]), &map)) TH_LOG("%s", texts[i]);
	}
}

/* A path with a newline, and one with the characters that a newline becomes. */
TEST(path_of_a_mapping)
{
	static const char *const names[] = { "a\nb", "a\\012b", "a b (deleted)", "\x1b[31m" };
	struct proc_lines *buffer = malloc(sizeof(*buffer));
	char dir[] = "/tmp/crlock-maps.XXXXXX", path[PATH_MAX], got[PATH_MAX];
	int proc = proc_open(getpid());

	ASSERT_NE(NULL, mkdtemp(dir));
	for (size_t i = 0; i < NR(names); i++) {
		void *at;
		int fd;

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		fd = open(path, O_RDWR | O_CREAT, 0600);
		at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		close(fd);
		EXPECT_EQ(0, proc_map_path(proc, (uintptr_t)at, buffer, got, sizeof(got)));
		/* Without CAP_CHECKPOINT_RESTORE map_files is closed, and maps must do. */
		if (!geteuid() || !strchr(names[i], '\n'))
			EXPECT_STREQ(path, got);
		EXPECT_EQ(-ENAMETOOLONG, proc_map_path(proc, (uintptr_t)at, buffer, got, 8));
		munmap(at, 4096);
		unlink(path);
	}
	EXPECT_EQ(-ENOENT, proc_map_path(proc, 1, buffer, got, sizeof(got)));
	/* Mapped, but no file. */
	EXPECT_EQ(-ENOENT,
		  proc_map_path(proc,
				(uintptr_t)mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
				buffer, got, sizeof(got)));
	rmdir(dir);
	close(proc);
	free(buffer);
}

/* stat and status ----------------------------------------------------------------------------------- */

/* From the parent on; the number of a field in proc_pid_stat(5) is its value, but for what is looked at. */
#define STAT_REST \
	" 1 2 3 4 8 4194560 10 11 12 13 14 15 16 17 18 -19 7 21 999 23 24 25 26 27 28 29 30 31 32 33 34 " \
	"35 36 37 -38 39 40 41 42 43 44 45 46 47 48 49 50 51 52"

TEST(stat_with_odd_names)
{
	static const char *const names[] = { "cat",  "a b",	 "a) R 1 (b",	    ")", "(", "",
					     "a\nb", "\x1b[31m", "() S 0 0 0 0 0 0" };
	char text[256];

	for (size_t i = 0; i < NR(names); i++) {
		struct proc_stat stat = { 0 };

		snprintf(text, sizeof(text), "123 (%s) S" STAT_REST "\n", names[i]);
		ASSERT_EQ(0, proc_stat_parse(fenced(text), &stat)) TH_LOG("%s", text);
		EXPECT_EQ(123, stat.pid);
		EXPECT_STREQ(names[i], stat.comm);
		EXPECT_EQ('S', stat.state);
		EXPECT_EQ(1, stat.ppid);
		EXPECT_EQ(2, stat.pgrp);
		EXPECT_EQ(3, stat.session);
		EXPECT_EQ(4, stat.tty_nr);
		EXPECT_EQ(7, stat.num_threads);
		EXPECT_EQ(999, stat.start_time);
		EXPECT_EQ(4194560, stat.flags);
		EXPECT_EQ(-19, stat.nice);
		EXPECT_EQ(26, stat.start_code);
		EXPECT_EQ(28, stat.start_stack);
		EXPECT_EQ(-38, stat.exit_signal);
		EXPECT_EQ(45, stat.start_data);
		EXPECT_EQ(51, stat.env_end);
		EXPECT_EQ(52, stat.exit_code);
	}
}

TEST(stat_with_a_long_name)
{
	struct proc_stat stat;
	char name[200], text[400];

	memset(name, 'k', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(text, sizeof(text), "1 (%s) I" STAT_REST "\n", name);
	ASSERT_EQ(0, proc_stat_parse(fenced(text), &stat));
	EXPECT_EQ(sizeof(stat.comm) - 1, strlen(stat.comm));
	EXPECT_EQ('I', stat.state);
}

TEST(stat_that_makes_no_sense)
{
	static const char *const texts[] = {
		"",
		"1",
		"1 ",
		"1 (",
		"1 (a",
		"1 (a)",
		"1 (a) S",
		"1 a S" STAT_REST,
		"1 )a( S" STAT_REST,
		"x (a) S" STAT_REST,
		"2147483648 (a) S" STAT_REST,
		"1 (a) S x 2 3 4 5 6",
		/* As far as it was before Linux 2.5, say. */
		"1 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 7 0 999",
	};

	for (size_t i = 0; i < NR(texts); i++) {
		struct proc_stat stat;

		EXPECT_EQ(-EINVAL, proc_stat_parse(fenced(texts[i]), &stat)) TH_LOG("'%s'", texts[i]);
	}
}

TEST(stat_and_comm_of_ours)
{
	static const char name[] = "a) R 0 (b\n\x1b";
	char comm[PROC_COMM_MAX];
	struct proc_stat stat;
	int dir = proc_open(getpid());

	ASSERT_EQ(0, prctl(PR_SET_NAME, name));
	ASSERT_EQ(0, proc_stat_read(dir, &stat));
	EXPECT_EQ(getpid(), stat.pid);
	EXPECT_EQ(getppid(), stat.ppid);
	EXPECT_EQ('R', stat.state);
	EXPECT_EQ(1, stat.num_threads);
	ASSERT_EQ(0, proc_comm_read(dir, comm));
	EXPECT_STREQ(name, comm);
	close(dir);
}

/* A descriptor of a directory does not become another process's. */
TEST(a_process_that_is_gone)
{
	struct proc_status status;
	struct proc_stat stat;
	char comm[PROC_COMM_MAX];
	pid_t pid = fork();
	int dir;

	if (!pid)
		pause();
	dir = proc_open(pid);
	ASSERT_LE(0, dir);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	EXPECT_EQ(-ESRCH, proc_stat_read(dir, &stat));
	EXPECT_EQ(-ESRCH, proc_comm_read(dir, comm));
	EXPECT_EQ(-ESRCH, proc_status_read(dir, &status));
	close(dir);
}

TEST(lines_of_status)
{
	static const char *const texts[] = {
		"Name:\tTgid: 9",   "Umask:\t0022", "Tgid:\t12",	"Ngid:\t0",
		"Pid:\t13",	    "PPid:\t11",    "TracerPid:\t14",	"Uid:\t1\t2\t3\t4294967295",
		"Gid:\t5\t6\t7\t8", "Threads:\t3",  "NSpid:\t13\t2\t1", "SigQ:\t0/31324",
	};
	struct proc_status status = { 0 };

	for (size_t i = 0; i < NR(texts); i++) {
		EXPECT_EQ(0, proc_status_line(fenced(texts[i]), &status)) TH_LOG("%s", texts[i]);
	}
	EXPECT_EQ(12, status.tgid);
	EXPECT_EQ(13, status.pid);
	EXPECT_EQ(11, status.ppid);
	EXPECT_EQ(14, status.tracer);
	EXPECT_EQ(1, status.uid[0]);
	EXPECT_EQ(UINT32_MAX, status.uid[3]);
	EXPECT_EQ(8, status.gid[3]);
	EXPECT_EQ(3, status.threads);
	ASSERT_EQ(3, status.nr_nspid);
	EXPECT_EQ(13, status.nspid[0]);
	EXPECT_EQ(1, status.nspid[2]);
}

TEST(lines_of_status_that_make_no_sense)
{
	static const char *const texts[] = { "Tgid:",
					     "Tgid:\tx",
					     "Pid:\t2147483648",
					     "Uid:\t1\t2\t3",
					     "Uid:\t1\t2\t3\t4294967296",
					     "Gid:\t-1\t2\t3\t4",
					     "Threads:\tmany",
					     "NSpid:\t1\tx" };
	struct proc_status status = { 0 };
	char deep[64 * 4] = "NSpid:";

	for (size_t i = 0; i < NR(texts); i++) {
		EXPECT_EQ(-EINVAL, proc_status_line(fenced(texts[i]), &status)) TH_LOG("%s", texts[i]);
	}
	for (int i = 0; i < PROC_NSPID_MAX; i++)
		strcat(deep, "\t1");
	EXPECT_EQ(0, proc_status_line(fenced(deep), &status));
	EXPECT_EQ(PROC_NSPID_MAX, status.nr_nspid);
	strcat(deep, "\t1");
	EXPECT_EQ(-EINVAL, proc_status_line(fenced(deep), &status));
}

TEST(status_of_ours)
{
	struct proc_status status;
	int dir = proc_open(getpid());

	ASSERT_EQ(0, proc_status_read(dir, &status));
	EXPECT_EQ(getpid(), status.tgid);
	EXPECT_EQ(getpid(), status.pid);
	EXPECT_EQ(getppid(), status.ppid);
	EXPECT_EQ(0, status.tracer);
	EXPECT_EQ(getuid(), status.uid[0]);
	EXPECT_EQ(1, status.threads);
	ASSERT_LE(1, status.nr_nspid);
	EXPECT_EQ(getpid(), status.nspid[0]);
	close(dir);
}

TEST(groups)
{
	uint32_t *groups;
	int dir = proc_open(getpid());

	if (!geteuid()) {
		ASSERT_EQ(0, setgroups(3, (gid_t[]){ 0, 7, UINT32_MAX - 1 }));
		ASSERT_EQ(3, proc_groups_read(dir, &groups));
		EXPECT_EQ(7, groups[1]);
		EXPECT_EQ(UINT32_MAX - 1, groups[2]);
		free(groups);
		ASSERT_EQ(0, setgroups(0, NULL));
		EXPECT_EQ(0, proc_groups_read(dir, &groups));
	} else {
		EXPECT_EQ(getgroups(0, NULL), proc_groups_read(dir, &groups));
	}
	free(groups);
	close(dir);
}

/* Timers ------------------------------------------------------------------------------------------- */

TEST(timers_of_ours)
{
	struct sigevent events[] = {
		{ .sigev_notify = SIGEV_NONE },
		{ .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 0x1234 },
		{ .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR2, ._sigev_un._tid = getpid() },
	};
	struct proc_timer *timers;
	int dir = proc_open(getpid());
	timer_t id;

	EXPECT_EQ(0, proc_timers_read(dir, &timers));
	free(timers);
	for (size_t i = 0; i < NR(events); i++)
		ASSERT_EQ(0, timer_create(i ? CLOCK_MONOTONIC : CLOCK_REALTIME, &events[i], &id));
	ASSERT_EQ(3, proc_timers_read(dir, &timers));
	for (size_t i = 0; i < NR(events); i++) {
		/* Kernels differ in which they show first. */
		const struct proc_timer *timer = &timers[timers[0].id ? NR(events) - 1 - i : i];

		EXPECT_EQ(i, timer->id);
		EXPECT_EQ(events[i].sigev_notify, timer->notify);
		EXPECT_EQ(i ? CLOCK_MONOTONIC : CLOCK_REALTIME, timer->clock);
		if (!i)
			continue;
		EXPECT_EQ(events[i].sigev_signo, timer->signum);
		EXPECT_EQ(events[i].sigev_value.sival_int, (int)timer->sigval);
		EXPECT_EQ(i == 2 ? getpid() : 0, timer->notify_tid);
	}
	free(timers);
	close(dir);
}

/* smaps -------------------------------------------------------------------------------------------- */

struct wanted {
	uint64_t start;
	uint32_t flags;
	char perms[5];
	char path[64];
	size_t nr;
};

static int look_at(const struct proc_map *map, uint32_t flags, unsigned int key, void *data)
{
	struct wanted *wanted = data;

	if (map->start != wanted->start)
		return 0;
	wanted->nr++;
	wanted->flags = flags;
	memcpy(wanted->perms, map->perms, sizeof(map->perms));
	snprintf(wanted->path, sizeof(wanted->path), "%.*s", (int)proc_text_len(map->path), map->path.at);
	return 0;
}

TEST(smaps_of_ours)
{
	struct wanted wanted = { 0 };
	int dir = proc_open(getpid()), fd = memfd_create("VmFlags: gd\nVmFlags: gd", 0);
	char *at;

	ASSERT_EQ(0, ftruncate(fd, 4096));
	at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, at);
	ASSERT_EQ(0, madvise(at, 4096, MADV_DONTFORK));
	ASSERT_EQ(0, madvise(at, 4096, MADV_SEQUENTIAL));
	wanted.start = (uintptr_t)at;
	ASSERT_EQ(0, proc_smaps_each(dir, look_at, &wanted));
	EXPECT_EQ(1, wanted.nr);
	EXPECT_STREQ("r--s", wanted.perms);
	EXPECT_STREQ("/memfd:VmFlags: gd\\012VmFlags: gd (deleted)", wanted.path);
	EXPECT_EQ(PROC_SMAP_NO_FORK | PROC_SMAP_SEQUENTIAL | PROC_SMAP_SHARED | PROC_SMAP_MAY_WRITE |
			  PROC_SMAP_PARTIAL | PROC_SMAP_EMPTY,
		  wanted.flags);
	wanted.nr = 0;
	*(volatile char *)at;
	ASSERT_EQ(0, proc_smaps_each(dir, look_at, &wanted));
	EXPECT_EQ(0, wanted.flags & (PROC_SMAP_PARTIAL | PROC_SMAP_EMPTY));
	close(fd);
	close(dir);
}

/* mountinfo ---------------------------------------------------------------------------------------- */

/* In a mount namespace of its own, of a user namespace if it takes one. */
static bool own_mounts(void)
{
	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return false;
	return !mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL);
}

TEST(mounts_at_odd_places)
{
	static const char *const names[] = { "plain", "a b", "a\nb", "a\\040b", "a\tb", "\x1b[31m#" };
	char dir[] = "/tmp/crlock-mounts.XXXXXX", path[PATH_MAX];
	struct proc_lines *buffer = malloc(sizeof(*buffer));

	if (!own_mounts())
		SKIP(return, "no mount namespace can be made here");
	ASSERT_NE(NULL, mkdtemp(dir));
	ASSERT_EQ(0, mount("none", dir, "tmpfs", 0, NULL));
	for (size_t i = 0; i < NR(names); i++) {
		int proc = proc_open(getpid()), fd;
		struct proc_mounts *mounts;
		struct proc_mount mount_got;
		struct proc_fdinfo info;
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		ASSERT_EQ(0, mkdir(path, 0700));
		ASSERT_EQ(0, mount("no ne", path, "tmpfs", 0, NULL));
		fd = open(path, O_PATH | O_CLOEXEC);
		ASSERT_EQ(0, fstat(fd, &st));
		ASSERT_EQ(0, proc_fdinfo_read(proc, fd, buffer, &info, NULL, NULL));
		ASSERT_EQ(0, proc_mounts_read(&mounts, getpid()));
		ASSERT_EQ(0, proc_mounts_find(mounts, info.mnt_id, &mount_got));
		EXPECT_EQ(info.mnt_id, mount_got.id);
		EXPECT_EQ(major(st.st_dev), mount_got.dev_major);
		EXPECT_EQ(minor(st.st_dev), mount_got.dev_minor);
		EXPECT_STREQ(path, mount_got.target);
		EXPECT_STREQ("tmpfs", mount_got.type);
		EXPECT_EQ(-ENOENT, proc_mounts_find(mounts, INT_MAX, &mount_got));
		proc_mounts_free(mounts);
		close(fd);
		close(proc);
	}
	umount2(dir, MNT_DETACH);
	rmdir(dir);
	free(buffer);
}

TEST(mounts_of_nobody)
{
	struct proc_mounts *mounts = NULL;

	EXPECT_GT(0, proc_mounts_read(&mounts, INT_MAX));
	proc_mounts_free(NULL);
}

/* Lists of processes -------------------------------------------------------------------------------- */

TEST(tree_of_processes)
{
	struct proc_pids pids = { 0 };
	int up[2], down[2];
	pid_t child, grandchild = 0;

	ASSERT_EQ(0, pipe(up));
	ASSERT_EQ(0, pipe(down));
	child = fork();
	if (!child) {
		close(down[1]);
		grandchild = fork();
		if (grandchild && write(up[1], &grandchild, sizeof(grandchild)) < 0)
			_exit(1);
		/* Until the test is over, whatever comes of it. */
		if (read(down[0], &child, 1) < 0)
			_exit(1);
		_exit(0);
	}
	ASSERT_EQ(sizeof(grandchild), read(up[0], &grandchild, sizeof(grandchild)));
	ASSERT_EQ(0, proc_pids_tree(&pids, child));
	ASSERT_EQ(2, pids.nr);
	EXPECT_EQ(child, pids.pids[0]);
	EXPECT_EQ(grandchild, pids.pids[1]);
	proc_pids_free(&pids);
	EXPECT_EQ(-ESRCH, proc_pids_tree(&pids, INT_MAX));
	EXPECT_EQ(0, pids.nr);
	proc_pids_free(&pids);
	close(down[1]);
	waitpid(child, NULL, 0);
}

/* Holes in memory -------------------------------------------------------------------------------------- */

FIXTURE(reserved)
{
	char *start;
	struct proc_holes holes;
};

#define RESERVED (1UL << 40)

FIXTURE_SETUP(reserved)
{
	int dir = proc_open(getpid());

	self->start = mmap(NULL, RESERVED, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(MAP_FAILED, self->start);
	proc_holes_open(&self->holes, dir, proc_pagemap_open(dir));
}

FIXTURE_TEARDOWN(reserved)
{
	close(self->holes.dir);
	close(self->holes.pagemap);
	proc_holes_close(&self->holes);
	munmap(self->start, RESERVED);
}

/* From one page after another on, what comes next. */
static uint64_t next_after(struct proc_holes *holes, char *start, char *end)
{
	return proc_holes_skip(holes, (uintptr_t)start, (uintptr_t)end);
}

TEST_F(reserved, nothing_is_there)
{
	EXPECT_EQ((uintptr_t)self->start + RESERVED,
		  next_after(&self->holes, self->start, self->start + RESERVED));
	/* As a kernel that cannot scan has it told. */
	self->holes.no_scan = true;
	EXPECT_EQ((uintptr_t)self->start + RESERVED,
		  next_after(&self->holes, self->start, self->start + RESERVED));
}

TEST_F(reserved, no_page_is_passed_over)
{
	char *page = self->start + RESERVED / 3 / PROC_PAGE_SIZE * PROC_PAGE_SIZE;
	uint64_t next;

	*page = 1;
	next = next_after(&self->holes, self->start, self->start + RESERVED);
	EXPECT_EQ((uintptr_t)(self->holes.no_scan ? self->start : page), next);
	EXPECT_EQ((uintptr_t)page, next_after(&self->holes, page, self->start + RESERVED));
	self->holes.no_scan = true;
	EXPECT_EQ((uintptr_t)self->start, next_after(&self->holes, self->start, self->start + RESERVED));
}

TEST_F(reserved, what_is_small_is_looked_at)
{
	EXPECT_EQ((uintptr_t)self->start,
		  next_after(&self->holes, self->start, self->start + PROC_PAGE_SIZE));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The model of a lock: text that strangers' names cannot spoil, joining what two sources say, and telling what
 * differs.
 */
/* links: locks procfs libcrlock : -lmnl */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "kselftest_harness.h"
#include "locks/apply.h"
#include "locks/cache.h"
#include "locks/compare.h"
#include "locks/format.h"
#include "locks/index.h"
#include "locks/list.h"
#include "locks/source.h"

#define NR(array) (sizeof(array) / sizeof(*(array)))

/* Text --------------------------------------------------------------------------------------------- */

/* As printable text, to be freed. */
static char *printable(const char *text)
{
	struct lock_buffer buffer = { 0 };

	lock_buffer_printable(&buffer, text);
	return buffer.text ?: strdup("");
}

/* What the C library says, not what the code under test says: characters of which a terminal shows each. */
static bool is_harmless(const char *text)
{
	static const wchar_t unsafe[] = L"\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e"
					L"\u2066\u2067\u2068\u2069";
	mbstate_t state = { 0 };
	size_t left = strlen(text), len;
	wchar_t c;

	while (left) {
		len = mbrtowc(&c, text, left, &state);
		if (!len || len > left)
			return false;
		if (c < 0x20 || (c >= 0x7f && c < 0xa0) || wcschr(unsafe, c))
			return false;
		text += len;
		left -= len;
	}
	return true;
}

FIXTURE(text)
{
	struct lock_buffer buffer;
};

FIXTURE_SETUP(text)
{
	ASSERT_EQ(0, setenv("LC_ALL", "C.UTF-8", 1));
	ASSERT_NE(NULL, setlocale(LC_CTYPE, ""));
	self->buffer = (struct lock_buffer){ 0 };
}

FIXTURE_TEARDOWN(text)
{
	lock_buffer_free(&self->buffer);
}

TEST_F(text, harmless_names_are_left_alone)
{
	static const char *const texts[] = {
		"",
		"a",
		" ~!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
		"na\u00efve",
		"\u65e5\u672c\u8a9e",
		"\U0001f512",
		"\u00a0",
		"\ud7ff",
		"\ue000",
		"\U0010ffff",
		"\\x1b",
	};

	for (size_t i = 0; i < NR(texts); i++) {
		char *got = printable(texts[i]);

		EXPECT_STREQ(texts[i], got);
		free(got);
	}
}

TEST_F(text, hostile_names_are_escaped)
{
	static const struct {
		const char *name, *text;
	} names[] = {
		{ "a\nb", "a\\x0ab" },
		{ "\t\r\a\x7f", "\\x09\\x0d\\x07\\x7f" },
		{ "\x1b]0;title\x07", "\\x1b]0;title\\x07" },
		{ "\xc2\x9b"
		  "31m",
		  "\\xc2\\x9b31m" }, /* CSI as one C1 character */
		{ "\x9b"
		  "31m",
		  "\\x9b31m" },
		{ "\u202egnp.exe", "\\xe2\\x80\\xaegnp.exe" }, /* right to left */
		{ "\u2066\u2069", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9" },
		{ "\u061c", "\\xd8\\x9c" },
		{ "\u2028", "\\xe2\\x80\\xa8" },
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "a\xe6\x97", "a\\xe6\\x97" }, /* a character that is cut */
		{ "\xe6\x97 ", "\\xe6\\x97 " },
		{ "\xc0\xaf", "\\xc0\\xaf" }, /* overlong */
		{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
		{ "\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* half of a pair */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* beyond the last character */
		{ "\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80" },
	};

	for (size_t i = 0; i < NR(names); i++) {
		char *got = printable(names[i].name);

		EXPECT_STREQ(names[i].text, got);
		EXPECT_TRUE(is_harmless(got));
		free(got);
	}
}

TEST_F(text, no_bytes_at_all_come_through_raw)
{
	unsigned int seed = 1;
	char name[16];

	/* All pairs of bytes, behind and before others, and then at random with many that are special. */
	for (unsigned int i = 0; i < 1 << 16; i++) {
		char pair[] = { 'a', 1 + (i & 0xff) % 255, 1 + (i >> 8) % 255, 'z', '\0' };
		char *got = printable(pair);

		ASSERT_TRUE(is_harmless(got)) TH_LOG("%02x %02x", pair[1] & 0xff, pair[2] & 0xff);
		free(got);
	}
	for (int i = 0; i < 200000; i++) {
		static const unsigned char special[] = { 0x1b, 0x9b, 0xc2, 0xe2, 0x80, 0xae,
							 0x81, 0xa8, 0xf0, 0xed, 0xa0, 0xd8 };
		size_t len = rand_r(&seed) % sizeof(name);
		char *got;

		for (size_t j = 0; j < len; j++)
			name[j] = rand_r(&seed) % 2 ? special[rand_r(&seed) % sizeof(special)]
						    : 1 + rand_r(&seed) % 255;
		name[len] = '\0';
		got = printable(name);
		ASSERT_TRUE(is_harmless(got)) TH_LOG("'%s'", got);
		free(got);
	}
}

/* Whoever has another locale has a terminal for which bytes of UTF-8 may be anything. */
TEST_F(text, other_locales_have_ascii)
{
	ASSERT_EQ(0, setenv("LC_ALL", "C", 1));
	lock_buffer_printable(&self->buffer, "gr\u00fcn ~\xff");
	EXPECT_STREQ("gr\\xc3\\xbcn ~\\xff", lock_buffer_text(&self->buffer));
	lock_buffer_clear(&self->buffer);
	lock_buffer_utf8(&self->buffer, "gr\u00fcn ~\xff\n");
	EXPECT_STREQ("gr\u00fcn ~\\xff\\x0a", lock_buffer_text(&self->buffer));
}

TEST_F(text, buffer_grows)
{
	EXPECT_STREQ("", lock_buffer_text(&self->buffer));
	lock_buffer_clear(&self->buffer);
	for (int i = 0; i < 1000; i++)
		lock_buffer_add(&self->buffer, "0123456789");
	EXPECT_EQ(10000, self->buffer.len);
	EXPECT_EQ(10000, strlen(lock_buffer_text(&self->buffer)));
	lock_buffer_clear(&self->buffer);
	lock_buffer_format(&self->buffer, "%5000s|", "x");
	EXPECT_EQ(5001, self->buffer.len);
	EXPECT_STREQ("x|", lock_buffer_text(&self->buffer) + 4999);
	EXPECT_FALSE(self->buffer.failed);
}

TEST_F(text, numbers)
{
	static const long long numbers[] = { 0, 7, -1, 1234567890, INT64_MAX, INT64_MIN };

	for (size_t i = 0; i < NR(numbers); i++) {
		char wanted[32];

		snprintf(wanted, sizeof(wanted), "%lld", numbers[i]);
		lock_buffer_clear(&self->buffer);
		lock_buffer_number(&self->buffer, numbers[i]);
		EXPECT_STREQ(wanted, lock_buffer_text(&self->buffer));
	}
}

TEST_F(text, seconds_and_offsets)
{
	static const struct {
		int64_t ms;
		const char *text;
	} times[] = {
		{ 0, "0.0s" },
		{ 12345, "12.3s" },
		{ 44999, "44.9s" },
		{ -1500, "-1.5s" },
		{ INT64_MAX, "9223372036854775.8s" },
		{ INT64_MIN + 1, "-9223372036854775.8s" },
	};

	for (size_t i = 0; i < NR(times); i++) {
		lock_buffer_clear(&self->buffer);
		lock_format_seconds(&self->buffer, times[i].ms);
		EXPECT_STREQ(times[i].text, lock_buffer_text(&self->buffer));
	}
	lock_buffer_clear(&self->buffer);
	lock_format_offset(&self->buffer, CRLOCK_EOF);
	lock_buffer_add(&self->buffer, " ");
	lock_format_offset(&self->buffer, CRLOCK_EOF - 1);
	EXPECT_STREQ("EOF 9223372036854775806", lock_buffer_text(&self->buffer));
}

#define UNLOCK	  CRLOCK_LOCK_UNLOCK_PENDING
#define DOWNGRADE CRLOCK_LOCK_DOWNGRADE_PENDING

TEST_F(text, states_of_leases)
{
	static const struct {
		const char *text;
		struct lock lock;
	} states[] = {
		{ "READ", { .row = { .held = F_RDLCK } } },
		{ "WRITE", { .row = { .held = F_WRLCK, .target = F_WRLCK } } },
		{ "WRITE>READ 12.3s",
		  { .row = { .held = F_WRLCK,
			     .target = F_RDLCK,
			     .state = DOWNGRADE,
			     .downgrade_ms = 12345 } } },
		{ "WRITE>READ 2.0s>UNLCK 40.1s",
		  { .row = { .held = F_WRLCK,
			     .target = F_UNLCK,
			     .state = DOWNGRADE | UNLOCK,
			     .downgrade_ms = 2000,
			     .break_ms = 40100 } } },
		{ "READ>UNLCK -0.5s",
		  { .row = { .held = F_RDLCK, .target = F_UNLCK, .state = UNLOCK, .break_ms = -500 } } },
		{ "WRITE>UNLCK",
		  { .row = { .held = F_WRLCK,
			     .target = F_UNLCK,
			     .state = UNLOCK,
			     .break_ms = CRLOCK_NO_DEADLINE } } },
		{ "WRITE>UNLCK ?",
		  { .row = { .held = F_WRLCK, .target = F_UNLCK, .state = UNLOCK },
		    .unknown = LOCK_UNKNOWN_DEADLINE } },
		{ "READ?>UNLCK ?",
		  { .row = { .held = F_RDLCK, .target = F_UNLCK, .state = UNLOCK },
		    .unknown = LOCK_UNKNOWN_DEADLINE | LOCK_UNKNOWN_HELD } },
		{ "UNKNOWN", { .row = { .held = 77 } } },
	};

	for (size_t i = 0; i < NR(states); i++) {
		lock_buffer_clear(&self->buffer);
		lock_format_state(&self->buffer, &states[i].lock);
		EXPECT_STREQ(states[i].text, lock_buffer_text(&self->buffer));
	}
}

TEST_F(text, holders)
{
	struct lock_holder holders[] = {
		{ .row = { .kind = CRLOCK_HOLDER_DESCRIPTOR, .tgid = 7, .tid = 7, .fd = 3 }, .comm = "sh" },
		{ .row = { .kind = CRLOCK_HOLDER_DESCRIPTOR, .tgid = 8, .tid = 9, .fd = 0 },
		  .comm = "a\n\x1b[m" },
		{ .row = { .kind = CRLOCK_HOLDER_DESCRIPTOR, .fd = 4 } },
		{ .row = { .kind = CRLOCK_HOLDER_MAPPING,
			   .tgid = 7,
			   .tid = 7,
			   .fd = -1,
			   .where = 0x7f0000001000 },
		  .comm = "sh" },
		{ .row = { .kind = CRLOCK_HOLDER_IN_FLIGHT, .fd = -1, .where = 4711 } },
		{ .row = { .kind = 200 } },
	};
	struct lock lock = { .holders = holders, .nr_holders = NR(holders) };

	lock_format_holders(&self->buffer, &lock, "sh");
	EXPECT_STREQ("7:3,8/9:0(a\\x0a\\x1b[m),?:4,7@7f0000001000(mapping),socket:[4711](in flight),kind 200",
		     lock_buffer_text(&self->buffer));
	EXPECT_STREQ("sh", lock_comm(&lock));
	lock.comm = "setter";
	EXPECT_STREQ("setter", lock_comm(&lock));
	EXPECT_EQ(NULL, lock_comm(&(struct lock){ 0 }));
}

TEST_F(text, waiters)
{
	struct lock_waiter waiters[] = {
		{ .pid = 11, .comm = "cat", .kind = CRLOCK_KIND_LEASE, .type = F_RDLCK, .breaker = true },
		{ .pid = 0, .kind = CRLOCK_KIND_OFD, .type = F_WRLCK, .depth = 2 },
		{ .pid = 12, .comm = "\x9b\r", .type = F_WRLCK },
	};
	struct lock lock = { .waiters = waiters, .nr_waiters = NR(waiters) };

	lock_format_waiters(&self->buffer, &lock);
	EXPECT_STREQ("11(cat) open for READ,? WRITE,12(\\x9b\\x0d) WRITE", lock_buffer_text(&self->buffer));
}

TEST_F(text, names_of_locks)
{
	struct lock_holder holder = { .row = { .tgid = 8, .tid = 8, .fd = 3 }, .comm = "child" };
	struct lock lock = {
		.row = { .kind = CRLOCK_KIND_POSIX,
			 .held = F_WRLCK,
			 .end = 99,
			 .pid = 7,
			 .dev_major = 8,
			 .dev_minor = 1,
			 .ino = 5 },
		.comm = "sqlite3",
		.path = "/srv/d\nb",
	};

	lock_format_name(&self->buffer, &lock);
	EXPECT_STREQ("POSIX WRITE 0-99 of /srv/d\\x0ab held by 7(sqlite3)", lock_buffer_text(&self->buffer));
	lock = (struct lock){ .row = lock.row, .holders = &holder, .nr_holders = 1 };
	lock.row.kind = CRLOCK_KIND_FLOCK;
	lock_buffer_clear(&self->buffer);
	lock_format_name(&self->buffer, &lock);
	EXPECT_STREQ("FLOCK WRITE of inode 08:01:5 held by 8(child)", lock_buffer_text(&self->buffer));
}

TEST(kinds_and_sources)
{
	for (int kind = 0; kind <= CRLOCK_KIND_MAX; kind++)
		EXPECT_EQ(kind, lock_kind_parse(lock_kind_name(kind)));
	EXPECT_EQ(CRLOCK_KIND_OFD, lock_kind_parse("ofd"));
	EXPECT_EQ(-1, lock_kind_parse(""));
	EXPECT_EQ(-1, lock_kind_parse("floc"));
	EXPECT_STREQ("UNKNOWN", lock_kind_name(CRLOCK_KIND_MAX + 1));
	EXPECT_EQ(LOCK_FROM_PROC, lock_from_parse("proc"));
	EXPECT_EQ(LOCK_FROM_KMOD, lock_from_parse("kmod"));
	EXPECT_EQ(LOCK_FROM_AUTO, lock_from_parse("auto"));
	EXPECT_EQ(-1, lock_from_parse("PROC"));
}

/* Lists -------------------------------------------------------------------------------------------- */

static struct lock *add(struct lock_list *list, unsigned int kind, uint64_t ino, int64_t start, int64_t end,
			unsigned int type, pid_t pid)
{
	struct lock *lock = lock_list_add(list);

	lock->row = (struct crlock_lock){
		.dev_major = 8,
		.dev_minor = 1,
		.ino = ino,
		.kind = kind,
		.start = start,
		.end = end,
		.held = type,
		.target = type,
		.pid = pid,
	};
	return lock;
}

TEST(list_in_an_order_that_does_not_change)
{
	struct lock_list list = { 0 };
	uint64_t wanted[8];

	/* The wanted place is the id; they are added from the last to the first. */
	for (int i = 7; i >= 0; i--) {
		struct lock *lock = add(&list, i & 2 ? CRLOCK_KIND_POSIX : CRLOCK_KIND_FLOCK, 1 + i / 4,
					i & 1, 9, F_RDLCK, 7);

		lock->row.id = i;
	}
	lock_list_sort(&list);
	ASSERT_EQ(8, list.nr);
	for (size_t i = 0; i < 8; i++)
		EXPECT_EQ(i, wanted[i] = list.locks[i].row.id);
	lock_list_sort(&list);
	for (size_t i = 0; i < 8; i++)
		EXPECT_EQ(wanted[i], list.locks[i].row.id);
	lock_list_free(&list);
	EXPECT_EQ(0, list.nr);
	lock_list_sort(&list);
	lock_list_free(&list);
}

static bool is_odd(const struct lock *lock, const void *data)
{
	return lock->row.ino & *(const uint64_t *)data;
}

TEST(dropped_locks_and_shared_holders)
{
	struct lock_holders *holders = lock_holders_new(2);
	struct lock_list list = { 0 };
	uint64_t one = 1;

	holders->rows[0].comm = strdup("sh");
	for (int i = 0; i < 10; i++) {
		struct lock *lock = add(&list, CRLOCK_KIND_FLOCK, i, 0, CRLOCK_EOF, F_WRLCK, 7);

		lock->path = strdup("/a");
		lock->comm = strdup("sh");
		lock_add_waiter(lock)->comm = strdup("cat");
		lock_set_holders(lock, holders);
		EXPECT_EQ(2, lock->nr_holders);
		EXPECT_EQ(2, lock->row.nr_holders);
	}
	EXPECT_EQ(11, holders->refs);
	lock_holders_put(holders);
	lock_list_drop(&list, is_odd, &one);
	ASSERT_EQ(5, list.nr);
	EXPECT_EQ(5, list.locks[0].shared->refs);
	for (size_t i = 0; i < list.nr; i++)
		EXPECT_EQ(2 * i + 1, list.locks[i].row.ino);
	lock_list_free(&list);
	lock_holders_put(NULL);
	EXPECT_EQ(NULL, lock_holders_new(SIZE_MAX / sizeof(struct lock_holder)));
}

TEST(cache_of_many)
{
	static int values[1000];
	struct lock_cache cache = { 0 };

	/* Keys that collide in their low bits, as addresses and pids do. */
	for (uint64_t round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < NR(values); i++) {
			void **value = lock_cache_get(&cache, (i + 1) << 12);

			ASSERT_NE(NULL, value);
			EXPECT_EQ(round ? (void *)&values[i] : NULL, *value);
			*value = &values[i];
		}
	}
	EXPECT_EQ(NR(values), cache.nr);
	lock_cache_free(&cache, NULL);
	EXPECT_EQ(0, cache.room);
	lock_cache_free(&cache, free);
}

/* Joining lines of /proc with locks ---------------------------------------------------------------- */

#define TEXT(string) proc_text(string, strlen(string))

static struct lock *take(struct lock_index *index, const char *text, bool waited_for)
{
	struct proc_lock line;

	if (proc_lock_parse(TEXT(text), &line))
		return NULL;
	return lock_index_take(index, &line, waited_for);
}

TEST(index_finds_each_lock_once)
{
	struct lock_list list = { 0 };
	struct lock_index index;

	add(&list, CRLOCK_KIND_FLOCK, 5, 0, CRLOCK_EOF, F_RDLCK, 7);
	add(&list, CRLOCK_KIND_FLOCK, 5, 0, CRLOCK_EOF, F_RDLCK, 7);
	add(&list, CRLOCK_KIND_FLOCK, 5, 0, CRLOCK_EOF, F_RDLCK, 8);
	add(&list, CRLOCK_KIND_OFD, 5, 0, 9, F_RDLCK, 7);
	add(&list, CRLOCK_KIND_LAYOUT, 5, 0, CRLOCK_EOF, F_RDLCK, 7);
	add(&list, CRLOCK_KIND_POSIX, 5, 0, 9, F_RDLCK, 0);
	add(&list, CRLOCK_KIND_OFD, 6, 0, 9, F_RDLCK, 7);
	list.locks[6].row.fl_flags = 1 /* FL_POSIX */;
	ASSERT_EQ(0, lock_index_make(&index, &list));

	EXPECT_EQ(&list.locks[0], take(&index, "1: FLOCK  ADVISORY  READ 7 08:01:5 0 EOF", false));
	EXPECT_EQ(&list.locks[1], take(&index, "1: FLOCK  ADVISORY  READ 7 08:01:5 0 EOF", false));
	EXPECT_EQ(NULL, take(&index, "1: FLOCK  ADVISORY  READ 7 08:01:5 0 EOF", false));
	EXPECT_EQ(&list.locks[2], take(&index, "1: FLOCK  ADVISORY  READ 8 08:01:5 0 EOF", false));
	/* /proc/locks shows no pid of a lock that a description owns, and layouts as leases. */
	EXPECT_EQ(&list.locks[3], take(&index, "1: OFDLCK ADVISORY  READ -1 08:01:5 0 9", false));
	EXPECT_EQ(&list.locks[4], take(&index, "1: LEASE  ACTIVE    READ 7 08:01:5 0 EOF", false));
	/* It goes by flags, and on NFS such a lock loses its own. */
	EXPECT_EQ(&list.locks[6], take(&index, "1: POSIX  ADVISORY  READ 7 08:01:6 0 9", false));
	/* The source may not have known the pid. */
	EXPECT_EQ(&list.locks[5], take(&index, "1: POSIX  ADVISORY  READ 9 08:01:5 0 9", false));
	EXPECT_EQ(NULL, take(&index, "1: POSIX  ADVISORY  READ 9 08:01:5 0 9", false));
	lock_index_free(&index);
	lock_list_free(&list);
}

TEST(index_tells_locks_apart)
{
	static const char *const others[] = {
		"1: FLOCK  ADVISORY  READ 7 09:01:5 0 EOF", "1: FLOCK  ADVISORY  READ 7 08:02:5 0 EOF",
		"1: FLOCK  ADVISORY  READ 7 08:01:6 0 EOF", "1: POSIX  ADVISORY  READ 7 08:01:5 0 EOF",
		"1: FLOCK  ADVISORY  READ 7 08:01:5 1 EOF", "1: FLOCK  ADVISORY  READ 7 08:01:5 0 9",
		"1: FLOCK  ADVISORY  READ 8 08:01:5 0 EOF", "1: FLOCK  ADVISORY  READ 7 <none>:0 0 EOF",
	};
	struct lock_list list = { 0 };
	struct lock_index index;

	add(&list, CRLOCK_KIND_FLOCK, 5, 0, CRLOCK_EOF, F_RDLCK, 7);
	ASSERT_EQ(0, lock_index_make(&index, &list));
	for (size_t i = 0; i < NR(others); i++) {
		EXPECT_EQ(NULL, take(&index, others[i], false)) TH_LOG("%s", others[i]);
	}
	/* What is in the kernel now may be of another type, after an upgrade. */
	EXPECT_EQ(&list.locks[0], take(&index, "1: FLOCK  ADVISORY  WRITE 7 08:01:5 0 EOF", false));
	lock_index_free(&index);

	list.nr = 0;
	ASSERT_EQ(0, lock_index_make(&index, &list));
	EXPECT_EQ(NULL, take(&index, others[0], false));
	lock_index_free(&index);
	list.nr = 1;
	lock_list_free(&list);
}

TEST(index_prefers_what_is_likely)
{
	struct lock_list list = { 0 };
	struct lock_index index;

	add(&list, CRLOCK_KIND_FLOCK, 5, 0, CRLOCK_EOF, F_RDLCK, 7);
	add(&list, CRLOCK_KIND_FLOCK, 5, 0, CRLOCK_EOF, F_WRLCK, 7);
	add(&list, CRLOCK_KIND_FLOCK, 5, 0, CRLOCK_EOF, F_RDLCK, 7)->row.state = CRLOCK_LOCK_WAITERS;
	ASSERT_EQ(0, lock_index_make(&index, &list));
	EXPECT_EQ(&list.locks[2], take(&index, "1: FLOCK  ADVISORY  READ 7 08:01:5 0 EOF", true));
	EXPECT_EQ(&list.locks[1], take(&index, "1: FLOCK  ADVISORY  WRITE 7 08:01:5 0 EOF", false));
	EXPECT_EQ(&list.locks[0], take(&index, "1: FLOCK  ADVISORY  WRITE 7 08:01:5 0 EOF", false));
	lock_index_free(&index);
	lock_list_free(&list);
}

/* Where fdinfo tells the requests, they tell apart what looks the same. */
TEST(index_goes_by_requests)
{
	struct lock_list list = { 0 };
	struct proc_lock line, requests[2], other;
	struct lock_index index;

	for (size_t i = 0; i < 3; i++)
		add(&list, CRLOCK_KIND_OFD, 5, 0, 9, F_RDLCK, 0);
	ASSERT_EQ(0, proc_lock_parse(TEXT("1: OFDLCK ADVISORY  READ -1 08:01:5 0 9"), &line));
	ASSERT_EQ(0, proc_lock_parse(TEXT("1: -> OFDLCK ADVISORY  WRITE 7 08:01:5 2 2"), &requests[0]));
	ASSERT_EQ(0, proc_lock_parse(TEXT("1:  -> POSIX  ADVISORY  WRITE 8 08:01:5 2 6"), &requests[1]));
	ASSERT_EQ(0, proc_lock_parse(TEXT("1: -> OFDLCK ADVISORY  WRITE -1 08:01:5 2 3"), &other));
	ASSERT_EQ(0, lock_take_waiter(&list.locks[0], &other));
	ASSERT_EQ(0, lock_take_waiter(&list.locks[1], &requests[0]));
	ASSERT_EQ(0, lock_take_waiter(&list.locks[1], &requests[1]));
	/* /proc/locks does not tell this. */
	list.locks[1].waiters[0].pid = 0;

	ASSERT_EQ(0, lock_index_make(&index, &list));
	EXPECT_EQ(&list.locks[2], lock_index_take_shown(&index, &line, requests, 0));
	EXPECT_EQ(&list.locks[1], lock_index_take_shown(&index, &line, requests, 2));
	EXPECT_EQ(&list.locks[0], lock_index_take_shown(&index, &line, requests, 2));
	EXPECT_EQ(NULL, lock_index_take_shown(&index, &line, requests, 2));
	lock_index_free(&index);
	lock_list_free(&list);
}

/* Very many that look the same must not take the square of their number. */
TEST(index_of_many_that_look_the_same)
{
	const size_t nr = 200000;
	struct lock_list list = { 0 };
	struct lock_index index;

	for (size_t i = 0; i < nr; i++)
		add(&list, CRLOCK_KIND_FLOCK, 5, 0, CRLOCK_EOF, F_RDLCK, 7)->row.rank = i;
	ASSERT_EQ(0, lock_index_make(&index, &list));
	for (size_t i = 0; i < nr; i++) {
		struct lock *lock = take(&index, "1: FLOCK  ADVISORY  READ 7 08:01:5 0 EOF", false);

		ASSERT_NE(NULL, lock);
		ASSERT_EQ(i, lock->row.rank);
	}
	lock_index_free(&index);
	lock_list_free(&list);
}

static const char *proc_locks(const char *content)
{
	static char name[64];
	int fd = memfd_create("locks", 0);

	if (fd < 0 || write(fd, content, strlen(content)) != (ssize_t)strlen(content))
		return NULL;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return name;
}

TEST(waiters_join_the_lock_above_them)
{
	struct lock_list list = { 0 };
	struct lock *posix, *lease, *ofd;

	add(&list, CRLOCK_KIND_POSIX, 5, 0, 9, F_WRLCK, 7)->row.state = CRLOCK_LOCK_WAITERS;
	add(&list, CRLOCK_KIND_LEASE, 6, 0, CRLOCK_EOF, F_WRLCK, 8)->row.state = CRLOCK_LOCK_WAITERS;
	add(&list, CRLOCK_KIND_OFD, 7, 0, 9, F_WRLCK, 9)->row.state = CRLOCK_LOCK_WAITERS;
	add(&list, CRLOCK_KIND_FLOCK, 8, 0, CRLOCK_EOF, F_WRLCK, 9);
	posix = &list.locks[0];
	lease = &list.locks[1];
	ofd = &list.locks[2];
	ASSERT_EQ(0, lock_read_waiters(&list, proc_locks("1: POSIX  ADVISORY  WRITE 7 08:01:5 0 9\n"
							 "1: -> POSIX  ADVISORY  READ  21 08:01:5 0 4\n"
							 "1:  -> POSIX  ADVISORY  WRITE 22 08:01:5 1 2\n"
							 "nonsense\n"
							 "1: -> POSIX  ADVISORY  READ  23 08:01:5 9 9\n"
							 "2: FLOCK  ADVISORY  WRITE 99 08:01:99 0 EOF\n"
							 "2: -> FLOCK  ADVISORY  WRITE 98 08:01:99 0 EOF\n"
							 "3: LEASE  BREAKING  READ  8 08:01:6 0 EOF\n"
							 "3: -> LEASE  BREAKER   READ  24 <none>:0 0 EOF\n"
							 "3: -> LEASE  BREAKER   WRITE 25 <none>:0 0 EOF\n"
							 "4: OFDLCK ADVISORY  WRITE -1 08:01:7 0 9\n"
							 "4: -> OFDLCK ADVISORY  WRITE -1 08:01:7 0 9\n")));
	ASSERT_EQ(3, posix->nr_waiters);
	EXPECT_EQ(21, posix->waiters[0].pid);
	EXPECT_EQ(F_RDLCK, posix->waiters[0].type);
	EXPECT_EQ(4, posix->waiters[0].end);
	EXPECT_EQ(1, posix->waiters[0].depth);
	EXPECT_EQ(22, posix->waiters[1].pid);
	EXPECT_EQ(2, posix->waiters[1].depth);
	EXPECT_EQ(23, posix->waiters[2].pid);
	EXPECT_FALSE(posix->waiters[0].breaker);
	ASSERT_EQ(2, lease->nr_waiters);
	EXPECT_TRUE(lease->waiters[0].breaker);
	EXPECT_EQ(24, lease->waiters[0].pid);
	EXPECT_EQ(F_WRLCK, lease->waiters[1].type);
	ASSERT_EQ(1, ofd->nr_waiters);
	EXPECT_EQ(0, ofd->waiters[0].pid);
	EXPECT_EQ(CRLOCK_KIND_OFD, ofd->waiters[0].kind);
	EXPECT_EQ(0, list.locks[3].nr_waiters);
	lock_list_free(&list);
}

TEST(waiters_are_not_looked_for_in_vain)
{
	struct lock_list list = { 0 };

	add(&list, CRLOCK_KIND_POSIX, 5, 0, 9, F_WRLCK, 7);
	EXPECT_EQ(0, lock_read_waiters(&list, "/no/such/file"));
	list.locks[0].row.state = CRLOCK_LOCK_WAITERS;
	EXPECT_EQ(-ENOENT, lock_read_waiters(&list, "/no/such/file"));
	/* A waiter before any lock, as a file that makes no sense may have. */
	EXPECT_EQ(0, lock_read_waiters(&list, proc_locks("1: -> POSIX  ADVISORY  READ 1 08:01:5 0 4\n")));
	EXPECT_EQ(0, list.locks[0].nr_waiters);
	lock_list_free(&list);
}

/* Comparing ---------------------------------------------------------------------------------------- */

static const struct lock_comparison everything = {
	.names = { "image", "kernel" },
	.fields = UINT32_MAX & ~LOCK_FIELD_DESCRIPTORS,
	.slack_ms = 100,
};

static const struct lock breaking = {
	.row = { .id = 1,
		 .file_id = 2,
		 .owner_id = 3,
		 .ino = 5,
		 .end = CRLOCK_EOF,
		 .kind = CRLOCK_KIND_LEASE,
		 .held = F_WRLCK,
		 .target = F_RDLCK,
		 .state = DOWNGRADE | CRLOCK_LOCK_NOTICE,
		 .downgrade_ms = 10000,
		 .pid = 7,
		 .fown_pid = 7,
		 .fown_signum = SIGIO,
		 .generation = 4,
		 .rank = 1 },
};

TEST(equal_locks_do_not_differ)
{
	struct lock_buffer text = { 0 };
	struct lock other = breaking;

	EXPECT_EQ(0, lock_compare(&text, &breaking, &other, &everything));
	other.row.downgrade_ms += 100;
	/* Not pending, so it does not matter. */
	other.row.break_ms = 77;
	EXPECT_EQ(0, lock_compare(&text, &breaking, &other, &everything));
	EXPECT_EQ(0, lock_compare(&text, &other, &breaking, &everything));
	EXPECT_STREQ("", lock_buffer_text(&text));
	lock_buffer_free(&text);
}

/* clang-format off */
#define CHANGE(name, statement) static void change_##name(struct lock *lock) { statement; }
CHANGE(kind, lock->row.kind = CRLOCK_KIND_DELEGATION)
CHANGE(range, lock->row.end = 9)
CHANGE(held, lock->row.held = F_RDLCK)
CHANGE(target, lock->row.target = F_UNLCK)
CHANGE(pid, lock->row.pid = 8)
CHANGE(time, lock->row.downgrade_ms += 101)
CHANGE(pending, lock->row.state = CRLOCK_LOCK_NOTICE)
CHANGE(deadline, lock->row.downgrade_ms = CRLOCK_NO_DEADLINE)
CHANGE(notice, lock->row.state = DOWNGRADE)
CHANGE(signal, lock->row.fown_signum = SIGUSR1)
CHANGE(owner, lock->row.fown_pid = 8)
CHANGE(uid, lock->row.fown_uid = 8)
CHANGE(generation, lock->row.generation = 5)
CHANGE(id, lock->row.file_id = 9)
CHANGE(rank, lock->row.rank = 0)
CHANGE(waiters, lock->nr_waiters = 1)
/* clang-format on */

static const struct {
	const char *text;
	void (*change)(struct lock *lock);
} differences[] = {
	{ "kind is LEASE in image and DELEG in kernel", change_kind },
	{ "range is 0-EOF in image and 0-9 in kernel", change_range },
	{ "held type is WRITE in image and READ in kernel", change_held },
	{ "target type is READ in image and UNLCK in kernel", change_target },
	{ "setter is 7 in image and 8 in kernel", change_pid },
	{ "state is WRITE>READ 10.0s in image and WRITE>READ 10.1s in kernel", change_time },
	{ "state is WRITE>READ 10.0s in image and WRITE in kernel", change_pending },
	{ "state is WRITE>READ 10.0s in image and WRITE>READ in kernel", change_deadline },
	{ "break notice is on in image and off in kernel", change_notice },
	{ "signal is 29 in image and 10 in kernel", change_signal },
	{ "owner is 7 in image and 8 in kernel", change_owner },
	{ "user of owner is 0 in image and 8 in kernel", change_uid },
	{ "generation is 4 in image and 5 in kernel", change_generation },
	{ "file id is 0000000000000002 in image and 0000000000000009 in kernel", change_id },
	{ "rank is 1 in image and 0 in kernel", change_rank },
	{ "number of waiters is 0 in image and 1 in kernel", change_waiters },
};

TEST(each_difference_is_told)
{
	for (size_t i = 0; i < NR(differences); i++) {
		struct lock_buffer text = { 0 };
		struct lock other = breaking;

		differences[i].change(&other);
		EXPECT_EQ(1, lock_compare(&text, &breaking, &other, &everything));
		EXPECT_STREQ(differences[i].text, lock_buffer_text(&text));
		lock_buffer_free(&text);
	}
}

TEST(several_differences_are_told)
{
	struct lock_buffer text = { 0 };
	struct lock other = breaking;

	change_held(&other);
	change_rank(&other);
	EXPECT_EQ(2, lock_compare(&text, &breaking, &other, &everything));
	EXPECT_STREQ("held type is WRITE in image and READ in kernel, rank is 1 in image and 0 in kernel",
		     lock_buffer_text(&text));
	lock_buffer_free(&text);
}

TEST(what_is_unknown_does_not_differ)
{
	struct lock_buffer text = { 0 };
	struct lock other = breaking;

	change_held(&other);
	change_time(&other);
	change_notice(&other);
	change_signal(&other);
	change_generation(&other);
	change_id(&other);
	change_rank(&other);
	other.unknown = UINT32_MAX;
	EXPECT_EQ(0, lock_compare(&text, &breaking, &other, &everything));
	EXPECT_EQ(0, lock_compare(&text, &other, &breaking, &everything));
	lock_buffer_free(&text);
}

TEST(holders_in_any_order)
{
	struct lock_holder here[] = { { .row = { .tgid = 7, .tid = 7, .fd = 3 } },
				      { .row = { .tgid = 8, .tid = 8, .fd = 4 } } };
	struct lock_holder there[] = { here[1], here[0] };
	struct lock_comparison descriptors = everything;
	struct lock a = breaking, b = breaking;
	struct lock_buffer text = { 0 };

	a.holders = here;
	b.holders = there;
	a.nr_holders = b.nr_holders = 2;
	EXPECT_EQ(0, lock_compare(&text, &a, &b, &everything));
	there[0].row.tgid = there[0].row.tid = 9;
	EXPECT_EQ(1, lock_compare(&text, &a, &b, &everything));
	EXPECT_STREQ("holders is 7:3,8:4 in image and 9:4,7:3 in kernel", lock_buffer_text(&text));
	/* Other processes, but the same descriptors. */
	descriptors.fields = LOCK_FIELD_DESCRIPTORS;
	EXPECT_EQ(0, lock_compare(&text, &a, &b, &descriptors));
	there[0].row.fd = 5;
	EXPECT_EQ(1, lock_compare(&text, &a, &b, &descriptors));
	b.nr_holders = 1;
	EXPECT_EQ(1, lock_compare(&text, &a, &b, &descriptors));
	lock_buffer_free(&text);
}

struct told {
	struct lock_buffer text;
	size_t nr;
};

static void tell(const char *text, void *data)
{
	struct told *told = data;

	lock_buffer_add(&told->text, text);
	lock_buffer_add(&told->text, "\n");
	told->nr++;
}

static size_t compare(struct lock_list *a, struct lock_list *b, struct told *told)
{
	static const struct lock_comparison how = { .names = { "A", "B" } };
	size_t nr;

	*told = (struct told){ 0 };
	return lock_list_compare(a, b, &how, tell, told, &nr) ? SIZE_MAX : nr;
}

TEST(lists_are_paired)
{
	struct lock_list a = { 0 }, b = { 0 };
	struct told told;

	for (int i = 0; i < 20; i++) {
		add(&a, CRLOCK_KIND_POSIX, 1 + i % 3, 10 * i, 10 * i + 9, F_RDLCK, 7);
		add(&b, CRLOCK_KIND_POSIX, 1 + (19 - i) % 3, 10 * (19 - i), 10 * (19 - i) + 9, F_RDLCK, 7);
	}
	EXPECT_EQ(0, compare(&a, &b, &told));
	EXPECT_STREQ("", lock_buffer_text(&told.text));

	/* One more on each side, one of another type, one that is longer, and one of another kind. */
	add(&a, CRLOCK_KIND_FLOCK, 9, 0, CRLOCK_EOF, F_RDLCK, 7);
	add(&b, CRLOCK_KIND_FLOCK, 10, 0, CRLOCK_EOF, F_RDLCK, 7);
	b.locks[0].row.target = b.locks[0].row.held = F_WRLCK;
	b.locks[5].row.end++;
	b.locks[9].row.kind = CRLOCK_KIND_OFD;
	EXPECT_EQ(6, compare(&a, &b, &told));
	EXPECT_STREQ("POSIX READ 190-199 of inode 08:01:2 held by 7: held type is READ in A and WRITE in B, "
		     "target type is READ in A and WRITE in B\n"
		     "POSIX READ 100-109 of inode 08:01:2 held by 7: only in A\n"
		     "OFD READ 100-109 of inode 08:01:2 held by 7: only in B\n"
		     "POSIX READ 140-149 of inode 08:01:3 held by 7: range is 140-149 in A and 140-150 in B\n"
		     "FLOCK READ of inode 08:01:9 held by 7: only in A\n"
		     "FLOCK READ of inode 08:01:10 held by 7: only in B\n",
		     lock_buffer_text(&told.text));
	lock_buffer_free(&told.text);
	lock_list_free(&a);
	lock_list_free(&b);
}

/* The same bytes are a better sign than some of them. */
TEST(pairs_are_the_most_alike)
{
	struct lock_list a = { 0 }, b = { 0 };
	struct told told;

	add(&a, CRLOCK_KIND_POSIX, 5, 10, 19, F_RDLCK, 7);
	add(&b, CRLOCK_KIND_POSIX, 5, 5, 12, F_RDLCK, 8);
	add(&b, CRLOCK_KIND_POSIX, 5, 10, 19, F_RDLCK, 8)->row.target = F_WRLCK;
	EXPECT_EQ(2, compare(&a, &b, &told));
	EXPECT_STREQ("POSIX READ 10-19 of inode 08:01:5 held by 7: target type is READ in A and WRITE in B\n"
		     "POSIX READ 5-12 of inode 08:01:5 held by 8: only in B\n",
		     lock_buffer_text(&told.text));
	lock_buffer_free(&told.text);
	lock_list_free(&a);
	lock_list_free(&b);
}

TEST(list_and_nothing)
{
	struct lock_list a = { 0 }, none = { 0 };
	struct told told;

	EXPECT_EQ(0, compare(&none, &none, &told));
	for (int i = 0; i < 3; i++)
		add(&a, CRLOCK_KIND_FLOCK, i, 0, CRLOCK_EOF, F_RDLCK, 7);
	EXPECT_EQ(3, compare(&a, &none, &told));
	lock_buffer_free(&told.text);
	EXPECT_EQ(3, compare(&none, &a, &told));
	EXPECT_EQ(3, told.nr);
	lock_buffer_free(&told.text);
	lock_list_free(&a);
}

/* Applying ----------------------------------------------------------------------------------------- */

TEST(conflicts)
{
	static const struct {
		unsigned int kind_a, type_a, kind_b, type_b;
		int64_t start_b;
		bool conflict;
	} pairs[] = {
		{ CRLOCK_KIND_FLOCK, F_WRLCK, CRLOCK_KIND_FLOCK, F_RDLCK, 0, true },
		{ CRLOCK_KIND_FLOCK, F_RDLCK, CRLOCK_KIND_FLOCK, F_RDLCK, 0, false },
		{ CRLOCK_KIND_FLOCK, F_WRLCK, CRLOCK_KIND_POSIX, F_WRLCK, 0, false },
		{ CRLOCK_KIND_POSIX, F_WRLCK, CRLOCK_KIND_OFD, F_RDLCK, 9, true },
		{ CRLOCK_KIND_POSIX, F_WRLCK, CRLOCK_KIND_OFD, F_RDLCK, 10, false },
		{ CRLOCK_KIND_OFD, F_RDLCK, CRLOCK_KIND_OFD, F_RDLCK, 0, false },
		{ CRLOCK_KIND_LEASE, F_WRLCK, CRLOCK_KIND_LEASE, F_RDLCK, 99, true },
	};

	for (size_t i = 0; i < NR(pairs); i++) {
		struct lock a = { .row = { .kind = pairs[i].kind_a, .held = pairs[i].type_a, .end = 9 } };
		struct lock b = { .row = { .kind = pairs[i].kind_b,
					   .held = pairs[i].type_b,
					   .start = pairs[i].start_b,
					   .end = CRLOCK_EOF } };

		EXPECT_EQ(pairs[i].conflict, lock_conflict(&a, &b)) TH_LOG("pair %zu", i);
		EXPECT_EQ(pairs[i].conflict, lock_conflict(&b, &a)) TH_LOG("pair %zu", i);
	}
}

TEST(locks_that_cannot_be_taken)
{
	struct lock lock = { .row = { .kind = CRLOCK_KIND_POSIX, .start = -1, .end = 9 } };
	int fd = memfd_create("locks", 0);

	EXPECT_EQ(-ERANGE, lock_take(&lock, &lock_self, fd));
	lock.row.start = 10;
	EXPECT_EQ(-ERANGE, lock_take(&lock, &lock_self, fd));
	lock.row = (struct crlock_lock){ .kind = CRLOCK_KIND_DELEGATION };
	EXPECT_EQ(-EOPNOTSUPP, lock_take(&lock, &lock_self, fd));
	EXPECT_EQ(-EOPNOTSUPP, lock_drop(&lock, &lock_self, fd));
	lock.row = (struct crlock_lock){ .kind = CRLOCK_KIND_FLOCK, .held = F_WRLCK };
	EXPECT_EQ(-EBADF, lock_take(&lock, &lock_self, 1000));
	EXPECT_EQ(0, lock_take(&lock, &lock_self, fd));
	EXPECT_EQ(0, lock_drop(&lock, &lock_self, fd));
	close(fd);
}

static int count_line(const struct proc_lock *lock, void *nr)
{
	(void)lock;
	++*(int *)nr;
	return 0;
}

/* Each read(2) tells one piece. Returns: how many lines were told, or an error. */
static int told_in_pieces(const char *first, const char *second)
{
	char path[32];
	int ends[2], nr = 0, ret;

	if (pipe2(ends, O_DIRECT | O_CLOEXEC))
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	ret = write(ends[1], first, strlen(first)) < 0 || write(ends[1], second, strlen(second)) < 0 ? -errno
												     : 0;
	close(ends[1]);
	ret = ret ?: proc_locks_each(path, count_line, &nr, NULL);
	close(ends[0]);
	return ret ?: nr;
}

TEST(lines_that_come_twice_are_told_once)
{
#define LINE(nr, ino) nr ": FLOCK  ADVISORY  WRITE 7 fe:00:" ino " 0 EOF\n"
	EXPECT_EQ(3, told_in_pieces(LINE("1", "1") LINE("2", "2"), LINE("3", "2") LINE("4", "3")));
	EXPECT_EQ(2, told_in_pieces(LINE("1", "1") LINE("2", "2"), LINE("3", "1") LINE("4", "2")));
	EXPECT_EQ(4, told_in_pieces(LINE("1", "1") LINE("2", "2"), LINE("3", "3") LINE("4", "2")));
#undef LINE
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the family refuses, with which error, and that it says which attribute is to blame: by its name, or,
 * where the text is one that netlink has for all families, by its place in the request. And what a snapshot
 * may take.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#include "child.h"
#include "place.h"
#include "raw.h"

/* Refusals ------------------------------------------------------------------------------------------- */

/* Values that are not known before. */
enum {
	SELF = 1ULL << 60, /* this process */
	GONE = 1ULL << 61, /* one that was */
};

struct attr {
	uint16_t type;
	uint16_t len;
	uint64_t value;
};

#define U32(type_, value_) \
	{ \
		CRLOCK_A_##type_, 4, value_ \
	}
#define U64(type_, value_) \
	{ \
		CRLOCK_A_##type_, 8, value_ \
	}

FIXTURE(refusal)
{
	struct raw raw;
	struct raw_request request;
	struct raw_answer answer;
	struct child gone;
	pid_t gone_pid;
};

FIXTURE_VARIANT(refusal)
{
	uint8_t command;
	bool dump;
	struct attr attrs[4];
	int error;
	int culprit; /* 1: the first attribute; 0: none that is there */
	const char *text;
};

FIXTURE_SETUP(refusal)
{
	ASSERT_TRUE(raw_open(&self->raw));
	ASSERT_TRUE(child_start(&self->gone, NULL, NULL, NULL));
	self->gone_pid = self->gone.pid;
	child_end(&self->gone);
}

FIXTURE_TEARDOWN(refusal)
{
	raw_close(&self->raw);
}

#define REFUSES(name, ...) \
	FIXTURE_VARIANT_ADD(refusal, name) \
	{ \
		__VA_ARGS__ \
	}
#define LOCK_GET		       .command = CRLOCK_CMD_LOCK_GET, .dump = true
#define FILE_GET		       .command = CRLOCK_CMD_FILE_GET, .dump = true
#define REGS_DUMP		       .command = CRLOCK_CMD_REGS_GET, .dump = true
#define REGS_GET		       .command = CRLOCK_CMD_REGS_GET
#define INFO_GET		       .command = CRLOCK_CMD_INFO_GET
#define MONITOR			       .command = CRLOCK_CMD_MONITOR
#define ATTRS(...)		       .attrs = { __VA_ARGS__ }
#define GIVES(error_, culprit_, text_) .error = -(error_), .culprit = culprit_, .text = text_

/* Unknown, or of another command. */
REFUSES(unknown, LOCK_GET, ATTRS({ CRLOCK_A_MAX + 1, 4, 1 }), GIVES(EINVAL, 1, "Unknown attribute type"));
REFUSES(unknown_after_a_good_one, FILE_GET, ATTRS(U32(TGID, SELF), { 1000, 4, 1 }),
	GIVES(EINVAL, 2, "Unknown attribute type"));
REFUSES(unknown_of_regs, REGS_GET, ATTRS(U32(TID, SELF), { CRLOCK_A_MAX + 1, 4, 1 }),
	GIVES(EINVAL, 2, "Unknown attribute type"));
REFUSES(unknown_of_info, INFO_GET, ATTRS({ CRLOCK_A_MAX + 1, 4, 1 }),
	GIVES(EINVAL, 1, "Unknown attribute type"));
REFUSES(any_of_info, INFO_GET, ATTRS(U32(TGID, SELF)), GIVES(EINVAL, 1, "Unsupported attribute"));
REFUSES(tid_of_locks, LOCK_GET, ATTRS(U32(TID, SELF)), GIVES(EINVAL, 1, "Unsupported attribute"));
REFUSES(kinds_of_files, FILE_GET, ATTRS(U32(TGID, SELF), U32(KINDS, 1)),
	GIVES(EINVAL, 2, "Unsupported attribute"));
REFUSES(inode_of_files, FILE_GET, ATTRS(U32(TGID, SELF), U64(INO, 1)),
	GIVES(EINVAL, 2, "Unsupported attribute"));
REFUSES(kinds_of_regs, REGS_DUMP, ATTRS(U32(KINDS, 1)), GIVES(EINVAL, 1, "Unsupported attribute"));
REFUSES(tid_of_events, MONITOR, ATTRS(U32(TID, SELF)), GIVES(EINVAL, 1, "Unsupported attribute"));
REFUSES(events_of_locks, LOCK_GET, ATTRS(U32(EVENTS, 1)), GIVES(EINVAL, 1, "Unsupported attribute"));
REFUSES(a_row, LOCK_GET, ATTRS({ CRLOCK_A_LOCK, 8, 0 }), GIVES(EINVAL, 1, "Unsupported attribute"));

/* Lengths. */
REFUSES(short_tgid, LOCK_GET, ATTRS({ CRLOCK_A_TGID, 2, 1 }), GIVES(EINVAL, 1, "invalid attribute length"));
REFUSES(long_tgid, FILE_GET, ATTRS({ CRLOCK_A_TGID, 8, 1 }), GIVES(EINVAL, 1, "invalid attribute length"));
REFUSES(empty_tid, REGS_GET, ATTRS({ CRLOCK_A_TID, 0, 0 }), GIVES(EINVAL, 1, "invalid attribute length"));
REFUSES(short_ino, LOCK_GET, ATTRS(U32(DEV_MAJOR, 1), U32(DEV_MINOR, 1), { CRLOCK_A_INO, 4, 1 }),
	GIVES(EINVAL, 3, "invalid attribute length"));
REFUSES(long_dev_major, LOCK_GET, ATTRS(U64(DEV_MAJOR, 1)), GIVES(EINVAL, 1, "invalid attribute length"));
REFUSES(long_dev_minor, LOCK_GET, ATTRS(U64(DEV_MINOR, 1)), GIVES(EINVAL, 1, "invalid attribute length"));
REFUSES(long_kinds, LOCK_GET, ATTRS(U64(KINDS, 1)), GIVES(EINVAL, 1, "invalid attribute length"));
REFUSES(long_events, MONITOR, ATTRS(U64(EVENTS, 1)), GIVES(EINVAL, 1, "invalid attribute length"));
REFUSES(nested_tgid, LOCK_GET, ATTRS({ CRLOCK_A_TGID | NLA_F_NESTED, 4, SELF }),
	GIVES(EINVAL, 1, "NLA_F_NESTED not expected"));

/* Ranges. */
REFUSES(no_tgid, LOCK_GET, ATTRS(U32(TGID, 0)), GIVES(ERANGE, 1, "integer out of range"));
REFUSES(no_tgid_of_files, FILE_GET, ATTRS(U32(TGID, SELF), U32(TGID, 0)),
	GIVES(ERANGE, 2, "integer out of range"));
REFUSES(no_tid, REGS_GET, ATTRS(U32(TID, 0)), GIVES(ERANGE, 1, "integer out of range"));
REFUSES(no_tgid_of_regs, REGS_DUMP, ATTRS(U32(TGID, 0)), GIVES(ERANGE, 1, "integer out of range"));
REFUSES(kind_that_is_not_there, LOCK_GET, ATTRS(U32(KINDS, 1 << (CRLOCK_KIND_MAX + 1))),
	GIVES(EINVAL, 1, "reserved bit set"));
REFUSES(all_bits_of_kinds, LOCK_GET, ATTRS(U32(KINDS, 0xffffffff)), GIVES(EINVAL, 1, "reserved bit set"));
REFUSES(event_that_is_not_there, MONITOR, ATTRS(U32(EVENTS, 1 << (CRLOCK_EVENT_MAX + 1))),
	GIVES(EINVAL, 1, "reserved bit set"));
REFUSES(no_tgid_of_events, MONITOR, ATTRS(U32(TGID, 0)), GIVES(ERANGE, 1, "integer out of range"));
REFUSES(kind_of_events_that_is_not_there, MONITOR, ATTRS(U32(KINDS, 1 << (CRLOCK_KIND_MAX + 1))),
	GIVES(EINVAL, 1, "reserved bit set"));
REFUSES(large_dev_major, LOCK_GET, ATTRS(U32(DEV_MAJOR, 1 << 12), U32(DEV_MINOR, 1), U64(INO, 1)),
	GIVES(EINVAL, 1, "reserved bit set"));
REFUSES(large_dev_minor, LOCK_GET, ATTRS(U32(DEV_MAJOR, 1), U32(DEV_MINOR, 1 << 20), U64(INO, 1)),
	GIVES(EINVAL, 2, "reserved bit set"));

/* Missing, or one too many. */
REFUSES(part_of_inode, LOCK_GET, ATTRS(U64(INO, 1)),
	GIVES(EINVAL, 0, "DEV_MAJOR, DEV_MINOR and INO: one without the others"));
REFUSES(inode_without_minor, LOCK_GET, ATTRS(U64(INO, 1), U32(DEV_MAJOR, 1)),
	GIVES(EINVAL, 0, "DEV_MAJOR, DEV_MINOR and INO: one without the others"));
REFUSES(device_without_inode, LOCK_GET, ATTRS(U32(DEV_MINOR, 1), U32(DEV_MAJOR, 1)),
	GIVES(EINVAL, 0, "DEV_MAJOR, DEV_MINOR and INO: one without the others"));
REFUSES(part_of_inode_of_events, MONITOR, ATTRS(U64(INO, 1), U32(DEV_MINOR, 1)),
	GIVES(EINVAL, 0, "DEV_MAJOR, DEV_MINOR and INO: one without the others"));
REFUSES(files_of_nobody, FILE_GET, GIVES(EINVAL, 0, "TGID: is missing"));
REFUSES(regs_of_nobody, REGS_GET, GIVES(EINVAL, 0, "TID: is missing, or TGID is there beside it"));
REFUSES(regs_of_a_process, REGS_GET, ATTRS(U32(TGID, SELF)),
	GIVES(EINVAL, 0, "TID: is missing, or TGID is there beside it"));
REFUSES(regs_of_both, REGS_GET, ATTRS(U32(TGID, SELF), U32(TID, SELF)),
	GIVES(EINVAL, 0, "TID: is missing, or TGID is there beside it"));
REFUSES(all_regs_of_nobody, REGS_DUMP, GIVES(EINVAL, 0, "TGID: must be there once, and TID not"));
REFUSES(all_regs_of_a_thread, REGS_DUMP, ATTRS(U32(TID, SELF)),
	GIVES(EINVAL, 0, "TGID: must be there once, and TID not"));
REFUSES(all_regs_of_two, REGS_DUMP, ATTRS(U32(TGID, SELF), U32(TGID, SELF)),
	GIVES(EINVAL, 0, "TGID: must be there once, and TID not"));
REFUSES(all_regs_of_both, REGS_DUMP, ATTRS(U32(TGID, SELF), U32(TID, SELF)),
	GIVES(EINVAL, 0, "TGID: must be there once, and TID not"));

/* Not there. */
REFUSES(locks_of_the_gone, LOCK_GET, ATTRS(U32(TGID, GONE)), GIVES(ESRCH, 1, "TGID: no such process"));
REFUSES(locks_of_the_gone_too, LOCK_GET, ATTRS(U32(TGID, SELF), U32(KINDS, 1), U32(TGID, GONE)),
	GIVES(ESRCH, 3, "TGID: no such process"));
REFUSES(locks_of_no_pid, LOCK_GET, ATTRS(U32(TGID, 0xffffffff)), GIVES(ESRCH, 1, "TGID: no such process"));
REFUSES(events_of_the_gone, MONITOR, ATTRS(U32(TGID, SELF), U32(TGID, GONE)),
	GIVES(ESRCH, 2, "TGID: no such process"));
REFUSES(files_of_the_gone, FILE_GET, ATTRS(U32(TGID, GONE)), GIVES(ESRCH, 1, "TGID: no such process"));
REFUSES(regs_of_the_gone, REGS_GET, ATTRS(U32(TID, GONE)), GIVES(ESRCH, 1, "TID: no such thread"));
REFUSES(all_regs_of_the_gone, REGS_DUMP, ATTRS(U32(TGID, GONE)), GIVES(ESRCH, 1, "TGID: no such process"));
REFUSES(regs_of_who_runs, REGS_GET, ATTRS(U32(TID, SELF)),
	GIVES(EAGAIN, 1, "TID: the thread is neither stopped, traced nor frozen"));

/* Commands in a form that they do not have: netlink itself says so, without a text. */
REFUSES(locks_at_once, .command = CRLOCK_CMD_LOCK_GET, GIVES(EOPNOTSUPP, 0, NULL));
REFUSES(files_at_once, .command = CRLOCK_CMD_FILE_GET, ATTRS(U32(TGID, SELF)), GIVES(EOPNOTSUPP, 0, NULL));
REFUSES(dump_of_info, .command = CRLOCK_CMD_INFO_GET, .dump = true, GIVES(EOPNOTSUPP, 0, NULL));
REFUSES(dump_of_events, .command = CRLOCK_CMD_MONITOR, .dump = true, GIVES(EOPNOTSUPP, 0, NULL));
REFUSES(event_as_a_request, .command = CRLOCK_CMD_EVENT, GIVES(EOPNOTSUPP, 0, NULL));
REFUSES(no_command, .command = CRLOCK_CMD_UNSPEC, GIVES(EOPNOTSUPP, 0, NULL));
REFUSES(command_that_is_not_there, .command = CRLOCK_CMD_MAX + 1, GIVES(EOPNOTSUPP, 0, NULL));

static uint64_t value_of(const struct attr *attr, pid_t gone)
{
	return attr->value == SELF ? getpid() : attr->value == GONE ? gone : attr->value;
}

TEST_F(refusal, is_explained)
{
	struct nlmsghdr *nlh = &self->request.nlh;
	size_t offsets[5] = { 0 };

	raw_begin(&self->request, &self->raw, variant->command, variant->dump);
	for (int i = 0; i < 4 && variant->attrs[i].type; i++) {
		uint64_t value = value_of(&variant->attrs[i], self->gone_pid);

		offsets[i + 1] = nlh->nlmsg_len;
		mnl_attr_put(nlh, variant->attrs[i].type, variant->attrs[i].len, &value);
	}
	ASSERT_TRUE(raw_ask(&self->raw, &self->request, &self->answer));
	EXPECT_EQ(variant->error, self->answer.error);
	EXPECT_STREQ(variant->text ?: "", self->answer.text);
	EXPECT_EQ(0, self->answer.nr_messages);
	EXPECT_EQ(0, self->answer.needed);
	/* Linux 6.1 tells of errors that a dump itself finds only the text, which has the name. */
	if (self->answer.offset || !variant->text || !strchr(variant->text, ':'))
		EXPECT_EQ(offsets[variant->culprit], self->answer.offset);
}

FIXTURE(request)
{
	struct raw raw;
	struct raw_request request;
	struct raw_answer answer;
};

FIXTURE_SETUP(request)
{
	ASSERT_TRUE(raw_open(&self->raw));
}

FIXTURE_TEARDOWN(request)
{
	raw_close(&self->raw);
}

TEST_F(request, with_bytes_after_its_attributes_is_refused)
{
	raw_begin(&self->request, &self->raw, CRLOCK_CMD_LOCK_GET, true);
	mnl_attr_put_u32(&self->request.nlh, CRLOCK_A_TGID, getpid());
	memset((char *)&self->request + self->request.nlh.nlmsg_len, 0, 4);
	self->request.nlh.nlmsg_len += 3;
	ASSERT_TRUE(raw_ask(&self->raw, &self->request, &self->answer));
	EXPECT_EQ(-EINVAL, self->answer.error);
	EXPECT_STREQ("bytes leftover after parsing attributes", self->answer.text);
}

TEST_F(request, with_an_attribute_longer_than_itself_is_refused)
{
	struct nlattr *attr;

	raw_begin(&self->request, &self->raw, CRLOCK_CMD_LOCK_GET, true);
	attr = mnl_nlmsg_get_payload_tail(&self->request.nlh);
	mnl_attr_put_u32(&self->request.nlh, CRLOCK_A_TGID, getpid());
	attr->nla_len = 4000;
	ASSERT_TRUE(raw_ask(&self->raw, &self->request, &self->answer));
	EXPECT_EQ(-EINVAL, self->answer.error);
	EXPECT_STRNE("", self->answer.text);
}

TEST_F(request, with_a_reserved_field_or_flag_is_refused)
{
	struct genlmsghdr *genl;

	raw_begin(&self->request, &self->raw, CRLOCK_CMD_INFO_GET, false);
	genl = mnl_nlmsg_get_payload(&self->request.nlh);
	genl->reserved = 1;
	ASSERT_TRUE(raw_ask(&self->raw, &self->request, &self->answer));
	EXPECT_EQ(-EINVAL, self->answer.error);
	EXPECT_STREQ("genlmsghdr.reserved field is not 0", self->answer.text);
	raw_begin(&self->request, &self->raw, CRLOCK_CMD_INFO_GET, false);
	self->request.nlh.nlmsg_flags |= NLM_F_ROOT;
	ASSERT_TRUE(raw_ask(&self->raw, &self->request, &self->answer));
	EXPECT_EQ(-EINVAL, self->answer.error);
	EXPECT_STREQ("ambiguous or reserved bits set in nlmsg_flags", self->answer.text);
}

TEST_F(request, with_too_many_processes_is_refused)
{
	struct raw_request *request = calloc(1, sizeof(*request) + 4097 * 8);

	raw_begin(request, &self->raw, CRLOCK_CMD_FILE_GET, true);
	for (int i = 0; i < 4097; i++)
		mnl_attr_put_u32(&request->nlh, CRLOCK_A_TGID, getpid());
	ASSERT_TRUE(raw_ask(&self->raw, request, &self->answer));
	EXPECT_EQ(-EINVAL, self->answer.error);
	EXPECT_STREQ("TGID: too many processes", self->answer.text);
	free(request);
}

TEST_F(request, for_no_kind_gets_none)
{
	raw_begin(&self->request, &self->raw, CRLOCK_CMD_LOCK_GET, true);
	mnl_attr_put_u32(&self->request.nlh, CRLOCK_A_KINDS, 0);
	ASSERT_TRUE(raw_ask(&self->raw, &self->request, &self->answer));
	EXPECT_EQ(0, self->answer.error);
	EXPECT_EQ(0, self->answer.nr_rows);
}

/* What a reader does who wants no more, and what waits for it meanwhile: nothing is left of the dump. */
TEST_F(request, that_is_given_up_leaves_nothing)
{
	for (int i = 0; i < 100; i++) {
		struct raw raw;

		ASSERT_TRUE(raw_open(&raw));
		raw_begin(&self->request, &raw, CRLOCK_CMD_LOCK_GET, true);
		ASSERT_LT(0, mnl_socket_sendto(raw.socket, &self->request, self->request.nlh.nlmsg_len));
		raw_close(&raw);
	}
	raw_begin(&self->request, &self->raw, CRLOCK_CMD_LOCK_GET, true);
	ASSERT_TRUE(raw_ask(&self->raw, &self->request, &self->answer));
	EXPECT_EQ(0, self->answer.error);
}

/* What a snapshot may take ---------------------------------------------------------------------------- */

#define SNAPSHOT_MAX "/sys/module/crlock/parameters/snapshot_max"
#define NR_LOCKS     6000

FIXTURE(bound)
{
	struct place place;
	struct raw raw;
	struct raw_request request;
	struct raw_answer answer;
	struct child child;
	unsigned long long max;
};

FIXTURE_VARIANT(bound)
{
	uint8_t command;
	unsigned long long max; /* with which needs are told exactly */
	size_t nr_rows;
};

FIXTURE_VARIANT_ADD(bound, lock_get){
	.command = CRLOCK_CMD_LOCK_GET,
	.max = 3 << 18,
	.nr_rows = NR_LOCKS,
};

FIXTURE_VARIANT_ADD(bound, file_get){
	.command = CRLOCK_CMD_FILE_GET,
	.max = 1 << 14,
	.nr_rows = 900,
};

FIXTURE_VARIANT_ADD(bound, regs_get){
	.command = CRLOCK_CMD_REGS_GET,
	.max = 1 << 14,
	.nr_rows = 1,
};

static void hold_much(void *data)
{
	int fd = file_new("file", O_RDWR);

	/* From the end on, which does not make the kernel walk past all before. */
	for (int i = NR_LOCKS; i--;)
		if (file_lock(fd, F_OFD_SETLK, F_WRLCK, 2 * i, 1))
			_exit(1);
	close_range(0, fd - 1, 0);
	close_range(fd + 1, ~0U, 0);
	for (int i = 0; i < 900; i++)
		dup2(fd, i);
	/* The ends of the pipes to the test are gone. */
	pause();
}

FIXTURE_SETUP(bound)
{
	self->max = number_read(SNAPSHOT_MAX);
	ASSERT_NE(0, self->max);
	ASSERT_TRUE(place_enter(&self->place));
	ASSERT_TRUE(raw_open(&self->raw));
	ASSERT_TRUE(child_start(&self->child, NULL, hold_much, NULL));
	ASSERT_TRUE(until(!access("file", F_OK)));
	ASSERT_TRUE(child_await(self->child.pid, 'S'));
}

FIXTURE_TEARDOWN(bound)
{
	number_write(SNAPSHOT_MAX, self->max);
	child_end(&self->child);
	raw_close(&self->raw);
	place_leave(&self->place);
}

static bool ask_with_max(struct __test_metadata *_metadata, FIXTURE_DATA(bound) * self,
			 const FIXTURE_VARIANT(bound) * variant, unsigned long long max)
{
	if (!number_write(SNAPSHOT_MAX, max))
		return false;
	raw_begin(&self->request, &self->raw, variant->command, true);
	mnl_attr_put_u32(&self->request.nlh, CRLOCK_A_TGID, self->child.pid);
	return raw_ask(&self->raw, &self->request, &self->answer);
}

#define ASK_WITH_MAX(max) ASSERT_TRUE(ask_with_max(_metadata, self, variant, max))

TEST_F(bound, is_enough_by_default)
{
	ASK_WITH_MAX(self->max);
	EXPECT_EQ(0, self->answer.error);
	EXPECT_EQ(0, self->answer.needed);
	EXPECT_EQ(variant->nr_rows, self->answer.nr_rows);
}

/* What is said to be needed is. */
TEST_F(bound, that_is_too_small_is_told_with_what_would_do)
{
	uint64_t needed;
	char text[128];

	ASK_WITH_MAX(variant->max);
	EXPECT_EQ(-ENOBUFS, self->answer.error);
	EXPECT_EQ(0, self->answer.nr_rows);
	EXPECT_EQ(1, self->answer.nr_messages);
	needed = self->answer.needed;
	EXPECT_LT(variant->max, needed);
	snprintf(text, sizeof(text), "the snapshot takes %s%llu bytes, snapshot_max allows %llu",
		 strstr(self->answer.text, "more than") ? "more than " : "", (unsigned long long)needed,
		 variant->max);
	EXPECT_STREQ(text, self->answer.text);
	ASK_WITH_MAX(needed);
	EXPECT_EQ(0, self->answer.error) TH_LOG("%s", self->answer.text);
	EXPECT_EQ(variant->nr_rows, self->answer.nr_rows);
}

/* Where not even counting is possible each answer leads a step further. */
TEST_F(bound, that_is_tiny_leads_to_one_that_does)
{
	uint64_t max = 1;
	int steps = 0;

	do {
		ASK_WITH_MAX(max);
		if (!self->answer.error)
			break;
		ASSERT_EQ(-ENOBUFS, self->answer.error);
		ASSERT_LT(max, self->answer.needed);
		EXPECT_EQ(0, self->answer.nr_rows);
		max = self->answer.needed;
	} while (++steps < 64);
	EXPECT_LT(0, steps);
	EXPECT_EQ(0, self->answer.error);
	EXPECT_EQ(variant->nr_rows, self->answer.nr_rows);
	EXPECT_GT(64 << 20, max);
}

TEST_HARNESS_MAIN

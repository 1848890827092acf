// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events as they come over netlink: to whom, how many, and what is in them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <crlock.h>

#include "harness.h"

#include "child.h"
#include "place.h"
#include "raw.h"

/* As many as the module sends events to. */
#define LISTENERS_MAX 64

FIXTURE(monitor)
{
	struct place place;
	struct raw raw;
	struct raw_request request;
	struct raw_answer answer;
	struct crlock_event event;
	int fd;
};

FIXTURE_SETUP(monitor)
{
	ASSERT_TRUE(place_enter(&self->place));
	self->fd = file_new("file", O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_TRUE(raw_open(&self->raw));
	raw_begin(&self->request, &self->raw, CRLOCK_CMD_MONITOR, false);
}

FIXTURE_TEARDOWN(monitor)
{
	raw_close(&self->raw);
	close(self->fd);
	place_leave(&self->place);
}

/* Reads one message with one event. Returns: whether it was that. */
static bool read_event(const struct raw *raw, struct crlock_event *event)
{
	static char buffer[65536] __attribute__((aligned(8)));
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)buffer;
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	ssize_t size = mnl_socket_recvfrom(raw->socket, buffer, sizeof(buffer));
	const struct nlattr *attr = mnl_nlmsg_get_payload_offset(nlh, sizeof(*genl));

	if (size < 0 || nlh->nlmsg_type != raw->family || nlh->nlmsg_seq || genl->cmd != CRLOCK_CMD_EVENT ||
	    mnl_attr_get_type(attr) != CRLOCK_A_EVENT || mnl_attr_get_payload_len(attr) != sizeof(*event) ||
	    nlh->nlmsg_len != MNL_NLMSG_HDRLEN + sizeof(*genl) + MNL_ATTR_HDRLEN + sizeof(*event))
		return false;
	memcpy(event, mnl_attr_get_payload(attr), sizeof(*event));
	return true;
}

static bool is_quiet(const struct raw *raw)
{
	char byte;

	return recv(mnl_socket_get_fd(raw->socket), &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

static int take_lock(const struct crlock_lock *lock, const struct crlock_holder *holders, size_t nr_holders,
		     void *data)
{
	(void)holders;
	(void)nr_holders;
	*(struct crlock_lock *)data = *lock;
	return 0;
}

TEST_F(monitor, names_things_as_a_list_of_locks_does)
{
	const pid_t tgid = getpid();
	struct crlock_filter filter = { .tgids = &tgid, .nr_tgids = 1 };
	struct crlock_lock lock = { 0 };
	struct timespec before, after;
	struct crlock *crlock;

	mnl_attr_put_u32(&self->request.nlh, CRLOCK_A_TGID, getpid());
	ASSERT_TRUE(raw_ask(&self->raw, &self->request, &self->answer));
	ASSERT_EQ(0, self->answer.error);
	prctl(PR_SET_NAME, "locker");
	clock_gettime(CLOCK_REALTIME, &before);
	ASSERT_EQ(0, file_lock(self->fd, F_OFD_SETLK, F_WRLCK, 3, 4));
	clock_gettime(CLOCK_REALTIME, &after);
	ASSERT_TRUE(read_event(&self->raw, &self->event));
	ASSERT_EQ(0, crlock_open(&crlock));
	EXPECT_EQ(0, crlock_each_lock(crlock, &filter, take_lock, &lock));
	crlock_close(crlock);

	EXPECT_EQ(CRLOCK_EVENT_SET, self->event.event);
	EXPECT_EQ(CRLOCK_KIND_OFD, self->event.kind);
	EXPECT_EQ(F_WRLCK, self->event.held);
	EXPECT_EQ(F_WRLCK, self->event.target);
	EXPECT_EQ(3, self->event.start);
	EXPECT_EQ(6, self->event.end);
	EXPECT_EQ(0, self->event.error);
	EXPECT_EQ(0, self->event.flags);
	EXPECT_EQ(getpid(), self->event.pid);
	EXPECT_EQ(getpid(), self->event.by_pid);
	EXPECT_EQ(gettid(), self->event.by_tid);
	EXPECT_STREQ("locker", self->event.comm);
	EXPECT_STREQ("locker", self->event.by_comm);
	EXPECT_LE(before.tv_sec * 1000000000LL + before.tv_nsec, self->event.time_ns);
	EXPECT_GE(after.tv_sec * 1000000000LL + after.tv_nsec, self->event.time_ns);
	EXPECT_NE(0, lock.file_id);
	EXPECT_EQ(lock.file_id, self->event.file_id);
	EXPECT_EQ(lock.owner_id, self->event.owner_id);
	EXPECT_EQ(lock.ino, self->event.ino);
	EXPECT_EQ(lock.dev_major, self->event.dev_major);
	EXPECT_EQ(lock.dev_minor, self->event.dev_minor);
	EXPECT_EQ(lock.generation, self->event.generation);
	EXPECT_EQ(lock.fl_flags, self->event.fl_flags);
}

TEST_F(monitor, sends_what_is_asked_for)
{
	mnl_attr_put_u32(&self->request.nlh, CRLOCK_A_TGID, getpid());
	mnl_attr_put_u32(&self->request.nlh, CRLOCK_A_KINDS, 1 << CRLOCK_KIND_FLOCK);
	mnl_attr_put_u32(&self->request.nlh, CRLOCK_A_EVENTS, 1 << CRLOCK_EVENT_RELEASED);
	ASSERT_TRUE(raw_ask(&self->raw, &self->request, &self->answer));
	ASSERT_EQ(0, self->answer.error);
	ASSERT_EQ(0, file_lock(self->fd, F_SETLK, F_WRLCK, 0, 1));
	ASSERT_EQ(0, file_lock(self->fd, F_SETLK, F_UNLCK, 0, 1));
	ASSERT_EQ(0, flock(self->fd, LOCK_SH));
	ASSERT_EQ(0, flock(self->fd, LOCK_UN));
	ASSERT_TRUE(read_event(&self->raw, &self->event));
	EXPECT_EQ(CRLOCK_EVENT_RELEASED, self->event.event);
	EXPECT_EQ(CRLOCK_KIND_FLOCK, self->event.kind);
	EXPECT_EQ(F_RDLCK, self->event.held);
	EXPECT_TRUE(is_quiet(&self->raw));
}

TEST_F(monitor, is_asked_once)
{
	ASSERT_TRUE(raw_ask(&self->raw, &self->request, &self->answer));
	EXPECT_EQ(0, self->answer.error);
	self->request.nlh.nlmsg_seq++;
	ASSERT_TRUE(raw_ask(&self->raw, &self->request, &self->answer));
	EXPECT_EQ(-EBUSY, self->answer.error);
	EXPECT_STREQ("events are sent to this socket already", self->answer.text);
}

/* Nothing is sent to who was refused. */
TEST_F(monitor, sends_nothing_else)
{
	ASSERT_EQ(0, flock(self->fd, LOCK_EX));
	mnl_attr_put_u32(&self->request.nlh, CRLOCK_A_EVENTS, 1U << 31);
	ASSERT_TRUE(raw_ask(&self->raw, &self->request, &self->answer));
	EXPECT_EQ(-EINVAL, self->answer.error);
	ASSERT_EQ(0, flock(self->fd, LOCK_UN));
	EXPECT_TRUE(is_quiet(&self->raw));
}

static bool start_listening(struct raw *raw, struct raw_answer *answer)
{
	struct raw_request request;

	if (!raw_open(raw))
		return false;
	raw_begin(&request, raw, CRLOCK_CMD_MONITOR, false);
	return raw_ask(raw, &request, answer);
}

/* Also again, once those before are closed. */
TEST_F(monitor, has_room_for_so_many)
{
	struct raw listeners[LISTENERS_MAX + 1];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < LISTENERS_MAX; i++) {
			ASSERT_TRUE(start_listening(&listeners[i], &self->answer));
			EXPECT_EQ(0, self->answer.error) TH_LOG("round %d, %d", round, i);
		}
		ASSERT_TRUE(start_listening(&listeners[LISTENERS_MAX], &self->answer));
		EXPECT_EQ(-EUSERS, self->answer.error);
		EXPECT_STREQ("events are sent to as many sockets as they can be", self->answer.text);
		ASSERT_EQ(0, flock(self->fd, LOCK_EX));
		for (int i = 0; i < LISTENERS_MAX; i++)
			EXPECT_TRUE(read_event(&listeners[i], &self->event));
		EXPECT_TRUE(is_quiet(&listeners[LISTENERS_MAX]));
		ASSERT_EQ(0, flock(self->fd, LOCK_UN));
		for (int i = 0; i <= LISTENERS_MAX; i++)
			raw_close(&listeners[i]);
	}
}

/* The description goes with its last descriptor, whoever has that: then its process is told. */
TEST_F(monitor, tells_who_closes)
{
	int fd = file_new("other", O_RDWR);
	struct child child;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, flock(fd, LOCK_EX));
	ASSERT_TRUE(child_start(&child, NULL, NULL, NULL));
	mnl_attr_put_u32(&self->request.nlh, CRLOCK_A_TGID, child.pid);
	ASSERT_TRUE(raw_ask(&self->raw, &self->request, &self->answer));
	ASSERT_EQ(0, self->answer.error);
	ASSERT_EQ(0, close(fd));
	EXPECT_TRUE(is_quiet(&self->raw));
	child_end(&child);
	ASSERT_TRUE(read_event(&self->raw, &self->event));
	EXPECT_EQ(CRLOCK_EVENT_RELEASED, self->event.event);
	EXPECT_EQ(CRLOCK_EVENT_CLOSE, self->event.flags);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rows of events, and what comes beside them.
 */
/* links: libcrlock : -lmnl */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/genetlink.h>
#include <libmnl/libmnl.h>

/* The harness's FIXTURE_SETUP() makes functions without. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "kselftest_harness.h"
#include "events.h"

static struct crlock_event last;

static int take(const struct crlock_event *event, void *data)
{
	++*(int *)data;
	last = *event;
	return 0;
}

FIXTURE(decoder)
{
	char buffer[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh;
	struct crlock_event_decoder events;
	struct crlock_event event;
	int nr;
};

FIXTURE_SETUP(decoder)
{
	self->nlh = mnl_nlmsg_put_header(self->buffer);
	mnl_nlmsg_put_extra_header(self->nlh, sizeof(struct genlmsghdr));
	self->event = (struct crlock_event){ .ino = 7, .pid = 8 };
	memset(self->event.comm, 'c', sizeof(self->event.comm));
	memset(self->event.by_comm, 'b', sizeof(self->event.by_comm));
	crlock_event_decoder_init(&self->events, take, &self->nr);
}

FIXTURE_TEARDOWN(decoder)
{
}

TEST_F(decoder, events_and_how_many_were_lost)
{
	mnl_attr_put_u64(self->nlh, CRLOCK_A_LOST, 1ULL << 40);
	mnl_attr_put(self->nlh, CRLOCK_A_EVENT, sizeof(self->event), &self->event);
	mnl_attr_put(self->nlh, CRLOCK_A_EVENT, sizeof(self->event), &self->event);
	EXPECT_EQ(0, crlock_decode_message(&self->events.decoder, self->nlh));
	EXPECT_EQ(2, self->nr);
	EXPECT_EQ(1ULL << 40, self->events.lost);
	EXPECT_FALSE(self->events.ended);
	EXPECT_EQ(7, last.ino);
	EXPECT_EQ(8, last.pid);
}

/* A name that has no end does not go beyond its place. */
TEST_F(decoder, names_end)
{
	mnl_attr_put(self->nlh, CRLOCK_A_EVENT, sizeof(self->event), &self->event);
	EXPECT_EQ(0, crlock_decode_message(&self->events.decoder, self->nlh));
	EXPECT_STREQ("ccccccccccccccc", last.comm);
	EXPECT_STREQ("bbbbbbbbbbbbbbb", last.by_comm);
}

TEST_F(decoder, a_longer_row)
{
	char row[sizeof(self->event) + 8] = { 0 };

	memcpy(row, &self->event, sizeof(self->event));
	mnl_attr_put(self->nlh, CRLOCK_A_EVENT, sizeof(row), row);
	EXPECT_EQ(0, crlock_decode_message(&self->events.decoder, self->nlh));
	EXPECT_EQ(7, last.ino);
}

TEST_F(decoder, a_row_that_is_too_short)
{
	mnl_attr_put(self->nlh, CRLOCK_A_EVENT, sizeof(self->event) - 1, &self->event);
	EXPECT_EQ(-EPROTO, crlock_decode_message(&self->events.decoder, self->nlh));
	EXPECT_STREQ("a row is too short", self->events.decoder.flaw);
	EXPECT_EQ(0, self->nr);
}

TEST_F(decoder, the_end)
{
	mnl_attr_put(self->nlh, CRLOCK_A_END, 0, NULL);
	EXPECT_EQ(0, crlock_decode_message(&self->events.decoder, self->nlh));
	EXPECT_TRUE(self->events.ended);
}

TEST_HARNESS_MAIN

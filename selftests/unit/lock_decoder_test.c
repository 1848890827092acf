// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rows of locks joined with those of their holders.
 */
/* links: libcrlock : -lmnl */
#include <errno.h>
#include <string.h>

#include <linux/genetlink.h>
#include <libmnl/libmnl.h>

/* The harness's FIXTURE_SETUP() makes functions without. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "kselftest_harness.h"
#include "locks.h"

/* What was told: for each lock its id, and the tgids of its holders. */
static char said[256];

static int say(const struct crlock_lock *lock, const struct crlock_holder *holders, size_t nr_holders,
	       void *data)
{
	size_t len = strlen(said);

	len += snprintf(said + len, sizeof(said) - len, "%llu:", lock->id);
	for (size_t i = 0; i < nr_holders; i++)
		len += snprintf(said + len, sizeof(said) - len, " %d", holders[i].tgid);
	snprintf(said + len, sizeof(said) - len, ";");
	return 0;
}

FIXTURE(decoder)
{
	char buffer[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh;
	struct crlock_lock_decoder locks;
};

FIXTURE_SETUP(decoder)
{
	said[0] = '\0';
	self->nlh = mnl_nlmsg_put_header(self->buffer);
	mnl_nlmsg_put_extra_header(self->nlh, sizeof(struct genlmsghdr));
	crlock_lock_decoder_init(&self->locks, say, NULL);
}

FIXTURE_TEARDOWN(decoder)
{
	crlock_lock_decoder_free(&self->locks);
}

static void put_holder(struct nlmsghdr *nlh, uint64_t file_id, int tgid)
{
	struct crlock_holder holder = { .file_id = file_id, .tgid = tgid };

	mnl_attr_put(nlh, CRLOCK_A_HOLDER, sizeof(holder), &holder);
}

static void put_lock(struct nlmsghdr *nlh, uint64_t file_id, uint64_t id, unsigned int nr_holders)
{
	struct crlock_lock lock = { .file_id = file_id, .id = id, .nr_holders = nr_holders };

	mnl_attr_put(nlh, CRLOCK_A_LOCK, sizeof(lock), &lock);
}

TEST_F(decoder, locks_of_one_description_have_the_same_holders)
{
	put_holder(self->nlh, 1, 11);
	put_holder(self->nlh, 1, 12);
	put_lock(self->nlh, 1, 101, 2);
	put_lock(self->nlh, 1, 102, 2);
	put_holder(self->nlh, 2, 21);
	put_lock(self->nlh, 2, 201, 1);
	put_lock(self->nlh, 3, 301, 0);
	EXPECT_EQ(0, crlock_decode_message(&self->locks.decoder, self->nlh));
	EXPECT_STREQ("101: 11 12;102: 11 12;201: 21;301:;", said);
}

/* The first was closed while the module looked around, and the others were opened at its address. */
TEST_F(decoder, neighbours_with_one_id)
{
	put_holder(self->nlh, 1, 11);
	put_lock(self->nlh, 1, 101, 1);
	put_holder(self->nlh, 1, 12);
	put_lock(self->nlh, 1, 102, 1);
	put_lock(self->nlh, 1, 103, 0);
	put_holder(self->nlh, 1, 13);
	put_holder(self->nlh, 1, 14);
	put_lock(self->nlh, 1, 104, 2);
	EXPECT_EQ(0, crlock_decode_message(&self->locks.decoder, self->nlh));
	EXPECT_STREQ("101: 11;102: 12;103:;104: 13 14;", said);
}

TEST_F(decoder, a_lock_without_all_its_holders)
{
	put_holder(self->nlh, 1, 11);
	put_lock(self->nlh, 1, 101, 2);
	EXPECT_EQ(-EPROTO, crlock_decode_message(&self->locks.decoder, self->nlh));
	EXPECT_STREQ("a lock lacks holders", self->locks.decoder.flaw);
	EXPECT_STREQ("", said);
}

TEST_F(decoder, a_lock_with_the_holders_of_another)
{
	put_holder(self->nlh, 1, 11);
	put_lock(self->nlh, 2, 201, 1);
	EXPECT_EQ(-EPROTO, crlock_decode_message(&self->locks.decoder, self->nlh));
	EXPECT_STREQ("", said);
}

TEST_HARNESS_MAIN

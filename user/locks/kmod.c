// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Locks and holders from the module.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "locks/module.h"
#include "locks/source.h"

struct reading {
	struct lock_list *list;
	struct lock_holders *holders; /* of the last description, of which more locks may come */
	uint64_t file_id;
};

static struct lock_holders *copy_holders(const struct crlock_holder *rows, size_t nr)
{
	struct lock_holders *holders = lock_holders_new(nr);

	for (size_t i = 0; holders && i < nr; i++)
		holders->rows[i].row = rows[i];
	return holders;
}

static int add_lock(const struct crlock_lock *row, const struct crlock_holder *holders, size_t nr_holders,
		    void *data)
{
	struct reading *reading = data;
	struct lock *lock;

	if (!reading->holders || reading->file_id != row->file_id) {
		lock_holders_put(reading->holders);
		reading->file_id = row->file_id;
		reading->holders = copy_holders(holders, nr_holders);
	}
	lock = lock_list_add(reading->list);
	if (!lock || !reading->holders)
		return -ENOMEM;
	lock->row = *row;
	lock_set_holders(lock, reading->holders);
	return 0;
}

static int fail(struct lock_report *report, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(report->error, sizeof(report->error), format, args);
	va_end(args);
	return err;
}

static int cannot_open(struct lock_report *report, int err)
{
	struct crlock_info info;

	if (err == -ENOENT)
		return fail(report, err, MODULE_NOT_LOADED);
	if (err == -EPROTO && !crlock_get_info(&info))
		return fail(report, err, MODULE_FOREIGN_ABI, info.version, info.abi, CRLOCK_ABI);
	return fail(report, err, "module crlock: %s", strerror(-err));
}

static int cannot_read(struct crlock *crlock, struct lock_report *report, int err)
{
	const char *text = crlock_error(crlock);

	if (err == -ENOBUFS)
		return fail(report, err,
			    "module crlock: more than its parameter snapshot_max allows: %llu bytes; "
			    "/sys/module/crlock/parameters/snapshot_max is to be larger",
			    (unsigned long long)crlock_needed(crlock));
	return fail(report, err, "module crlock: %s", *text ? text : strerror(-err));
}

/* What this build of the module cannot see, or could not this time. */
static uint32_t unknown_of(uint32_t busy_queues, uint32_t busy_mappings, struct lock_report *report)
{
	const uint32_t all = CRLOCK_FEATURE_MAPPINGS | CRLOCK_FEATURE_IN_FLIGHT;
	struct crlock_info info;

	if (busy_queues) {
		snprintf(report->lacking, sizeof(report->lacking),
			 "module crlock: %u sockets were busy: holders in flight may be missing",
			 busy_queues);
		return LOCK_UNKNOWN_HOLDERS;
	}
	if (busy_mappings) {
		snprintf(report->lacking, sizeof(report->lacking),
			 "module crlock: %u address spaces were busy: holders that map a file may be missing",
			 busy_mappings);
		return LOCK_UNKNOWN_HOLDERS;
	}
	if (crlock_get_info(&info) || (info.features & all) == all)
		return 0;
	snprintf(report->lacking, sizeof(report->lacking),
		 "module crlock: holders may be missing: it cannot see %s%s%s",
		 info.features & CRLOCK_FEATURE_MAPPINGS ? "" : "mappings", info.features & all ? "" : ", ",
		 info.features & CRLOCK_FEATURE_IN_FLIGHT ? "" : "messages in flight");
	return LOCK_UNKNOWN_HOLDERS;
}

int lock_read_kmod(struct lock_list *list, const struct lock_query *query, struct lock_report *report)
{
	struct reading reading = { .list = list };
	struct crlock *crlock;
	uint32_t unknown, busy_queues, busy_mappings;
	int err = module_open(&crlock);

	if (err)
		return cannot_open(report, err);
	list->source = LOCK_SOURCE_KMOD;
	err = crlock_each_lock(crlock, &query->filter, add_lock, &reading);
	lock_holders_put(reading.holders);
	if (err)
		err = cannot_read(crlock, report, err);
	busy_queues = crlock_busy_queues(crlock);
	busy_mappings = crlock_busy_mappings(crlock);
	crlock_close(crlock);
	if (err)
		return err;
	unknown = unknown_of(busy_queues, busy_mappings, report);
	for (size_t i = 0; i < list->nr; i++)
		list->locks[i].unknown = unknown;
	return query->details & LOCK_DETAIL_WAITERS ? lock_read_waiters(list, "/proc/locks") : 0;
}

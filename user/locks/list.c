// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "locks/list.h"
#include "locks/source.h"
#include "procfs/file.h"

int lock_from_parse(const char *name)
{
	static const char *const names[] = {
		[LOCK_FROM_AUTO] = "auto",
		[LOCK_FROM_KMOD] = "kmod",
		[LOCK_FROM_PROC] = "proc",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(name, names[i]))
			return i;
	}
	return -1;
}

void lock_list_drop(struct lock_list *list, bool (*keep)(const struct lock *lock, const void *data),
		    const void *data)
{
	size_t nr = 0;

	for (size_t i = 0; i < list->nr; i++) {
		struct lock lock = list->locks[i];

		if (keep(&lock, data))
			list->locks[nr++] = lock;
		else
			lock_free(&lock);
	}
	list->nr = nr;
}

/* The module's error does not tell which. */
int lock_query_check(const struct lock_query *query, struct lock_report *report)
{
	const struct crlock_filter *filter = &query->filter;

	for (size_t i = 0; i < filter->nr_tgids; i++) {
		int dir = proc_open(filter->tgids[i]);

		if (dir < 0) {
			snprintf(report->error, sizeof(report->error), "process %d: %s", filter->tgids[i],
				 proc_failed(dir) ? strerror(-dir) : "no such process");
			return proc_failed(dir) ? dir : -ESRCH;
		}
		close(dir);
	}
	return 0;
}

/* Whether the module cannot serve, which leaves /proc: it is not there, is foreign or forbidden. */
static bool cannot_serve(int err)
{
	return err == -ENOENT || err == -EPROTO || err == -EPERM || err == -EPROTONOSUPPORT ||
	       err == -EAFNOSUPPORT;
}

static int read_auto(struct lock_list *list, const struct lock_query *query, struct lock_report *report)
{
	char why[160], lacking[LOCK_TEXT_MAX];
	int err = lock_read_kmod(list, query, report);

	if (!cannot_serve(err))
		return err;
	snprintf(why, sizeof(why), "%.150s", report->error);
	lock_list_free(list);
	*report = (struct lock_report){ .fell_back = true };
	err = lock_read_proc(list, query, report);
	if (err)
		return err;
	snprintf(lacking, sizeof(lacking), "%s", report->lacking);
	snprintf(report->lacking, sizeof(report->lacking),
		 "%s: /proc does not tell the held type and deadline of breaking leases, break "
		 "notices, ids, and holders by mapping or in flight%s%.150s",
		 why, *lacking ? "; " : "", lacking);
	return 0;
}

int lock_list_read(struct lock_list *list, const struct lock_query *query, enum lock_from from,
		   struct lock_report *report)
{
	static const struct lock_query everything = { .details = LOCK_DETAIL_ALL };
	int err;

	*list = (struct lock_list){ 0 };
	*report = (struct lock_report){ 0 };
	query = query ?: &everything;
	err = lock_query_check(query, report);
	if (err)
		return err;
	if (from == LOCK_FROM_AUTO)
		err = read_auto(list, query, report);
	else if (from == LOCK_FROM_KMOD)
		err = lock_read_kmod(list, query, report);
	else
		err = lock_read_proc(list, query, report);
	if (!err && query->by_stat)
		lock_filter_stat(list, query);
	err = err ?: lock_find_askers(list);
	err = err ?: lock_read_details(list, query->details);
	if (err && !*report->error)
		snprintf(report->error, sizeof(report->error), "%s", strerror(-err));
	if (!err)
		lock_list_sort(list);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crlock/options.h"
#include "crlock/query.h"
#include "crlock/say.h"
#include "locks/module.h"
#include "procfs/file.h"

/* Options ------------------------------------------------------------------------------------------ */

static int take_pid(void *data, struct proc_text word)
{
	struct query *query = data;
	struct crlock_filter *filter = &query->query.filter;
	pid_t *larger;
	uint64_t pid;

	if (!proc_text_unsigned(word, 10, INT_MAX, &pid) || !pid)
		return say_usage("%.*s: not a process id", (int)proc_text_len(word), word.at);
	larger = reallocarray((pid_t *)filter->tgids, filter->nr_tgids + 1, sizeof(*larger));
	if (!larger) {
		say("%s", strerror(ENOMEM));
		return STATUS_FAILURE;
	}
	larger[filter->nr_tgids++] = pid;
	filter->tgids = larger;
	return STATUS_OK;
}

static int take_kind(void *data, struct proc_text word)
{
	struct query *query = data;
	int kind = options_number_of(word, lock_kind_parse);

	if (kind < 0)
		return say_usage("%.*s: not a kind of lock", (int)proc_text_len(word), word.at);
	query->query.filter.kinds |= 1U << kind;
	return STATUS_OK;
}

static int take_source(struct query *query, const char *name)
{
	int from = lock_from_parse(name);

	if (from < 0)
		return say_usage("%s: not a source: auto, kmod or proc", name);
	query->from = from;
	return STATUS_OK;
}

static int take_file(struct query *query, const char *path)
{
	if (query->file)
		return say_usage("%s: one file at a time", path);
	query->file = path;
	return STATUS_OK;
}

int query_take_option(struct query *query, int option)
{
	switch (option) {
	case 'p':
		return options_each_word(optarg, take_pid, query);
	case 'f':
		return take_file(query, optarg);
	case 'k':
		return options_each_word(optarg, take_kind, query);
	case 's':
		return take_source(query, optarg);
	case 'N':
		module_never_load();
		return STATUS_OK;
	default:
		return STATUS_USAGE;
	}
}

void query_free(struct query *query)
{
	free((void *)query->query.filter.tgids);
}

/* Reading ------------------------------------------------------------------------------------------ */

int query_find_file(struct query *query)
{
	int err;

	if (!proc_is_ours()) {
		say(PROC_IS_FOREIGN);
		return STATUS_FAILURE;
	}
	err = query->file ? lock_query_file(&query->query, query->file) : 0;
	if (!err)
		return STATUS_OK;
	say("%s: %s", query->file, strerror(-err));
	return STATUS_FAILURE;
}

int query_check_pids(const struct query *query)
{
	struct lock_report report;

	if (!lock_query_check(&query->query, &report))
		return STATUS_OK;
	say("%s", report.error);
	return STATUS_FAILURE;
}

/* Of /proc, the same errors say nothing about the module. */
static int status_of(int err, enum lock_from from)
{
	if (from == LOCK_FROM_KMOD && err == -ENOENT)
		return STATUS_NO_MODULE;
	if (from == LOCK_FROM_KMOD && err == -EPROTO)
		return STATUS_FOREIGN_ABI;
	return STATUS_FAILURE;
}

int query_try(const struct query *query, const struct lock_query *which, struct lock_list *list,
	      struct lock_report *report)
{
	int err = lock_list_read(list, which, query->from, report);

	return err ? status_of(err, query->from) : STATUS_OK;
}

int query_read(const struct query *query, const struct lock_query *which, struct lock_list *list)
{
	struct lock_report report;
	int status = query_try(query, which, list, &report);

	if (status) {
		say("%s", report.error);
		return status;
	}
	if (*report.lacking)
		say_warning("%s", report.lacking);
	return STATUS_OK;
}

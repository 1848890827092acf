// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "crlock/verify/compare.h"

static const struct place locks_place = { .fd = -1 };

/* Lines that could not be understood cannot be paired. */
static size_t collect_held(struct findings *findings, struct shown *shown, struct entry **got)
{
	size_t nr = 0;

	for (size_t i = 0; i < shown->locks.nr; i++) {
		struct entry *entry = &shown->locks.entries[i];

		if (!entry->is_line)
			findings_add(findings, RULE_LOCKS + OF_FORM, &locks_place, NULL, entry);
		else if (!entry->line.depth)
			got[nr++] = entry;
	}
	return nr;
}

static size_t nr_optional(const struct entry *entries, size_t nr)
{
	size_t optional = 0;

	for (size_t i = 0; i < nr; i++)
		optional += entries[i].optional;
	return optional;
}

/* Each lock has the next number; those that are left out have theirs too. */
static void check_numbers(struct findings *findings, struct shown *shown, size_t may_lack)
{
	uint64_t last = 0, lacking = 0;

	for (size_t i = 0; i < shown->locks.nr; i++) {
		const struct entry *entry = &shown->locks.entries[i];

		if (!entry->is_line || entry->line.depth)
			continue;
		if (entry->line.nr > last)
			lacking += entry->line.nr - last - 1;
		if (entry->line.nr <= last || lacking > may_lack) {
			findings_add(findings, RULE_LOCKS + OF_NUMBER, &locks_place, NULL, entry);
			return;
		}
		last = entry->line.nr;
	}
}

void compare_locks(struct findings *findings, const struct lock_list *list, struct shown *shown)
{
	struct entry *entries = calloc(list->nr + 1, sizeof(*entries));
	struct entry **wanted = calloc(list->nr + 1, sizeof(*wanted));
	struct entry **got = calloc(shown->locks.nr + 1, sizeof(*got));
	struct pairing pairing = {
		.wanted = wanted,
		.got = got,
		.nr_wanted = list->nr,
		.rules = RULE_LOCKS,
		.place = locks_place,
		.findings = findings,
	};

	if (entries && wanted && got) {
		for (size_t i = 0; i < list->nr; i++) {
			entry_of_lock(&entries[i], &list->locks[i]);
			wanted[i] = &entries[i];
		}
		pairing.nr_got = collect_held(findings, shown, got);
		pair_all(&pairing);
		check_numbers(findings, shown, nr_optional(entries, list->nr));
	} else {
		findings->failed = true;
	}
	free(entries);
	free(wanted);
	free(got);
}

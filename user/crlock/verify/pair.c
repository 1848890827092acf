// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "crlock/verify/compare.h"

static int compare_entries(const void *x, const void *y)
{
	const struct entry *const *a = x, *const *b = y;

	return entry_order(&(*a)->line, &(*b)->line);
}

static void sort(struct entry **entries, size_t nr)
{
	if (nr)
		qsort(entries, nr, sizeof(*entries), compare_entries);
}

static void tell_form(struct pairing *pairing, struct entry *wanted, struct entry *got)
{
	if (got->strange)
		findings_add(pairing->findings, pairing->rules + OF_FORM, &pairing->place, wanted, got);
}

static void take_pair(struct pairing *pairing, struct entry **wanted, struct entry **got)
{
	uint32_t fields = entry_differs(*wanted, *got);

	for (unsigned int i = 0; i < NR_FIELDS; i++) {
		if (fields & 1U << i)
			findings_add(pairing->findings, pairing->rules + OF_KIND + i, &pairing->place,
				     *wanted, *got);
	}
	tell_form(pairing, *wanted, *got);
	(*got)->task = (*wanted)->task;
	*wanted = NULL;
	*got = NULL;
}

/* Both are in order: equal ones come together. */
static void pair_equal(struct pairing *pairing)
{
	size_t i = 0, j = 0;

	while (i < pairing->nr_wanted && j < pairing->nr_got) {
		struct entry **wanted = &pairing->wanted[i], **got = &pairing->got[j];
		int order = compare_entries(wanted, got);

		if (!order && !entry_differs(*wanted, *got))
			take_pair(pairing, wanted, got);
		i += order <= 0;
		j += order >= 0;
	}
}

static size_t squeeze(struct entry **entries, size_t nr)
{
	size_t left = 0;

	for (size_t i = 0; i < nr; i++) {
		if (entries[i])
			entries[left++] = entries[i];
	}
	return left;
}

/* Beyond this, lines are told as missing and as too many rather than searched through. */
#define CANDIDATES_MAX 1024

/* Whether a line can be about the same, but wrong in so many ways. */
static bool is_likely(const struct entry *wanted, const struct entry *got, unsigned int wrong)
{
	uint32_t fields = entry_differs(wanted, got);
	const uint32_t place = FIELD_INODE | FIELD_DEVICE;

	if ((unsigned int)__builtin_popcount(fields) != wrong)
		return false;
	if (wrong < 2)
		return true;
	/* The same file, or else nothing but the file is wrong. */
	return !(fields & place) || !(fields & ~place);
}

static void pair_likely(struct pairing *pairing, unsigned int wrong)
{
	size_t nr = pairing->nr_got < CANDIDATES_MAX ? pairing->nr_got : CANDIDATES_MAX;

	for (size_t i = 0; i < pairing->nr_wanted; i++) {
		for (size_t j = 0; j < nr && pairing->wanted[i]; j++) {
			if (pairing->got[j] && is_likely(pairing->wanted[i], pairing->got[j], wrong))
				take_pair(pairing, &pairing->wanted[i], &pairing->got[j]);
		}
	}
}

static bool tell_rest(struct pairing *pairing)
{
	bool any = false;

	for (size_t i = 0; i < pairing->nr_wanted; i++) {
		struct entry *wanted = pairing->wanted[i];
		struct place place = pairing->place;

		if (!wanted || wanted->optional)
			continue;
		if (wanted->task) {
			place.tgid = wanted->task->tgid;
			place.tid = wanted->task->tid;
		}
		any = true;
		findings_add(pairing->findings, pairing->rules + OF_MISSING, &place, wanted, NULL);
	}
	for (size_t i = 0; i < pairing->nr_got; i++) {
		struct entry *got = pairing->got[i];

		if (!got || (pairing->forgive && pairing->forgive(got, pairing->data)))
			continue;
		any = true;
		findings_add(pairing->findings, pairing->rules + OF_EXTRA, &pairing->place, NULL, got);
	}
	return any;
}

bool pair_all(struct pairing *pairing)
{
	uint64_t before = pairing->findings->nr + pairing->findings->left_out;
	bool rest;

	sort(pairing->wanted, pairing->nr_wanted);
	sort(pairing->got, pairing->nr_got);
	pair_equal(pairing);
	pairing->nr_wanted = squeeze(pairing->wanted, pairing->nr_wanted);
	pairing->nr_got = squeeze(pairing->got, pairing->nr_got);
	for (unsigned int wrong = 0; wrong <= 4; wrong++)
		pair_likely(pairing, wrong);
	rest = tell_rest(pairing);
	return !rest && pairing->findings->nr + pairing->findings->left_out == before;
}

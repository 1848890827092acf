// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "crlock/verify/findings.h"
#include "locks/append.h"

/* FNV-1a: the same each time, and nobody gains from a collision but another line of a report. */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t nr)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < nr; i++)
		hash = (hash ^ at[i]) * 0x100000001b3ULL;
	return hash;
}

static uint64_t hash_number(uint64_t hash, uint64_t number)
{
	return hash_bytes(hash, &number, sizeof(number));
}

/* Without its number, which others that come and go change. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
	const char *colon = text ? strchr(text, ':') : NULL;

	if (colon)
		text = colon;
	return text ? hash_bytes(hash, text, strlen(text)) : hash_number(hash, 0);
}

static char *format(struct findings *findings, const struct entry *entry, uint64_t nr)
{
	struct lock_buffer buffer = { 0 };
	struct entry copy;
	char *text;

	if (!entry)
		return NULL;
	copy = *entry;
	if (nr)
		copy.line.nr = nr;
	entry_format(&buffer, &copy);
	text = buffer.failed ? NULL : strdup(lock_buffer_text(&buffer));
	findings->failed |= !text;
	lock_buffer_free(&buffer);
	return text;
}

static uint64_t key_of(const struct finding *finding)
{
	uint64_t hash = hash_number(0xcbf29ce484222325ULL, finding->rule);

	hash = hash_number(hash, finding->tid);
	hash = hash_number(hash, (uint64_t)finding->fd);
	/* Numbers are of the whole text. */
	if (finding->rule == RULE_LOCKS + OF_NUMBER || finding->rule == RULE_FDINFO + OF_NUMBER)
		return hash;
	if (finding->has_lock)
		hash = hash_number(hash, finding->lock.row.id);
	/* Its text has the time that is left, which is another each time. */
	if (finding->rule == RULE_FDINFO_BREAK)
		return hash;
	return hash_text(hash_text(hash, finding->got), finding->wanted);
}

static void set_lock(struct finding *finding, const struct lock *lock)
{
	finding->has_lock = true;
	finding->lock = (struct lock){ .row = lock->row, .unknown = lock->unknown, .mnt_id = -1 };
	if (lock->shared)
		lock_set_holders(&finding->lock, lock->shared);
}

static void set_line(struct finding *finding, const struct entry *entry)
{
	if (!entry || (entry->strange && !entry->is_line))
		return;
	finding->pid = entry->line.pid;
	finding->has_inode = entry->line.has_inode;
	finding->dev_major = entry->line.dev_major;
	finding->dev_minor = entry->line.dev_minor;
	finding->ino = entry->line.ino;
}

static struct finding *new_finding(struct findings *findings)
{
	struct finding *all;

	if (findings->nr == FINDINGS_MAX) {
		findings->left_out++;
		return NULL;
	}
	all = append_room(findings->findings, findings->nr, sizeof(*all));
	if (!all) {
		findings->failed = true;
		return NULL;
	}
	findings->findings = all;
	return &all[findings->nr++];
}

void findings_add(struct findings *findings, enum rule rule, const struct place *place,
		  const struct entry *wanted, const struct entry *got)
{
	struct finding *finding = new_finding(findings);

	if (!finding)
		return;
	*finding = (struct finding){
		.rule = rule,
		.tgid = place->tgid,
		.tid = place->tid,
		.fd = place->fd,
		.got = format(findings, got, 0),
		.wanted = format(findings, wanted, got ? got->line.nr : 0),
		.times = 1,
	};
	set_line(finding, got ?: wanted);
	if (wanted && wanted->lock)
		set_lock(finding, wanted->lock);
	finding->key = key_of(finding);
}

static void free_finding(struct finding *finding)
{
	free(finding->got);
	free(finding->wanted);
	if (finding->has_lock)
		lock_free(&finding->lock);
}

void findings_drop(struct findings *findings, bool (*keep)(const struct finding *finding, const void *data),
		   const void *data)
{
	size_t nr = 0;

	for (size_t i = 0; i < findings->nr; i++) {
		struct finding finding = findings->findings[i];

		if (keep(&finding, data))
			findings->findings[nr++] = finding;
		else
			free_finding(&finding);
	}
	findings->nr = nr;
}

static int compare_keys(const void *x, const void *y)
{
	const struct finding *a = x, *b = y;

	return (a->key > b->key) - (a->key < b->key);
}

static void sort(struct findings *findings)
{
	if (findings->nr)
		qsort(findings->findings, findings->nr, sizeof(*findings->findings), compare_keys);
}

static struct finding *find(const struct findings *findings, const struct finding *finding)
{
	if (!findings->nr)
		return NULL;
	return bsearch(finding, findings->findings, findings->nr, sizeof(*finding), compare_keys);
}

static bool is_among(const struct finding *finding, const void *others)
{
	return find(others, finding);
}

void findings_keep(struct findings *findings, struct findings *others)
{
	sort(others);
	findings->failed |= others->failed;
	/* What was left out of one may be among the other. */
	findings_drop(findings, is_among, others);
	if (!others->left_out)
		findings->left_out = 0;
}

/* Several that look the same, as of locks that do, are one. */
static size_t count_same(const struct findings *findings, size_t first)
{
	size_t nr = 1;

	while (first + nr < findings->nr &&
	       findings->findings[first + nr].key == findings->findings[first].key)
		nr++;
	return nr;
}

void findings_merge(struct findings *to, struct findings *from)
{
	struct findings known;

	sort(to);
	sort(from);
	known = *to;
	for (size_t i = 0, same; i < from->nr; i += same) {
		struct finding *old = find(&known, &from->findings[i]), *new = NULL;

		same = count_same(from, i);
		if (old)
			old->times++;
		else
			new = new_finding(to);
		known.findings = to->findings;
		if (new)
			*new = from->findings[i];
		for (size_t j = new ? 1 : 0; j < same; j++)
			free_finding(&from->findings[i + j]);
	}
	to->left_out += from->left_out;
	to->failed |= from->failed;
	free(from->findings);
	*from = (struct findings){ 0 };
}

void findings_free(struct findings *findings)
{
	for (size_t i = 0; i < findings->nr; i++)
		free_finding(&findings->findings[i]);
	free(findings->findings);
	*findings = (struct findings){ 0 };
}

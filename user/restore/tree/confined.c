// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "restore/tree/confined.h"

typedef Image__TaskKobjIdsEntry Ids;

#define NAMESPACE(kind) \
	{ \
#kind, offsetof(Ids, has_##kind##_ns_id), offsetof(Ids, kind##_ns_id) \
	}

static const struct namespace
{
	const char *name;
	size_t has, id;
}
namespaces[] = {
	NAMESPACE(pid), NAMESPACE(net),	 NAMESPACE(ipc),    NAMESPACE(uts),
	NAMESPACE(mnt), NAMESPACE(user), NAMESPACE(cgroup), NAMESPACE(time),
};

static bool has(const Ids *ids, const struct namespace *namespace)
{
	return *(const protobuf_c_boolean *)((const char *)ids + namespace->has);
}

static uint32_t id_of(const Ids *ids, const struct namespace *namespace)
{
	return *(const uint32_t *)((const char *)ids + namespace->id);
}

/* One that who dumped it was not in, or is not known to have been in. Returns: its kind, or NULL. */
static const char *find_namespace(const Ids *ids, const Ids *outside)
{
	for (size_t i = 0; ids && i < sizeof(namespaces) / sizeof(*namespaces); i++) {
		if (!has(ids, &namespaces[i]))
			continue;
		if (!outside || (has(outside, &namespaces[i]) &&
				 id_of(ids, &namespaces[i]) != id_of(outside, &namespaces[i])))
			return namespaces[i].name;
	}
	return NULL;
}

static bool is_unconfined(const char *label)
{
	/* Of AppArmor, and of SELinux with its users, roles and types. */
	return !label || !*label || !strncmp(label, "unconfined", strlen("unconfined"));
}

static bool find_in_thread(const Image__CoreEntry *core, pid_t tid, char *text, size_t size)
{
	const Image__ThreadCoreEntry *thread = core->thread_core;

	if (thread->seccomp_mode || (core->tc && core->tc->seccomp_mode))
		snprintf(text, size, "%d: had a seccomp filter, or strict mode: it is not restored", tid);
	else if (!thread->creds)
		snprintf(text, size, "%d: its users, groups and capabilities are not in the images", tid);
	else if (!is_unconfined(thread->creds->lsm_profile))
		snprintf(text, size, "%d: was confined by a security module as %s: that is not restored", tid,
			 thread->creds->lsm_profile);
	else
		return false;
	return true;
}

bool confined_find(const struct images *images, char *text, size_t size)
{
	for (size_t i = 0; i < images->tree.nr; i++) {
		const struct saved_process *process = &images->tree.processes[i];
		const char *namespace;

		if (process->zombie)
			continue;
		namespace = find_namespace(process->ids, images->inventory->root_ids);
		if (namespace) {
			snprintf(
				text, size,
				images->inventory->root_ids
					? "%d: was in a %s namespace of its own: that is not restored"
					: "%d: was in a %s namespace, and the images do not tell in which the "
					  "dump was: that is not restored",
				process->pid, namespace);
			return true;
		}
		for (size_t j = 0; j < process->nr_threads; j++) {
			if (find_in_thread(process->threads[j].core, process->threads[j].tid, text, size))
				return true;
		}
	}
	return false;
}

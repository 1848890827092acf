// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "restore/tree/creds.h"

/* A group list of the kernel has at most 65536; so many fit into the scratch memory. */
#define GROUPS_MAX (PUPPET_SCRATCH / sizeof(uint32_t))
#define CAP_WORDS  2

static int fail(const struct image_error *error, pid_t tid, long ret, const char *what)
{
	char name[32];

	snprintf(name, sizeof(name), "%d", tid);
	return image_error(error, ret, name, "%s: %s", what, strerror(-ret));
}

static long set_groups(struct puppet *puppet, const Image__CredsEntry *creds)
{
	unsigned long at = puppet->scratch;

	if (creds->n_groups > GROUPS_MAX)
		return -EBADMSG;
	if (creds->n_groups)
		at = puppet_give(puppet, creds->groups, creds->n_groups * sizeof(*creds->groups));
	return at ? puppet_call(puppet, SYS_setgroups, creds->n_groups, at) : -EFAULT;
}

static long set_ids(struct puppet *puppet, const Image__CredsEntry *creds)
{
	long ret;

	/* A change of users is to leave capabilities alone. */
	ret = puppet_call(puppet, SYS_prctl, PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
	if (ret >= 0)
		ret = puppet_call(puppet, SYS_setresgid, creds->gid, creds->egid, creds->sgid);
	if (ret >= 0)
		ret = puppet_call(puppet, SYS_setresuid, creds->uid, creds->euid, creds->suid);
	if (ret < 0)
		return ret;
	/* These tell what was before, and no error. */
	puppet_call(puppet, SYS_setfsgid, creds->fsgid);
	puppet_call(puppet, SYS_setfsuid, creds->fsuid);
	return puppet_call(puppet, SYS_prctl, PR_SET_SECUREBITS, creds->secbits, 0, 0, 0);
}

static bool has_cap(const uint32_t *words, unsigned int cap)
{
	return words[cap / 32] & 1U << cap % 32;
}

static long drop_bounding(struct puppet *puppet, const Image__CredsEntry *creds)
{
	long ret = 0;

	for (unsigned int cap = 0; cap < 64 && ret >= 0; cap++) {
		if (has_cap(creds->cap_bnd, cap) || prctl(PR_CAPBSET_READ, cap) != 1)
			continue;
		ret = puppet_call(puppet, SYS_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0);
	}
	return ret;
}

static long set_caps(struct puppet *puppet, const Image__CredsEntry *creds)
{
	struct {
		struct __user_cap_header_struct header;
		struct __user_cap_data_struct data[CAP_WORDS];
	} arguments = { .header = { .version = _LINUX_CAPABILITY_VERSION_3 } };
	unsigned long at;

	for (int i = 0; i < CAP_WORDS; i++) {
		arguments.data[i].effective = creds->cap_eff[i];
		arguments.data[i].permitted = creds->cap_prm[i];
		arguments.data[i].inheritable = creds->cap_inh[i];
	}
	at = puppet_give(puppet, &arguments, sizeof(arguments));
	if (!at)
		return -EFAULT;
	return puppet_call(puppet, SYS_capset, at, at + offsetof(typeof(arguments), data));
}

static long raise_ambient(struct puppet *puppet, const Image__CredsEntry *creds)
{
	long ret = 0;

	for (unsigned int cap = 0; creds->n_cap_amb == CAP_WORDS && cap < 64 && ret >= 0; cap++) {
		if (has_cap(creds->cap_amb, cap))
			ret = puppet_call(puppet, SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap,
					  0, 0);
	}
	return ret;
}

static bool is_whole(const Image__CredsEntry *creds)
{
	return creds->n_cap_eff == CAP_WORDS && creds->n_cap_prm == CAP_WORDS &&
	       creds->n_cap_inh == CAP_WORDS && creds->n_cap_bnd == CAP_WORDS;
}

int creds_restore(struct puppet *puppet, const struct saved_thread *thread,
		  const struct image_error *error)
{
	const Image__ThreadCoreEntry *core = thread->core->thread_core;
	const Image__CredsEntry *creds = core->creds;
	long ret = 0;

	if (creds && !is_whole(creds))
		return fail(error, thread->tid, -EBADMSG, "its capabilities");
	if (creds) {
		ret = set_groups(puppet, creds);
		/* While there is the right to (CAP_SETPCAP). */
		ret = ret < 0 ? ret : drop_bounding(puppet, creds);
		ret = ret < 0 ? ret : set_ids(puppet, creds);
		ret = ret < 0 ? ret : set_caps(puppet, creds);
		ret = ret < 0 ? ret : raise_ambient(puppet, creds);
	}
	if (ret < 0)
		return fail(error, thread->tid, ret, "its users, groups and capabilities");
	if (core->has_no_new_privs && core->no_new_privs)
		ret = puppet_call(puppet, SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (ret >= 0 && core->has_pdeath_sig && core->pdeath_sig)
		ret = puppet_call(puppet, SYS_prctl, PR_SET_PDEATHSIG, core->pdeath_sig, 0, 0, 0);
	return ret < 0 ? fail(error, thread->tid, ret, "no_new_privs or the signal of its parent's end") :
			 0;
}

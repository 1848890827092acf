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

#include "restore/tree/batch.h"
#include "restore/tree/creds.h"

#define CAP_WORDS 2
#define NR_CAPS	  64

/* A group list of the kernel has at most 65536; so many fit into the scratch memory. */
#define GROUPS_MAX (PUPPET_SCRATCH / sizeof(uint32_t))

static const char everything[] = "its users, groups and capabilities";

static int fail(const struct image_error *error, pid_t tid, long ret, const char *what)
{
	char name[32];

	snprintf(name, sizeof(name), "%d", tid);
	return image_error(error, ret, name, "%s: %s", what, strerror(-ret));
}

/* Most have few groups; those of who has many do not fit into a batch. */
static long set_groups(struct batch *batch, const Image__CredsEntry *creds)
{
	size_t size = creds->n_groups * sizeof(*creds->groups);
	unsigned long at;

	if (creds->n_groups > GROUPS_MAX)
		return -EBADMSG;
	if (size <= BATCH_DATA / 2) {
		at = batch_give(batch, creds->groups, size);
		batch_call(batch, everything, SYS_setgroups, creds->n_groups, at);
		return 0;
	}
	at = puppet_give(batch->puppet, creds->groups, size);
	return at ? puppet_call(batch->puppet, SYS_setgroups, creds->n_groups, at) : -EFAULT;
}

static void set_ids(struct batch *batch, const Image__CredsEntry *creds)
{
	/* A change of users is to leave capabilities alone. */
	batch_call(batch, everything, SYS_prctl, PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
	batch_call(batch, everything, SYS_setresgid, creds->gid, creds->egid, creds->sgid);
	batch_call(batch, everything, SYS_setresuid, creds->uid, creds->euid, creds->suid);
	/* These tell what was before, and no error. */
	batch_call(batch, NULL, SYS_setfsgid, creds->fsgid);
	batch_call(batch, NULL, SYS_setfsuid, creds->fsuid);
	batch_call(batch, everything, SYS_prctl, PR_SET_SECUREBITS, creds->secbits, 0, 0, 0);
}

static bool has_cap(const uint32_t *words, unsigned int cap)
{
	return words[cap / 32] & 1U << cap % 32;
}

/* Those that new processes have in their bounding set: this program's. */
static const uint32_t *own_bounding(void)
{
	static uint32_t words[CAP_WORDS];
	static bool known;

	for (unsigned int cap = 0; !known && cap < NR_CAPS; cap++)
		words[cap / 32] |= (prctl(PR_CAPBSET_READ, cap) == 1 ? 1U : 0) << cap % 32;
	known = true;
	return words;
}

static void drop_bounding(struct batch *batch, const Image__CredsEntry *creds)
{
	const uint32_t *own = own_bounding();

	for (unsigned int cap = 0; cap < NR_CAPS; cap++) {
		if (has_cap(own, cap) && !has_cap(creds->cap_bnd, cap))
			batch_call(batch, everything, SYS_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0);
	}
}

static void set_caps(struct batch *batch, const Image__CredsEntry *creds)
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
	at = batch_give(batch, &arguments, sizeof(arguments));
	batch_call(batch, everything, SYS_capset, at, at + offsetof(typeof(arguments), data));
}

static void raise_ambient(struct batch *batch, const Image__CredsEntry *creds)
{
	for (unsigned int cap = 0; creds->n_cap_amb == CAP_WORDS && cap < NR_CAPS; cap++) {
		if (has_cap(creds->cap_amb, cap))
			batch_call(batch, everything, SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0,
				   0);
	}
}

static bool is_whole(const Image__CredsEntry *creds)
{
	return creds->n_cap_eff == CAP_WORDS && creds->n_cap_prm == CAP_WORDS &&
	       creds->n_cap_inh == CAP_WORDS && creds->n_cap_bnd == CAP_WORDS;
}

int creds_restore(struct puppet *puppet, const struct saved_thread *thread, const struct image_error *error)
{
	const Image__ThreadCoreEntry *core = thread->core->thread_core;
	const Image__CredsEntry *creds = core->creds;
	struct batch batch;
	const char *what;
	long ret;

	batch_begin(&batch, puppet);
	/* Without any it would have this program's: see confined_find(). */
	if (!creds || !is_whole(creds))
		return fail(error, thread->tid, -EBADMSG, "its capabilities");
	ret = set_groups(&batch, creds);
	if (ret < 0)
		return fail(error, thread->tid, ret, everything);
	/* While there is the right to (CAP_SETPCAP). */
	drop_bounding(&batch, creds);
	set_ids(&batch, creds);
	set_caps(&batch, creds);
	raise_ambient(&batch, creds);
	if (core->has_no_new_privs && core->no_new_privs)
		batch_call(&batch, "no_new_privs", SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (core->has_pdeath_sig && core->pdeath_sig)
		batch_call(&batch, "the signal of its parent's end", SYS_prctl, PR_SET_PDEATHSIG,
			   core->pdeath_sig, 0, 0, 0);
	ret = batch_run(&batch, &what);
	return ret ? fail(error, thread->tid, ret, what ? what : "cannot be driven") : 0;
}

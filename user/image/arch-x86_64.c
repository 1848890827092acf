// SPDX-License-Identifier: GPL-2.0-or-later
#include <cpuid.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "image/registers.h"

/* ---- General registers ---- */

/* The same fields by the names of both sides. */
/* clang-format off */
#define EACH_REGISTER(X)                                                           \
	X(r15, r15) X(r14, r14) X(r13, r13) X(r12, r12) X(bp, rbp) X(bx, rbx)      \
	X(r11, r11) X(r10, r10) X(r9, r9) X(r8, r8) X(ax, rax) X(cx, rcx)          \
	X(dx, rdx) X(si, rsi) X(di, rdi) X(orig_ax, orig_rax) X(ip, rip) X(cs, cs) \
	X(flags, eflags) X(sp, rsp) X(ss, ss) X(fs_base, fs_base)                  \
	X(gs_base, gs_base) X(ds, ds) X(es, es) X(fs, fs) X(gs, gs)
/* clang-format on */

static void save_general(Image__UserX86RegsEntry *message, const struct user_regs_struct *regs)
{
#define SAVE(ours, theirs) message->ours = regs->theirs;
	EACH_REGISTER(SAVE)
#undef SAVE
	message->has_mode = true;
	message->mode = IMAGE__USER_X86_REGS_MODE__NATIVE;
}

void registers_restore(const Image__ThreadInfoX86 *message, struct user_regs_struct *regs)
{
#define RESTORE(ours, theirs) regs->theirs = message->gpregs->ours;
	EACH_REGISTER(RESTORE)
#undef RESTORE
}

/* ---- The legacy region of XSAVE: 512 bytes, as FXSAVE stores them ---- */

struct legacy {
	uint16_t cwd, swd, twd, fop;
	uint64_t rip, rdp;
	uint32_t mxcsr, mxcsr_mask;
	uint32_t st_space[32];
	uint32_t xmm_space[64];
	uint32_t padding[24];
};

#define LEGACY_SIZE  512
#define HEADER_SIZE  64
#define XSTATE_BV_AT LEGACY_SIZE /* the header begins with the bits of components that are in use */

_Static_assert(sizeof(struct legacy) == LEGACY_SIZE, "FXSAVE's region has 512 bytes");

/* Components of the extended region whose fields the message has; x87 and SSE are in the legacy region. */
enum { YMM = 2, BNDREGS = 3, BNDCSR = 4, OPMASK = 5, ZMM_HI256 = 6, HI16_ZMM = 7, PKRU = 9 };

#define LEGACY_COMPONENTS 3ULL

/* ---- The extended region ---- */

struct component {
	uint32_t offset, size;
};

/* Where this machine's XSAVE stores a component; size 0: it has none. */
static struct component locate(unsigned int nr)
{
	uint32_t size = 0, offset = 0, c, d;

	if (!__get_cpuid_count(0xd, nr, &size, &offset, &c, &d))
		size = 0;
	return (struct component){ offset, size };
}

/* A field of the message: an array of 32 or of 64 bit numbers. */
struct field {
	unsigned int nr;
	size_t *n;
	void **array;
	size_t size; /* of a number */
};

#define EACH_FIELD(xsave)                                                                          \
	{                                                                                          \
		{ YMM, &(xsave)->n_ymmh_space, (void **)&(xsave)->ymmh_space, 4 },                 \
			{ BNDREGS, &(xsave)->n_bndreg_state, (void **)&(xsave)->bndreg_state, 8 }, \
			{ BNDCSR, &(xsave)->n_bndcsr_state, (void **)&(xsave)->bndcsr_state, 8 },  \
			{ OPMASK, &(xsave)->n_opmask_reg, (void **)&(xsave)->opmask_reg, 8 },      \
			{ ZMM_HI256, &(xsave)->n_zmm_upper, (void **)&(xsave)->zmm_upper, 8 },     \
			{ HI16_ZMM, &(xsave)->n_hi16_zmm, (void **)&(xsave)->hi16_zmm, 8 },        \
			{ PKRU, &(xsave)->n_pkru, (void **)&(xsave)->pkru, 4 },                    \
	}

static void *copy_of(const void *data, size_t size)
{
	void *copy = malloc(size);

	return copy ? memcpy(copy, data, size) : NULL;
}

static bool save_fields(Image__UserX86XsaveEntry *xsave, const char *xstate, size_t size)
{
	const struct field fields[] = EACH_FIELD(xsave);

	memcpy(&xsave->xstate_bv, xstate + XSTATE_BV_AT, sizeof(xsave->xstate_bv));
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		struct component component = locate(fields[i].nr);

		if (!component.size || component.offset + component.size > size)
			continue;
		*fields[i].array = copy_of(xstate + component.offset, component.size);
		if (!*fields[i].array)
			return false;
		*fields[i].n = component.size / fields[i].size;
	}
	return true;
}

/* Returns: whether there was memory; what was made is in the message. */
static bool save_legacy(Image__UserX86FpregsEntry *message, const struct legacy *legacy)
{
	message->cwd = legacy->cwd;
	message->swd = legacy->swd;
	message->twd = legacy->twd;
	message->fop = legacy->fop;
	message->rip = legacy->rip;
	message->rdp = legacy->rdp;
	message->mxcsr = legacy->mxcsr;
	message->mxcsr_mask = legacy->mxcsr_mask;
	message->st_space = copy_of(legacy->st_space, sizeof(legacy->st_space));
	message->n_st_space = message->st_space ? 32 : 0;
	message->xmm_space = copy_of(legacy->xmm_space, sizeof(legacy->xmm_space));
	message->n_xmm_space = message->xmm_space ? 64 : 0;
	return message->st_space && message->xmm_space;
}

static bool save_xstate(Image__ThreadInfoX86 *message, const char *xstate, size_t size)
{
	message->fpregs = malloc(sizeof(*message->fpregs));
	if (!message->fpregs)
		return false;
	image__user_x86_fpregs_entry__init(message->fpregs);
	if (!save_legacy(message->fpregs, (const struct legacy *)xstate))
		return false;
	message->fpregs->xsave = malloc(sizeof(*message->fpregs->xsave));
	if (!message->fpregs->xsave)
		return false;
	image__user_x86_xsave_entry__init(message->fpregs->xsave);
	if (!save_fields(message->fpregs->xsave, xstate, size))
		return false;
	message->xstate.data = copy_of(xstate, size);
	message->xstate.len = message->xstate.data ? size : 0;
	message->has_xstate = message->xstate.len != 0;
	return message->has_xstate;
}

Image__ThreadInfoX86 *registers_save(const struct user_regs_struct *regs, const void *xstate,
				     size_t size)
{
	Image__ThreadInfoX86 *message;

	if (size < LEGACY_SIZE + HEADER_SIZE)
		return NULL;
	message = malloc(sizeof(*message));
	if (!message)
		return NULL;
	image__thread_info_x86__init(message);
	message->gpregs = malloc(sizeof(*message->gpregs));
	if (message->gpregs) {
		image__user_x86_regs_entry__init(message->gpregs);
		save_general(message->gpregs, regs);
		if (save_xstate(message, xstate, size))
			return message;
	}
	image__thread_info_x86__free_unpacked(message, NULL);
	return NULL;
}

/* ---- Back ---- */

static int restore_legacy(const Image__UserX86FpregsEntry *message, struct legacy *legacy)
{
	if (message->n_st_space != 32 || message->n_xmm_space != 64)
		return -EBADMSG;
	legacy->cwd = message->cwd;
	legacy->swd = message->swd;
	legacy->twd = message->twd;
	legacy->fop = message->fop;
	legacy->rip = message->rip;
	legacy->rdp = message->rdp;
	/* Bits that the machine does not know are refused. */
	legacy->mxcsr = message->mxcsr & (legacy->mxcsr_mask ? legacy->mxcsr_mask : 0xffbf);
	memcpy(legacy->st_space, message->st_space, sizeof(legacy->st_space));
	memcpy(legacy->xmm_space, message->xmm_space, sizeof(legacy->xmm_space));
	return 0;
}

static uint64_t in_use(const Image__ThreadInfoX86 *message)
{
	return message->fpregs->xsave ? message->fpregs->xsave->xstate_bv : LEGACY_COMPONENTS;
}

uint64_t registers_missing(const Image__ThreadInfoX86 *message)
{
	uint64_t missing = 0;

	for (unsigned int nr = 2; nr < 63; nr++) {
		if (in_use(message) & 1ULL << nr && !locate(nr).size)
			missing |= 1ULL << nr;
	}
	return missing;
}

/* Components that the fields have no words for are only in our own copy of it all. */
static void restore_others(const Image__ThreadInfoX86 *message, uint64_t others, char *xstate,
			   size_t size)
{
	for (unsigned int nr = 2; nr < 63; nr++) {
		struct component component = locate(nr);
		size_t end = (size_t)component.offset + component.size;

		if (others & 1ULL << nr && message->has_xstate && end <= size &&
		    end <= message->xstate.len)
			memcpy(xstate + component.offset, message->xstate.data + component.offset,
			       component.size);
	}
}

int registers_restore_xstate(const Image__ThreadInfoX86 *message, void *xstate, size_t size)
{
	uint64_t used = in_use(message), done = LEGACY_COMPONENTS;
	Image__UserX86XsaveEntry *xsave = message->fpregs->xsave;
	int ret;

	if (size < LEGACY_SIZE + HEADER_SIZE)
		return -ENODEV;
	ret = restore_legacy(message->fpregs, xstate);
	if (ret)
		return ret;
	if (registers_missing(message))
		return -ENODEV;
	if (xsave) {
		const struct field fields[] = EACH_FIELD(xsave);

		for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
			struct component component = locate(fields[i].nr);
			size_t bytes = *fields[i].n * fields[i].size;

			if (!(used & 1ULL << fields[i].nr))
				continue;
			if (bytes > component.size || component.offset + component.size > size)
				return -EBADMSG;
			if (bytes)
				memcpy((char *)xstate + component.offset, *fields[i].array, bytes);
			done |= 1ULL << fields[i].nr;
		}
	}
	restore_others(message, used & ~done, xstate, size);
	memcpy((char *)xstate + XSTATE_BV_AT, &used, sizeof(used));
	return 0;
}

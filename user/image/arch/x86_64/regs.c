// SPDX-License-Identifier: GPL-2.0-or-later
#include <cpuid.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "image/arch/x86_64/regs.h"

/* The area of XSAVE: the legacy region, then a header, then components where CPUID says. */
#define LEGACY_SIZE	512
#define HEADER_SIZE	64
#define XSTATE_BV	512
#define ALWAYS		3ULL /* x87 and SSE, in the legacy region */
#define COMPONENTS_LEAF 0xd
#define NR_COMPONENTS	63

struct place {
	unsigned int offset, size; /* size 0: this processor has no such component */
};

static struct place ask_component(unsigned int number)
{
	unsigned int eax, ebx, ecx, edx;

	if (number < 2 || !__get_cpuid_count(COMPONENTS_LEAF, 0, &eax, &ebx, &ecx, &edx) ||
	    !(((uint64_t)edx << 32 | eax) >> number & 1) ||
	    !__get_cpuid_count(COMPONENTS_LEAF, number, &eax, &ebx, &ecx, &edx))
		return (struct place){ 0, 0 };
	return (struct place){ ebx, eax };
}

/* In a VM each question ends in the hypervisor, and they are asked for every thread: once is enough. */
static struct place component(unsigned int number)
{
	static struct place places[NR_COMPONENTS];
	static bool asked;

	for (unsigned int i = 0; !asked && i < NR_COMPONENTS; i++)
		places[i] = ask_component(i);
	asked = true;
	return number < NR_COMPONENTS ? places[number] : (struct place){ 0, 0 };
}

static size_t area_size(void)
{
	unsigned int eax, ebx, ecx, edx;

	/* EBX: for what is enabled. */
	if (__get_cpuid_count(COMPONENTS_LEAF, 0, &eax, &ebx, &ecx, &edx) && ebx >= LEGACY_SIZE + HEADER_SIZE)
		return ebx;
	return LEGACY_SIZE + HEADER_SIZE;
}

static bool fits(struct place place, size_t size)
{
	return place.size && place.offset <= size && place.size <= size - place.offset;
}

/* Components that the message has fields for ------------------------------------------------------- */

static const struct part {
	unsigned int number, unit; /* bytes of an element */
	size_t count_at, array_at; /* in the message */
} parts[] = {
#define PART(number, unit, field) \
	{ \
		number, unit, offsetof(Image__UserX86XsaveEntry, n_##field), \
			offsetof(Image__UserX86XsaveEntry, field) \
	}
	PART(2, 4, ymmh_space), PART(3, 8, bndreg_state), PART(4, 8, bndcsr_state), PART(5, 8, opmask_reg),
	PART(6, 8, zmm_upper),	PART(7, 8, hi16_zmm),	  PART(9, 4, pkru),
#undef PART
};

#define NR_PARTS (sizeof(parts) / sizeof(*parts))

static size_t *count_of(const struct part *part, const Image__UserX86XsaveEntry *message)
{
	return (size_t *)((char *)message + part->count_at);
}

static void **array_of(const struct part *part, const Image__UserX86XsaveEntry *message)
{
	return (void **)((char *)message + part->array_at);
}

static uint64_t with_fields(void)
{
	uint64_t all = ALWAYS;

	for (size_t i = 0; i < NR_PARTS; i++)
		all |= 1ULL << parts[i].number;
	return all;
}

/* To the message ----------------------------------------------------------------------------------- */

static void *duplicate(const void *data, size_t size)
{
	void *copy = malloc(size);

	return copy ? memcpy(copy, data, size) : NULL;
}

static uint64_t bits_of(const struct image_regs *regs)
{
	uint64_t bits;

	memcpy(&bits, regs->xstate + XSTATE_BV, sizeof(bits));
	return bits;
}

static int pack_xsave(const struct image_regs *regs, Image__UserX86XsaveEntry *message)
{
	message->xstate_bv = bits_of(regs);
	for (size_t i = 0; i < NR_PARTS; i++) {
		struct place place = component(parts[i].number);

		if (!place.size)
			continue;
		if (!fits(place, regs->xstate_size))
			return -EINVAL;
		*array_of(&parts[i], message) = duplicate(regs->xstate + place.offset, place.size);
		if (!*array_of(&parts[i], message))
			return -ENOMEM;
		*count_of(&parts[i], message) = place.size / parts[i].unit;
	}
	return 0;
}

static int pack_rest(const struct image_regs *regs, Image__ThreadInfoX86 *message)
{
	uint64_t bits = bits_of(regs) & ~with_fields();

	if (!bits)
		return 0;
	message->xstate = calloc(NR_COMPONENTS, sizeof(*message->xstate));
	for (unsigned int i = 0; message->xstate && i < NR_COMPONENTS; i++) {
		struct place place = component(i);
		Image__XstatePart *part;

		if (!(bits >> i & 1))
			continue;
		if (!fits(place, regs->xstate_size))
			return -EINVAL;
		part = malloc(sizeof(*part));
		if (!part)
			return -ENOMEM;
		image__xstate_part__init(part);
		message->xstate[message->n_xstate++] = part;
		part->number = i;
		part->data.data = duplicate(regs->xstate + place.offset, place.size);
		part->data.len = part->data.data ? place.size : 0;
		if (!part->data.data)
			return -ENOMEM;
	}
	return message->xstate ? 0 : -ENOMEM;
}

static int pack_fpu(const struct image_regs *regs, Image__ThreadInfoX86 *message)
{
	Image__UserX86FpregsEntry *fp = malloc(sizeof(*fp));
	struct user_fpregs_struct legacy;

	if (!fp)
		return -ENOMEM;
	image__user_x86_fpregs_entry__init(fp);
	message->fpregs = fp;
	if (regs->xstate_size < LEGACY_SIZE + HEADER_SIZE)
		return -EINVAL;
	memcpy(&legacy, regs->xstate, sizeof(legacy));
	fp->cwd = legacy.cwd;
	fp->swd = legacy.swd;
	fp->twd = legacy.ftw;
	fp->fop = legacy.fop;
	fp->rip = legacy.rip;
	fp->rdp = legacy.rdp;
	fp->mxcsr = legacy.mxcsr;
	fp->mxcsr_mask = legacy.mxcr_mask;
	fp->st_space = duplicate(legacy.st_space, sizeof(legacy.st_space));
	fp->n_st_space = fp->st_space ? sizeof(legacy.st_space) / 4 : 0;
	fp->xmm_space = duplicate(legacy.xmm_space, sizeof(legacy.xmm_space));
	fp->n_xmm_space = fp->xmm_space ? sizeof(legacy.xmm_space) / 4 : 0;
	fp->xsave = malloc(sizeof(*fp->xsave));
	if (!fp->xsave || !fp->st_space || !fp->xmm_space)
		return -ENOMEM;
	image__user_x86_xsave_entry__init(fp->xsave);
	return pack_xsave(regs, fp->xsave);
}

/* Each register, and how the message calls it: a table, which would be laid out as calls within each other. */
/* clang-format off */
#define EACH_REGISTER(DO) \
	DO(r15, r15) DO(r14, r14) DO(r13, r13) DO(r12, r12) DO(rbp, bp) DO(rbx, bx) DO(r11, r11) DO(r10, r10) \
	DO(r9, r9) DO(r8, r8) DO(rax, ax) DO(rcx, cx) DO(rdx, dx) DO(rsi, si) DO(rdi, di) DO(orig_rax, orig_ax) \
	DO(rip, ip) DO(cs, cs) DO(eflags, flags) DO(rsp, sp) DO(ss, ss) DO(fs_base, fs_base) \
	DO(gs_base, gs_base) DO(ds, ds) DO(es, es) DO(fs, fs) DO(gs, gs)
/* clang-format on */

static int pack_general(const struct image_regs *regs, Image__ThreadInfoX86 *message)
{
	Image__UserX86RegsEntry *gp = malloc(sizeof(*gp));

	if (!gp)
		return -ENOMEM;
	image__user_x86_regs_entry__init(gp);
	message->gpregs = gp;
#define PACK(ours, theirs) gp->theirs = regs->general.ours;
	EACH_REGISTER(PACK)
#undef PACK
	gp->has_mode = true;
	gp->mode = IMAGE__USER_X86_REGS_MODE__NATIVE;
	return 0;
}

static int pack_tls(const struct image_regs *regs, Image__ThreadInfoX86 *message)
{
	message->tls = calloc(IMAGE_TLS_ENTRIES, sizeof(*message->tls));
	for (int i = 0; message->tls && i < IMAGE_TLS_ENTRIES; i++) {
		const struct user_desc *from = &regs->tls[i];
		Image__UserDescT *to = malloc(sizeof(*to));

		if (!to)
			return -ENOMEM;
		image__user_desc_t__init(to);
		message->tls[message->n_tls++] = to;
		to->entry_number = IMAGE_TLS_FIRST + i;
		to->base_addr = from->base_addr;
		to->limit = from->limit;
		to->seg_32bit = from->seg_32bit;
		to->contents_h = from->contents & 2;
		to->contents_l = from->contents & 1;
		to->read_exec_only = from->read_exec_only;
		to->limit_in_pages = from->limit_in_pages;
		to->seg_not_present = from->seg_not_present;
		to->usable = from->useable;
	}
	return message->tls ? 0 : -ENOMEM;
}

int image_regs_pack(const struct image_regs *regs, Image__ThreadInfoX86 **out)
{
	Image__ThreadInfoX86 *message = malloc(sizeof(*message));
	int ret;

	*out = NULL;
	if (!message)
		return -ENOMEM;
	image__thread_info_x86__init(message);
	message->clear_tid_addr = regs->clear_tid;
	ret = pack_general(regs, message);
	ret = ret ?: pack_fpu(regs, message);
	ret = ret ?: pack_rest(regs, message);
	ret = ret ?: pack_tls(regs, message);
	if (ret)
		protobuf_c_message_free_unpacked(&message->base, NULL);
	else
		*out = message;
	return ret;
}

/* From the message --------------------------------------------------------------------------------- */

static void unpack_general(struct image_regs *regs, const Image__UserX86RegsEntry *gp)
{
#define UNPACK(ours, theirs) regs->general.ours = gp->theirs;
	EACH_REGISTER(UNPACK)
#undef UNPACK
}

static void unpack_tls(struct image_regs *regs, const Image__ThreadInfoX86 *message)
{
	for (size_t i = 0; i < message->n_tls; i++) {
		const Image__UserDescT *from = message->tls[i];
		struct user_desc *to;

		if (from->entry_number - IMAGE_TLS_FIRST >= IMAGE_TLS_ENTRIES)
			continue;
		to = &regs->tls[from->entry_number - IMAGE_TLS_FIRST];
		to->entry_number = from->entry_number;
		to->base_addr = from->base_addr;
		to->limit = from->limit;
		to->seg_32bit = from->seg_32bit;
		to->contents = from->contents_h << 1 | from->contents_l;
		to->read_exec_only = from->read_exec_only;
		to->limit_in_pages = from->limit_in_pages;
		to->seg_not_present = from->seg_not_present;
		to->useable = from->usable;
	}
}

static int unpack_legacy(struct image_regs *regs, const Image__UserX86FpregsEntry *fp)
{
	struct user_fpregs_struct legacy = {
		.cwd = fp->cwd,
		.swd = fp->swd,
		.ftw = fp->twd,
		.fop = fp->fop,
		.rip = fp->rip,
		.rdp = fp->rdp,
		.mxcsr = fp->mxcsr,
		.mxcr_mask = fp->mxcsr_mask,
	};

	if (fp->n_st_space * 4 != sizeof(legacy.st_space) || fp->n_xmm_space * 4 != sizeof(legacy.xmm_space))
		return -EBADMSG;
	memcpy(legacy.st_space, fp->st_space, sizeof(legacy.st_space));
	memcpy(legacy.xmm_space, fp->xmm_space, sizeof(legacy.xmm_space));
	memcpy(regs->xstate, &legacy, sizeof(legacy));
	return 0;
}

/* An area in which nothing is in use has neither place nor bit. */
static int place_part(struct image_regs *regs, uint64_t bits, unsigned int number, const void *data,
		      size_t size)
{
	struct place place = component(number);

	if (number >= NR_COMPONENTS)
		return -EBADMSG;
	if (!size || !(bits >> number & 1))
		return 0;
	if (!fits(place, regs->xstate_size))
		return -EOPNOTSUPP;
	if (size < place.size)
		return -EBADMSG;
	memcpy(regs->xstate + place.offset, data, place.size);
	return 0;
}

/* The components of this processor. */
static uint64_t here(void)
{
	uint64_t bits = ALWAYS;

	for (unsigned int i = 2; i < NR_COMPONENTS; i++)
		bits |= (uint64_t)(component(i).size > 0) << i;
	return bits;
}

/* What Linux gives every process: all keys but that of all memory are shut. */
#define PKRU_NUMBER  9
#define PKRU_DEFAULT 0x55555554

/* Whether a component says nothing, so that it can be left out where there is none. */
static bool is_idle(const struct part *part, const Image__UserX86XsaveEntry *xsave)
{
	const uint8_t *data = *array_of(part, xsave);
	size_t size = *count_of(part, xsave) * part->unit;

	if (part->number == PKRU_NUMBER && size && xsave->pkru[0] == PKRU_DEFAULT)
		return true;
	for (size_t i = 0; i < size; i++) {
		if (data[i])
			return false;
	}
	return true;
}

static int unpack_parts(struct image_regs *regs, const Image__ThreadInfoX86 *message)
{
	const Image__UserX86XsaveEntry *xsave = message->fpregs->xsave;
	uint64_t bits = (xsave ? xsave->xstate_bv & here() : 0) | ALWAYS;
	int ret = image_regs_lacking(message) ? -EOPNOTSUPP : 0;

	for (size_t i = 0; xsave && !ret && i < NR_PARTS; i++)
		ret = place_part(regs, bits, parts[i].number, *array_of(&parts[i], xsave),
				 *count_of(&parts[i], xsave) * parts[i].unit);
	for (size_t i = 0; !ret && i < message->n_xstate; i++)
		ret = place_part(regs, bits, message->xstate[i]->number, message->xstate[i]->data.data,
				 message->xstate[i]->data.len);
	memcpy(regs->xstate + XSTATE_BV, &bits, sizeof(bits));
	return ret;
}

uint64_t image_regs_lacking(const Image__ThreadInfoX86 *message)
{
	const Image__UserX86XsaveEntry *xsave = message->fpregs ? message->fpregs->xsave : NULL;
	uint64_t bits = xsave ? xsave->xstate_bv & ~ALWAYS : 0, lacking;

	lacking = bits & ~here();
	for (size_t i = 0; xsave && i < NR_PARTS; i++) {
		if (is_idle(&parts[i], xsave))
			lacking &= ~(1ULL << parts[i].number);
	}
	return lacking;
}

int image_regs_unpack(struct image_regs *regs, const Image__ThreadInfoX86 *message)
{
	int ret;

	if (!message->gpregs || !message->fpregs)
		return -EBADMSG;
	unpack_general(regs, message->gpregs);
	unpack_tls(regs, message);
	regs->clear_tid = message->clear_tid_addr;
	regs->xstate_size = area_size();
	regs->xstate = calloc(1, regs->xstate_size);
	if (!regs->xstate)
		return -ENOMEM;
	ret = unpack_legacy(regs, message->fpregs);
	return ret ?: unpack_parts(regs, message);
}

void image_regs_free(struct image_regs *regs)
{
	free(regs->xstate);
	*regs = (struct image_regs){ 0 };
}

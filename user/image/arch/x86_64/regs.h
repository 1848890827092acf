/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of a thread: from what ptrace(2) gives to the message of core-TID.img, and back.
 */
#ifndef IMAGE_REGS_H
#define IMAGE_REGS_H

#include <stddef.h>
#include <stdint.h>
#include <asm/ldt.h>
#include <sys/user.h>

#include "core.pb-c.h"

/* Entries of a thread in the GDT, and the number of the first. */
#define IMAGE_TLS_ENTRIES 3
#define IMAGE_TLS_FIRST	  12

/* NT_X86_XSTATE with the tiles of AMX is 11 KiB. */
#define IMAGE_XSTATE_MAX 16384

struct image_regs {
	struct user_regs_struct general; /* NT_PRSTATUS */
	uint8_t *xstate; /* NT_X86_XSTATE, owned */
	size_t xstate_size;
	struct user_desc tls[IMAGE_TLS_ENTRIES]; /* of PTRACE_GET_THREAD_AREA */
	uint64_t clear_tid; /* set_tid_address(2) */
};

/** image_regs_free - Frees what the registers own and empties them. */
void image_regs_free(struct image_regs *regs);

/**
 * image_regs_pack - Makes the message.
 * @out: the caller frees it with protobuf_c_message_free_unpacked()
 *
 * Returns: 0, -EINVAL if XSAVE's area is too small for what it says to hold, or -ENOMEM.
 */
int image_regs_pack(const struct image_regs *regs, Image__ThreadInfoX86 **out);

/**
 * image_regs_unpack - Makes of a message, which is not trusted, what ptrace takes on this machine.
 * @regs: zeroed; the caller frees it with image_regs_free(), also after an error
 *
 * Returns: 0, -EBADMSG if the message lacks what it must have, -EOPNOTSUPP if this processor lacks a part of
 * XSAVE that is in use, or -ENOMEM.
 */
int image_regs_unpack(struct image_regs *regs, const Image__ThreadInfoX86 *message);

/**
 * image_regs_lacking - What of a message this processor has no registers for.
 *
 * Returns: bits by number of XSAVE's components, 0 if it has all.
 */
uint64_t image_regs_lacking(const Image__ThreadInfoX86 *message);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of a thread, between the form that ptrace(2) has (NT_PRSTATUS, NT_X86_XSTATE) and that of core-*.img.
 */
#ifndef IMAGE_REGISTERS_H
#define IMAGE_REGISTERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

#include "core.pb-c.h"

/**
 * registers_save - Makes a message of registers.
 * @xstate: as PTRACE_GETREGSET gives NT_X86_XSTATE, @size bytes
 *
 * The other fields of the message (clear_tid_addr) are left to the caller, who frees the message with
 * image__thread_info_x86__free_unpacked().
 *
 * Returns: the message, or NULL without memory or if @size is too small to be right.
 */
Image__ThreadInfoX86 *registers_save(const struct user_regs_struct *regs, const void *xstate,
				     size_t size);

/** registers_restore - The general registers of a message. */
void registers_restore(const Image__ThreadInfoX86 *message, struct user_regs_struct *regs);

/**
 * registers_restore_xstate - The other registers of a message.
 * @xstate: as PTRACE_GETREGSET gave it for the thread that is to have them, @size bytes; changed
 *
 * Returns: 0; -ENODEV if this machine lacks some of the registers that are in use; -EBADMSG if the message
 * makes no sense.
 */
int registers_restore_xstate(const Image__ThreadInfoX86 *message, void *xstate, size_t size);

/** registers_missing - Bits of XSAVE's components that are in use and that this machine lacks. */
uint64_t registers_missing(const Image__ThreadInfoX86 *message);

#endif

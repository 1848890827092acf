/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that have something in their registers. What is there differs between architectures.
 */
#ifndef KMOD_REGISTERS_H
#define KMOD_REGISTERS_H

/**
 * registers_flag_new - Makes a flag for the functions below, which children share.
 *
 * Each gets one as its data and sets it once the registers are filled. Returns: NULL without memory.
 */
int *registers_flag_new(void);

/** registers_spin - Fills the registers and runs on for ever, without another system call. */
void registers_spin(void *flag);

/** registers_sleep - Fills the registers and sleeps for ever in one system call. */
void registers_sleep(void *flag);

/** registers_spin_32bit - As registers_spin(), in the mode of programs of 32 bits. */
void registers_spin_32bit(void *flag);

/** registers_spin_with_ports - As registers_spin(), with I/O ports that the thread may use. */
void registers_spin_with_ports(void *flag);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What host.c and init.c say to each other over the virtio-serial port.
 *
 * One port carries everything, in frames, so that order tells what is complete: FRAME_STATUS comes
 * behind the last byte that the command wrote, and the host may end the guest as soon as it has it.
 * Both ends run on one machine and are built from one source, so integers are in native order.
 *
 * host -> guest   FRAME_JOB     once, first; see below
 *                 FRAME_STDIN   bytes for the command; none: end of file
 *                 FRAME_WINSIZE struct winsize_frame
 * guest -> host   FRAME_STDOUT  bytes that the command wrote
 *                 FRAME_STDERR  the same
 *                 FRAME_STATUS  uint32_t, as a shell would say it; the last frame
 *                 FRAME_REFUSED text: why the command could not be started; the last frame
 *
 * A job is a list of NUL-terminated records, KEY=VALUE:
 *
 *   cwd=DIR    working directory
 *   keep=DIR   lies under /tmp or /run, which are fresh in the guest: show it there all the same
 *   rw=DIR     the next share, rw0, rw1, ..., is mounted here, writable
 *   tty=1      give the command a terminal
 *   stdin=1    the host will send FRAME_STDIN
 *   env=N=V    environment
 *   arg=WORD   the command, word by word; a job without one only proves that the guest boots
 */
#ifndef CRLOCK_VM_FRAMES_H
#define CRLOCK_VM_FRAMES_H

#include <stdint.h>

#define FRAME_PORT_NAME "crlock"
#define FRAME_JOB_MAX	(4 * 1024 * 1024)
/* Payload of any other frame: what the driver takes in one write, less the header. */
#define FRAME_MAX (32 * 1024 - 8)

enum frame_type {
	FRAME_JOB = 1,
	FRAME_STDIN,
	FRAME_WINSIZE,
	FRAME_STDOUT,
	FRAME_STDERR,
	FRAME_STATUS,
	FRAME_REFUSED,
};

struct frame_header {
	uint32_t type;
	uint32_t len;
};

struct winsize_frame {
	uint16_t rows;
	uint16_t columns;
};

#endif

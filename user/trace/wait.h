/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting for a traced thread to stop, not for ever.
 */
#ifndef TRACE_WAIT_H
#define TRACE_WAIT_H

#include <stdbool.h>
#include <sys/types.h>

/* What PTRACE_O_TRACESYSGOOD makes of the stops at system calls. */
#define TRACE_SYSCALL_STOP (SIGTRAP | 0x80)

/**
 * trace_wait - Waits for a thread's next stop or end.
 * @status: as of waitpid(2)
 *
 * Returns: 0, -ETIMEDOUT if it takes too long (it sleeps where no signal wakes it), or another negative
 * errno value.
 */
int trace_wait(pid_t tid, int *status);

/** trace_is_event_stop - Whether a status is that of PTRACE_INTERRUPT or of a job control stop. */
bool trace_is_event_stop(int status);

#endif

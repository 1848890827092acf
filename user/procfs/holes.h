/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Large parts of an address space without a page: programs reserve terabytes, of which pagemap has eight bytes for each
 * page that is not there.
 */
#ifndef PROCFS_HOLES_H
#define PROCFS_HOLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct proc_holes {
	int dir, pagemap; /* borrowed */
	bool no_scan; /* this kernel cannot look for the next page: Linux 6.7 can */
	bool is_read;
	struct proc_hole {
		uint64_t start, end;
	} * holes; /* where it cannot: mappings without a page, in ascending order */
	size_t nr;
};

/** proc_holes_open - Begins. @dir: of a process, @pagemap: its pagemap; both stay open meanwhile. */
void proc_holes_open(struct proc_holes *holes, int dir, int pagemap);

/** proc_holes_close - Frees what it has. */
void proc_holes_close(struct proc_holes *holes);

/**
 * proc_holes_skip - Passes over pages that are not there, where that is quicker than to look at each.
 *
 * A page that comes while the process runs may be missed.
 *
 * Returns: the address of the next page that may be there; @end if there is none.
 */
uint64_t proc_holes_skip(struct proc_holes *holes, uint64_t start, uint64_t end);

#endif

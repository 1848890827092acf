/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's code in each program (vdso), which the saved program has at a certain address. The running kernel
 * has its own. If both are the same it goes to that address; if not, the saved code stays there and each of its
 * functions jumps to the running kernel's, which lies elsewhere.
 */
#ifndef RESTORE_VDSO_H
#define RESTORE_VDSO_H

#include <stdbool.h>
#include <stddef.h>

#define VDSO_PARTS_MAX 4

/* A part: the code, or the data beside it, which only the kernel can map. */
struct vdso_part {
	unsigned long start, end;
	bool code;
};

/* Where this program, and every copy of it, has the vdso. */
struct vdso {
	struct vdso_part parts[VDSO_PARTS_MAX]; /* ascending, one behind the other */
	size_t nr; /* 0: the kernel has none */
};

/** vdso_find - Finds that of this program. Returns: 0 or a negative errno value. */
int vdso_find(struct vdso *vdso);

/** vdso_size - Bytes from the first part to the end of the last. */
unsigned long vdso_size(const struct vdso *vdso);

/** vdso_code - The part that is code; NULL: there is none. */
const struct vdso_part *vdso_code(const struct vdso *vdso);

/**
 * vdso_redirect - Makes each function of saved code jump to the running kernel's.
 * @saved: the saved code, changed
 * @size: of it, bytes
 * @code: the running kernel's, in this program
 * @at: where the program will have it
 *
 * Functions that the running kernel lacks become the system calls of their names.
 *
 * Returns: 0, or -EINVAL if one of them is not a vdso that is understood.
 */
int vdso_redirect(unsigned char *saved, size_t size, const struct vdso_part *code, unsigned long at);

#endif

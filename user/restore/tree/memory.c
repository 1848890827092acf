// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/prctl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "image/progress.h"
#include "restore/tree/memory.h"

#define PAGE IMAGE_PAGE_SIZE
/* The last page of a program's addresses cannot be mapped. */
#define ADDRESSES_END 0x7ffffffff000UL
/* The lowest that a mapping may have without special rights is /proc/sys/vm/mmap_min_addr. */
#define ADDRESSES_START 0x10000UL
/* So much in one call, for progress to be seen; MAX_RW_COUNT of the kernel is more. */
#define READ_MAX (64UL << 20)

#define MAP_FLAGS \
	(MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_NORESERVE | MAP_LOCKED | MAP_STACK)

struct job {
	const struct memory *memory;
	const struct memory_sources *sources;
	struct puppet *puppet;
	const struct image_error *error;
};

static int __attribute__((format(printf, 3, 4)))
fail(const struct job *job, long ret, const char *format, ...)
{
	char name[32], what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(name, sizeof(name), "%d", job->memory->process->pid);
	return image_error(job->error, ret, name, "%s: %s", what, strerror(-ret));
}

/* What the kernel alone can map. */
static bool is_special(const Image__VmaEntry *vma)
{
	return vma->status & (SAVED_VMA_VSYSCALL | SAVED_VMA_VVAR);
}

static bool is_vdso(const Image__VmaEntry *vma)
{
	return vma->status & SAVED_VMA_VDSO;
}

/* ---- Where things go ---- */

/* The first gap between saved mappings of a size, from an address on; 0: there is none. */
static unsigned long find_gap(const Image__MmEntry *mm, unsigned long from, unsigned long size)
{
	for (size_t i = 0; i < mm->n_vmas; i++) {
		const Image__VmaEntry *vma = mm->vmas[i];

		if (vma->end <= from)
			continue;
		/* A stack may grow. */
		if (vma->start > from && vma->start - from >= size + (1 << 20))
			return from;
		from = vma->end;
	}
	return from < ADDRESSES_END && ADDRESSES_END - from >= size ? from : 0;
}

static bool overlaps(unsigned long start, unsigned long size, unsigned long other, unsigned long other_size)
{
	return start < other + other_size && other < start + size;
}

static const Image__VmaEntry *find_vdso(const Image__MmEntry *mm)
{
	for (size_t i = 0; i < mm->n_vmas; i++) {
		if (is_vdso(mm->vmas[i]))
			return mm->vmas[i];
	}
	return NULL;
}

/* Whether the saved parts are those of this kernel, at the same distances. */
static bool parts_agree(const Image__MmEntry *mm, const struct vdso *vdso, unsigned long at)
{
	size_t part = 0;

	for (size_t i = 0; i < mm->n_vmas; i++) {
		const Image__VmaEntry *vma = mm->vmas[i];
		const struct vdso_part *ours = &vdso->parts[part];

		if (!(vma->status & (SAVED_VMA_VVAR | SAVED_VMA_VDSO)))
			continue;
		if (part == vdso->nr || vma->start - at != ours->start - vdso->parts[0].start ||
		    vma->end - vma->start != ours->end - ours->start || is_vdso(vma) != ours->code)
			return false;
		part++;
	}
	return part == vdso->nr;
}

/* Returns: whether the saved code is the running kernel's. */
static bool code_agrees(const struct image_pages *pages, const Image__VmaEntry *saved,
			const struct vdso_part *code)
{
	size_t size = code->end - code->start;
	char *bytes = malloc(size);
	bool same;

	same = bytes && !image_pages_read(pages, saved->start, bytes, size) &&
	       !memcmp(bytes, (const char *)code->start, size);
	free(bytes);
	return same;
}

static void place_vdso(struct memory *memory, const struct vdso *vdso)
{
	const Image__MmEntry *mm = memory->process->mm;
	const struct vdso_part *code = vdso_code(vdso);
	const Image__VmaEntry *saved = find_vdso(mm);
	unsigned long at;

	if (!code)
		return;
	at = saved ? saved->start - (code->start - vdso->parts[0].start) : 0;
	if (saved && parts_agree(mm, vdso, at) && code_agrees(&memory->pages, saved, code)) {
		memory->vdso_at = at;
		return;
	}
	memory->vdso_redirected = saved;
	memory->vdso_at = find_gap(mm, memory->area + PUPPET_AREA, vdso_size(vdso));
}

/* The area and what this program has at the moment must not be in each other's way. */
static int place(struct memory *memory, const struct vdso *vdso)
{
	const Image__MmEntry *mm = memory->process->mm;
	unsigned long at = ADDRESSES_START, size = PUPPET_AREA + 2 * vdso_size(vdso) + (1 << 20);

	/* Low addresses: neither a program nor a copy of this one has much there. */
	at = find_gap(mm, at, size);
	if (!at || (vdso->nr && overlaps(at, size, vdso->parts[0].start, vdso_size(vdso))))
		return -ENOMEM;
	memory->area = at;
	place_vdso(memory, vdso);
	return vdso->nr && !memory->vdso_at ? -ENOMEM : 0;
}

int memory_open(struct memory *memory, const struct saved_process *process,
		const struct memory_sources *sources, int dir, int lowest, const struct image_error *error)
{
	char name[64];
	int ret, high;

	*memory = (struct memory){ .process = process, .pages.fd = -1 };
	snprintf(name, sizeof(name), "pagemap-%d.img", process->pid);
	ret = image_pages_open(&memory->pages, dir, sources->path, name, error);
	/* Every process has one. */
	if (ret)
		return ret == -ENOENT ? -EBADMSG : ret;
	if (memory->pages.fd >= 0) {
		high = fcntl(memory->pages.fd, F_DUPFD_CLOEXEC, lowest);
		if (high < 0)
			return image_error(error, -errno, sources->path, "%s: %s", name, strerror(errno));
		close(memory->pages.fd);
		memory->pages.fd = high;
	}
	ret = place(memory, sources->vdso);
	if (ret)
		return image_error(error, ret, sources->path, "%s: its addresses leave no room to restore it",
				   name);
	return 0;
}

void memory_close(struct memory *memory)
{
	image_pages_close(&memory->pages);
}

/* ---- Old mappings ---- */

static int move(const struct job *job, unsigned long from, unsigned long size, unsigned long to)
{
	long got =
		puppet_call(job->puppet, SYS_mremap, from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to, 0);

	return got < 0 ? fail(job, got, "the vdso cannot be moved to %lx", to) : 0;
}

/* Each part, keeping their distances. */
static int move_vdso(const struct job *job, unsigned long from, unsigned long to)
{
	const struct vdso *vdso = job->sources->vdso;
	unsigned long first = vdso->nr ? vdso->parts[0].start : 0;
	int ret = 0;

	for (size_t i = 0; i < vdso->nr && from != to && !ret; i++) {
		const struct vdso_part *part = &vdso->parts[i];

		ret = move(job, from + (part->start - first), part->end - part->start,
			   to + (part->start - first));
	}
	return ret;
}

static int unmap(const struct job *job, unsigned long start, unsigned long end)
{
	long ret = start < end ? puppet_call(job->puppet, SYS_munmap, start, end - start) : 0;

	return ret < 0 ? fail(job, ret, "its old memory cannot be unmapped") : 0;
}

/*
 * All that this program had goes, but for the area and the vdso, which waits behind the area: where it is to be
 * may be something of this program still, or where it was.
 */
static int clear(const struct job *job)
{
	const struct vdso *vdso = job->sources->vdso;
	unsigned long area = job->memory->area, parked = area + PUPPET_AREA;
	unsigned long size = vdso_size(vdso);
	int ret = 0;

	if (vdso->nr)
		ret = move_vdso(job, vdso->parts[0].start, parked);
	ret = ret ? ret : unmap(job, 0, area);
	ret = ret ? ret : unmap(job, parked + size, ADDRESSES_END);
	if (!ret && vdso->nr && !overlaps(parked, size, job->memory->vdso_at, size))
		ret = move_vdso(job, parked, job->memory->vdso_at);
	return ret;
}

/* ---- New mappings ---- */

bool memory_wants_readonly(const Image__VmaEntry *vma)
{
	return vma->status & SAVED_VMA_FILE_SHARED && vma->has_fdflags &&
	       (vma->fdflags & O_ACCMODE) == O_RDONLY;
}

int memory_fd(const struct memory_sources *sources, const Image__VmaEntry *vma)
{
	size_t at;

	if (memory_wants_readonly(vma) && image_lookup_find(&sources->readonly_by_id, vma->shmid, &at))
		return sources->readonly[at];
	if (vma->status & SAVED_VMA_ANON_SHARED)
		return shms_fd(sources->shms, vma->shmid);
	if (vma->status & (SAVED_VMA_FILE_PRIVATE | SAVED_VMA_FILE_SHARED))
		return restore_files_fd(sources->files, vma->shmid);
	return -1;
}

/* Whether pages are to be copied into it; of shared ones the file, or the memory that all share, has them. */
static bool has_pages(const struct job *job, const Image__VmaEntry *vma)
{
	const struct image_pages *pages = &job->memory->pages;
	size_t i;

	if (vma->flags & MAP_SHARED)
		return false;
	i = image_pages_find(pages, vma->start);
	return i < pages->nr && pages->runs[i].start < vma->end;
}

static int check_kind(const struct job *job, const Image__VmaEntry *vma)
{
	if (vma->status & (SAVED_VMA_SYSVIPC | SAVED_VMA_SOCKET | SAVED_VMA_AIORING) ||
	    vma->flags & MAP_HUGETLB)
		return fail(job, -EOPNOTSUPP, "the mapping at %llx", (unsigned long long)vma->start);
	return 0;
}

static int map(const struct job *job, const Image__VmaEntry *vma)
{
	int flags = (vma->flags & MAP_FLAGS & ~MAP_LOCKED) | MAP_FIXED_NOREPLACE;
	int prot = vma->prot | (has_pages(job, vma) ? PROT_WRITE : 0);
	int fd = memory_fd(job->sources, vma), ret = check_kind(job, vma);
	long got;

	if (ret)
		return ret;
	if (fd >= 0)
		flags &= ~MAP_ANONYMOUS;
	else if (!(vma->flags & MAP_ANONYMOUS))
		return fail(job, -EBADF, "the mapping at %llx: its file", (unsigned long long)vma->start);
	got = puppet_call(job->puppet, SYS_mmap, vma->start, vma->end - vma->start, prot, flags, fd,
			  vma->pgoff);
	if (got < 0)
		return fail(job, got, "the mapping at %llx", (unsigned long long)vma->start);
	return 0;
}

/* One advice for each bit. */
static int advise(const struct job *job, const Image__VmaEntry *vma)
{
	long ret = 0;

	for (unsigned int advice = 0; vma->has_madv && advice < 64 && ret >= 0; advice++) {
		if (vma->madv & 1ULL << advice)
			ret = puppet_call(job->puppet, SYS_madvise, vma->start, vma->end - vma->start,
					  advice);
	}
	return ret < 0 ? fail(job, ret, "advice on the mapping at %llx", (unsigned long long)vma->start) : 0;
}

static int finish(const struct job *job, const Image__VmaEntry *vma)
{
	unsigned long size = vma->end - vma->start;
	long ret = 0;

	if (has_pages(job, vma) && !(vma->prot & PROT_WRITE))
		ret = puppet_call(job->puppet, SYS_mprotect, vma->start, size, vma->prot);
	if (ret >= 0 && vma->flags & MAP_LOCKED)
		ret = puppet_call(job->puppet, SYS_mlock2, vma->start, size,
				  vma->lock_on_fault ? MLOCK_ONFAULT : 0);
	if (ret < 0)
		return fail(job, ret, "the mapping at %llx", (unsigned long long)vma->start);
	return advise(job, vma);
}

/* ---- Pages ---- */

/* So many pieces of memory are filled by one call of the puppet, from one behind the other in the image. */
#define PIECES 1024

struct pieces {
	struct iovec iov[PIECES];
	size_t nr;
	uint64_t size;
	off_t offset; /* in the image */
};

static int read_pieces(const struct job *job, struct pieces *pieces)
{
	int fd = job->memory->pages.fd;

	while (pieces->nr) {
		unsigned long at = puppet_give(job->puppet, pieces->iov, pieces->nr * sizeof(*pieces->iov));
		size_t done = 0;
		long n;

		if (!at)
			return fail(job, -EFAULT, "its pages");
		n = puppet_call(job->puppet, SYS_preadv, fd, at, pieces->nr, pieces->offset, 0);
		if (n <= 0)
			return fail(job, n ? n : -EBADMSG, "its pages");
		pieces->offset += n;
		progress_add(n);
		/* A signal cannot cut a read short here, but a file system may. */
		while (done < pieces->nr && (size_t)n >= pieces->iov[done].iov_len)
			n -= pieces->iov[done++].iov_len;
		pieces->nr -= done;
		memmove(pieces->iov, pieces->iov + done, pieces->nr * sizeof(*pieces->iov));
		if (pieces->nr) {
			pieces->iov[0].iov_base = (char *)pieces->iov[0].iov_base + n;
			pieces->iov[0].iov_len -= n;
		}
	}
	pieces->size = 0;
	return 0;
}

/* Whether pages at an address go into memory as they are. */
static bool wants(const Image__VmaEntry *vma)
{
	return !(vma->flags & MAP_SHARED) && !is_special(vma) && !is_vdso(vma);
}

static int add_piece(const struct job *job, struct pieces *pieces, uint64_t start, uint64_t size,
		     off_t offset)
{
	int ret = 0;

	while (size && !ret) {
		uint64_t part = size < READ_MAX ? size : READ_MAX;

		if (pieces->nr == PIECES || pieces->size + part > READ_MAX ||
		    (pieces->nr && pieces->offset + (off_t)pieces->size != offset))
			ret = read_pieces(job, pieces);
		if (!pieces->nr)
			pieces->offset = offset;
		pieces->iov[pieces->nr++] = (struct iovec){ (void *)start, part };
		pieces->size += part;
		start += part;
		offset += part;
		size -= part;
	}
	return ret;
}

static int fill_mapping(const struct job *job, struct pieces *pieces, const Image__VmaEntry *vma)
{
	const struct image_pages *pages = &job->memory->pages;
	int ret = 0;

	for (size_t i = image_pages_find(pages, vma->start);
	     i < pages->nr && pages->runs[i].start < vma->end && !ret; i++) {
		const struct image_run *run = &pages->runs[i];
		uint64_t from = run->start > vma->start ? run->start : vma->start;
		uint64_t to = run->start + run->size < vma->end ? run->start + run->size : vma->end;

		ret = add_piece(job, pieces, from, to - from, run->offset + (from - run->start));
	}
	return ret;
}

static int fill(const struct job *job)
{
	const Image__MmEntry *mm = job->memory->process->mm;
	struct pieces *pieces = calloc(1, sizeof(*pieces));
	int ret = 0;

	if (!pieces)
		return fail(job, -ENOMEM, "its pages");
	for (size_t i = 0; i < mm->n_vmas && !ret; i++) {
		if (wants(mm->vmas[i]))
			ret = fill_mapping(job, pieces, mm->vmas[i]);
	}
	ret = ret ? ret : read_pieces(job, pieces);
	free(pieces);
	return ret;
}

/* ---- The code of another kernel ---- */

static int redirect(const struct job *job)
{
	const struct vdso *vdso = job->sources->vdso;
	const Image__VmaEntry *saved = find_vdso(job->memory->process->mm);
	const struct vdso_part *code = vdso_code(vdso);
	size_t size = saved->end - saved->start;
	unsigned char *bytes;
	long ret;

	if (size > 1 << 20)
		return fail(job, -EINVAL, "its vdso");
	bytes = malloc(size);
	if (!bytes)
		return fail(job, -ENOMEM, "its vdso");
	ret = image_pages_read(&job->memory->pages, saved->start, bytes, size);
	if (!ret)
		ret = vdso_redirect(bytes, size, code,
				    job->memory->vdso_at + (code->start - vdso->parts[0].start));
	if (!ret) {
		ret = puppet_call(job->puppet, SYS_mmap, saved->start, size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		ret = ret < 0 ? ret : puppet_write(job->puppet, saved->start, bytes, size);
	}
	if (!ret)
		ret = puppet_call(job->puppet, SYS_mprotect, saved->start, size, PROT_READ | PROT_EXEC);
	free(bytes);
	return ret < 0 ? fail(job, ret, "its vdso") : 0;
}

/* ---- What the kernel knows of it all ---- */

static int describe(const struct job *job)
{
	const Image__MmEntry *mm = job->memory->process->mm;
	size_t saved_size = mm->n_mm_saved_auxv * sizeof(uint64_t);
	size_t rest_size = mm->n_auxv_rest * sizeof(uint64_t);
	size_t auxv_size = saved_size + rest_size;
	unsigned long scratch = job->puppet->scratch, auxv = scratch + 1024;
	struct prctl_mm_map map = {
		.start_code = mm->mm_start_code,
		.end_code = mm->mm_end_code,
		.start_data = mm->mm_start_data,
		.end_data = mm->mm_end_data,
		.start_brk = mm->mm_start_brk,
		.brk = mm->mm_brk,
		.start_stack = mm->mm_start_stack,
		.arg_start = mm->mm_arg_start,
		.arg_end = mm->mm_arg_end,
		.env_start = mm->mm_env_start,
		.env_end = mm->mm_env_end,
		.auxv = auxv_size ? (void *)auxv : NULL,
		.auxv_size = auxv_size,
		.exe_fd = restore_files_fd(job->sources->files, mm->exe_file_id),
	};
	long ret = puppet_write(job->puppet, auxv, mm->mm_saved_auxv, saved_size);

	ret = ret ? ret : puppet_write(job->puppet, auxv + saved_size, mm->auxv_rest, rest_size);
	ret = ret ? ret : puppet_write(job->puppet, scratch, &map, sizeof(map));
	if (!ret)
		ret = puppet_call(job->puppet, SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, scratch, sizeof(map), 0);
	if (ret >= 0 && mm->has_thp_disabled && mm->thp_disabled)
		ret = puppet_call(job->puppet, SYS_prctl, PR_SET_THP_DISABLE, 1, 0, 0, 0);
	return ret < 0 ? fail(job, ret, "its program, arguments and heap") : 0;
}

int memory_restore(const struct memory *memory, const struct memory_sources *sources, struct puppet *puppet,
		   const struct image_error *error)
{
	const struct job job = { memory, sources, puppet, error };
	const Image__MmEntry *mm = memory->process->mm;
	int ret = puppet_settle(puppet, memory->area);

	ret = ret ? fail(&job, ret, "cannot be driven") : clear(&job);
	for (size_t i = 0; i < mm->n_vmas && !ret; i++) {
		if (!is_special(mm->vmas[i]) && !is_vdso(mm->vmas[i]))
			ret = map(&job, mm->vmas[i]);
	}
	ret = ret ? ret : fill(&job);
	for (size_t i = 0; i < mm->n_vmas && !ret; i++) {
		if (!is_special(mm->vmas[i]) && !is_vdso(mm->vmas[i]))
			ret = finish(&job, mm->vmas[i]);
	}
	if (!ret && memory->vdso_redirected)
		ret = redirect(&job);
	return ret ? ret : describe(&job);
}

int memory_leave(const struct memory *memory, struct puppet *puppet)
{
	return puppet_call_last(puppet, SYS_munmap, (const unsigned long[6]){ memory->area, PUPPET_AREA });
}

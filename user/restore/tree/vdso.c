// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "procfs/maps.h"
#include "procfs/process.h"
#include "restore/tree/vdso.h"

/* ---- Where it is ---- */

static bool is_part(struct proc_text path)
{
	return proc_text_is(path, "[vdso]") || proc_text_is(path, "[vvar]") ||
	       proc_text_is(path, "[vvar_vclock]");
}

static int add_part(const struct proc_map *map, void *data)
{
	struct vdso *vdso = data;

	if (!is_part(map->path))
		return 0;
	if (vdso->nr == VDSO_PARTS_MAX || (vdso->nr && vdso->parts[vdso->nr - 1].end != map->start))
		return -EINVAL;
	vdso->parts[vdso->nr++] = (struct vdso_part){
		.start = map->start,
		.end = map->end,
		.code = proc_text_is(map->path, "[vdso]"),
	};
	return 0;
}

int vdso_find(struct vdso *vdso)
{
	int dir = proc_open(getpid()), ret;

	*vdso = (struct vdso){ 0 };
	if (dir < 0)
		return dir;
	ret = proc_maps_each(dir, add_part, vdso);
	close(dir);
	return ret;
}

unsigned long vdso_size(const struct vdso *vdso)
{
	return vdso->nr ? vdso->parts[vdso->nr - 1].end - vdso->parts[0].start : 0;
}

const struct vdso_part *vdso_code(const struct vdso *vdso)
{
	for (size_t i = 0; i < vdso->nr; i++) {
		if (vdso->parts[i].code)
			return &vdso->parts[i];
	}
	return NULL;
}

/* ---- Its functions ---- */

/* A vdso in memory. That of a stranger may say anything: every offset is checked. */
struct object {
	const unsigned char *bytes;
	size_t size;
	const Elf64_Sym *symbols;
	const char *strings;
	size_t nr_symbols, strings_size;
	uint64_t base; /* the address that it was linked for */
};

static const void *inside(const struct object *object, uint64_t offset, uint64_t size)
{
	return offset <= object->size && size <= object->size - offset && !(offset % 8)
		       ? object->bytes + offset
		       : NULL;
}

/* DT_HASH tells how many symbols there are; newer ones have DT_GNU_HASH only, and the strings follow behind. */
static void find_symbols(struct object *object, const Elf64_Dyn *dynamic, size_t nr)
{
	uint64_t symbols = 0, strings = 0, size = 0;

	for (size_t i = 0; i < nr && dynamic[i].d_tag != DT_NULL; i++) {
		if (dynamic[i].d_tag == DT_SYMTAB)
			symbols = dynamic[i].d_un.d_ptr - object->base;
		else if (dynamic[i].d_tag == DT_STRTAB)
			strings = dynamic[i].d_un.d_ptr - object->base;
		else if (dynamic[i].d_tag == DT_STRSZ)
			size = dynamic[i].d_un.d_val;
	}
	if (strings >= object->size || size > object->size - strings || symbols >= strings || !size ||
	    object->bytes[strings + size - 1])
		return;
	object->symbols = inside(object, symbols, strings - symbols);
	object->nr_symbols = (strings - symbols) / sizeof(Elf64_Sym);
	object->strings = (const char *)object->bytes + strings;
	object->strings_size = size;
}

static int parse(struct object *object, const unsigned char *bytes, size_t size)
{
	const Elf64_Phdr *headers;
	const Elf64_Ehdr *elf;

	*object = (struct object){ .bytes = bytes, .size = size };
	elf = inside(object, 0, sizeof(*elf));
	if (!elf || memcmp(elf->e_ident, ELFMAG, SELFMAG) || elf->e_ident[EI_CLASS] != ELFCLASS64)
		return -EINVAL;
	headers = inside(object, elf->e_phoff, elf->e_phnum * sizeof(*headers));
	if (!headers)
		return -EINVAL;
	for (size_t i = 0; i < elf->e_phnum; i++) {
		if (headers[i].p_type == PT_LOAD)
			object->base = headers[i].p_vaddr - headers[i].p_offset;
	}
	for (size_t i = 0; i < elf->e_phnum; i++) {
		const Elf64_Dyn *dynamic = inside(object, headers[i].p_offset, headers[i].p_filesz);

		if (headers[i].p_type == PT_DYNAMIC && dynamic)
			find_symbols(object, dynamic, headers[i].p_filesz / sizeof(*dynamic));
	}
	return object->symbols ? 0 : -EINVAL;
}

/* The offset of a function; 0: it is none. */
static uint64_t function_at(const struct object *object, size_t i, const char **name)
{
	const Elf64_Sym *symbol = &object->symbols[i];
	uint64_t offset = symbol->st_value - object->base;

	if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || !symbol->st_shndx ||
	    symbol->st_name >= object->strings_size || offset >= object->size)
		return 0;
	*name = object->strings + symbol->st_name;
	return offset;
}

static uint64_t find_function(const struct object *object, const char *wanted)
{
	const char *name;

	for (size_t i = 0; i < object->nr_symbols; i++) {
		uint64_t offset = function_at(object, i, &name);

		if (offset && !strcmp(name, wanted))
			return offset;
	}
	return 0;
}

static const struct {
	const char *name;
	int nr;
} system_calls[] = {
	{ "__vdso_clock_gettime", SYS_clock_gettime },
	{ "clock_gettime", SYS_clock_gettime },
	{ "__vdso_gettimeofday", SYS_gettimeofday },
	{ "gettimeofday", SYS_gettimeofday },
	{ "__vdso_time", SYS_time },
	{ "time", SYS_time },
	{ "__vdso_getcpu", SYS_getcpu },
	{ "getcpu", SYS_getcpu },
	{ "__vdso_clock_getres", SYS_clock_getres },
	{ "clock_getres", SYS_clock_getres },
	{ "__vdso_getrandom", SYS_getrandom },
	{ "getrandom", SYS_getrandom },
};

/* mov $target, %rax; jmp *%rax */
static size_t put_jump(unsigned char *code, uint64_t target)
{
	static const unsigned char load[] = { 0x48, 0xb8 }, jump[] = { 0xff, 0xe0 };

	memcpy(code, load, sizeof(load));
	memcpy(code + 2, &target, sizeof(target));
	memcpy(code + 10, jump, sizeof(jump));
	return 12;
}

/* mov $nr, %eax; syscall; ret */
static size_t put_system_call(unsigned char *code, uint32_t nr)
{
	static const unsigned char call[] = { 0x0f, 0x05, 0xc3 };

	code[0] = 0xb8;
	memcpy(code + 1, &nr, sizeof(nr));
	memcpy(code + 5, call, sizeof(call));
	return 8;
}

#define JUMP_MAX 12

int vdso_redirect(unsigned char *saved, size_t size, const struct vdso_part *code, unsigned long at)
{
	struct object from, to;
	const char *name;

	if (!code || parse(&from, saved, size) ||
	    parse(&to, (const unsigned char *)code->start, code->end - code->start))
		return -EINVAL;
	for (size_t i = 0; i < from.nr_symbols; i++) {
		uint64_t offset = function_at(&from, i, &name), target;

		if (!offset || size - offset < JUMP_MAX)
			continue;
		target = find_function(&to, name);
		if (target) {
			put_jump(saved + offset, at + target);
			continue;
		}
		for (size_t j = 0; j < sizeof(system_calls) / sizeof(*system_calls); j++) {
			if (!strcmp(system_calls[j].name, name))
				put_system_call(saved + offset, system_calls[j].nr);
		}
	}
	return 0;
}

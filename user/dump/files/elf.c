// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "dump/files/elf.h"

/* Notes further behind, and longer ids, are none that a linker makes. */
#define BEGINNING   (64UL << 10)
#define ID_MAX	    64
#define HEADERS_MAX 128

struct beginning {
	const char *at;
	size_t length;
};

static bool has(const struct beginning *file, uint64_t offset, uint64_t length)
{
	return offset <= file->length && length <= file->length - offset;
}

static int keep(struct place *place, const char *id, size_t length)
{
	size_t words = (length + 3) / 4;

	place->build_id = calloc(words, sizeof(*place->build_id));
	if (!place->build_id)
		return -ENOMEM;
	memcpy(place->build_id, id, length);
	place->nr_build_id = words;
	return 0;
}

static uint64_t padded(uint64_t length)
{
	return (length + 3) & ~3ULL;
}

/* Returns: 1 if the id was there, 0, or -ENOMEM. */
static int read_notes(struct place *place, const struct beginning *file, uint64_t offset, uint64_t length)
{
	uint64_t end = offset + length;
	Elf64_Nhdr note;
	int ret;

	while (end - offset >= sizeof(note)) {
		uint64_t name = offset + sizeof(note), value;

		memcpy(&note, file->at + offset, sizeof(note));
		value = name + padded(note.n_namesz);
		if (value > end || note.n_descsz > end - value)
			return 0;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    !memcmp(file->at + name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) && note.n_descsz &&
		    note.n_descsz <= ID_MAX) {
			ret = keep(place, file->at + value, note.n_descsz);
			return ret ? ret : 1;
		}
		offset = value + padded(note.n_descsz);
		if (offset > end)
			return 0;
	}
	return 0;
}

static int read_id(struct place *place, const struct beginning *file)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	int ret = 0;

	if (!has(file, 0, sizeof(header)))
		return 0;
	memcpy(&header, file->at, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_phentsize != sizeof(segment) || header.e_phnum > HEADERS_MAX ||
	    !has(file, header.e_phoff, header.e_phnum * sizeof(segment)))
		return 0;
	for (size_t i = 0; !ret && i < header.e_phnum; i++) {
		memcpy(&segment, file->at + header.e_phoff + i * sizeof(segment), sizeof(segment));
		if (segment.p_type == PT_NOTE && has(file, segment.p_offset, segment.p_filesz))
			ret = read_notes(place, file, segment.p_offset, segment.p_filesz);
	}
	return ret < 0 ? ret : 0;
}

/* Most files are no programs: their first bytes say so. */
static bool is_elf(const char *magic, ssize_t length)
{
	return length == SELFMAG && !memcmp(magic, ELFMAG, SELFMAG);
}

static int read_beginning(struct place *place, char *buffer, ssize_t length)
{
	struct beginning file = { buffer, length };

	return length > 0 ? read_id(place, &file) : 0;
}

int elf_read_file(struct place *place, int fd)
{
	char magic[SELFMAG] = "", *buffer;
	int ret;

	if (place->build_id || !is_elf(magic, pread(fd, magic, sizeof(magic), 0)))
		return 0;
	buffer = malloc(BEGINNING);
	if (!buffer)
		return -ENOMEM;
	ret = read_beginning(place, buffer, pread(fd, buffer, BEGINNING, 0));
	free(buffer);
	return ret;
}

static ssize_t read_memory(pid_t pid, uint64_t start, void *buffer, size_t length)
{
	struct iovec local = { buffer, length }, remote = { (void *)start, length };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0);
}

int elf_read_memory(struct place *place, pid_t pid, uint64_t start, uint64_t end)
{
	size_t length = end - start < BEGINNING ? end - start : BEGINNING;
	char magic[SELFMAG] = "", *buffer;
	int ret;

	if (place->build_id || !is_elf(magic, read_memory(pid, start, magic, sizeof(magic))))
		return 0;
	buffer = malloc(length);
	if (!buffer)
		return -ENOMEM;
	ret = read_beginning(place, buffer, read_memory(pid, start, buffer, length));
	free(buffer);
	return ret;
}

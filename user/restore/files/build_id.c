// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "restore/files/build_id.h"
#include "restore/files/path.h"

/* More program headers or longer notes than any linker makes are not looked at. */
#define PHDRS_MAX 128
#define NOTES_MAX 16384

#define ROUND_UP(n) (((n) + 3UL) & ~3UL)

static bool read_at(int fd, void *buf, size_t size, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, buf, size, offset) == (ssize_t)size;
}

static bool is_id(const unsigned char *id, size_t size, const uint32_t *words, size_t nr)
{
	static const unsigned char zeroes[4];
	size_t room = nr * sizeof(*words);

	return size <= room && room - size < sizeof(zeroes) && !memcmp(words, id, size) &&
	       !memcmp((const char *)words + size, zeroes, room - size);
}

static bool find_in_notes(const unsigned char *notes, size_t size, const uint32_t *words, size_t nr)
{
	Elf64_Nhdr note;

	while (size >= sizeof(note)) {
		size_t name_room, id_room;

		memcpy(&note, notes, sizeof(note));
		notes += sizeof(note);
		size -= sizeof(note);
		name_room = ROUND_UP(note.n_namesz);
		id_room = ROUND_UP(note.n_descsz);
		if (name_room > size || id_room > size - name_room)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof("GNU") &&
		    !memcmp(notes, "GNU", sizeof("GNU")))
			return is_id(notes + name_room, note.n_descsz, words, nr);
		notes += name_room + id_room;
		size -= name_room + id_room;
	}
	return false;
}

/* Where the notes of a segment are; of a program header of either class. */
static bool read_phdr(int fd, bool wide, uint64_t offset, uint64_t *start, uint64_t *size)
{
	Elf64_Phdr phdr;
	Elf32_Phdr narrow;

	if (!wide) {
		if (!read_at(fd, &narrow, sizeof(narrow), offset))
			return false;
		phdr = (Elf64_Phdr){ .p_type = narrow.p_type,
				     .p_offset = narrow.p_offset,
				     .p_filesz = narrow.p_filesz };
	} else if (!read_at(fd, &phdr, sizeof(phdr), offset)) {
		return false;
	}
	*start = phdr.p_offset;
	*size = phdr.p_type == PT_NOTE && phdr.p_filesz <= NOTES_MAX ? phdr.p_filesz : 0;
	return true;
}

static bool find_in_segments(int fd, bool wide, uint64_t offset, size_t nr, const uint32_t *words,
			     size_t nr_words)
{
	size_t step = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	unsigned char notes[NOTES_MAX];
	uint64_t start, size;

	if (nr > PHDRS_MAX || offset > INT64_MAX / 2)
		return false;
	for (size_t i = 0; i < nr; i++) {
		if (!read_phdr(fd, wide, offset + i * step, &start, &size))
			return false;
		if (size && read_at(fd, notes, size, start) && find_in_notes(notes, size, words, nr_words))
			return true;
	}
	return false;
}

static bool find_in_elf(int fd, const uint32_t *words, size_t nr)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf64_Ehdr wide;
		Elf32_Ehdr narrow;
	} head;

	if (!read_at(fd, &head, sizeof(head), 0) || memcmp(head.ident, ELFMAG, SELFMAG))
		return false;
	if (head.ident[EI_CLASS] == ELFCLASS32)
		return find_in_segments(fd, false, head.narrow.e_phoff, head.narrow.e_phnum, words, nr);
	return find_in_segments(fd, true, head.wide.e_phoff, head.wide.e_phnum, words, nr);
}

bool build_id_is(int fd, const uint32_t *words, size_t nr)
{
	int readable = path_reopen(fd, O_RDONLY);
	bool is;

	if (readable < 0)
		return false;
	is = find_in_elf(readable, words, nr);
	close(readable);
	return is;
}

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

static bool find_in_elf(int fd, const uint32_t *words, size_t nr)
{
	unsigned char notes[NOTES_MAX];
	Elf64_Phdr phdr;
	Elf64_Ehdr ehdr;

	if (!read_at(fd, &ehdr, sizeof(ehdr), 0) || memcmp(ehdr.e_ident, ELFMAG, SELFMAG) ||
	    ehdr.e_ident[EI_CLASS] != ELFCLASS64 || ehdr.e_phentsize != sizeof(phdr) ||
	    ehdr.e_phnum > PHDRS_MAX || ehdr.e_phoff > INT64_MAX / 2)
		return false;
	for (size_t i = 0; i < ehdr.e_phnum; i++) {
		if (!read_at(fd, &phdr, sizeof(phdr), ehdr.e_phoff + i * sizeof(phdr)))
			return false;
		if (phdr.p_type != PT_NOTE || phdr.p_filesz > sizeof(notes) ||
		    !read_at(fd, notes, phdr.p_filesz, phdr.p_offset))
			continue;
		if (find_in_notes(notes, phdr.p_filesz, words, nr))
			return true;
	}
	return false;
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

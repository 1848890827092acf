// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Has a fuzzer take each of the files that are given, and prints how many there were.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"

#define SIZE_MAX_BYTES (1U << 20)

static int replay(const char *path)
{
	FILE *file = fopen(path, "re");
	uint8_t *data = malloc(SIZE_MAX_BYTES);
	uint8_t *exact = NULL;
	size_t size;

	if (!file || !data) {
		perror(path);
		return 1;
	}
	size = fread(data, 1, SIZE_MAX_BYTES, file);
	/* No byte more, so that what reads one is seen. */
	exact = realloc(data, size ? size : 1);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	fclose(file);
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (replay(argv[i]))
			return 1;
	}
	fprintf(stderr, "%d inputs\n", argc - 1);
	return 0;
}

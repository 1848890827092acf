// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One image, read by `crlock show --verify`, and by crrestore before all else.
 */
#include <fcntl.h>
#include <unistd.h>

#include "fuzz/image.h"
#include "fuzz/fuzz.h"
#include "image/checksums.h"
#include "image/directory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[8192] = "";
	const struct image_error error = { why, sizeof(why) };
	const char *path;
	int dir;

	if (!size)
		return -1;
	path = fuzz_image_put(data, size, NULL);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fuzz_judge(checksums_verify(dir, path, &error), why);
	close(dir);
	fuzz_image_put_back();
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One image, read by `crlock show`, which prints it for people and for programs.
 */
#include "crlock/show/print.h"
#include "fuzz/image.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[8192] = "";
	const struct image_error error = { why, sizeof(why) };
	struct contents contents;
	int ret;

	if (!size)
		return -1;
	ret = contents_read(&contents, fuzz_image_put(data, size, NULL), &error);
	fuzz_judge(ret, why);
	if (!ret && !print_text(&contents))
		fuzz_judge(print_json(&contents, &error), why);
	contents_free(&contents);
	fuzz_image_put_back();
	return 0;
}

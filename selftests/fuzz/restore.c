// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One image, read by crrestore up to where it begins to look at this machine. Checksums are passed over (verify.c).
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/image.h"
#include "fuzz/fuzz.h"
#include "image/pages.h"
#include "restore/plan.h"
#include "restore/tree/identity.h"
#include "restore/tree/images.h"
#include "restore/tree/inherited_locks.h"

/* Refusals also name usage: their numbers are positive. */
static void judge_plan(const struct checkpoint *locks, const struct options *options)
{
	struct options identity;
	char why[WHY_MAX] = "";
	struct plan plan;

	if (identity_options(&identity, options, locks))
		abort();
	fuzz_judge(-plan_make(&plan, locks, &identity, why), why);
	plan_free(&plan);
	free(identity.pairs);
}

static void judge_locks(struct images *images, const struct options *options)
{
	char why[8192] = "";
	const struct image_error error = { why, sizeof(why) };
	struct checkpoint inherited;
	int ret =
		inherited_locks_split(&inherited, &images->locks, &images->tree, NULL, options->dir, &error);

	fuzz_judge(ret, why);
	if (!ret) {
		judge_plan(&inherited, options);
		judge_plan(&images->locks, options);
	}
	inherited_locks_free(&inherited);
}

static void judge_pages(const struct images *images, const char *path, const char *name)
{
	char why[8192] = "", page[IMAGE_PAGE_SIZE];
	const struct image_error error = { why, sizeof(why) };
	struct image_pages pages;
	int ret = image_pages_open(&pages, images->dir, path, name, &error);

	fuzz_judge(ret, why);
	if (ret)
		return;
	for (size_t i = 0; i < pages.nr; i++)
		image_pages_read(&pages, pages.runs[i].start, page, sizeof(page));
	image_pages_close(&pages);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct options options = { .shell_job = true };
	char why[8192] = "", name[64];
	const struct image_error error = { why, sizeof(why) };
	struct images images;
	int ret;

	if (!size)
		return -1;
	options.dir = fuzz_image_put(data, size, name);
	ret = images_read(&images, &options, &error);
	fuzz_judge(ret, why);
	if (!ret)
		judge_locks(&images, &options);
	if (!strncmp(name, "pagemap", strlen("pagemap")) && images.dir >= 0)
		judge_pages(&images, options.dir, name);
	images_close(&images);
	fuzz_image_put_back();
	return 0;
}

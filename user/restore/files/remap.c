// SPDX-License-Identifier: GPL-2.0-or-later
#include "restore/files/remap.h"

int remap_read(struct restore_files *files, const struct image_error *error) { (void)files; (void)error; return 0; }
struct remap *remap_of(const struct restore_files *files, const struct restored_file *file) { (void)files; (void)file; return NULL; }
bool remap_check(struct restore_files *files, const struct restored_file *file, struct obstacles *obstacles) { (void)files; (void)file; (void)obstacles; return false; }
int remap_open(struct restore_files *files, struct restored_file *file, const struct image_error *error) { (void)files; (void)file; (void)error; return -1; }
int remap_complete(struct restore_files *files, const struct image_error *error) { (void)files; (void)error; return 0; }
void remap_finish(struct restore_files *files) { (void)files; }
void remap_abandon(struct restore_files *files) { (void)files; }
void remap_free(struct restore_files *files) { (void)files; }

# SPDX-License-Identifier: GPL-2.0-or-later
# crrestore, and its room of files for tests.
$(eval $(call program,crrestore,$(wildcard user/restore/*.c user/restore/*/*.c),image proto trace locks procfs libcrlock,-lprotobuf-c -lmnl -lz -lxxhash))
$(eval $(call archive,restore-files,$(wildcard user/restore/files/*.c) user/restore/conflict.c user/restore/plan.c))
$(call objects,$(wildcard user/restore/*.c user/restore/*/*.c)): $(proto_headers)

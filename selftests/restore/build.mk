# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call test_program,restore/files,selftests/restore/files.c selftests/restore/checkpoint.c,restore-files image proto trace locks procfs libcrlock,-lprotobuf-c -lmnl -lz -lxxhash))
$(call objects,$(wildcard selftests/restore/*.c)): $(proto_headers)

# SPDX-License-Identifier: GPL-2.0-or-later
# files_dump: the files of a tree to images, and nothing else of it.
$(eval $(call test_program,files_dump,selftests/dump/files_dump.c user/dump/blockers.c user/dump/flights.c $(wildcard user/dump/files/*.c),image proto trace locks procfs libcrlock,-lprotobuf-c -lmnl -lz -lxxhash))
$(call objects,selftests/dump/files_dump.c): $(proto_headers)

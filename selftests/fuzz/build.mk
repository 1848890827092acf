# SPDX-License-Identifier: GPL-2.0-or-later
# Fuzzers: with `make fuzz` clang's libFuzzer drives them, else replay.c.
fuzz_driver := $(if $(findstring fuzzer,$(CFLAGS)),,selftests/fuzz/replay.c)
fuzz_libraries := $(if $(findstring fuzzer,$(CFLAGS)),-fsanitize=fuzzer) -lprotobuf-c -lmnl -lsmartcols -ljansson -lz -lxxhash

$(eval $(call test_program,fuzz/image,selftests/fuzz/image.c selftests/fuzz/remove.c $(fuzz_driver) $(filter-out user/crlock/main.c,$(wildcard user/crlock/*.c user/crlock/*/*.c)),restore-files image proto locks procfs libcrlock,$(fuzz_libraries)))
$(eval $(call test_program,fuzz/stream,selftests/fuzz/stream.c selftests/fuzz/remove.c $(fuzz_driver),image proto locks procfs libcrlock,$(fuzz_libraries)))
$(call objects,$(wildcard selftests/fuzz/*.c)): override CPPFLAGS += -Iselftests
$(call objects,$(wildcard selftests/fuzz/*.c)): $(proto_headers)

.PHONY: fuzz-programs
fuzz-programs: $(O)/test/fuzz/image $(O)/test/fuzz/stream

$(eval $(call test_program,fuzz/damage,selftests/fuzz/damage.c,image proto locks procfs libcrlock,-lprotobuf-c -lmnl -lz -lxxhash))

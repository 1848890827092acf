# SPDX-License-Identifier: GPL-2.0-or-later
# Fuzzers: with `make fuzz` clang's libFuzzer drives them, else replay.c.
fuzzers := show restore verify stream
fuzz_driver := $(if $(findstring fuzzer,$(CFLAGS)),,selftests/fuzz/replay.c)
fuzz_libraries := $(if $(findstring fuzzer,$(CFLAGS)),-fsanitize=fuzzer) -lprotobuf-c -lmnl -lz -lxxhash
fuzz_image := selftests/fuzz/image.c selftests/fuzz/fuzz.c $(fuzz_driver)
without_main = $(filter-out user/$(1)/main.c,$(wildcard user/$(1)/*.c user/$(1)/*/*.c))

$(eval $(call test_program,fuzz/show,selftests/fuzz/show.c $(fuzz_image) $(call without_main,crlock),image proto locks procfs libcrlock,$(fuzz_libraries) -lsmartcols -ljansson $(curses)))
$(eval $(call test_program,fuzz/restore,selftests/fuzz/restore.c $(fuzz_image) $(call without_main,restore),image proto trace locks procfs libcrlock,$(fuzz_libraries)))
$(eval $(call test_program,fuzz/verify,selftests/fuzz/verify.c $(fuzz_image),image proto locks procfs libcrlock,$(fuzz_libraries)))
$(eval $(call test_program,fuzz/stream,selftests/fuzz/stream.c selftests/fuzz/fuzz.c $(fuzz_driver),image proto locks procfs libcrlock,$(fuzz_libraries)))
$(call objects,$(wildcard selftests/fuzz/*.c)): override CPPFLAGS += -Iselftests
$(call objects,$(wildcard selftests/fuzz/*.c)): $(proto_headers)

.PHONY: fuzz-programs
fuzz-programs: $(fuzzers:%=$(O)/test/fuzz/%)

$(eval $(call test_program,fuzz/damage,selftests/fuzz/damage.c,image proto locks procfs libcrlock,-lprotobuf-c -lmnl -lz -lxxhash))

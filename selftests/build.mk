# SPDX-License-Identifier: GPL-2.0-or-later
# Test programs. Each NAME_test.c in unit/ is a program of its own; what it is linked with is in its line
#   /* links: ARCHIVES : LIBRARIES */

$(O)/obj/selftests/%.o: override CPPFLAGS += -isystem $(O)/kselftest
$(O)/obj/selftests/%.o: override CFLAGS += -Wno-unused-parameter -Wno-sign-compare

# Its harness is the kernel's.
$(call objects,$(wildcard selftests/*/*.c)): | $(O)/kselftest

links = $(shell sed -n 's,^/\* links: \(.*\) \*/$$,\1,p' $(1))
link_archives = $(shell echo '$(call links,$(1))' | cut -d: -f1)
link_libraries = $(shell echo '$(call links,$(1))' | cut -s -d: -f2)

unit_sources := $(wildcard selftests/unit/*_test.c)
unit_tests := $(patsubst selftests/unit/%.c,$(O)/test/unit/%,$(unit_sources))

$(foreach source,$(unit_sources),$(eval $(call test_program,unit/$(basename $(notdir $(source))),$(source),$(call link_archives,$(source)),$(call link_libraries,$(source)))))

include $(wildcard selftests/*/build.mk)

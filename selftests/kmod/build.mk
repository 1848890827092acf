# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of the module: each NAME_test.c is a program, linked with what is beside it.

kmod_shared := $(addprefix selftests/kmod/,child.c freezer.c place.c raw.c registers-$(shell uname -m).c \
	scm.c stalled.c tasks.c told.c)

$(foreach source,$(wildcard selftests/kmod/*_test.c),$(eval $(call test_program,kmod/$(basename $(notdir $(source))),$(source) $(kmod_shared),libcrlock,-lmnl -lpthread)))

# What the specification says, for programs that ask by it.
kmod_spec := selftests/kmod/spec.c $(O)/selftests/kmod/spec-tables.c selftests/kmod/raw.c

$(O)/selftests/kmod/spec-tables.c: selftests/kmod/spec.py uapi/crlock.yaml
	$(call say,SPEC,$@) mkdir -p $(@D) && /usr/bin/python3 $^ >$@

$(call objects,$(O)/selftests/kmod/spec-tables.c): override CPPFLAGS += -I.

$(eval $(call test_program,fuzz-requests,$(wildcard selftests/kmod/fuzz/*.c) $(kmod_spec),,-lmnl -lpthread))
$(eval $(call test_program,secrets,selftests/kmod/secrets.c $(kmod_spec),,-lmnl))

# After an assertion that fails the harness looks at a variable that was set after its setjmp(), to see
# whether it is to tear the fixture down: it must not be in a register.
$(call objects,$(wildcard selftests/kmod/*_test.c)): override CFLAGS += -O0

# The module as it would be with another ABI, for foreign-abi.sh, and beside it one that gives delegations; for each of
# KERNELS, or for KDIR.
.PHONY: test-modules
test-modules: $(if $(KDIR),foreign-module-kdir,$(patsubst %,foreign-module-%,$(KERNELS)))

# Sources are copied when they are newer, and changed once, so that little is built again.
define build_foreign_module
	$(call say,ABI,$(2)) mkdir -p $(2) && cp -ru Kbuild kmod uapi selftests/kmod/delegate.c $(2)/
	$(Q)header=$(2)/uapi/linux/crlock.h; grep -qx '#define CRLOCK_ABI 4711' $$header || \
		sed -i 's/^#define CRLOCK_ABI .*/#define CRLOCK_ABI 4711/' $$header
	+$(Q)$(MAKE) --no-print-directory -C $(1) M=$(2) O= V=$(V) \
		CRLOCK_TEST_MODULES=m modules >$(2)/build.log 2>&1 || { cat $(2)/build.log; exit 1; }
endef

foreign-module-kdir:
	$(call build_foreign_module,$(abspath $(KDIR)),$(O)/kmod-foreign-$(shell cat $(KDIR)/include/config/kernel.release))

foreign-module-%:
	$(call build_foreign_module,/lib/modules/$(call release,$*)/build,$(O)/kmod-foreign-$(call release,$*))

# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of the module: each NAME_test.c is a program, linked with what is beside it.

kmod_shared := $(addprefix selftests/kmod/,child.c tasks.c)

$(foreach source,$(wildcard selftests/kmod/*_test.c),$(eval $(call test_program,kmod/$(basename $(notdir $(source))),$(source) $(kmod_shared),libcrlock,-lmnl -lpthread)))

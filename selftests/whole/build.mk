# SPDX-License-Identifier: GPL-2.0-or-later
# Each fixture is a program; one level deeper than tests are looked for.
whole_fixtures := $(patsubst selftests/whole/fixtures/%.c,%,$(filter-out %/fixture.c,$(wildcard selftests/whole/fixtures/*.c)))
whole_sources = selftests/whole/fixtures/$(1).c selftests/whole/fixtures/fixture.c $(if $(filter lock-in-flight,$(1)),selftests/fixtures/rights.c)

$(foreach name,$(whole_fixtures),$(eval $(call test_program,whole/fixtures/$(name),$(call whole_sources,$(name)),,-lpthread)))

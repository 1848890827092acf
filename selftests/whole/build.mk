# SPDX-License-Identifier: GPL-2.0-or-later
# Each fixture is a program; one level deeper than tests are looked for.
whole_fixtures := $(patsubst selftests/whole/fixtures/%.c,%,$(filter-out %/fixture.c,$(wildcard selftests/whole/fixtures/*.c)))

$(foreach name,$(whole_fixtures),$(eval $(call test_program,whole/fixtures/$(name),selftests/whole/fixtures/$(name).c selftests/whole/fixtures/fixture.c,,-lpthread)))

# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call test_program,bench/bench,selftests/bench/bench.c,libcrlock,-lmnl))
$(eval $(call test_program,bench/target,selftests/bench/target.c,,-lpthread))

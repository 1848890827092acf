# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call test_program,matrix-row,$(wildcard selftests/matrix/*.c) selftests/fixtures/rights.c,,-lpthread))

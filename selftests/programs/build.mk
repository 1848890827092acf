# SPDX-License-Identifier: GPL-2.0-or-later
# Not in a room of their own, where they would be taken for tests.
$(eval $(call test_program,turns,selftests/programs/turns.c,,-lpthread))
$(eval $(call test_program,sparse,selftests/programs/sparse.c,,))

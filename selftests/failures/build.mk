# SPDX-License-Identifier: GPL-2.0-or-later
# Not in a room of their own, where they would be taken for tests.
$(eval $(call test_program,inject,selftests/failures/inject.c,,))
$(eval $(call test_program,steady,selftests/failures/steady.c,,-lpthread))

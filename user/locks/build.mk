# SPDX-License-Identifier: GPL-2.0-or-later
# The model of a lock. Programs that link it need procfs and libcrlock, and -lmnl.
$(eval $(call archive,locks,$(wildcard user/locks/*.c)))

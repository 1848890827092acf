# SPDX-License-Identifier: GPL-2.0-or-later
# Readers of /proc. Programs that link it need -lmount.
$(eval $(call archive,procfs,$(wildcard user/procfs/*.c)))

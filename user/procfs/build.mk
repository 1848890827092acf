# SPDX-License-Identifier: GPL-2.0-or-later
# Readers of /proc. libmount is loaded when it is needed.
$(eval $(call archive,procfs,$(wildcard user/procfs/*.c)))

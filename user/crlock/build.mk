# SPDX-License-Identifier: GPL-2.0-or-later
# The crlock command.
$(eval $(call program,crlock,$(wildcard user/crlock/*.c),locks procfs libcrlock,-lmnl -lmount -lsmartcols -ljansson))

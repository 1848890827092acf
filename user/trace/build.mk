# SPDX-License-Identifier: GPL-2.0-or-later
# Stopping processes and making system calls in them. Programs that link it need procfs.
trace := $(filter-out user/trace/arch-%,$(wildcard user/trace/*.c))

$(eval $(call archive,trace,$(trace) $(wildcard user/trace/arch-$(shell uname -m)*.c)))

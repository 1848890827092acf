# SPDX-License-Identifier: GPL-2.0-or-later
# The crlock command.
curses := $(shell pkg-config --libs ncursesw)

$(eval $(call program,crlock,$(wildcard user/crlock/*.c user/crlock/*/*.c),image proto locks procfs libcrlock,-lprotobuf-c -lmnl -lsmartcols -ljansson -lz -lxxhash $(curses)))
$(call objects,$(wildcard user/crlock/*.c user/crlock/*/*.c)): $(proto_headers)
$(call objects,user/crlock/top/screen.c): override CPPFLAGS += $(shell pkg-config --cflags ncursesw)

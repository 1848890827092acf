# SPDX-License-Identifier: GPL-2.0-or-later
# libcrlock, static and shared.

LIBDIR ?= $(PREFIX)/lib

libcrlock := $(addprefix user/libcrlock/,ack.c connection.c decode.c events.c family.c files.c handle.c info.c \
	locks.c regs.c request.c tasks.c)
libcrlock_soname := libcrlock.so.0

$(eval $(call archive,libcrlock,$(libcrlock)))

# One set of objects is for both.
$(call objects,$(libcrlock)): override CFLAGS += -fPIC

user: $(O)/lib/libcrlock.so

$(O)/lib/$(libcrlock_soname): $(call objects,$(libcrlock)) user/libcrlock/libcrlock.map
	$(call say,LD,$@) mkdir -p $(@D) && $(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-z,defs \
		-Wl,-soname,$(@F) -Wl,--version-script=$(filter %.map,$^) -o $@ $(filter %.o,$^) -lmnl

$(O)/lib/libcrlock.so: $(O)/lib/$(libcrlock_soname)
	$(call say,LN,$@) ln -sf $(<F) $@

# SPDX-License-Identifier: GPL-2.0-or-later
# crlock. `make help` lists what can be made.
#
# Each room's build.mk says what is built there, with these macros; O is the build directory:
#
#   $(call archive,NAME,SOURCES)                      $(O)/lib/NAME.a
#   $(call program,NAME,SOURCES,ARCHIVES,LIBRARIES)   $(O)/bin/NAME, from sources, archives by name in
#                                                     the order of linking, and -l words
#   $(call test_program,NAME,SOURCES,ARCHIVES,LIBRARIES)  the same in $(O)/test/NAME, not part of `all`

O       ?= build
KERNELS ?= 6.1 6.12
CC      ?= gcc
CFLAGS  ?= -O2 -g
PREFIX  ?= /usr/local
V       ?= 0

override O := $(abspath $(O))
VERSION := $(shell sed -n 's/.*CRLOCK_VERSION "\(.*\)"/\1/p' kmod/main.h 2>/dev/null)

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' $(1) $(patsubst $(CURDIR)/%,%,$(2));)

warnings := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
override CFLAGS += -std=gnu11 $(warnings) -fvisibility=hidden -fstack-protector-strong
override CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Iuapi -Iuser -Iuser/libcrlock -I$(O)/proto \
	-DCRLOCK_VERSION='"$(VERSION)"'

.PHONY: all user modules clean
all: user modules

user:

# Userspace ----------------------------------------------------------------------------------------

objects = $(patsubst %.c,$(O)/obj/%.o,$(patsubst $(O)/%,%,$(1)))

define archive
user: $$(O)/lib/$(1).a
$$(O)/lib/$(1).a: $$(call objects,$(2))
	$$(call say,AR,$$@) mkdir -p $$(@D) && rm -f $$@ && ar rcs $$@ $$^
endef

define link
$$(O)/$(5)/$(1): $$(call objects,$(2)) $$(patsubst %,$$(O)/lib/%.a,$(3))
	$$(call say,LD,$$@) mkdir -p $$(@D) && $$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $(4)
endef

define program
user: $$(O)/bin/$(1)
$(call link,$(1),$(2),$(3),$(4),bin)
endef

define test_program
test-programs: $$(O)/test/$(1)
$(call link,$(1),$(2),$(3),$(4),test)
endef

.PHONY: test-programs
test-programs:

$(O)/obj/%.o: %.c
	$(call say,CC,$@) mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Generated sources.
$(O)/obj/%.o: $(O)/%.c
	$(call say,CC,$@) mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

include $(wildcard user/*/build.mk proto/build.mk selftests/build.mk)
-include $(shell find $(O)/obj -name '*.d' 2>/dev/null)

# Module -------------------------------------------------------------------------------------------

# release VERSION: the newest installed kernel of that version that has headers; or VERSION itself.
release = $(or $(shell ls -d /lib/modules/$(1)[.-]*/build 2>/dev/null | cut -d/ -f4 | sort -V | tail -n 1),$(1))

# KDIR=DIR builds for that tree alone.
modules: $(if $(KDIR),module-kdir,$(patsubst %,module-%,$(KERNELS)))

# Each kernel has a directory of links to the sources, for kbuild puts objects beside them.
define build_module
	$(Q)mkdir -p $(2)
	$(Q)find $(2) -type l -delete
	$(Q)cp -rs $(CURDIR)/Kbuild $(CURDIR)/kmod $(CURDIR)/uapi $(2)/
	$(Q)$(MAKE) --no-print-directory -C $(1) M=$(2) V=$(V) $(KFLAGS) modules
endef

module-kdir:
	$(call build_module,$(abspath $(KDIR)),$(O)/kmod)

module-%:
	$(call build_module,/lib/modules/$(call release,$*)/build,$(O)/kmod-$(call release,$*))

clean:
	rm -rf $(O)

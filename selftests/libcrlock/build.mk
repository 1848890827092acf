# SPDX-License-Identifier: GPL-2.0-or-later
# One source, linked with the archive, and as an application would be: from what is installed, with the words of
# pkg-config. The latter knows nothing of this tree.
$(eval $(call test_program,libcrlock/api_static,selftests/libcrlock/api.c,libcrlock,-lmnl))

stage := $(O)/stage
installed_pkg_config := PKG_CONFIG_SYSROOT_DIR=$(stage) PKG_CONFIG_PATH=$(stage)/usr/lib/pkgconfig pkg-config

$(stage)/usr/lib/pkgconfig/crlock.pc: $(O)/lib/libcrlock.a $(O)/lib/libcrlock.so.0 user/libcrlock/crlock.pc.in \
		user/libcrlock/crlock.h uapi/linux/crlock.h Makefile
	$(call say,INSTALL,$(stage)) $(MAKE) -s --no-print-directory install-library DESTDIR=$(stage) PREFIX=/usr LIBDIR=/usr/lib

test-programs: $(O)/test/libcrlock/api_shared
$(O)/test/libcrlock/api_shared: selftests/libcrlock/api.c $(stage)/usr/lib/pkgconfig/crlock.pc | $(O)/kselftest
	$(call say,LD,$@) mkdir -p $(@D) && $(CC) $(CFLAGS) -D_GNU_SOURCE -isystem $(O)/kselftest -Wno-unused-parameter \
		-Wno-sign-compare $$($(installed_pkg_config) --cflags crlock) -o $@ $< \
		$$($(installed_pkg_config) --libs crlock) -Wl,-rpath,$(stage)/usr/lib

# SPDX-License-Identifier: GPL-2.0-or-later
# crlock. `make help` lists what can be made.
#
# Each room's build.mk says what is built there, with these macros; O is the build directory:
#
#   $(call archive,NAME,SOURCES)                      $(O)/lib/NAME.a
#   $(call program,NAME,SOURCES,ARCHIVES,LIBRARIES)   $(O)/bin/NAME, from sources, archives by name in
#                                                     the order of linking, and -l words
#   $(call test_program,NAME,SOURCES,ARCHIVES,LIBRARIES)  the same in $(O)/test/NAME, not part of `all`
#
# A line `# target: what it does` above a target is what help prints.

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

# Of what sanitizers insert gcc warns too, so that a warning is no error with them.
warnings := -Wall -Wextra $(if $(findstring -fsanitize,$(CFLAGS)),,-Werror) -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes
override CFLAGS += -std=gnu11 $(warnings) -fvisibility=hidden -fstack-protector-strong
override CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Iuapi -Iuser -Iuser/libcrlock -I$(O)/proto \
	-DCRLOCK_VERSION='"$(VERSION)"'

.PHONY: all user modules
# all: programs, library, and the module for each of KERNELS
all: user modules

# user: programs and library
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

include $(wildcard proto/build.mk user/*/build.mk selftests/build.mk)
-include $(shell find $(O)/obj -name '*.d' 2>/dev/null)

# Module -------------------------------------------------------------------------------------------

# release VERSION: the newest installed kernel of that version that has headers; or VERSION itself.
release = $(or $(shell ls -d /lib/modules/$(1)[.-]*/build 2>/dev/null | cut -d/ -f4 | sort -V | tail -n 1),$(1))

# modules: the module for each of KERNELS (installed versions), or for KDIR=KERNEL-TREE
modules: $(if $(KDIR),module-kdir,$(patsubst %,module-%,$(KERNELS)))

# Each kernel has a directory of links to the sources, for kbuild puts objects beside them.
define build_module
	$(Q)mkdir -p $(2)
	$(Q)find $(2) -type l -delete
	$(Q)cp -rs $(CURDIR)/Kbuild $(CURDIR)/kmod $(CURDIR)/uapi $(2)/
	+$(Q)$(MAKE) --no-print-directory -C $(1) M=$(2) O= V=$(V) $(KFLAGS) modules
endef

module-kdir:
	$(call build_module,$(abspath $(KDIR)),$(O)/kmod)

module-%:
	$(call build_module,/lib/modules/$(call release,$*)/build,$(O)/kmod-$(call release,$*))

# Tests --------------------------------------------------------------------------------------------
#
# What these need is installed first, and then make starts anew: what is asked of pkg-config and of
# /lib/modules when this file is read must find it.

.PHONY: deps check check-whole check-scale check-load check-fuzz bench demo shell lint unit
# deps: install the Debian packages that building and testing need, or say how
deps:
	$(Q)selftests/deps $(KERNELS)

# As many at a time as there are CPUs, unless make was told.
jobs = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
remake = +$(Q)$(MAKE) --no-print-directory $(jobs)

# check: build all, and run all tests on each of KERNELS; TESTS=PATTERN for some
check: deps
	$(remake) user test-programs modules-strict test-modules $(O)/ynl
	$(Q)selftests/run-tests -o $(O) $(if $(TESTS),-m '$(TESTS)') $(KERNELS)

# Any word of warning is a failure, of sparse's too.
.PHONY: modules-strict
modules-strict:
	$(Q)mkdir -p $(O)
	$(Q)for kernel in $(KERNELS); do \
		rm -rf $(O)/kmod-$(call release,$$kernel)/kmod/*.o; done
	$(remake) modules KFLAGS='W=1 C=2' >$(O)/modules.log 2>&1 || { cat $(O)/modules.log; exit 1; }
	$(Q)! grep -iE 'warning|error' $(O)/modules.log

# check-mutants: whether the tests see what is wrong with each of patches/mutants; MUTANTS=PATTERN for some
.PHONY: check-mutants
check-mutants: deps
	$(remake) user test-programs
	$(Q)selftests/kernel/mutants -o $(O) $(if $(MUTANTS),-m '$(MUTANTS)') -r patches/mutants/RESULTS.md $(KERNELS)

# check-whole: fixtures through all of crdump, crrestore and CRIU, with the module and without it
check-whole: deps
	$(remake) user test-programs modules
	$(Q)CRLOCK_JUDGE_COLUMNS="kmod proc stream to from" CRLOCK_JUDGE_FIXTURES="*" CRLOCK_TEST_TIMEOUT=1800 VM_TIMEOUT=7200 \
		selftests/run-tests -o $(O) -m 'whole/*' $(KERNELS)

# check-debug: all tests but for what CRIU does in them, load, 200 cycles, and a million requests, in kernels of KERNELS that watch themselves; TESTS=PATTERN
.PHONY: check-debug
check-debug: deps
	$(remake) user test-programs $(O)/ynl
	$(Q)selftests/debug/run -o $(O) $(if $(TESTS),-m '$(TESTS)') $(KERNELS)

# check-scale: 10,000 processes with 1,000,000 descriptors and 200,000 locks, half of them of one file, on each of KERNELS
check-scale: deps
	$(remake) user test-programs modules
	$(Q)CRLOCK_SCALE='10000 1000000 200000 100000' CRLOCK_SCALE_LATE=10000 CRLOCK_TEST_TIMEOUT=3600 \
		VM_OPTIONS='--count -m 6144' selftests/run-tests -o $(O) -m 'kmod/scale.sh' $(KERNELS)

# check-load: the module is asked for five minutes while 64 processes take and drop locks, on each of KERNELS
check-load: deps
	$(remake) user test-programs modules
	$(Q)CRLOCK_LOAD_SECONDS=300 CRLOCK_TEST_TIMEOUT=1200 selftests/run-tests -o $(O) -m 'kmod/load.sh' $(KERNELS)

# fuzz: readers of images and of streams under clang's libFuzzer, ASan and UBSan, CPU_MINUTES=30 each
.PHONY: fuzz check-asan
CPU_MINUTES ?= 30
fuzz: deps
	$(Q)command -v clang >/dev/null || { echo 'missing: sudo apt-get install clang libclang-rt-dev'; exit 1; }
	$(remake) O=$(O)/fuzz CC=clang CFLAGS='$(sanitized) -fsanitize=fuzzer-no-link' fuzz-programs
	$(Q)selftests/fuzz/run -o $(O)/fuzz -t $(CPU_MINUTES)

# check-asan: unit tests, and the corpus of the fuzzers, under ASan and UBSan; and tests and commands under valgrind
check-asan: deps
	$(Q)selftests/deps $(KERNELS) memcheck
	$(remake) user test-programs
	$(Q)selftests/memcheck -o $(O)
	$(remake) O=$(O)/asan CFLAGS='$(sanitized)' user test-programs
	$(Q)selftests/run-tests -o $(O)/asan -u -m 'unit/*_test'
	$(Q)selftests/fuzz/run -o $(O)/asan

sanitized := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all

# check-packages: install the Debian packages in a VM, load, dump, restore and purge, on each of KERNELS
.PHONY: check-packages
check-packages: deps
	$(remake) user test-programs modules packages-compiled
	$(Q)CRLOCK_TEST_TIMEOUT=3600 selftests/run-tests -o $(O) -m packages/install.sh $(KERNELS)

# check-fuzz: a million requests, most of them malformed, to the module, on each of KERNELS
# Who is killed for want of memory does not send all of its own.
FUZZ_REQUESTS ?= 1001000
check-fuzz: deps
	$(remake) user test-programs modules
	$(Q)CRLOCK_FUZZ_REQUESTS=$(FUZZ_REQUESTS) CRLOCK_TEST_TIMEOUT=14000 VM_TIMEOUT=14400 \
		selftests/run-tests -o $(O) -m 'kmod/fuzz.sh' $(KERNELS)

# check-failures: crdump and crrestore fail, or are killed, at each system call, on each of KERNELS; POINTS=N|kills; HOST=1: here
POINTS ?= all
failures := dump restore
.PHONY: check-failures check-power
check-failures: deps
	$(remake) user test-programs $(if $(HOST),,modules)
	$(Q)export CRLOCK_BUILD=$(O) CRLOCK_FAILURES_POINTS=$(POINTS); \
	failed=0; for kernel in $(if $(HOST),here,$(KERNELS)); do \
		for test in $(failures); do \
			$(if $(HOST),,selftests/vm/run -k $$kernel -c 1 -m 3072 -t 0 --) \
				selftests/failures/in-turn selftests/failures/$$test || failed=1; \
		done; done; exit $$failed

# check-power: the VM is killed at random moments of a dump, KILLS=50 times on each of KERNELS, and after some; SEED=
KILLS ?= 50
check-power: deps
	$(remake) user test-programs
	$(Q)failed=0; for kernel in $(KERNELS); do \
		CRLOCK_BUILD=$(O) selftests/power/run -k $$kernel -n $(KILLS) $(if $(SEED),-s $(SEED)) || failed=1; \
		done; exit $$failed

# unit: the tests that need no module, here
unit: deps
	$(remake) user test-programs
	$(Q)selftests/run-tests -o $(O) -u

# demo: lock, dump, kill and restore real programs in a VM; HOST=1: on this machine
demo: deps
	$(remake) user test-programs module-$(DEMO_KERNEL)
	$(Q)selftests/demo/run -o $(O) $(if $(HOST),-H) $(DEMO_KERNEL)

DEMO_KERNEL ?= $(lastword $(KERNELS))

# shell: a shell in a VM, with the module loaded and the programs in PATH; KERNEL=VERSION
KERNEL ?= $(lastword $(KERNELS))
shell: deps
	$(remake) user test-programs module-$(KERNEL)
	$(Q)PATH=$(O)/bin:$(O)/test:$$PATH selftests/vm/run -i -t 0 -k $(KERNEL) -- \
		sh -c 'insmod $(O)/kmod-$$(uname -r)/crlock.ko && exec bash'

# check-kernel: try PATCHES="A.patch B.patch" of the lock reporting of KDIR=KERNEL-TREE; TESTS=PATTERN too, JSON=FILE
.PHONY: check-kernel
check-kernel: deps
	$(if $(KDIR),,$(error check-kernel: say which kernel: KDIR=/path/to/linux (patches/README.md)))
	$(remake) user test-programs KDIR=
	$(Q)selftests/kernel/check -o '$(O)' $(if $(TESTS),-t '$(TESTS)') $(if $(JSON),-j '$(JSON)') '$(KDIR)' $(PATCHES)

# bench: how long it takes to get all locks, beside other ways, in a VM; KERNEL=VERSION
bench: deps
	$(remake) user test-programs module-$(KERNEL)
	$(Q)selftests/bench/run -o $(O) $(KERNEL)

# readme: what README.md shows, anew: its screens, and a plot of what make bench measures
.PHONY: readme
readme: deps
	$(remake) user test-programs module-$(KERNEL)
	$(Q)SCENES=many selftests/bench/run -o $(O) $(KERNEL)
	$(Q)cp $(O)/bench/flocks.svg selftests/bench/flocks.svg
	$(Q)for part in screen tutorial; do \
		CRLOCK_BUILD=$(O) selftests/vm/run -k $(KERNEL) -c 1 -- selftests/readme/$$part.sh -w >$(O)/README.md && \
		cp $(O)/README.md README.md || exit; done

# What is taken from the kernel's sources: nothing of it is in this repository.
linux_source = /usr/src/linux-source-6.12.tar.xz

$(O)/kselftest: $(linux_source)
	$(call say,UNPACK,$@) mkdir -p $@ && tar -xf $< -C $@ --strip-components=4 \
		linux-source-6.12/tools/testing/selftests/kselftest.h \
		linux-source-6.12/tools/testing/selftests/kselftest_harness.h && touch $@

$(O)/ynl: $(linux_source)
	$(call say,UNPACK,$@) mkdir -p $@ && tar -xf $< -C $@ --strip-components=1 \
		linux-source-6.12/tools/net/ynl linux-source-6.12/Documentation/netlink \
		linux-source-6.12/scripts/kernel-doc && touch $@

# Of what codespell takes for errors bu is troff's, ser a name in a test, useable a field of CRIU's images.
right_words := bu,ser,useable

$(O)/coccinelle: $(linux_source)
	$(call say,UNPACK,$@) mkdir -p $@ && tar -xf $< -C $@ --strip-components=3 linux-source-6.12/scripts/coccinelle && \
		touch $@

$(O)/checkpatch: $(linux_source)
	$(call say,UNPACK,$@) mkdir -p $@ && tar -xf $< -C $@ --strip-components=2 \
		linux-source-6.12/scripts/checkpatch.pl linux-source-6.12/scripts/const_structs.checkpatch \
		linux-source-6.12/scripts/spelling.txt && touch $@

# Lines have up to 110 columns. BIT() is no name that programs know, and the interface is for them; a type that is
# aligned less than it would be must have a name of its own; spelling is codespell's, which knows both kinds of English.
checkpatch := checkpatch.pl --no-tree --no-summary --terse --show-types --strict --max-line-length=110 \
	--ignore BIT_MACRO,NEW_TYPEDEFS,TYPO_SPELLING

# cppcheck finds protobuf-c beside no other header of the system: of those it knows what matters.
$(O)/cppcheck/protobuf-c:
	$(Q)mkdir -p $(@D) && ln -sfn $$(pkg-config --variable=includedir libprotobuf-c)/protobuf-c $@

user_flags = $(filter -D% -I%,$(CPPFLAGS)) -std=gnu11

# The kernel's own style is what checkpatch.pl says of it.
formatted := git ls-files -z 'user/*.[ch]' 'selftests/*.[ch]'

cppcheck := cppcheck -q -j2 --std=c11 --inline-suppr --error-exitcode=1

# lint: sparse, shellcheck, kernel-doc, spelling, layout, cppcheck, clang-tidy, checkpatch.pl, the kernel's scripts for coccinelle
lint: deps $(O)/ynl $(O)/coccinelle $(O)/checkpatch $(O)/cppcheck/protobuf-c $(proto_headers)
	$(Q)selftests/deps $(KERNELS) lint
	$(remake) modules-strict
	$(Q)git ls-files -z | xargs -0 grep -lZE '^#!/bin/(ba)?sh' | xargs -0 shellcheck -x
	$(Q)$(O)/ynl/scripts/kernel-doc -none -Werror kmod/*.[ch] uapi/linux/*.h
	$(Q)perl $(O)/checkpatch/$(checkpatch) -f kmod/*.[ch] uapi/linux/*.h
	$(Q)git ls-files -z ':!*.patch' | xargs -0 codespell -L $(right_words)
	$(Q)$(cppcheck) --enable=warning,performance,portability $(filter -D_% -I%,$(CPPFLAGS)) -DCRLOCK_VERSION='""' \
		-I$(O)/cppcheck user
	$(Q)$(cppcheck) --enable=warning,performance -D__KERNEL__ -DCONFIG_X86 -Iuapi -Ikmod \
		--include=selftests/lint/macros.h kmod
	$(Q)selftests/lint/coccinelle $(O)/coccinelle
	$(Q)$(formatted) | xargs -0 clang-format --Werror -n
	$(Q)git ls-files -z 'user/*.c' | xargs -0 -P2 -n4 selftests/lint/tidy $(user_flags) --

# format: lay out C sources by .clang-format
.PHONY: format
format: deps
	$(Q)selftests/deps $(KERNELS) lint
	$(Q)$(formatted) | xargs -0 clang-format -i

# Installing ---------------------------------------------------------------------------------------

.PHONY: install install-programs install-library install-module uninstall dkms-install deb clean help
running := $(shell uname -r)

programs := crlock crdump crlock-criu crrestore
manuals := $(wildcard user/man/*.[1-8])
manual_path = $(DESTDIR)$(PREFIX)/share/man/man$(patsubst .%,%,$(suffix $(1)))/$(notdir $(1))
shells := bash zsh fish
bash_completions ?= $(PREFIX)/share/bash-completion/completions
zsh_completions  ?= $(PREFIX)/share/zsh/site-functions
fish_completions ?= $(PREFIX)/share/fish/vendor_completions.d
completions = $(wildcard user/completions/$(1)/*)

modprobe_conf = $(DESTDIR)/etc/modprobe.d/crlock.conf
# It is the administrator's once it is there.
install_modprobe_conf = { test -e $(modprobe_conf) || install -D -m 644 packaging/modprobe.conf $(modprobe_conf); }

# install: programs, library, manuals to PREFIX, and the module for the running kernel; DESTDIR is honoured
install: install-programs install-library install-module

install-programs: user
	install -D -t $(DESTDIR)$(PREFIX)/sbin $(patsubst %,$(O)/bin/%,$(programs))
	$(foreach manual,$(manuals),install -D -m 644 $(manual) $(call manual_path,$(manual)) &&) true
	sed -i 's|/usr/local|$(PREFIX)|g' $(foreach manual,$(manuals),$(call manual_path,$(manual)))
	$(foreach shell,$(shells),install -D -m 644 -t $(DESTDIR)$($(shell)_completions) $(call completions,$(shell)) &&) true
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/crlock $(wildcard uapi/*.*)

# What pkg-config says depends on where it is installed to, and so is made only now.
install-library: $(O)/lib/libcrlock.a $(O)/lib/libcrlock.so
	install -D -m 644 -t $(DESTDIR)$(LIBDIR) $(O)/lib/libcrlock.a
	install -D -t $(DESTDIR)$(LIBDIR) $(O)/lib/libcrlock.so.0
	ln -sf libcrlock.so.0 $(DESTDIR)$(LIBDIR)/libcrlock.so
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' \
		user/libcrlock/crlock.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/crlock.pc
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include user/libcrlock/crlock.h
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include/linux uapi/linux/crlock.h
	$(if $(DESTDIR),,-ldconfig)

install-module:
	$(if $(wildcard /lib/modules/$(running)/build),\
		$(MAKE) --no-print-directory module-$(running) && \
		install -D -m 644 $(O)/kmod-$(running)/crlock.ko \
			$(DESTDIR)/lib/modules/$(running)/updates/crlock.ko && \
		$(install_modprobe_conf) && \
		$(if $(DESTDIR),true,depmod -a $(running)),\
		@echo "the module is not installed: /lib/modules/$(running)/build, the kernel's headers, is missing")

# uninstall: the reverse
uninstall:
	rm -f $(patsubst %,$(DESTDIR)$(PREFIX)/sbin/%,$(programs))
	rm -f $(foreach manual,$(manuals),$(call manual_path,$(manual)))
	rm -f $(foreach shell,$(shells),$(addprefix $(DESTDIR)$($(shell)_completions)/,$(notdir $(call completions,$(shell)))))
	rm -f $(patsubst uapi/%,$(DESTDIR)$(PREFIX)/share/crlock/%,$(wildcard uapi/*.*))
	rm -f $(patsubst %,$(DESTDIR)$(LIBDIR)/%,libcrlock.a libcrlock.so libcrlock.so.0 pkgconfig/crlock.pc)
	rm -f $(DESTDIR)$(PREFIX)/include/crlock.h $(DESTDIR)$(PREFIX)/include/linux/crlock.h
	rm -f $(DESTDIR)/lib/modules/$(running)/updates/crlock.ko
	! cmp -s packaging/modprobe.conf $(modprobe_conf) || rm $(modprobe_conf)
	$(if $(DESTDIR),,-ldconfig)
	$(if $(DESTDIR),,-depmod -a $(running))

# dkms-install: the module's sources to /usr/src, for dkms to build
dkms-install:
	install -d $(DESTDIR)/usr/src/crlock-$(VERSION)
	sed 's/@VERSION@/$(VERSION)/' dkms.conf >$(DESTDIR)/usr/src/crlock-$(VERSION)/dkms.conf
	cp -r Kbuild kmod uapi $(DESTDIR)/usr/src/crlock-$(VERSION)/
	$(install_modprobe_conf)

# What packages are made of.
packaged := $(shell find COPYING Kbuild Makefile README.md dkms.conf kmod packaging proto uapi user -type f)
packages := $(O)/deb/crlock_$(VERSION)_$(shell dpkg --print-architecture 2>/dev/null).changes

# deb: Debian packages of the module for DKMS, the programs and the library, in $(O)/deb
deb:
	$(Q)selftests/deps deb
	$(remake) $(packages)

# What DKMS compiles in the VMs of the tests.
.PHONY: packages-compiled
packages-compiled: $(foreach kernel,$(KERNELS),$(patsubst /lib/modules/%/build,$(O)/deb/dkms-%/log,\
	$(wildcard /lib/modules/$(call release,$(kernel))/build)))

$(O)/deb/dkms-%/log: $(packages)
	$(call say,DKMS,$*) selftests/packages/compile $(O)/deb $*

$(packages): $(packaged)
	$(call say,DEB,$(@D)) packaging/build-debs -o $(@D) $(packaged)

# clean: remove all that was built
clean:
	rm -rf $(O)

# help: this list
help:
	@sed -n 's/^# \([a-z-]*\): \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14
	@echo
	@echo 'Variables: KERNELS="$(KERNELS)" O=$(O) V=1 CC= CFLAGS= PREFIX=$(PREFIX) DESTDIR='

# SPDX-License-Identifier: GPL-2.0-or-later
# The crlock command.
$(eval $(call program,crlock,$(wildcard user/crlock/*.c user/crlock/*/*.c),image proto locks procfs libcrlock,-lprotobuf-c -lmnl -lsmartcols -ljansson -lz -lxxhash))
$(call objects,$(wildcard user/crlock/*.c user/crlock/*/*.c)): $(proto_headers)

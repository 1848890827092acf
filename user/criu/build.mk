# SPDX-License-Identifier: GPL-2.0-or-later
# crlock-criu, and what its tests link of it.
$(eval $(call program,crlock-criu,$(wildcard user/criu/*.c),image proto locks procfs,-lprotobuf-c -lz -lxxhash))
$(eval $(call archive,criu,$(filter-out user/criu/main.c,$(wildcard user/criu/*.c))))
$(call objects,$(wildcard user/criu/*.c)): $(proto_headers)

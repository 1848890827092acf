# SPDX-License-Identifier: GPL-2.0-or-later
# crrestore.
$(eval $(call program,crrestore,$(wildcard user/restore/*.c user/restore/*/*.c),image proto trace locks procfs libcrlock,-lprotobuf-c -lmnl -lmount))
$(call objects,$(wildcard user/restore/*.c user/restore/*/*.c)): $(proto_headers)

# SPDX-License-Identifier: GPL-2.0-or-later
# crdump.
$(eval $(call program,crdump,$(wildcard user/dump/*.c user/dump/*/*.c),image proto trace locks procfs libcrlock,-lprotobuf-c -lmnl -lz -lxxhash))
$(call objects,$(wildcard user/dump/*.c user/dump/*/*.c)): $(proto_headers)

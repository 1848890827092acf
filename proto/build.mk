# SPDX-License-Identifier: GPL-2.0-or-later
# Messages of the images, and of crlock-criu. Programs that link proto need -lprotobuf-c.

proto_names := inventory checksums filelocks crlock pstree core mm pagemap fdinfo files fs ghost-file remap-fpath \
	pipes-data sk-queues tty-info memfd stats timens rpc
proto_headers := $(patsubst %,$(O)/proto/%.pb-c.h,$(proto_names))

$(eval $(call archive,proto,$(patsubst %,$(O)/proto/%.pb-c.c,$(proto_names))))

$(O)/proto/%.pb-c.c $(O)/proto/%.pb-c.h: proto/%.proto
	$(call say,PROTOC,$(O)/proto/$*.pb-c.c) mkdir -p $(O)/proto && \
		protoc-c --proto_path=proto --c_out=$(O)/proto $<

.SECONDARY: $(proto_headers) $(proto_headers:.h=.c)

# They include each other.
$(patsubst %,$(O)/obj/proto/%.pb-c.o,$(proto_names)): $(proto_headers)

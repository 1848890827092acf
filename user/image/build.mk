# SPDX-License-Identifier: GPL-2.0-or-later
# Checkpoint directories. Programs that link it need proto, locks, -lprotobuf-c, -lz and -lxxhash.
image := $(wildcard user/image/*.c user/image/arch/$(shell uname -m)/*.c)

$(eval $(call archive,image,$(image)))
$(call objects,$(image)): $(proto_headers)

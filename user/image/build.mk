# SPDX-License-Identifier: GPL-2.0-or-later
# Checkpoint directories. Programs that link it need proto, locks, and -lprotobuf-c.
$(eval $(call archive,image,$(wildcard user/image/*.c)))
$(call objects,$(wildcard user/image/*.c)): $(proto_headers)

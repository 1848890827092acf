# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later

# keep_compiled PACKAGES: what Debian's kernel headers compile with from now on looks there for what it has compiled
# before. Headers that have the size and times of then are not read again.
keep_compiled() {
	export DEBIAN_KERNEL_USE_CCACHE=1 CCACHE_DIR=$1/ccache CCACHE_CONFIGPATH=/dev/null
	export CCACHE_SLOPPINESS=file_stat_matches,include_file_mtime,include_file_ctime
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# libcrlock without the module, and when the module goes away: by way of Python, which takes the shared library as
# it is.
# needs: nomodule

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

plan 13
cd "$work" || exit

cat >library.py <<'END'
import ctypes, errno, subprocess, sys

library = ctypes.CDLL(sys.argv[1])
library.crlock_error.restype = ctypes.c_char_p
handle = ctypes.c_void_p()
info = ctypes.create_string_buffer(4096)
locks = 0


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
def see(lock, holders, nr_holders, data):
    global locks
    locks += 1
    return 0


def name(result):
    return errno.errorcode[-result] if result < 0 else str(result)


def open_it():
    return name(library.crlock_open(ctypes.byref(handle)))


def each():
    return name(library.crlock_each_lock(handle, None, see, None))


def module(*command):
    subprocess.run(command, check=True)
END
cat >run.py <<'END'
import os
import sys
import library
from library import library as api
from library import each, handle, module, name, open_it

print("open", open_it(), handle.value)
print("info", name(api.crlock_get_info(library.info)))
print("load", name(api.crlock_load()))
# As if it were installed.
with open("/etc/modprobe.d/crlock-test.conf", "w") as file:
    file.write(f"alias net-pf-16-proto-16-family-crlock crlock\ninstall crlock /sbin/insmod {sys.argv[2]}\n")
print("open", open_it(), handle.value)
print("info", name(api.crlock_get_info(library.info)))
print("load", name(api.crlock_load()))
print("load", name(api.crlock_load()))
os.unlink("/etc/modprobe.d/crlock-test.conf")
print("open", open_it(), handle.value is not None)
print("each", each(), library.locks > 0)
# A handle keeps nobody from unloading the module.
module("rmmod", "crlock")
print("each", each(), api.crlock_error(handle).decode())
api.crlock_close(handle)
print("open", open_it(), handle.value)
module("insmod", sys.argv[2])
print("open", open_it(), handle.value is not None)
print("each", each())
api.crlock_close(handle)
module("rmmod", "crlock")
END
background pid hold flock:w:file
mapfile -t lines < <(timeout 60 /usr/bin/python3 run.py "$build/lib/libcrlock.so.0" "$CRLOCK_KO" 2>&1)
is "without the module opening says so" "${lines[0]}" "open ENOENT None"
is "so does asking what it is" "${lines[1]}" "info ENOENT"
is "and it cannot be loaded if it is not installed" "${lines[2]}" "load ENOENT"
is "if it is, opening does not load it" "${lines[3]}" "open ENOENT None"
is "nor does asking what it is" "${lines[4]}" "info ENOENT"
is "but to be asked for that does" "${lines[5]}" "load 0"
is "a second time too" "${lines[6]}" "load 0"
is "with it there is a handle" "${lines[7]}" "open 0 True"
is "and there are locks" "${lines[8]}" "each 0 True"
is "when it is unloaded, the handle says so" "${lines[9]}" \
	"each ENOENT the module was unloaded since it was connected to"
is "and a new one cannot be had" "${lines[10]}" "open ENOENT None"
is "when it is there again, one can" "${lines[11]} ${lines[12]}" "open 0 True each 0"
is "that is all" "${#lines[@]}" 13
finish

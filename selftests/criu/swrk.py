#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A container engine's part of CRIU's protocol, with the messages of CRIU's own Python package.

swrk.py PROGRAM [NAME=VALUE...]: starts PROGRAM swrk, sends one request, answers notices, and prints what comes:
a line for each notice, one for the answer, and the exit status. The request's type is type=VERSION and the like; other
names are those of options, and

  images=DIR, work=DIR  directories that are opened for images_dir_fd and work_dir_fd
  veto=NOTICE           is answered with a failure
  raw=HEX               is sent as it is instead
  size=N                so many bytes are
  again=1               the same request is sent twice over one connection
"""
import os
import socket
import subprocess
import sys

from pycriu import rpc_pb2 as rpc


def fill_in(options, name, value):
    field = options.DESCRIPTOR.fields_by_name[name]
    if field.label == field.LABEL_REPEATED:
        getattr(options, name).append(value)
    elif field.type in (field.TYPE_STRING, field.TYPE_BYTES):
        setattr(options, name, value)
    else:
        setattr(options, name, field.type != field.TYPE_BOOL and int(value) or bool(int(value)))


def make_request(words):
    request = rpc.criu_req(type=rpc.DUMP)
    for word in words:
        name, value = word.split("=", 1)
        if name == "type":
            request.type = int(value) if value.isdigit() else rpc.criu_req_type.Value(value)
        elif name == "features":
            setattr(request.features, value, True)
        elif name in ("images", "work"):
            setattr(request.opts, name + "_dir_fd", os.open(value, os.O_RDONLY | os.O_DIRECTORY))
        elif name not in ("veto", "raw", "size", "again"):
            fill_in(request.opts, name, value)
    return request


def told(response):
    text = "%s %s" % (rpc.criu_req_type.Name(response.type), "done" if response.success else "failed")
    if response.HasField("cr_errmsg"):
        text += " %d %s" % (response.cr_errno, response.cr_errmsg)
    if response.HasField("version"):
        text += " %d.%d" % (response.version.major_number, response.version.minor_number)
    for field, value in response.features.ListFields():
        text += " %s=%s" % (field.name, value)
    if response.HasField("restore"):
        with open("/proc/%d/stat" % response.restore.pid) as stat:
            parent = int(stat.read().rpartition(")")[2].split()[1])
        text += " %d %s" % (response.restore.pid, "child" if parent == os.getpid() else "other")
    return text


def converse(connection, request, raw, veto):
    connection.send(raw or request.SerializeToString())
    while True:
        data = connection.recv(65536)
        if not data:
            print("closed")
            return
        response = rpc.criu_resp()
        response.ParseFromString(data)
        if response.type != rpc.NOTIFY:
            print(told(response))
            return
        print(*["notice", response.notify.script] + ([response.notify.pid] if response.notify.pid else []), flush=True)
        answer = rpc.criu_req(type=rpc.NOTIFY, notify_success=response.notify.script != veto)
        connection.send(answer.SerializeToString())


def main():
    program, words = sys.argv[1], sys.argv[2:]
    extra = dict(word.split("=", 1) for word in words)
    raw = bytes.fromhex(extra.get("raw", "")) or bytes(int(extra.get("size", 0)))
    request = make_request(words)
    request.keep_open = "again" in extra
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    child = subprocess.Popen([program, "swrk", str(theirs.fileno())], pass_fds=[theirs.fileno()])
    theirs.close()
    for _ in range(1 + request.keep_open):
        converse(ours, request, raw, extra.get("veto"))
    ours.close()
    print("exit", child.wait())


main()

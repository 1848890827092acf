#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes, or brings up to date, a scratch copy of a kernel's sources with patches applied.

  tree.py KERNEL-TREE SCRATCH [PATCH...]
  tree.py -n KERNEL-TREE              prints what changes whenever a source does
  tree.py -c KERNEL-TREE [PATCH...]   only looks whether they apply

What no patch touches is a symbolic link to the kernel tree, which is only read. What one does is a file of the
scratch copy; it is written, and so becomes newer than its object, only if it is to be another than it was: make
then builds no more than what differs. What is built in SCRATCH/obj is not touched.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile

OBJECTS = "obj"


class Refused(Exception):
    """What the caller did wrong, in one line."""


def git(*words, cwd, env=None):
    done = subprocess.run(["git", *words], cwd=cwd, capture_output=True, check=False,
                          env={"LC_ALL": "C", "PATH": os.environ["PATH"], **(env or {})})
    if done.returncode:
        raise Refused(done.stderr.decode(errors="replace").strip())
    return done.stdout


# What a build leaves among the sources. The .gitignore files of a tree do not tell: those of a distribution
# may ignore all.
PRODUCT = re.compile(r"""(.*/)?(
	.*\.(o|ko|a|so|cmd|mod|mod\.c|order|dwo|rmeta|d) | \.config(\.old)? | vmlinux(\.unstripped|\.symvers|\.map)? | \.vmlinux\..* |
	\.tmp_.* | System\.map | Module\.symvers | modules\.(order|builtin.*) | \.version | \.git
	)$ | (include|arch/\w+/include)/(generated|config)(/|$)""", re.VERBOSE)


def sources(tree):
    """The paths that are no products of a build; of a repository those that are committed or could be."""
    if os.path.exists(os.path.join(tree, ".git")):
        listed = git("-c", "safe.directory=*", "ls-files", "-z", "-c", "-o", "--exclude-standard", cwd=tree)
        names = (os.fsdecode(name) for name in listed.split(b"\0") if name)
        return {name for name in names if os.path.lexists(os.path.join(tree, name)) and not PRODUCT.match(name)}
    return {name for name in files_of(tree) if not PRODUCT.match(name)}


def touched(patch):
    """The paths that a patch names: `git apply` numbers their lines, and parts a rename into two names."""
    fields = git("apply", "--numstat", "-z", patch, cwd="/").split(b"\0")
    for field in fields:
        name = field.split(b"\t")[-1]
        if name:
            yield os.fsdecode(name)


def copy(source, target):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(source, "rb") as old, open(target, "wb") as new:
        new.write(old.read())
    os.chmod(target, os.stat(source).st_mode | 0o200)


def patched(tree, patches, stage):
    """Applies the patches, in a directory of their files alone. Returns the paths; such as are gone are not there."""
    names = set()
    for patch in patches:
        try:
            for name in set(touched(patch)) - names:
                names.add(name)
                if os.path.isfile(os.path.join(tree, name)):
                    copy(os.path.join(tree, name), os.path.join(stage, name))
            # Not in the repository that may be around the stage, where git would leave other paths out.
            git("apply", patch, cwd=stage, env={"GIT_CEILING_DIRECTORIES": os.path.dirname(stage)})
        except Refused as error:
            raise Refused(f"{patch} does not apply: {'; '.join(str(error).splitlines())}") from None
    return names


def content(path):
    with open(path, "rb") as file:
        return file.read()


def files_of(scratch):
    for directory, directories, names in os.walk(scratch):
        if directory == scratch:
            directories[:] = [name for name in directories if name != OBJECTS]
        # A link to a directory is listed as one.
        links = [name for name in directories if os.path.islink(os.path.join(directory, name))]
        for name in names + links:
            yield os.path.relpath(os.path.join(directory, name), scratch)


def replace(path, source, link):
    """In one step, so that whoever ends this leaves the old file or the new one."""
    new = path + ".crlock-new"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(new):
        os.unlink(new)
    if link:
        os.symlink(source, new)
    else:
        copy(source, new)
    os.rename(new, path)


def update(tree, scratch, patches):
    os.makedirs(scratch, exist_ok=True)
    with tempfile.TemporaryDirectory() as stage:
        stage = os.path.realpath(stage)
        own = patched(tree, patches, stage)
        wanted = sources(tree)
        wanted = (wanted - own) | {name for name in own if os.path.lexists(os.path.join(stage, name))}
        here = set(files_of(scratch))
        for name in here - wanted:
            os.unlink(os.path.join(scratch, name))
        for name in wanted:
            path = os.path.join(scratch, name)
            source = os.path.join(stage if name in own else tree, name)
            if name not in here:
                replace(path, source, name not in own)
            elif os.path.islink(path):
                if name in own:
                    replace(path, source, False)
                elif os.readlink(path) != source:
                    replace(path, source, True)
            elif content(path) != content(source):
                # A link to what is older than the object would not be built anew.
                replace(path, source, False)


def fingerprint(tree):
    digest = hashlib.sha256()
    for name in sorted(sources(tree)):
        stat = os.lstat(os.path.join(tree, name))
        digest.update(f"{name} {stat.st_size} {stat.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def main():
    words = [os.path.realpath(word) if word[0] != "-" else word for word in sys.argv[1:]]
    try:
        if words[0] == "-n":
            print(fingerprint(words[1]))
        elif words[0] == "-c":
            with tempfile.TemporaryDirectory() as stage:
                patched(words[1], words[2:], os.path.realpath(stage))
        else:
            update(words[0], words[1], words[2:])
    except (Refused, OSError) as error:
        sys.exit(f"check-kernel: {error}")


if __name__ == "__main__":
    main()

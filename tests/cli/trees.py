#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""trees.py FOLDER: all that there is to know of what is below a folder, a line of JSON an entry, for
diff: type, mode, owner, times, extended attributes, contents, links, and which names are one file."""
import hashlib
import json
import os
import stat
import sys

KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "symlink", stat.S_IFIFO: "fifo",
         stat.S_IFCHR: "character", stat.S_IFBLK: "block", stat.S_IFSOCK: "socket"}


def paths_below(folder, path=b""):
    """Depth first, in the order of the names."""
    for name in sorted(os.listdir(os.path.join(folder, path))):
        below = os.path.join(path, name)
        yield below
        if stat.S_ISDIR(os.lstat(os.path.join(folder, below)).st_mode):
            yield from paths_below(folder, below)


def digest_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        while block := f.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


# what overlay notes for itself, and may be different each time
OVERLAY_NOTES = {"trusted.overlay." + name for name in ("origin", "impure", "nlink", "uuid")}


def describe(full, path, first_names):
    s = os.lstat(full)
    entry = {"path": os.fsdecode(path), "kind": KINDS[stat.S_IFMT(s.st_mode)],
             "mode": oct(stat.S_IMODE(s.st_mode)), "owner": f"{s.st_uid}:{s.st_gid}", "mtime": s.st_mtime_ns}
    xattrs = {name: os.getxattr(full, name, follow_symlinks=False).hex()
              for name in sorted(os.listxattr(full, follow_symlinks=False)) if name not in OVERLAY_NOTES}
    if xattrs:
        entry["xattrs"] = xattrs
    if stat.S_ISREG(s.st_mode):
        entry.update(size=s.st_size, sha256=digest_of(full))
    elif stat.S_ISLNK(s.st_mode):
        entry["target"] = os.fsdecode(os.readlink(full))
    elif stat.S_ISCHR(s.st_mode) or stat.S_ISBLK(s.st_mode):
        entry["device"] = f"{os.major(s.st_rdev)}:{os.minor(s.st_rdev)}"
    if entry.get("device") == "0:0":
        # a whiteout: it has no time, and several may be one file
        del entry["mtime"]
    elif not stat.S_ISDIR(s.st_mode):
        first = first_names.setdefault((s.st_dev, s.st_ino), path)
        if first != path:
            entry["same_as"] = os.fsdecode(first)
    return entry


def main():
    folder = os.fsencode(sys.argv[1])
    first_names = {}
    for path in paths_below(folder):
        print(json.dumps(describe(os.path.join(folder, path), path, first_names), sort_keys=True))


main()

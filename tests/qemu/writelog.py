# SPDX-License-Identifier: Apache-2.0
"""Reads the log of all that was written to a disk, in the format of Linux's dm-log-writes, which
QEMU's driver blklogwrites writes too: a superblock, then for each request a sector that tells what it
was, and its data. QEMU logs a request when it is done, and counts it with the next flush."""
import mmap
import os
import struct
import tempfile
from typing import NamedTuple

from guest import SECTOR

FLUSH, FUA, DISCARD, MARK, METADATA = 1, 2, 4, 8, 16
MAGIC = 0x6A736677736872
SUPER, HEAD = struct.Struct("<QQQI"), struct.Struct("<QQQQ")


class BadLog(Exception):
    """What was read is no such log, or is cut."""


class Entry(NamedTuple):
    sector: int  # of the disk
    count: int  # in sectors; none for a mere flush, and for a mark
    flags: int
    at: int  # of its data in the log, in bytes


class Log:
    """`entries` in the order in which they were done, of a disk of so many bytes."""

    def __init__(self, path, disk_bytes):
        self.size = os.path.getsize(path)
        if self.size < SECTOR:
            raise BadLog(f"{path}: {self.size} bytes are no log")
        with open(path, "rb") as log:
            self.bytes = mmap.mmap(log.fileno(), 0, access=mmap.ACCESS_READ)
        magic, version, count, sector_bytes = SUPER.unpack_from(self.bytes)
        if magic != MAGIC or version != 1 or sector_bytes != SECTOR:
            raise BadLog(f"{path}: magic {magic:#x}, version {version}, sectors of {sector_bytes} bytes")
        self.entries, at = [], SECTOR
        for n in range(count):
            self.entries.append(self._entry(n, at, disk_bytes // SECTOR))
            at += SECTOR + self._stored(self.entries[n])

    @staticmethod
    def _stored(entry):
        return 0 if entry.flags & DISCARD else entry.count * SECTOR

    def _entry(self, n, at, disk_sectors):
        if at + SECTOR > self.size:
            raise BadLog(f"entry {n}: the log is cut")
        sector, count, flags, _ = HEAD.unpack_from(self.bytes, at)
        entry = Entry(sector, count, flags, at + SECTOR)
        if flags & ~(FLUSH | FUA | DISCARD | MARK | METADATA):
            raise BadLog(f"entry {n}: flags {flags:#x}")
        if sector + count > disk_sectors:
            raise BadLog(f"entry {n}: sectors {sector} and {count} more of {disk_sectors}")
        if entry.at + self._stored(entry) > self.size:
            raise BadLog(f"entry {n}: the log is cut in its data")
        return entry

    def data(self, entry):
        """What the disk holds at the entry's place when it is done."""
        if entry.flags & DISCARD:
            return bytes(entry.count * SECTOR)
        return self.bytes[entry.at : entry.at + entry.count * SECTOR]

    def until(self, size_bytes):
        """How many entries a log of this size had."""
        return sum(e.at + self._stored(e) <= size_bytes for e in self.entries)


def _made(*entries, magic=MAGIC, count=None, sector_bytes=SECTOR):
    """A log of (sector, count, flags, data)."""
    log = SUPER.pack(magic, 1, len(entries) if count is None else count, sector_bytes).ljust(SECTOR, b"\0")
    return log + b"".join(HEAD.pack(*e[:3], 0).ljust(SECTOR, b"\0") + e[3] for e in entries)


def check(tap):
    """Its own test."""
    good = _made((1, 2, 0, b"x" * 1024), (0, 0, FLUSH, b""), (3, 1, FUA, b"y" * 512),
                 (4, 2**2, DISCARD, b""), (0, 0, MARK, b""))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "log")

        def read(data):
            with open(path, "wb") as log:
                log.write(data)
            return Log(path, 8 * SECTOR)

        log = read(good)
        told = [(e.sector, e.count, e.flags, log.data(e)) for e in log.entries]
        tap.report(told == [(1, 2, 0, b"x" * 1024), (0, 0, FLUSH, b""), (3, 1, FUA, b"y" * 512),
                            (4, 4, DISCARD, bytes(2048)), (0, 0, MARK, b"")]
                   and [log.until(at) for at in (0, 2047, 2048, len(good))] == [0, 0, 1, 5],
                   "a log of writes is read", told)
        for text, bad in (
            ("is empty", b""),
            ("is something else", _made(magic=1)),
            ("has other sectors", _made(sector_bytes=4096)),
            ("counts more entries than there are", _made(count=2**60)),
            ("is cut before an entry", _made(count=1)),
            ("is cut in the data", _made((1, 2, 0, b"x" * 1024))[:-1]),
            ("knows other flags", _made((0, 0, 32, b""))),
            ("goes past the disk", _made((8, 1, 0, b"z" * 512))),
            ("discards past the disk", _made((2**63, 2**63, DISCARD, b""))),
        ):
            try:
                tap.report(False, f"a log that {text} is refused", read(bad).entries)
            except BadLog as why:
                tap.report(True, f"a log that {text} is refused: {os.path.basename(str(why))}")

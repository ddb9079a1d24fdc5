# SPDX-License-Identifier: Apache-2.0
"""What a power cut may leave of a disk: all that was written up to the last flush, and of what came
after it any of the sectors, each whole or not at all.

A state is written ENTRY:SUBSET: so many entries of the log were done, and of those that no flush covers
SUBSET is there: `none`, `all`, `sN` a random choice of sectors, `wN` one of whole writes."""
import os
import random
import re
from contextlib import contextmanager
from typing import NamedTuple

from guest import ENV_AT, ENV_SIZE, parts_of
from writelog import FLUSH, FUA, SECTOR

# How often the random states fall on a part: what is small and read at every boot counts most.
WEIGHTS = {"env": 4, "boot": 6, "data": 8, "rootfs_a": 1, "rootfs_b": 1}


class State(NamedTuple):
    entry: int
    subset: str

    def __str__(self):
        return f"{self.entry}:{self.subset}"


def parse(text):
    """The state of this name. ValueError: there is no such name."""
    if not re.fullmatch(r"\d+:(none|all|[sw]\d+)", text):
        raise ValueError(f"'{text}' is no state such as 371:s17, 371:w17, 371:all or 371:none")
    entry, subset = text.split(":")
    return State(int(entry), subset)


class Disk:
    """Goes forward through a log, and aside into the states on its way."""

    def __init__(self, path, log):
        self.path, self.log, self.parts = path, log, {"env": (ENV_AT[0], ENV_AT[1] + ENV_SIZE), **parts_of(path)}
        self.done = 0  # so many entries are on it for good
        self.version = dict.fromkeys([*self.parts, ""], 0)
        self.loose = set()  # the parts that are not as their version says
        self.file = os.open(path, os.O_RDWR)

    def part(self, entry):
        """'' is what lies between the parts."""
        at = entry.sector * SECTOR
        return next((name for name, (start, end) in self.parts.items() if start <= at < end), "")

    def durable(self, entry):
        """How many of so many entries a flush covers."""
        return next((n for n in range(entry - 1, -1, -1) if self.log.entries[n].flags & FLUSH), 0)

    def forward(self, to):
        for entry in self.log.entries[self.done : to]:
            if entry.count:
                self.version[self.part(entry)] += 1
                os.pwrite(self.file, self.log.data(entry), entry.sector * SECTOR)
        self.done = max(self.done, to)

    @contextmanager
    def changed(self, pieces):
        """With these (offset, bytes) written, and then as before."""
        before = []
        try:
            for at, data in pieces:
                before.append((at, os.pread(self.file, len(data), at)))
                os.pwrite(self.file, data, at)
                self.loose |= {name for name, (start, end) in self.parts.items() if start <= at < end}
            yield
        finally:
            for at, data in reversed(before):
                os.pwrite(self.file, data, at)
            self.loose = set()

    def pieces(self, state):
        """What is there of the writes that no flush covers."""
        rng = random.Random(str(state))
        density = rng.choice(("thin", "half", "thick"))

        def bits(n):
            one, other = rng.getrandbits(n), rng.getrandbits(n)
            return {"thin": one & other, "half": one, "thick": one | other}[density]

        for entry in self.log.entries[self.durable(state.entry) : state.entry]:
            if not entry.count or state.subset == "none" and not entry.flags & FUA:
                continue
            data, at = self.log.data(entry), entry.sector * SECTOR
            if state.subset == "all" or entry.flags & FUA:
                yield at, data
            elif state.subset[0] == "w":
                if bits(1):
                    yield at, data
            else:
                for run in re.finditer("1+", f"{bits(entry.count):0{entry.count}b}"):
                    yield at + run.start() * SECTOR, data[run.start() * SECTOR : run.end() * SECTOR]

    def cut(self, state):
        self.forward(self.durable(state.entry))
        return self.changed(self.pieces(state))


def bursts(disk):
    """(part, first, last): between two flushes the part was written to, by the entries from first to
    last among others."""
    found, here = [], {}
    for n, entry in enumerate(disk.log.entries):
        if entry.flags & FLUSH:
            found += [(name, *ends) for name, ends in here.items()]
            here = {}
        if entry.count and (name := disk.part(entry)) in WEIGHTS:
            here[name] = (here.get(name, (n,))[0], n)
    return found + [(name, *ends) for name, ends in here.items()]


def choose(disk, count, ends, seed):
    """So many states, in the log's order: what is durable when a step ends; each store of the
    environment and each burst on the boot partition cut in the middle; and the rest by weight."""
    rng, all_bursts = random.Random(seed), bursts(disk)
    chosen = {State(end, "none") for end in ends}

    def cut(burst, kind):
        random_one = f"{kind}{rng.randrange(10**6)}"
        chosen.add(State(rng.randint(burst[1], burst[2]) + 1, random_one if kind in "sw" else kind))

    for burst in all_bursts:
        for kind in {"env": "sss", "boot": "sw"}.get(burst[0], ""):
            cut(burst, kind)
    chosen = set(rng.sample(sorted(chosen), min(count, len(chosen))))
    by_part = {name: [b for b in all_bursts if b[0] == name] for name in sorted({b[0] for b in all_bursts})}
    while len(chosen) < count:
        name = rng.choices(list(by_part), [WEIGHTS[name] for name in by_part])[0]
        cut(rng.choice(by_part[name]), rng.choice(("s", "s", "s", "w", "w", "w", "all", "none")))
    return sorted(chosen)

# SPDX-License-Identifier: Apache-2.0
"""The log of all that two updates write to the disk: one that is kept, and one into the other slot that
fails its self-test. It stays on the build machine, so that a state can be made again."""
import json
import os
from typing import NamedTuple

import writelog
from guest import BOARD, Guest, new_disk
from steps import Board

LOG, ENDS = (os.path.join(BOARD, name) for name in ("writes.log", "writes.json"))
DRIVE = ("driver=blklogwrites,discard=unmap,file.driver=file,file.discard=unmap,file.filename={disk},"
         f"log.driver=file,log.filename={LOG}")


class Stage(NamedTuple):
    """What the environment may name (? on trial) when the power is cut meanwhile, and what each slot
    that matters holds then. A step that has ended is durable: later there is no way back before it."""
    text: str
    command: str
    may: tuple
    a: str
    b: str = "v2"


def update(text, release, before, trial, after, a):
    """From fetch until the release is kept or given up."""
    return [Stage(f"{text}: {step}", command, may, a) for step, command, may in (
        ("fetch", f"ota fetch http://10.0.2.2:{{}}/{release}", (before,)),
        ("write", "ota write", (before,)),
        ("boot files", "ota bootfiles", (before,)),
        ("next to boot", "ota bootswap", (before, trial)),
        ("reboot", "", (trial, after)),
    )]


GOOD = update("update", "v2", "a", "b?", "b", "v1")
STAGES = [Stage("boot", "", ("a",), "v1"), *GOOD, *update("bad update", "check", "b", "a?", "b", "check"),
          Stage("power off", "", ("b",), "check")]


def wait_until_up(guest):
    """The release that stays: one that fails its self-test is up before it goes."""
    guest.shell(300)
    return guest.said.rpartition("board: version ")[2].split()[0]


def make(tap, folder, port):
    with open(LOG, "wb"):  # QEMU makes none
        pass
    ends = []
    with Guest(new_disk(folder), drive=DRIVE) as guest:
        b = Board(guest, tap, port)
        for n, stage in enumerate(STAGES):
            if stage.command:
                b.expect(stage.text, stage.command.format(port))
            elif n == len(STAGES) - 1:
                guest.type("sync; umount /boot /data; echo 'powered ''down'")
                guest.wait("^powered down\n")
            else:
                if n:
                    b.reboot()
                version = wait_until_up(guest)
                tap.report(version == ("2.0" if n else "1.0"), f"{stage.text}: {version} is up")
            ends.append(os.path.getsize(LOG))
    with open(ENDS, "w", encoding="ascii") as text:
        json.dump({"recipe": recipe(), "ends": ends}, text)


def recipe():
    with open(os.path.join(BOARD, "recipe"), encoding="ascii") as text:
        return text.read()


class Recording:
    """The one that was kept. `ends`: how many entries its log had at the end of each stage."""

    def __init__(self):
        with open(ENDS, encoding="ascii") as text:
            told = json.load(text)
        if told["recipe"] != recipe():
            raise ValueError("the recording is of another board: first without SEED and STATE")
        self.log = writelog.Log(LOG, os.path.getsize(os.path.join(BOARD, "disk.img")))
        self.ends = [self.log.until(size) for size in told["ends"]]

    def stage(self, entry):
        """In which so many entries were done."""
        return next((stage for stage, end in zip(STAGES, self.ends) if entry < end), STAGES[-1])

    def tell(self, disk, tap):
        """What one update wrote, and how often it flushed."""
        every = self.log.entries
        written, flushes = dict.fromkeys(disk.parts, 0), sum(e.flags & writelog.FLUSH for e in every)
        tap.note(f"all: {len(every)} log entries, {flushes} of them flushes")
        one = every[self.ends[0] : self.ends[len(GOOD)]]
        for entry in one:
            if entry.count:
                written[disk.part(entry)] += entry.count * writelog.SECTOR
        told = " ".join(f"{name} {size}" for name, size in written.items())
        tap.note(f"one update: {len(one)} entries, {sum(e.flags & writelog.FLUSH for e in one)} flushes, "
                 f"{sum(written.values())} bytes written: {told}")

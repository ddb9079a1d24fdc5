# SPDX-License-Identifier: Apache-2.0
"""The power goes at random instants of a whole update: fetch, write, boot files, swap, reboot, boot,
self-test and commit. What QEMU had written by then is on the disk: harsh.py has the cuts that lose
writes.

CUTS says how many (4), HOURS how long in their place, SEED which ones."""
import os
import random
import shutil
import tempfile
import time
from types import SimpleNamespace

from guest import BOARD, Guest, Hung, new_disk, parts_of
from judge import Judge
from steps import Board

STEPS = "fetch", "write", "bootfiles", "bootswap"
# each phase begins where this is said
PHASES = {
    **{step: rf"^step {step}\n" for step in STEPS},
    "reboot": r"^step reboot\n",
    "boot": r"^ota: slot ., attempt",
    "commit": r"^board: version \S+ is up\n",
}
VERSIONS = {"1.0": "v1", "2.0": "v2"}
AGAIN = 0.25  # how often the start after a cut is cut, too


class Bad(Exception):
    """What may not be after a cut."""


class Lane:
    """One board, and its way from v1 to v2 and from v2 to v1."""

    def __init__(self, port, folder):
        self.port, self.disk, self.guest = port, new_disk(folder), None
        parts = parts_of(self.disk)
        self.judge = Judge(SimpleNamespace(path=self.disk, parts=parts, file=os.open(self.disk, os.O_RDONLY),
                                           version=dict.fromkeys(parts, 0), loose=set(parts)), folder)
        self.slot, self.now, self.next = "a", "1.0", "2.0"
        self.lasts = {}  # how long each phase lasts, in seconds

    def other(self):
        return "ba"["ab".index(self.slot)]

    def power_on(self):
        self.guest = Guest(self.disk)

    def power_off(self):
        if self.guest:
            self.guest.__exit__()
        self.guest = None

    def start(self):
        """Types the whole flow at the shell's prompt."""
        source = f"--downgrade --retry http://10.0.2.2:{self.port}/{VERSIONS[self.next]}"
        steps = " && ".join(f"echo 'step ''{step}' && ota -q {step} {source if step == 'fetch' else ''}"
                            for step in STEPS)
        self.guest.type(f"{steps} && echo 'step ''reboot' && board-reboot")

    def through(self):
        """The flow, to its end."""
        at, phase = time.monotonic(), None
        self.start()
        for name, begin in PHASES.items():
            self.guest.wait(begin, 180)
            self.lasts[phase], at, phase = time.monotonic() - at, time.monotonic(), name
        self.guest.wait("^board# ")
        self.lasts[phase] = time.monotonic() - at

    def swap_roles(self):
        self.slot, self.now, self.next = self.other(), self.next, self.now

    def strike(self, rng):
        """Cuts the power once, or more often. Says where."""
        phase = rng.choice(list(PHASES))
        share = rng.random()
        self.start()
        self.guest.wait(PHASES[phase], 180)
        time.sleep(share * self.lasts[phase])
        self.power_off()
        where = [f"{phase} {share:.0%}"]
        while rng.random() < AGAIN:
            share = rng.random()
            self.power_on()
            time.sleep(share * (self.lasts["boot"] + self.lasts["commit"]))
            self.power_off()
            where.append(f"start {share:.0%}")
        return where

    def look(self, may):
        """From outside: is the disk one that may be?"""
        self.judge.may = may
        self.judge.holds = {self.slot: VERSIONS[self.now], self.other(): VERSIONS[self.next]}
        if faults := self.judge.faults():
            raise Bad("\n".join(f"{kind}: {why}" for kind, why in faults))

    def proved(self, version):
        """From inside: this version runs, is kept, and nothing is on trial."""
        running = self.slot if version == self.now else self.other()
        told = Board(self.guest, None, self.port).status()
        if (told["running"], told["next"], told["trial"]) != (running, running, False):
            raise Bad(f"version {version} runs, and status says {told}")

    def recover(self):
        """After a cut: an old or a proved new version runs, and the flow goes on to success."""
        self.look((self.slot, self.other(), self.other() + "?"))
        self.power_on()
        version = self.guest.shell()
        if version not in VERSIONS:
            raise Bad(f"it runs {version}")
        self.proved(version)
        if version == self.now:
            self.through()
            self.proved(self.next)
        self.look((self.other(),))
        self.swap_roles()
        return version


def keep(lane, n):
    """The disk of a bad end, for whoever looks into it."""
    path = os.path.join(BOARD, f"cut-{n}.img")
    lane.power_off()
    shutil.copy(lane.disk, path)
    return path


def numbers(lane, lanes):
    """Of this lane's cuts: lane, lane + lanes, ... to the last, or until the time is over."""
    hours = float(os.environ.get("HOURS", 0))
    end, n = time.monotonic() + hours * 3600, lane
    while time.monotonic() < end if hours else n < int(os.environ.get("CUTS", 4)):
        yield n
        n += lanes


def run(tap, port, seed, number, lanes):
    with tempfile.TemporaryDirectory() as folder:
        lane = Lane(port, folder)
        said, n = "", "none"
        try:
            lane.power_on()
            lane.guest.shell()
            lane.through()
            lane.swap_roles()
            tap.note(f"from the reboot command to userspace: {lane.lasts['reboot'] + lane.lasts['boot']:.1f} s")
            for n in numbers(number, lanes):
                began = f"{lane.now} to {lane.next}"
                where = lane.strike(random.Random(f"{seed}:{n}"))
                version = lane.recover()
                tap.report(True, f"cut {n} ({seed}), {began}: {', '.join(where)}: {version} boots, and it goes on")
                print(f"# {tap.lines[-1][1]}", flush=True)
        except (Bad, Hung, OSError, ValueError) as why:
            said = lane.guest.said if lane.guest else ""
            tap.report(False, f"cut {n} ({seed})", f"{said}\n{why}\nthe disk is kept as {keep(lane, n)}")
        finally:
            lane.power_off()

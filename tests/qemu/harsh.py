# SPDX-License-Identifier: Apache-2.0
"""Power cuts at their harshest: the disk is made as a cut may have left it, at any write of two updates,
and judged. Some of these disks boot, and go on to the next update.

STATES=200, BOOTS=2    how many are judged, and how many of them boot
SEED=N                 these states again, of the recording that was kept
STATE=ENTRY:SUBSET     this one alone, likewise"""
import os
import random
import subprocess
import tempfile
import time

import cutstate
import recording
import writelog
from guest import ENV_AT, Guest, Hung, new_disk
from judge import KINDS, Judge, named, that_matter
from steps import Board

OTHER = {"1.0": ("v2", "2.0"), "2.0": ("v1", "1.0")}


def find(disk, part, data):
    """Where in a part this lies, in whole sectors."""
    start, end = disk.parts[part]
    return start + os.pread(disk.file, end - start, start).index(data) // writelog.SECTOR * writelog.SECTOR


def check_eyes(tap, judge):
    """Is the judge blind? Something is spoiled of all that it looks at."""
    disk = judge.disk
    slot_a, slot_b, data = (disk.parts[name][0] for name in ("rootfs_a", "rootfs_b", "data"))
    judge.may, judge.holds = ("a",), {"a": "v1", "b": "v2"}
    kernel = subprocess.run(["mtype", "-i", f"{disk.path}@@{disk.parts['boot'][0]}", "::/ota/a/vmlinuz"],
                            stdout=subprocess.PIPE, check=True).stdout
    for text, places, kinds in (
        ("nothing", [], []),
        ("slot a", [slot_a + (40 << 20)], ["slot"]),
        ("slot b, which does not matter", [slot_b], []),
        ("a kernel", [find(disk, "boot", kernel[:4096])], ["boot files", "repair"]),
        ("a list of boot files", [find(disk, "boot", b"# boot files of ")], ["boot files", "repair"]),
        ("one copy of the environment", [ENV_AT[0] + 1024], []),
        ("both copies of the environment", [at + 1024 for at in ENV_AT], ["environment"]),
        ("a superblock, of which there are more", [data + 1024], []),
        ("the store's index", [find(disk, "data", b'{"schemaVersion":2,"manifests"')], ["store"]),
        ("most of the data", range(data, data + (80 << 20), writelog.SECTOR), ["store"]),
    ):
        with disk.changed([(at, b"spoiled " * 64) for at in places]):
            found = judge.faults()
        tap.report([kind for kind, _ in found] == kinds, f"spoiled: {text}", found)
    judge.may = ("b", "b?")
    tap.report([kind for kind, _ in judge.faults()] == ["environment"], "the environment names another slot")
    trial = {"ota_slot": "b", "upgrade_available": "1", "bootlimit": "2"}
    told = [that_matter(env) for env in (
        {"ota_slot": "b"}, trial, {**trial, "bootcount": "1"}, {**trial, "bootcount": "2"})]
    tap.report(told == ["b", "ba", "ba", "a"], "which slots matter: the trial's, until it is used up", told)


def judge_all(judge, tape, states, boot):
    """What is wrong, by kind; and how many states have a copy of the environment that is torn."""
    wrong, torn = {kind: [] for kind in KINDS}, 0
    for state in states:
        stage = tape.stage(state.entry)
        judge.may, judge.holds = stage.may, {"a": stage.a, "b": stage.b}
        with judge.disk.cut(state):
            for kind, why in judge.faults():
                wrong[kind].append(f"STATE={state} ({stage.text}): {' '.join(why.split())}")
            torn += judge.torn_copies() > 0
            boot(state, judge.env())
    return wrong, torn


def spread(disk, states, count, rng):
    """So many of them to boot: of the torn ones, from each part of the disk in turn."""
    by_part = {}
    for state in rng.sample(states, len(states)):
        if state.subset[0] in "sw":
            by_part.setdefault(disk.part(disk.log.entries[state.entry - 1]), []).append(state)
    in_turn = sorted((n, part, state) for part, some in by_part.items() for n, state in enumerate(some))
    return {state for _, _, state in in_turn[:count]}


def next_update(b, text, release):
    b.expect(f"{text}: fetch {release}", f"ota fetch --downgrade http://10.0.2.2:{b.port}/{release}")
    for step in "write", "bootfiles", "bootswap":
        b.expect(f"{text}: {step}", f"ota {step}")
    b.reboot()


def boots(b, text, wanted):
    """Such a disk comes up with one of its releases, kept, and then takes the other."""
    try:
        for release, then in OTHER[wanted], (None, None):
            version = recording.wait_until_up(b.guest)
            b.tap.report(version == wanted, f"{text}: {version} boots", b.guest.said)
            b.tells(f"{text}: and is kept", trial=False)
            if release:
                next_update(b, text, release)
            wanted = then
    except (Hung, OSError, ValueError) as why:
        b.tap.report(False, f"{text}: goes on", f"{why}\n{b.guest.said}")


def chosen(disk, tape, seed):
    """The states to judge, and those of them to boot."""
    if one := os.environ.get("STATE"):
        state = cutstate.parse(one)
        if state.entry > len(tape.log.entries):
            raise ValueError(f"STATE={state}: the log has {len(tape.log.entries)} entries")
        return [state], {state}
    states = cutstate.choose(disk, int(os.environ.get("STATES") or 200), tape.ends, seed)
    to_boot = spread(disk, states, int(os.environ.get("BOOTS") or 2), random.Random(seed))
    return states, to_boot


def run_states(tap, port, folder, tape, seed):
    disk = cutstate.Disk(new_disk(folder), tape.log)
    judge = Judge(disk, folder)
    tape.tell(disk, tap)
    check_eyes(tap, judge)
    states, to_boot = chosen(disk, tape, seed)
    tap.note(f"SEED={seed}: {len(states)} states, {len(to_boot)} of them boot")
    begin, booting_s = time.monotonic(), 0

    def boot(state, env):
        nonlocal booting_s
        if state not in to_boot or not env:
            return
        began, path = time.monotonic(), os.path.join(folder, "boot.img")
        subprocess.run(["cp", "--sparse=always", disk.path, path], check=True)
        with Guest(path) as guest:
            boots(Board(guest, tap, port), f"STATE={state}", "1.0" if named(env) == "a" else "2.0")
        booting_s += time.monotonic() - began

    wrong, torn = judge_all(judge, tape, states, boot)
    tap.note(f"{len(states)} states were made and judged in {time.monotonic() - begin - booting_s:.0f} s, "
             f"{torn} of them with a torn copy of the environment; {sum(map(len, wrong.values()))} faults")
    tap.report(torn > 0 or len(states) < 100, "torn copies of the environment are among the states")
    for kind, faults in wrong.items():
        tap.report(not faults, f"{len(states)} states: {KINDS[kind]}", "\n".join(faults))


def run(tap, port, seed):
    writelog.check(tap)
    with tempfile.TemporaryDirectory() as folder:
        try:
            if not os.environ.get("SEED") and not os.environ.get("STATE"):
                recording.make(tap, folder, port)
            run_states(tap, port, folder, recording.Recording(), seed)
        except (Hung, OSError, ValueError, writelog.BadLog, subprocess.SubprocessError) as why:
            tap.report(False, "harsh goes on", why)

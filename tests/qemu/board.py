#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The boot script in U-Boot, and updates on a board that boots: a kernel, FAT, a watchdog, and a web
server to fetch from.

board.py [CASE...]    cuts, harsh, vectors, native, environment, or a name in cases.py; all without. As
                      many at once as the processors bear."""
import concurrent.futures
import functools
import os
import random
import subprocess
import sys
import tempfile

import cuts
import environment
import harsh
import vectors
from cases import CASES
from guest import Guest, Hung, Tap, new_disk, parts_of, served
from steps import Board

CASES["environment"] = environment.board
# without a kernel
UBOOT = {"vectors": functools.partial(vectors.run, form="boot-raw"), "native": environment.native}
FAT32_STATE = 65  # in the boot sector


def outside(tap, folder, disk):
    """And by other programs, with the power off: the file systems of the disk."""
    for name, check in ("boot", "fsck.vfat -n"), ("data", "e2fsck -fn"):
        part = os.path.join(folder, name)
        start, end = parts_of(disk)[name]
        subprocess.run(["dd", f"if={disk}", f"of={part}", "bs=1M", f"skip={start}B", f"count={end - start}B",
                        "conv=sparse", "status=none"], check=True)
        if name == "boot":
            # Linux marks a mounted FAT as dirty, and what resets the board leaves the mark
            with open(part, "r+b") as fat:
                fat.seek(FAT32_STATE)
                fat.write(b"\0")
        ran = subprocess.run(check.split() + [part], capture_output=True, text=True, check=False)
        tap.report(ran.returncode == 0, f"{name}: {check} finds nothing", ran.stdout + ran.stderr)


def on_board(case, tap, port):
    with tempfile.TemporaryDirectory() as folder:
        disk = new_disk(folder)
        with Guest(disk) as guest:
            b = Board(guest, tap, port)
            try:
                b.boots("v1 boots through U-Boot", "1.0")
                case(b)
                guest.type("sync; umount /boot /data; echo 'powered ''down'")
                guest.wait("^powered down\n")
            except (Hung, OSError, ValueError) as why:
                tap.report(False, "it goes on", f"{why}\n{guest.said}")
                return
        outside(tap, folder, disk)


def jobs(names, port):
    """What is done for these, as (name, function that reports to a tap)."""
    seed = os.environ.get("SEED") or random.randrange(10**6)
    lanes = os.cpu_count()
    for name in names:
        if name in UBOOT:
            yield name, UBOOT[name]
        elif name == "cuts":
            for n in range(lanes):
                yield f"cuts, SEED={seed}", functools.partial(cuts.run, port=port, seed=seed, number=n, lanes=lanes)
        elif name == "harsh":
            yield name, functools.partial(harsh.run, port=port, seed=int(seed))
        else:
            yield name, functools.partial(on_board, CASES[name], port=port)


def run(name, job):
    tap = Tap()
    tap.note(name)
    job(tap)
    return tap


def main():
    names = sys.argv[1:] or ["harsh", "cuts", *UBOOT, *CASES]
    # a board keeps a processor busy for two thirds of its time
    with served() as port, concurrent.futures.ThreadPoolExecutor(os.cpu_count() * 3 // 2) as boards:
        begun = [boards.submit(run, *job) for job in jobs(names, port)]
        for case in concurrent.futures.as_completed(begun):
            case.result().show()
    return Tap.end()


sys.exit(main())

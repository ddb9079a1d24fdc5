#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The boot script in U-Boot, and updates on a board that boots: a kernel, FAT, a watchdog, and a web
server to fetch from.

board.py [CASE...]    which of vectors, fat, update, rollback, panic, hang, check, network, missing,
                      harsh; all without"""
import json
import os
import subprocess
import sys
import tempfile

import harsh
import vectors
from guest import BOARD, FIRST_MIB, TREE, Guest, Hung, Tap, new_disk

# Of busybox, which takes the list's first and last line for files; and what is there beside it.
CHECK_FILES = "(cd /boot/ota/{0} && grep -v ^# .ota-files | sha256sum -c - && ls -A | sort | tr '\\n' ' ')"


class Board:
    def __init__(self, guest, tap, port):
        self.guest, self.tap, self.port = guest, tap, port

    def expect(self, text, command, status=0, says=""):
        got, said = self.guest.run(command)
        self.tap.report(got == status and says in said, text, f"{command}\nstatus {got}\n{said}")
        return said

    def status(self):
        got, said = self.guest.run("ota --json status")
        if got:
            raise Hung(f"ota status ends with {got}: {said}")
        return json.loads(said[said.index("{") :])

    def tells(self, text, **wanted):
        """Does status say so? A name such as rollback_reason leads one deeper."""
        told = self.status()
        flat = {**told, **{f"rollback_{k}": v for k, v in (told["rollback"] or {}).items()}}
        flat.update({f"{s}_{k}": v for s, slot in told["slots"].items() for k, v in slot.items()})
        wrong = {k: flat.get(k) for k, v in wanted.items() if flat.get(k) != v}
        self.tap.report(not wrong, text, f"{wrong} in {told}")

    def files_are_whole(self, slots):
        """The boot files of these slots by their list, and nothing beside them."""
        for slot in slots:
            self.expect(f"the boot files of slot {slot} are whole", CHECK_FILES.format(slot),
                        says=".ota-files initrd.img vmlinuz ")

    def take(self, release):
        """Fetches, writes and makes it next to boot."""
        self.expect(f"{release}: fetch", f"ota fetch http://10.0.2.2:{self.port}/{release}")
        self.expect(f"{release}: write", "ota write")
        self.expect(f"{release}: boot files", "ota bootfiles")
        self.expect(f"{release}: next to boot", "ota bootswap")

    def reboot(self):
        self.guest.type("board-reboot")

    def boots(self, text, version):
        got = self.guest.shell()
        self.tap.report(got == version, text, f"it is {got}")


def update(b):
    b.take("v2")
    b.files_are_whole("ab")
    b.reboot()
    said = b.guest.wait(r"^ota: slot (.), attempt (.*)\n")
    b.tap.report(said[2] == "1 of 2" and said[1] == "b", "U-Boot tries slot b", said[0])
    b.boots("v2 boots", "2.0")
    b.tells("and is committed", running="b", next="b", trial=False, rollback=None, b_state="good")
    b.files_are_whole("ab")


def rollback(b):
    update(b)
    b.expect("a rollback after the commit", "ota rollback --reason test")
    b.reboot()
    b.boots("v1 boots", "1.0")
    b.tells("and is kept", running="a", next="a", trial=False)
    b.files_are_whole("ab")


def bad(release, tries, reason):
    def case(b):
        b.take(release)
        b.reboot()
        for n in range(tries):
            said = b.guest.wait(r"^ota: slot b, attempt (\d) of 2\n", 180)
            b.tap.report(int(said[1]) == n + 1, f"{release}: U-Boot tries it, boot {n + 1}", said[0])
        b.guest.wait(r"^ota: slot a, attempt", 180)
        b.boots(f"{release}: v1 is back", "1.0")
        b.tells(f"{release}: and says why", running="a", next="a", trial=False, b_state="bad",
                rollback_from="b", rollback_to="a", rollback_reason=reason)
        b.files_are_whole("ab")
        b.expect(f"{release}: is not taken again", f"ota fetch http://10.0.2.2:{b.port}/{release}", 3)
    return case


def missing(b):
    """A kernel that is not there counts as a boot that failed."""
    b.take("v2")
    b.expect("the kernel of slot b goes", "rm /boot/ota/b/vmlinuz")
    b.reboot()
    for n in range(2):
        b.guest.wait(rf"^ota: slot b, attempt {n + 1} of 2\n")
        b.guest.wait(r"^ota: slot b does not start\n")
    b.boots("after two boots without a kernel v1 is back", "1.0")
    b.tells("and says why", running="a", next="a", trial=False, b_state="bad", rollback_reason="bootcount")
    b.files_are_whole("a")


def fat(b):
    """What a boot partition does to `ota bootfiles`."""
    b.expect("v2: fetch", f"ota fetch http://10.0.2.2:{b.port}/v2")
    b.expect("v2: write", "ota write")
    b.expect("without room it says so", "dd if=/dev/zero of=/boot/fill bs=64k 2>&1; ota bootfiles 2>&1", 15,
             "/boot/ota has room for")
    b.expect("mounted read-only: likewise", "rm /boot/fill; mount -o remount,ro /boot; ota bootfiles 2>&1", 16,
             "remount,rw")
    b.expect("not mounted: likewise", "umount /boot; ota bootfiles 2>&1", 20, "mounted?")
    b.expect("what a cut left is there", "mount -o umask=0077 /dev/disk/by-partlabel/boot /boot; "
             "mkdir -p /boot/ota/b/dtbs && touch /boot/ota/b/.ota-files /boot/ota/B/dtbs/x /boot/ota/b/.ota-1")
    b.files_are_whole("a")
    b.expect("and goes", "ota bootfiles 2>&1")
    b.files_are_whole("ab")
    b.expect("a second time there is nothing to do", "ota bootfiles 2>&1", 0, "already")
    b.expect("a file that was damaged is found", "echo >>/boot/ota/b/initrd.img; ota bootswap 2>&1")
    b.files_are_whole("ab")


CASES = {
    "fat": fat,
    "update": update,
    "rollback": rollback,
    "panic": bad("panic", 2, "bootcount"),
    "hang": bad("hang", 2, "bootcount"),
    "check": bad("check", 1, "check"),
    "network": bad("network", 1, "check"),
    "missing": missing,
}


def outside(tap, folder, disk):
    """And by other programs, with the power off: the file systems of the disk."""
    # Linux marks a mounted FAT dirty, and pulling the plug leaves the mark: -n answers no to it
    for name, at_mib, command in ("boot", FIRST_MIB, "fsck.vfat -n"), ("data", 4 + 96 + 96 + 96, "e2fsck -fn"):
        part = os.path.join(folder, name)
        mib = 96 if name == "boot" else 107
        subprocess.run(["dd", f"if={disk}", f"of={part}", "bs=1M", f"skip={at_mib}", f"count={mib}",
                        "conv=sparse", "status=none"], check=True)
        ran = subprocess.run(command.split() + [part], capture_output=True, text=True)
        tap.report(ran.returncode == 0, f"{name}: {command} finds nothing", ran.stdout + ran.stderr)


def run(name, tap, port):
    print(f"# {name}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        disk = new_disk(folder)
        with Guest(disk) as guest:
            b = Board(guest, tap, port)
            try:
                b.boots("v1 boots through U-Boot", "1.0")
                CASES[name](b)
                guest.type("sync; umount /boot /data; echo 'powered ''down'")
                guest.wait("^powered down\n")
            except (Hung, OSError, ValueError) as why:
                tap.report(False, f"{name} goes on", f"{why}\n{guest.said}")
                return
        outside(tap, folder, disk)


def main():
    tap = Tap()
    names = sys.argv[1:] or ["vectors", *CASES, "harsh"]
    if "vectors" in names:
        print("# vectors", flush=True)
        vectors.run(tap)
    nginx = os.path.join(TREE, "test-images/nginx.sh")
    server = os.path.join(BOARD, "server")
    subprocess.run([nginx, "start", server, os.path.join(BOARD, "releases"), "http:0"], check=True)
    try:
        with open(os.path.join(server, "ports"), encoding="ascii") as ports:
            port = ports.read().strip()
        for name in names:
            if name == "harsh":
                print("# harsh", flush=True)
                harsh.run(tap, port, Board)
            elif name != "vectors":
                run(name, tap, port)
    finally:
        subprocess.run([nginx, "stop", server], check=True)
    return tap.end()


sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""A board in QEMU, driven over its serial line, and the lines that end a test."""
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

TREE = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
BOARD = os.path.join(TREE, "build/board")
ENV_AT, ENV_SIZE = (0x100000, 0x110000), 0x4000
FIRST_MIB = 4  # where the boot partition begins
SECTOR = 512
QEMU = """qemu-system-aarch64 -machine virt -cpu cortex-a57 -m 256 -display none -monitor none
    -bios {board}/{uboot} -serial chardev:line -chardev socket,id=line,path={dir}/line,server=on,wait=on
    -drive if=none,id=disk,{drive} -device {device},drive=disk
    -netdev user,id=net -device virtio-net-pci,netdev=net,romfile=
    -device i6300esb,addr=0x1e -action watchdog=reset"""

# Which form of the boot script runs: its U-Boot, and how the disk hangs on the board.
FORMS = {"boot-raw": ("u-boot.bin", "virtio-blk-pci"), "boot": ("uboot/u-boot.bin", "sdhci-pci -device sd-card")}


class Hung(Exception):
    """The guest did not say in time what was waited for."""


class Guest:
    """From power-on to power-off. All that the guest says is in `said`."""

    def __init__(self, disk, *options, form="boot-raw", drive="format=raw,file={disk}"):
        self.dir = tempfile.mkdtemp()
        self.said = ""
        self.at = 0  # what is before was waited for already
        uboot, device = FORMS[form]
        words = QEMU.format(board=BOARD, dir=self.dir, drive=drive.format(disk=disk), uboot=uboot, device=device).split()
        with open(os.path.join(self.dir, "qemu"), "w", encoding="utf-8") as log:
            self.qemu = subprocess.Popen([*words, *options], stdin=subprocess.DEVNULL, stderr=log)
        self.line = socket.socket(socket.AF_UNIX)
        for _ in range(100):
            try:
                self.line.connect(os.path.join(self.dir, "line"))
                break
            except OSError:
                time.sleep(0.05)
        self.line.settimeout(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.qemu.kill()
        self.qemu.wait()
        self.line.close()
        shutil.rmtree(self.dir)

    def wait(self, regex, limit_s=120):
        """The match of the first thing said since the last wait() that fits. Hung: nothing did.
        A line is only whole with its end: ask for \\n, not for $."""
        end = time.monotonic() + limit_s
        while not (found := re.search(regex, self.said[self.at :], re.M)):
            if time.monotonic() > end:
                raise Hung(f"no {regex!r} within {limit_s} s")
            try:
                data = self.line.recv(65536)
            except TimeoutError:
                continue
            if not data:
                with open(os.path.join(self.dir, "qemu"), encoding="utf-8") as log:
                    raise Hung(f"QEMU has ended: {log.read()}")
            self.hear(data.decode(errors="replace"))
        self.at += found.end()
        return found

    def hear(self, text):
        self.said += text.replace("\r", "")

    def end(self, limit_s=60):
        """Waits until a board that may not reboot is off."""
        try:
            self.wait("(?!)", limit_s)
        except Hung:
            self.qemu.wait(10)

    def type(self, text):
        self.line.sendall(text.encode() + b"\n")

    def run(self, command, limit_s=120):
        """Runs a command in the guest's shell. Its status, and what it said."""
        # the shell shows what is typed: the marks are only whole where it runs
        self.type(f"echo '<''<'; {command}; echo '>''>'$?")
        self.wait(r"^<<\n")
        found = self.wait(r"(?s)(.*?)>>(\d+)\n", limit_s)
        return int(found[2]), found[1]

    def shell(self, limit_s=180):
        """Waits until a release is up. Its version."""
        version = self.wait(r"^board: version (\S+) is up\n", limit_s)[1]
        self.wait("^board# ")
        return version


class Tap:
    """What a case found: kept, so that those that run at once do not mix, and shown in one piece."""

    passed = failed = 0

    def __init__(self):
        self.lines = []

    def report(self, is_ok, text, why=""):
        self.lines.append((is_ok, text))
        if not is_ok:
            for line in str(why).splitlines()[-60:]:
                self.note(line)

    def note(self, text):
        self.lines.append((None, text))

    def show(self):
        for is_ok, text in self.lines:
            if is_ok is None:
                print(f"# {text}")
                continue
            Tap.passed += is_ok
            Tap.failed += not is_ok
            print(f"{'ok' if is_ok else 'not ok'} {Tap.passed + Tap.failed} - {text}")
        sys.stdout.flush()

    @staticmethod
    def end():
        """Prints the last line, and gives the status to exit with."""
        print(f"{Tap.passed} passed, {Tap.failed} failed")
        return Tap.failed > 0


def new_disk(folder):
    """A copy of the factory's disk."""
    disk = os.path.join(folder, "disk.img")
    subprocess.run(["cp", "--sparse=always", os.path.join(BOARD, "disk.img"), disk], check=True)
    return disk


def parts_of(disk):
    """Where its partitions lie, as {name: (start, end)} in bytes."""
    told = subprocess.run(["sfdisk", "-J", disk], capture_output=True, check=True).stdout
    return {part["name"]: (part["start"] * SECTOR, (part["start"] + part["size"]) * SECTOR)
            for part in json.loads(told)["partitiontable"]["partitions"]}


@contextlib.contextmanager
def served():
    """nginx with the releases, for as long as this lasts. Its port."""
    nginx, folder = os.path.join(TREE, "test-images/nginx.sh"), os.path.join(BOARD, "server")
    subprocess.run([nginx, "start", folder, os.path.join(BOARD, "releases"), "http:0"], check=True)
    try:
        with open(os.path.join(folder, "ports"), encoding="ascii") as ports:
            yield ports.read().strip()
    finally:
        subprocess.run([nginx, "stop", folder], check=True)

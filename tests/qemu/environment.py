# SPDX-License-Identifier: Apache-2.0
"""What becomes of U-Boot's environment: on the board with Linux, and from `ota` on this machine through
the U-Boot that keeps it by itself and back."""
import os
import subprocess
import tempfile
import uuid

import vectors
from guest import BOARD, ENV_AT, ENV_SIZE, TREE, Hung

# What a careless writer would change: a blank at the end, two in a row, signs of a shell and of a list.
OTHERS = ["board=keepme", "note=two  words, a $dollar; and=more ", "zz=last"]
FILL = ("fw_setenv fill $(head -c $(({size} - 6 - $(fw_printenv | wc -c) - {spare} - 6)) /dev/zero | "
        "tr '\\0' x)")
DD = "dd if=/dev/vda bs={} skip={} count={} 2>/dev/null"
COPIES = "; ".join(DD.format(1024, at >> 10, ENV_SIZE >> 10) + " | md5sum" for at in ENV_AT)
FLAGS = "; ".join(DD.format(1, at + 4, 1) + " | od -An -tu1" for at in ENV_AT)
DAMAGED = "both copies are damaged"


def put(copy, offset, octal):
    return f"printf '{octal}' | dd of=/dev/vda bs=1 seek={ENV_AT[copy] + offset} conv=notrunc 2>/dev/null"


def stores(*counts):
    return "; ".join(put(copy, 4, f"\\{n:o}") for copy, n in enumerate(counts))


def tear(copy):
    return put(copy, 64, "torn")


def store_others(b):
    """Twice, so that both copies have them."""
    lines = " ".join(f"'{line}'" for line in OTHERS)
    b.expect("another tool stores its own", f"printf '%s\\n' {lines} >/tmp/others; fw_setenv -s /tmp/others && "
             "fw_setenv zz && fw_setenv zz last")


def others_are_kept(b, when):
    """To the byte."""
    said = b.expect(f"others' variables, {when}", "fw_printenv | grep -E '^(board|note|zz)=' | sort")
    b.tap.report(said.splitlines() == OTHERS, "are as they were", said)


def flags_are(b, text, *wanted):
    said = b.expect(text, FLAGS)
    b.tap.report([int(n) for n in said.split()] == list(wanted), f"{text}: stored {wanted} times", said)


def full(b):
    """A swap leaves room for what the bootloader will store."""
    b.expect("v2: fetch", f"ota fetch http://10.0.2.2:{b.port}/v2")
    b.expect("v2: write, boot files", "ota write && ota bootfiles")
    b.expect("the environment is filled up", FILL.format(size=ENV_SIZE, spare=100))
    before = b.expect("it is as it is", COPIES)
    b.expect("without room a swap says so", "ota bootswap 2>&1", 15, "full: ")
    b.tap.report(b.expect("and changes", COPIES) == before, "nothing", before)
    b.expect("its hint helps", "fw_setenv fill")


def wrap(b):
    """`ota` stores for the 255th time, U-Boot for the 256th, and `ota` goes on behind that."""
    b.expect("v2: stored before the last", f"{stores(253, 254)}; ota bootswap")
    flags_are(b, "swapped", 255, 254)
    b.reboot()
    said = b.guest.wait(r"^ota: slot (.), attempt (.*)\n")
    b.tap.report(said[1] == "b" and said[2] == "1 of 2", "U-Boot tries slot b", said[0])
    b.boots("v2 boots", "2.0")
    b.tells("and is committed", running="b", next="b", trial=False, b_state="good")
    flags_are(b, "committed", 1, 0)
    others_are_kept(b, "through swap, count and commit")


def torn(b):
    b.expect("the newer copy is torn", tear(0))
    b.tells("the state before counts", running="b", next="b", trial=True)
    b.expect("and can be committed again", "ota commit")
    b.tells("it is", running="b", next="b", trial=False)
    b.expect("the older copy is torn", tear(1))
    b.tells("that changes nothing", running="b", next="b", trial=False)
    others_are_kept(b, "in the copy that is left")


def both_torn(b):
    b.expect("both are torn", f"{tear(0)}; {tear(1)}")
    for command in "status", "bootswap", "commit", "rollback":
        b.expect(f"both are torn: {command} says so", f"ota {command} 2>&1", 17, DAMAGED)
    b.reboot()
    b.guest.wait("^ota: no sound copy of the environment")
    b.boots("U-Boot starts slot a", "1.0")
    b.expect("status tells what mends it", "ota status 2>&1", 17, "ota bootswap --factory --slot a")
    b.expect("and it does", "ota bootswap --factory --slot a")
    b.tells("slot a is good", running="a", next="a", trial=False, a_state="good")


def nameless(b):
    """A trial of nobody knows what, in the environment that was mended."""
    b.expect("ota_slot goes on trial", "fw_setenv ota_slot && fw_setenv upgrade_available 1")
    b.reboot()
    said = b.guest.wait(r"^ota: slot (.), attempt (.*)\n")
    b.tap.report(said[1] == "a" and said[2][0] == "1", "U-Boot starts slot a, and counts", said[0])
    b.boots("v1 boots", "1.0")
    b.expect("status tells what mends it", "ota status 2>&1", 17, "to the running slot, a or b, with fw_setenv")
    b.expect("and it does", "fw_setenv ota_slot a && ota commit")
    b.tells("slot a is good", running="a", next="a", trial=False, a_state="good")


def board(b):
    store_others(b)
    for part in full, wrap, torn, both_torn, nameless:
        part(b)


class Device:
    """A device in a folder: its `ota` is this machine's, its environment is on the disk that U-Boot
    boots from."""

    def __init__(self, tap, folder, disk):
        self.tap, self.disk, self.root = tap, disk, os.path.join(folder, "device")
        release = os.path.join(folder, "v1")
        with open(os.path.join(folder, "image"), "wb") as image:
            image.write(os.urandom(1 << 20))
        subprocess.run([f"{TREE}/test-images/sandbox.sh", "--size", "2M", "--running", "none", self.root], check=True)
        for name, to in (disk.config, "fw_env.config"), (vectors.DEFAULTS, ""), (f"{BOARD}/board.pub", "ota/trust.d"):
            subprocess.run(["cp", name, f"{self.root}/etc/{to}"], check=True)
        self.release = f"oci:{release}"
        self.ota("pack", "-q", "--rootfs", image.name, "--compatible", "sandbox", "--version", "1.0", "-o", release)
        self.ota("sign", "-q", "--key", f"{BOARD}/board.key", release)

    def ota(self, *words):
        return subprocess.run([f"{TREE}/build/ota", *words], capture_output=True, text=True, check=False)

    def does(self, text, *words, status=0, says=""):
        ran = self.ota("--root", self.root, *words)
        self.tap.report(ran.returncode == status and says in ran.stdout + ran.stderr, text,
                        f"{words}\nstatus {ran.returncode}\n{ran.stdout}{ran.stderr}")

    def tear_both(self):
        for copy in 0, 1:
            self.disk.put(copy, 64, b"torn")

    def boots(self, text, slot):
        booted, said = self.disk.boot()
        self.tap.report(booted == slot, text, said)
        for name, line in ("cmdline", f"ro ota.slot={booted}"), ("sys/kernel/random/boot_id", uuid.uuid4()):
            with open(f"{self.root}/proc/{name}", "w", encoding="ascii") as proc:
                proc.write(f"{line}\n")


def life(d):
    """Made, swapped, kept, torn, mended, and gone back from."""
    d.tear_both()
    d.boots("no environment: what is compiled in starts slot a", "a")
    d.does("an environment is made", "bootswap", "--factory", "--slot", "a")
    d.boots("slot a boots by it", "a")
    d.does("slot b is written", "write", d.release)
    for copy in 0, 1:
        d.disk.put(copy, 4, bytes([254 + copy]))
    d.does("and swapped to, by store 256", "bootswap")
    d.tap.report(d.disk.copies()[0][4] == 0, "which begins the count anew", d.disk.copies()[0][4])
    d.boots("U-Boot reads that", "b")
    d.does("on trial", "status", says="2 attempts left")
    d.does("it is kept", "commit")
    d.boots("and boots", "b")
    d.tear_both()
    d.boots("both copies torn: slot a boots", "a")
    d.does("status tells what mends it", "status", status=17, says="ota bootswap --factory --slot a")
    d.does("and it does", "bootswap", "--factory", "--slot", "a")
    d.boots("with what U-Boot needs itself", "a")
    d.does("slot b once more", "write", d.release)
    d.does("on trial", "bootswap")
    for n in range(3):
        d.boots(f"attempt {n + 1}", "b")
    d.boots("and back", "a")
    d.does("what U-Boot itself stored is read", "--json", "status", says='"reason":"bootcount"')


def native(tap):
    vectors.run(tap, "boot")
    with tempfile.TemporaryDirectory() as folder:
        try:
            life(Device(tap, folder, vectors.Disk(folder, "boot")))
        except (Hung, OSError, subprocess.SubprocessError) as why:
            tap.report(False, "the environment goes on", why)

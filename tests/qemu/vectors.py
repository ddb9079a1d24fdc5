# SPDX-License-Identifier: Apache-2.0
"""The boot script in U-Boot against the rows of tests/vectors/boot.tsv that boot a slot.

The environment is written and read by other people's tools on the host; no slot has a kernel, so that
each boot ends in a reset, which is the end of QEMU."""
import os
import re
import subprocess
import tempfile

from guest import ENV_AT, ENV_SIZE, FIRST_MIB, TREE, Guest, Hung, new_disk

OTHERS = "board=keepme"  # a variable that is not ours


class Disk:
    def __init__(self, folder):
        self.path = new_disk(folder)
        self.config = os.path.join(folder, "fw_env.config")
        with open(self.config, "w", encoding="ascii") as config:
            for at in ENV_AT:
                config.write(f"{self.path} {at:#x} {ENV_SIZE:#x}\n")
        for slot in "ab":
            subprocess.run(["mdeltree", "-i", f"{self.path}@@{FIRST_MIB}M", f"::/ota/{slot}"],
                           env={**os.environ, "MTOOLS_SKIP_CHECK": "1"}, capture_output=True, check=False)

    def write(self, words, flags=(1, 1)):
        """Both copies hold these words, and are stored so many times."""
        text = "\n".join([*words.split(), OTHERS, ""])
        made = subprocess.run(["mkenvimage", "-r", "-s", str(ENV_SIZE), "-o", "-", "-"], input=text.encode(),
                              stdout=subprocess.PIPE, check=True).stdout
        for n in (0, 1):
            self.put(n, 0, made)
            self.put(n, 4, bytes([flags[n]]))

    def put(self, copy, offset, data):
        with open(self.path, "r+b") as disk:
            disk.seek(ENV_AT[copy] + offset)
            disk.write(data)

    def copies(self):
        with open(self.path, "rb") as disk:
            return [os.pread(disk.fileno(), ENV_SIZE, at) for at in ENV_AT]

    def tool(self, name, *words):
        return subprocess.run([name, "-c", self.config, *words], capture_output=True, text=True, check=True).stdout

    def boot(self):
        """The slot that U-Boot wants to start, and all it said."""
        with Guest(self.path, "-no-reboot") as guest:
            guest.end()
            tried = re.findall(r"^Failed to load 'ota/(.)/vmlinuz'$", guest.said, re.M)
            named = re.findall(r"^ota: slot (.), attempt", guest.said, re.M)
        return (tried[0] if tried == named and len(tried) == 1 else None), guest.said


def as_set(words):
    """Variables in the vectors' way: one that is 0 or missing is the same."""
    return sorted(word for word in [*words.split(), OTHERS] if not word.endswith("=0"))


def rows():
    with open(os.path.join(TREE, "tests/vectors/boot.tsv"), encoding="ascii") as vectors:
        for line in vectors:
            if not line.startswith("#"):
                state, event, _, _, before, _, after, booted, _ = line.rstrip("\n").split("\t")
                if event in ("BOOT", "BOOT_SPENT") and booted != "-":
                    yield state, event, before, before if after == "=" else after, booted


def check(tap, disk, text, after, booted):
    """Boots, and compares with what the environment is to be."""
    slot, said = disk.boot()
    is_now = sorted(w for w in disk.tool("fw_printenv").splitlines() if not w.endswith("=0"))
    tap.report(slot == booted and is_now == as_set(after), text, f"{said}\nslot {slot}: {is_now}")


def check_rows(tap, disk):
    count = 0
    for state, event, before, after, booted in rows():
        disk.write(before)
        check(tap, disk, f"{state}, {event}: {before} boots slot {booted}", after, booted)
        count += 1
    tap.report(count >= 10, f"the vectors have rows for a bootloader ({count})")


def check_writes(tap, disk):
    """What is stored, and where."""
    trial = "ota_slot=b upgrade_available=1 bootcount={} bootlimit=200"
    disk.write("ota_slot=b")
    before = disk.copies()
    slot, said = disk.boot()
    tap.report(slot == "b" and disk.copies() == before, "nothing on trial: nothing is written", said)

    for flags, current in ((1, 1), 0), ((1, 2), 1), ((2, 1), 0), ((255, 0), 1), ((0, 255), 0), ((254, 255), 1):
        disk.write(trial.format(1), flags)
        before = disk.copies()
        disk.boot()
        after = disk.copies()
        tap.report(after[current] == before[current] and after[1 - current][4] == (flags[current] + 1) % 256
                   and disk.tool("fw_printenv", "-n", "bootcount") == "2\n",
                   f"stored {flags[0]} and {flags[1]} times: copy {current} is in force, and left alone",
                   disk.tool("fw_printenv"))
    for count in 9, 19, 99, 129:
        disk.write(trial.format(count))
        check(tap, disk, f"boot {count} is followed by boot {count + 1}", trial.format(count + 1), "b")

    disk.write("ota_slot=a")
    disk.tool("fw_setenv", "ota_slot", "b")
    disk.tool("fw_setenv", "upgrade_available", "1")
    check(tap, disk, "fw_setenv's stores are read, and no limit is none",
          "ota_slot=b upgrade_available=1 bootcount=1", "b")


def check_torn(tap, disk):
    trial = "ota_slot=b upgrade_available=1 bootcount={} bootlimit=3"
    for torn, text in (1, "the newer"), (0, "the older"):
        disk.write(trial.format(1), (1, 2))
        disk.put(torn, 64, b"torn")
        check(tap, disk, f"{text} copy is torn: the other counts", trial.format(2), "b")
    disk.write(trial.format(1))
    for n in (0, 1):
        disk.put(n, 64, b"torn")
    before = disk.copies()
    slot, said = disk.boot()
    tap.report(slot == "a" and disk.copies() == before, "both are torn: slot a, and nothing is written", said)


def run(tap):
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(folder)
        for part in check_rows, check_writes, check_torn:
            try:
                part(tap, disk)
            except (Hung, OSError, subprocess.SubprocessError) as why:
                tap.report(False, f"{part.__name__} goes on", why)

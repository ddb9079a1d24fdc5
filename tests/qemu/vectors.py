# SPDX-License-Identifier: Apache-2.0
"""Both forms of the boot script, each in its U-Boot, against the rows of tests/vectors/boot.tsv that
boot a slot.

The environment is written and read by other people's tools on the host; no slot has a kernel, so that
each boot ends in a reset, which is the end of QEMU."""
import os
import re
import subprocess
import tempfile

from guest import BOARD, ENV_AT, ENV_SIZE, FIRST_MIB, TREE, Guest, Hung, new_disk

OTHERS = ["board=keepme"]  # a variable that is not ours
# U-Boot's own, which it stores as it finds them in its memory
RUNTIME = ("ethaddr=", "fdtcontroladdr=", "stdin=", "stdout=", "stderr=")
DEFAULTS = os.path.join(BOARD, "uboot/u-boot-initial-env")
CARD_MIB = 512  # a card has a power of two


class Disk:
    """A board's disk with a form of the script, and no kernel in any slot."""

    def __init__(self, folder, form="boot-raw"):
        self.path, self.form, self.others = new_disk(folder), form, list(OTHERS)
        self.config = os.path.join(folder, "fw_env.config")
        with open(self.config, "w", encoding="ascii") as config:
            for at in ENV_AT:
                config.write(f"{self.path} {at:#x} {ENV_SIZE:#x}\n")
        for slot in "ab":
            self.mtool("mdeltree", f"::/ota/{slot}", check=False)
        script, uboot = os.path.join(folder, "boot.scr"), os.path.join(TREE, "contrib/uboot")
        subprocess.run([f"{uboot}/mkscript", form, f"{uboot}/qemu-arm64", script], check=True)
        self.mtool("mcopy", "-o", script, "::/boot.scr")
        if form == "boot":
            # where there is a stored environment this U-Boot does not look at what it has compiled in
            with open(DEFAULTS, encoding="ascii") as defaults:
                self.others += [line for line in defaults.read().splitlines() if line]
            os.truncate(self.path, CARD_MIB << 20)

    def mtool(self, name, *words, check=True):
        subprocess.run([name, "-i", f"{self.path}@@{FIRST_MIB}M", *words], capture_output=True, check=check,
                       env={**os.environ, "MTOOLS_SKIP_CHECK": "1"})

    def write(self, words, flags=(1, 1)):
        """Both copies hold these words, and are stored so many times."""
        self.write_lines([*words.split(), *self.others], flags)

    def write_lines(self, lines, flags=(1, 1)):
        made = subprocess.run(["mkenvimage", "-r", "-s", str(ENV_SIZE), "-o", "-", "-"],
                              input="".join(line + "\n" for line in lines).encode(),
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

    def variables(self):
        """In the vectors' way: one that is 0 or missing is the same."""
        return as_set(w for w in self.tool("fw_printenv").splitlines() if not w.startswith(RUNTIME))

    def boot(self):
        """The slot that U-Boot wants to start, and all it said."""
        with Guest(self.path, "-no-reboot", form=self.form) as guest:
            guest.end()
            tried = re.findall(r"^Failed to load 'ota/(.)/vmlinuz'$", guest.said, re.M)
            named = re.findall(r"^ota: slot (.)(?:, attempt .*)?\n", guest.said, re.M)
        return (tried[0] if tried == named and len(tried) == 1 else None), guest.said


def as_set(words):
    return sorted(word for word in words if not word.endswith("=0"))


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
    is_now, wanted = disk.variables(), as_set([*after.split(), *disk.others])
    tap.report(slot == booted and is_now == wanted, text, f"{said}\nslot {slot}: {is_now}")


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
    disk.write(trial.format(200))
    disk.boot()
    flags = [copy[4] for copy in disk.copies()]
    tap.report(flags == ([1, 2] if disk.form == "boot-raw" else [3, 2]),
               "a trial that ends stores once, or twice where U-Boot itself counts", flags)
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


def check_full(tap, disk):
    """What cannot be counted would be tried for ever."""
    disk.write("ota_slot=b upgrade_available=1 bootcount=9 bootlimit=20")
    disk.boot()
    stored = {w.split("=")[0]: w for w in disk.tool("fw_printenv").splitlines()}
    stored["bootcount"] = "bootcount=9"
    used = 5 + sum(len(w) + 1 for w in stored.values()) + 1
    for spare, booted in (0, "a"), (1, "b"):
        disk.write_lines([*stored.values(), "fill=".ljust(ENV_SIZE - used - spare - 1, "x")])
        before = disk.copies()
        slot, said = disk.boot()
        tap.report(slot == booted and (disk.copies() == before) == (booted == "a"),
                   f"{spare} bytes of room for the count: slot {booted}", said)


def run(tap, form):
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(folder, form)
        for part in check_rows, check_writes, check_torn, check_full:
            try:
                part(tap, disk)
            except (Hung, OSError, subprocess.SubprocessError) as why:
                tap.report(False, f"{part.__name__} goes on", why)

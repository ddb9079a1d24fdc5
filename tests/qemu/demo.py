#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The story of an update on a board in QEMU, with the board's console on the screen: a release that is
good, and two that are not. Each outcome is checked; what is not as it should be ends it with status 1.

demo.py     DEMO_VERBOSE=1 in the environment shows all that U-Boot and the kernel say"""
import os
import re
import shutil
import sys
import tempfile
import time

from guest import Guest, Hung, new_disk, served

IS_TERMINAL = sys.stdout.isatty()
IS_VERBOSE = bool(os.environ.get("DEMO_VERBOSE"))
# Somebody who watches wants to see what is typed, and to read what is said.
TYPING_S, READING_S = (0.02, 0.25) if IS_TERMINAL else (0, 0)
BOLD, PLAIN, ERASE = ("\x1b[1m", "\x1b[0m", "\r\x1b[K") if IS_TERMINAL else ("", "", "")

# Of a boot only this is shown, and of the kernel at any time.
TELLING = re.compile(
    r"U-Boot \d|ota: |Starting kernel|board: version|\[.*(Linux version|Kernel panic|Rebooting in|reboot: )")
GREETING = re.compile(r"BusyBox v|Enter 'help'|sh: can't access tty|$")
GROWING = re.compile(r"board# |[a-z ]+ \[")  # what is typed, and progress: shown before the line ends
ESCAPE = r"\x1b(\[[\d;?]*[A-Za-z]?)?"
UNSEEN = (r"(?!\x1b\[[\d;]*m)" if IS_TERMINAL else "") + ESCAPE  # a terminal gets the colours


class Wrong(Exception):
    """The board said something else than what it should."""


class Screen:
    """Shows a console to somebody who follows the story."""

    def __init__(self):
        self.line = ""  # what is said of a line that has not ended
        self.is_booting = True

    def hear(self, text):
        *lines, self.line = (self.line + text).split("\n")
        for line in lines:
            self.show(self.visible(line))
        if IS_TERMINAL and GROWING.match(growing := self.visible(self.line)):
            print(ERASE + growing[: self.columns()], end="", flush=True)

    def visible(self, line):
        """What a terminal has of it in the end."""
        return re.sub(UNSEEN, "", line).rstrip("\r").rpartition("\r")[2]

    def columns(self):
        return shutil.get_terminal_size().columns - 1

    def show(self, line):
        self.is_booting |= line.startswith("U-Boot ")
        is_noisy = self.is_booting or line.startswith("[")
        self.is_booting &= not line.startswith("board: ")
        if IS_VERBOSE:
            print(ERASE + line, flush=True)
        elif TELLING.match(line) if is_noisy else not GREETING.match(line):
            print(ERASE + (line[: self.columns()] if is_noisy else line), flush=True)


class Board(Guest):
    """A guest that is watched, and that has to do what it is told."""

    def __init__(self, disk):
        self.screen = Screen()
        self.chapters = self.steps = 0
        super().__init__(disk)

    def hear(self, text):
        super().hear(text)
        self.screen.hear(text)

    def chapter(self, title):
        self.chapters += 1
        print(f"{ERASE}\n{BOLD}-- {self.chapters}. {title}{PLAIN}\n", flush=True)
        time.sleep(5 * READING_S)

    def type(self, text):
        for key in text:
            self.line.sendall(key.encode())
            self.wait(re.escape(key))
            time.sleep(TYPING_S)
        super().type("")

    def says(self, *told):
        """Waits for one after the other, each a regex."""
        for text in told:
            self.wait(text, 180)
            self.steps += 1

    def is_up(self, version):
        self.says(f"board: version {version} is up\n")

    def prompt(self):
        return self.wait(r"(?s)\A(.*?)^board# ", 180)[1]

    def do(self, command, *told):
        """Runs it in the board's shell; all of this is among what it says."""
        self.type(command)
        said = self.prompt()
        words = " ".join(re.sub(ESCAPE, "", said).split())
        for text in told:
            if text not in words:
                raise Wrong(f"{command}: it does not say {text!r}")
        self.steps += 1
        time.sleep(READING_S * said.count("\n"))


def good(board, url):
    board.chapter("The board boots release 1.0 through U-Boot, from slot a")
    board.says("ota: slot a, ")
    board.is_up("1.0")
    board.prompt()
    board.do("ota status", "runs slot a (1.0)", "slot b empty")

    board.chapter("Release 2.0 comes over the network and into slot b, while 1.0 runs")
    board.do(f"ota check {url}/v2", "2.0 sha256:")
    board.do(f"ota fetch {url}/v2", "fetched release 2.0")
    board.do("ota write", "slot b holds release 2.0: written, read back, proved")
    board.do("ota bootfiles", "slot b (2.0) are on the boot partition, read back")
    board.do("ota bootswap", "slot b (2.0) is the next to boot, on trial")

    board.chapter("U-Boot tries slot b: its self-test passes, and 2.0 stays")
    board.type("board-reboot")
    board.says("ota: slot b, attempt 1 of 2\n")
    board.is_up("2.0")
    board.says("services passed\n", r"slot b \(2.0\) is good and stays\n")
    board.prompt()
    board.do("ota status", "runs slot b (2.0)", "next slot b (2.0)", "slot b good")


def take(board, url, name, version):
    board.do(f"ota fetch {url}/{name} && ota write && ota bootswap",
             f"slot a ({version}) is the next to boot, on trial")
    board.type("board-reboot")
    board.says("ota: slot a, attempt 1 of 2\n")


def is_back(board, url, name, version, why):
    """2.0 runs again, knows why, and does not take the same release twice."""
    board.says("ota: slot b, ")
    board.is_up("2.0")
    board.prompt()
    board.do("ota status", "runs slot b (2.0)", f"from slot a ({version})", why, "slot a bad")
    board.do(f"ota check {url}/{name}", f"release {version} failed on this device before")


def bad(board, url):
    board.chapter("Release 2.1 is bad, its kernel panics: U-Boot goes back after two attempts")
    take(board, url, "panic", "2.1")
    board.says("Kernel panic", "ota: slot a, attempt 2 of 2\n", "Kernel panic",
               "ota: slot a used up its 2 attempts\n")
    is_back(board, url, "panic", "2.1", "the bootloader gave it up")

    board.chapter("Release 2.4 is bad, its self-test fails: the board goes back by itself")
    take(board, url, "check", "2.4")
    board.is_up("2.4")
    board.says("services failed", r"slot b \(2.0\) is the next to boot: reboot now\n")
    is_back(board, url, "check", "2.4", "a self-test failed")


def main():
    print("\nAn arm64 board in QEMU with Debian's U-Boot and kernel, on its serial console."
          + ("" if IS_VERBOSE else "\nMuch of what U-Boot and the kernel say is left out: DEMO_VERBOSE=1 shows it."))
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, served() as port, Board(new_disk(folder)) as board:
        url = f"http://10.0.2.2:{port}"
        try:
            good(board, url)
            bad(board, url)
        except (Hung, Wrong, OSError) as why:
            tail = "\n".join(re.sub(ESCAPE, "", board.said).splitlines()[-40:])
            print(f"{ERASE}\n{tail}\n\n{BOLD}The demo failed:{PLAIN} {why}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
    print(f"{ERASE}\n{BOLD}All {board.steps} steps went as they should, in {time.monotonic() - begin:.0f} s.{PLAIN}")
    return 0


sys.exit(main())

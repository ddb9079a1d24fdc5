# SPDX-License-Identifier: Apache-2.0
"""What is typed on a board, and what it is to answer."""
import json

from guest import Hung

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
        self.expect(f"{release}: next to boot", "fw_setenv board keepme && ota bootswap")

    def others_are_kept(self):
        self.expect("a variable that is not ours is kept", "fw_printenv board", says="board=keepme\n")

    def reboot(self):
        self.guest.type("board-reboot")

    def boots(self, text, version):
        got = self.guest.shell()
        self.tap.report(got == version, text, f"it is {got}")

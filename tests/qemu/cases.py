# SPDX-License-Identifier: Apache-2.0
"""Updates on a board, and what may become of them. Each begins on v1, just booted."""


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
        b.guest.wait(r"^ota: slot a\n", 180)
        b.boots(f"{release}: v1 is back", "1.0")
        b.tells(f"{release}: and says why", running="a", next="a", trial=False, b_state="bad",
                rollback_from="b", rollback_to="a", rollback_reason=reason)
        b.files_are_whole("ab")
        b.others_are_kept()
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
    b.others_are_kept()


def trial(b):
    """Somebody goes back by hand while nobody has kept the release yet."""
    b.take("stuck")
    b.reboot()
    b.boots("a release boots that nobody keeps", "2.3")
    b.expect("a rollback on trial", "ota rollback")
    b.reboot()
    b.boots("v1 is back", "1.0")
    b.tells("and says why", running="a", next="a", trial=False, b_state="bad", rollback_reason="operator")
    b.files_are_whole("ab")


def watchdog(b):
    """`ota watchdog` with the hardware and its driver."""
    petter = "sleep 4; pidof ota"
    b.expect("a second holder is told of the first", "ota watchdog 2>&1", 18, "is held by ota (pid")
    b.expect("one that is killed is followed by the next", f"killall -9 ota; sleep 11; {petter}")
    b.expect("on trial it is held", "sed 's/^watchdog-timeout/watchdog-after = close\\n&/' /etc/ota/ota.conf "
             ">/run/close.conf; kill $(cat /run/watchdog-keeper); killall ota; fw_setenv upgrade_available 1; "
             f"ota --config /run/close.conf watchdog 2>/run/said & {petter}")
    b.expect("and closed when the trial is over", "fw_setenv upgrade_available 0; sleep 12; pidof ota", 1)
    b.expect("which it says", "cat /run/said", says="is closed")
    b.expect("the hardware is stopped", "sleep 15")
    b.expect("and started by the next holder", f"ota -q watchdog & {petter}")
    b.guest.type("killall -STOP ota")
    b.guest.wait("^ota: slot a\n")
    b.boots("one that stands still resets the board", "1.0")


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
    "hang": bad("hang", 2, "watchdog"),
    "stuck": bad("stuck", 2, "watchdog"),
    "check": bad("check", 1, "check"),
    "network": bad("network", 1, "check"),
    "missing": missing,
    "trial": trial,
    "watchdog": watchdog,
}

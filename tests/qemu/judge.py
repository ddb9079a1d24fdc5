# SPDX-License-Identifier: Apache-2.0
"""What must hold of a disk whose power was cut, by the judgement of other people's tools."""
import hashlib
import json
import os
import shutil
import subprocess
import uuid
import zlib

from guest import BOARD, ENV_AT, ENV_SIZE, TREE

KINDS = {
    "environment": "the environment is sound, and names a slot that it may",
    "slot": "each slot that may boot holds its release, all of it",
    "boot files": "its boot files are whole, and those of its release",
    "repair": "fsck.vfat repairs the boot partition, and loses none of them",
    "store": "e2fsck repairs the data partition; the store holds what it names, and the notes are read",
}
OTA = os.path.join(TREE, "build/ota")


def ran(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, check=False,
                          env={**os.environ, "MTOOLS_SKIP_CHECK": "1"}, **options)


def image_of(release):
    """(size, sha256) of a release's root file system, as its maker has signed it."""
    def blob(digest):
        with open(os.path.join(BOARD, "releases", release, "blobs", *digest.split(":")), encoding="utf-8") as text:
            return json.load(text)
    with open(os.path.join(BOARD, "releases", release, "index.json"), encoding="utf-8") as text:
        image = blob(blob(json.load(text)["manifests"][0]["digest"])["config"]["digest"])["images"][0]
    return image["size"], image["sha256"]


def named(env):
    """The slot, and ? where it is on trial."""
    return env.get("ota_slot", "") + ("?" if env.get("upgrade_available") == "1" else "")


def that_matter(env):
    """The slot that the boot script starts now, and where it is on trial the one it falls back to."""
    slot = env.get("ota_slot", "a")
    other = "ba"["ab".index(slot)]
    if env.get("upgrade_available") != "1":
        return slot
    limit = int(env.get("bootlimit", 0))
    return other if 0 < limit < int(env.get("bootcount", 0)) + 1 else slot + other


class Judge:
    """`may` and `holds` are set before a state is judged: what named() may be, and the release in each
    slot."""

    def __init__(self, disk, folder):
        self.disk, self.folder = disk, folder
        self.may, self.holds = (), {}
        self.known, self.files_of = {}, {}
        self.config = os.path.join(folder, "fw_env.config")
        with open(self.config, "w", encoding="ascii") as config:
            config.writelines(f"{disk.path} {at:#x} {ENV_SIZE:#x}\n" for at in ENV_AT)

    def env(self):
        said = ran("fw_printenv", "-c", self.config)
        return dict(line.split("=", 1) for line in said.stdout.splitlines()) if said.returncode == 0 else None

    def torn_copies(self):
        copies = [os.pread(self.disk.file, ENV_SIZE, at) for at in ENV_AT]
        return sum(int.from_bytes(copy[:4], "little") != zlib.crc32(copy[5:]) for copy in copies)

    def faults(self):
        """(kind, what is wrong) of the disk as it is."""
        env = self.env()
        if not env or named(env) not in self.may:
            return [("environment", f"it says {env and named(env)}, and may say {self.may}")]
        slots, found = that_matter(env), []
        for slot in slots:
            found += self.once(f"rootfs_{slot}", self.image, slot)
        if not found:
            found += self.once("boot", self.boot, slots)
        return found + self.once("data", self.store, slots, json.dumps(env))

    def once(self, part, look, *about):
        """A part that is as it was is not looked at again."""
        key = (look.__name__, self.disk.version[part], *about, *self.holds.values())
        if part in self.disk.loose:
            return look(*about)
        if key not in self.known:
            self.known[key] = look(*about)
        return self.known[key]

    def image(self, slot):
        size, wanted = image_of(self.holds[slot])
        is_now = hashlib.sha256(os.pread(self.disk.file, size, self.disk.parts[f"rootfs_{slot}"][0])).hexdigest()
        return [] if is_now == wanted else [("slot", f"{slot} is not {self.holds[slot]}")]

    def copy(self, part):
        path, (start, end) = os.path.join(self.folder, part), self.disk.parts[part]
        with open(path, "wb") as copy:
            copy.truncate(end - start)
            for at, size in runs_of_data(self.disk.file, start, end):
                while size:
                    done = os.copy_file_range(self.disk.file, copy.fileno(), size, at, at - start)
                    at, size = at + done, size - done
        return path

    def release_files(self, slot):
        """The boot files in the slot's image, which is sound."""
        release = self.holds[slot]
        if release not in self.files_of:
            at = f"{self.disk.path}?offset={self.disk.parts[f'rootfs_{slot}'][0]}"
            folder = self.fresh("image")
            ran("debugfs", "-R", f"rdump /boot {folder}", at)
            self.files_of[release] = digests(os.path.join(folder, "boot"))
        return self.files_of[release]

    def fresh(self, name):
        path = os.path.join(self.folder, name)
        shutil.rmtree(path, ignore_errors=True)
        os.mkdir(path)
        return path

    def boot_files(self, slots, image):
        for slot in slots:
            folder = self.fresh("files")
            got = ran("mcopy", "-s", "-n", "-Q", "-i", image, f"::/ota/{slot}", folder)
            is_now = digests(os.path.join(folder, slot))
            if got.returncode or ".ota-files" not in is_now:
                yield f"of slot {slot}: {sorted(is_now)} {got.stderr}"
                continue
            del is_now[".ota-files"]
            listed = of_list(os.path.join(folder, slot, ".ota-files"))
            if not is_now == listed == self.release_files(slot):
                yield f"of slot {slot}: {is_now}, the list says {listed}, {self.holds[slot]} {self.release_files(slot)}"

    def boot(self, slots):
        found = [("boot files", why) for why in
                 self.boot_files(slots, f"{self.disk.path}@@{self.disk.parts['boot'][0]}")]
        copy = self.copy("boot")
        for _ in range(3):  # what one run repairs may be what the next one finds
            repair, again = ran("fsck.vfat", "-a", copy), ran("fsck.vfat", "-n", copy)
            if not again.returncode:
                break
        if repair.returncode > 1 or again.returncode:
            found.append(("repair", f"{repair.stdout}{repair.stderr}{again.stdout}{again.stderr}"))
        return found + [("repair", f"after {repair.stdout}: {why}") for why in self.boot_files(slots, copy)]

    def store(self, slots, _):
        copy = self.copy("data")
        repair = ran("e2fsck", "-fy", copy)
        if repair.returncode > 1:
            return [("store", f"{repair.stdout}{repair.stderr}")]
        root = self.fresh("root")
        for path in "etc/ota", "proc/sys/kernel/random", "boot/ota", "data":
            os.makedirs(os.path.join(root, path))
        ran("debugfs", "-R", f"rdump /ota {root}/data", copy)
        shutil.copy(os.path.join(TREE, "test-images/board/ota.conf"), os.path.join(root, "etc/ota"))
        shutil.copy(self.config, os.path.join(root, "etc"))
        for path, text in ("cmdline", f"ota.slot={slots[0]}"), ("sys/kernel/random/boot_id", str(uuid.uuid4())):
            with open(os.path.join(root, "proc", path), "w", encoding="ascii") as file:
                file.write(text + "\n")
        return [("store", why) for why in (*unsound_names(os.path.join(root, "data/ota")), *unsound_notes(root, slots))]


def of_list(path):
    """What a list of boot files says, where its last line is the digest of those before."""
    with open(path, "rb") as file:
        *lines, last = file.read().splitlines(keepends=True) or [b""]
    if last != b"# end %s\n" % hashlib.sha256(b"".join(lines)).hexdigest().encode():
        return None
    pairs = (line.decode().rstrip("\n").split("  ", 1) for line in lines if not line.startswith(b"#"))
    return {name: digest for digest, name in pairs}


def runs_of_data(file, at, end):
    """(offset, size) of what is no hole."""
    while at < end:
        try:
            at = os.lseek(file, at, os.SEEK_DATA)
        except OSError:  # none from here on
            return
        hole = min(os.lseek(file, at, os.SEEK_HOLE), end)
        if at < hole:
            yield at, hole - at
        at = hole


def digests(folder):
    """The sha256 of each file below a folder, by its name there."""
    found = {}
    for path, _, files in os.walk(folder):
        for name in files:
            with open(os.path.join(path, name), "rb") as file:
                found[os.path.relpath(file.name, folder)] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def unsound_names(store):
    """Contents come before names: a blob is what its name says, and what index.json names is there.
    What was on its way has a name that the next step removes."""
    blobs = digests(os.path.join(store, "blobs/sha256"))
    yield from (f"blob {name} is {is_now}" for name, is_now in blobs.items()
                if name != is_now and not name.startswith(".ota-tmp-"))
    try:
        with open(os.path.join(store, "index.json"), encoding="utf-8") as index:
            wanted = [m["digest"] for m in json.load(index)["manifests"]]
    except (OSError, ValueError) as why:
        yield f"index.json: {why}"
        return
    for digest in wanted:
        if digest.partition(":")[2] not in blobs:
            yield f"{digest} is named, and not there"
            continue
        with open(os.path.join(store, "blobs", *digest.split(":")), encoding="utf-8") as text:
            manifest = json.load(text)
        yield from (f"{part['digest']} of {digest} is not there"
                    for part in (manifest["config"], *manifest["layers"]) if part["digest"][7:] not in blobs)


def unsound_notes(root, slots):
    said = ran(OTA, "--root", root, "--json", "status")
    if said.returncode:
        yield f"ota status ends with {said.returncode}: {said.stdout}{said.stderr}"
        return
    states = {slot: json.loads(said.stdout)["slots"][slot]["state"] for slot in slots}
    if not set(states.values()) <= {"good", "trial", "proved"}:
        yield f"status says {states}"

# SPDX-License-Identifier: Apache-2.0
"""As much of BitBake as the layer in contrib/yocto needs: it reads a recipe, knows what a variable
comes to, unpacks, runs a task, and sorts what was installed into packages. It refuses lines that it
does not understand, and variables that nobody has set."""
import os
import re
import subprocess

ASSIGNMENT = re.compile(r'([\w${}:%.+-]+)(?:\[([\w-]+)\])?\s*(\?\?=|\?=|:=|\+=|\.=|=)\s*"(.*)"$')
FUNCTION = re.compile(r"([\w${}:-]+)\s*\(\)\s*\{$")
# of bitbake.conf
DEFAULTS = {
    "BPN": "${PN}", "PV": "1.0", "BP": "${BPN}-${PV}", "S": "${WORKDIR}/${BP}", "B": "${S}", "D": "${WORKDIR}/image",
    "DEPLOYDIR": "${WORKDIR}/deploy", "FILESEXTRAPATHS": "", "PACKAGE_BEFORE_PN": "", "MACHINE": "acme-board",
    "MACHINE_ARCH": "acme_board", "DISTRO_VERSION": "5.0.1", "UBOOT_ARCH": "arm64", "prefix": "/usr",
    "bindir": "${prefix}/bin", "libdir": "${prefix}/lib", "includedir": "${prefix}/include",
    "datadir": "${prefix}/share", "mandir": "${datadir}/man", "sysconfdir": "/etc",
    "systemd_system_unitdir": "/usr/lib/systemd/system", "EXTRA_OEMAKE": "",
    "PACKAGES": "${PN}-staticdev ${PN}-dev ${PN}-doc ${PACKAGE_BEFORE_PN} ${PN}",
    "FILES:${PN}-staticdev": "${libdir}/*.a", "FILES:${PN}-dev": "${includedir} ${libdir}/pkgconfig",
    "FILES:${PN}-doc": "${mandir}", "FILES:${PN}": "${bindir}/* ${sysconfdir} ${datadir}/${BPN}",
}


class Recipe:
    def __init__(self, name, overrides=("class-target",), **given):
        self.values = {**DEFAULTS, "PN": name, **given}
        self.overrides, self.given = overrides, given
        self.flags, self.inherits, self.appends = {}, [], []

    def read(self, path):
        self.values["THISDIR"] = os.path.dirname(os.path.abspath(path))
        with open(path, encoding="utf-8") as file:
            lines = iter(file.read().replace("\\\n", "").splitlines())
        for line in lines:
            if not line.strip() or line.startswith("#"):
                continue
            if function := FUNCTION.match(line):
                body = []
                while (line := next(lines, None)) != "}":
                    if line is None:
                        raise SyntaxError(f"{path}: {function[1]} has no end")
                    body.append(line)
                self.assign(function[1], None, "=", "\n".join(body) + "\n")
            elif line.startswith("inherit "):
                self.inherits += line.split()[1:]
            elif found := ASSIGNMENT.match(line):
                self.assign(*found.groups())
            elif not line.startswith(("addtask ", "require ")):
                raise SyntaxError(f"{path}: {line}")
        return self

    def assign(self, name, flag, how, text):
        if flag:
            name = f"{name}[{flag}]"
        bare = re.sub(r":(append|prepend)(?=:|$)", "", name)
        for override in [part for part in bare.split(":")[1:] if part.startswith("class-")]:
            if override not in self.overrides:
                return
            bare = bare.replace(":" + override, "")
        if how == ":=":
            text = self.expand(text)
        if name != bare and re.search(r":(append|prepend)(:|$)", name):
            self.appends.append((bare, ":append" in name, text))
        elif how in ("+=", ".="):
            self.values[bare] = self.values.get(bare, "") + (" " if how == "+=" else "") + text
        elif how in ("=", ":=") or bare not in self.values:
            self.values[bare] = self.given.get(bare, text)

    def get(self, name):
        """What a variable comes to; a key may hold ${PN}."""
        self_named = [key for key in self.values if key == name or key.replace("${PN}", self.values["PN"]) == name]
        if not self_named:
            return None
        text = self.values[self_named[-1]]
        for bare, behind, more in self.appends:
            if bare == name:
                text = text + more if behind else more + text
        return self.expand(text)

    def expand(self, text, is_shell=False):
        def value(found):
            got = self.get(found[1])
            if got is None and not is_shell:
                raise NameError(f"nobody sets {found[0]}")
            return found[0] if got is None else got

        def contains(name, word, yes, no, _):
            return yes if word in (self.get(name) or "").split() else no

        class bb:
            utils = type("utils", (), {"contains": staticmethod(contains)})

        text = re.sub(r"\$\{([\w:.-]+)\}", value, text)
        return re.sub(r"\$\{@(.*?)\}", lambda found: str(eval(found[1], {"bb": bb, "d": self})), text)

    getVar = get

    def words(self, name):
        return (self.get(name) or "").split()

    def unpack(self):
        for word in self.words("SRC_URI"):
            name, *options = word.removeprefix("file://").split(";")
            folder = os.path.join(self.get("WORKDIR"), dict(o.split("=") for o in options).get("subdir", ""))
            places = [os.path.join(place, name) for place in self.get("FILESEXTRAPATHS").split(":") if place]
            found = next(place for place in places if os.path.exists(place))
            os.makedirs(os.path.join(folder, os.path.dirname(name)), exist_ok=True)
            subprocess.run(["cp", "-fpPRH", found, os.path.join(folder, name)], check=True)

    def run(self, task, **env):
        """A task in the shell, in B, with nothing in its environment but this."""
        with_make = f'oe_runmake() {{ make -j2 {self.get("EXTRA_OEMAKE")} "$@"; }}\nset -e\n'
        text = self.values[task] + "".join(more for bare, _, more in self.appends if bare == task)
        ran = subprocess.run(["bash", "-c", with_make + self.expand(text, True)], cwd=self.get("B"), text=True,
                             env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", **env}, check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if ran.returncode:
            raise RuntimeError(f"{task} ends with {ran.returncode}:\n{ran.stdout}")
        return ran.stdout

    def packages(self):
        """The files of each package, and below '' those that none ships. The first that fits takes it."""
        sorted_files = {name: [] for name in ["", *self.words("PACKAGES")]}
        for folder, _, names in os.walk(self.get("D")):
            for name in names:
                path = os.path.join(folder, name).removeprefix(self.get("D"))
                owner = next((p for p in self.words("PACKAGES") if any(
                    fits(path, pattern) for pattern in self.words(f"FILES:{p}"))), "")
                sorted_files[owner].append(path)
        return sorted_files


def fits(path, pattern):
    """A pattern of FILES: a file, or a folder with all that is in it; * stops at a slash."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]*") + "(/.*)?", path) is not None

#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
"""The layer contrib/yocto: what its recipes say is so, and what they do works, with the compiler's
options that OpenEmbedded gives. bitbake.py stands in for BitBake, which Debian does not have."""
import glob
import hashlib
import os
import re
import subprocess
import sys
import tempfile

from bitbake import Recipe, fits

TREE = os.path.realpath(os.path.join(os.path.dirname(__file__), ".."))
LAYER = os.path.join(TREE, "contrib/yocto")
OTA = f"{LAYER}/recipes-support/ota/ota_0.1.0.bb"
# the recipe of each library that the Makefile names
RECIPES = {"libzstd": "zstd", "libubootenv": "libubootenv", "jansson": "jansson",
           "inih": "libinih"}
CHOICES = {"network", "boot", "update", "watchdog", "containers", "env-tools"}
count = failed = 0


def report(is_ok, text, why=""):
    global count, failed
    count += 1
    failed += not is_ok
    print(f"{'ok' if is_ok else 'not ok'} {count} - {text}", flush=True)
    if not is_ok:
        print("\n".join(f"# {line}" for line in str(why).splitlines()[-40:]), flush=True)


def holds(text, check, *words):
    """check() gives nothing, or what is wrong."""
    try:
        wrong = check(*words)
    except (ArithmeticError, AttributeError, LookupError, NameError, OSError, RuntimeError, StopIteration, SyntaxError,
            TypeError, subprocess.SubprocessError) as why:
        wrong = f"{type(why).__name__}: {why}"
    report(not wrong, text, wrong)


def text_of(*path):
    with open(os.path.join(TREE, *path), encoding="utf-8") as file:
        return file.read()


def tool(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def ota(work, overrides=("class-target",), **given):
    given = {"OTA_TREE": TREE, "PV": "0.1.0", "WORKDIR": work, "DISTRO_FEATURES": "systemd", **given}
    return Recipe("ota", overrides, **given).read(OTA)


# --- what is said ---
def files():
    for kind in "conf", "bb", "bbappend", "bbclass", "inc":
        yield from glob.glob(f"{LAYER}/**/*.{kind}", recursive=True)


def layer():
    conf = Recipe("layer", LAYERDIR=LAYER).read(f"{LAYER}/conf/layer.conf")
    dynamic = conf.words("BBFILES_DYNAMIC")
    patterns = conf.words("BBFILES") + [word.partition(":")[2] for word in dynamic]
    lost = [path for path in files() if path.endswith((".bb", ".bbappend")) and not any(fits(path, p) for p in patterns)]
    lost += [word for word in dynamic if word.partition(":")[0] not in conf.words("LAYERDEPENDS_ota")]
    lost += {"scarthgap", "wrynose"} - set(conf.words("LAYERSERIES_COMPAT_ota"))
    return lost or os.path.realpath(conf.get("OTA_TREE")) != TREE


def license_of(path):
    return hashlib.md5(text_of("LICENSE").encode()).hexdigest() not in text_of(path)


def needs():
    named = re.findall(r"^(?:LIB_)?PKGS := (.*)", text_of("Makefile"), re.M)
    wanted = {RECIPES[p] for p in " ".join(named).split() if not p.startswith("$")}
    wanted |= {"curl", "libarchive", "libyaml", "openssl", "zlib"}  # loaded where they are needed
    return wanted ^ set(ota("").words("DEPENDS"))


def choices():
    recipe = ota("")
    said = {key[14:-1]: text.split(",") for key, text in recipe.values.items() if key.startswith("PACKAGECONFIG[")}
    wrong = set(said) ^ CHOICES or set(recipe.words("PACKAGECONFIG")) - CHOICES
    for fields in said.values():
        named = recipe.expand(" ".join(fields[3:])).split()
        wrong |= {name for name in named if name.startswith("ota-") and name not in recipe.words("PACKAGES")}
    return wrong or ota("", ("class-native",)).words("PACKAGECONFIG")


def u_boot():
    """The environment is where the factory puts it."""
    places = re.search(r"env_at=\((\w+) (\w+)\) env_size=(\w+)", text_of("contrib/factory.sh"))
    config = dict(line.split("=") for line in text_of(LAYER, "recipes-bsp/u-boot/files/ota.cfg").split() if "=" in line)
    found = [config[f"CONFIG_ENV_{name}"] for name in ("OFFSET", "OFFSET_REDUND", "SIZE")]
    return None if found == list(places.groups()) else found


# --- what is done ---
def oe_env(recipe):
    maps = " ".join(f"-f{kind}-prefix-map={recipe.get('S')}=/usr/src/debug/ota" for kind in ("macro", "debug"))
    return {"CC": "gcc -m64 -fstack-protector-strong -O2 -D_FORTIFY_SOURCE=3 -Wformat -Werror=format-security --sysroot=/",
            "CFLAGS": f"-O2 -pipe -g -feliminate-unused-debug-types {maps}", "AR": "gcc-ar", "CPPFLAGS": "",
            "LDFLAGS": "-Wl,-O1 -Wl,--hash-style=gnu -Wl,--as-needed -Wl,-z,relro,-z,now",
            "SOURCE_DATE_EPOCH": "1700000000"}


def install(recipe, features):
    """Installs, and takes away what the classes systemd and update-rc.d do for these features."""
    recipe.given["DISTRO_FEATURES"] = recipe.values["DISTRO_FEATURES"] = features
    subprocess.run(["rm", "-rf", recipe.get("D")], check=True)
    recipe.run("do_install", **oe_env(recipe))
    if "systemd" not in features:
        subprocess.run(["rm", "-r", recipe.get("D") + "/usr/lib/systemd"], check=True)
    elif "sysvinit" not in features:
        subprocess.run(["rm", "-r", recipe.get("D") + "/etc/init.d"], check=True)


def packaged(recipe, features):
    install(recipe, features)
    found = recipe.packages()
    wrong = [f"no package ships {path}" for path in found.pop("")]
    wrong += [f"{name} is empty" for name, paths in found.items() if not paths]
    for name in recipe.words("SYSTEMD_PACKAGES") if "systemd" in features else ():
        for unit in recipe.words(f"SYSTEMD_SERVICE:{name}"):
            path = f"/usr/lib/systemd/system/{unit}"
            if path not in found[name] or "[Install]" not in text_of(recipe.get("D") + path):
                wrong.append(f"{name} has no {unit} to enable")
    for name in recipe.words("INITSCRIPT_PACKAGES") if "sysvinit" in features else ():
        if f"/etc/init.d/{recipe.get(f'INITSCRIPT_NAME:{name}')}" not in found[name]:
            wrong.append(f"{name} has no script of init")
    if ("/etc/cron.d/ota" in found["ota-update"]) == ("systemd" in features):
        wrong.append("the timer or cron: one of them")
    return "\n".join(wrong)


def quality(recipe):
    """What OpenEmbedded's own tests look for: the linker's flags, no path of the build, no RPATH."""
    binary = recipe.get("D") + "/usr/bin/ota"
    dynamic = tool("readelf", "-dW", binary)
    wrong = [word for word in ("(GNU_HASH)", "BIND_NOW", "PIE") if word not in dynamic]
    wrong += [word for word in ("(HASH)", "RPATH", "RUNPATH") if word in dynamic]
    for folder in recipe.get("WORKDIR"), f"{TREE}/src":  # a tree may be called as what is installed
        wrong += subprocess.run(["grep", "-rlF", folder, recipe.get("D")], capture_output=True, check=False,
                                text=True).stdout.split()
    return wrong or tool(binary, "--version").split()[-1] != recipe.get("PV")


def elsewhere(recipe):
    """Another libdir, as with multilib."""
    recipe.given["libdir"] = recipe.values["libdir"] = "/usr/lib64"
    wrong = packaged(recipe, "systemd")
    return wrong or "libdir=${prefix}/lib64\n" not in text_of(recipe.get("D") + "/usr/lib64/pkgconfig/libota.pc")


def native(work):
    recipe = ota(f"{work}/ota", ("class-native",), prefix=f"{work}/native/usr", D="")
    recipe.given["sysconfdir"] = recipe.values["sysconfdir"] = f"{work}/native/etc"
    recipe.given["systemd_system_unitdir"] = recipe.values["systemd_system_unitdir"] = f"{work}/native/units"
    recipe.run("do_install", **oe_env(recipe))
    return tool(f"{work}/native/usr/bin/ota", "--version").split()[-1] != recipe.get("PV")


def boot_script(work, form):
    recipe = Recipe("ota-boot-script", OTA_TREE=TREE, WORKDIR=f"{work}/{form}", OTA_BOOT_FORM=form)
    recipe.read(f"{LAYER}/recipes-bsp/ota-boot-script/ota-boot-script.bb").unpack()
    recipe.run("do_compile")
    recipe.run("do_deploy")
    os.makedirs(f"{work}/images", exist_ok=True)
    subprocess.run(["cp", "-r", recipe.get("DEPLOYDIR") + "/.", f"{work}/images"], check=True)
    return "AArch64 Linux Script" not in tool("mkimage", "-l", f"{work}/images/ota-boot/boot.scr")


def image(work, **given):
    given = {"IMGDEPLOYDIR": work, "IMAGE_NAME": "acme", "WORKDIR": work, "B": work, "OTA_KEY": f"{work}/acme.key",
             "OTA_TRUST": f"{work}/trust", "STAGING_DATADIR_NATIVE": f"{work}/native/usr/share",
             "DEPLOY_DIR_IMAGE": f"{work}/images", "OTA_PACK_OPTIONS": f"--boot {work}/images",
             "OTA_DISK_OPTIONS": "--size 160M --slot 16M", **given}
    return Recipe("acme-image", **given).read(f"{LAYER}/classes-recipe/ota-release.bbclass")


def release(work):
    binary = f"{work}/native/usr/bin/ota"
    tool(binary, "keygen", f"{work}/acme")
    tool("install", "-Dm644", f"{work}/acme.pub", f"{work}/trust/acme.pub")
    tool("mkfs.ext4", "-q", "-d", f"{TREE}/docs", f"{work}/acme.ext4", "8M")
    image(work).run("IMAGE_CMD:ota", PATH=f"{work}/native/usr/bin:{os.environ['PATH']}")
    told = tool(binary, "inspect", "--trust", f"{work}/trust", f"oci:{work}/acme.ota")
    return None if all(word in told for word in ("acme.pub", "acme-board", "5.0.1")) else told


def disk(work):
    with open(f"{work}/images/loader", "wb") as loader:
        loader.write(b"a loader")
    path = f"{work}/native/usr/bin:{os.environ['PATH']}:/usr/sbin"
    image(work, OTA_LOADER="loader", OTA_LOADER_AT="33").run("IMAGE_CMD:otadisk", PATH=path)
    with open(f"{work}/acme.otadisk", "rb") as made:
        if os.pread(made.fileno(), 8, 33 * 1024) != b"a loader":
            return "the loader is not there"
    names = re.findall(r'name="(\w+)"', tool("/usr/sbin/sfdisk", "-d", f"{work}/acme.otadisk"))
    return None if names == ["boot", "rootfs_a", "rootfs_b", "data"] else names


def unsigned(work):
    image(work, OTA_KEY="").run("IMAGE_CMD:ota", PATH=f"{work}/native/usr/bin:{os.environ['PATH']}")
    return "acme.pub" in tool(f"{work}/native/usr/bin/ota", "inspect", f"oci:{work}/acme.ota")


# --- what its page shows ---
def page(work):
    """Each block is read, and that for ota is run upon the recipe."""
    blocks = re.findall(r"^```bb (\S+)\n(.*?)^```", text_of(LAYER, "README.md"), re.M | re.S)
    for name, block in blocks:
        os.makedirs(os.path.dirname(f"{work}/layer/{name}"), exist_ok=True)
        with open(f"{work}/layer/{name}", "w", encoding="utf-8") as file:
            file.write(block)
        Recipe("page").read(f"{work}/layer/{name}")
    recipe = ota(f"{work}/ota").read(f"{work}/layer/recipes-support/ota/ota_%.bbappend")
    for word in recipe.words("SRC_URI"):
        name = word.removeprefix("file://").partition(";")[0]
        if not os.path.exists(os.path.join(TREE, name)):
            tool("install", "-D", f"{TREE}/test-images/board/ota.conf", f"{work}/layer/recipes-support/ota/files/{name}")
    recipe.unpack()
    wrong = packaged(recipe, "systemd")
    return wrong or not {"/etc/ota/ota.conf", "/etc/ota/trust.d/acme.pub"} <= set(recipe.packages()["ota"])


def main():
    for path in files():
        holds(f"{os.path.relpath(path, LAYER)} is understood", lambda p=path: Recipe("x", LAYERDIR=LAYER, OTA_TREE=TREE).read(p) is None)
    holds("the layer finds its recipes, and the tree", layer)
    holds("the version is that of the Makefile", lambda: f"VERSION := {os.path.basename(OTA)[4:-3]}\n" not in text_of("Makefile"))
    for path in glob.glob(f"{LAYER}/recipes-*/*/*.bb"):
        holds(f"{os.path.basename(path)} knows the licence", license_of, path)
    holds("it depends on what the Makefile asks for", needs)
    holds("each choice names packages that are there", choices)
    holds("U-Boot looks for its environment where the factory puts it", u_boot)
    with tempfile.TemporaryDirectory() as work:
        recipe = ota(f"{work}/ota")
        holds("the sources are unpacked", recipe.unpack)
        holds("and built with OpenEmbedded's options, without a warning", lambda: "\n".join(
            re.findall(".*warning:.*", recipe.run("do_compile", **oe_env(recipe)))))
        for features in "systemd", "sysvinit", "systemd sysvinit":
            holds(f"all is packaged, and starts with {features}", packaged, recipe, features)
        holds("the binary passes what OpenEmbedded asks of it", quality, recipe)
        holds("the library goes where libdir is", elsewhere, recipe)
        holds("the tools of the build machine are installed", native, work)
        for form in "boot-raw", "boot":
            holds(f"the boot script is made: {form}", boot_script, work, form)
        holds("an image becomes a signed release", release, work)
        holds("and a disk, with its loader", disk, work)
        holds("without a key it is not signed", unsigned, work)
        holds("what the page shows works", page, work)
    return failed > 0


sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
SUMMARY = "Brings embedded devices from one version to the next, and never leaves one that does not boot"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"
DEPENDS = "curl jansson libarchive libinih libubootenv libyaml openssl zlib zstd"

FILESEXTRAPATHS:prepend := "${OTA_TREE}:"
SRC_URI = "\
    file://LICENSE;subdir=${BP} \
    file://Makefile;subdir=${BP} \
    file://cmd;subdir=${BP} \
    file://completions;subdir=${BP} \
    file://contrib;subdir=${BP} \
    file://man;subdir=${BP} \
    file://src;subdir=${BP} \
"

inherit pkgconfig systemd update-rc.d

# What comes into an image with the package ota; an image that lists packages itself needs none.
PACKAGECONFIG ??= "network boot update watchdog"
PACKAGECONFIG:class-native = ""
# libcurl is loaded when the first address is opened; a device that is fed from a stick lacks it
PACKAGECONFIG[network] = ",,,libcurl ca-certificates"
PACKAGECONFIG[boot] = ",,,,${PN}-boot"
PACKAGECONFIG[update] = ",,,,${PN}-update"
PACKAGECONFIG[watchdog] = ",,,,${PN}-watchdog"
PACKAGECONFIG[containers] = ",,,,${PN}-containers"
# fw_printenv and fw_setenv, for people
PACKAGECONFIG[env-tools] = ",,,,libubootenv-bin"

EXTRA_OEMAKE = "\
    PREFIX=${prefix} LIBDIR=${libdir} SYSCONFDIR=${sysconfdir} UNITDIR=${systemd_system_unitdir} WERROR= \
"

do_compile() {
    oe_runmake
}

do_install() {
    oe_runmake install DESTDIR=${D}
    install -d ${D}${sysconfdir}/init.d
    mv ${D}${datadir}/ota/sysvinit/* ${D}${sysconfdir}/init.d
    rm -r ${D}${datadir}/ota/sysvinit ${D}${datadir}/ota/openrc
    # with systemd the timer does it
    if ${@bb.utils.contains('DISTRO_FEATURES', 'systemd', 'false', 'true', d)}; then
        install -Dm644 ${D}${datadir}/ota/cron.example ${D}${sysconfdir}/cron.d/ota
    fi
    # no timer does that
    install -Dm644 ${D}${datadir}/ota/cron-containers.example ${D}${sysconfdir}/cron.d/ota-containers
    rm ${D}${datadir}/ota/cron.example ${D}${datadir}/ota/cron-containers.example
}

# loaded where the first byte is hashed; nothing links it, so nothing else would ask for it
RDEPENDS:${PN}:class-target = "libcrypto"

PACKAGE_BEFORE_PN = "${PN}-boot ${PN}-update ${PN}-watchdog ${PN}-containers ${PN}-factory ${PN}-completion"
FILES:${PN}-boot = "${bindir}/ota-boot ${sysconfdir}/init.d/ota-boot ${systemd_system_unitdir}/ota-boot.service"
FILES:${PN}-update = "${bindir}/ota-update ${sysconfdir}/cron.d/ota ${systemd_system_unitdir}/ota-update.*"
FILES:${PN}-watchdog = "${sysconfdir}/init.d/ota-watchdog ${systemd_system_unitdir}/ota-watchdog.service"
FILES:${PN}-containers = "\
    ${bindir}/ota-containers ${sysconfdir}/cron.d/ota-containers ${datadir}/ota/ota.inittab ${datadir}/ota/examples \
    ${systemd_system_unitdir}/ota-service@.service \
"
FILES:${PN}-factory = "${datadir}/ota/factory.sh"
FILES:${PN}-completion = "${datadir}/bash-completion ${datadir}/zsh ${datadir}/fish"

RDEPENDS:${PN}-boot = "${PN}"
# what nobody keeps is given up
RDEPENDS:${PN}-update = "${PN}-boot"
RDEPENDS:${PN}-watchdog = "${PN}"
# the libraries are loaded where an image is pulled or a compose file read; crun is of meta-virtualization
RDEPENDS:${PN}-containers = "${PN} libarchive libyaml"
RRECOMMENDS:${PN}-containers = "crun"
RDEPENDS:${PN}-factory = "\
    ${PN} bash coreutils diffutils dosfstools e2fsprogs-e2fsck e2fsprogs-mke2fs libubootenv-bin mtools util-linux-sfdisk \
"

SYSTEMD_PACKAGES = "${PN}-boot ${PN}-update ${PN}-watchdog"
SYSTEMD_SERVICE:${PN}-boot = "ota-boot.service"
SYSTEMD_SERVICE:${PN}-update = "ota-update.timer"
SYSTEMD_SERVICE:${PN}-watchdog = "ota-watchdog.service"

INITSCRIPT_PACKAGES = "${PN}-boot ${PN}-watchdog"
INITSCRIPT_NAME:${PN}-boot = "ota-boot"
INITSCRIPT_PARAMS:${PN}-boot = "start 99 2 3 4 5 ."
INITSCRIPT_NAME:${PN}-watchdog = "ota-watchdog"
INITSCRIPT_PARAMS:${PN}-watchdog = "start 05 S ."

BBCLASSEXTEND = "native"

# SPDX-License-Identifier: Apache-2.0
SUMMARY = "The script by which U-Boot starts the slot that ota names"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"
DEPENDS = "u-boot-tools-native"
INHIBIT_DEFAULT_DEPS = "1"

# The board's folder below contrib/uboot, which a BSP brings by its .bbappend, and the form.
OTA_BOARD ?= "qemu-arm64"
OTA_BOOT_FORM ?= "boot"

FILESEXTRAPATHS:prepend := "${OTA_TREE}:"
SRC_URI = "\
    file://LICENSE;subdir=${BP} \
    file://contrib/uboot;subdir=${BP} \
"

inherit deploy kernel-arch nopackages
PACKAGE_ARCH = "${MACHINE_ARCH}"

do_compile() {
    ARCH=${UBOOT_ARCH} contrib/uboot/mkscript ${OTA_BOOT_FORM} contrib/uboot/${OTA_BOARD} ${B}/boot.scr
}

# a folder, whose content goes onto the boot partition
do_deploy() {
    install -Dm644 ${B}/boot.scr ${DEPLOYDIR}/ota-boot/boot.scr
}
addtask deploy after do_compile before do_build
do_install[noexec] = "1"

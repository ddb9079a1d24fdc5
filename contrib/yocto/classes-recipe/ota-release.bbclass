# SPDX-License-Identifier: Apache-2.0
# Two types of images:
#   ota      a signed release: a folder that any web server can offer
#   otadisk  the disk of a new device, with that release in slot a

# what ota.conf of the device says
OTA_COMPATIBLE ?= "${MACHINE}"
OTA_VERSION ?= "${DISTRO_VERSION}"
OTA_PACK_OPTIONS ?= ""
# The private key, a file; none: to be signed elsewhere, by `ota sign`, and no otadisk.
OTA_KEY ?= ""
# the public keys, as the image has them
OTA_TRUST ?= "${IMAGE_ROOTFS}${sysconfdir}/ota/trust.d"
# more for factory.sh, such as --slot 1G --size 8G --defaults FILE
OTA_DISK_OPTIONS ?= ""
# a boot loader that lies on the disk itself: its file in DEPLOY_DIR_IMAGE, and where, in KiB
OTA_LOADER ?= ""
OTA_LOADER_AT ?= "0"
# who brings that file, or the defaults; none where U-Boot is built elsewhere
OTA_LOADER_DEPENDS ?= "virtual/bootloader:do_deploy"

IMAGE_TYPEDEP:ota = "ext4"
do_image_ota[depends] += "ota-native:do_populate_sysroot"
IMAGE_CMD:ota () {
    rm -rf ${IMGDEPLOYDIR}/${IMAGE_NAME}.ota
    ota pack --rootfs ${IMGDEPLOYDIR}/${IMAGE_NAME}.ext4 --compatible ${OTA_COMPATIBLE} \
        --version ${OTA_VERSION} ${OTA_PACK_OPTIONS} -o ${IMGDEPLOYDIR}/${IMAGE_NAME}.ota
    if [ -n "${OTA_KEY}" ]; then
        ota sign --key ${OTA_KEY} ${IMGDEPLOYDIR}/${IMAGE_NAME}.ota
    fi
}

IMAGE_TYPEDEP:otadisk = "ota"
do_image_otadisk[depends] += "\
    ota-native:do_populate_sysroot ota-boot-script:do_deploy libubootenv-native:do_populate_sysroot \
    dosfstools-native:do_populate_sysroot mtools-native:do_populate_sysroot \
    e2fsprogs-native:do_populate_sysroot util-linux-native:do_populate_sysroot \
    coreutils-native:do_populate_sysroot \
    ${OTA_LOADER_DEPENDS} \
"
IMAGE_CMD:otadisk () {
    rm -f ${IMGDEPLOYDIR}/${IMAGE_NAME}.otadisk
    TMPDIR=${WORKDIR} ${STAGING_DATADIR_NATIVE}/ota/factory.sh --compatible ${OTA_COMPATIBLE} --trust ${OTA_TRUST} \
        --extra ${DEPLOY_DIR_IMAGE}/ota-boot ${OTA_DISK_OPTIONS} \
        ${IMGDEPLOYDIR}/${IMAGE_NAME}.otadisk oci:${IMGDEPLOYDIR}/${IMAGE_NAME}.ota
    if [ -n "${OTA_LOADER}" ]; then
        dd if=${DEPLOY_DIR_IMAGE}/${OTA_LOADER} of=${IMGDEPLOYDIR}/${IMAGE_NAME}.otadisk \
            bs=1024 seek=${OTA_LOADER_AT} conv=notrunc,fsync
    fi
}

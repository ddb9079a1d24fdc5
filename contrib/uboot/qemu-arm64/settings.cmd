# SPDX-License-Identifier: Apache-2.0
# QEMU's arm64 board `virt`, with Debian's u-boot-qemu. What a board has to say; each name is set
# without setenv, so that it never gets into a stored environment.

# the disk that this script came from, and the places of the two copies on it, in blocks of 512
ota_interface=${devtype}
ota_device=${devnum}
ota_part=${devnum}:${distro_bootpart}
ota_block_a=800
ota_block_b=880
# room for 48 KiB and for U-Boot's own environment, until the kernel is loaded
ota_room=${ramdisk_addr_r}

# the files in ota/a and ota/b, and where they go; no name: there is none
ota_kernel=vmlinuz
ota_kernel_at=${kernel_addr_r}
ota_initrd=initrd.img
ota_initrd_at=${ramdisk_addr_r}
ota_fdt=
ota_fdt_at=${fdtcontroladdr}
ota_args="console=ttyAMA0 panic=1"

# the hardware watchdog from the kernel's start on: half its time, in 1/1024 s; 0: not armed
ota_watchdog=2800

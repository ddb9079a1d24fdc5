# SPDX-License-Identifier: Apache-2.0
# Loads what the slot ota_boot starts with from its folder on the boot partition, and starts it. Where
# that fails the board is reset, so that a trial without a kernel counts as a boot too.
if test "${upgrade_available}" = 1; then
  echo "ota: slot ${ota_boot}, attempt ${bootcount} of ${bootlimit}"
else
  echo "ota: slot ${ota_boot}"
fi
setenv bootargs "${ota_args} root=PARTLABEL=rootfs_${ota_boot} ota.slot=${ota_boot}"
ota_ok=yes
if load ${ota_interface} ${ota_part} ${ota_kernel_at} ota/${ota_boot}/${ota_kernel}; then ; else ota_ok=no; fi
if test -n "${ota_fdt}"; then
  if load ${ota_interface} ${ota_part} ${ota_fdt_at} ota/${ota_boot}/${ota_fdt}; then ; else ota_ok=no; fi
fi
ota_ramdisk=-
if test -n "${ota_initrd}"; then
  if load ${ota_interface} ${ota_part} ${ota_initrd_at} ota/${ota_boot}/${ota_initrd}; then
    ota_ramdisk=${ota_initrd_at}:${filesize}
  else
    ota_ok=no
  fi
fi
if test ${ota_ok} = yes; then
  include watchdog.cmd
  booti ${ota_kernel_at} ${ota_ramdisk} ${ota_fdt_at}
fi
echo "ota: slot ${ota_boot} does not start"
reset

# SPDX-License-Identifier: Apache-2.0
# For a U-Boot that neither keeps its environment nor counts boots: this script reads the two raw
# copies from the disk that it was itself loaded from, and stores into the older one, as U-Boot would
# and libubootenv does. A copy is a crc32 of the data, one byte that counts the stores, the data.
include settings.cmd

# In memory: the two copies, and one to work on, behind which export clears as much as U-Boot's own
# environment would take.
setexpr ota_t ${ota_room} + 4000
ota_copy_b=${ota_t}
setexpr ota_t ${ota_room} + 8000
ota_work=${ota_t}
setexpr ota_t ${ota_work} + 4
ota_work_data=${ota_t}
${ota_interface} dev ${ota_device}
${ota_interface} read ${ota_room} ${ota_block_a} 20
${ota_interface} read ${ota_copy_b} ${ota_block_b} 20

# The newer one first. Its byte is the higher, but for 255 and 0: there the count began anew.
setexpr ota_t ${ota_room} + 4
setexpr.b ota_t *${ota_t}
ota_flags_a=${ota_t}
setexpr ota_t ${ota_copy_b} + 4
setexpr.b ota_t *${ota_t}
ota_flags_b=${ota_t}
ota_order="a b"
if itest ${ota_flags_b} > ${ota_flags_a}; then ota_order="b a"; fi
if itest ${ota_flags_a} == ff && itest ${ota_flags_b} == 0; then ota_order="b a"; fi
if itest ${ota_flags_b} == ff && itest ${ota_flags_a} == 0; then ota_order="a b"; fi

# import wants crc32 and data side by side. It takes a copy only when they match, and then knows
# nothing else: what is exported again is this copy, and not what U-Boot has compiled in. Whatever is
# needed of that is in names set without setenv, which are the script's alone; setexpr sets the others.
ota_current=none
for ota_try in ${ota_order}; do
  if test ${ota_current} = none; then
    if test ${ota_try} = a; then ota_from=${ota_room}; else ota_from=${ota_copy_b}; fi
    setexpr ota_t ${ota_from} + 5
    cp.b ${ota_from} ${ota_work} 4
    cp.b ${ota_t} ${ota_work_data} 3ffb
    if env import -d -c ${ota_work} 3fff; then ota_current=${ota_try}; fi
  fi
done
if test ${ota_current} = none; then
  echo "ota: no sound copy of the environment: the default, slot a"
fi

# On trial: one boot more. setexpr adds in hex, and the count is decimal: carry by hand.
ota_counted=no
if test ${ota_current} != none && test "${upgrade_available}" = 1; then
  if test -z "${bootcount}"; then setenv bootcount 0; fi
  setexpr bootcount ${bootcount} + 1
  for ota_digit in 1 10 100; do
    setexpr ota_t ${bootcount} / ${ota_digit}
    setexpr ota_t ${ota_t} % 10
    if itest ${ota_t} == a; then
      setexpr ota_t 6 * ${ota_digit}
      setexpr bootcount ${bootcount} + ${ota_t}
    fi
  done
  ota_counted=yes
fi

include choose.cmd

# Only ever the other copy: a power cut that tears it leaves this one.
if test ${ota_counted} = yes || test ${ota_changed} = yes; then
  if test ${ota_current} = a; then
    setexpr ota_t ${ota_flags_a} + 1
    ota_block=${ota_block_b}
  else
    setexpr ota_t ${ota_flags_b} + 1
    ota_block=${ota_block_a}
  fi
  ota_flags=${ota_t}
  setenv ota_t
  # only as text does export hold itself to a size of ours: cut short, a copy would lose its last names
  if env export -t -s 3ffb ${ota_work}; then
    setenv filesize
    env export -c -s 3fff ${ota_work}
    setexpr ota_t ${ota_room} + 4
    cp.b ${ota_work} ${ota_room} 4
    mw.b ${ota_t} ${ota_flags} 1
    setexpr ota_t ${ota_room} + 5
    cp.b ${ota_work_data} ${ota_t} 3ffb
    ${ota_interface} write ${ota_room} ${ota_block} 20
  else
    include full.cmd
  fi
fi

include start.cmd

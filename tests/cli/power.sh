# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What the scripts about power cuts share: a disk in a file, host/disk, and what of it is left when the
# power goes. A cut is a clone of the disk's file at an instant, while the disk is in use: what was not
# yet on it is lost. Sourced, after lib.sh.

# clone FROM TO: as it stands at this instant
# The new file is another one: a loop device that somebody still holds would show what it had read of the old.
clone() { rm -f "$2" && cp --reflink=always "$1" "$2"; }

# make_clones: a place whose files can be cloned, host; where none is here, a file system of its own
make_clones() {
  mkdir -p host
  : >host/probe
  clone host/probe host/probed 2>probed && return
  truncate -s 4G host.img
  mkfs.btrfs -q host.img >made 2>&1 && mount -o loop host.img host
}

# new_disk SIZE AT: an empty one is mounted
new_disk() {
  rm -f host/disk
  truncate -s "$1" host/disk
  must mkfs.ext4 -q host/disk
  must mount -o loop host/disk "$2"
}

# take_cut AT: what is left of it comes back
take_cut() {
  e2fsck -fy host/cut >fsck 2>&1
  must mount -o loop host/cut "$1"
}

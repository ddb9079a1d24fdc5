# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2016
# What the ways need before they can run: keys, a bus, configurations, bundles, releases, devices.
# Sourced by bench.sh. What takes long to make is kept in made/ and www/ until corpus or recipe change.

versions_of_peers() {
  local name text=''
  for name in rauc swupdate casync zchunk xdelta3 rdiff bmap-tools zstd curl podman containerd docker.io skopeo runc conmon; do
    text+=", $name $(dpkg-query -W -f '${Version}' "$name" 2>/dev/null || echo 'not installed')"
  done
  echo "${text#, }"
}

# Forgets what was made of other images or in another manner; of an other ota, its part.
forget_the_old() {
  local images cost
  images=$({
    stat -c '%n %s %Y' "$corpus"/v?.*
    cat "$here"/{peers,devices,delta}.sh
    echo "$LEVEL"
  } | sha256sum)
  [ "$(cat made/images 2>/dev/null)" = "$images" ] || rm -rf made www
  mkdir -p made www
  echo "$images" >made/images
  [ "$(cat made/ota 2>/dev/null)" = "$(sha256sum <"$OTA")" ] || rm -rf made/*-ota-* www/*-ota-* made/bench.*
  sha256sum <"$OTA" >made/ota
  # what failed is tried again
  for cost in made/*.cost; do grep -qs ^0 "$cost" || rm -f "$cost"; done
}

prepare() {
  forget_the_old
  start_server && make_noise || return 1
  make_certificate
  [ -e made/bench.key ] || "$OTA" keygen -q made/bench || return 1
  cp noise target
  prepare_rauc
}

make_certificate() {
  [ -e made/cert.pem ] ||
    openssl req -x509 -newkey rsa:3072 -nodes -keyout made/key.pem -out made/cert.pem -subj /CN=bench \
      -days 3650 -addext keyUsage=digitalSignature -addext extendedKeyUsage=emailProtection 2>/dev/null
}

# full_zstd IMAGE: www/IMAGE.zst, what a release without any updater is
full_zstd() {
  made "$1-zstd" zstd -q -f "-$LEVEL" -T0 "$corpus/v2.$1" -o "www/$1.zst"
}

# --- RAUC: slots are files, the bus is ours ---
prepare_rauc() {
  has rauc && has dbus-daemon || return 0
  mkdir -p rauc/mnt
  cat >rauc/bus.conf <<END
<busconfig><type>system</type><listen>unix:path=$work/rauc/bus</listen>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/><allow eavesdrop="true"/></policy></busconfig>
END
  printf '#!/bin/sh\ncase $1 in get-primary | get-current) echo A ;; get-state) echo good ;; esac\n' \
    >rauc/backend
  chmod +x rauc/backend
  cat >rauc/system.conf <<END
[system]
compatible=bench
bootloader=custom
statusfile=$work/rauc/status
mountprefix=$work/rauc/mnt
[keyring]
path=$work/made/cert.pem
[handlers]
bootloader-custom-backend=$work/rauc/backend
[slot.rootfs.0]
device=$work/noise
type=raw
bootname=A
[slot.rootfs.1]
device=$work/target
type=raw
bootname=B
END
  # It has no activation, so the installer comes with its service, and their costs are one.
  cat >rauc/ready <<'END'
#!/bin/sh
tries=0
until dbus-send --system --print-reply --dest=org.freedesktop.DBus / \
  org.freedesktop.DBus.NameHasOwner string:de.pengutronix.rauc | grep -q true; do
  tries=$((tries + 1))
  [ "$tries" -lt 200 ] || break
  sleep 0.01
done
END
  cat >rauc/install <<'END'
#!/bin/sh
rauc --conf=rauc/system.conf --override-boot-slot=A service 2>rauc/log &
service=$!
rauc/ready
rauc install "$1"
status=$?
kill "$service"
wait "$service"
exit "$status"
END
  chmod +x rauc/ready rauc/install
  export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/rauc/bus
  rm -f rauc/bus
  dbus-daemon --config-file=rauc/bus.conf --nofork --nopidfile 2>/dev/null &
}

# rauc_bundle IMAGE: www/IMAGE.raucb
rauc_bundle() {
  rm -rf rauc/bundle && mkdir -p rauc/bundle
  ln "$corpus/v2.$1" rauc/bundle/rootfs.img 2>/dev/null || cp "$corpus/v2.$1" rauc/bundle/rootfs.img
  printf '[update]\ncompatible=bench\nversion=2.0\n[bundle]\nformat=plain\n[image.rootfs]\nfilename=rootfs.img\n' \
    >rauc/bundle/manifest.raucm
  [ -e "made/$1-rauc.cost" ] || rm -f "www/$1.raucb"
  made "$1-rauc" rauc bundle --cert=made/cert.pem --key=made/key.pem \
    --mksquashfs-args='-comp zstd -Xcompression-level '"$LEVEL" rauc/bundle "www/$1.raucb"
  local status=$?
  rm -rf rauc/bundle
  return $status
}

# --- SWUpdate ---
# swu IMAGE: www/IMAGE.swu, of the same bytes as www/IMAGE.zst
swu() {
  mkdir -p swu
  ln -f "www/$1.zst" swu/rootfs.zst
  cat >swu/sw-description <<END
software = { version = "2.0"; hardware-compatibility = [ "1.0" ]; images: ( {
  filename = "rootfs.zst"; device = "$work/target"; type = "raw"; compressed = "zstd";
  installed-directly = true; sha256 = "$(sha256sum <swu/rootfs.zst | cut -d' ' -f1)"; } ); }
END
  openssl cms -sign -in swu/sw-description -out swu/sw-description.sig -signer made/cert.pem \
    -inkey made/key.pem -outform DER -nosmimecap -binary || return 1
  (cd swu && printf '%s\n' sw-description sw-description.sig rootfs.zst | cpio -o -H crc --quiet) >"www/$1.swu"
}

# its sockets lie in TMPDIR
# shellcheck disable=SC2034
swupdate=(timeout 120 env TMPDIR="$work/swu" swupdate -H bench:1.0 -k made/cert.pem)

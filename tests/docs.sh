#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every fenced block of docs/*.md is what it says it is: commands run, in the order of the page, and
# files are taken by the tool that they are for. A fence names its kind:
#   sh build          commands of the build machine, in a scratch folder
#   sh device         commands of a device: test-images/sandbox.sh as the root of their own, where
#                     `reboot` is test-images/bootloader
#   sh device cut     one command that is killed in the midst of a write, then the power comes back
#   sh /PATH          a script of the image; so is  ini /PATH  ota.conf or a unit,  text /PATH
#                     fw_env.config, and  fstab /PATH
#   c FILE            docs/FILE, word for word; the build machine has it
#   yaml /PATH        a compose file
# Behind a command, `# ends with N` tells its status, and `# says: TEXT` what is in its output.
# https://updates.example.com/ in a file is the folder www of the build machine.
set -u
tree=$(cd "$(dirname "$0")/.." && pwd)

# Mounts, and a root folder, of our own: whatever a page does, it does to the sandbox.
if [ -z "${DOCS_WORK-}" ]; then
  DOCS_WORK=$(mktemp -d)
  export DOCS_WORK
  trap 'rm -rf --one-file-system "$DOCS_WORK"' EXIT
  if ! unshare -Urmn true 2>/dev/null; then
    echo "ok 1 - the commands of docs/ # SKIP needs user namespaces"
    exit 0
  fi
  unshare -Urmn "$0" "$@"
  exit
fi

ota=$tree/build/release/ota # a sanitizer wants to see the machine
PATH=$PATH:/usr/sbin:/sbin
count=0 failed=0

# --- the two machines ---
# an image of a product in that version; its first line is for the stand-in below
make_image() {
  {
    echo "$1"
    head -c 1500000 /dev/zero | openssl enc -aes-128-ctr -pass "pass:$1" -nosalt -pbkdf2 -iter 1 2>/dev/null
    head -c 600000 /dev/zero
    seq 1 10000 | sed "s/\$/ $1/"
  } >"$build/rootfs-$1.ext4"
}

make_build_machine() {
  build=$work/build
  mkdir -p "$build/bin" "$build/www" "$build/boot" "$build/rootfs/opt/acme"
  ln -s "$ota" "$tree/contrib/ota-update" "$tree/contrib/ota-boot" \
    "$tree/contrib/factory.sh" "$build/bin/"
  for version in 1.{0,1,3,4}.0 1.2.0-{broken,panic,hang,check,network}; do make_image "$version"; done
  head -c 900000 "$build/rootfs-1.0.0.ext4" >"$build/boot/Image"
  echo 'a tree' >"$build/boot/board.dtb"
  make -s -C "$tree" MODE=release install DESTDIR="$work/installed" >/dev/null
}

# program FILE: made of the script on stdin
program() {
  cat >"$1" && chmod +x "$1"
}

# What stands in for the machine and for the product that the pages speak of.
make_programs() {
  mkdir -p "$device/run/bin"
  cp "$tree/test-images/bootloader" "$ota" "$tree/contrib/ota-update" "$tree/contrib/ota-boot" \
    "$device/run/bin"
  program "$device/run/bin/reboot" <<'END'
#!/bin/sh
bootloader /etc/fw_env.config /proc/cmdline /proc/sys/kernel/random/boot_id
[ ! -x /opt/acme/open-data ] || exec /opt/acme/open-data
END
  program "$build/rootfs/opt/acme/gateway" <<'END'
#!/bin/sh
case $1 in
  health)
    slot=$(sed 's/.*ota.slot=//' /proc/cmdline)
    ! head -n 1 "/dev/disk/by-partlabel/rootfs_$slot" | grep -Eq 'broken|check|network'
    ;;
esac
END
  program "$device/run/bin/sleep" </dev/null # nothing here takes long
}

make_device() {
  local folder slot node
  device=$work/device
  "$tree/test-images/sandbox.sh" --size 8M --running none "$device" || return 1
  rm "$device"/etc/ota/ota.conf "$device"/etc/fw_env.config "$device"/uboot.env
  cp -r "$device/etc" "$build/rootfs"
  for folder in usr etc opt srv/www media/stick tmp data boot dev/disk/by-partlabel proc/device-tree/chosen; do
    mkdir -p "$device/$folder"
  done
  for folder in bin sbin lib lib64; do
    if [ -L /$folder ]; then cp -P /$folder "$device/"; fi
  done
  for node in null zero urandom; do
    : >"$device/dev/$node" && mount --bind /dev/$node "$device/dev/$node" || return 1
  done
  node=/proc/sys/kernel/random/uuid
  : >"$device$node" && mount --bind $node "$device$node" || return 1
  for slot in a b; do ln -s "/slots/$slot.img" "$device/dev/disk/by-partlabel/rootfs_$slot"; done
  truncate -s 8M "$device/dev/mmcblk0"
  printf '2024.04\0' >"$device/proc/device-tree/chosen/u-boot,version"
  make_programs
  chroot=(env -i PATH=/run/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/ chroot "$device")
  mount --rbind -o ro /usr "$device/usr" && mount --bind "$build/rootfs/etc" "$device/etc" &&
    mount --bind "$build/rootfs/opt" "$device/opt" && mount --bind "$build/www" "$device/srv/www" &&
    mount --bind "$build/www" "$device/media/stick" && mount -t tmpfs -o size=8m tmpfs "$device/boot"
}

# --- running ---
# script FILE: the block on stdin as a shell script, its promises as checks
script() {
  {
    cat <<'END'
set -eu
ends() {
  status=0
  (eval "$2") || status=$?
  [ "$status" -eq "$1" ] || { echo "status $status instead of $1: $2"; exit 1; }
}
says() {
  said=$(eval "$2" 2>&1 | tr -s ' \n' ' ')
  case $said in *"$1"*) ;; *) echo "no '$1' from $2: $said"; exit 1 ;; esac
}
END
    awk -v q="'" '
      function quoted(text) { gsub(q, q "\\" q q, text); return q text q }
      match($0, / +# ends with [0-9]+/) {
        split(substr($0, RSTART, RLENGTH), word, " ")
        print "ends", word[4], quoted(substr($0, 1, RSTART - 1)); next
      }
      match($0, / +# says: /) {
        print "says", quoted(substr($0, RSTART + RLENGTH)), quoted(substr($0, 1, RSTART - 1)); next
      }
      { print }'
  } >"$1"
}

on_build_machine() {
  (cd "$build" && env PATH="$build/bin:$PATH" PKG_CONFIG_PATH="$work/installed/usr/local/lib/pkgconfig" \
    PKG_CONFIG_SYSROOT_DIR="$work/installed" sh "$work/script")
}

on_device() {
  "${chroot[@]}" "$@"
}

# Kills it once it writes; where it was faster than we are, it writes again.
cut_on_device() {
  local pid
  sed -i '$s/^/exec /' "$device/tmp/script"
  for _ in $(seq 20); do
    "${chroot[@]}" /bin/sh /tmp/script & # no function: its process would be another
    pid=$!
    until grep -qs '"writing"' "$device"/data/ota/slots/?.json || ! kill -0 $pid 2>/dev/null; do :; done
    kill -KILL $pid 2>/dev/null
    if ! wait $pid && grep -qs '"writing"' "$device"/data/ota/slots/?.json; then
      on_device reboot
      return
    fi
    sed -i 's/"proved"/"unknown"/' "$device"/data/ota/slots/?.json
  done
  echo "it was never cut"
  return 1
}

# place PATH MODE: the block as a file of the image
place() {
  mkdir -p "$build/rootfs$(dirname "$1")"
  sed 's#https://updates.example.com/#oci:/srv/www/#' "$work/block" >"$build/rootfs$1" &&
    chmod "$2" "$build/rootfs$1"
}

silent() { # COMMAND...: ends with 0, and has nothing to say
  local said
  said=$("$@" 2>&1) || { echo "$said"; return 1; }
  printf '%s' "$said"
  [ -z "$said" ]
}

# one unit for each line
mounts() {
  rm -rf "$work/units" && mkdir "$work/units"
  SYSTEMD_FSTAB=$build/rootfs$1 silent /usr/lib/systemd/system-generators/systemd-fstab-generator \
    "$work/units" "$work/units" "$work/units" &&
    [ "$(find "$work/units" -name '*.mount' -type f | wc -l)" -eq "$(grep -vcE '^#|^$' "$build/rootfs$1")" ]
}

# run_block KIND PLACE MORE
run_block() {
  case $1:$2 in
    sh:build) script "$work/script" <"$work/block" && on_build_machine ;;
    sh:device)
      script "$device/tmp/script" <"$work/block"
      if [ "$3" = cut ]; then cut_on_device; else on_device /bin/sh /tmp/script; fi
      ;;
    sh:/*) place "$2" 755 && silent shellcheck "$work/block" ;;
    ini:*/ota.conf) place "$2" 644 && on_device ota lock -- true ;;
    ini:/etc/systemd/*) place "$2" 644 && silent on_device systemd-analyze verify --man=no "$2" ;;
    yaml:/*) place "$2" 644 && on_device ota container check "$2" ;;
    text:*/fw_env.config) place "$2" 644 && places ;;
    fstab:/*) place "$2" 644 && mounts "$2" ;;
    c:*) cmp "$work/block" "$tree/docs/$2" && cp "$work/block" "$build/$2" ;;
    *) echo "a block of an unknown kind: '$1 $2'" && false ;;
  esac
}

# ota knows where the two copies are, whatever stands there
places() {
  on_device ota status 2>&1 | tr -s ' \n' ' ' | tee "$work/told" | grep -Eq 'never written|next slot' || {
    cat "$work/told"
    return 1
  }
}

# page FILE: all blocks; behind one that fails the rest would only fail with it
page() {
  local line kind where more text number=0 inside=''
  work=$DOCS_WORK/$(basename "$1" .md)
  mkdir "$work"
  make_build_machine
  if ! make_device; then
    echo "not ok $((count += 1)) - the setting of ${1#"$tree/"}"
    exit 1
  fi
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    if [ -z "$inside" ] && [[ $line == '```'* ]]; then
      inside=$number
      read -r kind where more <<<"${line#'```'}"
      : >"$work/block"
    elif [ -n "$inside" ] && [ "$line" = '```' ]; then
      count=$((count + 1))
      text="${1#"$tree/"}:$inside: $kind $where"
      inside=''
      if run_block "$kind" "$where" "$more" >"$work/said" 2>&1; then
        echo "ok $count - $text"
      else
        echo "not ok $count - $text"
        sed 's/^/# /' "$work/said" | tail -n 40
        failed=1
        return
      fi
    elif [ -n "$inside" ]; then
      printf '%s\n' "$line" >>"$work/block"
    fi
  done <"$1"
  if [ -n "$inside" ]; then
    count=$((count + 1)) failed=1
    echo "not ok $count - ${1#"$tree/"}:$inside: a block without an end"
  fi
}

[ $# -gt 0 ] || set -- "$tree"/docs/*.md
for file; do
  if grep -q '^```' "$file"; then page "$(realpath "$file")"; fi
done
exit $failed

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Small images with all that a layer may have: hard links, links to everywhere and nowhere, extended
# attributes, capabilities, holes, long and strange names, whiteouts, opaque folders. Their files are
# this machine's. Sourced by containers.sh, after layouts.sh.

# words SEED COUNT: so many lines that no other seed gives
words() { awk -v seed="$1" -v n="$2" 'BEGIN { srand(seed); while (n-- > 0) printf "line %d of %d\n", rand() * 1e9, seed }'; }

repeat() { printf "%0$2d" 0 | sed "s/0/$1/g"; }

# date_tree FOLDER: all of it has this version's time
date_tree() { find "$1" -depth -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +; }

# make_base_tree FOLDER SEED
make_base_tree() {
  mkdir -p "$1/etc" "$1/usr/bin" "$1/usr/lib" "$1/usr/share/doc" "$1/tmp" "$1/run" "$1/empty" \
    "$1/var/lib/data/deep/er" "$1/var/log" "$1/home/user" "$1/srv"
  ln -s usr/bin "$1/bin"
  ln -s usr/lib "$1/lib"
  cp /bin/busybox "$1/usr/bin/busybox"
  for name in sh ls cat; do ln -s busybox "$1/usr/bin/$name"; done
  for name in env id; do ln "$1/usr/bin/busybox" "$1/usr/bin/$name"; done
  printf 'root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n' >"$1/etc/passwd"
  printf 'root:x:0:\nuser:x:1000:\n' >"$1/etc/group"
  cp /usr/share/common-licenses/GPL-3 "$1/usr/share/doc/license"
  for n in 1 2 3 4 5 6; do words "$2$n" 300 >"$1/var/lib/data/table$n"; done
  words "$2" 50 >"$1/var/lib/data/deep/er/leaf"
  words 1 2000 >"$1/usr/lib/libsame.so"
  words "$2" 2000 >"$1/usr/lib/libother.so"
  : >"$1/var/log/none"
  ln -s /etc/passwd "$1/srv/absolute"
  ln -s ../../../../../../etc/passwd "$1/srv/outside"
  ln -s nowhere "$1/srv/dangling"
  ln -s . "$1/srv/loop"
  mkfifo "$1/run/pipe"
  date_tree "$1"
  chmod 1777 "$1/tmp"
  chmod 0700 "$1/home/user" "$1/empty"
  chown -R 1000:1000 "$1/home/user"
  chown 100000:200000 "$1/srv"
  chmod 4755 "$1/usr/bin/busybox"
  chmod 0444 "$1/etc/group"
}

# make_runtime_tree FOLDER SEED
make_runtime_tree() {
  long=$(repeat n 120) path=$1/usr/share/$(repeat a 90)/$(repeat b 90)/$(repeat c 90)
  mkdir -p "$1/usr/bin" "$1/usr/lib" "$path"
  echo "under $2" >"$path/$long"
  ln "$path/$long" "$path/hard-$long"
  ln -s "$long" "$path/soft-$long"
  cp /bin/true "$1/usr/bin/ping"
  setcap cap_net_raw+ep "$1/usr/bin/ping"
  cp /bin/true "$1/usr/bin/tagged"
  setfattr -n user.comment -v "of $2" "$1/usr/bin/tagged"
  setfattr -n user.bytes -v 0x00ff0a3d00 "$1/usr/bin/tagged"
  setfattr -n user.folder -v yes "$1/usr/lib"
  echo spaces >"$1/usr/lib/a name with spaces"
  echo strange >"$1/usr/lib/"'back\slash "quote" *'
  echo umlaut >"$1/usr/lib/äöü-名前"
  truncate -s 8M "$1/usr/lib/sparse"
  words "$2" 500 | dd of="$1/usr/lib/sparse" bs=64K seek=20 conv=notrunc status=none
  words "$2" 500 | dd of="$1/usr/lib/sparse" bs=64K seek=100 conv=notrunc status=none
  truncate -s 1M "$1/usr/lib/hole"
  words "$2" 5000 >"$1/usr/lib/runtime.so"
  words 2 5000 >"$1/usr/lib/runtime-same.so"
  date_tree "$1"
  touch -d "@$((SOURCE_DATE_EPOCH - 5)).123456789" "$1/usr/lib/runtime.so"
}

# change_tree FOLDER VERSION: what building the application does to the tree below it
change_tree() {
  mkdir -p "$1/app/data"
  for n in 1 2 3 4 5 6 7 8; do words "10$n" 2000 >"$1/app/data/file$n"; done
  [ "$2" = 1 ] || sed -i -e '10a a line more' -e 500d "$1/app/data/file3" "$1/app/data/file6"
  echo "$2" >"$1/app/VERSION"
  ln "$1/app/data/file1" "$1/app/linked"
  setfattr -n user.version -v "$2" "$1/app/VERSION"
  rm -r "$1/srv/dangling" "$1/usr/share/doc" "$1/var/lib/data/table2"
  echo 'a file that was a folder' >"$scratch/text"
  rm -r "$1/empty" && cp "$scratch/text" "$1/empty"
  rm "$1/var/log/none" && mkdir "$1/var/log/none" && echo in >"$1/var/log/none/it"
  echo changed >>"$1/etc/group"
  chmod 0750 "$1/home/user"
  # repack sees by the times what was changed
  find "$1" -newermt "@$((SOURCE_DATE_EPOCH + 86400))" -exec touch -h -d "@$((SOURCE_DATE_EPOCH + 60))" {} +
}

# odd_layer FOLDER: entries that make sense on top of the others only, as a tar on stdout. It names no
# folder but those that are new.
odd_layer() {
  mkdir -p "$1/lib" "$1/usr/lib" "$1/app/data" "$1/home/user/new" "$1/srv"
  echo 'through a link' >"$1/lib/through.so"
  : >"$1/usr/lib/libsame.so"
  ln "$1/usr/lib/libsame.so" "$1/usr/lib/linked-below.so"
  : >"$1/app/data/.wh.file2"
  : >"$1/app/data/.wh.not-there"
  ln -s ../usr "$1/app/linked"
  echo alone >"$1/srv/alone"
  : >"$1/srv/.wh..wh..opq"
  date_tree "$1"
  tar -C "$1" --numeric-owner -cf "$1.tar" usr/lib/libsame.so usr/lib/linked-below.so lib/through.so \
    app/data/.wh.file2 app/data/.wh.not-there app/linked home/user/new srv/alone srv/.wh..wh..opq
  # the hard link's target is the one in a layer below
  python3 -c 'import sys, tarfile
with tarfile.open(sys.argv[1]) as tar, tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as out:
    for entry in tar:
        if entry.name != "usr/lib/libsame.so":
            out.addfile(entry, tar.extractfile(entry) if entry.isreg() else None)' "$1.tar"
}

# make_lower BASE RUNTIME TAG: two layers by tar, of the two formats that are about; the name of
# a sparse file in the latter has the number of the process that wrote it
make_lower() {
  pack_tree "$1" --format=gnu | add_layer empty "$3"
  pack_tree "$2" --format=posix --sparse --xattrs --xattrs-include='*' \
    --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime | add_layer "$3" "$3"
}

# make_small OUT_DIR
make_small() {
  begin_layout "$1/gzip"
  mkdir "$scratch/data"
  words 3 100 >"$scratch/data/only"
  date_tree "$scratch/data"
  make_base_tree "$scratch/base1" 1
  make_runtime_tree "$scratch/runtime1" 1
  make_lower "$scratch/base1" "$scratch/runtime1" old
  for edit in 1 2; do
    open_image old
    change_tree "$scratch/bundle/rootfs" $edit
    umoci tag --image "$layout:old" v$edit
    close_image v$edit
    umoci insert --image "$layout:v$edit" --opaque --history.created "$(stamp)" "$scratch/data" /var/lib/data
  done
  odd_layer "$scratch/odd" | add_layer v2 odd
  SOURCE_DATE_EPOCH=$rebuilt
  make_base_tree "$scratch/base3" 3
  make_runtime_tree "$scratch/runtime3" 3
  make_lower "$scratch/base3" "$scratch/runtime3" new
  layer_of v2 2 | add_layer new v3
  layer_of v2 3 | add_layer v3 v3
  for tag in v1 v2 v3 odd; do
    finish_image $tag --config.user 1000:1000 --config.workingdir /app --config.entrypoint /bin/sh \
      --config.env PATH=/usr/bin --config.cmd -c --config.cmd 'cat VERSION'
  done
  end_layout odd
  convert_zstd "$1/zstd"
  convert_plain "$1/plain"
  convert_docker "$1/docker"
  convert_index "$1/index"
}

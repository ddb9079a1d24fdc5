#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The stand-in bootloader against the rows of tests/vectors/boot.tsv that boot a slot.
set -eu
cd "$(dirname "$0")/../.."

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tab=$(printf '\t')
config=$dir/fw_env.config
size=0x1000
count=0
failed=0

# Reports one case: verdict of the last condition, text.
report() {
  count=$((count + 1))
  if [ "$1" -eq 0 ]; then
    echo "ok $count - $2"
  else
    echo "not ok $count - $2"
    failed=1
  fi
}

# Makes both copies of the environment from words VARIABLE=VALUE, and one that is not ours.
make_env() {
  printf '%s\n' "$@" board=keepme | mkenvimage -r -s $size -o "$dir/copy" -
  cp "$dir/copy" "$dir/env0"
  cp "$dir/copy" "$dir/env1"
  printf '%s 0x0 %s\n%s 0x0 %s\n' "$dir/env0" $size "$dir/env1" $size >"$config"
}

# What the environment holds, in the vectors' words: variables that are 0 are left out.
show_env() {
  fw_printenv -c "$config" | grep -v '=0$' | sort | tr '\n' ' '
}

# The same for words.
show_words() {
  printf '%s\n' "$@" board=keepme | sort | tr '\n' ' '
}

boot() {
  test-images/bootloader "$config" "$dir/cmdline" "$dir/boot_id" >"$dir/out" 2>&1
}

# Was slot $1 started, and said so, with a boot id that is not the last one?
started() {
  grep -q " ota.slot=$1\$" "$dir/cmdline" && grep -q "root=PARTLABEL=rootfs_$1 " "$dir/cmdline" &&
    grep -q "slot $1" "$dir/out" && [ "$(wc -l <"$dir/out")" -eq 1 ] &&
    [ -s "$dir/boot_id" ] && ! cmp -s "$dir/boot_id" "$dir/last_id"
}

explain() {
  echo "# environment: $(show_env)"
  sed 's/^/# /' "$dir/out"
}

# One row: $1 environment before, $2 after, $3 the slot that boots.
check_row() {
  # shellcheck disable=SC2086 # the words of an environment
  {
    make_env $1
    wanted=$(show_words $2)
  }
  boot && started "$3" && [ "$(show_env)" = "$wanted" ]
}

: >"$dir/last_id"
rows=0
while IFS=$tab read -r state event _running _rebooted before _verdict after booted _next; do
  case $state in '#'*) continue ;; esac
  case $event in BOOT | BOOT_SPENT) ;; *) continue ;; esac
  [ "$booted" != - ] || continue
  [ "$after" != = ] || after=$before
  rows=$((rows + 1))
  if check_row "$before" "$after" "$booted"; then ret=0; else ret=1; fi
  report "$ret" "$state, $event: $before boots slot $booted"
  [ $ret -eq 0 ] || explain
  cp "$dir/boot_id" "$dir/last_id"
done <tests/vectors/boot.tsv
report "$((rows < 10))" "the vectors have rows for a bootloader ($rows)"

make_env ota_slot=a
boot && ret=0 || ret=1
cmp -s "$dir/env0" "$dir/copy" && cmp -s "$dir/env1" "$dir/copy" || ret=1
report "$ret" "nothing on trial: nothing is written"

make_env ota_slot=b upgrade_available=1 bootcount=1 bootlimit=3
printf 'torn' | dd of="$dir/env1" bs=1 seek=64 conv=notrunc 2>/dev/null
boot && started b && grep -q 'attempt 2 of 3' "$dir/out" && ret=0 || ret=1
report "$ret" "one torn copy: the other one counts"

make_env ota_slot=b
for copy in env0 env1; do
  printf 'torn' | dd of="$dir/$copy" bs=1 seek=64 conv=notrunc 2>/dev/null
  cp "$dir/$copy" "$dir/$copy.torn"
done
boot && started a && grep -q 'compiled-in default' "$dir/out" && ret=0 || ret=1
cmp -s "$dir/env0" "$dir/env0.torn" && cmp -s "$dir/env1" "$dir/env1.torn" || ret=1
report "$ret" "both copies torn: the compiled-in default boots, nothing is written"

# no room for a count
make_env ota_slot=b upgrade_available=1 "fill=$(printf '%04035d' 1)"
boot && grep -q ' ota.slot=a$' "$dir/cmdline" && grep -q 'cannot be counted' "$dir/out" && ret=0 || ret=1
cmp -s "$dir/env0" "$dir/copy" && cmp -s "$dir/env1" "$dir/copy" || ret=1
report "$ret" "a trial that cannot be counted: the other slot boots, nothing is written"
[ "$ret" -eq 0 ] || explain

test-images/bootloader "$config" >"$dir/out" 2>&1 && ret=1 || ret=0
report "$ret" "wrong arguments are refused"

exit $failed

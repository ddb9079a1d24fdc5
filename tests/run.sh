#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every test, or those scripts that are named:
#   tests/run.sh [tests/cli/SCRIPT.sh...]
# Builds first. A test is a program that prints a line `ok N - TEXT`, `not ok N - TEXT` or
# `ok N - TEXT # SKIP REASON` for each behaviour. One that prints none, ends with another status
# than 0, takes too long or makes a sanitizer speak has failed. Scripts find the binary, built with
# ASan and UBSan, as $OTA, and what they make their setting with as $OTA_QUICK.
set -u
cd "$(dirname "$0")/.." || exit 1

limit_s=600
# tests wait for servers and disks at times
jobs=$(nproc) at_once=$(($(nproc) + 1))
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'kill $(jobs -rp) $(cat "$work"/*/pid) 2>/dev/null; exit 130' INT TERM

build() {
  make --no-print-directory -s -j"$jobs" MODE=release all &&
    make --no-print-directory -s -j"$jobs" MODE=asan units fuzz-bins build/asan/ota
}

# Runs one test with output, status and sanitizer reports in its own folder $1.
run_in() {
  local dir=$1 logs
  shift
  logs=log_path=$dir/sanitizer
  ASAN_OPTIONS=detect_leaks=1:$logs UBSAN_OPTIONS=print_stacktrace=1:$logs \
    timeout --kill-after=10 "$limit_s" "$@" >"$dir/out" 2>&1 </dev/null &
  echo $! >"$dir/pid"
  wait $!
  local status=$?
  rm "$dir/pid"
  case $status in
    0) ;;
    124 | 137) echo "# stopped after $limit_s seconds" >>"$dir/out" ;;
    *) echo "# ended with status $status" >>"$dir/out" ;;
  esac
  for report in "$dir"/sanitizer.*; do
    [ -e "$report" ] || continue
    cat "$report" >>"$dir/out"
    status=1
  done
  return $status
}

# Counts what a test printed into $dir/counts (passed, failed, skipped), and shows it.
run_test() {
  local name=$1 dir=$2 broken=0 passed failed skipped begin=$SECONDS
  shift 2
  run_in "$dir" "$@" || broken=1
  skipped=$(grep -cE '^ok [0-9]+.*# SKIP' "$dir/out")
  passed=$(($(grep -cE '^ok [0-9]+' "$dir/out") - skipped))
  failed=$(grep -cE '^not ok [0-9]+' "$dir/out")
  if [ $((passed + failed + skipped)) -eq 0 ]; then
    echo "# no result at all" >>"$dir/out"
    broken=1
  fi
  [ "$failed" -gt 0 ] || failed=$broken
  echo "$passed $failed $skipped" >"$dir/counts"
  {
    flock 9
    if [ "$failed" -gt 0 ]; then
      printf '%s FAILED:\n' "$name"
      sed 's/^/    /' "$dir/out"
    else
      printf '%4d  %-40s %4d s\n' $((passed + skipped)) "$name" $((SECONDS - begin))
      grep -E '^ok [0-9]+.*# SKIP' "$dir/out" | sed 's/^/        /'
    fi
  } 9>"$work/lock"
}

started=0
declare -A begun
start() {
  local dir=$work/$started
  mkdir "$dir"
  while [ "$(jobs -rp | wc -l)" -ge "$at_once" ]; do wait -n || :; done
  run_test "$1" "$dir" "${@:2}" &
  started=$((started + 1))
}

# The long ones first, so that none is left alone in the end.
start_all() {
  local path name
  for path in tests/docs.sh tests/cli/bootcuts.sh tests/cli/bench.sh tests/yocto.py tests/cli/*.sh \
    tests/docs-drift.sh tests/layering.sh tests/shellcheck.sh tests/contrib.sh; do
    # what has no first line to run it by is a library of the others
    if [ -e "$path" ] && [ "$(head -c 2 "$path")" != '#!' ]; then continue; fi
    [ -z "${begun[$path]-}" ] || continue
    begun[$path]=yes
    start "$path" "$path"
  done
  for path in tests/unit/test_*.c; do
    name=$(basename "$path" .c)
    start "tests/unit/$name" "build/asan/unit/$name"
  done
  for path in tests/fuzz/fuzz_*.c; do
    name=$(basename "$path" .c)
    start "tests/fuzz/$name" "build/asan/fuzz/$name" "tests/fuzz/corpus/${name#fuzz_}"
  done
}

if ! build >"$work/build" 2>&1; then
  cat "$work/build"
  echo 'it does not build'
  echo '0 passed, 1 failed'
  exit 1
fi

# what the packages brought, before another python3 that somebody has in front of it: some are shell
# scripts that look for one, and cost more than what they run
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export OTA=$PWD/build/asan/ota OTA_QUICK=$PWD/build/release/ota CMOCKA_MESSAGE_OUTPUT=TAP
if [ $# -eq 0 ]; then
  start_all
else
  for path in "$@"; do start "$path" "$(realpath "$path")"; done
fi
wait

cat "$work"/*/counts | awk '
  { passed += $1; failed += $2; skipped += $3 }
  END {
    printf "%d passed, %d failed", passed, failed
    if (skipped) printf ", %d skipped", skipped
    print ""
    exit failed > 0
  }'

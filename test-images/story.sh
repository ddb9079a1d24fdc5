# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How the demos that run on this machine show what they do: titles, the commands as typed, and how
# each of them ended. Sourced.

bold='' plain=''
if [ -t 1 ]; then
  bold=$'\e[1m' plain=$'\e[0m'
fi
steps=0

# title TEXT, then what it is about on stdin
title() {
  printf '\n%s--- %s %s%s\n' "$bold" "$1" "$(printf '%*s' $((72 - ${#1})) '' | tr ' ' -)" "$plain"
  cat
}

fail() {
  printf '\n%sThe demo failed:%s %s\nIts files are in %s\n' "$bold" "$plain" "$1" "$PWD" >&2
  exit 1
}

# show WORD...: a command as typed
show() { printf '\n%s$ %s%s\n' "$bold" "$*" "$plain"; }

# run STATUS COMMAND...: shows the command, runs it, and insists on its exit status
run() {
  local expected=$1 status=0 begin=${EPOCHREALTIME/./} ms
  shift
  show "$@"
  "$@" || status=$?
  ms=$(((${EPOCHREALTIME/./} - begin) / 1000))
  [ "$status" -eq "$expected" ] || fail "exit status $status instead of $expected: $*"
  printf '  [exit %d, %d.%d s]\n' "$status" $((ms / 1000)) $((ms % 1000 / 100))
  steps=$((steps + 1))
}

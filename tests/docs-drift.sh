#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2317
# The pages and completions are what the command table makes of them, and they work.
set -u
cd "$(dirname "$0")/.." || exit 1
ota=${OTA:-$PWD/build/release/ota}
count=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# check TEXT COMMAND...
check() {
  local text=$1
  count=$((count + 1))
  shift
  if "$@" >"$work/said" 2>&1; then
    echo "ok $count - $text"
  else
    echo "not ok $count - $text"
    sed 's/^/# /' "$work/said"
    failed=1
  fi
}

make -s MODE=release all build/release/ota-docs >/dev/null || exit 1
cp -r man completions "$work"
build/release/ota-docs "$work/man" "$work/completions"
check 'the pages are those of the table: else `make docs`' diff -r man "$work/man"
check 'so are the completions' diff -r completions "$work/completions"

help_options() { "$ota" "$1" --help | sed '/^Also/q' | sed -nE 's/^  (-[a-z], )?--([a-z-]+).*/\2/p' | sort; }
page_options() { sed -n '/begin generated: options/,/end generated/p' "man/ota-$1.8" | sed -nE 's/.*Fl -([a-z-]+).*/\1/p' | sort; }
same_options() { diff <(help_options "$1") <(page_options "$1"); }

# "container pull" as one word; a long name has its line for itself
commands=$("$ota" --help | sed -nE 's/^  (container )?([a-z]+)( .*)?$/\1\2/p' | tr ' ' -)
check 'there are commands' test -n "$commands"
for command in $commands; do
  check "ota-$command(8) has the options of --help" same_options "$command"
  check "ota-$command(8) has examples" grep -q '^.Sh EXAMPLES' "man/ota-$command.8"
  check "ota-$command works as a link" bash -c "ln -sf '$ota' '$work/ota-$command' && '$work/ota-$command' --help | grep -q '^Usage: ota ${command/-/ }'"
done
check 'no page is left over' bash -c 'for p in man/ota-*.8; do c=${p#man/ota-}; grep -qw "${c%.8}" <<<"$0" || { echo "$p"; exit 1; }; done' "$commands"
check 'every exit status is in ota(8)' bash -c 'sed -nE "s/^OTA_CODE\([A-Z]+, \"([a-z]+)\", ([0-9]+),.*/It \2 Ta \1/p" src/base/codes.def | while read -r l; do grep -q "$l" man/ota.8 || { echo "$l"; exit 1; }; done'
check 'mandoc has nothing to say' mandoc -T lint -W warning man/*.8 man/*.5

# complete_in_bash WORDS...: what bash offers for the last word
complete_in_bash() {
  bash -c '. completions/ota.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ota; printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}
offers() { # WORD SHELL-COMMAND...
  local word=$1
  shift
  "$@" | grep -qx -- "$word"
}
check 'bash completes a command' offers rollback complete_in_bash ota roll
check 'bash completes an option' offers --downgrade complete_in_bash ota fetch --d
check 'bash completes an option of two words' offers --repair complete_in_bash ota container verify --r
check 'bash completes a choice' offers b complete_in_bash ota write --slot ''
check 'bash completes behind a link' offers --reason complete_in_bash ota-rollback --rea
check 'zsh takes its completions' zsh -n completions/_ota
check 'zsh names every command' bash -c 'for c in $0; do grep -q "^  $c)" completions/_ota || exit 1; done' "$commands"
check 'fish takes its completions' fish -n completions/ota.fish
in_fish() { HOME=$work XDG_CONFIG_HOME=$work XDG_DATA_HOME=$work fish -c 'source completions/ota.fish; complete -C $argv[1]' "$1" | cut -f1; }
check 'fish completes a command' offers rollback in_fish 'ota roll'
check 'fish completes an option' offers --downgrade in_fish 'ota fetch --d'
exit $failed

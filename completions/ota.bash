# SPDX-License-Identifier: Apache-2.0
# Made from the command table by `make docs`.
# shellcheck shell=bash disable=SC2207
_ota() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=
  local i options=' --config --root --json --progress --quiet --verbose --help --version' commands=' check fetch write bootfiles bootswap commit rollback status watchdog lock container-check container-pull container-list container-verify container-rm container-gc container-run container-handover container-rollback container-stop keygen pack delta sign push inspect'
  COMPREPLY=()
  case ${COMP_WORDS[0]##*/} in ota-*) command=${COMP_WORDS[0]##*ota-} ;; esac
  for ((i = 1; i < COMP_CWORD && ${#command} == 0; i++)); do
    [ "${COMP_WORDS[i]}" != container ] || command=container-${COMP_WORDS[i + 1]}
    case " $commands " in *" ${COMP_WORDS[i]} "*) command=${COMP_WORDS[i]} ;; esac
  done
  case $command:$prev in
    check:--jitter) return ;;
    fetch:--budget) return ;;
    fetch:--limit-rate) return ;;
    fetch:--max-time) return ;;
    write:--slot) COMPREPLY=($(compgen -W 'a b' -- "$cur")); return ;;
    write:--max-time) return ;;
    bootfiles:--slot) COMPREPLY=($(compgen -W 'a b' -- "$cur")); return ;;
    bootswap:--slot) COMPREPLY=($(compgen -W 'a b' -- "$cur")); return ;;
    bootswap:--defaults) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    rollback:--reason) return ;;
    watchdog:--deadline) return ;;
    lock:--wait) return ;;
    container-pull:--name) return ;;
    container-pull:--budget) return ;;
    container-pull:--limit-rate) return ;;
    container-pull:--max-time) return ;;
    container-handover:--strategy) COMPREPLY=($(compgen -W 'download-then-kill kill-then-download delete-then-download hand-over' -- "$cur")); return ;;
    container-handover:--on-timeout) COMPREPLY=($(compgen -W 'abort proceed' -- "$cur")); return ;;
    container-rollback:--strategy) COMPREPLY=($(compgen -W 'download-then-kill kill-then-download delete-then-download hand-over' -- "$cur")); return ;;
    pack:--rootfs) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    pack:--from) return ;;
    pack:--fs) COMPREPLY=($(compgen -W 'ext4 erofs' -- "$cur")); return ;;
    pack:--fs-size) return ;;
    pack:--boot) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    pack:--compatible) return ;;
    pack:--version) return ;;
    pack:--output) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    pack:--delta-from) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    pack:--epoch) return ;;
    pack:--expires) return ;;
    pack:--channel) return ;;
    pack:--phase) return ;;
    pack:--level) return ;;
    pack:--frame-size) return ;;
    delta:--from) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    delta:--to) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    delta:--output) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    delta:--level) return ;;
    sign:--key) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    push:--insecure-http) return ;;
    push:--ca-file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    push:--auth-file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    inspect:--trust) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    *:--config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    *:--root) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    *:--progress) COMPREPLY=($(compgen -W 'auto bar lines json none' -- "$cur")); return ;;
  esac
  case $command in
    check) options+=' --retry --downgrade --jitter' ;;
    fetch) options+=' --budget --limit-rate --max-time --plan --retry --downgrade' ;;
    write) options+=' --slot --max-time --retry --downgrade' ;;
    bootfiles) options+=' --slot' ;;
    bootswap) options+=' --factory --slot --defaults --force' ;;
    commit) options+=' --no-checks' ;;
    rollback) options+=' --reason --force' ;;
    watchdog) options+=' --deadline' ;;
    lock) options+=' --wait' ;;
    container-pull) options+=' --name --budget --limit-rate --max-time' ;;
    container-verify) options+=' --repair' ;;
    container-handover) options+=' --strategy --on-timeout --no-rollback --force --retry' ;;
    container-rollback) options+=' --strategy --force' ;;
    container-stop) options+=' --force' ;;
    pack) options+=' --rootfs --from --fs --fs-size --boot --compatible --version --output --delta-from --epoch --expires --channel --phase --level --frame-size --no-reuse' ;;
    delta) options+=' --from --to --output --level' ;;
    sign) options+=' --key' ;;
    push) options+=' --insecure-http --ca-file --auth-file' ;;
    inspect) options+=' --trust' ;;
  esac
  case $cur in
    -*) COMPREPLY=($(compgen -W "$options" -- "$cur")) ;;
    *) [ -n "$command" ] && COMPREPLY=($(compgen -f -- "$cur")) ||
      COMPREPLY=($(compgen -W "$commands" -- "$cur")) ;;
  esac
}
complete -o filenames -F _ota ota ota-check ota-fetch ota-write ota-bootfiles ota-bootswap ota-commit ota-rollback ota-status ota-watchdog ota-lock ota-container-check ota-container-pull ota-container-list ota-container-verify ota-container-rm ota-container-gc ota-container-run ota-container-handover ota-container-rollback ota-container-stop ota-keygen ota-pack ota-delta ota-sign ota-push ota-inspect

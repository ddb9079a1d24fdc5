# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# How the bench runs a way and writes down what it cost: a line in results.tsv for each run,
#   SECTION IMAGE WAY STEP STATUS WALL_US CPU_US RSS_KB OWN_KB WRITTEN WIRE FLUSH_US REASON
# Sourced by bench.sh.

tell() { echo "bench: $*" >&2; }

has() { command -v "$1" >/dev/null; }

size_of() { stat -c %s "$@" | awk '{ sum += $1 } END { print sum + 0 }'; }

# --- the server, which counts ---
start_server() {
  mkdir -p www
  "$tree/test-images/nginx.sh" start server www http:0 || return 1
  port=$(cat server/ports)
  url=http://localhost:$port
}

# Bytes of all requests and answers since the log was emptied, with their headers. One answer more is
# waited for: the lines of those before it are written by then.
wire_bytes() {
  curl -s -o /dev/null "$url/end"
  awk '$2 != "/end" { sum += $4 + $NF } END { print sum + 0 }' server/access.log
}

# --- the disk ---
# Bytes that no image has, as what was in a slot before: what an update finds there is of no use.
make_noise() {
  [ "$(stat -c %s noise 2>/dev/null)" = "$slot_bytes" ] ||
    head -c "$slot_bytes" /dev/zero |
    openssl enc -aes-128-ctr -pass pass:noise -nosalt -pbkdf2 -iter 1 >noise 2>/dev/null
}

# settle FILE...: on the disk, and out of the cache
settle() {
  local file
  for file; do
    sync -d "$file"
    dd of="$file" oflag=nocache conv=notrunc count=0 status=none
  done
}

# fill FILE [FROM]: overwrites it with FROM, noise
fill() {
  dd if="${2:-noise}" of="$1" bs=4M conv=notrunc status=none && settle "$1"
}

# Does it hold this image?
holds_image() { cmp -s -n "$(stat -c %s "$2")" "$1" "$2"; }

# --- running ---
# note SECTION IMAGE WAY STEP FIELD...: one line, the fields from STATUS on
note() { (IFS=$'\t' && echo "$*") >>results.tsv; }

# not_run SECTION IMAGE WAY STEP REASON
not_run() { note "$1" "$2" "$3" "$4" 127 0 0 0 0 0 0 0 "$5"; }

# run SECTION IMAGE WAY STEP [OPTION VALUE]... -- COMMAND...
#   --target FILE   what it writes: how long is it until that is on the disk?
#   --wire BYTES    what crosses the network
#   --count COMMAND otherwise, what tells it (wire_bytes)
#   --holds IMAGE   what the target must hold afterwards
#   --disk FOLDER   the file system that it writes to: as --target, and its device tells what was written
#   --daemons PIDS  those that work for it: their time is added, and their memory looked at
run() {
  local target='' wire='' count=wire_bytes image='' disk='' daemons='' status=0 flush=0 reason='' cost
  local written busy
  local key=("${@:1:4}")
  shift 4
  while [ "$1" != -- ]; do
    case $1 in
      --target) target=$2 ;;
      --wire) wire=$2 ;;
      --count) count=$2 ;;
      --holds) image=$2 ;;
      --disk) disk=$2 ;;
      --daemons) daemons=$2 ;;
    esac
    shift 2
  done
  shift
  : >server/access.log
  rm -f cost
  written=$(written_to "$disk")
  busy=$(time_of "$daemons")
  forget_peaks "$daemons"
  timeout "$patience_s" ./measure cost "$@" >output 2>&1 </dev/null || status=$?
  cost=$(cat cost 2>/dev/null || echo 0 0 0 0 0)
  if [ -n "$target$disk" ]; then
    flush=${EPOCHREALTIME/./}
    if [ -n "$disk" ]; then sync -f "$disk"; else sync -d "$target"; fi
    flush=$((${EPOCHREALTIME/./} - flush))
  fi
  [ -z "$daemons" ] || cost=$(cost_with "$(($(time_of "$daemons") - busy))" "$(peak_of "$daemons")" "$cost")
  [ -z "$disk" ] || cost="${cost% *} $(($(written_to "$disk") - written))"
  : "${wire:=$("$count")}"
  if [ "$status" -eq 0 ] && [ -n "$image" ] && ! holds_image "$target" "$image"; then
    status=1
    echo 'the target does not hold the image' >>output
  fi
  if [ "$status" -ne 0 ]; then
    { echo "--- ${key[*]}: status $status: $*"; cat output; } >>said
    reason=$(reason_in output)
  fi
  # shellcheck disable=SC2086 # five numbers
  note "${key[@]}" "$status" $cost "$wire" "$flush" "$reason"
  return "$status"
}

# written_to FOLDER: bytes that went to the device of its file system, so far
written_to() {
  local sectors
  [ -n "$1" ] || return 0
  read -r _ _ _ _ _ _ sectors _ <"/sys/class/block/$(basename "$(findmnt -no SOURCE -T "$1")")/stat"
  echo $((sectors * 512))
}

# What processes cost: user and system time in us, with that of children that were waited for, and
# the largest resident set of one in KiB since the peaks were forgotten.
time_of() {
  local pid
  for pid in $1; do sed 's/.*) //' "/proc/$pid/stat"; done |
    awk -v hz="$(getconf CLK_TCK)" '{ sum += $12 + $13 + $14 + $15 } END { printf "%.0f", sum * 1e6 / hz }'
}
forget_peaks() {
  local pid
  for pid in $1; do echo 5 >"/proc/$pid/clear_refs"; done
}
peak_of() {
  local pid
  for pid in $1; do awk '$1 == "VmHWM:" { print $2 }' "/proc/$pid/status"; done | sort -n | tail -n 1
}

# cost_with CPU_US RSS_KB "COST": the line of measure with a daemon's part
cost_with() {
  awk -v cpu="$1" -v rss="$2" '{ print $1, $2 + cpu, ($3 > rss ? $3 : rss), $4, $5 }' <<<"$3"
}

# The last line that is not a hint, as a table may have it.
reason_in() {
  grep -av '^ *hint:' "$1" | tail -n 1 | tr '\t|' '  ' | cut -c1-100
}

# made NAME COMMAND...: runs it unless an earlier bench did; what it cost, STATUS to REASON, goes to
# made/NAME.cost
made() {
  local name=$1 before
  shift
  if [ -e "made/$name.cost" ]; then return "$(cut -f1 "made/$name.cost")"; fi
  before=$(wc -l <results.tsv)
  tell "making $name"
  run making - "$name" make --wire 0 -- "$@"
  tail -n 1 results.tsv | cut -f5- >"made/$name.cost"
  head -n "$before" results.tsv >results.kept && mv results.kept results.tsv
  return "$(cut -f1 "made/$name.cost")"
}

# cost_of SECTION IMAGE WAY NAME: what it cost to make, into the table
cost_of() {
  printf '%s\t%s\t%s\tmake\t%s\n' "$1" "$2" "$3" "$(cat "made/$4.cost")" >>results.tsv
}

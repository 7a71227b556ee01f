#!/usr/bin/env bash
# Shows what Verbatim does, against a server that is running: imports transcripts, races two writers, retries, pages.
# usage: demo.sh VERBATIM-PROGRAM   (VERBATIM_URL, VERBATIM_DATA_DIR and VERBATIM_TOKEN as for the program)
set -euo pipefail
cd "$(dirname "$0")/.."

verbatim=$1
url=${VERBATIM_URL:-http://127.0.0.1:4280}
data=${VERBATIM_DATA_DIR:-verbatim-data}
rounds=25
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

title() { printf '\n\033[1m%s\033[0m\n' "$*"; }
fail() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}

command -v curl >/dev/null || fail "curl is missing; install it (Debian: apt-get install curl) and run make demo again"
curl -sf "$url/healthz" >/dev/null || fail "no server answers at $url; run 'make run' in another terminal first"
token=${VERBATIM_TOKEN:-$("$verbatim" token --data-dir "$data" --scope append,read)}
export VERBATIM_URL=$url VERBATIM_TOKEN=$token

# put SESSION LAST-UUID ENTRY: prints the status; the body and headers stay in $work/NAME.*
put() {
    curl -sS -X PUT "$url/v1/session_ingress/session/$1" -H "Authorization: Bearer $token" \
        -H 'Content-Type: application/json' -H "Last-Uuid: $2" -d "$3" \
        -o "$work/$name.body" -D "$work/$name.headers" -w '%{http_code}'
}

head_told() { sed -n 's/^x-last-uuid: *\([^\r]*\).*/\1/Ip' "$work/$name.headers"; }

# One writer: appends its entries on whatever head it knows, and adopts the one it is told when it has lost.
writer() {
    local name=$1 session=$2 last='' conflicts=0 i=1 entry status
    while [ "$i" -le "$rounds" ]; do
        entry="{\"type\":\"user\",\"uuid\":\"$name-$i\",\"message\":{\"role\":\"user\",\"content\":\"$i from $name\"}}"
        status=$(put "$session" "$last" "$entry")
        case $status in
            201) last=$name-$i i=$((i + 1)) ;;
            409) last=$(head_told) conflicts=$((conflicts + 1)) ;;
            *) fail "writer $name got a $status: $(cat "$work/$name.body")" ;;
        esac
    done
    printf 'writer %s: %d entries stored, %d times told to adopt another head first\n' "$name" "$rounds" "$conflicts"
}

title "1. Import real transcripts; again, which finds everything there; and export one, byte for byte"
files=()
for file in tests/fixtures/*.jsonl; do
    if "$verbatim" import --dry-run "$file" >/dev/null 2>&1; then files+=("$file"); fi
done
"$verbatim" import "${files[@]}"
printf '\n'
"$verbatim" import "${files[@]}" 2>/dev/null | tee "$work/imported"
file=${files[-1]}
imported=$(sed -n "s|^$file: session \([^:]*\):.*|\1|p" "$work/imported")
# Every exported line is ended; of real files many lack their last newline, which awk gives them.
"$verbatim" export "$imported" | cmp - <(awk 1 "$file") || fail "session $imported is not exported as $file was imported"
printf '\nsession %s, exported, equals %s\n' "$imported" "$file"

session=demo-$$-$(date +%s)
title "2. Two writers race for one session, $session"
writer anna "$session" &
anna=$!
writer ben "$session"
wait "$anna"

title "3. A retry of an entry that others have long appended behind: stored once, and said so"
name=retry
put "$session" 'a-head-long-gone' '{"type":"user","uuid":"anna-1","message":{"role":"user","content":"1 from anna"}}'
printf ' %s\n' "$(cat "$work/retry.body")"
printf 'the same uuid with other content is refused:\n'
put "$session" '' '{"type":"user","uuid":"anna-1","message":{"role":"user","content":"something else"}}'
printf ' %s\n' "$(cat "$work/retry.body")"

title "4. Page it back"
curl -sS "$url/v1/code/sessions/$session/teleport-events?limit=2" -H "Authorization: Bearer $token"
"$verbatim" export "$session" >"$work/exported.jsonl"
stored=$(wc -l <"$work/exported.jsonl")
once=$(grep -o '"uuid":"[a-z]*-[0-9]*"' "$work/exported.jsonl" | sort -u | wc -l)
printf '\n… and so on: %d entries, %d different ones, of 2 × %d appended\n' "$stored" "$once" "$rounds"
if [ "$stored" -ne $((2 * rounds)) ] || [ "$once" -ne "$stored" ]; then
    fail "the chain is not what was appended"
fi

#!/usr/bin/env bash
# The hit counter as Go constructs: it runs, and a denial points at the Go line.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d "$root/examples/.check-XXXXXX")
up_pid=
cleanup() {
  if [ -n "$up_pid" ]; then kill "$up_pid" 2>/dev/null && wait "$up_pid" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT
fail() { echo "FAILED: $*" >&2; tail -n 30 "$work/up.log" >&2; exit 1; }

if [ -z "${WRIT:-}" ]; then
  (cd "$root" && go build -o "$work/writ" ./cmd/writ)
  WRIT=$work/writ
fi
mkdir "$work/hitcounter-go" && cp "$here"/*.go "$work/hitcounter-go"
cp -r "$root/examples/hitcounter" "$work/hitcounter" && rm -rf "$work/hitcounter/.writ"
system=$work/hitcounter-go

start() {
  "$WRIT" up "$system" --aws-port 0 --http-port 0 --ephemeral --format json >"$work/ready.json" 2>"$work/up.log" &
  up_pid=$!
  for _ in $(seq 1 600); do
    [ -s "$work/ready.json" ] && break
    kill -0 "$up_pid" 2>/dev/null || fail "writ up ended"
    sleep 0.1
  done
  http=$(sed 's/.*"http":"\([^"]*\)".*/\1/' "$work/ready.json")
}

echo "== as it is: 200"
start
[ "$(curl -s "$http/hello")" = "Hello, Writ! You've hit /hello" ] || fail "no greeting"

echo "== without the table's grant: 502, and the fix is a line of Go"
sed -i '/GrantWriteData/d' "$system/hit_counter.go"
"$WRIT" diff "$system" >"$work/diff" && grep -q '^│ - │.*dynamodb' "$work/diff" || fail "the diff does not show the statement that goes"
"$WRIT" deploy "$system" >/dev/null 2>&1 || fail "deploy"
[ "$(curl -s -o /dev/null -w '%{http_code}' "$http/hello")" = 502 ] || fail "not 502"
for _ in $(seq 1 600); do # the program is run for it
  grep -q 'add after .*hit_counter.go:[0-9]*:' "$work/up.log" && break
  sleep 0.1
done
grep -q 'add after .*hit_counter.go:[0-9]*:' "$work/up.log" || fail "no place for the fix"
grep -q '\.GrantWriteData(' "$work/up.log" || fail "the fix is not a Go line"
echo "all steps passed"

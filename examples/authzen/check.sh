#!/usr/bin/env bash
# The published cases of AuthZEN's scenarios, put to `writ serve` over HTTP.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d "$root/examples/.check-XXXXXX")
serve_pid=
cleanup() {
  if [ -n "$serve_pid" ]; then kill "$serve_pid" 2>/dev/null && wait "$serve_pid" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT
fail() { echo "FAILED: $*" >&2; tail -n 30 "$work/serve.log" >&2; exit 1; }

if [ -z "${WRIT:-}" ]; then
  (cd "$root" && go build -o "$work/writ" ./cmd/writ)
  WRIT=$work/writ
fi
(cd "$root" && go build -o "$work/ask" ./examples/authzen/ask)
export WRIT_API_KEY=example-key-0123456789-abcdefghijklmnop

for scenario in todo gateway search certification; do
  cp -r "$here/$scenario" "$work/$scenario"
  "$WRIT" serve "$work/$scenario" --server-port 0 --ephemeral --format json >"$work/ready.json" 2>"$work/serve.log" &
  serve_pid=$!
  for _ in $(seq 1 600); do
    [ -s "$work/ready.json" ] && break
    kill -0 "$serve_pid" 2>/dev/null || fail "writ serve ended"
    sleep 0.1
  done
  url=$(sed 's/.*"server":"\([^"]*\)".*/\1/' "$work/ready.json")
  echo "== $scenario at $url"
  "$work/ask" "$url" "$scenario" || fail "$scenario"
  kill "$serve_pid" && wait "$serve_pid" || fail "writ serve did not end well"
  serve_pid=
  : >"$work/ready.json"
done
echo "all scenarios passed"

#!/usr/bin/env bash
# The policy's own tests, questions in this process and to a server, and proof that a test can fail.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
serve_pid=
cleanup() {
  if [ -n "$serve_pid" ]; then kill "$serve_pid" 2>/dev/null && wait "$serve_pid" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT
fail() { echo "FAILED: $*" >&2; cat "$work/out" >&2; exit 1; }
step() { echo "== $*"; }

if [ -z "${WRIT:-}" ]; then
  (cd "$root" && go build -o "$work/writ" ./cmd/writ)
  WRIT=$work/writ
fi
mkdir "$work/system"
cp "$here/topology.yml" "$here/facts.yml" "$work/system"
cd "$work/system"

# ask STATUS WORDS…: runs a command and keeps what it prints.
ask() {
  local want=$1 status=0
  shift
  "$WRIT" "$@" >"$work/out" 2>&1 || status=$?
  [ "$status" = "$want" ] || fail "status $status, not $want: $*"
}
shows() { grep -qF -- "$1" "$work/out" || fail "the answer does not show: $1"; }

step "the policy is right, and its tests hold"
ask 0 policy validate .
shows "4 rules"
ask 0 policy test .
shows "what denies wins"

step "why, and why not"
ask 0 check bob write document:budget
shows "user:bob is editor of folder:company, which is parent of document:budget"
ask 3 check carl share document:offer
shows "rule contractors-may-not-share denies it"
shows "topology.yml"
ask 3 check frank read document:contract
shows "resource.level is 3, user.clearance is 2"
ask 0 check bob write document:contract --context '{"hour": 12}'
ask 3 check bob write document:contract --context '{"hour": 23}'

step "what may bob write, and who may delete the offer?"
ask 0 check bob write document --list resources --context '{"hour": 12}'
shows "contract"
shows "offer"
ask 0 check user delete document:offer --list subjects
shows "alice"

step "a test that is wrong fails, and says where and why"
sed 's/- carl may not share document:offer .*/- carl may share document:offer/' topology.yml >changed && mv changed topology.yml
ask 1 policy test .
shows "carl may share document:offer"
shows "rule contractors-may-not-share denies it"
cp "$here/topology.yml" .

step "a policy that is wrong is refused at its place"
sed 's/from: editor of parent$/from: editor of parents/; s/viewer of parent}/viewer of parnt}/' topology.yml >changed && mv changed topology.yml
ask 1 policy validate .
shows 'has no relation "parnt"'
shows "did you mean parent?"
cp "$here/topology.yml" .

step "the same over HTTP"
: >"$work/ready.json"
WRIT_API_KEY=an-example-key-of-the-documents-policy "$WRIT" serve . --ephemeral --server-port 0 --format json >"$work/ready.json" 2>"$work/out" &
serve_pid=$!
for _ in $(seq 1 300); do
  [ -s "$work/ready.json" ] && break
  kill -0 "$serve_pid" 2>/dev/null || fail "writ serve ended"
  sleep 0.1
done
url=$(grep -o 'http://[^"]*' "$work/ready.json" | head -n 1)
[ -n "$url" ] || fail "writ serve was not ready within 30 s"
# decides WANT BODY: asks the AuthZEN endpoint.
decides() {
  curl -sf "$url/access/v1/evaluation" -H "Authorization: Bearer an-example-key-of-the-documents-policy" \
    -H 'Content-Type: application/json' -d "$2" >"$work/out" || fail "curl: $2"
  grep -q "\"decision\": *$1" "$work/out" || fail "not $1: $2"
}
decides true '{"subject": {"type": "user", "id": "bob"}, "action": {"name": "write"}, "resource": {"type": "document", "id": "budget"}}'
decides false '{"subject": {"type": "user", "id": "carl"}, "action": {"name": "share"}, "resource": {"type": "document", "id": "offer"}}'
echo "all steps passed"

#!/usr/bin/env bash
# The system with its issuer: who is let in, who is not and with which status, why, and a role that is given while it runs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# A copy in the same module, so that Go functions build; hidden from go's ./... .
work=$(mktemp -d "$root/examples/.check-XXXXXX")
up_pid='' issuer_pid=''
cleanup() {
  for pid in $up_pid $issuer_pid; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT
fail() {
  echo "FAILED: $*" >&2
  for log in out up.log; do
    if [ -s "$work/$log" ]; then echo "--- $log" >&2; tail -n 40 "$work/$log" >&2; fi
  done
  exit 1
}
step() { echo "== $*"; }

if [ -z "${WRIT:-}" ]; then
  (cd "$root" && go build -o "$work/writ" ./cmd/writ)
  WRIT=$work/writ
fi

step "an issuer on this machine"
(cd "$root" && go build -o "$work/issuer" ./examples/gateway-authorizer/issuer)
"$work/issuer" --listen 127.0.0.1:0 >"$work/issuer.url" 2>"$work/out" &
issuer_pid=$!
for _ in $(seq 1 100); do [ -s "$work/issuer.url" ] && break; sleep 0.1; done
issuer=$(cat "$work/issuer.url")
[ -n "$issuer" ] || fail "the issuer did not start"

mkdir "$work/system"
system=$work/system
cp -r "$here/topology.yml" "$here/facts.yml" "$here/library" "$system"
sed -i.old "s|http://127.0.0.1:8790|$issuer|" "$system/topology.yml" && rm "$system/topology.yml.old"

step "what writ validate says: a route that asks nothing lets nobody in"
"$WRIT" validate "$system" >"$work/out" 2>&1 || fail "writ validate"
grep -q 'GET /cellar.*no authorize' "$work/out" || fail "the route without authorize is not named"

step "writ up"
"$WRIT" up "$system" --aws-port 0 --http-port 0 --server-port 0 --format json >"$work/ready.json" 2>"$work/up.log" &
up_pid=$!
for _ in $(seq 1 1800); do
  [ -s "$work/ready.json" ] && break
  kill -0 "$up_pid" 2>/dev/null || fail "writ up ended"
  sleep 0.1
done
[ -s "$work/ready.json" ] || fail "writ up was not ready within 180 s"
http=$(sed 's/.*"http":"\([^"]*\)".*/\1/' "$work/ready.json")

# token QUERY: a token of the issuer.
token() { curl -sf "$issuer/token?$1"; }
# get STATUS PATH [TOKEN]: asks the API, and keeps the answer.
get() {
  local want=$1 path=$2 got
  shift 2
  got=$(curl -s -o "$work/out" -w '%{http_code}' "$http$path" ${1+-H "Authorization: Bearer $1"})
  [ "$got" = "$want" ] || fail "$path answered $got, not $want"
}
# logged TEXT: waits until the log of the authorizer has it.
logged() {
  for _ in $(seq 1 50); do
    grep -qF -- "$1" "$work/up.log" && return
    sleep 0.1
  done
  fail "the log does not show: $1"
}

step "401: no token, and tokens that prove nothing"
get 401 /reports
for forge in signature expired audience none; do
  get 401 /reports "$(token "sub=bob&org=city&forge=$forge")"
done
get 401 /reports "not.a.token"

step "RBAC: bob is a librarian of the city, ann is not, and he is none of the river"
get 200 /reports "$(token 'sub=bob&org=city')"
grep -q 'for bob' "$work/out" || fail "the function does not know who calls"
get 403 /reports "$(token 'sub=ann&org=city')"
logged 'user:ann is not librarian in tenant city'
get 403 /reports "$(token 'sub=bob&org=river')"

step "ABAC: the music department reads files about music"
get 200 /files/f1 "$(token 'sub=eve&org=city&department=music')"
get 403 /files/f1 "$(token 'sub=eve&org=city&department=sports')"
logged 'rule files-are-read-in-their-department does not hold'

step "ReBAC: ann may read the shelf, and so the book in it"
get 200 /books/emma "$(token 'sub=ann&org=city')"
get 403 /books/emma "$(token 'sub=bob&org=city')"

step "a route that asks nothing lets nobody in"
get 403 /cellar "$(token 'sub=bob&org=city')"

step "a role that is given while it runs counts for the next request, and one that is taken away"
eve=$(token 'sub=eve&org=city')
get 403 /books/emma "$eve"
"$WRIT" tuple add "shelf:novels#reader@user:eve" "$system" >"$work/out" 2>&1 || fail "writ tuple add"
get 200 /books/emma "$eve"
"$WRIT" tuple remove "shelf:novels#reader@user:eve" "$system" >"$work/out" 2>&1 || fail "writ tuple remove"
get 403 /books/emma "$eve"
echo "all steps passed"

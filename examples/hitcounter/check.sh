#!/usr/bin/env bash
# The whole lesson, each step asserted: no grants, the table's grant, the
# function's grant, kill -9. It follows the fixes that Writ prints.
# check.sh [EXAMPLE]: another directory with the same system in another language.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
example=$(cd "${1:-$here}" && pwd)
root=$(cd "$here/../.." && pwd)
name=$(sed -n 's/^name: //p' "$example/topology.yml")

fail() {
  echo "FAILED: $*" >&2
  if [ -s "$work/up.log" ]; then echo "--- the log of writ up" >&2; tail -n 40 "$work/up.log" >&2; fi
  exit 1
}
step() { echo "== $*"; }
not_here() { echo "cannot run here: $*"; exit 77; }

# A copy in the same module, so that Go handlers build; hidden from go's ./... .
work=$(mktemp -d "$root/examples/.check-XXXXXX")
up_pid=
cleanup() {
  if [ -n "$up_pid" ]; then kill "$up_pid" 2>/dev/null && wait "$up_pid" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT
mkdir "$work/system"
system=$work/system
(cd "$example" && tar cf - --exclude=.writ --exclude=node_modules --exclude=check.sh .) | tar xf - -C "$system"

if [ -z "${WRIT:-}" ]; then
  (cd "$root" && go build -o "$work/writ" ./cmd/writ)
  WRIT=$work/writ
fi
if ls "$system"/*/*.py >/dev/null 2>&1; then
  command -v python3 >/dev/null || not_here "there is no python3"
  python3 -c 'import boto3' 2>/dev/null || not_here "python3 has no boto3 (Debian: apt-get install python3-boto3)"
fi
if [ -f "$system/package.json" ]; then
  command -v node >/dev/null || not_here "there is no node"
  cache=$root/bin/node-sdk
  if [ ! -d "$cache/node_modules/@aws-sdk/client-lambda" ]; then
    mkdir -p "$cache" && cp "$system/package.json" "$cache"
    (cd "$cache" && npm install --no-audit --no-fund --silent) || not_here "npm could not get the AWS SDK for JavaScript"
  fi
  ln -s "$cache/node_modules" "$system/node_modules"
fi

start() {
  : >"$work/ready.json"
  "$WRIT" up "$system" --aws-port 0 --http-port 0 --format json >"$work/ready.json" 2>>"$work/up.log" &
  up_pid=$!
  for _ in $(seq 1 600); do
    [ -s "$work/ready.json" ] && break
    kill -0 "$up_pid" 2>/dev/null || fail "writ up ended"
    sleep 0.1
  done
  [ -s "$work/ready.json" ] || fail "writ up was not ready within 60 s"
  http=$(sed 's/.*"http":"\([^"]*\)".*/\1/' "$work/ready.json")
  eval "$("$WRIT" credentials "$system")"
}

# get PATH: sets status and body.
get() {
  status=$(curl -s -o "$work/body" -w '%{http_code}' "$http$1")
  body=$(cat "$work/body")
}
want_502() {
  get /hello
  [ "$status" = 502 ] || fail "GET /hello gave $status, not 502: $body"
  [ "$body" = '{"message": "Internal server error"}' ] || fail "the body is $body"
}
# hits PATH: the count in the table, read with curl's own SigV4.
hits() {
  curl -s --aws-sigv4 "aws:amz:$AWS_REGION:dynamodb" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    -H "X-Amz-Security-Token: $AWS_SESSION_TOKEN" -H 'X-Amz-Target: DynamoDB_20120810.GetItem' \
    -H 'Content-Type: application/x-amz-json-1.0' \
    -d "{\"TableName\":\"${name}_hits_dev\",\"Key\":{\"path\":{\"S\":\"$1\"}}}" "$AWS_ENDPOINT_URL/" |
    sed -n 's/.*"hits":{"N":"\([0-9]*\)"}.*/\1/p'
}
want_hits() { local n; n=$(hits /hello); [ "${n:-0}" = "$1" ] || fail "the table counts ${n:-0} hits, not $1"; }
# want_log TEXT: the function's own log, read through CloudWatch Logs.
want_log() {
  for _ in $(seq 1 30); do
    "$WRIT" logs counter "$system" >"$work/function.log" && grep -qF -- "$1" "$work/function.log" && return
    sleep 0.1
  done
  fail "the log of counter does not hold: $1"
}
# apply_fix: does to topology.yml what the last fix in the log says.
apply_fix() {
  awk '/^  add after /{block=""; n=$0; sub(/^.*topology\.yml:/, "", n); sub(/:.*$/, "", n); next}
       /^  \+ /{block=block substr($0, 5) "\n"}
       END{printf "%s\n%s", n, block}' "$work/up.log" >"$work/fix"
  local line; line=$(head -n 1 "$work/fix")
  [ -n "$line" ] && [ "$(wc -l <"$work/fix")" -gt 1 ] || fail "the log holds no fix"
  tail -n +2 "$work/fix" >"$work/lines"
  sed -i "${line}r $work/lines" "$system/topology.yml"
  echo "   applied after line $line:"; sed 's/^/   + /' "$work/lines"
}
want_diff() {
  "$WRIT" diff "$system" >"$work/diff"
  [ "$(grep -c '^│ [+-] │' "$work/diff")" = 1 ] && grep -q '^│ + │' "$work/diff" || { cat "$work/diff"; fail "the diff does not show one added statement"; }
  grep -qF "$1" "$work/diff" || { cat "$work/diff"; fail "the diff does not show $1"; }
  "$WRIT" diff "$system" --fail-on widen >/dev/null && fail "the diff does not count as a widening" || [ $? = 4 ] || fail "--fail-on widen did not end with 4"
}
deploy() {
  "$WRIT" deploy "$system" >"$work/deployed" 2>>"$work/up.log" || fail "writ deploy"
  grep -q ': deployed$' "$work/deployed" || fail "writ deploy changed nothing"
}

step "no grants: 502, and the log says why and what to add"
awk '/^    grants:/{skip=1; next} skip && /^      - /{next} {skip=0; print}' "$example/topology.yml" >"$system/topology.yml"
start
want_502
role=tc-$name-counter-dev
want_log "AccessDenied"
want_log "User: arn:aws:sts::000000000000:assumed-role/$role/${name}_counter_dev is not authorized to perform: dynamodb:UpdateItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/${name}_hits_dev because no identity-based policy allows the dynamodb:UpdateItem action"
grep -q 'DENIED dynamodb:UpdateItem' "$work/up.log" || fail "writ up does not show the denial"
want_hits 0

step "the table's grant: 502 again, but the table counts"
apply_fix
grep -q '{store: hits, access: writeData}' "$system/topology.yml" || fail "the fix is not writeData on hits"
want_diff dynamodb:UpdateItem
deploy
want_502
want_log "is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:000000000000:function:${name}_hello_dev because no identity-based policy allows the lambda:InvokeFunction action"
want_hits 1

step "the function's grant: 200"
apply_fix
want_diff lambda:InvokeFunction
deploy
get /hello
[ "$status" = 200 ] || fail "GET /hello gave $status: $body"
[ "$body" = "Hello, Writ! You've hit /hello" ] || fail "the body is $body"
want_hits 2
[ "$("$WRIT" diff "$system")" = "no differences" ] || fail "the topology differs from what is deployed"

step "kill -9, and start again: all is as it was"
kill -9 "$up_pid"
wait "$up_pid" 2>/dev/null || true
start
want_hits 2
get /hello
[ "$status" = 200 ] || fail "after the restart GET /hello gave $status: $body"
want_hits 3
[ "$("$WRIT" diff "$system")" = "no differences" ] || fail "after the restart the stack differs"
"$WRIT" invoke hello "$system" --payload '{"path": "/direct"}' >"$work/answer" && grep -q "hit /direct" "$work/answer" || fail "writ invoke"
echo "all steps passed"

#!/usr/bin/env bash
# Every mode of roles on one tc project: what each lets through, what is read
# back from IAM, and that a change of mode is never silent.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

fail() {
  echo "FAILED: $*" >&2
  if [ -s "$work/up.log" ]; then echo "--- the log of writ up" >&2; tail -n 40 "$work/up.log" >&2; fi
  exit 1
}
checks=0
step() { echo "== $*"; }
ok() { checks=$((checks + 1)); }

# A copy in the same module, so that Go handlers build; hidden from go's ./... .
work=$(mktemp -d "$root/examples/.check-XXXXXX")
up_pid=
cleanup() {
  if [ -n "$up_pid" ]; then kill "$up_pid" 2>/dev/null && wait "$up_pid" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT
(cd "$here" && tar cf - --exclude=.writ --exclude=check.sh .) | tar xf - -C "$work"
cd "$work"
system=topologies/orders
if [ -z "${WRIT:-}" ]; then
  (cd "$root" && go build -o "$work/writ" ./cmd/writ)
  WRIT=$work/writ
fi

# holds FILE TEXT, lacks FILE TEXT
holds() { grep -qF -- "$2" "$1" || fail "$1 does not hold: $2
$(cat "$1")"; ok; }
lacks() { if grep -qF -- "$2" "$1"; then fail "$1 holds: $2
$(cat "$1")"; fi; ok; }
# want STATUS METHOD PATH
want() {
  local status
  status=$(curl -s -X "$2" -o "$work/body" -w '%{http_code}' "$http$3")
  [ "$status" = "$1" ] || fail "$2 $3 gave $status, not $1: $(cat "$work/body")"
  ok
}
iam() { # iam ACTION NAME=VALUE...
  local action=$1; shift
  local form=()
  for pair in "$@"; do form+=(--data-urlencode "$pair"); done
  curl -sf --aws-sigv4 "aws:amz:$AWS_REGION:iam" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    -H "X-Amz-Security-Token: $AWS_SESSION_TOKEN" --data-urlencode "Action=$action" --data-urlencode Version=2010-05-08 "${form[@]}" "$AWS_ENDPOINT_URL/" >"$work/iam.xml" ||
    fail "iam $action"
}
deploy() { "$WRIT" deploy "$system" "$@" >deploy.out 2>deploy.err || fail "writ deploy $*: $(cat deploy.err)"; }

step "the files are found, each statement says where it stands"
"$WRIT" roles "$system" >roles.out 2>roles.err
holds roles.err "orders-dev: roles are shared (replace)"
holds roles.out "infrastructure/tc/base/roles/function.json:13 role file"
holds roles.out "infrastructure/tc/orders/roles/report.json:4 role file"
holds roles.out "StringEquals aws:ResourceTag/sandbox dev"
holds roles.out "missing    tc-orders-intake-dev: it does not allow what an edge needs"

step "replace, as with tc, but the condition is kept"
"$WRIT" up "$system" --aws-port 0 --http-port 0 --format json >ready.json 2>up.log &
up_pid=$!
for _ in $(seq 1 900); do
  [ -s ready.json ] && break
  kill -0 "$up_pid" 2>/dev/null || fail "writ up ended"
  sleep 0.1
done
[ -s ready.json ] || fail "writ up was not ready within 90 s"
http=$(sed 's/.*"http":"\([^"]*\)".*/\1/' ready.json)
eval "$("$WRIT" credentials "$system")"
want 200 PUT "/orders/1"
want 403 PUT "/orders/1?table=archive"
want 200 GET /report
"$WRIT" roles "$system" --deployed >roles.out || fail "the roles drifted: $(cat roles.out)"
holds roles.out "StringEquals aws:ResourceTag/sandbox dev"
holds roles.out "deny  dynamodb:*"
"$WRIT" diff "$system" >diff.out
holds diff.out "no differences"

step "boundary: the edges, as far as the files let them"
"$WRIT" diff "$system" --way boundary >diff.out
holds diff.out "role mode: shared (replace) -> shared (boundary)"
deploy --way boundary
want 200 PUT "/orders/2"
want 403 PUT "/orders/2?table=archive"
"$WRIT" roles "$system" --deployed >roles.out || fail "the roles drifted: $(cat roles.out)"
holds roles.out "at most  what the boundary allows:"

step "the way is remembered"
deploy
holds deploy.err "orders-dev: roles are shared (boundary): as the sandbox was made"
holds deploy.out "no changes"

step "merge: the files and the edges, and the Deny holds"
deploy --way merge
want 200 GET /report
want 403 PUT "/orders/3?table=archive"

step "dynamic: the edges alone; the way of files is remembered until another is named"
deploy --roles dynamic --way replace
holds deploy.err "is not used"
want 200 PUT "/orders/4?table=archive"
want 200 GET /report
"$WRIT" roles "$system" --roles dynamic --way replace --tc >roles.out
holds roles.out "tc -> writ: roles 1 -> 2, statements 9 -> 5, resources that are * 6 -> 0"

step "global: the account's own role, tried before anything changes"
if TC_LEGACY_ROLES=1 "$WRIT" create "$system" -s dev >deploy.out 2>deploy.err; then fail "a role that is not there was taken"; fi
holds deploy.err "no-role    tc-base-lambda-role: the account has no such role"
want 200 PUT "/orders/5?table=archive"
iam CreateRole RoleName=tc-base-lambda-role 'AssumeRolePolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
iam PutRolePolicy RoleName=tc-base-lambda-role PolicyName=all 'PolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["dynamodb:*","logs:*"],"Resource":"*"}]}'
TC_LEGACY_ROLES=1 "$WRIT" create "$system" -s dev >deploy.out 2>deploy.err || fail "global roles: $(cat deploy.err)"
want 200 PUT "/orders/6?table=archive"
"$WRIT" update "$system" -s dev >deploy.out 2>deploy.err
holds deploy.err "roles are global: as the sandbox was made"
# report has a file of its own, which goes before the mode, as with tc.
"$WRIT" synth "$system" --roles global >template.json 2>/dev/null
holds template.json "role/tc-base-lambda-role"
holds template.json '"ReportRole"'
lacks template.json '"IntakeRole"'

step "delete takes what the stack made, and nothing else"
"$WRIT" delete "$system" -s dev --yes >/dev/null 2>&1
iam GetRole RoleName=tc-base-lambda-role
echo "$checks checks, all passed"

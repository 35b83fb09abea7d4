#!/usr/bin/env bash
# Two sandboxes of two namespaces in one local cloud: no role of any of the four
# stacks can touch another stack, and the check that says so can fail.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

fail() {
  echo "FAILED: $*" >&2
  if [ -s "$work/up.log" ]; then echo "--- the log of writ up" >&2; tail -n 20 "$work/up.log" >&2; fi
  exit 1
}
step() { echo "== ${SECONDS}s: $*"; }

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
(cd "$here" && tar cf - --exclude=.writ --exclude=check.sh --exclude=isolation .) | tar xf - -C "$system"
(cd "$root" && go build -o "$work/isolation" ./examples/sandboxes/isolation)
if [ -z "${WRIT:-}" ]; then
  (cd "$root" && go build -o "$work/writ" ./cmd/writ)
  WRIT=$work/writ
fi

step "sandbox a runs, sandbox b is deployed beside it"
: >"$work/ready.json"
"$WRIT" up "$system" -s a --aws-port 0 --http-port 0 --format json >"$work/ready.json" 2>"$work/up.log" &
up_pid=$!
for _ in $(seq 1 600); do
  [ -s "$work/ready.json" ] && break
  kill -0 "$up_pid" 2>/dev/null || fail "writ up ended"
  sleep 0.1
done
[ -s "$work/ready.json" ] || fail "writ up was not ready within 60 s"
"$WRIT" deploy "$system" -s b >"$work/deployed" 2>>"$work/up.log" || fail "writ deploy -s b"
grep -q 'billing-b: deployed' "$work/deployed" || fail "sandbox b was not deployed"
eval "$("$WRIT" credentials "$system")"
isolation() { "$work/isolation" --writ "$WRIT" "$@"; }
stacks=(shop-a billing-a shop-b billing-b)

step "every action of every role, on every resource of the three other stacks"
isolation "$system" "${stacks[@]}" || fail "a stack can touch another"

# by_hand SERVICE FORM...: a call as the developer, by curl's own SigV4.
by_hand() {
  curl -sf --aws-sigv4 "aws:amz:$AWS_REGION:$1" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -H "X-Amz-Security-Token: $AWS_SESSION_TOKEN" \
    "${@:2}" "$AWS_ENDPOINT_URL/" >/dev/null || fail "$1 by hand"
}
policy=(-d Version=2010-05-08 -d RoleName=tc-shop-orders-a -d PolicyName=by-hand)

step "a wildcard and a message by hand: the check fails with just what they open"
by_hand iam -d Action=PutRolePolicy "${policy[@]}" \
  --data-urlencode 'PolicyDocument={"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]}'
by_hand sqs -H 'X-Amz-Target: AmazonSQS.SendMessage' -H 'Content-Type: application/x-amz-json-1.0' \
  -d "{\"QueueUrl\": \"$AWS_ENDPOINT_URL/000000000000/shop_jobs_b\", \"MessageBody\": \"mark-shop-a--by-hand\"}"
if isolation "$system" shop-a shop-b >"$work/widened"; then fail "the check sees neither"; fi
grep '^FAILED' "$work/widened" | cut -c1-160
# Two queues of shop-b, with the role's keys and by its function's code.
[ "$(grep -c '^FAILED: tc-shop-orders-a: sqs:SendMessage on .*:shop_[a-z]*_b was not denied by IAM: 200' "$work/widened")" = 4 ] || fail "the wildcard opens 4 calls"
grep -q '^FAILED: shop-b heard mark-shop-a--by-hand' "$work/widened" || fail "the message was not seen"
grep -q ' 5  failed$' "$work/widened" || { cat "$work/widened"; fail "something else failed"; }
by_hand iam -d Action=DeleteRolePolicy "${policy[@]}"

step "each role with all that it has on every resource: each request goes through, and none without"
isolation --widen "$system" "${stacks[@]}" || fail "a request is denied for another reason than the role's policy"
echo "all steps passed"

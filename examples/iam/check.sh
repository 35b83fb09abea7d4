#!/usr/bin/env bash
# Each question of the README and what stands in its way, asserted.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*" >&2; cat "$work/out" >&2; exit 1; }
step() { echo "== $*"; }

if [ -z "${WRIT:-}" ]; then
  (cd "$root" && go build -o "$work/writ" ./cmd/writ)
  WRIT=$work/writ
fi
cd "$here"

# ask STATUS FLAGS…: asks and keeps the answer.
ask() {
  local want=$1 status=0
  shift
  "$WRIT" iam explain "$@" >"$work/out" 2>&1 || status=$?
  [ "$status" = "$want" ] || fail "status $status, not $want: $*"
}
shows() { grep -qF -- "$1" "$work/out" || fail "the answer does not show: $1"; }
ann=(--principal arn:aws:iam::111122223333:user/ann --resource-account 111122223333 --context aws:PrincipalTag/team=blue)
report=arn:aws:s3:::reports/blue/may.csv

step "a report of the own team: allowed, and by which line"
ask 0 --policy developer.json "${ann[@]}" --action s3:GetObject --resource "$report"
shows ALLOWED
shows "statement 0 (OwnReports)  developer.json:4:5"

step "a report of another team: the element that failed, wanted and found"
ask 3 --policy developer.json "${ann[@]}" --action s3:GetObject --resource arn:aws:s3:::reports/red/may.csv
shows "because no identity-based policy allows the s3:GetObject action"
shows 'wanted  arn:aws:s3:::reports/${aws:PrincipalTag/team}/*'
shows "found   arn:aws:s3:::reports/red/may.csv"

step "the boundary limits what the policy allows"
ask 3 --policy developer.json --boundary boundary.json "${ann[@]}" --action sqs:SendMessage --resource arn:aws:sqs:eu-west-1:111122223333:jobs
shows "because no permissions boundary allows the sqs:SendMessage action"

step "the organisation denies, whatever is allowed"
ask 3 --policy developer.json --scp organisation.json "${ann[@]}" --action s3:PutObject --resource "$report" --context aws:RequestedRegion=us-east-1
shows "with an explicit deny in a service control policy"
ask 0 --policy developer.json --scp organisation.json "${ann[@]}" --action s3:PutObject --resource "$report" --context aws:RequestedRegion=eu-west-1

step "what a verdict hangs on is said, until it is given"
bucket=(--principal arn:aws:iam::111122223333:user/ann --resource-account 111122223333 --context aws:PrincipalTag/team=blue --action s3:PutObject --resource "$report")
ask 3 --policy developer.json --scp organisation.json "${bucket[@]}"
shows "aws:RequestedRegion  (wanted StringNotEquals eu-central-1, eu-west-1, assumed us-east-1; organisation.json/StayInEurope denies)"
ask 0 --policy developer.json --scp organisation.json "${bucket[@]}" --region eu-central-1

step "what the AWS CLI prints is read as it is"
printf '{"PolicyName": "dev", "PolicyDocument": %s}' "$(cat developer.json)" >"$work/get-role-policy.json"
ask 0 --policy - "${ann[@]}" --action s3:GetObject --resource "$report" <"$work/get-role-policy.json"
shows "standard input:"

step "another account: both sides must allow"
partner=(--principal arn:aws:sts::999988887777:assumed-role/partner/nightly --resource-account 111122223333 --action s3:GetObject --resource arn:aws:s3:::reports/public/may.csv)
ask 3 --resource-policy bucket.json "${partner[@]}"
shows "because no identity-based policy allows the s3:GetObject action"
ask 0 --resource-policy bucket.json --policy boundary.json "${partner[@]}"

step "the cases come out as they say"
"$WRIT" iam eval --check cases.jsonl >"$work/out" || fail "writ iam eval --check"
shows "3 cases: 3 as expected, 0 not"
echo "all steps passed"

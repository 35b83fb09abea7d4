#!/usr/bin/env bash
# Measures the policy engine beside its peers and writes docs/bench/policy.md. Arguments go to the
# first of the two runs: -growth=10000000, say. Cerbos has a run of its own (see peers_most.go).
set -euo pipefail
export LC_ALL=C
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
note=${NOTE:-"Load of the machine before the run: $(uptime | sed 's/.*average: //')."}
go test -run '^$' -bench . -benchtime 1s -timeout 60m . "$@" | tee "$out/most.txt"
go test -run '^$' -bench 'W[13]' -benchtime 1s -modfile cerbos.mod -tags cerbos . | tee "$out/cerbos.txt"
go run ./report -out ../../docs/bench -note "$note" "$out/most.txt" "$out/cerbos.txt"

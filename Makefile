# `make test` is everything that CI runs. It needs Go; what else the tests use
# (Node.js, Python 3 with boto3) `scripts/prepare` installs or says how to.

GOFUMPT     = go run mvdan.cc/gofumpt@v0.12.0
STATICCHECK = go run honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: test lint unit race corpora closed-world fuzz-list fuzz examples sdks bench prepare

test: prepare lint unit race corpora closed-world fuzz-list examples sdks

prepare:
	@scripts/prepare

lint:
	@unformatted=$$($(GOFUMPT) -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "run gofumpt -w on:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	GOOS=darwin go vet ./localcloud/... ./internal/... ./cmd/... ./server/... ./sqlite ./postgres/...
	$(STATICCHECK) ./...

unit:
	go test -shuffle=on ./...

# The parts where goroutines meet.
race:
	go test -race -short ./localcloud/... ./internal/cli/... ./authz/... ./server/... ./identity ./sqlite ./postgres

# The cases that others wrote, with how many ran of each.
corpora:
	@scripts/corpora

# Over 2,000 random systems each: what synthesis makes allows a call if and only if
# the topology has the edge, and a boundary lets it through.
closed-world:
	@scripts/closed-world

# Every target in .ci/fuzz-targets must exist and pass on its seeds.
fuzz-list:
	@scripts/fuzz list

# A minute for each target; not part of `make test`.
fuzz:
	@scripts/fuzz 60s

examples:
	@scripts/examples

# Permit's own Go test and its Node SDK, as they were published, against `writ serve`.
sdks:
	@scripts/sdks

# The policy engine beside its peers takes minutes to compile and to run; its figures go to docs/bench.
bench:
	cd bench && go test -run '^$$' -bench . ./...
	cd bench/policy && ./bench.sh

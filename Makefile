# Everything a developer runs. CI runs the same targets through .ci/run.
GOLANGCI ?= v2.15.0
BIN      ?= $(CURDIR)/bin

.DEFAULT_GOAL := help
.PHONY: help build test race lint golden schema examples bench fuzz check

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build one static binary: bin/headgate
	CGO_ENABLED=0 go build -trimpath -o $(BIN)/headgate ./cmd/headgate

test: ## run the tests
	go test ./...

race: ## run the tests under the race detector
	go test -race ./...

lint: $(BIN)/golangci-lint-$(GOLANGCI) ## format check and linters, the floors of the house among them
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these"; exit 1; }
	go vet ./...
	$(BIN)/golangci-lint-$(GOLANGCI) run ./...

$(BIN)/golangci-lint-$(GOLANGCI):
	GOBIN=$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)
	mv $(BIN)/golangci-lint $@

golden: ## write the golden files anew; look at the difference before you commit it
	go test ./engine/spec ./reporters/... ./cmd/headgate -update

schema: ## write the JSON Schemas anew from the types
	go test ./cmd/headgate -run TestSchemas -update

examples: build ## run every example, each planted fault among them
	go test ./cmd/headgate -run 'Test(Container)?Examples' -examples -count=1 -timeout 20m -v

bench: build ## measure, as ratios against a peer in the same run (wrk: apt-get install wrk)
	go run ./bench
	go test -run "^$$" -bench . -benchtime 1s ./mocks/embedded ./traffic/compare ./traffic/jsonl ./gates

fuzz: ## a short run of every fuzz test
	@for pkg in $$(go list ./...); do \
	  for f in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "$$pkg $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime 10s $$pkg || exit 1; \
	  done; done

check: lint race examples ## all that must be green before a change is handed in

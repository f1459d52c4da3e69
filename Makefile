# erlmcp: `make help` lists what there is to do.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
STAMP    = -X github.com/erlmcp/erlmcp/version.Version=$(VERSION) -X github.com/erlmcp/erlmcp/version.Commit=$(COMMIT)
LDFLAGS  = -s -w $(STAMP)

export CGO_ENABLED = 0
GO       = go
EMBEDDED = providers/artifact/embedded

# The race detector needs a C compiler; without one the tests run all the same.
RACE     = $(shell command -v $$($(GO) env CC) >/dev/null 2>&1 && echo CGO_ENABLED=1 || echo CGO_ENABLED=0)

.DEFAULT_GOAL := help
.PHONY: help build runtime demo demo-down test e2e e2e-kubernetes bench bench-server lint release clean

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: runtime ## Build bin/erlmcp (with the runtime inside) and bin/erlmcpd
	$(GO) build -trimpath -tags embed_runtime -ldflags "$(LDFLAGS)" -o bin/erlmcp ./cmd/erlmcp
	cp dist/runtime/erlmcpd-linux-$$($(GO) env GOHOSTARCH) bin/erlmcpd

# The runtime for each Linux architecture, packed for embedding.
runtime:
	@mkdir -p bin dist/runtime $(EMBEDDED)
	GOOS=linux GOARCH=amd64 $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o dist/runtime/erlmcpd-linux-amd64 ./cmd/erlmcpd
	GOOS=linux GOARCH=arm64 $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o dist/runtime/erlmcpd-linux-arm64 ./cmd/erlmcpd
	$(GO) run ./providers/artifact/internal/pack -out $(EMBEDDED) dist/runtime/erlmcpd-linux-amd64 dist/runtime/erlmcpd-linux-arm64

demo: ## Start the quickstart's MCP server on this machine, and call a tool of it
	@mkdir -p bin
	$(GO) build -trimpath -ldflags "$(LDFLAGS)" -o bin/ ./cmd/erlmcp ./cmd/erlmcpd
	bin/erlmcp -chdir=examples/quickstart apply -auto-approve
	bin/erlmcp call http://localhost:8080 search query=restore
	@echo; echo "The server runs on at http://localhost:8080/mcp; make demo-down ends it."

demo-down: ## End what make demo started
	bin/erlmcp -chdir=examples/quickstart destroy -auto-approve

# The longest package takes minutes where two cores do all; go test's own limit is 10.
test: ## Run every test that needs only Go, with the race detector where there is a C compiler
	$(RACE) $(GO) test -timeout 30m $(if $(findstring =1,$(RACE)),-race) ./...

# A cluster for the tests, taken down whatever becomes of them.
BED = trap 'e2e/setup/kubernetes.sh down' EXIT && e2e/setup/kubernetes.sh up

# The packages that have tests for the real things; make test runs the others.
REAL = ./e2e/... $(shell grep -rl '^//go:build e2e' engine providers --include='*_test.go' | xargs -n1 dirname | sort -u | sed 's|^|./|')

e2e: build ## Run the tests against the real things: Docker, Kubernetes and whole programs
	e2e/setup/docker.sh
	e2e/setup/npm.sh
	e2e/setup/observe.sh
	$(BED) && $(GO) test -tags e2e -count=1 -p 1 -timeout 40m $(REAL)

e2e-kubernetes: build ## Run those of them that need a cluster
	$(BED) && $(GO) test -tags e2e -count=1 -p 1 -timeout 40m -run Kubernetes ./e2e/... ./engine/state/backend/kubernetes ./providers/kubernetes/...

bench: ## Run the benchmarks; ratios against the peer beside them, in one run
	$(GO) test -run '^$$' -bench . -benchmem ./...

bench-server: ## Measure the runtime beside its peers, on loopback; takes about 3 minutes
	$(GO) run ./e2e/bench

lint: ## Check form and usual mistakes
	@test -z "$$(gofmt -l . | tee /dev/stderr)"
	$(GO) vet ./...
	$(GO) vet -tags e2e ./e2e/... ./engine/... ./providers/...
	GOOS=darwin $(GO) build ./cmd/...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

release: runtime ## Build dist/ for Linux and macOS, with checksums
	@for os in linux darwin; do for arch in amd64 arm64; do \
	  echo "dist/erlmcp-$$os-$$arch"; \
	  GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -tags embed_runtime -ldflags "$(LDFLAGS)" -o dist/erlmcp-$$os-$$arch ./cmd/erlmcp || exit 1; \
	done; done
	cp dist/runtime/erlmcpd-linux-* dist/
	cd dist && sha256sum erlmcp-* erlmcpd-* > SHA256SUMS

clean: ## Remove what was built
	rm -rf bin dist $(EMBEDDED)/*.zst

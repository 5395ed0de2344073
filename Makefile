# make test is the one test command: unit tests, golden trees, and the checkers over every rendered file.
GO ?= go
VERSION ?= dev
LDFLAGS = -s -w -X github.com/mbamplan/mbamplan/pkg/cli.Version=$(VERSION)
PLATFORMS = windows/amd64 windows/arm64 linux/amd64 linux/arm64 darwin/amd64 darwin/arm64

.PHONY: test unit verify rehearsal index golden docs mutation lint fuzz bench build vuln clean

test: unit verify

unit:
	$(GO) test ./...

# The checkers need gcc (PowerShell grammar); what else they need is skipped by name when it is missing.
verify:
	cd tools && $(GO) test -timeout 40m ./...

# All nights with hostile names in the simulated farm; verify runs two of them.
rehearsal:
	cd tools && MBAMPLAN_REHEARSAL=all $(GO) test -timeout 40m ./rehearsal -run TestHostileNights -v

# What the step.yaml files and the list of sources say, as Go, so that no start has to read them.
index:
	$(GO) test ./pkg/compile -run 'TestIndex$$' -update

# Render every example again; review the difference as the product that it is.
golden: index
	$(GO) test ./examples -run Golden -update

# Regenerate docs/steps.md, docs/preflight.md, docs/rules.md, docs/coverage.md and docs/topology.schema.json from the catalogue, the
# rules, their rows and the field table, and docs/matrix.md.
docs: index
	$(GO) test ./docs -run Generated -update
	cd tools && $(GO) test ./matrix -run TestMatrix/table -update

# Make rendered scripts wrong on purpose and count who notices; writes the figures into docs/mutation.md. Takes an hour or so.
mutation:
	cd tools && $(GO) test ./rehearsal -run 'TestMutation$$' -mutation -timeout 6h -v

lint:
	@test -z "$$(gofumpt -l cmd pkg docs examples templates tools | tee /dev/stderr)" || (echo 'run: gofumpt -w .' && false)
	$(GO) vet ./...
	cd tools && $(GO) vet ./...
	staticcheck ./...
	cd tools && staticcheck ./...
	golangci-lint run ./...

fuzz:
	for p in quote yamlsrc decode diag schema evidence document; do for f in $$($(GO) test ./pkg/$$p -list '^Fuzz' | grep ^Fuzz); do $(GO) test ./pkg/$$p -run '^$$' -fuzz "^$$f$$" -fuzztime 20s || exit 1; done; done
	cd tools && for f in FuzzHTMLValue FuzzHTMLPlaces; do $(GO) test ./cfgverify -run '^$$' -fuzz "^$$f$$" -fuzztime 20s || exit 1; done

bench:
	$(GO) test ./... -run '^$$' -bench . -benchmem

build:
	for p in $(PLATFORMS); do \
	  ext=; case $$p in windows/*) ext=.exe;; esac; \
	  CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o dist/mbamplan-$${p%/*}-$${p#*/}$$ext ./cmd/mbamplan || exit 1; \
	done

# Needs the vulnerability database, so it is no part of lint.
vuln:
	govulncheck ./...

clean:
	rm -rf bin dist out

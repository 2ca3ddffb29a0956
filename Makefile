# SPDX-License-Identifier: Apache-2.0

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast bench build emulator lint fmt schema sdk verify release-check snapshot clean
MAKEFLAGS += --no-builtin-rules --no-print-directory --check-symlink-times
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

include tools/tools.mk

# The tools come first, and are where the emulator and wrangler look for what they start.
export PATH := $(CURDIR)/.tools/bin:$(CURDIR)/node_modules/.bin:$(PATH)
# A program with the race detector would wait for a second when it ends, and tests start many.
export GORACE := atexit_sleep_ms=50

provider := pulumi-resource-cloudflare-workers
version := $(shell git describe --tags --match 'v*' 2>/dev/null | sed 's/^v//')
ldflags := $(if $(version),-X main.version=$(version))
# Packages whose tests start workerd, wrangler, an S3 server or a Pulumi engine.
slow := emulator/runtime|emulator/cmd|tests/(conformance|demo|engine|sdk|toolbox)

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

setup: $(tools) ## Install the tools that the other targets use, where they are missing or stale
	@echo "setup: every tool is installed"

demo: setup ## See a Worker built, deployed, changed, repaired and destroyed on the local Cloudflare
	go run ./tests/demo

test: setup ## Run all tests, which `make lint` vets
	cd tools && gotestsum -- -trimpath -shuffle=on ./...
	gotestsum -- -race -vet=off -shuffle=on -timeout 20m $$(go list ./... | grep -v '/tests/laws$$')
	gotestsum -- -vet=off -shuffle=on -timeout 20m ./tests/laws # the race detector would cost minutes here

test-fast: ## Run the tests that start no other program
	go test -shuffle=on $$(go list ./... | grep -vE '/($(slow))')

bench: ## Run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

build: ## Build the provider and the emulator into bin/
	go build -ldflags '$(ldflags)' -o bin/$(provider) .
	go build -ldflags '$(ldflags)' -o bin/cloudflare-emulator ./emulator/cmd/cloudflare-emulator

emulator: setup build ## Start a local Cloudflare; ARGS="--help" tells what it can do
	bin/cloudflare-emulator $(ARGS)

lint: setup ## Check style, layers and dead code
	go mod tidy -diff
	golangci-lint run
	cd tools && golangci-lint run ./...

fmt: setup ## Format all Go code
	golangci-lint fmt
	cd tools && golangci-lint fmt ./...

schema: ## Accept a change of schema.json
	go test ./tests/schema -update

sdk: ## Generate the SDKs anew
	go test ./tests/sdk -update

verify: fmt lint test ## Do what CI does; the tree must be clean afterwards
	git diff --exit-code

release-check: setup ## Check the release configuration
	goreleaser check

snapshot: setup ## Build all archives of a release into dist/
	goreleaser release --snapshot --clean

clean: ## Remove what was built, except the tools
	rm -rf bin dist

# SPDX-License-Identifier: Apache-2.0
#
# How each tool is installed and what makes it stale. `make setup` asks for all of them. Every tool is pinned: Go tools
# by the go.mod in tools/ that names them, each module having the requirements of its own; npm packages by
# package-lock.json; Python packages by requirements.txt.

bin := .tools/bin
tools := $(bin)/pulumi $(bin)/golangci-lint $(bin)/gotestsum $(bin)/actionlint $(bin)/goreleaser $(bin)/versitygw \
	$(bin)/sdkgen $(bin)/pulumi-language-java .tools/m2/installed \
	tools/node_modules/.package-lock.json node_modules .tools/venv/installed

# $(call go-tool,MODULE,PACKAGE[,VERSION-VARIABLE]) builds a package that the module in tools/MODULE requires, stamped
# with its version where it has none of its own. Never `go run` or `go tool`: they share no build cache with this.
pinned = $(shell awk '$$1 == "$(2)" {print substr($$2, 2); exit}' tools/$(1)/go.mod)
define go-tool
@echo "setup: building $(@F) from source"
@go build -C tools/$(1) -trimpath -ldflags "-s -w $(3)" -o $(CURDIR)/$@ $(2)
endef

$(bin)/pulumi: tools/pulumi.sh tools/go.mod tools/go.sum $(filter-out %_test.go,$(wildcard tools/languagehost/*.go))
	@tools/pulumi.sh

$(bin)/golangci-lint: tools/lint/go.mod
	$(call go-tool,lint,github.com/golangci/golangci-lint/v2/cmd/golangci-lint,\
		-X main.version=$(call pinned,lint,github.com/golangci/golangci-lint/v2))

$(bin)/gotestsum: tools/lint/go.mod
	$(call go-tool,lint,gotest.tools/gotestsum)

$(bin)/actionlint: tools/lint/go.mod
	$(call go-tool,lint,github.com/rhysd/actionlint/cmd/actionlint)

$(bin)/goreleaser: tools/release/go.mod
	$(call go-tool,release,github.com/goreleaser/goreleaser/v2,\
		-X main.version=$(call pinned,release,github.com/goreleaser/goreleaser/v2))

$(bin)/sdkgen: tools/sdkgen/main.go tools/sdkgen/go.mod
	@echo "setup: building $(@F) from source"
	@go build -C tools/sdkgen -trimpath -ldflags "-s -w" -o $(CURDIR)/$@ .

$(bin)/pulumi-language-java: tools/sdkgen/go.mod | $(bin)/pulumi
	$(call go-tool,sdkgen,github.com/pulumi/pulumi-java/pkg/cmd/pulumi-language-java)

$(bin)/versitygw: tools/s3server/go.mod # the S3 server that the R2 conformance suite is itself checked against
	$(call go-tool,s3server,github.com/versity/versitygw/cmd/versitygw)

tools/node_modules/.package-lock.json: tools/package-lock.json tools/.npmrc
	@echo "setup: installing npm packages (workerd, wrangler, Node, esbuild, TypeScript, Pulumi's SDK)"
	@cd tools && npm ci --loglevel=error
	@touch $@

node_modules: # where Node, and whatever else looks in a directory and those above it, finds the packages
	@ln -sfn tools/node_modules $@

.tools/m2/installed: tools/java/fetch.sh tools/java/pom.xml sdk/java/pom.xml examples/java/pom.xml
	@echo "setup: fetching Maven packages (Pulumi's SDK for Java)"
	@tools/java/fetch.sh
	@touch $@

.tools/venv/installed: tools/requirements.txt
	@echo "setup: installing Python packages (Pulumi's SDK)"
	@python3 -m venv .tools/venv
	@.tools/venv/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

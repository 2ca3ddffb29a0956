#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Puts the Pulumi CLI and its language hosts into .tools/bin. If PATH has a CLI that is new enough, with its hosts
# beside it, .tools/bin gets a link to it. Otherwise both are built from the Go modules that tools/go.mod pins.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
bin=$(realpath -m ../.tools/bin)
languages=(go nodejs python)

pinned() { awk -v module="$1" '$1 == module { print $2; exit }' go.mod; }
wanted=$(pinned github.com/pulumi/pulumi/pkg/v3)

# installed prints the path of a suitable CLI that somebody else has installed.
installed() {
  local cli version language
  while read -r cli; do
    [[ $(dirname "$cli") != "$bin" ]] || continue
    version=$(PULUMI_SKIP_UPDATE_CHECK=true "$cli" version 2>/dev/null) || continue
    [[ $(printf '%s\n' "$wanted" "$version" | sort -V | head -n 1) == "$wanted" ]] || continue
    for language in "${languages[@]}" yaml; do
      [[ -x $(dirname "$(realpath "$cli")")/pulumi-language-$language ]] || continue 2
    done
    echo "$cli"
    return
  done < <(type -aP pulumi)
  return 1
}

# build compiles a command of the tools' module, or of those it requires, into a file of .tools/bin.
build() {
  echo "setup: building $1 from source"
  go build -trimpath -ldflags "-s -w ${3-}" -o "$bin/$1" "$2"
}

mkdir -p "$bin"
if cli=$(installed); then
  echo "setup: using Pulumi at $cli"
  rm -f "$bin"/pulumi-language-*
  ln -sfn "$cli" "$bin/pulumi"
  exit
fi
if [[ -L $bin/pulumi ]]; then
  rm "$bin/pulumi" # else the CLI that it leads to would be overwritten
fi
echo "setup: no Pulumi $wanted or newer on PATH with its language hosts; the first build takes about 7 CPU minutes"
build pulumi-language-yaml github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml \
  "-X github.com/pulumi/pulumi-yaml/pkg/version.Version=$(pinned github.com/pulumi/pulumi-yaml)"
build pulumi-language-go ./languagehost
for language in "${languages[@]:1}"; do
  install "$bin/pulumi-language-go" "$bin/pulumi-language-$language"
done
sdk=$(go list -m -f '{{.Dir}}' github.com/pulumi/pulumi/sdk/v3)
install -m 755 "$sdk/python/cmd/pulumi-language-python-exec" "$bin"
build pulumi github.com/pulumi/pulumi/pkg/v3/cmd/pulumi \
  "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$wanted" # an unstamped one has no version to print

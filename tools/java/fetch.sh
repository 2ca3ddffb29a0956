#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fills .tools/m2, a Maven repository, with what building the SDK for Java and the example in Java needs, by building
# them once: Maven has no other way to find out what its plugins will ask for.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for part in tools/java sdk/java examples/java; do
  mkdir -p "$scratch/$part"
  cp -R "$part/." "$scratch/$part"
done
mvn --quiet --batch-mode "-Dmaven.repo.local=$PWD/.tools/m2" --file "$scratch/tools/java" package

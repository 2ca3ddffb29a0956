// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/tests/toolbox"
)

const (
	wranglerFile = `{
  "name": "api", "compatibility_date": "2026-11-01",
  "env": { "production": {
    "vars": { "LOG_LEVEL": "info" }, // of production
    "kv_namespaces": [{ "binding": "CACHE", "id": "0123456789abcdef0123456789abcdef" }]
  } }
}`
	manifestFile = `apiVersion: cloudflare.project-planton.org/v1
kind: CloudflareWorker
metadata: { name: api }
spec:
  account_id: 0123456789abcdef0123456789abcdef
  compatibility_date: "2026-11-01"
  script: { name: api, bundle: { bucket: bundles, path: api/index.js } }
`
)

// snippets are the programs of examples/yaml/snippets.yaml.
func snippets(t *testing.T) []string {
	t.Helper()
	root, err := toolbox.Root()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "examples", "yaml", "snippets.yaml"))
	require.NoError(t, err)
	return strings.Split(string(text), "\n---\n")
}

func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	var program map[string]any
	require.NoErrorf(t, yaml.Unmarshal([]byte(text), &program), "%s", text)
	return program
}

// joined is one program out of many. Each one's resources, variables and outputs get names of their own.
type joined struct {
	program map[string]any
	names   []string // of the resources
	count   int
}

// add adds a program. What it does not have itself is that of the first one.
func (j *joined) add(t *testing.T, text string) {
	t.Helper()
	j.count++
	own := decoded(t, text)
	resources, ok := own["resources"].(map[string]any)
	require.Truef(t, ok, "no resources: %s", text)
	for name, resource := range resources { // no other stack is there
		if r, _ := resource.(map[string]any); r["type"] == "pulumi:pulumi:StackReference" {
			delete(resources, name)
		}
	}
	renamed := regexp.MustCompile(`^$`)
	var names []string
	for _, kind := range []string{"resources", "variables"} {
		members, _ := own[kind].(map[string]any)
		for name := range members {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		renamed = regexp.MustCompile(`\$\{(` + strings.Join(names, "|") + `)\b`)
	}
	for _, kind := range []string{"resources", "variables", "outputs"} {
		members, _ := own[kind].(map[string]any)
		if j.program[kind] == nil {
			j.program[kind] = map[string]any{}
		}
		all, _ := j.program[kind].(map[string]any)
		for name, member := range members {
			name = fmt.Sprintf("%sx%d", name, j.count)
			all[name] = j.rename(member, renamed)
			if kind == "resources" {
				j.names = append(j.names, name)
			}
		}
	}
}

// rename replaces references, and what a preview cannot have: another stack's outputs, a bundle that somebody stored,
// and the command of a build.
func (j *joined) rename(value any, names *regexp.Regexp) any {
	const digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	switch value := value.(type) {
	case string:
		if strings.HasPrefix(value, "${staging.outputs") {
			return map[string]any{"bucket": "bundles", "key": "a/", "sha256": digest}
		}
		return names.ReplaceAllString(value, fmt.Sprintf("$${${1}x%d", j.count))
	case []any:
		for i := range value {
			value[i] = j.rename(value[i], names)
		}
	case map[string]any:
		if call, ok := value["fn::invoke"].(map[string]any); ok {
			switch call["function"] { // there is nothing to look at
			case "cloudflare-workers:getBundle":
				return map[string]any{"reference": map[string]any{"bucket": "bundles", "key": "a/", "sha256": digest}}
			case "cloudflare-workers:getWorker":
				return map[string]any{"scriptName": "auth", "compatibilityDate": "2026-11-01", "bundleDigest": digest}
			}
		}
		for name := range value {
			value[name] = j.rename(value[name], names)
		}
		if value["bucket"] == "bundles" && value["key"] != nil && value["sha256"] == nil {
			value["sha256"] = digest
		}
		if command, ok := value["command"].([]any); ok && command[0] == "npm" {
			value["command"] = []any{"true"}
		}
	}
	return value
}

func (j *joined) text(t *testing.T) string {
	t.Helper()
	text, err := yaml.Marshal(j.program)
	require.NoError(t, err)
	return string(text)
}

// calling calls each function of snippets.py without an engine, and writes what it registers.
const calling = `
import json, pulumi, snippets
found = {}
secret = "4dabf18193072939515e22adb298388d"
plain = lambda v: v["value"] if isinstance(v, dict) and secret in v else v
class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        if args.typ == "pulumi:pulumi:StackReference":
            bundle = {"bucket": "bundles", "key": "a/", "sha256": "e3b0c442"}
            return [args.name, {"name": args.name, "outputs": {"bundle": bundle}}]
        found[name][args.typ] = {key: plain(value) for key, value in args.inputs.items()}
        known = {"reference": {"bucket": "bundles", "key": "a/"}, "databaseId": "1"}
        return [args.name + "-id", {**args.inputs, **known}]
    def call(self, args):
        return {
            "scriptName": "api", "compatibilityDate": "2026-11-01", "variables": {"LOG_LEVEL": "info"},
            "bindings": {"CACHE": {"kvNamespace": {"id": "1"}}}, "workersDev": {"enabled": True},
        }
pulumi.runtime.set_mocks(Mocks())
for name, function in list(vars(snippets).items()):
    if callable(function) and getattr(function, "__module__", "") == "snippets":
        found[name] = {}
        pulumi.runtime.test(function)()
print(json.dumps(found))
`

// TestTheSnippetsInPythonAreThoseInYAML: they make the same resources with the same inputs, for Python checks the names
// in dictionaries neither before nor when it runs.
func TestTheSnippetsInPythonAreThoseInYAML(t *testing.T) {
	t.Parallel()
	dir, err := checkout.Lay(t.Context(), t.TempDir(), "python")
	require.NoError(t, err)
	python, err := toolbox.Python()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), python, "-c", calling)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PYTHONPATH="+checkout.PythonPath())
	var problems strings.Builder
	cmd.Stderr = &problems
	said, err := cmd.Output()
	require.NoError(t, err, problems.String())
	var got map[string]map[string]any // snippet, type, inputs
	require.NoError(t, json.Unmarshal(said, &got))
	begin := regexp.MustCompile(`# docs:begin (\S+)`)
	for _, text := range snippets(t) {
		name := begin.FindStringSubmatch(text)[1]
		made := got[strings.ReplaceAll(name, "-", "_")]
		want := map[string]any{}
		resources, _ := decoded(t, text)["resources"].(map[string]any)
		for _, r := range resources {
			r, _ := r.(map[string]any)
			token, _ := r["type"].(string)
			if token == "pulumi:pulumi:StackReference" {
				continue
			}
			properties, _ := r["properties"].(map[string]any)
			token = strings.Replace(token, ":", ":index:", 1)
			want[token] = referred(properties, made[token])
		}
		assert.Equal(t, normalized(t, want), normalized(t, made), name)
	}
	assert.Len(t, got, len(snippets(t)))
}

// referred is value with what it refers to, which is what the other one has in its place.
func referred(value, other any) any {
	switch value := value.(type) {
	case string:
		if strings.Contains(value, "${") && other != nil {
			return other
		}
	case map[string]any:
		all := map[string]any{}
		others, _ := other.(map[string]any)
		for name, member := range value {
			all[name] = referred(member, others[name])
		}
		return all
	}
	return value
}

func normalized(t *testing.T, value any) string {
	t.Helper()
	text, err := json.MarshalIndent(value, "", " ")
	require.NoError(t, err)
	return string(text)
}

// SPDX-License-Identifier: Apache-2.0

package wrangler

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wranglerDir is wrangler as the tools pin it.
const wranglerDir = "../../tools/node_modules/wrangler"

// A node is a part of a JSON schema.
type node struct {
	Ref                  string          `json:"$ref"`
	Properties           map[string]node `json:"properties"`
	AdditionalProperties json.RawMessage `json:"additionalProperties"`
	Items                json.RawMessage `json:"items"`
	AnyOf                []node          `json:"anyOf"`
	OneOf                []node          `json:"oneOf"`
	AllOf                []node          `json:"allOf"`
	Definitions          map[string]node `json:"definitions"`
}

// paths returns the paths of all keys that the definition of a schema has.
func paths(t *testing.T, definition string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(wranglerDir, "config-schema.json"))
	require.NoError(t, err)
	var schema node
	require.NoError(t, json.Unmarshal(text, &schema))
	all := map[string]bool{}
	var walk func(n node, path string, seen []string)
	walk = func(n node, path string, seen []string) {
		if name := n.Ref[strings.LastIndex(n.Ref, "/")+1:]; name != "" {
			if name != "Json" && name != "RawEnvironment" && !slices.Contains(seen, name) {
				walk(schema.Definitions[name], path, append(slices.Clone(seen), name))
			}
			return
		}
		for _, choice := range slices.Concat(n.AnyOf, n.OneOf, n.AllOf) {
			walk(choice, path, seen)
		}
		at := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
		for name, member := range n.Properties {
			all[at(name)] = true
			walk(member, at(name), seen)
		}
		var inner node
		if json.Unmarshal(n.AdditionalProperties, &inner) == nil {
			all[at("*")] = true
			walk(inner, at("*"), seen)
		}
		inner = node{}
		if json.Unmarshal(n.Items, &inner) == nil {
			all[path+"[]"] = true
			walk(inner, path+"[]", seen)
		}
	}
	root, ok := schema.Definitions[definition]
	require.True(t, ok, definition)
	walk(root, "", []string{definition})
	return slices.Sorted(maps.Keys(all))
}

// covered reports whether a key of the table speaks for the path: its own, or one above it that speaks for all below.
func covered(path string) bool {
	if byPath[path] != nil {
		return true
	}
	for at := parentOf(path); at != ""; at = parentOf(at) {
		if key := byPath[at]; key != nil {
			return len(below[at]) == 0
		}
	}
	return false
}

// TestEveryKeyOfWranglerIsKnown fails with the names of the keys that a new wrangler has.
func TestEveryKeyOfWranglerIsKnown(t *testing.T) {
	t.Parallel()
	var unknown []string
	for _, path := range paths(t, "RawConfig") {
		if !covered(path) {
			unknown = append(unknown, path)
		}
	}
	assert.Empty(t, unknown, "decide what becomes of them, in the table of keys")
}

// TestNoKeyOutlivesWranglers fails with the names of the keys that a new wrangler has no more.
func TestNoKeyOutlivesWranglers(t *testing.T) {
	t.Parallel()
	known := paths(t, "RawConfig")
	for _, key := range Keys() {
		assert.Equalf(t, key.schema, slices.Contains(known, key.Path), "%s: whether the schema has it", key.Path)
	}
}

// inherits finds what wrangler's own code says of a key and environments.
var inherits = regexp.MustCompile(
	`\b(inheritable|notInheritable)\(\s+diagnostics,\s+topLevelEnv,(?:[^"(]|\([^(]*?\))*?\s"(\w+)",`,
)

// TestEnvironmentsInheritAsWranglersDo compares the scopes with wrangler's code and schema.
func TestEnvironmentsInheritAsWranglersDo(t *testing.T) {
	t.Parallel()
	code, err := os.ReadFile(filepath.Join(wranglerDir, "wrangler-dist", "cli.js"))
	require.NoError(t, err)
	want := map[string]Scope{"build": Inherited} // normalizeAndValidateBuild(rawEnv.build ?? topLevelEnv?.build)
	at := bytes.Index(code, []byte("function normalizeAndValidateEnvironment("))
	const around = 100_000 // bytes, in which the functions are that it calls
	require.Greater(t, at, around)
	for _, call := range inherits.FindAllSubmatch(code[at-around:at+around], -1) {
		want[string(call[2])] = map[string]Scope{"inheritable": Inherited, "notInheritable": Own}[string(call[1])]
	}
	require.Greater(t, len(want), 50, "the pattern does not find wrangler's code any more")
	environment := paths(t, "RawEnvironment")
	for _, key := range Keys() {
		if parentOf(key.Path) != "" {
			assert.Emptyf(t, key.Scope, "%s does not stand at the top", key.Path)
			continue
		}
		if !key.schema {
			continue
		}
		if !slices.Contains(environment, key.Path) {
			assert.Equal(t, TopOnly, key.Scope, key.Path)
			continue
		}
		assert.Equal(t, want[key.Path], key.Scope, key.Path)
	}
}

func TestEveryKeySaysWhatBecomesOfIt(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, key := range Keys() {
		assert.Falsef(t, seen[key.Path], "%s is there twice", key.Path)
		seen[key.Path] = true
		if parent := parentOf(key.Path); parent != "" {
			if assert.Containsf(t, byPath, parent, "%s", key.Path) {
				assert.Equalf(t, Carried, byPath[parent].Fate, "%s is below a key that speaks for it", key.Path)
			}
		} else {
			assert.NotEmptyf(t, key.Scope, "%s stands at the top", key.Path)
		}
		switch key.Fate {
		case Carried:
			assert.Truef(t, key.To != "" || len(below[key.Path]) > 0 || key.Path == "env", "%s goes nowhere", key.Path)
		default:
			assert.Emptyf(t, key.To, "%s goes nowhere", key.Path)
			assert.NotEmptyf(t, key.Note, "%s: say why, or what to do", key.Path)
		}
	}
}

// TestInputsAreCalledAsWranglersKeysAre: a name that is another one stands here, so that none is meant by mistake.
func TestInputsAreCalledAsWranglersKeysAre(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"triggers.events[].type":                    "eventTriggers[].type",
		"triggers.events[].filter.namespace":        "eventTriggers[].filter.namespace", // names of Cloudflare's events
		"triggers.events[].filter.repo_name":        "eventTriggers[].filter.repo_name",
		"triggers.events[].targets[].workflow_name": "eventTriggers[].targets[].workflowName",

		"name": "scriptName", "main": "mainModule", "addresses": "emailRoutes", "triggers.crons": "schedules",
		"secrets.required": "requiredSecrets", "vars.*": "variables.*", "workers_dev": "workersDev.enabled",
		"preview_urls": "workersDev.previewsEnabled", "cache.enabled": "cacheOptions.enabled",
		"cache.cross_version_cache": "cacheOptions.crossVersionCache", "assets.binding": "bindings.<binding>.assets",
		"unsafe.bindings[]": "bindings.<name>.raw", "services[].service": "bindings.<binding>.service.name",
		"queues.producers[].queue":   "bindings.<binding>.queue.name",
		"r2_buckets[].bucket_name":   "bindings.<binding>.r2Bucket.name",
		"d1_databases[].database_id": "bindings.<binding>.d1Database.id",
		"route.zone_id":              "routes.<pattern>.zoneId", "route.zone_name": "routes.<pattern>.zoneName",
		"route.enabled":             "customDomains.<pattern>.enabled",
		"routes[].enabled":          "customDomains.<pattern>.enabled",
		"route.previews_enabled":    "customDomains.<pattern>.previewsEnabled",
		"routes[].previews_enabled": "customDomains.<pattern>.previewsEnabled",

		"keep_vars": "unmanagedVariables",
		"durable_objects.code_update_strategy.mode":      "codeUpdateStrategy.mode",
		"durable_objects.code_update_strategy.max_delay": "codeUpdateStrategy.maxDelay",

		"unsafe.metadata":                   "rawMetadata",
		"unsafe_hello_world[].enable_timer": "bindings.<binding>.raw.fields.enable_timer",
	}
	for _, member := range []string{
		"dead_letter_queue", "max_batch_size", "max_batch_timeout", "max_concurrency", "max_retries", "retry_delay",
	} {
		want["queues.consumers[]."+member] = "queueConsumers.<queue>." + camel(member)
	}
	got := map[string]string{}
	placeholder := regexp.MustCompile(`\.<\w+>`)
	for _, key := range Keys() {
		if key.Fate != Carried || key.To == "" || key.named() != "" || len(below[key.Path]) > 0 {
			continue
		}
		is, to := strings.ReplaceAll(camel(key.Path), "[]", ""), strings.ReplaceAll(key.To, "[]", "")
		if strings.HasPrefix(to, "bindings.") { // the kind of binding has a word of its own
			is, to = lastPart(is), lastPart(to)
		}
		if is != placeholder.ReplaceAllString(to, "") {
			got[key.Path] = key.To
		}
	}
	assert.Equal(t, want, got)
}

// camel is a name in wrangler's configuration as a name of ours.
func camel(name string) string {
	return regexp.MustCompile(`_[a-z]`).ReplaceAllStringFunc(name, func(s string) string { return strings.ToUpper(s[1:]) })
}
